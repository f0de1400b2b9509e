"""Vector decimal instructions: PoP ch. 25, against twins in Python's integers, and by hand."""

from __future__ import annotations

import os
import random

import pytest

from s390emu.architecture.interruptions import DATA as DATA_EXCEPTION
from s390emu.architecture.interruptions import DECIMAL_DIVIDE, DECIMAL_OVERFLOW, PROTECTION
from s390emu.conformance.twins import vector_decimal as twins
from s390emu.conformance.twins.vector_decimal import Result
from s390emu.engine.handlers import facilities
from tests.isa.vector.conftest import VectorLab
from tests.isa.vector.vectors import DATA, check_invalid, execute, register
from tests.lab import BA_EA

CASES = int(os.environ.get("S390EMU_DECIMAL_CASES", "40"))  # of each instruction
OVERFLOW_MASK = 1 << (63 - 21)  # of the PSW
ARITHMETIC = ("vap", "vsp", "vmp", "vmsp", "vdp", "vsdp", "vrp")
NINES = "9" * 31


@pytest.fixture(scope="session")
def _enhanced_lab():
    return VectorLab(extra=(152,))


@pytest.fixture
def lab(_enhanced_lab):
    _enhanced_lab.reset()
    return _enhanced_lab


def operand(rng: random.Random) -> int:
    """Few digits or many, zeros, nines, any sign; now and then a code that is invalid."""
    count = rng.choice((0, 1, rng.randrange(32), rng.randrange(32), 31))
    digits = "".join(rng.choices(rng.choice(("0123456789", "9", "01")), k=count)).rjust(31, "0")
    codes = list(digits + rng.choice("CCDDABEF"))
    if rng.random() < 0.06:
        codes[rng.choice((31, rng.randrange(31)))] = rng.choice("05AF")
    return int("".join(codes), 16)


def immediate(rng: random.Random) -> int:
    """A number of digits or places; the bit beside it; rarely what has to be zeros."""
    number = rng.choice((1, 5, 15, 16, 30, 31, 31, rng.randrange(32)))
    return number | rng.choice((0, 0x80)) | (rng.random() < 0.03) << 5


def judge(lab, line: str, wanted: Result, target: str, given: dict, rng: random.Random, low_bits: int = 0) -> None:
    """Execute a line, with the decimal-overflow mask or without: as the twin has it, and nothing else changes."""
    lab.reset()
    cc, mask = rng.randrange(4), rng.choice((0, OVERFLOW_MASK))
    old = given.get(target, int(lab.gr[int(target[1:])]) if target[0] == "r" else register(lab, int(target[1:])))
    expected = {} if wanted.cc in (None, cc) else {"cc": wanted.cc}
    if wanted.value is not None:
        new = wanted.value | (old >> low_bits << low_bits if low_bits else 0)
        expected |= {target: new} if new != old else {}
    code = wanted.code if mask or wanted.code != DECIMAL_OVERFLOW else 0
    found, changed = execute(lab, line, cc=cc, mask=BA_EA | mask, **given)
    if found == DATA_EXCEPTION:
        assert lab.word(0x90, 4) == changed.pop("fpc", 0) >> 8 == 0  # data-exception code 0
    assert (found, changed) == (code, expected), (line, {k: f"{v:x}" for k, v in given.items()})


@pytest.mark.parametrize("name", ARITHMETIC)
def test_arithmetic(lab, name):
    rng = random.Random(name)
    seen = set()
    for n in range(CASES):
        second, third = operand(rng), operand(rng)
        i4, m5 = immediate(rng), rng.choice((1, 1, 0, rng.randrange(16)))
        if name == "vmp" and n % 2:
            second, third = second & 0xFFFFFFFFFFFFFF, third & 0xFFFFFFFFFFFFFF
        third |= (n % 13 == 0) * 0xF0
        registers = ("v2", "v17") if n % 3 else ("v1", "v1")
        given = dict(zip(registers, (second, third), strict=True))
        line = f"{name} %v1,%{registers[0]},%{registers[1]},{i4},{m5}"
        wanted = twins.arithmetic(name, given[registers[0]], given[registers[1]], i4, m5)
        judge(lab, line, wanted, "v1", given, rng)
        seen.add(wanted.cc if wanted.value is not None else -wanted.code)
    divides = {-DECIMAL_DIVIDE} if name in ("vdp", "vsdp", "vrp") else set()
    assert seen >= {0, 3, -DATA_EXCEPTION} | divides


