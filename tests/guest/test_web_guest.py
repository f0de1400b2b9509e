"""The web-server guest: whatever the host does, its checksums are those of its twin in Python, and it tells the truth
about what it did."""

from __future__ import annotations

import re
import subprocess
import sys
from contextlib import suppress
from functools import cache

import numpy as np
import pytest

from s390emu._jit import JIT
from s390emu.assembler.assemble import AssemblyError, assemble_files
from s390emu.guests import several_cpus, toy_kernel, web_server
from s390emu.host.block_device import BlockDevice
from s390emu.host.devices import SERVICE
from s390emu.host.host import Host
from s390emu.host.paging_device import PagingDevice
from s390emu.machine import Machine, Reason, Stop
from tests.guest.altered import altered

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
    return web_server.build(**SMALL | tunables)


@cache
def expected(requests: int, **tunables: int):
    return web_server.expected(requests, **SMALL | tunables)


def boot(host: Host, **tunables: int) -> Machine:
    machine = Machine(STORAGE, host=host)
    machine.load(program(**{"REQUESTS": REQUESTS} | tunables))
    return machine


def boot_with_disk(host: Host, path, **tunables: int) -> Machine:
    web_server.disk_image(path, **SMALL)
    machine = boot(host, **tunables)
    host.attach_disk(GUEST, web_server.DISK, BlockDevice(path))
    return machine


def counts(machine: Machine) -> dict[str, int]:
    return web_server.counts(machine)


def assert_right(machine: Machine, stop: Stop, **tunables: int) -> None:
    """It ended well, after as many requests as it was built for, or was told to serve."""
    assert (stop.exit_code, machine.console.splitlines()[-1]) == (0, "exit 0"), machine.console
    requests = tunables.pop("REQUESTS", REQUESTS) or counts(machine)["requests"]
    assert web_server.reported(machine.console) == (requests, expected(requests, **tunables))


def run_with_eager_host(machine: Machine, every: int, limit: int = LIMIT) -> Stop:
    """After each `every` instructions the host discards whatever it may."""
    blocks = machine.storage.blocks
    while (stop := machine.run(every)).reason is Reason.LIMIT and machine.count < limit:
        for number in np.flatnonzero((blocks.usage != STABLE) & (blocks.invalid == 0)):
            with suppress(ValueError):  # potentially volatile and changed
                machine.host.discard(GUEST, int(number))
    return stop


# --- Sources, tunables, disk -----------------------------------------------------------------------------------------


def test_the_lists_name_every_source():
    named = {path.name for guest in (toy_kernel, web_server, several_cpus) for path in guest.sources()}
    assert named == {path.name for path in toy_kernel.folder().glob("*.s")}


ROOMY = {"RAM_BLOCKS": 32767, "FILE_BLOCKS": 32000}  # every tunable may be as large as it ever may
STEPS = {"LOG_BLOCKS": 8}


def complaints_of_the_assembly(defines: dict[str, int]) -> str:
    """What web.s says of its tunables. By itself: nothing else is looked at."""
    with pytest.raises(AssemblyError) as caught:  # at any rate because of the other files' symbols
        assemble_files([toy_kernel.folder() / "web.s"], origin=web_server.ORIGIN, defines={"WEB": 1} | defines)
    return "\n".join(re.findall(r"error: (\w+ (?:must be|is too small).*)", str(caught.value)))


@pytest.mark.parametrize("name", web_server.LIMITS)
def test_the_limits_of_the_tunables_are_those_of_the_assembly(name):
    _, least, most = web_server.LIMITS[name]
    for limit, beyond in ((least, -1), (most, 1)):
        if (name, limit) != ("RAM_BLOCKS", 1):  # that is for what else there is to say, see below
            assert web_server.tunables(**ROOMY | {name: limit})
            assert complaints_of_the_assembly(ROOMY | {name: limit}) == ""
        value = limit + beyond * STEPS.get(name, 1)
        with pytest.raises(web_server.WebGuestError, match=rf"^{name}={value}: it must be at "):
            web_server.build(**ROOMY | {name: value})
        assert re.search(rf"^{name} (must be|is too small)", complaints_of_the_assembly(ROOMY | {name: value}), re.M)


