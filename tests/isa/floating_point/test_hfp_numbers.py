"""Where hexadecimal-floating-point instructions find their operands: PoP ch. 9 "Registers and Controls", ch. 18.

The twin's cases (the tests of each file) have registers that are not there, or begin no pair."""

from __future__ import annotations

from s390emu.conformance.twins.hexadecimal_floating_point import RECIPES
from s390emu.isa.opcodes import ROWS
from tests.isa.floating_point.hexadecimal import DATA, EXTENDED, LONG, SPECIFICATION, by_hand
from tests.operands import FETCH, Operand, operand_checks


def test_all_of_the_chapter_have_twins():
    chapter = {row.mnemonic.lower() for row in ROWS if row.chapter == 18 and row.facility != 23}
    assert chapter == RECIPES.keys() - {"thder", "thdr", "tbedr", "tbdr"}


def test_priority(lab):
    """A register that is not there goes before a pair that is none, and both before any access."""
    assert by_hand(lab, "axr %f2,%f4", (LONG,), (1,)) == (SPECIFICATION, {})
    lab.gr[5] = 1 << 40  # outside the configuration
    assert by_hand(lab, "mxd %f2,0(%r5)", (LONG,), (1,)) == (SPECIFICATION, {})
    for line in ("mxd %f3,0(%r5)", "ad %f3,0(%r5)", "axr %f2,%f3"):
        assert by_hand(lab, line, (LONG,), (1,), afp=False) == (DATA, {})
    assert by_hand(lab, "axr %f0,%f2", (LONG,), (1,), afp=False) == (SPECIFICATION, {})
    assert by_hand(lab, "ltxr %f0,%f4", (LONG, EXTENDED), (1, 0x41 << 120 | 1), afp=False)[0] == 0


def one(lab):
    lab.fpr[4] = lab.fpr[6] = 0x41200000 << 32


THIRTY = bytes.fromhex("4130000000000000")
LINES = {4: ("ae %f4", "au %f4", "ce %f4", "mee %f4", "de %f4", "sqe %f4", "lxe %f4", "mae %f4,%f6"),
         8: ("ad %f4", "mxd %f4", "msd %f4,%f6")}  # fmt: skip
OPERANDS = [Operand(f"{line},0(%r5)", length, FETCH, setup=one, data=THIRTY[:length])
            for length, lines in LINES.items() for line in lines]  # fmt: skip


@operand_checks(*OPERANDS)
def test_operands(lab, check, operand):
    check(lab, operand)
