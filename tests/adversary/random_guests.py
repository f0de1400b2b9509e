"""Guests of random instructions on a few blocks that are hinted away again and again: for what no test has thought of.

Any instruction that refers to storage, to a key or to a table may come, with operands at the edges of the blocks, as
the target of EXECUTE, with DAT on or off, and with the prefix area elsewhere. What the guests compute is of no
interest, only that it does not depend on what must make no difference.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from s390emu.assembler.assemble import assemble
from s390emu.engine.handlers import implemented
from s390emu.isa.formats import GR, INDEXED, KEYED, LENGTH, MASK, RELATIVE, STORAGE
from s390emu.isa.opcodes import ROWS, Row
from s390emu.machine import Machine

SIZE = 96 << 10
START, HANDLER, SLOTS, SLOT = 0x2000, 0x2800, 0x3000, 8  # one instruction in each slot
DATA = (0x8000, 0x9000, 0xA000, 0xB000, 0xC000)  # blocks; with DAT on the third is the page table
SEGMENT_TABLE, PAGE_TABLE, ELSEWHERE = 0xD000, 0xA000, 0xE000  # the last: another prefix area
INSTRUCTIONS = 36
REPAIRS = 40  # program interruptions; then the guest ends
MASK_64, DAT, KEY_1, PROBLEM = 0x0000000180000000, 1 << 58, 1 << 52, 1 << 48
STOP = 0x0002000180000000

# Left out: what goes elsewhere or ends the guest at once. Branches would lead out of the random instructions.
WILD = frozenset((
    "LPSW", "LPSWE", "LPSWEY", "PC", "PR", "PT", "PTI", "BSA", "BSG", "BAKR", "SIGP", "SERVC", "LCTL", "LCTLG", "SAC",
    "SACF", "SSM", "STOSM", "STNSM", "LASP", "TBEGIN", "TBEGINC", "PPA", "MC", "SVC", "PGIN", "PGOUT", "DIAG", "TABORT",
))  # fmt: skip
# What looks at a block by its key, its state or a table entry, and what touches two blocks: as often as all others.
LOOKING = frozenset((
    "ESSA", "ISKE", "RRBE", "RRBM", "SSKE", "IVSK", "LRA", "LRAY", "LRAG", "LPTEA", "TPROT", "TB", "PFMF", "LURA",
    "LURAG", "STURA", "STURG", "MVPG", "IPTE", "IDTE", "PTLB", "CSP", "CSPG", "EX", "EXRL", "STRAG", "SPX", "STAP",
    "MVCP", "MVCS", "MVCK", "MVCSK", "MVCDK", "MVCOS", "MVCL", "MVCLE", "XC", "MVC", "CLCL", "TRE", "STFLE", "STCK",
    "STPT",
))  # fmt: skip


def usable(row: Row) -> bool:
    if not implemented(row) or row.mnemonic in WILD or row.chapter == 18:  # its operands are like those of 19
        return False
    kinds = {operand.kind for operand in row.format.operands}
    relative = RELATIVE in kinds and row.mnemonic.endswith("RL")
    branches = row.mnemonic[0] in "BJ" or (RELATIVE in kinds and not relative)
    return row.mnemonic in LOOKING or (not branches and (relative or bool(kinds & {*STORAGE})))


CHOICES = [row for row in ROWS if usable(row)]
LOOKS = [row for row in CHOICES if row.mnemonic in LOOKING]


def instruction(draw: random.Random, at: int) -> bytes:
    """One, at this address."""
    which = draw.random()
    if which < 0.35:  # ESSA
        request = draw.choice((1, 1, 2, 2, 3, 3, 3, 4, 4, 4, 5, 6, 0, 7))
        return bytes((0xB9, 0xAB, request << 4, draw.randrange(16) << 4 | draw.randrange(1, 9)))
    if which < 0.4:  # registers as at the beginning
        return bytes.fromhex("EB0F07900004")
    if which < 0.43:  # DIAGNOSE X'10' of a block
        return bytes((0x83, draw.randrange(1, 6) * 0x11, 0, 0x10))
    return of_row(draw, draw.choice(LOOKS if draw.random() < 0.6 else CHOICES), at)


def of_row(draw: random.Random, row: Row, at: int) -> bytes:
    form, code = row.format, int(row.opcode, 16)
    bits = 8 * form.length
    word = draw.getrandbits(bits) if draw.random() < 0.1 else 0

    def put(place: tuple[int, int], value: int) -> None:
        nonlocal word
        shift, ones = bits - sum(place), (1 << place[1]) - 1
        word = word & ~(ones << shift) | (value & ones) << shift

    for operand in form.operands:
        first, *more = operand.fields
        if operand.kind in STORAGE:
            put(first, draw.choice((0, 0, 8, 0xFF0, 0xFFE, draw.getrandbits(12))))
            put(more[0], draw.randrange(0 if draw.random() < 0.1 else 1, 9))
            if operand.kind == INDEXED:
                put(more[1], 0)
            elif operand.kind in (LENGTH, KEYED):
                put(more[1], draw.choice((0, 7, 15, 255)))
        elif operand.kind == RELATIVE:
            put(first, (draw.choice(DATA) + draw.choice((0, 8, 0xFF8, 0xFFE)) - at) // 2)
        elif operand.kind == MASK:
            put(first, draw.choice((0, 0, draw.getrandbits(4))))
        else:
            put(first, draw.randrange(16) if operand.kind == GR else draw.getrandbits(first[1]))
    if form.extension is None:
        put((0, 8), code)
    else:
        put((0, 8), code >> form.extension[1])
        put(form.extension, code)
    return word.to_bytes(form.length, "big")


def registers(draw: random.Random) -> list[int]:
    """1 to 8 are addresses in blocks, the others lengths, keys and small numbers."""
    places = [*DATA, *(draw.choice((*DATA, 0, START, SEGMENT_TABLE, SLOTS)) for _ in range(3))]
    return [
        draw.choice((0, 1, 0x10, 0x100, 0x10000, 0x40)),
        *(place + draw.choice((0, 0, 0, 8, 0xFF8, 0xFFE)) for place in places),
        *(draw.choice((0, 1, 8, 0x10, 0xF0, 0x80, 4096, 256, 0x12345678)) for _ in range(7)),
    ]


# The handler repairs a discarded block, or goes on with the next slot.
SOURCE = """
start:  {prefix}
        lmg     %r0,%r15,0x790
        lpswe   0x780
        .org    {handler:#x}-{start:#x}
        stmg    %r0,%r15,0xA00
        agsi    0xC00,1
        lg      %r2,0xC00
        cghi    %r2,{repairs}
        jh      9f
        lg      %r3,0x158
        llh     %r4,0x8E
        chi     %r4,0x1A
        jne     1f
        {repair}
        j       2f
1:      aghi    %r3,8
        nill    %r3,0xFFF8
        stg     %r3,0x158
2:      lmg     %r0,%r15,0xA00
        lpswe   0x150
9:      larl    %r1,end
        lpswe   0(%r1)
        .balign 8
end:    .quad   {stop:#x},8
"""
REPAIR = "lg %r5,0xA8\nnill %r5,0xF000\nessa %r0,%r5,1\n"
REPAIRS_TO = (
    REPAIR, REPAIR, REPAIR + f"lghi %r6,{SLOTS:#x}\nmvc 0(256,%r5),0(%r6)\n", REPAIR + "lghi %r6,16\nsske %r6,%r5\n",
    "aghi %r3,8\nnill %r3,0xFFF8\nstg %r3,0x158\n",
)  # fmt: skip
NEW_PREFIX = f"llilf %r2,{ELSEWHERE:#x}\nst %r2,0x6F4\nspx 0x6F4\n"


def build(make: Callable[[int], Machine], seed: int) -> Machine:
    """make: a machine with so many bytes of storage. -> with the guest of this seed, about to start."""
    draw = random.Random(seed)
    machine = make(SIZE)
    translated, moved = draw.random() < 0.4, draw.random() < 0.3
    source = SOURCE.format(start=START, handler=HANDLER, repairs=REPAIRS, stop=STOP, repair=draw.choice(REPAIRS_TO),
                           prefix=NEW_PREFIX if moved else "")  # fmt: skip
    machine.load(assemble(source, origin=START))
    machine.cr[0] = draw.choice((0xE0, 0xE0 | 1 << 40))
    machine.cr[1] = machine.cr[7] = machine.cr[13] = SEGMENT_TABLE
    machine.cr[3] = 0xFFFF0000
    mask = MASK_64 | draw.choice((0, 0, KEY_1, PROBLEM * (draw.random() < 0.2))) | DAT * translated
    numbers = [mask, SLOTS, *registers(draw)]
    for area in (0, ELSEWHERE):
        put(machine, area + 0x780, *numbers)
        put(machine, area + 0x1D0, MASK_64, HANDLER)
        for new in (0x1B0, 0x1C0):
            put(machine, area + new, STOP, 9)
    for block in DATA:
        machine.write(block, b"".join(instruction(draw, block).ljust(SLOT, b"\7") for _ in range(3)))
        machine.write(block + 0xFF8, draw.randbytes(8))
    if translated:
        pages = list(range(SIZE >> 12))
        pages[8], pages[9] = 9, 8
        entries = [page << 12 | (page > 4 and draw.random() < 0.05) * draw.choice((0x400, 0x200)) for page in pages]
        put(machine, PAGE_TABLE, *entries, *[0x400] * (256 - len(entries)))
        put(machine, SEGMENT_TABLE, PAGE_TABLE, *[0x20] * 511)
    for number in range(INSTRUCTIONS):
        at = SLOTS + number * SLOT
        machine.write(at, instruction(draw, at).ljust(SLOT, b"\7"))  # NOPR
    machine.write(SLOTS + INSTRUCTIONS * SLOT, bytes.fromhex("0A01"))  # SUPERVISOR CALL: the end
    machine.set_psw(*machine.psw)
    return machine


def put(machine: Machine, address: int, *doublewords: int) -> None:
    machine.write(address, b"".join(value.to_bytes(8, "big") for value in doublewords))
