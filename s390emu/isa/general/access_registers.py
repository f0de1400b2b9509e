"""Access registers to and from general registers and storage: PoP ch. 7. An access register may have any contents."""

from __future__ import annotations

from s390emu._jit import i64, jit, on, u64
from s390emu.architecture.interruptions import SPECIFICATION
from s390emu.architecture.sizes import WORD_BYTES, WORD_OFFSET
from s390emu.isa.general.multiple import register_count
from s390emu.isa.operands import LOW4, rre, rs, rsy
from s390emu.isa.registers import low, set_low
from s390emu.storage.access import get_word, probe_fetch, probe_store, put_word


@jit
def ear(cpu, storage, insn):
    """EXTRACT ACCESS, RRE. PoP ch. 7 "EXTRACT ACCESS". cc unchanged."""
    r1, r2 = rre(insn)
    set_low(cpu, r1, cpu.ar[r2])
    return 0


@jit
def sar(cpu, storage, insn):
    """SET ACCESS, RRE. PoP ch. 7 "SET ACCESS". cc unchanged."""
    r1, r2 = rre(insn)
    cpu.ar[r1] = low(cpu, r2)
    return 0


@jit
def cpya(cpu, storage, insn):
    """COPY ACCESS, RRE. PoP ch. 7 "COPY ACCESS". cc unchanged."""
    r1, r2 = rre(insn)
    cpu.ar[r1] = cpu.ar[r2]
    return 0


@jit
def load_access_multiple(cpu, storage, r1, r3, second):
    """Load access registers r1 to r3 with the words from second on; return a code."""
    if on(second, WORD_OFFSET):
        return SPECIFICATION
    count = register_count(r1, r3)
    span, code = probe_fetch(cpu, storage, second, count * WORD_BYTES)
    if code == 0:
        for i in range(i64(count)):
            cpu.ar[(r1 + u64(i)) & LOW4] = get_word(span, u64(i) * WORD_BYTES)
    return code


@jit
def lam(cpu, storage, insn):
    """LOAD ACCESS MULTIPLE, RS-a. PoP ch. 7 "LOAD ACCESS MULTIPLE". cc unchanged."""
    r1, r3, second = rs(cpu, insn)
    return load_access_multiple(cpu, storage, r1, r3, second)


@jit
def lamy(cpu, storage, insn):
    """LOAD ACCESS MULTIPLE, RSY-a. PoP ch. 7 "LOAD ACCESS MULTIPLE". cc unchanged."""
    r1, r3, second = rsy(cpu, insn)
    return load_access_multiple(cpu, storage, r1, r3, second)


@jit
def store_access_multiple(cpu, storage, r1, r3, second):
    """Store access registers r1 to r3 as words from second on; return a code."""
    if on(second, WORD_OFFSET):
        return SPECIFICATION
    count = register_count(r1, r3)
    span, code = probe_store(cpu, storage, second, count * WORD_BYTES)
    if code == 0:
        for i in range(i64(count)):
            put_word(span, u64(i) * WORD_BYTES, cpu.ar[(r1 + u64(i)) & LOW4])
    return code


@jit
def stam(cpu, storage, insn):
    """STORE ACCESS MULTIPLE, RS-a. PoP ch. 7 "STORE ACCESS MULTIPLE". cc unchanged."""
    r1, r3, second = rs(cpu, insn)
    return store_access_multiple(cpu, storage, r1, r3, second)


@jit
def stamy(cpu, storage, insn):
    """STORE ACCESS MULTIPLE, RSY-a. PoP ch. 7 "STORE ACCESS MULTIPLE". cc unchanged."""
    r1, r3, second = rsy(cpu, insn)
    return store_access_multiple(cpu, storage, r1, r3, second)
