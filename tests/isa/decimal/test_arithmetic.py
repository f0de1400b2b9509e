"""ADD, SUBTRACT, ZERO AND ADD, MULTIPLY, DIVIDE, SHIFT AND ROUND: PoP ch. 8."""

from __future__ import annotations

import os
import random
from decimal import Decimal

import pytest

from s390emu.architecture.interruptions import (
    ADDRESSING,
    BLOCK_VOLATILITY,
    DATA,
    DECIMAL_DIVIDE,
    DECIMAL_OVERFLOW,
    PROTECTION,
    SPECIFICATION,
)
from s390emu.architecture.storage_key import CHANGE
from s390emu.conformance.twins.packed_decimal import TWINS, field, srp
from tests.lab import ALL, BA_EA, CODE, SIZE
from tests.operands import BOUNDARY, FETCH, STORE, UPDATE, Operand, discard, operand_checks

FIRST, SECOND = 0x40100, 0x48200
DECIMAL_OVERFLOW_MASK = 1 << (63 - 21)  # of the PSW
AFP_REGISTER = 1 << (63 - 45)  # control register 0
PER, STORAGE_ALTERATION, PER_EVENT = 1 << 62, 1 << (63 - 34), 0x80  # of the PSW; of control register 9; a code
RANDOM_OPERANDS = int(os.environ.get("S390EMU_DECIMAL_CASES", "400"))  # of each instruction


@pytest.fixture
def lab(lab):
    lab.gr[5], lab.gr[6] = FIRST, SECOND
    return lab


def execute(lab, mnemonic: str, first: bytes, second: bytes, *, mask: int = 0, cc: int = 1) -> int:
    lab.store(int(lab.gr[5]), first)
    lab.store(int(lab.gr[6]), second)
    lab.psw(BA_EA | mask, cc=cc)
    return lab.step(f"{mnemonic} 0({len(first)},%r5),0({len(second)},%r6)")


def check(lab, mnemonic: str, first: bytes, second: bytes, mask: int = 0, cc: int = 1) -> None:
    """Compare with the twin: code, condition code, first operand, and that there is nothing else."""
    expected = TWINS[mnemonic](first, second, cc)
    code = execute(lab, mnemonic, first, second, mask=mask, cc=cc)
    if isinstance(expected, int):
        assert (code, lab.changes()) == (expected, {}), (first.hex(), second.hex())
        return
    after, expected_cc, overflow = expected
    address = int(lab.gr[5])
    assert lab.load(address, len(first)).hex() == after.hex(), (first.hex(), second.hex())
    assert lab.load(int(lab.gr[6]), len(second)) == second
    assert code == (DECIMAL_OVERFLOW if overflow and mask else 0)
    changes = lab.changes()
    assert changes.pop("cc", cc) == expected_cc
    assert all(name in range(address, address + len(first)) for name in changes)


def operand(rng: random.Random, length: int, valid: float = 0.95) -> bytes:
    """Digits with zeros or nines on the left, any sign code; now and then a code that is invalid."""
    count = 2 * length - 1
    edge = rng.randrange(count + 1)
    codes = [*rng.choice("009") * edge, *rng.choices("0123456789", k=count - edge)]
    codes.append(rng.choice("ABCDEF"))
    if rng.random() > valid:
        at = rng.randrange(count + 1)
        codes[at] = rng.choice("0123456789" if at == count else "ABCDEF")
    return bytes.fromhex("".join(codes))


