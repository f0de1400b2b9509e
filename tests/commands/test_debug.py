"""s390emu debug: what it takes, what it refuses, and how it ends."""

from __future__ import annotations

import io
import os
import signal
import socket
import subprocess
import sys

import pytest

from s390emu.debugger.packets import packet
from tests import plainly
from tests.interruptible import start
from tests.required import require

SOURCE = """
start:  llill %r1,0x8000
loop:   aghi  %r2,1
        stg   %r2,0(%r1)
        cghi  %r2,50
        jl    loop
        larl  %r1,end
        lpswe 0(%r1)
        .balign 8
end:    .quad 0x0002000180000000,0
"""


@pytest.fixture
def debug(s390emu, tmp_path, monkeypatch):
    """Return what debugs the guest with lines at the prompt: -> (exit code, stdout, stderr)."""
    (tmp_path / "a.s").write_text(SOURCE)

    def run(*arguments, lines=""):
        monkeypatch.setattr("sys.stdin", io.StringIO(lines))
        return s390emu("debug", *arguments)

    return run


def test_a_recording_at_the_prompt(debug, s390emu):
    assert s390emu("run", "a.s", "--record", "a.s390rec")[0] == 0
    lines = "when\nc\nlast-write 0x8000\nb loop if r2 == 7\nback-continue\n"
    code, out, _ = debug("--replay", "a.s390rec", lines=lines)
    assert code == 0
    assert "from 0 to 203" in out
    assert "the history ends here" in out
    assert "instruction 198 on CPU 0, at 0x10008 <loop+0x4>" in out
    assert "instruction 29\n" in out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "what is to be debugged?"),
        (["a.s", "--replay", "b.s390rec"], "those of the recording"),
        (["--replay", "b.s390rec", "--cpus", "2"], "those of the recording"),
        (["--replay", "a.s"], "not a recording of s390emu"),
        (["--replay", "none"], "No such file"),
        (["a.s", "--gdb", "--port", "1234"], "--gdb starts one"),
        (["a.s", "--port", "70000"], "0 to 65535"),
        (["a.s", "--port", "0", "--listen", "nowhere.invalid"], "port 0 of nowhere.invalid"),
    ],
)
def test_what_is_refused(debug, words, told):
    code, _, error = debug(*words)
    assert code == 2
    assert told in error


def test_a_port_in_use(debug):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        assert debug("a.s", "--port", port)[::2] == (2, f"s390emu: port {port} of 127.0.0.1: Address already in use\n")


def test_a_recording_that_was_cut_off_is_debugged_as_far_as_it_goes(debug, s390emu, tmp_path):
    s390emu("run", "a.s", "--record", "a.s390rec")
    data = (tmp_path / "a.s390rec").read_bytes()
    (tmp_path / "cut.s390rec").write_bytes(data[:-200])
    code, out, error = debug("--replay", "cut.s390rec", lines="when\n")
    assert code == 0
    assert "cut off at byte" in error
    assert "the history is from 0 to" in out


def test_a_damaged_recording_is_one_line(debug, s390emu, tmp_path):
    s390emu("run", "a.s", "--record", "a.s390rec")
    data = bytearray((tmp_path / "a.s390rec").read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / "a.s390rec").write_bytes(data)
    code, _, error = debug("--replay", "a.s390rec", lines="c\n")
    assert code == 2
    assert "damaged" in error
    assert error.count("\n") == 1


def started(*words) -> subprocess.Popen:
    """Start the debugger with a port; return it when it waits there, as `port`."""
    process = start([sys.executable, "-m", "s390emu", "debug", *words, "--port", "0"], env=plainly.environment(),
                    stderr=subprocess.PIPE, text=True)  # fmt: skip
    line = process.stderr.readline()
    assert "waiting for gdb: set endian big, set mem" in line
    assert ", target remote 127.0.0.1:" in line
    process.port = int(line.rpartition(":")[2])
    return process


@pytest.fixture
def endless(tmp_path):
    """A debugger that waits for gdb, of a guest that never ends."""
    (tmp_path / "b.s").write_text("start: j start")
    process = started(tmp_path / "b.s")
    yield process
    process.kill()
    process.communicate()


def test_ctrl_c_while_it_waits(endless):
    endless.send_signal(signal.SIGINT)
    assert endless.wait(60) == 130


def test_ctrl_c_while_the_guest_runs(endless):
    with socket.create_connection(("127.0.0.1", endless.port), timeout=20) as client:
        client.sendall(packet(b"vCont;c"))
        assert client.recv(1) == b"+"
        endless.send_signal(signal.SIGINT)
        assert endless.wait(60) == 130
    assert "Traceback" not in endless.stderr.read()


def test_kill_ends_it(endless):
    with socket.create_connection(("127.0.0.1", endless.port), timeout=20) as client:
        client.sendall(packet(b"k"))
        assert endless.wait(60) == 0


def test_gdb_is_started_and_its_end_is_the_end(debug, monkeypatch):
    require("gdb-multiarch")
    monkeypatch.setattr("s390emu.commands.debug.SETTINGS", ("set confirm off", "set endian big"))
    with open(os.devnull) as nothing:
        monkeypatch.setattr("sys.stdin", nothing)
        assert debug("a.s", "--gdb")[0] == 0


def test_gdb_that_never_comes_is_said(debug, tmp_path, monkeypatch):
    (tmp_path / "gdb").write_text("#!/bin/sh\nexit 3\n")
    (tmp_path / "gdb").chmod(0o755)
    monkeypatch.setattr("s390emu.commands.debug.GDB", (str(tmp_path / "gdb"),))
    code, _, error = debug("a.s", "--gdb")
    assert code == 2
    assert "ended without having come to the guest: exit code 3" in error


def test_gdb_that_is_missing_is_said(debug, monkeypatch):
    monkeypatch.setattr("s390emu.commands.debug.GDB", ("no-such-gdb",))
    code, _, error = debug("a.s", "--gdb")
    assert code == 2
    assert "is installed; leave out --gdb for a prompt" in error
