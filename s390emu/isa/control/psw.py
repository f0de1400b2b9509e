"""The PSW and its parts: PoP ch. 10."""

from __future__ import annotations

from s390emu._jit import jit, on, u64
from s390emu.architecture.bits import LOW32, bit, bits
from s390emu.architecture.interruptions import PRIVILEGED_OPERATION, SPECIAL_OPERATION, SPECIFICATION
from s390emu.architecture.psw_bits import KEY, KEY_SHIFT, UNASSIGNED
from s390emu.architecture.sizes import DOUBLEWORD_OFFSET, QUADWORD_BYTES
from s390emu.cpu.psw import key_permitted, load_psw, load_short_psw, problem_state, psw_changed, psw_mask_word
from s390emu.isa.operands import based, based_long, rre, si
from s390emu.storage.access import (
    fetch_byte,
    fetch_doubleword,
    get_doubleword,
    probe_fetch,
    store_byte,
    store_doubleword,
)

SYSTEM_MASK, SYSTEM_MASK_SHIFT = bits(0, 7), u64(56)
SSM_SUPPRESSION, EXTRACTION_AUTHORITY = bit(33), bit(36)  # control register 0
KEY_IN_ADDRESS, KEY_IN_REGISTER = bits(56, 59), bits(56, 63)
KEY_BITS = u64(4)


@jit
def lpsw(cpu, storage, insn):
    """LOAD PSW, SI. PoP ch. 10 "LOAD PSW". cc as loaded.

    The doubleword is a PSW of ESA/390: bit 12 is inverted, bits 33-63 are the address. Bit 12 is not checked before the
    PSW is loaded (the manual leaves that to the model): a zero there causes an exception right after.
    """
    if problem_state(cpu):
        return PRIVILEGED_OPERATION
    second = based(cpu, insn)
    if on(second, DOUBLEWORD_OFFSET):
        return SPECIFICATION
    short, code = fetch_doubleword(cpu, storage, second)
    if code != 0:
        return code
    cpu.breaking_event = storage.insn_ia
    load_short_psw(cpu, storage, short)
    return 0


@jit
def load_extended_psw(cpu, storage, address, breaks):
    """Load the PSW of 16 bytes at this address; return a code. breaks: whether that is a breaking event."""
    if on(address, DOUBLEWORD_OFFSET):
        return SPECIFICATION
    span, code = probe_fetch(cpu, storage, address, QUADWORD_BYTES)
    if code != 0:
        return code
    if breaks:
        cpu.breaking_event = storage.insn_ia
    load_psw(cpu, storage, get_doubleword(span, u64(0)), get_doubleword(span, u64(8)))
    return 0


@jit
def lpswe(cpu, storage, insn):
    """LOAD PSW EXTENDED, S. PoP ch. 10 "LOAD PSW EXTENDED". cc as loaded.

    An invalid PSW is loaded; its specification exception comes after the instruction.
    """
    if problem_state(cpu):
        return PRIVILEGED_OPERATION
    return load_extended_psw(cpu, storage, based(cpu, insn), True)


@jit
def lpswey(cpu, storage, insn):
    """LOAD PSW EXTENDED, SIY. PoP ch. 10 "LOAD PSW EXTENDED". cc as loaded. Unlike LPSWE it is no breaking event."""
    if problem_state(cpu):
        return PRIVILEGED_OPERATION
    return load_extended_psw(cpu, storage, based_long(cpu, insn), False)


@jit
def lbear(cpu, storage, insn):
    """LOAD BEAR, S. PoP ch. 10 "LOAD BEAR". cc unchanged."""
    if problem_state(cpu):
        return PRIVILEGED_OPERATION
    second = based(cpu, insn)
    if on(second, DOUBLEWORD_OFFSET):
        return SPECIFICATION
    address, code = fetch_doubleword(cpu, storage, second)
    if code == 0:
        cpu.breaking_event = address
    return code


@jit
def stbear(cpu, storage, insn):
    """STORE BEAR, S. PoP ch. 10 "STORE BEAR". cc unchanged."""
    if problem_state(cpu):
        return PRIVILEGED_OPERATION
    second = based(cpu, insn)
    if on(second, DOUBLEWORD_OFFSET):
        return SPECIFICATION
    return store_doubleword(cpu, storage, second, cpu.breaking_event)


