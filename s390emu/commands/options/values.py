"""The types of arguments: numbers, sizes, times, definitions."""

from __future__ import annotations

import argparse
import time

from s390emu.architecture.tod_clock import TOD_1970, TOD_SECOND

MOST_BITS = 128  # of a number on the command line
UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}


def size(text: str) -> int:
    """Return a number of bytes: 65536, 0x10000, 64K, 2M, 1G."""
    digits, unit = (text[:-1], text[-1].lower()) if text[-1:].lower() in UNITS and text[-1:] else (text, "")
    return _writable(number(digits) * UNITS[unit], text)


def number(text: str) -> int:
    """Return a whole number, in decimal or with a prefix."""
    try:
        return _writable(int(text.replace("_", ""), 0), text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number (write 4096, 0x1000 or 1_000_000)") from None


def epoch(text: str) -> int:
    """Return the TOD clock at a time: `now`, or seconds since 1970."""
    if text == "now":
        return now()
    value = TOD_1970 + number(text) * TOD_SECOND
    if not 0 <= value < 1 << 64:
        raise argparse.ArgumentTypeError(f"{text}: not between 1900 and 2042; give seconds since 1970, or now")
    return value


def now() -> int:
    """Return the TOD clock at this second of the computer's clock."""
    return TOD_1970 + int(time.time()) * TOD_SECOND


def _writable(value: int, text: str) -> int:
    """Return the value, unless it has so many digits that no message could show it."""
    if value.bit_length() > MOST_BITS:
        raise argparse.ArgumentTypeError(f"{text[:40]}: a number of {value.bit_length()} bits")
    return value


def not_negative(text: str) -> int:
    """Return a number that is zero or more."""
    value = number(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"{text} is below zero")
    return value


def positive(text: str) -> int:
    """Return a whole number above zero."""
    value = number(text)
    if value <= 0:
        raise argparse.ArgumentTypeError(f"{text} is not above zero")
    return value


def seconds(text: str) -> float:
    """Return a time in seconds, above zero."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds above zero")
    return value


def definition(text: str) -> tuple[str, int]:
    """Return the parts of NAME=NUMBER."""
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise argparse.ArgumentTypeError(f"{text!r}: write NAME=NUMBER")
    return name, number(value)
