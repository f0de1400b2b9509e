"""GUEST: what the CPUs of one guest and its host share. Reached from a port by `guest_of`, on slow paths only."""

from __future__ import annotations

import numpy as np

from s390emu._jit import i64, record_at, u64
from s390emu.architecture.sizes import CPUS_MOST

GUEST_T = np.dtype(
    [
        # its CPUs
        ("cpus", u64, CPUS_MOST),  # addresses of their CPU records, by CPU address; `port_count` of them
        ("ports", u64, CPUS_MOST),  # ... and of their PORT records
        ("port_count", u64),
        ("running", u64),  # address of the PORT of the CPU that runs, or ran last
        ("signalled", u64),  # bit n from the right: the scheduler has to look at CPU n again
        ("gave_up", u64),  # 1: the running CPU gives up the rest of its turn
        ("yield_to", i64),  # ... to the CPU with this address (DIAGNOSE X'9C'); -1: to any
        # its storage
        ("frames", u64),  # the frame pool: frame n starts at frames + 4096 n
        ("frame_table", u64),
        ("blocks", u64),
        ("block_count", u64),
        # interruptions that any CPU may take
        ("floating", u64),  # EXTERNAL_*, pending
        ("service_parameter", u64),
        ("block_io_parameter", u64),  # as the guest gave it; the format decides where it is stored
        ("block_io_status", u64),  # subcode (the format) and status, as stored in place of the CPU address
        ("io", u64),  # 1: pending
        ("io_id", u64),  # subsystem-identification word
        ("io_parameter", u64),
        ("io_word", u64),  # I/O-interruption-identification word
        # time
        ("host_event", u64),  # elapsed time at which the host has something for the guest; NO_TIME: nothing
        ("shared", u64),  # 1: there are other guests to run, so a wait state leaves the loop
        # model and policy
        ("facilities", u64, 4),  # as STFLE stores them
        ("essa", u64),  # 1: the guest has ESSA
        ("model", i64),  # an index of models.NAMES
        ("identity", i64),  # what it finds itself on: an index of identities.NAMES
        ("unused_access", i64),
        ("discard_seed", u64),  # 0: a discard zeroes ACC and F; else the seed of their unpredictable values
        ("tlb_on", u64),
        # decoded instructions
        ("handlers", u64),
        ("regarded", u64),  # address of u64[]: by the same index, the bits of an instruction that are not ignored
        ("decode_directory", u64),  # address of u64[block_count]: the decoded page of each block; 0: none
        ("decode_pool", u64),
        ("decode_pages", u64),
        ("decode_used", u64),
        ("breakpoints", u64),  # address of u64[breakpoint_count]: instruction addresses
        ("breakpoint_count", u64),
        # what happened
        ("events", u64),  # address of EVENT[event_capacity]
        ("event_capacity", u64),
        ("event_count", u64),
        ("event_mask", u64),  # which kinds are recorded: bit `kind` from the right
        ("pause_mask", u64),  # ... and which of these stop the loop so that observers can look
        ("event_pause", u64),  # 1: such an event was recorded since the last stop
        ("pause_first", u64),  # WATCH_RANGE: absolute address of the first byte, and of the byte after the last
        ("pause_last", u64),
    ],
    align=True,
)

guest_record = record_at(GUEST_T)
