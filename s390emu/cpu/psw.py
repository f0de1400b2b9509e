"""The program-status word: PoP ch. 4 "Program-Status Word"; early exceptions: ch. 6 "Exceptions Associated with the
PSW"."""

from __future__ import annotations

from s390emu._jit import i64, jit, on, u64
from s390emu.architecture.bits import bit
from s390emu.architecture.program_events import EVENT_MASKS
from s390emu.architecture.psw_bits import (
    ACCESS_REGISTER,
    AS,
    BA,
    CC,
    CC_SHIFT,
    DAT,
    EA,
    KEY,
    KEY_SHIFT,
    LOW2,
    MODE24,
    MODE31,
    MODE64,
    PER,
    PROBLEM,
    SHORT_ADDRESS,
    SHORT_INVERTED,
    SHORT_MASK,
    UNASSIGNED,
)
from s390emu.records.events import EVENT_PSW
from s390emu.storage.absolute import guest_of
from s390emu.storage.access_registers import depends_on_text
from s390emu.storage.dat import asce_of, space_of
from s390emu.storage.events import record_event
from s390emu.storage.presence import INSTRUCTION
from s390emu.storage.tlb import NO_CONTEXT, REAL_ADDRESSES, context_with, number_of_space

KEY_0_PERMITTED = bit(32)  # first bit of the PSW-key mask, control register 3, bits 32-47


@jit
def psw_mask_word(cpu):
    """Return PSW bits 0-63, the condition code included."""
    return cpu.psw_mask | (u64(cpu.cc) << CC_SHIFT)


@jit
def problem_state(cpu):
    return on(cpu.psw_mask, PROBLEM)


@jit
def key_permitted(cpu, key):
    """True if the program may use this access key: any in the supervisor state, else those of the PSW-key mask."""
    return not problem_state(cpu) or on(cpu.cr[3] << key, KEY_0_PERMITTED)


@jit
def mode_of(mask):
    """Return the mask of address bits that EA and BA allow."""
    if on(mask, EA):
        return MODE64
    return MODE31 if on(mask, BA) else MODE24


@jit
def set_addressing_mode(cpu, mode):
    """Set the addressing mode: EA | BA (64-bit), BA (31-bit) or 0 (24-bit)."""
    cpu.psw_mask = (cpu.psw_mask & ~(EA | BA)) | mode
    cpu.amode = mode_of(mode)


@jit
def psw_valid(mask, ia):
    """True if a PSW passes the early checks: no unassigned bit, no EA without BA, no address beyond the addressing
    mode."""
    if on(mask, UNASSIGNED) or mask & (EA | BA) == EA:
        return False
    return not on(ia, ~mode_of(mask))


@jit
def records_events(cpu, mask):
    """True if PSW bits 0-63 and control register 9 ask for program-event recording."""
    return on(mask, PER) and on(cpu.cr[9], EVENT_MASKS)


@jit
def context_of(cpu, storage, mask):
    """Return the TLB's context of accesses with the key, the DAT mode and the address-space control of PSW bits 0-63;
    that of no access if the slow path is to see them all."""
    if records_events(cpu, mask) or (mask & AS == ACCESS_REGISTER and on(mask, DAT)):
        return NO_CONTEXT
    space = number_of_space(storage, asce_of(cpu, storage, mask & AS)) if on(mask, DAT) else REAL_ADDRESSES
    return context_with((mask & KEY) >> KEY_SHIFT, space)


@jit
def psw_changed(cpu, storage):
    """Have pending interruptions looked at, and set the TLB's contexts, after any change of the PSW's system mask, key,
    state or mode, or of the ASCEs."""
    mask = cpu.psw_mask
    storage.insn_context = context_of(cpu, storage, (mask & ~AS) | space_of(cpu, INSTRUCTION))
    storage.context = NO_CONTEXT if depends_on_text(cpu) else storage.insn_context
    storage.deadline = u64(0)
    record_event(guest_of(storage), EVENT_PSW, storage.cpu_address, mask, cpu.psw_ia, u64(0))


@jit
def load_psw(cpu, storage, mask, ia):
    """Make (mask, ia) the current PSW. An invalid one is loaded too: the exception comes right after."""
    cpu.psw_mask = mask & ~CC
    cpu.cc = i64((mask >> CC_SHIFT) & LOW2)
    cpu.psw_ia = ia
    cpu.amode = mode_of(mask)
    cpu.psw_early = u64(0) if psw_valid(mask, ia) else u64(1)
    psw_changed(cpu, storage)


@jit
def load_short_psw(cpu, storage, short):
    """Make a PSW of 8 bytes the current one, with bit 12 inverted."""
    load_psw(cpu, storage, (short & SHORT_MASK) ^ SHORT_INVERTED, short & SHORT_ADDRESS)
