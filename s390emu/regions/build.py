"""From the decoded instructions of a page to object code: all that a worker does for the translator."""

from __future__ import annotations

import hashlib
import pickle
from functools import lru_cache
from typing import NamedTuple

from s390emu._jit.cache import regions
from s390emu.regions import library, llvm
from s390emu.regions.emit import module_text
from s390emu.regions.region import find_region
from s390emu.regions.templates import Template

SYMBOL = "region"
MISSING = object()  # nothing is kept of a request


class Request(NamedTuple):
    """decoded: instruction texts by logical address, of one page; starts: where it was seen to be entered; amode: the
    mask of the addressing mode; everywhere: make every instruction an entry; lasting: keep what is made of it on disk.
    """

    decoded: dict[int, int]
    starts: tuple[int, ...]
    amode: int
    everywhere: bool = False
    lasting: bool = True


class Translation(NamedTuple):
    """code: the object file, with the function SYMBOL; entries: place in the handler table by logical address; covered:
    the texts by logical address of what it executes; barriers: mnemonics of what it leaves to handlers."""

    code: bytes
    entries: dict[int, int]
    covered: dict[int, int]
    barriers: tuple[str, ...]


def kept(request: Request) -> Translation | object | None:
    """Return what an earlier process made of the same request; MISSING if nothing is kept."""
    data = regions().get(_name(request)) if request.lasting else None
    return MISSING if data is None else pickle.loads(data)


def translate(request: Request) -> Translation | None:
    """Return the translation, and keep it; None if there is nothing to translate. Raises RuntimeError where LLVM
    refuses."""
    if not request.lasting:
        return _again(pickle.dumps(request))
    made = _made(request)
    regions().keep(_name(request), pickle.dumps(made))
    return made


def _name(request: Request) -> str:
    """Return a digest of all that a translation follows from, beside what names the folder."""
    return hashlib.sha256(repr(request._replace(decoded=sorted(request.decoded.items()))).encode()).hexdigest()[:32]  # type: ignore[arg-type]


@lru_cache(512)
def _again(request: bytes) -> Translation | None:
    """Return what is made of a test's request: not for the disk, but the same pages come again."""
    return _made(pickle.loads(request))


def _made(request: Request) -> Translation | None:
    region = find_region(
        request.decoded,
        request.starts,
        request.amode,
        library.branches,
        everywhere=request.everywhere,
        size=library.size,
    )
    if region is None:
        return None
    translated = [each for each in region.instructions if not each.barrier]
    found = {each.mnemonic: library.template(each.mnemonic) for each in translated}
    templates = {mnemonic: one for mnemonic, one in found.items() if isinstance(one, Template)}
    module = llvm.parsed(module_text(region, templates, SYMBOL))
    llvm.inline(module)
    llvm.optimise(module)
    return Translation(
        llvm.object_code(module),
        {entry: region.blocks[entry][0].place for entry in region.entries},
        {each.ia: each.text for each in translated}
        | {each.executed.ia: each.executed.text for each in translated if each.executed},
        tuple(sorted({each.mnemonic for each in region.instructions if each.barrier})),
    )
