"""The debugger on a terminal: its commands over the same target."""

from __future__ import annotations

import io
import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from s390emu.assembler.assemble import assemble
from s390emu.debugger.prompt import Prompt
from s390emu.debugger.target import Target
from s390emu.machine import Machine
from tests import plainly
from tests.machine.test_history import HINTS, WALK


def said(*lines: str) -> str:
    """Return what the prompt says to these lines, without the prompt itself."""
    target = Target(Machine.from_source(WALK, 1 << 18), {"start": 0x10000, "loop": 0x10004})
    out = io.StringIO()
    Prompt(target, io.StringIO("\n".join([*lines, ""])), out).cmdloop()
    return out.getvalue()


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["step"], "instruction 1"),
        (["step 5"], "instruction 5"),
        (["next"], "aghi %r2,1"),
        (["break loop", "continue"], "breakpoint 1 at 0x10004"),
        (["break loop if r2 == 7", "c", "print r2"], "0x7 = 7"),
        (["b loop", "c", "c", "back-continue"], "instruction 1\n"),
        (["until loop+4"], "instruction 2"),
        (["watch 0x8010", "c"], "watchpoint 1: 0x10008 <loop+0x4> accesses 0x8010"),
        (["watch 0x8010", "c", "last-write 0x8010"], "goto 10 is before it"),
        (["step 3", "step", "diff"], "r1: 0x8000 -> 0x8008"),
        (["diff"], "no register changed"),
        (["step 9", "back 4"], "instruction 5"),
        (["back"], "the history is from 0 to 0"),
        (["back-continue"], "the history begins here"),
        (["delete 3"], "no breakpoint or watchpoint 3"),
        (["b nowhere"], "neither a register nor a symbol"),
        (["what"], "no such command"),
        (["help"], "why: the last program interruption"),
        (["pages"], "stable"),
        (["help break"], "break [ADDRESS [if EXPRESSION]]"),
        (["help rc"], "back-next, back-continue"),
        (["b loop if r2 == 7", "break"], "breakpoint 1 at 0x10004 <loop> if r2 == 7\n(s390emu)"),
        (["watch loop", "break"], "break\nwatchpoint 1: write of 8 bytes at 0x10004\n"),
        (["break"], "neither a breakpoint nor a watchpoint"),
        (["b loop if"], "break: the condition is missing"),
        (["step 5", "rs 2"], "instruction 3"),
        (["step x"], "step: x: neither a register nor a symbol"),
        (["continue 3"], "continue: 3: it has no operands"),
        (["until"], "until: a number, a register or a symbol is missing"),
        (["watch"], "watch: a number, a register or a symbol is missing"),
        (["delete"], "delete: its number is missing"),
        (["watch 0x40000"], "watch: nothing to watch"),
        (["print"], "print: a number, a register or a symbol is missing"),
        (["print 1 +"], "print: '1 +' is no expression"),
        (["print u64(0x8010) + 1", "print 0x10"], "0x10 = 16"),
        (["# step", "print icount"], "0x0 = 0"),
        (["goto 5", "step 5", "goto 3"], "instruction 3; the history is from 0 to 5"),
    ],
)
def test_commands(lines, words):
    assert words in said(*lines)


def test_the_end_of_the_input_leaves():
    assert said("step").endswith("(s390emu) \n")


def test_a_script_is_shown_with_its_answers():
    assert "(s390emu) print r2\n0x0 = 0\n(s390emu) step\ninstruction 1\n" in said("print r2", "step")


def test_an_empty_line_of_a_script_repeats_nothing():
    assert "instruction 2" not in said("step", "", "")


CALL = """
start:  brasl %r14,sub
after:  aghi  %r2,1
        j     start
sub:    aghi  %r3,1
        br    %r14
"""


def answers(source: str, *lines: str, **options) -> str:
    """Return what the prompt says to these lines about a program."""
    program = assemble(source, origin=0x10000)
    out = io.StringIO()
    machine = Machine.from_source(source, 1 << 18, **options)
    Prompt(Target(machine, program.symbols), io.StringIO("\n".join([*lines, ""])), out).cmdloop()
    return out.getvalue()


def test_next_goes_over_a_subroutine_and_back_next_back_over_it():
    text = answers(CALL, "next", "back-next")
    assert text.index("instruction 3\n=> 0x10006 <after>") < text.index("instruction 0\n=> 0x10000 <start>")


def test_back_next_takes_back_one_instruction_where_nothing_returned():
    assert "instruction 3\n=> 0x10006 <after>" in answers(CALL, "step 4", "rn")


def test_a_breakpoint_in_the_subroutine_stops_back_next():
    assert "breakpoint 1\ninstruction 1\n=> 0x1000e <sub>" in answers(CALL, "break sub", "step 3", "rn")


def test_the_end_of_the_guest_is_told_each_time_and_can_be_gone_back_from():
    text = answers("start: aghi %r2,1\n lpswe 0(%r2)", "c", "c", "back", "regs")
    assert text.count("instruction") >= 3
    assert text.count("s390emu: ") == 2, text


def test_who_changed_a_state_may_be_the_user():
    volatile = HINTS.replace("%r1,4", "%r1,3")
    text = answers(volatile, "step 3", "discard 0x8000", "last-change-of-state 0x8000")
    assert "discard 0x8000, from outside, at instruction 3" in text


def test_several_cpus_are_told_apart():
    assert "CPU 0, instruction 1\n" in answers(CALL, "step", cpus=2)


# --- on a terminal ---------------------------------------------------------------------------------------------------


