"""Loads, stores and insertions, whatever the condition: PoP ch. 7."""

from __future__ import annotations

from s390emu.architecture.interruptions import DATA
from s390emu.conformance.twins.forms import (
    FROM_HERE,
    Form,
    Model,
    Outcome,
    Place,
    gr,
    high,
    immediate,
    low,
    part,
    relative,
    storage,
)

COMPARE_AND_TRAP = 0xFF  # data-exception code
MASK = immediate(4).unsigned


def _to(mnemonic: str, target: Place, source: Place) -> Form:
    """Return the form of a load, by where the source is."""
    if source.kind == "register":
        return Form(f"{mnemonic} %r3,%r4", target, source)
    if source.kind == "immediate":
        return Form(f"{mnemonic} %r3,{{}}", target, source)
    return Form(f"{mnemonic} %r3,{FROM_HERE if source.register == relative(8).register else '0(%r5)'}", target, source)


def _from(mnemonic: str, target: Place, source: Place) -> Form:
    """Return the form of a store."""
    if source.kind == "immediate":
        return Form(f"{mnemonic} 0(%r5),{{}}", target, source)
    return Form(f"{mnemonic} %r3,{FROM_HERE if target.register == relative(8).register else '0(%r5)'}", target, source)


LOADS = (
    _to("lr", low(3), low(4)), _to("lgr", gr(3), gr(4)), _to("lgfr", gr(3), low(4)),
    _to("lhr", low(3), part(4, 16)), _to("lghr", gr(3), part(4, 16)),
    _to("lbr", low(3), part(4, 8)), _to("lgbr", gr(3), part(4, 8)),
    _to("l", low(3), storage(32)), _to("ly", low(3), storage(32)), _to("lg", gr(3), storage(64)),
    _to("lgf", gr(3), storage(32)), _to("lh", low(3), storage(16)), _to("lhy", low(3), storage(16)),
    _to("lgh", gr(3), storage(16)), _to("lb", low(3), storage(8)), _to("lgb", gr(3), storage(8)),
    _to("lbh", high(3), storage(8)), _to("lhh", high(3), storage(16)), _to("lfh", high(3), storage(32)),
    _to("lrl", low(3), relative(32)), _to("lgrl", gr(3), relative(64)), _to("lgfrl", gr(3), relative(32)),
    _to("lhrl", low(3), relative(16)), _to("lghrl", gr(3), relative(16)),
    _to("lhi", low(3), immediate(16)), _to("lghi", gr(3), immediate(16)), _to("lgfi", gr(3), immediate(32)),
    _to("llcr", low(3), part(4, 8).unsigned), _to("llgcr", gr(3), part(4, 8).unsigned),
    _to("llhr", low(3), part(4, 16).unsigned), _to("llghr", gr(3), part(4, 16).unsigned),
    _to("llgfr", gr(3), low(4).unsigned), _to("llgtr", gr(3), part(4, 31).unsigned),
    _to("llc", low(3), storage(8).unsigned), _to("llgc", gr(3), storage(8).unsigned),
    _to("llh", low(3), storage(16).unsigned), _to("llgh", gr(3), storage(16).unsigned),
    _to("llgf", gr(3), storage(32).unsigned),
    _to("llhrl", low(3), relative(16).unsigned), _to("llghrl", gr(3), relative(16).unsigned),
    _to("llgfrl", gr(3), relative(32).unsigned),
    _to("llch", high(3), storage(8).unsigned), _to("llhh", high(3), storage(16).unsigned),
    _to("ic", part(3, 8), storage(8)), _to("icy", part(3, 8), storage(8)),
    *(_to(f"ii{half}", part(3, bits, shift), immediate(bits).unsigned)
      for half, bits, shift in (("hh", 16, 48), ("hl", 16, 32), ("lh", 16, 16), ("ll", 16, 0), ("hf", 32, 32),
                                ("lf", 32, 0))),
)  # fmt: skip
LOADS_LOGICAL_IMMEDIATE = tuple(
    _to(f"lli{half}", gr(3), immediate(bits).unsigned)
    for half, bits in (("hh", 16), ("hl", 16), ("lh", 16), ("ll", 16), ("hf", 32), ("lf", 32))
)
STORES = (
    *(_from(name, storage(bits), part(3, bits))
      for name, bits in (("st", 32), ("sty", 32), ("sth", 16), ("sthy", 16), ("stc", 8), ("stcy", 8))),
    _from("stg", storage(64), gr(3)), _from("stfh", storage(32), high(3)),
    _from("sthh", storage(16), part(3, 16, 32)), _from("stch", storage(8), part(3, 8, 32)),
    _from("strl", relative(32), low(3)), _from("stgrl", relative(64), gr(3)), _from("sthrl", relative(16), part(3, 16)),
    _from("mvi", storage(8), immediate(8).unsigned), _from("mviy", storage(8), immediate(8).unsigned),
    _from("mvhhi", storage(16), immediate(16)), _from("mvhi", storage(32), immediate(16)),
    _from("mvghi", storage(64), immediate(16)),
)  # fmt: skip
REVERSED = (
    _to("lrvr", low(3), low(4)), _to("lrvgr", gr(3), gr(4)), _to("lrvh", part(3, 16), storage(16)),
    _to("lrv", low(3), storage(32)), _to("lrvg", gr(3), storage(64)), _from("strvh", storage(16), part(3, 16)),
    _from("strv", storage(32), low(3)), _from("strvg", storage(64), gr(3)),
)  # fmt: skip
ZERO_RIGHTMOST_BYTE = (
    _to("lzrf", low(3), storage(32).unsigned), _to("lzrg", gr(3), storage(64).unsigned),
    _to("llzrgf", gr(3), storage(32).unsigned),
)  # fmt: skip
THIRTY_ONE = (_to("llgt", gr(3), storage(32).unsigned),)
TRAPPING = (
    _to("lat", low(3), storage(32)), _to("lgat", gr(3), storage(64)), _to("lfhat", high(3), storage(32)),
    _to("llgfat", gr(3), storage(32).unsigned), _to("llgtat", gr(3), storage(32).unsigned),
)  # fmt: skip


