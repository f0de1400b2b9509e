"""Control instructions a second time, those that registers, storage and storage keys tell all of: PoP ch. 10.

All but some are privileged; a few cases of each are in the problem state.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from random import Random

from s390emu.architecture.interruptions import PRIVILEGED_OPERATION, SPECIAL_OPERATION, SPECIFICATION
from s390emu.architecture.sizes import BLOCK_SIZE
from s390emu.conformance.case import MODES, Case, State
from s390emu.conformance.twins.branch import TARGET
from s390emu.conformance.twins.forms import ALL, LOW32, addressed, based, first_state
from s390emu.conformance.twins.multiple import (
    ALIGNED,
    AR_MODE,
    HOME,
    ODD_SHARE,
    REGISTERS,
    SECONDARY,
    numbers,
    off_boundary,
    stored_state,
)

PROBLEM, KEY_SHIFT = 1 << 48, 52
SYSTEM_MASK_SHIFT, UNASSIGNED = 56, 0xB8  # of the system mask: bits 0, 2, 3 and 4
SAFE_SYSTEM_MASK = 0xFF & ~0x07  # no DAT, which has no tables here, and no interruptions
SSM_SUPPRESSION, EXTRACTION_AUTHORITY = 1 << 63 - 33, 1 << 63 - 36  # control register 0
SPACES = (0, AR_MODE, SECONDARY, HOME)
BLOCK = 0x40000  # whose storage key is set or told
FIRST, SECOND = BLOCK + 0x10, BLOCK + 0x2010  # operands of moves
LOW_BYTE, LEFT = 0xFF, ALL - LOW32


def supervisor(rng: Random, share: float = ODD_SHARE) -> State:
    """Return a state with storage around an aligned address, rarely in the problem state."""
    before = stored_state(rng)
    if rng.random() < share:
        before.psw_mask |= PROBLEM
    return before


def refusal(before: State, specification: bool = False) -> int:
    """Return the code of an instruction that is privileged, and has an operand on a boundary."""
    return PRIVILEGED_OPERATION if before.psw_mask & PROBLEM else SPECIFICATION if specification else 0


def ended(line: str, before: State, after: State, code: int = 0) -> Case:
    """Return the case: suppressed with a code."""
    return Case(line, before, before.copy() if code else after, code)


# --- the PSW ----------------------------------------------------------------------------------------------------------


def _system_mask(name: str, rng: Random) -> Iterator[Case]:
    """PoP ch. 10 SET SYSTEM MASK, STORE THEN AND (OR) SYSTEM MASK: unassigned bits are loaded, and then recognized."""
    while True:
        before = supervisor(rng)
        bad = UNASSIGNED if rng.random() < 0.15 else 0
        mask = rng.getrandbits(8) & SAFE_SYSTEM_MASK & ~(UNASSIGNED ^ bad)
        if name == "ssm":
            before.cr0 |= rng.choice((0, 0, 0, 0, SSM_SUPPRESSION))
            before.store(ALIGNED, bytes([mask]))
        elif name == "stnsm":
            before.psw_mask |= (mask & ~UNASSIGNED) << SYSTEM_MASK_SHIFT
            mask = rng.getrandbits(8)
        line = f"{name} {based(before, rng, ALIGNED)}" + ("" if name == "ssm" else f",{mask}")
        after, old = before.copy(), before.psw_mask >> SYSTEM_MASK_SHIFT
        if code := refusal(before) or (SPECIAL_OPERATION if before.cr0 & SSM_SUPPRESSION else 0):
            yield ended(line, before, after, code)
            continue
        new = {"ssm": mask, "stnsm": old & mask, "stosm": old | mask}[name]
        if name != "ssm":
            after.store(ALIGNED, bytes([old]))
        after.psw_mask = before.psw_mask % (1 << SYSTEM_MASK_SHIFT) | new << SYSTEM_MASK_SHIFT
        yield Case(line, before, after, SPECIFICATION if new & UNASSIGNED else 0)


def _random_psw(rng: Random) -> int:
    """Return bits 0-63 of a PSW that is valid and waits for nothing."""
    return (MODES[rng.choice((64, 31, 24))] | rng.randrange(2) * PROBLEM | rng.randrange(16) << KEY_SHIFT
            | rng.choice(SPACES) | rng.getrandbits(6) << 40)  # fmt: skip


def _load_psw(name: str, rng: Random) -> Iterator[Case]:
    """PoP ch. 10 LOAD PSW, LOAD PSW EXTENDED: LPSW has bit 12 inverted, and an address of 31 bits."""
    while True:
        before, mask, at = supervisor(rng), _random_psw(rng), off_boundary(rng, 8)
        data = mask.to_bytes(8) + TARGET.to_bytes(8)
        if name == "lpsw":
            data = (mask ^ 1 << 63 - 12 | TARGET).to_bytes(8)
        before.store(at, data)
        line = f"{name} {based(before, rng, at)}"
        after = before.copy()
        after.psw_mask, after.psw_ia = mask, TARGET
        yield ended(line, before, after, refusal(before, at % 8 != 0))


def _set_key(rng: Random) -> Iterator[Case]:
    """PoP ch. 10 SET PSW KEY FROM ADDRESS: the problem state needs the key's bit of the PSW-key mask."""
    while True:
        before, key = supervisor(rng, 0.4), rng.randrange(16)
        before.cr = {3: rng.getrandbits(64)}
        line = f"spka {based(before, rng, key << 4 | rng.getrandbits(20) & ~0xF0)}"
        after = before.copy()
        after.psw_mask = after.psw_mask & ~(15 << KEY_SHIFT) | key << KEY_SHIFT
        permitted = not before.psw_mask & PROBLEM or before.cr[3] >> 31 - key & 1
        yield ended(line, before, after, 0 if permitted else PRIVILEGED_OPERATION)


