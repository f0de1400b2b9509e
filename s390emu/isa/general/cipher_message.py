"""The ciphers of the message-security assist, by AES: PoP ch. 7. Here is what they check; the host does the ciphering.

KM, KMC, KMCTR, KMF, KMO: from the second operand to the first, which is as long; KMAC: a chaining value of the second.
The parameter block has the chaining value, where there is one, and then the key. Of PCC the query is there.

With the modifier bit one, KM, KMC and KMF decipher; KMCTR and KMO do the same in both directions. Where operands
overlap destructively, or one of them the key or the chaining value, results are unpredictable: here a unit's operands
are fetched before any of it is stored.
"""

from __future__ import annotations

from s390emu._jit import jit, on, u64
from s390emu.architecture.bits import LOW8
from s390emu.architecture.interruptions import SPECIFICATION
from s390emu.isa.general.long_operands import ODD, length_mask, set_address, to_page_end
from s390emu.isa.general.message_security import (
    MODIFIER,
    PARAMETER_REGISTER,
    QUERY,
    ZERO,
    advance,
    check_operand,
    function_of,
    installed,
    no_operand,
    query,
    status_word,
    unit_of,
)
from s390emu.isa.operands import rre, rrf_b
from s390emu.records.exits import EXIT_HYPERCALL
from s390emu.storage.access import FETCH, STORE

AES_128, AES_192, AES_256 = 18, 19, 20  # function codes
STATUS, STATUS_QUERY = status_word(AES_128, AES_192, AES_256), status_word()
BLOCK = CHAINING = u64(16)  # bytes
KEY_UNIT, BEFORE_AES_128 = u64(8), u64(AES_128 - 2)  # a key's bytes, by the function code
FEEDBACK_SHIFT = u64(63 - 39)  # KMF: bytes of cipher feedback, in bits 32-39 of general register 0
NONE = u64(16)  # no register


@jit
def key_bytes(function):
    return (function - BEFORE_AES_128) * KEY_UNIT


@jit
def room_of(cpu, r1, r2, r3):
    """Return how many bytes lie before the nearest page boundary of any operand."""
    room = to_page_end(cpu.gr[r2])
    if r1 != NONE:
        room = min(room, to_page_end(cpu.gr[r1]))
    if r3 != NONE:
        room = min(room, to_page_end(cpu.gr[r3]))
    return room


@jit
def checked_operands(cpu, storage, r1, r2, r3, unit, chaining):
    """Return the code of the exception that the unit meets, or 0."""
    code = check_operand(cpu, storage, PARAMETER_REGISTER, chaining + key_bytes(function_of(cpu)), FETCH)
    if code == 0 and chaining != ZERO:
        code = check_operand(cpu, storage, PARAMETER_REGISTER, chaining, STORE)
    if code == 0:
        code = check_operand(cpu, storage, r2, unit, FETCH)
    if code == 0 and r3 != NONE:
        code = check_operand(cpu, storage, r3, unit, FETCH)
    if code == 0 and r1 != NONE:
        code = check_operand(cpu, storage, r1, unit, STORE)
    return code


@jit
def cipher(cpu, storage, insn, r1, r2, r3, chaining, block):
    """Check everything, and have the host cipher a unit; return a code. block: the length is a multiple of it."""
    function = function_of(cpu)
    if not installed(STATUS, function) or no_operand(r2) or (r1 != NONE and no_operand(r1)):
        return SPECIFICATION
    if r3 != NONE and no_operand(r3):
        return SPECIFICATION
    if function == QUERY:
        return query(cpu, storage, STATUS)
    length = cpu.gr[r2 + ODD] & length_mask(cpu)
    if block == ZERO or block > BLOCK or length % block != ZERO:
        return SPECIFICATION
    if length == ZERO:
        cpu.cc = 0
        return 0
    unit = unit_of(length, room_of(cpu, r1, r2, r3), block)
    code = checked_operands(cpu, storage, r1, r2, r3, unit, chaining)
    if code != 0:
        return code
    storage.value, storage.call_insn = unit, insn
    return EXIT_HYPERCALL


