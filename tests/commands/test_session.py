"""A guest that somebody talks to: keys, the terminal, what is written, reboots, time."""

from __future__ import annotations

import os
import pty
import select
import signal
import sys
import termios
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from s390emu.commands import session
from s390emu.commands.session import STEP, Session
from s390emu.machine import Machine, Reason

MS = 1_000_000  # nanoseconds
LOOP = "start: j start"
ECHO = Path(__file__).with_name("echo.s")
TICKING = """
start:  larl    %r1,data
        mvc     0x1B0(16),8(%r1)        # external new PSW
        lctlg   %c0,%c0,24(%r1)         # clock comparator
tick:   stck    0x300
        lg      %r2,0x300
        larl    %r1,data
        algf    %r2,0(%r1)
        stg     %r2,0x308
        sckc    0x308
        aghi    %r9,1
        lpswe   32(%r1)
        .balign 8
data:   .long   10000 << 12             # 10 ms, in units of the TOD clock
        .long   0
        .quad   0x0000000180000000,tick,0x800
        .quad   0x0102000180000000,0
"""
POWER_OFF = "start: lghi %r1,0; lghi %r2,1; sigp %r0,%r2,5; sigp %r0,%r1,5; j ."


@pytest.fixture
def pipe():
    read, write = os.pipe()
    yield read, write
    for descriptor in (read, write):
        with suppress(OSError):
            os.close(descriptor)


@pytest.fixture
def small_steps(monkeypatch):
    monkeypatch.setattr(session, "STEP", 100)


def of(source, **options):
    return Machine.from_source(source, **options)


def echo():
    return of(ECHO.read_text())


def test_keys_are_typed(pipe, small_steps):
    machine = of(LOOP)
    os.write(pipe[1], b"ls\n\x03")
    Session(machine, pipe[0]).run(200)
    assert machine.host.guests[0].console.typed == "ls\n\x03"


def test_keys_that_are_no_ascii_are_left_out(pipe):
    machine = of(LOOP)
    os.write(pipe[1], "a\N{LATIN SMALL LETTER A WITH DIAERESIS}b".encode())
    Session(machine, pipe[0]).listen(0)
    assert machine.host.guests[0].console.typed == "ab"


@pytest.mark.parametrize(("pressed", "typed", "left"), [
    (["abc"], "abc", False), (["a\x01x"], "a", True), (["\x01\x01"], "\x01", False), (["\x01b"], "", False),
    (["a\x01", "x"], "a", True), (["x\x01", "\x01", "x"], "x\x01x", False), (["\x03\x03"], "\x03\x03", False),
])  # fmt: skip
def test_the_escape_key(pressed, typed, left):
    of_guest = Session(of(LOOP))
    assert "".join(of_guest.keys(part) for part in pressed) == typed
    assert of_guest.left is left


def test_the_keys_are_told(capsys):
    assert Session(of(LOOP)).keys("a\x01hb") == "ab"
    assert "Ctrl-A x ends the run" in capsys.readouterr().err


def test_leaving_ends_the_run(pipe, small_steps):
    os.write(pipe[1], b"\x01x")
    stop = Session(of(LOOP), pipe[0]).run(10_000)
    assert (stop.reason, stop.count) == (Reason.LEFT, 100)


def test_the_end_of_the_input_does_not_end_the_run(pipe, small_steps):
    os.close(pipe[1])
    stop = Session(of(LOOP), pipe[0]).run(1000)
    assert (stop.reason, stop.count) == (Reason.LIMIT, 1000)


def test_limits_hold(small_steps, pipe):
    machine = of(LOOP)
    assert Session(machine).run(250).count == 250
    assert Session(machine).run(50).count == 300
    assert Session(machine).run(None, 0.05).reason is Reason.TIMEOUT


def test_a_limit_of_time_ends_a_wait_for_a_key(pipe):
    began = time.monotonic()
    assert Session(echo(), pipe[0]).run(None, 0.2).reason is Reason.TIMEOUT
    assert time.monotonic() - began >= 0.2


def test_a_guest_that_waits_for_a_key_gets_it(pipe):
    machine = echo()
    machine.host.guests[0].console.await_text("]")
    os.write(pipe[1], b"one\r")
    assert Session(machine, pipe[0]).run(None, 300).reason is Reason.CONSOLE_TEXT
    os.write(pipe[1], b"q")
    stop = Session(machine, pipe[0]).run(None, 300)
    assert (machine.console, stop.exit_code) == ("[one]", 0)


def test_without_keys_to_come_a_wait_for_one_is_the_end(pipe):
    os.close(pipe[1])
    assert Session(echo(), pipe[0]).run(None, 300).reason is Reason.ENABLED_WAIT


