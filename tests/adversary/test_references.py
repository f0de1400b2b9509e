"""Which points of a run are the same: against a host that looks at every boundary, and against trying them all."""

from __future__ import annotations

import pytest

from s390emu._jit import JIT
from s390emu.adversary.exploration import Expected
from s390emu.adversary.moves import DISCARDING, RECLAIMING, VERBS, Move, possible
from s390emu.adversary.references import ReferenceLog, points_of
from s390emu.architecture.sizes import BLOCK_SIZE
from s390emu.host.block_device import BlockDevice
from s390emu.host.devices import ServiceTimes
from s390emu.host.host import Host
from s390emu.host.paging_device import PagingDevice
from s390emu.machine import Machine, Reason
from s390emu.records.events import EVENT_REFERENCE

LIMIT = 1_000_000
EVERY = 17


def seen(machine: Machine, verbs, every: int = 1, limit: int = LIMIT) -> set[tuple[int, int, int]]:
    """(instruction, verb, block) at each boundary, or at one of so many, by looking."""
    points: set[tuple[int, int, int]] = set()
    while machine.count < limit:
        now = {(machine.count, verb, block) for verb, block in possible(machine, verbs)}
        before = machine.count
        if machine.run(every).reason is not Reason.LIMIT:
            return points | now if machine.count > before else points
        points |= now
    return points


def expanded(points) -> list[tuple[int, int, int]]:
    return [(n, int(p["verb"]), int(p["block"])) for p in points for n in range(p["first"], p["last"] + 1)]


@pytest.mark.parametrize("verbs", [(DISCARDING,), (DISCARDING, RECLAIMING)], ids=["discard", "all"])
def test_classes_are_the_points_that_are_seen_at_each_boundary(small, verbs):
    points, stop = points_of(small(), verbs, LIMIT)
    assert stop.exit_code == 0
    assert sorted(expanded(points)) == sorted(seen(small(), verbs))


@pytest.mark.skipif(not JIT, reason="thousands of instructions, one by one")
def test_classes_of_the_toy_kernel(tiny):
    machine = tiny()
    points, stop = points_of(machine, (DISCARDING,), LIMIT)
    assert stop.exit_code == 0
    found = expanded(points)
    assert len(found) == len(set(found))
    assert {point for point in found if point[0] % EVERY == 0} == seen(tiny(), (DISCARDING,), EVERY)


def outcome(machine: Machine, move: Move):
    """All that a guest, or who looks at it, can tell."""
    machine.run(move.after - machine.count)
    move.perform(machine)
    stop = machine.run(LIMIT)
    contents = [machine.read(block.number * BLOCK_SIZE, BLOCK_SIZE) for block in machine.blocks()]
    return stop, list(machine.gr), machine.console, machine.blocks(), contents


def test_all_points_of_a_class_come_to_the_same(small):
    """Literally: each point of each class, to the last byte and key."""
    machine = small()
    saved = machine.snapshot()
    points, _ = points_of(machine, (DISCARDING,), LIMIT)
    assert 5 < len(points) < len(expanded(points))
    for point in points:
        ends = []
        for count in range(point["first"], point["last"] + 1):
            machine.restore(saved)
            ends.append(outcome(machine, Move(count, "discard", int(point["block"]) * 4096)))
        assert all(end == ends[0] for end in ends), point


