"""s390emu linux --demo, with a guest of some instructions in place of Linux."""

from __future__ import annotations

import json
import sys

import pytest

from s390emu.commands.options.linux_demo import SVG, LinuxDemoOptions, linux_demo_arguments
from s390emu.commands.registry import parsed
from s390emu.commands.usage import Parser
from s390emu.guests.linux_demo import LinuxDemo
from tests.commands.fake_kernel import PANIC, POWER_OFF, fake_kernel

MB = 1 << 20
RAM = 20 * MB
BUSYBOX = bytes(range(256)) * (3 * MB // 256)
SAID = LinuxDemo(b"", BUSYBOX, RAM).said
# Block 2M + n * 4K is written, then given up: two of each three.
HINTING = "llilf %r3,0x200000; stg %r3,0(%r9,%r3); la %r4,0(%r9,%r3); essa %r5,%r4,2; aghi %r9,0x3000"


@pytest.fixture
def demo(s390emu, tmp_path):
    """Return what runs the demonstration: -> (exit code, stdout, stderr)."""

    def run(*options, found=SAID, end=POWER_OFF):
        (tmp_path / "linux").mkdir(exist_ok=True)
        lines = ["demo: write", *(f"demo: {line}" for line in found)]
        (tmp_path / "linux" / "vmlinuz").write_bytes(fake_kernel(lines, HINTING, end))
        (tmp_path / "linux" / "busybox").write_bytes(BUSYBOX)
        return s390emu("linux", "--demo", "--ram", RAM, "--tlb", "off", *options)

    return run


def test_everything_that_was_read_was_right(demo, tmp_path):
    code, out, error = demo()
    assert code == 0
    console, plot, life, totals = out.split("\n== ")
    assert console.splitlines()[0] == "== console (guest 20 MB, host 1920 frames of 4 KB)"
    assert console.splitlines()[1:] == ["demo: write", *(f"demo: {line}" for line in SAID)]
    assert plot.startswith("pages by state\n") and "stable, resident" in plot and "  write\n" in plot
    assert life.startswith("a page's life") and "guest ORC 2, 0x105" in life
    assert "ESSA, by operation-request code        2 (set unused) 4\n" in totals
    assert f"what the script found                  {', '.join(SAID)}: right\n" in totals
    assert "discard faults" not in totals
    assert error.splitlines()[-1].startswith("s390emu: stopped state, after ")


def test_the_plot_is_an_svg_file(demo, tmp_path):
    pytest.importorskip("matplotlib")
    _, out, _ = demo()
    assert f"plot                                   {SVG}\n" in out
    assert "<svg" in (tmp_path / SVG).read_text()


def test_the_plot_goes_where_it_is_wanted(demo, tmp_path):
    pytest.importorskip("matplotlib")
    assert demo("--svg", "mine.svg")[0] == 0
    assert (tmp_path / "mine.svg").exists() and not (tmp_path / SVG).exists()


def test_without_matplotlib_the_plot_is_text_only(demo, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    code, out, _ = demo()
    assert code == 0 and "stable, resident" in out
    assert "plot                                   none: matplotlib is not installed: pip install" in out


def test_a_plot_that_cannot_be_made_is_refused_before_the_run(demo, monkeypatch):
    pytest.importorskip("matplotlib")
    code, out, error = demo("--svg", "nowhere/x.svg")
    assert (code, out) == (2, "") and "nowhere is no folder" in error
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    code, out, error = demo("--svg", "x.svg")
    assert (code, out) == (2, "") and "pip install" in error


@pytest.mark.parametrize("found", [SAID[:2], [SAID[0], "total 7", SAID[2]], []], ids=["missing", "another", "none"])
def test_what_was_wrong_is_exit_code_1(demo, found):
    code, out, _ = demo(found=found)
    assert code == 1
    assert f"WRONG; expected: {', '.join(SAID)}" in out


def test_a_panic_is_exit_code_3_with_a_report(demo):
    code, out, error = demo(end=PANIC)
    assert code == 3
    assert "disabled wait, code 0xbad" in error and "last branches" in error
    assert "pages by state" in out


def test_a_limit_is_exit_code_4(demo):
    assert demo("--limit", 20)[0] == 4


def test_what_the_sanitizer_finds_is_exit_code_1(demo):
    code, _, error = demo("--sanitize", "pages", end=f"essa %r5,%r4,2; essa %r5,%r4,2; {POWER_OFF}")
    assert code == 1
    assert "freed-twice" in error


def test_json(demo):
    code, out, _ = demo("--json")
    told = json.loads(out)
    assert code == 0
    assert told["schema"] == "s390emu.linux-demo/1"
    assert told["found"] == told["expected"] == SAID
    assert [mark["text"] for mark in told["census"]["marks"]] == ["boot", "write"]
    counts = told["census"]["blocks"].values()
    assert {sum(column) for column in zip(*counts, strict=True)} == {RAM // 4096}
    assert told["census"]["instructions"][-1] == told["instructions"]


def test_the_guest_executes_what_it_does_without_being_watched(demo, s390emu, tmp_path):
    told = json.loads(demo("--json")[1])
    (tmp_path / "ir.cpio").write_bytes(LinuxDemo(b"", BUSYBOX, RAM).initrd)
    files = ("--kernel", "linux/vmlinuz", "--initrd", "ir.cpio", "--append", "x")
    _, out, _ = s390emu("linux", *files, "--ram", RAM, "--frames", 1920, "--json")
    alone = json.loads(out)
    for fact in ("instructions", "psw", "registers", "host"):
        assert told[fact] == alone[fact]


def test_files_that_are_not_there(s390emu):
    code, out, error = s390emu("linux", "--demo")
    assert (code, out) == (2, "")
    assert error.startswith("s390emu: no linux/vmlinuz: ") and error.endswith("fetch them: tools/fetch-linux linux\n")
    assert "tools/fetch-linux elsewhere" in s390emu("linux", "--demo", "elsewhere")[2]


@pytest.mark.parametrize("option", [
    ("--kernel", "x"), ("--initrd", "x"), ("--append", "x"), ("--interactive",), ("--until", "x"), ("--trace", "insn"),
])  # fmt: skip
def test_what_the_demonstration_brings_itself(demo, option):
    code, out, error = demo(*option)
    assert (code, out) == (2, "") and error.startswith(f"s390emu: --demo and {option[0]}: ")


def test_a_plot_without_the_demonstration(s390emu):
    code, _, error = s390emu("linux", "--svg", "x.svg")
    assert code == 2 and "--svg x.svg: the plot of --demo" in error


def test_options_have_the_defaults_of_their_parser():
    parser = Parser(prog="s390emu test")
    linux_demo_arguments(parser)
    assert LinuxDemoOptions(**vars(parser.parse_args([]))) == LinuxDemoOptions()
    assert str(parsed("linux", ["--demo"]).demo) == "linux"
    assert str(parsed("linux", ["--demo", "x"]).demo) == "x"
