"""The CPU record: what the guest can see, and what an interruption is about to store. PoP ch. 4 and 6."""

from __future__ import annotations

import numpy as np

from s390emu._jit import i64, record_at, u64

# CPU states (PoP ch. 4 "Stopped, Operating, Load, and Check-Stop States"): operating; so still, until the interruptions
# that are pending and enabled are taken; stopped
OPERATING, STOPPING, STOPPING_TO_STORE_STATUS, STOPPED_STATE = (u64(n) for n in range(4))

CPU_T = np.dtype(
    [
        ("gr", u64, 16),
        ("cr", u64, 16),
        ("ar", u64, 16),  # 32 bits each, right-aligned
        ("fpr", u64, 16),
        ("fpc", u64),
        ("psw_mask", u64),  # PSW bits 0-63 but for the condition code (zero here)
        ("cc", i64),
        ("psw_ia", u64),
        ("amode", u64),  # the addresses that EA and BA allow: a mask of 24, 31 or 64 bits
        ("prefix", u64),
        ("stopped", u64),  # OPERATING ... STOPPED_STATE
        # clocks: differences to the TOD clock, so that time passes by itself
        ("tod_epoch", u64),  # TOD value at instruction 0
        ("tod_programmable", u64),
        ("clock_comparator", u64),
        ("timer_zero", u64),  # TOD value at which the CPU timer is zero, if no time is stolen
        # recognized, not yet taken
        ("pgm_code", i64),  # 0 none
        ("svc_code", i64),  # -1 none
        ("ilc", u64),  # instruction length in bytes, for program and supervisor-call interruptions
        ("psw_early", u64),  # 1: the PSW just loaded is not valid
        ("mck_code", u64),  # machine-check interruption code, 0 none
        ("restart", u64),
        ("external", u64),  # pending for this CPU, EXTERNAL_*; what any CPU may take is in GUEST
        ("emergency_from", u64),
        ("external_call_from", u64),
        # details that the interruption stores
        ("teid", u64),
        ("dxc", u64),
        ("operand_access", u64),
        ("monitor_class", u64),
        ("monitor_code", u64),
        ("failing_storage", u64),
        ("breaking_event", u64),
    ],
    align=True,
)

cpu_record = record_at(CPU_T)
