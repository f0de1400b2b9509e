"""Decoded instructions and stores into them: a store is seen by the instruction fetches that follow it. PoP ch. 5
"Sequence of Storage References"."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from s390emu.machine import Machine, Reason
from s390emu.storage.tlb import BESIDE_CODE, NO_TAG

START = 0x20000
# Three times through a loop. r4 walks over three versions of a small piece of code, `change` puts one where r5 points,
# and then it is executed: it adds 1, 10, 100 to r2 and returns to r10.
PROGRAM = """
_start: lghi    %r2,0
        lghi    %r3,3
        lghi    %r0,0x70                # the ending character of MVST
        larl    %r4,versions
        larl    %r5,target
        larl    %r10,back
loop:   {change}
        {execute}
        {inline}
back:   aghi    %r4,8
        brctg   %r3,loop
        larl    %r15,wait
        lpswe   0(%r15)

        .balign 8
wait:   .quad   0x0002000180000000,0
        .quad   0,0
versions:
        .quad   0xa72b000107fa0770      # aghi %r2,1; bcr 15,%r10; bcr 7,%r0
        .quad   0xa72b000a07fa0770
        .quad   0xa72b006407fa0770
        {elsewhere}
"""
TARGET = "target: aghi %r2,0; bcr 15,%r10; bcr 7,%r0".replace(";", "\n        ")
SUM = 111

CHANGES = {
    "mvc": "mvc 0(8,%r5),0(%r4)",
    "mvc-operand-only": "mvc 2(2,%r5),2(%r4)",
    "mvc-last-byte-only": "mvc 3(1,%r5),3(%r4)",
    "xc-oc": "xc 0(8,%r5),0(%r5)\n oc 0(8,%r5),0(%r4)",
    "stg": "lg %r6,0(%r4)\n stg %r6,0(%r5)",
    "mvst": "la %r6,0(%r5)\n la %r8,0(%r4)\n1: mvst %r6,%r8\n brc 1,1b",
    "mvcl": "la %r6,0(%r5)\n la %r8,0(%r4)\n lghi %r7,8\n lghi %r9,8\n mvcl %r6,%r8",
    "mvcle": "la %r6,0(%r5)\n la %r8,0(%r4)\n lghi %r7,8\n lghi %r9,8\n1: mvcle %r6,%r8,0\n brc 1,1b",
}
EXECUTES = {"branch": "bcr 15,%r5", "ex": "ex %r0,0(%r5)", "exrl": "exrl %r0,target"}


@pytest.fixture(params=[True, False], ids=["tlb-on", "tlb-off"])
def execute(request):
    """Run a program to its end: -> the machine."""

    def run(source, prepare=lambda machine: None):
        machine = Machine.from_source(source, origin=START, tlb=request.param)
        prepare(machine)
        stop = machine.run(limit=100_000)
        assert stop.reason is Reason.DISABLED_WAIT
        return machine

    return run


def program(change, execute="", inline="", elsewhere=""):
    return PROGRAM.format(change=change, execute=execute, inline=inline, elsewhere=elsewhere)


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_store_into_the_next_instruction(execute, change):
    assert execute(program(change, inline=TARGET)).gr[2] == SUM


@pytest.mark.parametrize("how", EXECUTES.values(), ids=EXECUTES)
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_store_into_another_page(execute, change, how):
    assert execute(program(change, how, elsewhere=f".org 0x2010\n{TARGET}")).gr[2] == SUM


@pytest.mark.parametrize("how", EXECUTES.values(), ids=EXECUTES)
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_store_into_an_instruction_that_crosses_a_page(execute, change, how):
    """Two of its four bytes are in each page; some changes are to the second half alone."""
    assert execute(program(change, how, elsewhere=f".org 0x2ffe\n{TARGET}")).gr[2] == SUM


@pytest.mark.parametrize("how", EXECUTES.values(), ids=EXECUTES)
@pytest.mark.parametrize("place", [0x3000, 0x2FFA, 0x2FFE])
def test_store_that_begins_in_the_page_before(execute, how, place):
    """24 bytes: 16 that lie before the instructions, and they."""
    change = "aghi %r4,-16\n aghi %r5,-16\n mvc 0(24,%r5),0(%r4)\n aghi %r4,16\n aghi %r5,16"
    assert execute(program(change, how, elsewhere=f".org {place:#x}\n{TARGET}")).gr[2] == SUM


@pytest.mark.parametrize("how", EXECUTES.values(), ids=EXECUTES)
@pytest.mark.parametrize("place", [0x2010, 0x2FFE])
def test_both_ways_of_execution_see_the_same_text(execute, how, place):
    """Executed by a branch and then by EXECUTE, or the other way round, in one pass."""
    twice = f"exrl %r0,target\n {how}" if how == EXECUTES["branch"] else f"{how}\n bcr 15,%r5"
    assert execute(program(CHANGES["mvc"], twice, elsewhere=f".org {place:#x}\n{TARGET}")).gr[2] == 2 * SUM


def test_an_instruction_that_changes_itself_goes_on_as_it_was(execute):
    """MVC overwrites its own operation code: the next time it is a no-operation."""
    source = program(
        "larl %r6,itself\n larl %r7,nothing\nitself: mvc 0(6,%r6),0(%r7)",
        "aghi %r2,1",
        elsewhere="target: nothing: .quad 0x0700070007000700",
    )
    machine = execute(source)
    assert machine.gr[2] == 3
    assert machine.read(int(machine.gr[6]), 6) == bytes.fromhex("070007000700")


def test_bytes_from_outside_are_seen(execute):
    """A debugger writes into code that was executed."""
    source = program("nop_: bcr 0,%r0", "bcr 15,%r5", elsewhere=f".org 0x2010\n{TARGET}")
    machine = execute(source)
    assert machine.gr[2] == 0
    machine.write(START + 0x2010 + 3, b"\x07")
    machine.set_psw(0x0000000180000000, START)
    machine.run(limit=1000)
    assert machine.gr[2] == 21


@pytest.mark.parametrize("pages", [1, 2, 3])
def test_more_code_than_room_for_decoded_pages(execute, pages):
    """Every page that is decoded anew takes the place of another, perhaps the one that is being executed."""

    def prepare(machine):
        machine.storage.record.decode_pages = pages

    source = program(
        "exrl %r0,one\n exrl %r0,two\n exrl %r0,three\n brasl %r14,four",
        "exrl %r0,two",
        elsewhere="""
        .org    0x2100