def test_comparison_and_test(lab):
    rng = random.Random("vcp")
    seen = set()
    for n in range(CASES):
        first, second = operand(rng), operand(rng)
        if n % 3 == 0:
            second = first ^ rng.choice((0, 1, 0x10))
        m3 = rng.choice((0, 4, 8, 12, rng.randrange(16)))
        wanted = twins.vcp(first, second, m3)
        judge(lab, f"vcp %v1,%v18,{m3}", wanted, "v1", {"v1": first, "v18": second}, rng)
        seen.add(wanted.cc if wanted.value is not None else -wanted.code)
        judge(lab, "vtp %v1", twins.vtp(first), "v1", {"v1": first}, rng)
    assert seen >= {0, 1, 2, -DATA_EXCEPTION}
    for value, cc in ((0xC, 0), (0x9, 1), (0xA0D, 2), (0xA09, 3), (0xA << 124 | 0xF, 2)):
        judge(lab, "vtp %v31", Result(value, cc), "v31", {"v31": value}, rng)


def test_shift_and_round(lab):
    rng = random.Random("vsrp")
    seen = set()
    for n in range(CASES):
        second, i3, m5 = operand(rng), immediate(rng), rng.choice((1, 1, 0, rng.randrange(16)))
        i4 = rng.choice((0, 1, 31, 32, 63, 127, 97, 96, 64, rng.randrange(128))) | rng.choice((0, 0x80))
        second |= (n % 13 == 0) * 0xF0
        wanted = twins.vsrp(second, i3, i4, m5)
        judge(lab, f"vsrp %v1,%v2,{i3},{i4},{m5}", wanted, "v1", {"v2": second}, rng)
        seen.add(wanted.cc if wanted.value is not None else -wanted.code)
    assert seen >= {None, 0, 2, 3, -DATA_EXCEPTION}


def test_sign_operation(lab):
    rng = random.Random("vpsop")
    seen = set()
    for n in range(2 * CASES):
        second, i3, m5 = operand(rng), immediate(rng), rng.choice((1, 1, 0, 0, rng.randrange(16)))
        i4 = n % 16 | rng.choice((0, 0, 0x80)) | (rng.random() < 0.03) << rng.randrange(4, 7)
        second |= (n % 13 == 0) * 0xF0
        wanted = twins.vpsop(second, i3, i4, m5)
        judge(lab, f"vpsop %v1,%v2,{i3},{i4},{m5}", wanted, "v1", {"v2": second}, rng)
        seen.add(wanted.cc if wanted.value is not None else -wanted.code)
    assert seen >= {None, 0, 1, 2, 3, -DATA_EXCEPTION}


@pytest.mark.parametrize("bits", [32, 64])
def test_to_and_from_binary(lab, bits):
    rng = random.Random(bits)
    seen = set()
    to_binary, from_binary = ("vcvb", "vcvd") if bits == 32 else ("vcvbg", "vcvdg")
    limits = [0, (1 << bits - 1) - 1, 1 << bits - 1, (1 << bits) - 1, (1 << 64) - 1, 1 << 64, 10**19, 10**30]
    for n in range(CASES):
        near = abs(rng.choice(limits) + rng.choice((-1, 0, 0, 1)))
        second = operand(rng) if n % 3 == 0 else int(f"{near:031d}{rng.choice('CD')}", 16)
        second |= (n % 13 == 0) * 0xF0
        m3, m4 = rng.choice((0, 1, 2, 3, 9, rng.randrange(16))), rng.choice((0, 0, 8, rng.randrange(16)))
        wanted = twins.to_binary(bits, second, m3, m4)
        judge(lab, f"{to_binary} %r2,%v18,{m3},{m4}", wanted, "r2", {"v18": second}, rng, bits if bits == 32 else 0)
        seen.add(wanted.cc if wanted.value is not None else -wanted.code)
        i3, m4 = immediate(rng), rng.choice((0, 1, 1, 2, 3, 8, 9, rng.randrange(16)))
        content = rng.choice((near, -near, rng.getrandbits(64))) % (1 << 64)
        wanted = twins.from_binary(bits, content, i3, m4)
        judge(lab, f"{from_binary} %v1,%r3,{i3},{m4}", wanted, "v1", {"r3": content}, rng)
        seen.add(-wanted.code)
    assert seen >= {None, 0, 3, -DATA_EXCEPTION, -DECIMAL_OVERFLOW}


