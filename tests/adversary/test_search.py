"""The search as a whole: singles, pairs, at random; the same whatever the number of processes; planted bugs."""

from __future__ import annotations

import os
import signal
import tempfile

import numpy as np
import pytest

from s390emu._jit import JIT
from s390emu.adversary.exploration import repeat
from s390emu.adversary.moves import KINDS
from s390emu.adversary.search import CannotSearch, Plan, Search, chosen, spread, stride
from s390emu.guests import toy_kernel
from s390emu.host.host import Host
from s390emu.host.paging_device import PagingDevice
from s390emu.machine import Machine
from tests.adversary import planted
from tests.adversary.conftest import STORAGE

DISCARDS = KINDS["discard"]
jitted = pytest.mark.skipif(not JIT, reason="millions of instructions")


@pytest.mark.parametrize("total", [1, 2, 3, 64, 578, 1000])
def test_every_place_is_visited_once(total):
    assert sorted(spread(total, 5, 0, total)) == list(range(total))
    assert list(spread(total, 5, total, total + 9)) == []


def test_an_early_stop_has_seen_all_of_the_run():
    places = np.sort(spread(10_000, 0, 0, 100))
    assert np.diff(places).max() < 250
    assert stride(1) == 1


def test_literal_points_are_all_of_them(small):
    points = Search(small, Plan("literal", DISCARDS)).bench.points
    total = int((points["last"] - points["first"] + 1).sum())
    found = {(int(p["last"]), int(p["block"])) for p in chosen(points, True, np.arange(total))}
    assert found == {(n, int(p["block"])) for p in points for n in range(p["first"], p["last"] + 1)}


@pytest.mark.parametrize("mode", ["exhaustive", pytest.param("literal", marks=jitted)])
def test_small_guest_singles_and_all_pairs(small, mode):
    found = Search(small, Plan(mode, DISCARDS, most=10_000)).run()
    assert found.bug is None and found.complete and not found.interrupted
    assert found.tried == (found.classes if mode == "exhaustive" else found.points)
    assert found.pairs_firsts == found.tried
    assert found.pairs_tried == found.pairs_classes if mode == "exhaustive" else found.pairs_points


@pytest.mark.parametrize("most", [1, 5, 9])
def test_bound(small, most):
    found = Search(small, Plan("exhaustive", DISCARDS, most=most)).run()
    assert found.attempts == most and not found.complete


@jitted
def test_toy_kernel_singles_are_all_right(tiny):
    found = Search(tiny, Plan("exhaustive", DISCARDS, jobs=2)).run()
    assert found.bug is None
    assert found.tried == found.classes > 400
    assert found.pairs_tried == found.classes


@jitted
def test_everything_reclaimed_is_everything_kept(tiny):
    found = Search(tiny, Plan("exhaustive", KINDS["all"], most=300, seed=4)).run()
    assert found.bug is None and found.tried == 300 < found.classes


@jitted
def test_random_runs(tiny):
    found = Search(tiny, Plan("random", KINDS["all"], seed=1, most=12)).run()
    assert found.bug is None and found.complete
    assert found.runs == 12
    assert all(found.moves[verb] > 0 for verb in ("discard", "reclaim", "pagein"))


