"""Decimal floating point by Python's `decimal`: what the instructions of PoP ch. 20 are to give.

A datum is read into a `Datum`, a number is a `decimal.Decimal`, and nothing is shared with the code that is tested.
An operation returns an Outcome of `exact.py`; `None` for the datum means that the operation is suppressed.
"""

from __future__ import annotations

import decimal
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Context, Decimal
from typing import NamedTuple

from s390emu.conformance.twins.exact import DIVIDE, INEXACT, INVALID, OVERFLOW, UNDERFLOW, Outcome

QUANTUM = "q"
MASK = {name: 1 << 31 - n for n, name in enumerate("izouxq")}
DXC = {INVALID: 0x80, DIVIDE: 0x40, OVERFLOW: 0x20, UNDERFLOW: 0x10, INEXACT: 0, QUANTUM: 4}
TRUNCATED, INCREMENTED = 8, 0xC
# By the DFP rounding mode; a field of 8 to 15 is 8 more than that, and 0 and 2 are the mode.
MODES = (
    decimal.ROUND_HALF_EVEN, decimal.ROUND_DOWN, decimal.ROUND_CEILING, decimal.ROUND_FLOOR, decimal.ROUND_HALF_UP,
    decimal.ROUND_HALF_DOWN, decimal.ROUND_UP, decimal.ROUND_05UP,
)  # fmt: skip
FIELDS = {1: 4, 3: 7, 4: 0, 5: 1, 6: 2, 7: 3} | {field: field - 8 for field in range(8, 16)}
UNBOUNDED = 999_999  # exponents


@dataclass(frozen=True)
class Format:
    name: str
    bits: int
    precision: int
    bias: int
    scale: int  # power of ten of a trapped overflow or underflow
    rounding_scale: int  # ... of LOAD ROUNDED from this format

    @property
    def declets(self) -> int:
        return self.precision // 3

    @property
    def exponent_bits(self) -> int:
        """Those that follow the first five after the sign."""
        return self.bits - 6 - 10 * self.declets

    @property
    def most(self) -> int:
        """The greatest biased exponent."""
        return (3 << self.exponent_bits) - 1

    @property
    def top(self) -> int:
        """The greatest exponent of a number's last digit."""
        return self.most - self.bias

    @property
    def bottom(self) -> int:
        return -self.bias

    @property
    def sign(self) -> int:
        return 1 << self.bits - 1


SHORT = Format("short", 32, 7, 101, 0, 0)
LONG = Format("long", 64, 16, 398, 576, 192)
EXTENDED = Format("extended", 128, 34, 6176, 9216, 3072)
FORMATS = (SHORT, LONG, EXTENDED)


# --- data ------------------------------------------------------------------------------------------------------------


def declet(digits: str) -> int:
    """Return the canonical declet of three digits: PoP ch. 20, the table of how BCD is mapped to DPD."""
    a, b, c, d, e, f, g, h, i, j, k, m = list("".join(f"{int(digit):04b}" for digit in digits))
    bits = {
        "000": b + c + d + f + g + h + "0" + j + k + m,
        "001": b + c + d + f + g + h + "100" + m,
        "010": b + c + d + j + k + h + "101" + m,
        "011": b + c + d + "10" + h + "111" + m,
        "100": j + k + d + f + g + h + "110" + m,
        "101": f + g + d + "01" + h + "111" + m,
        "110": j + k + d + "00" + h + "111" + m,
        "111": "00" + d + "11" + h + "111" + m,
    }[a + e + i]
    return int(bits, 2)


DECLETS = {f"{n:03d}": declet(f"{n:03d}") for n in range(1000)}
# Where all three digits are 8 or 9, the two leftmost bits make no difference.
DIGITS = {code | extra << 8: digits for digits, code in DECLETS.items()
          for extra in (range(4) if set(digits) <= {"8", "9"} else (0,))}  # fmt: skip


class Datum(NamedTuple):
    """A datum read. kind: "n" a number, "i" infinity, "q" and "s" NaNs; digits: all of a number, those of the declets
    of another; exponent: of a number's last digit."""

    kind: str
    minus: bool
    digits: str
    exponent: int

    @property
    def nan(self) -> bool:
        return self.kind in "qs"

    @property
    def number(self) -> Decimal:
        return Decimal((int(self.minus), tuple(map(int, self.digits)), self.exponent))

    @property
    def zero(self) -> bool:
        return self.kind == "n" and int(self.digits) == 0

    @property
    def significance(self) -> int:
        return len(self.digits.lstrip("0"))


