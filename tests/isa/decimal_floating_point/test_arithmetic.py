"""ADD, SUBTRACT, MULTIPLY, DIVIDE: PoP ch. 20."""

from __future__ import annotations

import pytest

from tests.isa.decimal_floating_point.dfp import EXTENDED, INEXACT, INVALID, QUANTUM, run

ROUNDED = {"fpc": INEXACT | QUANTUM}
SUMS = [  # second, third, sum, cc, flags
    ("1.0", "2.00", "3.00", 2, 0), ("-1", "0.5", "-0.5", 1, 0), ("1", "-1.00", "0.00", 0, 0),
    ("-0", "-0.0", "-0.0", 0, 0), ("-0", "0", "0", 0, 0), ("0E5", "1E300", "1.000000000000000E+300", 2, QUANTUM),
    ("0E369", "7", "7", 2, 0),
    ("9999999999999999", "1", "1.000000000000000E+16", 2, QUANTUM),
    ("9999999999999999", "0.5", "1.000000000000000E+16", 2, INEXACT | QUANTUM),
    ("1000000000000000", "-1E-300", "1000000000000000", 2, INEXACT | QUANTUM),
    ("1E300", "-1", "1.000000000000000E+300", 2, INEXACT | QUANTUM),
    ("Infinity", "-5", "Infinity", 2, 0), ("-3", "-Infinity", "-Infinity", 1, 0),
    ("Infinity", "Infinity", "Infinity", 2, 0), ("Infinity", "-Infinity", "NaN", 3, INVALID),
    ("NaN1", "NaN2", "NaN1", 3, 0), ("5", "-NaN2", "-NaN2", 3, 0),
    ("NaN1", "sNaN2", "NaN2", 3, INVALID), ("sNaN1", "sNaN2", "NaN1", 3, INVALID),
]  # fmt: skip


@pytest.mark.parametrize(("second", "third", "result", "cc", "flags"), SUMS)
def test_sums(lab, second, third, result, cc, flags):
    expected = {"cc": cc, "fpc": flags}
    found, changes = run(lab, "adtr %f1,%f4,%f8", second, third, cc=(cc + 1) % 4)
    assert (found, {"fpc": 0} | changes) == (result, expected)


def test_difference_of_equals_is_minus_zero_toward_minus_infinity(lab):
    assert run(lab, "sdtr %f1,%f4,%f8", "1", "1.0", fpc=3 << 4) == ("-0.0", {"cc": 0})
    lab.reset()
    assert run(lab, "sdtra %f1,%f4,%f8,11", "1", "1.0") == ("-0.0", {"cc": 0})


def test_subtract_leaves_the_sign_of_a_nan(lab):
    assert run(lab, "sdtr %f1,%f4,%f8", "1", "NaN3", cc=0) == ("NaN3", {"cc": 3})
    lab.reset()
    assert run(lab, "sdtr %f1,%f4,%f8", "1", "Infinity") == ("-Infinity", {"cc": 1})


@pytest.mark.parametrize(
    ("name", "second", "third", "result", "changes"),
    [
        ("mdtr", "1.20", "-3", "-3.60", {}), ("mdtr", "-0", "5E-3", "-0.000", {}),
        ("mdtr", "-Infinity", "2", "-Infinity", {}),
        ("mdtr", "1111111111111111", "1111111111111111", "1.234567901234568E+30", ROUNDED),
        ("ddtr", "6.0", "2", "3.0", {}), ("ddtr", "1", "8", "0.125", {"fpc": QUANTUM}),
        ("ddtr", "0.0", "-5", "-0.0", {}),
        ("ddtr", "1E300", "Infinity", "0E-398", {}), ("ddtr", "Infinity", "-2", "-Infinity", {}),
        ("ddtr", "100", "1E1", "10.0", {}), ("ddtr", "1E2", "10", "1E+1", {"fpc": QUANTUM}),
    ],
)  # fmt: skip
def test_products_and_quotients(lab, name, second, third, result, changes):
    assert run(lab, f"{name} %f1,%f4,%f8", second, third) == (result, changes)


def test_extended(lab):
    nines = "9" * 34
    assert run(lab, "axtr %f1,%f4,%f8", nines, "1", form=EXTENDED) == (
        "1." + "0" * 33 + "E+34", {"cc": 2, "fpc": QUANTUM},
    )  # fmt: skip
    lab.reset()
    assert run(lab, "mxtr %f1,%f4,%f8", nines, nines, form=EXTENDED)[0] == "9." + "9" * 32 + "8E+67"
    lab.reset()
    assert run(lab, "dxtr %f1,%f4,%f8", "2", "3", form=EXTENDED)[0] == "0." + "6" * 33 + "7"
    lab.reset()
    assert run(lab, "sxtr %f1,%f4,%f8", "1E6111", "1E-6176", form=EXTENDED)[0] == "1." + "0" * 33 + "E+6111"


def test_the_rounding_method_in_m4(lab):
    for m4, result in ((0, "0.3333333333333333"), (14, "0.3333333333333334")):
        lab.reset()
        assert run(lab, f"ddtra %f1,%f4,%f8,{m4}", "1", "3")[0] == result
