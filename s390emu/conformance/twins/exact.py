"""Binary floating point by exact rational arithmetic: what the instructions of PoP ch. 19 are to give.

Values are `fractions.Fraction`, and nothing is shared with the code that is tested.
An operation returns an Outcome; `None` for the datum means that the operation is suppressed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple

INVALID, DIVIDE, OVERFLOW, UNDERFLOW, INEXACT = "i", "z", "o", "u", "x"
MASK = {name: 1 << 31 - n for n, name in enumerate("izoux")}
FLAG = {name: 1 << 23 - n for n, name in enumerate("izouxq")}  # q: the quantum exception, of decimal numbers
# Rounding methods by name; what M3 and M4 call them, and the FPC register.
FIELDS = {1: "away", 3: "odd", 4: "even", 5: "zero", 6: "plus", 7: "minus"}
MODES = {0: "even", 1: "zero", 2: "plus", 3: "minus", 7: "odd"}


@dataclass(frozen=True)
class Format:
    name: str
    bits: int
    exponent_bits: int
    adjustment: int  # of the exponent, in a trapped overflow or underflow
    rounding_adjustment: int = 0  # ... of LOAD ROUNDED from this format

    @property
    def fraction_bits(self) -> int:
        return self.bits - 1 - self.exponent_bits

    @property
    def precision(self) -> int:
        return self.fraction_bits + 1

    @property
    def top(self) -> int:
        return (1 << self.exponent_bits - 1) - 1

    @property
    def bottom(self) -> int:
        return 1 - self.top

    @property
    def infinity(self) -> int:
        return ((1 << self.exponent_bits) - 1) << self.fraction_bits

    @property
    def default(self) -> int:
        return self.infinity | 1 << self.fraction_bits - 1

    @property
    def sign(self) -> int:
        return 1 << self.bits - 1

    @property
    def greatest(self) -> int:
        return self.infinity - 1

    def signed(self, magnitude: int, minus) -> int:
        return magnitude | self.sign if minus else magnitude


SHORT = Format("short", 32, 8, 192)
LONG = Format("long", 64, 11, 1536, 512)
EXTENDED = Format("extended", 128, 15, 24576, 8192)
FORMATS = (SHORT, LONG, EXTENDED)


class Outcome(NamedTuple):
    """What an operation gives: a datum, None if it is suppressed; flags for the FPC register; a data-exception code."""

    datum: Any
    flags: str = ""
    dxc: int = 0


class Value:
    """A datum read: `nan` "q" or "s", `infinite`, or else `number`."""

    def __init__(self, form: Format, datum: int):
        self.form, self.datum = form, datum
        self.minus = bool(datum & form.sign)
        magnitude = datum & ~form.sign
        self.nan = "" if magnitude <= form.infinity else "q" if magnitude >= form.default else "s"
        self.infinite = magnitude == form.infinity
        self.number = None
        if magnitude < form.infinity:
            exponent, fraction = divmod(magnitude, 1 << form.fraction_bits)
            if exponent:
                fraction += 1 << form.fraction_bits
            unit = Fraction(2) ** (form.bottom - form.fraction_bits + max(exponent, 1) - 1)
            self.number = -fraction * unit if self.minus else fraction * unit

    @property
    def zero(self) -> bool:
        return self.number == 0


def method_of(fpc: int, field: int = 0) -> str:
    return FIELDS[field] if field else MODES[fpc & 7]


def exponent_of(value: Fraction) -> int:
    """The exponent e with 2**e <= |value| < 2**(e+1)."""
    value = abs(value)
    e = value.numerator.bit_length() - value.denominator.bit_length()
    return e if Fraction(2) ** e <= value else e - 1


def to_integer(value: Fraction, method: str) -> int:
    """The integer next to a value."""
    low = math.floor(value)
    rest = value - low
    if rest == 0:
        return low
    if method == "minus":
        return low
    if method == "plus":
        return low + 1
    if method == "zero":
        return low + 1 if value < 0 else low
    if method == "odd":
        return low if low % 2 else low + 1
    if rest != Fraction(1, 2):
        return low + 1 if rest > Fraction(1, 2) else low
    if method == "away":
        return low + 1 if value > 0 else low
    assert method == "even"
    return low + low % 2


def to_multiple(value: Fraction, unit: Fraction, method: str) -> Fraction:
    return to_integer(value / unit, method) * unit


def how(exact: Fraction, given: Fraction) -> int:
    """The part of a DXC that says how a result was made."""
    if exact == given:
        return 0
    return 0x0C if abs(given) > abs(exact) else 0x08


def encode(form: Format, value: Fraction, minus=None) -> int:
    """The datum of a value that the format has."""
    minus = value < 0 if minus is None else minus
    value = abs(value)
    if value == 0:
        return form.signed(0, minus)
    e = max(exponent_of(value), form.bottom)
    assert e <= form.top
    units = value / Fraction(2) ** (e - form.fraction_bits)
    assert units.denominator == 1
    units = int(units)
    assert units < 1 << form.precision
    if units >> form.fraction_bits:
        units += (e - form.bottom) << form.fraction_bits
    return form.signed(units, minus)


def inexact(fpc: int, datum: int, flags: str, rounding: int, quiet: bool = False) -> Outcome:
    if rounding == 0 or quiet:
        return Outcome(datum, flags)
    if fpc & MASK[INEXACT]:
        return Outcome(datum, flags, rounding)
    return Outcome(datum, flags + INEXACT)


def deliver(fpc, form, value, method, quiet=False, source=None) -> Outcome:
    """A value other than zero, rounded to a format. source: the source's format, for LOAD ROUNDED."""
    precise = to_multiple(value, Fraction(2) ** (exponent_of(value) - form.fraction_bits), method)
    minus = value < 0
    adjustment, wide = (source.rounding_adjustment, source) if source else (form.adjustment, form)
    if exponent_of(value) < form.bottom:
        if fpc & MASK[UNDERFLOW]:
            return Outcome(encode(wide, precise * Fraction(2) ** adjustment), "", 0x10 + how(value, precise))
        given = to_multiple(value, Fraction(2) ** (form.bottom - form.fraction_bits), method)
        rounding = how(value, given)
        return inexact(fpc, encode(form, given, minus), UNDERFLOW if rounding else "", rounding, quiet)
    if exponent_of(precise) > form.top:
        if fpc & MASK[OVERFLOW]:
            return Outcome(encode(wide, precise / Fraction(2) ** adjustment), "", 0x20 + how(value, precise))
        if method in ("even", "away", "minus" if minus else "plus"):
            return inexact(fpc, form.signed(form.infinity, minus), OVERFLOW, 0x0C, quiet)
        return inexact(fpc, form.signed(form.greatest, minus), OVERFLOW, 0x08, quiet)
    return inexact(fpc, encode(form, precise), "", how(value, precise), quiet)


