"""What differs between two states, by the names of fields; and where two recordings part."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from s390emu.architecture.sizes import BLOCK_SIZE
from s390emu.recording.state import PORT_KEPT_T, State, as_json
from s390emu.records.blocks import BLOCK_T, FRAME_T
from s390emu.records.cpu import CPU_T

RECORDS = {"cpu": CPU_T, "port": PORT_KEPT_T, "block": BLOCK_T, "frame": FRAME_T}


class Difference(NamedTuple):
    """where: a field, as `cpu0.gr[3]` or `block 0x8000.usage`; and what the two states have there."""

    where: str
    one: Any
    other: Any


def differences(one: State, other: State) -> Iterator[Difference]:
    """Yield what differs: registers first, then storage, then what the host has."""
    for name, dtype in RECORDS.items():
        yield from _records(name, dtype, _content(one, name), _content(other, name))
    for name in sorted({*one.tables, *other.tables} - {*RECORDS}):
        yield from _bytes(name, _content(one, name), _content(other, name))
    yield from _values("", *(json.loads(as_json(state.rest)) for state in (one, other)))


def _content(state: State, name: str) -> np.ndarray:
    """Return the rows of a table; those that do not count are zeros."""
    rows = state.tables.get(name)
    if rows is None:
        return np.zeros((0, BLOCK_SIZE), np.uint8)
    unused = state.unused.get(name)
    return rows if unused is None else np.where(unused[:, None], np.uint8(0), rows)


def _records(name: str, dtype: np.dtype, one: np.ndarray, other: np.ndarray) -> Iterator[Difference]:
    count = min(one.size, other.size) // dtype.itemsize
    a, b = (rows.reshape(-1)[: count * dtype.itemsize].view(dtype) for rows in (one, other))
    fields = dtype.names or ()
    shape = count, dtype.itemsize
    changed = np.flatnonzero((a.view(np.uint8).reshape(shape) != b.view(np.uint8).reshape(shape)).any(axis=1))
    for number in changed.tolist():
        label = f"block {number * BLOCK_SIZE:#x}" if name == "block" else f"{name}{number}"
        for field in fields:
            before, after = np.atleast_1d(a[field][number]), np.atleast_1d(b[field][number])
            for at in np.flatnonzero(before != after).tolist():
                index = f"[{at}]" if len(before) > 1 else ""
                yield Difference(f"{label}.{field}{index}", int(before[at]), int(after[at]))


def _bytes(name: str, one: np.ndarray, other: np.ndarray) -> Iterator[Difference]:
    """Yield the first doubleword that differs of each row."""
    count = min(len(one), len(other))
    for number in np.flatnonzero((one[:count] != other[:count]).any(axis=1)).tolist():
        at = int(np.flatnonzero(one[number] != other[number])[0]) & -8
        before, after = (int.from_bytes(rows[number, at : at + 8].tobytes()) for rows in (one, other))
        yield Difference(f"{name} {number * BLOCK_SIZE + at:#x}", before, after)
    if len(one) != len(other):
        yield Difference(f"{name} rows", len(one), len(other))


def _values(where: str, one: Any, other: Any) -> Iterator[Difference]:
    if isinstance(one, dict) and isinstance(other, dict):
        for name in sorted({*one, *other}):
            yield from _values(f"{where}.{name}".lstrip("."), one.get(name), other.get(name))
    elif one != other:
        yield Difference(where, one, other)
