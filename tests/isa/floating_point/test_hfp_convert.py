"""CONVERT FROM FIXED and CONVERT TO FIXED of HFP numbers: PoP ch. 18. The twin rounds exact fractions."""

from __future__ import annotations

import random
from fractions import Fraction
from math import ceil, floor

import pytest

from s390emu.architecture.interruptions import SPECIFICATION
from tests.isa.floating_point.hexadecimal import LONG, REST, SHORT, hfp, numbers, truncated
from tests.lab import ALL

TO_FIXED = {"cfer": (SHORT, 32), "cfdr": (LONG, 32), "cger": (SHORT, 64), "cgdr": (LONG, 64)}
FROM_FIXED = {"cefr": (SHORT, 32), "cdfr": (LONG, 32), "cegr": (SHORT, 64), "cdgr": (LONG, 64)}
HALF = Fraction(1, 2)
METHODS = {0: int, 1: lambda x: floor(x + HALF) if x > 0 else ceil(x - HALF), 4: round, 5: int, 6: ceil, 7: floor}
EDGES = [0x40800000, 0xC0800000, 0x41180000, 0x41280000, 0xC1180000, 0xC1280000, 0x417FFFFF, 0x40000001, 0x48800000,
         0xC8800000, 0x487FFFFF, 0xC8800001, 0x50800000, 0xD0800000, 0x507FFFFF, 0x50FFFFFF, 0x51100000, 0x52000010,
         0x7F000000, 0x3F800000]  # fmt: skip


@pytest.mark.parametrize("name", TO_FIXED)
@pytest.mark.parametrize("method", METHODS)
def test_convert_to_fixed(lab, name, method):
    digits, width = TO_FIXED[name]
    scale = 4 * (digits - SHORT)
    for number in [*(hfp(edge << scale, digits) for edge in EDGES), *numbers(digits, 50, name)]:
        integer, most, cc = METHODS[method](number.value), (1 << width - 1) - 1, 0
        if number.fraction:
            cc = 1 if number.sign else 2
        if not -most - 1 <= integer <= most:
            integer, cc = (-most - 1 if number.sign else most), 3
        lab.gr[3], lab.fpr[4] = ALL, number.register
        lab.psw(cc=3)
        assert lab.step(f"{name} %r3,{method},%f4") == 0
        kept = ALL & ~((1 << width) - 1)
        assert (int(lab.gr[3]), lab.cpu.cc) == (kept | integer & (1 << width) - 1, cc), number


@pytest.mark.parametrize("name", TO_FIXED)
def test_methods_that_are_none(lab, name):
    for method in set(range(16)) - METHODS.keys():
        lab.psw()
        assert lab.step(f"{name} %r3,{method},%f4") == SPECIFICATION
        assert lab.changes() == {}


@pytest.mark.parametrize("name", FROM_FIXED)
def test_convert_from_fixed(lab, name):
    """Digits that do not fit are dropped."""
    digits, width = FROM_FIXED[name]
    rng = random.Random(name)
    some = [0, 1, -1, (1 << width - 1) - 1, -(1 << width - 1), 1 << 24, (1 << 24) + 1, -0x7FFFFFFF]
    some += [rng.getrandbits(width) - (1 << width - 1) >> rng.randrange(width) for _ in range(30)]
    for integer in some:
        lab.gr[3] = (ALL << width | integer & (1 << width) - 1) & ALL
        lab.fpr[2] = REST
        lab.psw(cc=3)
        assert lab.step(f"{name} %f2,%r3") == 0
        assert (int(lab.fpr[2]), lab.cpu.cc) == (truncated(Fraction(integer), digits).register, 3), integer
