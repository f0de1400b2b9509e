"""Random programs of problem-state instructions, as bytes: every implemented row of chapters 7 to 9, and MOVE PAGE.

A program is a row of pieces. Most are one instruction whose storage operands lie in DATA; where registers designate
storage the piece loads them first; a branch skips one instruction or does not; EXECUTE executes what lies beside it.
So a program only goes forward, but for instructions that are repeated while they set condition code 3, and each
instruction is begun once. Registers 0-11 are data, 12 and 13 the bases of storage operands.

Everything is drawn by hypothesis, one number of bytes for each piece, so a failure shrinks.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import NamedTuple

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from s390emu.engine.handlers import default_facilities, executable
from s390emu.isa.formats import AR, BASED, CR, FR, GR, INDEXED, LENGTH, MASK, RELATIVE, Operand
from s390emu.isa.opcodes import ROWS, Row

PROGRAMS = int(os.environ.get("S390EMU_PROGRAMS", "400"))
SEED = int(os.environ.get("S390EMU_SEED", "1"))
# How many for each judge. Unicorn loses condition codes and refuses instructions in rare combinations: asked for many
# thousands of programs it fails by itself, so most go to the other judge.
FOR_UNICORN = min(PROGRAMS // 2, 1500)
FOR_LLVM = PROGRAMS - FOR_UNICORN

CODE, DATA, DATA_LENGTH = 0x10000, 0x20000, 0x2000
BASES = (12, 13)
BASE_ADDRESSES = (DATA + 0x0FF8, DATA + 0x100)  # near a page boundary, and well within one
DISPLACEMENTS = 0x700
MODES = {"64": 0x180000000, "31": 0x80000000, "24": 0}  # PSW bits EA and BA
ADDRESS_BITS = {"64": 64, "31": 31, "24": 24}
EDGES = [0, 1, 2, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 1 << 32, 0xFFFFFFFF80000000]
EDGES += [(1 << 63) - 1, 1 << 63, (1 << 64) - 1]

ROW = {row.mnemonic: row for row in ROWS}
TARGET = 11  # register of a branch address
LONGEST = 0x500  # bytes of an operand whose length is in a register
LOW_TABLE = 0x2000  # 64K of table, or 128K, begin here: beyond what interruptions store, and with the same content

register_values = st.one_of(st.sampled_from(EDGES), st.integers(0, (1 << 64) - 1), st.integers(0, 255))


def judged(programs: int) -> settings:
    """Settings of a judge: so many examples, no deadline, and the blob that repeats a failure."""
    return settings(
        max_examples=programs,
        deadline=None,
        print_blob=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )


class Program(NamedTuple):
    mode: str
    cc: int
    starts: dict[int, str]  # offset of each instruction -> its mnemonic
    code: bytes
    registers: tuple[int, ...]  # 0-13
    data: bytes
    floating: tuple[int, ...] = (0,) * 16

    @property
    def end(self) -> int:
        return CODE + len(self.code)

    @property
    def psw_mask(self) -> int:
        return MODES[self.mode] | self.cc << 44

    def __repr__(self) -> str:
        from s390emu.assembler.disassemble import listing

        registers = " ".join(f"r{n}={value:#x}" for n, value in enumerate(self.registers))
        head = f"{self.mode}-bit mode cc={self.cc} {registers}"
        return f"{head}\n{listing(self.code, CODE)}\ndata={self.data[:64].hex()}…"


class Dice:
    """Choices out of drawn bytes: all zeros are the first choice each time."""

    def __init__(self, drawn: bytes):
        self.number = int.from_bytes(drawn, "little")

    def below(self, count: int) -> int:
        self.number, choice = divmod(self.number, count)
        return choice

    def of(self, choices):
        return choices[self.below(len(choices))]


# --- one instruction -------------------------------------------------------------------------------------------------


def encode(row: Row, values: dict[tuple[int, int], int]) -> bytes:
    """The instruction with these field values, by (start bit, width)."""
    length = row.format.length * 8
    opcode = int(row.opcode, 16)
    insn = 0
    if row.format.extension is None:
        insn |= opcode << length - len(row.opcode) * 4
    else:
        start, width = row.format.extension
        insn |= opcode >> width << length - 8
        insn |= (opcode & (1 << width) - 1) << length - start - width
    for (start, width), value in values.items():
        insn |= (value & (1 << width) - 1) << length - start - width
    return insn.to_bytes(length // 8, "big")


def put(mnemonic: str, **operands: int) -> bytes:
    """An instruction by the names of its operands; a storage operand is (displacement, base)."""
    row = ROW[mnemonic]
    values: dict[tuple[int, int], int] = {}
    for operand in row.format.operands:
        given = operands.pop(operand.name, 0)
        parts = given if isinstance(given, tuple) else (given,)
        values |= dict(zip(operand.fields, parts, strict=False))
    assert not operands, f"{mnemonic} has no {operands}"
    return encode(row, values)


def _operand(dice: Dice, operand: Operand, at: int) -> dict[tuple[int, int], int]:
    fields = operand.fields
    if operand.kind in (GR, AR, CR):
        return {fields[0]: dice.below(12)}
    if operand.kind == FR:
        return {fields[0]: dice.below(16)}
    if operand.kind in (BASED, INDEXED, LENGTH):
        displacement = dice.below(DISPLACEMENTS)
        if dice.below(4):
            displacement &= ~7
        values = {fields[0]: displacement, fields[1]: dice.of(BASES)}
        for field in fields[2:]:  # index: none; DH: zero; length: any
            values[field] = dice.below(1 << field[1]) if operand.kind == LENGTH else 0
        return values
    if operand.kind == RELATIVE:
        return {fields[0]: (DATA + dice.below(DISPLACEMENTS // 8) * 8 - CODE - at) // 2}
    width = fields[0][1]  # masks and immediates
    edges = [0, 1, (1 << width) - 1, 1 << width - 1]
    return {fields[0]: dice.below(1 << width) if operand.kind == MASK or dice.below(2) else dice.of(edges)}


def plain(dice: Dice, row: Row, at: int) -> bytes:
    """The instruction at offset `at` with any operands."""
    values: dict[tuple[int, int], int] = {}
    for operand in row.format.operands:
        values |= _operand(dice, operand, at)
    return encode(row, values)


# --- registers that designate storage --------------------------------------------------------------------------------


class Loads:
    """Instructions that load registers: addresses in DATA, lengths, bytes."""

    def __init__(self, dice: Dice):
        self.dice, self.code = dice, b""

    def number(self, register: int, value: int) -> None:
        self.code += put("LLILF", r1=register, i2=value)

    def address(self, register: int, offset: int | None = None) -> None:
        if offset is None:
            offset = self.dice.below(0x1400)
            if self.dice.below(3):
                offset &= ~0xF
        self.number(register, DATA + offset)

    def length(self, register: int, above: int = 0) -> None:
        """above: what bits 32-39 hold, the padding byte of MOVE LONG."""
        longest = self.dice.of((16, LONGEST, 256, 3))
        self.number(register, above << 24 | self.dice.below(longest))

    def pairs(self, count: int) -> list[int]:
        """Different even registers of 2-10."""
        free = [2, 4, 6, 8, 10]
        return [free.pop(self.dice.below(len(free))) for _ in range(count)]

    def byte(self, register: int) -> None:
        """A byte, often one that is in DATA."""
        self.number(register, self.dice.of((0, 0x40, self.dice.below(256))))


def _two_lengths(loads: Loads, pad: bool = False) -> tuple[int, int]:
    """Address and length in each of two pairs; lengths often the same."""
    first, second = loads.pairs(2)
    loads.address(first)
    loads.address(second)
    loads.length(first + 1)
    if loads.dice.below(2):
        loads.length(second + 1, loads.dice.below(256) if pad else 0)
    else:
        loads.code += put("LGR", r1=second + 1, r2=first + 1)
    return first, second


def _long(loads: Loads, mnemonic: str) -> bytes:
    first, second = _two_lengths(loads, pad=True)
    return put(mnemonic, r1=first, r2=second)


def _extended(loads: Loads, mnemonic: str) -> bytes:
    first, second = _two_lengths(loads)
    return put(mnemonic, r1=first, r3=second, d2=(loads.dice.below(256), 0))


def _move_characters(loads: Loads, mnemonic: str) -> bytes:
    """MOVE LONG UNICODE without overlap, which makes the result unpredictable. Unicorn moves odd lengths too."""
    registers = loads.pairs(2)
    for register, offset in zip(registers, (0, 0x1000), strict=True):
        loads.address(register, offset + loads.dice.below(0x900))
        loads.length(register + 1)
        loads.code += put("NILL", r1=register + 1, i2=0xFFFE)
    return put(mnemonic, r1=registers[0], r3=registers[1], d2=(loads.dice.below(256), 0))


def _unpack(loads: Loads, mnemonic: str) -> bytes:
    """UNPACK ASCII, UNPACK UNICODE: without overlap."""
    displacements = [loads.dice.below(DISPLACEMENTS) for _ in BASES]
    return put(mnemonic, d1=(displacements[0], BASES[0], loads.dice.below(64)), d2=(displacements[1], BASES[1]))


def _compare_strings(loads: Loads, mnemonic: str) -> bytes:
    """Both operands end at the byte in register 0, or where they differ."""
    first, second = loads.pairs(2)
    loads.address(first)
    loads.address(second)
    loads.byte(0)
    return put(mnemonic, r1=first, r2=second)


def _move_string(loads: Loads, mnemonic: str) -> bytes:
    """The byte in register 0 is put where the source ends; the move does not overwrite it before it is found."""
    target, source = loads.pairs(2)
    low, distance, end = loads.dice.below(0x800), 1 + loads.dice.below(LONGEST), loads.dice.below(256)
    backward = loads.dice.below(2)
    loads.address(source, low + distance if backward else low)
    loads.address(target, low if backward else low + distance)
    loads.number(0, end)
    loads.code += put("MVI", d1=(loads.dice.below(distance), source), i2=end)
    return put(mnemonic, r1=target, r2=source)


def _search(loads: Loads, mnemonic: str) -> bytes:
    """From R2 to before R1."""
    end, start = loads.pairs(2)
    loads.address(start, loads.dice.below(0x800))
    loads.address(end, 0x800 + loads.dice.below(0xC00))
    loads.byte(0)
    return put(mnemonic, r1=end, r2=start)


def _checksum(loads: Loads, mnemonic: str) -> bytes:
    total, data = loads.pairs(2)
    loads.address(data)
    loads.length(data + 1)
    return put(mnemonic, r1=total, r2=data)


def _translate(loads: Loads, mnemonic: str) -> bytes:
    """TRANSLATE EXTENDED: the table at R2, the test byte in register 0."""
    first, table = loads.pairs(2)
    loads.address(first)
    loads.length(first + 1)
    loads.address(table)
    loads.byte(0)
    return put(mnemonic, r1=first, r2=table)


def _characters(loads: Loads, mnemonic: str) -> bytes:
    """TRANSLATE ONE TO ONE and its relatives: register 1 designates a table, for arguments of two bytes as long as all
    storage below DATA's end, and R1 the result, which is twice as long as the source at most."""
    target, source = loads.pairs(2)
    loads.address(target)
    loads.address(source)
    loads.length(target + 1)
    loads.code += put("OILL", r1=target + 1, i2=loads.dice.of((2, 2, 2, 3)))  # Unicorn begins before it sees a zero
    if mnemonic.startswith("TRO"):
        loads.address(1)
    else:
        loads.number(1, LOW_TABLE + loads.dice.below(0x800))
    if loads.dice.below(8):  # else it may be odd
        loads.code += put("NILL", r1=target + 1, i2=0xFFFE)
    loads.byte(0)
    return put(mnemonic, r1=target, r2=source, m3=loads.dice.below(16))


