"""EDIT, EDIT AND MARK: PoP ch. 8."""

from __future__ import annotations

import os
import random

import pytest

from s390emu.architecture.interruptions import ADDRESSING, BLOCK_VOLATILITY, DATA, PROTECTION
from s390emu.architecture.storage_key import CHANGE
from s390emu.conformance.twins.packed_decimal import SELECTOR, SEPARATOR, STARTER, edit
from tests.lab import ALL, BA_EA, CODE, MODE_24, MODE_31, SIZE
from tests.operands import BOUNDARY, FETCH, UPDATE, Operand, discard, operand_checks
from tests.translation import PAGE_INVALID, SEGMENT, change, map_page, translated

FIRST, SECOND = 0x40100, 0x48200
RANDOM_PATTERNS = int(os.environ.get("S390EMU_DECIMAL_CASES", "250"))


@pytest.fixture
def lab(lab):
    lab.gr[5], lab.gr[6] = FIRST, SECOND
    return lab


def pattern(text: str) -> bytes:
    """Spell a pattern: d digit selector, ( significance starter, ) field separator, anything else itself."""
    control = {"d": SELECTOR, "(": STARTER, ")": SEPARATOR}
    return bytes(control.get(letter) or letter.encode("cp037")[0] for letter in text)


def step(lab, mnemonic: str, form: bytes, source: bytes, cc: int = 3, mode: int = BA_EA) -> int:
    lab.store(int(lab.gr[5]), form)
    lab.store(int(lab.gr[6]), source)
    lab.psw(mode, cc=cc)
    return lab.step(f"{mnemonic} 0({len(form)},%r5),0(%r6)")


# --- the manual's examples, and each line of its table ----------------------------------------------------------------

EDITED = [  # pattern, source, result, condition code
    pytest.param(" dd,d(d.dd CR", "0257426C", "  2,574.26   ", 2, id="appendix-a"),
    pytest.param(" dd,d(d.dd CR", "0000026D", "      0.26 CR", 1, id="appendix-a-negative"),
    pytest.param("*dd,d(d.dd CR", "0257426C", "**2,574.26***", 2, id="asterisks"),
    pytest.param(" ddd", "000C", "    ", 0, id="zero-is-blank"),
    pytest.param(" dd(d", "00000C", "    0", 0, id="the-starters-own-zero-is-blank"),
    pytest.param(" d(d-", "000D", "   0-", 0, id="negative-zero-keeps-significance"),
    pytest.param(" ddd-", "123D", " 123-", 1, id="minus-D"),
    pytest.param(" ddd-", "123B", " 123-", 1, id="minus-B"),
    pytest.param(" ddd-", "123C", " 123 ", 2, id="plus-C"),
    pytest.param(" ddd-", "123A", " 123 ", 2, id="plus-A"),
    pytest.param(" ddd-", "123E", " 123 ", 2, id="plus-E"),
    pytest.param(" ddd-", "123F", " 123 ", 2, id="plus-F"),
    pytest.param(" (-", "0C", "   ", 0, id="plus-beats-the-starter"),
    pytest.param(" (-", "0D", "  -", 0, id="starter-without-plus"),
    pytest.param(" (-", "5C", " 5 ", 2, id="plus-beats-the-digit"),
    pytest.param(" ddd)ddd", "123C000C", " 123    ", 0, id="last-field-zero"),
    pytest.param(" ddd)ddd-", "000C123D", "     123-", 1, id="last-field-negative"),
    pytest.param(" ddd-)d-d", "123D456C", " 123- 4-5", 1, id="separator-ends-significance"),
    pytest.param(" d)d", "12", " 1 2", 1, id="separator-leaves-the-right-digit-waiting"),
    pytest.param(" ddd)", "123D", " 123 ", 0, id="empty-last-field"),
    pytest.param(" ddd)abc", "123D", " 123    ", 0, id="last-field-without-digits"),
    pytest.param(" dddddd", "123C456D", " 123456", 1, id="sign-ends-a-byte"),
    pytest.param(" dddd", "1234", " 1234", 1, id="no-sign"),
    pytest.param(" a(bd", "05", "   b5", 1, id="message-after-the-starter"),
    pytest.param("d", "5C", "5", 2, id="fill-is-a-selector"),
    pytest.param("dda", "000C", "ddd", 0, id="fill-is-a-selector-for-zero"),
    pytest.param("(d", "00", "(0", 0, id="fill-is-a-starter"),
    pytest.param(")d", "0C", "))", 0, id="fill-is-a-separator"),
    pytest.param("abc", "", "aaa", 0, id="messages-only"),
]


