"""Where compiled code is kept: a folder for each state of the sources, the oldest of which are removed."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

PACKAGE = Path(__file__).parents[1]
CACHES_KEPT = 4


def source_digest() -> str:
    """Return a digest of every source of the package: a function's object code has that of its callees in it."""
    digest = hashlib.sha256()
    for source in sorted(PACKAGE.rglob("*.py")):
        digest.update(source.relative_to(PACKAGE).as_posix().encode() + b"\0" + source.read_bytes())
    return digest.hexdigest()[:16]


def cache_root() -> Path:
    """Return the user's cache folder: $S390EMU_CACHE, $XDG_CACHE_HOME/s390emu or ~/.cache/s390emu."""
    if folder := os.environ.get("S390EMU_CACHE"):
        return Path(folder)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "s390emu"


def _claim_cache() -> Path:
    """Return this digest's folder, marked as just used; remove the folders of all but the latest versions."""
    folder = cache_root() / source_digest()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        os.utime(folder)
        newest_first = sorted((f for f in folder.parent.iterdir() if f.is_dir()), key=lambda f: -f.stat().st_mtime)
        for old in newest_first[CACHES_KEPT:]:
            shutil.rmtree(old, ignore_errors=True)
    except OSError:  # read-only home: everything is compiled every time
        pass
    return folder


CACHE = _claim_cache()
CACHEABLE = os.access(CACHE, os.W_OK)
