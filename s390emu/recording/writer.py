"""Writes a recording: each chunk whole, so that the file can be read up to the last one whenever the writer is killed.

With `last` the file is a ring: it has the last so many instructions, and at most twice as many. A second file beside it
begins with a full checkpoint when the first one has enough, gets the same chunks from then on, and takes its place when
it has enough itself.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from s390emu.recording import file_format as form
from s390emu.recording.mirror import Change, Mirror
from s390emu.recording.state import LAYOUT, ROW_BYTES, State, as_json, capture, rows_of

if TYPE_CHECKING:
    from s390emu.machine import Machine, Stop


class Writer:
    """emulator: version that writes. command: that is recorded. options: of the machine, as JSON has them. last: keep
    so many instructions; None: all."""

    def __init__(
        self, path: str | os.PathLike, *, emulator: str = "", command: str = "",
        options: Mapping[str, Any] | None = None, last: int | None = None,
    ):  # fmt: skip
        self.path, self.last = Path(path), last
        self.about = {"emulator": emulator, "command": command, "options": json.dumps(options or {}).encode(),
                      "layout": json.dumps(LAYOUT).encode()}  # fmt: skip
        self.mirror = Mirror()
        self._file: _File | None = _File(self.path)
        self._next: _File | None = None  # of a ring: what is to take the file's place
        self._symbols: bytes | None = None

    @property
    def written(self) -> int:
        """Return the bytes written to the file so far."""
        return self._file.size if self._file else 0

    def symbols(self, symbols: Mapping[str, int]) -> None:
        """Write the names of the guest's addresses; those written last count."""
        self._symbols = form.pack(json.dumps(dict(symbols)).encode())
        self._put(form.SYMBOLS, self._symbols)

    def checkpoint(self, machine: Machine, *, given: bool = False, most: int | None = None) -> int:
        """Write the machine's state and return the bytes that it took. given: the world has put the guest into this
        state, it has not come to it by itself. most: where more than so many bytes have changed, write their digest
        only, and return 0."""
        assert self._file is not None
        state = capture(machine)
        changes = self.mirror.changes(state)
        digest, flags = self.mirror.digest_after(changes, state.rest), form.GIVEN if given else 0
        if most is not None and sum(change.content.size for change in changes) > most:
            self._put(form.MARK, _mark(state, digest))
            return 0
        self.mirror.apply(state.count, changes, state.rest)
        if not self._file.begun:
            self._begin(self._file, digest, state.count)
            flags |= form.FULL
        else:
            self._renew(digest, state.count)
        payload = self._checkpoint(changes, digest, flags)
        self._file.put(form.CHECKPOINT, payload)
        if self._next and self._next.empty:
            whole = self._checkpoint([*_whole(self.mirror)], digest, flags | form.FULL)
            self._next.put(form.CHECKPOINT, whole)
            self._next.empty = False
            return len(payload) + len(whole)
        if self._next:
            self._next.put(form.CHECKPOINT, payload)
        return len(payload)

    def mark(self, machine: Machine) -> None:
        """Write how far the guest has come, and with which registers."""
        self._put(form.MARK, _mark(State(machine.count, {"cpu": rows_of(machine.cpu_array)}, {}, {})))

    def _renew(self, digest: bytes, count: int) -> None:
        """Of a ring, let the next file take the place of this one if it has enough, and begin another one."""
        if self.last is None or self._file is None:
            return
        if self._next and count - self._next.first >= self.last:
            os.replace(self._next.path, self.path)
            self._file.close()
            self._file, self._next = self._next, None
        if self._next is None and count - self._file.first >= self.last:
            self._next = _File(self.path.with_name(f".{self.path.name}.{os.getpid()}"))
            self._begin(self._next, digest, count)
            if self._symbols is not None:
                self._next.put(form.SYMBOLS, self._symbols)

    def input(self, count: int, verb: str, operands: tuple[int | str, ...], cpu: int | None, *, waiting: bool) -> None:
        """Write what the world did when so many instructions had ended. waiting: the guest had come to wait by then."""
        told = {"count": count, "verb": verb, "operands": list(operands), "cpu": cpu, "waiting": waiting}
        self._put(form.INPUT, json.dumps(told).encode())

    def end(self, stop: Stop) -> None:
        """Write how the run ended."""
        told = {"reason": str(stop.reason), "psw": [stop.psw_mask, stop.psw_ia], "count": stop.count, "cpu": stop.cpu}
        self._put(form.END, json.dumps(told).encode())

    def close(self) -> None:
        """Write the index and end the file."""
        if self._file:
            self._file.put_index()
            self._file.close()
        self._file = None
        if self._next:
            self._next.close()
            with suppress(OSError):
                self._next.path.unlink()
            self._next = None

    def _put(self, kind: bytes, payload: bytes) -> None:
        for file in (self._file, self._next):
            if file and file.begun:
                file.put(kind, payload)

    def _begin(self, file: _File, digest: bytes, count: int) -> None:
        file.begin(form.HEADER.build(self.about | {"start": digest}), count)

    def _checkpoint(self, changes: list[Change], digest: bytes, flags: int) -> bytes:
        """Return a checkpoint as it is in the file."""
        tables = [
            {"table": change.table, "rows": change.rows, "changed": len(change.numbers),
             "numbers": (change.numbers | change.whole * np.uint32(form.WHOLE_ROW)).astype(">u4").tobytes(),
             "content": change.content.tobytes()}
            for change in changes
        ]  # fmt: skip
        body = form.BODY.build({"tables": tables, "rest": as_json(self.mirror.rest)})
        return form.CHECKPOINT_T.build({
            "count": self.mirror.count, "flags": flags, "digest": digest, "unpacked": len(body),
            "packed": form.pack(body),
        })  # fmt: skip


