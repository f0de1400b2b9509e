"""The web-server guest: whatever the host does, its checksums are those of its twin in Python, and it tells the truth
about what it did."""

from __future__ import annotations

import subprocess
import sys
from contextlib import suppress
from functools import cache

import numpy as np
import pytest

from s390emu import toy_kernel, web_guest
from s390emu._jit import JIT
from s390emu.host.host import Host
from s390emu.host.paging_device import PagingDevice
from s390emu.isa.assemble import AssemblyError
from s390emu.machine import Machine, Reason, Stop

jitted = pytest.mark.skipif(
    not JIT, reason="millions of instructions: not as plain Python (test_web_guest_plain.py is)"
)

GUEST = 0
LIMIT = 60_000_000
REQUESTS = 200
SMALL = {"RAM_BLOCKS": 512, "FILE_BLOCKS": 720, "LOG_BLOCKS": 8, "HEAP_BLOCKS": 24, "BURST": 8, "IDLE_US": 100}
STORAGE = SMALL["RAM_BLOCKS"] * 4096
FEW_FRAMES = 200  # of 512
STABLE = 0
SECOND = 1_000_000_000


@cache
def program(**tunables: int):
    return web_guest.build(**SMALL | tunables)


@cache
def expected(requests: int, **tunables: int):
    return web_guest.expected(requests, **SMALL | tunables)


def boot(host: Host, **tunables: int) -> Machine:
    machine = Machine(STORAGE, host=host)
    machine.load(program(REQUESTS=REQUESTS, **tunables))
    return machine


def counts(machine: Machine) -> dict[str, int]:
    return web_guest.counts(machine, program(REQUESTS=REQUESTS).symbols)


def assert_right(machine: Machine, stop: Stop, **tunables: int) -> None:
    assert (stop.exit_code, machine.console.splitlines()[-1]) == (0, "exit 0"), machine.console
    assert web_guest.reported(machine.console) == (REQUESTS, expected(REQUESTS, **tunables))


def run_with_eager_host(machine: Machine, every: int) -> Stop:
    """After each `every` instructions the host discards whatever it may."""
    blocks = machine.storage.blocks
    while (stop := machine.run(every)).reason is Reason.LIMIT and machine.count < LIMIT:
        for number in np.flatnonzero((blocks.usage != STABLE) & (blocks.invalid == 0)):
            with suppress(ValueError):  # potentially volatile and changed
                machine.host.discard(GUEST, int(number))
    return stop


# --- Sources, tunables, disk -----------------------------------------------------------------------------------------


def test_the_lists_name_every_source():
    named = {path.name for path in (*toy_kernel.sources(), *web_guest.sources())}
    assert named == {path.name for path in toy_kernel.folder().glob("*.s")}


@pytest.mark.parametrize(
    ("name", "value"),
    [("FILE_BLOCKS", 35), ("FILE_BLOCKS", 32001), ("LOG_BLOCKS", 12), ("LOG_BLOCKS", 520), ("HEAP_BLOCKS", 0),
     ("BURST", 0), ("IDLE_US", -1), ("DRIFT", 1360), ("HINTS", 3), ("NEWEST_FIRST", 2),
     ("RAM_BLOCKS", 511), ("RAM_BLOCKS", 32768)],
)  # fmt: skip
def test_tunables_out_of_their_limits_are_refused_by_name(name, value):
    with pytest.raises(AssemblyError, match=rf"{name}.* (must be|too small)"):
        web_guest.build(**{name: value})


def test_a_tunable_that_does_not_exist_is_refused():
    with pytest.raises(web_guest.WebGuestError, match="no tunable RAM_BLOCK: it has RAM_BLOCKS"):
        web_guest.build(RAM_BLOCK=512)


def test_disk_image_is_files_and_log_as_generated(tmp_path):
    path = tmp_path / "disk"
    assert web_guest.disk_image(path, FILE_BLOCKS=1100, LOG_BLOCKS=8) == 1108
    data = path.read_bytes()
    assert len(data) == 1108 * 4096
    for block in (0, 1, 1023, 1024, 1107):
        assert data[block * 4096 : (block + 1) * 4096] == web_guest.content(block)
    cell = 5 * 32 + 3
    first = (cell + 1) * web_guest.CELL_MULTIPLIER & web_guest.DOUBLEWORD
    assert web_guest.content(5)[3 * 128 : 3 * 128 + 8] == first.to_bytes(8, "big")


def test_import_and_build_do_without_numba():
    code = "import sys, s390emu.web_guest as w; w.build(); w.expected(5); sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# --- No data is lost -------------------------------------------------------------------------------------------------


