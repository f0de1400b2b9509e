"""Access-register translation: PoP ch. 5 "Access-Register Translation".

In the access-register mode an operand's address space is that of the access register with the number of its base
register (or of the register that has its address). Which one that is, is in the instruction's text: so in this mode
the run loop comes to the boundary before every instruction, and keeps its text (`by_text`); handlers say where it is
not the base-register field at bits 16-19 (`operand_register`). In the secondary-space mode the text tells apart the
relative operands, which are where the instructions are.

Every access translates anew, as if the ALB were empty. Not implemented: subspace replacement, which needs BRANCH IN
SUBSPACE GROUP.
"""

from __future__ import annotations

from s390emu._jit import jit, on, u64
from s390emu.architecture.bits import LOW8, LOW16, LOW32, bit, bits
from s390emu.architecture.interruptions import (
    ALE_SEQUENCE,
    ALEN_TRANSLATION,
    ALET_SPECIFICATION,
    ASTE_SEQUENCE,
    ASTE_VALIDITY,
    EXTENDED_AUTHORITY,
)
from s390emu.architecture.psw_bits import ACCESS_REGISTER, AS, DAT, PRIMARY, SECONDARY
from s390emu.records.port import BASE_FIRST, BASE_SECOND
from s390emu.storage.dat import space_of, table_entry
from s390emu.storage.presence import INSTRUCTION

ZERO, WORD, DOUBLEWORD = u64(0), u64(32), u64(8)
LOW4, DOUBLEWORD_MASK, IN_DOUBLEWORD = u64(15), ~u64(7), u64(7)
FIRST_SHIFT, SECOND_SHIFT, OPERATION_SHIFT = u64(44), u64(28), u64(56)
RELATIVE, RELATIVE_COMPARE = u64(0xC4), u64(0xC6)  # the first bytes of instructions with relative operands
ALET_PRIMARY, ALET_SECONDARY = u64(0), u64(1)
ALET_ZERO, ALET_PRIMARY_LIST = bits(32, 38), bit(39)
SEQUENCE_SHIFT = u64(16)  # of an ALET, and of the first word of an access-list entry
ORIGIN = bits(33, 57)  # of the DUCT in control register 2, of the primary ASTE in 5, of the ASTE in a list entry
LIST_DESIGNATION = u64(16)  # offset in a DUCT as in an ASTE
LIST_ORIGIN, LIST_LENGTH = bits(33, 56), bits(57, 63)
ENTRY_SHIFT, LENGTH_SHIFT = u64(4), u64(3)  # access-list-entry number to bytes, and to the unit of the list's length
ADDRESS = bits(33, 63)
# first doubleword of an access-list entry, and of an ASTE
ENTRY_INVALID, ENTRY_FETCH_ONLY, ENTRY_PRIVATE, ENTRY_AUTHORIZATION_SHIFT = bit(0), bit(6), bit(7), u64(32)
ENTRY_SEQUENCE_SHIFT = u64(48)
ASTE_INVALID, AUTHORITY_SHIFT, AUTHORITY_ORIGIN = bit(0), u64(32), bits(33, 61)
AUTHORITY_LENGTH_SHIFT, AUTHORITY_LENGTH = u64(4), u64(0xFFF)
ASTE_ASCE, ASTE_SEQUENCE_NUMBER = u64(8), u64(16)  # offsets
EXTENDED_SHIFT = u64(16)  # the extended authorization index in control register 8
PRIMARY_BIT, SECONDARY_BIT = u64(0x80), u64(0x40)  # the first of four pairs of bits of an authority-table byte


@jit
def word_at(cpu, storage, real):
    """Fetch a word of a table by real address; return (word, code)."""
    doubleword, code = table_entry(cpu, storage, real & DOUBLEWORD_MASK)
    return doubleword & LOW32 if on(real, IN_DOUBLEWORD) else doubleword >> WORD, code


@jit
def authority(cpu, storage, aste, index, wanted, without):
    """Return 0 if a program with this authorization index has the wanted authority to a space, PRIMARY_BIT or
    SECONDARY_BIT; `without` if not, or what prevents a look at the authority table. aste: the first doubleword.
    PoP ch. 3 "ASN-Authorization Process"."""
    if index >> u64(4) > (aste >> AUTHORITY_LENGTH_SHIFT) & AUTHORITY_LENGTH:
        return without
    address = (((aste >> AUTHORITY_SHIFT) & AUTHORITY_ORIGIN) + (index >> u64(2))) & ADDRESS
    doubleword, code = table_entry(cpu, storage, address & DOUBLEWORD_MASK)
    if code != 0:
        return code
    byte = (doubleword >> (u64(56) - ((address & IN_DOUBLEWORD) << u64(3)))) & LOW8
    return 0 if on(byte, wanted >> ((index & u64(3)) << u64(1))) else without


