"""EXTRACT BIASED EXPONENT, EXTRACT SIGNIFICANCE, INSERT BIASED EXPONENT, SHIFT SIGNIFICAND: PoP ch. 20."""

from __future__ import annotations

import pytest

from s390emu.conformance.case import AFP_CONTROL
from tests.isa.decimal_floating_point.dfp import EXTENDED, LONG, datum, registers, run
from tests.isa.general.execute import execute

ALL = (1 << 64) - 1
EXTRACTED = [  # datum, exponent of the last digit (unbiased) or what stands for it, significant digits or what ...
    ("0", 0, 0), ("-0E-5", -5, 0), ("1", 0, 1), ("1.000", -3, 4), ("-9999999999999999E7", 7, 16), ("Infinity", -1, -1),
    ("NaN", -2, -2), ("-sNaN5", -3, -3),
]  # fmt: skip


@pytest.mark.parametrize(("text", "exponent", "significance"), EXTRACTED)
def test_extract(lab, text, exponent, significance):
    for form, letter in ((LONG, "d"), (EXTENDED, "x")):
        given = registers(form, 4, datum(text, form))
        biased = exponent if exponent == significance and exponent < 0 else exponent + form.bias
        for name, value in ((f"ee{letter}tr", biased), (f"es{letter}tr", significance)):
            lab.reset()
            assert execute(lab, f"{name} %r3,%f4", c0=AFP_CONTROL, **given) == (0, {"r3": value & ALL})


@pytest.mark.parametrize(
    ("exponent", "result"),
    [
        (0, "-9.000000000000012E-383"), (767, "-9.000000000000012E+384"), (398, "-9000000000000012"), (768, "-NaN12"),
        (-1, "-Infinity12"), (-2, "-NaN12"), (-3, "-sNaN12"), (-4, "-NaN12"), (1 << 62, "-NaN12"),
    ],
)  # fmt: skip
def test_insert(lab, exponent, result):
    """Digits stay, but for the leftmost, which an infinity or NaN has not."""
    assert run(lab, "iedtr %f1,%f8,%r2", "0", "-9000000000000012", r2=exponent & ALL) == (result, {})


def test_insert_into_what_is_no_number(lab):
    for text in ("sNaN12", "Infinity12"):
        lab.reset()
        assert run(lab, "iedtr %f1,%f8,%r2", "0", text, r2=398) == ("12", {})
        lab.reset()
        assert run(lab, "iextr %f1,%f8,%r2", "0", text, form=EXTENDED, r2=6175) == ("1.2", {})


@pytest.mark.parametrize(
    ("line", "text", "result"),
    [
        ("sldt %f1,%f8,2", "-1.5", "-150.0"), ("sldt %f1,%f8,15", "98.1", "100000000000000.0"),
        ("sldt %f1,%f8,16", "98", "0"),
        ("sldt %f1,%f8,64", "98", "98"), ("sldt %f1,%f8,63", "98", "0"), ("srdt %f1,%f8,1", "-1.5", "-0.1"),
        ("srdt %f1,%f8,63", "99", "0"), ("srdt %f1,%f8,0", "0E5", "0E+5"), ("sldt %f1,%f8,1", "sNaN12", "sNaN120"),
        ("sldt %f1,%f8,14", "-NaN12", "-NaN200000000000000"), ("srdt %f1,%f8,1", "Infinity12", "Infinity1"),
        ("sldt %f1,%f8,15", "Infinity12", "Infinity"),
    ],
)  # fmt: skip
def test_shift(lab, line, text, result):
    """Bits 58-63 of the address count; the exponent, sign and kind stay, without an exception."""
    assert run(lab, line, "0", text) == (result, {})


def test_shift_extended(lab):
    nines = "9" * 34
    assert run(lab, "slxt %f1,%f8,33", "0", nines, form=EXTENDED) == ("9" + "0" * 33, {})
    lab.reset()
    assert run(lab, "srxt %f1,%f8,33", "0", nines, form=EXTENDED) == ("9", {})
