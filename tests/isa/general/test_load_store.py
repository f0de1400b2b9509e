"""LOAD and STORE of general registers: PoP ch. 7."""

from __future__ import annotations

import pytest

from s390emu.architecture.interruptions import SPECIFICATION
from tests.isa.general.execute import DATA, OLD, execute
from tests.lab import ALL
from tests.operands import FETCH, STORE, Operand, operand_checks

HIGH = OLD & 0xFFFFFFFF00000000

LOADS = [
    ("l", "80000001ff", HIGH | 0x80000001),
    ("ly", "7fffffff", HIGH | 0x7FFFFFFF),
    ("lg", "8000000000000001", 0x8000000000000001),
    ("lgf", "80000001", 0xFFFFFFFF80000001),
    ("lgf", "7fffffff80", 0x7FFFFFFF),
    ("lh", "8001ff", HIGH | 0xFFFF8001),
    ("lh", "7fff", HIGH | 0x7FFF),
    ("lhy", "ffff", HIGH | 0xFFFFFFFF),
    ("lgh", "8001", ALL - 0x7FFE),
    ("lgh", "7fffff", 0x7FFF),
    ("lb", "80ff", HIGH | 0xFFFFFF80),
    ("lb", "7f", HIGH | 0x7F),
    ("lgb", "80", ALL - 0x7F),
    ("lgb", "7fff", 0x7F),
]


@pytest.mark.parametrize(("mnemonic", "data", "result"), LOADS)
def test_load(lab, mnemonic, data, result):
    assert execute(lab, f"{mnemonic} %r3,0(%r5)", data=data) == (0, {"r3": result})


@pytest.mark.parametrize(("mnemonic", "data", "result"), LOADS)
def test_load_into_its_base(lab, mnemonic, data, result):
    code, changes = execute(lab, f"{mnemonic} %r5,0(%r5)", data=data)
    assert (code, changes["r5"] & 0xFFFFFFFF) == (0, result & 0xFFFFFFFF)


@pytest.mark.parametrize(
    ("mnemonic", "second", "result"),
    [
        ("lr", ALL << 31 & ALL, HIGH | 0x80000000),
        ("lgr", 0x8000000000000001, 0x8000000000000001),
        ("lgfr", 0x1234567880000001, 0xFFFFFFFF80000001),
        ("lgfr", 0xFFFFFFFF7FFFFFFF, 0x7FFFFFFF),
        ("lhr", 0x12348001, HIGH | 0xFFFF8001),
        ("lhr", 0xFFFF7FFF, HIGH | 0x7FFF),
        ("lghr", 0x12348001, ALL - 0x7FFE),
        ("lghr", 0xFFFF7FFF, 0x7FFF),
        ("lbr", 0x7F80, HIGH | 0xFFFFFF80),
        ("lbr", 0xFF7F, HIGH | 0x7F),
        ("lgbr", 0x7F80, ALL - 0x7F),
        ("lgbr", 0xFF7F, 0x7F),
    ],
)
def test_load_register(lab, mnemonic, second, result):
    assert execute(lab, f"{mnemonic} %r3,%r4", r4=second) == (0, {"r3": result})


def test_load_register_from_itself(lab):
    assert execute(lab, "lgfr %r3,%r3", r3=0x80000000) == (0, {"r3": 0xFFFFFFFF80000000})


@pytest.mark.parametrize(
    ("mnemonic", "data"),
    [("st", "89abcdef"), ("sty", "89abcdef"), ("stg", "0123456789abcdef"), ("sth", "cdef"), ("sthy", "cdef"),
     ("stc", "ef"), ("stcy", "ef")],
)  # fmt: skip
def test_store(lab, mnemonic, data):
    assert execute(lab, f"{mnemonic} %r3,0(%r5)") == (0, {DATA: bytes.fromhex(data)})


