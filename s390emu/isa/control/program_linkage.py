"""Calls between programs and address spaces: PROGRAM CALL, PROGRAM TRANSFER, PROGRAM RETURN. PoP ch. 5 "PC-Number
Translation", ch. 10.

Not implemented: ASN tracing; the ASN-and-LX-reuse facility, so that PC numbers have 20 bits.
"""

from __future__ import annotations

from s390emu._jit import jit, on, u64
from s390emu.architecture.bits import LOW8, LOW16, LOW32, bit, bits
from s390emu.architecture.interruptions import (
    ASX_TRANSLATION,
    EX_TRANSLATION,
    LX_TRANSLATION,
    PC_TRANSLATION_SPECIFICATION,
    PRIMARY_AUTHORITY,
    PRIVILEGED_OPERATION,
    SPECIAL_OPERATION,
    SPECIFICATION,
)
from s390emu.architecture.psw_bits import (
    ACCESS_REGISTER,
    AS,
    BA,
    EA,
    KEY,
    KEY_SHIFT,
    PER,
    PRIMARY,
    PROBLEM,
)
from s390emu.architecture.sizes import DOUBLEWORD_BYTES
from s390emu.cpu.psw import load_psw, problem_state, psw_changed, psw_mask_word, set_addressing_mode
from s390emu.isa.control.address_spaces import space_switch
from s390emu.isa.control.asn import (
    ASN_TRANSLATION,
    AUTHORIZATION_SHIFT,
    authorize_secondary,
    translate_asn,
)
from s390emu.isa.control.linkage_stack import (
    AUTHORITIES,
    CALL_ENTRY,
    DESCRIPTOR,
    ENTRY_ADDRESS,
    ENTRY_BYTES,
    NEXT_SIZE,
    PSW,
    PSW_ADDRESS,
    entry_type,
    form_state_entry,
    in_mode,
    last_state_entry,
    load_stacked,
    stack_access,
)
from s390emu.isa.general.branch import branch_to
from s390emu.isa.operands import LOW4, based, rre
from s390emu.isa.registers import low, set_low
from s390emu.storage.access import CHECK, FETCH, STORE, get_doubleword, put_byte
from s390emu.storage.access_registers import (
    ADDRESS,
    ASTE_ASCE,
    ASTE_INVALID,
    ASTE_SEQUENCE_NUMBER,
    ORIGIN,
    PRIMARY_BIT,
    authority,
    word_at,
)
from s390emu.storage.dat import table_entry

ZERO, ONE = u64(0), u64(1)
KEY_MASK, KEY_MASK_SHIFT = bits(32, 47), u64(16)  # the PSW-key mask in control register 3 and in GR 3, and R1 of PT
EXTENDED_INDEX, EXTENDED_SHIFT = bits(32, 47), u64(16)  # the extended authorization index in control register 8
# The PC number, and the linkage-table designation: word 6 of the primary ASN-second-table entry.
NUMBER, LINKAGE_SHIFT, ENTRY_INDEX = bits(44, 63), u64(8), LOW8
ASTE_LINKAGE = u64(24)
SUBSYSTEM_LINKAGE, LINKAGE_ORIGIN, LINKAGE_LENGTH = bit(32), bits(33, 56), bits(57, 63)
LINKAGE_LENGTH_SHIFT, LINKAGE_ENTRY_SHIFT = u64(5), u64(2)  # 32 entries are a unit of the length; 4 bytes
ENTRY_TABLE_INVALID, ENTRY_TABLE_ORIGIN, ENTRY_TABLE_LENGTH = bit(32), bits(33, 57), bits(58, 63)
ENTRY_LENGTH_SHIFT, ENTRY_SHIFT = u64(2), u64(5)  # 4 entries; 32 bytes
# Entry-table entry, its four doublewords: where; authorization, ASN and key mask; controls; parameter.
ENTRY_MODE_31, ENTRY_ADDRESS_31, ENTRY_ADDRESS_64, ENTRY_PROBLEM = bit(32), bits(33, 62), bits(0, 62), bit(63)
BEYOND_24 = bits(33, 39)
AUTHORIZATION_MASK_SHIFT, ENTRY_ASN_SHIFT, ENTRY_KEY_MASK_SHIFT = u64(48), u64(32), u64(16)
STACKING, MODE_64 = bit(0), bit(1)
SET_KEY, REPLACE_KEY_MASK, SET_INDEX, TO_ACCESS_REGISTERS, TO_SECONDARY = (bit(n) for n in range(3, 8))
ENTRY_KEY_SHIFT, ENTRY_INDEX_SHIFT = u64(63 - 11), u64(32)
PROBLEM_OF_ADDRESS = bit(63)


