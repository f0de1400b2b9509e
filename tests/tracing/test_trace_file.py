"""Reading traces: what each line means, and what every mistake is told as."""

from __future__ import annotations

import pytest

from s390emu.tracing.trace import NOWHERE, Event, Model, Page, Statement, TraceError
from s390emu.tracing.trace_file import parse, read

GOOD = """\
# A comment before everything.
.trace  good
.about  What it shows,
        on two lines             # with a comment
.model  no-dat facility 75
.ram    64K

.init
  psw   addr=start key=4 mode=31 problem cc=2
  r1    = there + 8
  mem   there = quad 1, -1
  mem   0x3000 = ascii "a # b"   # a comment
  page  0x3000 = potentially-volatile key=11:FC no-dat
  policy unused_access=always
  paging none
  frames 20

.text   0x1000
start:  lghi  %r2,1
.balign 8
data:   .quad start
.text   0x2000
there:  br    %r14

.host
  when  pc == there  discard 0x3000
  every 5  pressure 3
  after pgm 0x1a  diag10 0x3000, 0x4000

.expect
  pgm   0x001a at there ilc=2 address=0x3000
  r1    = 0xffffffffffffffff
  stop  disabled-wait code=0x2a

.open   r4 mem key 0x3000 lowcore
"""


def lines(section: tuple[Statement, ...]) -> list[tuple]:
    return [(s.subject, s.address, s.value) for s in section]


def test_every_part_of_a_trace():
    trace = parse(GOOD, "good.trace")
    assert (trace.name, trace.about, trace.ram) == ("good", "What it shows, on two lines", 0x10000)
    assert trace.model == Model(cmma=True, no_dat=True, facilities=(75,))
    assert lines(trace.init) == [
        ("psw", NOWHERE, {"mask": 0x00412000_80000000, "addr": 0x1000}),
        ("r1", NOWHERE, 0x2008),
        ("mem", 0x2000, b"\0\0\0\0\0\0\0\1" + b"\xff" * 8),
        ("mem", 0x3000, b"a # b"),
        ("page", 0x3000, Page(usage=2, content=0, no_dat=True, key=0xBA)),
        ("policy", NOWHERE, {"unused_access": "always"}),
        ("paging", NOWHERE, 0),
        ("frames", NOWHERE, 20),
    ]
    assert trace.image == (
        (0x1000, bytes.fromhex("a7290001 07070707 0000000000001000".replace(" ", ""))[:4] + trace.image[0][1][4:]),
        (0x2000, bytes.fromhex("07fe")),
    )
    assert trace.image[0][1][-8:] == (0x1000).to_bytes(8, "big")
    assert trace.program.symbols == {"start": 0x1000, "data": 0x1008, "there": 0x2000}
    assert trace.program.entry == 0x1000
    assert trace.host == (
        Event(26, "when  pc == there  discard 0x3000", "pc", 0x2000, False, "discard", (0x3000,)),
        Event(27, "every 5  pressure 3", "icount", 5, True, "pressure", (3,)),
        Event(28, "after pgm 0x1a  diag10 0x3000, 0x4000", "pgm", 0x1A, False, "diag10", (0x3000, 0x4000)),
    )
    assert lines(trace.expect) == [
        ("pgm", NOWHERE, {"code": 0x1A, "at": 0x2000, "ilc": 2, "address": 0x3000}),
        ("r1", NOWHERE, (1 << 64) - 1),
        ("stop", NOWHERE, {"reason": "disabled-wait", "code": 0x2A}),
    ]
    assert trace.open == {"r4", "mem", "key 0x3000", "lowcore"}


def test_what_is_missing_has_a_default():
    trace = parse(".text\nhere: br %r14\n.expect\n", "some/where/short.trace")
    assert (trace.name, trace.ram, trace.model, trace.program.entry) == ("short", 1 << 20, Model(), 0x10000)


@pytest.mark.parametrize(
    ("data", "value"),
    [
        ("quad 1", "0000000000000001"),
        ("long 1, 2", "0000000100000002"),
        ("short -1", "ffff"),
        ("byte 255, 0x10", "ff10"),
        ('ascii "AB\\n"', "41420a"),
        ('ebcdic "AB"', "c1c2"),
        ("hex 00 11 22ff", "001122ff"),
        ("fill 3, 0x55", "555555"),
        ("fill 2", "0000"),
        ("quad start", "0000000000010000"),
    ],
)
def test_kinds_of_data(data, value):
    trace = parse(f".init\n mem 0x100 = {data}\n.text\nstart: br %r14\n.expect\n")
    assert trace.init[0].value.hex() == value


def test_text_sections_leave_the_room_between_them_alone():
    trace = parse(".text 0x1000\n br %r14\n.text 0x5002\nx: br %r14\n.expect\n")
    assert trace.image == ((0x1000, b"\x07\xfe"), (0x5002, b"\x07\xfe"))
    assert trace.program.symbols == {"x": 0x5002}