def _whole(mirror: Mirror) -> Iterator[Change]:
    """Yield each table of a mirror as what changed since there was nothing."""
    for name, rows in mirror.tables.items():
        numbers = np.flatnonzero(rows.any(axis=1)).astype(np.uint32)
        yield Change(name, len(rows), numbers, np.ones(len(numbers), bool), rows[numbers].reshape(-1, ROW_BYTES))


def _mark(state: State, digest: bytes = bytes(form.DIGEST_BYTES)) -> bytes:
    """Return a mark as it is in the file."""
    content = state.tables["cpu"].tobytes()
    return form.CHECKPOINT_T.build({
        "count": state.count, "flags": 0, "digest": digest, "unpacked": len(content),
        "packed": form.pack(content),
    })  # fmt: skip


class _File:
    """A file of chunks. first: the instruction count at which it begins. empty: it has no checkpoint yet."""

    def __init__(self, path: Path):
        self.path, self.first, self.size = path, 0, 0
        self.begun, self.empty = False, True
        self._index: list[tuple] = []
        self._out: BinaryIO = open(path, "wb", buffering=0)  # noqa: SIM115 - `close` does

    def begin(self, header: bytes, first: int) -> None:
        preamble = {"version": form.VERSION, "length": len(header), "check": form.check_of(b"", header)}
        self._write(form.PREAMBLE.build(preamble) + header)
        self.begun, self.first = True, first

    def put(self, kind: bytes, payload: bytes) -> None:
        """Write a chunk."""
        known = 0, 0, bytes(form.DIGEST_BYTES)
        if kind in (form.CHECKPOINT, form.MARK):
            head = form.CHECKPOINT_T.parse(payload[: form.CHECKPOINT_HEAD])
            known = head.count, head.flags, head.digest
        self._index.append((kind, self.size, len(payload), *known))
        told = {"kind": kind, "length": len(payload), "check": form.check_of(kind, payload)}
        self._write(form.CHUNK.build(told) + payload)

    def put_index(self) -> None:
        at = self.size
        self.put(form.INDEX, np.array(self._index, form.INDEX_T).tobytes())
        self._write(form.FOOTER.build({"index_at": at}))

    def _write(self, data: bytes) -> None:
        left = memoryview(data)
        try:
            while left:
                left = left[self._out.write(left) :]
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(self.path)) from error
        self.size += len(data)

    def close(self) -> None:
        self._out.close()
