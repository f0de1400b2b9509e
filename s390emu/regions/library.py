"""The templates of all handlers: made when they are first asked for, and kept on disk like compiled code."""

from __future__ import annotations

import json
from functools import cache

from s390emu._jit import bitcode_of
from s390emu._jit.cache import templates
from s390emu.engine import handlers
from s390emu.regions.templates import Refused, Template, make_template

REFUSED = "refused"


@cache
def template(mnemonic: str) -> Template | str:
    """Return the template of a handler, or why there is none."""
    data = templates().get(mnemonic)
    kept = _made(mnemonic) if data is None else json.loads(data)
    if data is None:
        templates().keep(mnemonic, json.dumps(kept).encode())
    if REFUSED in kept:
        return kept[REFUSED]
    return Template(**kept | {"declares": tuple(kept["declares"])})


def branches(mnemonic: str) -> bool | None:
    """Return whether the instruction may branch, None if it has no template."""
    found = template(mnemonic)
    return found.branches if isinstance(found, Template) else None


def size(mnemonic: str) -> int:
    """Return the characters of an instruction's template."""
    found = template(mnemonic)
    return len(found.text) if isinstance(found, Template) else 0


def _made(mnemonic: str) -> dict:
    from s390emu.regions import llvm

    function = handlers.compiled(mnemonic)
    try:
        return make_template(mnemonic, function.name, llvm.text_of(bitcode_of(function)))._asdict()
    except Refused as error:
        return {REFUSED: str(error)}
