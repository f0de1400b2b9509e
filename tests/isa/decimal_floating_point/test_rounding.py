"""Rounding methods, IEEE and quantum exceptions: PoP ch. 9 and 20."""

from __future__ import annotations

import pytest

from s390emu.architecture.interruptions import DATA
from tests.isa.decimal_floating_point.dfp import (
    EXTENDED,
    INEXACT,
    INVALID,
    LONG,
    OVERFLOW,
    QUANTUM,
    TO_MASK,
    UNDERFLOW,
    ZERO_DIVIDE,
    run,
)

NINES = "9999999999999999"
# By the DFP rounding mode: 2.5, -2.5, 3.5, 2.4, 2.6, 5.1, -2.6 as integers.
SAMPLES = ("2.5", "-2.5", "3.5", "2.4", "2.6", "5.1", "-2.6")
ROUNDED = [
    "2 -2 4 2 3 5 -3",  # to nearest with ties to even
    "2 -2 3 2 2 5 -2",  # toward 0
    "3 -2 4 3 3 6 -2",  # toward plus infinity
    "2 -3 3 2 2 5 -3",  # toward minus infinity
    "3 -3 4 2 3 5 -3",  # to nearest with ties away from 0
    "2 -2 3 2 3 5 -3",  # to nearest with ties toward 0
    "3 -3 4 3 3 6 -3",  # away from 0
    "2 -2 3 2 2 6 -2",  # to prepare for shorter precision
]


@pytest.mark.parametrize("mode", range(8))
def test_methods(lab, mode):
    """The rounding mode by M3 0 and 2; 8 to 15 are the modes themselves."""
    for sample, expected in zip(SAMPLES, ROUNDED[mode].split(), strict=True):
        for m3, fpc in ((0, mode), (2, mode), (8 + mode, 7 - mode)):
            lab.reset()
            assert run(lab, f"fidtr %f1,{m3},%f4,4", sample, fpc=fpc << 4) == (expected, {})


@pytest.mark.parametrize(("m3", "mode"), [(1, 4), (3, 7), (4, 0), (5, 1), (6, 2), (7, 3)])
def test_methods_as_of_binary_floating_point(lab, m3, mode):
    for sample, expected in zip(SAMPLES, ROUNDED[mode].split(), strict=True):
        lab.reset()
        assert run(lab, f"fidtr %f1,{m3},%f4,4", sample, fpc=(7 - mode) << 4) == (expected, {})


EXCEPTIONS = [  # line, operands, what is 0 without its mask: result, flags; with it: result or None, DXC
    ("ddtr", "1", "0", ZERO_DIVIDE, "Infinity", ZERO_DIVIDE, None, 0x40),
    ("ddtr", "-1", "0E5", ZERO_DIVIDE, "-Infinity", ZERO_DIVIDE, None, 0x40),
    ("ddtr", "0", "0", INVALID, "NaN", INVALID, None, 0x80),
    ("mdtr", "0", "Infinity", INVALID, "NaN", INVALID, None, 0x80),
    ("mdtr", "sNaN7", "1", INVALID, "NaN7", INVALID, None, 0x80),
    ("mdtr", "NaN7", "-sNaN8", INVALID, "-NaN8", INVALID, None, 0x80),
    ("ddtr", "1", "3", INEXACT, "0.3333333333333333", INEXACT | QUANTUM, "0.3333333333333333", 0x08),
    ("ddtr", "2", "3", INEXACT, "0.6666666666666667", INEXACT | QUANTUM, "0.6666666666666667", 0x0C),
    ("mdtr", NINES + "E369", "10", OVERFLOW, "Infinity", OVERFLOW | INEXACT, "9.999999999999999E-191", 0x20),
    ("mdtr", "1E369", "1E20", OVERFLOW, "Infinity", OVERFLOW | INEXACT, "1E-187", 0x20),
    ("mdtr", "1E-398", "1", UNDERFLOW, "1E-398", 0, "1E+178", 0x10),
    ("mdtr", "15E-398", "0.1", UNDERFLOW, "2E-398", UNDERFLOW | INEXACT | QUANTUM, "1.5E+178", 0x10),
    ("mdtr", "1E-300", "1E-300", UNDERFLOW, "0E-398", UNDERFLOW | INEXACT | QUANTUM, "1E-24", 0x10),
    ("ddtr", "1", "2", QUANTUM, "0.5", QUANTUM, "0.5", 0x04),
    ("mdtr", "1E369", "1E5", QUANTUM, "1.00000E+374", QUANTUM, "1.00000E+374", 0x04),
    ("mdtr", "0E369", "1E5", QUANTUM, "0E+369", QUANTUM, "0E+369", 0x04),
]


@pytest.mark.parametrize("case", EXCEPTIONS, ids=lambda case: " ".join(case[:3]))
def test_exceptions(lab, case):
    name, a, b, flag, result, flags, trapped, dxc = case
    found = run(lab, f"{name} %f1,%f4,%f8", a, b)
    assert found == (result, {"fpc": flags} if flags else {})
    lab.reset()
    mask = flag << TO_MASK
    found = run(lab, f"{name} %f1,%f4,%f8", a, b, fpc=mask)
    others = flags & ~flag if flag == QUANTUM else 0
    assert found == (trapped, {"code": DATA, "dxc": dxc, "fpc": mask | others | dxc << 8})


def test_the_greatest_number_where_rounding_is_not_away_from_zero(lab):
    """Then the inexact result is truncated."""
    mask = INEXACT << TO_MASK
    for mode, result, dxc in ((1, NINES[0] + "." + NINES[1:] + "E+384", 8), (2, "Infinity", 0xC), (6, "Infinity", 0xC)):
        lab.reset()
        fpc = mask | mode << 4
        found = run(lab, "mdtr %f1,%f4,%f8", NINES + "E369", "10", fpc=fpc)
        assert found == (result, {"code": DATA, "dxc": dxc, "fpc": fpc | OVERFLOW | dxc << 8})


def test_a_quantum_exception_after_an_inexact_one_that_does_not_trap(lab):
    mask = QUANTUM << TO_MASK
    found = run(lab, "ddtr %f1,%f4,%f8", "1", "3", fpc=mask)
    assert found == ("0.3333333333333333", {"code": DATA, "dxc": 4, "fpc": mask | INEXACT | 4 << 8})


def test_an_inexact_result_may_have_the_preferred_quantum(lab):
    assert run(lab, "ddtr %f1,%f4,%f8", "9999999999999998", "9") == ("1111111111111111", {"fpc": INEXACT})


def test_scaled_results_of_load_rounded_are_in_the_format_of_the_source(lab):
    """By 10**192 and 10**3072; the significand has the target's precision."""
    mask = (OVERFLOW | UNDERFLOW) << TO_MASK
    for name, source, second, result, dxc in (
        ("ledtr", LONG, "12345675E93", "1.234568E-92", 0x2C), ("ledtr", LONG, "1E-102", "1E+90", 0x10),
        ("ldxtr", EXTENDED, "1E+400", "1E-2672", 0x20), ("ldxtr", EXTENDED, "1E-400", "1E+2672", 0x10),
    ):  # fmt: skip
        lab.reset()
        found = run(lab, f"{name} %f1,0,%f4,0", second, form=source, source=source, fpc=mask)
        assert found == (result, {"code": DATA, "dxc": dxc, "fpc": mask | dxc << 8})
