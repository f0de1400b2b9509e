"""Vector shifts and rotates: PoP ch. 22, against naive twins."""

from __future__ import annotations

import pytest

from s390emu.conformance.twins.vector_integer import SHIFTS, rotated, signed, width
from tests.isa.vector.vectors import ALL, agree, check_elementwise, check_invalid, elements, joined, samples

VALUE = 0x8123456789ABCDEF_FEDCBA9876543211


@pytest.mark.parametrize("size", range(4))
@pytest.mark.parametrize("mnemonic", SHIFTS)
def test_elements_by_elements(lab, mnemonic, size):
    """Amounts are modulo the bits of an element."""

    def twin(size, second, third):
        return [SHIFTS[mnemonic](size, a, n % width(size)) for a, n in zip(second, third, strict=True)]

    check_elementwise(lab, mnemonic + "v", size, twin, 2)


@pytest.mark.parametrize("size", range(4))
@pytest.mark.parametrize("mnemonic", SHIFTS)
def test_elements_by_address(lab, mnemonic, size):
    """Nothing is accessed at the second-operand address."""
    for amount in (0, 1, 7, 8, 31, 63, 64, 4095):
        shifted = [SHIFTS[mnemonic](size, a, amount % width(size)) for a in elements(VALUE, size)]
        agree(lab, f"{mnemonic} %v1,%v31,{amount},{size}", joined(shifted, size), v31=VALUE)
    shifted = [SHIFTS[mnemonic](size, a, 3) for a in elements(VALUE, size)]
    agree(lab, f"{mnemonic} %v1,%v1,2(%r4),{size}", joined(shifted, size), v1=VALUE, r4=1 << 40 | 1)


@pytest.mark.parametrize("size", range(4))
def test_rotate_and_insert_under_mask(lab, size):
    for first, second, third in samples(f"verim {size}", 3, 5):
        for amount in (0, 1, 7, width(size) - 1, 255):
            turned = joined([rotated(a, amount % width(size), size) for a in elements(second, size)], size)
            result = first & ~third | turned & third
            agree(lab, f"verim %v1,%v18,%v3,{amount},{size}", result, v1=first, v18=second, v3=third)


@pytest.mark.parametrize("amount", range(8))
def test_register_by_bits(lab, amount):
    """The amount is in bits 5-7 of every byte of V3; the others are ignored."""
    for extra in (0, 0xF8):
        amounts = int(f"{amount | extra:02x}" * 16, 16)
        for value in (VALUE, ALL >> 1, 1, ALL):
            agree(lab, "vsl %v1,%v18,%v3", value << amount & ALL, v18=value, v3=amounts)
            agree(lab, "vsrl %v1,%v18,%v3", value >> amount, v18=value, v3=amounts)
            agree(lab, "vsra %v1,%v18,%v3", signed(value, 4) >> amount & ALL, v18=value, v3=amounts)


def test_bytes_by_bits(lab):
    """With vector enhancements 2 each byte has an amount of its own."""
    for value, amounts in samples("vsl", 2):
        listed, by = elements(value, 0), [n % 8 for n in elements(amounts, 0)]
        after, before = [*listed[1:], 0], [0, *listed[:-1]]
        left = [(a << 8 | b) << n >> 8 for a, b, n in zip(listed, after, by, strict=True)]
        right = [(b << 8 | a) >> n for a, b, n in zip(listed, before, by, strict=True)]
        agree(lab, "vsl %v1,%v18,%v3", joined(left, 0), v18=value, v3=amounts)
        agree(lab, "vsrl %v1,%v18,%v3", joined(right, 0), v18=value, v3=amounts)
        before[0] = 0xFF * (value >> 127)
        right = [(b << 8 | a) >> n for a, b, n in zip(listed, before, by, strict=True)]
        agree(lab, "vsra %v1,%v18,%v3", joined(right, 0), v18=value, v3=amounts)


@pytest.mark.parametrize("count", range(16))
def test_register_by_bytes(lab, count):
    """The count is in bits 1-4 of byte 7 of V3."""
    for rest in (0, ALL):
        amounts = rest & ~(0x78 << 64) | count << 67
        for value in (VALUE, VALUE >> 1):
            agree(lab, "vslb %v1,%v18,%v3", value << 8 * count & ALL, v18=value, v3=amounts)
            agree(lab, "vsrlb %v1,%v18,%v3", value >> 8 * count, v18=value, v3=amounts)
            agree(lab, "vsrab %v1,%v18,%v3", signed(value, 4) >> 8 * count & ALL, v18=value, v3=amounts)
    agree(lab, f"vsldb %v1,%v18,%v3,{count}", (VALUE << 128 | 5) >> 128 - 8 * count & ALL, v18=VALUE, v3=5)
    agree(lab, f"vsldb %v1,%v18,%v1,{count + 240}", (VALUE << 128 | 5) >> 128 - 8 * count & ALL, v18=VALUE, v1=5)


@pytest.mark.parametrize("count", range(8))
def test_double_by_bits(lab, count):
    for second, third in samples(f"vsld {count}", 2, 4):
        both = second << 128 | third
        agree(lab, f"vsld %v1,%v18,%v3,{count}", both >> 128 - count & ALL, v18=second, v3=third)
        agree(lab, f"vsrd %v1,%v18,%v3,{count}", both >> count & ALL, v18=second, v3=third)


def test_what_there_is_not(lab):
    check_invalid(lab, [f"{name}v %v1,%v2,%v3,{m}" for name in SHIFTS for m in range(4, 16)])
    check_invalid(lab, [f"{name} %v1,%v2,0,{m}" for name in SHIFTS for m in range(4, 16)])
    check_invalid(lab, [f"verim %v1,%v2,%v3,0,{m}" for m in range(4, 16)])
    check_invalid(lab, [f"{name} %v1,%v2,%v3,{count}" for name in ("vsld", "vsrd") for count in (8, 16, 128, 255)])
