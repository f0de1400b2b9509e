"""Nothing that a guest does raises here, hangs, or reaches storage that is not its own; and every way of executing it
is the same execution: running, stepping, slices, breakpoints, snapshots, without the TLB, without compilation.

Random guests: any bytes, biased to instructions of every row (the privileged ones too), any registers, PSW, prefix,
translation tables, page states, storage keys, pending interruptions and clocks; on a host with few frames, whose paging
and disks may take time. Some have operations of block I/O at hand, and messages come for them.
S390EMU_PROGRAMS says how many (a quarter of it here), S390EMU_SEED makes the same ones again.
"""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections import Counter
from pathlib import Path
from random import Random
from struct import pack
from tempfile import NamedTemporaryFile
from typing import NamedTuple
from unittest.mock import patch

import numpy as np
from hypothesis import given, seed
from hypothesis import strategies as st

from s390emu.architecture.page_states import NAMES
from s390emu.architecture.sizes import BLOCK_SIZE
from s390emu.cpu.interruptions import LOOP
from s390emu.engine.handlers import implemented
from s390emu.host.block_device import BlockDevice
from s390emu.host.devices import ServiceTimes
from s390emu.host.host import Host
from s390emu.host.limit import FEWEST_FRAMES
from s390emu.host.paging_device import PagingDevice
from s390emu.isa.formats import GR, RELATIVE
from s390emu.isa.opcodes import ROWS, Row
from s390emu.machine import Machine, Reason
from s390emu.records.events import EVENT_ESSA, EVENT_HOST, EVENT_INTERRUPTION
from s390emu.storage.absolute import state_of
from tests import plainly
from tests.judges.programs import EDGES, PROGRAMS, SEED, encode, judged

