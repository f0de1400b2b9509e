"""Translations on disk, by what was asked for, and by the page that they are of: a guest that was translated before
starts translated."""

from __future__ import annotations

import hashlib
import pickle

from s390emu._jit.cache import regions
from s390emu.architecture.sizes import BLOCK_SIZE
from s390emu.regions.request import Request, Translation

MISSING = object()  # nothing is kept of a request
OF_PAGE_MOST = 4  # translations that are found by their page: of other programs, or of code that is changed


def kept(request: Request) -> Translation | object | None:
    """Return what an earlier process made of the same request; MISSING if nothing is kept."""
    data = regions().get(_name(request)) if request.lasting else None
    return MISSING if data is None else pickle.loads(data)


def keep(request: Request, made: Translation | None) -> None:
    """Keep what was made of a request; one for tests, entered everywhere, is not found by its page."""
    name = _name(request)
    regions().keep(name, pickle.dumps(made))
    if made and not request.everywhere:
        page = _name_of_page(min(made.covered) // BLOCK_SIZE * BLOCK_SIZE, request.amode)
        others = [other for other in _names_of(page) if other != name]
        regions().keep(page, pickle.dumps([*others, name][-OF_PAGE_MOST:]))


def of_page(logical: int, amode: int) -> list[Translation]:
    """Return what earlier processes made of instructions in the page at a logical address; they may be other ones."""
    found = (regions().get(name) for name in _names_of(_name_of_page(logical, amode)))
    return [pickle.loads(data) for data in found if data is not None]


def _names_of(page: str) -> list[str]:
    data = regions().get(page)
    return [] if data is None else pickle.loads(data)


def _name(request: Request) -> str:
    """Return a digest of all that a translation follows from, beside what names the folder."""
    return _digest(sorted(request.decoded.items()), *request[1:])


def _name_of_page(logical: int, amode: int) -> str:
    return _digest("page", logical, amode)


def _digest(*facts: object) -> str:
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:32]
