"""What is told of a run: the life of a block, totals."""

from __future__ import annotations

from collections import Counter

import pytest

from s390emu.host.host import Host
from s390emu.host.paging_device import PagingDevice
from s390emu.machine import Machine, Recorder
from s390emu.records.events import EVENT_ESSA, EVENT_HOST
from s390emu.reports.demo import life, totals, totals_lines
from s390emu.reports.timeline import event_line

# Block 8 is made unused and stable again and again; block 9 is written, read back, and made unused.
SOURCE = """
start:  llilf   %r1,0x8000
        llilf   %r2,0x9000
        stg     %r1,0(%r1)
        stg     %r1,0(%r2)
again:  essa    %r3,%r1,2
        essa    %r3,%r1,1
        brct    %r4,again
        lg      %r5,0(%r2)
        essa    %r3,%r2,2
"""


@pytest.fixture
def run():
    """The machine after the run, and what happened in it."""
    machine, recorder = Machine.from_source(SOURCE, host=Host(64, PagingDevice())), Recorder(EVENT_ESSA, EVENT_HOST)
    machine.observe(recorder)
    machine.gr[4] = 3
    machine.run(13)
    machine.host.reclaim(machine.guest_number, 9)
    machine.run(2)
    machine.observers.deliver()
    return machine, recorder.taken()


def test_the_life_is_of_the_block_with_the_most_different_changes(run):
    shown, changes = life(run[1], 16)
    assert [event_line(event, {"start": 0x10000}) for event in shown] == [
        "         3 page         block   0x9000 Sz -> Sr  touch, zero filled",
        "        13 page         block   0x9000 Sr -> Sp  host reclaim, written out",
        "        13 page         block   0x9000 Sp -> Sr  touch, read back",
        "        14 page         block   0x9000 Sr -> Ur  guest ORC 2, 0x1002a <start+0x2a>",
    ]
    assert changes == 4


def test_a_life_has_each_kind_of_change_once_and_so_many_at_most(run):
    _machine, chunks = run
    of_block_8 = [chunk[chunk["block"] == 8] for chunk in chunks]
    shown, changes = life(of_block_8, 16)
    assert ([int(event.detail) for event in shown[1:]], changes) == ([2, 1], 7)
    assert len(life(of_block_8, 2)[0]) == 2


def test_without_events_there_is_no_life():
    assert life([], 16) == ([], 0)


def test_totals_have_faults_only_where_they_were_watched(run):
    machine, _ = run
    assert not [name for name in totals(machine) if "fault" in name]
    assert totals(machine, [])["discard faults delivered"] == 0


def test_totals_as_lines():
    told = {"instructions": 1234567, "by state": Counter(Ur=1000, Sp=2), "none at all": {}, "words": "as they are"}
    assert [line.split("  ")[0] + "|" + line.split("  ")[-1].strip() for line in totals_lines(told)] == [
        "instructions|1,234,567", "by state|Ur 1,000, Sp 2", "none at all|none", "words|as they are",
    ]  # fmt: skip