EXAMPLES = max(1, PROGRAMS // 4)
UNJITTED = 40  # of them are executed again without compilation
LIMIT = 200  # instructions
BLOCKS = 24
SIZE = BLOCKS * BLOCK_SIZE
CODE = 0x5000 - 0x40  # the instructions cross a page
CODE_LENGTH = 0x100
DATA, SEGMENT_TABLE, PAGE_TABLE = 0x8000, 0x10000, 0x11000
TABLE_PAGES = 32  # mapped one to one, if nothing else is drawn: some are outside
WAIT, DAT, PROBLEM = 1 << 49, 1 << 58, 1 << 48
MODES = (0x180000000, 0x180000000, 0x180000000, 0x80000000, 0)
NEW_PSWS = (0x1A0, 0x1B0, 0x1C0, 0x1D0, 0x1E0, 0x1F0)
OLD_FROM_NEW = 0x80
RETURN = 0x7000  # for each class, a handler that does nothing but go on behind: LPSWE
STATES = ("Sz", "Sz", "Sr", "Sr", "Sr", "Sp", "Ur", "Uz", "Vr", "Vz", "Pr")
GUARD = 8192
CANARY = 0xA5

# (frames, slots on the paging device or None, what touching an unused block does, keys after a discard, times)
HOSTS = (
    (BLOCKS, None, "discarded", "zero", ServiceTimes(disk_latency=30, disk_block=7)),
    (FEWEST_FRAMES, 64, "discarded", "random", ServiceTimes()),
    (FEWEST_FRAMES + 4, 4, "always", "zero", ServiceTimes(40, 3, 30, 7)),
    (FEWEST_FRAMES, None, "zerofill", "zero", ServiceTimes()),
)

# Block I/O: lists for its functions; DIAGNOSE takes their addresses from r2 and r4, the functions from r6, r8 and r10.
DEVICE, DISK_BLOCKS = 0x100, 4
LISTS = DATA + 2 * BLOCK_SIZE
READ_WRITES = range(LISTS + 0x80, LISTS + 0x180, 0x40)
ENTRIES = LISTS + 0x400
BLOCK_IO = [bytes((0x83, r1 << 4 | r3, 0x02, 0x50)) for r1 in (2, 4) for r3 in (6, 8, 8, 10)]

# Decimal numbers, each at the end of a slot of 16 bytes, and patterns for EDIT: register 12 designates them.
PACKED, PACKED_BASE, SLOT, SLOTS, PATTERNS = DATA + 3 * BLOCK_SIZE, 12, 16, 48, 8

# What addresses, lengths and words to load are drawn from: block addresses, ends of things, tables, PSWs.
ADDRESSES = [
    *(number * BLOCK_SIZE for number in range(BLOCKS + 1)), *NEW_PSWS, CODE, CODE + 8, DATA + 8, DATA + 0xFF8, 0x200,
    0x11F8, SIZE - 1, SIZE - 8, 0x7FFFFFF8, 0xFFFFF8, 0x1000000, 0x80000000, (1 << 64) - 8, (1 << 64) - BLOCK_SIZE,
]  # fmt: skip
ASCES = [SEGMENT_TABLE, SEGMENT_TABLE | 0x100, 0x20, SEGMENT_TABLE | 3 << 2 | 3, 0x8000]
CR0 = [
    0xE0, 1 << 28, 1 << 25, 1 << 24, 1 << 23, 1 << 30, 1 << 27, 1 << 18, 1 << 14 | 1 << 13, 1 << 11, 1 << 10, 1 << 9,
    1 << 6,
]  # fmt: skip
MACHINE_CHECKS = (0x00400F1D403B0000, 0x00400F1D403B0000, 0x00400F1D403B0000, 0x400F1D403B000000)  # most: repressible
PENDING = ("restart", "external", "machine check", "I/O", "comparator", "timer", "early", "stopped")


class Guest(NamedTuple):
    """A machine's first state, as values that print and pickle."""

    host: int
    code: bytes
    registers: tuple[int, ...]
    psw: tuple[int, int]
    prefix: int
    controls: tuple[tuple[int, int], ...]
    new_psws: tuple[tuple[int, int], ...]
    blocks: tuple[tuple[str, int], ...]  # state and key
    tables: tuple[tuple[int, int], ...]  # page -> page-table entry
    pending: tuple[str, ...]
    clock: int
    data_seed: int

    def __repr__(self) -> str:
        from s390emu.assembler.disassemble import listing

        values = ",\n".join(f"    {name}={getattr(self, name)!r}" for name in self._fields)
        return f"Guest(\n{values},\n)\n{listing(self.code, CODE)}"


# --- drawing ---------------------------------------------------------------------------------------------------------

ROWS_DRAWN = [
    *(row for row in ROWS if implemented(row)),
    *(row for row in ROWS if implemented(row) and (row.chapter == 10 or "BRANCH" in row.name or "EXECUTE" in row.name)),
    *(row for row in ROWS if row.mnemonic in ("ESSA", "SERVC", "DIAG", "EX", "EXRL", "PFMF", "MVCL", "LPSWE")),
    *[row for row in ROWS if not implemented(row)][:10],
]


def instruction(row: Row, bits: int, tame: bool) -> bytes:
    """The row with these operand bits; tame: displacements on doublewords, little branches, even registers."""
    values = {}
    for operand in row.format.operands:
        for place in operand.fields:
            value = bits >> (48 - sum(place)) & (1 << place[1]) - 1 if sum(place) <= 48 else 0
            if operand.kind == RELATIVE:
                value = value % 64 - 32
            elif tame and operand.kind == GR:
                value &= 14
            elif tame and place[1] == 12:
                value &= 0xFF8
            elif tame and place == (32, 8):
                value = 0
            values[place] = value
    return encode(row, values)


def decimal(row: Row, first: tuple[int, int], second: tuple[int, int]) -> bytes:
    """The row with operands of these slots and length codes: numbers to their ends, patterns and their sources from
    their beginnings."""
    edits = row.format.name == "SS-a"
    values = {}
    for operand in row.format.operands:
        slot, code = second if operand.name == "d2" else first
        if edits:
            at = (slot % PATTERNS if operand.name == "d1" else slot) * SLOT
        else:
            at = (slot + 1) * SLOT - code - 1
        for place, value in zip(operand.fields, (at, PACKED_BASE, code), strict=False):
            values[place] = value
    return encode(row, values)


slots = st.tuples(st.integers(0, SLOTS - 1), st.integers(0, 15))
decimals = st.builds(decimal, st.sampled_from([row for row in ROWS if row.chapter == 8]), slots, slots)
instructions = st.builds(instruction, st.sampled_from(ROWS_DRAWN), st.integers(0, (1 << 48) - 1), st.booleans())
halfwords = st.integers(0, 0xFFFF).map(lambda halfword: halfword.to_bytes(2))
texts = st.one_of(*[instructions] * 12, *[decimals] * 2, st.sampled_from(BLOCK_IO), halfwords)
in_code = st.integers(0, 60).map(lambda n: CODE + 2 * n)
words = st.one_of(
    in_code, st.sampled_from(ADDRESSES), st.sampled_from(ADDRESSES), st.integers(0, 300), st.sampled_from(EDGES),
    st.integers(0, (1 << 64) - 1),
)  # fmt: skip
mask_bits = st.sampled_from([0, 0, 0, PROBLEM, DAT, 1 << 57, 1 << 56, 1 << 50, 3 << 56 | 1 << 50, WAIT, 1 << 62,
                             1 << 46, 2 << 46, 3 << 46, 0xF << 40, 1 << 63, 1 << 52, 9 << 52, 3 << 44])  # fmt: skip
masks = st.builds(lambda mode, one, two: mode | one | two, st.sampled_from(MODES), mask_bits, mask_bits)
psws = st.tuples(masks, st.one_of(st.sampled_from(ADDRESSES), st.just(CODE + 1), in_code))
control_values = {
    0: st.sampled_from(CR0).flatmap(lambda one: st.sampled_from(CR0).map(lambda two: one | two)),
    1: st.sampled_from(ASCES), 7: st.sampled_from(ASCES), 13: st.sampled_from(ASCES), 6: st.just(0xFF000000),
    3: st.just(0xFFFFFFFF), 8: st.just(0xFFFF), 9: st.sampled_from([0, 1 << 31]),
}  # fmt: skip
controls = st.sampled_from(sorted(control_values)).flatmap(lambda n: st.tuples(st.just(n), control_values[n]))
keys = st.one_of(st.just(0), st.sampled_from([0x06, 0x10, 0x18, 0x90, 0xF8, 0x02, 0x04]))
tables = st.tuples(
    st.integers(0, TABLE_PAGES - 1),
    st.one_of(st.sampled_from([0x400, 0x200, 0x100, 0x800]), st.integers(0, BLOCKS).map(lambda n: n * BLOCK_SIZE)),
)


@st.composite
def guests(draw) -> Guest:
    host = draw(st.integers(0, len(HOSTS) - 1))
    pieces = draw(st.lists(texts, min_size=8, max_size=24))
    starts = [CODE + sum(map(len, pieces[:n])) for n in range(len(pieces))]
    states = st.sampled_from([s for s in STATES if s != "Sp" or HOSTS[host][1]])
    registers = draw(st.lists(words, min_size=16, max_size=16))
    if draw(st.booleans()):
        pieces[0:1] = b"\x83\x26\x02\x50", *[b"\x83\x48\x02\x50"] * draw(st.integers(1, 3))
        registers[2], registers[4] = LISTS, draw(st.sampled_from(READ_WRITES))
        registers[6], registers[8], registers[10] = 0, 1, 2
    if draw(st.booleans()):
        registers[PACKED_BASE] = PACKED
    return Guest(
        host=host,
        code=b"".join(pieces),
        registers=tuple(registers),
        psw=(draw(masks) & ~WAIT, CODE) if draw(st.integers(0, 9)) else draw(psws),
        prefix=draw(st.sampled_from([0, 0, 0, 0x2000, 0xC000, SIZE - 0x2000])),
        controls=tuple(draw(st.lists(controls, max_size=5))),
        new_psws=tuple(
            draw(psws) if chance == 0 else (MODES[0], draw(st.sampled_from(starts)) if chance < 8 else RETURN + 16 * n)
            for n, chance in enumerate(draw(st.lists(st.integers(0, 15), min_size=6, max_size=6)))
        ),
        blocks=tuple(draw(st.lists(st.tuples(states, keys), max_size=BLOCKS))),
        tables=tuple(draw(st.lists(tables, max_size=4))),
        pending=tuple(draw(st.lists(st.sampled_from(PENDING), max_size=2, unique=True))),
        clock=draw(st.one_of(st.integers(0, 2000), st.sampled_from([(1 << 64) - 2, (1 << 63) - 1, 1 << 63]))),
        data_seed=draw(st.integers(0, 0xFFFF)),
    )


# --- a machine with a fence around everything it may write -----------------------------------------------------------


def lists(random: Random) -> list[int]:
    """A block with parameter lists, and 16 entries each of 64 and of 31 bits."""
    block = bytearray(BLOCK_SIZE)

    def put(at: int, data: bytes) -> None:
        block[at - LISTS : at - LISTS + len(data)] = data

    block_size = random.choice((512, 4096, 4096))
    put(LISTS, pack(">HB21xI4xq24x", DEVICE, 0x80, block_size, random.choice((0, 0, 1))))
    put(LISTS + 0x40, pack(">H62x", DEVICE))
    for at in READ_WRITES:
        form, key = random.choice((0, 0x80, 0x80)), random.choice((0, 0, 0, 0, 0x10))
        flags, count, entries = random.choice((0, 2, 2)), random.choice((1, 1, 2, 2, 12)), ENTRIES
        head = pack(">HB21xBBHI4x", DEVICE, form, key, flags, 0, count)
        put(at, head + (pack(">4xQQ8x", at, entries) if form else pack(">II20x", entries + 0x400, at & 0xFFFFFFFF)))
    for n in range(16):
        kind, number = random.choice((1, 1, 1, 2, 2, 2, 2, 3)), random.choice((1, 1, 2, 2, 3, 3, 4, 0, 6))
        buffer = random.randrange(6, BLOCKS + 1) * BLOCK_SIZE + random.choice((0, 0, 0, 0x100, 0x802))
        put(ENTRIES + 24 * n, pack(">B7xqQ", kind, number, buffer))
        put(ENTRIES + 0x400 + 16 * n, pack(">B3xiII", kind, number, 0, buffer))
    return np.frombuffer(block, ">u8").tolist()


def numbers(random: Random) -> list[int]:
    """A block with slots: patterns in the first, then numbers, any length and sign; now and then no number."""
    block = bytearray(BLOCK_SIZE)
    for slot in range(SLOTS):
        if slot < PATTERNS:
            data = bytes((0x40, *random.choices((0x20, 0x20, 0x20, 0x21, 0x22, 0x6B), k=SLOT - 1)))
        else:
            number = random.choice((0, 10 ** random.randrange(31) - 1, random.getrandbits(random.randrange(103))))
            data = bytes.fromhex(f"{number % 10**31:031d}" + random.choice("ABCDEFCDCD5"))
        block[slot * SLOT : (slot + 1) * SLOT] = data
    return np.frombuffer(block, ">u8").tolist()


class Fenced:
    """A machine whose arrays lie between canaries, brought to any guest's first state."""

    def __init__(self, host: int, *, tlb: bool):
        frames, slots, unused_access, discard_keys, service = HOSTS[host]
        self.fences: list[np.ndarray] = []
        with patch.object(np, "zeros", self._fenced_zeros):
            pool = Host(
                frames, PagingDevice(slots=slots) if slots else None, unused_access=unused_access,
                discard_keys=discard_keys, seed=1, service=service,
            )  # fmt: skip
            self.machine = Machine(SIZE, tlb=tlb, no_dat=True, extra=[75], host=pool)
        with NamedTemporaryFile() as file:  # open as long as the disk is
            self.disk = BlockDevice(file.name, DISK_BLOCKS)
        pool.attach_disk(0, DEVICE, self.disk)
        assert len(self.fences) >= 2 * 8  # CPU, storage, blocks, events, frames, frame table, decoded pages, directory
        self.machine.watch(EVENT_ESSA, EVENT_HOST, EVENT_INTERRUPTION)
        self.fresh = self.machine.snapshot()

    def _fenced_zeros(self, shape, dtype=float) -> np.ndarray:
        dtype = np.dtype(dtype)
        length = int(np.prod(shape)) * dtype.itemsize
        raw = np.full(length + 2 * GUARD, CANARY, np.uint8)
        inner = raw[GUARD : GUARD + length]
        inner[:] = 0
        self.fences += [raw[:GUARD], raw[GUARD + length :]]
        return inner.view(dtype).reshape(shape)

    def prepare(self, guest: Guest) -> Machine:
        machine, host = self.machine, self.machine.host
        machine.restore(self.fresh)
        random = Random(guest.data_seed)
        frames = HOSTS[guest.host][0]
        values = [*ADDRESSES, *EDGES, *ASCES, *MODES, *range(256)]
        content = {number: random.choices(values, k=512) for number in (DATA // BLOCK_SIZE, DATA // BLOCK_SIZE + 1)}
        content[SEGMENT_TABLE // BLOCK_SIZE] = [PAGE_TABLE, 0x20, PAGE_TABLE | 0x200, 0] * 128
        content[LISTS // BLOCK_SIZE] = lists(random)
        content[PACKED // BLOCK_SIZE] = numbers(random)
        entries = [number * BLOCK_SIZE for number in range(TABLE_PAGES)] + [0x400] * 224
        for page, entry in guest.tables:
            entries[page] |= entry
        content[PAGE_TABLE // BLOCK_SIZE] = entries
        image = bytearray(SIZE)
        for number, doublewords in content.items():
            block = b"".join(value.to_bytes(8) for value in doublewords)
            image[number * BLOCK_SIZE : number * BLOCK_SIZE + len(block)] = block
        round_again = guest.code + b"\xa7\xf4" + (-len(guest.code) // 2 & 0xFFFF).to_bytes(2)  # BRC
        image[CODE : CODE + CODE_LENGTH] = (round_again * (CODE_LENGTH // len(round_again) + 1))[:CODE_LENGTH]
        for n, at in enumerate(NEW_PSWS):
            image[RETURN + 16 * n : RETURN + 16 * n + 4] = b"\xb2\xb2" + (at - OLD_FROM_NEW).to_bytes(2)
        for at, (mask, ia) in zip(NEW_PSWS, guest.new_psws, strict=True):
            image[guest.prefix + at : guest.prefix + at + 16] = mask.to_bytes(8) + ia.to_bytes(8)
        for number in range(BLOCKS):
            data = bytes(image[number * BLOCK_SIZE : (number + 1) * BLOCK_SIZE])
            state, key = guest.blocks[number] if number < len(guest.blocks) else ("Sz", 0)
            if number * BLOCK_SIZE - guest.prefix in (0, BLOCK_SIZE) and guest.data_seed % 8:
                state = "Sr"  # most guests leave their prefix area alone
            if any(data) and state[1] == "z":
                state = state[0] + "r" if number < frames - 6 or not HOSTS[guest.host][1] else "Sp"
            if state[1] == "r" and host.frames.in_use >= frames - 4:
                state = "Vz"
            if state == "Sp" and host.slots.device.used == host.slots.device.slots:
                state = "Sz"
            host.set_block(machine.guest_number, number, state, key=key, data=data)
        self._set_cpu(guest)
        if guest.data_seed % 3 == 0:
            host.send(0, "message")
            host.guests[0].console.receives = 0x40
        machine.events.clear()
        machine.storage.record.event_count = 0
        return machine

    def _set_cpu(self, guest: Guest) -> None:
        machine, cpu = self.machine, self.machine.cpu
        machine.gr[:] = guest.registers
        cpu.prefix = guest.prefix
        cpu.tod_epoch = guest.clock
        cpu.timer_zero = cpu.clock_comparator = guest.clock + 400 & (1 << 64) - 1
        if "restart" in guest.pending:
            cpu.restart = 1
        if "external" in guest.pending:
            cpu.external, machine.storage.record.floating = 0b0110, 0b1001
        if "machine check" in guest.pending:
            cpu.mck_code = MACHINE_CHECKS[guest.data_seed % 4]
        if "I/O" in guest.pending:
            record = machine.storage.record
            record.io, record.io_id, record.io_word = 1, 0x10000, 3 << 27
        if "comparator" in guest.pending:
            cpu.clock_comparator = 0
        if "timer" in guest.pending:
            cpu.timer_zero = guest.clock + 4 & (1 << 64) - 1
        for number, value in guest.controls:
            cpu.cr[number] |= np.uint64(value)
        machine.set_psw(*guest.psw)
        if "early" in guest.pending:
            cpu.psw_early = 1
        if "stopped" in guest.pending:
            cpu.stopped = 1 + guest.data_seed % 3

    def check(self) -> None:
        """The fences stand, and the host's books agree with each other."""
        assert all((fence == CANARY).all() for fence in self.fences)
        machine, host = self.machine, self.machine.host
        slots, frames = [], []
        for number, block in enumerate(machine.storage.blocks):
            assert state_of(block) in NAMES, f"block {number} is in no valid state: {block}"
            if block.invalid:
                assert block.frame == -1
                assert (block.slot == -1) == bool(block.zero)
            else:
                frames.append(int(block.frame))
                entry = host.frames.table[block.frame]
                assert (entry.guest, entry.block) == (machine.guest_number, number)
            if block.slot != -1:
                slots.append(int(block.slot))
        assert sorted([*frames, *host.frames.free]) == list(range(host.frames.count))
        assert len(set(slots)) == len(slots)
        assert not host.slots.device or sorted(slots) == sorted(host.slots.device._digests)
        pins = Counter(number for operation in host.guests[0].block_io.operations for number in operation.blocks)
        assert {n: int(count) for n, count in enumerate(machine.storage.blocks.pinned) if count} == pins
        assert not any(machine.storage.blocks.invalid[number] for number in pins)
        assert host.limit.pinned == len(pins)

    def state(self, stop) -> dict:
        """All there is to know when the machine has stopped."""
        machine, record = self.machine, self.machine.port
        events = [event.tolist() for chunk in machine.drain_events() for event in chunk]
        found = {name: np.asarray(machine.cpu[name]).tolist() for name in machine.cpu.dtype.names}
        for name in ("count", "idle", "stolen", "branch_count", "branch_from", "branch_to", "essa_count",
                     "interruption_count", "last_class", "last_code", "last_mask", "last_ia", "last_ilc", "last_teid",
                     "last_count"):  # fmt: skip
            found[name] = np.asarray(record[name]).tolist()
        found["discard_seed"] = int(machine.storage.record.discard_seed)
        blocks = machine.storage.blocks
        return found | {
            "stop": stop,
            "blocks": blocks.tolist(),
            "frames": machine.host.frames.table.tolist(),
            "storage": [machine.host.peek(0, n) for n, block in enumerate(blocks)],
            "console": machine.console,
            "messages": list(machine.host.guests[0].console.messages),
            "disk": self.disk.read(0, DISK_BLOCKS * BLOCK_SIZE),
            "ends": [operation.ends_at for operation in machine.host.guests[0].block_io.operations],
            "events": events,
            "statistics": machine.host.statistics(0).as_dict(),
        }


# --- ways of executing -----------------------------------------------------------------------------------------------


def run(machine):
    return machine.run(limit=LIMIT)


def step(machine):
    for _ in range(LIMIT):
        if stop := machine.step():
            return stop
    return machine._stop(Reason.LIMIT)


def slices(machine):
    """Of different lengths; and from the middle the end is reached twice, through a snapshot."""
    last = machine.count + LIMIT
    for length in (1, 7, 31, 0, 2, 50):
        stop = machine.run(limit=length)
        if stop.reason is not Reason.LIMIT:
            return stop
    saved = machine.snapshot()
    machine.run(limit=last - machine.count)
    machine.restore(saved)
    return machine.run(limit=last - machine.count)


def breakpoints(machine):
    """Some of them in handlers, some outside storage, one odd."""
    last = machine.count + LIMIT
    addresses = (CODE + 2, CODE + 8, CODE + 18, CODE + 0x40, CODE + 4, CODE + 33, SIZE, (1 << 64) - 2)
    while True:
        stop = machine.run(limit=last - machine.count, until=addresses)
        if stop.reason is not Reason.BREAKPOINT:
            return stop
        assert stop.psw_ia in addresses


WAYS = (run, step, slices, breakpoints)
_machines: dict[tuple[int, bool], Fenced] = {}


def executed(guest: Guest, way, *, tlb: bool = True) -> dict:
    fenced = _machines.get((guest.host, tlb))
    if fenced is None:
        fenced = _machines[guest.host, tlb] = Fenced(guest.host, tlb=tlb)
    machine = fenced.prepare(guest)
    stop = way(machine)
    fenced.check()
    assert stop.count <= LIMIT + 2 * LOOP
    return fenced.state(stop)


def differences(one: dict, other: dict) -> dict:
    return {name: (value, other[name]) for name, value in one.items() if value != other[name]}


def check(guest: Guest) -> dict:
    expected = executed(guest, run)
    for way in WAYS[1:]:
        assert not differences(expected, executed(guest, way)), way.__name__
    assert not differences(expected, executed(guest, run, tlb=False)), "without TLB"
    return expected


def test_random_guests(tmp_path):
    """Every way of executing is the same; and for the first of them, the same without compilation."""
    print(f"S390EMU_SEED={SEED}, {EXAMPLES} guests")
    done: list[tuple[tuple, dict]] = []

    @seed(SEED)
    @judged(EXAMPLES)
    @given(guests())
    def every_way(guest):
        found = check(guest)
        if len(done) < UNJITTED:
            done.append((tuple(guest), found))

    every_way()
    path = tmp_path / "guests"
    path.write_bytes(pickle.dumps(done))
    again = subprocess.run(
        [sys.executable, "-m", "tests.test_robustness", path], env=plainly.environment(), cwd=Path(__file__).parents[1],
        capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    assert again.returncode == 0, again.stdout + again.stderr


def repeat(path: str) -> int:
    """Execute the guests in the file, this time as plain Python: -> how many ended otherwise."""
    failed = 0
    for fields, expected in pickle.loads(Path(path).read_bytes()):
        guest = Guest(*fields)
        if differing := differences(expected, executed(guest, run)):
            print(f"{differing}\n{guest}")
            failed += 1
    return failed


if __name__ == "__main__":
    sys.exit(min(repeat(sys.argv[1]), 1))
