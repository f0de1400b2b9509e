"""`--record` and `s390emu trace`: the command line of recordings."""

from __future__ import annotations

import csv
import json
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import s390emu as s390emu_package
from s390emu._jit import JIT
from s390emu.commands.recordings import opened
from s390emu.regions.modes import NEVER, VARIABLE
from tests import plainly

GUEST = """
start:  larl  %r8,back              # the PSW of supervisor calls
        stg   %r8,0x1c8
        llihl %r8,1
        oilf  %r8,0x80000000
        stg   %r8,0x1c0
        j     main
main:   lghi  %r5,N
        llilf %r1,0x18000
next:   stg   %r5,0(%r1)
        essa  %r2,%r1,3
        svc   7
        brctg %r5,next
        larl  %r1,end
        lpswe 0(%r1)
back:   lpswe 0x140
        .balign 8
end:    .quad 0x0002000180000000,0
"""


@pytest.fixture
def guest(tmp_path):
    """The source of a guest that makes supervisor calls, whose handler returns at once."""
    (tmp_path / "g.s").write_text(GUEST)
    return tmp_path / "g.s"


@pytest.fixture
def recording(s390emu, guest, tmp_path):
    return recorded(s390emu, guest, tmp_path)


def recorded(s390emu, guest, folder, *options):
    path = folder / "g.s390rec"
    code, _, err = s390emu("run", guest, "-D", "N=5", "--ram", "256K", "--record", path, *options)
    assert code == 0, err
    return path


def lines(s390emu, *words) -> list[str]:
    code, out, err = s390emu("trace", *words)
    assert code == 0, err
    return out.splitlines()


def test_stats_say_what_there_is(s390emu, recording):
    told = "\n".join(lines(s390emu, "stats", recording))
    assert "s390emu" in told
    assert "ended           disabled wait, PSW 0002000180000000 0000000000000000" in told
    told = json.loads("\n".join(lines(s390emu, "stats", recording, "--json")))
    assert told["schema"] == "s390emu.recording/1"
    assert told["options"]["ram"] == 256 << 10
    assert [each["count"] for each in told["checkpoints"]] == [0, told["last"]]


@pytest.mark.parametrize("options", [("--facility", "129", "--facility", "148"), ("--model", "z13")])
def test_a_guest_is_recorded_on_the_machine_that_was_asked_for(s390emu, guest, tmp_path, options):
    path = tmp_path / "g.s390rec"
    assert s390emu("run", guest, "-D", "N=5", "--ram", "256K", *options, "--record", path)[0] == 0
    assert lines(s390emu, "diff", path)
    with opened(path) as recording:
        facilities = int(recording.machine().storage.record.facilities[2])
        assert facilities >> 63 - 129 % 64 & 1


def test_show_executes_the_recorded_run_again(s390emu, recording, guest, tmp_path):
    shown = lines(s390emu, "show", recording, "--kinds", "insn,interruption,page")
    live = tmp_path / "live"
    kinds = "insn,interruption,page"
    s390emu("run", guest, "-D", "N=5", "--ram", "256K", "--trace", kinds, "--trace-to", live)
    assert shown == live.read_text().splitlines()


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        pytest.param(["--from", "next", "--count", "2"], ["stg", "essa"] * 5, id="each-time"),
        pytest.param(["--from", "next", "--until", "next"], ["stg"] * 5, id="one-instruction"),
        pytest.param(["--from", "8", "--until", "10"], ["stg", "essa"], id="by-number"),
        pytest.param(["--until", "main"], ["larl", "stg", "llihl", "oilf", "stg", "j", "lghi"], id="until"),
        pytest.param(["--from", "8", "--count", "3"], ["stg", "essa", "svc"], id="count"),
        pytest.param(["--from", "back", "--until", "back"], ["lpswe"] * 5, id="a-handler"),
        pytest.param(["--range", "0x10000-0x10005"], ["larl"], id="range"),
        pytest.param(["--cpu", "0", "--count", "1"], ["larl"], id="cpu"),
    ],
)
def test_a_part_is_chosen_alike_in_show_and_in_the_live_trace(s390emu, recording, guest, tmp_path, options, wanted):
    shown = lines(s390emu, "show", recording, "--kinds", "insn", *options)
    assert [line.split(": ")[1].split()[0] for line in shown] == wanted
    live = tmp_path / "live"
    words = [word.replace("--", "--trace-") for word in options]
    code, _, err = s390emu("run", guest, "-D", "N=5", "--ram", "256K", "--trace", "insn", "--trace-to", live, *words)
    assert code == 0, err
    assert live.read_text().splitlines() == shown


