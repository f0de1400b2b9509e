"""Blessing: `.expect` from a run, the difference shown, the rest of the file as it was."""

from __future__ import annotations

import pytest

from s390emu.tracing.bless import BlessError, bless
from tests.tracing.samples import PLAIN, run, told, trace


@pytest.fixture
def blessed(tmp_path):
    def one(text: str) -> str:
        path = tmp_path / "t.trace"
        path.write_text(text)
        bless(path)
        return path.read_text()

    return one


def test_a_trace_that_holds_stays_as_it_is(blessed):
    assert blessed(PLAIN) == PLAIN


def test_an_empty_expect_is_filled(blessed):
    head = PLAIN[: PLAIN.index(".expect")]
    text = blessed(head + ".expect\n")
    assert text.startswith(head)
    assert text[len(head) :] == (
        ".expect\n"
        "  pgm 0x001a at fault ilc=3 address=0x21000\n"
        "  r2 = 0xc\n"
        "  cc = 0x2\n"
        "  page 0x20000 = volatile resident key=3:RC\n"
        "  mem 0x2000f = byte 0x0c\n"
    )
    assert told(run(text)) == []


def test_lines_that_hold_stay_and_comments_too(blessed):
    text = blessed(PLAIN.replace("= 12  ", "= 13  ").replace("quad 12", "quad 11").replace("key=3:RC", "key=3"))
    assert text == PLAIN.replace("  r2    = 12                      #", "  r2 = 0xc                      #").replace(
        "  mem   0x20008 = quad 12", "  mem 0x20008 = quad 0x000000000000000c"
    ).replace("  page  0x20000 = vol", "  page 0x20000 = vol")


def test_the_difference_is_shown_and_nothing_written_unasked(tmp_path):
    path = tmp_path / "t.trace"
    path.write_text(PLAIN.replace("= 12  ", "= 13  "))
    blessing = bless(path, write=False)
    assert "-  r2    = 13                      # the sum\n+  r2 = 0xc                      # the sum\n" in blessing.diff
    assert path.read_text() == PLAIN.replace("= 12  ", "= 13  ")


def test_an_interruption_loop_is_named_once_around(blessed):
    loop = trace("start: .short 0\nhandler: .short 0", init="mem 0x1d0 = quad 0x180000000, handler", expect="")
    text = blessed(loop)
    assert ".expect\n  pgm 0x0001 at start ilc=1\n  pgm 0x0001 at handler ilc=1\n  stop interruption-loop\n" in text
    assert told(run(text)) == []


def test_an_interruption_that_holds_keeps_its_details(blessed):
    """Another one does not, so all are written again."""
    source = trace("start: svc 1\nagain: svc 2", init="mem 0x1c0 = quad 0x180000000, again",
                   expect="svc 1 old=start+2\n svc 2 ilc=1")  # fmt: skip
    text = blessed(source.replace(" svc 2 ilc=1\n", ""))
    assert "  svc 0x1 old=again\n  svc 0x2 at again\n" in text


@pytest.mark.parametrize(
    "source",
    [
        trace("start: stmg %r0,%r15,0x200\n mvi 0x20a,5\n svc 0", init="r5 = 5", expect=""),
        trace("start: lghi %r2,1\n lgr %r3,%r2\n j start", init="limit 9", expect="svc 0"),
        trace("start: mvc 0x200(40),0x300\n svc 0", init="mem 0x300 = fill 40, 0x55", expect=""),
        trace("start: stosm 0x200,0x02\n svc 0", expect="svc 1\n psw addr=start mask=0"),
        trace("start: svc 0", expect="pgm 5 at start\n stop check-stop\n console = \"x\"\n host released = 9"),
        trace("start: svc 0", init="page 0x20000 = stable preserved", expect="key 0x20000 = 5\n cc = 3\n prefix = 1"),
        trace("start: br %r1", init="r1 = 1", expect="pgm 6 at start\n psw mask=1"),
        trace("x: svc 9\n", init="mem 0x20000 = ascii \"text\"", expect="svc 9 at x\n mem 0x20000 = ascii \"tent\""),
    ],
)  # fmt: skip
def test_what_was_blessed_passes(blessed, source):
    text = blessed(source)
    assert text != source
    assert told(run(text)) == []


def test_interruptions_keep_the_words_that_the_trace_had(blessed):
    text = blessed(trace("start: svc 1\n", expect="svc 1\n svc 2", init="mem 0x1c0 = quad 0x0002000180000000, 0x140"))
    assert ".expect\n  svc 0x1\n" in text


def test_a_link_is_not_blessed_nor_what_it_leads_to(tmp_path):
    victim, link = tmp_path / "victim", tmp_path / "t.trace"
    victim.write_text(trace("start: svc 0", expect=""))
    link.symlink_to(victim)
    with pytest.raises(BlessError, match=f"not blessed: a link; bless {victim} itself"):
        bless(link)
    assert victim.read_text() == trace("start: svc 0", expect="")
    assert bless(victim).diff


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (trace("start: svc 0", model="facility 190"), "facility 190 is not implemented"),
        (trace("start: svx 0"), "unknown instruction"),
        (trace("start: svc 0", host="when icount == 50 pressure 1"), "never fired"),
    ],
)
def test_what_cannot_be_blessed(tmp_path, text, why):
    path = tmp_path / "t.trace"
    path.write_text(text)
    with pytest.raises(BlessError, match="not blessed") as caught:
        bless(path)
    assert why in str(caught.value)
    assert path.read_text() == text


def test_a_script_is_not_blessed(tmp_path):
    path = tmp_path / "t.tst"
    path.write_text("*Testcase t\n*Done nowait\n")
    with pytest.raises(BlessError, match="not blessed: a Hercules test script"):
        bless(path)
    assert path.read_text() == "*Testcase t\n*Done nowait\n"
