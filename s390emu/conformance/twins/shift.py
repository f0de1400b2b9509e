"""Shifts, rotation, and rotation with selected bits, bit by bit: PoP ch. 7."""

from __future__ import annotations

import operator
from collections.abc import Callable

from s390emu.architecture.interruptions import FIXED_POINT_OVERFLOW
from s390emu.conformance.twins.arithmetic import signed_cc
from s390emu.conformance.twins.forms import Form, Model, Outcome, gr, immediate, low, low_pair

DOUBLE = {"slda": "sla", "srda": "sra", "sldl": "sll", "srdl": "srl"}
COMBINATIONS: dict[str, Callable[[int, int], int]] = {
    "rnsbg": operator.and_,
    "rosbg": operator.or_,
    "rxsbg": operator.xor,
}
INSERTS = ["risbg", "risbgn", "risbhg", "risblg"]
FLAG = 128  # bit 0 of I3: test results; of I4: zero the remaining bits


def signed(value: int, width: int) -> int:
    """Return the number that these bits are, with a sign."""
    return value - (1 << width) if value >> (width - 1) else value


def shifted(kind: str, value: int, width: int, amount: int) -> tuple[int, int | None]:
    """Return result and cc (None: unchanged) of SLA SRA SLL SRL RLL, whatever the length of the operand."""
    ones = (1 << width) - 1
    number = signed(value, width)
    if kind == "sla":
        sign, product = value >> (width - 1), number << amount
        result = (sign << (width - 1)) | product & (ones >> 1)
        overflow = not -(1 << (width - 1)) <= product < 1 << (width - 1)
        return result, 3 if overflow else signed_cc(signed(result, width))
    if kind == "sra":
        return (number >> amount) & ones, signed_cc(number >> amount)
    if kind == "sll":
        return value << amount & ones, None
    if kind == "srl":
        return value >> amount, None
    amount %= width
    return (value << amount | value >> (width - amount)) & ones, None


def shift(form: Form, cc: int, value: int, amount: int) -> Outcome:
    """PoP ch. 7 SHIFT LEFT SINGLE and its kin; ROTATE LEFT SINGLE LOGICAL."""
    kind = DOUBLE.get(form.mnemonic, form.mnemonic[:3])
    result, code = shifted(kind, value, form.first.bits, amount)
    return Outcome((result,), code, FIXED_POINT_OVERFLOW if code == 3 else 0)


SHORT = tuple(
    Form(f"{name} %r3,{{}}", low(3), low(3).unsigned, immediate(6).unsigned) for name in ("sla", "sra", "sll", "srl")
)
SHORT_TO = tuple(
    Form(f"{name} %r3,%r4,{{}}", low(3), low(4).unsigned, immediate(6).unsigned)
    for name in ("slak", "srak", "sllk", "srlk", "rll")
)
LONG = tuple(
    Form(f"{name} %r3,%r4,{{}}", gr(3), gr(4).unsigned, immediate(6).unsigned)
    for name in ("slag", "srag", "sllg", "srlg", "rllg")
)
PAIRS = tuple(Form(f"{name} %r2,{{}}", low_pair(2), low_pair(2).unsigned, immediate(6).unsigned) for name in DOUBLE)


def bits(value: int) -> list[int]:
    """Return the bits of a doubleword, bit 0 first."""
    return [value >> (63 - n) & 1 for n in range(64)]


def number(values: list[int]) -> int:
    """Return the doubleword that has these bits."""
    return int("".join(map(str, values)), 2)


def rotated(value: int, amount: int) -> list[int]:
    """Return the bits of a doubleword rotated left."""
    return bits(value)[amount:] + bits(value)[:amount]


def selection(first: int, last: int, lowest: int = 0, highest: int = 63) -> set[int]:
    """Return bit positions: from first on, the lowest bit following the highest, to last."""
    positions, position = {first}, first
    while position != last:
        position = lowest if position == highest else position + 1
        positions.add(position)
    return positions


def inserted(mnemonic: str, old: int, second: int, i3: int, i4: int, amount: int) -> int:
    """PoP ch. 7 ROTATE THEN INSERT SELECTED BITS (HIGH, LOW)."""
    half = {"risbhg": (0, 31), "risblg": (32, 63)}.get(mnemonic, (0, 63))
    size = half[1] - half[0] + 1
    chosen = selection(half[0] + i3 % size, half[0] + i4 % size, *half)
    source, result = rotated(second, amount), bits(old)
    for n in range(half[0], half[1] + 1):
        result[n] = source[n] if n in chosen else 0 if i4 & FLAG else result[n]
    return number(result)


def combined(mnemonic: str, old: int, second: int, i3: int, i4: int, amount: int) -> tuple[int, int]:
    """PoP ch. 7 ROTATE THEN AND, OR, EXCLUSIVE OR SELECTED BITS: the register and the condition code."""
    chosen = selection(i3 % 64, i4 % 64)
    pairs = list(zip(bits(old), rotated(second, amount), strict=True))
    result = [COMBINATIONS[mnemonic](a, b) if n in chosen else a for n, (a, b) in enumerate(pairs)]
    return old if i3 & FLAG else number(result), int(any(result[n] for n in chosen))


def rotate_then_insert(form: Form, cc: int, old: int, second: int, i3: int, i4: int, i5: int) -> Outcome:
    """Only RISBG sets a condition code, that of the signed result."""
    result = inserted(form.mnemonic, old, second, i3, i4, i5 % 64)
    return Outcome((result,), signed_cc(signed(result, 64)) if form.mnemonic == "risbg" else None)


def rotate_then_combine(form: Form, cc: int, old: int, second: int, i3: int, i4: int, i5: int) -> Outcome:
    """The register and the condition code of `combined`."""
    result, code = combined(form.mnemonic, old, second, i3, i4, i5 % 64)
    return Outcome((result,), code)


def _rotation(name: str) -> Form:
    fields = (immediate(8).unsigned,) * 3
    return Form(f"{name} %r3,%r4,{{}},{{}},{{}}", gr(3), gr(3).unsigned, gr(4).unsigned, fields)


MODELS: dict[tuple[Form, ...], Model] = {
    SHORT: shift, SHORT_TO: shift, LONG: shift, PAIRS: shift,
    tuple(map(_rotation, INSERTS)): rotate_then_insert, tuple(map(_rotation, COMBINATIONS)): rotate_then_combine,
}  # fmt: skip
