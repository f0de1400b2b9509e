"""Ranges as a sweep is asked for: `1..16` doubles, `1.0..3.0` goes by halves, `:STEP` says otherwise; and lists."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

MOST = 10_000  # values of one range: more is a slip of the pen
LARGEST = 1_000_000


def counts(text: str) -> tuple[int, ...]:
    """Return whole numbers: 1..16 is 1, 2, 4, 8, 16; 1..16:5 is 1, 6, 11, 16; also lists: 1,2,8..32. The end belongs to
    it always."""
    return tuple(int(value) for value in _values(text, None))


def ratios(text: str) -> tuple[float, ...]:
    """Return fractions: 1.0..3.0 goes in steps of 0.5; 1..2:0.25; also lists. The end belongs to it always."""
    return tuple(float(value) for value in _values(text, Decimal("0.5")))


def _values(text: str, step: Decimal | None) -> list[Decimal]:
    """Return the values in ascending order, each once. step: None doubles, in whole numbers."""
    values = {value for part in text.split(",") for value in _range(part.strip(), text, step)}
    return sorted(values)


def _range(part: str, text: str, step: Decimal | None) -> list[Decimal]:
    whole = step is None
    span, colon, by = part.partition(":")
    first_text, dots, last_text = span.partition("..")
    first = _number(first_text, text, whole)
    if not dots:
        if colon:
            raise ValueError(f"{text!r}: a step belongs to a range, for example 1..16:1")
        return [first]
    last = _number(last_text, text, whole)
    step = _number(by, text, whole) if colon else step
    if last < first:
        raise ValueError(f"{text!r}: {last} is below {first}; write the smaller number first")
    values = [first]
    while (following := values[-1] * 2 if step is None else values[-1] + step) < last:
        values.append(following)
        if len(values) > MOST:
            raise ValueError(f"{text!r}: more than {MOST:,} values; give a larger step")
    return values if values[-1] == last else [*values, last]


def _number(digits: str, text: str, whole: bool) -> Decimal:
    try:
        value = Decimal(digits)
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite() or not 0 < value <= LARGEST or (whole and value != value.to_integral_value()):
        kind = "whole numbers" if whole else "numbers"
        example = "1..16, 1..16:1 or 1,2,12" if whole else "1.0..3.0, 1..3:0.25 or 1.5,2"
        raise ValueError(f"{text!r} is no range of {kind} above zero, to a million (write {example})")
    return value
