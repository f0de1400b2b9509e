"""The guests are real ones: they boot unchanged where there is no ESSA, and find the same checksums.

Judge: qemu-system-s390x. Without it these tests are skipped, unless S390EMU_REQUIRE_JUDGES=1 makes that a failure.
QEMU ends at the disabled wait by itself, always with status 0, so the last line on the console decides.
"""

from __future__ import annotations

import subprocess

import pytest

from s390emu.guests import several_cpus, toy_kernel, web_server
from tests.required import require

QEMU = "qemu-system-s390x"
SMALL = {"PASSES": 3, "FILE_BLOCKS": 24, "WRITABLE_BLOCKS": 8, "CACHE_BLOCKS": 10, "SEED": 5}


@pytest.fixture
def qemu(tmp_path):
    """-> (lines of the console, standard error) of a run with a kernel, the toy kernel by default."""
    require(QEMU)

    def boot(console="sclpconsole", build=toy_kernel.build, cpus=1, **tunables):
        kernel = tmp_path / "kernel.elf"
        kernel.write_bytes(build(**tunables).to_elf())
        command = [QEMU, "-machine", "s390-ccw-virtio", "-accel", "tcg", "-cpu", "max", "-m", "4M", "-smp", str(cpus)]
        command += ["-display", "none", "-nodefaults", "-chardev", "stdio,id=c", "-device", f"{console},chardev=c"]
        command += ["-kernel", str(kernel)]
        run = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
        return [line for line in run.stdout.splitlines() if line], run.stderr

    return boot


@pytest.mark.parametrize("console", ["sclpconsole", "sclplmconsole"])
def test_boots_without_essa_and_finds_the_checksum(qemu, expected_end, console):
    lines, errors = qemu(console)
    assert lines[-2:] == expected_end(), errors
    assert lines[0] == "toy kernel: guest page hinting off"
    assert "0 discard faults repaired" in lines


@pytest.mark.parametrize("tunables", [SMALL, SMALL | {"CACHE_BLOCKS": 8, "PASSES": 1, "STEPS": 100}], ids=str)
def test_tunables(qemu, expected_end, tunables):
    lines, errors = qemu(**tunables)
    assert lines[-2:] == expected_end(**tunables), errors


def test_too_little_storage_is_said_and_is_exit_32(qemu):
    lines, errors = qemu(CACHE_BLOCKS=4096)
    assert lines[-2:] == ["panic: not enough storage", "exit 32"], errors


WEB = {"RAM_BLOCKS": 480, "FILE_BLOCKS": 360, "LOG_BLOCKS": 8, "HEAP_BLOCKS": 16, "BURST": 8, "IDLE_US": 100}


def test_web_server_runs_without_essa_and_without_a_disk(qemu):
    lines, errors = qemu(build=web_server.build, **WEB, REQUESTS=200)
    assert lines[0] == "web server: guest page hinting off", errors
    assert web_server.reported("\n".join(lines)) == (200, web_server.expected(200, **WEB))
    assert lines[-1] == "exit 0"


# Few jobs: on a machine with fewer processors than QEMU has CPUs, each wait for another CPU costs a time slice.
@pytest.mark.parametrize("cpus", [1, 2, 4])
def test_several_cpus_find_one_checksum(qemu, cpus):
    tunables = {"JOBS": 16, "STEPS": 12}
    lines, errors = qemu(build=several_cpus.build, cpus=cpus, **tunables)
    assert lines[:2] == ["several CPUs: guest page hinting off", f"{cpus} CPUs"], errors
    total = f"{several_cpus.expected(**tunables):016X}"
    assert lines[-2:] == [f"checksum {total} expected {total}", "exit 0"]