def test_immediate_digits(lab):
    rng = random.Random("vlip")
    for i2, i3 in [(0, 0), (0, 8), (0x9999, 15), (0x1234, 7), (0xA000, 0), (0x000F, 8), (0x0B00, 3), (0x0420, 9)]:
        judge(lab, f"vlip %v17,{i2},{i3}", twins.vlip(i2, i3), "v17", {}, rng)


def zoned(rng: random.Random, length: int) -> bytes:
    data = bytearray(rng.choice((0x00, 0xF0, 0xA0)) | rng.randrange(10) for _ in range(length))
    data[-1] = rng.choice(b"\xc0\xd0\xa0\xb0\xe0\xf0") | rng.randrange(10)
    if rng.random() < 0.2:
        data[rng.choice((-1, rng.randrange(length)))] = rng.choice(b"\xfa\x0f\x9c\x50")
    return bytes(data)


def test_zoned_numbers(lab):
    rng = random.Random("zoned")
    seen = set()
    for length in [*range(1, 32), *(rng.randint(1, 31) for _ in range(20))]:
        data = zoned(rng, length)
        wanted = twins.vpkz(data)
        seen.add(wanted.code)
        lab.reset()
        code, changed = execute(lab, f"vpkz %v17,0(%r5),{length - 1}", data=data)
        changed.pop("fpc", 0)
        assert (code, changed) == (wanted.code, {} if wanted.value is None else {"v17": wanted.value})
        value = operand(rng)
        wanted = twins.vupkz(value, length)
        seen.add(wanted.code)
        lab.reset()
        code, _ = execute(lab, f"vupkz %v17,0(%r5),{length - 1}", data=bytes(48), v17=value)
        assert code == wanted.code
        stored = b"" if wanted.value is None else wanted.value.to_bytes(length)
        assert lab.load(DATA, 48) == stored.ljust(48, b"\0")
    assert seen == {0, DATA_EXCEPTION}


def test_codes_that_are_not_stored_need_not_be_valid(lab):
    assert execute(lab, "vupkz %v1,0(%r5),1", data=bytes(4), v1=0xA00012D)[0] == 0
    assert lab.load(DATA, 4) == bytes.fromhex("f1d20000")


BOUNDARY = 0x40000  # the end of the page that the next two tests use


@pytest.mark.parametrize("line", ["vpkz %v1,0(%r5),30", "vupkz %v1,0(%r5),30"])
def test_access_exceptions_before_data_exceptions_and_nothing_is_stored(lab, line):
    lab.set_key(BOUNDARY, 0x18)  # fetch-protected
    lab.psw(BA_EA | 0x2 << 52)
    lab.gr[5] = BOUNDARY - 3
    before = lab.load(BOUNDARY - 3, 3)
    assert lab.step(line) == PROTECTION
    assert lab.load(BOUNDARY - 3, 3) == before


def test_an_overflow_interrupts_after_the_operation_is_completed(lab):
    """PoP ch. 6 "Decimal-Overflow Exception": completed; with the instruction's own mask there is none."""
    given = {"v2": int(NINES + "c", 16), "v3": 0x1C}
    assert execute(lab, "vap %v1,%v2,%v3,31,1", mask=BA_EA | OVERFLOW_MASK, **given) == (
        DECIMAL_OVERFLOW, {"v1": 0xC, "cc": 3})  # fmt: skip
    lab.reset()
    assert execute(lab, "vap %v1,%v2,%v3,159,1", mask=BA_EA | OVERFLOW_MASK, **given) == (0, {"v1": 0xC, "cc": 3})
    lab.reset()
    assert execute(lab, "vap %v1,%v2,%v3,31,0", cc=1, **given) == (0, {"v1": 0xC})


