"""LOAD AND ADD and its kin, COMPARE AND SWAP (AND STORE), TEST AND SET: PoP ch. 7."""

from __future__ import annotations

import pytest

from s390emu.architecture.interruptions import ADDRESSING, FIXED_POINT_OVERFLOW, PROTECTION, SPECIFICATION
from s390emu.architecture.storage_key import CHANGE
from s390emu.conformance.twins.bits import LOAD_AND, OPERATIONS, SWAPS, compare_and_swap, load_and
from tests.isa.general.execute import DATA, execute
from tests.isa.general.forms import check, forms
from tests.lab import BA_EA, PROGRAM_MASK_ALL
from tests.operands import FETCH, STORE, UPDATE, Operand, operand_checks

LOW32 = (1 << 32) - 1


@forms(*LOAD_AND)
def test_load_and(lab, form):
    check(lab, form, load_and)


@forms(*SWAPS)
def test_swaps(lab, form):
    check(lab, form, compare_and_swap)


@pytest.mark.parametrize(("mnemonic", "length"), [("laa", 4), ("laag", 8)])
def test_load_and_add_overflow_interrupts_after_completion(lab, mnemonic, length):
    most = "7f" + "ff" * (length - 1)
    line = f"{mnemonic} %r3,%r4,0(%r5)"
    code, changes = execute(lab, line, mask=BA_EA | PROGRAM_MASK_ALL, cc=0, data=most, r3=0, r4=1)
    expected = {"cc": 3, "r3": int(most, 16), DATA: bytes.fromhex("80" + "00" * (length - 1))}
    assert (code, changes) == (FIXED_POINT_OVERFLOW, expected)


@pytest.mark.parametrize("name", [f"{name}{form}" for name in OPERATIONS for form in ("", "g")])
def test_load_and_same_register(lab, name):
    """r3 is used before r1 is loaded."""
    code, changes = execute(lab, f"{name} %r3,%r3,0(%r5)", data="00" * 7 + "06", r3=3 << 32 | 3)
    assert code == 0
    new = {"laa": 9, "laal": 9, "lan": 2, "lao": 7, "lax": 5}[name.removesuffix("g")]
    if name.endswith("g"):
        assert lab.load(DATA + 7, 1) == bytes([new])
        assert changes["r3"] == 6
    else:
        assert lab.word(DATA, 4) == (3 if name != "lan" else 0)
        assert changes["r3"] == 3 << 32


WORDS = [*OPERATIONS, "cs", "csy"]
DOUBLEWORDS = [*(f"{name}g" for name in OPERATIONS), "csg", "cds", "cdsy"]


@pytest.mark.parametrize(
    ("mnemonic", "offset"),
    [(m, n) for m in WORDS for n in (1, 2)] + [(m, n) for m in DOUBLEWORDS for n in (1, 4)]
    + [("cdsg", 1), ("cdsg", 8)],
)
def test_operand_needs_its_boundary(lab, mnemonic, offset):
    assert execute(lab, f"{mnemonic} %r2,%r6,{offset}(%r5)") == (SPECIFICATION, {})
    assert execute(lab, f"{mnemonic} %r2,%r6,{offset}(%r5)", r5=1 << 40) == (SPECIFICATION, {})
    assert execute(lab, f"{mnemonic} %r2,%r6,0(%r5)", r5=1 << 40) == (ADDRESSING, {})


# --- COMPARE AND SWAP ------------------------------------------------------------------------------------------------

R6 = 0xA0A1A2A3A4A5A6A7
R7 = 0xB0B1B2B3B4B5B6B7
QUAD = "c0c1c2c3c4c5c6c7d0d1d2d3d4d5d6d7"

SWAPPED = [
    # r2 and r3 that are equal to storage; changes then; changes where they are not
    pytest.param("cs", {"r2": 0x99 << 32 | 0xC0C1C2C3}, "a4a5a6a7", {"r2": 0xC0C1C2C3}, id="cs"),
    pytest.param("csy", {"r2": 0x99 << 32 | 0xC0C1C2C3}, "a4a5a6a7", {"r2": 0xC0C1C2C3}, id="csy"),
    pytest.param("csg", {"r2": 0xC0C1C2C3C4C5C6C7}, "a0a1a2a3a4a5a6a7", {"r2": 0xC0C1C2C3C4C5C6C7}, id="csg"),
    pytest.param("cds", {"r2": 0x99 << 32 | 0xC0C1C2C3, "r3": 0x99 << 32 | 0xC4C5C6C7}, "a4a5a6a7b4b5b6b7",
                 {"r2": 0xC0C1C2C3, "r3": 0xC4C5C6C7}, id="cds"),
    pytest.param("cdsy", {"r2": 0x99 << 32 | 0xC0C1C2C3, "r3": 0x99 << 32 | 0xC4C5C6C7}, "a4a5a6a7b4b5b6b7",
                 {"r2": 0xC0C1C2C3, "r3": 0xC4C5C6C7}, id="cdsy"),
    pytest.param("cdsg", {"r2": 0xC0C1C2C3C4C5C6C7, "r3": 0xD0D1D2D3D4D5D6D7}, "a0a1a2a3a4a5a6a7b0b1b2b3b4b5b6b7",
                 {"r2": 0xC0C1C2C3C4C5C6C7, "r3": 0xD0D1D2D3D4D5D6D7}, id="cdsg"),
]  # fmt: skip


