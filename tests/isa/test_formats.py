"""Formats: Principles of Operation, chapter 5, "Instruction Formats"."""

from __future__ import annotations

import pytest

from s390emu.isa import formats
from s390emu.isa.formats import (
    BASED,
    ELEMENT,
    INDEXED,
    KEYED,
    LENGTH,
    MASK,
    REGISTERS,
    RELATIVE,
    SIGNED,
    UNSIGNED,
    VR,
    Format,
)

FORMATS = {name: value for name, value in vars(formats).items() if isinstance(value, Format)}
SHAPES = {  # kind: the widths that its fields may have
    **{kind: {(4,)} for kind in (*REGISTERS, MASK)},
    VR: {(4, 1)},
    SIGNED: {(8,), (16,), (32,)},
    UNSIGNED: {(4,), (8,), (12,), (16,), (32,)},
    RELATIVE: {(12,), (16,), (24,), (32,)},
    BASED: {(12, 4), (12, 4, 8)},
    INDEXED: {(12, 4, 4), (12, 4, 4, 8)},
    LENGTH: {(12, 4, 4), (12, 4, 8)},
    KEYED: {(12, 4, 4)},
    ELEMENT: {(12, 4, 4, 1)},
}


@pytest.mark.parametrize("name", FORMATS)
def test_fields_do_not_overlap_and_fit(name):
    form = FORMATS[name]
    fields = [(0, 8), *(field for operand in form.operands for field in operand.fields)]
    if form.extension:
        fields.append(form.extension)
    taken: set[int] = set()
    for start, width in fields:
        bits = set(range(start, start + width))
        assert not bits & taken, f"bits {sorted(bits & taken)} twice"
        taken |= bits
    assert max(taken) < 8 * form.length


@pytest.mark.parametrize("name", FORMATS)
def test_operands_have_the_fields_of_their_kind(name):
    for operand in FORMATS[name].operands:
        assert tuple(width for _, width in operand.fields) in SHAPES[operand.kind], operand


@pytest.mark.parametrize("name", FORMATS)
def test_variants_are_the_manuals_format(name):
    """RRE_FG is a variant of RRE: same length, same operation code, fields where RRE has them."""
    form = FORMATS[name]
    plain = form.name.upper().replace("-", "_")
    assert name == plain or name.startswith(plain + "_")
    if plain in FORMATS:
        assert (FORMATS[plain].length, FORMATS[plain].extension) == (form.length, form.extension)


@pytest.mark.parametrize("name", FORMATS)
def test_only_the_last_operands_are_optional(name):
    optional = [operand.optional for operand in FORMATS[name].operands]
    assert optional == sorted(optional)


