"""TOD clock, clock comparator, CPU timer: PoP ch. 4 "Timing". Time is the instruction count, never the host's clock.

One instruction is one nanosecond; bit 51 of the TOD clock is one microsecond, so a nanosecond is 4.096 units. Time
passes without instructions in the wait state (`idle`), and while the host keeps the guest waiting (`stolen`): the CPU
timer, which measures what the guest itself uses, does not see the latter.
"""

from __future__ import annotations

from s390emu._jit import jit, on, u64
from s390emu.architecture.bits import bit
from s390emu.architecture.psw_bits import EXTERNAL, WAIT
from s390emu.architecture.tod_clock import MICROSECOND
from s390emu.records.cpu import STOPPED_STATE

UNITS, NANOSECONDS = u64(MICROSECOND), u64(1000)  # so many units are as many nanoseconds
CLOCK_COMPARATOR_MASK, CPU_TIMER_MASK = bit(52), bit(53)  # control register 0
SIGN = bit(0)
LONG = bit(1)  # units: 36 years
NEVER = bit(0)  # more instructions than will ever be executed


@jit
def used(storage):
    """Return the nanoseconds that were the guest's own."""
    return storage.count + storage.idle


@jit
def elapsed(storage):
    """Return the nanoseconds since instruction 0."""
    return used(storage) + storage.stolen


@jit
def let_time_pass(cpu, port, until):
    """Let the time pass on a CPU that executes nothing, in the state that it has had until now. Its CPU timer sees the
    wait state, but neither the stopped state nor the turns of others."""
    passed = until - elapsed(port)
    if on(cpu.psw_mask, WAIT) and cpu.stopped != STOPPED_STATE:
        port.idle += passed
    else:
        port.stolen += passed


@jit
def clock_after(cpu, nanoseconds):
    """Return the TOD clock so many nanoseconds after instruction 0."""
    return cpu.tod_epoch + nanoseconds // NANOSECONDS * UNITS + nanoseconds % NANOSECONDS * UNITS // NANOSECONDS


@jit
def tod(cpu, storage):
    return clock_after(cpu, elapsed(storage))


@jit
def set_cpu_timer(cpu, storage, value):
    cpu.timer_zero = clock_after(cpu, used(storage)) + value


@jit
def cpu_timer(cpu, storage):
    return cpu.timer_zero - clock_after(cpu, used(storage))


@jit
def clock_comparator_pending(cpu, storage):
    return tod(cpu, storage) > cpu.clock_comparator


@jit
def cpu_timer_pending(cpu, storage):
    return on(cpu_timer(cpu, storage), SIGN)


@jit
def elapsed_for(units):
    """Return the smallest elapsed time at which the TOD clock has gained at least so many units.

    It has to be exact, or stepping and running would take the interruption at different instructions."""
    return units // UNITS * NANOSECONDS + (units % UNITS * NANOSECONDS + UNITS - u64(1)) // UNITS


@jit
def instructions_until(cpu, now, clock):
    """Return the number of instructions from now (nanoseconds after instruction 0) until a clock exceeds `clock`, which
    it does not yet; fewer if that is decades away.

    It counts from the last whole microsecond, since a count from instruction 0 may need more than 64 bits."""
    since = now % NANOSECONDS
    gain = min(clock + u64(1) - clock_after(cpu, now), LONG)
    return elapsed_for(since * UNITS // NANOSECONDS + gain) - since


@jit
def next_timer_event(cpu, storage):
    """Return the number of instructions from now until a clock for which the CPU is enabled interrupts; NEVER if none
    does."""
    event = NEVER
    if not on(cpu.psw_mask, EXTERNAL):
        return event
    reachable = cpu.clock_comparator != ~u64(0)
    if on(cpu.cr[0], CLOCK_COMPARATOR_MASK) and reachable and not clock_comparator_pending(cpu, storage):
        event = min(event, instructions_until(cpu, elapsed(storage), cpu.clock_comparator))
    if on(cpu.cr[0], CPU_TIMER_MASK) and not cpu_timer_pending(cpu, storage):
        event = min(event, instructions_until(cpu, used(storage), cpu.timer_zero))
    return event
