"""Several observers of one guest: each gets what it asked for, and takes only its own wishes with it."""

from __future__ import annotations

import pytest

from s390emu.machine import Machine, Recorder
from s390emu.machine.observe import kinds_of
from s390emu.records.blocks import WATCH_FETCH, WATCH_STORE
from s390emu.records.events import EVENT_ESSA, EVENT_KEY, EVENT_PSW, EVENT_PURGE, EVENT_STORE, EVENT_TABLE, EVENT_TOUCH

DATA = 0x20000  # what the guest fetches and stores
BLOCK = DATA // 4096
GUEST = f"""
start:  llilf %r2,{DATA}
again:  lg    %r3,8(%r2)
        stg   %r3,16(%r2)
        stg   %r3,0x800(%r2)
        j     again
"""
FETCH, FIRST_STORE, SECOND_STORE = (DATA + 8, 0), (DATA + 16, 1), (DATA + 0x800, 1)
ONCE, LOOP = 5, 4  # instructions until all of them have been executed; ... and again


class Looker(Recorder):
    """A recorder of accesses that notes at which instructions it could look."""

    def __init__(self, machine: Machine):
        super().__init__(EVENT_TOUCH)
        self.machine, self.looked = machine, []
        machine.observe(self)

    def look(self) -> None:
        self.looked.append(self.machine.count)

    def seen(self) -> list[tuple[int, int]]:
        """Return address and kind of the accesses it was told of since the last call."""
        self.machine.observers.deliver()
        return [(int(event.before), int(event.detail)) for chunk in self.taken() for event in chunk]


@pytest.fixture
def machine():
    return Machine.from_source(GUEST, 1 << 18)


def test_each_is_told_of_the_accesses_that_it_watches(machine):
    reader, writer = Looker(machine), Looker(machine)
    machine.observers.watch(reader, BLOCK, WATCH_FETCH)
    machine.observers.watch(writer, BLOCK, WATCH_STORE)
    machine.run(ONCE)
    assert reader.seen() == [FETCH]
    assert writer.seen() == [FIRST_STORE, SECOND_STORE]


def test_who_watches_nothing_is_told_nothing(machine):
    watcher, idle = Looker(machine), Looker(machine)
    machine.observers.watch(watcher, BLOCK, WATCH_STORE)
    machine.run(ONCE)
    assert idle.seen() == []


def test_one_that_leaves_does_not_end_the_watch_of_another(machine):
    stays, leaves = Looker(machine), Looker(machine)
    for observer in (stays, leaves):
        machine.observers.watch(observer, BLOCK, WATCH_STORE)
    machine.observers.remove(leaves)
    machine.run(ONCE)
    assert stays.seen() == [FIRST_STORE, SECOND_STORE]
    assert leaves.chunks == []


def test_the_last_one_that_leaves_takes_the_watch_with_it(machine):
    observer = Looker(machine)
    machine.observers.watch(observer, BLOCK, WATCH_STORE)
    machine.observers.watch_range(observer, DATA, DATA + 8)
    machine.observers.remove(observer)
    assert machine.storage.blocks[BLOCK].watched == 0
    assert machine.storage.record.event_mask == 0
    assert machine.storage.record.pause_last == 0


def test_one_that_leaves_is_given_what_has_happened_before(machine):
    observer = Looker(machine)
    machine.observers.watch(observer, BLOCK, WATCH_STORE)
    machine.run(ONCE)
    machine.observers.remove(observer)
    assert observer.seen() == [FIRST_STORE, SECOND_STORE]


def test_one_that_comes_is_not_told_of_what_happened_before(machine):
    first = Looker(machine)
    machine.observers.watch(first, BLOCK, WATCH_STORE)
    machine.run(ONCE)
    second = Looker(machine)
    machine.observers.watch(second, BLOCK, WATCH_STORE)
    assert second.seen() == []


def test_a_watch_that_is_taken_back_leaves_that_of_another(machine):
    changes, stays = Looker(machine), Looker(machine)
    for observer in (changes, stays):
        machine.observers.watch(observer, BLOCK, WATCH_STORE)
    machine.observers.watch(changes, BLOCK, 0)
    machine.run(ONCE)
    assert changes.seen() == []
    assert stays.seen() == [FIRST_STORE, SECOND_STORE]


def test_each_is_told_of_stores_into_its_own_range(machine):
    low, high = Looker(machine), Looker(machine)
    machine.observers.watch_range(low, DATA, DATA + 24)
    machine.observers.watch_range(high, DATA + 0x800, DATA + 0x801)
    machine.run(ONCE)
    assert low.seen() == [FIRST_STORE]
    assert high.seen() == [SECOND_STORE]


def test_a_range_that_leaves_does_not_take_that_of_another(machine):
    stays, leaves = Looker(machine), Looker(machine)
    machine.observers.watch_range(stays, DATA, DATA + 24)
    machine.observers.watch_range(leaves, DATA + 0x800, DATA + 0x808)
    machine.observers.remove(leaves)
    machine.run(ONCE)
    assert stays.seen() == [FIRST_STORE]


def test_a_range_does_not_hide_the_rest_of_a_block_that_another_watches(machine):
    ranged, whole = Looker(machine), Looker(machine)
    machine.observers.watch_range(ranged, DATA, DATA + 24)
    machine.observers.watch(whole, BLOCK, WATCH_FETCH | WATCH_STORE)
    machine.run(ONCE)
    assert ranged.seen() == [FIRST_STORE]
    assert whole.seen() == [FETCH, FIRST_STORE, SECOND_STORE]


