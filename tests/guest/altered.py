"""A copy of the firmware in which one place is another: to break a rule."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

from s390emu.guests import toy_kernel


def altered(folder: Path, sources: Iterable[Path], name: str, old: str, new: str) -> list[Path]:
    """The copies of these sources, in a new folder; in the file of this name, `old`, which is there once, is `new`."""
    shutil.copytree(toy_kernel.folder(), folder)
    text = (folder / name).read_text()
    assert text.count(old) == 1
    (folder / name).write_text(text.replace(old, new))
    return [folder / path.name for path in sources]