@jit
def authorized(cpu, storage, entry, aste, index):
    """Return 0 if a program with this extended authorization index may use the private access-list entry, else
    EXTENDED_AUTHORITY, or what prevents a look at the authority table. entry, aste: the first doublewords."""
    if (entry >> ENTRY_AUTHORIZATION_SHIFT) & LOW16 == index:
        return 0
    return authority(cpu, storage, aste, index, SECONDARY_BIT, EXTENDED_AUTHORITY)


@jit
def translate_alet(cpu, storage, alet, index):
    """Translate an access-list-entry token other than 0 and 1 for this extended authorization index; return a code,
    with the ASCE in storage.art_asce and whether it is for fetches only in art_fetch_only."""
    if on(alet, ALET_ZERO):
        return ALET_SPECIFICATION
    table = cpu.cr[5] if on(alet, ALET_PRIMARY_LIST) else cpu.cr[2]
    designation, code = word_at(cpu, storage, (table & ORIGIN) + LIST_DESIGNATION)
    if code != 0:
        return code
    number = alet & LOW16
    if number >> LENGTH_SHIFT > designation & LIST_LENGTH:
        return ALEN_TRANSLATION
    address = ((designation & LIST_ORIGIN) + (number << ENTRY_SHIFT)) & ADDRESS
    entry, code = table_entry(cpu, storage, address)
    if code != 0:
        return code
    if on(entry, ENTRY_INVALID):
        return ALEN_TRANSLATION
    if (entry >> ENTRY_SEQUENCE_SHIFT) & LOW8 != (alet >> SEQUENCE_SHIFT) & LOW8:
        return ALE_SEQUENCE
    second, code = table_entry(cpu, storage, address + DOUBLEWORD)
    if code != 0:
        return code
    origin = (second >> WORD) & ORIGIN
    aste, code = table_entry(cpu, storage, origin)
    if code != 0:
        return code
    if on(aste, ASTE_INVALID):
        return ASTE_VALIDITY
    sequence, code = word_at(cpu, storage, origin + ASTE_SEQUENCE_NUMBER + u64(4))
    if code != 0:
        return code
    if sequence != second & LOW32:
        return ASTE_SEQUENCE
    if on(entry, ENTRY_PRIVATE):
        code = authorized(cpu, storage, entry, aste, index)
        if code != 0:
            return code
    storage.art_asce, code = table_entry(cpu, storage, origin + ASTE_ASCE)
    storage.art_fetch_only = u64(1) if on(entry, ENTRY_FETCH_ONLY) else ZERO
    return code


@jit
def operand_register(storage):
    """Return the number of the access register of the operand about to be accessed."""
    if storage.operand_register == BASE_FIRST:
        return (storage.decoded_insn >> FIRST_SHIFT) & LOW4
    if storage.operand_register == BASE_SECOND:
        return (storage.decoded_insn >> SECOND_SHIFT) & LOW4
    return storage.operand_register


@jit
def designate(storage, register):
    """Say which access register the next operand has: a number, BASE_FIRST or BASE_SECOND."""
    storage.operand_register = register


@jit
def translate_register(cpu, storage, register):
    """Translate the access register with this number; return a code, results as `translate_alet`. Register 0 is taken
    as containing zeros."""
    alet = cpu.ar[register] if register != ZERO else ALET_PRIMARY
    storage.art_register, storage.art_fetch_only = register, ZERO
    if alet == ALET_PRIMARY:
        storage.art_asce = cpu.cr[1]
        return 0
    if alet == ALET_SECONDARY:
        storage.art_asce = cpu.cr[7]
        return 0
    code = translate_alet(cpu, storage, alet, (cpu.cr[8] >> EXTENDED_SHIFT) & LOW16)
    if art_exception(code):
        cpu.exception_access = register
    return code


@jit
def art_exception(code):
    """True if the code is one that says that an access register cannot be translated."""
    return ALET_SPECIFICATION <= code <= EXTENDED_AUTHORITY


@jit
def depends_on_text(cpu):
    """True if in this mode the space of an operand depends on the instruction."""
    space = cpu.psw_mask & AS
    return on(cpu.psw_mask, DAT) and (space == ACCESS_REGISTER or space == SECONDARY)


@jit
def access_space(cpu, storage, kind):
    """Return (space, code): the address space of an access with DAT on, after access-register translation."""
    space = space_of(cpu, kind)
    if kind == INSTRUCTION:
        return space, 0
    if storage.by_text != ZERO:
        operation = storage.decoded_insn >> OPERATION_SHIFT
        if operation == RELATIVE or operation == RELATIVE_COMPARE:
            return PRIMARY, 0
    if space != ACCESS_REGISTER:
        return space, 0
    return space, translate_register(cpu, storage, operand_register(storage))
