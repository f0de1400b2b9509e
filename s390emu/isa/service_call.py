"""SERVICE CALL. Not in the Principles of Operation: what IBM's own guests rely on, see `host.service_call`.

Where nothing public settles a point it is decided here. In any addressing mode, R2 is zeros except for bits 33-60. The
SCCB lies outside both places of the prefix area: nothing says whether its address is real or absolute, so it is both.
Its key is not looked at; a block that the guest hinted away is not there, as for every parameter block. Exceptions, in
order of priority: privileged operation; specification, by the address; addressing; specification, by the length, which
has to be fetched first (the host does that).
"""

from __future__ import annotations

from s390emu._jit import jit, on, u64
from s390emu.architecture.bits import bits
from s390emu.architecture.interruptions import ADDRESSING, PRIVILEGED_OPERATION, SPECIFICATION
from s390emu.architecture.page_states import ADDRESSING_EXCEPTION, BLOCK_VOLATILITY_EXCEPTION, TOUCH
from s390emu.architecture.sizes import BLOCK_SHIFT
from s390emu.cpu.psw import problem_state
from s390emu.isa.operands import rre
from s390emu.records.exits import EXIT_HYPERCALL
from s390emu.storage.absolute import guest_of, in_configuration
from s390emu.storage.prefixing import WITHIN_PREFIX_AREA
from s390emu.storage.references import note_reference
from s390emu.storage.transitions import action_of

NOT_SCCB_ADDRESS = bits(0, 32) | bits(61, 63)  # 2 GB and above, or not on a doubleword boundary


@jit
def servc(cpu, storage, insn):
    """SERVICE CALL, RRE. From public sources, see above. R1: command word, in bits 32-63; R2: address of the SCCB. The
    host answers.

    cc 0 initiated, 2 busy: the service signal of the previous command is still pending."""
    if problem_state(cpu):
        return PRIVILEGED_OPERATION
    _, r2 = rre(insn)
    sccb = cpu.gr[r2]
    area = sccb & ~WITHIN_PREFIX_AREA
    if on(sccb, NOT_SCCB_ADDRESS) or area == u64(0) or area == cpu.prefix:
        return SPECIFICATION
    if not in_configuration(guest_of(storage), sccb):
        return ADDRESSING
    note_reference(guest_of(storage), sccb >> BLOCK_SHIFT)
    action = action_of(guest_of(storage), sccb >> BLOCK_SHIFT, TOUCH)
    if action in (ADDRESSING_EXCEPTION, BLOCK_VOLATILITY_EXCEPTION):
        return ADDRESSING
    storage.call_insn = insn
    return EXIT_HYPERCALL
