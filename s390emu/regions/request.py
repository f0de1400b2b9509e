"""What the translator asks of a worker and is answered; apart from what answers, which only workers load."""

from __future__ import annotations

from typing import NamedTuple

SYMBOL, BODY = "region", "body"
FIRST_TEXT = 500_000  # about half a second: soon there
WHOLE_TEXT = 2_000_000  # all of a page, as a rule


class Request(NamedTuple):
    """decoded: instruction texts by logical address, of one page; starts: where it was seen to be entered; amode: the
    mask of the addressing mode; everywhere: make every instruction an entry; lasting: keep what is made of it on disk;
    text: at most so many characters of templates, what the time of a translation goes by."""

    decoded: dict[int, int]
    starts: tuple[int, ...]
    amode: int
    everywhere: bool = False
    lasting: bool = True
    text: int = FIRST_TEXT


class Translation(NamedTuple):
    """code: the object file, with the functions SYMBOL and BODY; entries: place in the handler table by logical
    address; covered: the texts by logical address of what it executes; barriers: mnemonics of what it leaves to
    handlers."""

    code: bytes
    entries: dict[int, int]
    covered: dict[int, int]
    barriers: tuple[str, ...]
