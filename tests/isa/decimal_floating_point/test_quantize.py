"""QUANTIZE, REROUND: PoP ch. 20."""

from __future__ import annotations

import pytest

from s390emu.architecture.interruptions import DATA
from tests.isa.decimal_floating_point.dfp import EXTENDED, INEXACT, INVALID, TO_MASK, run

QUANTIZED = [  # second (whose quantum), third, result, flags
    ("1.00", "7", "7.00", 0), ("-1E1", "-17", "-2E+1", INEXACT), ("1", "0.4", "0", INEXACT),
    ("0E3", "-0.000", "-0E+3", 0),
    ("1E-2", "99999999999999", "99999999999999.00", 0), ("1E-3", "99999999999999", "NaN", INVALID),
    ("1E369", "1", "0E+369", INEXACT), ("1E-398", "1", "NaN", INVALID), ("1E-398", "0E369", "0E-398", 0),
    ("5E-398", "999E-397", "9.990E-395", 0), ("Infinity", "-Infinity", "-Infinity", 0),
    ("Infinity", "1", "NaN", INVALID),
    ("1", "Infinity", "NaN", INVALID), ("NaN1", "sNaN2", "NaN2", INVALID), ("NaN1", "NaN2", "NaN1", 0),
    ("1", "NaN2", "NaN2", 0),
]  # fmt: skip


@pytest.mark.parametrize(("second", "third", "result", "flags"), QUANTIZED)
def test_quantize(lab, second, third, result, flags):
    assert run(lab, "qadtr %f1,%f8,%f4,0", second, third) == (result, {"fpc": flags} if flags else {})


def test_quantize_neither_overflows_nor_underflows(lab):
    """With all masks on but those of invalid and inexact."""
    assert run(lab, "qadtr %f1,%f8,%f4,8", "1E-398", "123E-398", fpc=0x74000000) == ("1.23E-396", {})
    lab.reset()
    fpc = INEXACT << TO_MASK
    found = run(lab, "qaxtr %f1,%f8,%f4,14", "1", "0.1", form=EXTENDED, fpc=fpc)
    assert found == ("1", {"code": DATA, "dxc": 0xC, "fpc": fpc | 0xC00})


REROUNDED = [  # significance, datum, result, flags
    (0, "12345", "12345", 0), (5, "12345", "12345", 0), (6, "12345", "12345", 0), (3, "12345", "1.23E+4", INEXACT),
    (3, "12300", "1.23E+4", 0), (2, "99.9", "1.0E+2", INEXACT), (1, "-0.0", "-0.0", 0), (15, "9E369", "9E+369", 0),
    (15, "1000000000000000E369", "NaN", INVALID), (1, "9999999999999999E355", "NaN", INVALID),
    (1, "9999999999999999E353", "1E+369", INEXACT), (2, "-Infinity", "-Infinity", 0), (2, "sNaN3", "NaN3", INVALID),
    (2, "NaN3", "NaN3", 0), (2, "1234E-398", "1.2E-395", INEXACT), (63, "1.5", "1.5", 0),
]  # fmt: skip


@pytest.mark.parametrize(("significance", "text", "result", "flags"), REROUNDED)
def test_reround(lab, significance, text, result, flags):
    """Bits 58-63 of the general register count."""
    r2 = 0xFFFF_FFFF_FFFF_FFC0 | significance
    assert run(lab, "rrdtr %f1,%f8,%r2,0", "0", text, r2=r2) == (result, {"fpc": flags} if flags else {})


def test_reround_prepares_for_shorter_precision(lab):
    assert run(lab, "rrxtr %f1,%f8,%r2,15", "0", "12.501", form=EXTENDED, r2=4) == ("12.51", {"fpc": INEXACT})
    lab.reset()
    assert run(lab, "rrdtr %f1,%f8,%r2,15", "0", "12.641", r2=4) == ("12.64", {"fpc": INEXACT})
