"""Recordings that are cut, altered, foreign or of another version: one clear sentence each, and never a machine."""

from __future__ import annotations

import json
import random
import zlib

import pytest

from s390emu.input_files import FileError
from s390emu.recording import file_format as form
from s390emu.recording.replayer import digest
from tests.recording.guests import loaded, opened, recorded


@pytest.fixture
def path(tmp_path):
    recorded(tmp_path / "a.s390rec", limit=200, frames=20)
    return tmp_path / "a.s390rec"


def test_killed_in_the_middle_it_reads_up_to_its_last_checkpoint(path):
    data = path.read_bytes()
    with opened(path) as whole:
        places = [(checkpoint.at, checkpoint.count) for checkpoint in whole.checkpoints]
    for (at, _), (_, before) in zip(places[1:], places, strict=False):
        for cut in (at, at + 3, at + 40):
            path.write_bytes(data[:cut])
            with opened(path) as recording:
                assert "cut off" in recording.cut
                assert recording.last == before
                machine, plain = recording.machine_at(before), loaded(frames=20)
                plain.run(before)
                assert digest(machine) == digest(plain)


def test_cut_within_its_first_checkpoint_there_is_nothing_to_read(path):
    data = path.read_bytes()
    with opened(path) as whole:
        start = whole.checkpoints[0].at
    for cut in (0, 1, 8, 20, start - 5, start, start + 100):
        path.write_bytes(data[:cut])
        with pytest.raises(FileError, match=r"cut off|empty"):
            opened(path)


def test_every_altered_byte_is_found_out(path):
    data, dice = path.read_bytes(), random.Random(1)
    for at in [*range(0, 40, 3), *(dice.randrange(len(data)) for _ in range(60))]:
        path.write_bytes(data[:at] + bytes([data[at] ^ 1 << dice.randrange(8)]) + data[at + 1 :])
        with pytest.raises(FileError, match=r"damaged|not a recording|reads format|cut off within its header"):
            opened(path).verify()


@pytest.mark.parametrize("data", [b"hello\n", b"\x7fELF" + bytes(100), bytes(5000), b"\x89PNG\r\n\x1a\n" + bytes(50)])
def test_a_foreign_file_is_no_recording(tmp_path, data):
    (tmp_path / "b").write_bytes(data)
    with pytest.raises(FileError, match="not a recording of s390emu"):
        opened(tmp_path / "b")


def test_another_format_is_named(path):
    data = bytearray(path.read_bytes())
    data[len(form.MAGIC) : len(form.MAGIC) + 2] = (9).to_bytes(2)
    path.write_bytes(data)
    with pytest.raises(FileError, match="format 9; this version of s390emu reads format 1"):
        opened(path)


def test_a_recording_whose_records_are_others_can_be_looked_at_and_not_run(path, monkeypatch):
    monkeypatch.setattr("s390emu.recording.reader.LAYOUT", {})
    with opened(path) as recording:
        assert len(recording.checkpoints) > 3
        with pytest.raises(FileError, match="records are not this version's"):
            recording.machine_at(10)


def rewritten(data: bytes, change) -> bytes:
    """Return a file whose first checkpoint's tables and rest were changed by whoever knows how to make checksums."""
    preamble = form.PREAMBLE.parse(data)
    at = form.PREAMBLE.sizeof() + preamble.length
    chunk = form.CHUNK.parse(data[at:])
    start = at + form.CHUNK.sizeof()
    told = form.CHECKPOINT_T.parse(data[start : start + chunk.length])
    body = form.BODY.parse(form.unpack(told.packed, 1 << 30))
    rest, tables = json.loads(body.rest), {table.table: table for table in body.tables}
    change(rest, tables)
    new = form.BODY.build({"tables": body.tables, "rest": json.dumps(rest).encode()})
    payload = form.CHECKPOINT_T.build(
        {"count": told.count, "flags": told.flags, "digest": told.digest, "unpacked": len(new),
         "packed": zlib.compress(new)}
    )  # fmt: skip
    head = {"kind": chunk.kind, "length": len(payload), "check": form.check_of(chunk.kind, payload)}
    return data[:at] + form.CHUNK.build(head) + payload


def _field(table: str, dtype, name: str, value: int):
    def change(rest, tables):
        rows = bytearray(tables[table].content)
        offset = dtype.fields[name][1]
        rows[offset : offset + dtype[name].itemsize] = (value % (1 << 8 * dtype[name].itemsize)).to_bytes(
            dtype[name].itemsize, "little"
        )
        tables[table].content = bytes(rows)

    return change


def _rest(*path, value):
    def change(rest, tables):
        *way, last = path
        for key in way:
            rest = rest[key]
        rest[last] = value

    return change


