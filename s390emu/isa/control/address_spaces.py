"""Address spaces: the address-space control of the PSW, and the ASNs in control registers 3 and 4. PoP ch. 10.

What translates an ASN is in `asn`. Not implemented: mode tracing, and what `isa/absent.py` gives the reason for.
"""

from __future__ import annotations

from s390emu._jit import i64, jit, on, u64
from s390emu.architecture.bits import LOW16, bit, bits
from s390emu.architecture.interruptions import (
    PRIVILEGED_OPERATION,
    SPACE_SWITCH_EVENT,
    SPECIAL_OPERATION,
    SPECIFICATION,
)
from s390emu.architecture.psw_bits import AS, AS_SHIFT, DAT, HOME, LOW2
from s390emu.cpu.program_events import note_space_switch
from s390emu.cpu.psw import problem_state, psw_changed
from s390emu.isa.control.moves import SECONDARY_SPACE_CONTROL
from s390emu.isa.control.psw import extraction_permitted
from s390emu.isa.operands import LOW4, based, rre
from s390emu.isa.registers import set_low
from s390emu.storage.access_registers import (
    ALET_PRIMARY,
    ALET_PRIMARY_LIST,
    ALET_SECONDARY,
    art_exception,
    translate_alet,
)
from s390emu.storage.dat import ASCE_SPACE_SWITCH

CONTROL_SHIFT = u64(63 - 55)  # bits 52-55 of the address of SAC: the address-space control, its two bits exchanged
HOME_CONTROL = u64(3)
INSERTED, INSERTED_SHIFT = bits(48, 55), u64(63 - 55)  # of the register of IAC
TEID_SPACE_SWITCH = bit(32)
TESTED_INDEX_SHIFT = u64(63 - 47)  # TAR: bits 32-47 of R2, the extended authorization index
OF_PRIMARY, OF_DISPATCHABLE_UNIT_LIST, OF_PRIMARY_LIST, NOT_USABLE = range(4)


@jit
def exchanged(control):
    """Return two bits exchanged: the PSW has 01 for the access-register mode and 10 for the secondary-space mode, the
    instructions have it the other way round."""
    return (control >> u64(1)) | (control << u64(1)) & LOW2


@jit
def space_switch(cpu, storage, asn, left, entered):
    """Return SPACE_SWITCH_EVENT, identified, if the instruction that leaves the space with this ASCE, and enters one
    with the other ASCE, is to end with one, else 0. With neither control on it still does if a PER event is indicated.
    PoP ch. 6 "Space-Switch Event"."""
    cpu.teid = asn | (TEID_SPACE_SWITCH if on(left, ASCE_SPACE_SWITCH) else u64(0))
    if on(left | entered, ASCE_SPACE_SWITCH):
        return SPACE_SWITCH_EVENT
    note_space_switch(storage)
    return 0


@jit
def set_space_control(cpu, storage, second):
    """Set the PSW's address-space control from bits 52-55 of the second-operand address; return a code."""
    if not on(cpu.psw_mask, DAT) or not on(cpu.cr[0], SECONDARY_SPACE_CONTROL):
        return SPECIAL_OPERATION
    control = (second >> CONTROL_SHIFT) & LOW4
    if control > HOME_CONTROL:
        return SPECIFICATION
    if control == HOME_CONTROL and problem_state(cpu):
        return PRIVILEGED_OPERATION
    old, new = cpu.psw_mask & AS, exchanged(control) << AS_SHIFT
    cpu.psw_mask = (cpu.psw_mask & ~AS) | new
    psw_changed(cpu, storage)
    if (old == HOME) == (new == HOME):
        return 0
    if new == HOME:
        return space_switch(cpu, storage, cpu.cr[4] & LOW16, cpu.cr[1], cpu.cr[13])
    return space_switch(cpu, storage, u64(0), cpu.cr[13], cpu.cr[1])


@jit
def sac(cpu, storage, insn):
    """SET ADDRESS SPACE CONTROL, S. PoP ch. 10 "SET ADDRESS SPACE CONTROL". cc unchanged."""
    return set_space_control(cpu, storage, based(cpu, insn))


@jit
def sacf(cpu, storage, insn):
    """SET ADDRESS SPACE CONTROL FAST, S. PoP ch. 10 "SET ADDRESS SPACE CONTROL FAST". cc unchanged. As SAC: it does
    not serialize, which cannot be seen where CPUs execute one at a time."""
    return set_space_control(cpu, storage, based(cpu, insn))


@jit
def extraction_code(cpu):
    """Return the exception of the instructions that the problem state needs extraction authority for, or 0."""
    if not on(cpu.psw_mask, DAT):
        return SPECIAL_OPERATION
    return 0 if extraction_permitted(cpu) else PRIVILEGED_OPERATION


@jit
def iac(cpu, storage, insn):
    """INSERT ADDRESS SPACE CONTROL, RRE. PoP ch. 10 "INSERT ADDRESS SPACE CONTROL". cc 0 primary, 1 secondary, 2
    access-register, 3 home-space mode."""
    code = extraction_code(cpu)
    if code != 0:
        return code
    r1, _ = rre(insn)
    control = exchanged((cpu.psw_mask & AS) >> AS_SHIFT)
    cpu.gr[r1] = (cpu.gr[r1] & ~INSERTED) | (control << INSERTED_SHIFT)
    cpu.cc = i64(control)
    return 0


@jit
def epar(cpu, storage, insn):
    """EXTRACT PRIMARY ASN, RRE. PoP ch. 10 "EXTRACT PRIMARY ASN". cc unchanged."""
    code = extraction_code(cpu)
    if code == 0:
        r1, _ = rre(insn)
        set_low(cpu, r1, cpu.cr[4] & LOW16)
    return code


@jit
def esar(cpu, storage, insn):
    """EXTRACT SECONDARY ASN, RRE. PoP ch. 10 "EXTRACT SECONDARY ASN". cc unchanged."""
    code = extraction_code(cpu)
    if code == 0:
        r1, _ = rre(insn)
        set_low(cpu, r1, cpu.cr[3] & LOW16)
    return code


@jit
def tar(cpu, storage, insn):
    """TEST ACCESS, RRE. PoP ch. 10 "TEST ACCESS". cc 0 the ALET in access register R1 is 0; 1, 2 it designates an entry
    of the dispatchable-unit or of the primary-space access list, with which all is right for the extended authorization
    index in R2; 3 it is 1, or causes an exception. Access register 0 has its contents here."""
    r1, r2 = rre(insn)
    alet = cpu.ar[r1]
    if alet == ALET_PRIMARY:
        cpu.cc = OF_PRIMARY
        return 0
    if alet == ALET_SECONDARY:
        cpu.cc = NOT_USABLE
        return 0
    code = translate_alet(cpu, storage, alet, (cpu.gr[r2] >> TESTED_INDEX_SHIFT) & LOW16)
    if code == 0:
        cpu.cc = OF_PRIMARY_LIST if on(alet, ALET_PRIMARY_LIST) else OF_DISPATCHABLE_UNIT_LIST
    elif art_exception(code):
        cpu.cc = NOT_USABLE
        return 0
    return code
