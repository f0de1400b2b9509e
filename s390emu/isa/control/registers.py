"""Control registers, the prefix, and what identifies the CPU and the configuration: PoP ch. 10."""

from __future__ import annotations

import numpy as np

from s390emu._jit import jit, load4, on, store4, store8, u64
from s390emu.architecture.assigned_storage import FACILITY_LIST
from s390emu.architecture.bits import LOW32, bits
from s390emu.architecture.identities import IDENTITIES, SERIAL
from s390emu.architecture.interruptions import ADDRESSING, PRIVILEGED_OPERATION, SPECIFICATION
from s390emu.architecture.models import MACHINE_TYPES
from s390emu.architecture.sizes import DOUBLEWORD_OFFSET, HALFWORD_OFFSET, WORD_BITS, WORD_OFFSET
from s390emu.cpu.prefix_area import lowcore_code, put4
from s390emu.cpu.psw import problem_state, psw_changed
from s390emu.isa.operands import based, rs, rsy
from s390emu.storage.absolute import guest_of, in_configuration
from s390emu.storage.access import (
    fetch_doubleword,
    fetch_word,
    get_doubleword,
    probe_fetch,
    probe_store,
    span_address,
    store_doubleword,
    store_halfword,
    store_word,
)
from s390emu.storage.dat import ENHANCED_DAT, INSTRUCTION_EXECUTION_PROTECTION
from s390emu.storage.protection import (
    FETCH_PROTECTION_OVERRIDE,
    LOW_ADDRESS_PROTECTION,
    STORAGE_PROTECTION_OVERRIDE,
)
from s390emu.storage.tlb import flush, purge

# of control register 0
TRANSLATION_AND_PROTECTION = (
    ENHANCED_DAT
    | INSTRUCTION_EXECUTION_PROTECTION
    | LOW_ADDRESS_PROTECTION
    | FETCH_PROTECTION_OVERRIDE
    | STORAGE_PROTECTION_OVERRIDE
)
LAST_REGISTER = u64(15)
PREFIX = bits(33, 50)
PREFIX_BLOCK = u64(0x1000)
# Version, identification number, machine type, and the format bit, 48: a one, since the number is of the whole
# configuration, the same for each of its CPUs. By model and identity.
CPU_IDS = np.array(
    [[of.version << 56 | int(SERIAL, 16) << 32 | int(machine, 16) << 16 | 0x8000 for of in IDENTITIES.values()]
     for machine in MACHINE_TYPES], np.uint64
)  # fmt: skip


@jit
def register_range(r1, r3):
    """Return the number of registers from r1 to r3; the numbers wrap around from 15 to 0."""
    return ((r3 - r1) & LAST_REGISTER) + u64(1)


@jit
def control_changed(cpu, storage, old):
    """Have the PSW looked at anew after control registers were loaded, as ASCEs and interruption masks may be others;
    flush the TLB if control register 0, which was `old`, has changed what its entries rest on."""
    if on(cpu.cr[0] ^ old, TRANSLATION_AND_PROTECTION):
        flush(storage)
    psw_changed(cpu, storage)


@jit
def lctl(cpu, storage, insn):
    """LOAD CONTROL (32), RS-a. PoP ch. 10 "LOAD CONTROL". cc unchanged. Bits 0-31 of the registers remain unchanged."""
    if problem_state(cpu):
        return PRIVILEGED_OPERATION
    r1, r3, second = rs(cpu, insn)
    if on(second, WORD_OFFSET):
        return SPECIFICATION
    count = register_range(r1, r3)
    span, code = probe_fetch(cpu, storage, second, count << u64(2))
    if code != 0:
        return code
    old = cpu.cr[0]
    for i in range(count):
        n = (r1 + u64(i)) & LAST_REGISTER
        cpu.cr[n] = (cpu.cr[n] & ~LOW32) | load4(span_address(span, u64(i) << u64(2)))
    control_changed(cpu, storage, old)
    return 0


@jit
def lctlg(cpu, storage, insn):
    """LOAD CONTROL (64), RSY-a. PoP ch. 10 "LOAD CONTROL". cc unchanged."""
    if problem_state(cpu):
        return PRIVILEGED_OPERATION
    r1, r3, second = rsy(cpu, insn)
    if on(second, DOUBLEWORD_OFFSET):
        return SPECIFICATION
    count = register_range(r1, r3)
    span, code = probe_fetch(cpu, storage, second, count << u64(3))
    if code != 0:
        return code
    old = cpu.cr[0]
    for i in range(count):
        cpu.cr[(r1 + u64(i)) & LAST_REGISTER] = get_doubleword(span, u64(i) << u64(3))
    control_changed(cpu, storage, old)
    return 0


