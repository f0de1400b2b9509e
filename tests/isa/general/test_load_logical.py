"""LOAD LOGICAL, AND ZERO RIGHTMOST BYTE, AND TRAP: PoP ch. 7."""

from __future__ import annotations

import pytest

from s390emu.architecture.interruptions import DATA, SPECIFICATION
from tests.isa.general.execute import OLD, execute
from tests.lab import ALL
from tests.operands import FETCH, Operand, operand_checks

HIGH, LOW = OLD & 0xFFFFFFFF00000000, OLD & 0xFFFFFFFF
COMPARE_AND_TRAP = 0xFF
AFP_REGISTER_CONTROL = 1 << (63 - 45)


@pytest.mark.parametrize(
    ("mnemonic", "data", "result"),
    [
        ("llc", "80ff", HIGH | 0x80),
        ("llgc", "80ff", 0x80),
        ("llh", "8001ff", HIGH | 0x8001),
        ("llgh", "8001ff", 0x8001),
        ("llgf", "80000001ff", 0x80000001),
        ("llgt", "80000001ff", 1),
        ("llgt", "ffffffff", 0x7FFFFFFF),
        ("lzrf", "8123456789", HIGH | 0x81234500),
        ("lzrg", "8123456789abcdefff", 0x8123456789ABCD00),
        ("llzrgf", "81234567", 0x81234500),
    ],
)
def test_load_logical(lab, mnemonic, data, result):
    assert execute(lab, f"{mnemonic} %r3,0(%r5)", data=data) == (0, {"r3": result})


@pytest.mark.parametrize(
    ("mnemonic", "result"),
    [
        ("llcr", HIGH | 0x80),
        ("llgcr", 0x80),
        ("llhr", HIGH | 0xFE80),
        ("llghr", 0xFE80),
        ("llgfr", 0xFFFFFE80),
        ("llgtr", 0x7FFFFE80),
    ],
)
def test_load_logical_register(lab, mnemonic, result):
    assert execute(lab, f"{mnemonic} %r3,%r4", r4=ALL - 0x17F) == (0, {"r3": result})


@pytest.mark.parametrize(
    ("mnemonic", "data", "result"),
    [("llhrl", "8001", HIGH | 0x8001), ("llghrl", "8001", 0x8001), ("llgfrl", "80000001", 0x80000001)],
)
def test_load_logical_relative_long(lab, mnemonic, data, result):
    lab.store(0x20802, bytes(2))
    lab.store(0x20800, bytes.fromhex(data))
    assert execute(lab, f"{mnemonic} %r3,.+0x800") == (0, {"r3": result})


def test_only_a_word_has_a_boundary(lab):
    assert execute(lab, "llgfrl %r3,.+0x802") == (SPECIFICATION, {})
    lab.reset()
    assert execute(lab, "llhrl %r3,.+0x802") == (0, {"r3": HIGH})


LOADS_AND_TRAPS = [
    ("lat", "80000000", HIGH | 0x80000000, HIGH),
    ("lgat", "0000000000000100", 0x100, 0),
    ("lfhat", "00000001", LOW | 1 << 32, LOW),
    ("llgfat", "80000000", 0x80000000, 0),
    ("llgtat", "ffffffff", 0x7FFFFFFF, 0),
]


@pytest.mark.parametrize(("mnemonic", "data", "result", "zero"), LOADS_AND_TRAPS)
def test_load_and_trap(lab, mnemonic, data, result, zero):
    assert execute(lab, f"{mnemonic} %r3,0(%r5)", data=data) == (0, {"r3": result})


@pytest.mark.parametrize(("mnemonic", "data", "result", "zero"), LOADS_AND_TRAPS)
@pytest.mark.parametrize("afp", [0, AFP_REGISTER_CONTROL], ids=["fpc stays", "fpc too"])
def test_load_and_trap_zero(lab, mnemonic, data, result, zero, afp):
    """Completed: the register is zero, the instruction address goes on; the DXC is stored, and in the FPC register."""
    lab.cpu.fpc = 0x00120034
    lab.psw()
    lab.cr[0] |= afp
    expected = {"r3": zero} | ({"fpc": 0x0012FF34} if afp else {})
    assert execute(lab, f"{mnemonic} %r3,0(%r5)", data="00" * 8) == (DATA, expected)
    assert lab.word(0x90, 4) == COMPARE_AND_TRAP


def test_llgtat_does_not_look_at_bit_0(lab):
    assert execute(lab, "llgtat %r3,0(%r5)", data="80000000") == (DATA, {"r3": 0})


@operand_checks(
    *(Operand(f"{m} %r3,0(%r5)", n, FETCH)
      for m, n in (("llc", 1), ("llgc", 1), ("llh", 2), ("llgh", 2), ("llgf", 4), ("llgt", 4), ("lzrf", 4), ("lzrg", 8),
                   ("llzrgf", 4), ("lat", 4), ("lgat", 8), ("lfhat", 4), ("llgfat", 4), ("llgtat", 4)))
)  # fmt: skip
def test_operands(lab, check, operand):
    check(lab, operand)
