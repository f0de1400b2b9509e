"""--symbols and --kallsyms: names of addresses in what `run` and `linux` tell."""

from __future__ import annotations

import pytest

from s390emu.commands.options.symbols import SymbolOptions, symbol_arguments
from s390emu.commands.usage import Parser
from tests.commands.fake_kernel import PANIC, fake_kernel

# Below the program: a routine that it calls, which only the file names.
GUEST = """
start:  llilf   %r1,0x8000
        larl    %r9,code
        mvc     0(4,%r1),0(%r9)
        basr    %r14,%r1
        svc     5
code:   nopr    0
        br      %r14
"""
MAP = "0000000000008000 T routine\n0000000000000000 A number\n"


@pytest.fixture
def run(s390emu, tmp_path):
    (tmp_path / "guest.s").write_text(GUEST)
    (tmp_path / "map").write_text(MAP)
    return lambda *options: s390emu("run", "guest.s", "--ram", "1M", *options)


def test_a_trace_names_what_the_program_does_not(run):
    _, _, error = run("--symbols", "map", "--trace", "insn,interruption", "--limit", 7)
    assert "0x8000 <routine>: nopr" in error and "0x8002 <routine+0x2>: br %r14" in error
    assert "supervisor call 0005 old-ia 0x10016 <code>" in error


def test_the_report_names_what_the_program_does_not(run):
    _, _, error = run("--symbols", "map", "--limit", 5)
    assert "0x10012 <start+0x12> -> 0x8000 <routine>" in error


def test_without_it_they_have_no_names(run):
    _, _, error = run("--limit", 5)
    assert "0x10012 <start+0x12> -> 0x8000\n" in error


def test_a_sanitizer_names_them(s390emu, tmp_path):
    (tmp_path / "map").write_text("8000 T late\n")
    (tmp_path / "guest.s").write_text("""
start:  llilf   %r2,0x30000
        llilf   %r1,0x8000
        larl    %r9,code
        mvc     0(6,%r1),0(%r9)
        essa    %r0,%r2,2
        basr    %r14,%r1
        svc     5
code:   essa    %r0,%r2,2
        br      %r14
    """)
    _, _, error = s390emu("run", "guest.s", "--ram", "1M", "--sanitize", "pages", "--symbols", "map", "--limit", 7)
    assert "instruction 6 at 0x8000 <late>: essa %r0,%r2,2" in error


@pytest.mark.parametrize(("content", "told"), [
    ("1000 T a\nnonsense\n", "map:2: nonsense: write ADDRESS TYPE NAME, as nm does"),
    ("", "map: has no symbols; give System.map or vmlinux"),
])  # fmt: skip
@pytest.mark.parametrize("command", ["run", "linux"])
def test_a_bad_file_is_one_line_that_says_what_to_do(s390emu, tmp_path, command, content, told):
    (tmp_path / "map").write_text(content)
    (tmp_path / "guest.s").write_text(GUEST)
    (tmp_path / "vmlinuz").write_bytes(fake_kernel([]))
    what = ["guest.s"] if command == "run" else ["--kernel", "vmlinuz"]
    code, out, error = s390emu(command, *what, "--symbols", "map")
    assert (code, out) == (2, "")
    assert error.startswith(told) and len(error.splitlines()) == 1


def test_a_file_that_is_not_there(run):
    code, _, error = run("--symbols", "none")
    assert code == 2 and error == "s390emu: none: No such file or directory\n"


def test_linux_names_where_it_panics(s390emu, tmp_path):
    (tmp_path / "vmlinuz").write_bytes(fake_kernel([], end=PANIC))
    (tmp_path / "map").write_text("10000 T _text\n10500 T startup\n")
    code, _, error = s390emu("linux", "--kernel", "vmlinuz", "--symbols", "map", "--ram", "17M")
    assert code == 3
    assert "0x10000 <_text> -> 0x10500 <startup>" in error


def test_kallsyms_of_a_guest_that_has_none(s390emu, tmp_path):
    (tmp_path / "vmlinuz").write_bytes(fake_kernel([]))
    code, _, error = s390emu("linux", "--kernel", "vmlinuz", "--kallsyms", "--ram", "17M")
    assert code == 0
    assert error.splitlines()[-2].startswith("s390emu: --kallsyms: no VMCOREINFO with kallsyms in its storage")


@pytest.mark.parametrize("options", [
    ["--kallsyms", "--trace", "insn"], ["--symbols", "map", "--adversary", "exhaustive"],
    ["--kallsyms", "--adversary", "exhaustive"],
])  # fmt: skip
def test_what_does_not_go_together(run, options):
    code, _, error = run(*options)
    assert code == 2 and len(error.splitlines()) == 1 and options[0] in error


def test_a_replay_file_has_its_own(s390emu, tmp_path):
    (tmp_path / "x.json").write_text("{}")
    code, _, error = s390emu("run", "--replay", "x.json", "--symbols", "map")
    assert code == 2 and "leave out --symbols" in error


def test_options_have_the_defaults_of_their_parser():
    parser = Parser(prog="s390emu test")
    symbol_arguments(parser)
    assert SymbolOptions(**vars(parser.parse_args([]))) == SymbolOptions()