def load(form: Form, cc: int, value: int) -> Outcome:
    """Return the operand as it is, with its sign or without one; a store too."""
    return Outcome((value,))


def load_logical_immediate(form: Form, cc: int, value: int) -> Outcome:
    """PoP ch. 7 LOAD LOGICAL IMMEDIATE: zeros to the right of it and to the left."""
    return Outcome((value << {"hh": 48, "hl": 32, "lh": 16, "ll": 0, "hf": 32, "lf": 0}[form.mnemonic[3:]],))


def reverse(form: Form, cc: int, value: int) -> Outcome:
    """PoP ch. 7 LOAD REVERSED, STORE REVERSED."""
    size = form.first.bits // 8
    return Outcome((int.from_bytes((value % (1 << 8 * size)).to_bytes(size, "big")[::-1], "big"),))


def zero_rightmost_byte(form: Form, cc: int, value: int) -> Outcome:
    """PoP ch. 7 LOAD (LOGICAL) AND ZERO RIGHTMOST BYTE."""
    return Outcome((value // 256 * 256,))


def thirty_one_bits(form: Form, cc: int, value: int) -> Outcome:
    """PoP ch. 7 LOAD LOGICAL THIRTY ONE BITS."""
    return Outcome((value % (1 << 31),))


def load_and_trap(form: Form, cc: int, value: int) -> Outcome:
    """PoP ch. 7 LOAD (HIGH, LOGICAL) AND TRAP: the register is loaded, and zero is a data exception."""
    value = value % (1 << 31) if form.mnemonic == "llgtat" else value
    return Outcome((value,)) if value else Outcome((0,), None, DATA, COMPARE_AND_TRAP)


# --- on condition -----------------------------------------------------------------------------------------------------


def _if(mnemonic: str, target: Place, source: Place) -> Form:
    """Return the form of LOAD ON CONDITION: the target before, the source, the mask."""
    if source.kind == "immediate":
        return Form(f"{mnemonic} %r3,{{}},{{}}", target, target, source, (MASK,))
    return Form(f"{mnemonic} %r3,{'%r4' if source.kind == 'register' else '0(%r5)'},{{}}", target, target, source,
                (MASK,))  # fmt: skip


ON_CONDITION = (
    _if("locr", low(3), low(4)), _if("locgr", gr(3), gr(4)), _if("locfhr", high(3), high(4)),
    _if("lochi", low(3), immediate(16)), _if("locghi", gr(3), immediate(16)), _if("lochhi", high(3), immediate(16)),
    _if("loc", low(3), storage(32)), _if("locg", gr(3), storage(64)), _if("locfh", high(3), storage(32)),
    *(Form(f"{name} %r3,0(%r5),{{}}", storage(source.bits), storage(source.bits), source, (MASK,))
      for name, source in (("stoc", low(3)), ("stocg", gr(3)), ("stocfh", high(3)))),
)  # fmt: skip
SELECTS = tuple(
    Form(f"{name} %r2,%r3,%r4,{{}}", half(2), half(3), half(4), (MASK,))
    for name, half in (("selr", low), ("selgr", gr), ("selfhr", high))
)


def on_condition(form: Form, cc: int, old: int, new: int, mask: int) -> Outcome:
    """PoP ch. 7 LOAD (HALFWORD IMMEDIATE, HIGH) ON CONDITION, STORE (HIGH) ON CONDITION."""
    return Outcome((new if mask & 8 >> cc else old,))


def select(form: Form, cc: int, second: int, third: int, mask: int) -> Outcome:
    """PoP ch. 7 SELECT, SELECT HIGH: the second operand where the condition holds, else the third."""
    return Outcome((second if mask & 8 >> cc else third,))


# --- under mask -------------------------------------------------------------------------------------------------------

INSERT_UNDER_MASK = tuple(
    Form(f"{name} %r3,{{}},0(%r5)", half(3), half(3).unsigned, storage(32).unsigned, (MASK,))
    for name, half in (("icm", low), ("icmy", low), ("icmh", high))
)
STORE_UNDER_MASK = tuple(
    Form(f"{name} %r3,{{}},0(%r5)", storage(32), half(3).unsigned, storage(32).unsigned, (MASK,))
    for name, half in (("stcm", low), ("stcmy", low), ("stcmh", high))
)
COMPARE_UNDER_MASK = tuple(
    Form(f"{name} %r3,{{}},0(%r5)", (), half(3).unsigned, storage(32).unsigned, (MASK,))
    for name, half in (("clm", low), ("clmy", low), ("clmh", high))
)


def _chosen(mask: int) -> list[int]:
    """Return which of four bytes a mask selects."""
    return [n for n in range(4) if mask & 8 >> n]


def insert_under_mask(form: Form, cc: int, old: int, second: int, mask: int) -> Outcome:
    """PoP ch. 7 INSERT CHARACTERS UNDER MASK: cc 0 all zeros or no mask, 1 leftmost bit one, 2 else."""
    result, source = bytearray(old.to_bytes(4, "big")), list(second.to_bytes(4, "big"))
    taken = [source.pop(0) for _ in _chosen(mask)]
    for n, byte in zip(_chosen(mask), taken, strict=True):
        result[n] = byte
    return Outcome((int.from_bytes(result, "big"),), 0 if not any(taken) else 1 if taken[0] >= 0x80 else 2)


def store_under_mask(form: Form, cc: int, register: int, old: int, mask: int) -> Outcome:
    """PoP ch. 7 STORE CHARACTERS UNDER MASK: as many bytes as the mask has ones."""
    stored = bytes(register.to_bytes(4, "big")[n] for n in _chosen(mask))
    return Outcome((int.from_bytes(stored + old.to_bytes(4, "big")[len(stored) :], "big"),))


def compare_under_mask(form: Form, cc: int, register: int, second: int, mask: int) -> Outcome:
    """PoP ch. 7 COMPARE LOGICAL CHARACTERS UNDER MASK: no mask compares equal."""
    left = [register.to_bytes(4, "big")[n] for n in _chosen(mask)]
    right = list(second.to_bytes(4, "big"))[: len(left)]
    return Outcome((), 0 if left == right else 1 if left < right else 2)


MODELS: dict[tuple[Form, ...], Model] = {
    LOADS: load, STORES: load, LOADS_LOGICAL_IMMEDIATE: load_logical_immediate, REVERSED: reverse,
    ZERO_RIGHTMOST_BYTE: zero_rightmost_byte, THIRTY_ONE: thirty_one_bits, TRAPPING: load_and_trap,
    ON_CONDITION: on_condition, SELECTS: select, INSERT_UNDER_MASK: insert_under_mask,
    STORE_UNDER_MASK: store_under_mask, COMPARE_UNDER_MASK: compare_under_mask,
}  # fmt: skip