@pytest.mark.parametrize(
    ("name", "fields"),
    [  # from the diagrams of the manual
        ("RRE", {"r1": (24, 4), "r2": (28, 4)}),
        ("RRD_FFF", {"r1": (16, 4), "r3": (24, 4), "r2": (28, 4)}),
        ("RRF_A_GGGM", {"r3": (16, 4), "m4": (20, 4), "r1": (24, 4), "r2": (28, 4)}),
        ("RRF_B_GGGM", {"r3": (16, 4), "m4": (20, 4), "r1": (24, 4), "r2": (28, 4)}),
        ("RRF_C", {"m3": (16, 4), "r1": (24, 4), "r2": (28, 4)}),
        ("RRF_D_FFM", {"m4": (20, 4), "r1": (24, 4), "r2": (28, 4)}),
        ("RRF_E_FMFM", {"m3": (16, 4), "m4": (20, 4), "r1": (24, 4), "r2": (28, 4)}),
        ("RIE_A", {"r1": (8, 4), "i2": (16, 16), "m3": (32, 4)}),
        ("RIE_B", {"r1": (8, 4), "r2": (12, 4), "ri4": (16, 16), "m3": (32, 4)}),
        ("RIE_C", {"r1": (8, 4), "m3": (12, 4), "ri4": (16, 16), "i2": (32, 8)}),
        ("RIE_D", {"r1": (8, 4), "r3": (12, 4), "i2": (16, 16)}),
        ("RIE_F", {"r1": (8, 4), "r2": (12, 4), "i3": (16, 8), "i4": (24, 8), "i5": (32, 8)}),
        ("RIE_G", {"r1": (8, 4), "m3": (12, 4), "i2": (16, 16)}),
        ("RIS", {"r1": (8, 4), "m3": (12, 4), "d4": (20, 12), "i2": (32, 8)}),
        ("RRS", {"r1": (8, 4), "r2": (12, 4), "d4": (20, 12), "m3": (32, 4)}),
        ("RSL_B", {"d2": (20, 12), "r1": (32, 4), "m3": (36, 4)}),
        ("RXE_GDM", {"r1": (8, 4), "d2": (20, 12), "m3": (32, 4)}),
        ("RXF_FFD", {"r3": (8, 4), "d2": (20, 12), "r1": (32, 4)}),
        ("SS_D", {"d1": (20, 12), "r3": (12, 4), "d2": (36, 12)}),
        ("SS_E", {"r1": (8, 4), "r3": (12, 4), "d2": (20, 12), "d4": (36, 12)}),
        ("SSF", {"r3": (8, 4), "d1": (20, 12), "d2": (36, 12)}),
        ("SIL", {"d1": (20, 12), "i2": (32, 16)}),
        ("SIY", {"i2": (8, 8), "d1": (20, 12)}),
        ("MII", {"m1": (8, 4), "ri2": (12, 12), "ri3": (24, 24)}),
        ("SMI", {"m1": (8, 4), "d3": (20, 12), "ri2": (32, 16)}),
        ("IE", {"i1": (24, 4), "i2": (28, 4)}),
        ("VRI_A_VIM_S", {"v1": (8, 4), "i2": (16, 16), "m3": (32, 4)}),
        ("VRI_B", {"v1": (8, 4), "i2": (16, 8), "i3": (24, 8), "m4": (32, 4)}),
        ("VRI_C", {"v1": (8, 4), "v3": (12, 4), "i2": (16, 16), "m4": (32, 4)}),
        ("VRI_D_VVVIM", {"v1": (8, 4), "v2": (12, 4), "v3": (16, 4), "i4": (24, 8), "m5": (32, 4)}),
        ("VRI_E", {"v1": (8, 4), "v2": (12, 4), "i3": (16, 12), "m5": (28, 4), "m4": (32, 4)}),
        ("VRI_F", {"v1": (8, 4), "v2": (12, 4), "v3": (16, 4), "m5": (24, 4), "i4": (28, 8)}),
        ("VRI_G", {"v1": (8, 4), "v2": (12, 4), "i4": (16, 8), "m5": (24, 4), "i3": (28, 8)}),
        ("VRI_H", {"v1": (8, 4), "i2": (16, 16), "i3": (32, 4)}),
        ("VRI_I", {"v1": (8, 4), "r2": (12, 4), "m4": (24, 4), "i3": (28, 8)}),
        ("VRR_A_VVMMM", {"v1": (8, 4), "v2": (12, 4), "m5": (24, 4), "m4": (28, 4), "m3": (32, 4)}),
        ("VRR_B", {"v1": (8, 4), "v2": (12, 4), "v3": (16, 4), "m5": (24, 4), "m4": (32, 4)}),
        ("VRR_C_VVVMMM", {"v1": (8, 4), "v2": (12, 4), "v3": (16, 4), "m6": (24, 4), "m5": (28, 4), "m4": (32, 4)}),
        ("VRR_D_VVVVMM", {"v1": (8, 4), "v2": (12, 4), "v3": (16, 4), "m5": (20, 4), "m6": (24, 4), "v4": (32, 4)}),
        ("VRR_E_VVVVMM", {"v1": (8, 4), "v2": (12, 4), "v3": (16, 4), "m6": (20, 4), "m5": (28, 4), "v4": (32, 4)}),
        ("VRR_F", {"v1": (8, 4), "r2": (12, 4), "r3": (16, 4)}),
        ("VRS_A", {"v1": (8, 4), "v3": (12, 4), "d2": (20, 12), "m4": (32, 4)}),
        ("VRS_B_VGDM", {"v1": (8, 4), "r3": (12, 4), "d2": (20, 12), "m4": (32, 4)}),
        ("VRS_C", {"r1": (8, 4), "v3": (12, 4), "d2": (20, 12), "m4": (32, 4)}),
        ("VRS_D", {"r3": (12, 4), "d2": (20, 12), "v1": (32, 4)}),
        ("VRV", {"v1": (8, 4), "d2": (20, 12), "m3": (32, 4)}),
        ("VRX", {"v1": (8, 4), "d2": (20, 12), "m3": (32, 4)}),
        ("VSI", {"i3": (8, 8), "d2": (20, 12), "v1": (32, 4)}),
    ],
)
def test_first_fields(name, fields):
    assert {operand.name: operand.fields[0] for operand in FORMATS[name].operands} == fields


def test_long_displacements():
    assert FORMATS["RXY_A"].operands[1].fields == ((20, 12), (16, 4), (12, 4), (32, 8))
    assert FORMATS["RSY_A"].operands[2].fields == ((20, 12), (16, 4), (32, 8))


def test_leftmost_bits_of_vector_registers():
    """Chapter 21 "RXB Field": bits 36 to 39 belong to the fields at 8, 12, 16 and 32."""
    places = {8: 36, 12: 37, 16: 38, 32: 39}
    for form in FORMATS.values():
        for operand in form.operands:
            if operand.kind == VR:
                (start, _), leftmost = operand.fields
                assert leftmost == (places[start], 1)
    assert FORMATS["VRV"].operands[1].fields == ((20, 12), (16, 4), (12, 4), (37, 1))
