"""Reading Hercules test scripts: what each line means, and the error that each wrong one is."""

from __future__ import annotations

import os

import pytest

from s390emu.tracing.script_conditions import DEEPEST, holds
from s390emu.tracing.script_file import MOST_SHOWN, parse, read
from s390emu.tracing.trace import TraceError


def steps(text: str) -> list[tuple]:
    return [(step.verb, *step.operands) for step in parse(text).steps]


def in_case(text: str) -> list[tuple]:
    """The steps of a script whose one test case executes nothing."""
    return steps(f"*Testcase t\n{text}\n*Done nowait\n")[1:-1]


def errors(text: str) -> list[str]:
    with pytest.raises(TraceError) as caught:
        parse(text, "x.tst")
    return [str(complaint).splitlines()[0] for complaint in caught.value.errors]


@pytest.mark.parametrize("line, step", [
    ("sysclear", ("sysclear",)),
    ("SYSCLEAR  # all of it", ("sysclear",)),
    ("archlvl z/Arch", ("archlvl", "z/Arch", True)),
    ("archmode ESAME", ("archlvl", "ESAME", True)),
    ("archlvl ESA/390", ("archlvl", "ESA/390", False)),
    ("numcpu 2", ("numcpu", 2)),
    ("mainsize 16M", ("mainsize", 16 << 20)),
    ("mainsize 16", ("mainsize", 16 << 20)),
    ("mainsize 64k", ("mainsize", 64 << 10)),
    ("mainsize 65536B", ("mainsize", 64 << 10)),
    ("cpu 1", ("cpu", 1, False)),
    ("r 1A0=00ff", ("store", "r", 0x1A0, b"\x00\xff")),
    ("v 200=07FE # a comment", ("store", "v", 0x200, b"\x07\xfe")),
    ("abs ffffffffffffffff.10", ("show", "abs", (1 << 64) - 1, 0x10)),
    ("r 800", ("show", "r", 0x800, 0x40)),
    ("r 800-80f", ("show", "r", 0x800, 0x10)),
    ("gpr", ("gpr",)),
    ("gpr 15=a", ("gpr", 15, 10)),
    ("cr 0=FFFFFFFFFFFFFFFF", ("cr", 0, (1 << 64) - 1)),
    ("pr", ("pr",)),
    ("runtest", ("runtest", "restart", 30.0)),
    ("runtest 0.5", ("runtest", "restart", 0.5)),
    ("runtest svc 5 # go on", ("runtest", "svc", 5.0)),
    ("runtest START", ("runtest", "start", 30.0)),
    ("*Program", ("*Program", None)),
    ("*Program 1a", ("*Program", 0x1A)),
    ("*Explain because  # and why", ("*Explain", "because  # and why")),
    ("*Message hello", ("*Message", "hello")),
])  # fmt: skip
def test_a_line_is_one_step(line, step):
    assert in_case(line) == [step]


@pytest.mark.parametrize("line", ["", "   ", "*", "* a comment", "  * *Want", "# a comment", "ostailor null",
                                  "pgmtrace +8", "msglvl -debug", "fpr", "psw"])  # fmt: skip
def test_a_line_without_effect_is_no_step(line):
    assert in_case(line) == []


def test_a_cpu_may_be_selected_for_one_command():
    assert in_case("cpu 2 gpr 1=5") == [("cpu", 2, True), ("gpr", 1, 5)]


@pytest.mark.parametrize("shown, line, step", [
    ("r 800.4", "*Want 00010203", ("*Want", "", bytes(range(4)))),
    ("r 800.4", '*Want "a # name" 0001 0203 # comment', ("*Want", "a # name", bytes(range(4)))),
    ("v 800.4", "*Key 6", ("*Key", 6)),
    ("gpr", "*Gpr 2 00000000 0000000A #address", ("*Gpr", 2, 10)),
    ("cr", "*Cr 14 C2000000", ("*Cr", 14, 0xC2000000)),
    ("pr", "*Prefix 2000", ("*Prefix", 0x2000)),
])  # fmt: skip
def test_an_expectation_follows_what_was_shown(shown, line, step):
    assert in_case(f"*Compare\n{shown}\n{line}")[-1] == step
    word = line.split()[0]
    assert errors(f"*Testcase t\n*Compare\n{line}\n*Done nowait")[0].startswith(
        f"x.tst:3:1: error: {word} compares what "
    )


def test_a_test_case_begins_with_nothing_shown():
    found = errors("*Testcase a\ngpr\n*Gpr 1 0\n*Done nowait\n*Testcase b\n*Gpr 1 0\n*Done nowait")
    assert len(found) == 1
    assert found[0].startswith("x.tst:6:1: error: *Gpr compares what gpr has shown, and there is none")


