"""The command line, for the tests of its commands: each in a process of its own, as good as."""

from __future__ import annotations

import pytest

from s390emu import cli
from s390emu._jit.compiler import Compilation


@pytest.fixture
def s390emu(capsys, tmp_path, monkeypatch):
    """Return what runs a command line in a folder of its own: -> (exit code, stdout, stderr)."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        with pytest.raises(SystemExit) as exit_:
            cli.main([str(a) for a in arguments])
        captured = capsys.readouterr()
        return exit_.value.code, captured.out, captured.err

    return run


@pytest.fixture(autouse=True)
def _compilation_is_announced_by_this_command_only(monkeypatch):
    monkeypatch.setattr(Compilation, "announced", Compilation.announced)
