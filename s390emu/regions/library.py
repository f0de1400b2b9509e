"""The templates of all handlers: from the wheel, or made when they are first asked for and kept like compiled code."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from s390emu._jit import bitcode_of, prebuilt
from s390emu._jit.cache import templates
from s390emu.engine import ahead, handlers
from s390emu.isa.opcodes import ROWS
from s390emu.regions.templates import Refused, Template, make_template

REFUSED = "refused"


@cache
def template(mnemonic: str) -> Template | str:
    """Return the template of a handler, or why there is none."""
    data = templates().get(mnemonic) or prebuilt.get(_name_in_wheel(mnemonic))
    if data is None:
        templates().keep(mnemonic, data := _made(mnemonic))
    kept = json.loads(data)
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


def made_one_by_one() -> Iterator[str]:
    """Yield each instruction that guests have used when its template has been made; those that there are already are
    left out."""
    for mnemonic in ahead.used_before():
        if not templates().has(mnemonic) and not prebuilt.get(_name_in_wheel(mnemonic)):
            template(mnemonic)
            yield mnemonic


def write_archive(path: Path) -> None:
    """Write what a wheel brings: the bitcode of everything there is, and the templates of all handlers."""
    bitcode = ahead.everything()
    implemented = [row.mnemonic for row in ROWS if handlers.implemented(row)]
    prebuilt.write(path, bitcode | {_name_in_wheel(mnemonic): _made(mnemonic) for mnemonic in implemented})


def _name_in_wheel(mnemonic: str) -> str:
    """Return a name that those of functions are not, and that another version of `regions/` does not use."""
    return f"{templates().folder.name}/{mnemonic}"


def _made(mnemonic: str) -> bytes:
    from s390emu.regions import llvm

    function = handlers.compiled(mnemonic)
    try:
        made = make_template(mnemonic, function.name, llvm.text_of(bitcode_of(function)))._asdict()
    except Refused as error:
        made = {REFUSED: str(error)}
    return json.dumps(made).encode()
