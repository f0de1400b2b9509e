"""Two machines compared: everything that a guest, its host or a recording could tell apart."""

from __future__ import annotations

import ctypes
from collections.abc import Iterable, Iterator

import numpy as np

from s390emu.machine import Machine
from s390emu.recording.state import KEPT_OF_GUEST, KEPT_OF_PORT

_memcmp = ctypes.CDLL(None).memcmp
_memcmp.argtypes = ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t


class Same:
    """Where two machines of the same options, whose tables stay where they are, have what must not differ."""

    def __init__(self, one: Machine, other: Machine):
        self.machines = one, other
        self._paddings = [each for machine in self.machines for each in _paddings(machine)]
        self._places = [
            (name, mine.ctypes.data, its.ctypes.data, mine.nbytes)
            for (name, mine), (_, its) in zip(_tables(one), _tables(other), strict=True)
        ]
        self.clear()

    def clear(self) -> None:
        """Make equal what does not matter, the bytes between fields: to be called after `restore`."""
        for unused in self._paddings:
            unused[...] = 0

    def check(self) -> None:
        """Assert that registers, PSW, ports, blocks, keys and the content of all frames are the same."""
        for name, mine, its, length in self._places:
            assert _memcmp(mine, its, length) == 0, _difference(name, mine, its, length)
        one, other = self.machines
        assert one.running.number == other.running.number

    def check_all(self) -> None:
        """Assert the same of what is on the paging device, and of what the host counts and the console shows."""
        self.check()
        one, other = (machine.host for machine in self.machines)
        if one.slots.device and other.slots.device:
            assert one.slots.device.snapshot() == other.slots.device.snapshot()
        assert one.frames.free == other.frames.free
        for mine, its in zip(one.guests, other.guests, strict=True):
            assert mine.statistics == its.statistics
            assert mine.console.text == its.console.text


def _records(machine: Machine) -> dict[str, np.ndarray]:
    return {"CPU": machine.cpu_array, "FRAME": machine.host.frames.table, "BLOCK": machine.storage.blocks}


def _paddings(machine: Machine) -> Iterator[np.ndarray]:
    """Yield the bytes of records that are in no field."""
    for table in _records(machine).values():
        rows, end = table.view(np.ndarray).view(np.uint8).reshape(len(table), -1), 0
        for kind, offset, *_ in sorted(table.dtype.fields.values(), key=lambda field: field[1]):
            if offset > end:
                yield rows[:, end:offset]
            end = offset + kind.itemsize
        if end < rows.shape[1]:
            yield rows[:, end:]


def _tables(machine: Machine) -> Iterator[tuple[str, np.ndarray]]:
    """Yield name and bytes of everything."""
    storage = machine.storage
    yield "frames", machine.host.frames.memory
    yield from _records(machine).items()
    for n in range(len(machine.cpus)):
        yield from _fields(f"PORT {n}", (storage.port_column(name)[n : n + 1] for name in KEPT_OF_PORT))
    yield from _fields("GUEST", map(storage.column, KEPT_OF_GUEST))


def _fields(of: str, columns: Iterable[np.ndarray]) -> Iterator[tuple[str, np.ndarray]]:
    """Yield these fields of a record, those together that lie beside each other."""
    at, length = 0, 0
    for first, more in sorted((column.ctypes.data, column.nbytes) for column in columns):
        if first != at + length:
            if length:
                yield of, _bytes_at(at, length)
            at, length = first, 0
        length += more
    yield of, _bytes_at(at, length)


def _bytes_at(address: int, length: int) -> np.ndarray:
    return np.ctypeslib.as_array((ctypes.c_uint8 * length).from_address(address))


def _difference(name: str, first: int, second: int, length: int) -> str:
    """Return where two areas differ."""
    mine, its = _bytes_at(first, length), _bytes_at(second, length)
    at = int(np.flatnonzero(mine != its)[0])
    word = slice(at & -8, (at & -8) + 8)
    return f"{name}: byte {at:#x}; {mine[word].tobytes().hex()} interpreted, {its[word].tobytes().hex()} translated"
