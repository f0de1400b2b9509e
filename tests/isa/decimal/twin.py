"""Chapter 8 a second time, from the manual's text and Python's `decimal`.

Each twin takes the operands' bytes and the condition code before, and returns a program-interruption code, or (first
operand afterwards, condition code, overflow). Codes are hexadecimal digits of strings here; a number has its sign even
where it is zero.
"""

from __future__ import annotations

from decimal import ROUND_DOWN, Context, Decimal

from s390emu.architecture.interruptions import DATA, DECIMAL_DIVIDE, SPECIFICATION

EXACT = Context(prec=200, rounding=ROUND_DOWN)
PLUS_CODES, MINUS_CODES = "ACEF", "BD"


def number(data: bytes) -> Decimal | None:
    """Return the number of an operand, None if a code is invalid."""
    *digits, sign = data.hex().upper()
    if not all(digit.isdecimal() for digit in digits) or sign.isdecimal():
        return None
    return Decimal(("-" if sign in MINUS_CODES else "") + "".join(digits))


def field(value: Decimal, length: int) -> bytes:
    """Return the rightmost digits of a number, with its preferred sign code, in a field of so many bytes."""
    digits = f"{abs(int(value)):0{2 * length - 1}d}"
    return bytes.fromhex(digits[1 - 2 * length :] + ("D" if value.is_signed() else "C"))


def fits(value: Decimal, length: int) -> bool:
    return abs(int(value)) < 10 ** (2 * length - 1)  # abs of a Decimal has 28 digits only


def result(value: Decimal, length: int):
    """A zero result without overflow is positive."""
    if not fits(value, length):
        return field(value, length), 3, True
    return field(value if value else abs(value), length), 0 if not value else 1 if value < 0 else 2, False


def ap(first, second, cc):
    a, b = number(first), number(second)
    return DATA if None in (a, b) else result(EXACT.add(a, b), len(first))


def sp(first, second, cc):
    a, b = number(first), number(second)
    return DATA if None in (a, b) else result(EXACT.subtract(a, b), len(first))


def zap(first, second, cc):
    b = number(second)
    return DATA if b is None else result(b, len(first))


def cp(first, second, cc):
    a, b = number(first), number(second)
    return DATA if None in (a, b) else (first, 0 if a == b else 1 if a < b else 2, False)


def mp(first, second, cc):
    if len(second) > 8 or len(second) >= len(first):
        return SPECIFICATION
    a, b = number(first), number(second)
    if None in (a, b) or any(first[: len(second)]):
        return DATA
    return field(EXACT.multiply(a, b), len(first)), cc, False


def dp(first, second, cc):
    if len(second) > 8 or len(second) >= len(first):
        return SPECIFICATION
    a, b = number(first), number(second)
    if None in (a, b):
        return DATA
    if not b or not fits(quotient := EXACT.divide_int(a, b), len(first) - len(second)):
        return DECIMAL_DIVIDE
    remainder = EXACT.remainder(a, b).copy_sign(a)
    return field(quotient, len(first) - len(second)) + field(remainder, len(second)), cc, False


def srp(first, shift, rounding):
    a = number(first)
    if a is None or rounding > 9:
        return DATA
    if shift >= 0:
        return result(a.scaleb(shift, EXACT), len(first))
    moved = (abs(int(a)) + rounding * 10 ** (-shift - 1)) // 10**-shift
    return result(Decimal(moved).copy_sign(a), len(first))


TWINS = {"ap": ap, "sp": sp, "zap": zap, "cp": cp, "mp": mp, "dp": dp}

SELECTOR, STARTER, SEPARATOR = 0x20, 0x21, 0x22


def edit(pattern: bytes, source: bytes, base: int):
    """Return (result, condition code, address to mark or None, source bytes used), or DATA."""
    fill, out, mark = pattern[0], [], None
    on, digits_of_field, waiting, used = False, [], [], 0
    for at, control in enumerate(pattern):
        if control == SEPARATOR:
            out.append(fill)
            on, digits_of_field = False, []
        elif control not in (SELECTOR, STARTER):
            out.append(control if on else fill)
        else:
            plus = False
            if not waiting:
                left, right = divmod(source[used], 16)
                used += 1
                if left > 9:
                    return DATA
                waiting = [left] if right > 9 else [left, right]
                plus = f"{right:X}" in PLUS_CODES
            digit = waiting.pop(0)
            digits_of_field.append(digit)
            out.append(0xF0 + digit if on or digit else fill)
            if digit and not on:
                mark = base + at
            on = not plus and (on or digit != 0 or control == STARTER)
    cc = 0 if not any(digits_of_field) else 1 if on else 2
    return bytes(out), cc, mark, used