@pytest.mark.parametrize("mnemonic", TWINS)
def test_any_operands(lab, mnemonic):
    rng = random.Random(mnemonic)
    codes = set()
    for _ in range(RANDOM_OPERANDS):
        lengths = rng.randint(1, 16), rng.randint(1, 9 if mnemonic in ("mp", "dp") else 16)
        first, second = (operand(rng, length) for length in lengths)
        if mnemonic in ("mp", "dp") and rng.random() < 0.7:  # room for the product; no quotient too large
            zeros = min(lengths[1], lengths[0] - 1)
            first = bytes(zeros) + first[zeros:]
        lab.gr[5] = rng.choice([FIRST, BOUNDARY - rng.randint(1, 15)])
        lab.gr[6] = rng.choice([SECOND, SECOND // 4096 * 4096 - rng.randint(1, 15)])
        check(lab, mnemonic, first, second, rng.choice([0, DECIMAL_OVERFLOW_MASK]), rng.randrange(4))
        codes.add(lab.machine.last_interruption.code if lab.interrupted else lab.cpu.cc)
    assert len(codes) >= 4


# --- what the manual says, by hand ------------------------------------------------------------------------------------

SUMS = [
    ("ap", "123C", "456C", "579C", 2),
    ("ap", "123C", "456D", "333D", 1),
    ("ap", "456F", "123A", "579C", 2),  # preferred sign codes, whatever those of the operands
    ("ap", "456B", "123E", "333D", 1),
    ("ap", "0C", "0D", "0C", 0),  # a zero sum is positive
    ("ap", "0D", "0D", "0C", 0),
    ("ap", "5C", "5D", "0C", 0),
    ("ap", "9C", "1C", "0C", 3),
    ("ap", "9D", "1D", "0D", 3),  # a zero has the sign of the correct sum after an overflow
    ("ap", "9D", "9D", "8D", 3),
    ("ap", "0C", "00010C", "0C", 3),  # digits lost of the longer second operand
    ("ap", "0C", "00010D", "0D", 3),
    ("ap", "00009C", "1C", "00010C", 2),
    ("ap", "9" * 31 + "C", "1C", "0" * 31 + "C", 3),
    ("ap", "9" * 31 + "C", "9" * 31 + "C", "9" * 30 + "8C", 3),
    ("ap", "9" * 31 + "D", "9" * 31 + "D", "9" * 30 + "8D", 3),
    ("ap", "9" * 29 + "11F", "9C", "9" * 29 + "20C", 2),
    ("sp", "9" * 30 + "0D", "9C", "9" * 31 + "D", 1),
    ("ap", "1" + "0" * 30 + "C", "1D", "0" + "9" * 30 + "C", 2),
    ("ap", "000000000000000" + "9" * 16 + "C", "1C", "00000000000000" + "1" + "0" * 16 + "C", 2),
    ("sp", "123C", "456C", "333D", 1),
    ("sp", "123C", "456D", "579C", 2),
    ("sp", "0C", "0C", "0C", 0),
    ("sp", "0D", "0C", "0C", 0),
    ("sp", "9D", "1C", "0D", 3),
    ("sp", "0C", "9" * 31 + "C", "9D", 3),
    ("zap", "FFFFFF", "1C", "00001C", 2),  # the first operand's codes are not looked at
    ("zap", "000A00", "123B", "00123D", 1),
    ("zap", "0C", "0D", "0C", 0),
    ("zap", "0C", "010D", "0D", 3),
    ("zap", "0C", "012C", "2C", 3),
    ("zap", "0C", "00002F", "2C", 2),
    ("cp", "123C", "123A", "123C", 0),
    ("cp", "0C", "000D", "0C", 0),  # a negative zero equals a positive one
    ("cp", "00001C", "2C", "00001C", 1),
    ("cp", "1C", "00002D", "1C", 2),
    ("cp", "2D", "00001D", "2D", 1),
    ("cp", "9" * 31 + "C", "9" * 31 + "D", "9" * 31 + "C", 2),
    ("cp", "9" * 31 + "D", "9" * 31 + "C", "9" * 31 + "D", 1),
    ("cp", "1C", "010C", "1C", 1),
]


@pytest.mark.parametrize(("mnemonic", "first", "second", "after", "cc"), SUMS)
def test_sums(lab, mnemonic, first, second, after, cc):
    assert execute(lab, mnemonic, bytes.fromhex(first), bytes.fromhex(second), cc=cc ^ 1) == 0
    assert lab.load(FIRST, len(first) // 2).hex().upper() == after
    assert lab.cpu.cc == cc


@pytest.mark.parametrize(("mnemonic", "first", "second", "after", "cc"), SUMS)
def test_sums_are_the_twins(mnemonic, first, second, after, cc):
    found, found_cc, overflow = TWINS[mnemonic](bytes.fromhex(first), bytes.fromhex(second), cc ^ 1)
    assert (found.hex().upper(), found_cc, overflow) == (after, cc, cc == 3)


@pytest.mark.parametrize("mnemonic", ["ap", "sp", "zap"])
def test_overflow_interrupts_if_the_mask_is_one(lab, mnemonic):
    """The operation is completed: result and condition code are there."""
    assert execute(lab, mnemonic, b"\x0c", bytes.fromhex("199D"), mask=DECIMAL_OVERFLOW_MASK) == DECIMAL_OVERFLOW
    assert lab.changes() == {"cc": 3, FIRST: b"\x9c" if mnemonic == "sp" else b"\x9d"}
    assert lab.machine.last_interruption.ilc == 6


@pytest.mark.parametrize("mnemonic", ["ap", "sp", "zap"])
@pytest.mark.parametrize("others", [1 << (63 - 20), 1 << (63 - 22), 1 << (63 - 23)])
def test_other_masks_do_not_matter(lab, mnemonic, others):
    assert execute(lab, mnemonic, b"\x0c", bytes.fromhex("199D"), mask=others) == 0


PRODUCTS = [
    ("mp", "00123C", "2C", "00246C"),
    ("mp", "00123D", "2D", "00246C"),
    ("mp", "00123B", "2F", "00246D"),
    ("mp", "00000C", "2D", "00000D"),  # zeros have the sign of algebra
    ("mp", "00000D", "0D", "00000C"),
    ("mp", "000C", "0D", "000D"),
    ("mp", "0" * 16 + "9" * 15 + "C", "9" * 15 + "C", f"0{(10**15 - 1) ** 2:030d}C"),
    ("mp", "00" + "9" * 29 + "C", "9D", f"0{(10**29 - 1) * 9:030d}D"),
    ("dp", "00007C", "2C", "003C1C"),
    ("dp", "00007D", "2C", "003D1D"),  # the remainder has the dividend's sign
    ("dp", "00007C", "2D", "003D1C"),
    ("dp", "00007B", "2B", "003C1D"),
    ("dp", "00000D", "2C", "000D0D"),  # zeros too
    ("dp", "00001D", "2D", "000C1D"),
    ("dp", "00006D", "2C", "003D0D"),
    ("dp", "01998C", "2C", "999C0C"),
]


@pytest.mark.parametrize(("mnemonic", "first", "second", "after"), PRODUCTS)
def test_products_and_quotients(lab, mnemonic, first, second, after):
    assert execute(lab, mnemonic, bytes.fromhex(first), bytes.fromhex(second), cc=3) == 0
    assert lab.load(FIRST, len(first) // 2).hex().upper() == after
    assert lab.cpu.cc == 3


def test_greatest_quotient(lab):
    dividend = (10**29 - 1) * 9 + 8
    assert execute(lab, "dp", field(Decimal(dividend), 16), b"\x9c") == 0
    assert lab.load(FIRST, 16) == field(Decimal(10**29 - 1), 15) + b"\x8c"
    assert execute(lab, "dp", field(Decimal(dividend + 1), 16), b"\x9c") == DECIMAL_DIVIDE


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param("00007C", "0C", id="by-zero"),
        pytest.param("00000C", "0D", id="zero-by-zero"),
        pytest.param("02000C", "2C", id="one-too-large"),
        pytest.param("10000C", "9C", id="leftmost-digit-of-the-dividend"),
        pytest.param("0001000C", "001C", id="aligned-divisor-equals"),
    ],
)
def test_decimal_divide(lab, first, second):
    assert execute(lab, "dp", bytes.fromhex(first), bytes.fromhex(second)) == DECIMAL_DIVIDE
    assert lab.changes() == {}


def test_aligned_divisor_above_the_dividend_divides(lab):
    assert execute(lab, "dp", bytes.fromhex("0000999C"), bytes.fromhex("001C")) == 0
    assert lab.load(FIRST, 4) == bytes.fromhex("999C000C")


@pytest.mark.parametrize("mnemonic", ["mp", "dp"])
@pytest.mark.parametrize(("first", "second"), [(1, 1), (16, 9), (16, 16), (5, 5), (5, 6), (2, 8)])
def test_lengths_not_permitted(lab, mnemonic, first, second):
    """Specification exception, before any access or data exception."""
    for address in (FIRST, SIZE):
        lab.gr[5] = lab.gr[6] = address
        lab.psw()
        assert lab.step(f"{mnemonic} 0({first},%r5),0({second},%r6)") == SPECIFICATION
        assert lab.changes() == {}


@pytest.mark.parametrize("zeros", [0, 1, 2, 3])
def test_multiplicand_needs_bytes_of_zeros(lab, zeros):
    """As many as the multiplier has bytes, even where the product would fit."""
    first = bytes(zeros) + b"\x01" + bytes(3 - zeros) + b"\x0c"
    code = execute(lab, "mp", first, bytes.fromhex("000C"))
    assert code == (0 if zeros >= 2 else DATA)
    first = bytes(zeros) + b"\x10" + bytes(3 - zeros) + b"\x0c"
    assert execute(lab, "mp", first, bytes.fromhex("000C")) == (0 if zeros >= 2 else DATA)


# --- SHIFT AND ROUND --------------------------------------------------------------------------------------------------

SHIFTS = [
    ("00123C", 0, 0, "00123C", 2),
    ("00123B", 0, 0, "00123D", 1),
    ("00000D", 0, 0, "00000C", 0),
    ("00123C", 2, 0, "12300C", 2),
    ("00123C", 3, 0, "23000C", 3),
    ("10000D", 1, 0, "00000D", 3),  # a zero keeps its sign after an overflow
    ("00000D", 31, 0, "00000C", 0),
    ("1C", 31, 0, "0C", 3),
    ("1" + "0" * 30 + "C", 1, 0, "0" * 31 + "C", 3),
    ("1" + "0" * 30 + "D", 1, 0, "0" * 31 + "D", 3),
    ("0" * 30 + "1C", 30, 0, "1" + "0" * 30 + "C", 2),
    ("00125C", -1, 5, "00013C", 2),
    ("00124C", -1, 5, "00012C", 2),
    ("00125D", -1, 5, "00013D", 1),  # rounded as if positive
    ("00121C", -1, 9, "00013C", 2),
    ("00129C", -1, 0, "00012C", 2),
    ("00151C", -2, 5, "00002C", 2),  # only the last digit shifted out counts
    ("00149C", -2, 5, "00001C", 2),
    ("00004D", -1, 5, "00000C", 0),
    ("99999C", -5, 1, "00001C", 2),
    ("99999C", -6, 9, "00000C", 0),
    ("99999D", -32, 9, "00000C", 0),
    ("9" * 31 + "D", -31, 1, "0" * 30 + "1D", 1),
    ("9" * 31 + "D", -32, 9, "0" * 31 + "C", 0),
    ("9" * 31 + "C", -1, 1, "1" + "0" * 30 + "C", 2),
    ("00125C", 1, 9, "01250C", 2),  # no rounding to the left
]


def shift(lab, first: bytes, places: int, rounding: int, mask: int = 0, cc: int = 1) -> int:
    lab.store(int(lab.gr[5]), first)
    lab.gr[7] = random.Random(places).getrandbits(58) << 6 | places & 63  # all but the last six bits are ignored
    lab.psw(BA_EA | mask, cc=cc)
    return lab.step(f"srp 0({len(first)},%r5),0(%r7),{rounding}")


@pytest.mark.parametrize(("first", "places", "rounding", "after", "cc"), SHIFTS)
def test_srp(lab, first, places, rounding, after, cc):
    assert shift(lab, bytes.fromhex(first), places, rounding, cc=cc ^ 1) == 0
    assert lab.load(FIRST, len(first) // 2).hex().upper() == after
    assert lab.cpu.cc == cc


def test_srp_of_anything(lab):
    rng = random.Random("srp")
    for _ in range(2 * RANDOM_OPERANDS):
        length, places, rounding = rng.randint(1, 16), rng.randint(-32, 31), rng.randrange(11)
        first, mask = operand(rng, length), rng.choice([0, DECIMAL_OVERFLOW_MASK])
        lab.gr[5] = rng.choice([FIRST, BOUNDARY - rng.randint(1, 15)])
        expected = srp(first, places, rounding)
        code = shift(lab, first, places, rounding, mask)
        if isinstance(expected, int):
            assert (code, lab.changes()) == (expected, {})
            continue
        after, cc, overflow = expected
        assert code == (DECIMAL_OVERFLOW if overflow and mask else 0)
        assert (lab.load(int(lab.gr[5]), length).hex(), lab.changes().get("cc", 1)) == (after.hex(), cc)


def test_srp_by_displacement(lab):
    lab.store(FIRST, bytes.fromhex("00125C"))
    assert lab.step("srp 0(3,%r5),64-2,5") == 0
    assert lab.load(FIRST, 3) == bytes.fromhex("00001C")


@pytest.mark.parametrize("places", [0, 1, -1])
@pytest.mark.parametrize("rounding", [10, 15])
def test_srp_rounding_digit_is_checked_always(lab, places, rounding):
    assert shift(lab, bytes.fromhex("00123C"), places, rounding) == DATA
    assert lab.changes() == {}


# --- data exceptions --------------------------------------------------------------------------------------------------

LINES = {
    "ap": "ap 0(3,%r5),0(2,%r6)",
    "sp": "sp 0(3,%r5),0(2,%r6)",
    "zap": "zap 0(3,%r5),0(2,%r6)",
    "mp": "mp 0(3,%r5),0(2,%r6)",
    "dp": "dp 0(3,%r5),0(2,%r6)",
    "srp": "srp 0(3,%r5),0,0",
}


def invalid(good: str):
    """Return all operands in which one code is invalid."""
    for at in range(len(good)):
        for wrong in "0123456789" if at == len(good) - 1 else "ABCDEF":
            yield bytes.fromhex(good[:at] + wrong + good[at + 1 :])


@pytest.mark.parametrize("mnemonic", LINES)
@pytest.mark.parametrize("which", [FIRST, SECOND])
def test_every_code_is_checked(lab, mnemonic, which):
    unchecked = (mnemonic, which) in (("zap", FIRST), ("srp", SECOND))
    for wrong in invalid("00007C" if which == FIRST else "009C"):
        lab.store(FIRST, bytes.fromhex("00007C"))
        lab.store(SECOND, bytes.fromhex("009C"))
        lab.store(which, wrong)
        lab.cpu.dxc = 0xFF
        lab.psw(cc=2)
        assert lab.step(LINES[mnemonic]) == (0 if unchecked else DATA)
        if not unchecked:
            assert lab.changes() == {}
            assert lab.word(0x90, 4) == 0


@pytest.mark.parametrize("mnemonic", LINES)
def test_data_exception_code(lab, mnemonic):
    """In the FPC register too, if CR0 gives it to the program."""
    lab.cr[0] = AFP_REGISTER
    lab.cpu.fpc = 0x00F8FF00
    assert lab.step(LINES[mnemonic]) == DATA
    assert lab.changes() == {"fpc": 0x00F80000}


@pytest.mark.parametrize("mnemonic", LINES)
def test_data_exception_stores_nothing(lab, mnemonic):
    """The change bit stays as it was."""
    lab.store(FIRST, bytes(3))
    lab.store(SECOND, bytes(2))
    lab.set_key(FIRST, 0)
    assert lab.step(LINES[mnemonic]) == DATA
    assert lab.key(FIRST) & CHANGE == 0


def test_decimal_divide_stores_nothing(lab):
    lab.store(FIRST, bytes.fromhex("00007C"))
    lab.store(SECOND, bytes.fromhex("000C"))
    lab.set_key(FIRST, 0)
    assert lab.step(LINES["dp"]) == DECIMAL_DIVIDE
    assert lab.key(FIRST) & CHANGE == 0


@pytest.mark.parametrize("mnemonic", LINES)
@pytest.mark.parametrize("second", ["003C", "000C", "0000"])
def test_a_store_that_is_made_is_the_only_alteration(lab, mnemonic, second):
    """Program-event recording of storage alteration: not where an exception suppresses."""
    lab.store(FIRST, bytes.fromhex("00007C" if second != "0000" else "000000"))
    lab.store(SECOND, bytes.fromhex(second))
    lab.cr[9], lab.cr[10], lab.cr[11] = STORAGE_ALTERATION, 0, ALL
    lab.psw(BA_EA | PER)
    code = lab.step(LINES[mnemonic])
    stored = second == "003C" or (second == "000C" and mnemonic != "dp")
    assert code == (PER_EVENT if stored else DATA if second == "0000" else DECIMAL_DIVIDE)


# --- priorities -------------------------------------------------------------------------------------------------------


def test_data_exception_before_decimal_divide(lab):
    """Priority 8 and 9: even where the invalid code does not take part in finding that the divisor is zero."""
    for first, second in (("0000AC", "000C"), ("00007C", "0000"), ("A0007C", "009C")):
        assert execute(lab, "dp", bytes.fromhex(first), bytes.fromhex(second)) == DATA


@pytest.mark.parametrize("mnemonic", LINES)
def test_access_exception_before_data_and_divide(lab, mnemonic):
    """The first operand can be fetched, but not stored into; codes are invalid, or the divisor is zero."""
    for first, second in (("00007C", "000C"), ("00007C", "0000"), ("000070", "009C")):
        lab.reset()
        lab.gr[5], lab.gr[6] = FIRST, SECOND
        lab.store(FIRST, bytes.fromhex(first))
        lab.store(SECOND, bytes.fromhex(second))
        lab.set_key(FIRST, 0x50)
        lab.set_key(SECOND, 0x30)
        lab.set_key(CODE, 0x30)
        lab.psw(key=3)
        assert lab.step(LINES[mnemonic]) == PROTECTION
        assert lab.changes() == {}


def test_overflow_needs_access(lab):
    lab.gr[5] = SIZE - 1
    lab.store(SECOND, bytes.fromhex("999C"))
    lab.psw(BA_EA | DECIMAL_OVERFLOW_MASK)
    assert lab.step("ap 0(3,%r5),0(2,%r6)") == ADDRESSING
    assert lab.changes() == {}


def test_second_page_of_the_second_operand_nullifies_before_anything_is_stored(lab):
    lab.gr[6] = BOUNDARY - 1
    lab.store(FIRST, bytes.fromhex("00001C"))
    lab.store(BOUNDARY - 1, b"\0")
    discard(lab, BOUNDARY)
    for line in LINES.values():
        if "%r6" in line:
            lab.psw()
            assert lab.step(line) == BLOCK_VOLATILITY
            assert lab.changes() == {"ia": CODE}


# --- overlap ----------------------------------------------------------------------------------------------------------


def test_a_number_with_itself(lab):
    lab.gr[6] = FIRST
    for mnemonic, after, cc in (("ap", "00246C", 2), ("sp", "00000C", 0), ("zap", "00123C", 2), ("cp", "00123C", 0)):
        lab.store(FIRST, bytes.fromhex("00123C"))
        lab.psw(cc=1)
        assert lab.step(f"{mnemonic} 0(3,%r5),0(3,%r6)") == 0
        assert (lab.load(FIRST, 3).hex().upper(), lab.cpu.cc) == (after, cc)


def test_with_its_own_right_part(lab):
    """Coincident rightmost bytes, lengths that differ: a part of a field is set to zero, squared, divided."""
    for line, before, after in (
        ("sp 0(3,%r5),1(2,%r5)", "12345D", "12000D"),
        ("sp 1(2,%r5),0(3,%r5)", "00345C", "00000C"),
        ("mp 0(4,%r5),2(2,%r5)", "0000123D", "0015129C"),
        ("dp 0(4,%r5),2(2,%r5)", "0000123D", "001C000D"),
        ("cp 0(4,%r5),2(2,%r5)", "1000123D", "1000123D"),
    ):
        lab.store(FIRST, bytes.fromhex(before))
        lab.psw()
        assert lab.step(line) == 0
        assert lab.load(FIRST, len(before) // 2).hex().upper() == after


def naive_zap(storage: bytearray, first: int, first_length: int, second: int, second_length: int):
    """Process right to left, a byte at a time, with every code checked as it is fetched; return cc or DATA."""
    storage = bytearray(storage)
    sign, lost, nonzero = 0xC, False, False
    for i in range(max(first_length, second_length)):
        byte = storage[second + second_length - 1 - i] if i < second_length else 0
        left, right = byte >> 4, byte & 15
        if i == 0:
            if right < 10:
                return DATA, storage
            sign = 0xD if right in (0xB, 0xD) else 0xC
            right = 0
        if left > 9 or right > 9:
            return DATA, storage
        if i < first_length:
            storage[first + first_length - 1 - i] = left << 4 | (sign if i == 0 else right)
            nonzero = nonzero or left or right
        else:
            lost = lost or left or right
    if not nonzero and not lost:
        storage[first + first_length - 1] = 0x0C
    return (3 if lost else 0 if not nonzero else 1 if sign == 0xD else 2), storage


@pytest.mark.parametrize("around", [FIRST, BOUNDARY - 8])
@pytest.mark.parametrize("distance", range(-17, 18))
def test_zap_overlap(lab, distance, around):
    """Right: as if processed from right to left. Wrong: a data exception."""
    rng = random.Random(distance)
    for _ in range(12):
        first_length, second_length = rng.randint(1, 16), rng.randint(1, 16)
        base, size = around - 48, 120
        second, first = 48, 48 + second_length - first_length + distance  # distance of the rightmost bytes
        storage = bytearray(rng.randbytes(size))
        storage[second : second + second_length] = operand(rng, second_length, valid=1)
        expected, after = naive_zap(storage, first, first_length, second, second_length)
        lab.store(base, bytes(storage))
        lab.gr[5], lab.gr[6] = base + first, base + second
        lab.psw(cc=1)
        code = lab.step(f"zap 0({first_length},%r5),0({second_length},%r6)")
        improper = -second_length < distance < 0
        assert (expected == DATA) == improper
        if improper:
            assert (code, lab.changes()) == (DATA, {})
        else:
            assert (code, lab.cpu.cc, lab.load(base, size)) == (0, expected, after)


@pytest.mark.parametrize("mnemonic", ["ap", "sp", "mp", "dp", "cp"])
@pytest.mark.parametrize("distance", [*range(-7, 0), *range(1, 8)])
def test_other_overlap_is_a_data_exception(lab, mnemonic, distance):
    """One operand's sign is a digit of the other: whatever the byte there is, one of the two is invalid."""
    for byte in (0x00, 0x1C, 0x99, 0xCC):
        for fill in (b"\x00", b"\x0c"):
            first_length, second_length = 16, 8
            lab.store(FIRST, fill * 64)
            first, second = FIRST + 16, FIRST + 16 + 8 + distance
            lab.gr[5], lab.gr[6] = first, second
            for end in (first + first_length - 1, second + second_length - 1):
                lab.store(end, bytes([byte]))
            lab.psw()
            assert lab.step(f"{mnemonic} 0(16,%r5),0(8,%r6)") == DATA
            assert lab.changes() == {}


# --- both operands, every check ---------------------------------------------------------------------------------------


def with_others(lab):
    """The other operand, valid: at r6 a first one, at r7 a second one."""
    lab.gr[6], lab.gr[7] = FIRST, SECOND
    lab.store(FIRST, field(Decimal(1234), 9))
    lab.store(SECOND, field(Decimal(9), 4))


CHECKED = [
    each
    for mnemonic in ("ap", "sp", "zap", "mp", "dp", "cp")
    for each in (
        Operand(
            f"{mnemonic} 0(9,%r5),0(4,%r7)",
            9,
            {"zap": STORE, "cp": FETCH}.get(mnemonic, UPDATE),
            setup=with_others,
            data=field(Decimal(987654321), 9),
        ),
        Operand(f"{mnemonic} 0(9,%r6),0(4,%r5)", 4, FETCH, setup=with_others, data=field(Decimal(1234567), 4)),
    )
]


@operand_checks(*CHECKED, Operand("srp 0(9,%r5),2,0", 9, UPDATE, data=field(Decimal(987654321), 9)))
def test_operands(lab, check, operand):
    check(lab, operand)