@pytest.mark.parametrize(
    ("name", "value"), [("LOG_BLOCKS", 12), ("DRIFT", 1360), ("PRELOAD", 6145), ("RAM_BLOCKS", 511)]
)
def test_limits_that_depend_on_other_tunables(name, value):
    with pytest.raises(web_server.WebGuestError, match=rf"^{name}={value}: .* must be "):
        web_server.build(**{name: value})
    assert re.match(rf"{name} (must be|is too small)", complaints_of_the_assembly({name: value}))


def test_the_defaults_are_those_of_the_assembly():
    built = assemble_files(web_server.sources(), origin=web_server.ORIGIN, defines={"WEB": 1})
    assert list(built.image()) == list(web_server.build().image())


def test_the_limits_of_storage_are_those_of_the_assembly():
    values = web_server.DEFAULTS | {"FILE_BLOCKS": 720, "HEAP_BLOCKS": 77}
    least = web_server.fewest_blocks(values)
    defines = {"WEB": 1, "FILE_BLOCKS": 720, "HEAP_BLOCKS": 77}
    assemble_files(web_server.sources(), origin=web_server.ORIGIN, defines=defines | {"RAM_BLOCKS": least})
    with pytest.raises(AssemblyError, match="RAM_BLOCKS is too small"):
        assemble_files(web_server.sources(), origin=web_server.ORIGIN, defines=defines | {"RAM_BLOCKS": least - 1})


def test_a_tunable_that_does_not_exist_is_refused():
    with pytest.raises(web_server.WebGuestError, match="no tunable RAM_BLOCK: it has RAM_BLOCKS"):
        web_server.build(RAM_BLOCK=512)


def test_disk_image_is_files_and_log_as_generated(tmp_path):
    path = tmp_path / "disk"
    assert web_server.disk_image(path, FILE_BLOCKS=1100, LOG_BLOCKS=8) == 1108
    data = path.read_bytes()
    assert len(data) == 1108 * 4096
    for block in (0, 1, 1023, 1024, 1107):
        assert data[block * 4096 : (block + 1) * 4096] == web_server.content(block)
    cell = 5 * 32 + 3
    first = (cell + 1) * web_server.CELL_MULTIPLIER & web_server.DOUBLEWORD_MASK
    assert web_server.content(5)[3 * 128 : 3 * 128 + 8] == first.to_bytes(8, "big")


def test_import_and_build_do_without_numba():
    code = "import sys, s390emu.guests.web_server as w; w.build(); w.expected(5); sys.exit('numba' in sys.modules)"
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
@pytest.mark.parametrize("unused_access", ["discarded", "always", "zerofill"])
@pytest.mark.parametrize(("every", "discard_keys"), [(503, "random"), (20_011, "zero")])
def test_eager_host(every, discard_keys, unused_access):
    machine = boot(Host(512, PagingDevice(), unused_access=unused_access, discard_keys=discard_keys, seed=3))
    assert_right(machine, run_with_eager_host(machine, every))
    told = counts(machine)
    assert min(told["faults"], told["around"], told["lost"]) > 0
    assert told["reads"] == told["misses"] + told["faults"] + told["around"]


@jitted
def test_host_that_discards_after_every_instruction_does_not_stop_progress():
    machine = boot(Host(512, PagingDevice()))
    machine.run(LIMIT, until=[program(REQUESTS=REQUESTS).symbols["svc_lend"]])
    before = counts(machine)
    while machine.count < 600_000 and counts(machine)["requests"] < before["requests"] + 1:
        stop = run_with_eager_host(machine, 1, limit=machine.count + 2_000)
        assert stop.reason is Reason.LIMIT
    assert counts(machine)["requests"] == before["requests"] + 1
    assert_right(machine, machine.run(LIMIT))


