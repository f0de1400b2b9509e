"""Extended mnemonics of the vector instructions: the letters that stand for element size, format, control bits.

The names are those of the Principles of Operation, chapters 21 to 25, and of GNU as. For `EXTENDED`, `PARTLY` and
`ALIASES` see extended.py.
"""

from __future__ import annotations

Given = dict[str, int]

# Suffixes by element size, from 0 on (a blank: not of this instruction), the mask that has the size, the rows.
_BY_SIZE: tuple[tuple[str, str, str], ...] = (
    ("BHFG", "m3", "VLLEZ VLREP VREPI VPOPCT VCTZ VCLZ VECL VEC VLC VLP"),
    (" HFG", "m3", "VLBRREP VLER VSTER"),
    (" HFGQ", "m3", "VLBR VSTBR"),
    (" HF", "m3", "VLLEBRZ"),
    ("BHF", "m3", "VSEG VUPLL VUPLH VUPL VUPH"),
    ("BHFGQ", "m4", "VACC VA VSCBI VS"),
    ("BHFG", "m4", "VLGV VLVG VGM VREP VMRL VMRH VESL VERLL VESRL VESRA VESLV VERLLV VESRLV VESRAV VGFM VAVGL VAVG "
                   "VMNL VMXL VMN VMX"),
    (" HFG", "m4", "VPK"),
    ("BHF", "m4", "VMLH VML VMH VMLE VMLO VME VMO"),
    ("BH", "m4", "VSUM"),
    (" HF", "m4", "VSUMG"),
    ("  FG", "m4", "VSUMQ"),
    ("BHFG", "m5", "VERIM VGFMA"),
    ("BHF", "m5", "VMALH VMAL VMAH VMALE VMALO VMAE VMAO"),
    ("   G", "m5", "VMSL"),
    ("    Q", "m5", "VACCC VAC VSBCBI VSBI"),
)  # fmt: skip
_HALFWORD = {"VUPLH": "VUPLHW", "VMLH": "VMLHW", "VMALH": "VMALHW"}  # the name is another row's
_WITH_CC = ((" HFG", "VPKLS VPKS"), ("BHFG", "VCEQ VCHL VCH"))  # M4: size; M5: set the condition code

# Floating point: the masks that have the format and the single-element control, the rows.
_BFP = (
    ("m3", "m4", "VFSQ"),
    ("m4", "m5", "VFTCI VFS VFA VFD VFM VFMIN VFMAX"),
    ("m6", "m5", "VFMS VFMA VFNMS VFNMA"),
)
# Format, letter; all elements or only the first, letter and control.
_FORMATS = ((2, 0, "V{}SB"), (2, 8, "W{}SB"), (3, 0, "V{}DB"), (3, 8, "W{}DB"), (4, 8, "W{}XB"))
_SIGN_OPERATIONS = ("FLC", "FLN", "FLP")  # by M5 of VFPSO

# Conversions: the name but for its first letter, the row, the format in M3. M4 keeps its other bits.
_CONVERSIONS = (
    ("CLFEB", "VCLFP", 2), ("CLGDB", "VCLFP", 3), ("CELFB", "VCFPL", 2), ("CDLGB", "VCFPL", 3),
    ("CFEB", "VCSFP", 2), ("CGDB", "VCSFP", 3), ("CEFB", "VCFPS", 2), ("CDGB", "VCFPS", 3),
    ("FLRD", "VFLR", 3), ("FLRX", "VFLR", 4), ("FISB", "VFI", 2), ("FIDB", "VFI", 3), ("FIXB", "VFI", 4),
)  # fmt: skip
_SINGLE = 8  # single-element control


def _by_size() -> list[tuple[str, str, Given]]:
    found = []
    for letters, mask, rows in _BY_SIZE:
        for row in rows.split():
            for size, letter in enumerate(letters):
                if letter != " ":
                    name = row + letter
                    found.append((_HALFWORD.get(name, name) if row + "H" in _HALFWORD else name, row, {mask: size}))
    for letters, rows in _WITH_CC:
        for row in rows.split():
            for size, letter in enumerate(letters):
                if letter != " ":
                    found += [
                        (row + letter, row, {"m4": size, "m5": 0}),
                        (row + letter + "S", row, {"m4": size, "m5": 1}),
                    ]
    return found


