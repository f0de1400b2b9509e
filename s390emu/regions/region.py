"""Which instructions of a page become one region: data only, nothing of LLVM.

A region has the instructions of one page that have been decoded, that is executed at least once, and can be reached
from where the page was seen to be entered. It is entered at the heads of loops, where functions begin and calls return,
behind barriers, and where only an address in a register can lead: behind what always branches, at what is no fixed
target, as the cases of a switch are. It is not entered in the middle of a loop, which would make the loop irreducible
and half as fast; a loop through an address in a register is none here, as it goes through all entries anyway.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import NamedTuple

from s390emu.isa import lookup
from s390emu.isa.formats import RELATIVE
from s390emu.isa.opcodes import ROWS
from s390emu.regions.request import FIRST_TEXT

CALLS = frozenset(("BAL", "BALR", "BAS", "BASR", "BRAS", "BRASL"))
MASKED_BRANCHES = frozenset(("BC", "BCR", "BRC", "BRCL"))  # bits 8-11: at which condition codes
MASK_SHIFT, ALL_CODES = 52, 0xF
NO_BRANCH = 0x07F0  # BCR 15,0: R2 is zero
TEXT_BITS = 64
EXECUTE = "EXRL"
# What the fixed address is of where it goes, or what it executes; most others of this format load from there.
LONG_BRANCHES = frozenset(("BRASL", "BRCTH", EXECUTE))
# Where the second byte has no part of the operation code, and nothing counts from the instruction's own address.
EXECUTED_FORMATS = ("SI", "SS-a", "SS-b", "SS-c", "SS-f")
MODIFIER_SHIFT = 52  # R1 of it, in an instruction's text
ROW_BY_PLACE = {lookup.place_of_row(row): row for row in ROWS}
FORMATS = {row.mnemonic: row.format.name for row in ROWS}


class Executed(NamedTuple):
    """The target of an EXECUTE: its address and text, and the register whose low byte is ORed into it (0: none is)."""

    ia: int
    text: int
    modifier: int


class Instruction(NamedTuple):
    """A decoded instruction at logical address `ia`; text: left-aligned; place: in the handler table; following: the
    address after it; target: where it branches to if that is fixed. A barrier is not translated. executed: the target
    of an EXECUTE RELATIVE LONG, whose mnemonic is then that of the instruction."""

    ia: int
    text: int
    place: int
    mnemonic: str
    following: int
    target: int | None
    branches: bool
    barrier: bool
    executed: Executed | None = None

    @property
    def goes_on(self) -> bool:
        """True unless control always goes elsewhere than to the next instruction."""
        always = self.mnemonic in MASKED_BRANCHES and self.text >> MASK_SHIFT & ALL_CODES == ALL_CODES
        return not always or self.text >> 48 == NO_BRANCH


class Region(NamedTuple):
    """blocks: instructions by the address of the first one, none branching but the last; entries: addresses of blocks
    at which it is entered; amode: the mask of the addressing mode."""

    amode: int
    blocks: dict[int, list[Instruction]]
    entries: tuple[int, ...]

    @property
    def instructions(self) -> list[Instruction]:
        return [instruction for block in self.blocks.values() for instruction in block]


def relative_target(text: int, ia: int, amode: int) -> int | None:
    """Return the address that an instruction designates relative to its own; None if it does not."""
    for operand in ROW_BY_PLACE[lookup.place_of(text)].format.operands:
        if operand.kind == RELATIVE:
            (start, width), = operand.fields  # fmt: skip
            halfwords = (text >> (TEXT_BITS - start - width)) & ((1 << width) - 1)
            halfwords -= (halfwords >> (width - 1)) << width
            return (ia + 2 * halfwords) & amode
    return None


def instruction_at(
    decoded: Mapping[int, int], ia: int, amode: int, branches: Callable[[str], bool | None]
) -> Instruction:
    """Return an instruction; branches: of a mnemonic, whether it may branch, None for a barrier."""
    text = decoded[ia]
    place = lookup.place_of(text)
    row = ROW_BY_PLACE.get(place)
    following = (ia + lookup.LENGTHS[text >> (TEXT_BITS - 2)]) & amode
    if row and row.mnemonic == EXECUTE and (executed := _executed(decoded, text, ia, amode)):
        mnemonic = ROW_BY_PLACE[lookup.place_of(executed.text)].mnemonic
        return Instruction(ia, text, place, mnemonic, following, None, False, branches(mnemonic) is None, executed)
    kind = branches(row.mnemonic) if row else None
    target = relative_target(text, ia, amode) if kind else None
    return Instruction(ia, text, place, row.mnemonic if row else "", following, target, bool(kind), kind is None)


def _executed(decoded: Mapping[int, int], text: int, ia: int, amode: int) -> Executed | None:
    """Return the target of an EXECUTE, None if its operation code could be modified, or it is not in the same page."""
    target = relative_target(text, ia, amode)
    assert target is not None
    row = ROW_BY_PLACE.get(lookup.place_of(decoded.get(target, 0)))
    if target not in decoded or row is None or row.format.name not in EXECUTED_FORMATS:
        return None
    return Executed(target, decoded[target], text >> MODIFIER_SHIFT & 0xF)


def with_what_follows(
    decoded: Mapping[int, int], amode: int, text_at: Callable[[int], int | None]
) -> tuple[dict[int, int], set[int]]:
    """Return decoded instructions of a page with all that can follow them by fixed addresses, executed or not, as texts
    by logical address; and where these addresses lead to that `text_at` has nothing.

    text_at: of an address, what would be decoded there; None if nothing is to be."""
    found, work, beyond = dict(decoded), list(decoded), set()
    while work:
        each = instruction_at(found, work.pop(), amode, _has_target)
        for ia in (each.following, each.target):
            if ia is None or ia in found:
                continue
            if (text := text_at(ia)) is None:
                beyond.add(ia)
            else:
                found[ia] = text
                work.append(ia)
    return found, beyond


def _has_target(mnemonic: str) -> bool:
    """True if an address that the instruction designates relative to its own is that of an instruction."""
    return mnemonic in LONG_BRANCHES or FORMATS[mnemonic] != "RIL-b"


def find_region(
    decoded: Mapping[int, int], starts: Collection[int], amode: int, branches: Callable[[str], bool | None], *,
    everywhere: bool = False, size: Callable[[str], int] = lambda mnemonic: 0, most: int = FIRST_TEXT,
) -> Region | None:  # fmt: skip
    """Return the region of the instructions that can be reached from `starts`, None if there is nothing to translate.

    decoded: texts by logical address, all in one page; everywhere: enter it at every instruction, for tests;
    size: of a mnemonic, the characters of its template, of which there are not many more than `most`.
    """
    found = _reachable(decoded, starts, amode, branches, size, most)
    entered = {start for start in starts if start in found and not _in_loop(found, start)}
    leaders, entries = set(entered), set(entered)
    targets = {each.target for each in found.values()}
    for each in found.values():
        if each.branches or each.barrier:
            leaders |= found.keys() & set(_next(each))
        if each.barrier or each.mnemonic in CALLS:
            entries.add(each.following)
        if each.target is not None and (each.target <= each.ia or each.mnemonic in CALLS):
            entries.add(each.target)
        if not each.goes_on and each.following not in targets:
            entries.add(each.following)
    if everywhere:
        leaders = entries = set(found)
    blocks = {leader: _block(found, leader, leaders) for leader in sorted(leaders)}
    usable = tuple(sorted(entry for entry in entries if entry in blocks and not found[entry].barrier))
    if not usable:
        return None
    blocks = {leader: blocks[leader] for leader in sorted(_blocks_reached(blocks, usable))}
    return Region(amode, blocks, usable)


def _reachable(decoded, starts, amode, branches, size, most) -> dict[int, Instruction]:
    found: dict[int, Instruction] = {}
    work, text = list(starts), 0
    while work and text < most:
        ia = work.pop()
        if ia in decoded and ia not in found:
            found[ia] = each = instruction_at(decoded, ia, amode, branches)
            text += size(each.mnemonic) if not each.barrier else 0
            work += _next(each)
    return found


def _next(each: Instruction) -> list[int]:
    return [each.following] if each.target is None else [each.target, each.following]


def _in_loop(found: Mapping[int, Instruction], start: int) -> bool:
    """True if the instruction can come again, as far as fixed targets tell, without the region being left."""
    seen: set[int] = set()
    work = _ways(found[start])
    while work:
        ia = work.pop()
        if ia == start:
            return True
        if ia in found and ia not in seen:
            seen.add(ia)
            work += _ways(found[ia])
    return False


def _ways(each: Instruction) -> list[int]:
    """Return where a region may go from an instruction by itself, and not by an address in a register."""
    if each.barrier:
        return []
    return [ia for ia in (each.target, each.following if each.goes_on else None) if ia is not None]


def _block(found: Mapping[int, Instruction], leader: int, leaders: set[int]) -> list[Instruction]:
    """Return the instructions of a block: up to a branch, a barrier or the next leader."""
    block = [found[leader]]
    while not (block[-1].branches or block[-1].barrier):
        following = block[-1].following
        if following in leaders or following not in found or following <= block[-1].ia:
            break
        block.append(found[following])
    return block


def _blocks_reached(blocks: Mapping[int, list[Instruction]], entries: Collection[int]) -> set[int]:
    seen: set[int] = set()
    work = list(entries)
    while work:
        leader = work.pop()
        if leader in blocks and leader not in seen:
            seen.add(leader)
            last = blocks[leader][-1]
            if not last.barrier:
                work += _next(last)
    return seen
