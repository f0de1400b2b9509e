"""One CPU of a machine, as Python sees it: its registers, its PSW, its time."""

from __future__ import annotations

import numpy as np

from s390emu.architecture.interruptions import CLASSES
from s390emu.architecture.psw_bits import CC_SHIFT
from s390emu.cpu.psw import load_psw
from s390emu.engine.entries import procedure
from s390emu.machine.stop import Interruption
from s390emu.records.cpu import CPU_T, STOPPED_STATE
from s390emu.records.port import PORT_T
from s390emu.storage.tlb import flush

START_MASK = 0x0000000180000000  # 64-bit mode, supervisor state, everything disabled
START_CR0, START_CR14 = 0xE0, 0xC2000000
NO_BREAKING_EVENT = 1

_load_psw = procedure(load_psw, CPU_T, PORT_T, integers=2, returns=False)
_flush = procedure(flush, PORT_T, integers=0, returns=False)


class CPU:
    """number: its CPU address. record: its CPU record; port: its PORT record; addresses: where both lie.
    """

    def __init__(self, number: int, record, array: np.ndarray, storage):
        self.number, self.record, self._array = number, record, array
        at = slice(number, number + 1)
        self.port = storage.ports[number]
        self.addresses = self._array.ctypes.data, storage.port_addresses[number]
        self._count, self._idle, self._stolen, self.limit, self.deadline, self.passing = (
            storage.port_column(name)[at].data
            for name in ("count", "idle", "stolen", "limit", "deadline", "passing")
        )

    def initial_reset(self, tod_epoch: int) -> None:
        """Leave the CPU as an initial CPU reset and, for the first one, the start of a guest do: PSW 0000000180000000,
        address 0; the others are in the stopped state."""
        self._array[:] = 0
        record = self.record
        record.svc_code = -1
        record.cr[0], record.cr[14] = START_CR0, START_CR14
        record.tod_epoch = record.timer_zero = tod_epoch
        record.breaking_event = NO_BREAKING_EVENT
        record.stopped = STOPPED_STATE if self.number else 0
        self.set_psw(0 if self.number else START_MASK, 0)

    @property
    def gr(self) -> np.ndarray:
        """The general registers: uint64[16], writable."""
        return self.record.gr

    @property
    def cr(self) -> np.ndarray:
        """The control registers: uint64[16]. After writing CR0 call `set_psw`, which lets it take effect."""
        return self.record.cr

    @property
    def psw(self) -> tuple[int, int]:
        """PSW bits 0-63 and the instruction address."""
        record = self.record
        return int(record.psw_mask) | int(record.cc) << int(CC_SHIFT), int(record.psw_ia)

    def set_psw(self, mask: int, ia: int) -> None:
        """Load a PSW as LOAD PSW EXTENDED does: an invalid one is recognized when the machine runs."""
        _flush(self.port)
        _load_psw(self.record, self.port, mask, ia)

    @property
    def count(self) -> int:
        """Instructions (units of operation) of this CPU that have ended."""
        return self._count[0]

    @property
    def now(self) -> int:
        """Nanoseconds since the guest's start, as far as this CPU has come: instructions, wait state, stolen time."""
        return self._count[0] + self._idle[0] + self._stolen[0]

    def wait_until(self, now: int) -> None:
        """Let time pass in the wait state."""
        self._idle[0] += max(0, now - self.now)

    def steal_until(self, now: int) -> None:
        """Let time pass in which the CPU cannot run."""
        self._stolen[0] += max(0, now - self.now)

    @property
    def last_interruption(self) -> Interruption | None:
        """The last interruption that this CPU took."""
        port = self.port
        if port.last_class < 0:
            return None
        numbers = (port.last_code, port.last_mask, port.last_ia, port.last_ilc, port.last_teid, port.last_count)
        return Interruption(CLASSES[port.last_class], *map(int, numbers))

    def branches(self) -> list[tuple[int, int]]:
        """Return the last 16 branches that this CPU took, oldest first: (from, to)."""
        port = self.port
        taken = int(port.branch_count)
        places = list(zip(port.branch_from.tolist(), port.branch_to.tolist(), strict=True))
        oldest = taken % len(places)
        return places[oldest:] + places[:oldest] if taken >= len(places) else places[:taken]
