"""The paging device: what is written is what is read, or an error that says so."""

from __future__ import annotations

import os
import random

import pytest

from s390emu.architecture.sizes import BLOCK_SIZE
from s390emu.host.paging_device import PagingDevice, PagingFull, PagingLost, PagingUnavailable


def block(n: int) -> bytes:
    return random.Random(n).randbytes(BLOCK_SIZE)


@pytest.fixture
def device(tmp_path):
    return PagingDevice(tmp_path, slots=8)


def test_reads_what_was_written(device):
    slots = [device.write(block(n)) for n in range(8)]
    assert sorted(slots) == list(range(8))
    assert [device.read(slot) for slot in slots] == [block(n) for n in range(8)]
    assert device.used == 8


def test_a_slot_that_was_freed_is_used_again(device):
    for n in range(8):
        device.write(block(n))
    device.free(3)
    assert device.write(block(9)) == 3
    assert device.read(3) == block(9)


def test_random_use_against_a_model(device):
    rng, held = random.Random(5), {}
    for n in range(2000):
        if held and (len(held) == device.slots or rng.random() < 0.5):
            slot = rng.choice(sorted(held))
            assert device.read(slot) == block(held.pop(slot))
            device.free(slot)
        else:
            slot = device.write(block(n))
            assert slot not in held and 0 <= slot < device.slots
            held[slot] = n
        assert device.used == len(held)
    assert os.path.getsize(device.path) <= device.slots * BLOCK_SIZE


def test_full(device):
    for n in range(8):
        device.write(block(n))
    with pytest.raises(PagingFull, match=r"all 8 slots of .*\.paging are in use; give the paging device more slots"):
        device.write(block(8))
    assert device.read(7) == block(7)


def test_room_goes_back_to_the_file_system(tmp_path):
    device = PagingDevice(tmp_path)
    slots = [device.write(block(n)) for n in range(64)]
    full = os.stat(device.path).st_blocks
    for slot in slots[:-1]:
        device.free(slot)
    assert os.stat(device.path).st_blocks < full // 4  # holes
    device.free(slots[-1])
    assert os.path.getsize(device.path) == 0


@pytest.mark.parametrize("damage", ["change", "cut", "swap", "empty"])
def test_a_damaged_file_is_noticed(device, damage):
    slots = [device.write(block(n)) for n in range(4)]
    with open(device.path, "r+b") as file:
        if damage == "change":
            file.seek(slots[2] * BLOCK_SIZE + 4095)
            file.write(bytes([block(2)[4095] ^ 1]))
        elif damage == "cut":
            file.truncate(slots[2] * BLOCK_SIZE + 100)
        elif damage == "swap":  # right checksums, wrong places
            file.seek(slots[2] * BLOCK_SIZE)
            file.write(block(1))
        else:
            file.truncate(0)
    with pytest.raises(PagingLost, match=r"slot 2 of .* is not what was written to it"):
        device.read(slots[2])
    with pytest.raises(PagingLost):  # and again
        device.read(slots[2])
    if damage != "empty":
        assert device.read(slots[0]) == block(0)
    device.free(slots[2])
    assert device.read(device.write(block(7))) == block(7)


def test_damage_on_purpose(device):
    slot = device.write(block(1))
    device.damage(slot)
    with pytest.raises(PagingLost):
        device.read(slot)


def test_damage_of_a_file_that_was_cut(device):
    slot = device.write(block(1))
    os.truncate(device.path, 0)
    device.damage(slot)
    with pytest.raises(PagingLost):
        device.read(slot)


def test_a_file_that_cannot_be_read(device, monkeypatch):
    slot = device.write(block(1))

    def fails(*_):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "pread", fails)
    with pytest.raises(PagingLost, match=r"slot 0 of .* cannot be read: Input/output error"):
        device.read(slot)


def test_a_file_system_without_room(device, monkeypatch):
    device.write(block(1))

    def fails(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "pwrite", fails)
        with pytest.raises(PagingFull, match=r"cannot be written: No space left on device; free some room there or"):
            device.write(block(2))
    assert device.used == 1
    assert device.read(device.write(block(3))) == block(3)


def test_a_write_that_is_cut_short(device, monkeypatch):
    monkeypatch.setattr(os, "pwrite", lambda *_: 100)
    with pytest.raises(PagingFull, match="only 100 of 4096 bytes written"):
        device.write(block(2))


def test_a_full_file_system_for_real():
    if not os.path.exists("/dev/full"):
        pytest.skip("no /dev/full here")
    device = PagingDevice()
    with open("/dev/full", "r+b", buffering=0) as full:
        device._file, own = full, device._file
        with pytest.raises(PagingFull, match="No space left on device"):
            device.write(block(1))
        device._file = own
    device.close()


def test_no_such_directory(tmp_path):
    with pytest.raises(PagingUnavailable, match=r"can be made in .*/none: No such file or directory; name"):
        PagingDevice(tmp_path / "none")


def test_a_directory_that_is_a_file(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(PagingUnavailable, match="Not a directory"):
        PagingDevice(tmp_path / "file")


def test_read_only_directory(tmp_path, monkeypatch):
    """Root may write anywhere, so the refusal is played."""

    def fails(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.mkstemp", fails)
    with pytest.raises(PagingUnavailable, match=r"Permission denied; name a directory that can be written to, or run"):
        PagingDevice()


@pytest.mark.parametrize("slots", [0, -1])
def test_no_slots(slots):
    with pytest.raises(ValueError, match="give at least 1"):
        PagingDevice(slots=slots)


def test_the_file_is_removed_when_closed(device):
    assert os.path.exists(device.path)
    device.close()
    device.close()
    assert not os.path.exists(device.path)


def test_close_of_a_file_that_somebody_removed(device):
    os.unlink(device.path)
    device.close()


def test_the_file_is_removed_with_the_device(tmp_path):
    PagingDevice(tmp_path).write(block(1))
    assert os.listdir(tmp_path) == []


def test_a_closed_device_writes_nowhere(device):
    device.close()
    with pytest.raises(ValueError, match="closed file"):
        device.write(block(1))


def test_restore_brings_slots_free_slots_and_damage(device):
    slots = [device.write(block(n)) for n in range(5)]
    device.free(slots[1])
    device.damage(slots[2])
    snapshot = device.snapshot()
    for slot in (0, 2, 3, 4):
        device.free(slots[slot])
    device.write(block(77))
    device.restore(snapshot)
    assert device.used == 4
    assert device.read(slots[0]) == block(0)
    assert device.read(slots[4]) == block(4)
    with pytest.raises(PagingLost):
        device.read(slots[2])
    assert device.write(block(6)) == slots[1]
    device.restore(snapshot)  # a snapshot serves more than once
    assert device.write(block(6)) == slots[1]
