"""One guest's storage: the arrays behind the GUEST and PORT records."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import numpy as np

from s390emu._jit import prefer_large_pages, record_in, u64
from s390emu.architecture.page_states import CONTENTS, PRESERVED, RESIDENT, USAGES, ZERO
from s390emu.architecture.sizes import BLOCK_SIZE, PREFIX_AREA_BYTES
from s390emu.records.blocks import BLOCK_T
from s390emu.records.events import EVENT_T
from s390emu.records.guest import CPUS_MOST, GUEST_T
from s390emu.records.port import NO_TIME, PORT_T, PROCEDURES
from s390emu.storage.blocks import Block
from s390emu.storage.decode_cache import DECODED_PAGE_BYTES

# Fields that are right for this guest's own arrays only: a snapshot's values of them are not restored.
OWN = ("cpus", "ports", "frames", "frame_table", "blocks", "handlers", "regarded", "decode_directory", "decode_pool",
       "decode_used", "events", "breakpoints", "breakpoint_count")  # fmt: skip
OWN_OF_PORT = ("guest", *PROCEDURES)


def _bytes_of(dtype: np.dtype, names: Iterable[str]) -> np.ndarray:
    """Return where in a record the bytes of these fields are."""
    fields = [dtype.fields[name] for name in names]  # type: ignore[index]
    return np.concatenate([np.arange(offset, offset + kind.itemsize) for kind, offset, *_ in fields])


OWN_BYTES, OWN_BYTES_OF_PORT = _bytes_of(GUEST_T, OWN), _bytes_of(PORT_T, OWN_OF_PORT)
ALL = slice(None)
DECODED_PAGES_MOST = 2048  # 64 MB of decoded instructions; more code than that is decoded again


def overwrite(array: np.ndarray, saved: np.ndarray) -> None:
    """Put saved records into a table: as bytes, since field by field takes ten times as long."""
    array.view(np.ndarray).view(np.uint8)[:] = saved.view(np.ndarray).view(np.uint8)


class GuestStorage:
    """Absolute storage of `size` bytes, all blocks stable and logically zero, and the ports of `cpus` CPUs into it.

    record   the GUEST record that compiled code is given; address: where it lies
    ports    the PORT record of each CPU, by CPU address
    blocks   recarray of BLOCK, one per 4 KB
    events   recarray of EVENT, `record.event_count` of them filled
    """

    def __init__(self, size: int, *, cpus: int = 1, event_capacity: int = 4096):
        if size < PREFIX_AREA_BYTES or size % BLOCK_SIZE:
            least = f"at least the {PREFIX_AREA_BYTES} of the prefix area"
            raise ValueError(f"storage of {size} bytes: it must be a positive multiple of {BLOCK_SIZE}, {least}")
        if not 1 <= cpus <= CPUS_MOST:
            raise ValueError(f"{cpus} CPUs: a guest has 1 to {CPUS_MOST}")
        count = size // BLOCK_SIZE
        self.size = size
        self._record = np.zeros(1, GUEST_T)
        self.record = record_in(self._record)
        self._ports = np.zeros(cpus, PORT_T)
        self.ports = [record_in(self._ports[n : n + 1]) for n in range(cpus)]
        self.blocks = np.zeros(count, BLOCK_T).view(np.recarray)
        self.blocks.invalid = self.blocks.zero = 1
        self.blocks.slot = self.blocks.frame = -1
        self.events = np.zeros(event_capacity, EVENT_T).view(np.recarray)
        self._usage, self._invalid, self._zero, self._no_dat, self._frame, self._acc_f, self._guest_rc = map(
            self.block_column, ("usage", "invalid", "zero", "no_dat", "frame", "acc_f", "guest_rc")
        )
        self._real_keys = np.zeros(1, np.uint8)
        self._directory = np.zeros(count, u64)
        pages = min(count, DECODED_PAGES_MOST)
        self._breakpoints = np.zeros(0, u64)
        self._decoded = np.zeros(pages * int(DECODED_PAGE_BYTES), np.uint8)
        prefer_large_pages(self._decoded)
        self.address: int = self._record.ctypes.data
        self.port_addresses = [self._ports[n : n + 1].ctypes.data for n in range(cpus)]
        record = self.record
        record.ports[:cpus], record.port_count, record.running = self.port_addresses, cpus, self.port_addresses[0]
        record.blocks, record.block_count = self.blocks.ctypes.data, count
        record.decode_directory = self._directory.ctypes.data
        record.decode_pool, record.decode_pages = self._decoded.ctypes.data, pages
        record.events, record.event_capacity = self.events.ctypes.data, event_capacity
        record.tlb_on = 1
        record.host_event = NO_TIME
        self._ports["guest"], self._ports["cpu_address"] = self.address, np.arange(cpus)
        self._ports["last_class"] = -1

    def column(self, name: str) -> np.ndarray:
        """Return a field of the guest's record as an array of one: asking the record itself takes long."""
        return self._record[name]

    def port_column(self, name: str) -> np.ndarray:
        """Return a field of all ports as an array, likewise."""
        return self._ports[name]

    def block_column(self, name: str) -> np.ndarray:
        """Return a field of all blocks as an array, likewise."""
        return self.blocks[name].view(np.ndarray)

    def back(self, frames: np.ndarray, table: np.ndarray) -> None:
        """Let these page frames and FRAME records be the host's that back the blocks."""
        self.record.frames, self.record.frame_table = frames.ctypes.data, table.ctypes.data
        self._real_keys = table["key"].view(np.ndarray)

    # --- the blocks as they are; looking changes nothing -------------------------------------------------------------

    def states(self, numbers: np.ndarray | slice = ALL) -> np.ndarray:
        """Return the states of these blocks, numbers as in `page_states.NAMES`."""
        contents = np.where(self._invalid[numbers] == 0, RESIDENT, np.where(self._zero[numbers] != 0, ZERO, PRESERVED))
        return self._usage[numbers].astype(np.int64) << 2 | contents

    def keys(self, numbers: np.ndarray | slice = ALL) -> np.ndarray:
        """Return the storage keys of these blocks as the guest sees them."""
        out = self._invalid[numbers] != 0
        real = self._real_keys[np.where(out, 0, self._frame[numbers])]
        return np.where(out, self._acc_f[numbers], real) | self._guest_rc[numbers]

    def no_dat(self, numbers: np.ndarray | slice = ALL) -> np.ndarray:
        """Return True for each of these blocks that is no-DAT."""
        return self._no_dat[numbers] != 0

    def key(self, number: int) -> int:
        """Return the storage key of one block, as `keys`."""
        real = self._acc_f[number] if self._invalid[number] else self._real_keys[self._frame[number]]
        return int(real) | int(self._guest_rc[number])

    def state(self, number: int) -> int:
        """Return the state of one block, as `states`."""
        content = RESIDENT if not self._invalid[number] else ZERO if self._zero[number] else PRESERVED
        return int(self._usage[number]) << 2 | content

    def block(self, number: int) -> Block:
        """Return one block as it is."""
        state, no_dat = self.state(number), bool(self._no_dat[number])
        return Block(number, USAGES[state >> 2], CONTENTS[state & 3], no_dat, self.key(number))

    def all_blocks(self) -> list[Block]:
        """Return every block as it is."""
        columns = self.states().tolist(), self.no_dat().tolist(), self.keys().tolist()
        return [
            Block(number, USAGES[state >> 2], CONTENTS[state & 3], no_dat, key)
            for number, (state, no_dat, key) in enumerate(zip(*columns, strict=True))
        ]

    # --- snapshots ---------------------------------------------------------------------------------------------------

    def snapshot(self) -> tuple[np.ndarray, ...]:
        """Return copies of the guest's record, its ports and events. Its blocks are in the host's snapshot, with what
        they contain."""
        events = self.events[: int(self.record.event_count)].copy()
        return self._record.copy(), self._ports.copy(), events

    def restore(self, snapshot: tuple[np.ndarray, ...]) -> None:
        """Go back to a snapshot. Addresses stay this guest's own, and so does the decode cache: what does not fit the
        content that blocks have now, the host forgets when it restores that."""
        record, ports, events = snapshot
        for array, saved, own in ((self._record, record, OWN_BYTES), (self._ports, ports, OWN_BYTES_OF_PORT)):
            rows = array.view(np.uint8).reshape(len(array), -1)
            kept = rows[:, own]
            overwrite(array, saved)
            rows[:, own] = kept
        self.events[: len(events)] = events

    @property
    def breakpoints(self) -> list[int]:
        """The addresses of `break_at`."""
        return self._breakpoints.tolist()

    def break_at(self, addresses: Collection[int]) -> bool:
        """Let the loop stop before the instructions at these addresses, and at no others; return whether it did not
        already."""
        wanted = np.array(sorted(addresses), u64)
        if np.array_equal(wanted, self._breakpoints):
            return False
        self._breakpoints = wanted
        self.record.breakpoints, self.record.breakpoint_count = wanted.ctypes.data, len(wanted)
        return True

    def decoded_blocks(self) -> list[int]:
        """Return the numbers of the blocks that have decoded instructions, or room for them."""
        return np.flatnonzero(self._directory).tolist()