@jitted
@pytest.mark.parametrize("hints", [0, 1, 2])
def test_with_frames_to_spare(hints):
    machine = boot(Host(512), HINTS=hints)
    assert_right(machine, machine.run(LIMIT))
    assert machine.console.startswith(f"web server: guest page hinting {'on (ESSA)' if hints else 'off'}\n")
    told = counts(machine)
    assert told["requests"] == REQUESTS
    assert told["faults"] == told["rereads"] == 0
    assert told["hits"] + told["misses"] == told["bytes"] // 4096 + SMALL["LOG_BLOCKS"]  # the log is read at the end
    assert told["hits"] > told["misses"] > 0


@jitted
@pytest.mark.parametrize("hints", [0, 1, 2])
@pytest.mark.parametrize("frames", [60, FEW_FRAMES])
def test_pressure(tmp_path, frames, hints):
    machine = boot(Host(frames, PagingDevice(tmp_path)), HINTS=hints)
    assert_right(machine, machine.run(LIMIT), HINTS=hints)
    statistics, told = machine.host.statistics(GUEST), counts(machine)
    assert statistics.written_out > 0
    assert bool(statistics.discarded) == bool(hints)
    assert bool(told["faults"]) == bool(told["lost"]) == (hints == 1)


@jitted
@pytest.mark.parametrize("unused_access", ["discarded", "zerofill"])
@pytest.mark.parametrize(("every", "discard_keys"), [(503, "random"), (20_011, "zero")])
def test_eager_host(every, discard_keys, unused_access):
    machine = boot(Host(512, PagingDevice(), unused_access=unused_access, discard_keys=discard_keys, seed=3))
    assert_right(machine, run_with_eager_host(machine, every))
    told = counts(machine)
    assert min(told["faults"], told["around"], told["lost"]) > 0
    assert told["reads"] == told["misses"] + told["faults"] + told["around"]


@jitted
@pytest.mark.parametrize(
    "tunables", [{"SEED": 7}, {"BURST": 1, "IDLE_US": 0, "DRIFT": 0}, {"LOG_BLOCKS": 32, "HEAP_BLOCKS": 1}], ids=str
)
def test_other_tunables_take_other_ways(tmp_path, tunables):
    machine = boot(Host(FEW_FRAMES, PagingDevice(tmp_path)), **tunables)
    assert_right(machine, machine.run(LIMIT), **tunables)
    assert expected(REQUESTS, **tunables) != expected(REQUESTS)


@jitted
def test_without_essa_it_does_the_same():
    machine = Machine(STORAGE, essa=False)
    machine.load(program(REQUESTS=REQUESTS))
    assert_right(machine, machine.run(LIMIT))
    assert not machine.storage.blocks.usage.any()


# --- What it tells ---------------------------------------------------------------------------------------------------


@jitted
def test_accounts_add_up_to_the_time_that_has_passed(tmp_path):
    machine = boot(Host(FEW_FRAMES, PagingDevice(tmp_path)))
    symbols = program(REQUESTS=REQUESTS).symbols
    assert machine.run(3_000_000).reason is Reason.LIMIT
    last = web_guest.number_at(machine, symbols["ACCOUNT_LAST"])  # CPU timer when the current context began
    units = sum(web_guest.number_at(machine, symbols[f"ACCOUNT_{name}"]) for name in web_guest.ACCOUNTS)
    assert units == (1 << 63) - 1 - last
    told = counts(machine)
    assert min(told[f"cpu_{name}"] for name in ("task", "kernel", "discard", "idle")) > 0
    passed = machine.count + int(machine.storage.record.idle)
    accounted = sum(value for name, value in told.items() if name.startswith("cpu_"))
    assert 0 <= passed - accounted < 30_000  # since the last change of context, and before the first


@jitted
def test_a_request_takes_ten_to_thirty_thousand_instructions():
    machine = boot(Host(512))
    assert_right(machine, machine.run(LIMIT))
    told = counts(machine)
    assert 10_000 < (told["cpu_task"] + told["cpu_kernel"]) / REQUESTS < 30_000


# --- Ends ------------------------------------------------------------------------------------------------------------


@jitted
def test_storage_that_a_broken_host_loses_is_found_out():
    """A block of the task's own that is gone when the burst ends."""
    machine = boot(Host(512))
    symbols = program(REQUESTS=REQUESTS).symbols
    machine.run(LIMIT, until=[symbols["svc_done"]])
    buffer = web_guest.number_at(machine, symbols["BUFFER_TABLE"])
    machine.host.release(GUEST, buffer // 4096)
    assert machine.run(LIMIT).exit_code == 0x46
    assert machine.console.splitlines()[-2:] == ["panic: the task failed", "exit 70"]


@jitted
def test_not_enough_storage():
    machine = Machine(STORAGE - 4096)
    machine.load(program(REQUESTS=REQUESTS))
    assert machine.run(LIMIT).exit_code == 0x20
    assert machine.console.splitlines()[-2:] == ["panic: not enough storage", "exit 32"]