@jitted
@pytest.mark.parametrize(
    "tunables", [{"SEED": 7}, {"BURST": 1, "IDLE_US": 0, "DRIFT": 0}, {"LOG_BLOCKS": 32, "HEAP_BLOCKS": 1}], ids=str
)
def test_other_tunables_take_other_ways(tmp_path, tunables):
    machine = boot(Host(FEW_FRAMES, PagingDevice(tmp_path)), **tunables)
    assert_right(machine, machine.run(LIMIT), **tunables)
    assert expected(REQUESTS, **tunables) != expected(REQUESTS)


@jitted
def test_preload_fills_the_page_cache_before_the_first_request():
    machine = boot(Host(512, PagingDevice()), PRELOAD=720)
    machine.run(LIMIT, until={program(REQUESTS=REQUESTS, PRELOAD=720).symbols["burst"]})
    told = counts(machine)
    assert (told["requests"], told["misses"]) == (0, 720)
    assert int((machine.storage.blocks.invalid == 0).sum()) > 450
    assert_right(machine, machine.run(LIMIT))


@jitted
def test_without_essa_it_does_the_same():
    machine = Machine(STORAGE, essa=False)
    machine.load(program(REQUESTS=REQUESTS))
    assert_right(machine, machine.run(LIMIT))
    assert not machine.storage.blocks.usage.any()


# --- With its disk ---------------------------------------------------------------------------------------------------


@jitted
@pytest.mark.parametrize("service", ["none", "dasd"])
@pytest.mark.parametrize("hints", [0, 1, 2])
def test_the_log_is_on_the_disk_in_the_end(tmp_path, hints, service):
    host = Host(FEW_FRAMES, PagingDevice(tmp_path), service=SERVICE[service])
    machine = boot_with_disk(host, tmp_path / "disk", HINTS=hints)
    assert_right(machine, machine.run(LIMIT), HINTS=hints)
    assert "disk: DIAGNOSE X'250'\n" in machine.console
    told, statistics = counts(machine), host.statistics(GUEST)
    assert told["reads"] == statistics.disk_reads
    assert told["writes"] == statistics.disk_writes > SMALL["LOG_BLOCKS"]
    blocks = np.fromfile(tmp_path / "disk", ">u8").reshape(-1, web_server.WORDS)
    files = SMALL["FILE_BLOCKS"]
    assert np.array_equal(blocks[:files], web_server.words(0, files))
    assert web_server.fold(0, map(int, blocks[files:].ravel())) == expected(REQUESTS).log


@jitted
@pytest.mark.parametrize(("every", "service"), [(331, "none"), (1009, "dasd")])
def test_eager_host_and_a_disk(tmp_path, every, service):
    host = Host(512, PagingDevice(tmp_path), discard_keys="random", service=SERVICE[service])
    machine = boot_with_disk(host, tmp_path / "disk")
    assert_right(machine, run_with_eager_host(machine, every))
    told = counts(machine)
    assert min(told["faults"], told["around"], told["lost"]) > 0
    assert told["reads"] == told["misses"] + told["faults"] + told["around"]


@jitted
def test_a_file_is_read_in_one_operation(tmp_path):
    """With a latency of a millisecond and nothing else, the time taken from the guest is the number of operations."""
    host = Host(512, service=SERVICE["none"]._replace(disk_latency=1_000_000))
    machine = boot_with_disk(host, tmp_path / "disk", HINTS=0)
    while machine.run(100_000).reason is Reason.LIMIT and counts(machine)["requests"] < 50:
        pass
    told = counts(machine)
    operations = host.statistics(GUEST).disk_wait // 1_000_000
    assert told["requests"] / 2 < operations <= told["requests"] + 20  # and waits for the writes before them
    assert told["reads"] > 3 * operations


