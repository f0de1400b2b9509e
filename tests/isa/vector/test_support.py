"""Vector support instructions between registers: PoP ch. 21, against naive twins on lists of elements."""

from __future__ import annotations

import pytest

from s390emu.conformance.twins.vector_integer import signed, width
from tests.isa.vector.vectors import (
    agree,
    check_elementwise,
    check_invalid,
    elements,
    execute,
    joined,
    register,
    samples,
)

OLD = 0x0123456789ABCDEF_FEDCBA9876543210
LETTERS = "bhfg"


@pytest.mark.parametrize("i2", [0, 0xFFFF, 1, 0x8000, 0x5A3C])
def test_generate_byte_mask(lab, i2):
    result = joined([0xFF * (i2 >> (15 - n) & 1) for n in range(16)], 0)
    agree(lab, f"vgbm %v1,{i2}", result)


@pytest.mark.parametrize("size", range(4))
def test_generate_mask(lab, size):
    """From bit I2 to bit I3, around the end of the element; the rightmost bits of both count."""
    bits = width(size)
    for first, last in ((0, 0), (0, bits - 1), (3, 5), (5, 3), (bits - 1, 0), (bits - 1, bits - 1), (255, 2), (9, 130)):
        low, high = first % bits, last % bits
        ones = [n for n in range(bits) if (low <= n <= high if low <= high else n >= low or n <= high)]
        content = sum(1 << bits - 1 - n for n in ones)
        agree(lab, f"vgm %v1,{first},{last},{size}", joined([content] * (16 >> size), size))


@pytest.mark.parametrize("size", range(4))
@pytest.mark.parametrize("i2", [0, 1, -1, -32768, 32767, 0x1FF])
def test_immediate(lab, size, i2):
    agree(lab, f"vrepi %v1,{i2},{size}", joined([i2] * (16 >> size), size))
    for number in range(16 >> size):
        after = elements(OLD, size)
        after[number] = i2
        agree(lab, f"vlei{LETTERS[size]} %v1,{i2},{number}", joined(after, size), v1=OLD)
    check_invalid(lab, [f"vlei{LETTERS[size]} %v1,{i2},{number}" for number in range(16 >> size, 16)])


@pytest.mark.parametrize("size", range(4))
def test_replicate(lab, size):
    for number in range(16 >> size):
        result = joined([elements(OLD, size)[number]] * (16 >> size), size)
        agree(lab, f"vrep %v1,%v20,{number},{size}", result, v20=OLD)
        agree(lab, f"vrep %v1,%v1,{number},{size}", result, v1=OLD)
    check_invalid(lab, [f"vrep %v1,%v2,{number},{size}" for number in (16 >> size, 16, 255, 65535)])


def merged(half):
    """half: 0 or 1."""

    def twin(size, second, third):
        count = len(second) // 2
        return [content for pair in list(zip(second, third, strict=True))[half * count : (half + 1) * count]
                for content in pair]  # fmt: skip

    return twin


@pytest.mark.parametrize("size", range(4))
@pytest.mark.parametrize(("mnemonic", "half"), [("vmrh", 0), ("vmrl", 1)])
def test_merge(lab, mnemonic, half, size):
    check_elementwise(lab, mnemonic, size, merged(half), 2)


def test_permute(lab):
    for second, third, numbers in samples("vperm", 3):
        both = elements(second, 0) + elements(third, 0)
        result = joined([both[number % 32] for number in elements(numbers, 0)], 0)
        agree(lab, "vperm %v1,%v18,%v3,%v31", result, v18=second, v3=third, v31=numbers)
    agree(lab, "vperm %v1,%v1,%v1,%v1", joined([elements(OLD, 0)[n % 16] for n in elements(OLD, 0)], 0), v1=OLD)


@pytest.mark.parametrize("m4", range(16))
def test_permute_doubleword_immediate(lab, m4):
    """Bits 1 and 3 of M4 choose; the others are ignored."""
    result = (4 if m4 & 4 else 3) << 64 | (6 if m4 & 1 else 5)
    agree(lab, f"vpdi %v1,%v18,%v3,{m4}", result, v18=3 << 64 | 4, v3=5 << 64 | 6)


def test_select(lab):
    for second, third, ones in samples("vsel", 3):
        agree(lab, "vsel %v1,%v18,%v3,%v31", second & ones | third & ~ones, v18=second, v3=third, v31=ones)


