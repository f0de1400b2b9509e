"""EXTRACT AND SET STORAGE ATTRIBUTES. Not in the Principles of Operation: spec essa.md, sections 1 to 3."""

from __future__ import annotations

from s390emu._jit import i64, jit, u64
from s390emu.bits import bit
from s390emu.cpu.interruptions import ADDRESSING, OPERATION, PRIVILEGED_OPERATION, SPECIFICATION
from s390emu.cpu.psw import problem_state
from s390emu.isa.operands import rrf_c
from s390emu.storage.absolute import in_configuration
from s390emu.storage.events import record_event
from s390emu.storage.keys import CHANGE, guest_key
from s390emu.storage.page_states import ACTION, AFTER, NO_DAT, NONE, block_at, state_of
from s390emu.storage.state import BLOCK_SHIFT, EVENT_ESSA, EXIT_HYPERCALL
from s390emu.storage.tlb import drop_block

SET_STABLE, SET_STABLE_NO_DAT = 1, 7
LAST_ORC = u64(7)
ESSA_ENHANCEMENT = bit(147 - 128)  # facility 147, in the third doubleword of the list


@jit
def attributes(block):
    """R1: no-DAT, usage and content state."""
    word = u64(state_of(block))
    return word | NO_DAT if block.no_dat != 0 else word


@jit
def change_bit(storage, number):
    return 1 if guest_key(storage, number) & CHANGE else 0


@jit
def essa(cpu, storage, insn):
    """EXTRACT AND SET STORAGE ATTRIBUTES, RRF-c. Spec essa.md 1. cc unchanged.

    Where the content changes too (page-in, discard of a preserved block) the host completes the instruction.
    """
    r1, r2, orc = rrf_c(insn)
    if storage.essa == u64(0):
        return OPERATION
    if problem_state(cpu):
        return PRIVILEGED_OPERATION
    if orc > LAST_ORC or (orc == LAST_ORC and storage.facilities[2] & ESSA_ENHANCEMENT == u64(0)):
        return SPECIFICATION
    absolute = cpu.gr[r2] & cpu.amode
    if not in_configuration(storage, absolute):
        return ADDRESSING
    number = absolute >> BLOCK_SHIFT
    if ACTION[state_of(block_at(storage, number)), change_bit(storage, number), orc] != NONE:
        storage.call_insn = insn
        return EXIT_HYPERCALL
    perform(cpu, storage, r1, number, i64(orc))
    return 0


@jit
def perform(cpu, storage, r1, number, orc):
    """Extract, set the usage, and record; the content is as the table wants it after the operation, or will be."""
    block = block_at(storage, number)
    before = attributes(block)
    if orc != 0:
        after = AFTER[state_of(block), change_bit(storage, number), orc]
        if block.invalid == 0:
            drop_block(storage, number)
        block.usage = after >> 2
        if orc == SET_STABLE:
            block.no_dat = 0
        elif orc == SET_STABLE_NO_DAT:
            block.no_dat = 1
    cpu.gr[r1] = before
    storage.essa_count[orc] += u64(1)
    record_event(storage, EVENT_ESSA, number, before, attributes(block), u64(orc))
