"""What links, tells or changes the state of a program a second time, and what executes another instruction: PoP ch. 7,
and the floating-point-control register: ch. 9."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from random import Random
from typing import NamedTuple

from s390emu.architecture.interruptions import DATA, EXECUTE, MONITOR_EVENT, SPECIFICATION
from s390emu.conformance.case import AFP_CONTROL, CODE, MODES, Case, State
from s390emu.conformance.twins.branch import TARGET
from s390emu.conformance.twins.forms import ALIGNED, LOW32, RELATIVE, address_bits, based, first_state
from s390emu.conformance.twins.multiple import ODD_SHARE, REGISTERS, stored_state

MODE_BITS = MODES[64]
PROGRAM_MASK_SHIFT, PROGRAM_MASK = 40, 0xF << 40


def _masked(rng: Random, state: State) -> State:
    """Return the state with any program mask."""
    state.psw_mask |= rng.randrange(16) << PROGRAM_MASK_SHIFT
    return state


def in_mode(state: State, bits: int) -> None:
    """Set the addressing mode."""
    state.psw_mask = state.psw_mask & ~MODE_BITS | MODES[bits]


# --- links ------------------------------------------------------------------------------------------------------------


def _link(name: str, length: int, rng: Random) -> Iterator[Case]:
    """PoP ch. 7 BRANCH AND LINK: in the 24-bit mode the link has ILC, condition code and program mask on its left."""
    while True:
        before, r1 = _masked(rng, first_state(rng)), rng.choice((3, 3, 5, 7))
        stays = length == 2 and rng.random() < 0.1
        if length == 2:
            before.gr[7] = TARGET
        operand = ("%r0" if stays else "%r7") if length == 2 else based(before, rng, TARGET)
        after, link = before.copy(), CODE + length
        if address_bits(before) == 31:
            link |= 1 << 31
        elif address_bits(before) == 24:
            link |= length // 2 << 30 | before.cc << 28 | (before.psw_mask >> PROGRAM_MASK_SHIFT & 15) << 24
        after.gr[r1] = link if address_bits(before) == 64 else before.gr[r1] >> 32 << 32 | link
        after.psw_ia = CODE + length if stays else TARGET
        yield Case(f"{name} %r{r1},{operand}", before, after)


def _set_mode(name: str, rng: Random) -> Iterator[Case]:
    """PoP ch. 7 BRANCH AND SAVE AND SET MODE, BRANCH AND SET MODE: bit 63 of R2 asks for the 64-bit mode, else bit 32
    for the 31-bit mode."""
    while True:
        before, r1, r2 = first_state(rng), rng.choice((0, 3, 4, 7)), rng.choice((0, 7, 7, 7))
        mode = rng.choice((64, 31, 24))
        before.gr[7] = TARGET | {64: 1, 31: 1 << 31, 24: 0}[mode]
        if mode != 64:
            before.gr[7] |= rng.getrandbits(32) << 32
        after, bits = before.copy(), address_bits(before)
        following = CODE + 2
        if name == "bassm":
            link = following | 1 if bits == 64 else before.gr[r1] >> 32 << 32 | (bits == 31) << 31 | following
            after.gr[r1] = link
        elif r1:
            one = 1 if bits == 64 else 1 << 31
            after.gr[r1] = before.gr[r1] & ~one | (0 if bits == 24 else one)
            if bits == 64:
                after.gr[r1] = before.gr[r1] | 1
        if r2:
            in_mode(after, mode)
            after.psw_ia = TARGET
        yield Case(f"{name} %r{r1},%r{r2}", before, after)


def _indirect(rng: Random) -> Iterator[Case]:
    """PoP ch. 7 BRANCH INDIRECT ON CONDITION: eight bytes of storage are the branch address."""
    while True:
        before = stored_state(rng)
        bits = address_bits(before)
        left = rng.getrandbits(64 - bits) << bits if bits < 64 else 0
        before.store(ALIGNED, (left | TARGET).to_bytes(8))
        mask = rng.choice((15, 8 >> before.cc, 15 - (8 >> before.cc), rng.randrange(16)))
        line = f"bic {mask},{based(before, rng, ALIGNED, indexed=True)}"
        after = before.copy()
        if mask & 8 >> before.cc:
            after.psw_ia = TARGET
        yield Case(line, before, after)


# --- parts of the PSW -------------------------------------------------------------------------------------------------


def _insert_mask(rng: Random) -> Iterator[Case]:
    """PoP ch. 7 INSERT PROGRAM MASK: bits 32-39 of R1 are 00, condition code, program mask."""
    while True:
        before, r1 = _masked(rng, first_state(rng)), rng.randrange(REGISTERS)
        after = before.copy()
        found = before.cc << 4 | before.psw_mask >> PROGRAM_MASK_SHIFT & 15
        after.gr[r1] = before.gr[r1] & ~(0xFF << 24) | found << 24
        yield Case(f"ipm %r{r1}", before, after)


def _set_mask(rng: Random) -> Iterator[Case]:
    """PoP ch. 7 SET PROGRAM MASK: from bits 34-39 of R1."""
    while True:
        before, r1 = _masked(rng, first_state(rng)), rng.randrange(REGISTERS)
        after = before.copy()
        after.cc = before.gr[r1] >> 28 & 3
        after.psw_mask = after.psw_mask & ~PROGRAM_MASK | (before.gr[r1] >> 24 & 15) << PROGRAM_MASK_SHIFT
        yield Case(f"spm %r{r1}", before, after)


def _extract(rng: Random) -> Iterator[Case]:
    """PoP ch. 10 EXTRACT PSW: its words; no second one with R2 zero."""
    while True:
        before = _masked(rng, first_state(rng))
        before.psw_mask |= rng.randrange(16) << 52 | rng.randrange(2) << 48 | rng.randrange(4) << 46
        r1, r2 = rng.randrange(REGISTERS), rng.randrange(REGISTERS)
        after = before.copy()
        after.gr[r1] = after.gr[r1] >> 32 << 32 | before.psw_mask >> 32
        if r2:
            after.gr[r2] = after.gr[r2] >> 32 << 32 | before.psw_mask & LOW32
        yield Case(f"epsw %r{r1},%r{r2}", before, after)


def _addressing_mode(name: str, rng: Random) -> Iterator[Case]:
    """PoP ch. 7 SET ADDRESSING MODE, TEST ADDRESSING MODE."""
    while True:
        before = _masked(rng, first_state(rng))
        after = before.copy()
        if name == "tam":
            after.cc = {24: 0, 31: 1, 64: 3}[address_bits(before)]
        else:
            in_mode(after, int(name[3:]))
        yield Case(name, before, after)


def _monitor(rng: Random) -> Iterator[Case]:
    """PoP ch. 7 MONITOR CALL: the class in I2 has a mask bit in control register 8."""
    while True:
        before, i2 = first_state(rng), rng.choice((rng.randrange(16), rng.randrange(16), rng.randrange(256)))
        mask = 0x8000 >> i2 % 16
        before.cr = {8: rng.choice((mask, 0xFFFF, 0xFFFF ^ mask, 0))}
        code = SPECIFICATION if i2 > 15 else MONITOR_EVENT if before.cr[8] & mask else 0
        line = f"mc {based(before, rng, rng.getrandbits(20))},{i2}"
        yield Case(line, before, before.copy(), code)


HINTS = {  # what is a hint changes nothing: PoP ch. 7
    "bpp": ("bpp {m},.+{n},{d}", 0xF000), "bprp": ("bprp {m},.+{n},.+{n}", 0xE00), "niai": ("niai {m},{m}", 2),
    "pfd": ("pfd {m},{d}", 2), "pfdrl": ("pfdrl {m},.+{n}", 0xF0000), "ppa": ("ppa %r3,%r4,1", 2),
}  # fmt: skip


def _hint(name: str, rng: Random) -> Iterator[Case]:
    """PoP ch. 7: nothing changes, whatever the operand. No code of PREFETCH DATA is one that releases."""
    line, far = HINTS[name]
    while True:
        before = first_state(rng)
        near = rng.choice((0, 2, 2 * rng.randrange(1, far // 2 + 1)))
        operand = based(before, rng, rng.getrandbits(23))
        yield Case(line.format(m=rng.randrange(1, 3), n=near, d=operand), before, before.copy())


# --- EXECUTE ----------------------------------------------------------------------------------------------------------

OPERAND = 0x38120  # of what is executed: in %r9
MOVED = 0x38180  # its second operand: in %r10


def _execute(name: str, rng: Random) -> Iterator[Case]:
    """PoP ch. 7 EXECUTE (RELATIVE LONG): bits 56-63 of R1, if that is not 0, are or'ed into the second byte."""
    while True:
        before, r1 = stored_state(rng), rng.choice((0, 7, 7))
        before.gr[9:11] = OPERAND, MOVED
        at = RELATIVE if name == "exrl" else ALIGNED
        i2 = rng.getrandbits(8)
        kind = rng.choice(("mvi", "mvc", "tm", "ex" if rng.random() < ODD_SHARE else "lr"))
        text = {"mvi": f"92{i2:02x}9000", "mvc": f"d2{i2 & 15:02x}9000a000", "tm": f"91{i2:02x}9000",
                "lr": f"18{i2:02x}", "ex": "44000000"}[kind]  # fmt: skip
        if kind == "mvc":
            i2, before.gr[r1] = i2 & 15, before.gr[r1] & ~0xFF | rng.randrange(16)
        modified = i2 | (before.gr[r1] & 0xFF if r1 else 0)
        odd = name == "ex" and rng.random() < ODD_SHARE
        target = bytes.fromhex(text)
        if name == "exrl":
            before.window(at, target)
            line = f"exrl %r{r1},.+{at - CODE}"
        else:
            before.store(at, target)
            line = f"ex %r{r1},{based(before, rng, at + odd, indexed=True)}"
        after = before.copy()
        if odd or kind == "ex":
            yield Case(line, before, after, SPECIFICATION if odd else EXECUTE)
            continue
        if kind == "mvi":
            after.store(OPERAND, bytes([modified]))
        elif kind == "mvc":
            after.store(OPERAND, before.load(MOVED, modified + 1))
        elif kind == "tm":
            selected = before.load(OPERAND, 1)[0] & modified
            after.cc = 0 if not selected else 3 if selected == modified else 1
        else:
            left, right = modified >> 4, modified & 15
            after.gr[left] = before.gr[left] >> 32 << 32 | before.gr[right] & LOW32
        yield Case(line, before, after)