@jit
def linkage_designation(cpu, storage):
    """Return (linkage-table designation, code)."""
    word, code = word_at(cpu, storage, (cpu.cr[5] & ORIGIN) + ASTE_LINKAGE)
    if code == 0 and not on(word, SUBSYSTEM_LINKAGE):
        code = SPECIAL_OPERATION
    return word, code


@jit
def translate_number(cpu, storage, designation, number):
    """Return (real address of the entry-table entry, code). PoP ch. 5 "PC-Number-Translation Process"."""
    cpu.teid = number
    index = number >> LINKAGE_SHIFT
    if index >> LINKAGE_LENGTH_SHIFT > designation & LINKAGE_LENGTH:
        return ZERO, LX_TRANSLATION
    linkage, code = word_at(cpu, storage, ((designation & LINKAGE_ORIGIN) + (index << LINKAGE_ENTRY_SHIFT)) & ADDRESS)
    if code != 0:
        return ZERO, code
    if on(linkage, ENTRY_TABLE_INVALID):
        return ZERO, LX_TRANSLATION
    index = number & ENTRY_INDEX
    if index >> ENTRY_LENGTH_SHIFT > linkage & ENTRY_TABLE_LENGTH:
        return ZERO, EX_TRANSLATION
    return ((linkage & ENTRY_TABLE_ORIGIN) + (index << ENTRY_SHIFT)) & ADDRESS, 0


@jit
def entry_code(cpu, where, allowed, controls):
    """Return the exception that an entry-table entry causes by itself, or 0."""
    if not on(controls, MODE_64) and not on(where, ENTRY_MODE_31) and on(where, BEYOND_24):
        return PC_TRANSLATION_SPECIFICATION
    if problem_state(cpu) and not on(allowed >> AUTHORIZATION_MASK_SHIFT, (cpu.cr[3] & KEY_MASK) >> KEY_MASK_SHIFT):
        return PRIVILEGED_OPERATION
    if not on(controls, STACKING):
        if cpu.psw_mask & AS == ACCESS_REGISTER or on(controls, MODE_64) != on(cpu.psw_mask, EA):
            return SPECIAL_OPERATION
    return 0


@jit
def called_space(cpu, storage, address, asn):
    """Return (first doubleword of the ASN-second-table entry, its ASCE, its sequence number, code) of the space with
    this ASN that PROGRAM CALL is to switch to."""
    if not on(cpu.cr[14], ASN_TRANSLATION):
        return ZERO, ZERO, ZERO, SPECIAL_OPERATION
    entry, code = table_entry(cpu, storage, address)
    if code != 0:
        return ZERO, ZERO, ZERO, code
    if on(entry, ASTE_INVALID):
        cpu.teid = asn
        return ZERO, ZERO, ZERO, ASX_TRANSLATION
    asce, code = table_entry(cpu, storage, address + ASTE_ASCE)
    if code != 0:
        return ZERO, ZERO, ZERO, code
    sequence, code = table_entry(cpu, storage, address + ASTE_SEQUENCE_NUMBER)
    return entry, asce, sequence & LOW32, code


@jit
def link_basic(cpu):
    """Save in general registers 3 and 14 what a basic PROGRAM CALL changes."""
    set_low(cpu, u64(3), (cpu.cr[3] & KEY_MASK) | (cpu.cr[4] & LOW16))
    problem = ONE if problem_state(cpu) else ZERO
    if on(cpu.psw_mask, EA):
        cpu.gr[14] = cpu.psw_ia | problem
    else:
        set_low(cpu, u64(14), (cpu.psw_mask & BA) | cpu.psw_ia | problem)


@jit
def set_called_state(cpu, allowed, controls):
    """Set what only a stacking PROGRAM CALL sets: key, extended authorization index, address-space control."""
    if on(controls, SET_KEY):
        cpu.psw_mask = (cpu.psw_mask & ~KEY) | (((controls >> ENTRY_KEY_SHIFT) & LOW4) << KEY_SHIFT)
    if on(controls, SET_INDEX):
        index = (controls >> ENTRY_INDEX_SHIFT) & LOW16
        cpu.cr[8] = (cpu.cr[8] & ~EXTENDED_INDEX) | (index << EXTENDED_SHIFT)
    space = ACCESS_REGISTER if on(controls, TO_ACCESS_REGISTERS) else PRIMARY
    cpu.psw_mask = (cpu.psw_mask & ~AS) | space
    if on(controls, REPLACE_KEY_MASK):
        cpu.cr[3] &= ~KEY_MASK


@jit
def enter(cpu, storage, where, controls, parameter):
    """Set general register 4, mode, state and instruction address from an entry-table entry."""
    if on(controls, MODE_64):
        cpu.gr[4] = parameter
        set_addressing_mode(cpu, EA | BA)
        target = where & ENTRY_ADDRESS_64
    else:
        set_low(cpu, u64(4), parameter)
        set_addressing_mode(cpu, where & ENTRY_MODE_31)
        target = where & ENTRY_ADDRESS_31
    cpu.psw_mask = cpu.psw_mask | PROBLEM if on(where, ENTRY_PROBLEM) else cpu.psw_mask & ~PROBLEM
    branch_to(cpu, storage, target)


