"""The linkage stack, and the instructions that only use it: PoP ch. 5 "Linkage-Stack Operations", ch. 10.

Control register 15 designates the entry descriptor of the current entry, in the home space; an entry ends with it. A
section begins with a header entry and ends with a trailer entry. Addresses have 64 bits whatever the addressing mode,
and key-controlled protection does not apply. PROGRAM CALL and PROGRAM RETURN, which use the stack too, are in
`program_linkage`.
"""

from __future__ import annotations

from s390emu._jit import i64, jit, on, u64
from s390emu.architecture.bits import LOW8, LOW16, LOW32, bit, bits
from s390emu.architecture.interruptions import (
    SPECIAL_OPERATION,
    SPECIFICATION,
    STACK_EMPTY,
    STACK_FULL,
    STACK_OPERATION,
    STACK_SPECIFICATION,
    STACK_TYPE,
)
from s390emu.architecture.psw_bits import (
    ACCESS_REGISTER,
    AS,
    BA,
    DAT,
    EA,
    HOME,
    MODE24,
    MODE31,
    MODE64,
    PRIMARY,
    SECONDARY,
    SHORT_INVERTED,
    SHORT_MASK,
)
from s390emu.architecture.sizes import DOUBLEWORD_BYTES, WORD_BITS
from s390emu.cpu.psw import context_of, psw_mask_word
from s390emu.isa.control.moves import in_space, with_key
from s390emu.isa.control.registers import LAST_REGISTER, register_range
from s390emu.isa.general.branch import branch_to
from s390emu.isa.operands import rre
from s390emu.isa.registers import low, set_low
from s390emu.storage.access import (
    CHECK,
    FETCH,
    STORE,
    Span,
    get_doubleword,
    get_word,
    probe,
    put_doubleword,
    put_word,
)

ZERO, ONE = u64(0), u64(1)
ENTRY_ADDRESS = bits(0, 60)  # of control register 15, and in header and trailer entries
VALID = bit(63)  # of the backward stack-entry address in a header, of the forward-section-header address in a trailer
# Entry descriptor: unstack suppression, entry type, section identification, remaining free space, next-entry size.
SUPPRESSED, TYPE_SHIFT, TYPE = bit(0), u64(63 - 7), u64(0x7F)
SECTION = bits(8, 15)
FREE_SHIFT, IN_DOUBLEWORD = u64(63 - 31), u64(7)
NEXT_SIZE = u64(4)  # offset in an entry descriptor, of a halfword
HEADER, BRANCH_ENTRY, CALL_ENTRY = u64(0x09), u64(0x0C), u64(0x0D)
# State entry: offsets.
GENERAL_REGISTERS, AUTHORITIES, PSW, CALLED, MODIFIABLE, PSW_ADDRESS, ACCESS_REGISTERS, DESCRIPTOR = (
    u64(n) for n in (0, 128, 136, 144, 152, 168, 224, 288)
)
ENTRY_BYTES = u64(296)
ALIKE_ZEROS = (u64(160), u64(176), u64(184), u64(192), u64(200), u64(208), u64(216))  # doublewords
FROM_SHORT_PSW, FROM_PSW = u64(1), u64(4)  # extraction codes
STATE_OFFSETS = (AUTHORITIES, PSW, CALLED, MODIFIABLE, PSW)  # by extraction code
BEYOND_31 = bits(0, 32)
RETURN_MODE_64 = bit(63)  # of R1 of BRANCH AND STACK
OF_BRANCH, OF_CALL = 0, 1


@jit
def stack_access(cpu, storage, address, length, kind):
    """Check and touch part of the linkage stack; return (Span, code)."""
    own, own_mode, own_context = cpu.psw_mask, cpu.amode, storage.context
    cpu.psw_mask, cpu.amode = in_space(with_key(own, ZERO), HOME), MODE64
    storage.context = context_of(cpu, storage, cpu.psw_mask)
    span, code = probe(cpu, storage, address, length, kind, 0)
    cpu.psw_mask, cpu.amode, storage.context = own, own_mode, own_context
    return span, code


