"""The verbs: to which CPU each happens, and what is refused. What they do to blocks is in tests/tracing/."""

from __future__ import annotations

import pytest

from s390emu.inputs import Refused, actions, perform, verbs
from s390emu.machine import Machine, Schedule


def in_loops(seed=None):
    """Both CPUs in a loop."""
    machine = Machine.from_source("start: j start", cpus=2, schedule=Schedule(2, 3, seed))
    for cpu in machine.cpus:
        cpu.record.stopped = 0
        cpu.set_psw(0x0100000180000000, 0x10000)
        cpu.cr[0] = 0
    return machine


@pytest.fixture
def guest():
    return in_loops()


@pytest.mark.parametrize("cpu", [0, 1])
@pytest.mark.parametrize(
    ("verb", "operands", "fields"),
    [
        ("external-call", (7,), {"external_call_from": 7}),
        ("emergency-signal", (6,), {"emergency_from": 6}),
        ("restart", (), {"restart": 1}),
    ],
)
def test_what_happens_to_one_cpu_happens_to_no_other(guest, cpu, verb, operands, fields):
    before = [of.record.external + of.record.restart for of in guest.cpus]
    perform(guest, verb, *operands, cpu=cpu)
    assert {name: int(guest.cpus[cpu].record[name]) for name in fields} == fields
    changed = [of.number for of in guest.cpus if of.record.external + of.record.restart != before[of.number]]
    assert changed == [cpu]


def test_left_out_it_is_the_running_cpu(guest):
    guest.run(4)  # three of the first, one of the second
    perform(guest, "restart")
    assert [int(cpu.record.restart) for cpu in guest.cpus] == [0, 1]


@pytest.mark.parametrize("seed", [None, 1])
def test_run_cpu_gives_a_whole_turn(seed):
    guest = in_loops(seed)
    guest.run(1)
    perform(guest, "run-cpu", 1)
    left = guest.schedule.left
    guest.run(left)
    assert [cpu.count for cpu in guest.cpus] == [1, left]


@pytest.mark.parametrize(("verb", "operands", "cpu"), [("run-cpu", (2,), None), ("run-cpu", (1 << 63,), None),
                                                       ("restart", (), 2), ("external-call", (0,), -1)])  # fmt: skip
def test_a_cpu_that_does_not_exist(guest, verb, operands, cpu):
    with pytest.raises(Refused, match=r"there is no CPU -?\d+: the guest has 2"):
        perform(guest, verb, *operands, cpu=cpu)
    guest.run(10)
    assert guest.count == 10


def test_each_verb_can_be_performed():
    assert {*actions.OF_THE_GUEST, *actions.OF_A_CPU, "run-cpu"} == set(verbs.VERBS)
    assert actions.OF_A_CPU.keys() == set(verbs.OF_A_CPU)


def test_a_message_is_queued_for_the_guest(guest):
    perform(guest, "message", "CMM SHRINK 3")
    assert list(guest.host.guests[guest.guest_number].console.messages) == ["CMM SHRINK 3"]


@pytest.mark.parametrize("text", ["\u00e9", "two\nlines", "x" * 1025])
def test_a_message_that_no_guest_can_receive_is_refused(guest, text):
    with pytest.raises(Refused, match="printable ASCII"):
        perform(guest, "message", text)


def test_what_is_typed_is_on_the_keyboard(guest):
    perform(guest, "type", "ls\n")
    assert guest.host.guests[0].console.typed == "ls\n"


def test_time_passes_without_instructions(guest):
    perform(guest, "pass-time", 5000)
    assert (guest.now, guest.count) == (5000, 0)


def test_whoever_records_is_told_what_has_happened_and_not_what_was_refused(guest):
    seen = []
    guest.input_seen = lambda *told: seen.append(told)
    perform(guest, "type", "x")
    perform(guest, "restart")
    perform(guest, "restart", cpu=1)
    with pytest.raises(Refused):
        perform(guest, "discard", 0)
    assert seen == [("type", ("x",), None), ("restart", (), 0), ("restart", (), 1)]
