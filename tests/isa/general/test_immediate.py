"""Immediate operands into registers and storage: PoP ch. 7."""

from __future__ import annotations

import pytest

from tests.isa.general.execute import DATA, OLD, execute
from tests.lab import ALL
from tests.operands import STORE, Operand, operand_checks


@pytest.mark.parametrize(
    ("line", "result"),
    [
        ("lhi %r3,-1", OLD | 0xFFFFFFFF),
        ("lhi %r3,0x7fff", OLD & ~0xFFFFFFFF | 0x7FFF),
        ("lghi %r3,-32768", ALL - 0x7FFF),
        ("lghi %r3,32767", 32767),
        ("lgfi %r3,-2147483648", ALL - 0x7FFFFFFF),
        ("lgfi %r3,0x7fffffff", 0x7FFFFFFF),
        ("llihh %r3,0x8001", 0x8001000000000000),
        ("llihl %r3,0x8001", 0x0000800100000000),
        ("llilh %r3,0x8001", 0x0000000080010000),
        ("llill %r3,0x8001", 0x0000000000008001),
        ("llihf %r3,0x80000001", 0x8000000100000000),
        ("llilf %r3,0x80000001", 0x0000000080000001),
        ("iihh %r3,0x8001", 0x8001456789ABCDEF),
        ("iihl %r3,0x8001", 0x0123800189ABCDEF),
        ("iilh %r3,0x8001", 0x012345678001CDEF),
        ("iill %r3,0x8001", 0x0123456789AB8001),
        ("iihf %r3,0x80000001", 0x8000000189ABCDEF),
        ("iilf %r3,0x80000001", 0x0123456780000001),
    ],
)
def test_register(lab, line, result):
    assert execute(lab, line) == (0, {"r3": result})


@pytest.mark.parametrize(
    ("line", "data"),
    [
        ("mvi 0(%r5),0x9a", "9a"),
        ("mviy 0(%r5),0x9a", "9a"),
        ("mvhhi 0(%r5),-2", "fffe"),
        ("mvhi 0(%r5),-2", "fffffffe"),
        ("mvghi 0(%r5),-2", "fffffffffffffffe"),
        ("mvghi 0(%r5),0x7f01", "7f01"),
    ],
)
def test_storage(lab, line, data):
    if line.endswith("0x7f01"):
        assert execute(lab, line, data="00" * 8) == (0, {DATA + 6: bytes.fromhex(data)})
    else:
        assert execute(lab, line) == (0, {DATA: bytes.fromhex(data)})


def test_mviy_displacement_is_signed(lab):
    assert execute(lab, "mviy -1(%r5),1") == (0, {DATA - 1: b"\x01"})


@operand_checks(
    *(Operand(f"{m} 0(%r5),-2", n, STORE) for m, n in (("mvhhi", 2), ("mvhi", 4), ("mvghi", 8))),
    *(Operand(f"{m} 0(%r5),254", 1, STORE) for m in ("mvi", "mviy")),
)
def test_operands(lab, check, operand):
    check(lab, operand)