@jit
def stack_doubleword(cpu, storage, address):
    """Fetch a doubleword of the linkage stack; return (doubleword, code)."""
    span, code = stack_access(cpu, storage, address, DOUBLEWORD_BYTES, FETCH)
    return get_doubleword(span, ZERO) if code == 0 else ZERO, code


@jit
def free_space(descriptor):
    """Return the remaining free space of an entry descriptor, in bytes."""
    return (descriptor >> FREE_SHIFT) & LOW16


@jit
def entry_type(descriptor):
    return (descriptor >> TYPE_SHIFT) & TYPE


# --- the stacking process ---------------------------------------------------------------------------------------------


@jit
def preceding_entry(cpu, storage):
    """Return (address, descriptor, code) of the entry after which a state entry is to be formed: the current one, or if
    that has not room enough the header entry of the next section. PoP ch. 5 "Stacking Process"."""
    current = cpu.cr[15] & ENTRY_ADDRESS
    descriptor, code = stack_doubleword(cpu, storage, current)
    if code != 0:
        return ZERO, ZERO, code
    free = free_space(descriptor)
    if on(free, IN_DOUBLEWORD):
        return ZERO, ZERO, STACK_SPECIFICATION
    if free >= ENTRY_BYTES:
        return current, descriptor, 0
    trailer, code = stack_doubleword(cpu, storage, current + DOUBLEWORD_BYTES + free)
    if code != 0:
        return ZERO, ZERO, code
    if not on(trailer, VALID):
        return ZERO, ZERO, STACK_FULL
    header = trailer & ENTRY_ADDRESS
    descriptor, code = stack_doubleword(cpu, storage, header)
    if code != 0:
        return ZERO, ZERO, code
    free = free_space(descriptor)
    if on(free, IN_DOUBLEWORD) or free < ENTRY_BYTES:
        return ZERO, ZERO, STACK_SPECIFICATION
    return header, descriptor, 0


@jit
def form_state_entry(cpu, storage, kind, mask, address, called):
    """Form a state entry of this type and make it the current one; return a code, with nothing changed unless it is 0.

    mask, address: the PSW to be kept. called: the doubleword about what is called. What else the entry has is the
    present contents of registers."""
    preceding, descriptor, code = preceding_entry(cpu, storage)
    if code != 0:
        return code
    current = cpu.cr[15] & ENTRY_ADDRESS
    if preceding != current:
        _, code = stack_access(cpu, storage, preceding - DOUBLEWORD_BYTES, DOUBLEWORD_BYTES, STORE + CHECK)
        if code != 0:
            return code
    span, code = stack_access(cpu, storage, preceding + NEXT_SIZE, NEXT_SIZE + ENTRY_BYTES, STORE)
    if code != 0:
        return code
    if preceding != current:
        backward, _ = stack_access(cpu, storage, preceding - DOUBLEWORD_BYTES, DOUBLEWORD_BYTES, STORE)
        put_doubleword(backward, ZERO, current | VALID)
    put_word(span, ZERO, (ENTRY_BYTES << u64(16)) | (descriptor & LOW16))
    fill_state_entry(cpu, span, mask, address, called)
    size_left = free_space(descriptor) - ENTRY_BYTES
    put_doubleword(
        span, NEXT_SIZE + DESCRIPTOR, (kind << TYPE_SHIFT) | (descriptor & SECTION) | (size_left << FREE_SHIFT)
    )
    cpu.cr[15] = (cpu.cr[15] & ~ENTRY_ADDRESS) | (preceding + ENTRY_BYTES)
    return 0


@jit
def fill_state_entry(cpu, span, mask, address, called):
    """Store a state entry but for its descriptor, which begins in the span after the size of the next entry."""
    start = NEXT_SIZE
    for n in range(16):
        put_doubleword(span, start + GENERAL_REGISTERS + u64(8 * n), cpu.gr[n])
        put_word(span, start + ACCESS_REGISTERS + u64(4 * n), cpu.ar[n])
    put_word(span, start + AUTHORITIES, cpu.cr[3])  # the PSW-key mask and the secondary ASN
    put_word(span, start + AUTHORITIES + u64(4), (cpu.cr[8] & (LOW16 << u64(16))) | (cpu.cr[4] & LOW16))
    put_doubleword(span, start + PSW, mask)
    put_doubleword(span, start + CALLED, called)
    put_doubleword(span, start + MODIFIABLE, ZERO)
    put_doubleword(span, start + PSW_ADDRESS, address)
    for offset in ALIKE_ZEROS:
        put_doubleword(span, start + offset, ZERO)


