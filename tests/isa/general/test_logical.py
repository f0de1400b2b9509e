"""AND, OR, EXCLUSIVE OR and the other connectives: PoP ch. 7."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from s390emu.conformance.twins.logical import CONNECTIVES, OPERATIONS
from tests.isa.general.execute import DATA, OLD, execute
from tests.lab import ALL
from tests.operands import FETCH, UPDATE, Operand, operand_checks

LOW32 = (1 << 32) - 1
PAIRS = [(0, 0), (0, ALL), (ALL, 0), (ALL, ALL), (0xF0F0_0000_0000_0000, 0x0F0F_0000_0000_0000), (OLD, OLD << 4 & ALL),
         (1 << 63, 1 << 31), (1 << 31, 1 << 31), (5, 6)]  # fmt: skip
doublewords = st.one_of(st.sampled_from([0, 1, LOW32, 1 << 31, 1 << 63, ALL]), st.integers(0, ALL))


def outcome(width: int, old: int, result: int) -> dict:
    """What changes in %r3: all of it, or bits 32-63; cc was 3."""
    result &= ALL if width == 64 else LOW32
    new = result if width == 64 else old & ~LOW32 | result
    return {"cc": int(result != 0)} | ({"r3": new} if new != old else {})


@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_register(lab, name, first, second):
    result = OPERATIONS[name](first, second)
    for line, width in ((f"{name}r %r3,%r4", 32), (f"{name}gr %r3,%r4", 64)):
        assert execute(lab, line, r3=first, r4=second) == (0, outcome(width, first, result))


@pytest.mark.parametrize("name", OPERATIONS | CONNECTIVES)
@pytest.mark.parametrize(("second", "third"), PAIRS)
def test_three_registers(lab, name, second, third):
    result = (OPERATIONS | CONNECTIVES)[name](second, third)
    for line, width in ((f"{name}rk %r3,%r4,%r6", 32), (f"{name}grk %r3,%r4,%r6", 64)):
        assert execute(lab, line, r4=second, r6=third) == (0, outcome(width, OLD, result))


@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_storage_operand(lab, name, first, second):
    result, data = OPERATIONS[name](first, second), f"{second:016x}"
    word = first & ~LOW32 | OPERATIONS[name](first & LOW32, second >> 32)
    for line, width, expected in ((name, 32, word), (f"{name}y", 32, word), (f"{name}g", 64, result)):
        assert execute(lab, f"{line} %r3,0(%r5)", r3=first, data=data) == (0, outcome(width, first, expected))


def test_same_register(lab):
    assert execute(lab, "xr %r3,%r3") == (0, {"r3": OLD & ~LOW32, "cc": 0})
    assert execute(lab, "xgr %r3,%r3") == (0, {"r3": 0, "cc": 0})
    assert execute(lab, "ogr %r3,%r3") == (0, {"cc": 1})
    assert execute(lab, "ncgrk %r3,%r3,%r3") == (0, {"r3": 0, "cc": 0})


IMMEDIATES = [("hh", 48, 16), ("hl", 32, 16), ("lh", 16, 16), ("ll", 0, 16), ("hf", 32, 32), ("lf", 0, 32)]


@pytest.mark.parametrize(
    ("name", "suffix", "shift", "width"),
    [(name, *place) for name in OPERATIONS for place in IMMEDIATES if name != "x" or place[2] == 32],
)
@pytest.mark.parametrize(
    ("first", "i2"), [(0, 0x8001), (ALL, 0x8001), (ALL, 0), (OLD, 0x5A5A), (0x00FF00FF00FF00FF, 0xFF00), (0, 0)]
)
def test_immediate(lab, name, suffix, shift, width, i2, first):
    """The cc is that of the bits that the immediate operand reaches; the others stay."""
    ones = (1 << width) - 1
    selected = OPERATIONS[name](first >> shift & ones, i2)
    new = first & ~(ones << shift) | selected << shift
    expected = {"cc": int(selected != 0)} | ({"r3": new} if new != first else {})
    assert execute(lab, f"{name}i{suffix} %r3,{i2}", r3=first) == (0, expected)


@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.parametrize("mnemonic", ["{}i 0(%r5),{}", "{}iy 0(%r5),{}"])
@pytest.mark.parametrize(("byte", "i2"), [(0, 0), (0, 255), (255, 0), (255, 255), (0x81, 0x80), (0x0F, 0xF0)])
def test_byte(lab, name, mnemonic, byte, i2):
    result = OPERATIONS[name](byte, i2)
    expected = {"cc": int(result != 0)} | ({DATA: bytes([result])} if result != byte else {})
    assert execute(lab, mnemonic.format(name, i2), data=f"{byte:02x}") == (0, expected)


@pytest.mark.parametrize("name", OPERATIONS)
def test_byte_that_stays_the_same_is_stored_too(lab, name):
    """The change bit is set, as it is by a store of the same value."""
    lab.set_key(DATA, 0)
    lab.store(DATA, b"\x0f")
    lab.gr[5] = DATA
    assert lab.step(f"{name}i 0(%r5),{15 if name == 'n' else 0}") == 0
    assert lab.changes(keys=True)[f"key {DATA & ~0xFFF:#x}"] == 0x06


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.sampled_from(sorted(OPERATIONS | CONNECTIVES)), second=doublewords, third=doublewords, old=doublewords)
def test_connectives_property(lab, name, second, third, old):
    result = (OPERATIONS | CONNECTIVES)[name](second, third)
    for suffix, width in (("rk", 32), ("grk", 64)):
        code, changes = execute(lab, f"{name}{suffix} %r3,%r4,%r6", r3=old, r4=second, r6=third)
        assert (code, changes) == (0, outcome(width, old, result))


@operand_checks(
    *(Operand(f"{name}{form} %r3,0(%r5)", n, FETCH)
      for name in OPERATIONS for form, n in (("", 4), ("y", 4), ("g", 8))),
    *(Operand(f"{name}{form} 0(%r5),0x5a", 1, UPDATE) for name in OPERATIONS for form in ("i", "iy")),
)  # fmt: skip
def test_operands(lab, check, operand):
    check(lab, operand)
