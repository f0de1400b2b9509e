"""How the assembler complains: every error of a source at once, each with its line, a caret and what led there."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

MOST_ERRORS = 20  # more of them help nobody


class Position(NamedTuple):
    """A line of source. `parent` is the line that included it or expanded the macro, `via` says which of the two."""

    filename: str
    line: int
    text: str
    parent: Position | None = None
    via: str = ""

    @property
    def origin(self) -> Position:
        """The line of the source file itself that led here."""
        return self.parent.origin if self.parent else self


class SourceError(Exception):
    """Raised for an error at `column` (0 is the first) of the present statement; the unit adds the position."""

    def __init__(self, message: str, column: int | None = None):
        super().__init__(message)
        self.message, self.column = message, column


class Complaint(NamedTuple):
    """One error as the reader sees it."""

    position: Position
    column: int | None
    message: str

    def __str__(self):
        position, column = self.position, self.column
        shown = f"{position.filename}:{position.line}:"
        shown += f"{column + 1}:" if column is not None else ""
        lines = [f"{shown} error: {self.message}"]
        if position.text:
            lines.append("    " + position.text.rstrip())
        if position.text and column is not None:
            blanks = "".join("\t" if character == "\t" else " " for character in position.text[:column])
            lines.append("    " + blanks + "^")
        while position.parent:
            lines.append(f"  {position.via} at {position.parent.filename}:{position.parent.line}")
            position = position.parent
        return "\n".join(lines)


class AssemblyError(Exception):
    """Raised for a source that cannot be assembled; `errors` has all complaints, the attributes are the first one's."""

    def __init__(self, errors: list[Complaint]):
        super().__init__("\n".join(str(error) for error in errors))
        self.errors = errors
        self.filename, self.line = errors[0].position.filename, errors[0].position.line
        self.column = (errors[0].column or 0) + 1
        self.message = errors[0].message


def suggest(word: str, known: Iterable[str]) -> str:
    """Return `; did you mean "x"?` if a known word is close to this one, else an empty text."""
    import difflib

    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.7)
    return f'; did you mean "{near[0]}"?' if near else ""
