"""Floating-point registers moved as they are: PoP ch. 9."""

from __future__ import annotations

import pytest

from s390emu.architecture.interruptions import DATA as DATA_EXCEPTION
from s390emu.architecture.interruptions import SPECIFICATION
from tests.isa.general.execute import DATA, execute
from tests.operands import FETCH, STORE, Operand, operand_checks

AFP_REGISTER = 1  # data-exception code
AFP_CONTROL = 0xE0 | 1 << (63 - 45)  # control register 0
F2, F4 = 0x8123456789ABCDEF, 0x7EDCBA9876543210
SHORT = F2 & 0xFFFFFFFF


CASES = [
    pytest.param("ldr %f2,%f4", {"f2": F4}, id="ldr"),
    pytest.param("ldr %f2,%f2", {}, id="ldr-same"),
    pytest.param("ler %f2,%f4", {"f2": F4 & ~0xFFFFFFFF | SHORT}, id="ler"),
    pytest.param("lxr %f4,%f0", {"f4": 0xA0, "f6": F2}, id="lxr"),
    pytest.param("ld %f2,0(%r5)", {"f2": 0xC0C1C2C3C4C5C6C7}, id="ld"),
    pytest.param("ldy %f2,0(%r5)", {"f2": 0xC0C1C2C3C4C5C6C7}, id="ldy"),
    pytest.param("le %f2,0(%r5)", {"f2": 0xC0C1C2C3 << 32 | SHORT}, id="le"),
    pytest.param("ley %f2,0(%r5)", {"f2": 0xC0C1C2C3 << 32 | SHORT}, id="ley"),
    pytest.param("std %f2,0(%r5)", {DATA: bytes.fromhex("8123456789abcdef")}, id="std"),
    pytest.param("stdy %f2,0(%r5)", {DATA: bytes.fromhex("8123456789abcdef")}, id="stdy"),
    pytest.param("ste %f2,0(%r5)", {DATA: bytes.fromhex("81234567")}, id="ste"),
    pytest.param("stey %f2,0(%r5)", {DATA: bytes.fromhex("81234567")}, id="stey"),
    pytest.param("lzdr %f2", {"f2": 0}, id="lzdr"),
    pytest.param("lzer %f2", {"f2": SHORT}, id="lzer"),
    pytest.param("lzxr %f0", {"f0": 0, "f2": 0}, id="lzxr"),
    pytest.param("ldgr %f2,%r7", {"f2": 0x77}, id="ldgr"),
    pytest.param("lgdr %r7,%f2", {"r7": F2}, id="lgdr"),
    pytest.param("lpdfr %f4,%f2", {"f4": F2 & ~(1 << 63)}, id="lpdfr"),
    pytest.param("lndfr %f2,%f4", {"f2": F4 | 1 << 63}, id="lndfr"),
    pytest.param("lcdfr %f2,%f2", {"f2": F2 & ~(1 << 63)}, id="lcdfr"),
    pytest.param("lcdfr %f2,%f4", {"f2": F4 | 1 << 63}, id="lcdfr-positive"),
    pytest.param("cpsdr %f6,%f2,%f4", {"f6": F4 | 1 << 63}, id="cpsdr-negative"),
    pytest.param("cpsdr %f6,%f4,%f2", {"f6": F2 & ~(1 << 63)}, id="cpsdr-positive"),
]


@pytest.mark.parametrize(("line", "changes"), CASES)
@pytest.mark.parametrize("cr0", [0xE0, AFP_CONTROL], ids=["four registers", "sixteen registers"])
def test_move(lab, line, changes, cr0):
    assert execute(lab, line, data="c0c1c2c3c4c5c6c7", f0=0xA0, f2=F2, f4=F4, r7=0x77, c0=cr0) == (0, changes)


ADDITIONAL = [
    *(line.format(n) for n in (1, 3, 8, 14, 15) for line in ("ldr %f{},%f2", "ler %f2,%f{}", "ld %f{},0(%r5)")),
    "ldy %f1,0(%r5)", "le %f1,0(%r5)", "ley %f1,0(%r5)", "std %f1,0(%r5)", "stdy %f1,0(%r5)", "ste %f1,0(%r5)",
    "stey %f1,0(%r5)", "lxr %f1,%f0", "lxr %f0,%f12", "lzdr %f1", "lzer %f1", "lzxr %f1", "ldgr %f1,%r1",
    "lgdr %r1,%f1", "lpdfr %f1,%f2", "lndfr %f2,%f1", "lcdfr %f1,%f2", "cpsdr %f1,%f0,%f0", "cpsdr %f0,%f1,%f0",
    "cpsdr %f0,%f0,%f1",
]  # fmt: skip


@pytest.mark.parametrize("line", ADDITIONAL)
def test_additional_registers_need_the_afp_register_control(lab, line):
    """Before any access exception; the DXC is stored, and there is no FPC register to put it in."""
    assert execute(lab, line, r5=1 << 40) == (DATA_EXCEPTION, {})
    assert lab.word(0x90, 4) == AFP_REGISTER
    lab.reset()
    assert execute(lab, line, data="00" * 8, c0=AFP_CONTROL)[0] == 0


@pytest.mark.parametrize("line", ["lxr %f2,%f0", "lxr %f0,%f6", "lzxr %f2", "lzxr %f6"])
@pytest.mark.parametrize("cr0", [0xE0, AFP_CONTROL], ids=["four registers", "sixteen registers"])
def test_pair_must_be_one(lab, line, cr0):
    assert execute(lab, line, c0=cr0) == (SPECIFICATION, {})


@pytest.mark.parametrize("pair", [0, 1, 4, 5, 8, 9, 12, 13])
def test_pairs(lab, pair):
    target = (pair + 4) % 16
    expected = {f"f{target}": 1, f"f{target + 2}": 2}
    registers = {f"f{pair}": 1, f"f{pair + 2}": 2}
    assert execute(lab, f"lxr %f{target},%f{pair}", c0=AFP_CONTROL, **registers) == (0, expected)


@operand_checks(
    *(Operand(f"{m} %f2,0(%r5)", n, FETCH) for m, n in (("ld", 8), ("ldy", 8), ("le", 4), ("ley", 4))),
    *(Operand(f"{m} %f2,0(%r5)", n, STORE) for m, n in (("std", 8), ("stdy", 8), ("ste", 4), ("stey", 4))),
)
def test_operands(lab, check, operand):
    check(lab, operand)
