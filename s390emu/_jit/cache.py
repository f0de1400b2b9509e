"""Where compiled code is kept: a folder for each state of the sources, the oldest of which are removed."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path

import llvmlite

from s390emu._jit import backend
from s390emu._jit.objects import Kept

PACKAGE = Path(__file__).parents[1]
# What stands above the compiled rooms, and is not imported by them (`lint-imports`).
ABOVE = frozenset((
    "cli.py", "commands", "debugger", "reports", "export", "tracing", "farm", "adversary", "sanitizer", "recording",
    "conformance", "inputs", "machine", "guests", "regions",
))  # fmt: skip
REGIONS = "regions"
WHEN = frozenset(("modes.py", "translator.py", "worker.py"))  # in it: what is made does not depend on them
CACHES_KEPT = 4
FOLDERS_KEPT = 8  # in one of them: for processors, versions of LLVM, options of Numba's
OPTIONS = "NUMBA_OPT", "NUMBA_BOUNDSCHECK"


def _digest(selected: Callable[[Path], bool]) -> str:
    """Return a digest of the sources that are selected by their path in the package."""
    digest = hashlib.sha256()
    for source in sorted(PACKAGE.rglob("*.py")):
        place = source.relative_to(PACKAGE)
        if selected(place):
            digest.update(place.as_posix().encode() + b"\0" + source.read_bytes())
    return digest.hexdigest()[:16]


def source_digest() -> str:
    """Return a digest of the sources that compiled code may depend on: a function's code has that of its callees."""
    return _digest(lambda place: place.parts[0] not in ABOVE)


@cache
def _regions_digest() -> str:
    """Return a digest of the sources that make templates and regions of compiled code."""
    return _digest(lambda place: place.parts[0] == REGIONS and place.name not in WHEN)


def cache_root() -> Path:
    """Return the user's cache folder: $S390EMU_CACHE, $XDG_CACHE_HOME/s390emu or ~/.cache/s390emu."""
    if folder := os.environ.get("S390EMU_CACHE"):
        return Path(folder)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "s390emu"


def _claim(folder: Path, kept: int) -> None:
    """Mark a folder as just used; remove all but the latest of those beside it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        os.utime(folder)
        newest_first = sorted((f for f in folder.parent.iterdir() if f.is_dir()), key=lambda f: -f.stat().st_mtime)
        for old in newest_first[kept:]:
            shutil.rmtree(old, ignore_errors=True)
    except OSError:  # read-only home: everything is compiled every time
        pass


def _key(*facts: object) -> str:
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:16]


@cache
def version() -> str:
    """Return what tells bitcode apart, beside the sources: LLVM, which reads no newer bitcode, and Numba's options."""
    return _key(llvmlite.__version__, backend.target()[0], *(os.environ.get(name) for name in OPTIONS))


CACHE = cache_root() / source_digest()
_claim(CACHE, CACHES_KEPT)
CACHEABLE = os.access(CACHE, os.W_OK)


@cache
def bitcodes() -> Kept:
    """Return what is kept of the bitcode of this LLVM."""
    folder = CACHE / f"bitcode-{version()}"
    _claim(folder, FOLDERS_KEPT)
    return Kept(folder, ".bc")


@cache
def templates() -> Kept:
    """Return what is kept of the templates that `regions/` makes of this bitcode."""
    folder = CACHE / f"templates-{_key(version(), _regions_digest())}"
    _claim(folder, FOLDERS_KEPT)
    return Kept(folder, ".json")


@cache
def objects() -> Kept:
    """Return what is kept of the object code for this processor."""
    folder = CACHE / f"objects-{_key(version(), backend.target())}"
    _claim(folder, FOLDERS_KEPT)
    return Kept(folder, ".o")


@cache
def regions() -> Kept:
    """Return what is kept of translated guest code, for this processor."""
    folder = CACHE / f"regions-{_key(version(), backend.target(), _regions_digest())}"
    _claim(folder, FOLDERS_KEPT)
    return Kept(folder, ".region")
