"""A guest's console: what it has written, as text, up to a limit, and what is typed on it.

A guest has two ways to write: characters (ASCII) and whole lines (operator messages). Some write every line both ways:
it is shown once. Which copy comes first does not matter; between them the two need only agree in letters and digits, as
not every character survives the translation to EBCDIC. A long line may come as several messages. What comes both ways
comes in the same order, so that a copy also tells that what came before it has none.

Linux does so with what the kernel says, but a program writes to one terminal. What is typed goes to that one: by the
way of the last text that has no copy.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

DEFAULT_LIMIT = 1 << 20  # characters
LONGEST_LINE = 4096  # characters held back at most
LONGEST_MESSAGE = 1024  # characters
COMMANDS_EVENT, CHARACTERS_EVENT = 1 << (32 - 0x01), 1 << (32 - 0x1A)  # in a mask of event types
EVENT_PENDING = 1  # in the parameter of the service signal, beside the SCCB's address
REMEMBERED = 4096  # lines that the other way may repeat
LEAST_PIECE = 60  # characters of a message that may be but a part of a line
ENTERED = r"[\x01-\x07\n-\x1a]"  # the enter key, or a control character
NO_END = "^n"  # at the end of an operator's line: nothing is entered
CHANGES_CASE = "%"  # in an operator's line, unless there are two
CONTROL_TO_LETTER = 0x60
UNMISTAKABLE = 16  # letters and digits of a line that is not there twice by chance


def _essence(line: str) -> str:
    """Return the letters and digits of a line."""
    return re.sub("[^0-9A-Za-z]+", "", line)


def _doubled(line: str) -> str:
    """Return a line in which what changes the case is a character of its own."""
    return line.replace(CHANGES_CASE, 2 * CHANGES_CASE)


class Shown(NamedTuple):
    """A line that was shown, which the other way may repeat. long: so long that it may be a part of a line."""

    essence: str
    number: int
    long: bool = False


class Console:
    """live: called with each piece of text as it is shown. await_text: see there; `found`: it has come."""

    def __init__(self, limit: int = DEFAULT_LIMIT, live: Callable[[str], None] | None = None):
        self.limit = limit
        self.live = live
        self.found = False
        self._awaited = self._recent = ""  # a text; the end of what is shown since, which it may begin in
        self.flooded = False  # it wanted to write more than the limit; the machine stops
        self.receives = 0  # the guest's event mask: what it wants to be told
        self.messages: deque[str] = deque()  # to the guest, not yet fetched
        self.typed = ""  # on its keyboard, not yet fetched
        self.announce = False  # it has yet to be interrupted for them
        self._shown: list[str] = []
        self._room = limit
        self._line = ""  # characters since the last new line
        self._line_shown = 0  # how many of them are shown
        self._repeated = ""  # what is left of a line of characters that messages repeat piece by piece
        self._numbers = 0  # of lines shown so far
        self._by_characters: deque[Shown] = deque(maxlen=REMEMBERED)  # lines shown that the other way may repeat
        self._by_lines: deque[Shown] = deque(maxlen=REMEMBERED)

    # --- to the guest ------------------------------------------------------------------------------------------------

    def send(self, text: str) -> None:
        """Queue a message to the guest; ValueError for what it cannot receive."""
        if not text.isascii() or not text.isprintable() or len(text) > LONGEST_MESSAGE:
            raise ValueError(f"message {text!r}: it must be printable ASCII, at most {LONGEST_MESSAGE} characters")
        self.messages.append(text)
        self.announce = True

    def type(self, text: str) -> None:
        """Type on the guest's keyboard: ASCII, control characters too; a new line is the enter key. ValueError for what
        no key writes."""
        if not text.isascii():
            raise ValueError(f"typed {text!r}: it must be ASCII")
        self.typed += text.replace("\r\n", "\n").replace("\r", "\n")
        self.announce = True

    @property
    def wanted(self) -> bool:
        """True if there is a message that the guest receives, or something typed."""
        return (bool(self.messages) and bool(self.receives & CHARACTERS_EVENT)) or self.typed_way != 0

    @property
    def typed_way(self) -> int:
        """By which event what is typed goes to the guest now, as a bit of a mask; 0 by none: nothing is typed, or a
        line not yet entered, or the guest receives neither."""
        ways = self.receives & (COMMANDS_EVENT | CHARACTERS_EVENT)
        if not self.typed or not ways:
            return 0
        if ways == COMMANDS_EVENT | CHARACTERS_EVENT:
            last = [-1 if not by else by[-1].number for by in (self._by_characters, self._by_lines)]
            ways = CHARACTERS_EVENT if self._line or last[0] >= last[1] else COMMANDS_EVENT
        if ways == COMMANDS_EVENT and not re.search(ENTERED, self.typed):
            return 0
        return ways

    def next_command(self, most: int) -> str:
        """Return and take the next line that was typed, or its next part of at most so many characters. A control
        character is a line by itself, ^c: so an operator writes it. What is not the end of a line ends with ^n, and %%
        is a per cent sign, as one by itself would change the case of what follows."""
        found = re.search(ENTERED, self.typed)
        assert found
        line, key = self.typed[: found.start()], found[0]
        if key != "\n" and not line:
            self.typed = self.typed[1:]
            return f"^{chr(ord(key) | CONTROL_TO_LETTER)}"
        if key == "\n" and len(_doubled(line)) <= most:
            self.typed = self.typed[found.end() :]
            return _doubled(line)
        part = line[: most - len(NO_END)]
        while len(_doubled(part)) > most - len(NO_END):
            part = part[:-1]
        self.typed = self.typed[len(part) :]
        return _doubled(part) + NO_END

    def next_characters(self, most: int) -> str:
        """Return and take at most so many characters that were typed."""
        text, self.typed = self.typed[:most], self.typed[most:]
        return text.replace("\n", "\r")

    # --- from the guest ----------------------------------------------------------------------------------------------

    @property
    def text(self) -> str:
        """Return all that the guest wrote; what is held back too, unless it is the whole of what came as messages."""
        rest = self._line[self._line_shown :]
        essence = _essence(rest)
        repeated = any(self._pieces(at, essence) > at for at in range(len(self._by_lines)))
        return "".join(self._shown) + ("" if repeated else rest)

    def characters(self, text: str) -> None:
        """Take ASCII with its own new lines: it is shown at once, unless it may repeat a line that came whole."""
        *complete, rest = (self._line + text.replace("\r", "")).split("\n")
        for line in complete:
            new = line[self._line_shown :]  # behind what was shown, as a prompt was
            if not self._repeats_lines(_essence(new)):
                self._show(new + "\n")
                self._remember(self._by_characters, new)
                if new != line:
                    self._remember(self._by_characters, line)
            elif new != line:
                self._show("\n")
            self._line_shown = 0
        self._line = rest
        if len(rest) > LONGEST_LINE or not self._may_repeat(_essence(rest)):
            self._show(rest[self._line_shown :])
            self._line_shown = len(rest)
        else:
            self._look(rest[self._line_shown :])

    def message(self, line: str) -> None:
        """Take a whole line: it is shown unless it came as characters already."""
        if not self._repeats_characters(_essence(line), long=len(line) >= LEAST_PIECE):
            self._show(line + "\n")
            self._remember(self._by_lines, line)

    def _remember(self, by: deque[Shown], line: str) -> None:
        self._numbers += 1
        by.append(Shown(_essence(line), self._numbers, len(line) >= LEAST_PIECE))

    def _repeats_lines(self, essence: str) -> bool:
        """True if a line of characters repeats messages, one or several; forget them then."""
        for at in range(len(self._by_lines)):
            if (end := self._pieces(at, essence)) > at:
                _forget(self._by_lines, at, end, essence)
                return True
        return False

    def _pieces(self, at: int, essence: str) -> int:
        """Return where the messages from `at` on end that together are this line; `at` if they are not."""
        whole, end = "", at
        while end < len(self._by_lines):
            piece = self._by_lines[end]
            whole += piece.essence
            end += 1
            if whole == essence:
                return end
            if not piece.long or not essence.startswith(whole):
                return at
        return at

    def _may_repeat(self, essence: str) -> bool:
        """True if a message begins like this line of characters, whose end is still to come."""
        return any(line.essence.startswith(essence) or essence.startswith(line.essence) for line in self._by_lines)

    def _repeats_characters(self, essence: str, long: bool) -> bool:
        """True if a message repeats a line of characters, or the next part of one; forget it then."""
        if essence and self._repeated.startswith(essence):
            self._repeated = self._repeated[len(essence) :]
            return True
        self._repeated = ""
        for at, line in enumerate(self._by_characters):
            if line.essence == essence or (long and essence and line.essence.startswith(essence)):
                self._repeated = line.essence[len(essence) :]
                _forget(self._by_characters, at, at + 1, essence)
                return True
        return False

    def _show(self, text: str) -> None:
        """Show text, as far as the limit allows."""
        kept = text[: self._room]
        self.flooded = self.flooded or len(kept) < len(text)
        self._room -= len(kept)
        if kept:
            self._shown.append(kept)
            if self.live:
                self.live(kept)
            self._look(kept)
            self._recent = (self._recent + kept)[-len(self._awaited) :] if self._awaited else ""

    def show_all(self) -> None:
        """Show what is held back because it may repeat a line that came whole, as far as it is in `text`."""
        self._show(self.text[sum(map(len, self._shown)) :])
        self._line_shown = len(self._line)

    def await_text(self, text: str) -> None:
        """Note it in `found`, once, when the guest has written this text from now on."""
        self._awaited, self._recent, self.found = text, "", False

    def _look(self, new: str) -> None:
        """Note it if what is shown and this together have the text that is awaited."""
        if self._awaited and self._awaited in self._recent + new:
            self._awaited, self.found = "", True

    def reset(self) -> None:
        """Forget what the guest receives, and what it may still repeat: its start is another one from now on."""
        self.receives = 0
        self.show_all()
        self._line, self._line_shown, self._repeated = "", 0, ""
        self._by_characters.clear()
        self._by_lines.clear()

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


def _forget(by: deque[Shown], at: int, end: int, essence: str) -> None:
    """Forget the lines that were repeated; where that is certain, also those before them, which have no copy."""
    for _ in range(end - at):
        del by[at]
    if len(essence) >= UNMISTAKABLE:
        for _ in range(at):
            by.popleft()
