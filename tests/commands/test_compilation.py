"""What a first run shows while it compiles."""

from __future__ import annotations

import pytest

from s390emu.assembler.assemble import Program, assemble
from s390emu.commands import compilation
from s390emu.guests import toy_kernel

GUEST = "start: lghi %r2,6\n aghi %r2,1\n j start\n .quad 0x1b221b22\n"


@pytest.fixture
def announcement(monkeypatch):
    """Return what shows compilation, stderr being a terminal or not."""
    monkeypatch.setattr(compilation, "_line_begun", False)
    monkeypatch.setenv("COLUMNS", "100")

    def make(*, terminal=True):
        monkeypatch.setattr("sys.stderr.isatty", lambda: terminal)
        return compilation._Announcement()

    return make


def announce(announcement, *names):
    for name in names:
        with announcement.of(name):
            pass


def bars(text):
    *lines, rest = text.split(compilation.ERASE_LINE)
    assert rest == ""
    return [line.removeprefix(compilation.TO_LINE_START) for line in lines]


def test_a_terminal_shows_how_many_of_how_many(announcement, capsys):
    shown = announcement()
    for done, name in enumerate(("run", "lghi", "aghi")):
        shown.progress(done, 3, name)
    shown.erase()
    _, *lines = capsys.readouterr().err.removesuffix(compilation.ERASE_LINE).split(compilation.TO_LINE_START)
    lines = [line.split("|") for line in lines]
    counts = [first.removeprefix("s390emu: compiling (first run only)").strip() for first, _, _ in lines]
    assert counts == ["0 of 3", "1 of 3", "2 of 3"]
    assert [name.strip() for _, _, name in lines] == ["run", "lghi", "aghi"]


def test_what_is_compiled_later_on_is_counted_too(announcement, capsys):
    shown = announcement()
    shown.progress(3, 3, "run")
    shown.erase()
    announce(shown, "brc", "lghi")
    first, *later = bars(capsys.readouterr().err)
    assert "3 of 3" in first
    assert ["3 of 4" in later[0], "4 of 5" in later[1]] == [True, True]


def test_the_bar_is_gone_when_the_guest_goes_on(announcement, capsys):
    announce(announcement(), "lghi")
    assert capsys.readouterr().err.endswith(compilation.ERASE_LINE)


def test_no_bar_in_a_line_that_the_guest_has_begun(announcement, capsys):
    shown = announcement()
    compilation.show("loading")
    announce(shown, "lghi")
    assert capsys.readouterr().err == ""
    compilation.show(" done\n")
    announce(shown, "aghi")
    assert "1 of 2" in capsys.readouterr().err


def test_one_line_where_there_is_no_terminal(announcement, capsys):
    announce(announcement(terminal=False), "lghi", "aghi", "brc")
    assert capsys.readouterr().err == compilation.FIRST_RUN + "\n"


def test_nothing_where_nothing_is_compiled(announcement, capsys):
    announcement().erase()
    assert capsys.readouterr().err == ""


def test_another_process_draws_no_bar(announcement, capsys, monkeypatch):
    shown = announcement()
    monkeypatch.setattr("os.getpid", lambda: -1)
    announce(shown, "lghi")
    assert capsys.readouterr().err == ""


def test_instructions_of_a_program_are_those_of_its_lines():
    assert compilation.instructions_of(assemble(GUEST)) == {"LGHI", "AGHI", "BRC"}


def test_instructions_of_a_program_without_lines_are_found_one_after_the_other():
    program = assemble("start: lghi %r2,6\n j start\n")
    assert compilation.instructions_of(Program(program.sections, {}, [], program.entry)) >= {"LGHI", "BRC"}


def test_the_toy_kernel_has_about_seventy_instructions():
    assert 60 < len(compilation.instructions_of(toy_kernel.build())) < 80
