"""Branches and traps: PoP ch. 7."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from random import Random

from s390emu.architecture.interruptions import DATA
from s390emu.conformance.case import AFP_CONTROL, CODE, Case, State
from s390emu.conformance.twins.forms import ALL, LOW32, first_state, gr, immediate, low
from s390emu.conformance.twins.load_store import COMPARE_AND_TRAP

TARGET = CODE + 0xF234
DISPLACEMENT = 0x234
COMPARED = 0x40010  # a second operand in storage
EQUAL, LOW, HIGH = 8, 4, 2

# Of each: signed?, bits, template with {i} the second operand and {m} the mask.
BRANCHES = {
    "crb": (True, 32, "crb %r1,%r2,{m},0x234(%r5)"),
    "cgrb": (True, 64, "cgrb %r1,%r2,{m},0x234(%r5)"),
    "crj": (True, 32, "crj %r1,%r2,{m},.+0xf234"),
    "cgrj": (True, 64, "cgrj %r1,%r2,{m},.+0xf234"),
    "cib": (True, 32, "cib %r1,{i},{m},0x234(%r5)"),
    "cgib": (True, 64, "cgib %r1,{i},{m},0x234(%r5)"),
    "cij": (True, 32, "cij %r1,{i},{m},.+0xf234"),
    "cgij": (True, 64, "cgij %r1,{i},{m},.+0xf234"),
    "clrb": (False, 32, "clrb %r1,%r2,{m},0x234(%r5)"),
    "clgrb": (False, 64, "clgrb %r1,%r2,{m},0x234(%r5)"),
    "clrj": (False, 32, "clrj %r1,%r2,{m},.+0xf234"),
    "clgrj": (False, 64, "clgrj %r1,%r2,{m},.+0xf234"),
    "clib": (False, 32, "clib %r1,{i},{m},0x234(%r5)"),
    "clgib": (False, 64, "clgib %r1,{i},{m},0x234(%r5)"),
    "clij": (False, 32, "clij %r1,{i},{m},.+0xf234"),
    "clgij": (False, 64, "clgij %r1,{i},{m},.+0xf234"),
}
TRAPS = {
    "crt": (True, 32, "crt %r1,%r2,{m}"),
    "cgrt": (True, 64, "cgrt %r1,%r2,{m}"),
    "cit": (True, 32, "cit %r1,{i},{m}"),
    "cgit": (True, 64, "cgit %r1,{i},{m}"),
    "clrt": (False, 32, "clrt %r1,%r2,{m}"),
    "clgrt": (False, 64, "clgrt %r1,%r2,{m}"),
    "clfit": (False, 32, "clfit %r1,{i},{m}"),
    "clgit": (False, 64, "clgit %r1,{i},{m}"),
    "clt": (False, 32, "clt %r1,{m},0x10(%r6)"),
    "clgt": (False, 64, "clgt %r1,{m},0x10(%r6)"),
}
COUNTS = {  # bits, how far from the right of the register, line
    "bct": (32, 0, "bct %r3,0x234(%r5)"), "bctg": (64, 0, "bctg %r3,0x234(%r5)"),
    "bctr": (32, 0, "bctr %r3,%r7"), "bctgr": (64, 0, "bctgr %r3,%r7"),
    "brct": (32, 0, "brct %r3,.+0xf234"), "brctg": (64, 0, "brctg %r3,.+0xf234"),
    "brcth": (32, 32, "brcth %r3,.+0xf234"),
}  # fmt: skip
INDEXES = {  # bits, high?, line
    "bxh": (32, True, "bxh %r3,%r8,0x234(%r5)"), "bxle": (32, False, "bxle %r3,%r8,0x234(%r5)"),
    "bxhg": (64, True, "bxhg %r3,%r8,0x234(%r5)"), "bxleg": (64, False, "bxleg %r3,%r8,0x234(%r5)"),
    "brxh": (32, True, "brxh %r3,%r8,.+0xf234"), "brxle": (32, False, "brxle %r3,%r8,.+0xf234"),
    "brxhg": (64, True, "brxhg %r3,%r8,.+0xf234"), "brxlg": (64, False, "brxlg %r3,%r8,.+0xf234"),
}  # fmt: skip
CONDITIONS = {"bc": "bc {m},0x234(%r5)", "bcr": "bcr {m},%r7", "brc": "brc {m},.+0xf234", "brcl": "brcl {m},.+0xf234"}
LINKS = {"bas": (4, "bas %r3,0x234(%r5)"), "basr": (2, "basr %r3,%r7"), "bras": (4, "bras %r3,.+0xf234"),
         "brasl": (6, "brasl %r3,.+0xf234")}  # fmt: skip


def _start(rng: Random) -> State:
    """Return registers of which 5 and 7 lead to the target."""
    state = first_state(rng, TARGET - DISPLACEMENT)
    state.gr[7] = TARGET
    return state


def _ended(line: str, before: State, taken: bool, **changes: int) -> Case:
    after = before.copy()
    for name, value in changes.items():
        after.gr[int(name[1:])] = value
    if taken:
        after.psw_ia = TARGET
    return Case(line, before, after)


def _comparison(table: dict, name: str, rng: Random) -> tuple[str, State, int]:
    """Return line, state before, and the bit of the mask that stands for what a comparison gives."""
    signed, bits, line = table[name]
    place = (low if bits == 32 else gr)(1)
    of_line = immediate(16 if table is TRAPS else 8)
    first, second = (place, of_line) if "{i}" in line else (place, place._replace(register=2))
    if not signed:
        first, second = first.unsigned, second.unsigned
    state = _start(rng)
    state.gr[6] = COMPARED - 0x10
    left, right = first.number(first.draw(rng)), second.number(second.draw(rng))
    if rng.random() < 0.3:
        left = right
    first.put(state, left)
    left = first.get(state)
    second.put(state, right)
    if "(%r6)" in line:
        state.window(COMPARED, right.to_bytes(bits // 8, "big"))
    order = EQUAL if left == right else LOW if left < right else HIGH
    mask = rng.choice((order, 14 - order, rng.randrange(16)))
    return line.format(i=right, m=mask), state, order & mask


def compare_and_branch(name: str, rng: Random) -> Iterator[Case]:
    """PoP ch. 7 COMPARE (LOGICAL) (IMMEDIATE) AND BRANCH (RELATIVE)."""
    while True:
        line, before, taken = _comparison(BRANCHES, name, rng)
        yield _ended(line, before, bool(taken))


def compare_and_trap(name: str, rng: Random) -> Iterator[Case]:
    """PoP ch. 7 COMPARE (LOGICAL) (IMMEDIATE) AND TRAP: the DXC comes into the FPC register if the program has one."""
    while True:
        line, before, taken = _comparison(TRAPS, name, rng)
        before.cr0 = rng.choice((before.cr0, AFP_CONTROL))
        after = before.copy()
        if not taken:
            yield Case(line, before, after)
            continue
        after.fpc = COMPARE_AND_TRAP << 8 if before.cr0 == AFP_CONTROL else 0
        yield Case(line, before, after, DATA, COMPARE_AND_TRAP)


def branch_on_count(name: str, rng: Random) -> Iterator[Case]:
    """PoP ch. 7 BRANCH (RELATIVE) ON COUNT (HIGH): the register is one less, and it branches unless that is zero."""
    bits, shift, line = COUNTS[name]
    place = gr(3)._replace(bits=bits, shift=shift).unsigned
    while True:
        before = _start(rng)
        place.put(before, rng.choice((0, 1, 2, place.draw(rng))))
        count = (place.get(before) - 1) % (1 << bits)
        case = _ended(line, before, count != 0)
        place.put(case.after, count)
        yield case


def branch_on_index(name: str, rng: Random) -> Iterator[Case]:
    """PoP ch. 7 BRANCH (RELATIVE) ON INDEX: the comparand is in the odd register of R3's pair."""
    bits, high, line = INDEXES[name]
    place = gr(3)._replace(bits=bits)
    while True:
        before = _start(rng)
        third = rng.choice((8, 9))
        line_of_it = line.replace("%r8", f"%r{third}")
        for register in (3, 8, 9):
            place._replace(register=register).put(before, place.draw(rng))
        total = place.number(place.get(before) + place._replace(register=third).get(before))
        comparand = place._replace(register=9).get(before)
        case = _ended(line_of_it, before, (total > comparand) == high)
        place.put(case.after, total)
        yield case


