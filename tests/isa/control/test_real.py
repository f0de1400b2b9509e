"""Real addresses: PoP ch. 10. The walk itself is tested in tests/storage/test_dat.py."""

from __future__ import annotations

import pytest

from s390emu.architecture.interruptions import (
    ADDRESSING,
    PAGE_TRANSLATION,
    PRIVILEGED_OPERATION,
    PROTECTION,
    SPECIAL_OPERATION,
    SPECIFICATION,
)
from tests.lab import ALL, BA_EA, CODE, MODE_24, MODE_31, PROBLEM_STATE, SIZE
from tests.operands import FETCH, STORE, Operand, operand_checks
from tests.translation import (
    INVALID,
    PAGE_INVALID,
    PAGE_TABLE,
    PRIVATE,
    REAL_SPACE,
    SEGMENT,
    SEGMENT_TABLE,
    change,
    entry_address,
    map_page,
    put,
    translated,
)

BLOCK = 0x38000
SECONDARY_SPACE, HOME_SPACE, ACCESS_REGISTERS = 2 << 46, 3 << 46, 1 << 46


@operand_checks(
    Operand("lura %r1,%r5", 4, FETCH, align=4),
    Operand("lurag %r1,%r5", 8, FETCH, align=8),
    Operand("stura %r1,%r5", 4, STORE, align=4),
    Operand("sturg %r1,%r5", 8, STORE, align=8),
    Operand("strag 0(%r5),0(%r6)", 8, STORE, align=8),
)
def test_operands(lab, check, operand):
    check(lab, operand)


@pytest.mark.parametrize(
    "line", ["lura %r1,%r5", "lurag %r1,%r5", "stura %r1,%r5", "sturg %r1,%r5", "strag 0(%r5),0(%r6)", "lra %r1,0(%r5)",
             "lray %r1,0(%r5)", "lrag %r1,0(%r5)"],
)  # fmt: skip
def test_privileged(lab, line):
    lab.gr[5] = ALL
    lab.psw(PROBLEM_STATE)
    assert lab.step(line) == PRIVILEGED_OPERATION
    assert lab.changes() == {}


@pytest.mark.parametrize(
    ("line", "address"),
    [("lura %r1,%r5", 2), ("stura %r1,%r5", 2), ("lurag %r1,%r5", 4), ("sturg %r1,%r5", 4), ("strag 0(%r5),0(%r6)", 4)],
)
def test_boundary(lab, line, address):
    lab.gr[5] = 0x7FFFF000 + address
    assert lab.step(line) == SPECIFICATION
    assert lab.changes() == {}


@pytest.mark.parametrize(
    ("line", "changes"),
    [
        pytest.param("lura %r1,%r5", {"r1": 0xFFFFFFFF11223344}, id="lura"),
        pytest.param("lurag %r1,%r5", {"r1": 0x1122334455667788}, id="lurag"),
        pytest.param("stura %r0,%r5", {BLOCK: b"\xaa\xbb\xcc\xdd"}, id="stura"),
        pytest.param("sturg %r0,%r5", {BLOCK: bytes.fromhex("99887766aabbccdd")}, id="sturg"),
    ],
)
def test_real_address_is_not_translated(lab, line, changes):
    lab.store(BLOCK, bytes.fromhex("1122334455667788"))
    asce = map_page(lab, CODE, CODE, level=SEGMENT)  # BLOCK is not mapped
    change(lab, BLOCK, -1, on=PAGE_INVALID)
    lab.gr[0], lab.gr[1], lab.gr[5] = 0x99887766AABBCCDD, ALL, BLOCK
    translated(lab, asce)
    assert lab.step(line) == 0
    assert lab.changes() == changes


def test_real_address_is_prefixed(lab):
    lab.cpu.prefix = 0x40000
    lab.store(0x40800, b"\x66" * 8)
    lab.gr[5] = 0x800
    lab.psw()
    assert lab.step("lurag %r1,%r5") == 0
    assert lab.gr[1] == 0x6666666666666666


def test_real_store_is_key_protected(lab):
    lab.set_key(CODE, 0x30)
    lab.set_key(BLOCK, 0x50)
    lab.gr[5] = BLOCK
    lab.psw(key=3)
    assert lab.step("sturg %r1,%r5") == PROTECTION
    assert lab.changes() == {}


def test_real_access_leaves_no_translation_behind(lab):
    """The real address is a logical address of something else: the TLB must not mix them up."""
    lab.store(BLOCK, b"\x11" * 8)
    lab.store(0x39000, b"\x22" * 8)
    asce = map_page(lab, CODE, CODE, level=SEGMENT)
    map_page(lab, BLOCK, 0x39000, level=SEGMENT)
    lab.gr[5] = BLOCK
    translated(lab, asce)
    code = lab.step("lurag %r1,%r5\n lg %r2,0(%r5)\n lurag %r3,%r5")
    assert [code, lab.go(), lab.go()] == [0, 0, 0]
    assert (lab.gr[1], lab.gr[2], lab.gr[3]) == (0x1111111111111111, 0x2222222222222222, 0x1111111111111111)


# --- LOAD REAL ADDRESS ------------------------------------------------------------------------------------------------


def lra(lab, line, virtual, mask=BA_EA):
    lab.gr[1], lab.gr[5] = ALL, virtual
    lab.psw(mask, cc=1)
    code = lab.step(line)
    return code, int(lab.cpu.cc), int(lab.gr[1])