def _insert_key(rng: Random) -> Iterator[Case]:
    """PoP ch. 10 INSERT PSW KEY: bits 56-59 of general register 2, zeros to the right."""
    while True:
        before, key = supervisor(rng, 0.4), rng.randrange(16)
        before.psw_mask |= key << KEY_SHIFT
        before.cr0 |= rng.choice((0, EXTRACTION_AUTHORITY))
        after = before.copy()
        after.gr[2] = before.gr[2] & ~LOW_BYTE | key << 4
        permitted = not before.psw_mask & PROBLEM or before.cr0 & EXTRACTION_AUTHORITY
        yield ended("ipk", before, after, 0 if permitted else PRIVILEGED_OPERATION)


# --- control registers ------------------------------------------------------------------------------------------------


def _control(name: str, rng: Random) -> Iterator[Case]:
    """PoP ch. 10 LOAD CONTROL, STORE CONTROL: 32 bits are on the right, the left ones stay."""
    length, store = (8 if name.endswith("g") else 4), name.startswith("st")
    while True:
        before, at = supervisor(rng), off_boundary(rng, length)
        first, last = rng.randrange(REGISTERS), rng.randrange(REGISTERS)
        chosen = numbers(first, last)
        before.cr0 = 0xE0 | rng.getrandbits(3) << 16
        before.cr = {n: rng.getrandbits(64) for n in range(1, REGISTERS)}
        if 0 in chosen and not store:
            place = at + length * chosen.index(0)
            before.store(place, (0xE0 | rng.getrandbits(3) << 16).to_bytes(length))
        line = f"{name} %c{first},%c{last},{based(before, rng, at)}"
        after = before.copy()
        for n, register in enumerate(chosen):
            old = before.cr[register] if register else before.cr0
            if store:
                after.store(at + length * n, (old % (1 << 8 * length)).to_bytes(length))
                continue
            new = old >> 8 * length << 8 * length | int.from_bytes(before.load(at + length * n, length))
            if register:
                after.cr[register] = new
            else:
                after.cr0 = new
        yield ended(line, before, after, refusal(before, at % length != 0))


