"""LOAD MULTIPLE, STORE MULTIPLE, and pairs: PoP ch. 7."""

from __future__ import annotations

import pytest

from s390emu.architecture.interruptions import ADDRESSING, SPECIFICATION
from tests.isa.general.execute import DATA, execute
from tests.lab import ALL
from tests.operands import FETCH, STORE, Operand, operand_checks

RANGES = [(3, 3), (0, 1), (6, 15), (14, 2), (15, 0), (0, 15), (5, 4)]  # %r5 is the base
LOADS = [("lm", 4), ("lmy", 4), ("lmg", 8), ("lmh", 4)]
STORES = [("stm", 4), ("stmy", 4), ("stmg", 8), ("stmh", 4)]


def registers_between(r1: int, r3: int) -> list[int]:
    return [n % 16 for n in range(r1, r1 + (r3 - r1) % 16 + 1)]


def filled(lab) -> list[int]:
    """Every register its own number, but for the base."""
    lab.gr[:] = [(0xA0 + n) * 0x0100000001000000 + n for n in range(16)]
    lab.gr[5] = DATA
    return [int(value) for value in lab.gr]


def loaded(mnemonic: str, old: int, value: int) -> int:
    if mnemonic == "lmg":
        return value
    return value << 32 | old & 0xFFFFFFFF if mnemonic == "lmh" else old >> 32 << 32 | value


def stored(mnemonic: str, value: int) -> bytes:
    if mnemonic == "stmg":
        return value.to_bytes(8, "big")
    return (value >> 32 if mnemonic == "stmh" else value & 0xFFFFFFFF).to_bytes(4, "big")


@pytest.mark.parametrize(("mnemonic", "length"), LOADS)
@pytest.mark.parametrize(("r1", "r3"), RANGES)
def test_load_multiple(lab, mnemonic, length, r1, r3):
    numbers = registers_between(r1, r3)
    values = [int.from_bytes(bytes(0xF0 - 3 * n - k for k in range(length)), "big") for n in range(len(numbers))]
    lab.store(DATA, b"".join(value.to_bytes(length, "big") for value in values))
    before = filled(lab)
    assert lab.step(f"{mnemonic} %r{r1},%r{r3},0(%r5)") == 0
    expected = {f"r{n}": loaded(mnemonic, before[n], value) for n, value in zip(numbers, values, strict=True)}
    assert lab.changes() == expected


@pytest.mark.parametrize(("mnemonic", "length"), STORES)
@pytest.mark.parametrize(("r1", "r3"), RANGES)
def test_store_multiple(lab, mnemonic, length, r1, r3):
    lab.store(DATA, b"\x55" * 256)
    before = filled(lab)
    assert lab.step(f"{mnemonic} %r{r1},%r{r3},0(%r5)") == 0
    data = b"".join(stored(mnemonic, before[n]) for n in registers_between(r1, r3))
    assert lab.load(DATA, len(data) + 1) == data + b"\x55"
    assert all(DATA <= address < DATA + len(data) for address in lab.changes())


@pytest.mark.parametrize(("mnemonic", "length"), LOADS)
def test_load_multiple_uses_its_base_before_loading_it(lab, mnemonic, length):
    lab.store(DATA, bytes(range(1, 17)))
    before = filled(lab)
    assert lab.step(f"{mnemonic} %r5,%r6,0(%r5)") == 0
    first, second = (int.from_bytes(bytes(range(1 + at, 1 + at + length)), "big") for at in (0, length))
    assert lab.changes() == {"r5": loaded(mnemonic, before[5], first), "r6": loaded(mnemonic, before[6], second)}


def test_lmd(lab):
    lab.store(DATA, bytes.fromhex("8000000180000002"))
    lab.store(DATA + 0x100, bytes.fromhex("7000000170000002"))
    lab.gr[4], lab.gr[5] = DATA, DATA + 0x100
    assert lab.step("lmd %r4,%r5,0(%r4),0(%r5)") == 0
    assert lab.changes() == {"r4": 0x8000000170000001, "r5": 0x8000000270000002}


