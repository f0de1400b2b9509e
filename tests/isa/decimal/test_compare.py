"""COMPARE and TEST: PoP ch. 8. COMPARE DECIMAL is compared with the twin among the sums of test_arithmetic.py."""

from __future__ import annotations

import random

import pytest

from s390emu.architecture.interruptions import DATA, PROTECTION
from tests.lab import CODE
from tests.operands import BOUNDARY, FETCH, Operand, operand_checks

FIRST, SECOND = 0x40100, 0x48200


@pytest.fixture
def lab(lab):
    lab.gr[5], lab.gr[6] = FIRST, SECOND
    return lab


# --- COMPARE ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("which", [FIRST, SECOND])
def test_cp_checks_every_code(lab, which):
    good = "007C"
    for at in range(4):
        for wrong in "0123456789" if at == 3 else "ABCDEF":
            lab.store(FIRST, bytes.fromhex(good))
            lab.store(SECOND, bytes.fromhex(good))
            lab.store(which, bytes.fromhex(good[:at] + wrong + good[at + 1 :]))
            lab.psw(cc=3)
            assert lab.step("cp 0(2,%r5),0(2,%r6)") == DATA
            assert lab.changes() == {}
            assert lab.word(0x90, 4) == 0


def test_cp_needs_no_store_access(lab):
    """And sets no change bit."""
    for address in (FIRST, SECOND):
        lab.store(address, b"\x1c")
        lab.set_key(address, 0x50)  # fetched by key 3, too
    lab.set_key(CODE, 0x30)
    lab.psw(key=3, cc=3)
    assert lab.step("cp 0(1,%r5),0(1,%r6)") == 0
    assert lab.changes() == {"cc": 0}
    assert lab.step("ap 0(1,%r5),0(1,%r6)") == PROTECTION


# --- TEST -------------------------------------------------------------------------------------------------------------


def condition_of(data: bytes) -> int:
    """Return the condition code, from the manual: 1 sign invalid, 2 at least one digit, 3 both."""
    *digits, sign = data.hex()
    return sign.isdecimal() + 2 * (not all(digit.isdecimal() for digit in digits))


@pytest.mark.parametrize("length", range(1, 17))
def test_tp(lab, length):
    rng = random.Random(length)
    good = f"{rng.randrange(10 ** (2 * length - 1)):0{2 * length - 1}d}"
    numbers = [good + sign for sign in "0123456789ABCDEF"]
    for at in range(len(good)):
        numbers += [good[:at] + wrong + good[at + 1 :] + sign for wrong in "9AF" for sign in "9A"]
    found = set()
    for text in numbers:
        data = bytes.fromhex(text)
        lab.store(FIRST, data)
        lab.psw(cc=condition_of(data) ^ 3)
        assert lab.step(f"tp 0({length},%r5)") == 0
        assert lab.changes() == {"cc": condition_of(data)}, text
        found.add(condition_of(data))
    assert found == {0, 1, 2, 3}


def test_tp_across_pages(lab):
    lab.gr[5] = BOUNDARY - 3
    for text, cc in (("12345678901C", 0), ("1234567A901C", 2), ("A23456789015", 3), ("123456789015", 1)):
        lab.store(BOUNDARY - 3, bytes.fromhex(text))
        lab.psw(cc=cc ^ 1)
        assert lab.step("tp 0(6,%r5)") == 0
        assert lab.cpu.cc == cc


@operand_checks(Operand("tp 0(9,%r5)", 9, FETCH))
def test_tp_operand(lab, check, operand):
    check(lab, operand)
