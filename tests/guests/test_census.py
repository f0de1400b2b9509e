"""Blocks by state, counted while a guest runs."""

from __future__ import annotations

import pytest

from s390emu.architecture.page_states import NAMES, STATES
from s390emu.guests.census import Census, Count, Mark, counted
from s390emu.machine import Machine, Reason, Recorder, Schedule
from s390emu.records.events import EVENT_ESSA, EVENT_HOST

BLOCKS = 256
# Writes a block after the other, and gives up every block as it goes to the next: 5 instructions a block.
WALK = """
start:  llilf   %r2,0x20000
loop:   stg     %r2,0(%r2)
        essa    %r3,%r2,2
        aghi    %r2,4096
        brct    %r4,loop
        larl    %r1,end
        lpswe   0(%r1)
        .balign 8
end:    .quad   0x0002000180000000,0
"""


def walking(blocks, **options):
    machine = Machine.from_source(WALK, **options)
    machine.gr[4] = blocks
    return machine


def in_state(count: Count, name: str) -> int:
    return count.blocks[STATES[name]]


def test_each_count_has_every_block_once():
    census = Census(walking(100), step=10)
    census.run(None, None)
    assert {sum(count.blocks.values()) for count in census.counts} == {BLOCKS}
    assert {tuple(count.blocks) for count in census.counts} == {tuple(NAMES)}


def test_counts_are_at_multiples_of_the_step_and_at_the_end():
    census = Census(walking(10), step=10)
    assert census.run(None, None).reason is Reason.DISABLED_WAIT
    assert [count.instructions for count in census.counts] == [0, 10, 20, 30, 40, 43]
    assert [in_state(count, "Ur") for count in census.counts] == [0, 2, 5, 7, 10, 10]


def test_whenever_there_are_too_many_half_as_many_are_taken():
    census = Census(walking(100), most=4, step=10)
    census.run(None, None)
    assert [count.instructions for count in census.counts] == [0, 160, 320, 403]
    assert census.step == 160


def test_the_counts_of_a_run_are_those_of_a_run_in_parts():
    whole, parts = Census(walking(100), most=8, step=10), Census(walking(100), most=8, step=10)
    whole.run(None, None)
    while parts.run(7, None).reason is Reason.LIMIT:
        pass
    assert parts.counts == whole.counts


@pytest.mark.parametrize("limit", [25, 30])
def test_a_limit_ends_the_run(limit):
    census = Census(walking(100), step=10)
    assert census.run(limit, None).reason is Reason.LIMIT
    assert census.machine.count == census.counts[-1].instructions == limit


def test_a_timeout_ends_the_run():
    census = Census(Machine.from_source("start: j start"), step=1000)
    assert census.run(None, 0.05).reason is Reason.TIMEOUT


@pytest.mark.parametrize("cpus", [1, 2])
def test_counting_changes_nothing_of_the_execution(cpus):
    source = "start: lghi %r3,1\n sigp %r2,%r3,6\n" + WALK.replace("start:", "again:")
    alone, counted = (
        Machine.from_source(source, cpus=cpus, schedule=Schedule(cpus, 7, 3), tlb=False) for _ in range(2)
    )
    for machine in (alone, counted):
        machine.write(0x1A0, bytes.fromhex("0000000180000000") + (0x10000).to_bytes(8, "big"))
        machine.gr[4] = 50
    census = Census(counted, step=3)
    stops = alone.run(500), census.run(500, None)
    assert stops[0] == stops[1]
    assert alone.cpu_array.tobytes() == counted.cpu_array.tobytes()
    assert alone.blocks() == counted.blocks()


def test_a_note_marks_the_moment():
    census = Census(walking(100), step=10)
    census.note("begin")
    census.run(13, None)
    census.note("later")
    assert census.marks == [Mark(0, "begin"), Mark(13, "later")]


def test_counts_from_events_are_those_that_looking_at_the_guest_finds():
    machine = walking(100)
    states, recorder = machine.storage.states(), Recorder(EVENT_ESSA, EVENT_HOST)
    machine.observe(recorder)
    last = machine.run().count
    machine.observers.deliver()
    events = [event for chunk in recorder.chunks for event in chunk]
    for count in counted(states, events, last, most=30):
        again = walking(100)
        again.run(count.instructions) if count.instructions else None
        found = again.storage.states().tolist()
        assert count.blocks == {state: found.count(state) for state in NAMES}