@jit
def stctl(cpu, storage, insn):
    """STORE CONTROL (32), RS-a. PoP ch. 10 "STORE CONTROL". cc unchanged."""
    if problem_state(cpu):
        return PRIVILEGED_OPERATION
    r1, r3, second = rs(cpu, insn)
    if on(second, WORD_OFFSET):
        return SPECIFICATION
    count = register_range(r1, r3)
    span, code = probe_store(cpu, storage, second, count << u64(2))
    if code != 0:
        return code
    for i in range(count):
        store4(span_address(span, u64(i) << u64(2)), cpu.cr[(r1 + u64(i)) & LAST_REGISTER])
    return 0


@jit
def stctg(cpu, storage, insn):
    """STORE CONTROL (64), RSY-a. PoP ch. 10 "STORE CONTROL". cc unchanged."""
    if problem_state(cpu):
        return PRIVILEGED_OPERATION
    r1, r3, second = rsy(cpu, insn)
    if on(second, DOUBLEWORD_OFFSET):
        return SPECIFICATION
    count = register_range(r1, r3)
    span, code = probe_store(cpu, storage, second, count << u64(3))
    if code != 0:
        return code
    for i in range(count):
        store8(span_address(span, u64(i) << u64(3)), cpu.cr[(r1 + u64(i)) & LAST_REGISTER])
    return 0


@jit
def prefix_available(storage, prefix):
    """True if both blocks of a prefix area are in the configuration."""
    return in_configuration(guest_of(storage), prefix) and in_configuration(guest_of(storage), prefix + PREFIX_BLOCK)


@jit
def spx(cpu, storage, insn):
    """SET PREFIX, S. PoP ch. 10 "SET PREFIX". cc unchanged. The new prefix area is not referenced."""
    if problem_state(cpu):
        return PRIVILEGED_OPERATION
    second = based(cpu, insn)
    if on(second, WORD_OFFSET):
        return SPECIFICATION
    word, code = fetch_word(cpu, storage, second)
    if code != 0:
        return code
    prefix = word & PREFIX
    if not prefix_available(storage, prefix):
        return ADDRESSING
    cpu.prefix = prefix
    purge(storage)
    return 0


@jit
def stpx(cpu, storage, insn):
    """STORE PREFIX, S. PoP ch. 10 "STORE PREFIX". cc unchanged."""
    if problem_state(cpu):
        return PRIVILEGED_OPERATION
    second = based(cpu, insn)
    if on(second, WORD_OFFSET):
        return SPECIFICATION
    return store_word(cpu, storage, second, cpu.prefix)


@jit
def stap(cpu, storage, insn):
    """STORE CPU ADDRESS, S. PoP ch. 10 "STORE CPU ADDRESS". cc unchanged."""
    if problem_state(cpu):
        return PRIVILEGED_OPERATION
    second = based(cpu, insn)
    if on(second, HALFWORD_OFFSET):
        return SPECIFICATION
    return store_halfword(cpu, storage, second, storage.cpu_address)


@jit
def stidp(cpu, storage, insn):
    """STORE CPU ID, S. PoP ch. 10 "STORE CPU ID". cc unchanged."""
    if problem_state(cpu):
        return PRIVILEGED_OPERATION
    second = based(cpu, insn)
    if on(second, DOUBLEWORD_OFFSET):
        return SPECIFICATION
    return store_doubleword(cpu, storage, second, CPU_IDS[guest_of(storage).model, guest_of(storage).identity])


@jit
def stfl(cpu, storage, insn):
    """STORE FACILITY LIST, S. PoP ch. 10 "STORE FACILITY LIST". cc unchanged.

    Stores at an assigned location: the operand address is not used, and no protection applies.
    """
    if problem_state(cpu):
        return PRIVILEGED_OPERATION
    code = lowcore_code(cpu, storage)
    if code == 0:
        put4(cpu, storage, FACILITY_LIST, guest_of(storage).facilities[0] >> WORD_BITS)
    return code


@jit
def lpp(cpu, storage, insn):
    """LOAD PROGRAM PARAMETER, S. SA23-2260 "LOAD PROGRAM PARAMETER". cc unchanged.

    Only the sampling facility would show the parameter, and there is none.
    """
    if problem_state(cpu):
        return PRIVILEGED_OPERATION
    second = based(cpu, insn)
    if on(second, DOUBLEWORD_OFFSET):
        return SPECIFICATION
    _, code = fetch_doubleword(cpu, storage, second)
    return code


@jit
def ptlb(cpu, storage, insn):
    """PURGE TLB, S. PoP ch. 10 "PURGE TLB". cc unchanged."""
    if problem_state(cpu):
        return PRIVILEGED_OPERATION
    purge(storage)
    return 0


@jit
def palb(cpu, storage, insn):
    """PURGE ALB, RRE. PoP ch. 10 "PURGE ALB". cc unchanged. It is as if empty: every access translates
    its access register anew."""
    return PRIVILEGED_OPERATION if problem_state(cpu) else 0
