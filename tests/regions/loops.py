"""Random loops, executed twice: interpreted, and with every page translated and entered everywhere.

    python -m tests.regions.loops SEED PROGRAMS     a campaign by hand

A program is a loop of instructions of every implemented problem-state row, with branches forward, calls, stores into
its own instructions and beside them, storage keys set, blocks discarded; in some DAT is on, frames are few, or another
CPU takes turns in the same loop. A program interruption returns to the instruction behind. Both are run in the same
stretches of random lengths, and at each stop everything that a guest or a recording could tell apart is compared.
"""

from __future__ import annotations

import sys
from collections import Counter
from random import Random
from typing import NamedTuple

from s390emu.engine.handlers import implemented
from s390emu.host import kernels
from s390emu.host.host import Host
from s390emu.host.paging_device import PagingDevice
from s390emu.isa.opcodes import ROWS
from s390emu.machine import Machine, Reason, Schedule
from s390emu.recording.state import KEPT_OF_PORT
from s390emu.records.cpu import OPERATING
from s390emu.regions import translator
from s390emu.regions.modes import ALWAYS
from s390emu.regions.translator import Translator
from s390emu.regions.worker import Worker
from tests.judges.programs import BASE_ADDRESSES, CODE, DATA, EDGES, Dice, plain, put

