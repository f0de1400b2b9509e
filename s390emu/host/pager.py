"""Which frame to take: policy without a machine. Spec essa.md, section 8: first by age, then look at the state."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import chain


def clock_order(hand: int, frames: int) -> Iterable[int]:
    """Every frame once, from the hand on."""
    return chain(range(hand, frames), range(hand))


def oldest(order: Iterable[int], candidate: Callable[[int], bool], referenced: Callable[[int], bool]) -> int | None:
    """The clock: the first candidate that was not referenced since the hand last passed; asking turns its R off.

    Where all were referenced, all have had their second chance, and the first one goes.
    """
    first = None
    for frame in order:
        if candidate(frame):
            if not referenced(frame):
                return frame
            if first is None:
                first = frame
    return first


def next_in_order(frames: Iterable[int], hand: int, count: int) -> list[int]:
    """These frames as the hand will meet them."""
    return sorted(frames, key=lambda frame: (frame - hand) % count)