@pytest.mark.parametrize("line, message", [
    ("sysclr", '2:1: error: command "sysclr" is not known; did you mean "sysclear"?; known are '),
    ("attach 190 3390", '2:1: error: command "attach" is not known; known are abs '),
    ("*testcase", '2:1: error: directive "*testcase" is not known; did you mean "*Testcase"? Capital letters count'),
    ("*Wnat 00", '2:1: error: directive "*Wnat" is not known; did you mean "*Want"?'),
    ("*Timeout", '2:1: error: directive "*Timeout" is not known'),
    ("*Hmsg HHC01603I x", "2:1: error: *Hmsg compares messages of Hercules, which this emulator does not write"),
    ("*Testcase again", "2:1: error: the test case of line 1 has no *Done yet"),
    ("*Want 00", "2:1: error: *Want without *Compare"),
    ("archlvl", "2:8: error: the name of an architecture expected"),
    ("archlvl vax", '2:9: error: "vax" is no architecture that is known'),
    ("numcpu 0", "2:8: error: at least one CPU"),
    ("numcpu 9", "2:8: error: how many CPUs expected, at most 8"),
    ("numcpu", "2:7: error: how many CPUs expected"),
    ("mainsize 3G", "2:10: error: storage is a multiple of 4K, at least 8K and at most 2G"),
    ("mainsize 100B", "2:10: error: storage is a multiple"),
    ("mainsize x", "2:10: error: storage is a multiple"),
    ("cpu 8", "2:5: error: the address of a CPU in hexadecimal expected, at most 7"),
    ("cpu 1 cpu 2", "2:7: error: cpu once"),
    ("r", "2:2: error: ADDRESS.LENGTH or ADDRESS=DATA expected"),
    ("r x.8", "2:3: error: an address of 1 to 16 hexadecimal digits"),
    ("r 800.8=00", "2:3: error: an address of 1 to 16 hexadecimal digits"),
    ("r 800.0", "2:3: error: 0x0 bytes: 1 to 0x10000 can be shown"),
    (f"r 0.{MOST_SHOWN + 1:x}", "2:3: error: 0x10001 bytes"),
    ("r 800-7ff", "2:3: error: 0x0 bytes"),
    ("r 800=", "2:7: error: hexadecimal digits expected, an even number of them"),
    ("r 800=123", "2:7: error: hexadecimal digits expected"),
    ("r 800=12 34", '2:10: error: "34" is not expected here: the data is one word'),
    ("r 800=07FE#x", "2:7: error: hexadecimal digits expected"),
    ("gpr 01=5", "2:5: error: the number of a register expected: 0 to 15, decimal, without a leading zero"),
    ("gpr 5", "2:5: error: NUMBER=VALUE expected, or nothing"),
    ("gpr 5=11112222333344445", "2:7: error: 1 to 16 hexadecimal digits expected"),
    ("runtest 0", "2:8: error: restart start external svc program machine io or a time"),
    ("runtest nan", "2:8: error: restart start external"),
    ("runtest start 5 6", "2:8: error: nothing more is expected"),
    ("*Program 12345", "2:10: error: a program-interruption code in hexadecimal expected, at most FFFF"),
    ("*Else", "2:1: error: *Else without *If"),
    ("*Fi", "2:1: error: *Fi without *If"),
    ("loadcore", "2:9: error: the name of a file expected"),
    ("loadcore $(home)/x", "2:10: error: the symbol $(home) has no value here; only $(testpath)"),
    ("loadcore missing.core", "2:10: error: missing.core: No such file"),
])  # fmt: skip
def test_what_is_wrong_or_not_known_is_told_with_its_place(line, message):
    assert errors(f"*Testcase t\n{line}\n*Done nowait\n")[0].startswith(f"x.tst:{message}")


@pytest.mark.parametrize("text, message", [
    ("", "1: error: no *Testcase in this script"),
    ("*Testcase t\nsysclear\n", "1: error: this *Testcase has no *Done"),
    ("*Testcase t\n*Done\n", "2:1: error: no runtest in this test case"),
    ("*Testcase t\n*Done now\n", '2:7: error: "nowait" or nothing expected'),
    ("*Done\n", "1:1: error: *Done outside of every test case"),
    ("*If 1\n", "1: error: this *If has no *Fi"),
    ("*If 1\n*Else\n*Else\n*Fi\n", "3:1: error: the *If of line 1 has an *Else already"),
    ("*If 1\n" * (DEEPEST + 1), "21:1: error: more than 20 *If within each other"),
])  # fmt: skip
def test_what_is_wrong_with_the_order_is_told_with_its_place(text, message):
    assert errors(text)[0].startswith(f"x.tst:{message}")


