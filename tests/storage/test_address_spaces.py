"""The TLB names address spaces: entries stay while other spaces are attached, none is used in another space, and what
invalidates them does so in all. PoP ch. 3 "Translation-Lookaside Buffer"."""

from __future__ import annotations

import numpy as np
import pytest

from s390emu.assembler.assemble import assemble
from s390emu.machine import Machine, Reason, Schedule
from s390emu.records.port import TLB_SPACES
from s390emu.storage.tlb import NO_TAG

SIZE = 1 << 20
CODE, HANDLER, SUBROUTINE, BLOCK, CONTROLS = 0x10000, 0x11000, 0x30000, 0x31000, 0x12000
TABLES, FRAMES = 0x40000, 0xC0000  # of space n: its tables, and two frames, for SUBROUTINE and BLOCK
TABLE_BYTES = 0x2000  # a segment table, and a page table
DAT, HOME_SPACE, START = 1 << 58, 3 << 46, 0x0000000180000000
PRIVATE, SPACE_CONTROL = 0x100, 1 << (63 - 37)
PAGE_INVALID = 0x400
MANY = TLB_SPACES + 5
END = 0x0002000180000000
PAGE_TRANSLATION, SEGMENT_TRANSLATION, PROTECTION = 0x11, 0x10, 0x04


def table(space: int) -> int:
    return TABLES + space * TABLE_BYTES


def entry(space: int, page: int) -> int:
    """The address of a page-table entry of a space."""
    return table(space) + 0x1000 + 8 * (page >> 12)


def frame(space: int, page: int) -> int:
    return FRAMES + 0x2000 * space + (page - SUBROUTINE)


def machine_with(source: str, spaces: int, **options) -> Machine:
    """Make a machine whose spaces map everything to itself, but for SUBROUTINE and BLOCK: there each has frames of its
    own. In SUBROUTINE of space n is `aghi %r2,n+1`, at BLOCK the number n+1. The ASCEs, in this order, are at
    CONTROLS; r13 has its address, r5 that of BLOCK, r6 that of SUBROUTINE. The program begins in home-space mode, in
    space 0, which is the primary one too."""
    machine = Machine(SIZE, **options)
    for at, data in assemble(source, origin=CODE).image():
        machine.write(at, data)
    for space in range(spaces):
        pages = [page << 12 for page in range(SIZE >> 12)]
        for page in (SUBROUTINE, BLOCK):
            pages[page >> 12] = frame(space, page)
        machine.write(table(space), (table(space) + 0x1000).to_bytes(8, "big") + 511 * (0x20).to_bytes(8, "big"))
        machine.write(entry(space, 0), b"".join(page.to_bytes(8, "big") for page in pages))
        machine.write(frame(space, SUBROUTINE), bytes.fromhex(f"a72b{space + 1:04x} 07fe"))
        machine.write(frame(space, BLOCK), (space + 1).to_bytes(8, "big"))
        machine.write(CONTROLS + 8 * space, table(space).to_bytes(8, "big"))
    machine.write(0x1D0, END.to_bytes(8, "big"))
    machine.cr[0] |= SPACE_CONTROL
    machine.cr[1] = machine.cr[7] = machine.cr[13] = table(0)
    machine.gr[13], machine.gr[5], machine.gr[6] = CONTROLS, BLOCK, SUBROUTINE
    machine.set_psw(START | DAT | HOME_SPACE, CODE)
    return machine


def finish(machine: Machine) -> None:
    assert machine.run(limit=100_000).reason is Reason.DISABLED_WAIT


def entries(machine: Machine, kind: str = "fetch", cpu: int = 0) -> set[int]:
    """The tags of the entries of a CPU's TLB."""
    return {int(tag) for tag in getattr(machine.storage.ports[cpu], f"tlb_{kind}_tag")} - {int(NO_TAG)}


STOP = "\n larl %r15,stop\n lpswe 0(%r15)\n .balign 8\nstop: .quad 0x0002000180000000,0\n"


# --- kept ------------------------------------------------------------------------------------------------------------

HARMLESS = {
    "cr1": "lctlg %c1,%c1,8(%r13)",
    "cr7": "lctlg %c7,%c7,8(%r13)",
    "lctl": "lctl %c1,%c1,12(%r13)",
    "spaces-and-masks": "lctlg %c2,%c12,0(%r13)",
    "primary": "sacf 0",
    "lpswe-real": "larl %r1,1f\n lpswe 0(%r1)\n .balign 8\n1: .quad 0x0000000180000000, next",
    "stosm": "stosm 0x800(%r13),0",
}


