"""Control instructions that need tables of dynamic address translation a second time: PoP ch. 10, the tables of ch. 3.

Each space here is a segment table; of the tables a case has the entries that are used. The instruction and its operands
are on pages of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from random import Random

from s390emu.architecture.interruptions import (
    ASCE_TYPE,
    PRIVILEGED_OPERATION,
    SEGMENT_TRANSLATION,
    SPECIAL_OPERATION,
    SPECIFICATION,
)
from s390emu.conformance.case import CODE, Case, State
from s390emu.conformance.twins.control import (
    EXTRACTION_AUTHORITY,
    LEFT,
    LOW_BYTE,
    PROBLEM,
    ended,
    permitted_key,
    refusal,
    supervisor,
    true_length,
)
from s390emu.conformance.twins.forms import LOW32, address_bits, addressed, based, first_state
from s390emu.conformance.twins.multiple import AR_MODE, HOME, ODD_SHARE, SECONDARY

DAT = 1 << 63 - 5
SECONDARY_CONTROL = 1 << 63 - 37  # control register 0
ASN_TRANSLATION = 1 << 63 - 44  # control register 14
SEGMENT_INVALID, PAGE_INVALID = 0x20, 0x400  # bits of entries
SEGMENT, PAGE = 1 << 20, 1 << 12
FULL_LENGTH = 3  # of a segment table, in an address-space-control element: 512 entries, and 512 times this number
TABLES = {1: (0x50000, 0x54000), 7: (0x58000, 0x5C000), 13: (0x60000, 0x64000)}  # by control register
PRIMARY, OTHER = 1, 7
OPERANDS = 0x70000  # real address of the pages of operands, 1000 further for each
SPACE_OF = {0: 1, AR_MODE: 1, SECONDARY: 7, HOME: 13}  # control register, by address-space control; access registers 0


def enter(state: State, register: int, virtual: int, real: int, segment_bits: int = 0, page_bits: int = 0) -> None:
    """Have the entries that translate a page of a space."""
    segments, pages = TABLES[register]
    state.cr[register] = segments | FULL_LENGTH
    state.window(segments + 8 * (virtual // SEGMENT), (pages | segment_bits).to_bytes(8))
    state.window(pages + 8 * (virtual // PAGE % 256), (real // PAGE * PAGE | page_bits).to_bytes(8))


def translated(rng: Random, share: float = ODD_SHARE) -> State:
    """Return a state with DAT, in which the instruction is where it is in the primary, secondary and home space."""
    before = first_state(rng)
    before.psw_mask |= DAT | (PROBLEM if rng.random() < share else 0)
    for register in TABLES:
        enter(before, register, CODE, CODE)
    before.cr0 |= SECONDARY_CONTROL
    return before


# --- LOAD REAL ADDRESS ------------------------------------------------------------------------------------------------


def _load_real(name: str, rng: Random) -> Iterator[Case]:
    """PoP ch. 10 LOAD REAL ADDRESS: condition code 1 or 2 with the address of an invalid entry of the segment or page
    table, 3 with the code of another exception. The address-space control counts with DAT and without."""
    while True:
        before = first_state(rng)
        if rng.random() < ODD_SHARE:
            before.psw_mask |= PROBLEM
        space = rng.choice((0, SECONDARY, HOME))
        before.psw_mask |= space
        register = SPACE_OF[space]
        virtual = rng.getrandbits(min(address_bits(before), 31))
        if address_bits(before) > 24 and rng.random() < 0.7:
            before.psw_mask |= DAT
            enter(before, PRIMARY, CODE, CODE)
            enter(before, register, CODE, CODE)
            virtual |= SEGMENT  # neither its entry of the segment table nor that of the page table
            virtual += PAGE * (virtual // PAGE % 256 == CODE // PAGE)
        beyond = address_bits(before) == 64 and rng.random() < 0.1
        real = rng.getrandbits(31 if rng.random() < 0.8 else 40)
        segment_bits, page_bits = (rng.choice((0, 0, 0, bit)) for bit in (SEGMENT_INVALID, PAGE_INVALID))
        enter(before, register, virtual, real, segment_bits, page_bits)
        segments, pages = TABLES[register]
        length = rng.choice((FULL_LENGTH,) * 6 + (0, 1, 2))
        before.cr[register] = segments | length
        operand = based(before, rng, virtual | (1 << 33 if beyond else 0), indexed=True)
        after = before.copy()
        whole = name == "lrag" or address_bits(before) == 64
        found: int | None = real // PAGE * PAGE | virtual % PAGE
        outside = virtual // SEGMENT >= 512 * (length + 1)
        if beyond or outside:
            after.cc, found = 3, None
            after.gr[3] = before.gr[3] & LEFT | 1 << 31 | (ASCE_TYPE if beyond else SEGMENT_TRANSLATION)
        elif segment_bits:
            after.cc, found = 1, segments + 8 * (virtual // SEGMENT)
        elif page_bits:
            after.cc, found = 2, pages + 8 * (virtual // PAGE % 256)
        else:
            after.cc = 0
        code = refusal(before) or (SPECIAL_OPERATION if found is not None and not whole and found >> 31 else 0)
        if found is not None:
            after.gr[3] = found if whole else before.gr[3] & LEFT | found & LOW32
        yield ended(f"{name} %r3,{operand}", before, after, code)


def _store_real(rng: Random) -> Iterator[Case]:
    """PoP ch. 10 STORE REAL ADDRESS, of what is translated."""
    while True:
        before = supervisor(rng)
        virtual, real = rng.getrandbits(min(address_bits(before), 31)), rng.getrandbits(40)
        enter(before, PRIMARY, virtual, real)
        at = 0x38110 + 4 * (rng.random() < ODD_SHARE)
        line = f"strag {based(before, rng, at)},{based(before, rng, virtual, base=9)}"
        after = before.copy()
        code = refusal(before, at % 8 != 0)
        if not code:
            after.store(at, (real // PAGE * PAGE | virtual % PAGE).to_bytes(8))
        yield ended(line, before, after, code)


# --- invalidation -----------------------------------------------------------------------------------------------------


def _invalidate_page(rng: Random) -> Iterator[Case]:
    """PoP ch. 10 INVALIDATE PAGE TABLE ENTRY: the page-invalid bit of the entry that R2's page index selects."""
    while True:
        before = supervisor(rng)
        virtual = rng.getrandbits(31)
        pages = TABLES[PRIMARY][1]
        entry = pages + 8 * (virtual // PAGE % 256)
        content = rng.getrandbits(20) << 12 | rng.choice((0, 0x200, PAGE_INVALID))
        before.window(entry, content.to_bytes(8))
        before.gr[3] = pages | rng.getrandbits(6)  # the bits on the right of a segment-table entry do not matter
        before.gr[4] = virtual
        after = before.copy()
        after.store(entry, (content | PAGE_INVALID).to_bytes(8))
        yield ended("ipte %r3,%r4", before, after, refusal(before))


# --- what DAT has to be on for ----------------------------------------------------------------------------------------


def _extract_number(name: str, rng: Random) -> Iterator[Case]:
    """PoP ch. 10 EXTRACT PRIMARY ASN, EXTRACT SECONDARY ASN: bits 48-63 of control registers 4 and 3."""
    while True:
        before, r1 = translated(rng, 0.3), rng.randrange(16)
        before.cr |= {3: rng.getrandbits(64), 4: rng.getrandbits(64)}
        before.cr0 |= rng.choice((0, EXTRACTION_AUTHORITY))
        after = before.copy()
        number = before.cr[4 if name == "epar" else 3] & 0xFFFF
        after.gr[r1] = before.gr[r1] & LEFT | number
        yield ended(f"{name} %r{r1}", before, after, _extraction(before))


def _extraction(before: State) -> int:
    return PRIVILEGED_OPERATION if before.psw_mask & PROBLEM and not before.cr0 & EXTRACTION_AUTHORITY else 0


def _without_translation(before: State, rng: Random) -> int:
    """Rarely have DAT off; return the code for that."""
    if rng.random() < ODD_SHARE:
        before.psw_mask &= ~DAT
        return SPECIAL_OPERATION
    return 0


def _insert_control(rng: Random) -> Iterator[Case]:
    """PoP ch. 10 INSERT ADDRESS SPACE CONTROL: 0 primary, 1 secondary, 2 access registers, 3 home, in bits 48-55."""
    while True:
        before, r1 = translated(rng, 0.3), rng.randrange(16)
        number, space = rng.choice(list(enumerate((0, SECONDARY, AR_MODE, HOME))))
        before.psw_mask |= space
        before.cr0 |= rng.choice((0, EXTRACTION_AUTHORITY))
        code = _without_translation(before, rng)
        after = before.copy()
        after.gr[r1], after.cc = before.gr[r1] & ~0xFF00 | number << 8, number
        yield ended(f"iac %r{r1}", before, after, code or _extraction(before))


def _set_control(name: str, rng: Random) -> Iterator[Case]:
    """PoP ch. 10 SET ADDRESS SPACE CONTROL (FAST): bits 52-55 of the address; the home space is for the supervisor."""
    while True:
        before = translated(rng, 0.3)
        number = rng.randrange(16) if rng.random() < 2 * ODD_SHARE else rng.randrange(4)
        if rng.random() < ODD_SHARE:
            before.cr0 &= ~SECONDARY_CONTROL
        code = _without_translation(before, rng) or (0 if before.cr0 & SECONDARY_CONTROL else SPECIAL_OPERATION)
        if not code and number == 3 and before.psw_mask & PROBLEM:
            code = PRIVILEGED_OPERATION
        elif not code and number > 3:
            code = SPECIFICATION
        line = f"{name} {based(before, rng, number << 8 | rng.getrandbits(20) & ~0xF00)}"
        after = before.copy()
        if not code:
            after.psw_mask |= (0, SECONDARY, AR_MODE, HOME)[number]
        yield ended(line, before, after, code)


def _set_secondary(rng: Random) -> Iterator[Case]:
    """PoP ch. 10 SET SECONDARY ASN, to the current primary: no ASN is translated, and the secondary space is that."""
    while True:
        before, number = translated(rng, 0.2), rng.getrandbits(16)
        before.cr |= {3: rng.getrandbits(64), 4: rng.getrandbits(48) << 16 | number}
        before.cr[14] = rng.choice((ASN_TRANSLATION,) * 6 + (0,))
        before.gr[3] = before.gr[3] & ~0xFFFF | number
        code = _without_translation(before, rng) or (0 if before.cr[14] else SPECIAL_OPERATION)
        after = before.copy()
        after.cr[3], after.cr[7] = before.cr[3] & ~0xFFFF | number, before.cr[1]
        yield ended("ssar %r3", before, after, code)


def _insert_virtual_key(rng: Random) -> Iterator[Case]:
    """PoP ch. 10 INSERT VIRTUAL STORAGE KEY: access-control and fetch-protection bits, zeros to their right."""
    while True:
        before = translated(rng, 0.3)
        before.cr0 |= rng.choice((0, EXTRACTION_AUTHORITY))
        enter(before, PRIMARY, 0x38000, OPERANDS)
        before.keys = {OPERANDS: rng.getrandbits(7) << 1}
        before.gr[7] = addressed(before, 7, 0x38000 | rng.getrandbits(12))
        code = _without_translation(before, rng)
        after = before.copy()
        after.gr[3] = before.gr[3] & ~LOW_BYTE | before.keys[OPERANDS] & 0xF8
        yield ended("ivsk %r3,%r7", before, after, code or _extraction(before))


def _between_spaces(name: str, rng: Random) -> Iterator[Case]:
    """PoP ch. 10 MOVE TO PRIMARY, MOVE TO SECONDARY: R3 has the key of the other space's operand."""
    while True:
        before, count = translated(rng, 0.3), true_length(rng)
        if rng.random() < ODD_SHARE:
            before.cr0 &= ~SECONDARY_CONTROL
        key = rng.randrange(16) if name == "mvcp" else 0  # with which is fetched; what is stored into has key 0
        before.cr[3] = rng.getrandbits(64)
        spaces = (PRIMARY, OTHER) if name == "mvcp" else (OTHER, PRIMARY)
        for n, (register, virtual) in enumerate(zip(spaces, (0x38000, 0x3A000), strict=True)):
            enter(before, register, virtual, OPERANDS + PAGE * n)
            before.window(OPERANDS + PAGE * n, rng.randbytes(0x120))
        wide = address_bits(before) == 64
        before.gr[3] = count if wide else before.gr[3] & LEFT | count
        before.gr[4] = before.gr[4] & ~LOW_BYTE | key << 4 | rng.randrange(16)
        code = _without_translation(before, rng) or (0 if before.cr0 & SECONDARY_CONTROL else SPECIAL_OPERATION)
        first, second = rng.randrange(16), rng.randrange(16)
        displacement, base = based(before, rng, 0x38000 + first).split("(")
        line = f"{name} {displacement}(%r3,{base},{based(before, rng, 0x3A000 + second, base=9)},%r4"
        after = before.copy()
        after.store(OPERANDS + first, before.load(OPERANDS + PAGE + second, min(count, 256)))
        after.cc = 3 if count > 256 else 0
        yield ended(line, before, after, code or permitted_key(before, key))


def _with_options(rng: Random) -> Iterator[Case]:
    """PoP ch. 10 MOVE WITH OPTIONAL SPECIFICATIONS, with none: PSW key and address-space control; up to 4,096 bytes."""
    while True:
        before, count = translated(rng, 0.3), rng.choice((0, 1, rng.randrange(256), 256, 4096, 4097, 1 << 30))
        for n, virtual in enumerate((0x38000, 0x39000, 0x3A000, 0x3B000)):
            enter(before, PRIMARY, virtual, OPERANDS + PAGE * n)
        moved = min(count, 4096)
        for at in (OPERANDS, OPERANDS + 0x2100):
            before.window(at, (rng.randbytes(0xF0) * 18)[: moved + 16])
        before.gr[0] = before.gr[0] & LEFT
        wide = address_bits(before) == 64
        before.gr[6] = count if wide else before.gr[6] & LEFT | count
        code = _without_translation(before, rng)
        line = f"mvcos {based(before, rng, 0x38000)},{based(before, rng, 0x3A100, base=9)},%r6"
        after = before.copy()
        after.store(OPERANDS, before.load(OPERANDS + 0x2100, moved))
        after.cc = 3 if count > 4096 else 0
        yield ended(line, before, after, code)


RECIPES: dict[str, Callable[[Random], Iterator[Case]]] = {
    **{name: partial(_load_real, name) for name in ("lra", "lray", "lrag")}, "strag": _store_real,
    "ipte": _invalidate_page, **{name: partial(_extract_number, name) for name in ("epar", "esar")},
    "iac": _insert_control, **{name: partial(_set_control, name) for name in ("sac", "sacf")},
    "ssar": _set_secondary, "ivsk": _insert_virtual_key, "mvcos": _with_options,
    **{name: partial(_between_spaces, name) for name in ("mvcp", "mvcs")},
}  # fmt: skip
