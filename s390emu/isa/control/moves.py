"""Moves between address spaces and with another key than the PSW's: PoP ch. 10.

An operand is accessed as if key and address-space control of the PSW were those that apply to it, so the TLB serves it
like any other.
"""

from __future__ import annotations

from s390emu._jit import jit, on, u64
from s390emu.architecture.bits import LOW8, LOW16, bit
from s390emu.architecture.interruptions import PRIVILEGED_OPERATION, SPECIAL_OPERATION
from s390emu.architecture.psw_bits import (
    ACCESS_REGISTER,
    AS,
    AS_SHIFT,
    DAT,
    HOME,
    KEY,
    KEY_SHIFT,
    LOW2,
    PRIMARY,
    SECONDARY,
)
from s390emu.architecture.sizes import BLOCK_BYTES
from s390emu.cpu.psw import context_of, key_permitted, problem_state
from s390emu.isa.general.long_operands import length_mask
from s390emu.isa.general.storage_to_storage import move
from s390emu.isa.operands import LOW4, based, based_second, r8, r12
from s390emu.records.port import BASE_FIRST, BASE_SECOND
from s390emu.storage.access import Span, probe_fetch, probe_store, span_address
from s390emu.storage.access_registers import designate

ZERO, ONE = u64(0), u64(1)
SECONDARY_SPACE_CONTROL = bit(37)  # control register 0
KEY_IN_REGISTER_SHIFT = u64(63 - 59)  # bits 56-59
MOST_BY_KEY = u64(256)  # bytes
MOST_OPTIONAL = BLOCK_BYTES
# an operand-access control (OAC) of 16 bits: key, address space, and which of these is valid
OAC_KEY_SHIFT, OAC_SPACE_SHIFT = u64(15 - 3), u64(15 - 9)
OAC_KEY_VALID, OAC_SPACE_VALID = u64(2), u64(1)
FIRST_OAC_SHIFT = u64(63 - 47)
ALL_MOVED, PART_MOVED = 0, 3


@jit
def probe_as(cpu, storage, mask, address, length, is_store):
    """Probe an operand with the key and the address space of these PSW bits 0-63; return (Span, code)."""
    own, own_context = cpu.psw_mask, storage.context
    cpu.psw_mask, storage.context = mask, context_of(cpu, storage, mask)
    if is_store:
        span, code = probe_store(cpu, storage, address, length)
    else:
        span, code = probe_fetch(cpu, storage, address, length)
    cpu.psw_mask, storage.context = own, own_context
    return span, code


@jit
def unbroken(span, done, length):
    """Return how many bytes of the operand, of `length` bytes, follow its first `done` in the same page."""
    return (span.length if done < span.length else length) - done


@jit
def move_as(cpu, storage, first, second, length, first_mask, second_mask):
    """Move 1 to 4096 bytes, the operands being accessed with the key and space of these PSW bits; return a code."""
    designate(storage, BASE_SECOND)
    source, code = probe_as(cpu, storage, second_mask, second, length, False)
    if code != 0:
        return code
    designate(storage, BASE_FIRST)
    target, code = probe_as(cpu, storage, first_mask, first, length, True)
    if code != 0:
        return code
    done = ZERO
    while done < length:
        part = min(unbroken(target, done, length), unbroken(source, done, length))
        move(Span(span_address(target, done), part, ZERO), Span(span_address(source, done), part, ZERO), part)
        done += part
    return 0


@jit
def with_key(mask, key):
    """Return PSW bits 0-63 with this key."""
    return (mask & ~KEY) | (key << KEY_SHIFT)


@jit
def in_space(mask, space):
    """Return PSW bits 0-63 with this address-space control."""
    return (mask & ~AS) | space


@jit
def key_in(register):
    """Return the access key in bits 56-59."""
    return (register >> KEY_IN_REGISTER_SHIFT) & LOW4


@jit
def true_length(cpu, r):
    """Return the length in a general register: of 64 bits in the 64-bit addressing mode, else of 32."""
    return cpu.gr[r] & length_mask(cpu)


@jit
def move_most(cpu, storage, first, second, length, most, first_mask, second_mask):
    """Move `length` bytes, but at most `most`, as `move_as`, and set cc: 0 all, 3 only some of them; return a code."""
    if length != ZERO:
        code = move_as(cpu, storage, first, second, min(length, most), first_mask, second_mask)
        if code != 0:
            return code
    cpu.cc = ALL_MOVED if length <= most else PART_MOVED
    return 0


@jit
def between_spaces(cpu, storage, insn, to_primary):
    """Move between the secondary space, with the key in R3, and the primary one, with the PSW key; return a code."""
    space = cpu.psw_mask & AS
    if not on(cpu.psw_mask, DAT) or not on(cpu.cr[0], SECONDARY_SPACE_CONTROL):
        return SPECIAL_OPERATION
    if space == ACCESS_REGISTER or space == HOME:
        return SPECIAL_OPERATION
    key = key_in(cpu.gr[r12(insn)])
    if not key_permitted(cpu, key):
        return PRIVILEGED_OPERATION
    primary = in_space(cpu.psw_mask, PRIMARY)
    secondary = with_key(in_space(cpu.psw_mask, SECONDARY), key)
    first_mask, second_mask = (primary, secondary) if to_primary else (secondary, primary)
    first, second, length = based(cpu, insn), based_second(cpu, insn), true_length(cpu, r8(insn))
    return move_most(cpu, storage, first, second, length, MOST_BY_KEY, first_mask, second_mask)


