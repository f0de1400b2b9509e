"""Branching: PoP ch. 7, and its introduction in ch. 5 "Branch-Instruction" to "Branch-Address Generation".

Every branch goes through `branch_to`. Compare and branch is in `compare_and_branch.py`, EXECUTE in `execute.py`.
Bit 63 of a branch address may be one: the specification exception then belongs to the next instruction.
"""

from __future__ import annotations

from s390emu._jit import i64, jit, on, u64
from s390emu.architecture.bits import bit
from s390emu.architecture.psw_bits import BA, EA, MODE24, MODE31, MODE64, PROGRAM_MASK
from s390emu.architecture.sizes import WORD_BITS
from s390emu.cpu.psw import set_addressing_mode
from s390emu.isa.operands import ri_relative, rie_e, ril_relative, rr, rre, rs, rsy, rx, rxy, sign_extend
from s390emu.isa.registers import high, low, set_high, set_low
from s390emu.records.port import BRANCHES
from s390emu.storage.access import fetch_doubleword
from s390emu.storage.decode_cache import instruction_length

LAST_BRANCH = u64(BRANCHES - 1)
ZERO, ONE = u64(0), u64(1)
ODD = u64(1)  # of a register number
CC0 = u64(8)  # the mask bit of condition code 0
# BRANCH AND LINK in the 24-bit mode: the ILC in bits 32-33, cc in 34-35, the program mask (PSW bits 20-23) in 36-39
ILC_SHIFT, LINK_CC_SHIFT, PROGRAM_MASK_SHIFT = u64(63 - 33), u64(63 - 35), u64(39 - 23)
MODE_64 = bit(63)  # of the link and the branch address, in BRANCH AND (SAVE AND) SET MODE


@jit
def branch_to(cpu, storage, target):
    """Replace the instruction address, and note the branch for the breaking event and the branch history."""
    slot = storage.branch_count & LAST_BRANCH
    storage.branch_from[slot] = storage.insn_ia
    storage.branch_to[slot] = target
    storage.branch_count += u64(1)
    cpu.breaking_event = storage.insn_ia
    cpu.psw_ia = target


# --- on condition ----------------------------------------------------------------------------------------------------


@jit
def selected(cpu, mask):
    """True if the four-bit mask selects the condition code. Bits 8, 4, 2, 1 stand for condition codes 0, 1, 2, 3."""
    return on(mask << u64(cpu.cc), CC0)


@jit
def bc(cpu, storage, insn):
    """BRANCH ON CONDITION, RX-b. PoP ch. 7 "BRANCH ON CONDITION". cc unchanged."""
    m1, target = rx(cpu, insn)
    if selected(cpu, m1):
        branch_to(cpu, storage, target)
    return 0


@jit
def bcr(cpu, storage, insn):
    """BRANCH ON CONDITION, RR. PoP ch. 7 "BRANCH ON CONDITION". cc unchanged.

    With R2 zero there is no branch. Masks 14 and 15 then serialize; accesses here are always in program order.
    """
    m1, r2 = rr(insn)
    if r2 != ZERO and selected(cpu, m1):
        branch_to(cpu, storage, cpu.gr[r2] & cpu.amode)
    return 0


@jit
def brc(cpu, storage, insn):
    """BRANCH RELATIVE ON CONDITION, RI-c. PoP ch. 7 "BRANCH RELATIVE ON CONDITION". cc unchanged."""
    m1, target = ri_relative(cpu, storage, insn)
    if selected(cpu, m1):
        branch_to(cpu, storage, target)
    return 0


@jit
def brcl(cpu, storage, insn):
    """BRANCH RELATIVE ON CONDITION LONG, RIL-c. PoP ch. 7 "BRANCH RELATIVE ON CONDITION". cc unchanged."""
    m1, target = ril_relative(cpu, storage, insn)
    if selected(cpu, m1):
        branch_to(cpu, storage, target)
    return 0


@jit
def bic(cpu, storage, insn):
    """BRANCH INDIRECT ON CONDITION, RXY-b. PoP ch. 7 "BRANCH INDIRECT ON CONDITION". cc unchanged.

    The branch address is the doubleword in storage; it is fetched for a branch that is taken.
    """
    m1, second = rxy(cpu, insn)
    if selected(cpu, m1):
        target, code = fetch_doubleword(cpu, storage, second)
        if code != 0:
            return code
        branch_to(cpu, storage, target & cpu.amode)
    return 0


