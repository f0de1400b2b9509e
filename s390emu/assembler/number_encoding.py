"""Numbers as bytes: two's complement, LEB128, binary floating point."""

from __future__ import annotations

from s390emu.assembler.errors import SourceError

ALL_ONES = (1 << 64) - 1
_MOST_EXPONENT = 5_000  # of ten, in a floating-point number: far above what any format holds
# Bits of exponent and fraction (PoP ch. 9, "Binary-Floating-Point Formats").
SHORT_BFP, LONG_BFP = (8, 23), (11, 52)


def signed_64(value: int) -> int:
    """Return the low 64 bits of `value` as a signed number."""
    return ((value + (1 << 63)) & ALL_ONES) - (1 << 63)


def whole(value: int, width: int, column: int | None = None) -> bytes:
    """Return a number of either sign in `width` bytes."""
    bits = 8 * width
    if not -(1 << bits - 1) <= value < 1 << bits:
        raise SourceError(f"{value} does not fit in {width} byte{'s' if width > 1 else ''}", column)
    return (value & ((1 << bits) - 1)).to_bytes(width, "big")


def uleb128(value: int) -> bytes:
    """Return a number in groups of seven bits, the low ones first; a negative one as its low 64 bits."""
    value %= 1 << 64
    data = bytearray()
    while value > 0x7F:
        data.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*data, value])


def sleb128(value: int) -> bytes:
    """Return a number in groups of seven bits; the leftmost bit of the last group is the sign."""
    data = bytearray()
    while not -0x40 <= value < 0x40:
        data.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*data, value & 0x7F])


def bfp(negative: bool, text: str, form: tuple[int, int], column: int | None = None) -> bytes:
    """Return a decimal number, inf or nan in a format of so many bits of exponent and fraction, rounded to nearest."""
    exponent_bits, fraction_bits = form
    bias, unit_bit = (1 << exponent_bits - 1) - 1, 1 << fraction_bits
    infinity = ((1 << exponent_bits) - 1) * unit_bit
    width = 1 + exponent_bits + fraction_bits
    if text[0] in "in":
        bits = infinity if text[0] == "i" else infinity + unit_bit - 1
    else:
        from fractions import Fraction  # takes decimal with it

        mantissa, _, power = text.partition("e")
        if len(mantissa) > 1000 or abs(int(power[:10] or 0)) > _MOST_EXPONENT:
            raise SourceError(f"{text[:20]} has too many digits", column)
        value = Fraction(mantissa + ("0" if mantissa[-1] == "." else "")) * Fraction(10) ** int(power or 0)
        # value = significand * 2**(exponent - fraction_bits): normal with 1 <= value / 2**exponent < 2, else subnormal
        exponent = value.numerator.bit_length() - value.denominator.bit_length()
        exponent = exponent - (value < Fraction(2) ** exponent) if value else 1 - bias
        exponent = max(exponent, 1 - bias)
        bits = round(value / Fraction(2) ** (exponent - fraction_bits)) + (exponent + bias - 1) * unit_bit
        if exponent > bias:
            raise SourceError(f"{text} does not fit in {width // 8} bytes", column)
    return (bits | negative << width - 1).to_bytes(width // 8, "big")