class Terminal:
    """`s390emu debug` on a terminal of its own, as a user has it."""

    def __init__(self, source: str, path, *options: str):
        file = path / "guest.s"
        file.write_text(source)
        pid, self.fd = pty.fork()
        if pid == 0:
            signal.signal(signal.SIGINT, signal.SIG_DFL)  # a test run in the background may have it ignored
            environment = plainly.environment(TERM="dumb", INPUTRC="/dev/null")
            words = [sys.executable, "-m", "s390emu", "debug", str(file), *options]
            os.execve(sys.executable, words, environment)
        self.pid, self.text = pid, ""
        self.until(PROMPT)

    def until(self, text: str, seconds: float = 60) -> str:
        """Return what comes up to this text, which has to come."""
        end = time.monotonic() + seconds
        while text not in self.text:
            left = end - time.monotonic()
            assert left > 0 and select.select([self.fd], [], [], left)[0], f"no {text!r} in {self.text!r}"
            self.text += os.read(self.fd, 4096).decode()
        found, _, self.text = self.text.partition(text)
        return found.replace("\r", "")

    def type(self, text: str) -> None:
        """Type some keys."""
        os.write(self.fd, text.encode())

    def say(self, line: str) -> str:
        """Type a line, and return the answer to it."""
        self.type(line + "\n")
        self.until("\n")
        return self.until(PROMPT)

    def interrupt(self) -> None:
        """Press Ctrl-C once it waits for keys; one that comes while readline works is seen with the next key only."""
        while Path(f"/proc/{self.pid}/stat").read_text().rpartition(") ")[2][0] != "S":
            time.sleep(0.01)
        self.type(CTRL_C)

    def settle(self) -> None:
        """Wait until everything that was typed is answered."""
        self.type("print 40000 + 2\n")
        self.until("= 40002")
        self.until(PROMPT)

    def code(self) -> int:
        """Return the exit code, once it has ended."""
        with suppress(OSError):
            while os.read(self.fd, 4096):
                pass
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


PROMPT = "(s390emu) "
ENDLESS = "start: llill %r1,0x8000\nloop: aghi %r2,1\n j loop\n"
UP, CTRL_C, CTRL_D = "\x1b[A", "\x03", "\x04"


@pytest.fixture
def terminal(tmp_path) -> Iterator[Terminal]:
    made = Terminal(ENDLESS, tmp_path)
    yield made
    with suppress(ProcessLookupError, ChildProcessError):
        os.kill(made.pid, signal.SIGKILL)
        os.waitpid(made.pid, 0)
    os.close(made.fd)


def test_an_empty_line_repeats_the_last_movement(terminal):
    terminal.say("step")
    assert "instruction 2\n" in terminal.say("")
    assert "breakpoint 1" in terminal.say("break loop")
    assert terminal.say("") == ""


def test_the_last_lines_are_kept(terminal):
    terminal.say("print 40 + 2")
    terminal.type(UP)
    assert "0x2a = 42" in terminal.say("")


def test_tab_completes_commands_and_symbols(terminal):
    terminal.type("last-w\t")
    terminal.until("last-write")
    terminal.interrupt()
    terminal.until(PROMPT)
    terminal.type("print loo\t")
    assert "0x10004" in terminal.say("")


def test_ctrl_c_gives_up_a_line_and_not_the_debugger(terminal):
    terminal.type("nonsense")
    terminal.until("nonsense")
    terminal.interrupt()
    terminal.until(PROMPT)
    assert "instruction 1\n" in terminal.say("step")


def test_ctrl_c_stops_a_guest_that_runs(terminal):
    terminal.type("continue\n")
    time.sleep(1)
    terminal.type(CTRL_C)
    assert "interrupted\ninstruction" in terminal.until(PROMPT)
    assert int(terminal.say("print icount").split(" = ")[1]) > 1000


def test_ctrl_c_gives_up_a_search_and_the_guest_is_where_it_was(terminal):
    terminal.type("continue\n")
    time.sleep(2)
    terminal.type(CTRL_C)
    assert "interrupted" in terminal.until(PROMPT)
    before = terminal.say("print icount"), terminal.say("regs")
    terminal.type("why\n")
    terminal.until("\n")
    time.sleep(0.2)
    terminal.type(CTRL_C)
    terminal.until("\n")  # of a search that was given up, or of a line after it
    terminal.settle()
    assert (terminal.say("print icount"), terminal.say("regs")) == before
    assert "instruction" in terminal.say("step")


def test_the_end_of_the_guest_leaves_the_user_at_the_prompt(tmp_path):
    source = "start: larl %r1,end\n lpswe 0(%r1)\n .balign 8\nend: .quad 0x0002000180000000,7\n"
    ended = Terminal(source, tmp_path)
    assert "disabled wait, code 0x7, after 2 instructions" in ended.say("continue")
    assert "instruction 1;" in ended.say("back")
    ended.type(CTRL_D)
    assert ended.code() == 0


def test_what_is_piped_in_is_a_script(tmp_path):
    file = tmp_path / "guest.s"
    file.write_text(WALK)
    done = subprocess.run(
        [sys.executable, "-m", "s390emu", "debug", str(file)], input="step 3\nnonsense\nprint r2", text=True,
        capture_output=True, timeout=120, env=plainly.environment(),
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert "(s390emu) step 3\ninstruction 3\n" in done.stdout
    assert "(s390emu) nonsense\nnonsense: no such command; help lists them\n" in done.stdout
    assert done.stdout.endswith("(s390emu) print r2\n0x1 = 1\n(s390emu) \n")


def test_ctrl_d_leaves(terminal):
    terminal.type(CTRL_D)
    assert terminal.code() == 0


def test_quit_leaves_with_code_0(terminal):
    terminal.type("quit\n")
    assert terminal.code() == 0


def test_quit_leaves_at_once():
    assert "instruction 1" not in said("quit", "step")