@pytest.mark.parametrize(
    ("mnemonic", "length"),
    [("l", 4), ("ly", 4), ("lg", 8), ("lgf", 4), ("lh", 2), ("lhy", 2), ("lgh", 2), ("lb", 1), ("lgb", 1)],
)
def test_index_base_and_displacement_are_added(lab, mnemonic, length):
    lab.store(DATA + 0x123, b"\x01" * length)
    code, changes = execute(lab, f"{mnemonic} %r3,0x123(%r4,%r5)", r5=DATA + 0x45, r4=ALL - 0x44, r3=0)
    assert (code, changes) == (0, {"r3": int("01" * length, 16)})


@pytest.mark.parametrize("mnemonic", ["ly", "lg", "lgf", "lhy", "lgh", "lb", "lgb"])
def test_displacement_is_signed(lab, mnemonic):
    lab.store(DATA, b"\x01" * 8)
    code, changes = execute(lab, f"{mnemonic} %r3,-0x80000(%r5)", r5=DATA + 0x80000, r3=0)
    assert (code, changes["r3"] & 0xFF) == (0, 1)


TARGET = 0x20800  # in reach of both instructions


@pytest.mark.parametrize(
    ("mnemonic", "data", "result"),
    [
        ("lrl", "80000001", HIGH | 0x80000001),
        ("lgrl", "8000000000000001", 0x8000000000000001),
        ("lgfrl", "80000001", 0xFFFFFFFF80000001),
        ("lhrl", "8001", HIGH | 0xFFFF8001),
        ("lghrl", "8001", ALL - 0x7FFE),
    ],
)
@pytest.mark.parametrize("at", [0x20000, 0x21000], ids=["forward", "backward"])
def test_load_relative_long(lab, mnemonic, data, result, at):
    lab.store(TARGET, bytes.fromhex(data))
    lab.gr[3] = OLD
    lab.psw(ia=at)
    assert lab.step(f"{mnemonic} %r3,.{TARGET - at:+d}") == 0
    assert lab.changes() == {"r3": result}


@pytest.mark.parametrize(
    ("mnemonic", "data"), [("strl", "89abcdef"), ("stgrl", "0123456789abcdef"), ("sthrl", "cdef")]
)
@pytest.mark.parametrize("at", [0x20000, 0x21000], ids=["forward", "backward"])
def test_store_relative_long(lab, mnemonic, data, at):
    lab.gr[3] = OLD
    lab.psw(ia=at)
    assert lab.step(f"{mnemonic} %r3,.{TARGET - at:+d}") == 0
    assert lab.changes() == {TARGET: bytes.fromhex(data)}


@pytest.mark.parametrize(
    ("mnemonic", "offset"),
    [("lrl", 2), ("lgfrl", 2), ("strl", 2), ("lgrl", 2), ("lgrl", 4), ("lgrl", 6), ("stgrl", 2), ("stgrl", 4)],
)
def test_relative_long_needs_its_boundary(lab, mnemonic, offset):
    assert lab.step(f"{mnemonic} %r3,.{0x800 + offset:+d}") == SPECIFICATION
    assert lab.changes() == {}


@pytest.mark.parametrize("mnemonic", ["lhrl", "lghrl", "sthrl"])
def test_halfword_relative_long_may_lie_on_any_halfword(lab, mnemonic):
    assert lab.step(f"{mnemonic} %r3,.+2050") == 0


@pytest.mark.parametrize("line", ["pfd 1,0(%r5)", "pfd 2,0(%r5)", "pfd 15,0(%r5)", "pfdrl 2,0x7ffffffe"])
def test_prefetch_recognizes_no_access_exception(lab, line):
    assert execute(lab, line, r5=0x7FFFFFFF00000000) == (0, {})


@operand_checks(
    *(Operand(f"{m} %r3,0(%r5)", n, FETCH)
      for m, n in (("l", 4), ("ly", 4), ("lg", 8), ("lgf", 4), ("lh", 2), ("lhy", 2), ("lgh", 2), ("lb", 1),
                   ("lgb", 1))),
    *(Operand(f"{m} %r3,0(%r5)", n, STORE)
      for m, n in (("st", 4), ("sty", 4), ("stg", 8), ("sth", 2), ("sthy", 2), ("stc", 1), ("stcy", 1))),
)  # fmt: skip
def test_operands(lab, check, operand):
    check(lab, operand)
