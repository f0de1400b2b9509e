"""cpio archives of folders."""

from __future__ import annotations

import os
import socket
import stat

import pytest

from s390emu.guests.initramfs import DEFAULT_DEVICES, Entry, archive, device_list
from s390emu.input_files import FileError


def entries(data):
    """Yield name, mode, content and device of every entry of a newc archive, by its description."""
    at = 0
    while True:
        assert at % 4 == 0 and data[at : at + 6] == b"070701"
        fields = [int(data[at + 6 + 8 * n : at + 14 + 8 * n], 16) for n in range(13)]
        _, mode, user, group, _, time, size, *_, major, minor, name_bytes, check = fields
        assert (user, group, time, check) == (0, 0, 0, 0)
        name = data[at + 110 : at + 110 + name_bytes]
        assert name.endswith(b"\0")
        start = at + -(-(110 + name_bytes) // 4) * 4
        if name == b"TRAILER!!!\0":
            assert not data[start:].strip(b"\0") and len(data) % 512 == 0
            return
        yield os.fsdecode(name[:-1]), mode, data[start : start + size], (major, minor)
        at = start + -(-size // 4) * 4


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "root"
    (root / "bin").mkdir(parents=True)
    (root / "bin").chmod(0o755)
    (root / "init").write_bytes(b"#!/bin/sh\n")
    (root / "init").chmod(0o755)
    (root / "bin" / "sh").write_bytes(bytes(range(5)))
    (root / "bin" / "sh").chmod(0o4711)
    (root / "bin" / "ls").symlink_to("sh")
    (root / "bin" / "away").symlink_to("/nowhere/at all")
    return root


def test_files_folders_and_links(folder):
    assert list(entries(archive(folder))) == [
        ("bin", stat.S_IFDIR | 0o755, b"", (0, 0)),
        ("bin/away", stat.S_IFLNK | 0o777, b"/nowhere/at all", (0, 0)),
        ("bin/ls", stat.S_IFLNK | 0o777, b"sh", (0, 0)),
        ("bin/sh", stat.S_IFREG | 0o4711, bytes(range(5)), (0, 0)),
        ("init", stat.S_IFREG | 0o755, b"#!/bin/sh\n", (0, 0)),
    ]


def test_devices_with_the_folders_they_are_in(folder):
    found = list(entries(archive(folder, device_list("/dev/x/disk b 94 3 660"))))
    assert [entry for entry in found if entry[0].startswith("dev")] == [
        ("dev", stat.S_IFDIR | 0o755, b"", (0, 0)),
        ("dev/x", stat.S_IFDIR | 0o755, b"", (0, 0)),
        ("dev/x/disk", stat.S_IFBLK | 0o660, b"", (94, 3)),
    ]


def test_a_folder_that_is_there_keeps_its_mode(folder):
    (folder / "dev").mkdir()
    (folder / "dev").chmod(0o700)
    found = {name: mode for name, mode, *_ in entries(archive(folder, device_list(DEFAULT_DEVICES)))}
    assert found["dev"] == stat.S_IFDIR | 0o700
    assert found["dev/console"] == stat.S_IFCHR | 0o600


@pytest.mark.parametrize("device", ["init/x", "bin/sh/x/y", "bin/ls/x"], ids=["file", "deeper", "link"])
def test_a_device_in_what_is_no_folder_is_refused(folder, device):
    with pytest.raises(FileError, match=f"^/{device}: a device in /.*, which is no folder"):
        archive(folder, device_list(f"/{device} c 1 3"))


def test_a_name_that_would_end_the_archive_is_refused(folder):
    (folder / "TRAILER!!!").touch()
    with pytest.raises(FileError, match="TRAILER!!!: a name that ends an archive"):
        archive(folder)


def test_a_name_that_is_no_text(folder):
    (folder / os.fsdecode(b"\xff")).touch()
    assert os.fsdecode(b"\xff") in [name for name, *_ in entries(archive(folder))]


def test_a_named_pipe(folder):
    os.mkfifo(folder / "pipe")
    assert [stat.S_IFMT(mode) for name, mode, *_ in entries(archive(folder)) if name == "pipe"] == [stat.S_IFIFO]


def test_a_socket_is_refused(folder, monkeypatch):
    monkeypatch.chdir(folder)  # the name of a socket is short
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket")
        with pytest.raises(FileError, match="socket: neither file, folder"):
            archive(folder)


def test_the_same_content_gives_the_same_archive(folder):
    before = archive(folder)
    os.utime(folder / "init", (1, 1))
    assert archive(folder) == before


def test_a_device_list():
    listed = "# all that is needed\n/dev/console c 5 1 600\n\ndev/null c 1 3 666  # everybody's\ndev/sda b 8 0\n"
    assert device_list(listed) == [
        Entry("dev/console", stat.S_IFCHR | 0o600, b"", (5, 1)),
        Entry("dev/null", stat.S_IFCHR | 0o666, b"", (1, 3)),
        Entry("dev/sda", stat.S_IFBLK | 0o600, b"", (8, 0)),
    ]


@pytest.mark.parametrize("line", [
    "console", "console c 5", "console c 5 1 600 x", "console c five 1", "console c 5 1 900", "console p 5 1",
    "/ c 5 1", "a/../b c 5 1", "a//b c 5 1", "console c -1 1", "console c 5 4294967296", "console c 5 1 10000",
])  # fmt: skip
def test_a_line_that_is_no_device(line):
    with pytest.raises(FileError, match=r"^list:2: "):
        device_list(f"/dev/console c 5 1\n{line}\n", "list")