def _strings() -> list[tuple[str, str, Given]]:
    """Z: search for zero too; S: set the condition code. Where neither is said the last mask may still be written."""
    found: list[tuple[str, str, Given]] = []
    for size, letter in enumerate("BHF"):
        found += [(f"VISTR{letter}S", "VISTR", {"m3": size, "m5": 1}), (f"VISTR{letter}", "VISTR", {"m3": size})]
        found += [(f"VSTRSZ{letter}", "VSTRS", {"m5": size, "m6": 2}), (f"VSTRS{letter}", "VSTRS", {"m5": size})]
        for row in ("VFEE", "VFENE"):
            for control, name in ((1, "{}{}S"), (2, "{}Z{}"), (3, "{}Z{}S")):
                found.append((name.format(row, letter), row, {"m4": size, "m5": control}))
            found.append((row + letter, row, {"m4": size}))
    return found


def _ranges() -> list[tuple[str, str, Given, dict[str, tuple[int, int]]]]:
    """The two controls are the rightmost bits of the last mask, whose other bits are still written."""
    return [
        (name.format(row, letter), row, {size_mask: size}, {control_mask: (3, control)})
        for row, size_mask, control_mask in (("VFAE", "m4", "m5"), ("VSTRC", "m5", "m6"))
        for size, letter in enumerate("BHF")
        for control, name in enumerate(("{}{}", "{}{}S", "{}Z{}", "{}Z{}S"))
    ]


def _floating() -> list[tuple[str, str, Given]]:
    found: list[tuple[str, str, Given]] = []
    for form_mask, single_mask, rows in _BFP:
        for row in rows.split():
            for form, single, name in _FORMATS:
                found.append((name.format(row[1:]), row, {form_mask: form, single_mask: single}))
    for row in ("WFK", "WFC"):
        found += [(f"{row}{letter}B", row, {"m3": 2 + n, "m4": 0}) for n, letter in enumerate("SDX")]
    for form, single, name in _FORMATS:
        for operation, letters in enumerate(_SIGN_OPERATIONS):
            found.append((name.format(letters), "VFPSO", {"m3": form, "m4": single, "m5": operation}))
        found.append((name.format("FPSO"), "VFPSO", {"m3": form, "m4": single}))
        for row in ("VFCE", "VFCHE", "VFCH"):
            for signaling, letters in ((0, row[1:]), (4, "FK" + row[3:])):
                for control, cc in ((0, ""), (1, "S")):
                    given = {"m4": form, "m5": single + signaling, "m6": control}
                    found.append((name.format(letters) + cc, row, given))
    return found


EXTENDED: tuple[tuple[str, str, Given], ...] = (
    ("VZERO", "VGBM", {"i2": 0}),
    ("VONE", "VGBM", {"i2": 0xFFFF}),
    *_by_size(),
    ("VLLEZLF", "VLLEZ", {"m3": 6}),
    ("LDRV", "VLLEBRZ", {"m3": 3}),
    ("LERV", "VLLEBRZ", {"m3": 6}),
    ("VLLEBRZG", "VLLEBRZ", {"m3": 3}),
    ("VLLEBRZE", "VLLEBRZ", {"m3": 6}),
    ("STDRV", "VSTEBRG", {"m3": 0}),
    ("STERV", "VSTEBRF", {"m3": 0}),
    *_strings(),
    *_floating(),
    ("VFLLS", "VFLL", {"m3": 2, "m4": 0}),
    ("WFLLS", "VFLL", {"m3": 2, "m4": _SINGLE}),
    ("WFLLD", "VFLL", {"m3": 3, "m4": _SINGLE}),
    ("VLDEB", "VFLL", {"m3": 2, "m4": 0}),
    ("WLDEB", "VFLL", {"m3": 2, "m4": _SINGLE}),
    *((f"VSCH{letter}P", "VSCHP", {"m4": 2 + n}) for n, letter in enumerate("SDX")),
)

PARTLY: tuple[tuple[str, str, Given, dict[str, tuple[int, int]]], ...] = (
    *_ranges(),
    *(
        (letter + name, row, {"m3": form}, {"m4": (_SINGLE, single)})
        for name, row, form in _CONVERSIONS
        for letter, single in (("V", 0), ("W", _SINGLE))
        if letter == "W" or form < 4
    ),
)

ALIASES = {
    "VCLGD": "VCLFP", "VCDLG": "VCFPL", "VCGD": "VCSFP", "VCDG": "VCFPS", "VLDE": "VFLL", "VLED": "VFLR",
    "VLEDB": "VFLRD", "WLEDB": "WFLRD",
}  # fmt: skip
