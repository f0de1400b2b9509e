"""Tracing: PoP ch. 4 "Tracing", ch. 10 "TRACE". Control register 12 designates the next entry, by real address.

Only explicit tracing is there. Not implemented: branch, ASN and mode tracing; the controls of these have no effect.
"""

from __future__ import annotations

from s390emu._jit import i64, jit, on, store2, store4, store8, u64
from s390emu.architecture.bits import LOW16, bit, bits
from s390emu.architecture.interruptions import PRIVILEGED_OPERATION, SPECIFICATION, TRACE_TABLE
from s390emu.architecture.sizes import BLOCK_BYTES, OFFSET, WORD_OFFSET
from s390emu.cpu.clocks import tod
from s390emu.cpu.psw import problem_state
from s390emu.isa.control.registers import LAST_REGISTER, register_range
from s390emu.isa.operands import rs, rsy
from s390emu.storage.access import REAL, STORE, fetch_word, probe

ENTRY_ADDRESS, EXPLICIT = bits(2, 61), bit(63)  # of control register 12
NOT_TRACED = bit(32)  # of the second operand
# What an entry has before the registers: type and number of registers less one, the format in bit 8, the clock, the
# second operand. Its length is that before, and 4 or 8 bytes for each register.
TYPE, COUNT_SHIFT, OF_64_BITS = u64(7 << 12), u64(8), u64(0x80)
SHORT_HEAD, LONG_HEAD, SHORT_REGISTER, LONG_REGISTER = (u64(n) for n in (12, 16, 4, 8))
CLOCK, LONG_CLOCK_END, SHORT_OPERAND, LONG_OPERAND = (u64(n) for n in (2, 10, 8, 12))  # offsets
ALL_REGISTERS = u64(16)
CLOCK_END = u64(0)  # bits 64-79 of the clock, as STORE CLOCK EXTENDED has them


@jit
def entry_place(cpu, storage, length, longest):
    """Return (host address, code) of the entry to be made. Whatever its length, it has to be followed by something in
    its block if it were the longest."""
    address = cpu.cr[12] & ENTRY_ADDRESS
    if (address & OFFSET) + longest >= BLOCK_BYTES:
        return u64(0), TRACE_TABLE
    span, code = probe(cpu, storage, address, length, STORE + REAL, 0)
    return span.first, code


@jit
def traced(cpu, storage, second):
    """Return (second operand, whether an entry is to be made, code)."""
    if problem_state(cpu):
        return u64(0), False, PRIVILEGED_OPERATION
    if not on(cpu.cr[12], EXPLICIT):
        return u64(0), False, 0
    if on(second, WORD_OFFSET):
        return u64(0), False, SPECIFICATION
    operand, code = fetch_word(cpu, storage, second)
    return operand, code == 0 and not on(operand, NOT_TRACED), code


@jit
def advance(cpu, length):
    """Have the next entry follow this one."""
    cpu.cr[12] = (cpu.cr[12] & ~ENTRY_ADDRESS) | ((cpu.cr[12] & ENTRY_ADDRESS) + length)


@jit
def trace(cpu, storage, insn):
    """TRACE (32), RS-a. PoP ch. 10 "TRACE". cc unchanged. The entry has bits 16-63 of the TOD clock."""
    r1, r3, second = rs(cpu, insn)
    operand, wanted, code = traced(cpu, storage, second)
    if not wanted:
        return code
    count = register_range(r1, r3)
    length = SHORT_HEAD + count * SHORT_REGISTER
    host, code = entry_place(cpu, storage, length, SHORT_HEAD + ALL_REGISTERS * SHORT_REGISTER)
    if code != 0:
        return code
    store8(host, tod(cpu, storage) & ~(LOW16 << u64(48)))
    store2(host, TYPE | ((count - u64(1)) << COUNT_SHIFT))
    store4(host + SHORT_OPERAND, operand)
    for i in range(i64(count)):
        store4(host + SHORT_HEAD + u64(i) * SHORT_REGISTER, cpu.gr[(r1 + u64(i)) & LAST_REGISTER])
    advance(cpu, length)
    return 0


@jit
def tracg(cpu, storage, insn):
    """TRACE (64), RSY-a. PoP ch. 10 "TRACE". cc unchanged. The entry has bits 0-79 of the TOD clock."""
    r1, r3, second = rsy(cpu, insn)
    operand, wanted, code = traced(cpu, storage, second)
    if not wanted:
        return code
    count = register_range(r1, r3)
    length = LONG_HEAD + count * LONG_REGISTER
    host, code = entry_place(cpu, storage, length, LONG_HEAD + ALL_REGISTERS * LONG_REGISTER)
    if code != 0:
        return code
    store2(host, TYPE | ((count - u64(1)) << COUNT_SHIFT) | OF_64_BITS)
    store8(host + CLOCK, tod(cpu, storage))
    store2(host + LONG_CLOCK_END, CLOCK_END)
    store4(host + LONG_OPERAND, operand)
    for i in range(i64(count)):
        store8(host + LONG_HEAD + u64(i) * LONG_REGISTER, cpu.gr[(r1 + u64(i)) & LAST_REGISTER])
    advance(cpu, length)
    return 0
