"""Storage keys: PoP ch. 10, and docs/page-hinting.md section 6 for blocks without a frame.

Instructions on keys do not reference the block: no page-in, no exception for a discarded or unused block (D10, D11).
"""

from __future__ import annotations

from s390emu._jit import fill_bytes, i64, jit, on, u64
from s390emu.architecture.bits import LOW8, LOW32, bit, bits
from s390emu.architecture.interruptions import (
    ADDRESSING,
    PRIVILEGED_OPERATION,
    PROTECTION,
    SPECIFICATION,
)
from s390emu.architecture.psw_bits import ACCESS_REGISTER, DAT, EA, MODE24
from s390emu.architecture.sizes import BLOCK_BYTES, BLOCK_SHIFT, OFFSET, PAGE
from s390emu.architecture.storage_key import ACC_F, CHANGE, REFERENCE
from s390emu.cpu.psw import problem_state
from s390emu.isa.control.address_spaces import extraction_code
from s390emu.isa.operands import LOW4, based, based_second, rre, rrf_c
from s390emu.records.exits import CODE_REPEAT
from s390emu.storage.absolute import guest_of, in_configuration
from s390emu.storage.access import touch
from s390emu.storage.access_registers import access_space, art_exception, designate
from s390emu.storage.dat import (
    ABSOLUTE,
    ASCE_PRIVATE,
    ENHANCED_DAT_2,
    PROTECTED,
    Walk,
    asce_of,
    translate,
    translation_exception,
    walk,
)
from s390emu.storage.keys import inspect_key, reset_reference, set_key
from s390emu.storage.prefixing import apply_prefix
from s390emu.storage.presence import FETCH, STORE, absence
from s390emu.storage.protection import fetch_protection_overridden, key_permits, low_address_protected

KEY = u64(0xFE)  # ACC F R C in bits 56-62 of a register
OLD_KEY, OLD_KEY_SHIFT = bits(48, 55), u64(8)
R_MASK, C_MASK, MULTIPLE = u64(4), u64(2), u64(1)  # SSKE's M3: ignore R; ignore C; several blocks
SEVERAL_BLOCKS = 3  # condition code
SEVERAL_BYTES, LAST_OF_SEVERAL = bits(46, 63), u64(63)  # RRBM and IRBM: 256K bytes, 64 blocks
CC_REFERENCE = 2  # R in the condition code of RRBE
# PFMF's general register R1
MANAGE_ZERO = bits(32, 45) | bit(55) | bit(63)
SET_KEY, CLEAR_FRAME, FRAME_SIZE = bit(46), bit(47), bits(49, 51)
FRAME_4K, FRAME_1M, FRAME_2G = u64(0), bit(51), bit(50)
MEGABYTE, TWO_GIGABYTES = bits(44, 63), bits(33, 63)  # the bits of an address within such a frame
IGNORED_SHIFT = u64(8)  # bits 53 and 54 to R_MASK and C_MASK
KEY_SHIFT = u64(4)  # TPROT: the key is bits 56-59 of an address
FETCH_AND_STORE, FETCH_ONLY, NEITHER, NO_TRANSLATION = range(4)


@jit
def key_operand(cpu, storage, r2):
    """Return (block number, code) of the block that a register designates by real address."""
    absolute = apply_prefix(cpu, cpu.gr[r2] & cpu.amode)
    if not in_configuration(guest_of(storage), absolute):
        return u64(0), ADDRESSING
    return absolute >> BLOCK_SHIFT, 0


@jit
def iske(cpu, storage, insn):
    """INSERT STORAGE KEY EXTENDED, RRE. PoP ch. 10 "INSERT STORAGE KEY EXTENDED". cc unchanged."""
    if problem_state(cpu):
        return PRIVILEGED_OPERATION
    r1, r2 = rre(insn)
    number, code = key_operand(cpu, storage, r2)
    if code == 0:
        cpu.gr[r1] = (cpu.gr[r1] & ~LOW8) | u64(inspect_key(guest_of(storage), number))
    return code


@jit
def as_wanted(old, key, ignored):
    """True if the key is the one that SSKE or PFMF is to set, but for bits that M3 (R_MASK, C_MASK) says to ignore."""
    compared = ACC_F | (0 if on(ignored, R_MASK) else REFERENCE) | (0 if on(ignored, C_MASK) else CHANGE)
    return (old ^ key) & compared == 0


@jit
def next_block(cpu, r2, within):
    """Advance the address in a register by a block, in as many bits as the addressing mode has; return 1 at the next
    frame of the size that these bits of an address tell, else 0."""
    address = (cpu.gr[r2] + BLOCK_BYTES) & cpu.amode
    kept = ~LOW32 if not on(cpu.psw_mask, EA) else u64(0)
    cpu.gr[r2] = (cpu.gr[r2] & (kept | OFFSET)) | (address & PAGE)
    return 1 if not on(address & within, PAGE) else 0