@jitted
def test_a_disk_that_is_too_small(tmp_path):
    web_server.disk_image(tmp_path / "disk", FILE_BLOCKS=SMALL["FILE_BLOCKS"] - 8, LOG_BLOCKS=SMALL["LOG_BLOCKS"])
    machine = boot(Host(512))
    machine.host.attach_disk(GUEST, web_server.DISK, BlockDevice(tmp_path / "disk"))
    assert machine.run(LIMIT).exit_code == 0x24
    assert machine.console.splitlines()[-2:] == ["panic: the disk is too small", "exit 36"]


@jitted
def test_a_disk_that_fails(tmp_path):
    machine = boot_with_disk(Host(512), tmp_path / "disk")
    machine.run(1_000_000)
    (tmp_path / "disk").write_bytes(b"")
    assert machine.run(LIMIT).exit_code == 0x24
    assert machine.console.splitlines()[-2:] == ["panic: an operation on the disk failed", "exit 36"]


# --- Messages, balloon -----------------------------------------------------------------------------------------------


def run_until(machine: Machine, condition) -> dict[str, int]:
    for _ in range(200):
        if condition(told := counts(machine)):
            return told
        assert machine.run(50_000).reason is Reason.LIMIT
    pytest.fail(f"not reached: {told}")


@jitted
@pytest.mark.parametrize("hints", [0, 1])
def test_balloon_goes_up_and_down(tmp_path, hints):
    host = Host(512, PagingDevice(tmp_path))
    machine = boot_with_disk(host, tmp_path / "disk", HINTS=hints, REQUESTS=0)
    run_until(machine, lambda told: told["requests"] > 150)
    before = host.frames.in_use
    host.send(GUEST, "CMM SHRINK 250")
    told = run_until(machine, lambda told: told["balloon"] == 250)
    assert told["inflated"] == 250
    assert host.statistics(GUEST).released == 250
    assert host.frames.in_use < min(before, 512 - 250 + 1)
    run_until(machine, lambda told: told["requests"] > 300)
    host.send(GUEST, "CMM SHRINK 40")
    told = run_until(machine, lambda told: told["balloon"] == 40)
    assert (told["inflated"], told["deflated"], told["messages"]) == (250, 210, 2)
    assert told["cpu_balloon"] > 0
    run_until(machine, lambda told: told["requests"] > 500)
    host.send(GUEST, "STOP")
    assert_right(machine, machine.run(LIMIT), HINTS=hints, REQUESTS=0)


@jitted
def test_balloon_does_not_take_what_the_guest_cannot_spare(tmp_path):
    host = Host(FEW_FRAMES, PagingDevice(tmp_path))
    machine = boot_with_disk(host, tmp_path / "disk", REQUESTS=0)
    host.send(GUEST, "CMM SHRINK 99999999999999999999")
    told = run_until(machine, lambda told: told["requests"] > 300)
    symbols = program(REQUESTS=0).symbols
    assert told["balloon_refused"] > 0
    free_or_cached = sum(web_server.number_at(machine, symbols[name]) for name in ("FREE_COUNT", "CACHE_COUNT"))
    assert symbols["FLOOR"] - 8 * 3 <= free_or_cached < 2 * symbols["FLOOR"]  # a burst's buffers may be out of it
    assert told["balloon"] > symbols["POOL_BLOCKS"] / 2
    host.send(GUEST, "CMM SHRINK 0")
    assert run_until(machine, lambda told: not told["balloon"])["deflated"] == told["inflated"]
    host.send(GUEST, "STOP")
    assert_right(machine, machine.run(LIMIT), REQUESTS=0)


@jitted
def test_the_last_message_counts_and_what_is_not_understood_is_passed_over(tmp_path):
    machine = boot_with_disk(Host(512), tmp_path / "disk", REQUESTS=0)
    run_until(machine, lambda told: told["requests"] > 10)
    nonsense = ("", "S", "STO", "CMM SHRINK", "CMM SHRINK -3", "CMM SHRINK x", "cmm shrink 3", "hello")
    for text in ("CMM SHRINK 100", *nonsense, "CMM SHRINK 60 "):
        machine.host.send(GUEST, text)
    told = run_until(machine, lambda told: told["balloon"] == 60)
    assert told["messages"] == 2
    machine.host.send(GUEST, "STOP")
    assert_right(machine, machine.run(LIMIT), REQUESTS=0)


