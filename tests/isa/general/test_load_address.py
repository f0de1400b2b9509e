"""LOAD ADDRESS and its kin: PoP ch. 7."""

from __future__ import annotations

import pytest

from s390emu.architecture.interruptions import SPECIFICATION
from tests.isa.general.execute import OLD, execute
from tests.lab import ALL, BA_EA, MODE_24, MODE_31, SIZE

HIGH = OLD & 0xFFFFFFFF00000000
SECONDARY, ACCESS_REGISTER, HOME = 2 << 46, 1 << 46, 3 << 46  # PSW bits 16-17


@pytest.mark.parametrize(
    ("mask", "result"),
    [
        pytest.param(BA_EA, 0x0000000123456790, id="64-bit"),
        pytest.param(MODE_31, HIGH | 0x23456790, id="31-bit"),
        pytest.param(MODE_24, HIGH | 0x00456790, id="24-bit"),
    ],
)
@pytest.mark.parametrize("line", ["la %r3,1(%r4,%r5)", "lay %r3,-0xfff(%r4,%r5)"])
def test_load_address(lab, line, mask, result):
    extra = 0x1000 if line.startswith("lay") else 0
    assert execute(lab, line, mask=mask, r4=0x123456700 + extra, r5=0x8F) == (0, {"r3": result})


@pytest.mark.parametrize(
    ("line", "result"),
    [
        pytest.param("la %r3,4095", 4095, id="la-displacement alone"),
        pytest.param("la %r3,1(%r3)", OLD + 1, id="la-adds to itself"),
        pytest.param("la %r3,1(%r3,%r3)", 2 * OLD + 1, id="la-twice the same"),
        pytest.param("lay %r3,-1", ALL, id="lay-minus 1"),
        pytest.param("lay %r3,-0x80000", ALL - 0x7FFFF, id="lay-least"),
        pytest.param("lay %r3,0x7ffff", 0x7FFFF, id="lay-most"),
        pytest.param("larl %r3,.", 0x20000, id="larl-itself"),
        pytest.param("larl %r3,.-2", 0x1FFFE, id="larl-backward"),
        pytest.param("larl %r3,.+0xfffffffe", 0x10001FFFE, id="larl-most"),
        pytest.param("larl %r3,.-0x100000000", (0x20000 - (1 << 32)) & ALL, id="larl-least"),
    ],
)
def test_address_of(lab, line, result):
    assert execute(lab, line) == (0, {"r3": result})


@pytest.mark.parametrize(("mask", "result"), [(MODE_31, HIGH | 0x7FFF0000), (MODE_24, HIGH | 0xFF0000)])
def test_larl_wraps_in_the_addressing_mode(lab, mask, result):
    assert execute(lab, "larl %r3,.-0x30000", mask=mask) == (0, {"r3": result})


@pytest.mark.parametrize("line", ["lae %r3,1(%r4,%r5)", "laey %r3,1(%r4,%r5)"])
@pytest.mark.parametrize(
    ("space", "access_register"),
    [
        pytest.param(0, 0, id="primary"),
        pytest.param(SECONDARY, 1, id="secondary"),
        pytest.param(HOME, 2, id="home"),
        pytest.param(ACCESS_REGISTER, 0x80000007, id="access register of the base"),
    ],
)
def test_load_address_extended(lab, line, space, access_register):
    expected = {"r3": 0x30, "a3": access_register}
    code, changes = execute(lab, line, mask=BA_EA | space, r4=0x20, r5=0xF, a3=9, a4=8, a5=0x80000007)
    assert (code, changes) == (0, expected)


def test_lae_without_base_in_access_register_mode(lab):
    assert execute(lab, "lae %r3,1(%r4,0)", mask=BA_EA | ACCESS_REGISTER, r4=2, a3=9, a0=7) == (0, {"r3": 3, "a3": 0})


def test_lae_31_bit(lab):
    assert execute(lab, "lae %r3,1(%r4)", mask=MODE_31, r4=ALL, a3=9) == (0, {"r3": HIGH, "a3": 0})


# --- LOAD COUNT TO BLOCK BOUNDARY: part of the vector facility -------------------------------------------------------


@pytest.mark.parametrize("m3", range(7))
@pytest.mark.parametrize("left", [1, 2, 15, 16, 17, 32, 64])
def test_lcbb(lab, m3, left):
    boundary = 64 << m3
    lab.psw(cc=1)
    lab.gr[1], lab.gr[2] = ALL, SIZE * 16 + boundary - left
    assert lab.step(f"lcbb %r1,0(%r2),{m3}") == 0
    assert lab.changes() == {"r1": 0xFFFFFFFF_00000000 | min(left, 16), "cc": 0 if left >= 16 else 3}


@pytest.mark.parametrize("m3", range(7, 16))
def test_lcbb_no_such_boundary(lab, m3):
    lab.psw()
    assert lab.step(f"lcbb %r1,0(%r2),{m3}") == SPECIFICATION
    assert lab.changes() == {}
