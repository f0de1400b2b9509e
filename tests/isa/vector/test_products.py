"""Vector integer products: PoP ch. 22, against naive twins on lists of elements."""

from __future__ import annotations

import pytest

from s390emu.conformance.twins.vector_integer import HALVES, SECONDS, every_second, galois, half_product, sum_logical
from tests.isa.vector.vectors import ALL, agree, check_invalid, samples


@pytest.mark.parametrize("size", range(3))
@pytest.mark.parametrize("name", HALVES)
def test_halves(lab, name, size):
    for second, third, fourth in [*samples(f"vm{name} {size}", 3), (ALL, ALL, ALL)]:
        for fourth_is_there in (False, True):
            result = half_product(name, size, second, third, fourth if fourth_is_there else 0)
            line = f"vma{name} %v1,%v18,%v3,%v31,{size}" if fourth_is_there else f"vm{name} %v1,%v18,%v3,{size}"
            agree(lab, line, result, v18=second, v3=third, v31=fourth)


@pytest.mark.parametrize("size", range(3))
@pytest.mark.parametrize("name", SECONDS)
def test_every_second(lab, name, size):
    for second, third, fourth in [*samples(f"vm{name} {size}", 3), (ALL, ALL, ALL)]:
        result = every_second(name, size, second, third)
        agree(lab, f"vm{name} %v1,%v18,%v3,{size}", result, v18=second, v3=third)
        agree(lab, f"vm{name} %v1,%v1,%v3,{size}", result, v1=second, v3=third)
        line, result = f"vma{name} %v1,%v18,%v3,%v1,{size}", every_second(name, size, second, third, fourth)
        agree(lab, line, result, v18=second, v3=third, v1=fourth)


@pytest.mark.parametrize("m6", range(16))
def test_sum_logical(lab, m6):
    """Bits 0 and 1 of M6 double a product; the others are ignored."""
    for second, third, fourth in [*samples(f"vmsl {m6}", 3, 3), (ALL, ALL, ALL)]:
        result = sum_logical(m6, second, third, fourth)
        agree(lab, f"vmsl %v1,%v18,%v3,%v31,3,{m6}", result, v18=second, v3=third, v31=fourth)


@pytest.mark.parametrize("size", range(4))
def test_galois_field(lab, size):
    for second, third, fourth in [*samples(f"vgfm {size}", 3, 5), (ALL, ALL, ALL)]:
        result = galois(size, second, third)
        agree(lab, f"vgfm %v1,%v18,%v3,{size}", result, v18=second, v3=third)
        agree(lab, f"vgfma %v1,%v18,%v3,%v31,{size}", result ^ fourth, v18=second, v3=third, v31=fourth)


def test_sizes_that_there_are_not(lab):
    names = [f"vm{name}" for name in (*HALVES, *SECONDS)]
    check_invalid(lab, [f"{name} %v1,%v2,%v3,{m}" for name in names for m in range(3, 16)])
    check_invalid(lab, [f"vma{name[2:]} %v1,%v2,%v3,%v4,{m}" for name in names for m in range(3, 16)])
    check_invalid(lab, [f"vmsl %v1,%v2,%v3,%v4,{m},0" for m in range(16) if m != 3])
    check_invalid(lab, [f"vgfm %v1,%v2,%v3,{m}" for m in range(4, 16)])
    check_invalid(lab, [f"vgfma %v1,%v2,%v3,%v4,{m}" for m in range(4, 16)])