def test_the_guests_own_end_is_its_end(small_steps):
    source = "start: larl %r1,9f; lpswe 0(%r1); .balign 8; 9: .quad 0x0002000180000000,5"
    assert Session(of(source)).run().exit_code == 5


@pytest.mark.parametrize("cpus", [1, 2])
def test_all_cpus_stopped_is_the_end(cpus):
    assert Session(of(POWER_OFF, cpus=cpus)).run(None, 300).reason is Reason.STOPPED


# --- time ------------------------------------------------------------------------------------------------------------


def test_an_idle_guest_takes_as_long_as_it_says(pipe):
    """A timer interruption every 10 ms, of which every 10 or 11 instructions are one."""
    machine = of(TICKING)
    guest = Session(machine, pipe[0])
    guest.run(50)
    began, guest_began = time.monotonic(), machine.now
    guest.run(8 * 25)
    assert time.monotonic() - began >= (machine.now - guest_began) * 1e-9 - 0.06 > 0.1


def test_the_clock_of_an_idle_guest_is_that_on_the_wall(monkeypatch):
    """Here every wait takes a millisecond more than it should."""
    now = 1000.0
    monkeypatch.setattr(session.time, "monotonic", lambda: now)

    def waits(seconds):
        nonlocal now
        now += seconds + 0.001

    machine = of(TICKING)
    guest = Session(machine)
    monkeypatch.setattr(guest, "listen", waits)
    guest.run(8 * 1000)
    assert machine.now > 5_000 * MS
    assert abs(now - 1000.0 - machine.now * 1e-9) < 0.02


@pytest.mark.parametrize("closed", [False, True], ids=["no-keys", "end-of-file"])
def test_an_idle_guest_burns_no_core(pipe, closed):
    machine = of(TICKING)
    guest = Session(machine, pipe[0])
    guest.run(50)
    if closed:
        os.close(pipe[1])
    processor = time.process_time()
    guest.run(None, 0.5)
    assert time.process_time() - processor < 0.25


def test_a_key_is_not_kept_waiting_by_a_guest_that_sleeps(pipe):
    later = "        algf    %r2,0(%r1)\n"
    machine = of(TICKING.replace("10000 << 12", "1000000 << 12").replace(later, 20 * later))  # 20 s
    guest = Session(machine, pipe[0])
    guest.run(60)
    os.write(pipe[1], b"\x01x")
    began = time.monotonic()
    assert guest.run().reason is Reason.LEFT
    assert time.monotonic() - began < 10


def test_what_a_guest_is_behind_is_not_made_up_for(pipe):
    machine = of(TICKING)
    guest = Session(machine, pipe[0])
    guest.run(50)
    time.sleep(0.3)  # as long as somebody else had the processor
    count = machine.gr[9]
    guest.run(None, 0.1)
    assert machine.gr[9] - count <= 20


def test_steps_are_short_enough_for_the_fingers():
    assert STEP <= 10_000_000  # a tenth of a second


# --- the terminal ----------------------------------------------------------------------------------------------------


class Terminal:
    """A process at a terminal of its own."""

    def __init__(self, *arguments):
        self.process, self.descriptor = pty.fork()
        if self.process == 0:
            signal.signal(signal.SIGINT, signal.SIG_DFL)  # a test run in the background may have it ignored
            code = "from s390emu.cli import main; main()"
            os.execv(sys.executable, [sys.executable, "-c", code, *map(str, arguments)])
        self.text = ""

    def read(self, text):
        """Read until the text is there."""
        deadline = time.monotonic() + 300
        while text not in self.text:
            assert select.select([self.descriptor], [], [], max(0, deadline - time.monotonic()))[0], self.text
            try:
                self.text += os.read(self.descriptor, 4096).decode()
            except OSError:
                raise AssertionError(f"ended, without {text!r}: {self.text}") from None

    def press(self, keys):
        os.write(self.descriptor, keys)

    def exit_code(self):
        """Wait for the end."""
        signal.signal(signal.SIGALRM, lambda *_: os.kill(self.process, signal.SIGKILL))
        signal.alarm(300)
        status = os.waitpid(self.process, 0)[1]
        signal.alarm(0)
        return os.waitstatus_to_exitcode(status)


@contextmanager
def terminal(*arguments):
    """Yield a command at a terminal whose settings have to be afterwards what they were before."""
    at = Terminal(*arguments)
    before = termios.tcgetattr(at.descriptor)
    try:
        yield at
        assert termios.tcgetattr(at.descriptor) == before
    finally:
        with suppress(OSError):
            os.kill(at.process, signal.SIGKILL)
        os.close(at.descriptor)