# --- real storage -----------------------------------------------------------------------------------------------------


def _real(name: str, length: int, store: bool, rng: Random) -> Iterator[Case]:
    """PoP ch. 10 LOAD USING REAL ADDRESS, STORE USING REAL ADDRESS."""
    while True:
        before, at, r1 = supervisor(rng), off_boundary(rng, length), rng.choice((3, 7))
        before.gr[7] = addressed(before, 7, at)
        line = f"{name} %r{r1},%r7"
        after = before.copy()
        if store:
            after.store(at, (before.gr[r1] % (1 << 8 * length)).to_bytes(length))
        else:
            content = int.from_bytes(before.load(at, length))
            after.gr[r1] = before.gr[r1] >> 8 * length << 8 * length | content
        yield ended(line, before, after, refusal(before, at % length != 0))


def _swap_and_purge(name: str, length: int, rng: Random) -> Iterator[Case]:
    """PoP ch. 10 COMPARE AND SWAP AND PURGE: the rightmost bits of R2 ask for what cannot be seen here."""
    while True:
        before, at = supervisor(rng), ALIGNED + length * rng.randrange(2)
        odd = rng.random() < ODD_SHARE
        before.gr[7] = addressed(before, 7, at + rng.randrange(4 if length == 4 else 2))
        content = int.from_bytes(before.load(at, length))
        if rng.random() < 0.5:
            before.gr[2] = before.gr[2] >> 8 * length << 8 * length | content
        after = before.copy()
        equal = before.gr[2] % (1 << 8 * length) == content
        after.cc = int(not equal)
        if equal:
            after.store(at, (before.gr[3] % (1 << 8 * length)).to_bytes(length))
        else:
            after.gr[2] = before.gr[2] >> 8 * length << 8 * length | content
        yield ended(f"{name} %r{3 if odd else 2},%r7", before, after, refusal(before, odd))


def _nothing(line: str, boundary: int, rng: Random) -> Iterator[Case]:
    """What a program does not see: PURGE TLB, PURGE ALB, LOAD PROGRAM PARAMETER, TRACE while tracing is off, when it is
    open whether its operand is looked at."""
    while True:
        before, at = supervisor(rng), off_boundary(rng, boundary)
        if line.startswith("trac"):
            before.cr = {12: rng.getrandbits(62) << 2}
        text = line.format(based(before, rng, at))
        yield ended(text, before, before.copy(), refusal(before, at % boundary != 0))


def _store_prefix(rng: Random) -> Iterator[Case]:
    """PoP ch. 10 STORE PREFIX: it is zero as after a reset."""
    while True:
        before, at = supervisor(rng), off_boundary(rng, 4)
        line = f"stpx {based(before, rng, at)}"
        after = before.copy()
        if not at % 4:
            after.store(at, bytes(4))
        yield ended(line, before, after, refusal(before, at % 4 != 0))


# --- storage keys -----------------------------------------------------------------------------------------------------


def _keyed(rng: Random) -> State:
    """Return a state with the storage key of a block, whose address is in general register 7."""
    before = supervisor(rng)
    before.keys = {BLOCK: rng.getrandbits(7) << 1}
    before.gr[7] = addressed(before, 7, BLOCK | rng.getrandbits(12))
    return before


def _set_storage_key(rng: Random) -> Iterator[Case]:
    """PoP ch. 10 SET STORAGE KEY EXTENDED, with M3 zero: bits 56-62 of R1."""
    while True:
        before = _keyed(rng)
        after = before.copy()
        after.keys[BLOCK] = before.gr[3] & 0xFE
        yield ended("sske %r3,%r7", before, after, refusal(before))


def _insert_storage_key(rng: Random) -> Iterator[Case]:
    """PoP ch. 10 INSERT STORAGE KEY EXTENDED."""
    while True:
        before = _keyed(rng)
        after = before.copy()
        after.gr[3] = before.gr[3] & ~LOW_BYTE | before.keys[BLOCK]
        yield ended("iske %r3,%r7", before, after, refusal(before))


