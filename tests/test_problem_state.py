"""A program in the problem state can do nothing that stops the machine, nor change what is not its own.

Every row of the table, with anything in its fields and registers, on a host with as few frames as there may be. The
control program is only where interruptions go.
"""

from __future__ import annotations

import random

import numpy as np
import pytest

from s390emu._jit import JIT
from s390emu.architecture.sizes import BLOCK_SIZE
from s390emu.host.host import Host
from s390emu.host.limit import FEWEST_FRAMES
from s390emu.host.paging_device import PagingDevice
from s390emu.isa.opcodes import CHAPTERS
from s390emu.machine import Machine
from tests.isa.rows import ALL, anything
from tests.lab import BA_EA, MODE_31, PROBLEM

SIZE, SAMPLES = 1 << 18, 5 if JIT else 2
DAT, KEY = 1 << 58, 8
TABLE, PAGES, HANDLER, CODE = 0x4000, 0x5000, 0x6000, 0x20000
OWN = range(CODE, CODE + 0x8000, BLOCK_SIZE)  # where the program's pages are, at the same virtual addresses
NOT_MAPPED = 0x400
CONTROLS = [0, 1 << (63 - 37) | 1 << (63 - 36)]  # secondary-space control and extraction authority


@pytest.fixture(scope="module")
def machine():
    """The control program's storage has key 0, and is not in the program's address spaces."""
    made = Machine(SIZE, host=Host(FEWEST_FRAMES, PagingDevice()))
    for new in (0x1A0, 0x1B0, 0x1C0, 0x1D0, 0x1E0, 0x1F0):
        made.write(new, BA_EA.to_bytes(8, "big") + HANDLER.to_bytes(8, "big"))
    made.write(TABLE, PAGES.to_bytes(8, "big") + (0x20).to_bytes(8, "big") * 511)
    entries = [page if page in OWN else page | NOT_MAPPED for page in range(0, 256 * BLOCK_SIZE, BLOCK_SIZE)]
    made.write(PAGES, np.array(entries, ">u8").tobytes())
    for page in OWN:
        made.write(page, bytes(range(256)) * 16)
        made.set_block(page, key=KEY << 4)
    return made, made.snapshot()


def registers(rng: random.Random) -> list[int]:
    return [rng.choice([OWN[rng.randrange(8)] + rng.randrange(BLOCK_SIZE), OWN[-1] + 4090, rng.randrange(300),
                        rng.getrandbits(64), SIZE, 0]) for _ in range(16)]  # fmt: skip


def of_others(machine: Machine) -> bytes:
    """All of storage that is not the program's, but for the prefix area."""
    return machine.read(2 * BLOCK_SIZE, OWN[0] - 2 * BLOCK_SIZE) + machine.read(OWN.stop, SIZE - OWN.stop)


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_no_instruction_of_a_program_stops_the_machine(machine, chapter):
    machine, first = machine
    rng = random.Random(chapter)
    machine.restore(first)
    others, cpu = of_others(machine), machine.cpu
    for row in (row for row in ALL if row.chapter == chapter):
        for _ in range(SAMPLES):
            machine.restore(first)
            cpu.gr[:], cpu.ar[:] = registers(rng), [rng.choice([0, 0, 1, 2, rng.getrandbits(32)]) for _ in range(16)]
            cpu.cr[0] = rng.choice(CONTROLS) | 1 << (63 - 45)
            cpu.cr[1] = cpu.cr[7] = cpu.cr[13] = TABLE
            before = [int(value) for value in cpu.cr]
            text = anything(row, rng)
            machine.write(CODE, text + bytes(4))
            mode = rng.choice([BA_EA, MODE_31]) | rng.choice([0, 0, 1, 2]) << 46
            machine.set_psw(mode | PROBLEM | DAT | KEY << 52, CODE)
            what = f"{row.mnemonic} {text.hex()} {[hex(int(r)) for r in cpu.gr]}"
            assert machine.step() is None, what
            assert [int(value) for value in cpu.cr] == before and int(cpu.prefix) == 0, what
            assert of_others(machine) == others, what
            if machine.psw[1] != HANDLER:
                assert machine.psw[0] & (PROBLEM | DAT | 0xF << 52) == PROBLEM | DAT | KEY << 52, what