HIGH = 0xFFFFFFFF00000000


@pytest.mark.parametrize("line", ["lra %r1,0(%r5)", "lray %r1,0(%r5)", "lrag %r1,0(%r5)"])
@pytest.mark.parametrize("mask", [BA_EA, MODE_31, MODE_24])
def test_lra_result_by_addressing_mode(lab, line, mask):
    lab.cr[1] = map_page(lab, BLOCK, 0x12345000, level=SEGMENT)
    high = HIGH if mask != BA_EA and "lrag" not in line else 0
    assert lra(lab, line, BLOCK + 0x678, mask) == (0, 0, high | 0x12345678)


@pytest.mark.parametrize("line", ["lra %r1,0(%r5)", "lray %r1,0(%r5)"])
def test_lra_beyond_31_bits(lab, line):
    lab.cr[1] = map_page(lab, BLOCK, 0x80000000, level=SEGMENT)
    assert lra(lab, line, BLOCK) == (0, 0, 0x80000000)
    assert lra(lab, line, BLOCK, MODE_31)[0] == SPECIAL_OPERATION
    assert lab.changes() == {}
    assert lra(lab, line.replace("lray", "lrag").replace("lra ", "lrag "), BLOCK, MODE_31) == (0, 0, 0x80000000)


@pytest.mark.parametrize(
    ("flaw", "cc", "result"),
    [
        pytest.param("segment", 1, SEGMENT_TABLE, id="segment-invalid"),
        pytest.param("page", 2, entry_address(BLOCK, -1), id="page-invalid"),
        pytest.param("length", 3, 0x80000010, id="segment-outside-its-table"),
        pytest.param("type", 3, 0x80000038, id="ASCE-type"),
        pytest.param("region-third", 3, 0x8000003B, id="region-third"),
    ],
)
@pytest.mark.parametrize("mask", [BA_EA, MODE_31])
def test_lra_without_a_translation(lab, flaw, cc, result, mask):
    virtual = BLOCK
    lab.cr[1] = map_page(lab, BLOCK, BLOCK, level=1 if flaw == "region-third" else SEGMENT)
    if flaw == "segment":
        change(lab, BLOCK, SEGMENT, on=INVALID)
    elif flaw == "page":
        change(lab, BLOCK, -1, on=PAGE_INVALID)
    elif flaw == "length":
        lab.cr[1] &= ALL - 3
        virtual = 0x20000000
    elif flaw == "type":
        virtual = 1 << 31
        if mask != BA_EA:
            return  # no such address
    else:
        change(lab, BLOCK, 1, on=INVALID)
    high = HIGH if mask != BA_EA or cc == 3 else 0
    assert lra(lab, "lra %r1,0(%r5)", virtual, mask) == (0, cc, high | result)


@pytest.mark.parametrize(("space", "register"), [(0, 1), (SECONDARY_SPACE, 7), (HOME_SPACE, 13)])
def test_lra_in_the_current_address_space_though_dat_is_off(lab, space, register):
    lab.cr[1] = lab.cr[7] = lab.cr[13] = map_page(lab, BLOCK, 0x11000, level=SEGMENT)
    other = 0x75000
    put(lab, other, PAGE_TABLE + 0x800)
    put(lab, PAGE_TABLE + 0x800 + (BLOCK >> 12) * 8, 0x22000)
    lab.cr[register] = other
    assert lra(lab, "lrag %r1,4(%r5)", BLOCK, BA_EA | space) == (0, 0, 0x22004)


@pytest.mark.parametrize(("alet", "real"), [(0, 0x11000), (1, BLOCK)])
def test_lra_in_access_register_mode(lab, alet, real):
    lab.cr[1], lab.cr[7] = map_page(lab, BLOCK, 0x11000, level=SEGMENT), REAL_SPACE
    lab.ar[5] = alet
    assert lra(lab, "lrag %r1,0(%r5)", BLOCK, BA_EA | ACCESS_REGISTERS) == (0, 0, real)


def test_lra_real_space(lab):
    lab.cr[1] = REAL_SPACE | PRIVATE
    assert lra(lab, "lrag %r1,0(%r5)", 0xFEDCBA9876543210) == (0, 0, 0xFEDCBA9876543210)


# --- STORE REAL ADDRESS -----------------------------------------------------------------------------------------------


def test_strag(lab):
    lab.cr[1] = map_page(lab, 0x5000, 0x123456789A000, level=SEGMENT)
    lab.gr[5], lab.gr[6] = BLOCK, 0x5678
    lab.psw(cc=2)
    assert lab.step("strag 0(%r5),0(%r6)") == 0
    assert lab.changes() == {BLOCK + 1: bytes.fromhex("0123456789a678")}


def test_strag_without_a_translation_is_an_access_exception(lab):
    lab.cr[1] = map_page(lab, 0x5000, 0x5000, level=SEGMENT)
    change(lab, 0x5000, -1, on=PAGE_INVALID)
    lab.gr[5], lab.gr[6] = BLOCK, 0x5678
    lab.psw(cc=2)
    assert lab.step("strag 0(%r5),0(%r6)") == PAGE_TRANSLATION
    assert lab.changes() == {"ia": CODE}
    assert lab.word(0xA8) == 0x5000


def test_real_address_outside(lab):
    lab.gr[5] = SIZE
    assert lab.step("lura %r1,%r5") == ADDRESSING
