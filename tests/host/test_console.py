"""The console: limits, and guests that write everything twice."""

from __future__ import annotations

import pytest

from s390emu.host.console import CHARACTERS_EVENT, COMMANDS_EVENT, LONGEST_LINE, Console


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


def test_a_message_repeated_without_a_new_line():
    """As Linux does when it stops for a machine check."""
    console = Console()
    console.message("System stopped, code: 0x40")
    console.characters("System stopped, code: 0x40")
    assert console.text == "System stopped, code: 0x40\n"


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


@pytest.mark.parametrize("lines", [False, True])
def test_a_text_that_is_awaited_is_found_once(lines):
    def write(line):
        console.message(line) if lines else console.characters(line + "\n")

    console = Console()
    write("login:")  # before
    console.await_text("login:")
    found = []
    for line in "log", "in:", "a login: b", "login:":
        write(line)
        found.append(console.found)
        console.found = False
    assert found == [False, False, True, False]


def test_a_text_that_is_awaited_may_come_in_pieces_and_be_held_back():
    console = Console()
    console.message("login: of the kernel")
    console.await_text("\nlogin: ")
    console.characters("\nlog")
    assert not console.found
    console.characters("in: ")  # it may still repeat the message
    assert console.found and console.text.endswith("\nlogin: ")


def test_what_is_held_back_is_shown_at_the_end():
    live = []
    console = Console(live=live.append)
    console.message("login: of the kernel")
    console.characters("login: ")
    console.show_all()
    console.show_all()
    assert live == ["login: of the kernel\n", "login: "]


def test_what_messages_have_whole_is_not_shown_at_the_end():
    live = []
    console = Console(live=live.append)
    console.message("said")
    console.characters("said")
    console.show_all()
    assert live == ["said\n"]


def test_after_a_reset_nothing_repeats_what_was_before():
    console = Console()
    console.receives = CHARACTERS_EVENT
    console.message(STAMP.format(1) + "the same in every life")
    console.characters("held back".join(["", "\n"]) + STAMP.format(1)[:3])
    console.reset()
    assert console.receives == 0
    console.characters(STAMP.format(1) + "the same in every life\n")
    assert console.text.count("the same in every life") == 2


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


# --- every line once -------------------------------------------------------------------------------------------------

STAMP = "[    0.{:06}] "


@pytest.mark.parametrize("lines_between", [64, 65, 1000])
@pytest.mark.parametrize("lines_first", [False, True])
def test_a_copy_that_comes_late(lines_first, lines_between):
    ways = [lambda line: console.characters(line + "\n"), lambda line: console.message(line)]
    first, second = ways[lines_first], ways[not lines_first]
    console = Console()
    console.message("before")
    said = [STAMP.format(n) + "said" for n in range(lines_between)]
    first("a late copy of this")
    for line in said:
        first(line)
    second("a late copy of this")
    for line in said:
        second(line)
    assert console.text == "\n".join(["before", "a late copy of this", *said]) + "\n"


LONG = STAMP.format(7) + " ".join(f"word{n}" for n in range(60))


@pytest.mark.parametrize("lines_first", [False, True])
@pytest.mark.parametrize("width", [80, 120, 200, len(LONG)])
def test_a_long_line_that_comes_as_several_messages(lines_first, width):
    pieces = [LONG[at : at + width] for at in range(0, len(LONG), width)]
    console = Console()
    if lines_first:
        for piece in pieces:
            console.message(piece)
        console.characters(LONG + "\n" + LONG.replace("7", "8") + "\n")
        assert console.text == "\n".join(pieces) + "\n" + LONG.replace("7", "8") + "\n"
    else:
        console.characters(LONG + "\n")
        for piece in pieces:
            console.message(piece)
        console.message(pieces[-1])
        assert console.text == LONG + "\n" + pieces[-1] + "\n"


def test_a_short_message_is_no_part_of_a_line():
    console = Console()
    console.characters("word by word\n")
    console.message("word")
    assert console.text == "word by word\nword\n"


def test_a_message_without_letters_is_no_part_of_a_line():
    console = Console()
    console.characters(LONG + "\n")
    console.message("-" * 80)
    console.message(LONG[:120])
    console.message("")
    assert console.text == LONG + "\n" + "-" * 80 + "\n\n"


def test_a_prompt_is_shown_at_once_although_messages_came():
    live = []
    console = Console(live=live.append)
    console.message(STAMP.format(1) + "only as a message")
    console.message(STAMP.format(2) + "Run /init as init process")
    console.characters(STAMP.format(2) + "Run /init as init process\n/ # ")
    assert live[-1] == "/ # "
    console.characters("ls\n")
    assert console.text.endswith("process\n/ # ls\n")