def test_at_a_terminal_every_key_is_the_guests_but_those_after_the_escape_key():
    with terminal("run", ECHO, "--interactive") as at:
        at.press(b"a")  # ahead
        at.read("[a]")
        at.text = expected = ""
        for key in "\x03", "\x03", "\x1a", "\x1c", "\x13", "\x11", "\x16", "\r", "\x04", "\x01\x01":
            at.press(key.encode())
            expected += f"[{key[:1]}]".replace("\r", "")  # which a new line would follow
            at.read(expected)
        assert at.text == expected  # only the guest shows it
        at.press(b"\x01x")
        at.read("left at the keyboard")
        assert at.exit_code() == 0


def test_the_terminal_is_as_before_when_the_guest_ends_it():
    with terminal("run", ECHO, "--interactive") as at:
        at.press(b"z")
        at.read("[z]")
        at.press(b"q")
        at.read("code 0")
        assert at.exit_code() == 0


def test_the_terminal_is_as_before_when_the_process_is_terminated():
    with terminal("run", ECHO, "--interactive") as at:
        at.press(b"z")
        at.read("[z]")
        os.kill(at.process, signal.SIGTERM)
        assert at.exit_code() == 128 + signal.SIGTERM


def test_at_a_terminal_ctrl_c_ends_what_is_not_interactive(tmp_path):
    (tmp_path / "loop.s").write_text(LOOP)
    with terminal("run", tmp_path / "loop.s", "--trace", "insn", "--trace-lines", "3") as at:
        at.read("no more are written")
        at.press(b"\x03")
        assert at.exit_code() == 130


# --- by the command line ---------------------------------------------------------------------------------------------

REBOOTING = """
        .equ    BLOCK,0x20000
start:  larl    %r12,mask
        llilf   %r2,0x00780005
        servc   %r2,%r12
        lg      %r3,0x8000              # what an earlier life has left
        aghi    %r10,1                  # and in a register
        lghi    %r4,1
        stg     %r4,0x8000
        agr     %r3,%r10
        aghi    %r3,'0'
        larl    %r12,text
        stc     %r3,written-text(%r12)
1:      llilf   %r2,0x00760005
        servc   %r2,%r12
        jnz     2f
        lghi    %r1,3
        diag    %r4,%r1,0x308
2:      larl    %r1,busy
        mvc     0x1B0(16),0(%r1)
        lctlg   %c0,%c0,16(%r1)
        lpswe   24(%r1)
        .balign 8
busy:   .quad   0x0000000180000000,1b
        .quad   0x200,0x0102000180000000,0
mask:   .short  28,0,0,0,0,4
        .long   0,0x40,0,0
        .balign 8
text:   .short  16,0,0,0,8
        .byte   0x1A,0
        .short  0
written: .ascii " \\n"
"""


@pytest.fixture
def rebooting(tmp_path):
    (tmp_path / "reboot.s").write_text(REBOOTING)
    return tmp_path / "reboot.s"


def test_a_reboot_ends_the_run(s390emu, rebooting):
    code, out, error = s390emu("run", rebooting)
    assert (code, out) == (3, "1\n") and "a reboot" in error


@pytest.mark.parametrize("cpus", [1, 2])
def test_a_reboot_starts_the_same_program_in_cleared_storage(s390emu, rebooting, cpus):
    code, out, error = s390emu("run", rebooting, "--on-reboot", "restart", "--limit", 100, "--cpus", cpus)
    assert code == 4 and out.count("1") == out.count("\n") >= 3
    assert "after 100 instructions" in error


def test_a_text_on_the_console_ends_the_run(s390emu, rebooting):
    code, out, _ = s390emu("run", rebooting, "--until", "1", "--json")
    assert code == 0 and '"the console has the text of --until"' in out


def test_a_text_that_came_over_two_lives(s390emu, rebooting):
    code, out, _ = s390emu("run", rebooting, "--until", "1\n1\n1", "--on-reboot", "restart")
    assert (code, out) == (0, "1\n1\n1\n")


def test_a_text_ends_a_traced_run_too(s390emu, rebooting):
    code, _, error = s390emu("run", rebooting, "--until", "1", "--trace", "insn")
    assert code == 0 and "SERVC" in error.splitlines()[-2].upper()


@pytest.mark.parametrize(("ending", "code"), [([], 1), (["--limit", "3"], 4)])
def test_a_text_that_never_came(s390emu, tmp_path, ending, code):
    source = "start: larl %r1,9f; nopr; nopr; lpswe 0(%r1); .balign 8; 9: .quad 0x0002000180000000,0"
    (tmp_path / "a.s").write_text(source)
    found, _, error = s390emu("run", "a.s", "--until", "login:", *ending)
    assert found == code and "the guest has not written 'login:'" in error


def test_of_many_runs_none_is_attended(s390emu, rebooting):
    code, _, error = s390emu("run", rebooting, "--adversary", "random:1", "--until", "x")
    assert code == 2 and "--until" in error