# --- for the host ----------------------------------------------------------------------------------------------------


def ciphered(cpu, storage, r1, r2, r3, unit):
    """Set addresses, length and condition code after a unit, in which R1 or R3 may be none or R2. Return 0."""
    if r3 != NONE and r3 != r2 and r3 != r1:
        set_address(cpu, r3, cpu.gr[r3] + unit)
    if r1 != NONE and r1 != r2:
        set_address(cpu, r1, cpu.gr[r1] + unit)
    advance(cpu, r2, unit)
    return 0


# --- instructions ----------------------------------------------------------------------------------------------------


@jit
def km(cpu, storage, insn):
    """CIPHER MESSAGE, RRE. PoP ch. 7 "CIPHER MESSAGE". cc 0 all, 3 not yet. Each block by itself (ECB)."""
    r1, r2 = rre(insn)
    return cipher(cpu, storage, insn, r1, r2, NONE, ZERO, BLOCK)


@jit
def kmc(cpu, storage, insn):
    """CIPHER MESSAGE WITH CHAINING, RRE. PoP ch. 7 "CIPHER MESSAGE WITH CHAINING". cc 0 all, 3 not yet. CBC."""
    r1, r2 = rre(insn)
    return cipher(cpu, storage, insn, r1, r2, NONE, CHAINING, BLOCK)


@jit
def kmac(cpu, storage, insn):
    """COMPUTE MESSAGE AUTHENTICATION CODE, RRE. PoP ch. 7 "COMPUTE MESSAGE AUTHENTICATION CODE". cc 0 all, 3 not yet.

    R1 is ignored. The chaining value is that of enciphering with chaining; there is no modifier."""
    _, r2 = rre(insn)
    if on(cpu.gr[0], MODIFIER):
        return SPECIFICATION
    return cipher(cpu, storage, insn, NONE, r2, NONE, CHAINING, BLOCK)


@jit
def kmctr(cpu, storage, insn):
    """CIPHER MESSAGE WITH COUNTER, RRF-b. PoP ch. 7 "CIPHER MESSAGE WITH COUNTER". cc 0 all, 3 not yet.

    The counters are the third operand, as long as the others."""
    r1, r2, r3 = rrf_b(insn)
    return cipher(cpu, storage, insn, r1, r2, r3, ZERO, BLOCK)


@jit
def kmf(cpu, storage, insn):
    """CIPHER MESSAGE WITH CIPHER FEEDBACK, RRE. PoP ch. 7 "CIPHER MESSAGE WITH CIPHER FEEDBACK". cc 0 all, 3 not yet.

    Bits 32-39 of general register 0 have the length of the cipher feedback, 1 to 16 bytes; the operand's is a multiple
    of it."""
    r1, r2 = rre(insn)
    return cipher(cpu, storage, insn, r1, r2, NONE, CHAINING, (cpu.gr[0] >> FEEDBACK_SHIFT) & LOW8)


@jit
def kmo(cpu, storage, insn):
    """CIPHER MESSAGE WITH OUTPUT FEEDBACK, RRE. PoP ch. 7 "CIPHER MESSAGE WITH OUTPUT FEEDBACK". cc 0 all, 3 not
    yet."""
    r1, r2 = rre(insn)
    return cipher(cpu, storage, insn, r1, r2, NONE, CHAINING, BLOCK)


@jit
def pcc(cpu, storage, insn):
    """PERFORM CRYPTOGRAPHIC COMPUTATION, RRE. PoP ch. 7 "PERFORM CRYPTOGRAPHIC COMPUTATION". cc 0. The query only."""
    if on(cpu.gr[0], MODIFIER) or not installed(STATUS_QUERY, function_of(cpu)):
        return SPECIFICATION
    return query(cpu, storage, STATUS_QUERY)
