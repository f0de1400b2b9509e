"""What the host does in one compiled call is what it does step by step, to the clock's hand and the free frames."""

from __future__ import annotations

import os
import random

import pytest

from s390emu.architecture.page_states import IN, NONE, TOUCH, ZERO_FILL
from s390emu.architecture.sizes import BLOCK_SIZE
from s390emu.architecture.storage_key import CHANGE, REFERENCE
from s390emu.host import kernels
from s390emu.host.host import Host
from s390emu.host.pager import NoFrame, Pager
from s390emu.host.paging_device import PagingDevice, PagingFull
from s390emu.records.events import EVENT_HOST, EVENT_REFERENCE
from s390emu.records.exits import COMPLETED
from s390emu.storage.guest import GuestStorage
from tests.host.channel import BLOCK, BUFFER, DISK_BLOCKS, READ, WRITE, Channel, Entry

BLOCKS, FRAMES, STEPS = 32, 40, 120
SET_UNUSED = 2
USAGES = (1, SET_UNUSED, 3, 4)  # operation-request codes: set stable, unused, volatile, potentially volatile
# They differ in what `supply` does, and in what it leaves to the pager.
HOSTS = {
    "plain": {},
    "zero detection": {"zero_detect": True},
    "look-ahead": {"look_ahead": 6},
    "few slots": {"slots": 6},
    "no paging device": {"slots": 0},
    "chunks": {"chunk": 4, "chunk_policy": "split"},
    "zero-filled unused blocks": {"unused_access": "zerofill"},
    "several CPUs": {"cpus": 2},
    "watched": {"events": (1 << EVENT_HOST) | (1 << EVENT_REFERENCE)},
}