def read(form: Format, datum: int) -> Datum:
    bits = f"{datum:0{form.bits}b}"
    five, exponent = bits[1:6], bits[6 : 6 + form.exponent_bits]
    trailing = bits[6 + form.exponent_bits :]
    digits = "".join(DIGITS[int(trailing[n : n + 10], 2)] for n in range(0, len(trailing), 10))
    minus = bits[0] == "1"
    if five == "11110":
        return Datum("i", minus, digits, 0)
    if five == "11111":
        return Datum("s" if exponent[0] == "1" else "q", minus, digits, 0)
    first, digit = (five[2:4], 8 + int(five[4])) if five[:2] == "11" else (five[:2], int(five[2:], 2))
    return Datum("n", minus, f"{digit}{digits}", int(first + exponent, 2) - form.bias)


def write(form: Format, datum: Datum) -> int:
    """Return the canonical bits of a datum, whose digits are cut or filled with zeros at their left."""
    digits = datum.digits.zfill(form.precision)[-form.precision :]
    trailing = "".join(f"{DECLETS[digits[n : n + 3]]:010b}" for n in range(1, form.precision, 3))
    if datum.kind == "n":
        biased = f"{datum.exponent + form.bias:0{form.exponent_bits + 2}b}"
        assert 0 <= int(biased, 2) <= form.most, datum
        first, digit = biased[:2], int(digits[0])
        five = first + f"{digit:03b}" if digit < 8 else "11" + first + str(digit - 8)
        exponent = biased[2:]
    else:
        five = "11110" if datum.kind == "i" else "11111"
        exponent = ("1" if datum.kind == "s" else "0").ljust(form.exponent_bits, "0")
    return int(f"{int(datum.minus)}{five}{exponent}{trailing}", 2)


def of(form: Format, number: Decimal) -> int:
    """Return the bits of a number that the format has, or of infinity."""
    sign, digits, _ = number.as_tuple()
    if number.is_infinite():
        return infinity(form, bool(sign))
    return write(form, Datum("n", bool(sign), "".join(map(str, digits)), exponent_of(number)))


def infinity(form: Format, minus: bool) -> int:
    return write(form, Datum("i", minus, "0", 0))


def default_nan(form: Format) -> int:
    return write(form, Datum("q", False, "0", 0))


def cc_of(form: Format, datum: int) -> int:
    value = read(form, datum)
    return 3 if value.nan else 0 if value.zero else 1 if value.minus else 2


# --- how results come about ------------------------------------------------------------------------------------------


def method_of(fpc: int, field: int = 0) -> str:
    return MODES[FIELDS.get(field, fpc >> 4 & 7)]


def signal(fpc: int, condition: str, datum: int) -> Outcome:
    """Return the outcome of an invalid operation or a division by zero."""
    return Outcome(None, "", DXC[condition]) if fpc & MASK[condition] else Outcome(datum, condition)


def nan_of(fpc: int, form: Format, *operands: Datum) -> Outcome | None:
    """Return the outcome if one of these is a NaN: signaling ones first, then by their order."""
    for kind in "sq":
        for operand in operands:
            if operand.kind == kind:
                datum = write(form, operand._replace(kind="q"))
                return signal(fpc, INVALID, datum) if kind == "s" else Outcome(datum)
    return None


def invalid(fpc: int, form: Format) -> Outcome:
    return signal(fpc, INVALID, default_nan(form))


def bounded(form: Format, rounding: str) -> Context:
    return Context(
        form.precision, rounding, form.bottom + form.precision - 1, form.top + form.precision - 1, 1, 1, [], []
    )


def unbounded(precision: int, rounding: str) -> Context:
    return Context(precision, rounding, -UNBOUNDED, UNBOUNDED, 1, 0, [], [])


