"""Compare and branch, compare and trap: PoP ch. 7."""

from __future__ import annotations

import pytest

from s390emu.architecture.interruptions import ADDRESSING, DATA
from s390emu.conformance.twins.branch import BRANCHES, EQUAL, HIGH, LOW, TARGET, TRAPS
from s390emu.conformance.twins.load_store import COMPARE_AND_TRAP
from tests.lab import ALL, BA_EA, MODE_24, MODE_31
from tests.operands import FETCH, Operand, operand_checks

NOISE_1, NOISE_2 = 0x11111111 << 32, 0x22222222 << 32  # bits 0-31 are no part of a 32-bit comparison
AFP = 1 << (63 - 45)

SIGNED = [(5, 5, EQUAL), (5, 6, LOW), (6, 5, HIGH), (-1, 1, LOW), (1, -1, HIGH), (-2, -1, LOW), (-1, -1, EQUAL)]
LOGICAL = [(5, 5, EQUAL), (5, 6, LOW), (6, 5, HIGH), (-1, 1, HIGH), (0, 255, LOW), (255, 255, EQUAL)]
LOGICAL_REGISTERS = [(1, -1, LOW), (-2, -1, LOW), (-1, -1, EQUAL)]


def cases(table):
    for name, (signed, bits, line) in table.items():
        values = SIGNED if signed else LOGICAL if "{i}" in line else LOGICAL + LOGICAL_REGISTERS
        for first, second, outcome in values:
            yield pytest.param(bits, line, first, second, outcome, id=f"{name}-{first}-{second}")


def prepare(lab, bits, line, first, second):
    ones = (1 << bits) - 1
    lab.gr[1], lab.gr[2] = first & ones, second & ones
    if bits == 32:
        lab.gr[1] |= NOISE_1
        lab.gr[2] |= NOISE_2
    lab.gr[5], lab.gr[6] = TARGET - 0x234, 0x40000
    lab.store(0x40010, (second & ones).to_bytes(bits // 8, "big"))


@pytest.mark.parametrize(("bits", "line", "first", "second", "outcome"), list(cases(BRANCHES)))
def test_branch(lab, bits, line, first, second, outcome):
    for mask in (EQUAL, LOW, HIGH, EQUAL | HIGH, EQUAL | LOW | HIGH, 1, 0):
        lab.psw(cc=3)
        prepare(lab, bits, line, first, second)
        assert lab.step(line.format(m=mask, i=second)) == 0
        assert lab.changes() == ({"ia": TARGET} if mask & outcome else {})


@pytest.mark.parametrize(("mode", "mask"), [(MODE_24, (1 << 24) - 1), (MODE_31, (1 << 31) - 1), (BA_EA, ALL)])
@pytest.mark.parametrize("line", ["crb %r0,%r0,8,0x10(%r5)", "cgib %r0,0,8,0x10(%r5)"])
def test_branch_address_in_each_mode(lab, line, mode, mask):
    lab.psw(mode)
    lab.gr[5] = 0xFEDCBA9887654320
    assert lab.step(line) == 0
    assert lab.changes() == {"ia": 0xFEDCBA9887654330 & mask}


@pytest.mark.parametrize(("bits", "line", "first", "second", "outcome"), list(cases(TRAPS)))
def test_trap(lab, bits, line, first, second, outcome):
    for mask in (EQUAL, LOW, HIGH, EQUAL | LOW | HIGH, 1, 0):
        lab.psw(cc=3)
        prepare(lab, bits, line, first, second)
        assert lab.step(line.format(m=mask, i=second)) == (DATA if mask & outcome else 0)
        assert lab.changes() == {}
        if mask & outcome:
            assert lab.word(0x90, 4) == COMPARE_AND_TRAP


def test_trap_tells_the_fpc_register_if_the_program_has_one(lab):
    lab.cr[0] |= AFP
    lab.cpu.fpc = 0x12345678
    assert lab.step("crt %r0,%r0,8") == DATA
    assert lab.changes() == {"fpc": 0x1234FF78}


@operand_checks(Operand("clt %r1,2,0(%r5)", 4, FETCH), Operand("clgt %r1,2,0(%r5)", 8, FETCH))
def test_trap_operand(lab, check, operand):
    check(lab, operand)


def test_trap_with_mask_zero_still_fetches(lab):
    lab.gr[6] = 1 << 40
    assert lab.step("clgt %r1,0,0(%r6)") == ADDRESSING
    assert lab.changes() == {}