@pytest.mark.parametrize("mnemonic", ["ed", "edmk"])
@pytest.mark.parametrize(("form", "source", "result", "cc"), EDITED)
def test_edited(lab, mnemonic, form, source, result, cc):
    assert step(lab, mnemonic, pattern(form), bytes.fromhex(source), cc=cc ^ 3) == 0
    assert lab.load(FIRST, len(form)) == pattern(result)
    assert lab.cpu.cc == cc
    assert lab.load(SECOND, len(source) // 2) == bytes.fromhex(source)


def test_examples_are_the_twins():
    for example in EDITED:
        form, source, result, cc = example.values
        out, its_cc, _, used = edit(pattern(form), bytes.fromhex(source), 0)
        assert (out, its_cc) == (pattern(result), cc) and used <= len(source) // 2, example.id


# --- the address that is marked ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("form", "source", "at"),
    [
        pytest.param(" dd,d(d.dd CR", "0257426C", 2, id="appendix-a"),
        pytest.param(" dd,d(d.dd CR", "0000026D", None, id="forced-by-the-starter"),
        pytest.param(" (dd", "100C", 1, id="the-starters-own-digit"),
        pytest.param(" ddd", "000C", None, id="zero"),
        pytest.param(" ddd)ddd", "012C345D", 5, id="last-of-two-fields"),
        pytest.param(" ddd)ddd", "012C000D", 2, id="second-field-zero"),
        pytest.param("d", "5C", 0, id="first-byte"),
        pytest.param(" dd", "5C6C", 2, id="again-after-a-plus-sign"),
    ],
)
@pytest.mark.parametrize(
    ("mode", "kept"), [(BA_EA, 0), (MODE_31, 0xFFFFFFFF << 32), (MODE_24, ALL ^ 0xFFFFFF)], ids=["64", "31", "24"]
)
def test_edmk_marks(lab, form, source, at, mode, kept):
    for mnemonic in ("ed", "edmk"):
        lab.gr[1] = ALL
        assert step(lab, mnemonic, pattern(form), bytes.fromhex(source), mode=mode) == 0
        expected = {} if at is None or mnemonic == "ed" else {"r1": kept | FIRST + at}
        assert {name: value for name, value in lab.changes().items() if name == "r1"} == expected


