"""The machine: one CPU and its absolute storage on a host; runs, steps, and says why it stopped."""

from __future__ import annotations

import numpy as np

from s390emu._jit import entry_point, u64
from s390emu._jit import address_of
from s390emu.cpu.assigned_storage import slow_assigned
from s390emu.cpu.interruptions import slow_boundary, slow_end
from s390emu.cpu.loop import run
from s390emu.cpu.psw import load_psw, psw_mask_word
from s390emu.cpu.state import CPU_T
from s390emu.host.host import Host
from s390emu.isa.decode import slow_decode
from s390emu.isa.handlers import HandlerTable
from s390emu.storage import access
from s390emu.storage.guest import GuestStorage
from s390emu.storage.state import (
    BLOCK_SIZE,
    EXIT_COMPILE,
    EXIT_EVENTS,
    EXIT_HOST_FAULT,
    EXIT_HYPERCALL,
    EXIT_LIMIT,
    EXIT_STOP,
    EXIT_WAIT,
    STORAGE_T,
)

RECORDS = (CPU_T, STORAGE_T)
START_MASK = 0x0000000180000000  # PSW at the start: 64-bit mode, everything disabled


class Machine:
    def __init__(self, storage_size: int = 1 << 20, *, host: Host | None = None):
        self._cpu = np.zeros(1, CPU_T)
        self.cpu = self._cpu.view(np.recarray)[0]
        self.storage = GuestStorage(storage_size)
        self.host = host or Host(storage_size // BLOCK_SIZE)
        self.guest_number = self.host.attach(self.storage)
        self.handlers = HandlerTable()
        record = self.storage.record
        record.handlers = self.handlers.addresses.ctypes.data
        for name in ("slow_fetch", "slow_store", "slow_instruction"):
            record[name] = address_of(getattr(access, name), *RECORDS, integers=2)
        record.slow_probe = address_of(access.slow_probe, *RECORDS, integers=4)
        record.slow_assigned = address_of(slow_assigned, *RECORDS, integers=4)
        record.slow_decode = address_of(slow_decode, *RECORDS, integers=2)
        record.slow_end = address_of(slow_end, *RECORDS, integers=2)
        record.slow_boundary = address_of(slow_boundary, *RECORDS, integers=2)
        self._run = entry_point(run, *RECORDS, integers=1)
        self.cpu.svc_code = -1
        self.cpu.cr[0], self.cpu.cr[14] = 0xE0, 0xC2000000

    def run(self, limit: int = 1 << 62):
        record = self.storage.record
        record.limit = limit
        record.deadline = 0
        while True:
            with np.errstate(over="ignore"):
                code = self._run(self.cpu, record, 0)
            if code == EXIT_COMPILE:
                self.handlers.compile(int(record.wanted))
            elif code == EXIT_HOST_FAULT:
                self.host.resolve(self.guest_number, int(record.fault_block))
            else:
                return code
