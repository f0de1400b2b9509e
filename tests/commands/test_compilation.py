"""What a first run shows while it compiles."""

from __future__ import annotations

import pytest

from s390emu._jit.compiler import Proper
from s390emu.assembler.assemble import Program, assemble
from s390emu.commands import compilation
from s390emu.engine import handlers
from s390emu.guests import toy_kernel

GUEST = "start: lghi %r2,6\n aghi %r2,1\n j start\n .quad 0x1b221b22\n"


@pytest.fixture
def announce(monkeypatch):
    """Call `announce_compilation` of a guest, stderr being a terminal or not."""
    monkeypatch.setattr(compilation, "_line_begun", False)
    monkeypatch.setattr(handlers, "READY", set())
    monkeypatch.setattr(compilation, "READY", handlers.READY)
    monkeypatch.setenv("COLUMNS", "100")

    def call(source, *, terminal=True):
        monkeypatch.setattr("sys.stderr.isatty", lambda: terminal)
        compilation.announce_compilation(assemble(source))

    return call


def announced(*names):
    for name in names:
        with Proper.announced(name):
            pass
        handlers.READY.add(name.upper())


def bars(text):
    *lines, rest = text.split(compilation.ERASE_LINE)
    assert rest == ""
    return [line.removeprefix(compilation.TO_LINE_START) for line in lines]


def test_a_terminal_shows_how_many_of_how_many(announce, capsys):
    announce(GUEST)
    announced("run", "lghi", "aghi", "brc")
    lines = [line.split("|") for line in bars(capsys.readouterr().err)]
    counts = [first.removeprefix("s390emu: compiling (first run only)").strip() for first, _, _ in lines]
    assert counts == ["0 of 3", "1 of 4", "2 of 4", "3 of 4"]  # `run` is no instruction of the guest
    assert [name.strip() for _, _, name in lines] == ["run", "lghi", "aghi", "brc"]


def test_more_than_was_expected_is_counted_too(announce, capsys):
    announce("start: j start\n")
    announced("brc", "lghi", "aghi")
    assert "2 of 3" in bars(capsys.readouterr().err)[2]


def test_the_bar_is_gone_when_the_guest_goes_on(announce, capsys):
    announce(GUEST)
    announced("lghi")
    assert capsys.readouterr().err.endswith(compilation.ERASE_LINE)


def test_no_bar_in_a_line_that_the_guest_has_begun(announce, capsys):
    announce(GUEST)
    compilation.show("loading")
    announced("lghi")
    assert capsys.readouterr().err == ""
    compilation.show(" done\n")
    announced("aghi")
    assert "1 of 3" in capsys.readouterr().err


def test_one_line_where_there_is_no_terminal(announce, capsys):
    announce(GUEST, terminal=False)
    announced("lghi", "aghi", "brc")
    assert capsys.readouterr().err == compilation.FIRST_RUN + "\n"


def test_nothing_where_nothing_is_compiled(announce, capsys):
    announce(GUEST)
    assert capsys.readouterr().err == ""


def test_another_process_draws_no_bar(announce, capsys, monkeypatch):
    announce(GUEST)
    monkeypatch.setattr("os.getpid", lambda: -1)
    announced("lghi")
    assert capsys.readouterr().err == ""


def test_instructions_of_a_program_are_those_of_its_lines():
    assert compilation.instructions_of(assemble(GUEST)) == {"LGHI", "AGHI", "BRC"}


def test_instructions_of_a_program_without_lines_are_found_one_after_the_other():
    program = assemble("start: lghi %r2,6\n j start\n")
    assert compilation.instructions_of(Program(program.sections, {}, [], program.entry)) >= {"LGHI", "BRC"}


def test_the_toy_kernel_has_about_seventy_instructions():
    assert 60 < len(compilation.instructions_of(toy_kernel.build())) < 80
