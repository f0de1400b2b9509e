"""Setting and storing clocks: PoP ch. 10; the clocks: ch. 4 "Timing". STORE CLOCK is a general instruction (ch. 7).

The TOD clock is always in the set state, and is never steered. The TOD-clock-synchronization control (control register
0 bit 34) has no effect: the configuration has no other clock to synchronize with.
"""

from __future__ import annotations

from s390emu._jit import jit, on, u64
from s390emu.architecture.bits import LOW16, bit, bits
from s390emu.architecture.interruptions import PRIVILEGED_OPERATION, SPECIFICATION
from s390emu.architecture.sizes import DOUBLEWORD_OFFSET
from s390emu.cpu.clocks import cpu_timer, set_cpu_timer, tod
from s390emu.cpu.psw import problem_state, psw_changed
from s390emu.isa.operands import based
from s390emu.storage.access import fetch_doubleword, probe_store, put_byte, put_doubleword, store_doubleword
from s390emu.storage.access_registers import designate

PROGRAMMABLE_ZERO = bits(32, 47)  # of general register 0
SET = 0
# PERFORM TIMING FACILITY FUNCTION, general register 0
TIMING_ZERO, TIMING_FUNCTION, TIMING_CONTROL = bit(56), bits(57, 63), bit(57)
QUERY_AVAILABLE, QUERY_OFFSET, QUERY_STEERING, QUERY_PHYSICAL = (u64(n) for n in range(4))
AVAILABLE_BYTES, OFFSET_BYTES, STEERING_BYTES, PHYSICAL_BYTES = u64(16), u64(32), u64(56), u64(8)
AVAILABLE = bits(0, 3)
EPOCH_DIFFERENCE = u64(24)  # offset in the parameter block of QUERY TOD OFFSET
PERFORMED, FUNCTION_NOT_AVAILABLE = 0, 3


@jit
def clock_operand(cpu, storage, second):
    """Fetch the doubleword that a clock is to be set to; return (value, code), with every exception of the
    instruction."""
    if problem_state(cpu):
        return u64(0), PRIVILEGED_OPERATION
    if on(second, DOUBLEWORD_OFFSET):
        return u64(0), SPECIFICATION
    return fetch_doubleword(cpu, storage, second)


@jit
def store_clock_value(cpu, storage, second, value):
    """Store a clock at the operand; return a code."""
    if problem_state(cpu):
        return PRIVILEGED_OPERATION
    if on(second, DOUBLEWORD_OFFSET):
        return SPECIFICATION
    return store_doubleword(cpu, storage, second, value)


@jit
def sck(cpu, storage, insn):
    """SET CLOCK, S. PoP ch. 10 "SET CLOCK". cc 0 clock value set. The CPU timer is not affected."""
    value, code = clock_operand(cpu, storage, based(cpu, insn))
    if code != 0:
        return code
    moved = value - tod(cpu, storage)
    cpu.tod_epoch += moved
    cpu.timer_zero += moved
    cpu.cc = SET
    psw_changed(cpu, storage)
    return 0


@jit
def sckc(cpu, storage, insn):
    """SET CLOCK COMPARATOR, S. PoP ch. 10 "SET CLOCK COMPARATOR". cc unchanged."""
    value, code = clock_operand(cpu, storage, based(cpu, insn))
    if code != 0:
        return code
    cpu.clock_comparator = value
    psw_changed(cpu, storage)
    return 0


@jit
def stckc(cpu, storage, insn):
    """STORE CLOCK COMPARATOR, S. PoP ch. 10 "STORE CLOCK COMPARATOR". cc unchanged."""
    return store_clock_value(cpu, storage, based(cpu, insn), cpu.clock_comparator)


@jit
def spt(cpu, storage, insn):
    """SET CPU TIMER, S. PoP ch. 10 "SET CPU TIMER". cc unchanged."""
    value, code = clock_operand(cpu, storage, based(cpu, insn))
    if code != 0:
        return code
    set_cpu_timer(cpu, storage, value)
    psw_changed(cpu, storage)
    return 0


@jit
def stpt(cpu, storage, insn):
    """STORE CPU TIMER, S. PoP ch. 10 "STORE CPU TIMER". cc unchanged."""
    return store_clock_value(cpu, storage, based(cpu, insn), cpu_timer(cpu, storage))


@jit
def sckpf(cpu, storage, insn):
    """SET CLOCK PROGRAMMABLE FIELD, E. PoP ch. 10 "SET CLOCK PROGRAMMABLE FIELD". cc unchanged."""
    if problem_state(cpu):
        return PRIVILEGED_OPERATION
    if on(cpu.gr[0], PROGRAMMABLE_ZERO):
        return SPECIFICATION
    cpu.tod_programmable = cpu.gr[0] & LOW16
    return 0


@jit
def timing_length(function):
    """Return the length in bytes of the parameter block of a timing-facility function, 0 if it is not available."""
    if function == QUERY_AVAILABLE:
        return AVAILABLE_BYTES
    if function == QUERY_OFFSET:
        return OFFSET_BYTES
    if function == QUERY_STEERING:
        return STEERING_BYTES
    return PHYSICAL_BYTES if function == QUERY_PHYSICAL else u64(0)


@jit
def ptff(cpu, storage, insn):
    """PERFORM TIMING FACILITY FUNCTION, E. PoP ch. 10 "PERFORM TIMING FACILITY FUNCTION". cc 0 performed, 3 the
    function is not available.

    The queries QAF, QTO, QSI and QPT are; a guest cannot steer the clock of the machine. The physical clock is the time
    since the start; it is the TOD clock of the machine, from which that of the CPU differs by its epoch difference.
    """
    if on(cpu.gr[0], TIMING_ZERO):
        return SPECIFICATION
    function = cpu.gr[0] & TIMING_FUNCTION
    if on(function, TIMING_CONTROL) and problem_state(cpu):
        return PRIVILEGED_OPERATION
    length = timing_length(function)
    if length == u64(0):
        cpu.cc = FUNCTION_NOT_AVAILABLE
        return 0
    designate(storage, u64(1))
    span, code = probe_store(cpu, storage, cpu.gr[1] & cpu.amode, length)
    if code != 0:
        return code
    for i in range(length):
        put_byte(span, u64(i), u64(0))
    if function == QUERY_AVAILABLE:
        put_doubleword(span, u64(0), AVAILABLE)
    else:
        put_doubleword(span, u64(0), tod(cpu, storage) - cpu.tod_epoch)
    if function == QUERY_OFFSET:
        put_doubleword(span, EPOCH_DIFFERENCE, cpu.tod_epoch)
    cpu.cc = PERFORMED
    return 0
