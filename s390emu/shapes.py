"""The shape that a value from a file must have before anybody uses it.

    check(value, {"count": Whole(0, 10), "name": Text(), "events": [(Whole(0), Text())]}, "x.json")

A shape is a dict (these keys; a key with `?` at its end may be missing), a list of one shape (any number of it), a
tuple of shapes (a list of exactly these), or one of the classes here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

MOST_WHOLE = (1 << 64) - 1


class ShapeError(ValueError):
    """Raised for a value of another shape; the message says where, what it is and what was expected."""


@dataclass(frozen=True)
class Whole:
    """A whole number from `least` to `most`; True and 3.0 do not fit."""

    least: int = 0
    most: int = MOST_WHOLE

    def __str__(self) -> str:
        return f"a whole number from {self.least} to {self.most}"

    def fits(self, value) -> bool:
        return type(value) is int and self.least <= value <= self.most


@dataclass(frozen=True)
class Number:
    """A number, whole or not, from `least` to `most`."""

    least: float = 0
    most: float = 1e24

    def __str__(self) -> str:
        return f"a number from {self.least:g} to {self.most:g}"

    def fits(self, value) -> bool:
        return type(value) in (int, float) and self.least <= value <= self.most


@dataclass(frozen=True)
class Text:
    """A string of at most `most` characters."""

    most: int = 10_000

    def __str__(self) -> str:
        return f"text of at most {self.most} characters"

    def fits(self, value) -> bool:
        return type(value) is str and len(value) <= self.most


class OneOf:
    """One of these values, of the same type."""

    def __init__(self, *values):
        self.values = values

    def __str__(self) -> str:
        return "one of " + ", ".join(map(str, self.values))

    def fits(self, value) -> bool:
        return any(type(value) is type(known) and value == known for known in self.values)


class Anything:
    """Any value."""

    def fits(self, value) -> bool:
        return True


YES_OR_NO = OneOf(True, False)


@dataclass(frozen=True)
class Either:
    """A value that has one of two shapes, the second for instance None."""

    one: Any
    other: Any = None


@dataclass(frozen=True)
class MapOf:
    """Any keys, of the shape `keys`, to values of one shape."""

    keys: Any
    values: Any


def check(value: Any, shape: Any, where: str) -> None:
    """Raise ShapeError unless the value has the shape."""
    if isinstance(shape, Either):
        try:
            check(value, shape.one, where)
        except ShapeError:
            if shape.other is None and value is not None:
                raise
            check(value, shape.other, where)
    elif isinstance(shape, dict):
        _check_keys(value, shape, where)
    elif isinstance(shape, MapOf):
        if not isinstance(value, dict):
            raise ShapeError(f"{where}: {shown(value)} is not an object")
        for key, part in value.items():
            check(key, shape.keys, f"{where}: key")
            check(part, shape.values, f"{where}.{key}")
    elif isinstance(shape, list):
        for number, part in enumerate(_list(value, where)):
            check(part, shape[0], f"{where}[{number}]")
    elif isinstance(shape, tuple):
        if len(_list(value, where)) != len(shape):
            raise ShapeError(f"{where}: a list of {len(value)}, not of {len(shape)}")
        for number, (part, wanted) in enumerate(zip(value, shape, strict=True)):
            check(part, wanted, f"{where}[{number}]")
    elif value is not None if shape is None else not shape.fits(value):
        raise ShapeError(f"{where}: {shown(value)} is not {shape or 'null'}")


def _list(value: Any, where: str) -> list:
    if not isinstance(value, list):
        raise ShapeError(f"{where}: {shown(value)} is not a list")
    return value


def _check_keys(value: Any, shape: dict, where: str) -> None:
    if not isinstance(value, dict):
        raise ShapeError(f"{where}: {shown(value)} is not an object")
    wanted = {name.removesuffix("?"): part for name, part in shape.items()}
    for name in value:
        if name not in wanted:
            raise ShapeError(f"{where}: {shown(name)} is not known here; known are {_listed(wanted)}")
    for name, part in wanted.items():
        if name in value:
            check(value[name], part, f"{where}.{name}")
        elif name in shape:
            raise ShapeError(f"{where}.{name} is missing")


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)


def shown(value: Any) -> str:
    """Return a value as a short text for messages."""
    if isinstance(value, int) and value.bit_length() > 128:  # Python refuses to write numbers of more than 4,300 digits
        return f"a number of {value.bit_length()} bits"
    if isinstance(value, dict | list):
        return f"{'an object' if isinstance(value, dict) else 'a list'} of {len(value)}"
    text = ascii(value)
    return text if len(text) <= 60 else text[:57] + "..."
