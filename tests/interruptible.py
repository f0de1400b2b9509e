"""Processes that Ctrl-C ends, whoever started the tests: a shell's background jobs are born deaf to it, and so would be
their children."""

from __future__ import annotations

import signal
import subprocess


def _hear() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def start(command, **options) -> subprocess.Popen:
    return subprocess.Popen(command, preexec_fn=_hear, **options)
