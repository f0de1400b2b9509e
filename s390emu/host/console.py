"""A guest's console: what it has written, as text, up to a limit.

A guest has two ways to write: characters (ASCII) and whole lines (operator messages). Some write every line both ways:
it is shown once. Which copy comes first does not matter; between them the two need only agree in letters and digits, as
not every character survives the translation to EBCDIC.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable

DEFAULT_LIMIT = 1 << 20  # characters
LONGEST_LINE = 4096  # characters held back at most
LONGEST_MESSAGE = 1024  # characters
CHARACTERS_EVENT = 1 << (32 - 0x1A)  # in a mask of event types
REMEMBERED = 64  # lines that the other way may repeat


def _essence(line: str) -> str:
    """Return the letters and digits of a line."""
    return re.sub("[^0-9A-Za-z]+", "", line)


class Console:
    """live: called with each piece of text as it is shown."""

    def __init__(self, limit: int = DEFAULT_LIMIT, live: Callable[[str], None] | None = None):
        self.limit = limit
        self.live = live
        self.flooded = False  # it wanted to write more than the limit; the machine stops
        self.receives = 0  # the guest's event mask: what it wants to be told
        self.messages: deque[str] = deque()  # to the guest, not yet fetched
        self.announce = False  # it has yet to be interrupted for them
        self._shown: list[str] = []
        self._room = limit
        self._line = ""  # characters since the last new line
        self._line_shown = 0  # how many of them are shown
        self._two_ways = False
        self._by_characters: deque[str] = deque(maxlen=REMEMBERED)  # lines shown that the other way may repeat
        self._by_lines: deque[str] = deque(maxlen=REMEMBERED)

    # --- to the guest ------------------------------------------------------------------------------------------------

    def send(self, text: str) -> None:
        """Queue a message to the guest; ValueError for what it cannot receive."""
        if not text.isascii() or not text.isprintable() or len(text) > LONGEST_MESSAGE:
            raise ValueError(f"message {text!r}: it must be printable ASCII, at most {LONGEST_MESSAGE} characters")
        self.messages.append(text)
        self.announce = True

    @property
    def wanted(self) -> bool:
        """True if there is a message that the guest receives."""
        return bool(self.messages) and bool(self.receives & CHARACTERS_EVENT)

    # --- from the guest ----------------------------------------------------------------------------------------------

    @property
    def text(self) -> str:
        """Return all that the guest wrote."""
        return "".join(self._shown) + self._line[self._line_shown :]

    def characters(self, text: str) -> None:
        """Take ASCII with its own new lines: it is shown at once, unless whole lines came before that it may repeat."""
        *complete, rest = (self._line + text.replace("\r", "")).split("\n")
        for line in complete:
            if self._two_ways and not self._line_shown and _essence(line) in self._by_lines:
                self._by_lines.remove(_essence(line))
            else:
                self._show(line[self._line_shown :] + "\n")
                self._by_characters.append(line)
            self._line_shown = 0
        self._line = rest
        if not self._two_ways or len(rest) > LONGEST_LINE:
            self._show(rest[self._line_shown :])
            self._line_shown = len(rest)

    def message(self, line: str) -> None:
        """Take a whole line: it is shown unless it came as characters already."""
        self._two_ways = True
        shown = next((by for by in self._by_characters if _essence(by) == _essence(line)), None)
        if shown is not None:
            self._by_characters.remove(shown)
        else:
            self._show(line + "\n")
            self._by_lines.append(_essence(line))

    def _show(self, text: str) -> None:
        """Show text, as far as the limit allows."""
        kept = text[: self._room]
        self.flooded = self.flooded or len(kept) < len(text)
        self._room -= len(kept)
        if kept:
            self._shown.append(kept)
            if self.live:
                self.live(kept)

    def snapshot(self) -> dict:
        """Return everything but where live text goes and how much is allowed."""
        return {
            name: value.copy() if hasattr(value, "copy") else value
            for name, value in vars(self).items()
            if name not in ("limit", "live")
        }

    def restore(self, snapshot: dict) -> None:
        """Go back to a snapshot."""
        for name, value in snapshot.items():
            setattr(self, name, value.copy() if hasattr(value, "copy") else value)
