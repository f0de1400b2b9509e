"""DFP data: PoP ch. 20 "DFP Data Formats". Known encodings, and every declet."""

from __future__ import annotations

import pytest

from s390emu.conformance.twins.exact_decimal import DIGITS
from s390emu.isa.decimal_floating_point import numbers
from tests.isa.decimal_floating_point.dfp import EXTENDED, LONG, SHORT, datum, run, text_of

KNOWN = [  # from "Formats and Encoding" and IEEE 754: what these numbers look like
    (SHORT, "-7.50", 0xA23003D0), (SHORT, "1", 0x22500001), (SHORT, "0", 0x22500000), 
    (SHORT, "9.999999E+96", 0x77F3FCFF), (SHORT, "1E-101", 1), (LONG, "-7.50", 0xA2300000000003D0),
    (LONG, "1", 0x2238000000000001),
    (LONG, "Infinity", 0x7800000000000000), (LONG, "NaN", 0x7C00000000000000), (LONG, "-sNaN", 0xFE00000000000000),
    (LONG, "9.999999999999999E+384", 0x77FCFF3FCFF3FCFF), (EXTENDED, "-7.50", 0xA20780000000000000000000000003D0),
    (EXTENDED, "1E-6176", 1),
]  # fmt: skip


@pytest.mark.parametrize(("form", "text", "bits"), KNOWN)
def test_known_encodings(form, text, bits):
    assert datum(text, form) == bits
    assert text_of(bits, form) == text


def test_declets():
    """All 1024, of which 24 are not canonical."""
    for declet, digits in DIGITS.items():
        assert f"{numbers.DIGITS_OF[declet]:03x}" == digits
    assert len(DIGITS) == 1024
    assert [int(f"{numbers.DIGITS_OF[code]:x}") for code in numbers.DECLET_OF] == list(range(1000))
    assert sum(numbers.DECLET_OF[int(f"{numbers.DIGITS_OF[code]:x}")] != code for code in range(1024)) == 24


def test_what_is_read_is_made_again(lab):
    """A short datum by way of the long format, which it fits in."""
    for form, text, bits in KNOWN:
        lab.reset()
        if form is SHORT:
            assert run(lab, "ldetr %f1,%f4,0", text, source=SHORT)[0] == text
            lab.step("ledtr %f8,0,%f1,0", at=0x20000)
            assert int(lab.fpr[8]) >> 32 == bits
        elif "s" not in text:
            found = run(lab, "ltxtr %f1,%f4" if form is EXTENDED else "ltdtr %f1,%f4", text, form=form)
            assert (found[0], int(lab.fpr[1])) == (text, bits >> form.bits - 64)


def test_what_is_not_canonical_is_read_and_not_made(lab):
    """888 has four declets; infinities and NaNs have a reserved field."""
    canonical = datum("888")
    for extra in range(4):
        lab.reset()
        bits = canonical | extra << 8
        assert run(lab, "ltdtr %f1,%f4", None, f4=bits)[0] == "888"
        assert int(lab.fpr[1]) == canonical
    lab.reset()
    run(lab, "ltdtr %f1,%f4", None, f4=0x7BFF000000000005)
    assert int(lab.fpr[1]) == 0x7800000000000000
    lab.reset()
    run(lab, "ltdtr %f1,%f4", None, f4=0xFDFC000000000005)
    assert int(lab.fpr[1]) == 0xFC00000000000005
