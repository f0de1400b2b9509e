"""Whatever a guest is watched, stopped, recorded or disturbed with: translated or not, it is the same execution."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from s390emu._jit import JIT
from s390emu.adversary.exploration import Expected
from s390emu.adversary.moves import KINDS
from s390emu.adversary.random_host import random_run
from s390emu.assembler.assemble import assemble
from s390emu.host.host import Host
from s390emu.host.paging_device import PagingDevice
from s390emu.machine import Machine, Reason
from s390emu.machine.observe import Recorder
from s390emu.recording import Recording, RunRecorder, Writer
from s390emu.recording.replayer import digest
from s390emu.records.events import EVENT_ESSA, EVENT_TOUCH
from s390emu.regions import translator
from s390emu.regions.modes import ALWAYS, NEVER, SYNC
from s390emu.sanitizer.pages import Sanitizer

pytestmark = pytest.mark.skipif(not JIT, reason="only compiled code is translated")

RAM, FRAMES = 1 << 18, 40
LOOP, PAGE = 0x10000 + 0x30, 0x18000
GUEST = f"""
start:  larl  %r1,new               # a block that the host has discarded: stable again
        mvc   0x1d0(16),0(%r1)
        lghi  %r5,60                # pages, each used by a loop, then volatile, unused, stable
        llilf %r1,{PAGE:#x}
        j     next
        .org  start+{LOOP - 0x10000:#x}
next:   lghi  %r4,30
loop:   stg   %r4,0(%r1)
        ag    %r3,0(%r1)
        brasl %r14,mix
        brctg %r4,loop
        stg   %r3,16(%r1)
        essa  %r2,%r1,3
        lg    %r6,0(%r1)
        essa  %r2,%r1,2
        essa  %r2,%r1,1
        aghi  %r1,4096
        clgfi %r1,0x30000
        jl    again
        llilf %r1,{PAGE:#x}
again:  brctg %r5,next
        larl  %r1,end
        lpswe 0(%r1)
lost:   lg    %r8,0xa8
        nill  %r8,0xf000
        essa  %r2,%r8,1
        aghi  %r9,1
        lpswe 0x150
        .balign 8
new:    .quad 0x0000000180000000,lost
end:    .quad 0x0002000180000000,0
        .balign 4096
mix:    xgr   %r7,%r3               # a page of its own
        rllg  %r7,%r7,3
        br    %r14
"""
Told = list[object]


class Pausing(Recorder):
    """Ends the run at each store that it watches."""

    def look(self) -> bool:  # type: ignore[override]
        return True


def made(mode: str) -> Machine:
    """Return the guest in a host that has fewer frames than it has blocks."""
    machine = Machine(RAM, host=Host(FRAMES, PagingDevice()), translate=mode)
    machine.load(assemble(GUEST, origin=0x10000))
    return machine


def whole(machine: Machine, path: Path) -> Told:
    """Just run it."""
    return [machine.run()]


def stepping(machine: Machine, path: Path) -> Told:
    """Step in the middle of the loop."""
    machine.run(2000)
    steps: Told = []
    for _ in range(300):
        steps.append((machine.step(), machine.psw, machine.count, machine.branches()))
    return [*steps, machine.run()]


def breakpoints(machine: Machine, path: Path) -> Told:
    """Stop at a branch, and in the function; then no more."""
    machine.run(1500)
    return [machine.run(until=[LOOP + 4 + 12, 0x11006]) for _ in range(150)] + [machine.run()]


def watched(machine: Machine, path: Path) -> Told:
    """Be told of each store into a range, and stop after it."""
    machine.run(1000)
    observer = Pausing(EVENT_ESSA, EVENT_TOUCH)
    machine.observe(observer)
    machine.observers.watch_range(observer, PAGE + 4096, PAGE + 4096 + 8)
    stops: Told = []
    while not stops or stops[-1].reason is Reason.WATCHED:
        stops.append(machine.run())
    machine.drain_events()
    assert len(stops) > 50
    return [*stops, [event.tolist() for chunk in observer.chunks for event in chunk]]


def recorded(machine: Machine, path: Path) -> Told:
    """Record it, and go to moments of the recording: machines of the same mode."""
    with RunRecorder(machine, Writer(path / "a", options={}), 700, per_byte=0) as recorder:
        end = recorder.run(20_000)
    mode = machine.translator.mode if machine.translator else NEVER
    with Recording.open(path / "a", lambda options: made(mode)) as recording:
        moments = [(count, digest(recording.machine_at(count))) for count in (0, 699, 2345, 5000, end.count)]
        return [end, moments, [(each.count, each.digest) for each in recording.checkpoints]]


def sanitized(machine: Machine, path: Path) -> Told:
    """Let the sanitizer watch it."""
    sanitizer = Sanitizer(machine)
    stop = machine.run()
    sanitizer.finish()
    return [stop, [(each.rule, str(each)) for each in sanitizer.violations]]


def disturbed(machine: Machine, path: Path) -> Told:
    """Let a random adversary take what it may, in runs from the same beginning."""
    start = machine.snapshot()
    expected = Expected.of(machine, machine.run())
    runs: Told = []
    for seed in range(12):
        machine.restore(start)
        runs.append((*random_run(machine, expected, KINDS["all"], str(seed)), digest(machine)))
    assert machine.gr[9] or any(counts["discard"] for _, counts, _ in runs)
    return runs


@pytest.mark.parametrize("way", [whole, stepping, breakpoints, watched, recorded, sanitized, disturbed])
def test_it_is_the_same_execution(way: Callable[[Machine, Path], Told], tmp_path, monkeypatch):
    monkeypatch.setattr(translator, "INTERVAL", 100)
    told = {}
    for mode in (NEVER, SYNC, ALWAYS):
        machine = made(mode)
        (tmp_path / mode).mkdir()
        told[mode] = [*way(machine, tmp_path / mode), machine.count, digest(machine)]
        assert mode == NEVER or machine.translator.serial, mode
    assert told[SYNC] == told[NEVER]
    assert told[ALWAYS] == told[NEVER]
