"""The templates of all handlers: made when they are first asked for, and kept on disk like compiled code."""

from __future__ import annotations

import json
import os
import tempfile
from functools import cache
from pathlib import Path

from s390emu._jit.cache import CACHEABLE
from s390emu._jit.objects import folder
from s390emu.engine import handlers
from s390emu.records.cpu import CPU_T
from s390emu.records.port import PORT_T
from s390emu.regions.templates import Refused, Template, make_template

REFUSED = "refused"


def templates_folder() -> Path:
    return folder() / "templates"


@cache
def template(mnemonic: str) -> Template | str:
    """Return the template of a handler, or why there is none."""
    path = templates_folder() / f"{mnemonic}.json"
    try:
        kept = json.loads(path.read_text())
    except (OSError, ValueError):
        kept = _made(mnemonic)
        _keep(path, kept)
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
    from s390emu._jit.compiler import intermediate_of

    symbol, text = intermediate_of(handlers.function(mnemonic), CPU_T, PORT_T, integers=1)
    try:
        return make_template(mnemonic, symbol, text)._asdict()
    except Refused as error:
        return {REFUSED: str(error)}


def _keep(path: Path, kept: dict) -> None:
    if not CACHEABLE:
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False) as file:
            json.dump(kept, file)
        os.replace(file.name, path)
    except OSError:  # a full disk: it is made again next time
        pass
