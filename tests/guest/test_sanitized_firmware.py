"""The page-state sanitizer on the toy kernel and the web server: the real ones are clean; each planted bug is found by
its rule."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from s390emu._jit import JIT
from s390emu.assembler.assemble import assemble_files
from s390emu.guests import toy_kernel, web_server
from s390emu.host.block_device import BlockDevice
from s390emu.host.devices import SERVICE
from s390emu.host.host import Host
from s390emu.host.paging_device import PagingDevice
from s390emu.machine import Machine
from s390emu.sanitizer.guest import read_description
from s390emu.sanitizer.pages import Sanitizer
from s390emu.sanitizer.rules import RULES
from tests.guest import test_web_guest as web
from tests.guest.altered import altered
from tests.guest.test_firmware import LIMIT, SMALL, run_with_eager_host

pytestmark = pytest.mark.skipif(not JIT, reason="millions of instructions: not as plain Python (tests/sanitizer is)")

PLANTED = SMALL | {"PASSES": 4, "STEPS": 40}
MOST = 2_000_000  # instructions of a run with a planted bug
PAGE = Path(__file__).parents[2] / "docs" / "sanitizer.md"


build = cache(toy_kernel.build)


def boot(program, *, sanitize: bool = True, frames: int = 256) -> tuple[Machine, Sanitizer | None]:
    machine = Machine(host=Host(frames, PagingDevice(), discard_keys="random"))
    machine.load(program)
    known = read_description(toy_kernel.description(), program.symbols)
    return machine, Sanitizer(machine, known) if sanitize else None


def ample(machine: Machine):
    return machine.run(MOST)


def eager(machine: Machine):
    return run_with_eager_host(machine, 101, MOST)


@cache
def plants() -> dict[str, int]:
    """Rule -> number, of the planted bugs that firmware/plants.inc names."""
    symbols = build().symbols
    found = {name: value for name, value in symbols.items() if name.startswith("PLANT_") and value < 0x100}
    return {name.removeprefix("PLANT_").lower().replace("_", "-"): number for name, number in found.items()}


def test_each_rule_has_its_plant_and_each_plant_its_rule():
    numbers = plants()
    assert numbers.keys() == {rule.name for rule in RULES}
    assert sorted(numbers.values()) == list(range(1, len(RULES) + 1))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_planted_bug_is_found(rule):
    program = build(**PLANTED, PLANT=plants()[rule.name])
    found = set()
    for run in (ample, eager):  # some show only on a host that takes what it may
        if rule.name not in found:
            machine, sanitizer = boot(program)
            run(machine)
            sanitizer.finish()
            found |= sanitizer.counts.keys()
    assert rule.name in found


@pytest.mark.parametrize("frames", [16, 24, 40, 256])
@pytest.mark.parametrize("seed", [2, 3, 4, 5])
def test_real_kernel_is_clean_and_runs_as_without(frames, seed):
    program = build(**SMALL | {"SEED": seed})
    machine, sanitizer = boot(program, frames=frames)
    alone, _ = boot(program, frames=frames, sanitize=False)
    assert machine.run(LIMIT) == alone.run(LIMIT)
    sanitizer.finish()
    assert not sanitizer.violations
    assert machine.console == alone.console
    assert machine.blocks() == alone.blocks()
    assert machine.read(0, machine.storage.size) == alone.read(0, alone.storage.size)


@pytest.mark.parametrize("every", [41, 101, 503, 4001])
def test_real_kernel_is_clean_on_an_eager_host(every):
    machine, sanitizer = boot(build(**PLANTED))
    assert run_with_eager_host(machine, every).exit_code == 0
    sanitizer.finish()
    assert not sanitizer.violations


def test_default_run_is_clean():
    machine, sanitizer = boot(build(), frames=40)
    assert machine.run(LIMIT).exit_code == 0
    sanitizer.finish()
    assert not sanitizer.violations


@pytest.mark.parametrize("hints", [0, 2])
def test_fewer_hints_are_clean(hints):
    machine, sanitizer = boot(build(**SMALL, HINTS=hints), frames=24)
    assert machine.run(LIMIT).exit_code == 0
    sanitizer.finish()
    assert not sanitizer.violations


# --- The web server --------------------------------------------------------------------------------------------------


def sanitized_web(path, program, *, frames: int = web.FEW_FRAMES, service: str = "none"):
    """The web server with its disk, watched."""
    host = Host(frames, PagingDevice(), discard_keys="random", service=SERVICE[service])
    web_server.disk_image(path, **web.SMALL)
    machine = Machine(web.STORAGE, host=host)
    machine.load(program)
    host.attach_disk(0, web_server.DISK, BlockDevice(path))
    return machine, Sanitizer(machine, read_description(web_server.description(), program.symbols))


@pytest.mark.parametrize("service", ["none", "dasd"])
@pytest.mark.parametrize("seed", [1, 2])
def test_web_server_is_clean(tmp_path, seed, service):
    machine, sanitizer = sanitized_web(tmp_path / "disk", web.program(REQUESTS=80, SEED=seed), service=service)
    machine.run(300_000)
    machine.host.send(0, "CMM SHRINK 150")
    machine.run(300_000)
    machine.host.send(0, "CMM SHRINK 20")
    assert machine.run(LIMIT).exit_code == 0
    sanitizer.finish()
    assert not sanitizer.violations
    assert web_server.reported(machine.console) == (80, web.expected(80, SEED=seed))


def test_web_server_is_clean_on_an_eager_host(tmp_path):
    machine, sanitizer = sanitized_web(tmp_path / "disk", web.program(REQUESTS=80), frames=512)
    assert run_with_eager_host(machine, 503).exit_code == 0
    sanitizer.finish()
    assert not sanitizer.violations


@pytest.mark.parametrize("rule", ["dirty-volatile", "lost-discard", "change-cleared", "referenced-volatile"])
def test_planted_bug_is_found_in_the_web_server(tmp_path, rule):
    defines = web_server.tunables(**web.SMALL, REQUESTS=80) | {"WEB": 1, "PLANT": plants()[rule]}
    program = assemble_files(web_server.sources(), origin=toy_kernel.ORIGIN, defines=defines)
    machine, sanitizer = sanitized_web(tmp_path / "disk", program)
    machine.run(MOST)
    sanitizer.finish()
    assert rule in sanitizer.counts


def test_block_is_offered_while_the_disk_reads_it_out(tmp_path):
    """The web server does not hold what it writes, and gives it back when the next request looks around."""
    started = "5:      lgr     %r1,%r13\n"
    offered = "5:      llilf   %r1,WRITE_ENTRIES\n        lg      %r2,ENTRY_BUFFER(%r1)\n        essa    %r0,%r2,3\n"
    offering = offered + started.replace("5:", "  ")
    files = altered(tmp_path / "firmware", web_server.sources(), "block_io.s", started, offering)
    defines = web_server.tunables(**web.SMALL, REQUESTS=80) | {"WEB": 1}
    program = assemble_files(files, origin=toy_kernel.ORIGIN, defines=defines)
    machine, sanitizer = sanitized_web(tmp_path / "disk", program, service="dasd")
    machine.run(MOST)
    sanitizer.finish()
    assert "busy-hinted" in sanitizer.counts


# --- Would anybody have noticed without the sanitizer? ---------------------------------------------------------------

# These bugs do no harm to one CPU, or only on a host that takes a block at one of a few instructions.
UNNOTICED = ("table-hinted", "busy-hinted", "discarded-volatile", "referenced-volatile", "volatile-enabled",
             "handler-enabled", "reused-early", "kernel-side-repaired")  # fmt: skip


@pytest.mark.parametrize("rule", UNNOTICED)
def test_bug_that_the_checksum_does_not_notice(rule, expected_end):
    machine, sanitizer = boot(build(**PLANTED, PLANT=plants()[rule]))
    assert eager(machine).exit_code == 0
    assert machine.console.splitlines()[-2:] == expected_end(**PLANTED)
    sanitizer.finish()
    assert rule in sanitizer.counts


def test_every_rule_is_documented():
    rows = re.findall(r"^\| `([a-z-]+)` \| ([^|]+) \| ([^|]+) \|.*\| (\d+) \|", PAGE.read_text(), re.MULTILINE)
    assert [row[:3] for row in rows] == [(rule.name, rule.clause, rule.words) for rule in RULES]
    assert {name: int(number) for name, _, _, number in rows} == plants()