def deliver(fpc: int, form: Format, operation: Callable[[Context], Decimal], preferred: int, rounding: str,
            quiet: bool = False, source: Format | None = None) -> Outcome:  # fmt: skip
    """Return the outcome of an operation on finite numbers that rounds once. operation: gives the number in a context;
    preferred: the exponent of the preferred quantum; source: of LOAD ROUNDED, the format of its operand."""
    context = bounded(form, rounding)
    result, toward_zero = operation(context), operation(bounded(form, decimal.ROUND_DOWN))
    tiny, over = context.flags[decimal.Subnormal], context.flags[decimal.Overflow]
    condition = OVERFLOW if over else UNDERFLOW
    trapped = (tiny or over) and fpc & MASK[condition]
    if trapped:
        context = unbounded(form.precision, rounding)
        result, toward_zero = operation(context), operation(unbounded(form.precision, decimal.ROUND_DOWN))
    inexact = context.flags[decimal.Inexact]
    kind = 0 if not inexact else INCREMENTED if abs_of(result) > abs_of(toward_zero) else TRUNCATED
    if trapped:
        scale = source.rounding_scale if source else form.scale
        sign, digits, _ = result.as_tuple()
        scaled = Decimal((sign, digits, exponent_of(result) + (scale if tiny else -scale)))
        return Outcome(of(source or form, scaled), "", DXC[condition] + kind)
    flags = OVERFLOW if over else UNDERFLOW if tiny and inexact else ""
    datum = of(form, result)
    if inexact and not quiet:
        if fpc & MASK[INEXACT]:
            return Outcome(datum, flags, kind)
        flags += INEXACT
    if not over and exponent_of(result) != preferred:
        if fpc & MASK[QUANTUM]:
            return Outcome(datum, flags, DXC[QUANTUM])
        flags += QUANTUM
    return Outcome(datum, flags)


def exponent_of(number: Decimal) -> int:
    """Return the exponent of a finite number's last digit."""
    exponent = number.as_tuple().exponent
    assert isinstance(exponent, int)
    return exponent


def abs_of(number: Decimal) -> Decimal:
    return number.copy_abs()


# --- arithmetic ------------------------------------------------------------------------------------------------------


def add(fpc: int, form: Format, a: int, b: int, m4: int = 0, subtract: bool = False) -> Outcome:
    x, y = read(form, a), read(form, b)
    if nan := nan_of(fpc, form, x, y):
        return nan
    if subtract:
        y = y._replace(minus=not y.minus)
    if "i" in x.kind + y.kind:
        if x.kind == y.kind and x.minus != y.minus:
            return invalid(fpc, form)
        return Outcome(infinity(form, (x if x.kind == "i" else y).minus))
    preferred = min(x.exponent, y.exponent)
    return deliver(fpc, form, lambda c: c.add(x.number, y.number), preferred, method_of(fpc, m4))


def multiply(fpc: int, form: Format, a: int, b: int, m4: int = 0) -> Outcome:
    x, y = read(form, a), read(form, b)
    if nan := nan_of(fpc, form, x, y):
        return nan
    if "i" in x.kind + y.kind:
        return invalid(fpc, form) if x.zero or y.zero else Outcome(infinity(form, x.minus != y.minus))
    preferred = x.exponent + y.exponent
    return deliver(fpc, form, lambda c: c.multiply(x.number, y.number), preferred, method_of(fpc, m4))


def divide(fpc: int, form: Format, a: int, b: int, m4: int = 0) -> Outcome:
    x, y = read(form, a), read(form, b)
    if nan := nan_of(fpc, form, x, y):
        return nan
    minus = x.minus != y.minus
    if x.kind == y.kind == "i" or (x.zero and y.zero):
        return invalid(fpc, form)
    if x.kind == "i":
        return Outcome(infinity(form, minus))
    if y.zero:
        return signal(fpc, DIVIDE, infinity(form, minus))
    if y.kind == "i":
        return Outcome(write(form, Datum("n", minus, "0", form.bottom)))
    preferred = x.exponent - y.exponent
    return deliver(fpc, form, lambda c: c.divide(x.number, y.number), preferred, method_of(fpc, m4))


# --- other instructions ----------------------------------------------------------------------------------------------


def load_and_test(fpc: int, form: Format, b: int) -> Outcome:
    x = read(form, b)
    return nan_of(fpc, form, x) or Outcome(infinity(form, x.minus) if x.kind == "i" else write(form, x))


def compare(fpc: int, form: Format, a: int, b: int, signal_qnan: bool) -> tuple[int | None, Outcome]:
    """Return (condition code, outcome without a datum that counts)."""
    x, y = read(form, a), read(form, b)
    if not (x.nan or y.nan):
        p, q = (Decimal("-Infinity" if v.minus else "Infinity") if v.kind == "i" else v.number for v in (x, y))
        return (p > q) * 2 + (p < q), Outcome(0)
    if signal_qnan or "s" in x.kind + y.kind:
        return 3, signal(fpc, INVALID, 0)
    return 3, Outcome(0)


