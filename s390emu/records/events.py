"""EVENT: one thing that happened, for timelines, traces and observers."""

from __future__ import annotations

import numpy as np

from s390emu._jit import record_at, u64

EVENT_T = np.dtype(
    [
        ("count", u64),  # instructions that all CPUs had ended
        ("kind", u64),
        ("block", u64),
        ("before", u64),
        ("after", u64),
        ("detail", u64),
        ("ia", u64),  # address of the instruction that was being executed
        ("cpu", u64),  # CPU address of the CPU that was running
    ],
    align=True,
)
event_record = record_at(EVENT_T)

# kinds
EVENT_ESSA, EVENT_INTERRUPTION, EVENT_FETCH, EVENT_STORE, EVENT_HOST, EVENT_REFERENCE = range(6)
EVENT_TOUCH = 6  # access to a watched block: absolute address, length, kind of access
EVENT_REFUSED = 7  # as EVENT_TOUCH, but the key prohibits it
EVENT_UNUSED = 8  # access to an unused block, whether or not that is an exception: absolute address, 0, kind of access
EVENT_KEY = 9  # SSKE, PFMF: the key before, the key after
EVENT_PSW = 10  # block: address of the CPU whose system mask, key, state or mode changed: PSW bits 0-63, instr. address
EVENT_TABLE = 11  # a block is used as a translation table for the first time
EVENT_PURGE = 12  # block: address of the CPU that has no translation left, by PURGE TLB, a new prefix or a reset
EVENT_DENIED = 13  # an access exception; block: address space as in PSW bits 16-17; address and length, as the operand
# has them; kind of access, with REAL of storage/access.py for a real one, and from EVENT_KEY_SHIFT on the access key
EVENT_KEY_SHIFT = u64(8)
EVENT_ILC_SHIFT = u64(4)  # EVENT_INTERRUPTION, detail: the TEID, and in bits 57-58, zeros of it, the ILC (bytes << 4)
