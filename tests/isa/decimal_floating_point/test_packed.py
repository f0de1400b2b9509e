"""CONVERT TO and FROM SIGNED and UNSIGNED PACKED: PoP ch. 20."""

from __future__ import annotations

import pytest

from s390emu.architecture.interruptions import DATA, SPECIFICATION
from s390emu.conformance.case import AFP_CONTROL
from tests.isa.decimal_floating_point.dfp import EXTENDED, LONG, datum, registers, run
from tests.isa.general.execute import execute

TO_LONG = [
    ("cudtr %r2,%f4", "-1.50", 0x150), ("csdtr %r2,%f4,0", "-1.50", 0x150D), ("csdtr %r2,%f4,0", "1.50", 0x150C),
    ("csdtr %r2,%f4,1", "1.50", 0x150F), ("csdtr %r2,%f4,14", "1.50", 0x150C), ("csdtr %r2,%f4,1", "-0", 0xD),
    ("cudtr %r2,%f4", "9876543210123456", 0x9876543210123456),
    ("csdtr %r2,%f4,0", "9876543210123456", 0x876543210123456C), ("cudtr %r2,%f4", "sNaN12", 0x12),
    ("csdtr %r2,%f4,0", "-Infinity12", 0x12D),
]  # fmt: skip


@pytest.mark.parametrize(("line", "text", "codes"), TO_LONG)
def test_to_packed(lab, line, text, codes):
    assert execute(lab, line, c0=AFP_CONTROL, f4=datum(text)) == (0, {"r2": codes})


def test_to_packed_extended(lab):
    """32 digits, or 31 and a sign, in an even-odd pair."""
    digits = "1234567890123456789012345678901234"
    given = registers(EXTENDED, 4, datum(f"-{digits}", EXTENDED))
    for line, codes in (("cuxtr %r2,%f4", digits[2:]), ("csxtr %r2,%f4,0", digits[3:] + "D")):
        lab.reset()
        expected = {"r2": int(codes[:16], 16), "r3": int(codes[16:], 16)}
        assert execute(lab, line, c0=AFP_CONTROL, **given) == (0, expected)


@pytest.mark.parametrize(
    ("line", "codes", "result"),
    [
        ("cdutr %f1,%r2", 0x9876543210123456, "9876543210123456"), ("cdutr %f1,%r2", 0, "0"),
        ("cdstr %f1,%r2", 0x150A, "150"),
        ("cdstr %f1,%r2", 0x150B, "-150"), ("cdstr %f1,%r2", 0xD, "-0"), ("cdstr %f1,%r2", 0xF, "0"),
        ("cdstr %f1,%r2", 0x999999999999999E, "999999999999999"),
    ],
)  # fmt: skip
def test_from_packed(lab, line, codes, result):
    assert run(lab, line, None, r2=codes) == (result, {})


def test_from_packed_extended(lab):
    text = "12345678901234567890123456789012"
    pair = {"r2": int(text[:16], 16), "r3": int(text[16:], 16)}
    assert run(lab, "cxutr %f1,%r2", None, form=EXTENDED, **pair) == (text, {})
    lab.reset()
    pair["r3"] = pair["r3"] & ~15 | 0xD
    assert run(lab, "cxstr %f1,%r2", None, form=EXTENDED, **pair) == (f"-{text[:-1]}", {})


@pytest.mark.parametrize("line", ["cdutr %f1,%r2", "cdstr %f1,%r2", "cxutr %f1,%r2", "cxstr %f1,%r2"])
def test_codes_that_are_none(lab, line):
    """A decimal-operand data exception, DXC 0: any digit, and a sign that is one."""
    extended = "x" in line
    for place in range(32 if extended else 16):
        lab.reset()
        codes = 0xC | (0xA << 4 * place if place or "u" in line else 0)
        if place == 0 and "s" in line[:5]:
            codes = 9
        form = EXTENDED if extended else LONG
        pair = {"r2": codes >> 64, "r3": codes & (1 << 64) - 1} if extended else {"r2": codes}
        found = run(lab, line, None, form=form, fpc=0xFF00, **pair)
        assert found == (None, {"code": DATA, "dxc": 0, "fpc": 0})


@pytest.mark.parametrize("line", ["cuxtr %r3,%f4", "csxtr %r3,%f4,0", "cxutr %f4,%r3", "cxstr %f4,%r3"])
def test_an_odd_register(lab, line):
    assert execute(lab, line, c0=AFP_CONTROL) == (SPECIFICATION, {})
