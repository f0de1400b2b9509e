"""The command line, for the tests of its commands."""

from __future__ import annotations

import pytest

from s390emu import cli


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
