"""The run loop, and the look-up of decoded instructions that it shares with EXECUTE."""

from __future__ import annotations

from s390emu._jit import call1, call2, jit, load_native, on, u64
from s390emu.architecture import models
from s390emu.architecture.interruptions import SPECIFICATION
from s390emu.architecture.sizes import BLOCK_SHIFT, BLOCK_SIZE
from s390emu.engine.decode import handler_of, regarded
from s390emu.records.exits import EXIT_HYPERCALL
from s390emu.records.port import TLB_MASK
from s390emu.storage.absolute import guest_of
from s390emu.storage.access import fetch_instruction
from s390emu.storage.decode_cache import instruction_length

MAX = models.NAMES.index(models.MAX)
PAGE_AND_ODD = ~u64(0xFFE)  # context has bit 63 on (valid): exclusive-or makes an odd address miss
IN_PAGE = u64(0xFFE)
ENTRY_SHIFT = u64(3)  # 16 bytes for each halfword
PAGE_OF_ENTRIES = u64(BLOCK_SIZE << 3)  # bytes
UNKNOWN_LENGTH = u64(2)  # bytes, of an instruction that was not fetched: its ILC may be 1, 2 or 3 (PoP ch. 6)


@jit
def not_fetched(cpu, storage, code, ia):
    """Return 0 after noting the interruption that a failed instruction fetch causes, or return its exit."""
    if code > 0:
        storage.per = u64(0)  # no event is recognized for it
        cpu.psw_ia = (ia + UNKNOWN_LENGTH) & cpu.amode
        call2(storage.note_ending, cpu, storage, u64(code), UNKNOWN_LENGTH)
        return 0
    return code


@jit
def page_of(cpu, storage, ia):
    """Return (decoded page of this instruction address, code)."""
    slot = (ia >> BLOCK_SHIFT) & TLB_MASK
    if storage.tlb_insn_tag[slot] == (ia & PAGE_AND_ODD) ^ storage.insn_context:
        return storage.tlb_insn_decoded[slot], 0
    code = call2(storage.find_decoded_page, cpu, storage, ia, u64(0))
    return storage.value, code


@jit
def entry_in(page, ia):
    """Return the address of an instruction's entry in its decoded page."""
    return page + ((ia & IN_PAGE) << ENTRY_SHIFT)


def find_target(cpu, storage, ia, modifier):
    """Look up the target of EXECUTE; return a code. Afterwards storage.decoded_insn is its text, ORed with the
    modifier, and storage.decoded_handler the handler of that."""
    if on(ia, u64(1)):
        return SPECIFICATION
    page, code = page_of(cpu, storage, ia)
    if code != 0:
        return code
    entry = entry_in(page, ia)
    text = load_native(entry + u64(8))
    if load_native(entry) == u64(0):
        code = call2(storage.decode_instruction, cpu, storage, ia, entry)
        if code != 0:
            return code
        text = storage.decoded_insn
    if modifier != u64(0) and guest_of(storage).model != MAX:
        text, code = fetch_instruction(cpu, storage, ia)  # with all bits: it becomes another instruction
        if code != 0:
            return code
    storage.decoded_insn = regarded(storage, text | modifier)
    storage.decoded_handler, code = handler_of(storage, storage.decoded_insn)
    return code


def run(cpu, storage, unused):
    """Execute until an exit, and return it (EXIT_*). A boundary comes first, so what is pending is taken.

    The inner loop stays in the decoded entries of a page, without a look at the TLB: whatever makes them wrong clears
    the entry, or sets the deadline to 0."""
    while True:
        if storage.count >= storage.deadline:
            code = call2(storage.attend_boundary, cpu, storage, u64(0), u64(0))
            if code != 0:
                return code
        ia = cpu.psw_ia
        storage.insn_ia = ia
        page, code = page_of(cpu, storage, ia)
        if code != 0:
            code = not_fetched(cpu, storage, code, ia)
            if code != 0:
                return code
            continue
        entry = entry_in(page, ia)
        while True:
            handler, insn = load_native(entry), load_native(entry + u64(8))
            if handler == u64(0):
                if entry - page >= PAGE_OF_ENTRIES:
                    break
                storage.insn_ia = ia
                code = call2(storage.decode_instruction, cpu, storage, ia, entry)
                if code != 0:
                    code = not_fetched(cpu, storage, code, ia)
                    if code != 0:
                        return code
                    break
                handler, insn = storage.decoded_handler, storage.decoded_insn
            length = instruction_length(insn)
            next_ia = (ia + length) & cpu.amode
            storage.insn_ia = ia
            cpu.psw_ia = next_ia
            code = call1(handler, cpu, storage, insn)
            if code != 0:
                if code > 0:
                    call2(storage.note_ending, cpu, storage, u64(code), length)
                    break
                if code == EXIT_HYPERCALL:
                    storage.ended_length = length
                else:
                    cpu.psw_ia = ia
                    storage.per_seen = u64(0)
                return code
            storage.count += u64(1)
            if storage.count >= storage.deadline:
                storage.ended_length = length
                break
            target = cpu.psw_ia
            if target == next_ia:
                entry += length << ENTRY_SHIFT
            elif not on(target ^ ia, PAGE_AND_ODD):  # a branch within the page
                entry = entry_in(page, target)
            else:
                break
            ia = target
