"""COMPARE, COMPARE AND SIGNAL, COMPARE BIASED EXPONENT, TEST DATA CLASS, TEST DATA GROUP: PoP ch. 20."""

from __future__ import annotations

import pytest

from s390emu.architecture.interruptions import DATA
from s390emu.conformance.case import AFP_CONTROL
from tests.isa.decimal_floating_point.dfp import EXTENDED, INVALID, LONG, SHORT, TO_MASK, datum, registers
from tests.isa.general.execute import execute

COMPARED = [  # first, second, condition code
    ("1.0", "1.00", 0), ("-0", "0E300", 0), ("Infinity", "Infinity", 0), ("1E369", "1000000000000000E354", 0),
    ("-1", "1", 1), ("0", "1E-398", 1), ("-Infinity", "-9E369", 1), ("9", "1E1", 1), ("-2", "-1.9999999999999", 1),
    ("0", "-1", 2), ("2E300", "3E-300", 2), ("Infinity", "-Infinity", 2), ("1.1", "1.0999999999", 2),
]  # fmt: skip


def compare(lab, line, a, b, form=LONG, fpc=0):
    lab.reset()
    lab.cpu.fpc = fpc
    return execute(
        lab, line, c0=AFP_CONTROL, cc=0, **registers(form, 1, datum(a, form)), **registers(form, 4, datum(b, form))
    )


@pytest.mark.parametrize("name", ["cdtr", "kdtr", "cxtr", "kxtr"])
def test_numbers(lab, name):
    form = EXTENDED if "x" in name else LONG
    for a, b, cc in COMPARED:
        assert compare(lab, f"{name} %f1,%f4", a, b, form) == (0, {"cc": cc} if cc else {}), (a, b)


def test_nans(lab):
    """A QNaN is invalid for COMPARE AND SIGNAL only; suppressed if that traps."""
    for name, other, flag in (("cdtr", "NaN", 0), ("cdtr", "sNaN", INVALID), ("kdtr", "NaN", INVALID)):
        expected = {"cc": 3} | ({"fpc": flag} if flag else {})
        for a, b in (("1", other), (other, "1")):
            assert compare(lab, f"{name} %f1,%f4", a, b) == (0, expected)
            code, changes = compare(lab, f"{name} %f1,%f4", a, b, fpc=INVALID << TO_MASK)
            if flag:
                assert (code, changes) == (DATA, {"fpc": INVALID << TO_MASK | 0x8000})


@pytest.mark.parametrize(
    ("a", "b", "cc"),
    [
        ("5", "-7", 0), ("5", "5.0", 2), ("0E-5", "1", 1), ("Infinity", "-Infinity", 0), ("NaN", "sNaN", 0),
        ("Infinity", "1", 3), ("NaN", "Infinity", 3), ("1", "sNaN", 3),
    ],
)  # fmt: skip
def test_biased_exponents(lab, a, b, cc):
    for name, form in (("cedtr", LONG), ("cextr", EXTENDED)):
        assert compare(lab, f"{name} %f1,%f4", a, b, form) == (0, {"cc": cc} if cc else {})


CLASSES = [  # plus: class, then group, by their bits among twelve
    ("0", 0, 0), ("0E-398", 0, 2), ("0E369", 0, 2), ("1E-398", 2, 4), ("999999999999999E-398", 2, 4), ("1E-397", 2, 6),
    ("1000000000000000E-398", 4, 4), ("1E-383", 4, 6), ("5E369", 4, 4), ("7", 4, 6), ("7000000000000000", 4, 8),
    ("Infinity", 6, 10), ("NaN", 8, 10), ("sNaN", 10, 10),
]  # fmt: skip


@pytest.mark.parametrize(("text", "in_class", "in_group"), CLASSES)
def test_class_and_group(lab, text, in_class, in_group):
    for sign in (0, 1):
        f1 = datum(text) | sign << 63
        for name, place in (("tdcdt", in_class + sign), ("tdgdt", in_group + sign)):
            for mask, cc in ((0x800 >> place, 1), (0xFFF ^ 0x800 >> place, 0)):
                lab.reset()
                assert execute(lab, f"{name} %f1,{mask}", f1=f1, c0=AFP_CONTROL, cc=1 - cc) == (0, {"cc": cc})


def test_class_and_group_of_other_formats(lab):
    for form, letter in ((SHORT, "e"), (EXTENDED, "x")):
        p = form.precision
        for text, name, place in (
            (f"1E{form.bottom}", "c", 2), (f"1E{form.bottom + p - 1}", "c", 4), (f"1E{form.top}", "g", 4),
            ("1", "g", 6), ("1" + "0" * (p - 1), "g", 8),
        ):  # fmt: skip
            lab.reset()
            line = f"td{name}{letter}t %f1,{0x800 >> place}"
            given = registers(form, 1, datum(text, form))
            assert execute(lab, line, c0=AFP_CONTROL, cc=0, **given) == (0, {"cc": 1}), (letter, text)
