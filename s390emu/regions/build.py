"""From the decoded instructions of a page to object code: all that a worker does for the translator."""

from __future__ import annotations

from s390emu.regions import library, llvm
from s390emu.regions.emit import module_text
from s390emu.regions.region import find_region
from s390emu.regions.request import SYMBOL, Request, Translation
from s390emu.regions.templates import Template


def translate(request: Request) -> Translation | None:
    """Return the translation, None if there is nothing to translate. Raises RuntimeError where LLVM refuses."""
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
        {each.ia: each.text for each in translated},
        tuple(sorted({each.mnemonic for each in region.instructions if each.barrier})),
    )
