"""What the text says an instruction is, is what the CPU executes: both look it up in one table."""

from __future__ import annotations

import random

import pytest

from s390emu._jit import u64
from s390emu.assembler.disassemble import disassemble
from s390emu.engine.decode import INDEX, TABLE_SIZE, table_index
from s390emu.isa import lookup
from s390emu.isa.opcodes import ROWS
from s390emu.storage.decode_cache import instruction_length
from tests.isa.rows import anything
from tests.lab import CODE

SEED = 20260103
PRIMARY = {row.opcode: row for row in ROWS}  # a second form is executed by the same function
MNEMONICS = {index: mnemonic for mnemonic, index in INDEX.items()}


def words(count):
    """Left-aligned instructions: half of them any bits, half of them a row's with anything in its other bits."""
    rng = random.Random(SEED)
    for _ in range(count // 2):
        yield rng.getrandbits(48) << 16
        yield int.from_bytes(anything(rng.choice(ROWS), rng).ljust(8, b"\0"), "big")


def test_the_text_says_what_the_cpu_decodes():
    """For any word, the row whose handler the run loop takes is the one that the text is of; or neither has one."""
    for word in words(20_000):
        found = disassemble(word.to_bytes(8, "big")[:6])
        executed = MNEMONICS.get(int(table_index(u64(word))))
        said = PRIMARY[found.row.opcode].mnemonic if found.row else None
        assert said == executed, f"{word:016x}: {found.text}"


def test_the_text_is_as_long_as_what_the_cpu_executes():
    for word in words(2_000):
        assert disassemble(word.to_bytes(8, "big")[:6]).length == int(instruction_length(u64(word)))


def test_place_is_that_of_the_run_loop():
    for word in words(2_000):
        assert lookup.place_of(word) == int(table_index(u64(word))) < TABLE_SIZE == lookup.SIZE


@pytest.mark.parametrize("code", ["80ff1000", "93551008", "b9f65735", "ec000003c144", "b2220051", "b9081012"])
def test_what_the_text_says_is_what_is_done(lab, code):
    """An instruction with ones in ignored bits and the assembled text of it come to the same."""
    code = bytes.fromhex(code)
    text = disassemble(code, CODE).text
    done = []
    for instruction in (code, None):
        lab.reset()
        lab.gr[1], lab.gr[2], lab.gr[3], lab.gr[5] = 0x8000, 5, 6, 0x1234
        lab.store(0x8000, bytes(16))
        if instruction:
            lab.store(CODE, instruction)
            pic = lab.go()
        else:
            pic = lab.step(text.replace("0x20006", ".+6"))
        done.append((pic, lab.changes()))
    assert done[0] == done[1]
    assert done[0][0] == 0
