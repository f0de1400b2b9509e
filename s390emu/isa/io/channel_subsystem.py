"""I/O instructions: PoP ch. 14. The channel subsystem has neither subchannels nor channel paths.

A subchannel that does not exist is "not operational", condition code 3, before a subchannel- or operation-request block
is looked at: neither access exceptions nor what it contains are recognized. The multiple-subchannel-set facility is not
enabled. Not implemented: CHANNEL SUBSYSTEM CALL, which the manual does not describe.
"""

from __future__ import annotations

from s390emu._jit import jit, on, u64
from s390emu.architecture.bits import bit, bits
from s390emu.architecture.interruptions import OPERAND, PRIVILEGED_OPERATION, SPECIFICATION
from s390emu.architecture.sizes import DOUBLEWORD_BYTES, WORD_BYTES, WORD_OFFSET
from s390emu.cpu.interruptions import io_pending, store_io_code
from s390emu.cpu.prefix_area import lowcore_code
from s390emu.cpu.psw import problem_state
from s390emu.isa.operands import based
from s390emu.storage.absolute import guest_of
from s390emu.storage.access import probe_store, put_doubleword, put_word, store_word

ZERO = u64(0)
NO_BOUNDARY, PATH_STATUS_OFFSET = u64(0), u64(31)  # address bits that are to be zeros
SUBSYSTEM, SUBSYSTEM_ID = bits(32, 47), bit(47)  # of general register 1: such is the identification of a subchannel
PATH_ZERO = bits(32, 55)  # RESET CHANNEL PATH: the identifier is bits 56-63
LIMIT_ZERO = bit(32) | bits(48, 63)  # SET ADDRESS LIMIT
MONITOR_ZERO, MONITOR_BLOCKS, ORIGIN_ZERO = bits(36, 61), bit(62), bits(59, 63)  # SET CHANNEL MONITOR
PATH_STATUS_BYTES = u64(32)
NOT_STORED, STORED, NO_REPORT, NOT_OPERATIONAL = 0, 1, 1, 3


@jit
def of_a_subchannel(cpu, second, boundary):
    """Perform an instruction on the subchannel that general register 1 identifies, whose second operand must be on a
    boundary (address bits that are zeros); return a code."""
    if problem_state(cpu):
        return PRIVILEGED_OPERATION
    if on(second, boundary):
        return SPECIFICATION
    if cpu.gr[1] & SUBSYSTEM != SUBSYSTEM_ID:
        return OPERAND
    cpu.cc = NOT_OPERATIONAL
    return 0


@jit
def csch(cpu, storage, insn):
    """CLEAR SUBCHANNEL, S. PoP ch. 14 "CLEAR SUBCHANNEL". cc 3: no such subchannel."""
    return of_a_subchannel(cpu, ZERO, NO_BOUNDARY)


@jit
def hsch(cpu, storage, insn):
    """HALT SUBCHANNEL, S. PoP ch. 14 "HALT SUBCHANNEL". cc 3: no such subchannel."""
    return of_a_subchannel(cpu, ZERO, NO_BOUNDARY)


@jit
def rsch(cpu, storage, insn):
    """RESUME SUBCHANNEL, S. PoP ch. 14 "RESUME SUBCHANNEL". cc 3: no such subchannel."""
    return of_a_subchannel(cpu, ZERO, NO_BOUNDARY)


@jit
def xsch(cpu, storage, insn):
    """CANCEL SUBCHANNEL, S. PoP ch. 14 "CANCEL SUBCHANNEL". cc 3: no such subchannel."""
    return of_a_subchannel(cpu, ZERO, NO_BOUNDARY)


@jit
def msch(cpu, storage, insn):
    """MODIFY SUBCHANNEL, S. PoP ch. 14 "MODIFY SUBCHANNEL". cc 3: no such subchannel."""
    return of_a_subchannel(cpu, based(cpu, insn), WORD_OFFSET)


@jit
def ssch(cpu, storage, insn):
    """START SUBCHANNEL, S. PoP ch. 14 "START SUBCHANNEL". cc 3: no such subchannel."""
    return of_a_subchannel(cpu, based(cpu, insn), WORD_OFFSET)