@pytest.mark.skipif(not JIT, reason="millions of instructions")
def test_points_of_a_class_of_the_toy_kernel_come_to_the_same(tiny):
    """The first, the last and some in between."""
    machine = tiny()
    saved = machine.snapshot()
    points, _ = points_of(machine, (DISCARDING,), LIMIT)
    for point in points[::16]:
        ends = []
        for count in {int(point["first"]), int(point["first"] + point["last"]) // 2, int(point["last"])}:
            machine.restore(saved)
            ends.append(outcome(machine, Move(count, "discard", int(point["block"]) * 4096)))
        assert all(end == ends[0] for end in ends), point


def test_a_class_ends_where_a_key_is_inspected(small):
    """ISKE refers to the third block: a discard is seen by it, as R and C."""
    points, _ = points_of(small(), (DISCARDING,), LIMIT)
    machine = small()
    third = max(int(p["block"]) for p in points)
    first_class = min(int(p["last"]) for p in points if p["block"] == third)
    machine.run(first_class)
    assert machine.read(machine.psw[1], 2) == bytes.fromhex("b229")


# A disk is written from a volatile block, and the guest waits in a loop; its interruption looks at the block's state.
DISK = """
start:  larl  %r1,constants
        mvc   0x1b0(16),0(%r1)
        lctlg %c0,%c0,16(%r1)
        larl  %r2,initialize
        lghi  %r4,0
        diag  %r2,%r4,0x250
        larl  %r5,buffer
        sske  %r0,%r5
        essa  %r0,%r5,3
        larl  %r2,transfer
        lghi  %r4,1
        diag  %r2,%r4,0x250
        stosm 0x200,1
1:      larl  %r10,flag
        lt    %r7,0(%r10)
        jz    1b
        essa  %r0,%r5,1
        larl  %r1,constants
        lpswe 24(%r1)
ended:  essa  %r8,%r5,0
        larl  %r9,flag
        mvhi  0(%r9),1
        lpswe 0x130
        .balign 8
constants:
        .quad 0x0000000180000000,ended,0x2E0,0x0002000180000000,0
flag:   .quad 0
        .balign 64
initialize:
        .quad 0x0100800000000000,0,0,0x0000100000000000,0,0,0,0
transfer:
        .quad 0x0100800000000000,0,0,0x0002000000000001,0,0,entry,0
entry:  .quad 0x0100000000000000,1,buffer
        .balign 4096
buffer: .skip 4096
"""


@pytest.mark.parametrize("service", [ServiceTimes(), ServiceTimes(disk_latency=40)], ids=["at once", "later"])
def test_a_block_can_be_taken_when_the_disk_is_done_with_it_and_not_before(service, tmp_path):
    """The host ends the operation at a boundary, after whoever may take the block there: it is pinned still."""
    (tmp_path / "disk").write_bytes(bytes(8192))
    host = Host(32, service=service)
    machine = Machine.from_source(DISK, 1 << 17, host=host)
    host.attach_disk(machine.guest_number, 0x100, BlockDevice(tmp_path / "disk"))
    start = machine.snapshot()
    points, stop = points_of(machine, (DISCARDING,), LIMIT)
    assert stop.exit_code == 0
    machine.restore(start)
    assert sorted(expanded(points)) == sorted(seen(machine, (DISCARDING,)))


def test_tracing_leaves_the_run_as_it_is(small):
    plain, traced = small(), small()
    stop = plain.run(LIMIT)
    _, traced_stop = points_of(traced, (DISCARDING,), LIMIT)
    assert (stop, list(plain.gr)) == (traced_stop, list(traced.gr))
    assert traced.storage.record.tlb_on == 1
    assert traced.drain_events() == []


def test_a_run_that_does_not_end_is_cut(small):
    machine = small()
    points, stop = points_of(machine, (DISCARDING,), 10)
    assert (stop.reason, stop.count) == (Reason.LIMIT, 10)
    assert max(int(p["last"]) for p in points) == 9


def test_stable_blocks_can_be_reclaimed_only():
    machine = Machine.from_source("start: larl %r1,end\n lpswe 0(%r1)\n .balign 8\nend: .quad 0x0002000180000000,0",
                                  host=Host(256, PagingDevice()))  # fmt: skip
    assert possible(machine, (DISCARDING,)) == []
    assert [VERBS[verb] for verb, _ in possible(machine, (DISCARDING, RECLAIMING))] == ["reclaim"]
    assert Expected.of(machine, machine.run(LIMIT)).exit_code == 0


def test_a_pinned_block_is_at_no_point(small):
    """While I/O goes on nothing can be done to the block; and the end of I/O is a reference too."""
    machine = small()
    machine.run(16)
    verb, block = possible(machine, (DISCARDING,))[0]
    machine.host.pin(machine.guest_number, block)
    assert (verb, block) not in possible(machine, (DISCARDING,))
    log = ReferenceLog(machine, (DISCARDING,))
    machine.watch(EVENT_REFERENCE)
    machine.run(2)
    machine.host.unpin(machine.guest_number, block)
    machine.run(1)
    for chunk in machine.drain_events():
        log.add(chunk)
    first = [int(p["first"]) for p in log.finish(machine) if p["block"] == block]
    assert all(count >= 18 for count in first)
