"""Closed means closed: whatever is not as `.expect` says, or changed without being named, is told; and who did it."""

from __future__ import annotations

import pytest

from tests.tracing.samples import PLAIN, run, told, trace


def test_plain_passes():
    assert told(run(PLAIN)) == []


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("  r2    = 12", "  #", "r2: 0x5 / 0xc"),
        ("  r2    = 12", "  r2 = 13", "r2: 0xd / 0xc"),
        ("  cc    = 2\n", "", "cc: 0x0 / 0x2"),
        ("  mem   0x20008 = quad 12\n", "", "mem 0x2000f: 00 / 0c"),
        ("quad 12\n", "quad 0x10c\n", "mem 0x2000e: 01 / 00"),
        ("= volatile resident", "= stable resident", "page 0x20000: stable resident / volatile resident"),
        ("key=3:RC", "key=3:R", "key 0x20000: 3:R / 3:RC"),
        ("key=3:RC", "key=4:FRC", "key 0x20000: 4:FRC / 3:RC"),
        (" key=3:RC", "", "key 0x20000: 3 / 3:RC"),
        ("0x001a at fault", "0x001a at start", "interruption 1: pgm 0x001a at start address=0x21000 / "
                                               "pgm 0x001a at fault ilc=3 address=0x21000"),
        ("0x001a at", "0x0005 at", "interruption 1: pgm 0x0005 at fault address=0x21000 / "
                                   "pgm 0x001a at fault ilc=3 address=0x21000"),
        ("address=0x21000", "ilc=2", "interruption 1: pgm 0x001a at fault ilc=2 / "
                                     "pgm 0x001a at fault ilc=3 address=0x21000"),
        ("address=0x21000", "old=start", "interruption 1: pgm 0x001a at fault old=start / "
                                         "pgm 0x001a at fault ilc=3 address=0x21000 old=fault"),
        ("address=0x21000", "teid=0 old=start+4", "interruption 1: pgm 0x001a at fault teid=0 old=start+0x4 / "
                                                  "pgm 0x001a at fault ilc=3 address=0x21000 teid=0x21000 old=fault"),
        ("address=0x21000", "dxc=2", "interruption 1: pgm 0x001a at fault dxc=2 / "
                                     "pgm 0x001a at fault ilc=3 address=0x21000 dxc=0"),
        ("address=0x21000", "\n  svc 0", "interruption 2: svc 0x0 / none"),
        ("  pgm ", "  svc 0\n  #", "interruption 1: svc 0x0 / pgm 0x001a at fault ilc=3 address=0x21000"),
        ("  r2    = 12", "  r2 = 12\n  stop disabled-wait code=2", "stop: disabled-wait code=0x2 / "
                                                                         "disabled-wait code=0x150"),
        ("  r2    = 12", "  r2 = 12\n  stop check-stop", "stop: check-stop / disabled-wait code=0x150"),
        ("  r2    = 12", "  r2 = 12\n  console = \"hi\"", "console: 'hi' / ''"),
        ("  r2    = 12", "  r2 = 12\n  host written_out = 1", "host written_out: 1 / 0"),
        ("  r2    = 12", "  r2 = 12\n  psw mask=0x0100000180000000", "psw mask: 0x100000180000000 / 0x180000000"),
        ("  r2    = 12", "  r2 = 12\n  psw addr=start", "psw addr: start / fault"),
        ("  r2    = 12", "  r2 = 12\n  page 0x21000 = volatile zero no-dat", "page 0x21000: volatile zero no-dat / "
                                                                            "volatile zero"),
        ("  r2    = 12", "  r2 = 12\n  ar3 = 1", "ar3: 0x1 / 0x0"),
        ("  r2    = 12", "  r2 = 12\n  fpc = 1", "fpc: 0x1 / 0x0"),
        ("  r2    = 12", "  r2 = 12\n  prefix = 0x2000", "prefix: 0x2000 / 0x0"),
    ],
)  # fmt: skip
def test_each_difference_is_told(old, new, expected):
    assert old in PLAIN
    assert expected in told(run(PLAIN.replace(old, new), explain=False))


