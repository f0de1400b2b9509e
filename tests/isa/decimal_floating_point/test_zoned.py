"""CONVERT FROM ZONED, CONVERT TO ZONED: PoP ch. 20."""

from __future__ import annotations

import pytest

from s390emu.architecture.interruptions import DATA, DECIMAL_OVERFLOW, SPECIFICATION
from s390emu.conformance.case import AFP_CONTROL
from tests.isa.decimal_floating_point.dfp import EXTENDED, datum, registers, run
from tests.isa.general.execute import DATA as AT
from tests.isa.general.execute import execute
from tests.lab import BA_EA
from tests.operands import FETCH, STORE, Operand, operand_checks

DECIMAL_OVERFLOW_MASK = 1 << 42  # of the PSW
FROM = [  # length, M3, storage, result
    (3, 0, "F1F2F3", "123"), (3, 8, "F1F2D3", "-123"), (3, 8, "0142C3", "123"), (3, 0, "F1F2D3", "123"),
    (1, 8, "D0", "-0"),
    (1, 15, "B7", "-7"), (16, 8, "F9" * 15 + "F9", "9999999999999999"), (2, 7, "3132", "12"), (1, 8, "A7", "7"),
]  # fmt: skip


@pytest.mark.parametrize(("length", "m3", "stored", "result"), FROM)
def test_from_zoned(lab, length, m3, stored, result):
    """Only the sign is looked at among zones, and only if there is one; other bits of M3 are ignored."""
    assert run(lab, f"cdzt %f1,0({length},%r5),{m3}", None, data=stored) == (result, {})


def test_from_zoned_extended(lab):
    digits = "1234567890" * 3 + "1234"
    stored = "".join("F" + digit for digit in digits)
    assert run(lab, "cxzt %f1,0(34,%r5),0", None, form=EXTENDED, data=stored) == (digits, {})


def test_codes_that_are_none(lab):
    """A decimal-operand data exception: a digit, and with bit 0 of M3 a sign."""
    for m3, stored in ((0, "FAF2F3"), (0, "F1F2FF"), (8, "F1F2F3".replace("F3", "93")), (8, "F1F203")):
        lab.reset()
        found = run(lab, f"cdzt %f1,0(3,%r5),{m3}", None, data=stored, fpc=0xFF00)
        assert found == (None, {"code": DATA, "dxc": 0, "fpc": 0})
    lab.reset()
    assert run(lab, "cdzt %f1,0(3,%r5),0", None, data="F1F203")[0] == "123"


@pytest.mark.parametrize(("line", "most"), [("cdzt", 16), ("cxzt", 34), ("czdt", 16), ("czxt", 34)])
def test_an_operand_that_is_too_long(lab, line, most):
    """Before an access exception."""
    for length, code in ((most, 0), (most + 1, SPECIFICATION), (256, SPECIFICATION)):
        lab.reset()
        given = {"data": "F0" * 40} if code == 0 else {"r5": 1 << 40}
        found, _ = execute(lab, f"{line} %f1,0({length},%r5),0", c0=AFP_CONTROL, f1=0, f3=0, **given)
        assert found == code


TO = [  # datum, length, M3, stored, condition code
    ("123", 5, 0, "F0F0F1F2F3", 2), ("-1.23", 3, 8, "F1F2D3", 1), ("1.23", 3, 8, "F1F2C3", 2),
    ("1.23", 3, 10, "F1F2F3", 2),
    ("-1.23", 3, 14, "3132D3", 1), ("-123", 3, 0, "F1F2F3", 1), ("-0E5", 2, 8, "F0D0", 0), ("-0", 2, 9, "F0C0", 0),
    ("-0", 2, 11, "F0F0", 0), ("7", 1, 4, "37", 2), ("7", 1, 15, "F7", 2), ("-Infinity12", 3, 8, "F0F1D2", 3),
    ("sNaN7", 2, 0, "F0F7", 3), ("1E300", 1, 8, "C1", 2),
]  # fmt: skip


@pytest.mark.parametrize(("text", "length", "m3", "stored", "cc"), TO)
def test_to_zoned(lab, text, length, m3, stored, cc):
    code, changes = execute(
        lab, f"czdt %f1,0({length},%r5),{m3}", c0=AFP_CONTROL, f1=datum(text), cc=(cc + 1) % 4,
        data="00" * (length + 1), mask=BA_EA | DECIMAL_OVERFLOW_MASK,
    )  # fmt: skip
    assert code == 0
    assert lab.load(AT, length + 1).hex().upper() == stored + "00"
    assert changes.pop("cc") == cc
    assert all(AT <= at < AT + length for at in changes)


def test_to_zoned_extended(lab):
    digits = "1234567890" * 3 + "1234"
    given = registers(EXTENDED, 1, datum(digits, EXTENDED))
    assert execute(lab, "czxt %f1,0(34,%r5),0", c0=AFP_CONTROL, cc=2, **given)[0] == 0
    assert lab.load(AT, 34).hex().upper() == "".join("F" + digit for digit in digits)


def test_digits_are_lost(lab):
    """Completed with condition code 3; with the decimal-overflow mask on an interruption follows."""
    for mask, code in ((0, 0), (DECIMAL_OVERFLOW_MASK, DECIMAL_OVERFLOW)):
        lab.reset()
        found = execute(lab, "czdt %f1,0(2,%r5),8", c0=AFP_CONTROL, f1=datum("-1234"), cc=0, mask=BA_EA | mask)
        assert (found[0], found[1]["cc"]) == (code, 3)
        assert lab.load(AT, 2).hex().upper() == "F3D4"
    lab.reset()
    execute(lab, "czdt %f1,0(2,%r5),9", c0=AFP_CONTROL, f1=datum("-100"), cc=0)
    assert lab.load(AT, 2).hex().upper() == "F0C0"


def setup(lab):
    lab.cr[0] |= AFP_CONTROL
    lab.fpr[1], lab.fpr[3] = 0x2238000000000005, 7


@operand_checks(
    Operand("cdzt %f1,0(9,%r5),0", 9, FETCH, setup=setup, data=bytes.fromhex("F1" * 9)),
    Operand("czxt %f1,0(9,%r5),0", 9, STORE, setup=setup),
)
def test_operands(lab, check, operand):
    check(lab, operand)