def _unicode(loads: Loads, mnemonic: str) -> bytes:
    """What is well-formed is asked elsewhere: test_unicorn_unicode.py."""
    first, second = _two_lengths(loads)
    checks = {} if mnemonic.startswith("CU4") else {"m3": loads.dice.below(8) << 1}
    return put(mnemonic, r1=first, r2=second, **checks)


def _page(loads: Loads, mnemonic: str) -> bytes:
    first, second = loads.pairs(2)
    loads.address(first, loads.dice.below(2) * 0x1000)
    loads.address(second, loads.dice.below(2) * 0x1000)
    loads.number(0, 0)
    return put(mnemonic, r1=first, r2=second)


LONG: dict[str, Callable[[Loads, str], bytes]] = {
    "MVCL": _long, "CLCL": _long,
    "MVCLE": _extended, "CLCLE": _extended, "MVCLU": _move_characters, "CLCLU": _extended,
    "UNPKA": _unpack, "UNPKU": _unpack,
    "CLST": _compare_strings, "MVST": _move_string, "SRST": _search, "SRSTU": _search,
    "CKSM": _checksum, "TRE": _translate, "MVPG": _page,
    "TROO": _characters, "TROT": _characters, "TRTO": _characters, "TRTT": _characters,
    "CU12": _unicode, "CU14": _unicode, "CU21": _unicode, "CU24": _unicode, "CU41": _unicode, "CU42": _unicode,
}  # fmt: skip
NOT_REPEATED = {"MVCL", "CLCL", "MVPG", "UNPKA", "UNPKU"}  # condition code 3 is not "to be continued"
# Condition codes, as a mask, with which R1 or R2 still designate where the last repetition began: how much each one
# does, the CPU determines.
LEAVES_R1, LEAVES_R2 = {"CLST": 8}, {"CLST": 8, "MVST": 15, "SRST": 15, "SRSTU": 15}