@jit
def set_system_mask(cpu, storage, mask):
    """Replace PSW bits 0-7 by those of mask; return a code. Unassigned bits are loaded, and recognized as part of the
    instruction, so that the ILC is its own: PoP ch. 6 "Early Exception Recognition"."""
    cpu.psw_mask = (cpu.psw_mask & ~SYSTEM_MASK) | mask
    psw_changed(cpu, storage)
    return SPECIFICATION if on(mask, UNASSIGNED) else 0


@jit
def ssm(cpu, storage, insn):
    """SET SYSTEM MASK, SI. PoP ch. 10 "SET SYSTEM MASK". cc unchanged."""
    if problem_state(cpu):
        return PRIVILEGED_OPERATION
    if on(cpu.cr[0], SSM_SUPPRESSION):
        return SPECIAL_OPERATION
    mask, code = fetch_byte(cpu, storage, based(cpu, insn))
    if code != 0:
        return code
    return set_system_mask(cpu, storage, mask << SYSTEM_MASK_SHIFT)


@jit
def stnsm(cpu, storage, insn):
    """STORE THEN AND SYSTEM MASK, SI. PoP ch. 10 "STORE THEN AND SYSTEM MASK". cc unchanged."""
    if problem_state(cpu):
        return PRIVILEGED_OPERATION
    first, i2 = si(cpu, insn)
    code = store_byte(cpu, storage, first, cpu.psw_mask >> SYSTEM_MASK_SHIFT)
    if code != 0:
        return code
    return set_system_mask(cpu, storage, cpu.psw_mask & (i2 << SYSTEM_MASK_SHIFT))


@jit
def stosm(cpu, storage, insn):
    """STORE THEN OR SYSTEM MASK, SI. PoP ch. 10 "STORE THEN OR SYSTEM MASK". cc unchanged."""
    if problem_state(cpu):
        return PRIVILEGED_OPERATION
    first, i2 = si(cpu, insn)
    code = store_byte(cpu, storage, first, cpu.psw_mask >> SYSTEM_MASK_SHIFT)
    if code != 0:
        return code
    return set_system_mask(cpu, storage, (cpu.psw_mask & SYSTEM_MASK) | (i2 << SYSTEM_MASK_SHIFT))


@jit
def epsw(cpu, storage, insn):
    """EXTRACT PSW, RRE. PoP ch. 10 "EXTRACT PSW". cc unchanged. Field R2 = 0: no second operand."""
    r1, r2 = rre(insn)
    mask = psw_mask_word(cpu)
    cpu.gr[r1] = (cpu.gr[r1] & ~LOW32) | (mask >> u64(32))
    if r2 != u64(0):
        cpu.gr[r2] = (cpu.gr[r2] & ~LOW32) | (mask & LOW32)
    return 0


@jit
def spka(cpu, storage, insn):
    """SET PSW KEY FROM ADDRESS, S. PoP ch. 10 "SET PSW KEY FROM ADDRESS". cc unchanged.

    In the problem state the PSW-key mask must permit the key.
    """
    key = (based(cpu, insn) & KEY_IN_ADDRESS) >> KEY_BITS
    if not key_permitted(cpu, key):
        return PRIVILEGED_OPERATION
    cpu.psw_mask = (cpu.psw_mask & ~KEY) | (key << KEY_SHIFT)
    psw_changed(cpu, storage)
    return 0


@jit
def extraction_permitted(cpu):
    """True if the program may extract: in the supervisor state, or with the extraction-authority control."""
    return not problem_state(cpu) or on(cpu.cr[0], EXTRACTION_AUTHORITY)


@jit
def ipk(cpu, storage, insn):
    """INSERT PSW KEY, S. PoP ch. 10 "INSERT PSW KEY". cc unchanged. The problem state needs extraction authority."""
    if not extraction_permitted(cpu):
        return PRIVILEGED_OPERATION
    key = (cpu.psw_mask & KEY) >> KEY_SHIFT
    cpu.gr[2] = (cpu.gr[2] & ~KEY_IN_REGISTER) | (key << KEY_BITS)
    return 0
