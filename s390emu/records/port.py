"""PORT: one CPU's way into storage and its place in the run loop. Nothing here is visible to a guest.

Handlers take it as `storage`. What the CPUs of a guest share is in GUEST.
"""

from __future__ import annotations

import numpy as np

from s390emu._jit import i64, record_at, u64

NO_TIME = u64((1 << 64) - 1)  # more instruction times than will ever pass
TLB_SLOTS = 256
TLB_MASK = u64(TLB_SLOTS - 1)
TLB_SPACES = 16  # address spaces whose entries are kept apart, one of them that of real addresses
BRANCHES = 16
BASE_FIRST, BASE_SECOND = u64(16), u64(17)  # in place of a register number: the B field at bits 16-19 or 32-35
NO_TARGET = u64(1)  # an odd address: that of no instruction

# Compiled procedures that are called by address, so that their bodies exist once, and how many arguments each has after
# the two records. engine/procedures.py has the functions of these names.
PROCEDURES = {
    "fetch_by_bytes": 2,
    "store_by_bytes": 2,
    "check_and_touch": 4,
    "touch_assigned": 4,
    "find_decoded_page": 2,
    "decode_instruction": 2,
    "find_target": 2,
    "note_ending": 2,
    "attend_boundary": 2,
}

PORT_T = np.dtype(
    [
        ("guest", u64),  # address of the GUEST record
        ("cpu_address", u64),
        # the run loop
        ("count", u64),  # instructions (units of operation) ended
        ("others", u64),  # instructions that the guest's other CPUs had ended when this one last began to run
        ("deadline", u64),  # the loop leaves its fast path when count reaches it; 0 = at once
        ("limit", u64),
        ("idle", u64),  # instruction times passed in the wait state
        ("stolen", u64),  # ... and while the CPU could not run: another one did, or the host was paging for the guest
        ("ready_at", u64),  # after EXIT_IDLE: the elapsed time at which the CPU can go on unaided; NO_TIME: never
        ("insn_ia", u64),  # address of the instruction being executed (of the target, in EXECUTE)
        ("execute_length", u64),  # length of the EXECUTE whose target is being executed, in bytes; 0: none
        ("executed_target", u64),  # address of the last target of an EXECUTE
        ("ended_length", u64),  # bytes, of the last instruction before a boundary
        ("decoded_handler", u64),  # result of the slow decode
        ("decoded_insn", u64),
        ("wanted", u64),  # EXIT_COMPILE: index of the instruction in the handler table
        ("lost_steps", u64),  # program interruptions in a row without an instruction completing between them
        ("last_pgm", u64),  # count at the last one
        ("stop_reason", i64),
        ("passing", u64),  # 1 + the count at which a run began: there the loop does not stop at a breakpoint
        # the address space of an operand, where it depends on the instruction: its text is in decoded_insn
        ("by_text", u64),  # 1: it does
        ("operand_register", u64),  # the access register of the next operand: a number, BASE_FIRST or BASE_SECOND
        ("art_register", u64),  # the access register translated last, the ASCE found, 1 if for fetches only
        ("art_asce", u64),
        ("art_fetch_only", u64),
        ("operand_space", u64),  # address-space control of the operand checked last
        # program-event recording, of the instruction being executed
        ("per", u64),  # 1: it is looked at afterwards; what follows is as at its start
        ("per_count", u64),
        ("per_mask", u64),  # PSW bits 0-63
        ("per_ia", u64),
        ("per_branches", u64),
        ("per_control", u64),  # control registers 9, 10, 11
        ("per_first", u64),
        ("per_last", u64),
        ("per_seen", u64),  # the events that are stores, and SPACE_SWITCHED
        ("per_space", u64),  # ... and of the last one: the address-space control, and the access register
        ("per_register", u64),
        # the two doors to the host: a block without a frame, and a hypercall
        ("fault_block", u64),  # EXIT_HOST_FAULT: absolute block number
        ("fault_store", u64),
        ("call_insn", u64),  # EXIT_HYPERCALL: text of the calling instruction, which may be the target of EXECUTE
        *((name, u64) for name in PROCEDURES),
        # results of the slow paths
        ("value", u64),
        ("span_first", u64),
        ("span_length", u64),
        ("span_second", u64),
        # TLB
        # low 12 bits of a matching tag: valid, PSW key, number of the address space; for operands, and for instructions
        ("context", u64),
        ("insn_context", u64),
        ("tlb_spaces", u64, TLB_SPACES),  # by number: the ASCE that it stands for
        ("tlb_next_space", u64),  # the number to be given next
        ("tlb_fetch_tag", u64, TLB_SLOTS),
        ("tlb_fetch_addend", u64, TLB_SLOTS),
        ("tlb_store_tag", u64, TLB_SLOTS),
        ("tlb_store_addend", u64, TLB_SLOTS),
        ("tlb_store_decoded", u64, TLB_SLOTS),  # of a store entry BESIDE_CODE: the decoded page
        ("tlb_insn_tag", u64, TLB_SLOTS),
        ("tlb_insn_decoded", u64, TLB_SLOTS),
        # what happened
        ("branch_count", u64),
        ("branch_from", u64, BRANCHES),
        ("branch_to", u64, BRANCHES),
        ("essa_count", u64, 16),  # by operation-request code
        ("interruption_count", u64, 8),  # by class
        ("last_class", i64),  # the last interruption (-1: none): class, code, old PSW, ILC in bytes, TEID, count
        ("last_code", u64),
        ("last_mask", u64),
        ("last_ia", u64),
        ("last_ilc", u64),
        ("last_teid", u64),
        ("last_count", u64),
    ],
    align=True,
)

port_record = record_at(PORT_T)