HEAD = ".trace t\n.text 0x1000\nstart: lg %r1,0(%r2)\nprobe: br %r14\n"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (".expect\n", "t.trace:1: error: a trace needs a section .text: its program"),
        (
            HEAD,
            "t.trace:4: error: a trace needs a section .expect; write it empty and let `s390emu test --bless` fill it",
        ),
        (".trace t\nr1 = 5\n" + HEAD, "error: .trace is already given at line 1"),
        ("r1 = 5\n" + HEAD + ".expect\n", "t.trace:1:1: error: a line outside every section; section names begin"),
        (HEAD + ".expct\n", 't.trace:5:1: error: unknown section ".expct"; did you mean ".expect"?'),
        (".init\n.foo\n" + HEAD + ".expect\n", 't.trace:2:1: error: unknown section ".foo": one of .trace .about'),
        (HEAD + ".expect\n r16 = 5\n", 't.trace:6:2: error: unknown word in .expect "r16"; did you mean "r6"?'),
        (HEAD + ".expect\n r1 5\n", 't.trace:6:5: error: "=" expected here'),
        (HEAD + ".expect\n r1 = \n", "t.trace:6:6: error: expression expected"),
        (HEAD + ".expect\n r1 = 5 6\n", 't.trace:6:9: error: unexpected "6"'),
        (HEAD + ".expect\n r1 = prob\n", 't.trace:6:7: error: undefined symbol "prob"; did you mean "probe"?'),
        (HEAD + ".expect\n r1 = 1b\n", '"1b" has a meaning only in .text; use a label'),
        (HEAD + ".expect\n r1 = .\n", '"." has a meaning only in .text'),
        (HEAD + ".expect\n cc = 4\n", "t.trace:6:7: error: a condition code is 0 to 3"),
        (HEAD + ".expect\n r1 = 5\n r1 = 6\n", "t.trace:7: error: r1 is already said at line 6"),
        (HEAD + ".expect\n page 0x2001 = stable\n", "0x2001 is not the beginning of a 4 KB block: 0x2000 is"),
        (HEAD + ".expect\n page 0x2000 = stabel\n", 'unknown usage state "stabel"; did you mean "stable"?'),
        (HEAD + ".expect\n page 0x2000 = volatile preserved\n", "there is no such state: only a stable block can be"),
        (
            HEAD + ".expect\n page 0x2000 = stable key=16\n",
            "a storage key is its access-control bits 0-15 and :F, :R, :C",
        ),
        (HEAD + ".expect\n page 0x100000 = stable\n", "0x100000 is outside storage: .ram has 0x100000 bytes"),
        (HEAD + ".expect\n mem 0xfffff = short 1\n", "the data reaches 0x100001: .ram has 0x100000 bytes"),
        (HEAD + ".expect\n mem 0 = fill 0x100001\n", "1048577 bytes: there is room for 0 to 1048576"),
        (HEAD + ".expect\n mem 0x1000 = fill 0x100000\n", "1048576 bytes: there is room for 0 to 1044480"),
        (HEAD + ".expect\n mem 0 = fill -1\n", "-1 bytes: there is room for 0 to 1048576"),
        (HEAD + ".expect\n mem 0 = byte 256\n", "t.trace:6:15: error: 0x100 does not fit into a byte"),
        (HEAD + ".expect\n mem 0 = hex 0\n", "pairs of hexadecimal digits expected"),
        (HEAD + ".expect\n mem 0 = word 0\n", 'unknown kind of data "word"'),
        (HEAD + ".expect\n pgm 1 at probe at probe\n", '"at" is said twice'),
        (HEAD + ".expect\n pgm 1 al=5\n", 'unknown detail "al"'),
        (HEAD + ".expect\n stop wait\n", 'unknown reason "wait"'),
        (HEAD + ".expect extra\n", "t.trace:5:9: error: .expect stands alone on its line"),
        (".model cma\n" + HEAD + ".expect\n", 't.trace:1:8: error: unknown facility "cma"; did you mean "cmma"?'),
        (".ram 5\n" + HEAD + ".expect\n", "storage is a multiple of 4K, at least 8K and at most 2G"),
        (".ram big\n" + HEAD + ".expect\n", "a size expected: 1M, 64K, 0x100000"),
        (HEAD + ".open r4 rr\n.expect\n", 't.trace:5:10: error: unknown name "rr"'),
        (
            HEAD + ".host\n when pc == probe discrad 0x2000\n.expect\n",
            'unknown host verb "discrad"; did you mean "discard"?',
        ),
        (HEAD + ".host\n when psw == probe discard 0x2000\n.expect\n", 'unknown condition "psw"'),
        (HEAD + ".host\n when icount == 1 diag10 0x2000, 0x1000\n.expect\n", "the last block lies before the first"),
        (HEAD + ".host\n every 0 pressure 1\n.expect\n", "every 0 is never"),
        (HEAD + ".host\n after svc 1 restart\n.expect\n", 'unknown condition "svc"'),
        (HEAD + ".init\n psw addr=start mode=32\n.expect\n", "the addressing mode is 24, 31 or 64"),
        (HEAD + ".init\n policy unused_access=never\n.expect\n", 'unknown value "never"'),
        (
            ".text 0x2000\n br %r14\n.text 0x1000\n.expect\n",
            ".text 0x1000 follows .text 0x2000: write them in the order",
        ),
        (".text 0x1001\n.expect\n", "instructions begin at even addresses"),
        (".text 0x100000\n.expect\n", "0x100000 is outside storage"),
        (".ram 8K\n.text 0x1ffe\n.quad 1\n.expect\n", ".text reaches 0x2006: .ram has 0x2000 bytes"),
        (".text\n lgx %r1,0\n.expect\n", 't.trace:2:2: error: unknown instruction "lgx"'),
        (".text\n lg %r1,0(%r2)\n.org 0\n.expect\n", "t.trace:3:6: error: .org goes back"),
        (HEAD + ".expect\n r1 = " + "(" * 2000 + "\n", "this expression is too deep"),
    ],
)
def test_mistakes(text, told):
    with pytest.raises(TraceError) as caught:
        parse(text, "t.trace")
    assert told in str(caught.value)