one:    aghi    %r2,1
        .org    0x3100
two:    aghi    %r2,10
        .org    0x4100
three:  aghi    %r2,100
        .org    0x5100
four:   exrl    %r0,one
        exrl    %r0,three
        bcr     15,%r14
target: .quad   0""",
    )
    assert execute(source, prepare).gr[2] == 3 * 222


def test_the_page_being_executed_is_given_to_another(execute):
    """EXECUTE decodes its target, for which there is no room but in place of its own page; `there` is as far into the
    target's page as the instruction after the EXECUTE is into its own."""

    def prepare(machine):
        machine.storage.record.decode_pages = 1

    source = """
_start: lghi    %r2,0
        brcl    15,here
        .balign 8
wait:   .quad   0x0002000180000000,0
        .org    0x300
here:   exrl    %r0,victim
        aghi    %r2,1
        brcl    15,there
        .org    0x1100
victim: bcr     0,%r0
        .org    0x1306
there:  aghi    %r2,10
        larl    %r15,wait
        lpswe   0(%r15)
"""
    machine = execute(source, prepare)
    machine.set_psw(0x0000000180000000, START)  # again, with no exits to compile a handler
    machine.run(limit=1000)
    assert machine.gr[2] == 11


CODE, FIRST, SECOND, SEGMENTS, PAGES = 0x40000, 0x50000, 0x60000, 0x70000, 0x74000
ENTRY = PAGES + 8 * (CODE >> 12)  # of the page with the code, at first that of FIRST


def translated(machine):
    for page in range(256):
        machine.write(PAGES + 8 * page, (FIRST if page == CODE >> 12 else page << 12).to_bytes(8, "big"))
    machine.write(SEGMENTS, PAGES.to_bytes(8, "big"))
    machine.cr[1] = SEGMENTS
    machine.gr[5], machine.gr[6], machine.gr[7] = CODE, SECOND, ENTRY
    machine.set_psw(1 << 58 | machine.psw[0], machine.psw[1])


