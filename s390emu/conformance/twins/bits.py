"""Tests under mask, counts of bits, and what is done to storage at once: PoP ch. 7."""

from __future__ import annotations

from collections.abc import Callable

from s390emu.architecture.interruptions import FIXED_POINT_OVERFLOW
from s390emu.conformance.twins.arithmetic import fits, signed_cc
from s390emu.conformance.twins.forms import (
    ALIGNED,
    Form,
    Model,
    Outcome,
    gr,
    immediate,
    low,
    low_pair,
    pair,
    part,
    storage,
)

TEST_BYTE = tuple(Form(f"{name} 0(%r5),{{}}", (), storage(8).unsigned, immediate(8).unsigned) for name in ("tm", "tmy"))
TEST_HALFWORD = tuple(
    Form(f"{name} %r3,{{}}", (), part(3, 16, shift).unsigned, immediate(16).unsigned)
    for name, shift in (("tmhh", 48), ("tmhl", 32), ("tmlh", 16), ("tmll", 0))
)
LEFTMOST_ONE = (Form("flogr %r2,%r4", (gr(2), gr(3)), gr(4).unsigned),)
POPULATION = (Form("popcnt %r3,%r4", gr(3), gr(4).unsigned),)


def under_mask(form: Form, cc: int, value: int, mask: int) -> Outcome:
    """PoP ch. 7 TEST UNDER MASK: a halfword whose selected bits are mixed has cc 1 or 2 by the leftmost of them."""
    selected = [bit for n, bit in enumerate(f"{value:016b}") if f"{mask:016b}"[n] == "1"]
    if "1" not in selected:
        return Outcome((), 0)
    if "0" not in selected:
        return Outcome((), 3)
    return Outcome((), 2 if form.first.bits == 16 and selected[0] == "1" else 1)


def find_leftmost_one(form: Form, cc: int, value: int) -> Outcome:
    """PoP ch. 7 FIND LEFTMOST ONE: its position or 64, and the operand without it."""
    position = f"{value:064b}1".index("1")
    return Outcome((position, value - (1 << 63 - position) if value else 0), 2 if value else 0)


def population_count(form: Form, cc: int, value: int) -> Outcome:
    """PoP ch. 7 POPULATION COUNT: of each byte."""
    counts = bytes(f"{byte:b}".count("1") for byte in value.to_bytes(8, "big"))
    return Outcome((int.from_bytes(counts, "big"),), int(value != 0))


# --- interlocked update -----------------------------------------------------------------------------------------------

LOGICAL_CODE = {(0, False): 0, (0, True): 1, (1, False): 2, (1, True): 3}
OPERATIONS: dict[str, Callable[[int, int], int]] = {
    "laa": lambda a, b: a + b, "laal": lambda a, b: a + b, "lan": lambda a, b: a & b, "lao": lambda a, b: a | b,
    "lax": lambda a, b: a ^ b,
}  # fmt: skip


def _load_and(name: str, bits: int, signed: bool) -> Form:
    register, stored = (gr if bits == 64 else low), storage(bits, ALIGNED)
    form = Form(f"{name} %r3,%r4,0(%r5)", (stored, register(3)), stored, register(4))
    return form if signed else form.unsigned


LOAD_AND = tuple(
    _load_and(name + suffix, bits, name == "laa") for name in OPERATIONS for suffix, bits in (("", 32), ("g", 64))
)


def load_and(form: Form, cc: int, old: int, third: int) -> Outcome:
    """PoP ch. 7 LOAD AND ADD (LOGICAL), AND, OR, EXCLUSIVE OR: what was in storage comes into the register."""
    name, bits = form.mnemonic.removesuffix("g"), form.first.bits
    new = OPERATIONS[name](old, third)
    if name == "laa":
        if not fits(new, bits):
            return Outcome((new, old), 3, FIXED_POINT_OVERFLOW)
        return Outcome((new, old), signed_cc(new))
    carry, rest = divmod(new, 1 << bits)
    return Outcome((new, old), LOGICAL_CODE[carry, rest != 0])


SWAPS = (
    *(Form(f"{name} %r3,%r4,0(%r5)", (low(3), storage(32, ALIGNED)), low(3), low(4), (storage(32, ALIGNED),))
      for name in ("cs", "csy")),
    Form("csg %r3,%r4,0(%r5)", (gr(3), storage(64, ALIGNED)), gr(3), gr(4), (storage(64, ALIGNED),)),
    *(Form(f"{name} %r2,%r6,0(%r5)", (low_pair(2), storage(64, ALIGNED)), low_pair(2), low_pair(6),
           (storage(64, ALIGNED),)) for name in ("cds", "cdsy")),
    Form("cdsg %r2,%r6,0(%r5)", (pair(2), storage(128, ALIGNED)), pair(2), pair(6), (storage(128, ALIGNED),)),
)  # fmt: skip


def compare_and_swap(form: Form, cc: int, first: int, third: int, second: int) -> Outcome:
    """PoP ch. 7 COMPARE AND SWAP, COMPARE DOUBLE AND SWAP."""
    return Outcome((first, third), 0) if first == second else Outcome((second, second), 1)


TEST_AND_SET = (Form("ts 0(%r5)", storage(8), storage(8).unsigned),)


def set_after_test(form: Form, cc: int, byte: int) -> Outcome:
    """PoP ch. 7 TEST AND SET: the leftmost bit, and ones."""
    return Outcome((0xFF,), byte >> 7)


MODELS: dict[tuple[Form, ...], Model] = {
    TEST_BYTE: under_mask, TEST_HALFWORD: under_mask, LEFTMOST_ONE: find_leftmost_one,
    POPULATION: population_count, LOAD_AND: load_and, SWAPS: compare_and_swap, TEST_AND_SET: set_after_test,
}  # fmt: skip
