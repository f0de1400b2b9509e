"""The console: limits, and guests that write everything twice."""

from __future__ import annotations

import pytest

from s390emu.host.console import LONGEST_LINE, Console


def test_characters_are_shown_as_they_come():
    live = []
    console = Console(live=live.append)
    for piece in ("one", " line\r\n", "two\nthree"):
        console.characters(piece)
    assert console.text == "one line\ntwo\nthree"
    assert live == ["one", " line\n", "two\n", "three"]


def test_messages_are_lines():
    console = Console()
    console.message("one")
    console.message("")
    console.message("two")
    assert console.text == "one\n\ntwo\n"


def test_characters_then_the_same_as_messages():
    console = Console()
    for line in ("Linux [0.1] boots!", "", "ready"):
        console.characters(line + "\r\n")
        console.message(line.replace("[", ".").replace("]", "."))
    assert console.text == "Linux [0.1] boots!\n\nready\n"


def test_messages_then_the_same_as_characters_in_pieces():
    console = Console()
    console.message("first")
    console.message("second")
    console.characters("fir")
    console.characters("st\nsec")
    assert console.text == "first\nsecond\nsec"  # what is held back is part of the text
    console.characters("ond\nthird\n")
    assert console.text == "first\nsecond\nthird\n"


def test_many_lines_one_way_then_the_other():
    console = Console()
    lines = [f"line {n}" for n in range(10)]
    for line in lines:
        console.message(line)
    console.characters("\n".join(lines) + "\n")
    assert console.text == "\n".join(lines) + "\n"


def test_a_line_written_twice_the_same_way_is_shown_twice():
    console = Console()
    for _ in range(2):
        console.message("again")
    for _ in range(3):
        console.characters("again\n")
    assert console.text == "again\nagain\nagain\n"


def test_a_line_begun_before_the_first_message():
    console = Console()
    console.characters("login: ")
    console.message("note")
    console.characters("root\n")
    assert console.text == "login: note\nroot\n"


def test_a_line_that_does_not_end_is_not_held_for_ever():
    live = []
    console = Console(live=live.append)
    console.message("x")
    console.characters("." * (LONGEST_LINE + 1))
    assert "".join(live) == "x\n" + "." * (LONGEST_LINE + 1)


@pytest.mark.parametrize("by_lines", [False, True])
def test_flood(by_lines):
    def write(line):
        console.message(line) if by_lines else console.characters(line + "\n")

    console = Console(limit=10)
    write("1234567")
    assert not console.flooded
    write("890")
    assert console.flooded
    assert console.text == "1234567\n89"
    write("more")
    assert console.text == "1234567\n89"


def test_exactly_the_limit_is_no_flood():
    console = Console(limit=4)
    console.characters("123\n")
    assert not console.flooded and console.text == "123\n"


def test_restore():
    console = Console()
    console.message("one")
    console.characters("on")
    snapshot = console.snapshot()
    console.characters("e\ntwo\n")
    assert console.text == "one\ntwo\n"
    console.restore(snapshot)
    assert console.text == "one\non"
    console.characters("e\nthree\n")
    assert console.text == "one\nthree\n"
    console.restore(snapshot)
    assert console.text == "one\non"