@pytest.mark.parametrize("line", HARMLESS.values(), ids=HARMLESS)
def test_what_changes_no_translation_drops_nothing(line):
    machine = machine_with(f"start: lg %r1,0(%r5)\n stg %r1,8(%r5)\n larl %r1,start\n{line}\nnext: nopr 0{STOP}", 2)
    machine.run(limit=2)
    before = {kind: entries(machine, kind) for kind in ("fetch", "store", "insn")}
    assert all(before.values())
    machine.run(limit=1 + len(line.splitlines()) - 2 * ("lpswe" in line))
    for kind, tags in before.items():
        assert tags <= entries(machine, kind)


def test_an_address_space_is_the_same_by_whichever_control_register():
    """Home space 0, then primary space 0."""
    machine = machine_with(f"lg %r1,0(%r5)\n sacf 0\n lg %r1,0(%r5){STOP}", 1)
    machine.run(limit=1)
    before, context = entries(machine), int(machine.port.context)
    machine.run(limit=2)
    assert (entries(machine), int(machine.port.context)) == (before, context)


def test_an_address_space_that_comes_back_finds_its_entries():
    """Not those of the pages that both use."""
    machine = machine_with(f"sacf 0\n lg %r1,0(%r5)\n lctlg %c1,%c1,8(%r13)\n lg %r1,0(%r6)\n"
                           f" lctlg %c1,%c1,0(%r13)\n lg %r1,0(%r5){STOP}", 2)  # fmt: skip
    machine.run(limit=5)
    before = entries(machine)
    assert BLOCK | int(machine.port.context) in before
    machine.run(limit=1)
    assert entries(machine) == before


@pytest.mark.parametrize("bit", [35, 38, 39, 40], ids=["low-address", "fetch-override", "store-override", "enhanced"])
@pytest.mark.parametrize("line", ["lctlg %c0,%c0,0(%r4)", "lctl %c0,%c0,4(%r4)", "lctlg %c15,%c0,0(%r3)"])
def test_control_register_0_drops_what_rests_on_it(bit, line):
    machine = machine_with(f"lg %r1,0(%r5)\n {line}{STOP}", 1)
    machine.gr[4], machine.gr[3] = 0x13008, 0x13000
    machine.write(0x13008, (int(machine.cr[0]) ^ 1 << (63 - bit)).to_bytes(8, "big"))
    machine.run(limit=2)
    assert not entries(machine) | entries(machine, "store") | entries(machine, "insn")


# --- apart -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tlb", [True, False], ids=["tlb-on", "tlb-off"])
@pytest.mark.parametrize("spaces", [2, TLB_SPACES - 1, MANY])
def test_more_and_fewer_spaces_than_numbers(spaces, tlb):
    """Each is visited twice: its number is fetched and doubled, its subroutine called."""
    source = f"""
        lghi    %r3,2
again:  lghi    %r4,{spaces}
        lgr     %r7,%r13
next:   lctlg   %c1,%c1,0(%r7)
        sacf    0
        lg      %r1,0(%r5)
        agr     %r8,%r1
        agr     %r1,%r1
        stg     %r1,0(%r5)
        basr    %r14,%r6
        sacf    768
        aghi    %r7,8
        brctg   %r4,next
        brctg   %r3,again
        {STOP}"""
    machine = machine_with(source, spaces, tlb=tlb)
    finish(machine)
    total = spaces * (spaces + 1) // 2
    assert (machine.gr[8], machine.gr[2]) == (3 * total, 2 * total)
    for space in range(spaces):
        assert machine.read(frame(space, BLOCK), 8) == (4 * (space + 1)).to_bytes(8, "big")


