"""What the instructions of the message-security assist have in common: PoP ch. 7.

General register 0 has a function code, general register 1 the address of the parameter block; function 0 is the query,
which stores a bit for each function that is there. Whatever is not, is no bit and a specification exception.

Exceptions, in order: specification, by function code or register numbers; specification, by the length; then access. An
operand of length zero is not accessed, nor is the parameter block. A unit of operation ends at a page boundary; what is
left then, condition code 3 tells.
"""

from __future__ import annotations

from s390emu._jit import jit, on, u64
from s390emu.architecture.bits import bit, bits
from s390emu.isa.general.long_operands import CPU_DETERMINED, ODD, length_mask, odd, set_address
from s390emu.storage.access import CHECK, probe, probe_store, psw_key, put_doubleword
from s390emu.storage.access_registers import designate

ZERO, ONE = u64(0), u64(1)
FUNCTION_CODE, MODIFIER = bits(57, 63), bits(56, 56)
QUERY = u64(0)
PARAMETER_REGISTER = u64(1)
STATUS_BYTES, STATUS_SECOND = u64(16), u64(8)  # the query's status word, and where its second doubleword stands
WITHIN_DOUBLEWORD, DOUBLEWORD_BITS, LEFTMOST = u64(63), u64(64), bit(0)
UNIT_BYTES = u64(2048)  # an operand that is no longer is done in one unit, wherever it is


def status_word(*functions: int) -> tuple[u64, u64]:
    """Return what a query stores if, beside itself, these functions are there."""
    return tuple(u64(sum(1 << 63 - n % 64 for n in (0, *functions) if n // 64 == half)) for half in (0, 1))


@jit
def function_of(cpu):
    return cpu.gr[0] & FUNCTION_CODE


@jit
def installed(status, function):
    """True if the function's bit is a one."""
    half = status[0] if function < DOUBLEWORD_BITS else status[1]
    return on(half << (function & WITHIN_DOUBLEWORD), LEFTMOST)


@jit
def no_operand(r):
    """True if the field designates no register that may have an operand's address: odd, or general register 0."""
    return odd(r) or r == ZERO


@jit
def query(cpu, storage, status):
    """Perform the query function: store the status word; return a code. cc 0."""
    designate(storage, PARAMETER_REGISTER)
    span, code = probe_store(cpu, storage, cpu.gr[1] & cpu.amode, STATUS_BYTES)
    if code != 0:
        return code
    put_doubleword(span, ZERO, status[0])
    put_doubleword(span, STATUS_SECOND, status[1])
    cpu.cc = 0
    return 0


@jit
def check_operand(cpu, storage, register, length, kind):
    """Return the code of the exception that an access to the operand whose address is in a register would meet, or 0.
    length: 1 to 4096 bytes."""
    designate(storage, register)
    _, code = probe(cpu, storage, cpu.gr[register] & cpu.amode, length, kind + CHECK, psw_key(cpu))
    return code


@jit
def locate(cpu, storage, register, length, kind):
    """Access an operand that has been checked, and leave its Span in storage; return a code."""
    designate(storage, register)
    _, code = probe(cpu, storage, cpu.gr[register] & cpu.amode, length, kind, psw_key(cpu))
    return code


@jit
def unit_of(length, room, block):
    """Return how many bytes are done in one unit: all if they are few; else whole blocks, at least one. room: bytes to
    the nearest page boundary of any operand."""
    if length <= UNIT_BYTES or length <= room:
        return length
    return max(room - room % block, block)


@jit
def advance(cpu, r, done):
    """Set address and length of the operand in R and R + 1 to what is left, and the condition code by that."""
    lengths = length_mask(cpu)
    left = (cpu.gr[r + ODD] & lengths) - done
    set_address(cpu, r, cpu.gr[r] + done)
    cpu.gr[r + ODD] = (cpu.gr[r + ODD] & ~lengths) | left
    cpu.cc = CPU_DETERMINED if left != ZERO else 0
