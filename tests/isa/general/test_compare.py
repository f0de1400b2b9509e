"""Comparisons of registers, storage and immediates: PoP ch. 7."""

from __future__ import annotations

import pytest

from s390emu.architecture.interruptions import ADDRESSING, SPECIFICATION
from s390emu.conformance.twins.compare import (
    LOGICAL,
    LOGICAL_RELATIVE,
    SIGNED,
    SIGNED_RELATIVE,
    order,
)
from s390emu.conformance.twins.forms import FROM_HERE, RELATIVE
from tests.isa.general.forms import check, forms
from tests.lab import CODE
from tests.operands import FETCH, Operand, operand_checks


@forms(*SIGNED, *SIGNED_RELATIVE)
def test_compare(lab, form):
    check(lab, form, order)


@forms(*LOGICAL, *LOGICAL_RELATIVE)
def test_compare_logical(lab, form):
    check(lab, form, order)


@pytest.mark.parametrize(
    ("line", "first", "second", "cc"),
    [
        pytest.param("cr %r3,%r4", 0x1_FFFF_FFFF, 0x2_0000_0000, 1, id="cr-minus-one-is-below-zero"),
        pytest.param("clr %r3,%r4", 0x1_FFFF_FFFF, 0x2_0000_0000, 2, id="clr-all-ones-is-above-zero"),
        pytest.param("cgfr %r3,%r4", (1 << 64) - 1, 0xFFFF_FFFF, 0, id="cgfr-second-is-extended"),
        pytest.param("clgfr %r3,%r4", (1 << 64) - 1, 0xFFFF_FFFF, 2, id="clgfr-second-is-filled-with-zeros"),
        pytest.param("chlr %r3,%r4", 5 << 32 | 9, 4 << 32 | 5, 0, id="chlr-high-with-low"),
        pytest.param("clhhr %r3,%r4", 5 << 32, 0x8000_0000 << 32, 1, id="clhhr"),
        pytest.param("cgr %r3,%r3", 5, 0, 0, id="cgr-same-register"),
        pytest.param("cgfr %r3,%r3", 0x8000_0000, 0, 2, id="cgfr-same-register"),
        pytest.param("chlr %r3,%r3", 1 << 32 | 2, 0, 1, id="chlr-same-register"),
    ],
)
def test_values(lab, line, first, second, cc):
    lab.psw(cc=3)
    lab.gr[3], lab.gr[4] = first, second
    assert lab.step(line) == 0
    assert lab.changes() == {"cc": cc}


@operand_checks(
    *(
        Operand(form.line.format(7), place.bits // 8, FETCH)
        for form in SIGNED + LOGICAL
        for place in form.operands
        if place.kind == "storage"
    ),
    Operand("clm %r3,5,0(%r5)", 2, FETCH),
    Operand("clm %r3,15,0(%r5)", 4, FETCH),
    Operand("clmy %r3,7,0(%r5)", 3, FETCH),
    Operand("clmh %r3,15,0(%r5)", 4, FETCH),
)
def test_operands(lab, check, operand):
    check(lab, operand)


@pytest.mark.parametrize("form", SIGNED_RELATIVE + LOGICAL_RELATIVE, ids=str)
def test_relative_operand_on_an_integral_boundary(lab, form):
    """A word and a doubleword must be, before the storage is looked at; a halfword cannot help being."""
    size = form.second.bits // 8
    for offset in (2, 4, 6):
        lab.psw(cc=3)
        code = lab.step(f"{form} %r3,.+{offset + 0x800}")
        assert code == (0 if offset % size == 0 else SPECIFICATION)
        assert ("cc" in lab.changes()) == (code == 0)
    if size > 2:
        lab.psw(ia=CODE)
        assert lab.step(f"{form} %r3,.+0xE0002") == SPECIFICATION  # and not addressing
        assert lab.changes() == {}


@pytest.mark.parametrize("mnemonic", ["chrl", "cghrl"])
def test_relative_halfword_is_two_bytes(lab, mnemonic):
    """PoP ch. 7 "COMPARE HALFWORD RELATIVE LONG"; Unicorn 2.1.4 compares four."""
    lab.psw(cc=3)
    lab.store(RELATIVE, b"\xff\xfe\x00\x03")
    lab.gr[3] = (1 << 64) - 2
    assert lab.step(f"{mnemonic} %r3,{FROM_HERE}") == 0
    assert lab.changes() == {"cc": 0}


@pytest.mark.parametrize("form", SIGNED_RELATIVE + LOGICAL_RELATIVE, ids=str)
def test_relative_operand_outside_the_configuration(lab, form):
    lab.psw(ia=CODE)
    assert lab.step(f"{form} %r3,.+0xE0000") == ADDRESSING
    assert lab.changes() == {}


MASKS = [
    pytest.param(0, b"", 0, id="none"),
    pytest.param(8, b"\x11", 0, id="first"),
    pytest.param(1, b"\xf5", 1, id="last-low"),
    pytest.param(5, b"\x80\xf4", 0, id="two-apart"),
    pytest.param(5, b"\x81\x00", 1, id="the-first-unequal-byte-decides"),
    pytest.param(10, b"\x11\x32", 2, id="high-at-the-second"),
    pytest.param(15, b"\x11\x80\x33\xf4", 0, id="all"),
    pytest.param(7, b"\x7f\xff\xff", 2, id="unsigned"),
]


@pytest.mark.parametrize("mnemonic", ["clm", "clmy", "clmh"])
@pytest.mark.parametrize(("mask", "second", "cc"), MASKS)
def test_characters_under_mask(lab, mnemonic, mask, second, cc):
    lab.psw(cc=3)
    lab.gr[3] = 0x118033F4 << 32 if mnemonic == "clmh" else 0x118033F4
    lab.gr[5] = 0x38105
    lab.store(0x38105, second + b"\0")
    assert lab.step(f"{mnemonic} %r3,{mask},0(%r5)") == 0
    assert lab.changes() == {"cc": cc}


@pytest.mark.parametrize("mnemonic", ["clm", "clmy", "clmh"])
def test_mask_of_zero_still_has_access_exceptions(lab, mnemonic):
    lab.gr[5] = 1 << 20
    assert lab.step(f"{mnemonic} %r3,0,0(%r5)") == ADDRESSING
    assert lab.changes() == {}


def test_characters_under_mask_use_no_more_bytes_than_the_mask_has(lab):
    lab.psw(cc=3)
    lab.gr[5] = (1 << 20) - 2
    assert lab.step("clm %r3,9,0(%r5)") == 0
    assert lab.changes() == {"cc": 0}