@jit
def sske(cpu, storage, insn):
    """SET STORAGE KEY EXTENDED, RRF-c. PoP ch. 10 "SET STORAGE KEY EXTENDED". cc unchanged, or where M3 makes it
    conditional: 0 the block has the key already; 1 set; 3 several blocks.

    Several blocks: absolute addresses up to the next megabyte, R2 advanced. Nonquiescing (M3 bit 0) has no effect, as
    CPUs execute one at a time.
    """
    if problem_state(cpu):
        return PRIVILEGED_OPERATION
    r1, r2, m3 = rrf_c(insn)
    key = i64(cpu.gr[r1] & KEY)
    conditional = on(m3, R_MASK | C_MASK)
    if on(m3, MULTIPLE):
        while True:
            absolute = cpu.gr[r2] & cpu.amode
            if not in_configuration(guest_of(storage), absolute):
                return ADDRESSING
            number = absolute >> BLOCK_SHIFT
            if not (conditional and as_wanted(inspect_key(guest_of(storage), number), key, m3)):
                set_key(guest_of(storage), number, key)
            if next_block(cpu, r2, MEGABYTE):
                break
        if conditional:
            cpu.cc = SEVERAL_BLOCKS
        return 0
    number, code = key_operand(cpu, storage, r2)
    if code != 0:
        return code
    if conditional:
        old = inspect_key(guest_of(storage), number)
        cpu.gr[r1] = (cpu.gr[r1] & ~OLD_KEY) | (u64(old) << OLD_KEY_SHIFT)
        cpu.cc = 0 if as_wanted(old, key, m3) else 1
    if not conditional or cpu.cc == 1:
        set_key(guest_of(storage), number, key)
    return 0


@jit
def clear_block(cpu, storage, address, absolute):
    """Clear a block to zeros, as a store that no key prohibits; return a code. address: for low-address protection."""
    if low_address_protected(cpu, address & PAGE):
        cpu.teid = cpu.exception_access = u64(0)
        return PROTECTION
    code = absence(cpu, storage, absolute, STORE)
    if code == 0:
        fill_bytes(touch(guest_of(storage), absolute & PAGE, BLOCK_BYTES, STORE), u64(0), BLOCK_BYTES)
    return code


@jit
def tb(cpu, storage, insn):
    """TEST BLOCK, RRE. PoP ch. 10 "TEST BLOCK". cc 0: every block is usable. It is cleared; its key remains."""
    if problem_state(cpu):
        return PRIVILEGED_OPERATION
    _, r2 = rre(insn)
    real = cpu.gr[r2] & cpu.amode
    code = clear_block(cpu, storage, real, apply_prefix(cpu, real))
    if code == 0:
        cpu.gr[0] = cpu.gr[0] & ~cpu.amode & ~LOW32
        cpu.cc = 0
    return code


@jit
def manage_block(cpu, storage, control, address, absolute):
    """Perform PERFORM FRAME MANAGEMENT FUNCTION for one block; return a code."""
    if not in_configuration(guest_of(storage), absolute):
        return ADDRESSING
    if on(control, CLEAR_FRAME):
        code = clear_block(cpu, storage, address, absolute)
        if code != 0:
            return code
    if on(control, SET_KEY):
        number, key, ignored = absolute >> BLOCK_SHIFT, i64(control & KEY), control >> IGNORED_SHIFT
        if not on(ignored, R_MASK | C_MASK) or not as_wanted(inspect_key(guest_of(storage), number), key, ignored):
            set_key(guest_of(storage), number, key)
    return 0


@jit
def pfmf(cpu, storage, insn):
    """PERFORM FRAME MANAGEMENT FUNCTION, RRE. PoP ch. 10 "PERFORM FRAME MANAGEMENT FUNCTION". cc unchanged.

    A frame of 4K bytes is designated by a real address; one of 1M or 2G bytes by an absolute one, from which R2 is
    advanced to the next such frame. Clearing is a store (D12): it pages in first (D7's shortcut is not taken). Each
    block is then a unit of operation, as the host may have fewer frames than a megabyte has blocks. Frames of 2G bytes
    come with enhanced-DAT facility 2, but not in the 24-bit mode.
    """
    if problem_state(cpu):
        return PRIVILEGED_OPERATION
    r1, r2 = rre(insn)
    control = cpu.gr[r1]
    size = control & FRAME_SIZE
    if on(control, MANAGE_ZERO) or (size != FRAME_4K and size != FRAME_1M and size != FRAME_2G):
        return SPECIFICATION
    if size == FRAME_2G and (cpu.amode == MODE24 or not on(guest_of(storage).facilities[1], ENHANCED_DAT_2)):
        return SPECIFICATION
    if size == FRAME_4K:
        real = cpu.gr[r2] & cpu.amode
        return manage_block(cpu, storage, control, real, apply_prefix(cpu, real))
    within = MEGABYTE if size == FRAME_1M else TWO_GIGABYTES
    while True:
        absolute = cpu.gr[r2] & cpu.amode
        code = manage_block(cpu, storage, control, absolute, absolute)
        if code != 0:
            return code
        if next_block(cpu, r2, within):
            return 0
        if on(control, CLEAR_FRAME):
            return CODE_REPEAT


