"""The command line as a user meets it: results, exit codes, and one clear message for each kind of bad input."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from xml.etree import ElementTree

import pytest

from s390emu import cli
from s390emu.commands.registry import COMMANDS
from s390emu.regions.modes import VARIABLE
from tests import plainly
from tests.interruptible import start

ENDS_WITH = """
start:  larl %r1,end
        lpswe 0(%r1)
        .balign 8
end:    .quad 0x0002000180000000,{code}
"""
HELLO = ENDS_WITH.format(code=0)
FOREVER = "start: j start\n"
FLOOD = """
        .equ SCCB,0x8000
        .equ WRITE_EVENT_DATA,0x00760005
start:  larl  %r1,psws
        mvc   0x1B0(16),0(%r1)          # external new PSW
        lctlg %c0,%c0,16(%r1)           # service signals
next:   llilf %r2,SCCB
        larl  %r3,sccb
        mvc   0(14,%r2),0(%r3)
        llilf %r0,WRITE_EVENT_DATA
        servc %r0,%r2
        larl  %r1,wait
        lpswe 0(%r1)
        .balign 8
psws:   .quad 0x0000000180000000,next,0x200
wait:   .quad 0x0102000180000000,0
sccb:   .short 0x1000                   # SCCB: its length, function code, control mask, response
        .byte 0,0,0,0,0,0
        .short 0x0FF8                   # event buffer: its length, type 1A, flags; and text, all zeros
        .byte 0x1A,0,0,0
"""


@pytest.fixture
def s390emu(capsys, tmp_path, monkeypatch):
    """Run a command line in a folder of its own: -> (exit code, stdout, stderr)."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        with pytest.raises(SystemExit) as exit_:
            cli.main([str(a) for a in arguments])
        captured = capsys.readouterr()
        return exit_.value.code, captured.out, captured.err

    return run


