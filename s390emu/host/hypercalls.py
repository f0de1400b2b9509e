"""What the guest asks the host for: ESSA on content, DIAGNOSE, SERVICE CALL. The other door is `Host.resolve`."""

from __future__ import annotations

from s390emu.host import kernels
from s390emu.host.paging_device import PagingError
from s390emu.storage.page_states import DISCARD
from s390emu.storage.state import BLOCK_SHIFT

ESSA, DIAGNOSE, SERVICE_CALL = 0xB9AB, 0x83, 0xB220


def hypercall(host, guest, cpu, insn: int) -> int:
    """-> the instruction's code (0 completed), or an Outcome below zero."""
    if insn >> 48 == ESSA:
        return essa_on_content(host, guest, cpu, insn)
    raise AssertionError(f"no hypercall: {insn:016X}")


def essa_on_content(host, guest, cpu, insn: int) -> int:
    """ESSA that discards a preserved block (ORC 2, 3, 4) or makes one resident (ORC 5). The handler made the checks."""
    record = guest.storage.record
    r2, orc = insn >> 32 & 15, insn >> 44 & 15
    number = int(cpu.gr[r2] & cpu.amode) >> int(BLOCK_SHIFT)
    if kernels.action_of(record, number, orc) == DISCARD:
        host.empty(guest, number, orc, lambda: kernels.perform_essa(cpu, record, insn, 0))
        return 0
    try:
        host.bring(guest, number, orc, lambda frame: kernels.perform_essa(cpu, record, insn, frame))
    except PagingError as error:
        return host.failed(guest, number, error)
    return 0
