"""From the decoded instructions of a page to object code: all that a worker does for the translator."""

from __future__ import annotations

import pickle
from functools import lru_cache

from s390emu.regions import library, llvm
from s390emu.regions.emit import module_text
from s390emu.regions.kept import keep
from s390emu.regions.region import find_region
from s390emu.regions.request import BODY, SYMBOL, Request, Translation
from s390emu.regions.templates import Template


def translate(request: Request) -> Translation | None:
    """Return the translation, and keep it; None if there is nothing to translate. Raises RuntimeError where LLVM
    refuses, or calls what there is not."""
    if not request.lasting:
        return _again(pickle.dumps(request))
    made = _made(request)
    keep(request, made)
    return made


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
        most=request.text,
    )
    if region is None:
        return None
    translated = [each for each in region.instructions if not each.barrier]
    found = {each.mnemonic: library.template(each.mnemonic) for each in translated}
    templates = {mnemonic: one for mnemonic, one in found.items() if isinstance(one, Template)}
    module = llvm.parsed(module_text(region, templates, SYMBOL))
    llvm.inline(module)
    llvm.optimise(module)
    code = llvm.object_code(module)
    llvm.linked(code, SYMBOL, BODY)[0].close()  # here what cannot be linked is refused only: LLVM may call its own
    return Translation(
        code,
        {entry: region.blocks[entry][0].place for entry in region.entries},
        {each.ia: each.text for each in translated}
        | {each.executed.ia: each.executed.text for each in translated if each.executed},
        tuple(sorted({each.mnemonic for each in region.instructions if each.barrier})),
    )