def test_an_export_that_is_cut_short_is_told(s390emu, recording):
    words = "export", recording, "--format", "csv", "--kinds", "interruption", "--lines"
    code, out, err = s390emu("trace", *words, 4)
    assert (code, len(out.splitlines())) == (0, 2 + 4)
    assert err == "trace: the limit of 4 rows is reached, no more are written (--lines)\n"
    assert s390emu("trace", *words, 5)[2] == ""


@pytest.mark.parametrize("place", ["0x10001", "999"])
def test_a_part_that_the_guest_never_comes_to_is_told(s390emu, guest, place):
    code, _, err = s390emu("run", guest, "-D", "N=5", "--ram", "256K", "--trace", "insn", "--trace-from", place)
    assert code == 0
    assert err.splitlines()[0] == f"trace: the guest did not come to {place}"


def test_a_part_of_a_recording_that_the_guest_never_comes_to_is_told(s390emu, recording):
    code, out, err = s390emu("trace", "show", recording, "--from", "0x10001")
    assert (code, out, err) == (0, "", "trace: the guest did not come to 0x10001\n")


def test_branches_are_a_kind(s390emu, recording):
    shown = lines(s390emu, "show", recording, "--kinds", "branches", "--from", "next")
    assert len(shown) == 4  # BRCTG; to load a PSW is no branch
    assert "<next>" in shown[0]


def test_a_recording_is_the_same_as_its_rerun(s390emu, recording):
    code, out, _ = s390emu("trace", "diff", recording)
    assert (code, out.splitlines()[-1][:9]) == (0, "the same,")


def test_diff_shows_the_two_instructions_and_registers_side_by_side(s390emu, recording, guest, tmp_path):
    other = tmp_path / "other.s390rec"
    s390emu("run", guest, "-D", "N=5", "--ram", "256K", "--unused-access", "always", "--record", other)
    code, out, _ = s390emu("trace", "diff", recording, other)
    assert code == 0, out  # nothing is unused in it
    s390emu("run", guest, "-D", "N=5", "--ram", "256K", "--no-essa", "--record", other)
    code, out, _ = s390emu("trace", "diff", recording, other)
    assert code == 1
    assert "the same after 9 instructions; then" in out
    assert "essa" in out
    assert "<-- differs" in out


def test_diff_of_programs_that_differ_says_where(s390emu, recording, guest, tmp_path):
    other = tmp_path / "other.s390rec"
    s390emu("run", guest, "-D", "N=6", "--ram", "256K", "--record", other)
    code, out, _ = s390emu("trace", "diff", recording, other, "--json")
    told = json.loads(out)
    assert (code, told["same"], told["divergence"]["count"]) == (1, False, -1)
    assert any(each["where"].startswith("memory") for each in told["divergence"]["differences"])


def test_export_to_perfetto_has_tracks_spans_and_counters(s390emu, recording, tmp_path):
    path = tmp_path / "p.json"
    assert s390emu("trace", "export", recording, "-o", path)[0] == 0
    events = json.loads(path.read_text())["traceEvents"]
    spans = [event for event in events if event["ph"] == "X"]
    assert [span["name"] for span in spans] == ["handler of supervisor call 0007"] * 5
    assert [span["dur"] for span in spans] == [pytest.approx(0.001)] * 5
    names = {event["args"]["name"] for event in events if event["ph"] == "M"}
    assert names == {"guest", "CPU 0", "host"}
    last = [event for event in events if event["name"] == "blocks by usage"][-1]
    assert last["args"] == {"stable": 63, "unused": 0, "potentially volatile": 0, "volatile": 1}


def test_export_to_perfetto_of_parts_counts_blocks_right_in_each(s390emu, recording, tmp_path):
    path = tmp_path / "p.json"
    assert s390emu("trace", "export", recording, "-o", path, "--from", "back", "--count", "1")[0] == 0
    events = json.loads(path.read_text())["traceEvents"]
    volatile = [event["args"]["volatile"] for event in events if event["name"] == "blocks by usage"]
    assert volatile == [0, 1, 1, 1, 1, 1]  # at the start, and where each part begins


def test_perfettos_events_have_what_the_format_wants(s390emu, recording, tmp_path):
    """Chrome's Trace Event Format: phases, their fields, spans of a track one within another."""
    path = tmp_path / "p.json"
    assert s390emu("trace", "export", recording, "-o", path)[0] == 0
    content = json.loads(path.read_text())
    assert content["displayTimeUnit"] in ("ms", "ns")
    fields = {"M": {"args"}, "i": {"s"}, "X": {"dur"}, "C": {"args"}}
    ends: dict[int, list[float]] = {}
    for event in sorted(content["traceEvents"], key=lambda event: (event["ts"], -event.get("dur", 0))):
        assert event.keys() >= {"name", "ph", "pid", "tid", "ts"} | fields[event["ph"]]
        assert event["pid"] and event["tid"], "0 is that of an idle processor"
        if event["ph"] == "C":
            assert all(isinstance(value, int) for value in event["args"].values())
        if event["ph"] == "i":
            assert event["s"] in "gpt"
        if event["ph"] == "X":
            around = ends.setdefault(event["tid"], [])
            while around and around[-1] <= event["ts"]:
                around.pop()
            assert not around or event["ts"] + event["dur"] <= around[-1]
            around.append(event["ts"] + event["dur"])


