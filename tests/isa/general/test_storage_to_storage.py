"""Storage-to-storage instructions of up to 256 bytes: PoP ch. 7."""

from __future__ import annotations

import random

import pytest

from s390emu.architecture.interruptions import BLOCK_VOLATILITY
from s390emu.conformance.twins.storage_to_storage import PACKED_TWINS, TWINS, line
from tests.lab import ALL, BA_EA, CODE, MODE_24, MODE_31, SIZE
from tests.operands import BOUNDARY, FETCH, STORE, UPDATE, Operand, discard, operand_checks

FIRST, SECOND = 0x40100, 0x48200
HIGH = 0xFEDCBA98 << 32


@pytest.fixture
def lab(lab):
    lab.gr[5], lab.gr[6] = FIRST, SECOND
    return lab


def compare_with_twin(lab, mnemonic, first, second, length, seed):
    """Both operands in three pages from BOUNDARY - 4096 on."""
    start = BOUNDARY - 0x1000
    before = random.Random(seed).randbytes(0x3000)
    expected = bytearray(before)
    TWINS[mnemonic](expected, first - start, second - start, length)
    lab.store(start, before)
    lab.gr[0], lab.gr[5], lab.gr[6] = HIGH | length - 1, first, second
    lab.psw(cc=3)
    assert lab.step(line(mnemonic, length)) == 0
    assert lab.load(start, 0x3000) == expected
    if mnemonic in ("nc", "oc", "xc"):
        result = expected[first - start : first - start + length]
        assert lab.cpu.cc == (1 if any(result) else 0)
    else:
        assert lab.cpu.cc == 3
    assert [name for name in lab.changes() if isinstance(name, str)] in ([], ["cc"])


@pytest.mark.parametrize("mnemonic", TWINS)
@pytest.mark.parametrize("distance", [0, 1, -1, 2, 7, 8, 9, -7, -8, 15, 16, 100, 255, 256, -256, 300, -300])
def test_overlap(lab, mnemonic, distance):
    for length in (1, 2, 8, 9, 16, 17, 255, 256):
        compare_with_twin(lab, mnemonic, BOUNDARY + 0x400 + distance, BOUNDARY + 0x400, length, length)


@pytest.mark.parametrize("mnemonic", TWINS)
def test_overlap_across_pages(lab, mnemonic):
    generator = random.Random(mnemonic)
    for seed in range(25):
        first = BOUNDARY + generator.randrange(-40, 40)
        second = generator.choice([first, BOUNDARY]) + generator.randrange(-40, 40)
        compare_with_twin(lab, mnemonic, first, second, generator.randrange(1, 257), seed)


def with_pages(lab):
    """The other operand, resident."""
    lab.gr[0] = 15
    for address in (FIRST, SECOND):
        lab.store(address, bytes(range(1, 17)))
    lab.gr[6], lab.gr[7] = FIRST, SECOND


BOTH_OPERANDS = [
    operand
    for mnemonic in ("mvc", "mvn", "mvz", "nc", "oc", "xc")
    for operand in (
        Operand(f"{mnemonic} 0(16,%r5),0(%r7)", 16, STORE if mnemonic == "mvc" else UPDATE, setup=with_pages),
        Operand(f"{mnemonic} 0(16,%r6),0(%r5)", 16, FETCH, setup=with_pages),
    )
]


PACKED_OPERANDS = [
    operand
    for mnemonic in ("pack", "unpk", "mvo")
    for operand in (
        Operand(f"{mnemonic} 0(9,%r5),0(8,%r7)", 9, STORE, setup=with_pages),
        Operand(f"{mnemonic} 0(9,%r6),0(8,%r5)", 8, FETCH, setup=with_pages),
    )
]


@operand_checks(
    *BOTH_OPERANDS,
    *PACKED_OPERANDS,
    Operand("mvc 0(256,%r5),0(%r7)", 256, STORE, setup=with_pages),
    Operand("xc 0(16,%r5),0(%r5)", 16, UPDATE),
    Operand("mvcin 0(16,%r5),15(%r7)", 16, STORE, setup=with_pages),
    Operand("mvcin 0(16,%r6),15(%r5)", 16, FETCH, setup=with_pages),
    Operand("mvcrl 0(%r5),0(%r7)", 16, STORE, setup=with_pages),
    Operand("mvcrl 0(%r6),0(%r5)", 16, FETCH, setup=with_pages),
)
def test_operands(lab, check, operand):
    check(lab, operand)


def test_mvc_both_operands_cross_pages(lab):
    lab.store(BOUNDARY - 100, bytes(range(200)))
    lab.gr[5], lab.gr[6] = SECOND & ~0xFFF | 0xFF0, BOUNDARY - 100
    assert lab.step("mvc 0(200,%r5),0(%r6)") == 0
    assert lab.load(SECOND & ~0xFFF | 0xFF0, 200) == bytes(range(200))


