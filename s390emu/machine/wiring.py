"""What compiled code is told before a guest runs: where its CPUs, handlers and slow paths are, what is installed."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from s390emu._jit import address_of, entry_point, u64
from s390emu.cpu.interruptions import slow_boundary, slow_end
from s390emu.cpu.prefix_area import slow_assigned
from s390emu.engine.decode import slow_decode
from s390emu.engine.handlers import HandlerTable
from s390emu.engine.loop import find_target, run
from s390emu.machine.cpu import CPU
from s390emu.records.cpu import CPU_T
from s390emu.records.port import PORT_T
from s390emu.storage import access
from s390emu.storage.guest import GuestStorage

RECORDS = (CPU_T, PORT_T)
PROCEDURES_BY_NAME = {
    function.__name__: function
    for function in (access.slow_fetch, access.slow_store, access.slow_probe, slow_assigned, access.slow_instruction,
                     slow_decode, find_target, slow_end, slow_boundary)
}  # fmt: skip


def connect(storage: GuestStorage, cpus: list[CPU], handlers: HandlerTable) -> None:
    """Write the addresses of CPUs, handlers and procedures into the guest's records."""
    storage.record.cpus[: len(cpus)] = [cpu.addresses[0] for cpu in cpus]
    storage.record.handlers = handlers.addresses.ctypes.data
    for name, function in PROCEDURES_BY_NAME.items():
        integers = 4 if name in ("slow_probe", "slow_assigned") else 2
        storage.port_column(name)[:] = address_of(function, *RECORDS, integers=integers)


def install(storage: GuestStorage, facilities: Iterable[int]) -> None:
    """Indicate these facility bits, as STFLE stores them."""
    for bit in facilities:
        storage.record.facilities[bit // 64] |= u64(1 << (63 - bit % 64))


def run_loop() -> Callable[..., int]:
    """Return what runs a CPU: from the addresses of its records, or un-jitted from the records, to an exit."""
    return entry_point(run, *RECORDS, integers=1)