def test_bit_permute(lab):
    for second, numbers in samples("vbperm", 2):
        found = [second >> 127 - number & 1 if number < 128 else 0 for number in elements(numbers, 0)]
        result = sum(one << 15 - n for n, one in enumerate(found)) << 64
        agree(lab, "vbperm %v1,%v18,%v3", result, v18=second, v3=numbers)
    agree(lab, "vbperm %v1,%v2,%v3", 0x8001 << 64, v2=1 << 127, v3=int("00" + "80" * 7 + "ff" * 7 + "00", 16))


# --- pack and unpack --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 2, 3])
def test_pack(lab, size):
    for second, third in samples(f"vpk {size}", 2):
        result = joined(elements(second, size) + elements(third, size), size - 1)
        agree(lab, f"vpk %v1,%v18,%v3,{size}", result, v18=second, v3=third)
    agree(lab, f"vpk %v1,%v1,%v1,{size}", joined(elements(OLD, size) * 2, size - 1), v1=OLD)


def saturated(content, size, logical):
    bits = width(size - 1)
    if logical:
        return min(content, (1 << bits) - 1)
    return max(-1 << bits - 1, min(signed(content, size), (1 << bits - 1) - 1))


@pytest.mark.parametrize("size", [1, 2, 3])
@pytest.mark.parametrize(("mnemonic", "logical"), [("vpks", False), ("vpkls", True)])
def test_pack_saturate(lab, mnemonic, logical, size):
    seen = set()
    fits = joined([5] * (16 >> size), size)
    for second, third in [*samples(f"{mnemonic} {size}", 2), (fits, fits)]:
        both = elements(second, size) + elements(third, size)
        packed = [saturated(content, size, logical) for content in both]
        changed = [p != (c if logical else signed(c, size)) for p, c in zip(packed, both, strict=True)]
        cc = 3 if all(changed) else 1 if any(changed) else 0
        seen.add(cc)
        result = joined(packed, size - 1)
        agree(lab, f"{mnemonic} %v1,%v18,%v3,{size},0", result, v18=second, v3=third)
        for m5 in (1, 15):
            lab.reset()
            before = register(lab, 1)
            code, found = execute(lab, f"{mnemonic} %v1,%v18,%v3,{size},{m5}", v18=second, v3=third, cc=2)
            assert (code, found.pop("cc"), found) == (0, cc, {"v1": result} if result != before else {})
    assert seen == {0, 1, 3}


def unpacked(half, logical):
    def twin(size, second):
        count = len(second) // 2
        chosen = second[half * count : (half + 1) * count]
        return chosen if logical else [signed(content, size) for content in chosen]

    return twin


@pytest.mark.parametrize("size", range(3))
@pytest.mark.parametrize(
    ("mnemonic", "half", "logical"), [("vuph", 0, False), ("vuplh", 0, True), ("vupl", 1, False), ("vupll", 1, True)]
)
def test_unpack(lab, mnemonic, half, logical, size):
    for (second,) in samples(f"{mnemonic} {size}", 1):
        result = joined(unpacked(half, logical)(size, elements(second, size)), size + 1)
        agree(lab, f"{mnemonic} %v1,%v18,{size}", result, v18=second)
        agree(lab, f"{mnemonic} %v1,%v1,{size}", result, v1=second)


@pytest.mark.parametrize("size", range(3))
def test_sign_extend_to_doubleword(lab, size):
    for (second,) in samples(f"vseg {size}", 1):
        listed = elements(second, size)
        result = joined([signed(content, size) for content in (listed[len(listed) // 2 - 1], listed[-1])], 3)
        agree(lab, f"vseg %v1,%v18,{size}", result, v18=second)


def test_sizes_that_there_are_not(lab):
    for mask, names in ((range(4, 16), ("vgm %v1,1,2,{}", "vrepi %v1,1,{}", "vrep %v1,%v2,0,{}", "vmrh %v1,%v2,%v3,{}",
                                        "vmrl %v1,%v2,%v3,{}")),
                        ((0, *range(4, 16)), ("vpk %v1,%v2,%v3,{}", "vpks %v1,%v2,%v3,{},0", "vpkls %v1,%v2,%v3,{},1")),
                        (range(3, 16), ("vuph %v1,%v2,{}", "vuplh %v1,%v2,{}", "vupl %v1,%v2,{}", "vupll %v1,%v2,{}",
                                        "vseg %v1,%v2,{}"))):  # fmt: skip
        check_invalid(lab, [name.format(m) for name in names for m in mask])