def test_text_of_another_block_is_not_kept(execute):
    """The page's table entry is changed, and the TLB need not notice until it is purged: what is fetched meanwhile may
    come from either block, and afterwards from the right one."""

    def prepare(machine):
        for address, step in (FIRST, 1), (SECOND, 10):
            # stg %r6,0(%r7); aghi %r2,<step>; br %r14
            machine.write(address, bytes.fromhex(f"e36070000024 a72b{step:04x} 07fe"))
        translated(machine)

    source = f"""
_start: basr    %r14,%r5
        llilf   %r6,{FIRST:#x}
        stg     %r6,0(%r7)
        ptlb
        lghi    %r2,0
        la      %r5,6(%r5)
        basr    %r14,%r5
        larl    %r15,wait
        lpswe   0(%r15)
        .balign 8
wait:   .quad   0x0002000180000000,0
"""
    assert execute(source, prepare).gr[2] == 1


def test_it_makes_no_difference_what_was_decoded_before():
    """The page's table entry is made invalid, and the TLB not purged: an instruction behind that in the page is reached
    or not, whether or not an earlier run from the same snapshot has decoded it."""
    source = """
_start: basr    %r14,%r5
        larl    %r15,wait
        lpswe   0(%r15)
        .balign 8
wait:   .quad   0x0002000180000000,0
"""

    def make():
        machine = Machine.from_source(source, origin=START)
        # ltgr %r8,%r8; jz 1f; stg %r6,0(%r7); 1: aghi %r2,1; br %r14
        machine.write(FIRST, bytes.fromhex("b9020088 a7840005 e36070000024 a72b0001 07fe"))
        machine.write(0x1D0, (0x0002000180000000).to_bytes(8, "big") + (1).to_bytes(8, "big"))
        translated(machine)
        machine.gr[6], machine.gr[8] = 0x400, 1
        return machine

    def end(machine):
        return machine.run(limit=1000), machine.gr.tolist(), machine.read(0, 0x1000)

    used, new = make(), make()
    start = used.snapshot()
    used.gr[8] = 0
    assert used.run(limit=1000).exit_code == 0
    used.restore(start)
    assert end(used) == end(new)


# --- stores beside decoded instructions -------------------------------------------------------------------------------

PAGE, TEMPLATES, SLOTS = 0x30000, 0x31000, 512  # of 8 bytes: aghi %r2,<n>; br %r10; 0
SLOT = bytes.fromhex("a72b0000 07fa 0000")
AGHI, OILL = 0xA7, 0xA5  # the first byte; the second is the same
slot = st.sampled_from([0, 1, 31, 32, 255, 511])
kept = {
    "call": "la %r5,{at}(%r4)\n basr %r10,%r5",
    "execute": "ex %r0,{at}(%r4)",
    "execute-template": "ex %r0,{template}(%r3)",
    "number": "la %r5,{at}(%r4)\n mvhhi 2(%r5),{n}",
    "last-byte": "la %r5,{at}(%r4)\n mvi 3(%r5),{n}",
    "first-byte": "la %r5,{at}(%r4)\n mvi 0(%r5),{first}",
    "all": "la %r5,{at}(%r4)\n mvc 0(8,%r5),{template}(%r3)",
    "filler": "la %r5,{at}(%r4)\n mvi 7(%r5),{n}",
    "number-and-next": "la %r5,{at}(%r4)\n mvc 4(8,%r5),{template_4}(%r3)",
    "clear": "xc {at_256}(256,%r4),{at_256}(%r4)",
    "clear-all": "lgr %r6,%r4\n lghi %r7,0x1000\n lghi %r9,0\n mvcl %r6,%r8",
}
change_or_use = st.tuples(st.sampled_from(sorted(kept)), slot, st.integers(1, 100))


