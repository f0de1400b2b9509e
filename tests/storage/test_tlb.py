"""The TLB is an accelerator: with it and without it the same program does the same. Random programs that load, store,
execute, change keys, prefix, protection, translation and page states; hypothesis shrinks what differs."""

from __future__ import annotations

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from s390emu.assembler.assemble import assemble
from s390emu.machine import Machine
from s390emu.storage.tlb import NO_TAG
from tests.lab import key_of, state_of

SIZE = 1 << 17  # 32 blocks
PROGRAM, TABLES, DATA = 0x10000, 0x9000, 0x12000
BLOCKS = [0x0, DATA, DATA + 0x1000]  # few, so that steps meet
DAT = 1 << 58

# r5, r6: addresses of data; r7: a key; r8: an address of a block; r9: the handler's; r10, r11: values
address = st.builds(lambda block, offset: block + offset, st.sampled_from(BLOCKS),
                    st.sampled_from([0, 8, 0x100, 0x1F8, 0x200, 0x7FC, 0x800, 0xFF8, 0xFFC, 0xFFF]))  # fmt: skip
storage_key = st.sampled_from([0x00, 0x10, 0x18, 0x20, 0x28, 0x90, 0x98])
INSTRUCTIONS = (
    "lg %r1{n},0(%r5)", "stg %r10,0(%r5)", "lg %r11,0(%r6)", "stg %r11,0(%r6)", "mvc 0(16,%r5),0(%r6)",
    "stc %r10,0(%r6)", "clc 0(8,%r5),0(%r6)", "sske %r7,%r8", "iske %r1{n},%r8", "rrbe %r1{n},%r8",
    "essa %r1{n},%r8,{orc}", "spka 0(%r7)", "tprot 0(%r5),0(%r7)", "spx {prefix}(%r13)",
    "lctlg %c0,%c0,{control}(%r13)", "ptlb", "ex %r0,{target}(%r13)",
    "sturg %r10,%r8", "pfmf %r7,%r8", "lrag %r1{n},0(%r5)",
)  # fmt: skip
step = st.tuples(st.sampled_from(INSTRUCTIONS), address, address, storage_key, st.sampled_from(BLOCKS),
                 st.integers(0, 3), st.integers(0, 6))  # fmt: skip

# The handler has key 0 and real mode, counts, and goes on where the old PSW says; then constants, then the program.
START = """
        .org 0x1d0
        .quad 0x0000000180000000, 0x8000
        .org 0x8000
        algfi %r9,1
        stg %r9,0x8f0
        lg %r12,0x8e
        lpswe 0x150
        .org 0x8100
        .quad 0x0002000180000000, 0
        .long 0, 0x12000, 0x2000, 0
        .quad 0x8000, 0x10000000, 0x03000000, 0
        .org 0x8140
        lg %r12,0(%r5)
        .org 0x8148
        stg %r10,0(%r6)
        .org 0x8150
        mvc 0(4,%r6),0(%r5)
        .org 0x8158
        la %r12,1
        .org 0x10000
start:  llilf %r13,0x8000
"""
END = " lpswe 0x100(%r13)"


def source_of(steps):
    """The program: registers for each step by immediate loads, then its instruction, between accesses to its block."""
    lines = [START]
    for line, fifth, sixth, key, block, n, orc in steps:
        lines.append(f" llilf %r5,{fifth}\n llilf %r6,{sixth}\n llilf %r7,{key | 0x20000}\n llilf %r8,{block}\n"
                     " algfi %r10,0x1234567\n lg %r12,0x800(%r8)")  # fmt: skip
        lines.append(" " + line.format(n=n, orc=orc, prefix=0x110 + 4 * n, control=0x120 + 8 * n, target=0x140 + 8 * n))
        lines.append(" xg %r14,0x800(%r8)\n stg %r10,0x808(%r8)" if n % 2 else " xg %r14,0x800(%r8)")
    return "\n".join([*lines, END, ""])


