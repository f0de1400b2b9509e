"""What the guest asks the host for: ESSA on content, DIAGNOSE, SERVICE CALL, ciphers, random numbers. The other door is
`Host.resolve`.

Their handlers in `isa` have made every check but those of what is in a parameter block. A code below zero means:
nothing has happened, execute it again.
"""

from __future__ import annotations

from s390emu.architecture.page_states import DISCARD
from s390emu.architecture.sizes import BLOCK_SIZE
from s390emu.host import kernels
from s390emu.host.block_io import block_io
from s390emu.host.cipher_message import KM, KMAC, KMC, KMCTR, KMF, KMO, PRNO, cipher, random_numbers
from s390emu.host.commands import command
from s390emu.host.paging_device import PagingError
from s390emu.host.program_load import ipl, pseudo_timer

ESSA, DIAGNOSE, SERVICE_CALL = 0xB9AB, 0x83, 0xB220
PREFIX_BLOCKS = 2


def hypercall(host, guest, cpu, port) -> int:
    """Complete the instruction that calls the host: return its code (0 completed), or a code below zero."""
    insn = int(port.call_insn)
    operation = DIAGNOSE if insn >> 56 == DIAGNOSE else insn >> 48
    try:
        return SERVICES[operation](host, guest, cpu, port, insn)
    except PagingError as error:
        return host.failed(guest, error)


def essa(host, guest, cpu, port, insn: int) -> int:
    """Complete an ESSA that discards a preserved block (ORC 2, 3, 4) or makes one resident (ORC 5):
    docs/page-hinting.md, section 2."""
    r2, orc = insn >> 32 & 15, insn >> 44 & 15
    number = int(cpu.gr[r2] & cpu.amode) // BLOCK_SIZE
    if kernels.action_of(guest.address, number, orc) == DISCARD:
        host.pager.empty(guest, number, orc, lambda: kernels.perform_essa(cpu, port, insn, 0))
    else:
        host.pager.bring(guest, number, orc, lambda frame: kernels.perform_essa(cpu, port, insn, frame))
    return 0


def diagnose(host, guest, cpu, port, insn: int) -> int:
    """Complete DIAGNOSE by its code, the rightmost 16 bits of the second-operand address."""
    base, displacement = insn >> 44 & 15, insn >> 32 & 0xFFF
    code = displacement + (int(cpu.gr[base]) if base else 0) & 0xFFFF
    return DIAGNOSES[code](host, guest, cpu, port, insn)


def release(host, guest, cpu, port, insn: int) -> int:
    """Complete DIAGNOSE X'10': release the blocks R1 to R3, but for those of the prefix area. docs/page-hinting.md,
    section 9."""
    first, last = (int(cpu.gr[insn >> at & 15] & cpu.amode) // BLOCK_SIZE for at in (52, 48))
    prefix = int(cpu.prefix) // BLOCK_SIZE
    host.pager.release(guest, first, min(last + 1, prefix))
    host.pager.release(guest, max(first, prefix + PREFIX_BLOCKS), last + 1)
    return 0


def service_call(host, guest, cpu, port, insn: int) -> int:
    """Complete SERVICE CALL."""
    from s390emu.host import service_call as services  # the formats of its answers take long to build

    return services.service_call(host, guest, cpu, port, insn)


DIAGNOSES = {0x08: command, 0x0C: pseudo_timer, 0x10: release, 0x250: block_io, 0x308: ipl}
CIPHERS = dict.fromkeys((KM, KMC, KMAC, KMCTR, KMF, KMO), cipher)
SERVICES = {ESSA: essa, DIAGNOSE: diagnose, SERVICE_CALL: service_call, PRNO: random_numbers, **CIPHERS}