@pytest.mark.parametrize("swallows", ["/* without end", ".macro m", ".rept 2", ".if 0", ".irp x,1"])
@pytest.mark.parametrize("behind", ["", ".text 0x20000\n br %r14\n"])
def test_a_text_that_has_no_end(swallows, behind):
    """Its end is a label behind it, which is not defined then."""
    with pytest.raises(TraceError) as caught:
        parse(f".text\nstart: nopr 0\n {swallows}\n{behind}.expect\n", "t.trace")
    assert ".Lend" not in str(caught.value)
    assert any(told in str(caught.value) for told in ("this .text has no end", "is missing", ".endif"))


@pytest.mark.parametrize("line", [" r1 = {}", " mem 0x8000 = quad {}", " frames {}", " page {} = stable", " tod 0x{}"])
def test_a_number_of_more_digits_than_python_converts(line):
    with pytest.raises(TraceError, match=r"a number of 500[02] digits does not fit in 8 bytes"):
        parse(f".init\n{line.format('7' * 5000)}\n{HEAD}.expect\n", "t.trace")


@pytest.mark.parametrize("text", [f".ram {'7' * 5000}\n.text\n nopr 0\n", f".text 0x{'7' * 5000}\n nopr 0\n",
                                  f".model facility {'7' * 5000}\n.text\n nopr 0\n"])  # fmt: skip
def test_a_header_with_such_a_number(text):
    with pytest.raises(TraceError, match=r"a size expected|does not fit in 8 bytes"):
        parse(f"{text}.expect\n", "t.trace")


def test_all_mem_of_a_trace_is_bounded():
    lines = "".join(f" mem {n << 25:#x} = fill 0x1800000\n" for n in range(3))
    with pytest.raises(TraceError, match=r"t.trace:5: error: more than 67108864 bytes of mem in one trace"):
        parse(f".ram 2G\n.init\n{lines}{HEAD}.expect\n", "t.trace")


def test_what_a_trace_includes_is_below_its_folder(tmp_path):
    (tmp_path / "traces").mkdir()
    (tmp_path / "secret").write_text("hunter2 9\n")
    (tmp_path / "traces" / "part.inc").write_text(" lghi %r1,5\n")
    path = tmp_path / "traces" / "t.trace"
    path.write_text('.text\nstart: nopr 0\n .include "part.inc"\n svc 0\n.expect\n svc 0\n')
    assert b"\xa7\x19\x00\x05" in read(path).image[0][1]
    for name in ("../secret", f"{tmp_path}/secret"):
        path.write_text(f'.text\nstart: nopr 0\n .include "{name}"\n svc 0\n.expect\n svc 0\n')
        with pytest.raises(TraceError, match="is not below the folder of a source") as caught:
            read(path)
        assert "hunter2" not in str(caught.value)
    with pytest.raises(TraceError, match="hunter2"):
        read(path, include_paths=[tmp_path])


def test_every_mistake_is_told_at_once_in_order_with_line_and_caret():
    with pytest.raises(TraceError) as caught:
        parse(".text\nstart: lgx %r1,0\n.init\n r1 = nowhere\n rr = 1\n.expect\n cc = 7\n", "bad.trace")
    assert str(caught.value).splitlines()[1:3] == ["    start: lgx %r1,0", "           ^"]
    # With .text in error no symbol is known, and none is complained about.
    assert [(e.position.line, e.column) for e in caught.value.errors] == [(2, 7), (5, 1), (7, 6)]


def test_a_file_of_bytes_is_an_error_not_an_exception(tmp_path):
    path = tmp_path / "bytes.trace"
    path.write_bytes(bytes(range(256)))
    with pytest.raises(TraceError):
        read(path)
