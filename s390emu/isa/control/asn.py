"""Address-space numbers: PoP ch. 3 "ASN Translation" and "ASN Authorization", and the instructions that use them.

Not implemented: subspace replacement, which needs subspace groups; ASN tracing.
"""

from __future__ import annotations

from s390emu._jit import jit, on, u64
from s390emu.architecture.bits import LOW16, LOW32, bit, bits
from s390emu.architecture.interruptions import (
    AFX_TRANSLATION,
    ASX_TRANSLATION,
    PRIVILEGED_OPERATION,
    SECONDARY_AUTHORITY,
    SPECIAL_OPERATION,
    SPECIFICATION,
)
from s390emu.architecture.psw_bits import DAT
from s390emu.architecture.sizes import DOUBLEWORD_OFFSET
from s390emu.cpu.psw import problem_state, psw_changed
from s390emu.isa.operands import based, based_second, rre
from s390emu.storage.access import fetch_doubleword
from s390emu.storage.access_registers import (
    ADDRESS,
    ASTE_ASCE,
    ASTE_INVALID,
    ORIGIN,
    SECONDARY_BIT,
    authority,
    word_at,
)
from s390emu.storage.dat import ASCE_SPACE_SWITCH, table_entry

ZERO = u64(0)
ASN_TRANSLATION, FIRST_TABLE, FIRST_TABLE_SHIFT = bit(44), bits(45, 63), u64(12)  # control register 14
FIRST_INDEX_SHIFT, FIRST_ENTRY_SHIFT = u64(6), u64(2)  # the first 10 bits of an ASN; entries of 4 bytes
SECOND_INDEX, SECOND_ENTRY_SHIFT = bits(58, 63), u64(6)  # the other 6; entries of 64 bytes
FIRST_INVALID = bit(32)  # in an entry of the first table; its origin of a second table is where others have theirs
AUTHORIZATION_SHIFT = u64(16)  # the authorization index in control register 4, and in an ASTE
# LOAD ADDRESS SPACE PARAMETERS: fields of the first operand, bits of the second-operand address, condition codes
MASK_SHIFT, SECONDARY_SHIFT, INDEX_SHIFT = u64(48), u64(32), u64(16)
FORCE_TRANSLATION, GIVEN_INDEX, NO_AUTHORIZATION = bit(61), bit(62), bit(63)
LOADED, PRIMARY_NOT_AVAILABLE, SECONDARY_NOT_AVAILABLE, SPACE_SWITCH_SPECIFIED = range(4)


@jit
def translate_asn(cpu, storage, asn):
    """Return (real address of the ASN-second-table entry, code). PoP ch. 3 "ASN-Translation Process"."""
    cpu.teid = asn
    origin = (cpu.cr[14] & FIRST_TABLE) << FIRST_TABLE_SHIFT
    address = (origin + ((asn >> FIRST_INDEX_SHIFT) << FIRST_ENTRY_SHIFT)) & ADDRESS
    first, code = word_at(cpu, storage, address)
    if code != 0:
        return ZERO, code
    if on(first, FIRST_INVALID):
        return ZERO, AFX_TRANSLATION
    address = ((first & ORIGIN) + ((asn & SECOND_INDEX) << SECOND_ENTRY_SHIFT)) & ADDRESS
    second, code = table_entry(cpu, storage, address)
    if code != 0:
        return ZERO, code
    return address, ASX_TRANSLATION if on(second, ASTE_INVALID) else 0


@jit
def authorize_secondary(cpu, storage, aste, index):
    """Return 0 if a program with this authorization index may establish the space as the secondary one, else
    SECONDARY_AUTHORITY or what prevents a look. PoP ch. 3 "ASN Authorization"."""
    entry, code = table_entry(cpu, storage, aste)
    if code != 0:
        return code
    return authority(cpu, storage, entry, index, SECONDARY_BIT, SECONDARY_AUTHORITY)


@jit
def ssar(cpu, storage, insn):
    """SET SECONDARY ASN, RRE. PoP ch. 10 "SET SECONDARY ASN". cc unchanged.

    With the current primary ASN no table is looked at; another one is translated, and needs secondary authority.
    """
    if not on(cpu.psw_mask, DAT) or not on(cpu.cr[14], ASN_TRANSLATION):
        return SPECIAL_OPERATION
    r1, _ = rre(insn)
    asn, asce = cpu.gr[r1] & LOW16, cpu.cr[1]
    if asn != cpu.cr[4] & LOW16:
        aste, code = translate_asn(cpu, storage, asn)
        if code != 0:
            return code
        code = authorize_secondary(cpu, storage, aste, (cpu.cr[4] >> AUTHORIZATION_SHIFT) & LOW16)
        if code != 0:
            return code
        asce, code = table_entry(cpu, storage, aste + ASTE_ASCE)
        if code != 0:
            return code
    cpu.cr[3] = (cpu.cr[3] & ~LOW16) | asn
    cpu.cr[7] = asce
    psw_changed(cpu, storage)
    return 0


