"""The program's own state and requests: condition code and program mask, addressing mode, supervisor and monitor call,
clocks, facilities. PoP ch. 7.

Not implemented: the enhanced-monitor facility (bits 16-31 of control register 8 have no effect).
"""

from __future__ import annotations

from s390emu._jit import i64, jit, on, u64
from s390emu.architecture.bits import LOW8, LOW16, bit, bits
from s390emu.architecture.interruptions import MONITOR_EVENT, SPECIFICATION
from s390emu.architecture.psw_bits import BA, EA, MODE24, MODE31, MODE64, PROGRAM_MASK
from s390emu.architecture.sizes import DOUBLEWORD_OFFSET
from s390emu.cpu.clocks import cpu_timer, tod
from s390emu.cpu.psw import set_addressing_mode
from s390emu.isa.operands import based, based_second, imm8, r8, r24, rsy, si
from s390emu.records.exits import CODE_SUPERVISOR_CALL
from s390emu.records.port import BASE_FIRST, BASE_SECOND
from s390emu.storage.absolute import guest_of
from s390emu.storage.access import fetch_doubleword, probe_store, put_doubleword, store_doubleword
from s390emu.storage.access_registers import designate
from s390emu.storage.decode_cache import instruction_length

ZERO, ONE = u64(0), u64(1)
# SET and INSERT PROGRAM MASK: cc in bits 34-35 of a register, the program mask (PSW bits 20-23) in 36-39
CC_SHIFT, CC, PROGRAM_MASK_SHIFT = u64(63 - 35), u64(3), u64(39 - 23)
INSERTED = bits(32, 39)
MONITOR_CLASS, NOT_MONITOR_CLASS = u64(0x0F), u64(0xF0)
MONITOR_MASK = bit(48)  # of control register 8, for class 0
TOD_SHIFT, TOD_LEFT = u64(8), u64(56)  # STORE CLOCK EXTENDED: the clock is bits 8-111
CLOCK_RUNS = u64(1 << 16)  # ... and this is its last bit
ATTRIBUTE = bits(56, 59)  # of the second-operand address of EXTRACT CPU ATTRIBUTE
FACILITY_DOUBLEWORDS = 4


# --- condition code, program mask, addressing mode --------------------------------------------------------------------


@jit
def spm(cpu, storage, insn):
    """SET PROGRAM MASK, RR. PoP ch. 7 "SET PROGRAM MASK". cc set from bits 34-35 of R1."""
    source = cpu.gr[r8(insn)]
    cpu.cc = i64((source >> CC_SHIFT) & CC)
    cpu.psw_mask = (cpu.psw_mask & ~PROGRAM_MASK) | ((source << PROGRAM_MASK_SHIFT) & PROGRAM_MASK)
    return 0


@jit
def ipm(cpu, storage, insn):
    """INSERT PROGRAM MASK, RRE. PoP ch. 7 "INSERT PROGRAM MASK". cc unchanged."""
    r1 = r24(insn)
    inserted = (u64(cpu.cc) << CC_SHIFT) | ((cpu.psw_mask & PROGRAM_MASK) >> PROGRAM_MASK_SHIFT)
    cpu.gr[r1] = (cpu.gr[r1] & ~INSERTED) | inserted
    return 0


@jit
def set_shorter_mode(cpu, storage, insn, mode, addresses):
    """Set the 24- or 31-bit mode for SAM24 and SAM31; return a code. The address of the instruction itself (or of the
    EXECUTE) must be valid in the new mode."""
    length = storage.execute_length if storage.execute_length != ZERO else instruction_length(insn)
    if on((cpu.psw_ia - length) & cpu.amode, ~addresses):
        return SPECIFICATION
    set_addressing_mode(cpu, mode)
    cpu.psw_ia &= addresses
    return 0


@jit
def sam24(cpu, storage, insn):
    """SET ADDRESSING MODE (24), E. PoP ch. 7 "SET ADDRESSING MODE". cc unchanged."""
    return set_shorter_mode(cpu, storage, insn, ZERO, MODE24)


@jit
def sam31(cpu, storage, insn):
    """SET ADDRESSING MODE (31), E. PoP ch. 7 "SET ADDRESSING MODE". cc unchanged."""
    return set_shorter_mode(cpu, storage, insn, BA, MODE31)


@jit
def sam64(cpu, storage, insn):
    """SET ADDRESSING MODE (64), E. PoP ch. 7 "SET ADDRESSING MODE". cc unchanged."""
    set_addressing_mode(cpu, EA | BA)
    return 0


@jit
def tam(cpu, storage, insn):
    """TEST ADDRESSING MODE, E. PoP ch. 7 "TEST ADDRESSING MODE". cc 0, 1, 3 for 24, 31, 64 bits."""
    cpu.cc = 3 if cpu.amode == MODE64 else 1 if cpu.amode == MODE31 else 0
    return 0


# --- calls -----------------------------------------------------------------------------------------------------------


