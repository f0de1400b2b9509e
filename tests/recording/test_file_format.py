"""How bytes are packed."""

from __future__ import annotations

import random

import pytest

from s390emu.recording import file_format as form

NOISE = random.Random(1).randbytes(2 * form.PIECE + 77)


@pytest.mark.parametrize(
    "data", [b"", b"x", bytes(3 * form.PIECE), NOISE, NOISE[:9], bytes(form.PIECE) + NOISE + bytes(5)]
)
def test_what_is_packed_is_unpacked(data):
    assert form.unpack(form.pack(data), len(data)) == data


def test_zeros_become_short_and_noise_does_not_become_longer():
    assert len(form.pack(bytes(form.PIECE))) < 10_000
    assert len(form.pack(NOISE)) < 1.001 * len(NOISE)


def test_more_than_was_told_is_not_unpacked():
    for data in (bytes(3 * form.PIECE), NOISE):
        assert form.unpack(form.pack(data), len(data) - 1) is None
        assert form.unpack(form.pack(data), form.PIECE) is None


def test_what_is_damaged_is_not_unpacked():
    packed = form.pack(NOISE)
    assert form.unpack(packed[:-3], len(NOISE)) is None
    assert form.unpack(packed + b"x", len(NOISE)) is None
    assert form.unpack(b"x", 1) is None