@jit
def in_mode(cpu, first, second):
    """True if DAT is on and the address-space control is one of these."""
    space = cpu.psw_mask & AS
    return on(cpu.psw_mask, DAT) and (space == first or space == second)


@jit
def bakr(cpu, storage, insn):
    """BRANCH AND STACK, RRE. PoP ch. 10 "BRANCH AND STACK". cc unchanged. R1 zero: the return address is that of the
    next instruction, in the present mode; R2 zero: no branch."""
    if not in_mode(cpu, PRIMARY, ACCESS_REGISTER):
        return SPECIAL_OPERATION
    r1, r2 = rre(insn)
    mask, back = psw_mask_word(cpu), cpu.psw_ia
    target = cpu.gr[r2] & cpu.amode if r2 != ZERO else cpu.psw_ia
    if r1 != ZERO:
        back, mask = cpu.gr[r1], mask & ~(EA | BA)
        if on(back, RETURN_MODE_64):
            back, mask = back & ~RETURN_MODE_64, mask | EA | BA
        elif on(back, BA):
            back, mask = back & MODE31, mask | BA
        else:
            back &= MODE24
    called = (target & ~ONE) | ONE if on(cpu.psw_mask, EA) else target | (cpu.psw_mask & BA)
    code = form_state_entry(cpu, storage, BRANCH_ENTRY, mask, back, called)
    if code == 0 and r2 != ZERO:
        branch_to(cpu, storage, target)
    return code


# --- the unstacking process -------------------------------------------------------------------------------------------


@jit
def last_state_entry(cpu, storage, returning):
    """Return (address of the entry descriptor of the last state entry, descriptor, code). returning: for PROGRAM
    RETURN, which the unstack-suppression bit stops. PoP ch. 5 "Unstacking Process"."""
    address = cpu.cr[15] & ENTRY_ADDRESS
    descriptor, code = stack_doubleword(cpu, storage, address)
    if code != 0:
        return ZERO, ZERO, code
    if entry_type(descriptor) == HEADER:
        if returning and on(descriptor, SUPPRESSED):
            return ZERO, ZERO, STACK_OPERATION
        backward, code = stack_doubleword(cpu, storage, address - DOUBLEWORD_BYTES)
        if code != 0:
            return ZERO, ZERO, code
        if not on(backward, VALID):
            return ZERO, ZERO, STACK_EMPTY
        address = backward & ENTRY_ADDRESS
        descriptor, code = stack_doubleword(cpu, storage, address)
        if code != 0:
            return ZERO, ZERO, code
        if entry_type(descriptor) == HEADER:
            return ZERO, ZERO, STACK_SPECIFICATION
    kind = entry_type(descriptor)
    if kind != BRANCH_ENTRY and kind != CALL_ENTRY:
        return ZERO, ZERO, STACK_TYPE
    if returning and on(descriptor, SUPPRESSED):
        return ZERO, ZERO, STACK_OPERATION
    return address, descriptor, 0


@jit
def stacked(cpu, storage, offset, length, kind):
    """Access part of the last state entry; return (Span, type of the entry, code)."""
    address, descriptor, code = last_state_entry(cpu, storage, False)
    if code != 0:
        return Span(ZERO, ZERO, ZERO), ZERO, code
    span, code = stack_access(cpu, storage, address - DESCRIPTOR + offset, length, kind)
    return span, entry_type(descriptor), code