# --- COMPARE AND SWAP AND STORE ---------------------------------------------------------------------------------------


def _swap_and_store(rng: Random) -> Iterator[Case]:
    """PoP ch. 7 COMPARE AND SWAP AND STORE: function code and store characteristic in general register 0, the values
    at the address in general register 1: the replacement, and 16 bytes further the one to be stored."""
    while True:
        before, function, characteristic = stored_state(rng), rng.randrange(3), rng.randrange(5)
        odd = rng.random() < ODD_SHARE
        length, count = 4 << function, 1 << characteristic
        first, second, third = 0x38120 + length * rng.randrange(2), 0x38140 + count * rng.randrange(4), 0x381C0
        before.gr[0] = before.gr[0] >> 16 << 16 | characteristic << 8 | (3 if odd else function)
        bits = address_bits(before)
        before.gr[1] = third | (rng.getrandbits(64 - bits) << bits if bits < 64 else 0)
        line = f"csst {based(before, rng, first)},{based(before, rng, second, base=9)},%r6"
        content = before.load(first, length)
        if rng.random() < 0.6:
            if length == 16:
                before.gr[6], before.gr[7] = int.from_bytes(content[:8]), int.from_bytes(content[8:])
            else:
                before.gr[6] = before.gr[6] >> 8 * length << 8 * length | int.from_bytes(content)
        after = before.copy()
        if odd:
            yield Case(line, before, after, SPECIFICATION)
            continue
        register = (before.gr[6].to_bytes(8) + before.gr[7].to_bytes(8) if length == 16
                    else before.gr[6].to_bytes(8)[8 - length :])  # fmt: skip
        after.cc = int(register != content)
        if register == content:
            after.store(first, before.load(third, length))
            after.store(second, before.load(third + 16, count))
        elif length == 16:
            after.gr[6], after.gr[7] = int.from_bytes(content[:8]), int.from_bytes(content[8:])
        else:
            after.gr[6] = before.gr[6] >> 8 * length << 8 * length | int.from_bytes(content)
        yield Case(line, before, after)


