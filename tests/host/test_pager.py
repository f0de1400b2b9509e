"""Which frame goes: policy, no machine needed."""

from __future__ import annotations

import pytest

from s390emu.host.pager import clock_order, next_in_order, oldest


def clock(hand, referenced, candidates=range(8)):
    """-> the victim, and which frames still have R."""
    marks = set(referenced)

    def test_and_reset(frame):
        was = frame in marks
        marks.discard(frame)
        return was

    return oldest(clock_order(hand, 8), lambda frame: frame in candidates, test_and_reset), marks


@pytest.mark.parametrize("hand, order", [(0, [0, 1, 2, 3]), (3, [3, 0, 1, 2])])
def test_clock_order(hand, order):
    assert list(clock_order(hand, 4)) == order


def test_takes_the_first_that_was_not_referenced():
    assert clock(2, {2, 3, 5}) == (4, {5})


def test_a_second_chance_is_only_one():
    assert clock(6, range(8)) == (6, set())


def test_passes_over_what_may_not_be_taken_and_leaves_its_reference_alone():
    assert clock(0, {0, 1, 2}, candidates={1, 4}) == (4, {0, 2})


def test_goes_around():
    assert clock(7, {7}, candidates={7, 1}) == (1, set())


def test_nothing_to_take():
    assert clock(0, {1, 2}, candidates=()) == (None, {1, 2})


def test_next_in_order():
    assert next_in_order([1, 5, 3, 7], hand=4, count=8) == [5, 7, 1, 3]