@pytest.mark.parametrize(
    ("expect", "expected", "actual", "parts"),
    [
        ("svc 5 old=start", "svc 0x5 old=start", "svc 0x5 at start old=start+0x2", "old"),
        ("svc 5 ilc=2 old=start+2", "svc 0x5 ilc=2 old=start+0x2", "svc 0x5 at start ilc=1 old=start+0x2", "ilc"),
        ("svc 6 at start+2", "svc 0x6 at start+0x2", "svc 0x5 at start", "code, at"),
        ("ext 0x1202 parameter=1 old=start", "ext 0x1202 parameter=1 old=start",
         "ext 0x1201 parameter=0 old=done", "code, parameter, old"),
        ("mck code=3 old=start", "mck code=3 old=start", "restart", ""),
        ("restart old=start", "restart old=start", "restart old=done", "old"),
    ],
)  # fmt: skip
def test_an_interruption_that_is_another_says_what_was_asked_of_it_and_which_part_differs(
    expect, expected, actual, parts
):
    init, host = "", ""
    if expect.startswith("ext"):
        init, host = "psw mask=0x0100000180000000 addr=start\n cr0 = 0x6000", "when pc == done emergency-signal 7"
    elif not expect.startswith("svc"):
        host = "when icount == 1 restart"
    text = trace("start: nopr %r0\ndone: svc 5" if host else "start: svc 5", init=init, host=host, expect=expect)
    difference = run(text).differences[0]
    assert (difference.subject, difference.expected, difference.actual) == ("interruption 1", expected, actual)
    assert difference.detail == (f"differs in {parts}" if parts else "")


LOOP = trace("start: .short 0\nhandler: .short 0", init="mem 0x1d0 = quad 0x180000000, handler",
             expect="pgm 1 at start\n pgm 1 at handler\n stop interruption-loop")  # fmt: skip
NAMED = " pgm 1 at handler\n"


def test_an_interruption_loop_accounts_for_the_last_one_named_again_and_again():
    result = run(LOOP)
    assert told(result) == []
    assert len(result.end.taken) == 63


@pytest.mark.parametrize("more", [1, 5, 61])
def test_an_interruption_loop_may_be_named_farther(more):
    assert told(run(LOOP.replace(NAMED, NAMED * (more + 1)))) == []


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (NAMED, "", ["interruption 2: none / pgm 0x0001 at handler ilc=1"]),
        (NAMED, " pgm 6 at handler\n", ["interruption 2: pgm 0x0006 at handler / pgm 0x0001 at handler ilc=1"]),
        (NAMED, NAMED * 63, ["interruption 64: pgm 0x0001 at handler / none"]),
        (" stop interruption-loop\n", "", [
            *(f"interruption {n}: none / pgm 0x0001 at handler ilc=1" for n in range(3, 64)),
            "stop: disabled-wait code=0x0 or disabled-wait code=0x150 / interruption-loop",
        ]),
        ("handler: .short 0", "handler: svc 0", [
            "interruption 2: pgm 0x0001 at handler / svc 0x0 at handler",
            "stop: interruption-loop / disabled-wait code=0x140",
        ]),
    ],
    ids=["unnamed", "another", "too-many", "without-stop", "no-loop"],
)  # fmt: skip
def test_an_interruption_loop_accounts_for_nothing_else(old, new, expected):
    assert old in LOOP
    assert told(run(LOOP.replace(old, new), explain=False)) == expected


@pytest.mark.parametrize(
    ("line", "opened"),
    [
        ("  r2    = 12                      # the sum\n", "r2"),
        ("  r2    = 12                      # the sum\n", "gr"),
        ("  cc    = 2\n", "cc"),
        ("  mem   0x20008 = quad 12\n", "mem"),
        ("  mem   0x20008 = quad 12\n", "mem 0x20000"),
        ("  page  0x20000 = volatile resident key=3:RC\n", "page key"),
        ("  page  0x20000 = volatile resident key=3:RC\n", "page 0x20000 key 0x20000"),
    ],
)
def test_open_loosens(line, opened):
    assert told(run(PLAIN.replace(line, "") + f".open {opened}\n")) == []


@pytest.mark.parametrize("opened", ["r3", "fpr", "mem 0x21000", "page", "key", "lowcore"])
def test_open_loosens_nothing_else(opened):
    assert told(
        run(PLAIN.replace("  r2    = 12", "  #").replace("  mem   0x2", "  #") + f".open {opened}\n", explain=False)
    ) == [
        "r2: 0x5 / 0xc",
        "mem 0x2000f: 00 / 0c",
    ]


