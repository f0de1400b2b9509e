"""Decimal instructions a second time, from the manual's text and Python's `decimal`.

Each twin takes the operands' bytes and the condition code before, and returns a program-interruption code, or (first
operand afterwards, condition code, overflow). Codes are hexadecimal digits of strings here; a number has its sign even
where it is zero.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import ROUND_DOWN, Context, Decimal
from functools import partial
from random import Random

from s390emu.architecture.interruptions import (
    DATA,
    DECIMAL_DIVIDE,
    DECIMAL_OVERFLOW,
    FIXED_POINT_DIVIDE,
    SPECIFICATION,
)
from s390emu.conformance.case import Case, State
from s390emu.conformance.twins.forms import addressed, gr, low
from s390emu.conformance.twins.storage_to_storage import FIRST, SECOND, two_operands

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


def tp(operand: bytes) -> int:
    """Return the condition code of TEST DECIMAL: 1 for the sign, 2 for a digit, 3 for both."""
    *digits, sign = operand.hex()
    return 2 * any(not digit.isdecimal() for digit in digits) + sign.isdecimal()


def cvb(operand: bytes, bits: int) -> int | tuple[int, int]:
    """Return what CONVERT TO BINARY recognizes, or (rightmost bits of the number, code: what does not fit in a word
    completes, and in a doubleword is suppressed)."""
    value = number(operand)
    if value is None:
        return DATA
    exact = int(value)
    if -(1 << bits - 1) <= exact < 1 << bits - 1:
        return exact, 0
    return (exact, FIXED_POINT_DIVIDE) if bits == 32 else FIXED_POINT_DIVIDE


# --- cases ------------------------------------------------------------------------------------------------------------

DECIMAL_OVERFLOW_MASK = 1 << (63 - 21)


def operand(rng: Random, length: int) -> bytes:
    """Return any operand: small, large, zero, with any sign, now and then no decimal number."""
    most = 2 * length - 1
    digits = "".join(rng.choices("0123456789", k=rng.choice((0, 1, most, rng.randint(0, most)))))[:most]
    digits = rng.choice((digits, digits, "9" * most))
    codes = list(digits.rjust(most, "0") + rng.choice("CCDDABEF"))
    if rng.random() < 0.06:
        codes[rng.randrange(len(codes))] = rng.choice("0A9F")
    return bytes.fromhex("".join(codes))


def _state(rng: Random) -> State:
    state = two_operands(rng)
    state.psw_mask |= rng.choice((0, 0, DECIMAL_OVERFLOW_MASK))
    return state


def _arithmetic(name: str, rng: Random) -> Iterator[Case]:
    while True:
        before = _state(rng)
        lengths = rng.choice((1, 2, 5, 8, 15, 16)), rng.choice((1, 1, 2, 3, 8, 16) if name not in ("mp", "dp") else
                                                              (1, 1, 2, 3, 7, 8, 9))  # fmt: skip
        first, second = operand(rng, lengths[0]), operand(rng, lengths[1])
        if name == "mp" and rng.random() < 0.8:  # room for the product
            first = bytes(min(lengths[1], lengths[0] - 1)) + first[min(lengths[1], lengths[0] - 1) :]
        before.window(FIRST, first)
        before.window(SECOND, second)
        line = f"{name} 0({lengths[0]},%r5),0({lengths[1]},%r6)"
        yield _ended(line, before, TWINS[name](first, second, before.cc))


def _ended(line: str, before: State, outcome: int | tuple[bytes, int, bool]) -> Case:
    after = before.copy()
    if isinstance(outcome, int):
        return Case(line, before, after, outcome)
    stored, after.cc, overflow = outcome
    after.window(FIRST, stored)
    return Case(line, before, after, DECIMAL_OVERFLOW if overflow and before.psw_mask & DECIMAL_OVERFLOW_MASK else 0)


def _shifts(rng: Random) -> Iterator[Case]:
    while True:
        before, length = _state(rng), rng.choice((1, 2, 5, 8, 16))
        first, shift = operand(rng, length), rng.choice((0, 1, -1, 31, -31, -32, rng.randint(-32, 31)))
        rounding = rng.choice((0, 5, 5, rng.randrange(12)))
        before.window(FIRST, first)
        yield _ended(f"srp 0({length},%r5),{shift % 64},{rounding}", before, srp(first, shift, rounding))


def _tests(rng: Random) -> Iterator[Case]:
    while True:
        before, length = _state(rng), rng.randint(1, 16)
        data = operand(rng, length) if rng.random() < 0.6 else rng.randbytes(length)
        before.window(FIRST, data)
        after = before.copy()
        after.cc = tp(data)
        yield Case(f"tp 0({length},%r5)", before, after)


def _edits(mark: bool, rng: Random) -> Iterator[Case]:
    while True:
        before, length = _state(rng), rng.choice((1, 2, 6, 12, rng.randrange(1, 40)))
        pattern = bytes(rng.choice((SELECTOR, SELECTOR, SELECTOR, STARTER, SEPARATOR, 0x6B, 0x40))
                        for _ in range(length))  # fmt: skip
        pattern = bytes([rng.choice((0x40, 0x5C, pattern[0]))]) + pattern[1:]
        source = b"".join(operand(rng, rng.randint(1, 4)) for _ in range(40))[:length]
        before.window(FIRST, pattern)
        before.window(SECOND, source)
        line, outcome = f"{'edmk' if mark else 'ed'} 0({length},%r5),0(%r6)", edit(pattern, source, FIRST)
        after = before.copy()
        if isinstance(outcome, int):
            yield Case(line, before, after, outcome)
            continue
        stored, after.cc, marked, _ = outcome
        after.window(FIRST, stored)
        if mark and marked is not None:
            after.gr[1] = addressed(before, 1, marked)
        yield Case(line, before, after)


def _to_binary(name: str, length: int, bits: int, rng: Random) -> Iterator[Case]:
    limits = [-(1 << bits - 1), (1 << bits - 1) - 1]
    while True:
        before = _state(rng)
        near = rng.choice(limits) + rng.choice((-1, 0, 1, 0))
        data = rng.choice(
            (operand(rng, length), field(Decimal(near), length), field(Decimal(rng.randint(*limits)), length))
        )
        before.window(FIRST, data)
        outcome, after = cvb(data, bits), before.copy()
        line = f"{name} %r3,0(%r5)"
        if isinstance(outcome, int):
            yield Case(line, before, after, outcome)
            continue
        (low if bits == 32 else gr)(3).put(after, outcome[0])
        yield Case(line, before, after, outcome[1])


def _to_decimal(name: str, length: int, bits: int, rng: Random) -> Iterator[Case]:
    place = (low if bits == 32 else gr)(3)
    while True:
        before = _state(rng)
        place.put(before, place.draw(rng))
        before.window(FIRST, rng.randbytes(length))
        after = before.copy()
        after.window(FIRST, field(Decimal(place.get(before)), length))
        yield Case(f"{name} %r3,0(%r5)", before, after)


RECIPES: dict[str, Callable[[Random], Iterator[Case]]] = {
    **{name: partial(_arithmetic, name) for name in TWINS},
    "srp": _shifts, "tp": _tests, "ed": partial(_edits, False), "edmk": partial(_edits, True),
    "cvb": partial(_to_binary, "cvb", 8, 32), "cvby": partial(_to_binary, "cvby", 8, 32),
    "cvbg": partial(_to_binary, "cvbg", 16, 64), "cvd": partial(_to_decimal, "cvd", 8, 32),
    "cvdy": partial(_to_decimal, "cvdy", 8, 32), "cvdg": partial(_to_decimal, "cvdg", 16, 64),
}  # fmt: skip
