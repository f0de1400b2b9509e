"""The toy kernel on this machine: whatever the host does with the blocks that it may take, no data is lost."""

from __future__ import annotations

import re
from contextlib import suppress

import numpy as np
import pytest

from s390emu._jit import JIT
from s390emu.assembler.assemble import AssemblyError, assemble_files
from s390emu.guests import toy_kernel
from s390emu.host.host import Host
from s390emu.host.paging_device import PagingDevice
from s390emu.machine import Machine, Reason, Stop
from tests.guest.altered import altered

pytestmark = pytest.mark.skipif(
    not JIT, reason="millions of instructions: not as plain Python (test_firmware_plain.py is)"
)

STORAGE = 1 << 20
GUEST = 0
LIMIT = 20_000_000
SMALL = {"PASSES": 2, "SCAN": 6, "STEPS": 12, "FILE_BLOCKS": 14, "WRITABLE_BLOCKS": 6, "CACHE_BLOCKS": 8, "SEED": 2}
STABLE, POTENTIALLY_VOLATILE = 0, 2  # usage (docs/page-hinting.md, section 1)
UNCHANGED = 0xFD  # all of a storage key but C
TASK_DATA = 0x5000
COUNTS = (
    "discard faults repaired",
    "discarded blocks found by a lookup",
    "exceptions answered by a fixup",
    "blocks read",
    "blocks written",
    "change bits saved",
    "log copies kept",
)


def boot(program, host: Host, storage: int = STORAGE, **options) -> Machine:
    machine = Machine(storage, host=host, **options)
    machine.load(program)
    return machine


def counts(machine: Machine) -> dict[str, int]:
    found = {name: int(number) for number, name in re.findall(r"^(\d+) (.*)$", machine.console, re.MULTILINE)}
    assert tuple(found) == COUNTS
    return found


def last_lines(machine: Machine) -> list[str]:
    return machine.console.splitlines()[-2:]


def run_with_eager_host(machine: Machine, every: int, limit: int = LIMIT) -> Stop:
    """After each `every` instructions the host discards whatever it may: all that need not be written out."""
    blocks = machine.storage.blocks
    while (stop := machine.run(every)).reason is Reason.LIMIT and machine.count < limit:
        for number in np.flatnonzero((blocks.usage != STABLE) & (blocks.invalid == 0)):
            with suppress(ValueError):  # potentially volatile and changed
                machine.host.discard(GUEST, int(number))
    return stop


@pytest.fixture
def paging(tmp_path):
    return PagingDevice(tmp_path)


@pytest.fixture(scope="module")
def small():
    return toy_kernel.build(**SMALL)


@pytest.mark.parametrize(
    "tunables",
    [{"PASSES": 0}, {"WRITABLE_BLOCKS": 1}, {"FILE_BLOCKS": 35}, {"FILE_BLOCKS": 1026}, {"CACHE_BLOCKS": 7}],
    ids=str,
)
def test_tunables_out_of_their_limits_are_refused(tunables):
    (name,) = tunables
    with pytest.raises(AssemblyError, match=f"{name}.* must be at least"):
        toy_kernel.build(**tunables)


# --- No data is lost ----------------------------------------------------------------------------------------------


def test_default_run_on_a_host_that_is_short_of_frames(paging, expected_end):
    machine = boot(toy_kernel.build(), Host(40, paging))
    assert machine.run(LIMIT).exit_code == 0
    assert last_lines(machine) == expected_end()
    assert machine.console.startswith("toy kernel: guest page hinting on (ESSA)\n")
    assert all(counts(machine).values()), "the run should meet everything that it counts"


@pytest.mark.parametrize("frames", [16, 24, 40, 256])
def test_pressure(small, paging, expected_end, frames):
    machine = boot(small, Host(frames, paging))
    assert machine.run(LIMIT).exit_code == 0
    assert last_lines(machine) == expected_end(**SMALL)


def test_host_without_paging_device_takes_only_what_is_hinted(small, expected_end):
    machine = boot(small, Host(48))
    assert machine.run(LIMIT).exit_code == 0
    assert last_lines(machine) == expected_end(**SMALL)


@pytest.mark.parametrize("unused_access", ["discarded", "always", "zerofill"])
@pytest.mark.parametrize("discard_keys", ["zero", "random"])
def test_what_the_host_is_free_to_do(small, expected_end, unused_access, discard_keys):
    machine = boot(small, Host(256, unused_access=unused_access, discard_keys=discard_keys, seed=3))
    assert run_with_eager_host(machine, 101).exit_code == 0
    assert last_lines(machine) == expected_end(**SMALL)
    assert counts(machine)["discard faults repaired"] > 0


@pytest.mark.parametrize("every", [41, 503, 4001])
def test_eager_host(small, expected_end, every):
    machine = boot(small, Host(256, PagingDevice()))
    assert run_with_eager_host(machine, every).exit_code == 0
    assert last_lines(machine) == expected_end(**SMALL)


def test_host_that_discards_after_every_instruction_does_not_stop_progress(small, expected_end):
    machine = boot(small, Host(256, PagingDevice()))
    while not int.from_bytes(machine.read(small.symbols["COUNT_FAULTS"], 8)):  # until the task is at its windows
        assert run_with_eager_host(machine, 200, limit=machine.count + 400).reason is Reason.LIMIT
    run_with_eager_host(machine, 1, limit=machine.count + 4000)
    assert machine.run(LIMIT).exit_code == 0
    assert last_lines(machine) == expected_end(**SMALL)