def invalid(fpc: int, datum: int) -> Outcome:
    return Outcome(None, "", 0x80) if fpc & MASK[INVALID] else Outcome(datum, INVALID)


def quieted(form: Format, nan: Value) -> int:
    """A NaN in a format, as a QNaN."""
    fraction = nan.datum & (1 << nan.form.fraction_bits) - 1
    distance = form.fraction_bits - nan.form.fraction_bits
    fraction = fraction << distance if distance >= 0 else fraction >> -distance
    return form.signed(form.default | fraction, nan.minus)


def propagate(fpc: int, form: Format, *operands: Value) -> Outcome | None:
    """The result of NaNs among operands, in the order of precedence; None if there are none."""
    for operand in operands:
        if operand.nan == "s":
            return invalid(fpc, quieted(form, operand))
    for operand in operands:
        if operand.nan:
            return Outcome(quieted(form, operand))
    return None


def cc_of(form: Format, datum: int) -> int:
    value = Value(form, datum)
    return 3 if value.nan else 0 if value.zero else 1 if value.minus else 2


# --- operations -------------------------------------------------------------------------------------------------------


def total(fpc, form, minus_a, a, minus_b, b, method) -> Outcome:
    """The sum of two numbers with the signs that they have even as zeros."""
    if a + b:
        return deliver(fpc, form, a + b, method)
    if minus_a == minus_b:
        return Outcome(form.signed(0, minus_a))
    return Outcome(form.signed(0, method == "minus"))


