"""Vector decimal instructions a second time, in Python's integers: PoP ch. 25.

A twin takes registers as numbers of 128 bits, and immediates and masks as they are in the instruction; `enhanced`: with
facility 152. It returns a Result.
"""

from __future__ import annotations

from typing import NamedTuple

from s390emu.architecture.interruptions import DATA, DECIMAL_DIVIDE, DECIMAL_OVERFLOW, SPECIFICATION

DIGITS = 31
SUPPRESSING = (DATA, DECIMAL_DIVIDE, SPECIFICATION)


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