@jitted
def test_stop_while_idle():
    machine = boot(Host(512), REQUESTS=0, IDLE_US=100_000_000)
    machine.run(LIMIT, until=[program(REQUESTS=0, IDLE_US=100_000_000).symbols["wait"]])
    requests = counts(machine)["requests"]
    machine.host.send(GUEST, "STOP")
    assert_right(machine, machine.run(LIMIT), REQUESTS=0, IDLE_US=100_000_000)
    assert counts(machine)["requests"] == requests + 1  # the one that comes next is the last
    assert machine.now < SECOND


# --- What it tells ---------------------------------------------------------------------------------------------------


@jitted
def test_accounts_add_up_to_the_time_that_has_passed(tmp_path):
    machine = boot(Host(FEW_FRAMES, PagingDevice(tmp_path)))
    symbols = program(REQUESTS=REQUESTS).symbols
    assert machine.run(3_000_000).reason is Reason.LIMIT
    last = web_server.number_at(machine, symbols["ACCOUNT_LAST"])  # CPU timer when the current context began
    units = sum(web_server.number_at(machine, symbols[f"ACCOUNT_{name}"]) for name in web_server.ACCOUNTS)
    assert units == (1 << 63) - 1 - last
    told = counts(machine)
    assert min(told[f"cpu_{name}"] for name in ("task", "kernel", "discard", "idle")) > 0
    passed = machine.count + int(machine.port.idle)
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
    buffer = web_server.number_at(machine, symbols["BUFFER_TABLE"])
    machine.host.release(GUEST, buffer // 4096)
    assert machine.run(LIMIT).exit_code == 0x46
    assert machine.console.splitlines()[-2:] == ["panic: the task failed", "exit 70"]


@jitted
def test_not_enough_storage():
    machine = Machine(STORAGE - 4096)
    machine.load(program(REQUESTS=REQUESTS))
    assert machine.run(LIMIT).exit_code == 0x20
    assert machine.console.splitlines()[-2:] == ["panic: not enough storage", "exit 32"]


# --- The rules are needed --------------------------------------------------------------------------------------------

BROKEN = {
    "change bit not looked at when the log's block is closed": ("log.s", "brasl   %r14,save_change", "lghi    %r2,0"),
    "repaired without reading": ("files.s", "        brasl   %r14,note_read\n1:      leave", "1:      leave"),
    "what is lent is not mapped": (
        "files.s",
        "        asi     FRAME_MAPS(%r2),1\n        lghi    %r3,KEY_READ",
        "        lghi    %r3,KEY_READ",
    ),
    "session in storage that is free": ("web.s", "lghi    %r7,HEAP_BLOCKS\n2:", "lghi    %r7,HEAP_BLOCKS-3\n2:"),
    "buffers volatile": (
        "web_calls.s",
        "        sske    %r1,%r2\n        leave",
        "        sske    %r1,%r2\n        essa    %r1,%r2,3\n        leave",
    ),
}


@jitted
@pytest.mark.parametrize("broken", BROKEN)
def test_breaking_a_rule_does_not_go_unnoticed(tmp_path, broken):
    files = altered(tmp_path / "firmware", web_server.sources(), *BROKEN[broken])
    defines = SMALL | {"REQUESTS": REQUESTS, "WEB": 1}
    machine = Machine(STORAGE, host=Host(512, PagingDevice(tmp_path), discard_keys="random"))
    web_server.disk_image(tmp_path / "disk", **SMALL)
    machine.host.attach_disk(GUEST, web_server.DISK, BlockDevice(tmp_path / "disk"))
    machine.load(assemble_files(files, origin=web_server.ORIGIN, defines=defines))
    stop = run_with_eager_host(machine, 307)
    assert stop.exit_code != 0 or web_server.reported(machine.console) != (REQUESTS, expected(REQUESTS))
