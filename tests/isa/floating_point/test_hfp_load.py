"""LOAD AND TEST, COMPLEMENT, NEGATIVE, POSITIVE, LENGTHENED, ROUNDED, FP INTEGER of HFP numbers: PoP ch. 18."""

from __future__ import annotations

import pytest

from tests.isa.floating_point.hexadecimal import LONG, OVERFLOW, REST, SHORT, Hfp, execute, hfp, numbers, truncated

SIGNS = {"lt": lambda sign: sign, "lc": lambda sign: 1 - sign, "ln": lambda sign: 1, "lp": lambda sign: 0}
FORMS = pytest.mark.parametrize("letter, digits", [("e", SHORT), ("d", LONG)], ids=["short", "long"])


@FORMS
@pytest.mark.parametrize("name", SIGNS)
def test_load_with_a_sign(lab, name, letter, digits):
    """As it is otherwise: a zero keeps its characteristic, and gets the sign."""
    for second in numbers(digits, 30, name):
        expected = second._replace(sign=SIGNS[name](second.sign))
        cc = 0 if not second.fraction else 1 if expected.sign else 2
        assert execute(lab, f"{name}{letter}r %f2,%f4", hfp(0, digits), second) == (0, expected.register, cc)


@FORMS
def test_load_fp_integer(lab, letter, digits):
    for second in numbers(digits, 60, "fi"):
        expected = truncated(int(second.value) * (second.value / second.value if second.fraction else 0), digits)
        assert execute(lab, f"fi{letter}r %f2,%f4", hfp(0, digits), second) == (0, expected.register, 3), second


@pytest.mark.parametrize("line", ["lder %f2,%f4", "lde %f2,0(%r5)"])
def test_load_lengthened(lab, line):
    for second in numbers(SHORT, 20, line):
        assert execute(lab, line, hfp(1, LONG), second) == (0, second.datum << 32, 3)


def rounded(second: Hfp) -> tuple[Hfp, int]:
    """Eight digits are dropped; half of the last that is left, or more, is one more."""
    fraction, characteristic = (second.fraction + (1 << 31)) >> 32, second.characteristic
    if fraction == 1 << 24:
        fraction, characteristic = fraction >> 4, characteristic + 1
    return Hfp(second.sign, characteristic & 0x7F, fraction, SHORT), OVERFLOW if characteristic > 127 else 0


def test_load_rounded(lab):
    edges = [Hfp(0, 66, 0x12345680000000, LONG), Hfp(1, 66, 0x1234567FFFFFFF, LONG), Hfp(1, 66, 0xFFFFFF80000000, LONG),
             Hfp(0, 127, 0xFFFFFF80000000, LONG), Hfp(0, 66, 0x00000080000000, LONG)]  # fmt: skip
    for second in [*edges, *numbers(LONG, 40, "le")]:
        expected, code = rounded(second)
        lab.fpr[2], lab.fpr[4] = REST, second.datum
        lab.psw(cc=3)
        assert lab.step("ledr %f2,%f4") == code
        assert (int(lab.fpr[2]), int(lab.cpu.cc) if not code else 3) == (expected.datum << 32 | REST, 3)