def machine_of(program, *, tlb, translated):
    machine = Machine(SIZE, tlb=tlb)
    for where, data in program.image():
        machine.write(where, data)
    for prefix in (0x2000, 0x12000):  # the new PSW must be there after SPX
        machine.write(prefix + 0x1D0, machine.read(0x1D0, 16))
    for block in BLOCKS:
        machine.write(block + 0x800, block.to_bytes(4, "big"))  # resident, and told apart
    for block in range(SIZE >> 12):
        # A segment table with one page table that maps all blocks to themselves, DATA and the next one exchanged.
        real = {DATA >> 12: (DATA >> 12) + 1, (DATA >> 12) + 1: DATA >> 12}.get(block, block)
        machine.write(TABLES + 0x800 + block * 8, (real << 12).to_bytes(8, "big"))
    machine.write(TABLES, (TABLES + 0x800).to_bytes(8, "big"))
    machine.cr[1] = TABLES
    machine.set_psw(0x0000000180000000 | (DAT if translated else 0), PROGRAM)
    return machine


def outcome(machine):
    """All that can be seen at the end; but the key of the block of the tables, which only a walk references."""
    stop = machine.run(600)
    r = machine.port
    blocks = range(0, SIZE, 4096)
    return {
        "stop": stop, "registers": [int(g) for g in machine.gr], "prefix": int(machine.cpu.prefix),
        "keys": [key_of(machine, b) for b in blocks if b != TABLES], "states": [state_of(machine, b) for b in blocks],
        "bytes": machine.read(0, SIZE), "interruptions": [int(n) for n in r.interruption_count],
        "essa": [int(n) for n in r.essa_count],
    }  # fmt: skip


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)
@given(st.lists(step, min_size=1, max_size=25), st.booleans())
def test_with_and_without(steps, translated):
    program = assemble(source_of(steps), origin=0)
    with_tlb, without = (outcome(machine_of(program, tlb=tlb, translated=translated)) for tlb in (True, False))
    assert with_tlb == without


def test_the_tlb_is_used_and_can_be_turned_off(lab):
    """Else the comparison above would be of nothing."""
    record, port = lab.guest, lab.machine.port
    lab.gr[5] = 0x38000
    lab.psw()
    for on in (1, 0):
        record.tlb_on = on
        lab.psw()  # drops every entry
        assert lab.step("stg %r1,0(%r5)\n lg %r1,0(%r5)") == 0
        assert lab.go() == 0
        assert np.any(port.tlb_fetch_tag != NO_TAG) == np.any(port.tlb_store_tag != NO_TAG) == bool(on)
    record.tlb_on = 1


def test_more_pages_than_slots():
    """Pages that share a slot displace each other (256 slots: a megabyte apart)."""
    machine = Machine(1 << 22)
    machine.gr[5], machine.gr[6] = 0x38000, 0x138000
    for where in (0x38000, 0x138000):
        machine.write(where, where.to_bytes(8, "big"))
    source = "start: lg %r1,0(%r5)\n lg %r2,0(%r6)\n lg %r3,0(%r5)\n stg %r1,8(%r6)\n stg %r2,8(%r5)"
    for where, data in assemble(source, origin=0x1000).image():
        machine.write(where, data)
    machine.set_psw(0x0000000180000000, 0x1000)
    machine.run(5)
    assert [int(r) for r in machine.gr[1:4]] == [0x38000, 0x138000, 0x38000]
    assert machine.read(0x138008, 8) == machine.read(0x38000, 8)
    assert machine.read(0x38008, 8) == machine.read(0x138000, 8)


def test_a_state_change_drops_the_entry(lab):
    """The very next access sees the block volatile and discarded."""
    lab.gr[5] = 0x38000
    lab.psw()
    assert lab.step("stg %r1,0(%r5)\n essa %r2,%r5,2\n lg %r1,0(%r5)") == 0
    assert lab.go() == 0
    assert lab.machine.block(0x38000).name == "Ur"
    assert lab.go() == 0  # resident: a touch is a touch
