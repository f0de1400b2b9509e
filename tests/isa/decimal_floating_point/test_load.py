"""LOAD AND TEST, LOAD LENGTHENED, LOAD ROUNDED, LOAD FP INTEGER: PoP ch. 20."""

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
    SHORT,
    TO_MASK,
    run,
)


@pytest.mark.parametrize(
    ("text", "cc"), [("0E5", 0), ("-0", 0), ("-1.50", 1), ("7E-398", 2), ("Infinity", 2), ("-Infinity", 1), ("NaN7", 3)]
)
def test_load_and_test(lab, text, cc):
    for name, form in (("ltdtr", LONG), ("ltxtr", EXTENDED)):
        lab.reset()
        assert run(lab, f"{name} %f1,%f4", text, form=form, cc=3 - cc) == (text.replace("0E5", "0E+5"), {"cc": cc})


def test_load_and_test_of_a_signaling_nan(lab):
    assert run(lab, "ltdtr %f1,%f4", "-sNaN7", cc=0) == ("-NaN7", {"cc": 3, "fpc": INVALID})
    lab.reset()
    mask = INVALID << TO_MASK
    found = run(lab, "ltdtr %f1,%f4", "-sNaN7", cc=0, fpc=mask)
    assert found == (None, {"code": DATA, "dxc": 0x80, "fpc": mask | 0x8000})


def test_load_lengthened(lab):
    for name, form, source, greatest in (("ldetr", LONG, SHORT, "9.999999E+96"), ("lxdtr", EXTENDED, LONG, "9E+369")):
        for text, m4, result, changes in (
            ("-1.50", 0, "-1.50", {}), (greatest, 0, greatest, {}), ("0E-101", 0, "0E-101", {}),
            ("NaN12", 0, "NaN12", {}),
            ("-sNaN12", 0, "-NaN12", {"fpc": INVALID}), ("-sNaN12", 1, "-sNaN12", {}),
            ("sNaN12", 14, "NaN12", {"fpc": INVALID}),
            ("Infinity12", 0, "Infinity", {}), ("Infinity12", 1, "Infinity12", {}),
        ):  # fmt: skip
            lab.reset()
            assert run(lab, f"{name} %f1,%f4,{m4}", text, form=form, source=source) == (result, changes)


ROUNDED = [  # to short: M3, M4, what, result, flags
    (0, 0, "1.50", "1.50", 0), (0, 0, "12345675", "1.234568E+7", INEXACT | QUANTUM),
    (9, 0, "12345675", "1.234567E+7", INEXACT | QUANTUM),
    (0, 4, "12345675", "1.234568E+7", QUANTUM), (0, 0, "12345000", "1.234500E+7", QUANTUM), (0, 0, "1E90", "1E+90", 0),
    (0, 0, "1E95", "1.00000E+95", QUANTUM), (0, 0, "1E97", "Infinity", OVERFLOW | INEXACT),
    (0, 0, "0E200", "0E+90", QUANTUM),
    (9, 0, "1E97", "9.999999E+96", OVERFLOW | INEXACT), (0, 0, "NaN123456789", "NaN456789", 0),
    (0, 0, "sNaN5", "NaN5", INVALID), (0, 1, "sNaN5", "sNaN5", 0), (0, 0, "-Infinity5", "-Infinity", 0),
    (0, 1, "-Infinity5", "-Infinity5", 0),
]  # fmt: skip


@pytest.mark.parametrize(("m3", "m4", "text", "result", "flags"), ROUNDED)
def test_load_rounded(lab, m3, m4, text, result, flags):
    """A short result leaves bits 32-63 of its register."""
    found = run(lab, f"ledtr %f1,{m3},%f4,{m4}", text, form=SHORT, source=LONG)
    assert found == (result, {"fpc": flags} if flags else {})
    assert int(lab.fpr[1]) & 0xFFFFFFFF == 0x89ABCDEF


def test_load_rounded_to_long_leaves_the_second_register(lab):
    assert run(lab, "ldxtr %f1,0,%f4,0", "-2.50", form=LONG, source=EXTENDED) == ("-2.50", {})
    assert int(lab.fpr[3]) == 0x0123456789ABCDEF


@pytest.mark.parametrize(
    ("text", "result", "flags"),
    [
        ("2.5", "2", INEXACT), ("1.0E2", "1.0E+2", 0), ("10.0", "10", 0), ("7E5", "7E+5", 0), ("-0.3", "-0", INEXACT),
        ("0.00", "0", 0), ("0E9", "0E+9", 0), ("999999999999999.9", "1000000000000000", INEXACT),
        ("sNaN3", "NaN3", INVALID),
        ("-Infinity", "-Infinity", 0), ("1E-398", "0", INEXACT),
    ],
)  # fmt: skip
def test_load_integer(lab, text, result, flags):
    """No quantum exception; bit 1 of M4 suppresses the inexact one."""
    assert run(lab, "fidtr %f1,0,%f4,0", text) == (result, {"fpc": flags} if flags else {})
    lab.reset()
    flags &= ~INEXACT
    assert run(lab, "fixtr %f1,0,%f4,4", text, form=EXTENDED) == (result, {"fpc": flags} if flags else {})