# --- with a link -----------------------------------------------------------------------------------------------------


@jit
def save(cpu, r1):
    """Save the updated instruction address in R1; in the 24- and 31-bit modes in bits 32-63, with the mode in bit
    32."""
    if cpu.amode == MODE64:
        cpu.gr[r1] = cpu.psw_ia
    else:
        set_low(cpu, r1, cpu.psw_ia | (cpu.psw_mask & BA))


@jit
def link(cpu, storage, r1, insn):
    """Save the link as `save` does; in the 24-bit mode with instruction-length code, condition code and program
    mask."""
    save(cpu, r1)
    if cpu.amode == MODE24:
        length = storage.execute_length if storage.execute_length != ZERO else instruction_length(insn)
        codes = ((length >> ONE) << ILC_SHIFT) | (u64(cpu.cc) << LINK_CC_SHIFT)
        cpu.gr[r1] |= codes | ((cpu.psw_mask & PROGRAM_MASK) >> PROGRAM_MASK_SHIFT)


@jit
def bal(cpu, storage, insn):
    """BRANCH AND LINK, RX-a. PoP ch. 7 "BRANCH AND LINK". cc unchanged."""
    r1, target = rx(cpu, insn)
    link(cpu, storage, r1, insn)
    branch_to(cpu, storage, target)
    return 0


@jit
def balr(cpu, storage, insn):
    """BRANCH AND LINK, RR. PoP ch. 7 "BRANCH AND LINK". cc unchanged. With R2 zero there is no branch."""
    r1, r2 = rr(insn)
    target = cpu.gr[r2] & cpu.amode
    link(cpu, storage, r1, insn)
    if r2 != ZERO:
        branch_to(cpu, storage, target)
    return 0


@jit
def bas(cpu, storage, insn):
    """BRANCH AND SAVE, RX-a. PoP ch. 7 "BRANCH AND SAVE". cc unchanged."""
    r1, target = rx(cpu, insn)
    save(cpu, r1)
    branch_to(cpu, storage, target)
    return 0


@jit
def basr(cpu, storage, insn):
    """BRANCH AND SAVE, RR. PoP ch. 7 "BRANCH AND SAVE". cc unchanged. With R2 zero there is no branch."""
    r1, r2 = rr(insn)
    target = cpu.gr[r2] & cpu.amode
    save(cpu, r1)
    if r2 != ZERO:
        branch_to(cpu, storage, target)
    return 0


@jit
def bras(cpu, storage, insn):
    """BRANCH RELATIVE AND SAVE, RI-b. PoP ch. 7 "BRANCH RELATIVE AND SAVE". cc unchanged."""
    r1, target = ri_relative(cpu, storage, insn)
    save(cpu, r1)
    branch_to(cpu, storage, target)
    return 0


@jit
def brasl(cpu, storage, insn):
    """BRANCH RELATIVE AND SAVE LONG, RIL-b. PoP ch. 7 "BRANCH RELATIVE AND SAVE". cc unchanged."""
    r1, target = ril_relative(cpu, storage, insn)
    save(cpu, r1)
    branch_to(cpu, storage, target)
    return 0


@jit
def branch_in_mode(cpu, storage, address):
    """Set the addressing mode that bits 63 and 32 of a register's contents designate, and branch there."""
    if on(address, MODE_64):
        set_addressing_mode(cpu, EA | BA)
        branch_to(cpu, storage, address & ~MODE_64)
    elif on(address, BA):
        set_addressing_mode(cpu, BA)
        branch_to(cpu, storage, address & MODE31)
    else:
        set_addressing_mode(cpu, ZERO)
        branch_to(cpu, storage, address & MODE24)


@jit
def bassm(cpu, storage, insn):
    """BRANCH AND SAVE AND SET MODE, RR. PoP ch. 7 "BRANCH AND SAVE AND SET MODE". cc unchanged.

    In the 64-bit mode bit 63 of the link is one. With R2 zero there is neither a branch nor a change of mode.
    """
    r1, r2 = rr(insn)
    address = cpu.gr[r2]
    save(cpu, r1)
    if cpu.amode == MODE64:
        cpu.gr[r1] |= MODE_64
    if r2 != ZERO:
        branch_in_mode(cpu, storage, address)
    return 0