@jit
def stsch(cpu, storage, insn):
    """STORE SUBCHANNEL, S. PoP ch. 14 "STORE SUBCHANNEL". cc 3: no such subchannel."""
    return of_a_subchannel(cpu, based(cpu, insn), WORD_OFFSET)


@jit
def tsch(cpu, storage, insn):
    """TEST SUBCHANNEL, S. PoP ch. 14 "TEST SUBCHANNEL". cc 3: no such subchannel."""
    return of_a_subchannel(cpu, based(cpu, insn), WORD_OFFSET)


@jit
def tpi(cpu, storage, insn):
    """TEST PENDING INTERRUPTION, S. PoP ch. 14 "TEST PENDING INTERRUPTION". cc 0 none pending of the subclasses that
    control register 6 enables; 1 interruption code stored, and no longer pending.

    If the second-operand address is zero the code goes to its assigned locations, to which no protection applies.
    """
    if problem_state(cpu):
        return PRIVILEGED_OPERATION
    second = based(cpu, insn)
    if on(second, WORD_OFFSET):
        return SPECIFICATION
    if not io_pending(cpu, storage):
        cpu.cc = NOT_STORED
        return 0
    guest = guest_of(storage)
    if second == ZERO:
        code = lowcore_code(cpu, storage)
        if code != 0:
            return code
        store_io_code(cpu, storage)
    else:
        span, code = probe_store(cpu, storage, second, DOUBLEWORD_BYTES)
        if code != 0:
            return code
        put_word(span, ZERO, guest.io_id)
        put_word(span, WORD_BYTES, guest.io_parameter)
    guest.io = ZERO
    cpu.cc = STORED
    return 0


@jit
def stcrw(cpu, storage, insn):
    """STORE CHANNEL REPORT WORD, S. PoP ch. 14 "STORE CHANNEL REPORT WORD". cc 1: no report is pending, zeros are
    stored."""
    if problem_state(cpu):
        return PRIVILEGED_OPERATION
    second = based(cpu, insn)
    if on(second, WORD_OFFSET):
        return SPECIFICATION
    code = store_word(cpu, storage, second, ZERO)
    if code == 0:
        cpu.cc = NO_REPORT
    return code


@jit
def stcps(cpu, storage, insn):
    """STORE CHANNEL PATH STATUS, S. PoP ch. 14 "STORE CHANNEL PATH STATUS". cc unchanged. No path is active: zeros."""
    if problem_state(cpu):
        return PRIVILEGED_OPERATION
    second = based(cpu, insn)
    if on(second, PATH_STATUS_OFFSET):
        return SPECIFICATION
    span, code = probe_store(cpu, storage, second, PATH_STATUS_BYTES)
    if code != 0:
        return code
    for i in range(4):
        put_doubleword(span, u64(8 * i), ZERO)
    return 0


@jit
def rchp(cpu, storage, insn):
    """RESET CHANNEL PATH, S. PoP ch. 14 "RESET CHANNEL PATH". cc 3: no such channel path."""
    if problem_state(cpu):
        return PRIVILEGED_OPERATION
    if on(cpu.gr[1], PATH_ZERO):
        return OPERAND
    cpu.cc = NOT_OPERATIONAL
    return 0


@jit
def sal(cpu, storage, insn):
    """SET ADDRESS LIMIT, S. PoP ch. 14 "SET ADDRESS LIMIT". cc unchanged. Only subchannels would compare with it."""
    if problem_state(cpu):
        return PRIVILEGED_OPERATION
    return OPERAND if on(cpu.gr[1], LIMIT_ZERO) else 0


@jit
def schm(cpu, storage, insn):
    """SET CHANNEL MONITOR, S. PoP ch. 14 "SET CHANNEL MONITOR". cc unchanged. Only subchannels would be measured."""
    if problem_state(cpu):
        return PRIVILEGED_OPERATION
    if on(cpu.gr[1], MONITOR_ZERO):
        return OPERAND
    return OPERAND if on(cpu.gr[1], MONITOR_BLOCKS) and on(cpu.gr[2], ORIGIN_ZERO) else 0
