"""PACK ASCII, PACK UNICODE, UNPACK ASCII, UNPACK UNICODE: PoP ch. 7."""

from __future__ import annotations

import pytest

from s390emu.architecture.interruptions import SPECIFICATION
from s390emu.conformance.twins.storage_to_storage import packed
from tests.operands import FETCH, STORE, Operand, operand_checks

FIRST, SECOND = 0x40100, 0x50200
NUMBER = "9876543210123456789012345678901"  # 31 digits
PACKS = pytest.mark.parametrize(("name", "size"), [("pka", 1), ("pku", 2)])
UNPACKS = pytest.mark.parametrize(("name", "size"), [("unpka", 1), ("unpku", 2)])
CODECS = {1: "ascii", 2: "utf-16-be"}


def setup(lab):
    lab.psw(cc=2)
    lab.gr[5], lab.gr[6] = FIRST, SECOND


@PACKS
@pytest.mark.parametrize("digits", range(1, 33))
def test_pack(lab, name, size, digits):
    """Of 32 characters the leftmost is ignored."""
    text = ("7" + NUMBER)[-digits:]
    lab.store(SECOND, text.encode(CODECS[size]))
    lab.store(FIRST - 1, b"\xee" * 18)
    setup(lab)
    assert lab.step(f"{name} 0(%r5),0({digits * size},%r6)") == 0
    assert lab.load(FIRST - 1, 18) == b"\xee" + packed(text) + b"\xee"
    assert lab.cpu.cc == 2


@PACKS
def test_pack_takes_the_rightmost_four_bits(lab, name, size):
    """Whatever they are: A to F are digits like others."""
    lab.store(SECOND, b"\xff\xfa\x12\x34\x5b\x6c\x7d\x8e")
    setup(lab)
    assert lab.step(f"{name} 0(%r5),0(8,%r6)") == 0
    assert lab.load(FIRST, 16) == (packed("FA24BCDE") if size == 1 else packed("A4CE"))


@PACKS
def test_pack_in_place(lab, name, size):
    lab.store(FIRST, "1234".encode(CODECS[size]))
    setup(lab)
    assert lab.step(f"{name} 0(%r5),0({4 * size},%r5)") == 0
    assert lab.load(FIRST, 16) == packed("1234")


@UNPACKS
@pytest.mark.parametrize("digits", range(1, 33))
def test_unpack(lab, name, size, digits):
    """Leftmost digits that have no room are ignored; the 32nd character is a zero."""
    lab.store(SECOND, packed(NUMBER))
    lab.store(FIRST - 1, b"\xee" * 66)
    setup(lab)
    assert lab.step(f"{name} 0({digits * size},%r5),0(%r6)") == 0
    assert lab.load(FIRST - 1, 66) == b"\xee" + ("0" + NUMBER)[-digits:].encode(CODECS[size]) + b"\xee" * (
        65 - digits * size
    )
    assert lab.cpu.cc == 0


@UNPACKS
@pytest.mark.parametrize("sign", "0123456789ABCDEF")
def test_unpack_tells_the_sign(lab, name, size, sign):
    """0 plus, 1 minus, 3 invalid."""
    lab.store(SECOND, packed("12", sign))
    setup(lab)
    assert lab.step(f"{name} 0(4,%r5),0(%r6)") == 0
    assert lab.cpu.cc == {"A": 0, "B": 1, "C": 0, "D": 1, "E": 0, "F": 0}.get(sign, 3)
    assert lab.load(FIRST, 4) == ("0012" if size == 1 else "12").encode(CODECS[size])


@UNPACKS
def test_unpack_does_not_check_digits(lab, name, size):
    lab.store(SECOND, packed("ABCDEF"))
    setup(lab)
    assert lab.step(f"{name} 0({6 * size},%r5),0(%r6)") == 0
    assert lab.load(FIRST, 6 * size) == ":;<=>?".encode(CODECS[size])


@UNPACKS
def test_unpack_in_place(lab, name, size):
    lab.store(FIRST, packed("1234"))
    setup(lab)
    assert lab.step(f"{name} 0({31 * size},%r5),0(%r5)") == 0
    assert lab.load(FIRST, 31 * size) == "1234".rjust(31, "0").encode(CODECS[size])


@pytest.mark.parametrize(
    ("line", "lengths"),
    [
        ("pka 0(%r5),0({},%r6)", [33, 34, 256]),
        ("pku 0(%r5),0({},%r6)", [1, 3, 63, 65, 66, 256]),
        ("unpka 0({},%r5),0(%r6)", [33, 34, 256]),
        ("unpku 0({},%r5),0(%r6)", [1, 3, 63, 65, 66, 256]),
    ],
    ids=["pka", "pku", "unpka", "unpku"],
)
def test_lengths_that_there_are_not(lab, line, lengths):
    """Before any access: the operands are not in the configuration."""
    for length in lengths:
        setup(lab)
        lab.gr[5] = lab.gr[6] = 1 << 40
        assert lab.step(line.format(length)) == SPECIFICATION
        assert lab.changes() == {}


def other(lab):
    lab.gr[6] = FIRST
    lab.store(FIRST, packed("123"))


OPERANDS = [
    Operand("pka 0(%r5),0(5,%r6)", 16, STORE, setup=other),
    Operand("pka 0(%r6),0(31,%r5)", 31, FETCH, setup=other),
    Operand("pku 0(%r5),0(6,%r6)", 16, STORE, setup=other),
    Operand("pku 0(%r6),0(62,%r5)", 62, FETCH, setup=other),
    Operand("unpka 0(7,%r5),0(%r6)", 7, STORE, setup=other),
    Operand("unpka 0(7,%r6),0(%r5)", 16, FETCH, setup=other),
    Operand("unpku 0(14,%r5),0(%r6)", 14, STORE, setup=other),
    Operand("unpku 0(14,%r6),0(%r5)", 16, FETCH, setup=other),
]


@operand_checks(*OPERANDS)
def test_operands(lab, check, operand):
    check(lab, operand)