def _reset_reference(rng: Random) -> Iterator[Case]:
    """PoP ch. 10 RESET REFERENCE BIT EXTENDED: the condition code is the reference and the change bit as they were."""
    while True:
        before = _keyed(rng)
        after = before.copy()
        after.cc = before.keys[BLOCK] >> 1 & 3
        after.keys[BLOCK] = before.keys[BLOCK] & ~4
        yield ended("rrbe %r3,%r7", before, after, refusal(before))


def _test_protection(rng: Random) -> Iterator[Case]:
    """PoP ch. 10 TEST PROTECTION, without DAT: the access key is in bits 56-59 of the second-operand address."""
    while True:
        before, key = _keyed(rng), rng.randrange(16)
        before.keys[BLOCK] = rng.choice((key, 0, rng.randrange(16))) << 4 | rng.getrandbits(4) & 14
        operand = based(before, rng, BLOCK | rng.getrandbits(12))
        line = f"tprot {operand},{based(before, rng, key << 4 | rng.getrandbits(20) & ~0xF0, base=9)}"
        after = before.copy()
        matches = key in (0, before.keys[BLOCK] >> 4)
        after.cc = 0 if matches else 2 if before.keys[BLOCK] & 8 else 1
        yield ended(line, before, after, refusal(before))


def _test_block(rng: Random) -> Iterator[Case]:
    """PoP ch. 10 TEST BLOCK: the block is usable, and cleared; general register 0 is zero then."""
    while True:
        before = supervisor(rng)
        before.window(BLOCK, rng.randbytes(BLOCK_SIZE // 8) * 8)
        before.gr[7], before.gr[0] = addressed(before, 7, BLOCK | rng.getrandbits(12)), 0
        after = before.copy()
        after.store(BLOCK, bytes(BLOCK_SIZE))
        after.cc = 0
        yield ended("tb %r3,%r7", before, after, refusal(before))


# --- moves ------------------------------------------------------------------------------------------------------------


def permitted_key(before: State, key: int) -> int:
    """Return the code of an access key that the PSW-key mask does not permit the problem state."""
    return PRIVILEGED_OPERATION if before.psw_mask & PROBLEM and not before.cr[3] >> 31 - key & 1 else 0


def true_length(rng: Random) -> int:
    """Return a length of which more than 256 are moved one part at a time."""
    return rng.choice((0, 1, rng.randrange(64), 255, 256, 257, rng.getrandbits(32)))


def _move_key(rng: Random) -> Iterator[Case]:
    """PoP ch. 10 MOVE WITH KEY: up to 256 bytes, condition code 3 if there are more; keys are all zero here."""
    while True:
        before, key, count = supervisor(rng, 0.3), rng.randrange(16), true_length(rng)
        before.cr = {3: rng.getrandbits(64)}
        first, second = FIRST + rng.randrange(16), SECOND + rng.randrange(16)
        before.window(FIRST, rng.randbytes(0x120))
        before.window(SECOND, rng.randbytes(0x120))
        wide = before.psw_mask & MODES[64] == MODES[64]
        before.gr[3] = count if wide else before.gr[3] & LEFT | count
        before.gr[4] = before.gr[4] & ~LOW_BYTE | key << 4 | rng.randrange(16)
        displacement, base = based(before, rng, first).split("(")
        line = f"mvck {displacement}(%r3,{base},{based(before, rng, second, base=9)},%r4"
        after = before.copy()
        after.store(first, before.load(second, min(count, 256)))
        after.cc = 3 if count > 256 else 0
        yield ended(line, before, after, permitted_key(before, key))


def _move_by_key(name: str, rng: Random) -> Iterator[Case]:
    """PoP ch. 10 MOVE WITH SOURCE KEY, MOVE WITH DESTINATION KEY: key in general register 1, length code in 0."""
    while True:
        before, key, length = supervisor(rng, 0.3), rng.randrange(16), rng.choice((1, rng.randrange(1, 65), 256))
        before.cr = {3: rng.getrandbits(64)}
        first, second = FIRST + rng.randrange(16), SECOND + rng.randrange(16)
        before.window(FIRST, rng.randbytes(0x120))
        before.window(SECOND, rng.randbytes(0x120))
        before.gr[0] = before.gr[0] & ~LOW_BYTE | length - 1
        before.gr[1] = before.gr[1] & ~LOW_BYTE | key << 4 | rng.randrange(16)
        if name == "mvcdk":  # what is stored into has that key; reference and change bits become ones
            before.keys = {BLOCK: key << 4 | rng.randrange(16) & 14}
        line = f"{name} {based(before, rng, first)},{based(before, rng, second, base=9)}"
        after = before.copy()
        after.store(first, before.load(second, length))
        after.keys = {at: storage_key | 6 for at, storage_key in before.keys.items()}
        yield ended(line, before, after, permitted_key(before, key))


def _move_page(rng: Random) -> Iterator[Case]:
    """PoP ch. 10 MOVE PAGE, without DAT and without an access key: condition code 0."""
    while True:
        before = first_state(rng)
        before.window(BLOCK, rng.randbytes(BLOCK_SIZE // 8) * 8)
        before.window(BLOCK + 2 * BLOCK_SIZE, rng.randbytes(BLOCK_SIZE // 8) * 8)
        before.gr[0] &= ~0xFC00 & ALL
        before.gr[7] = addressed(before, 7, BLOCK | rng.getrandbits(12))
        before.gr[9] = addressed(before, 9, BLOCK + 2 * BLOCK_SIZE | rng.getrandbits(12))
        after = before.copy()
        after.store(BLOCK, before.load(BLOCK + 2 * BLOCK_SIZE, BLOCK_SIZE))
        after.cc = 0
        yield Case("mvpg %r7,%r9", before, after)


# --- access registers -------------------------------------------------------------------------------------------------


def _test_access(rng: Random) -> Iterator[Case]:
    """PoP ch. 10 TEST ACCESS, of what needs no table: ALET 0 is the primary space, 1 the secondary; with ones in bits
    0-6 it is none."""
    while True:
        before, r1 = stored_state(rng), rng.randrange(REGISTERS)
        before.ar = [rng.getrandbits(32) for _ in range(REGISTERS)]
        before.ar[r1] = rng.choice((0, 1, rng.getrandbits(25) | rng.randrange(1, 128) << 25))
        after = before.copy()
        after.cc = {0: 0}.get(before.ar[r1], 3)
        yield Case(f"tar %a{r1},%r7", before, after)


RECIPES: dict[str, Callable[[Random], Iterator[Case]]] = {
    **{name: partial(_system_mask, name) for name in ("ssm", "stnsm", "stosm")},
    **{name: partial(_load_psw, name) for name in ("lpsw", "lpswe", "lpswey")}, "spka": _set_key, "ipk": _insert_key,
    **{name: partial(_control, name) for name in ("lctl", "lctlg", "stctl", "stctg")},
    "lura": partial(_real, "lura", 4, False), "lurag": partial(_real, "lurag", 8, False),
    "stura": partial(_real, "stura", 4, True), "sturg": partial(_real, "sturg", 8, True),
    "csp": partial(_swap_and_purge, "csp", 4), "cspg": partial(_swap_and_purge, "cspg", 8),
    "ptlb": partial(_nothing, "ptlb", 1), "palb": partial(_nothing, "palb", 1), "lpp": partial(_nothing, "lpp {}", 8),
    "trace": partial(_nothing, "trace %r3,%r4,{}", 1), "tracg": partial(_nothing, "tracg %r3,%r4,{}", 1),
    "stpx": _store_prefix, "sske": _set_storage_key, "iske": _insert_storage_key, "rrbe": _reset_reference,
    "tprot": _test_protection, "tb": _test_block, "mvck": _move_key, "mvpg": _move_page, "tar": _test_access,
    **{name: partial(_move_by_key, name) for name in ("mvcsk", "mvcdk")},
}  # fmt: skip
