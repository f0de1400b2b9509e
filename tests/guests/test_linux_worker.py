"""The Linux guest of the farm without Linux: the script of its /init runs in this computer's shell, and its twin knows
what it prints."""

from __future__ import annotations

import os
import shutil
import subprocess
from itertools import islice

import pytest

from s390emu.guests import linux_worker
from s390emu.guests.linux import LinuxError
from s390emu.guests.linux_worker import Report, Twin, archive, go, read_files, reported, right
from s390emu.guests.toy_kernel import folder as firmware

SEED, BURST, IDLE_MS = 1001, 16, 3
REQUESTS = 40  # before it is told to stop: more than a burst
PROGRAMS = ("sh", "cat", "dd", "md5sum", "rm", "mkfifo")


@pytest.fixture(scope="module")
def printed(tmp_path_factory) -> str:
    """What the script prints until it has been stopped, in a folder of its own instead of a machine of its own."""
    if missing := [program for program in PROGRAMS if shutil.which(program) is None]:
        pytest.skip(f"no {', '.join(missing)} here")
    place = tmp_path_factory.mktemp("worker")
    os.mkfifo(place / "console")
    (place / "pages").write_text("0\n")
    script = (firmware() / linux_worker.SCRIPT).read_text()
    for here, there in (("/bin/mount", ":"), ("cd /tmp", f"cd {place}"), ("/dev/console", "console"),
                        ("/proc/sys/vm/cmm_pages", "pages"), ("stty -echo", ":"), ("sleep", ":"),
                        ("poweroff -f", ":")):  # fmt: skip
        assert here in script
        script = script.replace(here, there)
    with subprocess.Popen(["sh", "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as shell:
        assert shell.stdin and shell.stdout
        shell.stdin.write(go(SEED, BURST, IDLE_MS))
        shell.stdin.flush()
        with (place / "console").open("w") as console:
            lines = [shell.stdout.readline() for _ in range(1 + REQUESTS)]
            console.write("CMM SHRINK 5\n")
            console.flush()
            while "5" not in (place / "pages").read_text():
                lines.append(shell.stdout.readline())
            console.write("STOP\n")
        return "".join([*lines, shell.stdout.read()])


def report(printed: str) -> Report:
    told = reported(printed)
    assert told is not None
    return told


def test_the_twin_knows_what_the_script_prints(printed):
    told = report(printed)
    assert len(told.requests) >= REQUESTS
    assert told.remaining
    assert right(told, Twin(SEED, BURST, IDLE_MS))


def test_the_script_gives_its_balloon_the_size_that_it_is_told(printed):
    assert report(printed).balloon == 5


def test_a_twin_with_another_seed_disagrees(printed):
    assert not right(report(printed), Twin(SEED + 1, BURST, IDLE_MS))


@pytest.mark.parametrize("field", ["requests", "remaining"])
def test_a_wrong_sum_is_not_right(printed, field):
    told = report(printed)
    lines = [*getattr(told, field)]
    lines[-1] = "0" * 32 + lines[-1][32:]
    assert not right(told._replace(**{field: lines}), Twin(SEED, BURST, IDLE_MS))


def test_a_file_that_is_gone_at_the_end_is_not_right(printed):
    told = report(printed)
    assert not right(told._replace(remaining=told.remaining[:-1]), Twin(SEED, BURST, IDLE_MS))


@pytest.mark.parametrize("word", ["STOPPED", "END"])
def test_a_guest_that_did_not_come_to_its_end_has_no_report(printed, word):
    assert reported(printed.partition(word)[0]) is None


def test_files_of_a_burst_are_no_more_than_a_guest_is_given_room_for():
    twin = Twin(SEED, BURST, IDLE_MS)
    for _ in islice(twin.requests(), 200):
        assert twin.last - twin.first < BURST * 3 // 2 + linux_worker.KEPT
    assert len(twin.file(10**6)) <= linux_worker.FILE_BYTES


def test_a_window_lies_within_every_file():
    assert len(Twin(0, BURST, IDLE_MS).file(0)) >= linux_worker.WINDOWS * linux_worker.WINDOW_BYTES


def test_the_archive_has_init_busybox_and_its_names():
    packed = archive(b"program")
    for name in ("init", "bin/busybox", "bin/md5sum", "dev/console"):
        assert name.encode() + b"\0" in packed
    assert (firmware() / linux_worker.SCRIPT).read_bytes() in packed


def test_what_is_no_kernel_of_linux_is_refused(tmp_path):
    (tmp_path / "busybox").write_bytes(b"program")
    (tmp_path / "vmlinuz").write_bytes(bytes.fromhex("0008000080010000") + bytes(100))
    with pytest.raises(LinuxError, match="no kernel of Linux"):
        read_files(tmp_path)


def test_the_digest_tells_kernels_and_busyboxes_apart(tmp_path):
    digests = set()
    for kernel, busybox in ((b"1", b"p"), (b"2", b"p"), (b"1", b"q")):
        (tmp_path / "vmlinuz").write_bytes(bytes(0x10008) + b"S390EP" + kernel + bytes(0x1000))
        (tmp_path / "busybox").write_bytes(busybox)
        digests.add(read_files(tmp_path).digest)
    assert len(digests) == 3
