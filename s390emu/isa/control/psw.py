"""The PSW and its parts: PoP ch. 10."""

from __future__ import annotations

from s390emu._jit import jit, u64
from s390emu.cpu.interruptions import PRIVILEGED_OPERATION, SPECIFICATION
from s390emu.cpu.psw import load_psw, problem_state
from s390emu.isa.operands import based
from s390emu.storage.access import get_doubleword, probe_fetch

DOUBLEWORD = u64(7)


@jit
def lpswe(cpu, storage, insn):
    """LOAD PSW EXTENDED, S. PoP ch. 10 "LOAD PSW EXTENDED". cc as loaded.

    An invalid PSW is loaded; its specification exception comes after the instruction.
    """
    if problem_state(cpu):
        return PRIVILEGED_OPERATION
    second = based(cpu, insn)
    if second & DOUBLEWORD != u64(0):
        return SPECIFICATION
    span, code = probe_fetch(cpu, storage, second, u64(16))
    if code != 0:
        return code
    cpu.breaking_event = storage.insn_ia
    load_psw(cpu, storage, get_doubleword(span, u64(0)), get_doubleword(span, u64(8)))
    return 0