# --- the floating-point-control register ------------------------------------------------------------------------------

FPC_BITS = 0xFCFCFF77
NOT_PERMITTED = (4, 5, 6)  # binary rounding modes
BFP_INSTRUCTION, DFP_INSTRUCTION = 2, 3  # data-exception codes


class Source(NamedTuple):
    """What an FPC instruction has or takes: a register, storage, or an address that is no address."""

    line: str
    kind: str


FPC = {
    "sfpc": Source("sfpc %r7", "register"), "sfasr": Source("sfasr %r7", "register"),
    "lfpc": Source("lfpc {}", "storage"), "lfas": Source("lfas {}", "storage"),
    "efpc": Source("efpc %r7", "to register"), "stfpc": Source("stfpc {}", "to storage"),
    "srnm": Source("srnm {}", "address"), "srnmb": Source("srnmb {}", "address"),
    "srnmt": Source("srnmt {}", "address"),
}  # fmt: skip


def valid_fpc(value: int) -> bool:
    """True if all bits that are ones are there, and the binary rounding mode is one."""
    return not value & ~FPC_BITS and value & 7 not in NOT_PERMITTED


def _random_fpc(rng: Random, bad: bool) -> int:
    while True:
        value = rng.getrandbits(32) & (0xFFFFFFFF if bad else FPC_BITS)
        if valid_fpc(value) != bad:
            return value


