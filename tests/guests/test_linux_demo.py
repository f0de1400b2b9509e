"""What the demonstration with Linux is made of."""

from __future__ import annotations

import hashlib
import shutil
import stat
import subprocess

import pytest

from s390emu.guests.linux_demo import APPLETS, LinuxDemo, findings, read_demo
from tests.guests.test_initramfs import entries

MB = 1 << 20
BUSYBOX = b"program" * 100_000


@pytest.fixture
def demo():
    return LinuxDemo(b"kernel", BUSYBOX, 8 * MB)


def test_files_are_half_of_the_storage(demo):
    assert demo.files == 4 * MB // len(BUSYBOX) == 5
    assert LinuxDemo(b"", bytes(100 * MB), MB).files == 2


def test_sums_are_of_what_the_script_writes(demo):
    assert demo.sums.splitlines()[2] == f"{hashlib.md5(b'   ' + BUSYBOX).hexdigest()}  3"
    assert len(demo.sums.splitlines()) == 5


def test_what_the_script_says_where_all_is_right(demo):
    assert demo.said == ["sums 5 of 5", "total 1799970000", "sums 2 of 2"]
    assert findings("noise\ndemo: write\n" + "".join(f"demo: {line}\n" for line in demo.said)) == demo.said
    assert findings("xdemo: sums 5 of 5\ndemo: sum\n") == []


def test_the_initial_ram_disk_has_all_that_the_script_uses(demo):
    found = {name: (mode, data) for name, mode, data, _ in entries(demo.initrd)}
    assert found["init"] == (stat.S_IFREG | 0o755, demo.script.encode())
    assert found["bin/busybox"] == (stat.S_IFREG | 0o755, BUSYBOX)
    assert {found[f"bin/{applet}"] for applet in APPLETS} == {(stat.S_IFLNK | 0o777, b"busybox")}
    assert found["sums"][1].decode() == demo.sums
    assert {"dev/console", "dev/null", "proc", "tmp"} <= found.keys()
    assert "@" not in demo.script.replace("$@", "")


@pytest.mark.skipif(not shutil.which("dash"), reason="dash is missing: a shell to run the script")
def test_the_script_finds_what_is_right_in_a_shell_of_this_computer(demo, tmp_path):
    """Without mounting and powering off, and with this computer's programs."""
    for name in ("tmp", "bin"):
        (tmp_path / name).mkdir()
    (tmp_path / "sums").write_text(demo.sums)
    (tmp_path / "bin" / "busybox").write_bytes(BUSYBOX)
    script = demo.script.replace(" /sums", f" {tmp_path}/sums").replace("/bin/busybox", f"{tmp_path}/bin/busybox")
    script = script.replace("cd /tmp", f"cd {tmp_path}/tmp").replace("export PATH=/bin\n", "")
    lines = [line for line in script.splitlines() if not line.startswith(("mount", "poweroff", "#!"))]
    done = subprocess.run(["dash", "-c", "\n".join(lines)], capture_output=True, text=True, timeout=60)
    assert findings(done.stdout) == demo.said


def test_files_of_a_folder(tmp_path):
    (tmp_path / "vmlinuz").write_bytes(b"kernel")
    (tmp_path / "busybox").write_bytes(b"busybox")
    assert read_demo(tmp_path, MB) == LinuxDemo(b"kernel", b"busybox", MB)
