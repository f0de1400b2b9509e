"""Prefixing: PoP ch. 3 "Prefixing"."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from s390emu._jit import u64
from s390emu.storage.prefixing import apply_prefix

ALL = (1 << 64) - 1
kernel = getattr(apply_prefix, "py_func", apply_prefix)


def absolute(prefix: int, real: int) -> int:
    return int(kernel(SimpleNamespace(prefix=u64(prefix)), u64(real)))


@pytest.mark.parametrize("offset", [0, 1, 0xFFF, 0x1000, 0x1FFF])
@pytest.mark.parametrize("prefix", [0x2000, 0x40000, 0x7FFFE000])
def test_the_two_areas_change_places(prefix, offset):
    assert absolute(prefix, offset) == prefix + offset
    assert absolute(prefix, prefix + offset) == offset


@pytest.mark.parametrize("real", [0x2000, 0x3FFFF, 0x42000, ALL, 1 << 31, (1 << 32) + 0x40000])
def test_everything_else_stays(real):
    assert absolute(0x40000, real) == real


@pytest.mark.parametrize("real", [0, 0x1FFF, 0x2000, ALL])
def test_prefix_zero(real):
    assert absolute(0, real) == real


@pytest.mark.parametrize("real", [0, 0x1234, 0x40000, 0x41FFF, 0x50000])
def test_its_own_inverse(real):
    assert absolute(0x40000, absolute(0x40000, real)) == real


@pytest.mark.parametrize(
    ("real", "expected"), [(0x0, 0x40000), (0x1FF8, 0x41FF8), (0x40000, 0), (0x41FF8, 0x1FF8), (0x2000, 0x2000)]
)
def test_by_an_instruction(lab, real, expected):
    lab.cpu.prefix = 0x40000
    lab.gr[1], lab.gr[5] = 0x1122334455667788, real
    lab.psw()
    assert lab.step("stg %r1,0(%r5)") == 0
    assert lab.load(expected, 8).hex() == "1122334455667788"


@pytest.mark.parametrize(
    ("real", "parts"), [(0x1FFC, (0x41FFC, 0x2000)), (0x3FFFC, (0x3FFFC, 0)), (0x41FFC, (0x1FFC, 0x42000))]
)
def test_an_operand_across_the_border_of_the_area(lab, real, parts):
    lab.cpu.prefix = 0x40000
    lab.gr[1], lab.gr[5] = 0x1122334455667788, real
    lab.psw()
    assert lab.step("stg %r1,0(%r5)") == 0
    assert [lab.load(part, 4).hex() for part in parts] == ["11223344", "55667788"]
