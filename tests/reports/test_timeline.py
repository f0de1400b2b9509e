"""Events in words."""

from __future__ import annotations

from s390emu.host.host import Host
from s390emu.host.paging_device import PagingDevice
from s390emu.machine import Machine
from s390emu.records.events import EVENT_ESSA, EVENT_HOST, EVENT_INTERRUPTION
from s390emu.reports.timeline import attributes_text, event_text
from tests.commands.test_trace_log import two_cpus

PROGRAM = """
start:  llilf %r1,0x8000
        stg   %r1,0(%r1)
        essa  %r2,%r1,3
        essa  %r2,%r1,1
        svc   5
"""


def words(machine: Machine) -> list[str]:
    return [event_text(event, {}) for chunk in machine.drain_events() for event in chunk]


def test_states():
    assert [attributes_text(word) for word in (0, 2, 7, 0x0F, 0x20)] == ["Sr", "Sp", "Uz", "Vz", "Sr+no-DAT"]


def test_who_did_it():
    machine = Machine.from_source(PROGRAM, host=Host(64, PagingDevice()))
    machine.watch(EVENT_ESSA, EVENT_HOST, EVENT_INTERRUPTION)
    machine.run(limit=3)
    machine.host.discard(machine.guest_number, 8)
    machine.run(limit=2)
    machine.host.reclaim(machine.guest_number, 0x10)
    machine.run(limit=1)
    told = "\n".join(line for line in words(machine) if "0x8000" in line or "svc" in line or "supervisor" in line)
    assert "block   0x8000 Sz -> Sr  touch, zero filled" in told
    assert "block   0x8000 Sr -> Vr  guest ORC 3" in told
    assert "block   0x8000 Vr -> Vz  host reclaim, discarded" in told
    assert "block   0x8000 Vz -> Sz  guest ORC 1" in told
    assert "interruption supervisor call 0005" in told


def test_a_preserved_block_is_written_out_and_read_back():
    machine = Machine.from_source(PROGRAM, host=Host(64, PagingDevice()))
    machine.run(limit=2)
    machine.watch(EVENT_HOST)
    machine.host.reclaim(machine.guest_number, 8)
    assert words(machine)[-1].endswith("Sr -> Sp  host reclaim, written out")
    machine.host.pagein(machine.guest_number, 8)
    assert any(line.endswith("Sp -> Sr  touch, read back") for line in words(machine))


def test_events_of_several_cpus_name_theirs():
    machine = two_cpus()
    machine.watch(EVENT_ESSA, EVENT_INTERRUPTION)
    machine.run(4)
    told = [event_text(event, {}, 2) for chunk in machine.drain_events() for event in chunk]
    assert told[0] == "         2 cpu1 interruption external 1202 old-ia 0x1234"
    assert told[1].startswith("         3 cpu1 page         block      0x0 ")