def compare_exponents(form: Format, a: int, b: int) -> int:
    x, y = read(form, a), read(form, b)
    if x.kind == y.kind == "n":
        return (x.exponent > y.exponent) * 2 + (x.exponent < y.exponent)
    return 0 if (x.nan and y.nan) or x.kind == y.kind else 3


def data_class(form: Format, datum: int) -> int:
    """Return which bit of twelve stands for the class and sign."""
    x = read(form, datum)
    if x.kind == "n":
        subnormal = x.significance + x.exponent < form.precision + form.bottom
        place = 0 if x.zero else 2 if subnormal else 4
    else:
        place = {"i": 6, "q": 8, "s": 10}[x.kind]
    return place + x.minus


def data_group(form: Format, datum: int) -> int:
    """Return which bit of twelve stands for the group and sign."""
    x = read(form, datum)
    extreme = x.exponent in (form.bottom, form.top)
    if x.kind != "n":
        place = 10
    elif x.zero:
        place = 2 if extreme else 0
    else:
        place = 4 if extreme else 6 if x.digits[0] == "0" else 8
    return place + x.minus


def load_lengthened(fpc: int, form: Format, source: Format, b: int, m4: int) -> Outcome:
    x = read(source, b)
    if x.kind != "n" and not m4 & 1:
        return nan_of(fpc, form, x) or Outcome(infinity(form, x.minus))
    return Outcome(write(form, x))


def load_rounded(fpc: int, form: Format, source: Format, b: int, m3: int, m4: int) -> Outcome:
    x = read(source, b)
    if x.kind != "n":
        return load_lengthened(fpc, form, source, b, m4)
    return deliver(
        fpc, form, lambda c: c.create_decimal(x.number), x.exponent, method_of(fpc, m3), bool(m4 & 4), source
    )


def _rounded(fpc: int, form: Format, result: Decimal, toward_zero: Decimal, exact: Decimal, quiet: bool) -> Outcome:
    datum = of(form, result)
    if result == exact or quiet:
        return Outcome(datum)
    if fpc & MASK[INEXACT]:
        return Outcome(datum, "", INCREMENTED if abs_of(result) > abs_of(toward_zero) else TRUNCATED)
    return Outcome(datum, INEXACT)


def load_fp_integer(fpc: int, form: Format, b: int, m3: int, m4: int) -> Outcome:
    x = read(form, b)
    if x.kind != "n":
        return load_and_test(fpc, form, b)
    with decimal.localcontext(unbounded(99, decimal.ROUND_DOWN)):
        result = x.number.to_integral_value(method_of(fpc, m3))
        toward_zero = x.number.to_integral_value(decimal.ROUND_DOWN)
    return _rounded(fpc, form, result, toward_zero, x.number, bool(m4 & 4))


def extracted(form: Format, datum: int, significance: bool) -> int:
    x = read(form, datum)
    if x.kind != "n":
        return {"i": -1, "q": -2, "s": -3}[x.kind]
    return x.significance if significance else x.exponent + form.bias


def insert_exponent(form: Format, exponent: int, datum: int) -> int:
    x = read(form, datum)
    if 0 <= exponent <= form.most:
        return write(form, x._replace(kind="n", exponent=exponent - form.bias))
    return write(form, x._replace(kind={-1: "i", -3: "s"}.get(exponent, "q")))


def shift_significand(form: Format, datum: int, count: int, left: bool) -> int:
    x = read(form, datum)
    digits = x.digits + count * "0" if left else x.digits[: max(len(x.digits) - count, 0)] or "0"
    return write(form, x._replace(digits=digits))


def quantize(fpc: int, form: Format, exemplar: int, datum: int, m4: int) -> Outcome:
    e, x = read(form, exemplar), read(form, datum)
    if nan := nan_of(fpc, form, e, x):
        return nan
    if "i" in e.kind + x.kind:
        return Outcome(infinity(form, x.minus)) if e.kind == x.kind else invalid(fpc, form)
    context = bounded(form, method_of(fpc, m4))
    result = context.quantize(x.number, e.number)
    if context.flags[decimal.InvalidOperation]:
        return invalid(fpc, form)
    toward_zero = bounded(form, decimal.ROUND_DOWN).quantize(x.number, e.number)
    return _rounded(fpc, form, result, toward_zero, x.number, False)