@jit
def rrbe(cpu, storage, insn):
    """RESET REFERENCE BIT EXTENDED, RRE. PoP ch. 10 "RESET REFERENCE BIT EXTENDED". cc: old R and C as two bits."""
    if problem_state(cpu):
        return PRIVILEGED_OPERATION
    _, r2 = rre(insn)
    number, code = key_operand(cpu, storage, r2)
    if code == 0:
        cpu.cc = i64(reset_reference(guest_of(storage), number))
    return code


@jit
def reference_bits(cpu, storage, r2, reset):
    """Return the reference bits of 64 blocks, the first one at bit 0, and a code; reset them if asked. The blocks are
    those of the 256K bytes that a register designates by absolute address."""
    guest, first = guest_of(storage), (cpu.gr[r2] & cpu.amode & ~SEVERAL_BYTES) >> BLOCK_SHIFT
    if not in_configuration(guest, (first + LAST_OF_SEVERAL) << BLOCK_SHIFT):
        return u64(0), ADDRESSING
    found = u64(0)
    for i in range(64):
        number = first + u64(i)
        referenced = reset_reference(guest, number) & CC_REFERENCE if reset else inspect_key(guest, number) & REFERENCE
        found = (found << u64(1)) | (u64(1) if referenced else u64(0))
    return found, 0


@jit
def rrbm(cpu, storage, insn):
    """RESET REFERENCE BITS MULTIPLE, RRE. PoP ch. 10 "RESET REFERENCE BITS MULTIPLE". cc unchanged."""
    if problem_state(cpu):
        return PRIVILEGED_OPERATION
    r1, r2 = rre(insn)
    found, code = reference_bits(cpu, storage, r2, True)
    if code == 0:
        cpu.gr[r1] = found
    return code


@jit
def irbm(cpu, storage, insn):
    """INSERT REFERENCE BITS MULTIPLE, RRE. PoP ch. 10 "INSERT REFERENCE BITS MULTIPLE". cc unchanged."""
    if problem_state(cpu):
        return PRIVILEGED_OPERATION
    r1, r2 = rre(insn)
    found, code = reference_bits(cpu, storage, r2, False)
    if code == 0:
        cpu.gr[r1] = found
    return code


@jit
def ivsk(cpu, storage, insn):
    """INSERT VIRTUAL STORAGE KEY, RRE. PoP ch. 10 "INSERT VIRTUAL STORAGE KEY". cc unchanged. Only ACC and F."""
    code = extraction_code(cpu)
    if code != 0:
        return code
    r1, r2 = rre(insn)
    designate(storage, r2)
    space, code = access_space(cpu, storage, FETCH)
    if code != 0:
        return code
    real, code = translate(cpu, storage, cpu.gr[r2] & cpu.amode, FETCH, space)
    if code != 0:
        return code
    absolute = apply_prefix(cpu, real)
    if not in_configuration(guest_of(storage), absolute):
        return ADDRESSING
    cpu.gr[r1] = (cpu.gr[r1] & ~LOW8) | u64(inspect_key(guest_of(storage), absolute >> BLOCK_SHIFT) & ACC_F)
    return 0


@jit
def tprot(cpu, storage, insn):
    """TEST PROTECTION, SSE. PoP ch. 10 "TEST PROTECTION". cc 0 fetch and store permitted, 1 fetch only, 2 neither,
    3 no translation.

    The block itself is not referenced: no page-in, no exception for a discarded block (D11).
    """
    if problem_state(cpu):
        return PRIVILEGED_OPERATION
    first = based(cpu, insn)
    access_key = i64((based_second(cpu, insn) >> KEY_SHIFT) & LOW4)
    private = fetch_only = False
    found = Walk(first, 0, 0)
    if on(cpu.psw_mask, DAT):
        space, code = access_space(cpu, storage, FETCH)
        if art_exception(code):
            cpu.cc = NO_TRANSLATION
            return 0
        if code != 0:
            return code
        asce = asce_of(cpu, storage, space)
        private = on(asce, ASCE_PRIVATE)
        fetch_only = space == ACCESS_REGISTER and storage.art_fetch_only != u64(0)
        found = walk(cpu, storage, asce, first)
    if translation_exception(found.code):
        cpu.cc = NO_TRANSLATION
        return 0
    if found.code != 0:
        return found.code
    absolute = found.address if found.flags & ABSOLUTE != 0 else apply_prefix(cpu, found.address)
    if not in_configuration(guest_of(storage), absolute):
        return ADDRESSING
    key = inspect_key(guest_of(storage), absolute >> BLOCK_SHIFT)
    prohibited = fetch_only or found.flags & PROTECTED != 0 or (not private and low_address_protected(cpu, first))
    if not prohibited and key_permits(cpu, access_key, key, True):
        cpu.cc = FETCH_AND_STORE
    elif key_permits(cpu, access_key, key, False) or (not private and fetch_protection_overridden(cpu, first, u64(1))):
        cpu.cc = FETCH_ONLY
    else:
        cpu.cc = NEITHER
    return 0