def test_xc_clears(lab):
    lab.store(FIRST, b"\xff" * 300)
    lab.psw(cc=3)
    assert lab.step("xc 1(255,%r5),1(%r5)") == 0
    assert lab.changes() == {FIRST + 1: bytes(255), "cc": 0}


# --- COMPARE LOGICAL -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("length", [1, 2, 7, 8, 9, 16, 23, 255, 256])
@pytest.mark.parametrize("first", [FIRST, 0x41000 - 1, 0x41000 - 5])
def test_clc(lab, length, first):
    generator = random.Random(length)
    for place in sorted({0, length // 2, length - 1}):
        for left, right, cc in ((0x7F, 0x80, 1), (0x80, 0x7F, 2), (0xFF, 0, 2), (5, 5, 0)):
            equal = generator.randbytes(length)
            rest = generator.randbytes(length) if cc else equal
            lab.gr[5] = first
            lab.store(first, equal[:place] + bytes([left]) + equal[place + 1 :])
            lab.store(SECOND, equal[:place] + bytes([right]) + rest[place + 1 :])
            lab.psw(cc=3)
            assert lab.step(f"clc 0({length},%r5),0(%r6)") == 0
            assert lab.changes() == {"cc": cc}


@operand_checks(
    Operand("clc 0(16,%r5),0(%r7)", 16, FETCH, setup=with_pages),
    Operand("clc 0(16,%r6),0(%r5)", 16, FETCH, setup=with_pages),
)
def test_clc_operands(lab, check, operand):
    check(lab, operand)


# --- TRANSLATE -------------------------------------------------------------------------------------------------------

REVERSED = bytes(range(255, -1, -1))


@pytest.mark.parametrize("table", [SECOND, BOUNDARY - 100, 0x4A000 - 256])
@pytest.mark.parametrize("first", [FIRST, 0x42000 - 10])
@pytest.mark.parametrize("known", [True, False], ids=["in-tlb", "new"])
def test_tr(lab, table, first, known):
    lab.gr[5], lab.gr[6] = first, table
    text = random.Random(table).randbytes(256)
    for length in (1, 9, 256):
        lab.store(table, REVERSED)
        lab.store(first, text)
        lab.psw()
        if known:
            lab.step("oc 0(256,%r6),0(%r6)")
            lab.cpu.psw_ia = CODE
        lab.cpu.cc = 2
        assert lab.step(f"tr 0({length},%r5),0(%r6)") == 0
        assert lab.load(first, 256) == bytes(255 - b for b in text[:length]) + text[length:]
        assert lab.cpu.cc == 2


@pytest.mark.parametrize("table", [SECOND, BOUNDARY - 100])
@pytest.mark.parametrize("offset", [0, 10, -10, 200])
@pytest.mark.parametrize("known", [True, False], ids=["in-tlb", "new"])
def test_tr_of_its_own_table(lab, table, offset, known):
    storage = bytearray(random.Random(offset).randbytes(1000))
    lab.store(table - 300, bytes(storage))
    lab.gr[5], lab.gr[6] = table + offset, table
    if known:
        lab.step("oc 0(1,%r6),0(%r6)")
        lab.cpu.psw_ia = CODE
    assert lab.step("tr 0(100,%r5),0(%r6)") == 0
    for i in range(300 + offset, 400 + offset):
        storage[i] = storage[300 + storage[i]]
    assert lab.load(table - 300, 1000) == storage


def test_tr_needs_only_the_table_bytes_that_it_uses(lab):
    lab.gr[6] = SIZE - 100
    lab.store(SIZE - 100, bytes(range(100, 200)))
    lab.store(FIRST, bytes([0, 50, 99]))
    assert lab.step("tr 0(3,%r5),0(%r6)") == 0
    assert lab.changes() == {FIRST: bytes([100, 150, 199])}


@pytest.mark.parametrize("where", [0, 128, 255])
def test_tr_changes_nothing_if_one_table_byte_is_not_there(lab, where):
    lab.gr[6] = BOUNDARY - 100
    lab.store(FIRST, bytes(where) + b"\x64" + bytes(255 - where))
    discard(lab, BOUNDARY)
    ia = lab.machine.psw[1]
    assert lab.step("tr 0(256,%r5),0(%r6)") == BLOCK_VOLATILITY
    assert lab.changes() == {"ia": ia}


def with_table(lab):
    lab.store(SECOND, REVERSED)
    lab.gr[7] = SECOND
    lab.store(FIRST, bytes(range(256)))
    lab.gr[6] = FIRST


@operand_checks(
    Operand("tr 0(20,%r5),0(%r7)", 20, UPDATE, setup=with_table),
    Operand("tr 0(256,%r6),0(%r5)", 256, FETCH, setup=with_table),
)
def test_tr_operands(lab, check, operand):
    check(lab, operand)


# --- TRANSLATE AND TEST ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "kept"), [(BA_EA, 0), (MODE_31, 0xFFFFFFFF << 32), (MODE_24, ALL ^ 0xFFFFFF)], ids=["64", "31", "24"]
)
@pytest.mark.parametrize("mnemonic", ["trt", "trtr"])
@pytest.mark.parametrize(("at", "cc"), [(0, 1), (5, 1), (8, 1), (9, 2)])
def test_trt_finds(lab, mnemonic, at, cc, mode, kept):
    reverse = mnemonic == "trtr"
    first = FIRST + 9 if reverse else FIRST
    found = first - at if reverse else first + at
    lab.psw(mode, cc=3)
    lab.gr[1], lab.gr[2], lab.gr[5] = ALL, ALL, first
    lab.store(FIRST, bytes(10))
    lab.store(found, b"\x42")
    lab.store(SECOND + 0x42, b"\x99")
    assert lab.step(f"{mnemonic} 0(10,%r5),0(%r6)") == 0
    assert lab.changes() == {"r1": kept | found, "r2": ALL ^ 0x66, "cc": cc}


@pytest.mark.parametrize("mnemonic", ["trt", "trtr"])
def test_trt_finds_nothing(lab, mnemonic):
    lab.psw(cc=3)
    lab.gr[5] = FIRST + 0x80
    assert lab.step(f"{mnemonic} 0(100,%r5),0(%r6)") == 0
    assert lab.changes() == {"cc": 0}


def test_trt_looks_no_further_than_it_needs(lab):
    lab.gr[5], lab.gr[6] = SIZE - 2, BOUNDARY - 2
    lab.store(SIZE - 1, b"\1")
    lab.store(BOUNDARY - 1, b"\7")
    discard(lab, BOUNDARY)
    assert lab.step("trt 0(256,%r5),0(%r6)") == 0
    assert lab.changes() == {"r1": SIZE - 1, "r2": 7, "cc": 1}


def with_empty_table(lab):
    lab.store(SECOND, bytes(256))
    lab.gr[7] = SECOND
    lab.store(FIRST, bytes(range(256)))
    lab.gr[6] = FIRST
    lab.gr[8] = 0


@operand_checks(
    Operand("trt 0(20,%r5),0(%r7)", 20, FETCH, setup=with_empty_table),
    Operand("trt 0(256,%r6),0(%r5)", 256, FETCH, setup=with_empty_table, data=bytes(256)),
    Operand("trtr 19(20,%r5),0(%r7)", 20, FETCH, setup=with_empty_table),
    Operand("trtr 255(256,%r6),0(%r5)", 256, FETCH, setup=with_empty_table, data=bytes(256)),
)
def test_trt_operands(lab, check, operand):
    check(lab, operand)


# --- packed and zoned ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mnemonic", PACKED_TWINS)
@pytest.mark.parametrize("first", [FIRST, BOUNDARY - 3])
def test_packed(lab, mnemonic, first):
    generator = random.Random(mnemonic)
    lab.gr[5] = first
    for first_length in (1, 2, 3, 7, 8, 16):
        for second_length in (1, 2, 3, 4, 8, 15, 16):
            source, target = generator.randbytes(second_length), generator.randbytes(first_length)
            lab.store(first, target)
            lab.store(SECOND, source)
            lab.psw(cc=2)
            assert lab.step(f"{mnemonic} 0({first_length},%r5),0({second_length},%r6)") == 0
            assert lab.load(first, first_length) == PACKED_TWINS[mnemonic](source, target)
            assert lab.load(SECOND, second_length) == source
            assert lab.cpu.cc == 2


@pytest.mark.parametrize(
    ("line", "before", "after"),
    [
        pytest.param("pack 0(1,%r5),0(1,%r5)", "C5", "5C", id="pack-exchanges"),
        pytest.param("unpk 0(1,%r5),0(1,%r5)", "5C", "C5", id="unpk-exchanges"),
        pytest.param("pack 0(4,%r5),0(4,%r5)", "F1F2F3C4", "0001234C", id="pack-in-place"),
        pytest.param("unpk 0(5,%r5),1(3,%r5)", "0012345C00", "F1F2F3F4C5", id="unpk-in-place"),
        pytest.param("unpk 0(5,%r5),2(3,%r5)", "000012345C", "FFF3F3F4C5", id="unpk-over-what-it-needs"),
        pytest.param("mvo 0(4,%r5),0(3,%r5)", "1234567C", "0123456C", id="mvo-shifts-right"),
        pytest.param("mvo 0(3,%r5),0(3,%r5)", "12345C", "2345CC", id="mvo-over-itself"),
    ],
)
def test_packed_overlap(lab, line, before, after):
    before = bytes.fromhex(before)
    lab.store(FIRST, before)
    assert lab.step(line) == 0
    assert lab.load(FIRST, len(before)).hex().upper() == after