def reround(fpc: int, form: Format, significance: int, datum: int, m4: int) -> Outcome:
    x = read(form, datum)
    if x.kind != "n" or significance == 0 or x.significance <= significance:
        return load_and_test(fpc, form, datum)
    result, toward_zero = (
        unbounded(significance, rounding).plus(x.number) for rounding in (method_of(fpc, m4), decimal.ROUND_DOWN)
    )
    if exponent_of(result) > form.top:
        return invalid(fpc, form)
    return _rounded(fpc, form, result, toward_zero, x.number, False)


def convert_to_integer(fpc: int, form: Format, b: int, least: int, most: int, m3: int,
                       quiet: bool) -> tuple[int, Outcome]:  # fmt: skip
    """Return (condition code, outcome whose datum is an integer)."""
    x = read(form, b)
    if x.nan:
        return 3, signal(fpc, INVALID, least)
    inexact = "" if quiet else INEXACT
    number, toward_zero = Decimal(0), Decimal(0)
    if x.kind == "n":
        rounding = method_of(fpc, m3)
        with decimal.localcontext(unbounded(99, decimal.ROUND_DOWN)):
            number, toward_zero = (x.number.to_integral_value(r) for r in (rounding, decimal.ROUND_DOWN))
    if x.kind == "i" or not least <= number <= most:
        outcome = signal(fpc, INVALID, least if x.minus else most)
        if outcome.datum is None or not inexact:
            return 3, outcome
        if fpc & MASK[INEXACT]:
            return 3, Outcome(outcome.datum, outcome.flags, TRUNCATED)
        return 3, Outcome(outcome.datum, outcome.flags + inexact)
    cc = 0 if x.zero else 1 if x.minus else 2
    if number == x.number or not inexact:
        return cc, Outcome(int(number))
    if fpc & MASK[INEXACT]:
        return cc, Outcome(int(number), "", INCREMENTED if abs_of(number) > abs_of(toward_zero) else TRUNCATED)
    return cc, Outcome(int(number), INEXACT)


def convert_from_integer(fpc: int, form: Format, value: int, m3: int, quiet: bool) -> Outcome:
    return deliver(fpc, form, lambda c: c.plus(Decimal(value)), 0, method_of(fpc, m3), quiet)


def to_packed(form: Format, datum: int, signed: bool, plus: str) -> str:
    """Return the codes, 16 or 32 of them, of the rightmost digits."""
    x = read(form, datum)
    codes = 32 if form is EXTENDED else 16
    sign = ("D" if x.minus else plus) if signed else ""
    return (x.digits.zfill(40) + sign)[-codes:]


def from_packed(form: Format, codes: str, signed: bool) -> int | None:
    """Return the datum, None if a code is invalid. codes: hexadecimal digits in upper case."""
    digits, sign = (codes[:-1], codes[-1]) if signed else (codes, "C")
    if sign not in "ABCDEF" or not digits.isdecimal():
        return None
    return write(form, Datum("n", sign in "BD", digits, 0))


# M3 of the conversions with zoned operands.
SIGNED, OTHER_ZONE, OTHER_PLUS, PLUS_ZERO = 8, 4, 2, 1


def from_zoned(form: Format, stored: bytes, m3: int) -> int | None:
    """Return the datum, None if a digit or the sign is invalid."""
    codes = stored.hex().upper()
    return from_packed(form, codes[1::2] + (codes[-2] if m3 & SIGNED else "C"), True)


def to_zoned(form: Format, datum: int, length: int, m3: int) -> tuple[int, bool, bytes]:
    """Return (condition code, whether digits are lost, what is stored)."""
    x = read(form, datum)
    lost, digits = x.digits.zfill(40)[:-length], x.digits.zfill(40)[-length:]
    zones = ("3" if m3 & OTHER_ZONE else "F") * length
    if m3 & SIGNED:
        minus = x.minus and not (m3 & PLUS_ZERO and int(digits) == 0)
        zones = zones[:-1] + ("D" if minus else "F" if m3 & OTHER_PLUS else "C")
    stored = bytes.fromhex("".join(map("".join, zip(zones, digits, strict=True))))
    overflow = int(lost) != 0
    cc = 3 if x.kind != "n" or overflow else 0 if x.zero else 1 if x.minus else 2
    return cc, overflow, stored
