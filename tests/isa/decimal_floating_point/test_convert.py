"""CONVERT TO FIXED, TO LOGICAL, FROM FIXED, FROM LOGICAL: PoP ch. 20."""

from __future__ import annotations

import pytest

from s390emu.architecture.interruptions import DATA
from s390emu.conformance.case import AFP_CONTROL
from tests.isa.decimal_floating_point.dfp import (
    EXTENDED,
    INEXACT,
    INVALID,
    LONG,
    QUANTUM,
    TO_MASK,
    datum,
    registers,
    run,
)
from tests.isa.general.execute import OLD, execute

ALL = (1 << 64) - 1
BOTH = INEXACT | INVALID
TO_FIXED = [  # to 64 bits, of an extended number: result, condition code, flags
    ("0E-9", 0, 0, 0), ("-7", -7, 1, 0), ("2.5", 2, 2, INEXACT), ("-0.5", 0, 1, INEXACT), ("1E18", 10**18, 2, 0),
    ("9223372036854775807", (1 << 63) - 1, 2, 0), ("9223372036854775807.4", (1 << 63) - 1, 2, INEXACT),
    ("9223372036854775807.5", (1 << 63) - 1, 3, BOTH), ("-9223372036854775808.5", -(1 << 63), 1, INEXACT),
    ("-9223372036854775809", -(1 << 63), 3, BOTH), ("1E6111", (1 << 63) - 1, 3, BOTH),
    ("-Infinity", -(1 << 63), 3, BOTH),
    ("NaN", -(1 << 63), 3, INVALID), ("99999999999999999999", (1 << 63) - 1, 3, BOTH),
]  # fmt: skip
TO_LOGICAL = [
    ("18446744073709551615", ALL, 2, 0), ("18446744073709551616", ALL, 3, BOTH), ("-0.4", 0, 1, INEXACT),
    ("-0.6", 0, 3, BOTH), ("-1E9", 0, 3, BOTH), ("NaN", 0, 3, INVALID), ("Infinity", ALL, 3, BOTH),
    ("99999999999999999999", ALL, 3, BOTH), ("1E19", 10**19, 2, 0),
]  # fmt: skip


def convert(lab, line, text, form=EXTENDED, fpc=0):
    lab.reset()
    lab.cpu.fpc = fpc
    code, changes = execute(lab, line, c0=AFP_CONTROL, cc=0, r3=OLD, **registers(form, 4, datum(text, form)))
    changes.setdefault("cc", 0)
    changes.setdefault("fpc", fpc)
    return code, changes


@pytest.mark.parametrize(("name", "table"), [("cgxtr", TO_FIXED), ("clgxtr", TO_LOGICAL)])
def test_to_integers(lab, name, table):
    for text, value, cc, flags in table:
        line = f"{name} %r3,0,%f4" + (",0" if "l" in name else "")
        assert convert(lab, line, text) == (0, {"r3": value & ALL, "cc": cc, "fpc": flags}), text


def test_to_integers_of_32_bits(lab):
    """Bits 0-31 of the register stay."""
    for name, text, value, cc, flags in (
        ("cfdtr", "-2147483648", 0x80000000, 1, 0), ("cfdtr", "2147483648", 0x7FFFFFFF, 3, BOTH),
        ("cfdtr", "1234.5", 1234, 2, INEXACT), ("clfdtr", "4294967295", 0xFFFFFFFF, 2, 0),
        ("clfdtr", "4294967296", 0xFFFFFFFF, 3, BOTH), ("cfdtr", "sNaN", 0x80000000, 3, INVALID),
    ):  # fmt: skip
        result = {"r3": OLD >> 32 << 32 | value, "cc": cc, "fpc": flags}
        assert convert(lab, f"{name} %r3,0,%f4,0", text, LONG) == (0, result)


def test_traps_and_controls_of_conversion_to_integers(lab):
    """Invalid suppresses; inexact comes after the result; M4 suppresses it; M3 has the method."""
    mask = INVALID << TO_MASK
    assert convert(lab, "cgxtra %r3,0,%f4,0", "1E30", fpc=mask) == (DATA, {"cc": 0, "fpc": mask | 0x8000})
    mask = INEXACT << TO_MASK
    for m3, value, dxc in ((9, 2, 8), (14, 3, 0xC)):
        found = convert(lab, f"cgxtra %r3,{m3},%f4,0", "2.5", fpc=mask)
        assert found == (DATA, {"r3": value, "cc": 2, "fpc": mask | dxc << 8})
        assert convert(lab, f"cgxtra %r3,{m3},%f4,4", "2.5", fpc=mask) == (0, {"r3": value, "cc": 2, "fpc": mask})
    found = convert(lab, "cgxtra %r3,0,%f4,0", "-1E30", fpc=mask)
    assert found == (DATA, {"r3": 1 << 63, "cc": 3, "fpc": mask | INVALID | 0x800})


FROM = [  # line, form, r3, result, flags
    ("cdgtr %f1,%r3", LONG, -5, "-5", 0), ("cdgtr %f1,%r3", LONG, 0, "0", 0),
    ("cdgtr %f1,%r3", LONG, 12345678901234565, "1.234567890123456E+16", INEXACT | QUANTUM),
    ("cdgtra %f1,12,%r3,0", LONG, 12345678901234565, "1.234567890123457E+16", INEXACT | QUANTUM),
    ("cdgtra %f1,9,%r3,4", LONG, 12345678901234565, "1.234567890123456E+16", QUANTUM),
    ("cdgtr %f1,%r3", LONG, 12345678901234560, "1.234567890123456E+16", QUANTUM),
    ("cxgtr %f1,%r3", EXTENDED, -(1 << 63), "-9223372036854775808", 0),
    ("cdftr %f1,0,%r3,0", LONG, 0xFFFFFFFF, "-1", 0),
    ("cdlftr %f1,0,%r3,0", LONG, 0x1FFFFFFFF, "4294967295", 0), ("cxlgtr %f1,0,%r3,0", EXTENDED, ALL, str(ALL), 0),
    ("cdlgtr %f1,0,%r3,0", LONG, ALL, "1.844674407370955E+19", INEXACT | QUANTUM),
]  # fmt: skip


@pytest.mark.parametrize(("line", "form", "r3", "result", "flags"), FROM)
def test_from_integers(lab, line, form, r3, result, flags):
    assert run(lab, line, None, form=form, r3=r3 & ALL) == (result, {"fpc": flags} if flags else {})
