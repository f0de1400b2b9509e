"""What compiled code is told before a guest runs: where its CPUs, handlers and procedures are, what is installed."""

from __future__ import annotations

from collections.abc import Iterable

from s390emu._jit import u64
from s390emu.engine import procedures
from s390emu.engine.handlers import HandlerTable
from s390emu.machine.cpu import CPU
from s390emu.storage.guest import GuestStorage


def connect(storage: GuestStorage, cpus: list[CPU], handlers: HandlerTable) -> None:
    """Write the addresses of CPUs, handlers and procedures into the guest's records."""
    storage.record.cpus[: len(cpus)] = [cpu.addresses[0] for cpu in cpus]
    storage.record.handlers = handlers.addresses.ctypes.data
    storage.record.regarded = handlers.regarded.ctypes.data
    procedures.install(storage)


def install(storage: GuestStorage, facilities: Iterable[int]) -> None:
    """Indicate these facility bits, as STFLE stores them; a negative one is that of no bit."""
    for bit in (bit for bit in facilities if bit >= 0):
        storage.record.facilities[bit // 64] |= u64(1 << (63 - bit % 64))
