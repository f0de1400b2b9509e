"""Trying points and judging the runs."""

from __future__ import annotations

import numpy as np
import pytest

from s390emu import inputs
from s390emu._jit import JIT
from s390emu.adversary.exploration import Expected, attempts, repeat, try_points
from s390emu.adversary.moves import DISCARDING, Move, move_at
from s390emu.adversary.references import points_of
from s390emu.machine import Machine, Reason, Stop

LIMIT = 1_000_000
EXPECTED = Expected(0, ("sum 7", "exit 0"), 1000)
POWERED_OFF = Expected(None, ("sum 7", "exit 0"), 1_001_000, Reason.STOPPED, 1_000_000)


def undisturbed(make):
    machine = make()
    saved = machine.snapshot()
    expected = Expected.of(machine, machine.run(LIMIT))
    machine.restore(saved)
    points, _ = points_of(machine, (DISCARDING,), LIMIT)
    machine.restore(saved)
    return machine, points, expected


def test_a_guest_that_repairs_passes_at_every_point(small):
    machine, points, expected = undisturbed(small)
    assert expected.exit_code == 0
    assert try_points(machine, points, expected) == (len(points), None)


def test_an_attempt_is_the_run_that_a_fresh_machine_has(small):
    machine, points, _ = undisturbed(small)
    moves = sorted(move_at(point) for point in points)
    for move, address, state, stop in attempts(machine, moves, LIMIT):
        fresh = small()
        fresh.run(move.after)
        assert (address, state) == (fresh.psw[1], fresh.block(move.operand).state)
        again = small()
        assert repeat(again, [move], LIMIT, again.run) == stop
        assert list(again.gr) == list(machine.gr)


@pytest.mark.skipif(not JIT, reason="a run that does not end")
def test_the_first_point_that_goes_wrong_is_told(small):
    """The same guest without its handler: the first discard that matters ends it."""
    machine, points, expected = undisturbed(small)
    machine.write(0x10000 + machine.read(0x10000, 4096).index(bytes.fromhex("b2b2 0150")), bytes(4))
    tried, bug = try_points(machine, points, expected)
    assert bug is not None and 0 < tried <= len(points)
    assert bug.moves[-1].verb == "discard"
    assert bug.state[0] in "VP"
    assert bug.stop.reason is Reason.INTERRUPTION_LOOP or bug.stop.exit_code != 0


class Console:
    def __init__(self, text):
        self.console = text


@pytest.mark.parametrize(
    "stop, console, fault",
    [
        (Stop(Reason.DISABLED_WAIT, 0, 0, 900), "x\nsum 7\nexit 0\n", ""),
        (Stop(Reason.DISABLED_WAIT, 0, 0, 900), "sum 8\nexit 0\n", "'sum 8 / exit 0' instead of 'sum 7 / exit 0'"),
        (Stop(Reason.DISABLED_WAIT, 0, 34, 900), "panic\n", "exit code 34 instead of 0, 'panic'"),
        (Stop(Reason.DISABLED_WAIT, 0, 34, 900), "", "exit code 34 instead of 0"),
        (Stop(Reason.CHECK_STOP, 0, 0, 900), "sum 7\nexit 0\n", "check stop"),
        (Stop(Reason.LIMIT, 0, 0, 9000), "", "it did not end within 9,000"),
    ],
    ids=["right", "lines", "exit-code", "silent", "stopped", "endless"],
)
def test_what_is_wrong_with_a_run(stop, console, fault):
    said = EXPECTED.fault_of(Console(console), stop)
    assert (fault in said) if fault else said == ""


@pytest.mark.parametrize(
    "stop, fault",
    [
        (Stop(Reason.STOPPED, 0, 0, 1_000_900), ""),
        (Stop(Reason.DISABLED_WAIT, 0, 0, 1_000_900), "disabled wait"),
        (Stop(Reason.LIMIT, 0, 0, 1_104_000), "it did not end within 104,000 instructions (undisturbed: 1,000)"),
    ],
    ids=["right", "panic", "endless"],
)
def test_what_is_wrong_with_a_guest_that_powers_off(stop, fault):
    assert POWERED_OFF.fault_of(Console("sum 7\nexit 0\n"), stop) == fault


def test_a_limit_counts_from_where_the_adversary_begins():
    assert POWERED_OFF.limit(1) - POWERED_OFF.start == EXPECTED.limit(1) == 4 * 1000 + 2 * 100_000


def test_no_point_is_no_attempt(small):
    machine, points, expected = undisturbed(small)
    assert try_points(machine, points[:0], expected) == (0, None)


def test_moves_that_are_not_allowed_are_refused(small):
    machine = small()
    machine.run(12)
    stable = next(block.number for block in machine.blocks() if block.state == "Sr")
    with pytest.raises(inputs.Refused, match="is Sr: only resident blocks"):
        Move(machine.count, "discard", stable * 4096).perform(machine)


def test_points_are_tried_wherever_the_machine_stands(small):
    """As for the second points of a pair: from the middle of a run."""
    machine, points, expected = undisturbed(small)
    middle = int(np.median(points["last"]))
    machine.run(middle - 1)
    later = points[points["last"] >= middle]
    assert try_points(machine, later, expected) == (len(later), None)
    assert isinstance(machine, Machine)
