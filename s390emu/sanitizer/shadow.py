"""What the sanitizer keeps of one block and of one CPU beside what the machine has: its life so far."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

import numpy as np

from s390emu.architecture.page_states import STABLE
from s390emu.architecture.psw_bits import KEY_SHIFT
from s390emu.architecture.sizes import BLOCK_SIZE
from s390emu.sanitizer.guest import Frame

REMEMBERED = 8  # events of a block that a violation tells
PSW_KEY_SHIFT = int(KEY_SHIFT)


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
    """The guest's own entry for a block was changed, by this CPU."""

    count: int
    ia: int
    block: int
    old: Frame
    new: Frame
    cpu: int


@dataclass(slots=True, eq=False)
class Fault:
    """A discard fault of a CPU.

    kernel_side  the block is the kernel's operand of an instruction that has a fixup
    over         the handler has loaded a PSW
    pending      all that the CPU knows is the address: until it is over, the CPU has taken a reference to the block,
                 purged its translations, or been enabled for interruptions
    """

    block: int
    cpu: int
    kernel_side: bool
    over: bool = False
    pending: bool = True


@dataclass(slots=True)
class Processor:
    """One CPU.

    psw          bits 0-63
    swapping     the next PSW is that of an interruption
    fault        the discard fault under way
    translated   it has translated since its last purge, so that it may have any translation that was valid meanwhile
    stale        blocks that were mapped then, and have been unmapped since -> the violation that it is to use them
                 now: they have become unused
    """

    psw: int
    swapping: bool = False
    fault: Fault | None = None
    translated: bool = False
    stale: dict[int, Violation | None] = field(default_factory=dict)

    @property
    def key(self) -> int:
        """The PSW key."""
        return self.psw >> PSW_KEY_SHIFT & 15


@dataclass
class Violation:
    """One broken rule: at which instruction, of which CPU and block, and what happened to that block before.

    others: the CPUs between which the rule was broken, besides the one that executed the instruction."""

    rule: str
    count: int
    ia: int
    block: int
    words: str  # what about this one
    code: str  # the instruction, as text
    cpu: int = 0
    others: tuple[int, ...] = ()
    history: list[Event | FrameChange] = field(default_factory=list)
    times: int = 1  # seen at this instruction, for any block


class Shadow:
    """One block. Usage is that of the last event; `asked` what the guest asked for last.

    empty      nothing was stored since the block got a new content
    lost       bytes stored since a discarded block was made stable; None: not such a block
    keyed      its key was set since the last discard
    changed    C was one when the guest made a potentially volatile block stable, and it has not marked it dirty yet
    freed      the discard faults during which it was freed
    uncopied   CPU that has marked it clean, and has not fetched from it since
    """

    __slots__ = ("asked", "changed", "empty", "freed", "history", "keyed", "lost", "uncopied", "usage")

    def __init__(self) -> None:
        self.usage = self.asked = STABLE
        self.empty = False
        self.lost: np.ndarray | None = None
        self.keyed = True
        self.changed = False
        self.freed: tuple[Fault, ...] = ()
        self.uncopied: int | None = None
        self.history: deque[Event | FrameChange] = deque(maxlen=REMEMBERED)

    def stored(self, offset: int, length: int) -> None:
        """Note that bytes were stored into the block."""
        self.empty = False
        if self.lost is not None:
            self.lost[offset : offset + length] = True
            if self.lost.all():
                self.lost = None

    def is_lost(self, offset: int, length: int) -> bool:
        """True if a fetch of these bytes would take what was discarded for content."""
        return self.lost is not None and not self.lost[offset : offset + length].all()

    def begin(self, discarded: bool) -> None:
        """Note that the block is stable again, without content; `discarded` while the guest thought it had some."""
        self.empty = True
        self.lost = np.zeros(BLOCK_SIZE, bool) if discarded else None