@pytest.mark.parametrize("seed", [3, 4, 5])
def test_other_seeds_take_other_ways(paging, expected_end, seed):
    tunables = SMALL | {"SEED": seed}
    machine = boot(toy_kernel.build(**tunables), Host(20, paging))
    assert machine.run(LIMIT).exit_code == 0
    assert last_lines(machine) == expected_end(**tunables)


# --- Hinting off --------------------------------------------------------------------------------------------------


def test_without_essa_it_does_the_same(small, expected_end):
    machine = boot(small, Host(256), essa=False)
    assert machine.run(LIMIT).exit_code == 0
    assert last_lines(machine) == expected_end(**SMALL)
    assert machine.console.startswith("toy kernel: guest page hinting off\n")
    assert not machine.storage.blocks.usage.any()


def test_hints_0_does_not_even_try(expected_end):
    machine = boot(toy_kernel.build(**SMALL, HINTS=0), Host(256))
    assert machine.run(LIMIT).exit_code == 0
    assert last_lines(machine) == expected_end(**SMALL)
    assert counts(machine)["exceptions answered by a fixup"] == 0
    assert not machine.storage.blocks.usage.any()


# --- Ends ---------------------------------------------------------------------------------------------------------


def test_not_enough_storage(small):
    machine = boot(small, Host(64), storage=0x30000)
    assert machine.run(LIMIT).exit_code == 0x20
    assert last_lines(machine) == ["panic: not enough storage", "exit 32"]


def test_paging_error_is_a_machine_check_with_the_block(small, paging):
    machine = boot(small, Host(256, paging))
    machine.run(50_000)
    machine.host.reclaim(GUEST, TASK_DATA // 4096)
    machine.host.swap_error(GUEST, TASK_DATA // 4096)
    assert machine.run(LIMIT).exit_code == 0x12
    message, end = last_lines(machine)
    assert message.startswith("panic: machine check, code ")
    assert message.endswith(f"failing address {TASK_DATA:016X}")
    assert end == "exit 18"


def test_unexpected_program_interruption_is_told(small):
    machine = boot(small, Host(256))
    machine.write(small.symbols["draw"], b"\0\0")
    assert machine.run(LIMIT).exit_code == 0x10
    message, end = last_lines(machine)
    assert message.startswith("panic: program interruption, code 0000000000000001 psw 0095")
    assert f"{small.symbols['draw'] + 2:016X} teid" in message
    assert end == "exit 16"


def test_host_that_loses_a_store_is_found_out(small, paging):
    """A broken host: it forgets that a potentially volatile block has been changed, and discards it."""
    machine = boot(small, Host(256, paging))
    blocks = machine.storage.blocks
    while machine.run(97).reason is Reason.LIMIT:
        for number in np.flatnonzero((blocks.usage == POTENTIALLY_VOLATILE) & (blocks.invalid == 0)):
            machine.host.frames.table.key[blocks[number].frame] &= UNCHANGED
            blocks.guest_rc[number] &= UNCHANGED
            machine.host.discard(GUEST, int(number))
    assert machine.run(LIMIT).exit_code == 1
    assert last_lines(machine)[-1] == "exit 1"


# --- The rules are needed -----------------------------------------------------------------------------------------

BROKEN = {
    "writable windows volatile": ("hints.s", "essa    %r0,%r2,4", "essa    %r0,%r2,3"),
    "R1: change bit cleared, block not stable": (
        "writeback.s", "PLANT!=PLANT_CHANGE_CLEARED", "PLANT==PLANT_CHANGE_CLEARED",
    ),
    "change bit not looked at when unmapping": ("map.s", "brasl   %r14,save_change", "lghi    %r2,0"),
    "dirty blocks volatile": ("cache.s", "DIRTY+DISCARDED\n", "DISCARDED\n"),
    "R10: log block freed without make-stable": (
        "yield.s", "PLANT!=PLANT_COPY_FREED", "PLANT==PLANT_COPY_FREED",
    ),
    "lookup without make-stable": (
        "cache.s", "PLANT==PLANT_LOOKUP_VOLATILE", "PLANT!=PLANT_LOOKUP_VOLATILE",
    ),
    "allocation without set-stable": ("blocks.s", "brasl   %r14,set_stable", "lghi    %r2,0"),
    "key left as the discard made it": ("cache.s", "1:      sske    %r0,%r1", "1:      lghi    %r0,0"),
    "dirty blocks evicted without writing": ("cache.s", "brasl   %r14,write_back", "lghi    %r2,0"),
}


@pytest.mark.parametrize("broken", BROKEN)
def test_breaking_a_rule_does_not_go_unnoticed(tmp_path, broken):
    files = altered(tmp_path / "firmware", toy_kernel.sources(), *BROKEN[broken])
    program = assemble_files(files, origin=toy_kernel.ORIGIN, defines=SMALL | {"PASSES": 4, "STEPS": 24})
    machine = boot(program, Host(256, PagingDevice(), discard_keys="random"))
    assert run_with_eager_host(machine, 101).exit_code not in (0, None)
