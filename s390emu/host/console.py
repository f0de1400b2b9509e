"""A guest's console: what it has written, as text, up to a limit."""

from __future__ import annotations

from collections.abc import Callable

DEFAULT_LIMIT = 1 << 20  # characters


class Console:
    """text: all that the guest wrote. live: called with each piece as it comes."""

    def __init__(self, limit: int = DEFAULT_LIMIT, live: Callable[[str], None] | None = None):
        self.text = ""
        self.limit = limit
        self.live = live
        self.flooded = False  # it wanted to write more than the limit; the machine stops

    def write(self, text: str) -> None:
        kept = text[: self.limit - len(self.text)]
        self.flooded = self.flooded or len(kept) < len(text)
        self.text += kept
        if self.live and kept:
            self.live(kept)
