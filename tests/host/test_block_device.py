"""The disk as a file: what was written is there, what cannot be is an error of its own kind, and the way back."""

from __future__ import annotations

import os

import pytest

from s390emu.architecture.sizes import BLOCK_SIZE
from s390emu.host.block_device import BlockDevice, DiskError, DiskUnavailable

BLOCK = BLOCK_SIZE


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "disk"
    path.write_bytes(b"".join(bytes([n]) * BLOCK for n in range(1, 5)))
    return path


def test_reads_and_writes_the_file(path):
    disk = BlockDevice(path)
    assert disk.size == 4 * BLOCK
    assert disk.read(BLOCK, BLOCK) == b"\x02" * BLOCK
    disk.write(BLOCK, b"x" * BLOCK)
    assert path.read_bytes()[BLOCK : 2 * BLOCK] == b"x" * BLOCK
    assert disk.read(BLOCK + 512, 512) == b"x" * 512


def test_a_new_disk_has_the_blocks_asked_for(tmp_path):
    disk = BlockDevice(tmp_path / "new", 3)
    assert (disk.size, disk.read(2 * BLOCK, BLOCK)) == (3 * BLOCK, bytes(BLOCK))
    assert (tmp_path / "new").stat().st_size == 3 * BLOCK


def test_a_file_that_is_there_grows_and_keeps_its_content(path):
    disk = BlockDevice(path, 6)
    assert disk.size == 6 * BLOCK
    assert path.read_bytes() == b"".join(bytes([n]) * BLOCK for n in (1, 2, 3, 4, 0, 0))
    assert BlockDevice(path, 2).size == 2 * BLOCK


def test_part_of_a_block_at_the_end_is_no_block(path):
    with path.open("ab") as file:
        file.write(b"rest")
    assert BlockDevice(path).size == 4 * BLOCK


def test_read_only_opens_the_file_so(path):
    path.chmod(0o400)
    disk = BlockDevice(path, read_only=True)
    assert disk.read(0, 1) == b"\x01"
    with pytest.raises(DiskError, match="Bad file descriptor"):
        disk.write(0, b"x")


@pytest.mark.parametrize(
    "make, options, message",
    [
        (lambda path: None, {}, "No such file or directory; make a file for it"),
        (lambda path: None, {"blocks": 0}, "a disk of 0 blocks; give it at least 1"),
        (lambda path: path.mkdir(), {}, "Is a directory; name a file"),
        (os.mkfifo, {}, "Illegal seek; name a file"),
        (os.mkfifo, {"read_only": True}, "Illegal seek; name a file"),
        (lambda path: path.write_bytes(bytes(4095)), {}, "4095 bytes are no disk"),
        (lambda path: path.write_bytes(bytes(8192)), {"blocks": 3, "read_only": True}, "8192 bytes are not the 3"),
    ],
    ids=["missing", "no-blocks", "directory", "pipe", "pipe-read-only", "short", "read-only-short"],
)  # fmt: skip
def test_what_cannot_be_a_disk(tmp_path, make, options, message):
    path = tmp_path / "disk"
    make(path)
    with pytest.raises(DiskUnavailable, match=message) as found:
        BlockDevice(path, **options)
    assert str(path) in str(found.value)


def test_a_file_cut_meanwhile_gives_errors_not_wrong_data(path):
    disk = BlockDevice(path)
    os.truncate(path, BLOCK + 100)
    with pytest.raises(DiskError, match="only 100 bytes of 4096"):
        disk.read(BLOCK, BLOCK)
    assert disk.read(0, BLOCK) == b"\x01" * BLOCK


def test_no_room_is_an_error():
    if not os.path.exists("/dev/full"):
        pytest.skip("no /dev/full")
    disk = BlockDevice.__new__(BlockDevice)
    disk.path, disk._before, disk._descriptor = "/dev/full", None, os.open("/dev/full", os.O_RDWR)
    with pytest.raises(DiskError, match="No space left"):
        disk.write(0, b"x" * BLOCK)
    os.close(disk._descriptor)


def test_part_of_a_write_is_an_error(path, monkeypatch):
    disk = BlockDevice(path)
    monkeypatch.setattr(os, "pwrite", lambda descriptor, data, offset: 7)
    with pytest.raises(DiskError, match="only 7 bytes of 4096"):
        disk.write(0, bytes(BLOCK))


def test_back_to_any_of_several_snapshots(path):
    disk = BlockDevice(path)
    disk.write(0, b"a" * 512)  # before the first: stays
    disk.server.free_at = 5
    first = disk.snapshot()
    disk.write(512, b"b" * BLOCK)  # across a boundary
    second = disk.snapshot()
    disk.write(0, b"c" * BLOCK)
    disk.write(3 * BLOCK, b"d" * 512)
    disk.server.free_at = 9
    third = disk.snapshot()
    contents = path.read_bytes()

    disk.restore(first)
    assert (disk.read(0, 512), disk.read(512, 3584), disk.server.free_at) == (b"a" * 512, b"\x01" * 3584, 5)
    assert disk.read(BLOCK, 3 * BLOCK) == b"".join(bytes([n]) * BLOCK for n in (2, 3, 4))
    disk.restore(third)
    assert path.read_bytes() == contents
    assert disk.server.free_at == 9
    disk.restore(second)
    assert disk.read(0, BLOCK + 512) == b"a" * 512 + b"b" * BLOCK
    assert disk.read(3 * BLOCK, BLOCK) == b"\x04" * BLOCK
