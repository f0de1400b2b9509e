"""LOAD LENGTHENED of hexadecimal numbers: PoP ch. 18. Compilers load short binary numbers with it, for its zeros."""

from __future__ import annotations

from s390emu._jit import jit
from s390emu.architecture.interruptions import DXC_AFP_REGISTER
from s390emu.architecture.sizes import WORD_BITS
from s390emu.cpu.interruptions import data_exception
from s390emu.isa.floating_point.load_store import lacks_afp
from s390emu.isa.operands import rre, rx
from s390emu.isa.registers import HIGH32
from s390emu.storage.access import fetch_word


@jit
def lder(cpu, storage, insn):
    """LOAD LENGTHENED (short to long HFP), RRE. PoP ch. 18 "LOAD LENGTHENED". cc unchanged."""
    r1, r2 = rre(insn)
    if lacks_afp(cpu, r1 | r2):
        return data_exception(cpu, DXC_AFP_REGISTER)
    cpu.fpr[r1] = cpu.fpr[r2] & HIGH32
    return 0


@jit
def lde(cpu, storage, insn):
    """LOAD LENGTHENED (short to long HFP), RXE. PoP ch. 18 "LOAD LENGTHENED". cc unchanged."""
    r1, address = rx(cpu, insn)
    if lacks_afp(cpu, r1):
        return data_exception(cpu, DXC_AFP_REGISTER)
    word, code = fetch_word(cpu, storage, address)
    if code == 0:
        cpu.fpr[r1] = word << WORD_BITS
    return code
