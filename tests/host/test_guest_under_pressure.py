"""A guest whose blocks are all stable cannot tell how many frames the host has: only the time until it ends, in the
host's seconds, differs. And one that hints them away gets its faults at the instruction that touches them."""

from __future__ import annotations

import random

import pytest

from s390emu._jit import JIT
from s390emu.architecture.sizes import BLOCK_SIZE
from s390emu.host.host import Host
from s390emu.host.paging_device import PagingDevice
from s390emu.machine import Machine, Reason
from s390emu.records.exits import COMPLETED, NO_FRAME

SIZE = 1 << 20
DATA = 0x40000
ROUNDS = 300 if JIT else 60
# Store, and fetch with MVC, XC and MVCIN-like overlap across block boundaries, in an order from a random generator.
WORK = """
start:  llilf   %r6,DATA
        lghi    %r2,ROUNDS
        llilf   %r3,SEED
1:      msgfi   %r3,1103515245
        aghi    %r3,12345
        risbg   %r4,%r3,47,63+128,64-16     # 17 bits: an offset into 128 KB
        la      %r5,0(%r4,%r6)
        stg     %r3,0(%r5)
        risbg   %r7,%r3,47,63+128,64-28
        la      %r8,0(%r7,%r6)
        mvc     0(200,%r8),0(%r5)           # may overlap itself, may cross blocks on both sides
        xc      100(50,%r5),7(%r8)
        exrl    %r3,move
        brctg   %r2,1b
        larl    %r1,done
        lpswe   0(%r1)
move:   mvc     0(1,%r5),300(%r8)
        .balign 8
done:   .quad   0x0002000180000000,0
"""


def guest(frames, seed, paging=True, tlb=True, host=None, **options):
    host = host or Host(frames, PagingDevice(slots=512) if paging else None, **options)
    defines = {"DATA": DATA, "ROUNDS": ROUNDS, "SEED": seed}
    return Machine.from_source(WORK, SIZE, host=host, defines=defines, tlb=tlb)


def run(*arguments, **options):
    machine = guest(*arguments, **options)
    return machine, machine.run(100_000)


def visible(machine):
    """Everything that the guest could look at."""
    keys = []
    for block in machine.storage.blocks:
        kept = int(block.acc_f) if block.invalid else int(machine.host.frames.table[block.frame].key)
        keys.append(kept | int(block.guest_rc))
    return [int(r) for r in machine.gr], machine.psw, machine.count, keys, machine.read(0, SIZE)


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("frames", [16, 20])
def test_few_frames_are_invisible(frames, seed):
    roomy, stop = run(256, seed)
    assert stop.reason is Reason.DISABLED_WAIT
    tight, tight_stop = run(frames, seed)
    assert tight_stop == stop
    assert visible(tight) == visible(roomy)
    statistics = tight.host.statistics(0)
    assert statistics.written_out > 10 and statistics.read_back > 10
    assert not statistics.discarded


def test_few_frames_without_the_tlb():
    assert visible(run(16, 3, tlb=False)[0]) == visible(run(16, 3)[0])


def test_zero_detect_is_invisible():
    assert visible(run(16, 4, zero_detect=True)[0]) == visible(run(256, 4)[0])


def test_pressure_at_any_time_is_invisible():
    rng, roomy, machine = random.Random(6), run(256, 5)[0], guest(256, 5)
    while (stop := machine.run(rng.randrange(1, 120))).reason is Reason.LIMIT:
        machine.host.pressure(rng.randrange(20))
        machine.host.pressure(256)
    assert stop.reason is Reason.DISABLED_WAIT
    assert visible(machine) == visible(roomy)


def test_guests_in_turn_on_one_host_do_what_each_does_alone():
    host = Host(40, PagingDevice(slots=1024))
    machines = [guest(40, seed, host=host) for seed in (1, 2)]
    running = dict.fromkeys(machines)
    while running:
        for machine in list(running):
            if machine.run(97).reason is Reason.DISABLED_WAIT:
                del running[machine]
    assert [visible(machine) for machine in machines] == [visible(run(256, seed)[0]) for seed in (1, 2)]
    assert all(host.statistics(n).read_back > 10 for n in (0, 1))


def test_without_a_paging_device_the_machine_stops_and_says_why():
    machine, stop = run(16, 1, paging=False)
    assert stop.reason is Reason.NO_FRAME
    assert "without a paging device it cannot be taken" in machine.host.reason
    # Nothing was lost: the block can still be had once there is room.
    machine.host.limit.frames = machine.host.frames.count
    assert machine.host.resolve(0, 200) == NO_FRAME
    machine.host.release(0, DATA // BLOCK_SIZE)
    assert machine.host.resolve(0, 200) == COMPLETED


def test_a_discarded_block_of_instructions_is_not_executed_from_the_decode_cache():
    machine = Machine.from_source(
        """
start:  lghi    %r2,2
        llilf   %r3,CODE
1:      basr    %r14,%r3
        brctg   %r2,1b
        """,
        SIZE,
        host=Host(256, PagingDevice()),
        defines={"CODE": DATA},
    )
    machine.write(DATA, bytes.fromhex("a74b0001 07fe"))  # aghi %r4,1; br %r14
    machine.write(0x1D0, (0x0002000180000000).to_bytes(8, "big") + (0x1A).to_bytes(8, "big"))
    machine.run(5)
    assert machine.gr[4] == 1
    machine.host.pager.empty(machine.host.guests[0], DATA // BLOCK_SIZE, 3)  # set volatile
    machine.host.discard(0, DATA // BLOCK_SIZE)
    stop = machine.run()
    assert (stop.exit_code, machine.gr[4]) == (0x1A, 1)
    assert machine.last_interruption.psw_ia == DATA


def test_a_block_of_instructions_that_was_out_is_decoded_again():
    machine, stop = run(16, 7)
    assert stop.reason is Reason.DISABLED_WAIT
    machine.host.pressure(0)
    machine.write(0x10000, bytes.fromhex("b2b2 1000"))  # other instructions there meanwhile: lpswe 0(%r1)
    machine.set_psw(0x0000000180000000, 0x10000)
    assert machine.run(10).reason is Reason.DISABLED_WAIT