@jit
def svc(cpu, storage, insn):
    """SUPERVISOR CALL, I. PoP ch. 7 "SUPERVISOR CALL". cc unchanged."""
    cpu.svc_code = i64(imm8(insn))
    return CODE_SUPERVISOR_CALL


@jit
def mc(cpu, storage, insn):
    """MONITOR CALL, SI. PoP ch. 7 "MONITOR CALL". cc unchanged.

    The first operand is not a storage operand: its address is the monitor code.
    """
    first, i2 = si(cpu, insn)
    if on(i2, NOT_MONITOR_CLASS):
        return SPECIFICATION
    if not on(cpu.cr[8], MONITOR_MASK >> i2):
        return 0
    cpu.monitor_class, cpu.monitor_code = i2, first
    return MONITOR_EVENT


# --- clocks: the TOD clock is always set and running ------------------------------------------------------------------


@jit
def stck(cpu, storage, insn):
    """STORE CLOCK, S. PoP ch. 7 "STORE CLOCK". cc 0: the clock is set.

    Every instruction lasts more than one unit of bit 63, so no value is stored twice.
    """
    code = store_doubleword(cpu, storage, based(cpu, insn), tod(cpu, storage))
    if code == 0:
        cpu.cc = 0
    return code


@jit
def stckf(cpu, storage, insn):
    """STORE CLOCK FAST, S. PoP ch. 7 "STORE CLOCK". cc 0. It is as exact as STORE CLOCK, though it need not be."""
    return stck(cpu, storage, insn)


@jit
def stcke(cpu, storage, insn):
    """STORE CLOCK EXTENDED, S. PoP ch. 7 "STORE CLOCK EXTENDED". cc 0: the clock is set.

    Byte 0 is the epoch index, which stays zero; then 104 bits of the clock, of which the last 40 are not zero while it
    runs; then the TOD programmable field.
    """
    clock = tod(cpu, storage)
    span, code = probe_store(cpu, storage, based(cpu, insn), u64(16))
    if code != 0:
        return code
    put_doubleword(span, u64(0), clock >> TOD_SHIFT)
    put_doubleword(span, u64(8), (clock << TOD_LEFT) | CLOCK_RUNS | (cpu.tod_programmable & LOW16))
    cpu.cc = 0
    return 0


@jit
def ectg(cpu, storage, insn):
    """EXTRACT CPU TIME, SSF. PoP ch. 7 "EXTRACT CPU TIME". cc unchanged.

    General register 0: the first operand less the CPU timer; 1: the second operand; R3: the doubleword that it
    designates.
    """
    r3 = r8(insn)
    designate(storage, BASE_FIRST)
    start, code = fetch_doubleword(cpu, storage, based(cpu, insn))
    if code != 0:
        return code
    designate(storage, BASE_SECOND)
    used_before, code = fetch_doubleword(cpu, storage, based_second(cpu, insn))
    if code != 0:
        return code
    designate(storage, r3)
    factor, code = fetch_doubleword(cpu, storage, cpu.gr[r3] & cpu.amode)
    if code != 0:
        return code
    cpu.gr[0] = start - cpu_timer(cpu, storage)
    cpu.gr[1] = used_before
    cpu.gr[r3] = factor
    return 0


# --- facilities ------------------------------------------------------------------------------------------------------


@jit
def facility_doublewords(storage):
    """Return the number of doublewords that hold all facility bits that are one."""
    count = FACILITY_DOUBLEWORDS
    while count > 1 and guest_of(storage).facilities[count - 1] == ZERO:
        count -= 1
    return count


@jit
def stfle(cpu, storage, insn):
    """STORE FACILITY LIST EXTENDED, S. PoP ch. 7 "STORE FACILITY LIST EXTENDED". cc 0 complete, 3 not.

    Bits 56-63 of general register 0: before, one less than the number of doublewords to be stored; after, one less than
    the number needed for all facility bits.
    """
    second = based(cpu, insn)
    if on(second, DOUBLEWORD_OFFSET):
        return SPECIFICATION
    available, wanted = facility_doublewords(storage), i64(cpu.gr[0] & LOW8) + 1
    stored = min(available, wanted)
    span, code = probe_store(cpu, storage, second, u64(8 * stored))
    if code != 0:
        return code
    for i in range(stored):
        put_doubleword(span, u64(8 * i), guest_of(storage).facilities[i])
    cpu.gr[0] = (cpu.gr[0] & ~LOW8) | u64(available - 1)
    cpu.cc = 0 if stored == available else 3
    return 0


# --- the machine -----------------------------------------------------------------------------------------------------


@jit
def ecag(cpu, storage, insn):
    """EXTRACT CPU ATTRIBUTE, RSY-a. PoP ch. 7 "EXTRACT CPU ATTRIBUTE". cc unchanged.

    There are no caches: the topology summary (attribute indication 0) is zeros, and every other attribute all ones, as
    for a cache level that does not exist.
    """
    r1, _, second = rsy(cpu, insn)
    cpu.gr[r1] = ZERO if not on(second, ATTRIBUTE) else ~ZERO
    return 0