@pytest.mark.parametrize("lines_first", [False, True])
def test_a_line_behind_a_prompt(lines_first):
    said = STAMP.format(3) + "said while a prompt stood there"
    console = Console()
    console.characters("/ # ")
    if lines_first:
        console.message(said)
    console.characters(said + "\n")
    if not lines_first:
        console.message(said)
    assert console.text == "/ # " + said + "\n" + "\n" * lines_first


def test_a_line_that_was_begun_before_its_copy_comes():
    console = Console()
    console.characters("half a ")
    console.characters("line\n")
    console.message("half a line")
    assert console.text == "half a line\n"


# --- what is typed ---------------------------------------------------------------------------------------------------

COMMANDS, CHARACTERS = COMMANDS_EVENT, CHARACTERS_EVENT


def test_typed_goes_nowhere_unless_the_guest_receives_it():
    console = Console()
    console.type("ls\n")
    assert not console.wanted and console.announce
    console.receives = COMMANDS
    assert console.wanted and console.typed_way == COMMANDS


def test_typed_as_characters_needs_no_enter_key_as_a_command_it_does():
    console = Console()
    console.type("ls")
    console.receives = COMMANDS
    assert console.typed_way == 0
    console.receives = CHARACTERS
    assert console.typed_way == CHARACTERS
    console.receives = COMMANDS
    console.type("\n")
    assert console.typed_way == COMMANDS


@pytest.mark.parametrize("lines_last", [False, True])
def test_typed_goes_to_the_way_of_the_last_text_without_a_copy(lines_last):
    console = Console()
    console.receives = COMMANDS | CHARACTERS
    for lines in (not lines_last, lines_last):
        console.message("of a program") if lines else console.characters("of another program\n")
    console.message("kernel")
    console.characters("kernel\n")
    console.type("\n")
    assert console.typed_way == (COMMANDS if lines_last else CHARACTERS)


def test_typed_goes_to_the_prompt():
    console = Console()
    console.receives = COMMANDS | CHARACTERS
    console.message("shell")
    console.characters("/ # ")
    console.type("\n")
    assert console.typed_way == CHARACTERS


def test_typed_where_nothing_was_written():
    console = Console()
    console.receives = COMMANDS | CHARACTERS
    console.type("\n")
    assert console.typed_way == CHARACTERS


@pytest.mark.parametrize(("typed", "commands"), [
    pytest.param("ls -l\n", ["ls -l"], id="a-line"),
    pytest.param("\n", [""], id="an-empty-line"),
    pytest.param("a\rb\r\nc\n", ["a", "b", "c"], id="every-kind-of-end"),
    pytest.param("a\tb\n", ["a\tb"], id="a-tabulator-is-text"),
    pytest.param("\x03", ["^c"], id="ctrl-c"),
    pytest.param("abc\x04\x1a", ["abc^n", "^d", "^z"], id="control-characters-after-text"),
    pytest.param("0123456789abcd\n", ["01234567^n", "89abcd"], id="a-long-line"),
    pytest.param("0123456789\n", ["0123456789"], id="the-longest-line"),
    pytest.param("a%s\n", ["a%%s"], id="per-cent"),
    pytest.param("01234%6789\n", ["01234%%6^n", "789"], id="per-cent-makes-it-too-long"),
    pytest.param("0123456%89\n", ["0123456^n", "%%89"], id="per-cent-is-not-parted"),
    pytest.param("%\x03", ["%%^n", "^c"], id="per-cent-before-a-control-character"),
])  # fmt: skip
def test_commands_that_are_typed(typed, commands):
    console = Console()
    console.receives = COMMANDS
    console.type(typed)
    found = []
    while console.typed_way:
        found.append(console.next_command(10))
    assert found == commands
    assert console.typed == ""


def test_characters_that_are_typed():
    console = Console()
    console.type("ab\nc\x03")
    assert [console.next_characters(3), console.next_characters(3)] == ["ab\r", "c\x03"]


def test_what_no_key_writes():
    with pytest.raises(ValueError, match="must be ASCII"):
        Console().type("\u00e4")


def test_restore_what_is_typed():
    console = Console()
    console.type("a\n")
    snapshot = console.snapshot()
    console.next_characters(9)
    console.restore(snapshot)
    assert console.typed == "a\n"