def test_export_as_a_commit_log_has_registers_and_stores(s390emu, recording):
    out = lines(s390emu, "export", recording, "--format", "spike", "--from", "next", "--count", "2", "--lines", "2")
    assert out[0].startswith("core   0: 1 0x00000000000100")
    assert out[0].endswith("(0xe35010000024) mem 0x0000000000018000 0x0000000000000005")
    assert "(0xb9ab3021)" in out[1]


def test_export_in_qemus_shape_has_registers_and_interruptions(s390emu, recording):
    out = lines(s390emu, "export", recording, "--format", "qemu")
    assert out[0] == "PSW=mask 0000000180000000 addr 0000000000010000 cc 00"
    assert out[1].startswith("R00=0000000000000000 R01=")
    assert sum(line.startswith("supervisor call interruption: code=0x7 ilen=2 ") for line in out) == 5


def test_export_to_csv_has_the_documented_columns(s390emu, recording):
    out = lines(s390emu, "export", recording, "--format", "csv", "--kinds", "interruption,page,branches")
    assert out[0] == "# s390emu.columns/1"
    rows = [*csv.DictReader(out[1:])]
    assert [row["kind"] for row in rows].count("branch") == 5  # J, and BRCTG but the last one
    rows = [*csv.DictReader(lines(s390emu, "export", recording, "--format", "csv")[1:])]
    assert {row["kind"] for row in rows} == {"essa", "host", "interruption"}
    out = lines(s390emu, "export", recording, "--format", "csv", "--kinds", "insn", "--from", "next", "--count", "1")
    rows = [*csv.DictReader(out[1:])]
    assert [row["stores"] for row in rows] == [f"0x18000={n:016x}" for n in range(5, 0, -1)]


def test_export_to_parquet_has_the_same(s390emu, recording, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is an extra: s390emu[parquet]")
    code, _, err = s390emu("trace", "export", recording, "--format", "parquet", "-o", tmp_path / "x")
    assert code == 0, err
    table = parquet.read_table(tmp_path / "x")
    assert table.column_names[:3] == ["count", "cpu", "kind"]
    assert table.num_rows > 10


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["show", "{}", "--from", "nowhere"], "no symbol"),
        (["show", "{}", "--from", "1_000_000"], "instruction 1,000,000"),
        (["show", "{}", "--cpu", "3"], "there is no CPU 3"),
        (["show", "{}", "{}"], "1 recording, not 2"),
        (["show", "{}", "-o", "x"], "--output is for export"),
        (["export", "{}", "--format", "parquet"], "give --output FILE"),
        (["show", "/nonexistent"], "No such file"),
        (["show", __file__], "not a recording"),
        (["shwo", "{}"], "invalid choice"),
    ],
)
def test_what_cannot_be_shown_is_told_in_a_line(s390emu, recording, words, told):
    code, _, err = s390emu("trace", *(word.format(recording) for word in words))
    assert code == 2
    assert told in err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--record-last", "5"], "give --record FILE too"),
        (["--record", "x", "--disk", "y"], "--record and --disk"),
        (["--record", "x", "--adversary", "random:1"], "--record and --adversary"),
        (["--record", "/nonexistent/x"], "No such file"),
        (["--trace-from", "start"], "give --trace KINDS too"),
        (["--trace", "insn", "--trace-from", "-5"], "from -5: below zero"),
        (["--trace", "insn", "--trace-from", "9", "--trace-until", "9"], "there is nothing between them"),
    ],
)
def test_what_cannot_be_recorded_is_told_in_a_line(s390emu, guest, words, told):
    code, _, err = s390emu("run", guest, "-D", "N=5", *words)
    assert code == 2
    assert told in err


def test_a_cut_recording_is_read_up_to_its_last_checkpoint(s390emu, recording):
    recording.write_bytes(recording.read_bytes()[:-200])
    code, out, err = s390emu("trace", "stats", recording)
    assert code == 0
    assert "cut off" in err
    assert "not whole" in out


@pytest.mark.skipif(not JIT, reason="the toy kernel takes minutes un-jitted")
def test_the_demo_is_recorded_and_is_its_rerun(s390emu, tmp_path):
    tunables = ["-D", "PASSES=1", "-D", "STEPS=20", "-D", "CACHE_BLOCKS=8"]
    code, _, err = s390emu("demo", *tunables, "--record", tmp_path / "d")
    assert code == 0, err
    assert s390emu("trace", "diff", tmp_path / "d")[0] == 0


