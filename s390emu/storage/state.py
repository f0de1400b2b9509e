"""The records below the guest: STORAGE (the emulator's bookkeeping), BLOCK, FRAME and EVENT.

Nothing here is visible to a guest; what a guest can see is in `cpu.state`. Host counts and addresses are plain
integers: nothing in a record is a Python object, so a record is a pointer for compiled code.
"""

from __future__ import annotations

import numpy as np

from s390emu._jit import i64, record_at, u64

u8 = np.uint8

NO_TIME = u64((1 << 64) - 1)  # more instruction times than will ever pass

BLOCK_SIZE = 4096
BLOCK_SHIFT = u64(12)
OFFSET = u64(0xFFF)  # byte within a block
PAGE = ~OFFSET

# One per 4 KB of a guest's absolute storage, after the page status table entry (spec essa.md 6).
BLOCK_T = np.dtype(
    [
        ("frame", i64),  # index of the frame that holds it; meaningful while not invalid
        ("slot", i64),  # index on the paging device, -1 none
        ("usage", u8),  # STABLE UNUSED POTENTIALLY_VOLATILE VOLATILE
        ("invalid", u8),  # 1: no frame; then `zero` tells logically zero from preserved
        ("zero", u8),
        ("no_dat", u8),
        ("acc_f", u8),  # saved access-control bits and fetch-protection bit, in their key positions
        ("guest_rc", u8),  # R and C that the guest must see although the real key has them off
        ("host_rc", u8),  # R and C that the guest reset and the host has yet to see
        ("pinned", u8),  # counts reasons not to take the frame (I/O in progress)
        ("watched", u8),  # WATCH_*: accesses that an observer wants to know of
    ],
    align=True,
)

# One per page frame of the host.
FRAME_T = np.dtype(
    [
        ("guest", i64),  # -1 free
        ("block", i64),
        ("key", u8),  # the real storage key: ACC F R C in bits 0-6
    ],
    align=True,
)

TLB_SLOTS = 256
TLB_MASK = u64(TLB_SLOTS - 1)
BRANCHES = 16
BREAKPOINTS = 8

STORAGE_T = np.dtype(
    [
        # the run loop
        ("count", u64),  # instructions (units of operation) ended: the time of the guest
        ("deadline", u64),  # the loop leaves its fast path when count reaches it; 0 = at once
        ("limit", u64),
        ("idle", u64),  # instruction times passed in the wait state
        ("stolen", u64),  # ... while the guest could not run: the host was paging for it, or another guest ran
        ("host_event", u64),  # when the host has something for the guest, in instruction times of all kinds; NO_TIME
        ("shared", u64),  # 1: others run meanwhile, so a wait state leaves the loop until `ready_at`
        ("ready_at", u64),
        ("insn_ia", u64),  # address of the instruction being executed (of the target, in EXECUTE)
        ("execute_length", u64),  # bytes of the EXECUTE whose target is being executed, 0 none
        ("decoded_handler", u64),  # result of the slow decode
        ("decoded_insn", u64),
        ("wanted", u64),  # EXIT_COMPILE: index in the handler table
        ("lost_steps", u64),  # program interruptions in a row, no instruction completing between them
        ("last_pgm", u64),  # count at the last one
        ("stop_reason", i64),
        ("breakpoints", u64, BREAKPOINTS),  # instruction addresses, `breakpoint_count` of them
        ("breakpoint_count", u64),
        ("passing", u64),  # 1 + the count at which a breakpoint is passed: where the run began
        # door 1 and door 2 to the host
        ("fault_block", u64),  # EXIT_HOST_FAULT: absolute block number
        ("fault_store", u64),
        ("call_insn", u64),  # EXIT_HYPERCALL: the instruction that calls, which may be the target of EXECUTE
        # addresses of functions and tables
        ("handlers", u64),
        ("slow_fetch", u64),
        ("slow_store", u64),
        ("slow_probe", u64),
        ("slow_assigned", u64),
        ("slow_instruction", u64),
        ("slow_decode", u64),
        ("slow_end", u64),
        ("slow_boundary", u64),
        ("frames", u64),  # the frame pool: frame n starts at frames + 4096 n
        ("frame_table", u64),
        ("blocks", u64),
        ("block_count", u64),
        # results of the slow paths
        ("value", u64),
        ("span_first", u64),
        ("span_length", u64),
        ("span_second", u64),
        # model and policy
        ("facilities", u64, 4),  # as STFLE stores them
        ("essa", u64),  # 1: the guest has ESSA
        ("unused_access", i64),
        ("discard_seed", u64),  # 0: a discard zeroes ACC and F (D19); else what they depend on
        ("cpu_address", u64),
        # TLB
        ("tlb_on", u64),
        ("context", u64),  # low 12 bits of a matching tag: valid, PSW key, translation mode
        ("tlb_fetch_tag", u64, TLB_SLOTS),
        ("tlb_fetch_addend", u64, TLB_SLOTS),
        ("tlb_store_tag", u64, TLB_SLOTS),
        ("tlb_store_addend", u64, TLB_SLOTS),
        ("tlb_insn_tag", u64, TLB_SLOTS),
        ("tlb_insn_decoded", u64, TLB_SLOTS),
        # decode cache
        ("decode_directory", u64),  # address of u64[block_count]: decoded page of each block, 0 none
        ("decode_pool", u64),
        ("decode_pages", u64),
        ("decode_used", u64),
        # what happened
        ("branch_count", u64),
        ("branch_from", u64, BRANCHES),
        ("branch_to", u64, BRANCHES),
        ("events", u64),  # address of EVENT[event_capacity]
        ("event_capacity", u64),
        ("event_count", u64),
        ("event_mask", u64),  # which kinds are recorded: bit `kind` from the right
        ("pause_mask", u64),  # ... and of these, after which the loop stops for the observers to look
        ("event_pause", u64),  # 1: such an event was recorded since the last stop
        ("pause_first", u64),  # WATCH_RANGE: absolute addresses, the last one excluded
        ("pause_last", u64),
        ("essa_count", u64, 16),  # by operation-request code
        ("interruption_count", u64, 8),  # by class
        ("last_class", i64),  # the last interruption, -1 none: class, code, old PSW, ILC in bytes, TEID, when
        ("last_code", u64),
        ("last_mask", u64),
        ("last_ia", u64),
        ("last_ilc", u64),
        ("last_teid", u64),
        ("last_count", u64),
    ],
    align=True,
)