@pytest.fixture
def source(tmp_path):
    def write(text, name="guest.s"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return write


# --- what works ------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(not os.path.isdir("/proc/self/task"), reason="threads are counted in /proc")
def test_a_command_has_one_thread():
    """NumPy's library for matrices would start one for each processor, at each start."""
    script = "import os, s390emu.machine; print(len(os.listdir('/proc/self/task')))"
    script = f"from s390emu.cli import main\ntry: main(['--version'])\nfinally: {script}"
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "1"


def test_what_others_do_at_the_end_of_the_process_is_done():
    """It ends at once, but not before a profiler has written, and not without what was to be done at its end."""
    profiled = [sys.executable, "-m", "cProfile", "-m", "s390emu", "frobnicate"]
    done = subprocess.run(profiled, capture_output=True, text=True)
    assert done.returncode == 2
    assert "function calls" in done.stdout
    script = """
import atexit
from s390emu import cli

def main():
    atexit.register(print, "end")
    raise SystemExit(3)

cli.main = main
cli.command()"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (3, "end\n")


def test_run_ends_with_zero(s390emu, source):
    code, _, err = s390emu("run", source(HELLO))
    assert code == 0
    assert "disabled wait, code 0x0, after 2 instructions" in err


def test_run_json(s390emu, source):
    code, out, _ = s390emu("run", source(HELLO), "--json")
    result = json.loads(out)
    assert code == 0
    assert result["schema"] == "s390emu.run/1"
    assert (result["exit_code"], result["instructions"]) == (0, 2)


def test_run_trace_names_every_instruction(s390emu, source):
    _, _, err = s390emu("run", source(HELLO), "--trace", "insn,storage")
    kinds = [line.split()[1] for line in err.splitlines() if line.strip()[0].isdigit()]
    assert kinds == ["insn", "insn", "fetch"]
    assert "larl %r1" in err
    assert "lpswe 0(%r1)" in err


def test_trace_to_a_file_is_capped(s390emu, source, tmp_path):
    trace = tmp_path / "out.trace-log"
    options = ("--limit", 50, "--trace", "insn", "--trace-to", trace, "--trace-lines", 5)
    code, _, _ = s390emu("run", source(FOREVER), *options)
    assert code == 4
    assert len(trace.read_text().splitlines()) == 6  # and the line that says so


@pytest.mark.parametrize("cpus", [2, 8])
def test_new_trace_of_several_cpus_runs_as_it_is(s390emu, cpus, tmp_path):
    assert s390emu("new", "trace", "mine", "--cpus", cpus)[0] == 0
    assert f".cpus   {cpus} " in (tmp_path / "mine.trace").read_text()
    assert s390emu("test", "mine.trace")[0] == 0
    assert s390emu("test", "mine.trace", "--engine", "step")[0] == 0


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("trace", "x", "--cpus", 9), "a trace has 8 at most"),
        (("guest", "x", "--cpus", 2), "a guest gets them of `s390emu run`"),
    ],
)
def test_new_with_cpus_that_cannot_be(s390emu, words, told, tmp_path):
    refused(s390emu("new", *words), told)
    assert list(tmp_path.iterdir()) == []


def test_new_guest_and_trace_run_as_they_are(s390emu):
    assert s390emu("new", "guest", "mine")[0] == 0
    assert s390emu("run", "mine.s")[0] == 0
    assert s390emu("new", "trace", "mine")[0] == 0
    assert s390emu("test", "mine.trace")[0] == 0
    code, _, err = s390emu("new", "guest", "mine")
    assert code == 2
    assert "exists already" in err


@pytest.mark.parametrize("name", [".", "..", "/", "", "a/.."])
def test_new_wants_the_name_of_a_file(s390emu, tmp_path, name):
    code, _, err = s390emu("new", "guest", name)
    assert code == 2
    assert "give the name of a file" in err
    assert not [*tmp_path.glob("*.s")]


def test_asm_and_disasm(s390emu, source, tmp_path):
    assert s390emu("asm", source(HELLO), "-o", tmp_path / "guest.elf")[0] == 0
    assert s390emu("run", tmp_path / "guest.elf")[0] == 0
    code, out, _ = s390emu("disasm", tmp_path / "guest.elf")
    assert code == 0
    assert "lpswe" in out
    assert "essa %r2,%r1,3" in s390emu("disasm", "--hex", "B9AB 3021")[1]


def test_asm_of_an_object_and_what_its_source_tells(s390emu, source, tmp_path):
    path, made = source('.warning "careful"\n.print "here"\n brasl %r14,elsewhere@PLT\n'), tmp_path / "a.o"
    code, _, err = s390emu("asm", path, "--format", "object", "-o", made)
    assert (code, err.splitlines()) == (0, [f"{path}:1: warning: careful", "here"])
    assert "R_390_PLT32DBL\telsewhere+0x2" in s390emu("disasm", made)[1]
    assert s390emu("asm", path, path, "--format", "object")[0] == 2
    assert s390emu("asm", made, "--format", "object")[0] == 2


def test_explain(s390emu):
    assert "isa/essa.py" in s390emu("explain", "ESSA")[1]
    assert "block volatility" in s390emu("explain", "001A")[1]
    assert "volatile" in s390emu("explain", "Vz")[1]
    assert s390emu("explain", "80ff1000")[1].startswith("text: ssm 0(%r1)\nones in ignored bits: 8-15\nmnemonic: SSM\n")
    out = s390emu("explain", "--coverage")[1]
    assert "# chapter 10" in out
    assert "\tESSA\timplemented\t" in out
    assert "\tPFPO\toperation-exception\t44\t" in out
    assert "no: operation exception" in s390emu("explain", "PFPO")[1]
    assert "no: operation exception; not in this model: subspace groups" in s390emu("explain", "BSG")[1]
    assert next(line for line in out.splitlines() if "\tBSG\t" in line).split("\t")[-1].startswith("not in this model")
    report = json.loads(s390emu("explain", "--coverage", "--json")[1])
    assert {c["chapter"] for c in report["chapters"]} >= {7, 10}


def test_explain_coverage_with_tests(s390emu, tmp_path):
    """The files of the tests in a column; a row without one is told, and by the exit code. PFPO needs none."""
    from s390emu.reports.coverage import lines

    executed = [line.mnemonic for line in lines() if line.place]
    noted = tmp_path / "rows.tsv"
    noted.write_text("".join(f"{mnemonic}\ttests/a.py\ttests/b.py\n" for mnemonic in executed))
    code, out, _ = s390emu("explain", "--coverage", "--tests", noted)
    assert (code, "# without a test: none" in out) == (0, True)
    (row,) = (line.split("\t") for line in out.splitlines() if "\tMVC\t" in line)
    assert row[-1] == "tests/a.py tests/b.py"
    noted.write_text("MVC\ttests/a.py\n")
    code, out, _ = s390emu("explain", "--coverage", "--json", "--tests", noted)
    rows = {row["mnemonic"]: row for row in json.loads(out)["rows"]}
    assert (code, rows["MVC"]["tests"], rows["AR"]["tests"]) == (1, ["tests/a.py"], [])
    code, out, _ = s390emu("explain", "--coverage", "--tests", noted)
    (told,) = (line for line in out.splitlines() if line.startswith("# without"))
    assert (code, "AR, " in told, "PFPO" in told, "MVC," in told) == (1, True, False, False)


@pytest.mark.parametrize("arguments", [["--tests", "rows"], ["--coverage", "--tests", "nowhere"]])
def test_explain_with_tests_that_are_none(s390emu, arguments):
    assert s390emu("explain", *arguments)[0] == 2


def test_pages_are_drawn(s390emu, source, tmp_path):
    assert s390emu("pages", source(HELLO), "--ram", "256K", "--svg", tmp_path / "blocks.svg")[0] == 0
    root = ElementTree.parse(tmp_path / "blocks.svg").getroot()
    assert root.tag.endswith("svg")
    assert "Blocks after " in next(root.iter("{http://www.w3.org/2000/svg}title")).text
    refused(s390emu("pages", "--svg", tmp_path / "blocks.svg"), "name the guest")


def test_pages_table_and_blocks(s390emu, source):
    assert "Uz(ADR)" in s390emu("pages")[1]
    code, out, _ = s390emu("pages", source(HELLO), "--ram", "256K")
    assert code == 0
    assert "Sr" in out
    assert "Sz" in out


def test_doctor(s390emu):
    code, out, _ = s390emu("doctor", "--json")
    states = {finding["name"]: finding["state"] for finding in json.loads(out)["findings"]}
    assert code == 0
    assert states["guest"] == states["firmware"] == "ok"


@pytest.mark.parametrize("command", COMMANDS)
def test_help_is_short_and_has_an_example(s390emu, command):
    code, out, _ = s390emu(command, "--help")
    assert code == 0
    assert "example: s390emu" in out
    assert "--json" in out or command == "debug"  # a dialogue
    assert len(out.splitlines()) <= 25


def test_help_imports_no_numba():
    code = "import sys, s390emu.cli as c\ntry: c.main({})\nexcept SystemExit: pass\nassert 'numba' not in sys.modules"
    disassemble, explain = ["disasm", "--hex", "07FE"], ["explain", "MVC"]
    for line in (["--help"], ["asm", "--help"], disassemble, explain, ["explain", "--coverage"]):
        subprocess.run([sys.executable, "-c", code.format(line)], check=True, stdout=subprocess.DEVNULL)


# --- bad input: the documented exit code and a message that says what to do ------------------------------------------


def refused(result, *words, code=2):
    assert result[0] == code, result
    for word in words:
        assert word in result[2], result[2]


def test_unknown_command_and_option(s390emu):
    refused(s390emu("rum"), "did you mean run?")
    refused(s390emu("run", "--limt", "3", "x.s"), "--limt", "did you mean --limit?")


def test_assembly_error(s390emu, source):
    path = source("start: agrr %r1,%r2\n")
    refused(s390emu("run", path), f"{path}:1:8: error", "agrr", "did you mean")


def test_unknown_symbol(s390emu, source):
    refused(s390emu("run", source("start: larl %r1,nowhere\n")), "guest.s:1", "nowhere")


def test_missing_file(s390emu):
    refused(s390emu("run", "nothing.s"), "nothing.s", "No such file")


def test_unreadable_file(s390emu, tmp_path):
    """Permissions do not stop root, who runs CI; a folder in place of a file stops everybody."""
    (tmp_path / "folder.s").mkdir()
    refused(s390emu("run", "folder.s"), "folder.s", "Is a directory")


def test_elf_of_another_machine(s390emu, tmp_path):
    other = bytearray(b"\x7fELF\x02\x01\x01" + bytes(57))
    other[16:20] = b"\x02\x00\x3e\x00"  # x86-64
    (tmp_path / "other.elf").write_bytes(other)
    refused(s390emu("run", "other.elf"), "other.elf", "s390")


def test_binary_rubbish(s390emu, tmp_path):
    (tmp_path / "rubbish").write_bytes(bytes(range(256)))
    refused(s390emu("run", "rubbish"), "rubbish", "neither ELF nor text")


def test_storage_out_of_range(s390emu, source):
    refused(s390emu("run", source(HELLO), "--ram", "64K"), "does not fit", "--ram")
    refused(s390emu("run", source(HELLO), "--ram", "5000"), "multiple of 4096")
    refused(s390emu("run", source(HELLO), "--frames", "3"), "frames")


@pytest.mark.parametrize(
    "options",
    [["--ram", "4096"], ["--ram", "1000000000000K"], ["--ram", "900G"], ["--frames", "99999999999999999"],
     ["--timeout", "nan"], ["--timeout", "-1"], ["--timeout", "soon"], ["--limit", "-1"], ["--seed", "x"]],
    ids=" ".join,
)  # fmt: skip
def test_numbers_that_cannot_be(s390emu, source, options):
    refused(s390emu("run", source(HELLO), *options), options[0])


@pytest.mark.parametrize("option", ["--ram", "--seed", "--limit", "--frames", "--origin", "--define"])
def test_numbers_of_more_digits_than_a_message_can_show(s390emu, source, option):
    for number in ("9" * 5000, "0x" + "f" * 5000, "1" + "0" * 4299 + "K"):
        value = f"x={number}" if option == "--define" else number
        code, _, err = s390emu("run", source(HELLO), option, value)
        assert code == 2
        assert option in err


@pytest.mark.parametrize("option", ["--ram", "--include", "-I", "--trace-to", "--limit"])
def test_an_option_without_a_value(s390emu, source, option):
    word = f"{option}=--" if option.startswith("--") else f"{option}--"
    refused(s390emu("run", source(HELLO), word), ": -- is no value")


@pytest.mark.parametrize("what", ["-123", "+123", "0x-1", "٣٣٣٣", "²²²²", "12 34", "1_2_3"])
def test_explain_what_is_nearly_hexadecimal(s390emu, what):
    refused(s390emu("explain", "--", what), what)


def test_a_listing_of_what_has_no_instruction(s390emu, source, tmp_path):
    assert s390emu("asm", source(HELLO), "-o", tmp_path / "guest.elf")[0] == 0
    for path in (source(".byte 1\n", "data.s"), tmp_path / "guest.elf"):
        code, out, err = s390emu("asm", path)
        assert (code, out) == (0, "")
        assert "no instruction of an assembly source to list" in err


def test_what_is_not_loaded_is_not_listed(s390emu, source):
    code, out, _ = s390emu("asm", source('.section x,""\nnopr 0\n.text\nnopr 0\n'))
    assert (code, len(out.splitlines())) == (0, 1)


def test_a_flat_binary_has_no_gap_of_a_gigabyte(s390emu, source, tmp_path):
    assert s390emu("asm", source(HELLO), "-o", tmp_path / "guest.elf")[0] == 0
    data = bytearray((tmp_path / "guest.elf").read_bytes())
    phoff, count = int.from_bytes(data[32:40]), int.from_bytes(data[56:58])
    (tmp_path / "none.elf").write_bytes(data[:56] + bytes(2) + data[58:])
    assert s390emu("asm", tmp_path / "none.elf", "--format", "bin", "-o", "none.bin")[0] == 0
    assert (tmp_path / "none.bin").read_bytes() == b""
    second = bytearray(data[phoff : phoff + 56])
    second[24:32] = (1 << 40).to_bytes(8)  # p_paddr
    far = data + data[phoff : phoff + 56] + second
    far[32:40], far[56:58] = len(data).to_bytes(8), (2).to_bytes(2)
    assert count == 1
    (tmp_path / "far.elf").write_bytes(far)
    refused(s390emu("asm", tmp_path / "far.elf", "--format", "bin", "-o", "far.bin"), "sections are too far apart")


def test_a_source_that_comes_through_a_pipe(s390emu, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=lambda: (tmp_path / "pipe").write_text(HELLO))
    writer.start()
    assert s390emu("run", "pipe")[0] == 0
    writer.join()


def test_bless_shows_a_difference_and_no_json(s390emu, source):
    refused(s390emu("test", source(".text\n svc 0\n.expect\n", "x.trace"), "--bless", "--json"), "leave out --json")


def test_a_device_is_no_input(s390emu):
    for command in ("run", "asm", "disasm"):
        refused(s390emu(command, "/dev/zero"), "/dev/zero: a device, not a file")


def shell(command, *, unbuffered=False, **environment):
    """Run `s390emu COMMAND` in a shell that has only what every login has."""
    bare = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "S390EMU_CACHE") if name in os.environ}
    bare |= plainly.NOT_COMPILED | ({"PYTHONUNBUFFERED": "1"} if unbuffered else {}) | environment
    line = ["sh", "-c", f"{sys.executable} -m s390emu {command}"]
    return subprocess.run(line, env=bare, capture_output=True, text=True)


@pytest.mark.parametrize("unbuffered", [False, True], ids=["buffered", "unbuffered"])
@pytest.mark.parametrize(
    ("command", "reason"),
    [("explain MVC >/dev/full", "No space left on device"), ("explain MVC 1</dev/null", "Bad file descriptor"),
     ("--help >/dev/full", "No space left on device"), ("explain --help >/dev/full", "No space left on device"),
     ("explain --coverage >/dev/full", "No space left on device")],
)  # fmt: skip
def test_an_output_that_cannot_be_written_is_told_once(command, reason, unbuffered):
    done = shell(command, unbuffered=unbuffered)
    assert (done.returncode, done.stderr) == (2, f"s390emu: the output cannot be written: {reason}\n")


@pytest.mark.parametrize("unbuffered", [False, True], ids=["buffered", "unbuffered"])
@pytest.mark.parametrize(
    ("command", "code"),
    [("explain MVC >&-", 0), ("explain MVC 2>&-", 0), ("explain MVC 2>/dev/full", 0), ("explain MVC <&- >&- 2>&-", 0),
     ("explain XYZ 2>&-", 2), ("explain XYZ 2>/dev/full", 2), ("explian 2>/dev/full", 2), ("explian 2</dev/null", 2),
     ("explain MVC >/dev/full 2>&1", 2)],
)  # fmt: skip
def test_the_exit_code_needs_no_output(command, code, unbuffered):
    done = shell(command, unbuffered=unbuffered)
    assert (done.returncode, done.stderr) == (code, "")


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
@pytest.mark.parametrize("buffering", ["", "1"], ids=["buffered", "unbuffered"])
def test_a_broken_pipe_is_no_error(stream, buffering):
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "s390emu", *(["explain", "MVC"] if stream == "stdout" else ["explain", "XYZ"])]
    other = "stderr" if stream == "stdout" else "stdout"
    done = subprocess.run(
        command, env=os.environ | {"PYTHONUNBUFFERED": buffering}, **{stream: writer, other: subprocess.PIPE}
    )
    os.close(writer)
    assert (done.returncode, getattr(done, other)) == (0 if stream == "stdout" else 2, b"")


def test_a_character_that_the_output_lacks_is_escaped(source):
    listing = shell(f"asm {source(HELLO)}", PYTHONIOENCODING="ascii")  # it shortens long data with an ellipsis
    assert (listing.returncode, listing.stderr) == (0, "")
    assert "\\u2026" in listing.stdout


def without_cache(variable, *arguments, **environment):
    """Run Python with a cache folder that cannot be made."""
    bare = {
        name: value for name, value in os.environ.items() if name not in ("S390EMU_CACHE", "XDG_CACHE_HOME", VARIABLE)
    }
    environment = bare | {variable: "/dev/null"} | environment
    return subprocess.run([sys.executable, *arguments], env=environment, capture_output=True, text=True, timeout=300)


@pytest.mark.parametrize("variable", ["S390EMU_CACHE", "HOME"])
def test_a_cache_that_cannot_be_written(source, variable):
    done = without_cache(variable, "-m", "s390emu", "run", source(HELLO), **plainly.NOT_COMPILED)
    assert (done.returncode, done.stdout, "Traceback" in done.stderr) == (0, "", False)


@pytest.mark.parametrize("variable", ["S390EMU_CACHE", "HOME"])
def test_compilation_without_a_cache(variable):
    """Of one instruction: to compile all that a machine needs takes half a minute, each in the same way."""
    program = "from s390emu.engine.handlers import compile_handler; print(compile_handler('LGR') > 0)"
    done = without_cache(variable, "-c", program)
    assert (done.returncode, done.stdout, done.stderr) == (0, "True\n", "")


def test_malformed_trace(s390emu, source):
    path = source(".trace x\n.init\n  r99 = 1\n", "bad.trace")
    code, out, err = s390emu("test", path)
    assert code == 2
    assert "bad.trace:3" in out + err


def test_trace_whose_host_event_never_fires(s390emu, source):
    path = source(
        ".trace never\n.about x\n.ram 1M\n.init\n  psw mask=0x0000000180000000 addr=start\n.text 0x10000\n"
        "start: lghi %r1,5\n svc 0\n.host\n  when icount == 99999  discard 0x8000\n.expect\n  r1 = 5\n  svc 0\n",
        "never.trace",
    )
    code, out, err = s390emu("test", path)
    assert code in (1, 2)
    assert "never.trace" in out + err


def test_a_failed_trace_tells_what_follows_in_short_or_in_full(s390emu, source):
    path = source(".trace stray\n.text\nstart: .short 0\n.expect\n svc 0\n r1 = 1\n", "stray.trace")
    short, full = s390emu("test", path), s390emu("test", path, "-v")
    assert short[0] == full[0] == 1
    assert short[1].count("then also: ") == 1 and short[1].count(" rule ") == 1
    assert full[1].count("then also: ") == 0 and full[1].count(" rule ") == 3


SCRIPT = """*Testcase adds
r 1a0=00000001800000000000000000000200
r 200=A7190005B2B20300
r 300=00020001800000000000000000000000
runtest
gpr
*Gpr 1 5
*Done
"""


def test_a_hercules_script_is_run_and_never_blessed(s390emu, source):
    path = source(SCRIPT, "adds.tst")
    assert s390emu("test", path)[:2] == (0, f"passed  {path}: adds\n1 passed\n")
    assert s390emu("test", path, "--engine", "step", "--tlb", "off")[0] == 0
    code, _, err = s390emu("test", path, "--bless")
    assert (code, path.read_text()) == (1, SCRIPT)
    assert "not blessed: a Hercules test script" in err


@pytest.mark.parametrize("spoilt, code, told", [
    (("*Gpr 1 5", "*Gpr 1 6"), 1, "adds.tst:7: r1: expected 0x6, is 0x5"),
    (("gpr\n", "gprs\n"), 2, 'adds.tst:6:1: error: command "gprs" is not known; did you mean "gpr"?'),
], ids=["comparison", "command"])  # fmt: skip
def test_what_is_wrong_with_a_hercules_script_has_its_exit_code_and_line(s390emu, source, spoilt, code, told):
    found, out, err = s390emu("test", source(SCRIPT.replace(*spoilt), "adds.tst"))
    assert found == code
    assert told in out + err


def test_no_traces(s390emu, tmp_path):
    refused(s390emu("test", tmp_path), "no *.trace")


def test_firmware_that_loops(s390emu, source):
    code, _, err = s390emu("run", source(FOREVER), "--limit", "100000")
    assert code == 4
    assert "instruction limit" in err
    assert "last branches" in err
    code, _, err = s390emu("run", source(FOREVER), "--timeout", "0.2")
    assert code == 4
    assert "time limit" in err


def test_guest_that_ends_with_an_error_code(s390emu, source):
    code, _, err = s390emu("run", source(ENDS_WITH.format(code=0x11)))
    assert code == 3
    assert "disabled wait, code 0x11" in err
    assert "r12" in err


def test_interruption_loop(s390emu, source):
    code, _, err = s390emu("run", source("start: .short 0\n"))
    assert code == 3
    assert "interruption loop" in err


def test_guest_that_hints_its_own_prefix_area_away(s390emu, source):
    guest = "start: lghi %r1,0\n essa %r2,%r1,2\n .short 0\n"
    code, _, err = s390emu("run", source(guest), "--unused-access", "always")
    assert code == 3
    assert "ESSA-LOWCORE" in err


def test_program_larger_than_a_host_without_paging(s390emu, source):
    large = source(".fill 20*4096,1,1\n" + HELLO)
    refused(s390emu("run", large, "--frames", "16", "--paging", "none"), "does not fit", "or a paging device")


def test_firmware_that_floods_the_console(s390emu, source):
    code, out, err = s390emu("run", source(FLOOD))
    assert code == 3
    assert "console flooded" in err
    assert len(out) == 1 << 20


def test_paging_directory_that_cannot_be_used(s390emu, source):
    refused(s390emu("run", source(HELLO), "--paging", "/nonexistent"), "/nonexistent")


def test_internal_error_leaves_a_replay_file(s390emu, source, monkeypatch, tmp_path):
    import s390emu.commands.run as command

    path = source(HELLO)
    with monkeypatch.context() as patch:
        patch.setattr(command, "build", lambda *_: 1 // 0)
        code, _, err = s390emu("run", path)
    assert code == 70
    (replay,) = tmp_path.glob("*.replay.json")
    assert str(replay) in err
    path.unlink()
    code, _, err = s390emu("run", "--replay", replay)
    assert code == 0
    assert "after 2 instructions" in err
    refused(s390emu("run", "--replay", source("{}", "x.json")), "not a replay file")
    replay.write_text(json.dumps(json.loads(replay.read_text()) | {"inputs": None}))
    refused(s390emu("run", "--replay", replay), "not a replay file of this version")
    refused(s390emu("run", "--replay", replay, "--sanitize", "pages"), "leave out the other options")


def test_ctrl_c(source):
    says_something_first = FLOOD.replace("larl  %r1,wait", "j     .")
    process = start([sys.executable, "-m", "s390emu", "run", source(says_something_first)], stdout=subprocess.PIPE)
    try:
        assert process.stdout.read(1)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
        assert process.returncode == 130
    finally:
        process.kill()


# --- disks -----------------------------------------------------------------------------------------------------------

COPIES = """
        .macro  diag250 list,function
        larl    %r2,\\list
        lghi    %r4,\\function
        diag    %r2,%r4,0x250
        brc     7,bad
        .endm
start:  diag250 first,0
        diag250 second,0
        diag250 fetch,1
        diag250 store,1
        larl    %r1,end
        lpswe   0(%r1)
bad:    larl    %r1,failed
        lpswe   0(%r1)
        .balign 8
first:  .short  0x100,0x8000
        .skip   20
        .long   4096
        .skip   36
second: .short  0x101,0x8000
        .skip   20
        .long   4096
        .skip   36
fetch:  .short  0x100,0x8000
        .skip   20
        .long   0,1,0,0
        .quad   0,entry,0
store:  .short  0x101,0x8000
        .skip   20
        .long   0,1,0,0
        .quad   0,entry2,0
entry:  .quad   0x0200000000000000,2,0x20000
entry2: .quad   0x0100000000000000,1,0x20000
end:    .quad   0x0002000180000000,0
failed: .quad   0x0002000180000000,0xBAD
"""


@pytest.fixture
def disks(tmp_path):
    (tmp_path / "one").write_bytes(b"1" * 4096 + b"2" * 4096)
    (tmp_path / "two").write_bytes(bytes(8192))
    return tmp_path


def test_run_with_disks(s390emu, source, disks):
    code, out, _ = s390emu("run", source(COPIES), "--disk", "one:ro", "--disk", "two", "--service", "ssd", "--json")
    assert code == 0
    assert (disks / "two").read_bytes() == b"2" * 4096 + bytes(4096)
    host = json.loads(out)["host"]
    assert (host["disk_reads"], host["disk_writes"], host["disk_wait"]) == (1, 1, 2 * 108_000)


def test_run_with_a_disk_that_may_not_be_written(s390emu, source, disks):
    code, _, err = s390emu("run", source(COPIES), "--disk", "one", "--disk", "two:ro")
    assert (code, "code 0xbad" in err) == (3, True)
    assert (disks / "two").read_bytes() == bytes(8192)


def test_run_with_a_facility_that_is_asked_for(s390emu, source):
    """A query of KM, which is an operation exception without."""
    path = source("start: la %r1,0x400; lghi %r0,0; km %r2,%r4; larl %r5,1f; lpswe 0(%r5)\n"
                  ".balign 8\n1: .quad 0x2000180000000,0")  # fmt: skip
    assert s390emu("run", path, "--facility", "17", "--facility", "77", "--limit", "10")[0] == 0
    assert s390emu("run", path, "--limit", "10")[0] != 0
    code, _, err = s390emu("run", path, "--facility", "4")
    assert (code, "--facility 4: choose of 11, 17, " in err) == (2, True), err
    assert s390emu("run", path, "--facility", "80")[0] == 2  # not all of it is here
    assert s390emu("run", path, "--facility=-1")[0] == 2  # of the rows that no bit tells


@pytest.mark.parametrize(
    "options, message",
    [
        (["--disk", "three"], "three cannot be a disk: No such file or directory; make a file for it"),
        (["--disk", ":ro"], "write FILE or FILE:ro"),
        (["--disk", "guest.s"], "bytes are no disk"),
        (["--service", "disk"], "invalid choice"),
    ],
)
def test_disks_that_are_none(s390emu, source, disks, options, message):
    code, _, err = s390emu("run", source(COPIES), *options)
    assert (code, message in err) == (2, True), err