def test_killed_while_recording_it_leaves_a_file_that_can_be_read(tmp_path, s390emu):
    (tmp_path / "loop.s").write_text("start: aghi %r2,1\n stg %r2,0x800\n j start\n")
    path = tmp_path / "k.s390rec"
    words = [sys.executable, "-m", "s390emu", "run", tmp_path / "loop.s", "--ram", "256K", "--record", path]
    child = subprocess.Popen(words, env=plainly.environment(), stderr=subprocess.DEVNULL)
    try:
        end = time.monotonic() + 120
        while time.monotonic() < end and not (path.exists() and path.stat().st_size > 7000):
            time.sleep(0.2)
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait()
    code, out, _ = s390emu("trace", "stats", path, "--json")
    assert code == 0
    told = json.loads(out)
    assert told["cut"]
    assert told["last"] >= 50_000
    code, out, err = s390emu("trace", "diff", path)
    assert (code, out) == (0, f"the same, for {told['last']:,} instructions\n")
    assert f"it reads up to instruction {told['last']:,}" in err


def test_a_full_disk_ends_the_recording_and_not_the_run(guest, s390emu):
    code, _, err = s390emu("run", guest, "-D", "N=5", "--record", "/dev/full")
    assert code == 0
    assert "s390emu: the recording ends at instruction 0: /dev/full: No space left on device" in err


def test_a_file_that_may_not_grow_any_more_is_read_as_far_as_it_goes(recording, guest, s390emu, tmp_path):
    path = tmp_path / "f.s390rec"
    most = json.loads("\n".join(lines(s390emu, "stats", recording, "--json")))["start_bytes"] + 800
    words = [sys.executable, "-m", "s390emu", "run", guest, "-D", "N=3_000", "--ram", "256K", "--record", path]
    done = subprocess.run(words, env=plainly.environment(), capture_output=True, text=True, check=True,
                          preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (most, most)))  # fmt: skip
    assert f"{path}: File too large" in done.stderr
    code, out, err = s390emu("trace", "stats", path, "--json")
    assert (code, "cut off" in err) == (0, True)
    assert 5_000 <= json.loads(out)["last"] < 15_010


@pytest.fixture
def other_build(tmp_path):
    """A copy of the sources in which OR IMMEDIATE (low) leaves out a bit."""
    source = Path(s390emu_package.__file__).parent
    copy = tmp_path / "checkout"
    shutil.copytree(source, copy / "s390emu", ignore=shutil.ignore_patterns("__pycache__"))
    broken = copy / "s390emu/isa/general/logical.py"
    right = "set_selected(cpu, r1, cpu.gr[r1] | i2, BITS_32_63)"
    assert broken.read_text().count(right) == 1
    broken.write_text(broken.read_text().replace(right, right.replace("i2", "(i2 & ~u64(1 << 31))")))
    return copy


@pytest.fixture
def interpreted(s390emu, guest, tmp_path):
    """A recording that processes which compile nothing can execute, however this one translates."""
    return recorded(s390emu, guest, tmp_path, "--translate", NEVER)


@pytest.fixture
def unjitted(monkeypatch):
    """Processes that are started now compile nothing."""
    monkeypatch.delenv(VARIABLE, raising=False)
    for name, value in plainly.NOT_COMPILED.items():
        monkeypatch.setenv(name, value)


def test_an_instruction_that_another_build_executes_differently_is_found(s390emu, interpreted, other_build, unjitted):
    code, out, err = s390emu("trace", "diff", interpreted, "--build", other_build)
    assert code == 1, err
    told = out.splitlines()
    assert told[0] == "the same after 3 instructions; then"
    assert told[1].startswith("  this build: cpu0")
    assert told[1].endswith("oilf %r8,2147483648")
    assert told[2].startswith(f"  {other_build}: cpu0")
    (differs,) = (line.split() for line in told if "<-- differs" in line and line.split()[0] == "r8")
    assert differs[1:3] == ["0000000180000000", "0000000100000000"]


def test_a_build_that_executes_a_recording_alike_has_no_difference(s390emu, interpreted, unjitted):
    code, out, err = s390emu("trace", "diff", interpreted, "--build", sys.executable)
    assert (code, out[:8]) == (0, "the same"), err


@pytest.mark.parametrize("build", ["/nonexistent", "/bin/true", "/bin/echo"])
def test_what_is_no_build_is_told_in_a_line(s390emu, recording, build):
    code, _, err = s390emu("trace", "diff", recording, "--build", build)
    assert code == 2
    assert f"--build {build}: " in err