EVENT_T = np.dtype(
    [("count", u64), ("kind", u64), ("block", u64), ("before", u64), ("after", u64), ("detail", u64), ("ia", u64)],
    align=True,
)  # ia: of the instruction that was being executed

block_record = record_at(BLOCK_T)
frame_record = record_at(FRAME_T)
event_record = record_at(EVENT_T)

# Exits of the run loop to Python; an instruction returns the first ones, 0 for completed, or an interruption code.
EXIT_HOST_FAULT = -1  # the block `fault_block` has no frame: page in, then execute the instruction again
EXIT_HYPERCALL = -2  # the host completes `call_insn`
EXIT_COMPILE = -3  # handler `wanted` is not compiled yet
EXIT_EVENTS = -4  # the event table is full: drain it
EXIT_WAIT = -5  # enabled wait in which nothing will happen by itself
EXIT_STOP = -6  # see stop_reason
EXIT_LIMIT = -7
EXIT_BREAKPOINT = -8  # before the instruction at one of `breakpoints`
EXIT_HOST_EVENT = -9  # the time of `host_event` has come
EXIT_IDLE = -10  # shared: in the wait state until `ready_at`

# stop_reason
RUNNING, DISABLED_WAIT, STOPPED, CHECK_STOP, CHECK_STOP_LOWCORE, INTERRUPTION_LOOP = range(6)
ACCESS_REGISTER_MODE, PROGRAM_EVENT_RECORDING = 6, 7  # not implemented: better no answer than a wrong one

# kinds of event
EVENT_ESSA, EVENT_INTERRUPTION, EVENT_FETCH, EVENT_STORE, EVENT_HOST, EVENT_REFERENCE = range(6)
EVENT_ILC_SHIFT = u64(4)  # EVENT_INTERRUPTION, details: the TEID, and in bits 57-58, zeros of it, the ILC (bytes << 4)
EVENT_TOUCH = 6  # access to a watched block: absolute address, length, kind of access
EVENT_REFUSED = 7  # as EVENT_TOUCH, but the key prohibits it
EVENT_UNUSED = 8  # access to an unused block, whether or not that is an exception: absolute address, 0, kind of access
EVENT_KEY = 9  # SSKE, PFMF: the key before, the key after
EVENT_PSW = 10  # system mask, key, state or mode changed: PSW bits 0-63, instruction address
EVENT_TABLE = 11  # a block is used as a translation table for the first time

# `watched` of a block. What is watched stays out of the TLB, so that each access is seen.
WATCH_FETCH, WATCH_STORE = 1, 2  # record EVENT_TOUCH
WATCH_PAUSE = 4  # ... and stop the loop after the instruction
WATCH_RANGE = 8  # stores only within pause_first, pause_last; those stop the loop
WATCH_TABLE = 16  # known as a translation table: EVENT_TABLE was recorded