def long(dice: Dice, row: Row) -> bytes:
    loads, name = Loads(dice), row.mnemonic
    insn = LONG[name](loads, name)
    code = loads.code + insn
    if name not in NOT_REPEATED:
        code += put("BRC", m1=1, ri2=-len(insn) // 2)
    last = insn[-1]  # R1 and R2, in the instructions that are meant
    for register, left in ((last >> 4, LEAVES_R1.get(name, 0)), (last & 15, LEAVES_R2.get(name, 0))):
        if left:
            code += put("BRC", m1=15 - left, ri2=(4 + 6) // 2) + put("LLILF", r1=register)
    return code


# --- branches and EXECUTE --------------------------------------------------------------------------------------------

COUNTED = {"BXH", "BXLE", "BXHG", "BXLEG", "BRXH", "BRXLE", "BRXHG", "BRXLG"}


def is_branch(row: Row) -> bool:
    return "BRANCH" in row.name and row.mnemonic not in ("BPP", "BPRP")


def branch(dice: Dice, row: Row, at: int, skipped: bytes) -> bytes:
    """The branch, over `skipped`."""
    values: dict[tuple[int, int], int] = {}
    load = b""
    beyond = row.format.length + len(skipped)  # from the branch
    for operand in row.format.operands:
        if operand.kind == RELATIVE:
            values[operand.fields[0]] = beyond // 2
        elif operand.kind in (BASED, INDEXED) or (operand.name == "r2" and row.format.name in ("RR", "RRE")):
            load = put("LLILF", r1=TARGET, i2=CODE + at + 6 + beyond)
            values |= dict.fromkeys(operand.fields, 0)
            if operand.kind in (BASED, INDEXED):
                values[operand.fields[1]] = TARGET
            elif dice.below(8):  # register 0: no branch
                values[operand.fields[0]] = TARGET
        else:
            values |= _operand(dice, operand, at)
    if row.mnemonic in ("BSM", "BASSM"):  # the branch address tells the mode
        load = put("LLILF", r1=TARGET, i2=CODE + at + 6 + beyond | dice.of((1, 1 << 31, 0)))
    return load + encode(row, values) + skipped


EXECUTABLE = ("MVC", "CLC", "NC", "XC", "OC", "TR", "TRT", "MVZ", "MVI", "NI", "CLI", "TM", "AGR", "LR", "AHI", "STG",
              "LG", "STM")  # fmt: skip
MODIFIABLE = ("SS-a", "SI")  # the second byte may be anything


def execute(dice: Dice, row: Row, at: int) -> bytes:
    """Over the target, which EXECUTE then executes with its second byte modified, or not."""
    target = ROW[EXECUTABLE[dice.below(len(EXECUTABLE))]]
    modifier = dice.below(12) if target.format.name in MODIFIABLE else 0
    text = plain(dice, target, at)
    over = put("BRC", m1=15, ri2=(4 + len(text)) // 2)
    if row.mnemonic == "EXRL":
        return over + text + put("EXRL", r1=modifier, ri2=-len(text) // 2)
    load = put("LLILF", r1=TARGET, i2=CODE + at + len(over))
    return over + text + load + put("EX", r1=modifier, d2=(0, TARGET))


# --- programs --------------------------------------------------------------------------------------------------------


def judgeable(without: Iterable[str]) -> list[Row]:
    """Rows of the default machine that a problem-state program in primary-space mode can be made of; no judge has
    hexadecimal floating point."""
    without, installed = frozenset(without), default_facilities()
    return [
        row
        for row in ROWS
        if (row.chapter in (7, 8, 9) or row.mnemonic in LONG)
        and "HFP" not in row.name
        and executable(row, installed)
        and row.mnemonic not in without
    ]


def piece(dice: Dice, row: Row, at: int) -> bytes:
    """Instructions to stand at offset `at`, whose point is `row`."""
    if row.mnemonic in LONG:
        return long(dice, row)
    if row.mnemonic in ("EX", "EXRL"):
        return execute(dice, row, at)
    if is_branch(row):
        over = ROW[dice.of(EXECUTABLE)]
        return branch(dice, row, at, plain(dice, over, at))
    return plain(dice, row, at)


def split(text: bytes) -> list[bytes]:
    """The instructions in a text."""
    found = []
    while text:
        length = ((text[0] >> 6) + 3) & ~1
        found.append(text[:length])
        text = text[length:]
    return found


# In the 24- and 31-bit modes Unicorn 2.1.4 gets them wrong (see test_unicorn.py); so no program has both.
ADDRESS_RESULTS = frozenset(("LA", "LAY", "LAE", "LAEY", "LARL"))
MODE_CHANGES = frozenset(("SAM24", "SAM31", "SAM64", "BSM", "BASSM"))


def assemble(rows: list[Row], drawn: list[bytes]) -> tuple[bytes, dict[int, str]]:
    """The pieces one after the other: -> code, offset of each instruction -> mnemonic of its piece."""
    code, starts = b"", {}
    for row, text in zip(rows, drawn, strict=True):
        for insn in split(piece(Dice(text), row, len(code))):
            starts[len(code)] = row.mnemonic
            code += insn
    return code, starts


@st.composite
def programs(draw, rows: list[Row], longest: int = 12):
    """Strategy for Program."""
    mode = draw(st.sampled_from(("64", "any", "31", "24")))
    without = MODE_CHANGES if mode == "64" else ADDRESS_RESULTS
    usable = [row for row in rows if row.mnemonic not in without]
    names = draw(st.lists(st.sampled_from(usable), min_size=1, max_size=longest))
    code, starts = assemble(names, [draw(st.binary(min_size=24, max_size=24)) for _ in names])
    mode = mode if mode in MODES else "64"
    above = 0 if mode == "64" else draw(st.integers(0, (1 << 64 - ADDRESS_BITS[mode]) - 1)) << ADDRESS_BITS[mode]
    values = draw(st.lists(register_values, min_size=12, max_size=12))
    seed = draw(st.binary(min_size=16, max_size=64))
    data = (seed * (DATA_LENGTH // len(seed) + 1))[:DATA_LENGTH]
    registers = (*values, *(above | address for address in BASE_ADDRESSES))
    return Program(mode, draw(st.integers(0, 3)), starts, code, registers, data)
