"""The debugger on a terminal: its commands over the same target."""

from __future__ import annotations

import io

import pytest

from s390emu.debugger.prompt import Prompt
from s390emu.debugger.target import Target
from s390emu.machine import Machine
from tests.machine.test_history import WALK


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
        (["s", ""], "instruction 2"),
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
        (["watch"], "watch:"),
        (["what"], "no such command"),
        (["help"], "why: the last program interruption"),
        (["pages"], "stable"),
        (["quit", "step"], "start"),
    ],
)
def test_commands(lines, words):
    assert words in said(*lines)


def test_the_end_of_the_input_leaves():
    assert said("step").count("instruction") == 1


def test_quit_leaves_at_once():
    assert "instruction 1" not in said("quit", "step")