def expected(steps):
    """What steps leave in r2 and in the page, those left out that would execute what is no code; and the others."""
    total, page, possible = 0, bytearray(SLOTS * SLOT), []
    for what, number, n in steps:
        at = 8 * number
        if what in ("call", "execute"):
            if page[at] == 0 or page[at + 1] != SLOT[1] or (what == "call" and page[at + 4 : at + 6] != SLOT[4:6]):
                continue
            total = total + page[at + 3] if page[at] == AGHI else total | page[at + 3]
        elif what == "execute-template":
            total += n
        elif what == "last-byte":
            page[at + 3] = n
        elif what == "first-byte":
            page[at] = OILL if n % 2 else AGHI
        elif what == "number":
            page[at + 2 : at + 4] = bytes([0, n])
        elif what == "all":
            page[at : at + 8] = SLOT[:3] + bytes([n]) + SLOT[4:]
        elif what == "filler":
            page[at + 7] = n
        elif what == "number-and-next":
            if number == 511:
                continue
            page[at + 4 : at + 12] = SLOT[4:] + SLOT[:3] + bytes([n])
        elif what == "clear":
            page[at & ~0xFF : (at & ~0xFF) + 256] = bytes(256)
        else:
            page[:] = bytes(0x1000)
        possible.append((what, number, n))
    return total, bytes(page), possible


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)
@given(st.lists(change_or_use, min_size=1, max_size=30), st.sampled_from([None, 1, 2]), st.booleans())
@example([("call", 1, 1), ("call", 32, 1), ("number", 32, 5), ("number", 1, 7), ("call", 1, 1)], None, True)
@example([("call", 1, 1), ("call", 32, 1), ("number", 1, 5), ("number", 32, 7), ("call", 32, 1)], None, True)
@example([("execute", 32, 1), ("filler", 32, 5), ("last-byte", 32, 7), ("execute", 32, 1)], None, True)
@example([("number", 32, 9), ("execute", 32, 1), ("filler", 1, 5), ("first-byte", 32, 7), ("call", 32, 1)], None, True)
@example([("call", 255, 1), ("filler", 255, 5), ("execute-template", 0, 3), ("number", 255, 7), ("call", 255, 1),
          ("number", 255, 9), ("call", 255, 1)], 2, True)
def test_stores_anywhere_in_a_page_of_code(steps, decode_pages, tlb):
    """Slots of the page are executed, changed, left alone, and cleared with their neighbours or with the whole page."""
    total, page, possible = expected(steps)
    lines = [f"llilf %r4,{PAGE:#x}\n llilf %r3,{TEMPLATES:#x}\n lghi %r2,0\n lghi %r8,0"]
    for what, number, n in possible:
        at = 8 * number
        lines.append(kept[what].format(at=at, n=n, at_256=at & ~0xFF, template=16 * n, template_4=16 * n + 4,
                                       first=OILL if n % 2 else AGHI))  # fmt: skip
    source = "_start:" + "\n".join([*lines, "larl %r15,wait", "lpswe 0(%r15)", ".balign 8",
                                    "wait: .quad 0x0002000180000000,0"])  # fmt: skip
    machine = Machine.from_source(source, origin=START, tlb=tlb)
    machine.write(PAGE, SLOTS * SLOT)
    for n in range(101):
        one = SLOT[:3] + bytes([n]) + SLOT[4:]
        machine.write(TEMPLATES + 16 * n, one + one)
    if decode_pages:
        machine.storage.record.decode_pages = decode_pages
    assert machine.run(limit=10_000).reason is Reason.DISABLED_WAIT
    assert int(machine.gr[2]) == total
    assert machine.read(PAGE, 0x1000) == page


BESIDE = """
_start: llilf   %r4,0x30000
        basr    %r10,%r4
        stg     %r1,{offset}(%r4)
        stg     %r1,{offset}(%r4)
        {then}
        larl    %r15,wait
        lpswe   0(%r15)
        .balign 8
wait:   .quad   0x0002000180000000,0
"""


def tag_of_the_store_entry(then="", code=SLOT):
    """In the page are a few bytes of code; a store into it has been made at 200, then this was executed."""
    machine = Machine.from_source(BESIDE.format(offset=0x200, then=then), origin=START)
    machine.write(PAGE, code)
    assert machine.run(limit=1000).reason is Reason.DISABLED_WAIT
    return int(machine.port.tlb_store_tag[PAGE >> 12 & 0xFF])


def test_a_store_beside_code_finds_the_tlb():
    assert tag_of_the_store_entry() & ~0xFFF == PAGE
    assert tag_of_the_store_entry() & int(BESIDE_CODE)


@pytest.mark.parametrize("line", ["xc 0(8,%r4),0(%r4)", "stg %r1,0(%r4)", "lgr %r6,%r4\n lghi %r7,8\n mvcl %r6,%r8"])
def test_code_that_is_overwritten_is_none(line):
    """The page is one for data again, and its stores need not look."""
    tag = tag_of_the_store_entry(f"{line}\n stg %r1,0x300(%r4)")
    assert tag & ~0xFFF == PAGE
    assert not tag & int(BESIDE_CODE)


