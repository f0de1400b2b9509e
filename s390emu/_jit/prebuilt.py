"""What came with the package: bitcode, and what is made of it. A wheel has it, for one kind of computer and one LLVM;
it is used if its comment says that it was made of these very sources."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from s390emu._jit.cache import CACHE, version

ARCHIVE = Path(__file__).parent / "prebuilt.zip"


def _comment() -> bytes:
    return f"{CACHE.name} {version()}".encode()


@cache
def _archive() -> zipfile.ZipFile | None:
    try:
        archive = zipfile.ZipFile(ARCHIVE)
    except (OSError, zipfile.BadZipFile):
        return None
    return archive if archive.comment == _comment() else None


def names() -> list[str]:
    """Return the names of the functions whose bitcode came with the package and can be used."""
    archive = _archive()
    return [name for name in archive.namelist() if "/" not in name] if archive else []


def get(name: str) -> bytes | None:
    """Return what came with the package under this name: a function's bitcode or, with a "/" in it, something else."""
    archive = _archive()
    try:
        return archive.read(name) if archive else None
    except (KeyError, OSError, zipfile.BadZipFile):
        return None


def write(path: Path, contents: Mapping[str, bytes]) -> None:
    """Write an archive for a wheel of these sources."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.comment = _comment()
        for name, data in sorted(contents.items()):
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
