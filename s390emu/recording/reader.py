"""Reads a recording: `Recording.open(path)`.

Nothing in it is believed: every chunk has a checksum, every value the shape that it must have, and numbers that lead
somewhere are looked at before a machine is put into the state (`state.put_back`).
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import construct as c
import numpy as np

from s390emu.input_files import FileError, json_value
from s390emu.inputs.verbs import VERBS
from s390emu.recording import file_format as form
from s390emu.recording.mirror import Change, Mirror
from s390emu.recording.state import LAYOUT, ROW_BYTES, State
from s390emu.shapes import YES_OR_NO, Anything, Either, MapOf, OneOf, ShapeError, Text, Whole, check

if TYPE_CHECKING:
    from s390emu.machine import Machine

INPUT_SHAPE = {"count": Whole(), "verb": OneOf(*VERBS), "operands": [Either(Whole(), Text(1 << 20))],
               "cpu": Either(Whole(0, 7)), "waiting": YES_OR_NO}  # fmt: skip
END_SHAPE = {"reason": Text(), "psw": (Whole(), Whole()), "count": Whole(), "cpu": Whole(0, 7)}
LATER = (form.CHECKPOINT, form.MARK)  # read when they are needed
SYMBOLS_SHAPE = MapOf(Text(), Whole(-(1 << 63)))
MOST_SYMBOLS = 1 << 26  # bytes, unpacked


@dataclass(frozen=True)
class Known:
    """What an index says of a checkpoint or mark."""

    count: int
    flags: int
    digest: bytes


@dataclass(frozen=True)
class Checkpoint:
    """count: instructions that had ended. full: needs no other one. given: the world outside put the guest into this
    state. digest: of the state. at: where its chunk is in the file."""

    count: int
    full: bool
    given: bool
    digest: bytes
    at: int


@dataclass(frozen=True)
class Mark:
    """The guest had come to `count` instructions. digest: of its state then; None: not known. at: where its chunk is in
    the file."""

    count: int
    digest: bytes | None
    at: int


@dataclass(frozen=True)
class Input:
    """What the world did when `count` instructions had ended; after the guest had come to wait, if `waiting`.

    after: how many checkpoints the file had by then. verb "" : it put the guest into the state of the next one."""

    count: int
    verb: str
    operands: tuple[int | str, ...]
    cpu: int | None
    waiting: bool
    after: int


class Recording:
    """path: the file. emulator, command, options: what wrote it, and of what machine. start: digest of the start state.

    checkpoints, inputs   in the order in which they happened
    marks                 how far the guest had come, and with which registers: nearer to each other than checkpoints
    symbols               names of the guest's addresses
    ended                 how the run ended: reason, psw, count, cpu; None: the file does not say
    cut                   why there is no more of it; empty if it is whole
    """

    def __init__(self, path: Path, file: BinaryIO, make: Callable[[dict[str, Any]], Machine] | None = None):
        self.path, self._file, self._make = path, file, make
        self.checkpoints: list[Checkpoint] = []
        self.inputs: list[Input] = []
        self.marks: list[Mark] = []
        self.symbols: dict[str, int] = {}
        self.ended: dict[str, Any] | None = None
        self.cut = ""
        self.size = os.fstat(file.fileno()).st_size
        self._read_header()
        self._begins = file.tell()
        index = self._read_index()
        for at, kind, payload in self._chunks() if index is None else self._indexed(index):
            self._take(at, kind, payload)
        if not self.checkpoints:
            raise FileError(f"{path}: no checkpoint is whole in it; {self.cut or 'nothing was recorded'}")
        if not self.checkpoints[0].full:
            raise FileError(f"{path}: damaged: its first checkpoint is not a full one")
        self._mirror, self._at = Mirror(), -1  # the state of which checkpoint it has

    @classmethod
    def open(cls, path: str | os.PathLike, make: Callable[[dict[str, Any]], Machine] | None = None) -> Recording:
        """Read a file. make: returns a new machine of these options, for `machine_at`. Raises FileError, and OSError
        with the path."""
        path = Path(path)
        if not path.is_file() and path.exists():
            raise FileError(f"{path}: not a file")
        return cls(path, open(path, "rb"), make)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> Recording:
        return self

    def __exit__(self, *_) -> None:
        self.close()

    # --- the file ----------------------------------------------------------------------------------------------------

    def _read_header(self) -> None:
        path, data = self.path, self._file.read(form.PREAMBLE.sizeof())
        if not data.startswith(form.MAGIC):
            told = "an empty file" if not data else "not a recording of s390emu"
            if data and form.MAGIC.startswith(data):
                told = "cut off within its header"
            raise FileError(f"{path}: {told}; s390emu run --record FILE writes one")
        try:
            preamble = form.PREAMBLE.parse(data)
            if preamble.version != form.VERSION:
                raise FileError(
                    f"{path}: a recording of format {preamble.version}; this version of s390emu reads format "
                    f"{form.VERSION}: take the one that recorded it, or record again"
                )
            if preamble.length > form.MOST_HEADER:
                raise FileError(f"{path}: damaged: a header of {preamble.length} bytes")
            text = self._file.read(preamble.length)
            if len(text) < preamble.length:
                raise FileError(f"{path}: cut off within its header")
            if form.check_of(b"", text) != preamble.check:
                raise FileError(f"{path}: damaged: its header is not what was written (checksum)")
            header = form.HEADER.parse(text)
        except c.StreamError:
            raise FileError(f"{path}: cut off within its header") from None
        except (c.ConstructError, UnicodeDecodeError) as error:
            raise FileError(f"{path}: damaged: {str(error).splitlines()[0]}") from None
        self.emulator, self.command, self.start = header.emulator, header.command, header.start
        self.options: dict[str, Any] = self._json(header.options, MapOf(Text(), Anything()), "options")
        self.layout = self._json(header.layout, Anything(), "layout")

    @property
    def start_bytes(self) -> int:
        """Return the bytes of the file up to the end of its first checkpoint."""
        at = self.checkpoints[0].at
        self._file.seek(at)
        return at + form.CHUNK.sizeof() + int(form.CHUNK.parse(self._file.read(form.CHUNK.sizeof())).length)

    @property
    def readable(self) -> bool:
        """True if this version's machines can be put into the states that the recording has."""
        return self.layout == LAYOUT

    def _json(self, data: bytes, shape: Any, what: str) -> Any:
        """Return a JSON value of this shape."""
        name = f"{self.path}: {what}"
        try:
            value = json_value(data.decode(), name)
            check(value, shape, name)
        except (ShapeError, UnicodeDecodeError) as error:
            raise FileError(f"not a recording of this version: {error}") from None
        return value

    def _read_index(self) -> np.ndarray | None:
        """Return the index; None if the file does not end with one."""
        footer, head = form.FOOTER.sizeof(), form.CHUNK.sizeof()
        if self.size < self._begins + head + footer:
            return None
        self._file.seek(self.size - footer)
        data = self._file.read()
        if not data.endswith(form.MAGIC[::-1]):
            return None
        at = form.FOOTER.parse(data).index_at
        if self._begins <= at <= self.size - footer - head:
            try:
                kind, payload = self._chunk(at)
                if kind == form.INDEX and at + head + len(payload) + footer == self.size:
                    return np.frombuffer(payload, form.INDEX_T)
            except (c.ConstructError, ValueError):
                pass
        raise FileError(f"{self.path}: damaged: its index is not where its end says")

    def _chunk(self, at: int) -> tuple[bytes, bytes]:
        """Return kind and payload of the chunk at a place. FileError if it is not what was written; ConstructError if
        the file ends before it does."""
        self._file.seek(at)
        chunk = form.CHUNK.parse(self._file.read(form.CHUNK.sizeof()))
        if chunk.kind not in form.KINDS or chunk.length > form.MOST_CHUNK:
            raise FileError(f"{self.path}: damaged at byte {at}: no chunk of a recording begins there")
        payload = self._file.read(chunk.length) if chunk.length <= self.size - self._file.tell() else None
        if payload is None or len(payload) < chunk.length:
            raise c.StreamError(f"cut off at byte {at}")
        if form.check_of(chunk.kind, payload) != chunk.check:
            end = self._file.tell()
            raise FileError(f"{self.path}: damaged between bytes {at} and {end}: not what was written (checksum)")
        return chunk.kind, payload

    def _chunks(self) -> Iterator[tuple[int, bytes, bytes]]:
        """Yield place, kind and payload of every whole chunk; say in `cut` why there are no more. FileError for one
        that is not as it was written."""
        at = self._begins
        while at < self.size:
            try:
                kind, payload = self._chunk(at)
            except c.ConstructError:
                break
            yield at, kind, payload
            at += form.CHUNK.sizeof() + len(payload)
            if kind == form.INDEX:
                if self.size - at >= form.FOOTER.sizeof():
                    raise FileError(f"{self.path}: damaged at byte {at}: its end is not what was written")
                break
        self.cut = f"cut off at byte {at}: whoever recorded it was killed, or it was not copied whole"

    def _indexed(self, index: np.ndarray) -> Iterator[tuple[int, bytes, bytes | Known]]:
        """Yield the chunks of an index; of those that are read when they are needed, what it says of them."""
        for kind, at, _, *known in index.tolist():
            if kind in LATER:
                yield at, kind, Known(*known)
            else:
                yield at, *self._whole(at)

    def _whole(self, at: int) -> tuple[bytes, bytes]:
        """Return the chunk at a place of the index."""
        try:
            return self._chunk(at)
        except c.ConstructError:
            raise FileError(f"{self.path}: damaged at byte {at}: its chunk there is not whole") from None

    def verify(self) -> None:
        """Read every chunk. FileError if one is not what was written."""
        at = self._begins
        while at < self.size - (0 if self.cut else form.FOOTER.sizeof()):
            try:
                at += form.CHUNK.sizeof() + len(self._chunk(at)[1])
            except c.ConstructError:
                if self.cut:
                    return
                raise FileError(f"{self.path}: damaged at byte {at}: its chunk there is not whole") from None

    def _take(self, at: int, kind: bytes, payload: bytes | Known) -> None:
        """Take a chunk."""
        told: Any
        if isinstance(payload, Known):
            self._take_state(at, kind, payload)
        elif kind in LATER:
            told = self._parsed(payload, at)
            self._take_state(at, kind, Known(told.count, told.flags, told.digest))
        elif kind == form.INPUT:
            told = self._json(payload, INPUT_SHAPE, f"input at byte {at}")
            operands = tuple(told["operands"])
            self.inputs.append(
                Input(told["count"], told["verb"], operands, told["cpu"], told["waiting"], len(self.checkpoints))
            )
        elif kind == form.SYMBOLS:
            self.symbols = self._json(self._unpacked(payload, MOST_SYMBOLS, at), SYMBOLS_SHAPE, "symbols")
        elif kind == form.END:
            self.ended = self._json(payload, END_SHAPE, "end")

    def _take_state(self, at: int, kind: bytes, told: Known) -> None:
        """Take what is said of a checkpoint or mark."""
        if kind == form.CHECKPOINT:
            if self.checkpoints and told.count < self.checkpoints[-1].count:
                raise FileError(f"{self.path}: damaged at byte {at}: its checkpoints are not in order")
            given = bool(told.flags & form.GIVEN)
            if given and self.checkpoints:
                self.inputs.append(Input(told.count, "", (), None, False, len(self.checkpoints)))
            full = bool(told.flags & form.FULL)
            self.checkpoints.append(Checkpoint(told.count, full, given, told.digest, at))
            return
        before = self.marks[-1].count if self.marks else self.first if self.checkpoints else told.count + 1
        if told.count < before:
            raise FileError(f"{self.path}: damaged at byte {at}: its marks are not in order")
        self.marks.append(Mark(told.count, told.digest if any(told.digest) else None, at))

    def _parsed(self, payload: bytes, at: int) -> Any:
        """Return the fields of a checkpoint or mark."""
        try:
            return form.CHECKPOINT_T.parse(payload)
        except c.ConstructError:
            raise FileError(f"{self.path}: damaged at byte {at}: its chunk there is none of a recording") from None

    def _unpacked(self, data: bytes, most: int, at: int) -> bytes:
        """Return compressed bytes, at most so many, as they were."""
        content = form.unpack(data, most)
        if content is None:
            raise FileError(f"{self.path}: damaged at byte {at}: what it has there cannot be unpacked")
        return content

    # --- states ------------------------------------------------------------------------------------------------------

    @property
    def first(self) -> int:
        """The first instruction count that the recording has."""
        return self.checkpoints[0].count

    @property
    def last(self) -> int:
        """The last instruction count that it knows of: how the run ended, the last input, checkpoint or mark."""
        known = [self.checkpoints[-1].count]
        known += [each.count for each in self.inputs[-1:]] + [each.count for each in self.marks[-1:]]
        return max([*known, self.ended["count"]] if self.ended else known)

    def checkpoint_before(self, count: int) -> int:
        """Return the index of the last checkpoint at or before an instruction count. ValueError before the first."""
        if not self.first <= count <= self.last:
            told = f"{self.path} has instructions {self.first:,} to {self.last:,}"
            raise ValueError(f"instruction {count:,}: {told}")
        return max(n for n, checkpoint in enumerate(self.checkpoints) if checkpoint.count <= count)

    def inputs_between(self, first: int, last: int) -> list[Input]:
        """Return what the world did from one instruction count on, and before another one."""
        return [each for each in self.inputs if first <= each.count < last]

    def state_at(self, index: int) -> State:
        """Return the state of a checkpoint; good until another one is asked for. FileError where it is not what was
        recorded."""
        if index < self._at:
            self._mirror, self._at = Mirror(), -1
        if index > self._at:
            base = max(n for n in range(index + 1) if self.checkpoints[n].full)
            if base > self._at:
                self._mirror, self._at = Mirror(), base - 1
            for n in range(self._at + 1, index + 1):
                self._apply(n)
        return self._mirror.state

    def _apply(self, index: int) -> None:
        """Bring the mirror from one checkpoint to the next."""
        checkpoint = self.checkpoints[index]
        self._at = -1  # until it is done
        kind, payload = self._whole(checkpoint.at)
        if kind != form.CHECKPOINT:
            raise FileError(f"{self.path}: damaged at byte {checkpoint.at}: no checkpoint")
        told = self._parsed(payload, checkpoint.at)
        if told.unpacked > form.MOST_BODY:
            raise FileError(f"{self.path}: damaged at byte {checkpoint.at}: a state of {told.unpacked} bytes")
        if checkpoint.full:
            self._mirror = Mirror()
        try:
            body = form.BODY.parse_stream(io.BytesIO(self._unpacked(told.packed, told.unpacked, checkpoint.at)))
            changes = [_change(table) for table in body.tables]
            if sum(change.rows for change in changes) * ROW_BYTES > form.MOST_BODY:
                raise ShapeError("more than this version reads")
            rest = self._json(body.rest, MapOf(Text(), Anything()), "state")
            self._mirror.apply(checkpoint.count, changes, rest)
        except (c.ConstructError, ShapeError, UnicodeDecodeError, MemoryError) as error:
            why = [*str(error).splitlines(), type(error).__name__][0]
            raise FileError(f"{self.path}: damaged at byte {checkpoint.at}: no state: {why}") from None
        if not self._digest_is_right(checkpoint):
            raise FileError(f"{self.path}: damaged at byte {checkpoint.at}: not the state that was recorded (digest)")
        self._at = index

    def _digest_is_right(self, checkpoint: Checkpoint) -> bool:
        return self._mirror.digest() == checkpoint.digest

    def cpus_at(self, mark: Mark) -> State:
        """Return what a mark has of the state: the CPUs. FileError where it is not what was recorded."""
        kind, payload = self._whole(mark.at)
        told = self._parsed(payload, mark.at)
        if kind != form.MARK or told.unpacked > form.MOST_MARK or told.unpacked % ROW_BYTES:
            raise FileError(f"{self.path}: damaged at byte {mark.at}: no mark")
        content = self._unpacked(told.packed, told.unpacked, mark.at)
        if len(content) != told.unpacked:
            raise FileError(f"{self.path}: damaged at byte {mark.at}: no mark")
        return State(mark.count, {"cpu": np.frombuffer(content, np.uint8).reshape(-1, ROW_BYTES)}, {}, {})

    def machine(self) -> Machine:
        """Return a new machine of the recorded options."""
        if self._make is None:
            raise ValueError("Recording.open was not told how to make a machine")
        if not self.readable:
            raise FileError(
                f"{self.path}: recorded by s390emu {self.emulator}, whose records are not this version's: take that "
                "version, or record again"
            )
        return self._make(self.options)

    def machine_at(self, count: int) -> Machine:
        """Return a machine that has come to this instruction count as the recorded one did. ValueError outside of the
        recording; FileError where it cannot be made."""
        from s390emu.recording.replayer import Replayer

        replayer = Replayer(self)
        replayer.go_to(count)
        return replayer.machine


def _change(table: Any) -> Change:
    """Return what a checkpoint says of one table."""
    numbers = np.frombuffer(table.numbers, ">u4").astype(np.uint32)
    content = np.frombuffer(table.content, np.uint8).reshape(-1, ROW_BYTES)
    whole = (numbers & np.uint32(form.WHOLE_ROW)) != 0
    return Change(table.table, table.rows, numbers & np.uint32(form.WHOLE_ROW - 1), whole, content)