class World:
    """Two guests on a host with too few frames for both, and a random host's and guests' life."""

    def __init__(self, *, slots=64, cpus=1, events=0, **options):
        self.host = Host(FRAMES, PagingDevice(slots=slots) if slots else None, **options)
        self.storages = [GuestStorage(BLOCKS * BLOCK_SIZE, cpus=cpus) for _ in range(2)]
        for storage in self.storages:
            self.host.attach(storage)
            storage.record.event_mask = events

    def step(self, draw: random.Random) -> object:
        """Do something; return what came of it."""
        host, guest, number = self.host, draw.randrange(2), draw.randrange(BLOCKS)
        storage, what = self.storages[guest], draw.random()
        if what < 0.5:
            return self.touch(
                guest, number, draw.randrange(len(storage.ports)), draw.random() < 0.4, draw.random() < 0.7
            )
        if what < 0.75:
            if kernels.action_of(storage.address, number, orc := draw.choice(USAGES)) == NONE:
                kernels.transition(storage.address, number, orc, 0)
            return None
        if what < 0.85:
            return host.pager.release(host.guests[guest], number, min(number + draw.randrange(5), BLOCKS))
        if what < 0.9:
            return host.pressure(draw.randrange(FRAMES // 2, FRAMES + 1))
        if what < 0.95:
            try:
                return host.reclaim(guest, number)
            except PagingFull:
                return PagingFull
        if storage.blocks.pinned[number]:
            return host.unpin(guest, number)
        return host.limit.can_pin(host.guests[guest], [number]) and host.pin(guest, number)

    def touch(self, guest: int, number: int, cpu: int, stores: bool, ends: bool) -> int:
        """Let a CPU refer to a block, store into it perhaps, and perhaps end the instruction."""
        storage, outcome = self.storages[guest], COMPLETED
        if kernels.action_of(storage.address, number, TOUCH) in (IN, ZERO_FILL):
            outcome = self.host.resolve(guest, number, cpu)
        if not storage.blocks.invalid[number]:
            frame = storage.blocks.frame[number]
            self.host.frames.table.key[frame] |= REFERENCE | (CHANGE if stores else 0)
            if stores:
                self.host.frames.memory[frame, :8] = number
        if ends:
            storage.ports[cpu].count += 1
        return outcome

    def state(self) -> list:
        """Return all that the host knows, and what was recorded."""
        saved = self.host.snapshot()
        frames = [part.tolist() if hasattr(part, "tolist") else part for part in saved.frames]
        guests = [
            (kept.blocks.tolist(), kept.statistics, kept.waiting, kept.claims, kept.moved) for kept in saved.guests
        ]
        slots = saved.slots.device and (saved.slots.device.digests, saved.slots.device.free)
        events = [storage.events[: int(storage.record.event_count)].tolist() for storage in self.storages]
        return [frames, slots, list(saved.slots.retained), saved.limit, saved.delays, saved.clock, guests, events]


@pytest.mark.parametrize("name", HOSTS)
def test_one_call_does_what_the_steps_do(name, monkeypatch):
    one_call, steps = World(**HOSTS[name]), World(**HOSTS[name])
    supplied, release, found, released = Pager._supplied, kernels.release, set(), set()

    def only_one(pager, *block):
        given = pager is one_call.host.pager and supplied(pager, *block)
        found.add(given)
        return given

    def released_by_one(pool, guest, first, beyond):
        left = release(pool, guest, first, beyond) if pool == one_call.host.pager.pool else first
        released.add(left > first)
        return left

    monkeypatch.setattr(Pager, "_supplied", only_one)
    monkeypatch.setattr(kernels, "release", released_by_one)
    draws = random.Random(1), random.Random(1)
    for number in range(STEPS):
        assert one_call.step(draws[0]) == steps.step(draws[1]), number
        assert one_call.host.pager.clock.left is None
        if number % 20 == 19:
            assert one_call.state() == steps.state(), number
    assert (True in found) == (True in released) == (name not in ("chunks", "watched"))


def test_a_victim_that_cannot_be_written_out_goes_first_when_it_can():
    """A block that costs nothing is taken instead, and if there is none the guest is told so."""
    host, storage = Host(16, PagingDevice(slots=1)), GuestStorage(32 * BLOCK_SIZE)
    host.attach(storage)
    for number in range(17):
        host.pagein(0, number)
        host.frames.table.key[:] = CHANGE
    with pytest.raises(NoFrame, match=r"slots of .* are in use"):
        host.pagein(0, 17)
    assert host.pager.clock.left is None
    kernels.transition(storage.address, 5, SET_UNUSED, 0)
    assert host.pagein(0, 17) == ZERO_FILL
    assert [storage.block(number).name for number in (0, 5, 17)] == ["Sp", "Uz", "Sr"]


# --- buffers of block I/O --------------------------------------------------------------------------------------------

STATES = ["Sr", "Sp", "Sz", "Ur", "Uz", "Vr", "Vz", "Pr"]


def entries(draw: random.Random) -> list[Entry]:
    """Return entries of which many follow each other on the disk, some are wrong, and some lie in two blocks."""
    found, block = [], 1
    for _ in range(draw.randrange(1, 8)):
        block = block % DISK_BLOCKS + 1 if draw.random() < 0.8 else draw.randrange(0, DISK_BLOCKS + 2)
        kind = draw.choices([READ, WRITE, 3], [8, 1, 1])[0]
        buffer = BUFFER + draw.randrange(24) * BLOCK + (BLOCK // 2 if draw.random() < 0.1 else 0)
        found.append(Entry(kind, block, buffer, reserved=draw.random() < 0.05))
    return found


@pytest.mark.parametrize("cut", [False, True], ids=["", "file cut"])
@pytest.mark.parametrize("watched", [False, True], ids=["", "watched"])
def test_reads_together_are_what_they_are_one_by_one(tmp_path, monkeypatch, watched, cut):
    channels = [Channel(tmp_path / name, frames=24) for name in ("together", "single")]
    place, placed = Pager.place, [0]

    def only_together(pager, *buffers):
        placed.append(place(pager, *buffers) if pager is channels[0].host.pager else 0)
        return placed[-1]

    monkeypatch.setattr(Pager, "place", only_together)
    for channel in channels:
        channel.initialize()
        if watched:
            channel.machine.watch(EVENT_HOST, EVENT_REFERENCE)
        if cut:
            os.truncate(channel.path, 4 * BLOCK)
    draw = random.Random(2)
    for _ in range(12):
        wanted, state = entries(draw), draw.choice(STATES)
        number, key, access = BUFFER // BLOCK + draw.randrange(24), draw.choice([0, 0x10]), draw.choice([0, 0, 2])
        seen = []
        for channel in channels:
            channel.host.set_block(0, number, state, key=key)
            answer = channel.transfer(*wanted, key=access)
            assert channel.host.pager.clock.left is None
            statistics = channel.host.statistics(0)
            events = [event.tolist() for chunk in channel.machine.drain_events() for event in chunk]
            blocks = [(block.name, block.key) for block in channel.machine.blocks()]
            resident = [n for n, (name, _) in enumerate(blocks) if name[1] == "r"]
            contents = [channel.machine.read(n * BLOCK, 16) for n in resident]
            seen.append(
                (answer, channel.statuses(len(wanted)), statistics, blocks, contents, channel.on_disk(0), events)
            )
        assert seen[0] == seen[1]
    assert (max(placed) > 1) == (not watched)
