"""Random loops, executed twice: interpreted, and with its pages translated.

    python -m tests.regions.loops SEED PROGRAMS     a campaign by hand

A program is a loop of instructions of every implemented problem-state row, with branches forward, calls, stores into
its own instructions and beside them, calls of functions in another page, which store into the loop or take its page
away, storage keys set, blocks of data and of code made unused, volatile and stable again; the PSW's key and address
space change. In some DAT is on (then the other page has two addresses), the PSW's key is not zero, frames are few, or
another CPU takes turns in the same loop. With DAT, IPTE of one CPU takes the page of instructions from all: the program
interruption puts another in its place, whose instructions differ by one. Otherwise a program interruption returns to
the instruction behind. Between the stretches, of random lengths, in which both are run, the outside stores into
instructions, takes blocks, or drops the TLB; at each stop everything that a guest or a recording could tell apart is
compared.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Container, Sequence
from functools import cache, lru_cache
from itertools import count
from random import Random
from typing import NamedTuple

from s390emu.architecture.interruptions import CR0_AFP_REGISTER, PROTECTION
from s390emu.architecture.storage_key import FETCH_PROTECTION
from s390emu.engine.handlers import implemented
from s390emu.host import kernels
from s390emu.host.host import Host
from s390emu.host.paging_device import PagingDevice
from s390emu.isa.control.moves import SECONDARY_SPACE_CONTROL
from s390emu.isa.opcodes import ROWS
from s390emu.machine import Machine, Reason, Schedule
from s390emu.machine.snapshot import Snapshot
from s390emu.records.cpu import OPERATING
from s390emu.regions.modes import ALWAYS, NEVER
from s390emu.regions.translator import Translator
from s390emu.regions.worker import Worker
from tests.judges.programs import BASE_ADDRESSES, CODE, DATA, EDGES, Dice, plain, put
from tests.regions.same import Same

SIZE, LONGEST = 1 << 18, 3_000  # bytes of storage, instructions of a program
RETURN, TABLES = 0x5000, 0x30000
PAGE_TABLE, PAGE_TABLE_BYTES, INVALID = TABLES + 0x4000, 0x800, 0x04
SWAPPED = TABLES + 0x8000  # tables of the other spaces: the two pages of data have changed places, FAR is the copy
MASKS = (0x180000000, 0x180000000, 0x180000000, 0x80000000, 0)
PROGRAM_MASKS = (0, 0, 0, 0, 0, 0, 0b1000 << 40, 0b1111 << 40)
DAT = 1 << 58
KEY_SHIFT, KEYS = 52, (0, 0, 0, 1)  # of a PSW; those of blocks are the same at the beginning
SPACES = (0x000, 0x100, 0x200, 0x300)  # primary, secondary, access-register and home-space mode, as SACF has it
ALETS = (0, 0, 0, 1, 1, 7)
OWN, COUNT, LINK = 14, 15, 11  # registers: the loop's own base, its count, a link
FRAMES = (SIZE // 4096, SIZE // 4096, 17)
LENGTHS = (1, 2, 3, 7, 50, 50, 333, 333, 1000)
ASKED = (2, 7)  # after so many stretches what has been executed is translated
OTHER = CODE + 4096  # what IPTE has executed instead
FAR, FUNCTIONS, FUNCTION_BYTES = CODE + 8192, 6, 0x80  # functions that the loop calls
ALSO_FAR = CODE + 12288  # the same block with DAT on, else a copy
PLAIN, PROTECTED = (CODE, OTHER, DATA), (FAR, ALSO_FAR, DATA + 4096)  # from fetching too, if the PSW has a key
PIECES = (2, 3, 3, 4, 5, 6, 8, 12, 30)  # of a loop
HAZARDS, FIRST_IMMEDIATE = 10, 3  # kinds; its low byte
STRAIGHT = [
    row for row in ROWS
    if implemented(row) and row.chapter in (7, 8, 9) and "BRANCH" not in row.name and "EXECUTE" not in row.name
]  # fmt: skip
# The usual ones more often: what they do together is the question.
USUAL_NAMES = """
    AGR AR SGR XGR NGR LGR LR LG L LGF LLGC IC STG ST STC STH LA LAY AHI AGHI LHI CHI CGHI CLI MVI TM NI OI LTGR LTR CR
    CGR CLR CLGR C CG CL CLG A AG S SG SLLG SRLG SRAG SLL SRA RISBG MVC CLC XC TR STMG LMG LOCGR ALGR SLGR ALCGR SLBGR
    MSR MSGR DSGR MLGR LGFR LLGFR ICM STCM ASI AGSI CS CSG EX LDGR LGDR
    LD STD LE ADBR SDBR MDBR AEBR CDBR LTDBR LCDBR LDEBR LEDBR CDFBR CGDBR MADBR SQDBR DDB