@jit
def unavailable(code):
    """True if the code is one that LOAD ADDRESS SPACE PARAMETERS tells by its condition code."""
    return code == AFX_TRANSLATION or code == ASX_TRANSLATION or code == SECONDARY_AUTHORITY


@jit
def secondary_space(cpu, storage, asn, translate, authorize, index):
    """Return (ASCE, code) of the new secondary space, whose ASN is not the new primary one."""
    if not translate:
        return cpu.cr[7], 0
    aste, code = translate_asn(cpu, storage, asn)
    if code == 0 and authorize:
        code = authorize_secondary(cpu, storage, aste, index)
    if code != 0:
        return ZERO, code
    return table_entry(cpu, storage, aste + ASTE_ASCE)


@jit
def lasp(cpu, storage, insn):
    """LOAD ADDRESS SPACE PARAMETERS, SSE. PoP ch. 10 "LOAD ADDRESS SPACE PARAMETERS". cc 0 loaded; 1 the primary ASN is
    not available; 2 the secondary ASN is not, or not authorized; 3 a space-switch event is specified.

    First operand: PSW-key mask, secondary ASN, authorization index, primary ASN. An ASN that stays the same is not
    translated unless bit 61 of the second-operand address asks for it; bit 62: the index is the given one, not that of
    the primary space; bit 63: the secondary ASN needs no authority.
    """
    if problem_state(cpu):
        return PRIVILEGED_OPERATION
    if not on(cpu.cr[14], ASN_TRANSLATION):
        return SPECIAL_OPERATION
    first, control = based(cpu, insn), based_second(cpu, insn)
    if on(first, DOUBLEWORD_OFFSET):
        return SPECIFICATION
    given, code = fetch_doubleword(cpu, storage, first)
    if code != 0:
        return code
    primary_asn, secondary_asn = given & LOW16, (given >> SECONDARY_SHIFT) & LOW16
    primary, index, origin = cpu.cr[1], (cpu.cr[4] >> AUTHORIZATION_SHIFT) & LOW16, cpu.cr[5]
    if on(control, FORCE_TRANSLATION) or primary_asn != cpu.cr[4] & LOW16:
        aste, code = translate_asn(cpu, storage, primary_asn)
        if unavailable(code):
            cpu.cc = PRIMARY_NOT_AVAILABLE
            return 0
        if code != 0:
            return code
        entry, code = table_entry(cpu, storage, aste)
        if code == 0:
            primary, code = table_entry(cpu, storage, aste + ASTE_ASCE)
        if code != 0:
            return code
        if on(cpu.cr[1] | primary, ASCE_SPACE_SWITCH):
            cpu.cc = SPACE_SWITCH_SPECIFIED
            return 0
        index, origin = (entry >> AUTHORIZATION_SHIFT) & LOW16, (cpu.cr[5] & ~LOW32) | aste
    if on(control, GIVEN_INDEX):
        index = (given >> INDEX_SHIFT) & LOW16
    secondary, code = primary, 0
    if secondary_asn != primary_asn:
        authorize = not on(control, NO_AUTHORIZATION)
        translate = authorize or on(control, FORCE_TRANSLATION) or secondary_asn != cpu.cr[3] & LOW16
        secondary, code = secondary_space(cpu, storage, secondary_asn, translate, authorize, index)
    if unavailable(code):
        cpu.cc = SECONDARY_NOT_AVAILABLE
        return 0
    if code != 0:
        return code
    cpu.cr[1], cpu.cr[5], cpu.cr[7] = primary, origin, secondary
    cpu.cr[3] = (cpu.cr[3] & ~LOW32) | (given >> MASK_SHIFT) << AUTHORIZATION_SHIFT | secondary_asn
    cpu.cr[4] = (cpu.cr[4] & ~LOW32) | index << AUTHORIZATION_SHIFT | primary_asn
    psw_changed(cpu, storage)
    cpu.cc = LOADED
    return 0
