"""THE table: its order, its facilities, samples of its rows. That each row is right, test_disassemble asks objdump."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from s390emu.isa import formats, opcodes
from s390emu.isa.opcodes import CHAPTERS, ROWS, SECOND_FORMS, SECOND_ROWS

ROW = {row.mnemonic: row for row in ROWS}
FACILITIES = {
    name: value for name, value in vars(opcodes).items()
    if re.fullmatch("[A-Z][A-Z0-9]*", name) and type(value) is int
}  # fmt: skip


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_rows_are_in_operation_code_order(chapter):
    codes = [row[0] for row in CHAPTERS[chapter]]
    assert codes == sorted(codes)


def test_second_forms_are_in_operation_code_order():
    assert [row[0] for row in SECOND_FORMS] == sorted(row[0] for row in SECOND_FORMS)


def test_no_operation_code_or_mnemonic_twice():
    assert [code for code, count in Counter(row.opcode for row in ROWS).items() if count > 1] == []
    mnemonics = Counter(row.mnemonic for row in (*ROWS, *SECOND_ROWS))
    assert [mnemonic for mnemonic, count in mnemonics.items() if count > 1] == []


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_operation_code_has_the_digits_of_its_format(chapter):
    for code, mnemonic, form, _, _ in CHAPTERS[chapter]:
        digits = 2 + (form.extension[1] // 4 if form.extension else 0)
        assert re.fullmatch(f"[0-9A-F]{{{digits}}}", code), mnemonic


def test_length_is_what_the_first_two_bits_say():
    for row in ROWS:
        assert row.format.length == (2, 4, 4, 6)[int(row.opcode[:2], 16) >> 6], row.mnemonic


def test_a_first_byte_has_its_extension_in_one_place():
    places = {}
    for row in ROWS:
        assert places.setdefault(row.opcode[:2], row.format.extension) == row.format.extension, row.mnemonic


def test_second_forms_share_code_and_name_with_a_row():
    by_code = {row.opcode: row for row in ROWS}
    for row in SECOND_ROWS:
        first = by_code[row.opcode]
        assert row.mnemonic == first.mnemonic + "A"
        assert (row.name, row.chapter) == (first.name, first.chapter)
        assert len(row.format.operands) > len(first.format.operands)


def test_mnemonics_and_names():
    for row in ROWS:
        assert re.fullmatch("[A-Z][A-Z0-9]*", row.mnemonic)
        assert re.fullmatch(r"[A-Z][A-Z0-9/ -]*?( \(.*\))?", row.name), row


def test_facilities_are_named_and_used():
    used = {row.facility for row in ROWS} - {None}
    assert used == set(FACILITIES.values())
    assert all(-3 <= bit < 256 for bit in used)


@pytest.mark.parametrize(
    ("mnemonic", "bit"),
    [  # PoP ch. 4 "Facility Indications", and the marks of the instruction lists
        ("ALC", 0), ("STFL", 0), ("IDTE", 3), ("CSPG", 3), ("PTI", 6), ("STFLE", 7), ("PFMF", 8), ("PTF", 11),
        ("MVCLU", 16), ("TP", 16), ("TROO", 16), ("KM", 17), ("LAY", 18), ("STCMY", 18), ("MAER", 20), ("LGFI", 21),
        ("FLOGR", 21), ("CU14", 22), ("TRTR", 22), ("MAYR", 23), ("STCKF", 25), ("TRTE", 26), ("MVCOS", 27),
        ("PTFF", 28), ("ECTG", 31), ("CSST", 32), ("RISBG", 34), ("CGRJ", 34), ("ECAG", 34), ("LAEY", 34), ("EXRL", 35),
        ("SRNMB", 37), ("LPP", 40), ("LDGR", 41), ("SRNMT", 41),
        ("ADTR", 42), ("PFPO", 44), ("ARK", 45), ("LOC", 45), ("POPCNT", 45),
        ("LAA", 45), ("BRCTH", 45), ("CDZT", 48), ("PPA", 49), ("LAT", 49), ("BPP", 49), ("RISBGN", 49), ("CLT", 49),
        ("TBEGINC", 50), ("LOCHI", 53), ("LZRF", 53), ("PRNO", 57), ("MGRK", 58), ("SELR", 61), ("RRBM", 66),
        ("TBEGIN", 73), ("PCKMO", 76), ("KMCTR", 77), ("CRDTE", 78), ("CPDT", 80), ("LCBB", 129), ("VA", 129),
        ("LGG", 133),
        ("VLRL", 134), ("VAP", 134), ("VBPERM", 135), ("VNX", 135), ("VMSL", 135), ("VFMAX", 135), ("VSTRS", 148),
        ("VLBR", 148), ("VSLD", 148), ("VPKZR", 192),
        ("KMA", 146), ("SORTL", 150), ("DFLTCC", 151), ("KDSA", 155), ("NNPA", 165), ("LBEAR", 193), ("RDP", 194),
        ("ESSA", -1), ("SERVC", None), ("IUCV", None), ("MVC", None), ("LG", None), ("SSKE", None), ("STURG", None),
    ],
)  # fmt: skip
def test_facility(mnemonic, bit):
    assert ROW[mnemonic].facility == bit


@pytest.mark.parametrize(
    ("mnemonic", "code", "form", "name", "chapter"),
    [
        ("ESSA", "B9AB", formats.RRF_C, "EXTRACT AND SET STORAGE ATTRIBUTES", 10),
        ("SERVC", "B220", formats.RRE, "SERVICE CALL", 10),
        ("DIAG", "83", formats.RS_A, "DIAGNOSE", 10),
        ("MVC", "D2", formats.SS_A, "MOVE (character)", 7),
        ("LH", "48", formats.RX_A, "LOAD HALFWORD (32<-16)", 7),
        ("AP", "FA", formats.SS_B, "ADD DECIMAL", 8),
        ("SFPC", "B384", formats.RRE_G, "SET FPC", 9),
        ("TPI", "B236", formats.S, "TEST PENDING INTERRUPTION", 14),
        ("ADR", "2A", formats.RR_FF, "ADD NORMALIZED (long HFP)", 18),
        ("ADBR", "B31A", formats.RRE_FF, "ADD (long BFP)", 19),
        ("ADTR", "B3D2", formats.RRF_A_FFF, "ADD (long DFP)", 20),
        ("VL", "E706", formats.VRX_O, "VECTOR LOAD", 21),
        ("VA", "E7F3", formats.VRR_C_VVVM, "VECTOR ADD", 22),
        ("VSTRC", "E78A", formats.VRR_D_VVVVMM_O, "VECTOR STRING RANGE COMPARE", 23),
        ("VFA", "E7E3", formats.VRR_C_VVVMM, "VECTOR FP ADD", 24),
        ("VAP", "E671", formats.VRI_F, "VECTOR ADD DECIMAL", 25),
    ],
)
def test_row(mnemonic, code, form, name, chapter):
    assert ROW[mnemonic] == (code, mnemonic, form, name, ROW[mnemonic].facility, chapter)


def test_sizes_of_the_chapters():
    """All of them; a row more or less is a decision, not an accident."""
    assert {chapter: len(rows) for chapter, rows in CHAPTERS.items()} == {
        7: 578, 8: 10, 9: 34, 10: 100, 14: 14, 18: 100, 19: 100, 20: 74,
        21: 63, 22: 72, 23: 6, 24: 25, 25: 26,
    }  # fmt: skip
    assert len(SECOND_FORMS) == 30
