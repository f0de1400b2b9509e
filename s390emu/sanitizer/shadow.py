"""What the sanitizer keeps of one block beside what the machine has: its life so far."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from s390emu.architecture.page_states import STABLE
from s390emu.architecture.sizes import BLOCK_SIZE
from s390emu.sanitizer.guest import Frame

REMEMBERED = 8  # events of a block that a violation tells


@dataclass(slots=True)
class Event:
    """An EVENT record as plain numbers."""

    count: int
    kind: int
    block: int
    before: int
    after: int
    detail: int
    ia: int
    cpu: int = 0


@dataclass(slots=True)
class FrameChange:
    """The guest's own entry for a block changed."""

    count: int
    ia: int
    block: int
    old: Frame
    new: Frame


@dataclass(slots=True)
class Fault:
    """A discard fault under way: from the interruption until the handler loads a PSW. kernel_side: the block is the
    kernel's operand of an instruction that has a fixup."""

    block: int
    kernel_side: bool


class Shadow:
    """One block. Usage is that of the last event; `asked` what the guest asked for last.

    empty      nothing was stored since the block got a new content
    lost       bytes stored since a discarded block was made stable; None: not such a block
    keyed      its key was set since the last discard
    changed    C was one when the guest made a potentially volatile block stable, and it has not marked it dirty yet
    freed      the discard fault during which it was freed
    """

    __slots__ = ("asked", "changed", "empty", "freed", "history", "keyed", "lost", "usage")

    def __init__(self) -> None:
        self.usage = self.asked = STABLE
        self.empty = False
        self.lost: np.ndarray | None = None
        self.keyed = True
        self.changed = False
        self.freed: Fault | None = None
        self.history: deque[Event | FrameChange] = deque(maxlen=REMEMBERED)

    def stored(self, offset: int, length: int) -> None:
        """Bytes were stored into the block."""
        self.empty = False
        if self.lost is not None:
            self.lost[offset : offset + length] = True
            if self.lost.all():
                self.lost = None

    def is_lost(self, offset: int, length: int) -> bool:
        """Would a fetch of these bytes take what was discarded for content?"""
        return self.lost is not None and not self.lost[offset : offset + length].all()

    def begin(self, discarded: bool) -> None:
        """Stable again, without content; `discarded` while the guest thought that it had some."""
        self.empty = True
        self.lost = np.zeros(BLOCK_SIZE, bool) if discarded else None