def test_blame_names_instruction_line_bits_and_rule():
    text = PLAIN.replace("  r2    = 12", "  #").replace("key=3:RC", "key=3:R").replace("mem   0x20008", "#")
    register, key, storage = run(text).differences
    assert str(register) == (
        "r2: expected 0x5, is 0xc (bits 60, 63)\n"
        "      by   agr %r2,%r3, instruction 1, at start (<string>:14)\n"
        '      rule PoP ch. 7 "ADD (64)"'
    )
    assert key.detail == "differs in C"
    assert key.writer == "stg %r2,8(%r1), instruction 2, at start+0x4 (<string>:15)"
    assert key.rule.startswith("docs/page-hinting.md 6")
    assert storage.writer == key.writer


def test_what_follows_comes_behind_its_cause():
    """The program's way first; then what it left behind as it was written, and last what it did not write."""
    text = trace("start: lghi %r5,1\n lghi %r4,1\n lghi %r5,2\nstray: .short 0\n lghi %r3,1\n svc 0",
                 expect="svc 0\n r3 = 1\n r4 = 2\n r5 = 1")  # fmt: skip
    assert [difference.subject for difference in run(text).differences] == ["interruption 1", "stop", "r4", "r5", "r3"]


def test_blame_of_a_state_names_the_operation_and_the_table():
    (page,) = run(PLAIN.replace("= volatile resident", "= unused resident")).differences
    assert page.writer.startswith("essa %r4,%r1,3, instruction 3, ")
    assert page.rule.startswith("docs/page-hinting.md 1-3; docs/page-hinting.md 2 and 3 (the transition table)")


def test_blame_of_what_the_host_did_names_the_event():
    (page,) = run(
        trace("start: lg %r0,0\nx: svc 0", init="page 0x20000 = volatile resident", host="when pc == x discard 0x20000")
    ).differences
    assert page.writer == "host event at line 9: when pc == x discard 0x20000"


def test_blame_of_what_nobody_did():
    difference = next(d for d in run(PLAIN.replace("  r2    = 12", "  r2 = 12\n  r9 = 4")).differences)
    assert difference.writer == "nothing: it is as it was at the start"
    assert difference.line == 22


def test_blame_of_an_interruption_names_the_rule_that_was_expected():
    difference = run(PLAIN.replace("0x001a at", "0x0004 at")).differences[0]
    assert difference.rule == 'PoP ch. 6 "Protection Exception"'
    assert difference.writer == "at fault (<string>:17)"


def test_bytes_of_a_block_that_is_zero_now_are_zeros():
    init = "r1 = 0x20000\n mem 0x20000 = quad 5\n page 0x20000 = stable preserved"
    text = trace("start: essa %r2,%r1,2\n svc 0", init=init,
                 expect="svc 0\n r2 = 2\n page 0x20000 = unused zero")  # fmt: skip
    assert told(run(text)) == []


def test_access_control_bits_after_a_discard_are_open_but_not_reference_and_change():
    text = trace("start: essa %r2,%r1,2\n svc 0", init="r1 = 0x20000\n page 0x20000 = stable preserved key=5:FRC",
                 expect="svc 0\n r2 = 2\n page 0x20000 = unused zero")  # fmt: skip
    assert told(run(text)) == []
    assert told(run(text + ".open key\n")) == []
    assert told(run(text.replace("unused zero", "unused zero key=5:F"))) == ["key 0x20000: 5:F / 0"]


def test_touching_the_prefix_area_is_implied_only_where_interruptions_store():
    assert told(run(trace("start: mvi 0x200,1\n svc 0"))) == ["mem 0x200: 00 / 01"]
    assert told(run(trace("start: mvi 0x200,1\n svc 0", open_="lowcore"))) == []
    assert told(run(trace("start: mvi 0x8a,1\n svc 0"))) == []  # where the interruption code goes


def test_the_wait_psw_of_the_program_is_its_own_affair():
    text = "start: larl %r1,wait\n agr %r2,%r2\n lpswe 0(%r1)\n.balign 8\nwait: .quad 0x0002000180000000, {}"
    assert told(run(trace(text.format(0), expect="r1 = wait"))) == []
    assert told(run(trace(text.format(5), expect="r1 = wait"))) == [
        "stop: disabled-wait code=0x0 / disabled-wait code=0x5"
    ]


def test_an_instruction_that_cannot_be_read_is_blamed_by_its_address():
    (difference,) = run(
        trace("start: lghi %r2,1\n br %r1", init="r1 = 0x200000", expect="pgm 5 old=0x200002")
    ).differences
    assert difference.subject == "r2"
