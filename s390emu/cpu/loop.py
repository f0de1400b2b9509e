"""The run loop: the only caller of handlers, but for EXECUTE. Design.md, section 3."""

from __future__ import annotations

from s390emu._jit import call1, call2, load_native, u64
from s390emu.storage.access import instruction_length
from s390emu.storage.state import BLOCK_SHIFT, EXIT_HYPERCALL, TLB_MASK

HALFWORD_ENTRY = u64(3)  # entries are 16 bytes for each halfword
IN_PAGE = u64(0xFFE)
PAGE_AND_ODD = ~u64(0xFFE)  # context has bit 63 on (valid): exclusive-or makes an odd address miss
UNKNOWN_LENGTH = u64(2)  # when the instruction could not be fetched: any of 1, 2, 3 is allowed (PoP ch. 6)


def run(cpu, storage, unused):
    """Execute until an exit: -> EXIT_*. One boundary is passed first, so what is pending is taken."""
    while True:
        if storage.count >= storage.deadline:
            code = call2(storage.slow_boundary, cpu, storage, u64(0), u64(0))
            if code != 0:
                return code
        ia = cpu.psw_ia
        storage.insn_ia = ia
        slot = (ia >> BLOCK_SHIFT) & TLB_MASK
        page = storage.tlb_insn_decoded[slot]
        if storage.tlb_insn_tag[slot] != (ia & PAGE_AND_ODD) ^ storage.context:
            code = call2(storage.slow_instruction, cpu, storage, ia, u64(0))
            if code != 0:
                if code < 0:
                    return code
                cpu.psw_ia = (ia + UNKNOWN_LENGTH) & cpu.amode
                call2(storage.slow_end, cpu, storage, u64(code), UNKNOWN_LENGTH)
                continue
            page = storage.value
        entry = page + ((ia & IN_PAGE) << HALFWORD_ENTRY)
        handler, insn = load_native(entry), load_native(entry + u64(8))
        if handler == u64(0):
            code = call2(storage.slow_decode, cpu, storage, ia, entry)
            if code != 0:
                if code < 0:
                    return code
                cpu.psw_ia = (ia + UNKNOWN_LENGTH) & cpu.amode
                call2(storage.slow_end, cpu, storage, u64(code), UNKNOWN_LENGTH)
                continue
            handler, insn = storage.decoded_handler, storage.decoded_insn
        cpu.psw_ia = (ia + instruction_length(insn)) & cpu.amode
        code = call1(handler, cpu, storage, insn)
        if code == 0:
            storage.count += u64(1)
        elif code > 0:
            call2(storage.slow_end, cpu, storage, u64(code), instruction_length(insn))
        else:
            if code == EXIT_HYPERCALL:
                storage.call_insn = insn
            else:
                cpu.psw_ia = ia
            return code
