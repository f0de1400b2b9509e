"""Random damage to a recording: an error of one line, or what is whole of it; never another exception."""

from __future__ import annotations

import json
import random
import zlib
from contextlib import suppress

import pytest

from s390emu import inputs
from s390emu.input_files import FileError
from s390emu.recording import Recording, RunRecorder, Writer
from s390emu.recording import file_format as form
from tests.recording.guests import loaded, make

OPTIONS = {"frames": 20}


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> bytes:
    """A recording with every kind of chunk."""
    path = tmp_path_factory.mktemp("fuzz") / "a"
    machine = loaded(**OPTIONS)
    writer = Writer(path, emulator="1", command="run", options=OPTIONS)
    with RunRecorder(machine, writer, 60, per_byte=0) as recorder:
        writer.symbols({"start": 0x10000})
        recorder.run(50)
        inputs.perform(machine, "message", "text")
        writer.mark(machine)
        recorder.run(100)
    return path.read_bytes()


def damaged(data: bytes, dice: random.Random) -> bytes:
    """Return the data with bits turned, a part cut off, left out, doubled or overwritten."""
    changed, at = bytearray(data), dice.randrange(len(data))
    length = dice.choice((1, 2, 8, 100, 4096))
    match dice.randrange(6):
        case 0:
            return data[:at]
        case 1:
            del changed[at : at + length]
        case 2:
            changed[at:at] = data[at : at + length]
        case 3:
            changed[at : at + length] = dice.randbytes(min(length, len(data) - at))
        case _:
            for _ in range(dice.choice((1, 1, 1, 5))):
                changed[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
    return bytes(changed)


def chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    """Return kind and payload of the chunks before the index."""
    at, found = form.PREAMBLE.sizeof() + form.PREAMBLE.parse(data).length, []
    while True:
        chunk = form.CHUNK.parse(data[at:])
        if chunk.kind == form.INDEX:
            return found
        at += form.CHUNK.sizeof()
        found.append((chunk.kind, data[at : at + chunk.length]))
        at += chunk.length


def forged(data: bytes, dice: random.Random) -> bytes:
    """Return a recording that is cut off after a chunk which somebody has damaged who knows how to make checksums."""
    parts = chunks(data)
    chosen = dice.randrange(len(parts))
    start = form.PREAMBLE.sizeof() + form.PREAMBLE.parse(data).length
    out = data[:start]
    for number, (kind, payload) in enumerate(parts[: chosen + 1]):
        if number == chosen:
            if kind == form.CHECKPOINT and dice.random() < 0.8:
                told = form.CHECKPOINT_T.parse(payload)
                body = damaged(form.unpack(told.packed, 1 << 30), dice)
                payload = form.CHECKPOINT_T.build(dict(told) | {"unpacked": len(body), "packed": zlib.compress(body)})
            else:
                payload = damaged(payload, dice)
        head = {"kind": kind, "length": len(payload), "check": form.check_of(kind, payload)}
        out += form.CHUNK.build(head) + payload
    return out


def looked_at(path, *, run: bool = False) -> bool:
    """Open a file and look at all of it; return whether it could be. FileError is the only exception that is all
    right."""
    with suppress(FileError), Recording.open(path, make) as recording:
        recording.verify()
        for mark in recording.marks:
            with suppress(FileError):
                recording.cpus_at(mark)
        for index in range(len(recording.checkpoints)):
            recording.state_at(index)
        if run:
            recording.machine_at(recording.first)
        return True
    return False


def test_random_damage_is_an_error_of_one_line(data, tmp_path):
    dice, path, whole = random.Random(9), tmp_path / "b", 0
    for _ in range(2000):
        path.write_bytes(damaged(data, dice))
        whole += looked_at(path)
    assert whole < 600  # cut off behind a whole checkpoint


def test_forged_chunks_are_an_error_of_one_line(data, tmp_path, monkeypatch):
    """With checksums that are right, and no digests of states."""
    dice, path = random.Random(8), tmp_path / "b"
    monkeypatch.setattr("s390emu.recording.reader.Recording._digest_is_right", lambda *_: True)
    read = 0
    for _ in range(400):
        path.write_bytes(forged(data, dice))
        read += looked_at(path, run=True)
    assert read > 10


def test_what_it_says_of_lengths_takes_no_memory(data, tmp_path):
    """A table is said to have 2 TB, a state to be 15 GB: nothing is allocated for what is not in the file."""
    import tracemalloc

    (kind, payload), path = chunks(data)[0], tmp_path / "b"
    told = form.CHECKPOINT_T.parse(payload)
    body = form.BODY.parse(form.unpack(told.packed, 1 << 30))
    rest = json.dumps({}).encode()
    for rows in (1 << 21, (1 << 32) - 1):
        for table in body.tables:
            table.rows = rows
        new = form.BODY.build({"tables": body.tables, "rest": rest})
        forged_payload = form.CHECKPOINT_T.build(dict(told) | {"unpacked": 15 << 30, "packed": zlib.compress(new)})
        head = {"kind": kind, "length": len(forged_payload), "check": form.check_of(kind, forged_payload)}
        start = form.PREAMBLE.sizeof() + form.PREAMBLE.parse(data).length
        path.write_bytes(data[:start] + form.CHUNK.build(head) + forged_payload)
        tracemalloc.start()
        looked_at(path)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert most < 64 << 20