@pytest.mark.parametrize("order", [(0, 8, 16, 24), (24, 16, 8, 0), (8, 16, 24, 0), (16, 0, 24, 8)])
def test_code_that_is_overwritten_piece_by_piece_is_none(order):
    """As long as one of its instructions is left the page is one of code, whichever was the first and the last."""
    code = 3 * bytes.fromhex("a7f4000400000000") + bytes.fromhex("07fa")  # brc 15,*+8; bcr 15,%r10
    stores = [f"sth %r1,{at}(%r4)\n" for at in order]
    for count in (3, 4):
        tag = tag_of_the_store_entry("".join(stores[:count]) + " stg %r1,0x300(%r4)", code)
        assert bool(tag & int(BESIDE_CODE)) is (count == 3)


def test_data_that_is_executed_is_code():
    """A page of which nothing is kept any more is stored into, and then executed again: its store entry goes."""
    then = "xc 0(8,%r4),0(%r4)\n stg %r1,0x300(%r4)\n mvc 0(8,%r4),0x300(%r4)\n basr %r10,%r4"
    machine = Machine.from_source(BESIDE.format(offset=0x200, then=then), origin=START)
    machine.write(PAGE, SLOT)
    machine.gr[1] = int.from_bytes(SLOT, "big")
    assert machine.run(limit=1000).reason is Reason.DISABLED_WAIT
    assert int(machine.port.tlb_store_tag[PAGE >> 12 & 0xFF]) == int(NO_TAG)


# --- instructions that cross a page -----------------------------------------------------------------------------------

CROSSING = {
    "as-it-is": ("", 3),
    "other-page": ("stg %r6,0(%r7)\n ptlb", 12),
    "stored-into-second-page": (f"llilf %r1,{FIRST:#x}\n mvi 1(%r1),5", 7),
    "stored-into-first-page": ("aghi %r5,-1\n mvi 4(%r5),2\n aghi %r5,1", 0x20003),
    "other-page-of-another-space": ("lctlg %c1,%c1,0(%r9)", 12),
}


@pytest.mark.parametrize(("between", "total"), CROSSING.values(), ids=CROSSING)
def test_an_instruction_that_crosses_a_page(execute, between, total):
    """AGFI, 4 bytes of which are before CODE: it is executed twice, and once after something has been changed. In FIRST
    it adds 1, in SECOND 10."""

    def prepare(machine):
        machine.write(CODE - 4, bytes.fromhex("c2280000"))
        for address, step in (FIRST, 1), (SECOND, 10):
            machine.write(address, bytes.fromhex(f"{step:04x} 07fe"))
        translated(machine)
        other = [(SECOND if page == CODE >> 12 else page << 12).to_bytes(8, "big") for page in range(256)]
        machine.write(PAGES + 0x1000, b"".join(other))
        machine.write(SEGMENTS + 0x1000, (PAGES + 0x1000).to_bytes(8, "big"))
        machine.write(SEGMENTS + 0x2000, (SEGMENTS + 0x1000).to_bytes(8, "big"))
        machine.gr[5], machine.gr[9] = CODE - 4, SEGMENTS + 0x2000

    lines = ["_start: lghi %r2,0", *2 * ["basr %r14,%r5"], between, "basr %r14,%r5", "larl %r15,wait", "lpswe 0(%r15)",
             ".balign 8", "wait: .quad 0x0002000180000000,0"]  # fmt: skip
    assert execute("\n".join(lines) + "\n", prepare).gr[2] == total


@pytest.mark.parametrize("tlb", [True, False], ids=["tlb-on", "tlb-off"])
def test_an_instruction_whose_second_page_is_invalidated(tlb):
    source = f"_start: basr %r14,%r5\n basr %r14,%r5\n llilf %r8,{PAGES:#x}\n ipte %r8,%r9\n basr %r14,%r5\n"
    machine = Machine.from_source(source, origin=START, tlb=tlb)
    machine.write(CODE - 4, bytes.fromhex("c2280000"))
    machine.write(FIRST, bytes.fromhex("0001 07fe"))
    machine.write(0x1D0, (0x0002000180000000).to_bytes(8, "big"))
    translated(machine)
    machine.gr[5], machine.gr[9] = CODE - 4, CODE
    machine.run(limit=100)
    assert (machine.last_interruption.code, machine.last_interruption.psw_ia) == (0x11, CODE - 4)
    assert machine.last_interruption.teid & ~0xFFF == CODE
    assert machine.gr[2] == 2