@jit
def bsm(cpu, storage, insn):
    """BRANCH AND SET MODE, RR. PoP ch. 7 "BRANCH AND SET MODE". cc unchanged.

    R1 gets only the mode: bit 63 is set to one in the 64-bit mode, else bit 32 to the mode. An R1 or R2 field of zero
    means that this, or the branch, is not done.
    """
    r1, r2 = rr(insn)
    address = cpu.gr[r2]
    if r1 != ZERO:
        if cpu.amode == MODE64:
            cpu.gr[r1] |= MODE_64
        else:
            cpu.gr[r1] = (cpu.gr[r1] & ~BA) | (cpu.psw_mask & BA)
    if r2 != ZERO:
        branch_in_mode(cpu, storage, address)
    return 0


# --- on count --------------------------------------------------------------------------------------------------------


@jit
def count_down32(cpu, r1):
    """Subtract one from bits 32-63; return whether they are not zero."""
    set_low(cpu, r1, cpu.gr[r1] - ONE)
    return low(cpu, r1) != ZERO


@jit
def count_down64(cpu, r1):
    cpu.gr[r1] -= ONE
    return cpu.gr[r1] != ZERO


@jit
def bct(cpu, storage, insn):
    """BRANCH ON COUNT (32), RX-a. PoP ch. 7 "BRANCH ON COUNT". cc unchanged."""
    r1, target = rx(cpu, insn)
    if count_down32(cpu, r1):
        branch_to(cpu, storage, target)
    return 0


@jit
def bctr(cpu, storage, insn):
    """BRANCH ON COUNT (32), RR. PoP ch. 7 "BRANCH ON COUNT". cc unchanged. With R2 zero it only counts."""
    r1, r2 = rr(insn)
    target = cpu.gr[r2] & cpu.amode
    if count_down32(cpu, r1) and r2 != ZERO:
        branch_to(cpu, storage, target)
    return 0


@jit
def bctg(cpu, storage, insn):
    """BRANCH ON COUNT (64), RXY-a. PoP ch. 7 "BRANCH ON COUNT". cc unchanged."""
    r1, target = rxy(cpu, insn)
    if count_down64(cpu, r1):
        branch_to(cpu, storage, target)
    return 0


@jit
def bctgr(cpu, storage, insn):
    """BRANCH ON COUNT (64), RRE. PoP ch. 7 "BRANCH ON COUNT". cc unchanged. With R2 zero it only counts."""
    r1, r2 = rre(insn)
    target = cpu.gr[r2] & cpu.amode
    if count_down64(cpu, r1) and r2 != ZERO:
        branch_to(cpu, storage, target)
    return 0


@jit
def brct(cpu, storage, insn):
    """BRANCH RELATIVE ON COUNT (32), RI-b. PoP ch. 7 "BRANCH RELATIVE ON COUNT". cc unchanged."""
    r1, target = ri_relative(cpu, storage, insn)
    if count_down32(cpu, r1):
        branch_to(cpu, storage, target)
    return 0


@jit
def brctg(cpu, storage, insn):
    """BRANCH RELATIVE ON COUNT (64), RI-b. PoP ch. 7 "BRANCH RELATIVE ON COUNT". cc unchanged."""
    r1, target = ri_relative(cpu, storage, insn)
    if count_down64(cpu, r1):
        branch_to(cpu, storage, target)
    return 0


@jit
def brcth(cpu, storage, insn):
    """BRANCH RELATIVE ON COUNT HIGH (32), RIL-b. PoP ch. 7 "BRANCH RELATIVE ON COUNT". cc unchanged.

    The count is bits 0-31 of R1.
    """
    r1, target = ril_relative(cpu, storage, insn)
    set_high(cpu, r1, high(cpu, r1) - ONE)
    if high(cpu, r1) != ZERO:
        branch_to(cpu, storage, target)
    return 0


# --- on index --------------------------------------------------------------------------------------------------------


@jit
def index_high32(cpu, r1, r3):
    """Add R3 to R1; return whether the sum is higher than the odd register of the pair (R3 itself if R3 is odd).

    The comparand is what it was before the addition. The sum is a signed number; overflow is ignored."""
    comparand = sign_extend(cpu.gr[r3 | ODD], WORD_BITS)
    total = cpu.gr[r1] + cpu.gr[r3]
    set_low(cpu, r1, total)
    return i64(sign_extend(total, WORD_BITS)) > i64(comparand)