"""
USUAL = [row for row in ROWS if implemented(row) and row.mnemonic in USUAL_NAMES.split()]

EXECUTED_NAMES = """
    MVC CLC XC NC OC TR TRT MVI CLI TM AP PACK UNPK ED
"""
EXECUTED = [row for row in STRAIGHT if row.mnemonic in EXECUTED_NAMES.split()]


class Loop(NamedTuple):
    code: bytes
    registers: tuple[int, ...]
    mask: int
    data: bytes
    frames: int
    cpus: int = 1
    far: bytes = b""

    def __repr__(self) -> str:
        from s390emu.assembler.disassemble import listing

        registers = " ".join(f"r{n}={value:#x}" for n, value in enumerate(self.registers))
        return f"mask={self.mask:#x} frames={self.frames} cpus={self.cpus} {registers}\n{listing(self.code, CODE)}"


def random_loop(random: Random) -> Loop:
    """Return a loop, and what it starts from."""
    pieces: list[bytes] = [put("AHI", r1=8, i2=1)]
    for _ in range(random.choice(PIECES)):
        pieces.append(piece(random, sum(map(len, pieces))))
    body = b"".join(pieces)
    back = put("BRCTG", r1=COUNT, ri2=-len(body) // 2 & 0xFFFF)
    registers = [
        random.choice((random.choice(EDGES), random.getrandbits(64), random.randrange(256))) for _ in range(12)
    ]
    registers += [*BASE_ADDRESSES, CODE, random.choice((100, 400))]
    mask = random_mask(random)
    again = put("LGHI", r1=COUNT, i2=99) + put("BRC", m1=15, ri2=-(len(body) + 8) // 2 & 0xFFFF)
    return Loop(
        body + back[:4] + again, tuple(registers), mask, random.randbytes(0x2000), random.choice(FRAMES),
        random.choice((1, 1, 1, 2)), functions(random),
    )  # fmt: skip


def random_mask(random: Random) -> int:
    """Return a PSW mask."""
    key = random.choice(KEYS) << KEY_SHIFT
    return key | random.choice(MASKS) | random.choice(PROGRAM_MASKS) | random.choice((0, 0, DAT))


def piece(random: Random, at: int) -> bytes:
    """Return one or some instructions for this offset in the loop."""
    kind = random.randrange(100)
    dice = Dice(random.randbytes(32))
    if kind < 72:
        return plain(dice, random.choice(USUAL), at)
    if kind < 80:
        return plain(dice, random.choice(STRAIGHT), at)
    skipped = plain(dice, random.choice(USUAL), at + 6)
    if kind < 85:
        return put("BRC", m1=random.randrange(16), ri2=(4 + len(skipped)) // 2) + skipped
    if kind < 88:
        registers = {"r1": random.randrange(12), "r2": random.randrange(12), "m3": random.choice((2, 4, 6, 8, 10, 12))}
        return put(random.choice(("CRJ", "CGRJ", "CLRJ", "CLGRJ")), **registers, ri4=(6 + len(skipped)) // 2) + skipped
    if kind < 91:  # a call, and the return through a register
        called = put("BRAS", r1=LINK, ri2=(8 + len(skipped)) // 2) + put("BRC", m1=15, ri2=(6 + len(skipped)) // 2)
        return called + skipped + put("BCR", m1=15, r2=LINK)
    if kind < 96:
        return call(random, at)
    return hazard(random, at, random.randrange(HAZARDS))


def call(random: Random, at: int, pages: Sequence[int] = (FAR, FAR, ALSO_FAR)) -> bytes:
    """Return a call of one of the functions, for this offset in the loop."""
    target = random.choice(pages) + FUNCTION_BYTES * random.randrange(FUNCTIONS)
    return put("BRASL", r1=LINK, ri2=(target - CODE - at) // 2)


def functions(random: Random) -> bytes:
    """Return what is at FAR."""
    return b"".join(_function(random) for _ in range(FUNCTIONS))


def _function(random: Random) -> bytes:
    """Return a function of the page FAR: a loop by itself, or what makes the return, or itself, impossible."""
    body = b""
    while not body or random.randrange(3):
        one = plain(Dice(random.randbytes(32)), random.choice(USUAL), 0)
        if LINK not in (one[1] >> 4, one[1] & 15):
            body += one
    kind = random.randrange(12)
    if kind == 0:
        body += put("MVI", d1=(random.randrange(40), OWN), i2=random.randrange(256))
    elif kind == 1:
        body += put("LLILF", r1=9, i2=FAR) + put("MVI", d1=(random.randrange(FUNCTION_BYTES), 9), i2=2)
    elif kind < 4:
        body += put("LLILF", r1=1, i2=PAGE_TABLE) + put("LLILF", r1=9, i2=FAR)
        body += put("IPTE", r1=1, r2=random.choice((9, OWN)))
    elif kind == 4:
        body += put("LLILL", r1=1, i2=random.choice((0, 0x10, 0xF0))) + put("SSKE", r1=1, r2=OWN)
    elif kind < 8:
        again = put("AHI", r1=8, i2=1) + body
        body = put("LHI", r1=10, i2=3) + again + put("BRCT", r1=10, ri2=-len(again) // 2 & 0xFFFF)
    return (body + put("BCR", m1=15, r2=LINK))[:FUNCTION_BYTES].ljust(FUNCTION_BYTES, b"\0")


def hazard(random: Random, at: int, kind: int) -> bytes:
    """Return something that drops a translation, or the TLB's entries, or ends a region; kind: below HAZARDS."""
    anywhere = random.choice((12, 13, OWN))
    if kind == 0:  # an immediate is stored into: of what comes next, or of the first instruction
        where = random.choice((at + 3 + 4, FIRST_IMMEDIATE))
        return put("MVI", d1=(where, OWN), i2=random.randrange(256)) + put("LHI", r1=random.randrange(8), i2=7)
    if kind == 1:  # a store beside the instructions
        return put("STG", r1=random.randrange(12), d2=(random.randrange(0x800, 0xFF0), OWN))
    if kind == 2:
        return put("LLILL", r1=1, i2=random.choice((0, 0x10, 0x18, 0xF0))) + put("SSKE", r1=1, r2=anywhere)
    if kind == 3:  # of what comes behind them, mostly: two, so that the last target is not always the same
        first, second = (plain(Dice(random.randbytes(32)), random.choice(EXECUTED), at) for _ in range(2))
        if random.randrange(6) == 0:
            return put("EX", r1=random.randrange(12), d2=(at + 4, OWN)) + first
        executes = put("EXRL", r1=random.randrange(12), ri2=6)
        executes += put("EXRL", r1=random.randrange(12), ri2=(6 + len(first)) // 2)
        return executes + first + second
    if kind == 4:  # in another state: its content may be lost
        where = random.choice((12, 13, 12, 13, OWN))
        return put("ESSA", r1=10, r2=where, m3=random.randrange(1, 7)) + put("ESSA", r1=10, r2=where, m3=1)
    if kind == 5:
        return put("STCK", d2=(0x80, 12)) + put("SPM", r1=random.randrange(12))
    if kind == 6:
        return put("LLILF", r1=1, i2=PAGE_TABLE) + put("IPTE", r1=1, r2=anywhere)
    if kind == 7:
        return put("PTLB") + put("IVSK", r1=2, r2=anywhere)
    if kind == 8:  # what is in the TLB for one key, or space, is not for another
        key = put("SPKA", d2=(random.choice((0, 0x10, 0xF0, 0xF0)), 0))
        return call(random, at, [FAR]) + key + call(random, at + 10, [FAR])
    one = random.choice((call(random, at + 4), plain(Dice(random.randbytes(32)), random.choice(USUAL), at + 4)))
    return put("SACF", d2=(random.choice(SPACES), 0)) + one + put("SACF", d2=(random.choice(SPACES[::3]), 0))


def _entry_of(address: int) -> tuple[int, int, int]:
    """Return low displacement, base and high displacement of the byte with the invalid bit in an address's page-table
    entry."""
    byte = PAGE_TABLE + 8 * (address >> 12) + 6
    return byte & 0xFFF, 0, byte >> 12


def _interruption() -> bytes:
    """Return what is executed at a program interruption: make pages valid that IPTE took, another with instructions;
    after a discard make every block stable, where protection forbids something give every block the PSW's key; go on
    behind the instruction."""
    stable = b"".join(
        put("LLILF", r1=9, i2=address) + put("ESSA", r1=10, r2=9, m3=1) for address in (CODE, DATA, DATA + 4096)
    )
    own_key = put("LLGC", r1=10, d2=(0x151, 0, 0)) + put("NILL", r1=10, i2=0xF0)
    for blocks, protection in (PLAIN, 0), (PROTECTED, FETCH_PROTECTION):
        own_key += put("OILL", r1=10, i2=protection)
        own_key += b"".join(put("LLILF", r1=9, i2=address) + put("SSKE", r1=10, r2=9) for address in blocks)
    other = put("XIY", d1=_entry_of(CODE), i2=0x10 | INVALID)
    return b"".join((
        put("TMY", d1=_entry_of(CODE), i2=INVALID), put("BRC", m1=8, ri2=(4 + len(other)) // 2), other,
        *(put("NIY", d1=_entry_of(address), i2=0xFF ^ INVALID) for address in (DATA, DATA + 4096, FAR)),
        put("CLHHSI", d1=(0x8E, 0), i2=0x1A), put("BRC", m1=7, ri2=(4 + len(stable)) // 2), stable,
        put("CLHHSI", d1=(0x8E, 0), i2=int(PROTECTION)), put("BRC", m1=7, ri2=(4 + len(own_key)) // 2), own_key,
        put("LPSWE", d2=(0x150, 0)),
    ))  # fmt: skip


@cache
def _empty_machine(frames: int, cpus: int, number: int) -> tuple[Machine, Snapshot]:
    """Return a machine, and its state before a program is there. number: two are compared."""
    schedule = Schedule(cpus, quantum=200)
    machine = Machine(SIZE, host=Host(frames, PagingDevice()), cpus=cpus, schedule=schedule, translate=NEVER)
    for prefix in range(0, 0x2000 * cpus, 0x2000):
        machine.write(prefix + 0x1D0, (0x180000000).to_bytes(8, "big") + RETURN.to_bytes(8, "big"))
    machine.write(RETURN, _interruption())
    for page in range(SIZE // 4096):  # a segment table, and a page table of real addresses
        machine.write(PAGE_TABLE + 8 * page, (page << 12).to_bytes(8, "big"))
    machine.write(PAGE_TABLE + 8 * (ALSO_FAR >> 12), FAR.to_bytes(8, "big"))
    entries = machine.read(PAGE_TABLE, PAGE_TABLE_BYTES)
    data, after = DATA >> 9, (DATA >> 9) + 16
    swapped = entries[:data] + entries[data + 8 : after] + entries[data : data + 8] + entries[after:]
    swapped = swapped[: FAR >> 9] + ALSO_FAR.to_bytes(8, "big") + swapped[(FAR >> 9) + 8 :]
    for tables, table, content in ((TABLES, PAGE_TABLE, entries), (SWAPPED, SWAPPED + 0x4000, swapped)):
        machine.write(table, content)
        machine.write(tables, table.to_bytes(8, "big"))
    for cpu in machine.cpus:
        cpu.cr[0] = int(cpu.cr[0]) | int(CR0_AFP_REGISTER | SECONDARY_SPACE_CONTROL)
        cpu.cr[1], cpu.cr[7], cpu.cr[13] = TABLES, SWAPPED, SWAPPED
        cpu.record.stopped = OPERATING
        cpu.record.prefix = cpu.number * 0x2000
    return machine, machine.snapshot()


@lru_cache(16)
def _loaded_machine(code: bytes, far: bytes, frames: int, cpus: int, number: int) -> tuple[Machine, Snapshot]:
    """Return that machine, and its state with instructions."""
    machine, empty = _empty_machine(frames, cpus, number)
    machine.restore(empty)
    machine.write(CODE, code)
    machine.write(OTHER, code)
    machine.write(OTHER + FIRST_IMMEDIATE, b"\x02")
    machine.write(FAR, far)
    machine.write(ALSO_FAR, far)
    return machine, machine.snapshot()


def machines_of(loop: Loop) -> Same:
    """Return two machines at the loop's start."""
    for number in range(2):
        machine, loaded = _loaded_machine(loop.code, loop.far, loop.frames, loop.cpus, number)
        machine.restore(loaded)
        machine.write(DATA, loop.data)
        if key := loop.mask >> KEY_SHIFT & 15:
            for address in (*PLAIN, *PROTECTED):
                machine.set_block(address, key=key << 4 | (FETCH_PROTECTION if address in PROTECTED else 0))
        for cpu in machine.cpus:
            cpu.gr[:] = loop.registers
            cpu.record.ar[:] = [ALETS[value % len(ALETS)] for value in loop.registers]
            cpu.set_psw(loop.mask, CODE)
    same = _same(loop.frames, loop.cpus)
    same.clear()
    return same


@cache
def _same(frames: int, cpus: int) -> Same:
    return Same(*(_empty_machine(frames, cpus, number)[0] for number in range(2)))


class Told(Translator):
    """Translates when it is told to, and only then: after the stretches of these numbers."""

    asked: Container[int] = ASKED

    def attend(self, cpu, count: int) -> int:
        self._free_dropped()
        return LONGEST

    def translate(self, cpu, random: Random) -> None:
        """Translate what the CPU's TLB has, entered everywhere or as it would be."""
        everywhere = random.randrange(2) == 0
        for page in self._pages_of(cpu.port):
            decoded = page.texts()
            if not decoded or (page.logical == RETURN and random.randrange(4)):
                continue
            starts = sorted(decoded) if everywhere else sorted(random.sample(sorted(decoded), 1))
            self._ask(page, tuple(starts), cpu, everywhere=everywhere)


def disturbance(random: Random) -> Callable[[Machine], object]:
    """Return something that comes from outside the guest between two stretches: mostly nothing."""
    kind = random.randrange(40)
    address = random.choice((CODE, OTHER, DATA, DATA + 4096, FAR))
    place, byte, key = random.randrange(60), random.randbytes(1), random.choice((0, 0x10, 0x18, 0xF0))
    if kind < 4:
        return lambda machine: kernels.flush(machine.storage.address)
    if kind == 4:  # an instruction becomes another
        return lambda machine: machine.write(CODE + place, byte)
    if kind == 5:
        return lambda machine: machine.write(CODE + 0xF00, byte * 8)
    if kind == 6:
        return lambda machine: machine.set_block(address, key=key)
    if kind == 7:
        return lambda machine: (machine.set_block(address, "Uz"), machine.set_block(address, "Sz"))
    if kind == 8:
        return lambda machine: machine.write(FAR + place, byte)
    return lambda machine: None


def compare(
    loop: Loop, random: Random, worker: Worker, make: Callable[..., Told] = Told, longest: int = LONGEST
) -> Told:
    """Execute it both ways, and assert that they are the same at each stop; return the translator, made by `make`,
    which tells what it did. longest: instructions."""
    same = machines_of(loop)
    plainly, translated = same.machines
    own = translated.translator = make(translated.storage, translated.handlers, ALWAYS, worker)
    for stretch in count(1):
        length = random.choice(LENGTHS)
        stop = plainly.run(length)
        assert stop == translated.run(length)
        same.check()
        if stop.reason is not Reason.LIMIT or stop.count >= longest:
            break
        disturb = disturbance(random)
        disturb(plainly)
        disturb(translated)
        if stretch in own.asked:
            own.translate(translated.running, random)
    same.check_all()
    own.drop()
    translated.translator = None
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
        done.update(programs=1, translations=own.serial, refused=own.refused, translated=own.serial > 0)
    return done


if __name__ == "__main__":
    worker = Worker(waits=True)
    print(dict(campaign(int(sys.argv[1]), int(sys.argv[2]), worker, 200)), "the worker died:", worker.deaths)