# --- any pattern ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mnemonic", ["ed", "edmk"])
def test_any_pattern(lab, mnemonic):
    rng = random.Random(mnemonic)
    kinds = set()
    for _ in range(RANDOM_PATTERNS):
        length = rng.choice([1, 2, 3, 8, 20, 255, 256])
        controls = [SELECTOR] * 6 + [STARTER, SEPARATOR, rng.randrange(256), 0x6B]
        form = bytes([rng.choice([0x40, 0x5C, SELECTOR, STARTER, SEPARATOR]), *rng.choices(controls, k=length - 1)])
        weights = [30, *[3] * 9, *[1] * 6]
        source = bytes(
            rng.randrange(10 if rng.random() < 0.999 else 16) * 16 + rng.choices(range(16), weights)[0]
            for _ in range(256)
        )
        lab.gr[1] = ALL
        lab.gr[5] = rng.choice([FIRST, BOUNDARY - rng.randint(1, 30)])
        lab.gr[6] = rng.choice([SECOND, SECOND // 4096 * 4096 - rng.randint(1, 30)])
        expected, address = edit(form, source, int(lab.gr[5])), int(lab.gr[5])
        code = step(lab, mnemonic, form, source)
        if expected == DATA:
            assert (code, lab.changes()) == (DATA, {})
            kinds.add(code)
            continue
        result, cc, mark, _ = expected
        assert (code, lab.load(address, length), lab.cpu.cc) == (0, result, cc)
        assert lab.gr[1] == (ALL if mark is None or mnemonic == "ed" else mark)
        kinds.add(cc)
    assert kinds == {0, 1, 2, DATA}


# --- exceptions -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mnemonic", ["ed", "edmk"])
@pytest.mark.parametrize("wrong", ["A2", "CC", "F0", "1C2CB3"])
def test_left_code_that_is_no_digit(lab, mnemonic, wrong):
    lab.cpu.dxc, lab.gr[1] = 0xFF, 5
    assert step(lab, mnemonic, pattern(" ddd"), bytes.fromhex(wrong)) == DATA
    assert lab.changes() == {}
    assert lab.word(0x90, 4) == 0


def test_data_exception_stores_nothing(lab):
    lab.store(FIRST, pattern(" ddd"))
    lab.store(SECOND, b"\x12\xfc")
    lab.set_key(FIRST, 0)
    assert lab.step("ed 0(4,%r5),0(%r6)") == DATA
    assert lab.key(FIRST) & CHANGE == 0


@pytest.mark.parametrize("mnemonic", ["ed", "edmk"])
def test_no_source_byte_is_looked_at_that_is_not_needed(lab, mnemonic):
    """Neither access nor data exceptions for the others."""
    lab.gr[6] = SIZE - 2
    assert step(lab, mnemonic, pattern(" ddd"), bytes.fromhex("123C")) == 0
    lab.gr[6] = SIZE - 2
    assert step(lab, mnemonic, pattern(" dddd"), bytes.fromhex("123C")) == ADDRESSING
    assert lab.changes() == {}
    lab.gr[6] = SIZE
    lab.store(FIRST, pattern("abc"))
    lab.psw()
    assert lab.step(f"{mnemonic} 0(3,%r5),0(%r6)") == 0
    lab.gr[6] = SECOND
    assert step(lab, mnemonic, pattern(" ddd"), bytes.fromhex("123CFF")) == 0


@pytest.mark.parametrize("mnemonic", ["ed", "edmk"])
def test_source_that_ends_in_a_discarded_page_nullifies(lab, mnemonic):
    lab.gr[1], lab.gr[6] = 5, BOUNDARY - 1
    lab.store(BOUNDARY - 1, b"\x12\x3c")
    lab.store(FIRST, pattern(" ddd"))
    discard(lab, BOUNDARY)
    assert lab.step(f"{mnemonic} 0(4,%r5),0(%r6)") == BLOCK_VOLATILITY
    assert lab.changes() == {"ia": CODE}


def test_access_exception_of_the_pattern_before_data(lab):
    lab.store(FIRST, pattern(" ddd"))
    lab.store(SECOND, b"\xff")
    lab.set_key(FIRST, 0x50)
    lab.set_key(SECOND, 0x30)
    lab.set_key(CODE, 0x30)
    lab.psw(key=3)
    assert lab.step("ed 0(4,%r5),0(%r6)") == PROTECTION


@pytest.mark.parametrize("distance", range(-9, 10))
def test_overlap_stays_within_the_pattern(lab, distance):
    """The result is unpredictable, but nothing beside the first operand changes, and the second page of the source is
    not needed in the second pass if it was not in the first."""
    first = BOUNDARY - 9
    lab.gr[5], lab.gr[6] = first, first + distance
    before = pattern(" dd1d2d3(") + b"\x4c" * 9
    lab.store(first - 9, b"\x4c" * 9 + before)
    discard(lab, BOUNDARY)
    code = lab.step("ed 0(9,%r5),0(%r6)")
    assert code in (0, DATA, BLOCK_VOLATILITY)
    if code:
        assert lab.changes().keys() <= {"ia"}
    assert all(name in range(first, first + 9) for name in lab.changes() if isinstance(name, int))


@pytest.mark.parametrize("mnemonic", ["ed", "edmk"])
def test_source_with_a_second_address_ends_where_the_first_pass_ended(lab, mnemonic):
    """Three bytes of the pattern are the source, by another page: two digits each, until the fill byte, a digit and a
    sign, is stored there. What the source would then go on with is not there; but once a byte is stored nothing can be
    an exception. The result is unpredictable."""
    page, alias, beyond = BOUNDARY - 0x1000, BOUNDARY + 0x4000, BOUNDARY + 0x5000
    form = b"\x5c" + b"\x10" * 3 + bytes([SELECTOR]) * 6
    first = BOUNDARY - 4
    lab.store(first, form)
    for virtual, real in ((CODE, CODE), (page, page), (BOUNDARY, BOUNDARY), (alias, page), (beyond, 0)):
        asce = map_page(lab, virtual, real, level=SEGMENT)
    change(lab, beyond, -1, on=PAGE_INVALID)
    lab.gr[5], lab.gr[6] = first, beyond - 3
    translated(lab, asce)
    assert lab.step(f"{mnemonic} 0({len(form)},%r5),0(%r6)") == 0
    assert all(name in range(first, first + len(form)) for name in lab.changes() if isinstance(name, int))
    assert SELECTOR not in lab.load(first, len(form))  # it went to the end


def with_others(lab):
    """The other operand: a pattern for nine digits and a sign, or a source for it."""
    lab.gr[6], lab.gr[7] = FIRST, SECOND
    lab.store(FIRST, pattern(" dddddddd(-"))
    lab.store(SECOND, bytes.fromhex("001234567D"))


@operand_checks(
    Operand("ed 0(11,%r5),0(%r7)", 11, UPDATE, setup=with_others, data=pattern(" dddddddd(-")),
    Operand("ed 0(11,%r6),0(%r5)", 5, FETCH, setup=with_others, data=bytes.fromhex("123456789D")),
    Operand("edmk 0(11,%r6),0(%r5)", 5, FETCH, setup=with_others, data=bytes.fromhex("123456789D")),
)
def test_operands(lab, check, operand):
    check(lab, operand)
