"""COMPUTE INTERMEDIATE MESSAGE DIGEST and COMPUTE LAST MESSAGE DIGEST: PoP ch. 7. SHA-1, SHA-256, SHA-512.

The parameter block has the chaining value; for the last digest, then the length of the message in bits.
"""

from __future__ import annotations

from s390emu._jit import jit, on, u64
from s390emu.architecture.bits import LOW32
from s390emu.architecture.interruptions import SPECIFICATION
from s390emu.architecture.sizes import BYTE_BITS, DOUBLEWORD_BYTES, WORD_BITS, WORD_BYTES
from s390emu.isa.general.long_operands import ODD, length_mask, to_page_end
from s390emu.isa.general.message_security import (
    MODIFIER,
    ONE,
    PARAMETER_REGISTER,
    QUERY,
    ZERO,
    advance,
    function_of,
    installed,
    no_operand,
    query,
    status_word,
    unit_of,
)
from s390emu.isa.general.secure_hash import sha1, sha256, sha512
from s390emu.isa.operands import rre
from s390emu.storage.access import (
    Span,
    get_byte,
    get_doubleword,
    get_word,
    probe_fetch,
    probe_store,
    put_doubleword,
    put_word,
)
from s390emu.storage.access_registers import designate

SHA1, SHA256, SHA512 = u64(1), u64(2), u64(3)  # function codes
STATUS = status_word(1, 2, 3)
BLOCK_WORDS, CHAINING_WORDS, CHAINING_WORDS_SHA1 = u64(16), u64(8), u64(5)
END_MARK = u64(0x80)  # the byte that ends a message
LENGTH_WORDS = u64(2)  # at the end of a message's last block: how many bits it has
NOWHERE = Span(u64(0), u64(0), u64(0))  # an operand of length zero


@jit
def word_bytes(function):
    return DOUBLEWORD_BYTES if function == SHA512 else WORD_BYTES


@jit
def chaining_bytes(function):
    return (CHAINING_WORDS_SHA1 if function == SHA1 else CHAINING_WORDS) * word_bytes(function)


@jit
def word_at(span, i, size):
    return get_doubleword(span, i) if size == DOUBLEWORD_BYTES else get_word(span, i)


@jit
def message_word(span, number, size, left, last, high, low):
    """Return a word of the message with its padding.

    left: bytes of the message at span; last: number of the last word of all, if they end there, with `high` and `low`
    as the last two words."""
    first = number * size
    if first + size <= left:
        return word_at(span, first, size)
    if number == last:
        return low
    if number == last - ONE:
        return high
    value = ZERO
    for i in range(first, first + size):
        byte = get_byte(span, u64(i)) if u64(i) < left else END_MARK if u64(i) == left else ZERO
        value = (value << BYTE_BITS) | byte
    return value


@jit
def compressed(state, span, first, function, left, last, high, low):
    """Return the chaining value after the block that begins at word `first` of the message."""
    size = word_bytes(function)
    words = (
        message_word(span, first, size, left, last, high, low),
        message_word(span, first + u64(1), size, left, last, high, low),
        message_word(span, first + u64(2), size, left, last, high, low),
        message_word(span, first + u64(3), size, left, last, high, low),
        message_word(span, first + u64(4), size, left, last, high, low),
        message_word(span, first + u64(5), size, left, last, high, low),
        message_word(span, first + u64(6), size, left, last, high, low),
        message_word(span, first + u64(7), size, left, last, high, low),
        message_word(span, first + u64(8), size, left, last, high, low),
        message_word(span, first + u64(9), size, left, last, high, low),
        message_word(span, first + u64(10), size, left, last, high, low),
        message_word(span, first + u64(11), size, left, last, high, low),
        message_word(span, first + u64(12), size, left, last, high, low),
        message_word(span, first + u64(13), size, left, last, high, low),
        message_word(span, first + u64(14), size, left, last, high, low),
        message_word(span, first + u64(15), size, left, last, high, low),
    )
    if function == SHA1:
        return sha1(state, words)
    if function == SHA256:
        return sha256(state, words)
    return sha512(state, words)


