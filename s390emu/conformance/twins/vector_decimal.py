"""Vector decimal instructions a second time, in Python's integers: PoP ch. 25.

A twin takes registers as numbers of 128 bits, and immediates and masks as they are in the instruction; `enhanced`: with
facility 152. It returns a Result.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from random import Random
from typing import NamedTuple

from s390emu.architecture.interruptions import DATA, DECIMAL_DIVIDE, DECIMAL_OVERFLOW, SPECIFICATION
from s390emu.conformance.case import VECTOR_CONTROL, Case, State
from s390emu.conformance.twins.forms import ADDRESS, NEAR, Place, first_state, gr, low
from s390emu.conformance.twins.packed_decimal import DECIMAL_OVERFLOW_MASK
from s390emu.conformance.twins.packed_decimal import operand as packed_operand

DIGITS = 31


class Result(NamedTuple):
    """What an instruction does: value: of the first operand, None if it is suppressed. cc: None if it is unchanged.
    code: of the interruption; a decimal overflow if there is one unless the program mask forbids it."""

    value: int | None = None
    cc: int | None = None
    code: int = 0


def codes(register: int) -> tuple[str, str]:
    """Return (digits, sign) as hexadecimal digits."""
    text = f"{register:032x}"
    return text[:-1], text[-1]


def valid(register: int, forced: bool) -> bool:
    digits, sign = codes(register)
    return digits.isdecimal() and (forced or sign.isalpha())


def number(register: int, forced: bool) -> tuple[int, bool]:
    """Return (magnitude, whether it is negative)."""
    digits, sign = codes(register)
    return int(digits), sign in "bd" and not forced


def packed(size: int, sign: str) -> int:
    return int(f"{size:0{DIGITS}d}{sign}", 16)


def flags(mask: int) -> list[bool]:
    """Return the bits of a mask, leftmost first."""
    return [bool(mask & bit) for bit in (8, 4, 2, 1)]


def bad_count(immediate: int, zero_permitted: bool, enhanced: bool) -> bool:
    return bool(immediate & 0x60) or (immediate > 0x7F and not enhanced) or not (immediate & 31 or zero_permitted)


def ended(size: int, negative: bool, count: int, immediate: int, forced: bool, set_cc: bool) -> Result:
    """Return the Result of a number of any size: so many digits of it."""
    kept = size % 10**count
    overflow = kept != size
    negative = negative and not forced and (kept > 0 or overflow)
    cc = (3 if overflow else 0 if not kept else 1 if negative else 2) if set_cc else None
    code = DECIMAL_OVERFLOW if overflow and immediate < 0x80 else 0
    return Result(packed(kept, "f" if forced else "d" if negative else "c"), cc, code)


def arithmetic(name: str, second: int, third: int, i4: int, m5: int, enhanced: bool = True) -> Result:
    """Execute VAP, VSP, VMP, VMSP, VDP, VSDP, VRP."""
    shifting, (p2, p3, p1, cs) = name in ("vmsp", "vsdp"), flags(m5)
    if bad_count(i4, shifting, enhanced):
        return Result(code=SPECIFICATION)
    if not (valid(second, p2) and valid(third, p3)):
        return Result(code=DATA)
    (a, a_negative), (b, b_negative) = number(second, p2), number(third, p3)
    if name in ("vdp", "vsdp", "vrp") and b == 0:
        return Result(code=DECIMAL_DIVIDE)
    signed_a, signed_b = -a if a_negative else a, -b if b_negative else b
    opposite, places = a_negative != b_negative, 10 ** (i4 & 31)
    match name:
        case "vap" | "vsp":
            total = signed_a + signed_b if name == "vap" else signed_a - signed_b
            size, negative = abs(total), total < 0
        case "vmp":
            size, negative = a * b, opposite
        case "vmsp":
            size, negative = a * b // places, opposite
        case "vdp":
            size, negative = a // b, opposite
        case "vsdp":
            size, negative = a * places // b, opposite
        case _:
            size, negative = a % b, a_negative
    return ended(size, negative, DIGITS if shifting else i4 & 31, i4, p1, cs)


def vcp(first: int, second: int, m3: int) -> Result:
    p1, p2, *rest = flags(m3)
    if any(rest):
        return Result(code=SPECIFICATION)
    if not (valid(first, p1) and valid(second, p2)):
        return Result(code=DATA)
    a, b = (-size if negative else size for size, negative in (number(first, p1), number(second, p2)))
    return Result(first, 0 if a == b else 1 if a < b else 2)


def vtp(first: int) -> Result:
    digits, sign = codes(first)
    return Result(first, 2 * (not digits.isdecimal()) + sign.isdecimal())


def vsrp(second: int, i3: int, i4: int, m5: int, enhanced: bool = True) -> Result:
    p2, reserved, p1, cs = flags(m5)
    if bad_count(i3, False, enhanced) or reserved:
        return Result(code=SPECIFICATION)
    if not valid(second, p2):
        return Result(code=DATA)
    (size, negative), shift = number(second, p2), (i4 & 0x7F) - (i4 << 1 & 0x80)
    if shift >= 0:
        size *= 10**shift
    else:
        size = (size + (5 * 10 ** (-shift - 1) if i4 > 0x7F else 0)) // 10**-shift
    return ended(size, negative, i3 & 31, i3, p1, cs)


def vpsop(second: int, i3: int, i4: int, m5: int, enhanced: bool = True) -> Result:
    if bad_count(i3, False, enhanced) or i4 & 0x70 or (i4 & 0x80 and not enhanced) or m5 > 1:
        return Result(code=SPECIFICATION)
    digits, sign = codes(second)
    if (not digits.isdecimal() and not i4 & 0x80) or (i4 & 1 and sign.isdecimal()):
        return Result(code=DATA)
    negative = sign in "bd"
    negative = [negative, not negative, False, True][i4 >> 2 & 3]
    kept = digits[-(i3 & 31) :].zfill(DIGITS)
    overflow, zero = kept != digits, not kept.strip("0")
    negative = negative and (overflow or not zero)
    cc = (3 if overflow else 0 if zero else 1 if negative else 2) if m5 else None
    value = int(kept + ("d" if negative else "f" if i4 & 2 else "c"), 16)
    return Result(value, cc, DECIMAL_OVERFLOW if overflow and i3 < 0x80 else 0)


def to_binary(bits: int, second: int, m3: int, m4: int, enhanced: bool = True) -> Result:
    """Execute VCVB, VCVBG; the value is the rightmost `bits` of the general register."""
    p2, reserved, logical, cs = flags(m3)
    if reserved or m4 & 7 or (m4 and not enhanced):
        return Result(code=SPECIFICATION)
    if not valid(second, p2):
        return Result(code=DATA)
    size, negative = number(second, p2)
    exact = -size if negative else size
    least = 0 if logical else -(1 << bits - 1)
    overflow = not least <= exact < least + (1 << bits)
    return Result(exact % (1 << bits), (3 if overflow else 0) if cs else None,
                  DECIMAL_OVERFLOW if overflow and not m4 else 0)  # fmt: skip


def from_binary(bits: int, operand: int, i3: int, m4: int, enhanced: bool = True) -> Result:
    """Execute VCVD, VCVDG on the rightmost `bits` of a general register."""
    logical, reserved, p1, cs = flags(m4)
    if bad_count(i3, False, enhanced) or reserved:
        return Result(code=SPECIFICATION)
    operand %= 1 << bits
    exact = operand - (1 << bits) if operand >> bits - 1 and not logical else operand
    result = ended(abs(exact), exact < 0, i3 & 31, i3, p1, cs)
    return result._replace(cc=3 * (result.cc == 3)) if cs else result


def vlip(i2: int, i3: int) -> Result:
    digits = f"{i2:04x}"
    if not digits.isdecimal():
        return Result(code=DATA)
    return Result(packed(int(digits) * 10 ** (i3 & 7), "d" if i3 & 8 else "c"))


def vpkz(zoned: bytes) -> Result:
    value = int("".join(f"{byte % 16:x}" for byte in zoned) + f"{zoned[-1] // 16:x}", 16)
    return Result(value) if valid(value, False) else Result(code=DATA)


def vupkz(first: int, length: int) -> Result:
    """The value is the bytes as a number."""
    digits, sign = codes(first)
    digits = digits[-length:]
    if not digits.isdecimal() or sign.isdecimal():
        return Result(code=DATA)
    zones = "f" * (length - 1) + sign
    return Result(int("".join(map("".join, zip(zones, digits, strict=True))), 16))


# --- cases ------------------------------------------------------------------------------------------------------------

VECTORS = 32
ZONED = range(1, 32)  # lengths of an operand in the zoned format


def _state(rng: Random) -> State:
    state = first_state(rng)
    state.psw_mask |= rng.choice((0, 0, DECIMAL_OVERFLOW_MASK))
    state.cr0, state.vr = VECTOR_CONTROL, [rng.getrandbits(128) for _ in range(VECTORS)]
    return state


def _count(rng: Random) -> int:
    """Return an immediate with a number of digits or places."""
    number = rng.choice((1, 5, 15, 16, 30, 31, 31, rng.randrange(32)))
    return number | rng.choice((0, 0x80)) | (rng.random() < 0.03) << rng.choice((5, 6))


def _mask(rng: Random) -> int:
    return rng.choice((1, 1, 0, rng.randrange(16)))


def _operands(before: State, rng: Random, count: int) -> list[int]:
    """Put operands into vector registers, any ones; return their numbers."""
    numbers = [rng.randrange(VECTORS) for _ in range(count)]
    for n in numbers:
        before.vr[n] = int.from_bytes(packed_operand(rng, 16), "big")
    return numbers


def _ended(line: str, before: State, result: Result, put: Callable[[State, int], None]) -> Case:
    """Return the case; `put` is what becomes of the value."""
    after, code = before.copy(), result.code
    if result.value is not None:
        put(after, result.value)
    if result.cc is not None:
        after.cc = result.cc
    if code == DECIMAL_OVERFLOW and not before.psw_mask & DECIMAL_OVERFLOW_MASK:
        code = 0
    return Case(line, before, after, code)


def _into(number: int) -> Callable[[State, int], None]:
    def put(state: State, value: int) -> None:
        state.vr[number] = value

    return put


def _arithmetic(name: str, rng: Random) -> Iterator[Case]:
    while True:
        before, v1, i4, m5 = _state(rng), rng.randrange(VECTORS), _count(rng), _mask(rng)
        v2, v3 = _operands(before, rng, 2)
        if name in ("vmp", "vdp") and rng.random() < 0.5:  # a product that fits; a quotient of more than one digit
            before.vr[v3] %= 1 << 40
        line = f"{name} %v{v1},%v{v2},%v{v3},{i4},{m5}"
        yield _ended(line, before, arithmetic(name, before.vr[v2], before.vr[v3], i4, m5), _into(v1))


def _compares(rng: Random) -> Iterator[Case]:
    while True:
        before, m3 = _state(rng), rng.choice((0, 4, 8, 12, rng.randrange(16)))
        v1, v2 = _operands(before, rng, 2)
        yield _ended(f"vcp %v{v1},%v{v2},{m3}", before, vcp(before.vr[v1], before.vr[v2], m3), _into(v1))


def _tests(rng: Random) -> Iterator[Case]:
    while True:
        before = _state(rng)
        (v1,) = _operands(before, rng, 1)
        yield _ended(f"vtp %v{v1}", before, vtp(before.vr[v1]), _into(v1))


def _shifts(rng: Random) -> Iterator[Case]:
    while True:
        before, v1, i3, m5 = _state(rng), rng.randrange(VECTORS), _count(rng), _mask(rng)
        i4 = rng.choice((0, 1, 31, 32, 63, 127, 97, 96, 64, rng.randrange(128))) | rng.choice((0, 0x80))
        (v2,) = _operands(before, rng, 1)
        yield _ended(f"vsrp %v{v1},%v{v2},{i3},{i4},{m5}", before, vsrp(before.vr[v2], i3, i4, m5), _into(v1))


def _signs(rng: Random) -> Iterator[Case]:
    while True:
        before, v1, i3 = _state(rng), rng.randrange(VECTORS), _count(rng)
        i4, m5 = rng.randrange(16) | rng.choice((0, 0, 0x80)), rng.choice((0, 1, 1, rng.randrange(16)))
        (v2,) = _operands(before, rng, 1)
        yield _ended(f"vpsop %v{v1},%v{v2},{i3},{i4},{m5}", before, vpsop(before.vr[v2], i3, i4, m5), _into(v1))


def _place(bits: int, register: int) -> Place:
    return (low if bits == 32 else gr)(register)


def _to_binary(name: str, bits: int, rng: Random) -> Iterator[Case]:
    limits = (0, (1 << bits - 1) - 1, 1 << bits - 1, (1 << bits) - 1, 10**19)
    while True:
        before, r1, m3, m4 = _state(rng), rng.randrange(16), _mask(rng), rng.choice((0, 0, 8, rng.randrange(16)))
        (v2,) = _operands(before, rng, 1)
        if rng.random() < 0.7:
            before.vr[v2] = packed(abs(rng.choice(limits) + rng.choice((-1, 0, 1))), rng.choice("cdf"))
        result = to_binary(bits, before.vr[v2], m3, m4)
        yield _ended(f"{name} %r{r1},%v{v2},{m3},{m4}", before, result, _place(bits, r1).put)


def _from_binary(name: str, bits: int, rng: Random) -> Iterator[Case]:
    while True:
        before, v1, r2, i3, m4 = _state(rng), rng.randrange(VECTORS), rng.randrange(16), _count(rng), _mask(rng)
        place = _place(bits, r2)
        place.put(before, place.draw(rng))
        yield _ended(f"{name} %v{v1},%r{r2},{i3},{m4}", before, from_binary(bits, before.gr[r2], i3, m4), _into(v1))


def _immediates(rng: Random) -> Iterator[Case]:
    while True:
        before, v1, i3 = _state(rng), rng.randrange(VECTORS), rng.randrange(16)
        i2 = int(str(rng.randrange(10000)), 16) if rng.random() < 0.9 else rng.getrandbits(16)
        yield _ended(f"vlip %v{v1},{i2},{i3}", before, vlip(i2, i3), _into(v1))


def _zoned(rng: Random, length: int) -> bytes:
    data = bytearray(rng.choice((0xF0, 0xF0, 0xA0, 0)) | rng.randrange(10) for _ in range(length))
    data[-1] = rng.choice(b"\xc0\xd0\xa0\xb0\xe0\xf0") | rng.randrange(10)
    if rng.random() < 0.1:
        data[rng.choice((-1, rng.randrange(length)))] = rng.choice(b"\xfa\x0f\x9c\x50")
    return bytes(data)


def _packs(rng: Random) -> Iterator[Case]:
    while True:
        before, v1, length = _state(rng), rng.randrange(VECTORS), rng.choice(ZONED)
        data = _zoned(rng, length)
        before.window(NEAR.start, rng.randbytes(len(NEAR)))
        before.store(ADDRESS, data)
        yield _ended(f"vpkz %v{v1},0(%r5),{length - 1}", before, vpkz(data), _into(v1))


def _unpacks(rng: Random) -> Iterator[Case]:
    while True:
        before, length = _state(rng), rng.choice(ZONED)
        (v1,) = _operands(before, rng, 1)
        before.window(NEAR.start, rng.randbytes(len(NEAR)))
        put = partial(_store, length)
        yield _ended(f"vupkz %v{v1},0(%r5),{length - 1}", before, vupkz(before.vr[v1], length), put)


def _store(length: int, state: State, value: int) -> None:
    state.store(ADDRESS, value.to_bytes(length, "big"))


ARITHMETIC = ("vap", "vsp", "vmp", "vmsp", "vdp", "vsdp", "vrp")
RECIPES: dict[str, Callable[[Random], Iterator[Case]]] = {
    **{name: partial(_arithmetic, name) for name in ARITHMETIC},
    "vcp": _compares, "vtp": _tests, "vsrp": _shifts, "vpsop": _signs, "vlip": _immediates, "vpkz": _packs,
    "vupkz": _unpacks,
    "vcvb": partial(_to_binary, "vcvb", 32), "vcvbg": partial(_to_binary, "vcvbg", 64),
    "vcvd": partial(_from_binary, "vcvd", 32), "vcvdg": partial(_from_binary, "vcvdg", 64),
}  # fmt: skip
