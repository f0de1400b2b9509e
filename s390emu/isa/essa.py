"""EXTRACT AND SET STORAGE ATTRIBUTES. Not in the Principles of Operation: docs/page-hinting.md, sections 1 to 3."""

from __future__ import annotations

from s390emu._jit import i64, jit, on, u64
from s390emu.architecture.bits import bit
from s390emu.architecture.interruptions import ADDRESSING, OPERATION, PRIVILEGED_OPERATION, SPECIFICATION
from s390emu.architecture.page_states import NONE
from s390emu.architecture.sizes import BLOCK_SHIFT
from s390emu.cpu.psw import problem_state
from s390emu.isa.operands import rrf_c
from s390emu.records.exits import EXIT_HYPERCALL
from s390emu.storage.absolute import block_at, guest_of, in_configuration
from s390emu.storage.transitions import action_of, attributes, transition

LAST_ORC = u64(7)
ESSA_ENHANCEMENT = bit(147 - 128)  # facility 147, in the third doubleword of the list
NO_FRAME = u64(0)


@jit
def essa(cpu, storage, insn):
    """EXTRACT AND SET STORAGE ATTRIBUTES, RRF-c. docs/page-hinting.md 1. cc unchanged.

    Where the content changes too (page-in, discard of a preserved block) the host completes the instruction."""
    _, r2, orc = rrf_c(insn)
    if guest_of(storage).essa == u64(0):
        return OPERATION
    if problem_state(cpu):
        return PRIVILEGED_OPERATION
    if orc > LAST_ORC or (orc == LAST_ORC and not on(guest_of(storage).facilities[2], ESSA_ENHANCEMENT)):
        return SPECIFICATION
    absolute = cpu.gr[r2] & cpu.amode
    if not in_configuration(guest_of(storage), absolute):
        return ADDRESSING
    if action_of(guest_of(storage), absolute >> BLOCK_SHIFT, orc) != NONE:
        storage.call_insn = insn
        return EXIT_HYPERCALL
    perform(cpu, storage, insn, NO_FRAME)
    return 0


@jit
def perform(cpu, storage, insn, frame):
    """Extract and set, all checks being done; return the action that the table names. frame: the one that ORC 5
    gets."""
    r1, r2, orc = rrf_c(insn)
    number = (cpu.gr[r2] & cpu.amode) >> BLOCK_SHIFT
    before = attributes(block_at(guest_of(storage), number))
    action = transition(guest_of(storage), number, i64(orc), frame)
    cpu.gr[r1] = before
    storage.essa_count[orc] += u64(1)
    return action
