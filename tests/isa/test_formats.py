"""Formats: Principles of Operation, chapter 5, "Instruction Formats"."""

from __future__ import annotations

import pytest

from s390emu.isa import formats
from s390emu.isa.formats import BASED, INDEXED, KEYED, LENGTH, MASK, REGISTERS, RELATIVE, SIGNED, UNSIGNED, Format

FORMATS = {name: value for name, value in vars(formats).items() if isinstance(value, Format)}
SHAPES = {  # kind: the widths that its fields may have
    **{kind: {(4,)} for kind in (*REGISTERS, MASK)},
    SIGNED: {(8,), (16,), (32,)},
    UNSIGNED: {(4,), (8,), (16,), (32,)},
    RELATIVE: {(12,), (16,), (24,), (32,)},
    BASED: {(12, 4), (12, 4, 8)},
    INDEXED: {(12, 4, 4), (12, 4, 4, 8)},
    LENGTH: {(12, 4, 4), (12, 4, 8)},
    KEYED: {(12, 4, 4)},
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
    ],
)
def test_first_fields(name, fields):
    assert {operand.name: operand.fields[0] for operand in FORMATS[name].operands} == fields


def test_long_displacements():
    assert FORMATS["RXY_A"].operands[1].fields == ((20, 12), (16, 4), (12, 4), (32, 8))
    assert FORMATS["RSY_A"].operands[2].fields == ((20, 12), (16, 4), (32, 8))