@jit
def pc(cpu, storage, insn):
    """PROGRAM CALL, S. PoP ch. 10 "PROGRAM CALL". cc unchanged.

    Basic: general registers 3 and 14 have what PROGRAM TRANSFER goes back by. Stacking: a state entry is formed. The
    old primary space becomes the secondary one, unless a stacking call asks for the new one."""
    if not in_mode(cpu, PRIMARY, ACCESS_REGISTER):
        return SPECIAL_OPERATION
    number = based(cpu, insn) & NUMBER
    designation, code = linkage_designation(cpu, storage)
    if code != 0:
        return code
    address, code = translate_number(cpu, storage, designation, number)
    if code != 0:
        return code
    where, code = table_entry(cpu, storage, address)
    if code != 0:
        return code
    allowed, code = table_entry(cpu, storage, address + DOUBLEWORD_BYTES)
    if code != 0:
        return code
    controls, code = table_entry(cpu, storage, address + u64(16))
    if code != 0:
        return code
    parameter, code = table_entry(cpu, storage, address + u64(24))
    if code != 0:
        return code
    code = entry_code(cpu, where, allowed, controls)
    if code != 0:
        return code
    asn, space, called = (allowed >> ENTRY_ASN_SHIFT) & LOW16, controls & ORIGIN, number
    entry, asce = ZERO, cpu.cr[1]
    if asn != ZERO:
        entry, asce, sequence, code = called_space(cpu, storage, space, asn)
        if code != 0:
            return code
        called |= (asn << u64(48)) | ((sequence & LOW16) << u64(32))
    if on(controls, STACKING):
        code = form_state_entry(cpu, storage, CALL_ENTRY, psw_mask_word(cpu), cpu.psw_ia, called)
        if code != 0:
            return code
        set_called_state(cpu, allowed, controls)
    else:
        link_basic(cpu)
    old, old_asn = cpu.cr[1], cpu.cr[4] & LOW16
    cpu.cr[3] = (cpu.cr[3] & ~LOW16) | old_asn | (allowed & (LOW16 << ENTRY_KEY_MASK_SHIFT))
    cpu.cr[7] = old
    if asn != ZERO:
        enter_space(cpu, asn, space, entry, asce)
        if on(controls, STACKING) and on(controls, TO_SECONDARY):
            cpu.cr[3] = (cpu.cr[3] & ~LOW16) | asn
            cpu.cr[7] = asce
    enter(cpu, storage, where, controls, parameter)
    psw_changed(cpu, storage)
    return space_switch(cpu, storage, old_asn, old, cpu.cr[1]) if asn != ZERO else 0


@jit
def enter_space(cpu, asn, address, entry, asce):
    """Make a space the primary one: ASN, address and first doubleword of its ASN-second-table entry, ASCE."""
    cpu.cr[1] = asce
    index = (entry >> AUTHORIZATION_SHIFT) & LOW16
    cpu.cr[4] = (cpu.cr[4] & ~LOW32) | (index << AUTHORIZATION_SHIFT) | asn
    cpu.cr[5] = (cpu.cr[5] & ~LOW32) | address


@jit
def space_with_asn(cpu, storage, asn):
    """Return (address, first doubleword, ASCE, code) of the ASN-second-table entry of an ASN."""
    if not on(cpu.cr[14], ASN_TRANSLATION):
        return ZERO, ZERO, ZERO, SPECIAL_OPERATION
    address, code = translate_asn(cpu, storage, asn)
    if code != 0:
        return ZERO, ZERO, ZERO, code
    entry, code = table_entry(cpu, storage, address)
    if code != 0:
        return ZERO, ZERO, ZERO, code
    asce, code = table_entry(cpu, storage, address + ASTE_ASCE)
    return address, entry, asce, code


