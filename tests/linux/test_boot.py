"""Debian's kernels boot, run a script with the right sums, and power off: in the same instructions everywhere."""

from __future__ import annotations

import warnings
from hashlib import sha256

from s390emu.machine import Reason
from s390emu.machine.observe import Recorder
from tests.linux import guest
from tests.linux.counts import COUNTS, versions

EARLY = 50_000_000  # instructions, in the decompressor
TIMED = "["  # begins what the kernel says: the time


def digest(machine):
    """Return all that the guest can see: of each CPU its record, of storage content, keys and page states."""
    storage = sha256()
    for address in range(0, machine.storage.size, guest.MB):
        storage.update(machine.read(address, guest.MB))
    storage.update(machine.storage.keys().tobytes() + machine.storage.states().tobytes())
    return [cpu.record.tobytes() for cpu in machine.cpus], machine.count, storage.hexdigest()


def test_boots_and_the_sums_of_a_script_are_right(each_kernel):
    assert each_kernel.stop.reason is Reason.STOPPED, each_kernel.console[-2000:]
    assert each_kernel.written == guest.short_lines()


def test_instruction_count(each_kernel):
    found = versions((guest.folder(each_kernel.suite) / "packages").read_text())
    count = each_kernel.stop.count
    if found in COUNTS:
        assert count == COUNTS[found], f"tests/linux/counts.py, {found}: {count:,} instructions"
    else:
        warnings.warn(f"a version that tests/linux/counts.py has not: {found}: {count:,} instructions", stacklevel=1)


def test_what_the_kernel_says_is_shown_once(each_kernel):
    """It comes by two ways; no two lines have the same time and text."""
    lines = [line for line in each_kernel.console.splitlines() if line.startswith(TIMED)]
    assert len(lines) > 100 and len(set(lines)) == len(lines)


def test_two_cpus(each_cpus):
    machine = each_cpus.again()
    stop = guest.run(machine, "short")
    assert stop.reason is Reason.STOPPED
    assert guest.written(machine) == guest.short_lines()
    assert ("smp: Brought up 1 node, 2 CPUs" in machine.console) == (each_cpus.cpus == 2)
    assert min(cpu.count for cpu in machine.cpus) > guest.MB  # each has worked


def test_a_boot_without_tlb_is_the_same():
    with_tlb, without = guest.machine(), guest.machine(tlb=False)
    for machine in (with_tlb, without):
        machine.run(EARLY)
    assert digest(with_tlb) == digest(without)


def test_a_script_without_tlb_is_the_same(waiting):
    machine = waiting.again()
    stop = guest.run(machine, "short")
    seen = digest(machine), machine.console
    machine, observer = waiting.again(), Recorder()
    machine.observe(observer)
    machine.observers.without_tlb(observer)
    try:
        assert guest.run(machine, "short") == stop
        assert (digest(machine), machine.console) == seen
    finally:
        machine.observers.remove(observer)


def test_a_boot_on_a_small_host_is_the_same(straight):
    machine = guest.machine(host=32 * guest.MB)
    guest.until(machine, guest.READY)
    assert guest.run(machine, "short") == straight.stop
    assert machine.console == straight.console
    assert machine.host.statistics(0).written_out > 1000
