"""LOAD LENGTHENED of hexadecimal numbers: PoP ch. 18."""

from __future__ import annotations

import pytest

from s390emu.architecture.interruptions import DATA as DATA_EXCEPTION
from tests.isa.general.execute import execute
from tests.operands import FETCH, Operand, operand_checks

AFP_CONTROL = 0xE0 | 1 << (63 - 45)  # control register 0
VALUE = 0x8123456789ABCDEF


@pytest.mark.parametrize("cr0", [0xE0, AFP_CONTROL])
def test_zeros_come_to_the_right(lab, cr0):
    assert execute(lab, "lder %f2,%f4", f2=1, f4=VALUE, c0=cr0) == (0, {"f2": 0x8123456700000000})
    assert execute(lab, "lder %f4,%f4", c0=cr0) == (0, {"f4": 0x8123456700000000})
    assert execute(lab, "lde %f6,0(%r5)", data="c1c2c3c4c5c6c7c8", c0=cr0) == (0, {"f6": 0xC1C2C3C400000000})


@pytest.mark.parametrize("line", ["lder %f1,%f0", "lder %f0,%f1", "lde %f15,0(%r5)"])
def test_registers_that_the_program_does_not_have(lab, line):
    assert execute(lab, line) == (DATA_EXCEPTION, {})
    assert lab.word(0x90, 4) == 1
    lab.reset()
    assert execute(lab, line, c0=AFP_CONTROL)[0] == 0


@operand_checks(Operand("lde %f2,0(%r5)", 4, FETCH))
def test_operands(lab, check, operand):
    check(lab, operand)