SIZE, LONGEST = 1 << 18, 12_000  # bytes of storage, instructions of a program
RETURN, TABLES = 0x5000, 0x30000
MASKS = (0x180000000, 0x180000000, 0x180000000, 0x80000000, 0)
PROGRAM_MASKS = (0, 0, 0, 0, 0, 0, 0b1000 << 40, 0b1111 << 40)
DAT = 1 << 58
OWN, COUNT, LINK = 14, 15, 11  # registers: the loop's own base, its count, a link
FRAMES = (SIZE // 4096, SIZE // 4096, 17)
LENGTHS = (1, 2, 3, 7, 50, 333, 1000, 5000)
STRAIGHT = [
    row for row in ROWS
    if implemented(row) and row.chapter in (7, 8, 9) and "BRANCH" not in row.name and "EXECUTE" not in row.name
]  # fmt: skip
# The usual ones more often: what they do together is the question.
USUAL_NAMES = """
    AGR AR SGR XGR NGR LGR LR LG L LGF LLGC IC STG ST STC STH LA LAY AHI AGHI LHI CHI CGHI CLI MVI TM NI OI LTGR LTR CR
    CGR CLR CLGR C CG CL CLG A AG S SG SLLG SRLG SRAG SLL SRA RISBG MVC CLC XC TR STMG LMG LOCGR ALGR SLGR ALCGR SLBGR
    MSR MSGR DSGR MLGR LGFR LLGFR ICM STCM ASI AGSI CS CSG EX LDGR LGDR
"""
USUAL = [row for row in STRAIGHT if row.mnemonic in USUAL_NAMES.split()]


class Loop(NamedTuple):
    code: bytes
    registers: tuple[int, ...]
    mask: int
    data: bytes
    frames: int
    cpus: int = 1

    def __repr__(self) -> str:
        from s390emu.assembler.disassemble import listing

        registers = " ".join(f"r{n}={value:#x}" for n, value in enumerate(self.registers))
        return f"mask={self.mask:#x} frames={self.frames} cpus={self.cpus} {registers}\n{listing(self.code, CODE)}"


def random_loop(random: Random) -> Loop:
    """Return a loop, and what it starts from."""
    pieces: list[bytes] = []
    for _ in range(random.randrange(4, 40)):
        pieces.append(_piece(random, sum(map(len, pieces))))
    body = b"".join(pieces)
    back = put("BRCTG", r1=COUNT, ri2=-len(body) // 2 & 0xFFFF)
    registers = [
        random.choice((random.choice(EDGES), random.getrandbits(64), random.randrange(256))) for _ in range(12)
    ]
    registers += [*BASE_ADDRESSES, CODE, random.choice((100, 400))]
    mask = random.choice(MASKS) | random.choice(PROGRAM_MASKS) | random.choice((0, 0, DAT))
    again = put("LGHI", r1=COUNT, i2=99) + put("BRC", m1=15, ri2=-(len(body) + 8) // 2 & 0xFFFF)
    return Loop(
        body + back[:4] + again, tuple(registers), mask, random.randbytes(0x2000), random.choice(FRAMES),
        random.choice((1, 1, 1, 2)),
    )  # fmt: skip


def _piece(random: Random, at: int) -> bytes:
    """Return one or some instructions for this offset in the loop."""
    kind = random.randrange(100)
    dice = Dice(random.randbytes(32))
    if kind < 55:
        return plain(dice, random.choice(USUAL), at)
    if kind < 82:
        return plain(dice, random.choice(STRAIGHT), at)
    skipped = plain(dice, random.choice(USUAL), at + 6)
    if kind < 88:
        return put("BRC", m1=random.randrange(16), ri2=(4 + len(skipped)) // 2) + skipped
    if kind < 91:
        registers = {"r1": random.randrange(12), "r2": random.randrange(12), "m3": random.choice((2, 4, 6, 8, 10, 12))}
        return put(random.choice(("CRJ", "CGRJ", "CLRJ", "CLGRJ")), **registers, ri4=(6 + len(skipped)) // 2) + skipped
    if kind < 94:  # a call, and the return through a register
        called = put("BRAS", r1=LINK, ri2=(8 + len(skipped)) // 2) + put("BRC", m1=15, ri2=(6 + len(skipped)) // 2)
        return called + skipped + put("BCR", m1=15, r2=LINK)
    if kind < 95:  # an immediate of its own is stored into
        return put("MVI", d1=(at + 3 + 4, OWN), i2=random.randrange(256)) + put("LHI", r1=random.randrange(8), i2=7)
    if kind < 96:  # a store beside the instructions
        return put("STG", r1=random.randrange(12), d2=(random.randrange(0x800, 0xFF0), OWN))
    if kind < 97:
        return put("LLILL", r1=1, i2=random.choice((0, 0x10, 0xF0))) + put("SSKE", r1=1, r2=random.choice((12, OWN)))
    if kind < 98:
        return put("EX", r1=random.randrange(12), d2=(at + 4, OWN)) + put("MVC", d1=(16, 0, 12), d2=(64, 13))
    if kind < 99:  # unused, and used again: its content is lost
        essa = [put("ESSA", r1=10, r2=random.choice((12, 13)), m3=command) for command in (2, 1)]
        return essa[0] + essa[1]
    return put("STCK", d2=(0x80, 12)) + put("SPM", r1=random.randrange(12))


def machine_of(loop: Loop) -> Machine:
    """Return a machine at the loop's start."""
    schedule = Schedule(loop.cpus, quantum=100)
    machine = Machine(SIZE, host=Host(loop.frames, PagingDevice()), cpus=loop.cpus, schedule=schedule)
    for prefix in range(0, 0x2000 * loop.cpus, 0x2000):
        machine.write(prefix + 0x1D0, (0x180000000).to_bytes(8, "big") + RETURN.to_bytes(8, "big"))
    machine.write(RETURN, put("LPSWE", d2=(0x150, 0)))
    machine.write(CODE, loop.code)
    machine.write(DATA, loop.data)
    for page in range(SIZE // 4096):  # a segment table, and a page table of real addresses
        machine.write(TABLES + 0x4000 + 8 * page, (page << 12).to_bytes(8, "big"))
    machine.write(TABLES, (TABLES + 0x4000).to_bytes(8, "big"))
    for cpu in machine.cpus:
        cpu.cr[1] = cpu.cr[13] = TABLES
        cpu.gr[:] = loop.registers
        cpu.record.stopped = OPERATING
        cpu.record.prefix = cpu.number * 0x2000
        cpu.set_psw(loop.mask, CODE)
    return machine


def told(machine: Machine) -> tuple:
    """Return what could differ at a stop, but for storage."""
    kept = [machine.storage.port_column(name).tobytes() for name in KEPT_OF_PORT]
    return machine.cpu_array.tobytes(), machine.running.number, *kept


def compare(loop: Loop, random: Random, worker: Worker) -> Translator:
    """Execute it both ways, and assert that they are the same; return the translator, which tells what it did."""
    plainly, translated = machine_of(loop), machine_of(loop)
    own = Translator(translated.storage, translated.handlers, ALWAYS, worker)
    translated.translator = own
    while plainly.count < LONGEST:
        length = random.choice(LENGTHS)
        stops = plainly.run(length), translated.run(length)
        if random.randrange(10) == 0:
            for machine in (plainly, translated):
                kernels.flush(machine.storage.record)
        assert stops[0] == stops[1]
        assert told(plainly) == told(translated)
        if stops[0].reason is not Reason.LIMIT:
            break
    assert plainly.read(0, SIZE) == translated.read(0, SIZE)
    assert plainly.blocks() == translated.blocks()
    return own


def campaign(seed: int, programs: int, worker: Worker, told_every: int = 0) -> Counter:
    """Compare so many programs; return counts of what was done. The failing one is printed, and the state of things
    every so many."""
    done: Counter = Counter()
    for number in range(seed, seed + programs):
        random = Random(number)
        loop = random_loop(random)
        try:
            own = compare(loop, random, worker)
        except AssertionError:
            print(f"program {number}\n{loop}")
            raise
        if told_every and number % told_every == 0:
            print(number, dict(done), f"the worker died {worker.deaths} times", flush=True)
        done.update(programs=1, translations=own._serial, refused=own.refused, translated=own._serial > 0)
    return done


if __name__ == "__main__":
    translator.ALWAYS_INTERVAL = 300
    worker = Worker(waits=True)
    print(dict(campaign(int(sys.argv[1]), int(sys.argv[2]), worker, 5)), "the worker died:", worker.deaths)
