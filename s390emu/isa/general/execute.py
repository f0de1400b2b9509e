"""EXECUTE: PoP ch. 7 "EXECUTE", and its effects on its target: ch. 5 "Execute-Type Instructions"."""

from __future__ import annotations

from s390emu._jit import call1, call2, jit, u64
from s390emu.architecture.bits import LOW8
from s390emu.architecture.interruptions import EXECUTE, PROGRAM_EVENT
from s390emu.cpu.program_events import nullifies_fetch
from s390emu.cpu.resets import NO_BREAKING_EVENT
from s390emu.isa.general.branch import LAST_BRANCH
from s390emu.isa.operands import ril_relative, rx
from s390emu.storage.decode_cache import instruction_length

ZERO = u64(0)
OPERATION_CODE_SHIFT, EXTENDED_SHIFT, EXTENSION = u64(56), u64(48), u64(0xFF0F)
EX, EXRL = u64(0x44), u64(0xC600)
SECOND_BYTE_SHIFT = u64(48)
BEAR_SHIFT, OF_BEAR = u64(64 - 15), u64(0xB200 >> 1)  # LBEAR and STBEAR, B200 and B201


@jit
def execute(cpu, storage, r1, target, length):
    """Execute the instruction at `target`, its bits 8-15 ORed with bits 56-63 of R1 unless R1 is zero; return a code.

    Its own address is the target's: relative operands count from there. In all other respects (next instruction
    address, instruction-length code, breaking event, repetition) the instruction is the EXECUTE."""
    modifier = (cpu.gr[r1] & LOW8) << SECOND_BYTE_SHIFT if r1 != ZERO else ZERO
    code = call2(storage.find_target, cpu, storage, target, modifier)
    if code != 0:
        return code
    handler, text = storage.decoded_handler, storage.decoded_insn
    if text >> OPERATION_CODE_SHIFT == EX or (text >> EXTENDED_SHIFT) & EXTENSION == EXRL:
        return EXECUTE
    storage.executed_target = target
    if nullifies_fetch(storage, target):
        return PROGRAM_EVENT
    ia, breaking_event, branches = storage.insn_ia, cpu.breaking_event, storage.branch_count
    storage.insn_ia, storage.execute_length = target, length
    if text >> BEAR_SHIFT != OF_BEAR:
        cpu.breaking_event = NO_BREAKING_EVENT
    code = call1(handler, cpu, storage, text)
    storage.insn_ia, storage.execute_length = ia, ZERO
    if text >> BEAR_SHIFT != OF_BEAR:
        cpu.breaking_event = breaking_event if cpu.breaking_event == NO_BREAKING_EVENT else ia
    if storage.branch_count != branches:
        storage.branch_from[branches & LAST_BRANCH] = ia
    return code


@jit
def ex(cpu, storage, insn):
    """EXECUTE, RX-a. PoP ch. 7 "EXECUTE". cc as the target sets it."""
    r1, target = rx(cpu, insn)
    return execute(cpu, storage, r1, target, instruction_length(insn))


@jit
def exrl(cpu, storage, insn):
    """EXECUTE RELATIVE LONG, RIL-b. PoP ch. 7 "EXECUTE". cc as the target sets it."""
    r1, target = ril_relative(cpu, storage, insn)
    return execute(cpu, storage, r1, target, instruction_length(insn))