@jit
def index_high64(cpu, r1, r3):
    comparand = cpu.gr[r3 | ODD]
    total = cpu.gr[r1] + cpu.gr[r3]
    cpu.gr[r1] = total
    return i64(total) > i64(comparand)


@jit
def bxh(cpu, storage, insn):
    """BRANCH ON INDEX HIGH (32), RS-a. PoP ch. 7 "BRANCH ON INDEX HIGH". cc unchanged."""
    r1, r3, target = rs(cpu, insn)
    if index_high32(cpu, r1, r3):
        branch_to(cpu, storage, target)
    return 0


@jit
def bxle(cpu, storage, insn):
    """BRANCH ON INDEX LOW OR EQUAL (32), RS-a. PoP ch. 7 "BRANCH ON INDEX LOW OR EQUAL". cc unchanged."""
    r1, r3, target = rs(cpu, insn)
    if not index_high32(cpu, r1, r3):
        branch_to(cpu, storage, target)
    return 0


@jit
def bxhg(cpu, storage, insn):
    """BRANCH ON INDEX HIGH (64), RSY-a. PoP ch. 7 "BRANCH ON INDEX HIGH". cc unchanged."""
    r1, r3, target = rsy(cpu, insn)
    if index_high64(cpu, r1, r3):
        branch_to(cpu, storage, target)
    return 0


@jit
def bxleg(cpu, storage, insn):
    """BRANCH ON INDEX LOW OR EQUAL (64), RSY-a. PoP ch. 7 "BRANCH ON INDEX LOW OR EQUAL". cc unchanged."""
    r1, r3, target = rsy(cpu, insn)
    if not index_high64(cpu, r1, r3):
        branch_to(cpu, storage, target)
    return 0


@jit
def brxh(cpu, storage, insn):
    """BRANCH RELATIVE ON INDEX HIGH (32), RSI. PoP ch. 7 "BRANCH RELATIVE ON INDEX HIGH". cc unchanged."""
    r1, r3, target = rie_e(cpu, storage, insn)
    if index_high32(cpu, r1, r3):
        branch_to(cpu, storage, target)
    return 0


@jit
def brxle(cpu, storage, insn):
    """BRANCH RELATIVE ON INDEX LOW OR EQUAL (32), RSI. PoP ch. 7, by that name. cc unchanged."""
    r1, r3, target = rie_e(cpu, storage, insn)
    if not index_high32(cpu, r1, r3):
        branch_to(cpu, storage, target)
    return 0


@jit
def brxhg(cpu, storage, insn):
    """BRANCH RELATIVE ON INDEX HIGH (64), RIE-e. PoP ch. 7 "BRANCH RELATIVE ON INDEX HIGH". cc unchanged."""
    r1, r3, target = rie_e(cpu, storage, insn)
    if index_high64(cpu, r1, r3):
        branch_to(cpu, storage, target)
    return 0


@jit
def brxlg(cpu, storage, insn):
    """BRANCH RELATIVE ON INDEX LOW OR EQUAL (64), RIE-e. PoP ch. 7, by that name. cc unchanged."""
    r1, r3, target = rie_e(cpu, storage, insn)
    if not index_high64(cpu, r1, r3):
        branch_to(cpu, storage, target)
    return 0


# --- predictions -----------------------------------------------------------------------------------------------------


@jit
def bpp(cpu, storage, insn):
    """BRANCH PREDICTION PRELOAD, SMI. PoP ch. 7 "BRANCH PREDICTION PRELOAD". cc unchanged. Only a hint."""
    return 0


@jit
def bprp(cpu, storage, insn):
    """BRANCH PREDICTION RELATIVE PRELOAD, MII. PoP ch. 7 "BRANCH PREDICTION PRELOAD". cc unchanged. As BPP."""
    return 0


@jit
def niai(cpu, storage, insn):
    """NEXT INSTRUCTION ACCESS INTENT, IE. PoP ch. 7 "NEXT INSTRUCTION ACCESS INTENT". cc unchanged. As BPP."""
    return 0


@jit
def ppa(cpu, storage, insn):
    """PERFORM PROCESSOR ASSIST, RRF-c. PoP ch. 7 "PERFORM PROCESSOR ASSIST". cc unchanged.

    No function (M3) has an effect that a program can see; one that is not installed is no operation.
    """
    return 0