@pytest.mark.parametrize(("mnemonic", "equal", "swapped", "loaded"), SWAPPED)
def test_compare_and_swap_equal(lab, mnemonic, equal, swapped, loaded):
    code, changes = execute(lab, f"{mnemonic} %r2,%r6,0(%r5)", data=QUAD, r6=R6, r7=R7, **equal)
    assert (code, changes) == (0, {"cc": 0, DATA: bytes.fromhex(swapped)})


@pytest.mark.parametrize(("mnemonic", "equal", "swapped", "loaded"), SWAPPED)
def test_compare_and_swap_unequal(lab, mnemonic, equal, swapped, loaded):
    """Any register that differs, in its last bit; the halves that are not operands stay."""
    for name in loaded:
        registers = equal | {name: equal[name] ^ 1}
        code, changes = execute(lab, f"{mnemonic} %r2,%r6,0(%r5)", data=QUAD, r6=R6, r7=R7, **registers)
        high = registers[name] & ~LOW32 if mnemonic in ("cs", "csy", "cds", "cdsy") else 0
        assert (code, changes) == (0, {"cc": 1, name: high | loaded[name]})


@pytest.mark.parametrize("mnemonic", ["cs", "csg"])
def test_compare_and_swap_same_register(lab, mnemonic):
    assert execute(lab, f"{mnemonic} %r2,%r2,0(%r5)", data="00" * 8, r2=0) == (0, {"cc": 0})
    assert execute(lab, f"{mnemonic} %r2,%r2,0(%r5)", data="00" * 7 + "01", r2=1 << 31)[1]["cc"] == 1


@pytest.mark.parametrize("mnemonic", ["cs", "csg"])
def test_unequal_is_a_store_as_far_as_protection_goes(lab, mnemonic):
    lab.set_key(DATA, 5 << 4)
    lab.store(DATA, bytes(8))
    lab.gr[2], lab.gr[5] = 7, DATA
    lab.psw(key=3)
    assert lab.step(f"{mnemonic} %r2,%r6,0(%r5)") == PROTECTION
    assert lab.changes() == {}


@pytest.mark.parametrize("mnemonic", ["cds", "cdsy", "cdsg"])
@pytest.mark.parametrize("registers", ["%r3,%r6", "%r2,%r7"])
def test_double_needs_even_registers(lab, mnemonic, registers):
    assert execute(lab, f"{mnemonic} {registers},0(%r5)") == (SPECIFICATION, {})


# --- COMPARE AND SWAP AND STORE --------------------------------------------------------------------------------------

LIST, SECOND = 0x39040, 0x39200
REPLACEMENT, VALUE = bytes(range(0x10, 0x20)), bytes(range(0x20, 0x30))


def csst(lab, function, characteristic, *, r2=0, r3=0, line="csst 0(%r5),0(%r6),%r2", **more):
    """The first operand is QUAD at %r5, the second at %r6 zeros."""
    lab.store(LIST, REPLACEMENT + VALUE)
    lab.store(SECOND, bytes(16))
    registers = {"r0": 0x55555555 << 32 | characteristic << 8 | function, "r1": LIST, "r6": SECOND} | more
    return execute(lab, line, data=QUAD, r2=r2, r3=r3, **registers)


@pytest.mark.parametrize("characteristic", range(5))
@pytest.mark.parametrize(
    ("function", "r2", "r3"),
    [(0, 0x99 << 32 | 0xC0C1C2C3, 0), (1, 0xC0C1C2C3C4C5C6C7, 0), (2, 0xC0C1C2C3C4C5C6C7, 0xD0D1D2D3D4D5D6D7)],
)
def test_csst_equal(lab, function, r2, r3, characteristic):
    expected = {"cc": 0, DATA: REPLACEMENT[: 4 << function], SECOND: VALUE[: 1 << characteristic]}
    assert csst(lab, function, characteristic, r2=r2, r3=r3) == (0, expected)


@pytest.mark.parametrize(
    ("function", "r2", "r3", "loaded"),
    [
        (0, 0x99 << 32 | 0xC0C1C2C2, 0, {"r2": 0x99 << 32 | 0xC0C1C2C3}),
        (1, 0xC0C1C2C3C4C5C6C6, 0, {"r2": 0xC0C1C2C3C4C5C6C7}),
        (2, 0xC0C1C2C3C4C5C6C6, 0xD0D1D2D3D4D5D6D7, {"r2": 0xC0C1C2C3C4C5C6C7}),
        (2, 0xC0C1C2C3C4C5C6C7, 0xD0D1D2D3D4D5D6D6, {"r3": 0xD0D1D2D3D4D5D6D7}),
    ],
)
def test_csst_unequal(lab, function, r2, r3, loaded):
    assert csst(lab, function, 2, r2=r2, r3=r3) == (0, {"cc": 1} | loaded)


