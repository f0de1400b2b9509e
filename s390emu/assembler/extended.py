"""Extended mnemonics: other names for a row, with some operands already given. Principles of Operation, appendix H of
older editions, "Assembler Use of the Extended Mnemonics"; the names are those of GNU as, which has more of them.

A row of `EXTENDED` is (mnemonic, the row's mnemonic, the operands given), one of `PARTLY` has besides, by operand, the
bits that are given and which of them are on: the operand is written without them. The first of those that fit is what
the disassembler writes, as objdump does; names in `ALIASES` are only read.
"""

from __future__ import annotations

from s390emu.assembler import extended_vectors

# The conditions by mask, the name that objdump writes first.
_CONDITIONS: dict[int, tuple[str, ...]] = {  # after any instruction that sets the condition code
    1: ("O",), 2: ("H", "P"), 3: ("NLE",), 4: ("L", "M"), 5: ("NHE",), 6: ("LH",), 7: ("NE", "NZ"),
    8: ("E", "Z"), 9: ("NLH",), 10: ("HE",), 11: ("NL", "NM"), 12: ("LE",), 13: ("NH", "NP"), 14: ("NO",),
}  # fmt: skip
_COMPARISONS: dict[int, tuple[str, ...]] = {  # of an instruction that compares and then acts
    2: ("H", "NLE"), 4: ("L", "NHE"), 6: ("NE", "LH"), 8: ("E", "NLH"), 10: ("NL", "HE"), 12: ("NH", "LE"),
}  # fmt: skip

# (row, how its extended mnemonics are built, the mask operand, the conditions)
_FAMILIES: tuple[tuple[str, str, str, dict[int, tuple[str, ...]]], ...] = (
    ("BC", "B{}", "m1", _CONDITIONS),
    ("BCR", "B{}R", "m1", _CONDITIONS),
    ("BRC", "J{}", "m1", _CONDITIONS),
    ("BRC", "BR{}", "m1", _CONDITIONS),
    ("BRCL", "JG{}", "m1", _CONDITIONS),
    ("BRCL", "BR{}L", "m1", _CONDITIONS),
    ("BIC", "BI{}", "m1", _CONDITIONS),
    *((row, row + "{}", "m3", _CONDITIONS) for row in (
        "LOC", "LOCG", "LOCR", "LOCGR", "STOC", "STOCG", "LOCFH", "LOCFHR", "STOCFH", "LOCHI", "LOCGHI", "LOCHHI")),
    *((row, row + "{}", "m4", _CONDITIONS) for row in ("SELR", "SELGR", "SELFHR")),
    *((row, row + "{}", "m3", _COMPARISONS) for row in (
        "CRJ", "CGRJ", "CLRJ", "CLGRJ", "CIJ", "CGIJ", "CLIJ", "CLGIJ", "CRB", "CGRB", "CLRB", "CLGRB",
        "CIB", "CGIB", "CLIB", "CLGIB", "CRT", "CGRT", "CLRT", "CLGRT", "CIT", "CGIT", "CLFIT", "CLGIT",
        "CLT", "CLGT")),
)  # fmt: skip

EXTENDED: tuple[tuple[str, str, dict[str, int]], ...] = (
    ("NOP", "BC", {"m1": 0}),
    ("B", "BC", {"m1": 15}),
    ("NOPR", "BCR", {"m1": 0}),
    ("BR", "BCR", {"m1": 15}),
    ("JNOP", "BRC", {"m1": 0}),
    ("J", "BRC", {"m1": 15}),
    ("BRU", "BRC", {"m1": 15}),
    ("JGNOP", "BRCL", {"m1": 0}),
    ("JG", "BRCL", {"m1": 15}),
    ("BRUL", "BRCL", {"m1": 15}),
    ("BI", "BIC", {"m1": 15}),
    ("CUTFU", "CU12", {"m3": 0}),
    ("CUUTF", "CU21", {"m3": 0}),
    *extended_vectors.EXTENDED,
    *(
        (name.format(condition), row, {mask: value})
        for row, name, mask, conditions in _FAMILIES
        for value, names in conditions.items()
        for condition in names
    ),
)

# Another spelling of the same row.
ALIASES = {
    "JAS": "BRAS", "JASL": "BRASL", "JCT": "BRCT", "JCTG": "BRCTG",
    "JXH": "BRXH", "JXLE": "BRXLE", "JXHG": "BRXHG", "JXLEG": "BRXLG",
    "TML": "TMLL", "TMH": "TMLH", "ME": "MDE", "MER": "MDER", "LRDR": "LDXR", "LRER": "LEDR", "PPNO": "PRNO",
    **extended_vectors.ALIASES,
}  # fmt: skip

# GNU as takes a second register for these, in bits that the CPU ignores.
IGNORING = ("EFPC", "SFPC")

PARTLY: tuple[tuple[str, str, dict[str, int], dict[str, tuple[int, int]]], ...] = (
    # "Zero the remaining bits" (PoP ch. 7) is bit 0 of I4; bit 1 is reserved.
    ("RISBGZ", "RISBG", {}, {"i4": (0xC0, 0x80)}),
    ("RISBGNZ", "RISBGN", {}, {"i4": (0xC0, 0x80)}),
    *extended_vectors.PARTLY,
)