@pytest.mark.parametrize(
    ("line", "before", "changes"),
    [
        pytest.param("lpq %r2,0(%r5)", {}, {"r2": 0x0102030405060708, "r3": 0x090A0B0C0D0E0F10}, id="lpq"),
        pytest.param("lpq %r4,0(%r5)", {}, {"r4": 0x0102030405060708, "r5": 0x090A0B0C0D0E0F10}, id="lpq-base"),
        pytest.param("stpq %r2,0(%r5)", {"r2": ALL, "r3": ALL - 1}, {DATA: b"\xff" * 15 + b"\xfe"}, id="stpq"),
        pytest.param("lpd %r2,0(%r5),8(%r5)", {"r2": 7 << 32, "r3": 0},
                     {"r2": 7 << 32 | 0x01020304, "r3": 0x090A0B0C, "cc": 0}, id="lpd"),
        pytest.param("lpdg %r2,8(%r5),0(%r5)", {}, {"r2": 0x090A0B0C0D0E0F10, "r3": 0x0102030405060708, "cc": 0},
                     id="lpdg"),
    ],
)  # fmt: skip
def test_pair(lab, line, before, changes):
    assert execute(lab, line, data=bytes(range(1, 17)).hex(), **before) == (0, changes)


@pytest.mark.parametrize(
    "line",
    ["lpq %r3,0(%r5)", "lpq %r2,8(%r5)", "lpq %r2,15(%r5)", "stpq %r3,0(%r5)", "stpq %r2,8(%r5)", "stpq %r2,1(%r5)",
     "lpd %r3,0(%r5),8(%r5)", "lpd %r2,2(%r5),8(%r5)", "lpd %r2,0(%r5),2(%r5)",
     "lpdg %r3,0(%r5),8(%r5)", "lpdg %r2,4(%r5),8(%r5)", "lpdg %r2,0(%r5),4(%r5)"],
)  # fmt: skip
def test_pair_specification(lab, line):
    assert execute(lab, line) == (SPECIFICATION, {})


def test_specification_comes_before_access_exceptions(lab):
    assert execute(lab, "lpq %r2,8(%r5)", r5=1 << 40) == (SPECIFICATION, {})
    assert execute(lab, "lpq %r2,0(%r5)", r5=1 << 40) == (ADDRESSING, {})


def other_at(address: int):
    """The operand that is not the checked one lies at %r4."""

    def setup(lab):
        lab.store(address, bytes(range(32)))
        lab.gr[4] = address

    return setup


@operand_checks(
    *(Operand(f"{m} %r6,%r{last},0(%r5)", n * count, FETCH) for m, n in LOADS for last, count in ((6, 1), (4, 15))),
    *(Operand(f"{m} %r6,%r{last},0(%r5)", n * count, STORE) for m, n in STORES for last, count in ((6, 1), (4, 15))),
    Operand("lpq %r2,0(%r5)", 16, FETCH, align=16),
    Operand("stpq %r2,0(%r5)", 16, STORE, align=16),
    Operand("lmd %r6,%r8,0(%r5),0(%r4)", 12, FETCH, setup=other_at(0x38400)),
    Operand("lmd %r6,%r8,0(%r4),0(%r5)", 12, FETCH, setup=other_at(0x38400)),
    Operand("lpd %r2,0(%r5),0(%r4)", 4, FETCH, align=4, setup=other_at(0x38400)),
    Operand("lpd %r2,0(%r4),0(%r5)", 4, FETCH, align=4, setup=other_at(0x38400)),
    Operand("lpdg %r2,0(%r5),0(%r4)", 8, FETCH, align=8, setup=other_at(0x38400)),
    Operand("lpdg %r2,0(%r4),0(%r5)", 8, FETCH, align=8, setup=other_at(0x38400)),
)
def test_operands(lab, check, operand):
    check(lab, operand)