def test_csst_values_are_fetched_before_anything_is_stored(lab):
    """The parameter list begins with the first operand."""
    lab.store(DATA, bytes.fromhex("00000007") + bytes(12) + VALUE)
    lab.store(SECOND, bytes(16))
    lab.gr[0], lab.gr[1], lab.gr[2], lab.gr[5], lab.gr[6] = 0x0201, DATA, 0x2021222324252627, DATA + 16, SECOND
    assert lab.step("csst 0(%r5),0(%r6),%r2") == 0
    assert lab.word(DATA + 16) == 7 << 32
    assert lab.load(SECOND, 5) == VALUE[:4] + b"\0"


@pytest.mark.parametrize(
    ("function", "characteristic", "more"),
    [
        pytest.param(3, 0, {}, id="function code"),
        pytest.param(0, 5, {}, id="store characteristic"),
        pytest.param(0, 0, {"r1": LIST + 8}, id="list boundary"),
        pytest.param(0, 0, {"r5": DATA + 2}, id="first operand, 4"),
        pytest.param(1, 0, {"r5": DATA + 4}, id="first operand, 8"),
        pytest.param(2, 0, {"r5": DATA + 8}, id="first operand, 16"),
        pytest.param(0, 1, {"r6": SECOND + 1}, id="second operand, 2"),
        pytest.param(0, 2, {"r6": SECOND + 2}, id="second operand, 4"),
        pytest.param(0, 3, {"r6": SECOND + 4}, id="second operand, 8"),
        pytest.param(0, 4, {"r6": SECOND + 8}, id="second operand, 16"),
        pytest.param(2, 0, {"line": "csst 0(%r5),0(%r6),%r3"}, id="odd register"),
    ],
)
def test_csst_specification(lab, function, characteristic, more):
    assert csst(lab, function, characteristic, **more) == (SPECIFICATION, {})


def test_csst_second_operand_protected(lab):
    """Whatever the comparison gives; nothing is changed, not even the first operand's change bit."""
    for r2 in (0, 0xC0C1C2C3):
        lab.reset()
        for block, key in ((LIST, 3), (DATA, 3), (0x3B000, 5), (0x20000, 3)):
            lab.set_key(block, key << 4)
        lab.store(LIST, REPLACEMENT + VALUE)
        lab.store(DATA, bytes.fromhex(QUAD))
        lab.gr[0], lab.gr[1], lab.gr[2], lab.gr[5], lab.gr[6] = 0x0200, LIST, r2, DATA, 0x3B000
        lab.psw(key=3)
        assert lab.step("csst 0(%r5),0(%r6),%r2") == PROTECTION
        assert lab.changes() == {}
        assert not lab.key(DATA) & CHANGE


# --- TEST AND SET ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("byte", "cc"), [(0x00, 0), (0x7F, 0), (0x80, 1), (0xFF, 1)])
def test_test_and_set(lab, byte, cc):
    expected = {"cc": cc} | ({DATA: b"\xff"} if byte != 0xFF else {})
    assert execute(lab, "ts 0(%r5)", data=f"{byte:02x}") == (0, expected)


def swap_registers(lab):
    lab.gr[0], lab.gr[1], lab.gr[2], lab.gr[3] = 0x0402, LIST, 0x0714212E3B485562, 0x6F7C8996A3B0BDCA
    lab.gr[4], lab.gr[6], lab.gr[7] = 0x39400, R6, R7
    lab.store(LIST, REPLACEMENT + VALUE)
    lab.store(0x39400, bytes.fromhex("0714212e3b4855626f7c8996a3b0bdca"))


@operand_checks(
    *(Operand(f"{name} %r3,%r4,0(%r5)", 4, UPDATE, align=4) for name in OPERATIONS),
    *(Operand(f"{name}g %r3,%r4,0(%r5)", 8, UPDATE, align=8) for name in OPERATIONS),
    *(Operand(f"{m} %r2,%r6,0(%r5)", 4, UPDATE, align=4) for m in ("cs", "csy")),
    *(Operand(f"{m} %r2,%r6,0(%r5)", 8, UPDATE, align=8) for m in ("csg", "cds", "cdsy")),
    Operand("cdsg %r2,%r6,0(%r5)", 16, UPDATE, align=16),
    Operand("csst 0(%r5),0(%r4),%r2", 16, UPDATE, align=16, setup=swap_registers),
    Operand("csst 0(%r4),0(%r5),%r2", 16, STORE, align=16, setup=swap_registers),
    Operand("csst 0(%r4),0x20(%r4),%r2", 32, FETCH, align=16, base=1, setup=swap_registers),
    Operand("ts 0(%r5)", 1, UPDATE),
)
def test_operands(lab, check, operand):
    check(lab, operand)