@jit
def pt(cpu, storage, insn):
    """PROGRAM TRANSFER, RRE. PoP ch. 10 "PROGRAM TRANSFER". cc unchanged. R1: PSW-key mask, ANDed with the present one,
    and ASN; R2: instruction address, problem-state bit and, but in the 64-bit mode, addressing mode."""
    if not in_mode(cpu, PRIMARY, PRIMARY):
        return SPECIAL_OPERATION
    _, code = linkage_designation(cpu, storage)
    if code != 0:
        return code
    r1, r2 = rre(insn)
    to, mode_64 = cpu.gr[r2], on(cpu.psw_mask, EA)
    if problem_state(cpu) and not on(to, PROBLEM_OF_ADDRESS):
        return PRIVILEGED_OPERATION
    if not mode_64 and not on(to, BA) and on(to, BEYOND_24):
        return SPECIFICATION
    asn, old, old_asn = cpu.gr[r1] & LOW16, cpu.cr[1], cpu.cr[4] & LOW16
    if asn != old_asn:
        address, entry, asce, code = space_with_asn(cpu, storage, asn)
        if code != 0:
            return code
        index = (cpu.cr[4] >> AUTHORIZATION_SHIFT) & LOW16
        code = authority(cpu, storage, entry, index, PRIMARY_BIT, PRIMARY_AUTHORITY)
        if code != 0:
            return code
        enter_space(cpu, asn, address, entry, asce)
    cpu.cr[3] = (cpu.cr[3] & ~LOW32) | (cpu.cr[3] & low(cpu, r1) & KEY_MASK) | asn
    cpu.cr[7] = cpu.cr[1]
    if on(to, PROBLEM_OF_ADDRESS):
        cpu.psw_mask |= PROBLEM
    else:
        cpu.psw_mask &= ~PROBLEM
    if mode_64:
        target = to & ENTRY_ADDRESS_64
    else:
        set_addressing_mode(cpu, to & BA)
        target = to & ENTRY_ADDRESS_31
    branch_to(cpu, storage, target)
    psw_changed(cpu, storage)
    return space_switch(cpu, storage, old_asn, old, cpu.cr[1]) if asn != old_asn else 0


@jit
def return_to_spaces(cpu, storage, span):
    """Restore what only a program-call state entry restores: primary and secondary space, PSW-key mask, extended
    authorization index; return (whether the primary space is another one, code), with nothing changed unless the code
    is 0."""
    kept = get_doubleword(span, AUTHORITIES)
    asn, secondary_asn = kept & LOW16, (kept >> u64(32)) & LOW16
    switches = asn != cpu.cr[4] & LOW16
    address, entry, primary = ZERO, cpu.cr[4] & (LOW16 << AUTHORIZATION_SHIFT), cpu.cr[1]
    if switches:
        address, entry, primary, code = space_with_asn(cpu, storage, asn)
        if code != 0:
            return switches, code
    secondary = primary
    if secondary_asn != asn:
        aste, _, secondary, code = space_with_asn(cpu, storage, secondary_asn)
        if code == 0:
            code = authorize_secondary(cpu, storage, aste, (entry >> AUTHORIZATION_SHIFT) & LOW16)
        if code != 0:
            return switches, code
    if switches:
        enter_space(cpu, asn, address, entry, primary)
    cpu.cr[7] = secondary
    cpu.cr[3] = (cpu.cr[3] & ~LOW32) | (kept >> u64(32))
    cpu.cr[8] = (cpu.cr[8] & ~EXTENDED_INDEX) | (kept & EXTENDED_INDEX)
    return switches, 0


@jit
def pr(cpu, storage, insn):
    """PROGRAM RETURN, E. PoP ch. 10 "PROGRAM RETURN". cc as in the state entry.

    From the last state entry, which is removed, come general and access registers 2-14 and the PSW but for its PER
    mask; after a PROGRAM CALL the spaces and authorities too. A PSW that is not valid is loaded."""
    if not in_mode(cpu, PRIMARY, ACCESS_REGISTER):
        return SPECIAL_OPERATION
    address, descriptor, code = last_state_entry(cpu, storage, True)
    if code != 0:
        return code
    span, code = stack_access(cpu, storage, address - DESCRIPTOR, DESCRIPTOR, FETCH)
    if code != 0:
        return code
    size, code = stack_access(cpu, storage, address - ENTRY_BYTES + NEXT_SIZE, u64(2), STORE + CHECK)
    if code != 0:
        return code
    old, old_asn, switches = cpu.cr[1], cpu.cr[4] & LOW16, False
    if entry_type(descriptor) == CALL_ENTRY:
        switches, code = return_to_spaces(cpu, storage, span)
        if code != 0:
            return code
    size, _ = stack_access(cpu, storage, address - ENTRY_BYTES + NEXT_SIZE, u64(2), STORE)
    put_byte(size, ZERO, ZERO)
    put_byte(size, ONE, ZERO)
    cpu.cr[15] = (cpu.cr[15] & ~ENTRY_ADDRESS) | (address - ENTRY_BYTES)
    for n in range(2, 15):
        load_stacked(cpu, span, u64(n), True)
    mask = (get_doubleword(span, PSW) & ~PER) | (cpu.psw_mask & PER)
    branch_to(cpu, storage, get_doubleword(span, PSW_ADDRESS))
    load_psw(cpu, storage, mask, cpu.psw_ia)
    return space_switch(cpu, storage, old_asn, old, cpu.cr[1]) if switches else 0
