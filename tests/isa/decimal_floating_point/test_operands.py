"""Every DFP instruction as a program meets it: what it needs, and in which order it is refused. PoP ch. 9 "AFP-Register
Control", ch. 6 "Data Exception", ch. 20. And in bulk, against Python's `decimal`."""

from __future__ import annotations

import os

import pytest

from s390emu.architecture.interruptions import DATA, OPERATION, SPECIFICATION
from s390emu.assembler.assemble import assemble
from s390emu.conformance.case import AFP_CONTROL, differences
from s390emu.conformance.here import Here
from s390emu.conformance.twins.decimal_floating_point import RECIPES
from s390emu.conformance.vectors import cases
from s390emu.engine.handlers import implemented
from s390emu.isa.formats import FR
from s390emu.isa.opcodes import ROWS
from s390emu.machine import Machine
from tests.isa.decimal_floating_point.dfp import INEXACT, LONG, SHORT, run
from tests.isa.general.execute import execute
from tests.lab import Lab

ROW = {row.mnemonic.lower(): row for row in ROWS if row.chapter == 20 and implemented(row)}
CASES = int(os.environ.get("S390EMU_DFP_CASES", "6"))  # of each row
DFP_INSTRUCTION = 3  # data-exception code
NOWHERE = 1 << 40  # an address that cannot be fetched from


def line(name: str, **numbers: int) -> str:
    """The instruction in assembly; general registers are 2, floating-point registers those given, or 4."""
    parts = []
    for operand in ROW[name].format.operands:
        if operand.kind == "mask":
            parts.append("0")
        elif operand.name == "d2":
            parts.append("0(1,%r5)" if ROW[name].format.name == "RSL-b" else "0(%r5)")
        else:
            parts.append("%r2" if operand.kind != FR else f"%f{numbers.get(operand.name, 4)}")
    return f"{name} {','.join(parts)}"


def extended_operands(name: str) -> set[str]:
    """Which floating-point registers begin a pair."""
    floating = {operand.name for operand in ROW[name].format.operands if operand.kind == FR}
    if name == "lxdtr":
        return {"r1"}
    return floating if "x" in name else set()


def test_afp_register_control_comes_first(lab):
    """Before registers that are no pair, and access exceptions."""
    for name in ROW:
        lab.reset()
        text = line(name, r1=2, r2=2, r3=2).replace("%r2", "%r3")
        assert execute(lab, text, r5=NOWHERE) == (DATA, {}), name
        assert lab.word(0x90, 4) == DFP_INSTRUCTION


def test_extended_operands_are_pairs(lab):
    for name in ROW:
        for operand in ("r1", "r2", "r3"):
            if operand not in {each.name for each in ROW[name].format.operands if each.kind == FR}:
                continue
            for pair in (2, 15):
                lab.reset()
                codes = 0xC if name in ("cdstr", "cxstr") else 0
                text = line(name, **{operand: pair})
                code, changes = execute(lab, text, data="00" * 40, c0=AFP_CONTROL, r2=codes, r3=codes)
                refused = operand in extended_operands(name)
                assert code == (SPECIFICATION if refused else 0), (name, operand)
                assert not (refused and changes)


def test_without_the_facility():
    machine = Machine(1 << 20, model="z990")
    for name in ("adtr", "cudtr", "tdcet"):
        machine.write(0x20000, assemble(line(name), origin=0x20000).sections[0].data)
        machine.set_psw(1 << 32 | 1 << 31, 0x20000)
        machine.step()
        assert machine.last_interruption.code == OPERATION


def test_without_the_floating_point_extension():
    """M4 of ADD is ignored; M3 of 1 to 7 is the rounding mode; there are no quantum exceptions. Some instructions need
    both facilities."""
    lab, toward_zero = Lab(model="z10"), 1 << 4
    assert run(lab, "ddtra %f1,%f4,%f8,14", "2", "3", fpc=toward_zero) == ("0.6666666666666666", {"fpc": INEXACT | 16})
    lab.reset()
    assert run(lab, "fidtr %f1,6,%f4,4", "0.5", fpc=toward_zero) == ("0", {})
    lab.reset()
    assert run(lab, "cdgtra %f1,14,%r3,4", None, r3=10**17 + 1, fpc=toward_zero)[1] == {"fpc": INEXACT | 16}
    lab.reset()
    assert run(lab, "ledtr %f1,0,%f4,4", "12345678", form=SHORT, source=LONG)[1] == {"fpc": INEXACT}
    lab.reset()
    assert execute(lab, "cfdtr %r3,0,%f4,0", c0=AFP_CONTROL) == (OPERATION, {})


@pytest.fixture(scope="module")
def here():
    return Here()


def test_as_pythons_decimal_has_it(here):
    for name in RECIPES:
        for case in cases(name.upper(), CASES, "decimal"):
            assert differences(case, here.execute(case)) == {}, case