@pytest.mark.parametrize("spaces", [4, MANY])
def test_the_operands_of_mvcos_are_in_their_own_spaces(spaces):
    """From the secondary space, one after the other, to the home space: the number of the home space stays its own,
    however many others are needed."""
    source = f"""
        lghi    %r4,{spaces}
        lgr     %r7,%r13
        la      %r9,0x800(%r5)
next:   lctlg   %c7,%c7,0(%r7)
        llilf   %r0,0x81
        lghi    %r1,8
        mvcos   0(%r9),0(%r5),%r1
        ag      %r8,0(%r9)
        ag      %r10,0(%r5)
        aghi    %r7,8
        brctg   %r4,next
        {STOP}"""
    machine = machine_with(source, spaces)
    finish(machine)
    assert (machine.gr[8], machine.gr[10]) == (spaces * (spaces + 1) // 2, spaces)


def test_real_addresses_are_no_space():
    source = f"""
        lg      %r2,0(%r5)
        larl    %r1,psw
        lpswe   0(%r1)
        .balign 8
psw:    .quad   0x0000000180000000, real
real:   lg      %r3,0(%r5)
        stosm   0x800(%r13),4
        lg      %r4,0(%r5)
        {STOP}"""
    machine = machine_with(source, 2)
    machine.cr[1] = table(1)
    machine.write(BLOCK, (77).to_bytes(8, "big"))
    finish(machine)
    assert machine.gr[2:5].tolist() == [1, 77, 2]


def test_a_private_space_and_another_differ_in_low_address_protection():
    """The same tables, once private."""
    machine = machine_with(f"sacf 0\n stg %r6,0x10(%r0)\n lctlg %c1,%c1,0(%r13)\n stg %r5,0x10(%r0){STOP}", 1)
    machine.cr[0] |= 1 << (63 - 35)
    machine.cr[1] = table(0) | PRIVATE
    finish(machine)
    assert machine.last_interruption.code == PROTECTION
    assert machine.read(0x10, 8) == SUBROUTINE.to_bytes(8, "big")


# --- invalidated in all ----------------------------------------------------------------------------------------------

SHARING = range(1, 5)  # spaces with one page table; each uses a page of its own, so that entries of all are there
CHANGED = 0xF8000  # frames
# What is done in home-space mode after the entries of these pages have been changed. r1: the page table; r2, r15: the
# first page, and 3, for a range of four; r9, r3: the segment table that is used next; r10, r11: for CSPG at r12
INVALIDATIONS = {
    "ptlb": "ptlb",
    "ipte": "ipte %r1,%r2,%r15",
    "idte-entry": "idte %r9,%r3,%r7",
    "idte-asce": "lghi %r7,0x800\n idte %r9,%r3,%r7",
    "cspg": "aghi %r12,1\n cspg %r10,%r12",
    "spx": "spx 0x200(%r13)",
}
LOCAL = "ptlb", "spx"
ACCESSES = {"fetch": "lg %r4,0(%r5)", "store": "stg %r4,0(%r5)", "insn": "basr %r14,%r5"}


def visit(access: str, first: int, count: int) -> str:
    """Access BLOCK + 4096 n in each of these spaces n."""
    return f"""
        lghi    %r8,{count}
        la      %r7,{8 * first}(%r13)
        llilf   %r5,{BLOCK + 0x1000 * first:#x}
again{first}{count}:
        lctlg   %c1,%c1,0(%r7)
        sacf    0
        {access}
        sacf    768
        aghi    %r7,8
        aghi    %r5,0x1000
        brctg   %r8,again{first}{count}"""


@pytest.mark.parametrize("kind", ACCESSES)
@pytest.mark.parametrize("space", [SHARING[0], SHARING[-1]])
@pytest.mark.parametrize(
    ("cpus", "name"),
    [pytest.param(cpus, name, id=f"{name}-{cpus}-cpus") for name in INVALIDATIONS for cpus in (1, 2)
     if cpus == 1 or name not in LOCAL],
)  # fmt: skip
def test_all_spaces_lose_their_entries(cpus, name, space, kind):
    """Whichever space is then used first. With two CPUs it is the other one that invalidates (not by what is for the
    executing CPU only)."""
    invalidate = f"""
        larl    %r7,frames
        mvc     {entry(1, BLOCK) + 8 & 0xFFF}(32,%r11),0(%r7)
        lghi    %r7,0
        {INVALIDATIONS[name]}"""
    if cpus == 2:
        let_other = "mvi 0x300(%r13),1\nwait: cli 0x301(%r13),1\n jne wait"
        other = f"turn: cli 0x300(%r13),1\n jne turn\n {invalidate}\n mvi 0x301(%r13),1\n j ."
    else:
        let_other, other = invalidate, ""
    frames = ",".join(f"{CHANGED + 0x1000 * n:#x}" for n in range(len(SHARING)))
    source = (f"{visit(ACCESSES[kind], 1, len(SHARING))}\n{let_other}\n{visit(ACCESSES[kind], space, 1)}\n{STOP}\n"
              f"{other}\n .balign 8\nframes: .quad {frames}")  # fmt: skip
    machine = machine_with(source, 5, **{"cpus": 2, "schedule": Schedule(2, 7)} if cpus == 2 else {})
    for n in SHARING:
        machine.write(table(n), (table(1) + 0x1000).to_bytes(8, "big"))
    for page in (*range(CHANGED, CHANGED + 0x4000, 0x1000), *range(BLOCK, BLOCK + 0x5000, 0x1000)):
        machine.write(page, bytes.fromhex("07fe"))
    machine.write(CONTROLS + 0x200, (0x8E000).to_bytes(4, "big"))
    machine.write(0x8E1D0, END.to_bytes(8, "big"))
    for n, cpu in enumerate(machine.cpus):
        if n:
            cpu.gr[:], cpu.cr[:] = machine.cpus[0].gr, machine.cpus[0].cr
            cpu.record.stopped = 0
            cpu.set_psw(START | DAT | HOME_SPACE, assemble(source, origin=CODE).symbols["turn"])
        cpu.gr[1], cpu.gr[2], cpu.gr[15], cpu.gr[3] = table(1) + 0x1000, BLOCK + 0x1000, 3, table(space)
        cpu.gr[9], cpu.gr[11], cpu.gr[12] = table(space), entry(1, BLOCK) & ~0xFFF, CONTROLS + 0x100
        cpu.gr[4] = 0x07FE << 48
    machine.run(limit=2000)
    last = machine.cpus[0].last_interruption
    if name in ("ipte", "idte-entry"):
        assert last.code == (PAGE_TRANSLATION if name == "ipte" else SEGMENT_TRANSLATION)
        assert machine.cpus[0].record.cr[1] == table(space)
        return
    assert last is None
    port, slot = machine.storage.ports[0], (BLOCK >> 12) + space & 0xFF
    changed = CHANGED + 0x1000 * (space - 1)
    if kind == "insn":
        assert int(port.tlb_insn_decoded[slot]) == machine.storage._directory[changed >> 12]
    else:
        addend = {"fetch": port.tlb_fetch_addend, "store": port.tlb_store_addend}[kind][slot]
        assert int(addend) + (BLOCK + 0x1000 * space) & (1 << 64) - 1 == host_address(machine, changed)


def host_address(machine: Machine, absolute: int) -> int:
    record = machine.storage.record
    return int(record.frames) + (int(machine.storage.blocks.frame[absolute >> 12]) << 12)


@pytest.mark.parametrize("kind", ["fetch", "store"])
def test_a_block_that_the_host_takes_is_gone_from_every_space(kind):
    """Spaces 0 and 1, which have the same frame, in slots of their own; and its real address."""
    access = "lg %r1" if kind == "fetch" else "stg %r1"
    source = f"""
        {access},0(%r5)
        lctlg   %c1,%c1,8(%r13)
        sacf    0
        {access},0(%r6)
        sacf    768
        larl    %r1,psw
        lpswe   0(%r1)
        .balign 8
psw:    .quad   0x0000000180000000, real
real:   {access},0(%r7)
        {STOP}"""
    machine = machine_with(source, 2)
    machine.write(entry(1, SUBROUTINE), frame(0, BLOCK).to_bytes(8, "big"))
    machine.gr[7] = frame(0, BLOCK)
    machine.run(limit=8)
    pages = {BLOCK, SUBROUTINE, frame(0, BLOCK)}
    assert pages <= {tag & ~0xFFF for tag in entries(machine, kind)}
    machine.host.set_block(0, frame(0, BLOCK) >> 12, "Vz")
    assert not pages & {tag & ~0xFFF for tag in entries(machine, kind)}


@pytest.mark.parametrize("spaces", range(TLB_SPACES - 4, MANY - 1))
def test_a_number_given_to_another_space_takes_no_entries_with_it(spaces):
    """Space 0 uses BLOCK, then others are attached, the last of which uses BLOCK too."""
    source = f"""
        sacf    0
        lg      %r1,0(%r5)
        lghi    %r4,{spaces}
        la      %r7,8(%r13)
next:   sacf    768
        lctlg   %c1,%c1,0(%r7)
        sacf    0
        aghi    %r7,8
        brctg   %r4,next
        lg      %r2,0(%r5)
        {STOP}"""
    machine = machine_with(source, MANY)
    machine.cr[13] = table(MANY - 1)
    machine.set_psw(START | DAT | HOME_SPACE, CODE)
    finish(machine)
    assert (machine.gr[1], machine.gr[2]) == (1, spaces + 1)
    if spaces > TLB_SPACES:
        assert table(0) not in np.asarray(machine.port.tlb_spaces).tolist()
