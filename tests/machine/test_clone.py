"""Copies of a guest, which start where it stood, on other hosts."""

from __future__ import annotations

import numpy as np
import pytest

from s390emu.architecture.sizes import BLOCK_SIZE
from s390emu.host.block_device import BlockDevice
from s390emu.host.chunks import CHUNK_POLICIES
from s390emu.host.host import Host
from s390emu.host.paging_device import PagingDevice
from s390emu.machine import Machine, Reason
from s390emu.machine.clone import keep, start
from s390emu.records.guest import GUEST_T
from s390emu.storage.guest import OWN

SIZE = 1 << 20
BLOCKS = SIZE // BLOCK_SIZE
MIDDLE, ROUNDS = 200, 50  # where it is copied, in instructions; of its work
# Adds up numbers over 20 blocks, in rounds; 3 blocks it has declared unused.
SOURCE = f"""
start:  llilf   %r4,0x60000
        lghi    %r5,3
1:      essa    %r6,%r4,2
        aghi    %r4,4096
        brctg   %r5,1b
        lghi    %r4,{ROUNDS}
2:      llilf   %r3,0x20000
        lghi    %r2,20
3:      agr     %r7,%r4
        ag      %r7,0(%r3)
        stg     %r7,0(%r3)
        aghi    %r3,4096
        brctg   %r2,3b
        stck    0x200
        brctg   %r4,2b
        larl    %r1,end
        lpswe   0(%r1)
        .balign 8
end:    .quad   0x0002000180000000,0
"""


def running(**options) -> Machine:
    """A guest in the middle of its work."""
    machine = Machine.from_source(SOURCE, SIZE, tod_epoch=4096 * 10**9, **options)
    assert machine.run(MIDDLE).reason is Reason.LIMIT
    return machine


def told(machine: Machine) -> tuple:
    """Everything that a guest can see of itself."""
    storage = machine.storage
    state = storage.keys().tolist(), storage.states().tolist(), storage.no_dat().tolist()
    return machine.count, machine.now, machine.psw, list(machine.gr), machine.read(0, SIZE), state


def seen_by_itself(told: tuple) -> tuple:
    """Of what is told, that which no host changes."""
    count, _, psw, registers, contents, (keys, _, no_dat) = told
    return count, psw, registers, contents, keys, no_dat


def ended(machine: Machine) -> tuple:
    assert machine.run().reason is Reason.DISABLED_WAIT
    return told(machine)


def test_a_copy_is_what_the_original_was():
    original = running()
    copy = Machine(SIZE)
    start(keep(original), copy)
    assert told(copy) == told(original)


def test_a_copy_goes_on_as_the_original_does():
    original = running()
    kept = keep(original)
    expected = ended(original)
    copy = Machine(SIZE)
    start(kept, copy)
    assert ended(copy) == expected


def test_copies_live_together_on_a_host_with_less_storage_than_one_of_them():
    original = running()
    kept = keep(original)
    expected = ended(original)
    host = Host(32, PagingDevice())
    copies = [Machine(SIZE, host=host) for _ in range(2)]
    for copy in copies:
        start(kept, copy)
    for copy in copies:
        assert seen_by_itself(ended(copy)) == seen_by_itself(expected)
    assert host.statistics(0).written_out > 0


@pytest.mark.parametrize("policy", CHUNK_POLICIES)
def test_a_host_of_large_frames_takes_copies(policy):
    original = running()
    copy = Machine(SIZE, host=Host(BLOCKS, PagingDevice(), chunk=16, chunk_policy=policy))
    start(keep(original), copy)
    assert seen_by_itself(ended(copy)) == seen_by_itself(ended(original))


def test_what_a_guest_declared_unused_is_so_in_its_copy():
    original = running()
    copy = Machine(SIZE)
    start(keep(original), copy)
    assert [copy.block(0x60000 + n * BLOCK_SIZE).usage for n in range(4)] == ["unused"] * 3 + ["stable"]


def test_a_key_and_no_dat_are_the_originals():
    original = running()
    original.set_block(0x40000, "Sr", key=0x36, no_dat=True, data=b"kept")
    original.set_block(0x41000, "Sz", key=0xF0)
    copy = Machine(SIZE)
    start(keep(original), copy)
    assert copy.block(0x40000) == original.block(0x40000)
    assert copy.block(0x41000) == original.block(0x41000)
    assert copy.read(0x40000, 4) == b"kept"


def test_a_copy_of_a_guest_of_two_cpus_goes_on_as_it_does():
    source = SOURCE.replace("start:  ", "start:  stap 0x210\n        ")
    original = Machine.from_source(source, SIZE, cpus=2)
    original.cpus[1].set_psw(*original.psw)
    original.run(MIDDLE)
    kept = keep(original)
    copy = Machine(SIZE, cpus=2)
    start(kept, copy)
    original.run()
    copy.run()
    assert told(copy) == told(original)


def test_what_is_written_on_the_console_is_there_in_the_copy():
    original = running()
    original.host.guests[0].console.characters("so far\n")
    copy = Machine(SIZE)
    start(keep(original), copy)
    original.host.guests[0].console.characters("later\n")
    assert copy.console == "so far\n"


def test_the_policies_of_the_copys_host_are_its_own():
    copy = Machine(SIZE, host=Host(BLOCKS, unused_access="always"))
    policy = int(copy.storage.record.unused_access)
    start(keep(running()), copy)
    assert int(copy.storage.record.unused_access) == policy != int(running().storage.record.unused_access)


def test_what_the_host_did_for_the_original_is_not_the_copys():
    original = running(host=Host(16, PagingDevice()))
    copy = Machine(SIZE)
    start(keep(original), copy)
    assert original.host.statistics(0).written_out > 0 == copy.host.statistics(0).written_out


def test_a_machine_of_another_size_does_not_start_as_a_copy():
    kept = keep(running())
    with pytest.raises(ValueError, match="CPUs"):
        start(kept, Machine(2 * SIZE))
    with pytest.raises(ValueError, match="CPUs"):
        start(kept, Machine(SIZE, cpus=2))


def test_a_guest_with_a_disk_is_not_copied(tmp_path):
    (tmp_path / "disk").write_bytes(bytes(BLOCK_SIZE))
    original = running()
    original.host.attach_disk(0, 0x100, BlockDevice(tmp_path / "disk"))
    with pytest.raises(ValueError, match="disk"):
        keep(original)


def test_addresses_are_those_of_the_guest_that_has_them():
    """What two guests alike differ in are addresses: none of them may be another's."""
    machines = [Machine(1 << 20) for _ in range(2)]  # both alive: the tables of one that is gone may be the next one's
    one, other = (machine.storage.record for machine in machines)
    differing = {name for name in GUEST_T.names if np.any(getattr(one, name) != getattr(other, name))}
    assert "handlers" in differing and differing - {"running"} <= {*OWN}  # whoever restores sets which CPU is running