@jit
def chaining_value(span, function):
    """Return the eight words of a chaining value; SHA-1 has no last three."""
    size = word_bytes(function)
    last = (ZERO, ZERO, ZERO)
    if function != SHA1:
        last = (word_at(span, u64(5) * size, size), word_at(span, u64(6) * size, size),
                word_at(span, u64(7) * size, size))  # fmt: skip
    return (
        word_at(span, ZERO, size),
        word_at(span, size, size),
        word_at(span, u64(2) * size, size),
        word_at(span, u64(3) * size, size),
        word_at(span, u64(4) * size, size),
        last[0],
        last[1],
        last[2],
    )


@jit
def put_chaining_value(span, state, function):
    size, end = word_bytes(function), chaining_bytes(function)
    for word in state:
        if size == DOUBLEWORD_BYTES:
            put_doubleword(span, chaining_bytes(function) - end, word)
        elif end != ZERO:
            put_word(span, chaining_bytes(function) - end, word)
        end -= size if end != ZERO else ZERO


@jit
def bit_length(span, function):
    """Return the two words of the message's length in bits, which follows the chaining value in the parameter block."""
    length = get_doubleword(span, chaining_bytes(function))
    if function == SHA512:
        return length, get_doubleword(span, chaining_bytes(function) + DOUBLEWORD_BYTES)
    return length >> WORD_BITS, length & LOW32


@jit
def digest(cpu, storage, insn, is_last):
    """Digest a unit of the second operand, and what pads it if it is the last of a message; return a code."""
    _, r2 = rre(insn)
    function = function_of(cpu)
    if on(cpu.gr[0], MODIFIER) or no_operand(r2) or not installed(STATUS, function):
        return SPECIFICATION
    if function == QUERY:
        return query(cpu, storage, STATUS)
    size = word_bytes(function)
    block = BLOCK_WORDS * size
    address, length = cpu.gr[r2] & cpu.amode, cpu.gr[r2 + ODD] & length_mask(cpu)
    if not is_last and on(length, block - ONE):
        return SPECIFICATION
    if not is_last and length == ZERO:
        cpu.cc = 0
        return 0
    unit = unit_of(length, to_page_end(address), block)
    source, high, low, code = NOWHERE, ZERO, ZERO, 0
    if unit != ZERO:
        designate(storage, r2)
        source, code = probe_fetch(cpu, storage, address, unit)
    if code == 0 and is_last:
        designate(storage, PARAMETER_REGISTER)
        whole = chaining_bytes(function) + LENGTH_WORDS * size
        parameter, code = probe_fetch(cpu, storage, cpu.gr[1] & cpu.amode, whole)
        if code == 0:
            high, low = bit_length(parameter, function)
    if code != 0:
        return code
    designate(storage, PARAMETER_REGISTER)
    parameter, code = probe_store(cpu, storage, cpu.gr[1] & cpu.amode, chaining_bytes(function))
    if code != 0:
        return code
    blocks, last = unit // block, ZERO
    if is_last and unit == length:
        blocks = (unit + LENGTH_WORDS * size) // block + ONE
        last = blocks * BLOCK_WORDS - ONE
    state = chaining_value(parameter, function)
    for n in range(blocks):
        state = compressed(state, source, u64(n) * BLOCK_WORDS, function, unit, last, high, low)
    put_chaining_value(parameter, state, function)
    cpu.cc = 0
    if unit != ZERO:
        advance(cpu, r2, unit)
    return 0


@jit
def kimd(cpu, storage, insn):
    """COMPUTE INTERMEDIATE MESSAGE DIGEST, RRE. PoP ch. 7 "COMPUTE INTERMEDIATE MESSAGE DIGEST". cc 0 all, 3 not yet.
    R1 is ignored. The length is a multiple of a block's."""
    return digest(cpu, storage, insn, False)


@jit
def klmd(cpu, storage, insn):
    """COMPUTE LAST MESSAGE DIGEST, RRE. PoP ch. 7 "COMPUTE LAST MESSAGE DIGEST". cc 0 all, 3 not yet. R1 is ignored.
    What is left of a message, even nothing, is padded and digested."""
    return digest(cpu, storage, insn, True)
