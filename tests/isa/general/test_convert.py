"""Conversion between packed decimal and binary: PoP ch. 7."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from s390emu.architecture.interruptions import DATA, FIXED_POINT_DIVIDE
from tests.lab import ALL
from tests.operands import FETCH, STORE, Operand, operand_checks

ADDRESS = 0x38105
AFP_REGISTER = 1 << (63 - 45)  # control register 0
LEAST32, LEAST64 = -(1 << 31), -(1 << 63)

CVB = [pytest.param("cvb", 8, 32, id="cvb"), pytest.param("cvby", 8, 32, id="cvby")]
CVBG = [pytest.param("cvbg", 16, 64, id="cvbg")]
CVD = [pytest.param("cvd", 8, 32, id="cvd"), pytest.param("cvdy", 8, 32, id="cvdy")]
CVDG = [pytest.param("cvdg", 16, 64, id="cvdg")]


def packed(number: int, length: int, sign: str = "") -> bytes:
    """What a person would write: the decimal digits, and C or D."""
    sign = sign or ("D" if number < 0 else "C")
    return bytes.fromhex(f"{abs(number):0{2 * length - 1}d}{sign}")


def at_random(*strategies):
    """A property test within a test that has the lab."""
    loose = settings(max_examples=50, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    return lambda function: loose(given(*strategies)(function))()


def convert(lab, mnemonic: str, data: bytes, r3: int = 0xA5A5A5A5_00000000) -> int:
    lab.store(ADDRESS, data)
    lab.gr[3], lab.gr[5] = r3, ADDRESS
    lab.psw(cc=2)
    return lab.step(f"{mnemonic} %r3,0(%r5)")


def placed(bits: int, number: int, r3: int = 0xA5A5A5A5_00000000) -> int:
    """Register 3 with the number in its rightmost bits."""
    return number & ALL if bits == 64 else r3 >> 32 << 32 | number & 0xFFFFFFFF


# --- CONVERT TO BINARY ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("mnemonic", "length", "bits"), CVB + CVBG)
def test_to_binary(lab, mnemonic, length, bits):
    least = -(1 << bits - 1)

    def check(number):
        assert convert(lab, mnemonic, packed(number, length)) == 0
        expected = placed(bits, number)
        assert lab.changes() == ({} if expected == 0xA5A5A5A5_00000000 else {"r3": expected})

    for number in (0, 1, -1, 9, 10, -10, least, least + 1, -least - 1, -least - 2, 10**9, -(10**9)):
        check(number)
    at_random(st.integers(least, -least - 1))(check)


@pytest.mark.parametrize(("mnemonic", "length", "bits"), CVB + CVBG)
@pytest.mark.parametrize(("sign", "number"), list(zip("ABCDEF", (7, -7, 7, -7, 7, 7), strict=True)))
def test_sign_codes(lab, mnemonic, length, bits, sign, number):
    assert convert(lab, mnemonic, packed(7, length, sign)) == 0
    assert lab.changes() == {"r3": placed(bits, number)}


@pytest.mark.parametrize(("mnemonic", "length", "bits"), CVB + CVBG)
def test_negative_zero_is_zero(lab, mnemonic, length, bits):
    assert convert(lab, mnemonic, packed(0, length, "D"), r3=ALL) == 0
    assert lab.changes() == {"r3": placed(bits, 0, ALL)}


@pytest.mark.parametrize(("mnemonic", "length", "bits"), CVB)
@pytest.mark.parametrize("number", [1 << 31, LEAST32 - 1, 10**10, -(10**10), 10**15 - 1, 1 - 10**15])
def test_too_large_for_a_word_completes(lab, mnemonic, length, bits, number):
    """The rightmost 32 bits of the result are in the register when the exception is recognized."""
    assert convert(lab, mnemonic, packed(number, length)) == FIXED_POINT_DIVIDE
    assert lab.changes() == {"r3": placed(bits, number)}


@pytest.mark.parametrize("number", [1 << 63, LEAST64 - 1, 9224 * 10**15, 10**31 - 1, 1 - 10**31, (1 << 64) + 5])
def test_too_large_for_a_doubleword_is_suppressed(lab, number):
    assert convert(lab, "cvbg", packed(number, 16)) == FIXED_POINT_DIVIDE
    assert lab.changes() == {}


@pytest.mark.parametrize(("mnemonic", "length", "bits"), CVB + CVBG)
def test_invalid_digits_and_signs(lab, mnemonic, length, bits):
    """A data exception with DXC 0 for each digit that is none, and each sign that is a digit; too large or not."""
    for number in (7, 10 ** (2 * length - 1) - 1):
        good = packed(number, length)
        for i in range(2 * length):
            for wrong in "09" if i == 2 * length - 1 else "AF":
                data = bytes.fromhex(good.hex()[:i] + wrong + good.hex()[i + 1 :])
                lab.cpu.dxc = 0xFF
                assert convert(lab, mnemonic, data) == DATA
                assert lab.changes() == {}
                assert lab.word(0x90, 4) == 0


def test_data_exception_code_in_the_fpc_register(lab):
    lab.cr[0] = AFP_REGISTER
    lab.cpu.fpc = 0x00F8FF00
    assert convert(lab, "cvb", bytes(8)) == DATA
    assert lab.changes() == {"fpc": 0x00F80000}


# --- CONVERT TO DECIMAL -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("mnemonic", "length", "bits"), CVD + CVDG)
def test_to_decimal(lab, mnemonic, length, bits):
    least = -(1 << bits - 1)

    def check(number):
        assert convert(lab, mnemonic, bytes(length), placed(bits, number)) == 0
        assert lab.load(ADDRESS, length) == packed(number, length)
        assert all(isinstance(name, int) and ADDRESS <= name < ADDRESS + length for name in lab.changes())

    for number in (0, 1, -1, 9, 10, -10, least, least + 1, -least - 1, 10**9, -(10**9)):
        check(number)
    at_random(st.integers(least, -least - 1))(check)


@pytest.mark.parametrize(("mnemonic", "length", "bits"), CVD)
def test_bits_0_to_31_do_not_matter(lab, mnemonic, length, bits):
    assert convert(lab, mnemonic, bytes(length), ALL - 0xFFFFFFFF + 25) == 0
    assert lab.changes() == {ADDRESS + 6: b"\x02\x5c"}


@operand_checks(
    Operand("cvb %r3,0(%r5)", 8, FETCH, data=packed(-123456789, 8)),
    Operand("cvby %r3,0(%r5)", 8, FETCH, data=packed(-123456789, 8)),
    Operand("cvbg %r3,0(%r5)", 16, FETCH, data=packed(-(1 << 60), 16)),
    Operand("cvd %r3,0(%r5)", 8, STORE, setup=lambda lab: lab.gr.__setitem__(3, 123456789)),
    Operand("cvdy %r3,0(%r5)", 8, STORE, setup=lambda lab: lab.gr.__setitem__(3, 123456789)),
    Operand("cvdg %r3,0(%r5)", 16, STORE, setup=lambda lab: lab.gr.__setitem__(3, 1 << 60)),
)
def test_operands(lab, check, operand):
    check(lab, operand)
