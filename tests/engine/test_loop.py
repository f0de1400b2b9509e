"""The run loop: how an instruction ends, host faults, limits, and that stepping is running."""

from __future__ import annotations

import random

import pytest

from s390emu.architecture.interruptions import ADDRESSING, BLOCK_VOLATILITY, SPECIFICATION
from s390emu.machine import Machine, Reason
from tests.lab import BA_EA, CODE, SIZE

BLOCK = 0x38000


def test_nullified_leaves_the_address_suppressed_does_not(lab):
    lab.gr[5] = BLOCK
    lab.machine.set_block(BLOCK, "Vz")
    lab.psw()
    assert lab.step("lg %r1,0(%r5)") == BLOCK_VOLATILITY
    assert lab.old_psw[1] == CODE
    lab.gr[5] = SIZE
    lab.psw()
    assert lab.step("lg %r1,0(%r5)") == ADDRESSING
    assert lab.old_psw[1] == CODE + 6


def test_a_host_fault_is_no_instruction(lab):
    count = lab.machine.count
    lab.gr[5] = BLOCK
    lab.psw()
    assert lab.step("lg %r1,0(%r5)") == 0
    assert lab.machine.count == count + 1


def test_limit(lab):
    lab.store(CODE, b"\x07\x00" * 32)
    lab.psw()
    stop = lab.machine.run(7)
    assert (stop.reason, stop.psw_ia) == (Reason.LIMIT, CODE + 14)


def test_an_instruction_across_two_pages(lab):
    start = 0x30FFC
    lab.gr[5] = BLOCK
    lab.store(BLOCK, b"\x12" * 8)
    lab.store(start, bytes.fromhex("e31050000004"))
    lab.store(start + 6, bytes.fromhex("a7f4fffd"))  # back to it
    lab.psw(ia=start)
    lab.machine.run(3)
    assert lab.gr[1] == 0x1212121212121212
    lab.store(start + 3, b"\x05")  # in the first page: the displacement 5
    lab.machine.run(2)
    assert lab.gr[1] == 0x1212120000000000


@pytest.mark.parametrize("address", [1, 0x117, 0x2001, 0x30001])
def test_an_odd_instruction_address(lab, address):
    """In page 0 it must not match an empty TLB entry."""
    lab.psw(ia=address)
    assert lab.go() == SPECIFICATION
    assert lab.old_psw[1] == address + 2  # no instruction was fetched: any length will do


def test_self_modifying_code_is_seen(lab):
    """The very next instruction is overwritten, in the page that the loop runs through."""
    lab.gr[5], lab.gr[1] = CODE, 0x1736_1736  # XR 3,6
    lab.gr[3], lab.gr[6] = 0xFF, 0x0F
    lab.store(CODE, bytes.fromhex("50105004") + bytes.fromhex("1836 1836"))
    lab.psw()
    lab.machine.run(3)
    assert lab.gr[3] == 0xFF  # exclusive-or twice, not LR


PROGRAM = """
        .org 0x1b0
        .quad 0x0000000180000000, timer
        .org 0x1d0
        .quad 0x0000000180000000, program
        .org 0x400
start:  lctlg %c0,%c0,control
        lpswe enabled
loop:   agr %r3,%r4
        stg %r3,0x8f0(%r5)
        lg %r6,0x8f4(%r5)
        .short 0
        brctg %r7,loop
        lpswe end
program: agr %r8,%r3
        lpswe 0x150
timer:  stg %r9,0x600
        lg %r9,0x600
        agr %r9,%r3
        spt period
        lpswe 0x130
        .balign 8
control: .quad 0x0000000000000400
enabled: .quad 0x0100000180000000, loop
period: .quad {period}
end:    .quad 0x0002000180000000, 0
"""


@pytest.mark.parametrize("seed", range(4))
def test_stepping_is_running_with_and_without_the_tlb(seed):
    """Program interruptions and the CPU timer in a loop: the same state after the same number of instructions."""
    rng = random.Random(seed)
    source = PROGRAM.format(period=rng.randrange(60, 300))
    machines = [Machine.from_source(source, 1 << 16, origin=0, tlb=tlb) for tlb in (True, True, False)]
    for machine in machines:
        machine.set_psw(BA_EA, 0x400)
        machine.gr[4], machine.gr[7], machine.gr[5] = 0x123456789, 30, 0x4000
    total = rng.randrange(150, 250)
    machines[0].run(total)
    for _ in range(total):
        machines[1].step()
    while machines[2].count < total:
        machines[2].run(min(rng.randrange(1, 40), total - machines[2].count))
    states = {(m.psw, m.count, *map(int, m.gr), m.read(0, 0x5000)) for m in machines}
    assert len(states) == 1
    assert machines[0].port.interruption_count[3] > 0