def test_every_error_of_a_script_is_told():
    assert len(errors("*Testcase t\nx\ny\n*z\n*Done nowait\n")) == 3


@pytest.mark.parametrize("text", [
    "*Testcase t\n*Done\n*Testcase u\nruntest\n*Done\n",
    "*Testcase t\nruntest soon\n*Done\n",
])  # fmt: skip
def test_an_error_is_told_once(text):
    """Not what follows from it too."""
    assert len(errors(text)) == 1


def test_a_condition_leaves_out_directives_and_no_commands():
    text = "*If $ptrsize = 4\ngpr 1=5\n*Hmsg x\n*Message no\n*Else # 64 bit\ngpr 2=6\n*Message yes\n*Fi"
    assert in_case(text) == [("gpr", 1, 5), ("gpr", 2, 6), ("*Message", "yes")]


def test_conditions_within_what_is_left_out_are_not_looked_at():
    text = "*If 0\n*If what is this\n*Else\n*Hmsg x\n*Fi\n*Else\n*Message yes\n*Fi\n*Testcase t\n*Done nowait"
    assert steps(text)[0] == ("*Message", "yes")


def test_a_script_may_leave_out_all_its_test_cases():
    assert steps("*If 0\n*Testcase t\n*Done\n*Fi\n") == []


@pytest.mark.parametrize("text, value", [
    ("1", True), ("0", False), ("$can_zarch_mode", True), ("$CAN_ESA390_MODE", False), ("\\$rexx_supported", True),
    ("$ptrsize = 8", True), ("$ptrsize < 10", True), ("$ptrsize <> 8", False), ("$max_cpu_engines >= 2", True),
    ("$rexx_package = ''", True), ("$platform \\= 'Windows'", True), ('$platform == "s390emu"', True),
    ("1 | 0 & 0", True), ("(1 | 0) & 0", False), ("\\(1 & 0)", True), ("\\0 & 1", True), ("'b' > 'a'", True),
    ("10 > 9", True), ("8 = 08", True), ("'08' = 8", True),
])  # fmt: skip
def test_conditions(text, value):
    assert holds(text, 0) is value


@pytest.mark.parametrize("text, message, column", [
    ("", "a value expected", 4),
    ("1 +", "a $variable, a number", 6),
    ("$nothing", 'no variable "$nothing" is known', 4),
    ("$ptrsiz = 8", '"$ptrsiz" is known; did you mean "ptrsize"?', 4),
    ("$ptrsize", 'a condition is 0 or 1, and this is "8"', 4),
    ("1 & 'x'", 'a condition is 0 or 1, and this is "x"', 8),
    ("(1", '")" expected', 6),
    ("1)", '")" is not expected here', 5),
    ("1 1", '"a value" is not expected here', 6),
    ("\\" * 30 + "1", "too deep", 24),
    ("9" * 30, "at most 20 digits", 4),
])  # fmt: skip
def test_a_wrong_condition_is_told_with_its_place(text, message, column):
    with pytest.raises(Exception) as caught:
        holds(text, 4)
    assert message in caught.value.message
    assert caught.value.column == column


def test_loadcore_reads_a_file_of_the_scripts_folder(tmp_path):
    (tmp_path / "t.core").write_bytes(b"\x07\xfe")
    (tmp_path / "t.tst").write_text("*Testcase t\nloadcore t.core\nloadcore $(testpath)/t.core 200\n*Done nowait\n")
    verbs = [(step.verb, *step.operands) for step in read(tmp_path / "t.tst").steps]
    assert verbs[1:-1] == [("loadcore", 0, b"\x07\xfe"), ("loadcore", 0x200, b"\x07\xfe")]


@pytest.mark.parametrize("kind", ["above", "link", "pipe", "folder"])
def test_loadcore_reads_nothing_else(tmp_path, kind):
    folder = tmp_path / "scripts"
    folder.mkdir()
    (tmp_path / "secret").write_bytes(b"x")
    name = {"above": "../secret"}.get(kind, "file")
    if kind == "link":
        (folder / "file").symlink_to(tmp_path / "secret")
    elif kind == "pipe":
        os.mkfifo(folder / "file")
    elif kind == "folder":
        (folder / "file").mkdir()
    (folder / "t.tst").write_text(f"*Testcase t\nloadcore {name}\n*Done nowait\n")
    with pytest.raises(TraceError, match={"pipe": "a pipe, not a file", "folder": "Is a directory"}.get(
            kind, "only files in or below its own folder")):  # fmt: skip
        read(folder / "t.tst")
