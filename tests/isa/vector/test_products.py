"""Vector integer products: PoP ch. 22, against naive twins on lists of elements."""

from __future__ import annotations

import pytest

from tests.isa.vector.vectors import ALL, agree, check_invalid, elements, joined, samples, signed, width

HALVES = [("l", False, False), ("h", True, False), ("lh", True, True)]  # name, high half, logical
SECONDS = [("e", 0, False), ("le", 0, True), ("o", 1, False), ("lo", 1, True)]  # name, first element, logical


def of(value, size, logical):
    return [content if logical else signed(content, size) for content in elements(value, size)]


@pytest.mark.parametrize("size", range(3))
@pytest.mark.parametrize(("name", "high", "logical"), HALVES)
def test_halves(lab, name, high, logical, size):
    for second, third, fourth in [*samples(f"vm{name} {size}", 3), (ALL, ALL, ALL)]:
        for fourth_is_there in (False, True):
            addends = of(fourth, size, logical) if fourth_is_there else [0] * (16 >> size)
            factors = zip(of(second, size, logical), of(third, size, logical), addends, strict=True)
            result = joined([a * b + c >> (width(size) if high else 0) for a, b, c in factors], size)
            line = f"vma{name} %v1,%v18,%v3,%v31,{size}" if fourth_is_there else f"vm{name} %v1,%v18,%v3,{size}"
            agree(lab, line, result, v18=second, v3=third, v31=fourth)


@pytest.mark.parametrize("size", range(3))
@pytest.mark.parametrize(("name", "first", "logical"), SECONDS)
def test_every_second(lab, name, first, logical, size):
    for second, third, fourth in [*samples(f"vm{name} {size}", 3), (ALL, ALL, ALL)]:
        factors = list(zip(of(second, size, logical)[first::2], of(third, size, logical)[first::2], strict=True))
        result = joined([a * b for a, b in factors], size + 1)
        agree(lab, f"vm{name} %v1,%v18,%v3,{size}", result, v18=second, v3=third)
        agree(lab, f"vm{name} %v1,%v1,%v3,{size}", result, v1=second, v3=third)
        sums = [a * b + c for (a, b), c in zip(factors, elements(fourth, size + 1), strict=True)]
        line, result = f"vma{name} %v1,%v18,%v3,%v1,{size}", joined(sums, size + 1)
        agree(lab, line, result, v18=second, v3=third, v1=fourth)


@pytest.mark.parametrize("m6", range(16))
def test_sum_logical(lab, m6):
    """Bits 0 and 1 of M6 double a product; the others are ignored."""
    for second, third, fourth in [*samples(f"vmsl {m6}", 3, 3), (ALL, ALL, ALL)]:
        even, odd = (a * b for a, b in zip(elements(second, 3), elements(third, 3), strict=True))
        result = (even * (2 if m6 & 8 else 1) + odd * (2 if m6 & 4 else 1) + fourth) & ALL
        agree(lab, f"vmsl %v1,%v18,%v3,%v31,3,{m6}", result, v18=second, v3=third, v31=fourth)


def carryless(first, second):
    product = 0
    for n in range(second.bit_length()):
        product ^= (second >> n & 1) * (first << n)
    return product


@pytest.mark.parametrize("size", range(4))
def test_galois_field(lab, size):
    for second, third, fourth in [*samples(f"vgfm {size}", 3, 5), (ALL, ALL, ALL)]:
        products = [carryless(a, b) for a, b in zip(elements(second, size), elements(third, size), strict=True)]
        sums = [products[n] ^ products[n + 1] for n in range(0, len(products), 2)]
        result = joined(sums, size + 1)
        agree(lab, f"vgfm %v1,%v18,%v3,{size}", result, v18=second, v3=third)
        agree(lab, f"vgfma %v1,%v18,%v3,%v31,{size}", result ^ fourth, v18=second, v3=third, v31=fourth)


def test_sizes_that_there_are_not(lab):
    names = [f"vm{name}" for name, *_ in HALVES + SECONDS]
    check_invalid(lab, [f"{name} %v1,%v2,%v3,{m}" for name in names for m in range(3, 16)])
    check_invalid(lab, [f"vma{name[2:]} %v1,%v2,%v3,%v4,{m}" for name in names for m in range(3, 16)])
    check_invalid(lab, [f"vmsl %v1,%v2,%v3,%v4,{m},0" for m in range(16) if m != 3])
    check_invalid(lab, [f"vgfm %v1,%v2,%v3,{m}" for m in range(4, 16)])
    check_invalid(lab, [f"vgfma %v1,%v2,%v3,%v4,{m}" for m in range(4, 16)])