def hostile():
    """Yield what a stranger may put into a state."""
    from s390emu.recording.state import BLOCK_T, CPU_T, FRAME_T, PORT_KEPT_T

    yield "frame", _field("frame", FRAME_T, "guest", 3)
    yield "block-of-frame", _field("frame", FRAME_T, "block", 1 << 40)
    yield "prefix", _field("cpu", CPU_T, "prefix", 1 << 62)
    yield "class", _field("port", PORT_KEPT_T, "last_class", 99)
    yield "fault", _field("port", PORT_KEPT_T, "fault_block", 1 << 50)
    yield "usage", _field("block", BLOCK_T, "usage", 200)
    yield "running", _rest("turns", "running", value=5)
    yield "turn", _rest("turns", "turn", value=5)
    yield "dice", _rest("turns", "random", value=[3, [1, 2]])
    yield "hand", _rest("host", "clock", 0, value=1 << 40)
    yield "unused", _rest("host", "clock", 1, value=[1 << 40])
    yield "retained", _rest("host", "retained", value=[[0, 1 << 40]])
    yield "slots", _rest("host", "fresh", value=1 << 60)
    yield "brought", _rest("waiting", 0, "brought", value=[1 << 40])
    yield "waiting", _rest("waiting", value=[])
    yield "statistics", _rest("statistics", value={"x": 1})
    yield "yield", _rest("guest", "yield_to", value=77)
    yield "console", _rest("console", "messages", value=7)
    yield "missing", _rest("console", value={})


@pytest.mark.parametrize("change", [pytest.param(change, id=name) for name, change in hostile()])
def test_a_state_that_no_machine_can_have_is_refused(path, change, monkeypatch):
    """By somebody who has made the checksums right: what compiled code takes for an index leads nowhere."""
    path.write_bytes(rewritten(path.read_bytes(), change))
    monkeypatch.setattr("s390emu.recording.mirror.Mirror.digest", lambda self: self.wanted)
    with opened(path) as recording:
        recording._mirror.__class__.wanted = recording.checkpoints[0].digest
        with pytest.raises(FileError, match="no state"):
            recording.machine_at(0)


def test_a_state_that_is_not_what_its_digest_says_is_refused(path):
    path.write_bytes(rewritten(path.read_bytes(), _rest("claims", value=77)))
    with opened(path) as recording, pytest.raises(FileError, match="digest"):
        recording.machine_at(0)


def test_a_state_that_unpacks_to_more_than_it_says_is_refused(path):
    data = bytearray(path.read_bytes())
    with opened(path) as recording:
        checkpoint = recording.checkpoints[0]
    start = checkpoint.at + form.CHUNK.sizeof()
    length = form.CHUNK.parse(bytes(data[checkpoint.at :])).length
    payload = form.CHECKPOINT_T.parse(bytes(data[start : start + length]))
    payload.unpacked = 100
    new = form.CHECKPOINT_T.build(payload)
    head = {"kind": form.CHECKPOINT, "length": len(new), "check": form.check_of(form.CHECKPOINT, new)}
    path.write_bytes(bytes(data[: checkpoint.at]) + form.CHUNK.build(head) + new)
    with opened(path) as recording, pytest.raises(FileError, match="cannot be unpacked"):
        recording.machine_at(0)


def test_every_field_of_the_records_is_kept_or_known_to_be_nobodys_state():
    """Whoever adds a field to GUEST or PORT decides whether it is in a recording."""
    from s390emu.recording.state import KEPT_OF_GUEST, KEPT_OF_PORT
    from s390emu.records.guest import GUEST_T
    from s390emu.records.port import PORT_T, PROCEDURES

    made_anew = {
        "cpus", "ports", "port_count", "running", "frames", "frame_table", "blocks", "block_count", "host_event",
        "facilities", "essa", "identity", "model", "regarded",
        "unused_access", "discard_seed", "tlb_on", "handlers", "decode_directory",
        "decode_pool", "decode_pages", "decode_used", "breakpoints", "breakpoint_count", "events", "event_capacity",
        "shared", "event_count", "event_mask", "pause_mask", "event_pause", "pause_first", "pause_last",
    }  # fmt: skip
    assert {*KEPT_OF_GUEST} | made_anew == {*GUEST_T.names}
    of_an_instruction = {
        "guest", "cpu_address", "deadline", "limit", "ready_at", "execute_length", "decoded_handler", "decoded_insn",
        "wanted", "stop_reason", "passing", "by_text", "operand_register", "art_register", "art_asce",
        "art_fetch_only", "operand_space", "per", "per_count", "per_mask", "per_ia", "per_branches", "per_control",
        "per_first", "per_last", "per_seen", "per_space", "per_register", "fault_store", "value", "span_first",
        "span_length", "span_second", "context", "insn_context", *PROCEDURES,
    }  # fmt: skip
    rest = {name for name in PORT_T.names if not name.startswith("tlb_")}
    assert {*KEPT_OF_PORT} | of_an_instruction == rest