def planted_guest(bug, tunables=planted.LARGER):
    program = toy_kernel.build(**tunables, PLANT=planted.BUGS[bug])

    def make():
        machine = Machine(STORAGE, host=Host(STORAGE // 4096, PagingDevice()))
        machine.load(program)
        return machine

    return make


@jitted
@pytest.mark.parametrize("bug", planted.BUGS)
def test_planted_bugs_are_found_and_repeated(bug):
    make = planted_guest(bug)
    found = Search(make, Plan("exhaustive", DISCARDS)).run()
    assert found.bug is not None
    machine = make()
    stop = repeat(machine, found.bug.moves, found.expected.limit(len(found.bug.moves)), machine.run)
    assert (stop, machine.console) == (found.bug.stop, found.bug.console)
    assert found.expected.fault_of(machine, stop) == found.bug.fault


@jitted
def test_processes_make_no_difference():
    make = planted_guest("R10: the log's copy freed though the block is gone")
    alone, together = (Search(make, Plan("exhaustive", DISCARDS, jobs=jobs)).run() for jobs in (1, 2))
    assert alone.bug == together.bug
    assert (alone.tried, alone.points, alone.classes) == (together.tried, together.points, together.classes)


@jitted
def test_no_paging_file_is_left_behind(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    search = Search(tiny, Plan("exhaustive", DISCARDS, most=200, jobs=2))
    assert search.run().bug is None
    search.bench.machine.host.slots.device.close()
    assert list(tmp_path.iterdir()) == []


@jitted
def test_a_process_that_is_ended_while_it_begins_leaves_no_paging_file(tiny, tmp_path, monkeypatch):
    """It begins with the guest's undisturbed run, and may be ended in the middle of that."""
    search = Search(tiny, Plan("exhaustive", DISCARDS, jobs=2))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(Machine, "run", lambda machine, limit: os.kill(os.getpid(), signal.SIGKILL))
    child = os.fork()
    if child == 0:
        search._state()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    assert list(tmp_path.iterdir()) == []


@jitted
def test_random_host_finds_a_planted_bug():
    make = planted_guest(planted.EASY, planted.TINY)
    found = Search(make, Plan("random", DISCARDS, seed=2, most=50)).run()
    assert found.bug is not None
    machine = make()
    assert repeat(machine, found.bug.moves, found.expected.limit(500), machine.run) == found.bug.stop


def test_few_frames_are_for_the_literal_mode(tiny):
    with pytest.raises(CannotSearch, match=r"40 frames for 72 blocks.*--adversary literal"):
        Search(lambda: tiny(frames=40), Plan("exhaustive", DISCARDS))


def test_a_guest_that_ends_badly_by_itself():
    guest = "start: larl %r1,end\n lpswe 0(%r1)\n .balign 8\nend: .quad 0x0002000180000000,9"
    with pytest.raises(CannotSearch, match="ends with exit code 9 after 2 instructions"):
        Search(lambda: Machine.from_source(guest), Plan("exhaustive", DISCARDS))


def test_a_guest_that_does_not_end():
    with pytest.raises(CannotSearch, match="instruction limit after 500"):
        Search(lambda: Machine.from_source("start: j start"), Plan("exhaustive", DISCARDS, limit=500))


def test_ctrl_c_keeps_what_was_found(small):
    def tell(tried, planned):
        raise KeyboardInterrupt

    found = Search(small, Plan("exhaustive", DISCARDS), tell).run()
    assert found.interrupted and found.tried > 0 and found.bug is None


def test_guest_whose_end_hangs_on_what_the_tlb_still_has_is_refused():
    """It changes the table entry of a page that it has used, and does not purge the TLB: the references of its run,
    recorded without one, would be another run's."""
    table, page, other = 0x11000, 0x20000, 0x21000
    source = f"""
start:  llilf %r5,{page:#x}
        llilf %r6,{other:#x}
        llilf %r7,{table + 8 * (page >> 12):#x}
        lg    %r1,0(%r5)
        stg   %r6,0(%r7)
        lg    %r1,0(%r5)
        ltgr  %r1,%r1
        jz    1f
        larl  %r1,1f
1:      larl  %r2,end
        lpswe 0(%r2)
        .balign 8
end:    .quad 0x0002000180000000,0
"""

    def make():
        machine = Machine.from_source(source, 1 << 18, host=Host(64))
        for number in range(64):
            machine.write(table + 8 * number, (number << 12).to_bytes(8, "big"))
        machine.write(0x12000, table.to_bytes(8, "big"))
        machine.write(other, b"12345678")
        machine.cr[1] = 0x12000
        machine.set_psw(1 << 58 | machine.psw[0], machine.psw[1])
        return machine

    with pytest.raises(CannotSearch, match="does not purge the TLB"):
        Search(make, Plan("exhaustive", DISCARDS))
