"""BLOCK and FRAME: a 4 KB block of a guest's absolute storage, and a page frame of the host."""

from __future__ import annotations

import numpy as np

from s390emu._jit import i64, record_at

u8 = np.uint8

# One for each 4 KB block of a guest's absolute storage; modelled on the page-status-table entry (docs/page-hinting.md).
BLOCK_T = np.dtype(
    [
        ("frame", i64),  # index of the frame that holds it; meaningful while not invalid
        ("slot", i64),  # index on the paging device; -1: none
        ("usage", u8),  # STABLE UNUSED POTENTIALLY_VOLATILE VOLATILE
        ("invalid", u8),  # 1: no frame; then `zero` tells logically zero from preserved
        ("zero", u8),
        ("no_dat", u8),
        ("acc_f", u8),  # saved access-control bits and fetch-protection bit, in their key positions
        ("guest_rc", u8),  # R and C that the guest must see although the real key has them off
        ("host_rc", u8),  # R and C that the guest reset and the host has yet to see
        ("pinned", u8),  # number of reasons not to take the frame (I/O in progress)
        ("watched", u8),  # WATCH_*: the accesses that an observer wants to know of
    ],
    align=True,
)

# One for each page frame of the host.
FRAME_T = np.dtype(
    [
        ("guest", i64),  # -1: the frame is free
        ("block", i64),
        ("key", u8),  # the real storage key: ACC F R C in bits 0-6
    ],
    align=True,
)

block_record = record_at(BLOCK_T)
frame_record = record_at(FRAME_T)

# Values of `watched`. Accesses that are watched stay out of the TLB, so that each is seen.
WATCH_FETCH, WATCH_STORE = 1, 2  # record EVENT_TOUCH for each access
WATCH_PAUSE = 4  # ... and stop the loop after the instruction
WATCH_RANGE = 8  # only for accesses between pause_first and pause_last, which also stop the loop
WATCH_TABLE = 16  # known to be a translation table; EVENT_TABLE has been recorded