def add(fpc: int, form: Format, a: int, b: int, subtract: bool = False) -> Outcome:
    first, second = Value(form, a), Value(form, b)
    if nan := propagate(fpc, form, first, second):
        return nan
    if subtract:
        second = Value(form, b ^ form.sign)
    if first.infinite and second.infinite and first.minus != second.minus:
        return invalid(fpc, form.default)
    for each in (first, second):
        if each.infinite:
            return Outcome(each.datum)
    return total(fpc, form, first.minus, first.number, second.minus, second.number, method_of(fpc))


def multiply(fpc: int, form: Format, a: int, b: int, source: Format | None = None) -> Outcome:
    source = source or form
    first, second = Value(source, a), Value(source, b)
    if nan := propagate(fpc, form, first, second):
        return nan
    minus = first.minus != second.minus
    if first.infinite or second.infinite:
        if first.zero or second.zero:
            return invalid(fpc, form.default)
        return Outcome(form.signed(form.infinity, minus))
    if first.zero or second.zero:
        return Outcome(form.signed(0, minus))
    return deliver(fpc, form, first.number * second.number, method_of(fpc))


def divide(fpc: int, form: Format, a: int, b: int) -> Outcome:
    first, second = Value(form, a), Value(form, b)
    if nan := propagate(fpc, form, first, second):
        return nan
    minus = first.minus != second.minus
    if (first.infinite and second.infinite) or (first.zero and second.zero):
        return invalid(fpc, form.default)
    if first.infinite:
        return Outcome(form.signed(form.infinity, minus))
    if second.zero:
        if fpc & MASK[DIVIDE]:
            return Outcome(None, "", 0x40)
        return Outcome(form.signed(form.infinity, minus), DIVIDE)
    if second.infinite or first.zero:
        return Outcome(form.signed(0, minus))
    return deliver(fpc, form, first.number / second.number, method_of(fpc))


def divide_to_integer(fpc: int, form: Format, a: int, b: int, field: int = 0) -> tuple[int, Outcome, int | None]:
    """(cc, outcome of the remainder, datum of the quotient)."""
    dividend, divisor = Value(form, a), Value(form, b)
    bad = propagate(fpc, form, dividend, divisor)
    if not bad and (dividend.infinite or divisor.zero):
        bad = invalid(fpc, form.default)
    if bad:
        return 1, bad, bad.datum
    minus = dividend.minus != divisor.minus
    if divisor.infinite:
        n, r, partial = 0, dividend.number, False
    else:
        q = dividend.number / divisor.number
        partial = abs(q) >= 1 << form.precision
        if partial:
            n = int(to_multiple(q, Fraction(2) ** (exponent_of(q) - form.fraction_bits), "zero"))
        else:
            n = to_integer(q, method_of(fpc, field))
        r = dividend.number - n * divisor.number
    overflow = bool(n) and exponent_of(Fraction(n)) > form.top
    quotient = encode(form, Fraction(n) / (Fraction(2) ** form.adjustment if overflow else 1), minus)
    outcome = deliver(fpc, form, r, method_of(fpc)) if r else Outcome(form.signed(0, dividend.minus))
    return (2 if partial and r else 0) + overflow, outcome, quotient


def multiply_and_add(fpc: int, form: Format, a: int, b: int, c: int, subtract: bool = False) -> Outcome:
    """a: first operand, the addend; b: second; c: third."""
    first, second, third = Value(form, a), Value(form, b), Value(form, c)
    no_product = (second.infinite and third.zero) or (second.zero and third.infinite)
    if no_product:
        return invalid(fpc, form.default)
    if nan := propagate(fpc, form, third, second, first):
        return nan
    if subtract:
        first = Value(form, a ^ form.sign)
    minus = second.minus != third.minus
    if second.infinite or third.infinite:
        if first.infinite and first.minus != minus:
            return invalid(fpc, form.default)
        return Outcome(form.signed(form.infinity, minus))
    if first.infinite:
        return Outcome(first.datum)
    product = second.number * third.number
    return total(fpc, form, minus, product, first.minus, first.number, method_of(fpc))