def branch_on_condition(name: str, rng: Random) -> Iterator[Case]:
    """PoP ch. 7 BRANCH (RELATIVE) ON CONDITION."""
    while True:
        before = _start(rng)
        mask = rng.choice((0, 15, 8 >> before.cc, 15 - (8 >> before.cc), rng.randrange(16)))
        yield _ended(CONDITIONS[name].format(m=mask), before, bool(mask & 8 >> before.cc))


def branch_and_save(name: str, rng: Random) -> Iterator[Case]:
    """PoP ch. 7 BRANCH AND SAVE, BRANCH RELATIVE AND SAVE (LONG): bit 32 of the link tells the 31-bit mode."""
    length, line = LINKS[name]
    while True:
        before = _start(rng)
        link = CODE + length
        if not before.psw_mask & 1 << 32:
            link = before.gr[3] & ALL - LOW32 | before.psw_mask & 1 << 31 | link
        yield _ended(line, before, True, r3=link)


RECIPES: dict[str, Callable[[Random], Iterator[Case]]] = {
    name: partial(function, name)
    for table, function in (
        (BRANCHES, compare_and_branch), (TRAPS, compare_and_trap), (COUNTS, branch_on_count),
        (INDEXES, branch_on_index), (CONDITIONS, branch_on_condition), (LINKS, branch_and_save),
    )
    for name in table
}  # fmt: skip
