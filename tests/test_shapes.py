"""A value has its shape before anybody uses it."""

from __future__ import annotations

import pytest

from s390emu.shapes import (
    YES_OR_NO,
    Anything,
    Either,
    MapOf,
    Number,
    OneOf,
    ShapeError,
    Text,
    Whole,
    check,
    shown,
)

FITTING = [
    (0, Whole()), ((1 << 64) - 1, Whole()), (-1, Whole(-1)), (2.5, Number()), (3, Number()), ("", Text()),
    ("abc", Text(3)), (True, YES_OR_NO), ("a", OneOf("a", "b")), (None, Either(Whole())), (7, Either(Whole())),
    ("x", Either(Whole(), Text())), ([], [Whole()]), ([1, 2], [Whole()]), ([1, "x"], (Whole(), Text())),
    ({}, {"a?": Whole()}), ({"a": 1}, {"a": Whole()}), ({"x": 1, "y": 2}, MapOf(Text(), Whole())),
    ({"a": [[1]]}, {"a": [[Whole()]]}), (object(), Anything()), (None, None),
]  # fmt: skip
OTHERS = [
    (-1, Whole(), "it: -1 is not a whole number from 0 to 18446744073709551615"),
    (1 << 64, Whole(), "it: 18446744073709551616 is not a whole"),
    (True, Whole(), "it: True is not a whole"),
    (3.0, Whole(), "it: 3.0 is not a whole"),
    ("3", Whole(), "it: '3' is not a whole"),
    (False, Number(), "it: False is not a number from 0 to 1e+24"),
    (-0.5, Number(), "it: -0.5 is not a number"),
    (float("nan"), Number(), "it: nan is not a number"),
    (float("inf"), Number(), "it: inf is not a number"),
    (b"x", Text(), "it: b'x' is not text of at most 10000 characters"),
    ("abcd", Text(3), "it: 'abcd' is not text of at most 3 characters"),
    (1, YES_OR_NO, "it: 1 is not one of True, False"),
    ("c", OneOf("a", "b"), "it: 'c' is not one of a, b"),
    ([], OneOf("a"), "it: a list of 0 is not one of a"),
    ("x", Either(Whole()), "it: 'x' is not a whole"),
    (0, None, "it: 0 is not null"),
    ({}, [Whole()], "it: an object of 0 is not a list"),
    ([1, "x"], [Whole()], "it[1]: 'x' is not a whole"),
    ([1], (Whole(), Whole()), "it: a list of 1, not of 2"),
    ([], {}, "it: a list of 0 is not an object"),
    ({}, {"a": Whole()}, "it.a is missing"),
    ({"b": 1}, {"a?": Whole()}, "it: 'b' is not known here; known are a"),
    ({"a": 1}, MapOf(OneOf("b"), Whole()), "it: key: 'a' is not one of b"),
    ({"b": -1}, MapOf(OneOf("b"), Whole()), "it.b: -1 is not"),
    (7, MapOf(Text(), Whole()), "it: 7 is not an object"),
]


@pytest.mark.parametrize("value, shape", FITTING, ids=lambda value: type(value).__name__)
def test_a_value_of_its_shape(value, shape):
    check(value, shape, "it")


@pytest.mark.parametrize("value, shape, told", OTHERS, ids=lambda value: value if isinstance(value, str) else "")
def test_a_value_of_another_shape(value, shape, told):
    with pytest.raises(ShapeError) as error:
        check(value, shape, "it")
    assert str(error.value).startswith(told)


def test_a_value_is_shown_short_whatever_it_is():
    assert shown(1 << 20_000) == "a number of 20001 bits"
    assert shown("x" * 1000) == "'" + "x" * 56 + "..."
    assert shown("\033\ud800") == r"'\x1b\ud800'"
    assert shown([[]] * 5) == "a list of 5"