@jit
def extract_registers(cpu, storage, insn, whole):
    """Load access registers and general registers R1 to R2 from the last state entry; return a code. whole: all 64
    bits."""
    if not on(cpu.psw_mask, DAT) or cpu.psw_mask & AS == SECONDARY:
        return SPECIAL_OPERATION
    span, _, code = stacked(cpu, storage, ZERO, DESCRIPTOR, FETCH)
    if code != 0:
        return code
    r1, r2 = rre(insn)
    for i in range(register_range(r1, r2)):
        load_stacked(cpu, span, (r1 + u64(i)) & LAST_REGISTER, whole)
    return 0


@jit
def load_stacked(cpu, span, n, whole):
    """Load a general register, or its bits 32-63, and the access register of that number from a state entry."""
    saved = get_doubleword(span, GENERAL_REGISTERS + (n << u64(3)))
    cpu.gr[n] = saved if whole else (cpu.gr[n] & ~LOW32) | (saved & LOW32)
    cpu.ar[n] = get_word(span, ACCESS_REGISTERS + (n << u64(2)))


@jit
def ereg(cpu, storage, insn):
    """EXTRACT STACKED REGISTERS (32), RRE. PoP ch. 10 "EXTRACT STACKED REGISTERS". cc unchanged."""
    return extract_registers(cpu, storage, insn, False)


@jit
def eregg(cpu, storage, insn):
    """EXTRACT STACKED REGISTERS (64), RRE. PoP ch. 10 "EXTRACT STACKED REGISTERS". cc unchanged."""
    return extract_registers(cpu, storage, insn, True)


@jit
def short_psw(mask, address):
    """Return a PSW of 16 bytes in 8; an address that does not fit in makes it an invalid one."""
    return ((mask & SHORT_MASK) ^ SHORT_INVERTED) | (address & MODE31) | (ONE if on(address, BEYOND_31) else ZERO)


@jit
def esta(cpu, storage, insn):
    """EXTRACT STACKED STATE, RRE. PoP ch. 10 "EXTRACT STACKED STATE". cc 0 branch state entry, 1 program-call state
    entry.

    Bits 56-63 of R2: 0 PSW-key mask, secondary ASN, extended authorization index, primary ASN; 1 the PSW in 8 bytes; 2
    what was called; 3 the modifiable area; 4 the PSW, for which all 64 bits of the registers are loaded."""
    if not on(cpu.psw_mask, DAT) or cpu.psw_mask & AS == SECONDARY:
        return SPECIAL_OPERATION
    r1, r2 = rre(insn)
    wanted = cpu.gr[r2] & LOW8
    if on(r1, ONE) or wanted > FROM_PSW:
        return SPECIFICATION
    of_psw = wanted == FROM_PSW or wanted == FROM_SHORT_PSW
    length = PSW_ADDRESS + DOUBLEWORD_BYTES - PSW if of_psw else DOUBLEWORD_BYTES
    span, kind, code = stacked(cpu, storage, STATE_OFFSETS[i64(wanted)], length, FETCH)
    if code != 0:
        return code
    both = get_doubleword(span, ZERO)
    if of_psw:
        address = get_doubleword(span, PSW_ADDRESS - PSW)
        if wanted == FROM_PSW:
            cpu.gr[r1], cpu.gr[r1 + ONE] = both, address
        both = short_psw(both, address)
    if wanted != FROM_PSW:
        set_low(cpu, r1, both >> WORD_BITS)
        set_low(cpu, r1 + ONE, both & LOW32)
    cpu.cc = OF_CALL if kind == CALL_ENTRY else OF_BRANCH
    return 0


@jit
def msta(cpu, storage, insn):
    """MODIFY STACKED STATE, RRE. PoP ch. 10 "MODIFY STACKED STATE". cc unchanged."""
    if not on(cpu.psw_mask, DAT) or cpu.psw_mask & AS == SECONDARY:
        return SPECIAL_OPERATION
    r1, _ = rre(insn)
    if on(r1, ONE):
        return SPECIFICATION
    span, _, code = stacked(cpu, storage, MODIFIABLE, DOUBLEWORD_BYTES, STORE)
    if code == 0:
        put_doubleword(span, ZERO, (low(cpu, r1) << WORD_BITS) | low(cpu, r1 + ONE))
    return code
