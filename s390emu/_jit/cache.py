"""Where compiled code is kept: a folder for each state of the sources, the oldest of which are removed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Iterable, Iterator
from functools import cache
from pathlib import Path
from zlib import crc32

import llvmlite

from s390emu._jit import backend
from s390emu._jit.objects import Kept, write_whole
from s390emu.cache_folder import cache_root

PACKAGE = Path(__file__).parents[1]
# What stands above the compiled rooms, and is not imported by them (`lint-imports`).
ABOVE = frozenset((
    "cli.py", "crew.py", "commands", "debugger", "reports", "export", "tracing", "farm", "adversary", "sanitizer",
    "recording", "conformance", "inputs", "machine", "guests", "regions",
))  # fmt: skip
REGIONS = "regions"
WHEN = frozenset(("modes.py", "translator.py", "worker.py"))  # in it: what is made does not depend on them
CACHES_KEPT = 4
DIGEST_LETTERS = 16  # hexadecimal
FOLDERS_KEPT = 8  # in one of them: for processors, versions of LLVM, options of Numba's
OPTIONS = "NUMBA_OPT", "NUMBA_BOUNDSCHECK"


def sources() -> Iterator[os.DirEntry]:
    """Yield the sources that compiled code may depend on, always in the same order."""
    return _sources_in(PACKAGE, ABOVE)


def _sources_in(folder: str | Path, left_out: Collection[str] = ()) -> Iterator[os.DirEntry]:
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        if entry.name in left_out:
            continue
        if entry.name.endswith(".py"):
            yield entry
        elif entry.is_dir():
            yield from _sources_in(entry.path)


def _digest(of: Iterable[os.DirEntry]) -> str:
    from hashlib import sha256  # most processes know the digest

    digest = sha256()
    for source in of:
        place = Path(source.path)
        digest.update(place.relative_to(PACKAGE).as_posix().encode() + b"\0" + place.read_bytes())
    return digest.hexdigest()[:DIGEST_LETTERS]


def source_digest() -> str:
    """Return a digest of the sources that compiled code may depend on: a function's code has that of its callees."""
    return _digest(sources())


@cache
def _regions_digest() -> str:
    """Return a digest of the sources that make templates and regions of compiled code."""
    return _digest(_sources_in(PACKAGE / REGIONS, WHEN))


def _last_written() -> str:
    """Return what is another text when any of the sources has been written to, moved or replaced."""
    files = ((source.path, source.stat()) for source in sources())
    return "\n".join(f"{path} {f.st_ino} {f.st_size} {f.st_mtime_ns} {f.st_ctime_ns}" for path, f in files)


def known_digest(file: Path) -> str:
    """Return `source_digest`; from this file, if no source has changed since: to read them takes ten times as long."""
    written = _last_written()
    try:
        digest, _, then = os.fsdecode(file.read_bytes()).partition("\n")
        if then == written and len(digest) == DIGEST_LETTERS:
            return digest
    except OSError:
        pass
    digest = source_digest()
    write_whole(file, os.fsencode(f"{digest}\n{written}"))
    return digest


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
    """Return what tells a few folders apart that lie beside each other."""
    return f"{crc32(repr(facts).encode()):08x}"


@cache
def version() -> str:
    """Return what tells bitcode apart, beside the sources: LLVM, which reads no newer bitcode, whether a product and a
    sum can be one instruction, and Numba's options."""
    processor = backend.target()[0], backend.has_fused_multiply_add()
    return _key(llvmlite.__version__, *processor, *(os.environ.get(name) for name in OPTIONS))


CACHE = cache_root() / known_digest(cache_root() / "sources")
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
