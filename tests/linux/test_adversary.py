"""A host that takes and brings blocks at random: no sum of Linux's is wrong."""

from __future__ import annotations

from s390emu.adversary.exploration import Expected
from s390emu.adversary.moves import KINDS, SWITCH
from s390emu.adversary.random_host import random_run
from s390emu.machine import Reason
from tests.linux import guest
from tests.linux.conftest import RUNS
from tests.linux.planted import hint_program_away

ALL = KINDS["all"]


def undisturbed(machine):
    """Return the snapshot where the script `short` begins, and what its runs must come to."""
    machine.host.type(0, "short\n")
    begun, start = machine.snapshot(), machine.count
    stop = machine.run(guest.LIMIT)
    assert stop.reason is Reason.STOPPED and guest.written(machine) == guest.short_lines()
    return begun, Expected.of(machine, stop, start)


def test_no_sum_is_wrong(each_cpus):
    """With one CPU each run is the undisturbed one, to the instruction: Linux's hints are stable and unused only, and
    taking a block costs it no time."""
    machine = each_cpus.again()
    begun, expected = undisturbed(machine)
    console = machine.console
    made = dict.fromkeys(("discard", "reclaim", "pagein", SWITCH), 0)
    for number in range(RUNS):
        machine.restore(begun)
        bug, moves = random_run(machine, expected, ALL, f"{each_cpus.cpus}:{number}")
        assert bug is None, bug.fault
        assert guest.written(machine) == guest.short_lines()
        if each_cpus.cpus == 1:
            assert (machine.count, machine.console) == (expected.count, console)
        made = {verb: count + moves[verb] for verb, count in made.items()}
    assert min(made["discard"], made["reclaim"], made["pagein"]) > RUNS
    assert (made[SWITCH] > 0) == (each_cpus.cpus == 2)


def test_a_hint_that_should_not_be_is_found(waiting):
    machine = waiting.again()
    hint_program_away(machine)
    begun, expected = undisturbed(machine)
    for number in range(RUNS):
        machine.restore(begun)
        bug, _ = random_run(machine, expected, KINDS["discard"], f"planted:{number}")
        if bug:
            return
    raise AssertionError(f"not found in {RUNS} runs")