@jit
def mvcp(cpu, storage, insn):
    """MOVE TO PRIMARY, SS-d. PoP ch. 10 "MOVE TO PRIMARY". cc 0, or 3: more than 256 bytes, of which 256 are moved."""
    return between_spaces(cpu, storage, insn, True)


@jit
def mvcs(cpu, storage, insn):
    """MOVE TO SECONDARY, SS-d. PoP ch. 10 "MOVE TO SECONDARY". cc 0, or 3: more than 256 bytes, of which 256 are
    moved."""
    return between_spaces(cpu, storage, insn, False)


@jit
def mvck(cpu, storage, insn):
    """MOVE WITH KEY, SS-d. PoP ch. 10 "MOVE WITH KEY". cc 0, or 3: more than 256 bytes, of which 256 are moved.

    The key in R3 is that of the second operand, the source.
    """
    key = key_in(cpu.gr[r12(insn)])
    if not key_permitted(cpu, key):
        return PRIVILEGED_OPERATION
    first, second, length = based(cpu, insn), based_second(cpu, insn), true_length(cpu, r8(insn))
    source_mask = with_key(cpu.psw_mask, key)
    return move_most(cpu, storage, first, second, length, MOST_BY_KEY, cpu.psw_mask, source_mask)


@jit
def mvcsk(cpu, storage, insn):
    """MOVE WITH SOURCE KEY, SSE. PoP ch. 10 "MOVE WITH SOURCE KEY". cc unchanged.

    The length is one more than bits 56-63 of general register 0; the key is in general register 1.
    """
    key = key_in(cpu.gr[1])
    if not key_permitted(cpu, key):
        return PRIVILEGED_OPERATION
    first, second, length = based(cpu, insn), based_second(cpu, insn), (cpu.gr[0] & LOW8) + ONE
    return move_as(cpu, storage, first, second, length, cpu.psw_mask, with_key(cpu.psw_mask, key))


@jit
def mvcdk(cpu, storage, insn):
    """MOVE WITH DESTINATION KEY, SSE. PoP ch. 10 "MOVE WITH DESTINATION KEY". cc unchanged. As MVCSK, but the key is
    that of the first operand."""
    key = key_in(cpu.gr[1])
    if not key_permitted(cpu, key):
        return PRIVILEGED_OPERATION
    first, second, length = based(cpu, insn), based_second(cpu, insn), (cpu.gr[0] & LOW8) + ONE
    return move_as(cpu, storage, first, second, length, with_key(cpu.psw_mask, key), cpu.psw_mask)


@jit
def oac_mask(cpu, oac):
    """Return PSW bits 0-63 for the accesses to an operand: the current ones, but for what its access control
    specifies."""
    mask = cpu.psw_mask
    if on(oac, OAC_KEY_VALID):
        mask = with_key(mask, (oac >> OAC_KEY_SHIFT) & LOW4)
    if on(oac, OAC_SPACE_VALID):
        mask = in_space(mask, ((oac >> OAC_SPACE_SHIFT) & LOW2) << AS_SHIFT)
    return mask


@jit
def oac_key_permitted(cpu, oac):
    """True if the program may use the key that an operand-access control specifies, if it does."""
    return not on(oac, OAC_KEY_VALID) or key_permitted(cpu, (oac >> OAC_KEY_SHIFT) & LOW4)


@jit
def mvcos(cpu, storage, insn):
    """MOVE WITH OPTIONAL SPECIFICATIONS, SSF. PoP ch. 10 "MOVE WITH OPTIONAL SPECIFICATIONS". cc 0, or 3: more than
    4096 bytes, of which 4096 are moved.

    General register 0 has the operand-access controls of the first operand (bits 32-47) and of the second (48-63). In
    the problem state the first one must not specify the home space.
    """
    first_oac, second_oac = (cpu.gr[0] >> FIRST_OAC_SHIFT) & LOW16, cpu.gr[0] & LOW16
    first_mask, second_mask = oac_mask(cpu, first_oac), oac_mask(cpu, second_oac)
    first_space, second_space = first_mask & AS, second_mask & AS
    if not on(cpu.psw_mask, DAT):
        return SPECIAL_OPERATION
    if not on(cpu.cr[0], SECONDARY_SPACE_CONTROL) and (first_space == SECONDARY or second_space == SECONDARY):
        return SPECIAL_OPERATION
    if problem_state(cpu) and on(first_oac, OAC_SPACE_VALID) and first_space == HOME:
        return SPECIAL_OPERATION
    if not oac_key_permitted(cpu, first_oac) or not oac_key_permitted(cpu, second_oac):
        return PRIVILEGED_OPERATION
    length = true_length(cpu, r8(insn))
    storage.decoded_insn = insn  # for access registers, in other modes too
    first, second = based(cpu, insn), based_second(cpu, insn)
    return move_most(cpu, storage, first, second, length, MOST_OPTIONAL, first_mask, second_mask)
