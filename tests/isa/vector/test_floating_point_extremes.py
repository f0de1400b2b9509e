"""VECTOR FP MAXIMUM and VECTOR FP MINIMUM: PoP ch. 24, against the twins."""

from __future__ import annotations

import itertools
import math
import struct

import pytest

from s390emu.architecture.interruptions import VECTOR_PROCESSING
from s390emu.conformance.twins.exact import SHORT
from s390emu.conformance.twins.vector_floating_point import FUNCTIONS, extreme
from tests.isa.vector.vectors import check_invalid, execute, joined

NANS = {"Q": 0x7FC00001, "-Q": 0xFFC00003, "S": 0x7F800002, "-S": 0xFF800004}
NUMBERS = (-math.inf, -2.0, -1.0, -0.0, 0.0, 1.0, 2.0, math.inf)
INVALID = 0x800000  # flag of the FPC register


def datum(value: float | str) -> int:
    """Return the short datum of a number, or of a NaN by its name."""
    return NANS[value] if isinstance(value, str) else int.from_bytes(struct.pack(">f", value))


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("name", ["vfmax", "vfmin"])
def test_all_kinds_of_numbers(lab, name, function):
    """Four pairs an instruction."""
    pairs = iter(list(itertools.product((*NUMBERS, *NANS), repeat=2)))
    for four in zip(pairs, pairs, pairs, pairs, strict=True):
        found = [extreme(SHORT, function, name == "vfmax", datum(a), datum(b)) for a, b in four]
        second, third = (joined([datum(pair[n]) for pair in four], 2) for n in range(2))
        lab.reset()
        code, changed = execute(lab, f"{name} %v1,%v18,%v3,2,0,{function}", v18=second, v3=third)
        invalid = INVALID if any(pair[1] for pair in found) else 0
        assert (code, changed["v1"]) == (0, joined([pair[0] for pair in found], 2)), four
        assert changed.get("fpc", 0) == invalid


def test_formats_and_the_first_element_alone(lab):
    one, two, minus_three = 0x3F800000, 0x40000000, 0xC0400000
    short = {"v2": one << 96 | two << 64 | minus_three << 32 | one, "v3": two << 96 | one << 64 | one << 32 | one}
    greatest = two << 96 | two << 64 | one << 32 | one
    assert execute(lab, "vfmax %v1,%v2,%v3,2,0,0", **short) == (0, {"v1": greatest})
    lab.reset()
    assert execute(lab, "vfmax %v1,%v2,%v3,2,8,0", **short) == (0, {"v1": two << 96})
    lab.reset()
    extended = {"v2": 0x3FFF << 112, "v3": 0xC000 << 112}  # 1 and -2
    assert execute(lab, "vfmin %v1,%v2,%v3,4,0,0", **extended) == (0, {"v1": 0xC000 << 112})
    lab.reset()
    assert execute(lab, "vfmax %v1,%v2,%v3,4,0,8", **extended) == (0, {"v1": 0xC000 << 112})


@pytest.mark.parametrize("function", [0, 1, 2, 3, 4])
def test_an_invalid_operation_that_traps(lab, function):
    """The element with a NaN is the second one; nothing is changed but the code."""
    given = {"v2": joined([datum(1.0), NANS["S"], 0, 0], 2), "v3": joined([datum(1.0), 0, 0, 0], 2), "fpc": 0x80000000}
    code, changed = execute(lab, f"vfmax %v1,%v2,%v3,2,0,{function}", **given)
    assert (code, "v1" in changed, lab.word(0x90, 4)) == (VECTOR_PROCESSING, False, 0x11)


def test_masks_that_there_are_not(lab):
    for name in ("vfmax", "vfmin"):
        check_invalid(lab, [f"{name} %v1,%v2,%v3,{m},0,0" for m in (0, 1, *range(5, 16))])
        check_invalid(lab, [f"{name} %v1,%v2,%v3,3,{m},0" for m in range(1, 16) if m != 8])
        check_invalid(lab, [f"{name} %v1,%v2,%v3,3,0,{m}" for m in range(16) if m not in FUNCTIONS])
