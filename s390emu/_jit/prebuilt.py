"""Bitcode that came with the package. A wheel has it, for one kind of computer and one LLVM; it is used if its comment
says that it was made of these very sources."""

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
    return archive.namelist() if archive else []


def get(name: str) -> bytes | None:
    """Return the bitcode of a function of this name, if it came with the package."""
    archive = _archive()
    try:
        return archive.read(name) if archive else None
    except (KeyError, OSError, zipfile.BadZipFile):
        return None


def write(path: Path, bitcode: Mapping[str, bytes]) -> None:
    """Write an archive for a wheel of these sources."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.comment = _comment()
        for name, data in sorted(bitcode.items()):
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
