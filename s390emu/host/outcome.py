"""What became of something that the guest needs from the host."""

from __future__ import annotations

from enum import IntEnum


class Outcome(IntEnum):
    """Below zero the guest cannot go on by itself; `host.reason` says why in words."""

    RESOLVED = 0
    PAGING_ERROR = -1  # the content of block `fault_block` is lost: a machine check (D20)
    NO_FRAME = -2  # nothing can be taken and nothing is free: the machine stops
    ABSENT = -3  # for I/O alone: the guest hinted the block away (D14)
