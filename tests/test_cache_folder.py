"""Where Python's bytecode is kept when it cannot lie beside the sources."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import s390emu
from tests.plainly import environment

PACKAGE = Path(s390emu.__file__).parent
OF_BYTECODE = "PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX"


def started(folder: Path, **variables: str) -> set[str]:
    """Start a copy of the package that has no bytecode yet; return the names of what is kept of it in the cache."""
    cache = folder / "cache"
    shutil.copytree(PACKAGE, folder / "s390emu", ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True)
    inherited = environment(PYTHONPATH=str(folder), S390EMU_CACHE=str(cache))
    own = {name: value for name, value in inherited.items() if name not in OF_BYTECODE} | variables
    subprocess.run([sys.executable, "-P", "-m", "s390emu", "explain", "MVC"], env=own, check=True, capture_output=True)
    return {file.name.partition(".")[0] for file in cache.rglob("*.pyc") if "s390emu" in file.parts}


def beside_sources(folder: Path) -> set[str]:
    return {file.name.partition(".")[0] for file in (folder / "s390emu").rglob("*.pyc")}


def test_bytecode_that_may_not_lie_beside_the_sources_is_kept_in_the_cache(tmp_path: Path):
    assert {"explain", "opcodes"} <= started(tmp_path, PYTHONDONTWRITEBYTECODE="1")
    assert not beside_sources(tmp_path)


def test_bytecode_lies_beside_the_sources_where_it_can(tmp_path: Path):
    assert not started(tmp_path)
    assert {"cli", "cache_folder", "explain", "opcodes"} <= beside_sources(tmp_path)


def test_bytecode_that_was_made_with_the_installation_is_used_though_none_may_be_written(tmp_path: Path):
    started(tmp_path)
    assert not started(tmp_path, PYTHONDONTWRITEBYTECODE="1")


def test_a_cache_that_cannot_be_written_to_prevents_no_start(tmp_path: Path):
    (tmp_path / "cache").write_text("a file")
    started(tmp_path, PYTHONDONTWRITEBYTECODE="1")
    assert not beside_sources(tmp_path)


@pytest.mark.parametrize("prefix", [None, "elsewhere"])
def test_a_process_with_these_sources_is_told_where_their_bytecode_is(monkeypatch, prefix: str | None):
    from s390emu._jit import parallel

    monkeypatch.setattr(sys, "pycache_prefix", prefix)
    monkeypatch.delenv("PYTHONPYCACHEPREFIX", raising=False)
    assert parallel.environment().get("PYTHONPYCACHEPREFIX") == prefix