def _signaled(flags: int, masks: int) -> int:
    """Return the data-exception code of flags (bits 8-13 of an FPC register) that masks (bits 0-5) select; 0: none."""
    enabled = flags >> 16 & masks >> 24 & 0xFC
    inexact = 0x08 if flags >> 16 & 0x08 else 0
    for bit, dxc in ((0x80, 0x83), (0x40, 0x43), (0x20, 0x23 | inexact), (0x10, 0x13 | inexact), (8, 0x0B), (4, 0x07)):
        if enabled & bit:
            return dxc
    return 0


def _fpc(name: str, rng: Random) -> Iterator[Case]:
    """PoP ch. 9: all need the AFP-register control."""
    line, kind = FPC[name]
    while True:
        before = stored_state(rng)
        before.fpc, before.cr0 = _random_fpc(rng, False), AFP_CONTROL
        source = _random_fpc(rng, rng.random() < 0.2)
        if kind == "register":
            before.gr[7] = before.gr[7] >> 32 << 32 | source
        before.store(ALIGNED, source.to_bytes(4))
        number = rng.choice((rng.randrange(8), rng.randrange(16), rng.getrandbits(20)))
        text = line.format(based(before, rng, number if kind == "address" else ALIGNED))
        if rng.random() < ODD_SHARE:
            before.cr0 = 0xE0
            yield Case(text, before, before.copy(), DATA, DFP_INSTRUCTION if name == "srnmt" else BFP_INSTRUCTION)
            continue
        after, code, dxc = before.copy(), 0, 0
        if name == "efpc":
            after.gr[7] = before.gr[7] >> 32 << 32 | before.fpc
        elif name == "stfpc":
            after.store(ALIGNED, before.fpc.to_bytes(4))
        elif name == "srnm":
            after.fpc = before.fpc & ~7 | number & 3
        elif name == "srnmt":
            after.fpc = before.fpc & ~0x70 | (number & 7) << 4
        elif name == "srnmb":
            number &= 0xFF
            if number > 7 or number in NOT_PERMITTED:
                code = SPECIFICATION
            else:
                after.fpc = before.fpc & ~7 | number
        elif not valid_fpc(source):
            code = SPECIFICATION
        elif name in ("sfpc", "lfpc"):
            after.fpc = source
        else:
            flags = before.fpc & 0x00FC0000
            after.fpc, dxc = source | flags, _signaled(flags, source)
            if dxc:
                after.fpc, code = after.fpc & ~0xFF00 | dxc << 8, DATA
        yield Case(text, before, after, code, dxc)


RECIPES: dict[str, Callable[[Random], Iterator[Case]]] = {
    "bal": partial(_link, "bal", 4), "balr": partial(_link, "balr", 2), "bic": _indirect,
    **{name: partial(_set_mode, name) for name in ("bassm", "bsm")},
    "ipm": _insert_mask, "spm": _set_mask, "epsw": _extract, "mc": _monitor, "csst": _swap_and_store,
    **{name: partial(_addressing_mode, name) for name in ("sam24", "sam31", "sam64", "tam")},
    **{name: partial(_hint, name) for name in HINTS}, "ex": partial(_execute, "ex"),
    "exrl": partial(_execute, "exrl"), **{name: partial(_fpc, name) for name in FPC},
}  # fmt: skip
