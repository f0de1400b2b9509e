"""Which instructions become a region, where it is entered, and its blocks."""

from __future__ import annotations

import pytest

from s390emu.assembler.assemble import assemble
from s390emu.isa import lookup
from s390emu.regions.region import Region, find_region, relative_target, with_what_follows

BASE, MODE64 = 0x10000, (1 << 64) - 1
BRANCHES = ("BRC", "BRCTG", "BRAS", "BCR", "BC")
BARRIERS = ("STCK", "SVC")


def kind(mnemonic: str) -> bool | None:
    return None if mnemonic in BARRIERS else mnemonic in BRANCHES


def decoded(source: str) -> dict[int, int]:
    """The texts of a program's instructions by address, as a decoded page has them."""
    (address, code), *_ = assemble(source, origin=BASE).image()
    texts, at = {}, 0
    while at < len(code):
        length = lookup.LENGTHS[code[at] >> 6]
        texts[address + at] = int.from_bytes(code[at : at + length].ljust(8, b"\0"), "big")
        at += length
    return texts


def region(source: str, *starts: int, **options) -> Region:
    found = find_region(decoded(source), starts or (BASE,), MODE64, kind, **options)
    assert found
    return found


LOOP = "lghi %r1,5\nloop: agr %r2,%r3\n brctg %r1,loop\n agr %r4,%r5"


def test_a_loop_is_entered_at_its_head_and_the_region_where_it_was_seen_to_be_entered():
    assert region(LOOP).entries == (BASE, BASE + 4)


def test_in_the_middle_of_a_loop_it_is_not_entered_though_it_was_seen_there():
    assert region(LOOP, BASE + 8).entries == (BASE + 4,)


def test_blocks_end_with_branches_and_before_their_targets():
    blocks = region(LOOP).blocks
    assert {leader: len(block) for leader, block in blocks.items()} == {BASE: 1, BASE + 4: 2, BASE + 12: 1}


def test_a_barrier_ends_a_block_and_the_region_is_entered_behind_it():
    found = region("lghi %r1,5\n stck 0(%r1)\n agr %r1,%r2")
    assert [each.barrier for each in found.blocks[BASE]] == [False, True]
    assert found.entries == (BASE, BASE + 8)


def test_where_a_call_goes_and_where_it_returns_the_region_is_entered():
    found = region("bras %r14,f\n agr %r1,%r2\n brc 15,.\nf: agr %r3,%r4\n bcr 15,%r14")
    assert {BASE + 4, BASE + 12} <= set(found.entries)


SWITCH = """loop: bcr 15,%r2
first: agr %r3,%r4
 brc 15,loop
second: brc 8,in
 agr %r3,%r5
in: agr %r3,%r6
 brc 15,loop"""


def test_where_only_a_register_can_lead_the_region_is_entered_so_that_it_has_all_cases_of_a_switch():
    assert region(SWITCH).entries == (BASE, BASE + 2, BASE + 10)  # not `in`, a fixed target


def test_a_loop_through_a_register_does_not_keep_it_from_being_entered_where_it_was_seen_to_be():
    assert BASE + 18 in region(SWITCH, BASE, BASE + 18).entries


def test_what_serializes_and_what_branches_at_some_codes_only_goes_on():
    assert region("bcr 15,0\n bcr 14,%r2\n brc 7,f\nf: agr %r3,%r4").entries == (BASE,)


def test_a_barrier_is_no_entry_and_a_page_of_barriers_no_region():
    assert find_region(decoded("svc 1\n svc 2"), (BASE,), MODE64, kind) is None


def test_what_was_not_decoded_is_left_to_the_interpreter():
    texts = decoded(LOOP)
    del texts[BASE + 12]
    found = find_region(texts, (BASE,), MODE64, kind)
    assert found and BASE + 12 not in found.blocks


def test_everywhere_every_instruction_is_an_entry():
    assert region(LOOP, everywhere=True).entries == (BASE, BASE + 4, BASE + 8, BASE + 12)


def test_a_region_has_a_bounded_size():
    found = region("\n".join(["agr %r1,%r2"] * 50), size=lambda mnemonic: 100, most=2000)
    assert len(found.instructions) == 20


def test_a_relative_target_counts_halfwords_from_the_instruction_and_wraps_in_its_mode():
    text = int.from_bytes(bytes.fromhex("A7F4FFFF").ljust(8, b"\0"), "big")  # BRC 15,.-2
    assert relative_target(text, 0x1000, MODE64) == 0xFFE
    assert relative_target(text, 0, 0x7FFFFFFF) == 0x7FFFFFFE
    assert relative_target(0x1A12 << 48, 0x1000, MODE64) is None


EXECUTED = "exrl {r1},t\n agr %r1,%r2\n stck 0(%r1)\nt: {target}"


def test_the_target_of_execute_relative_is_executed_in_its_place():
    found = region(EXECUTED.format(r1="%r3", target="mvc 0(1,%r1),0(%r2)"))
    first = found.blocks[BASE][0]
    assert (first.mnemonic, first.barrier, first.following) == ("MVC", False, BASE + 6)
    assert first.executed and (first.executed.ia, first.executed.modifier) == (BASE + 14, 3)


@pytest.mark.parametrize("target", ["lhi %r4,3", "aghi %r4,3", "exrl %r3,t", "stck 0(%r1)", ""],
                         ids=["operation-code-modified", "same", "execute", "barrier", "not-decoded"])  # fmt: skip
def test_what_execute_cannot_be_resolved_for_is_a_barrier(target):
    texts = decoded(EXECUTED.format(r1="%r3", target=target or "mvc 0(1,%r1),0(%r2)"))
    if not target:
        del texts[BASE + 14]
    found = find_region(texts, (BASE + 6, BASE), MODE64, lambda name: None if name == "EXRL" else kind(name))
    assert BASE not in found.entries


def test_what_follows_by_fixed_addresses_is_found_ahead_of_its_execution():
    """Behind a branch that always branches too, and at the target of EXECUTE; not where an operand in storage is, nor
    what stands behind what is no instruction."""
    code = decoded("""
       brasl %r14,f
       larl %r1,data
       exrl %r0,t
       br %r14
       lhi %r1,1
       .balign 4
       .long 0
data:  lhi %r1,2
t:     tm 0(%r1),1
       .long 0
f:     cij %r1,0,8,g
       .long 0
       lhi %r1,3
g:     basr %r14,%r1
""")
    found, beyond = with_what_follows({BASE: code[BASE]}, MODE64, lambda ia: code.get(ia) or None)
    followed = {ia - BASE for ia in found}
    assert followed == {0, 6, 12, 18, 20, 32, 40, 54}
    assert found.items() <= code.items()
    assert {ia - BASE for ia in beyond} == {24, 36, 46, 56}
