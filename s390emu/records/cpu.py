"""The CPU record: what the guest can see, and what an interruption is about to store. PoP ch. 4 and 6."""

from __future__ import annotations

import numpy as np

from s390emu._jit import i64, record_at, u64

# CPU states (PoP ch. 4 "Stopped, Operating, Load, and Check-Stop States"): operating; stopping, or stopping to store
# status (still operating until pending, enabled interruptions have been taken); stopped.
OPERATING, STOPPING, STOPPING_TO_STORE_STATUS, STOPPED_STATE = (u64(n) for n in range(4))

CPU_T = np.dtype(
    [
        ("gr", u64, 16),
        ("cr", u64, 16),
        ("ar", u64, 16),  # 32 bits each, right-aligned
        ("fpr", u64, 16),  # bits 0-63 of vector registers 0-15
        ("vr_left", u64, 16),  # bits 0-63 of vector registers 16-31
        ("vr_right", u64, 32),  # bits 64-127 of vector registers 0-31
        ("fpc", u64),
        ("psw_mask", u64),  # PSW bits 0-63, with zeros for the condition code
        ("cc", i64),
        ("psw_ia", u64),
        ("amode", u64),  # mask of the 24, 31 or 64 address bits that EA and BA allow
        ("prefix", u64),
        ("stopped", u64),  # CPU state, OPERATING to STOPPED_STATE
        # clocks, kept as differences from the TOD clock, so that time passes by itself
        ("tod_epoch", u64),  # TOD value at instruction 0
        ("tod_programmable", u64),
        ("clock_comparator", u64),
        ("timer_zero", u64),  # TOD value at which the CPU timer reaches zero if no time is stolen
        # recognized but not yet taken
        ("pgm_code", i64),  # 0: none
        ("svc_code", i64),  # -1: none
        ("ilc", u64),  # instruction length in bytes, of the program or supervisor-call interruption
        ("psw_early", u64),  # 1: the PSW just loaded is not valid
        ("mck_code", u64),  # machine-check-interruption code; 0: none
        ("restart", u64),
        ("external", u64),  # EXTERNAL_*, pending for this CPU; GUEST has those that any CPU may take
        ("emergency_from", u64),  # CPU address of the sender
        ("external_call_from", u64),  # CPU address of the sender
        # details that the interruption stores
        ("teid", u64),
        ("dxc", u64),
        ("exception_access", u64),  # number of the access register, 0: none
        ("operand_access", u64),
        ("monitor_class", u64),
        ("monitor_code", u64),
        ("failing_storage", u64),
        ("breaking_event", u64),
        ("per_code", u64),  # PER code and ATMID of events recognized but not yet taken; 0: none
        ("per_address", u64),
        ("per_access", u64),
    ],
    align=True,
)

cpu_record = record_at(CPU_T)