def square_root(fpc: int, form: Format, b: int) -> Outcome:
    value = Value(form, b)
    if nan := propagate(fpc, form, value):
        return nan
    if value.zero:
        return Outcome(b)
    if value.minus:
        return invalid(fpc, form.default)
    if value.infinite:
        return Outcome(b)
    # Enough digits, and a last one that is not zero if the root is not exact.
    shift = 2 * (form.bits + abs(exponent_of(value.number)) // 2 + 2)
    scaled = value.number * 2**shift
    assert scaled.denominator == 1
    root = math.isqrt(int(scaled))
    near = Fraction(root) if root * root == scaled else root + Fraction(1, 4)
    return deliver(fpc, form, near / Fraction(2) ** (shift // 2), method_of(fpc))


def compare(fpc: int, form: Format, a: int, b: int, signal: bool = False) -> tuple[int | None, Outcome]:
    """(cc or None, outcome)."""
    first, second = Value(form, a), Value(form, b)
    if first.nan or second.nan:
        if signal or "s" in (first.nan, second.nan):
            outcome = invalid(fpc, 0)
            return (None if outcome.dxc else 3), outcome
        return 3, Outcome(0)

    def key(value):
        return (-1 if value.minus else 1, 0) if value.infinite else (0, value.number)

    return (0 if key(first) == key(second) else 1 if key(first) < key(second) else 2), Outcome(0)


def load_and_test(fpc: int, form: Format, b: int) -> Outcome:
    return propagate(fpc, form, Value(form, b)) or Outcome(b)


def load_lengthened(fpc: int, source: Format, form: Format, b: int) -> Outcome:
    value = Value(source, b)
    if nan := propagate(fpc, form, value):
        return nan
    if value.infinite:
        return Outcome(form.signed(form.infinity, value.minus))
    return Outcome(encode(form, value.number, value.minus))


def load_rounded(fpc: int, source: Format, form: Format, b: int, field: int = 0, quiet: bool = False) -> Outcome:
    """The datum is of the source's format if overflow or underflow traps."""
    value = Value(source, b)
    if nan := propagate(fpc, form, value):
        return nan
    if value.infinite:
        return Outcome(form.signed(form.infinity, value.minus))
    if value.zero:
        return Outcome(form.signed(0, value.minus))
    return deliver(fpc, form, value.number, method_of(fpc, field), quiet, source)


def load_fp_integer(fpc: int, form: Format, b: int, field: int = 0, quiet: bool = False) -> Outcome:
    value = Value(form, b)
    if nan := propagate(fpc, form, value):
        return nan
    if value.infinite:
        return Outcome(b)
    n = to_integer(value.number, method_of(fpc, field))
    return inexact(fpc, encode(form, Fraction(n), value.minus), "", how(value.number, Fraction(n)), quiet)


def convert_to_integer(fpc, form, b, least: int, greatest: int, field=0, quiet=False) -> tuple[int, Outcome]:
    """(cc, outcome): CONVERT TO FIXED, and TO LOGICAL if `least` is 0. The datum is a signed number."""
    value = Value(form, b)
    if value.nan or value.infinite:
        n = None
        given = least if value.nan or value.minus else greatest
    else:
        n = to_integer(value.number, method_of(fpc, field))
        given = min(max(n, least), greatest)
    if n != given:
        if fpc & MASK[INVALID]:
            return 3, Outcome(None, "", 0x80)
        return 3, inexact(fpc, given, INVALID, 0 if value.nan else 0x08, quiet)
    cc = 0 if value.zero else 1 if value.minus else 2
    return cc, inexact(fpc, given, "", how(value.number, Fraction(n)), quiet)


def convert_from_integer(fpc: int, form: Format, n: int, field: int = 0, quiet: bool = False) -> Outcome:
    return deliver(fpc, form, Fraction(n), method_of(fpc, field), quiet) if n else Outcome(0)


def data_class(form: Format, a: int) -> int:
    """The bit of TEST DATA CLASS, 0 being the leftmost of twelve."""
    value = Value(form, a)
    if value.nan:
        kind = 4 if value.nan == "q" else 5
    elif value.infinite:
        kind = 3
    elif value.zero:
        kind = 0
    else:
        kind = 1 if exponent_of(value.number) >= form.bottom else 2
    return 2 * kind + value.minus