HANDS = [
    ("vap %v1,%v2,%v3,31,1", "123c", "456d", "333d", 1),
    ("vap %v1,%v2,%v3,31,1", "5d", "5c", "c", 0),  # a zero is positive
    ("vap %v1,%v2,%v3,2,1", "99d", "1d", "d", 3),  # but not what is left after an overflow
    ("vap %v1,%v2,%v3,2,3", "99d", "1d", "f", 3),
    ("vap %v1,%v2,%v3,31,13", "5d", "7b", "12c", 2),  # both taken as positive
    ("vap %v1,%v2,%v3,31,13", "50", "71", "12c", 2),  # whatever their sign codes
    ("vsp %v1,%v2,%v3,31,3", "5c", "7c", "2f", 2),  # the result is made positive
    ("vmp %v1,%v2,%v3,31,1", NINES + "c", "2d", "9" * 30 + "8d", 3),
    ("vmp %v1,%v2,%v3,31,1", "d", "2c", "c", 0),
    ("vmsp %v1,%v2,%v3,31,1", NINES + "c", NINES + "d", "9" * 30 + "8d", 1),
    ("vmsp %v1,%v2,%v3,0,1", NINES + "c", NINES + "d", "0" * 30 + "1d", 3),
    ("vdp %v1,%v2,%v3,31,1", "7d", "2c", "3d", 1),
    ("vdp %v1,%v2,%v3,31,1", "1d", "2c", "c", 0),
    ("vdp %v1,%v2,%v3,1,1", "25c", "2c", "2c", 3),
    ("vrp %v1,%v2,%v3,31,1", "7d", "2c", "1d", 1),  # the dividend's sign
    ("vrp %v1,%v2,%v3,31,1", "7c", "2d", "1c", 2),
    ("vsdp %v1,%v2,%v3,31,1", "1c", "3c", "3" * 31 + "c", 2),
    ("vsdp %v1,%v2,%v3,31,1", "3c", "3c", "c", 3),  # 1 and 31 zeros
]


@pytest.mark.parametrize("line, second, third, result, cc", HANDS)
def test_by_hand(lab, line, second, third, result, cc):
    given = {"v2": int(second, 16), "v3": int(third, 16), "v1": 1}
    assert execute(lab, line, cc=(cc + 1) % 4, **given) == (0, {"v1": int(result, 16), "cc": cc})


def test_data_before_division_by_zero(lab):
    for second, code in ((0x1C, DECIMAL_DIVIDE), (0x10, DATA_EXCEPTION)):
        lab.reset()
        assert execute(lab, "vdp %v1,%v2,%v3,31,1", v2=second, v3=0xC)[0] == code


def test_fields_that_are_not_valid(lab):
    reserved = [f"{name} %v1,%v2,%v3,{i4 | 31},0" for name in ARITHMETIC for i4 in (0x20, 0x40)]
    none = [f"{name} %v1,%v2,%v3,0,0" for name in ("vap", "vsp", "vmp", "vdp", "vrp")]
    others = ["vsrp %v1,%v2,0,0,0", "vsrp %v1,%v2,31,0,4", "vpsop %v1,%v2,0,0,0", "vpsop %v1,%v2,31,64,0"]
    others += ["vpsop %v1,%v2,31,0,2", "vcp %v1,%v2,1", "vcp %v1,%v2,2", "vcvb %r2,%v2,4", "vcvbg %r2,%v2,0,1"]
    others += ["vcvd %v1,%r2,0,0", "vcvdg %v1,%r2,31,4", "vpkz %v1,0(%r5),31", "vupkz %v1,0(%r5),31"]
    check_invalid(lab, reserved + none + others + ["vpkz %v1,0(%r5),128", "vupkz %v1,0(%r5),64"])


def test_what_the_enhancement_adds_is_invalid_without_it(_vector_lab):
    lines = [f"{name} %v1,%v2,%v3,159,0" for name in ARITHMETIC]
    lines += ["vsrp %v1,%v2,159,0,0", "vpsop %v1,%v2,159,0,0", "vpsop %v1,%v2,31,128,0"]
    check_invalid(_vector_lab, [*lines, "vcvb %r2,%v2,0,8", "vcvbg %r2,%v2,0,8", "vcvd %v1,%r2,159,0"])


def test_machines_can_be_given_the_facilities():
    assert 134 in facilities() and not {152, 192} & facilities()