def test_the_guest_pauses_after_a_store_into_a_range_and_no_other(machine):
    observer = Looker(machine)
    machine.observers.watch_range(observer, DATA, DATA + 24)
    machine.run(ONCE)
    assert observer.looked == [3]


def test_the_guest_pauses_in_a_range_although_another_watches_the_whole_block(machine):
    ranged, whole = Looker(machine), Looker(machine)
    machine.observers.watch_range(ranged, DATA, DATA + 24)
    machine.observers.watch(whole, BLOCK, WATCH_STORE)
    machine.run(ONCE)
    assert 3 in ranged.looked


def test_a_watch_of_a_block_that_the_tlb_has_is_heeded_at_once(machine):
    machine.run(ONCE + LOOP)
    observer = Looker(machine)
    machine.observers.watch(observer, BLOCK, WATCH_STORE)
    machine.run(LOOP)
    assert observer.seen() == [FIRST_STORE, SECOND_STORE]


def test_each_gets_the_kinds_of_event_that_it_wants():
    machine = Machine.from_source("start: essa %r2,%r1,1\n sske %r2,%r3\n j start", 1 << 18)
    states, keys = Recorder(EVENT_ESSA), Recorder(EVENT_KEY)
    machine.observe(states)
    machine.observe(keys)
    machine.run(2)
    machine.observers.deliver()
    assert [int(event.kind) for chunk in states.taken() for event in chunk] == [EVENT_ESSA]
    assert [int(event.kind) for chunk in keys.taken() for event in chunk] == [EVENT_KEY]
    machine.observers.remove(states)
    assert machine.storage.record.event_mask == kinds_of(EVENT_KEY)


def test_the_tlb_is_off_as_long_as_somebody_must_see_every_access(machine):
    first, second = Recorder(EVENT_STORE), Recorder(EVENT_STORE)
    for observer in (first, second):
        machine.observe(observer)
        machine.observers.without_tlb(observer)
    machine.observers.remove(first)
    machine.run(ONCE + 2 * LOOP)
    machine.observers.deliver()
    assert sum(map(len, second.taken())) == 6
    machine.observers.remove(second)
    assert machine.storage.record.tlb_on == 1


def test_a_machine_without_a_tlb_gets_none_when_the_observer_leaves():
    machine = Machine.from_source(GUEST, 1 << 18, tlb=False)
    observer = Recorder(EVENT_STORE)
    machine.observe(observer)
    machine.observers.without_tlb(observer)
    machine.observers.remove(observer)
    assert machine.storage.record.tlb_on == 0


def test_watches_outlive_a_return_to_a_snapshot_made_before_them(machine):
    saved = machine.snapshot()
    observer = Looker(machine)
    machine.observers.watch(observer, BLOCK, WATCH_STORE)
    machine.restore(saved)
    machine.run(ONCE)
    assert observer.seen() == [FIRST_STORE, SECOND_STORE]


def test_a_return_to_a_snapshot_brings_back_no_watch_that_has_ended(machine):
    observer = Looker(machine)
    machine.observers.watch(observer, BLOCK, WATCH_STORE)
    saved = machine.snapshot()
    machine.observers.remove(observer)
    machine.restore(saved)
    assert machine.storage.blocks[BLOCK].watched == 0
    assert machine.storage.record.event_mask == 0


def test_a_table_is_told_again_when_it_is_forgotten():
    machine = Machine.from_source("start: lra %r3,0(%r2)\n j start", 1 << 18)
    machine.cr[1] = 0x3000  # a segment table; its first entry is zeros, as good as any
    observer = Recorder(EVENT_TABLE)
    machine.observe(observer)
    machine.run(4)
    machine.observers.deliver()
    once = sum(map(len, observer.taken()))
    for block in range(4):
        machine.observers.forget_table(block)
    machine.run(4)
    machine.observers.deliver()
    assert once > 0
    assert sum(map(len, observer.taken())) == once


def events_of(source: str, kind: int, cpus: int = 2) -> list[int]:
    """Return the `block` of each event of this kind that a CPU's instructions make, up to label `end`."""
    machine = Machine.from_source(f"start: lghi %r4,1\nllilf %r5,0x4000\nst %r5,0x200\n{source}\nend: j end", 1 << 18,
                                  cpus=cpus)  # fmt: skip
    observer = Recorder(kind)
    machine.observe(observer)
    machine.run(3 + len(source.splitlines()))
    machine.observers.deliver()
    return [int(event.block) for chunk in observer.taken() for event in chunk]


SET_PREFIX, CPU_RESET = "sigp %r4,%r4,13", "sigp %r4,%r4,12"


@pytest.mark.parametrize("source, cpus", [
    ("ptlb", [0]), ("spx 0x200", [0]), (SET_PREFIX, [1]), (CPU_RESET, [1]), ("lctlg %c1,%c1,0x300", []),
    ("sske %r3,%r5", []), ("csp %r2,%r4", [0, 1]), ("cspg %r2,%r4", [0, 1]), ("csp %r2,%r5", []),
])  # fmt: skip
def test_a_purge_by_the_architecture_names_the_cpu(source, cpus):
    assert events_of(source, EVENT_PURGE) == cpus


def test_another_psw_names_the_cpu_that_has_it():
    assert events_of("stosm 0x300,3", EVENT_PSW) == [0]
    assert events_of(CPU_RESET, EVENT_PSW) == [1]
