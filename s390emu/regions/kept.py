"""Translations on disk, each by what was asked for: a guest that was translated before starts translated."""

from __future__ import annotations

import hashlib
import pickle

from s390emu._jit.cache import regions
from s390emu.regions.request import Request, Translation

MISSING = object()  # nothing is kept of a request


def kept(request: Request) -> Translation | object | None:
    """Return what an earlier process made of the same request; MISSING if nothing is kept."""
    data = regions().get(_name(request)) if request.lasting else None
    return MISSING if data is None else pickle.loads(data)


def keep(request: Request, made: Translation | None) -> None:
    """Keep what was made of a request."""
    regions().keep(_name(request), pickle.dumps(made))


def _name(request: Request) -> str:
    """Return a digest of all that a translation follows from, beside what names the folder."""
    facts = (sorted(request.decoded.items()), *request[1:])
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:32]
