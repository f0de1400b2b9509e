"""--adversary on the command line, and the replay files that it leaves."""

from __future__ import annotations

import errno
import json
import os
import pty
import signal
import subprocess
import sys
import termios

import pytest

from s390emu import cli
from s390emu._jit import JIT
from s390emu.commands import adversary
from s390emu.commands.compilation import FIRST_RUN
from s390emu.guests import toy_kernel
from s390emu.guests.toy_kernel import description, sources
from tests.adversary import planted, two_cpus
from tests.adversary.conftest import SMALL
from tests.interruptible import start

pytestmark = pytest.mark.skipif(not JIT, reason="millions of instructions")



def tunables(**values):
    return ["--ram", "288K", *(word for name, value in values.items() for word in ("-D", f"{name}={value}"))]


KERNEL = tunables(**planted.TINY)


@pytest.fixture
def s390emu(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        with pytest.raises(SystemExit) as exit_:
            cli.main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return exit_.value.code, captured.out, captured.err

    return run


def test_demo_exhaustive(s390emu):
    code, out, err = s390emu("demo", "--adversary", "exhaustive", *KERNEL, "--points", 200, "--jobs", 2)
    assert code == 0
    assert "adversary: exhaustive" in out
    assert "points tried      200" in out
    assert "no run went wrong; there is more to try (--points)" in out
    assert err.removeprefix(f"{FIRST_RUN}\n") == "", "no bar where there is no terminal"
    assert len(out.splitlines()) < 24


def test_demo_json(s390emu):
    words = ("--adversary", "exhaustive", *KERNEL, "--points", 100, "--jobs", 1, "--json")
    code, out, _ = s390emu("demo", *words)
    told = json.loads(out)
    assert code == 0
    assert told["schema"] == "s390emu.adversary/1"
    assert told["tried"] == 100 < told["classes"] < told["points"]
    assert told["tried_per_second"] > 0
    assert told["bug"] is None and told["replay"] is None


def test_demo_random(s390emu):
    code, out, _ = s390emu("demo", "--adversary", "random:5", *KERNEL, "--points", 4, "--jobs", 1)
    assert code == 0
    assert "runs tried        4, seed 5" in out
    assert "reclaim" in out


HINTING = "guest page hinting on"  # what the kernel writes first


def test_random_from_a_text_on(s390emu):
    words = ("demo", "--adversary", "random:5", *KERNEL, "--points", 2, "--jobs", 1, "--json")
    lengths = []
    for more in ((), ("--adversary-from", HINTING)):
        code, out, _ = s390emu(*words, *more)
        assert code == 0
        lengths.append(json.loads(out)["undisturbed"]["instructions"])
    assert 0 < lengths[1] < lengths[0]


def test_a_bug_that_is_found_from_a_text_on_is_replayed_exactly(s390emu, tmp_path):
    words = tunables(**planted.TINY, PLANT=planted.BUGS[planted.EASY])
    code, out, _ = s390emu("demo", *words, "--adversary", "random:1", "--adversary-from", HINTING, "--jobs", 1)
    assert code == 1 and "A BUG" in out
    (path,) = tmp_path.glob("adversary-*.replay.json")
    content = json.loads(path.read_text())
    assert 0 < content["expected"]["start"] <= content["moves"][0][0]
    code, _, err = s390emu("run", "--replay", path)
    assert code == 1 and "exactly the run that was recorded" in err


def test_linux_begins_where_it_is_told_to(s390emu, tmp_path):
    """With a kernel that is no Linux: it ends with a disabled wait."""
    (tmp_path / "kernel.elf").write_bytes(toy_kernel.build(**planted.TINY).to_elf())
    words = ("linux", "--kernel", "kernel.elf", "--ram", "288K", "--points", 2, "--jobs", 1, "--adversary")
    code, out, _ = s390emu(*words, "random:5", "--adversary-from", HINTING)
    assert code == 0 and "runs tried        2, seed 5" in out
    code, _, err = s390emu(*words, "random:5")
    assert code == 2 and "'Run /init as init process' was never written; give --adversary-from TEXT" in err
    code, _, err = s390emu(*words, "random:5", "--limit", 100)
    assert code == 2 and "instruction limit after 100 instructions" in err, "a guest that goes on for ever"
    for more in (["exhaustive"], ["random:5", "--until", "x"], ["random:5", "--trace", "insn"]):
        code, _, err = s390emu(*words, *more)
        assert code == 2 and len(err.splitlines()) == 1


@pytest.mark.parametrize("words", [("--adversary-from", "x"), ("--adversary", "exhaustive", "--adversary-from", "x")])
def test_a_text_to_begin_with_is_for_random_hosts(s390emu, words):
    code, _, err = s390emu("demo", *KERNEL, *words)
    assert code == 2 and "--adversary-from" in err


def test_run_small_guest(s390emu, tmp_path):
    (tmp_path / "small.s").write_text(SMALL)
    code, out, _ = s390emu("run", "small.s", "--adversary", "literal", "--ram", "96K", "--jobs", 1)
    assert code == 0
    assert "no run went wrong" in out


@pytest.mark.parametrize("bug", planted.BUGS.values(), ids=planted.BUGS)
@pytest.mark.parametrize("command", ["demo", "run"])
def test_a_bug_is_kept_and_replayed_exactly(s390emu, command, bug, tmp_path):
    """The kernel as the firmware that everybody has, or as sources like any other."""
    files = sources() if command == "run" else []
    words = tunables(**planted.LARGER, PLANT=bug)
    code, out, _ = s390emu(command, *files, *words, "--adversary", "exhaustive", "--jobs", 2)
    assert code == 1
    assert "A BUG: exit code" in out
    (path,) = tmp_path.glob("adversary-*.replay.json")
    assert str(path.name) in out
    assert path.stat().st_size < (3_000 if command == "demo" else 16_000)
    content = json.loads(path.read_text())
    code, _, err = s390emu("run", "--replay", path)
    assert code == 1
    assert "exactly the run that was recorded" in err
    assert content["fault"] in err
    assert f"after {content['run']['count']:,} instructions" in err
    (move,) = content["moves"]
    assert move[1] == "discard"

    # As it happens, without the host's interference: the same guest is right.
    path.write_text(json.dumps(content | {"moves": []}))
    code, _, err = s390emu("run", "--replay", path)
    assert code == 0
    assert "NOT the run that was recorded" in err
    assert "nothing is wrong" in err


def test_a_replay_can_be_traced(s390emu, tmp_path):
    words = tunables(**planted.TINY, PLANT=planted.BUGS[planted.EASY])
    assert s390emu("demo", *words, "--adversary", "exhaustive", "--jobs", 1)[0] == 1
    (path,) = tmp_path.glob("adversary-*.replay.json")
    code, _, err = s390emu("run", "--replay", path, "--trace", "page", "--trace-to", "log")
    assert code == 1
    assert "exactly" in err
    log = (tmp_path / "log").read_text()
    assert "host reclaim, discarded" in log


def test_bug_is_told_though_its_replay_file_cannot_be_written(s390emu, tmp_path, monkeypatch):
    (tmp_path / "small.s").write_text(SMALL.replace("essa  %r0,%r8,1", "br %r8"))
    words = ("run", "small.s", "--adversary", "exhaustive", "--ram", "96K", "--jobs", 1)
    monkeypatch.setattr(adversary, "replace_file", no_space)
    code, out, err = s390emu(*words, "--paging", "none")
    assert code == 1
    assert "A BUG: " in out and "replay file:" not in out
    assert err.count("cannot be written: No space left on device") == 2
    assert not list(tmp_path.glob("*.json"))
    code, out, _ = s390emu(*words, "--paging", "none", "--json")
    assert (code, json.loads(out)["replay"]) == (1, None)


def no_space(path, text):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))


def test_another_firmware_is_not_taken_for_the_recorded_one(s390emu, tmp_path):
    words = tunables(**planted.TINY, PLANT=planted.BUGS[planted.EASY])
    assert s390emu("demo", *words, "--adversary", "exhaustive", "--jobs", 1)[0] == 1
    (path,) = tmp_path.glob("adversary-*.replay.json")
    content = json.loads(path.read_text())
    content["program"]["digest"] = "0" * 64
    path.write_text(json.dumps(content))
    code, _, err = s390emu("run", "--replay", path)
    assert code == 2
    assert "another version of the firmware" in err


@pytest.mark.parametrize(
    "words, message",
    [
        (["--adversary", "sometimes"], "write exhaustive, literal or random:SEED"),
        (["--adversary", "random"], "write exhaustive, literal or random:SEED"),
        (["--adversary", "random:x"], "'x' is not a number"),
        (["--adversary", "exhaustive", "--points", "0"], "0 is not above zero"),
        (["--adversary", "exhaustive", "--frames", "40", *KERNEL], "40 frames for 72 blocks"),
        (["--adversary", "exhaustive", "--paging", "none", "--adversary-actions", "all"], "can only discard"),
        (["--adversary", "exhaustive", "--service", "ssd", "--adversary-actions", "all"], "where paging takes time"),
        (["--adversary", "exhaustive", *KERNEL, "-D", "CACHE_BLOCKS=7"], "CACHE_BLOCKS must be at least 8"),
        (["--adversary", "exhaustive", "--ram", "64K"], "0x24000"),
        (["--adversary", "exhaustive", "--sanitize-guest", "x"], "one of them at a time"),
        (["--adversary", "exhaustive", "--timeline", "all"], "--timeline and --adversary"),
        (["--points", "5"], "--points 5: give --adversary MODE too"),
        (["--jobs", "5"], "--jobs 5: give --adversary MODE too"),
        (["--adversary-actions", "all"], "--adversary-actions all: give --adversary MODE too"),
    ],
    ids=lambda value: " ".join(value[1:4]) if isinstance(value, list) else "",
)
def test_refusals(s390emu, words, message):
    code, _, err = s390emu("demo", *words)
    assert code == 2
    assert message in err or "--ram 64K" in " ".join(words)


@pytest.mark.parametrize(
    "change",
    [
        {"moves": [[1, "eat", 3]]},
        {"moves": [[1, "discard", 0x3000]]},
        {"moves": [[5, "discard"]]},
        {"moves": [[5, "discard", 1 << 40]]},
        {"moves": [[5, "run-cpu", 1]]},
        {"program": {}},
        {"program": {"packed": "no"}},
        {"machine": {"ram": -1}},
        {"expected": None},
    ],
    ids=str,
)
def test_replay_files_that_are_none(s390emu, tmp_path, change):
    (tmp_path / "small.s").write_text(SMALL.replace("essa  %r0,%r8,1", "br %r8"))
    assert s390emu("run", "small.s", "--adversary", "exhaustive", "--ram", "96K", "--jobs", 1)[0] == 1
    (path,) = tmp_path.glob("adversary-*.replay.json")
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    code, _, err = s390emu("run", "--replay", path)
    assert code == 2
    assert str(path) in err or "--ram" in err
    assert len(err.strip().splitlines()) == 1


@pytest.mark.parametrize("words, message", [
    (["--points", "5"], "--points 5: give --adversary MODE too"),
    (["--adversary", "exhaustive", "--trace", "insn"], "--trace is for a single run"),
    (["--adversary", "exhaustive", "--timeout", "1"], "--timeout is for a single run"),
    (["--replay", "x"], "leave out sources"),
], ids=lambda value: " ".join(value) if isinstance(value, list) else "")  # fmt: skip
def test_refusals_of_run(s390emu, tmp_path, words, message):
    (tmp_path / "small.s").write_text(SMALL)
    code, _, err = s390emu("run", "small.s", *words)
    assert code == 2
    assert message in err


def test_a_replay_takes_nothing_that_the_file_says(s390emu):
    for words in (["--ram", "1M"], ["--limit", "9"], ["--adversary", "literal"], ["--seed", "5"], ["-D", "A=1"]):
        code, _, err = s390emu("run", "--replay", "x", *words)
        assert code == 2
        assert "the file says what is run, and how; leave out --" in err


@pytest.mark.parametrize("command", ["demo", "run"])
def test_a_replay_can_be_sanitized(s390emu, command, tmp_path):
    """The rule is told whose breaking the adversary has made to hurt."""
    words = tunables(**planted.TINY, PLANT=planted.BUGS[planted.EASY])
    files = sources() if command == "run" else []
    assert s390emu(command, *files, *words, "--adversary", "exhaustive", "--jobs", 1)[0] == 1
    (path,) = tmp_path.glob("adversary-*.replay.json")
    described = [] if command == "demo" else ["--sanitize-guest", description()]
    code, _, err = s390emu("run", "--replay", path, "--sanitize", "pages", *described)
    assert code == 1
    assert "exactly the run that was recorded" in err
    assert "lost-discard" in err
    code, out, _ = s390emu("run", "--replay", path, "--sanitize", "pages", *described, "--json")
    assert code == 1
    assert json.loads(out)["sanitizer"]["counts"]["lost-discard"]


DISK = """
        .set request,0x3000
start:  larl  %r1,list
        lghi  %r2,0
        diag  %r1,%r2,0x250
        larl  %r1,transfer
        lghi  %r2,1
        diag  %r1,%r2,0x250
        larl  %r6,buffer
        essa  %r0,%r6,3
        lghi  %r5,2
1:      brctg %r5,1b
        lg    %r7,0(%r6)
        larl  %r4,end
        lpswe 0(%r4)
        .balign 64
list:   .short 0x0100
        .byte 0x80
        .skip 21
        .long 4096
        .quad 0
        .skip 28
        .balign 64
transfer:
        .short 0x0100
        .byte 0x80
        .skip 21
        .byte 0,0,0,0
        .long 1
        .quad 0
        .quad 0
        .quad entry
        .skip 8
        .balign 16
entry:  .byte 1
        .skip 7
        .quad 1
        .quad buffer
        .quad 0
        .balign 8
end:    .quad 0x0002000180000000,0
        .balign 4096
buffer: .ascii "written!"
        .skip 4088
"""


def test_disks_are_left_alone(s390emu, tmp_path):
    (tmp_path / "disk").write_bytes(bytes(8192))
    (tmp_path / "guest.s").write_text(DISK)
    code, _, err = s390emu("run", "guest.s", "--adversary", "literal", "--ram", "96K", "--disk", "disk", "--jobs", 1)
    assert code == 1, err  # no handler: the discarded buffer is missed
    assert (tmp_path / "disk").read_bytes() == bytes(8192)
    (path,) = tmp_path.glob("adversary-*.replay.json")
    code, _, err = s390emu("run", "--replay", path)
    assert (code, "exactly" in err) == (1, True)
    assert (tmp_path / "disk").read_bytes() == bytes(8192)
    assert s390emu("run", "guest.s", "--ram", "96K", "--disk", "disk")[0] == 0
    assert (tmp_path / "disk").read_bytes().startswith(b"written!")
    code, _, err = s390emu("run", "--replay", path)
    assert (code, "exactly" in err) == (1, True)  # the disk is in the file, as it was


@pytest.fixture
def without_disks(s390emu, tmp_path):
    """A replay file that says which disks there were, and nothing more: as earlier versions wrote it."""
    (tmp_path / "disk").write_bytes(bytes(8192))
    (tmp_path / "guest.s").write_text(DISK)
    assert s390emu("run", "guest.s", "--adversary", "literal", "--ram", "96K", "--disk", "disk", "--jobs", 1)[0] == 1
    (path,) = tmp_path.glob("adversary-*.replay.json")
    content = json.loads(path.read_text())
    del content["disk_contents"]
    path.write_text(json.dumps(content))
    return path


def test_disks_that_are_not_in_the_file_are_given_by_the_user(s390emu, without_disks, tmp_path):
    code, _, err = s390emu("run", "--replay", without_disks)
    assert code == 2
    assert "its disks (disk) are not in it; give a --disk FILE for each" in err
    (tmp_path / "disk").rename(tmp_path / "elsewhere")
    code, _, err = s390emu("run", "--replay", without_disks, "--disk", "elsewhere")
    assert (code, "exactly" in err) == (1, True)
    assert (tmp_path / "elsewhere").read_bytes() == bytes(8192)
    (tmp_path / "elsewhere").write_bytes(b"x" * 8192)
    code, _, err = s390emu("run", "--replay", without_disks, "--disk", "elsewhere")
    assert code == 2
    assert "not the content that the disks had" in err


def test_ctrl_c_says_what_was_tried(tmp_path):
    """Pressed at a terminal, when the bar there has shown that the search is under way."""
    words = [sys.executable, "-m", "s390emu", "demo", "--adversary", "exhaustive", "--points", "1000000", "--jobs", "2"]
    ours, terminal = pty.openpty()
    termios.tcsetwinsize(terminal, (24, 100))
    process = start([*words, *KERNEL], stdout=subprocess.PIPE, stderr=terminal, text=True, start_new_session=True)
    os.close(terminal)
    try:
        shown = b""
        while b" points/s" not in shown:
            shown += os.read(ours, 4096)  # OSError: it has ended
        os.killpg(process.pid, signal.SIGINT)
        out, _ = process.communicate(timeout=60)
    finally:
        process.kill()
        os.close(ours)
    assert process.returncode == 130
    assert "interrupted; nothing was lost in what was tried" in out
    assert "tried per second" in out


# --- several CPUs -----------------------------------------------------------------------------------------------------

TWO = ("--cpus", 2, "--ram", "128K")


def test_a_schedule_that_loses_an_update_is_kept_and_replayed_exactly(s390emu, tmp_path):
    (tmp_path / "two.s").write_text(two_cpus.source(two_cpus.LOAD_AND_STORE))
    code, out, _ = s390emu("run", "two.s", *TWO, "--adversary", "exhaustive", "--jobs", 1)
    assert code == 1
    assert "run-cpu 1" in out and "CPU 0 running" in out
    (path,) = tmp_path.glob("adversary-*.replay.json")
    content = json.loads(path.read_text())
    ((_, verb, cpu),) = content["moves"]
    assert (verb, cpu) == ("run-cpu", 1)
    code, _, err = s390emu("run", "--replay", path)
    assert code == 1
    assert "exactly the run that was recorded" in err


def test_coverage_of_several_cpus(s390emu, tmp_path):
    (tmp_path / "two.s").write_text(two_cpus.source())
    words = ("run", "two.s", *TWO, "--adversary", "exhaustive", "--preemptions", 1, "--jobs", 1)
    code, out, _ = s390emu(*words)
    assert code == 0
    assert "no run went wrong\n" in out
    assert "1 preemption, 1 discard: " in out
    code, out, _ = s390emu(*words, "--json", "--discards", 0)
    told = json.loads(out)
    assert code == 0 and told["complete"]
    (level,) = told["levels"]
    assert (level["preemptions"], level["discards"]) == (1, 0)
    assert level["tried"] < level["interleavings"]
    assert 1 < told["outcomes"] <= level["tried"]


def test_a_random_schedule_on_the_command_line(s390emu, tmp_path):
    (tmp_path / "two.s").write_text(two_cpus.source())
    code, out, _ = s390emu("run", "two.s", *TWO, "--adversary", "random:3", "--points", 5, "--jobs", 1)
    assert code == 0
    assert "run-cpu" in out


@pytest.mark.parametrize(
    "words, message",
    [
        (["--schedule", "4"], "--schedule 4: the search tries all schedules"),
        (["--quantum", "40"], "a quantum of 40 instructions preempts by itself"),
        (["--preemptions", "-1"], "-1 is below zero"),
    ],
    ids=str,
)
def test_refusals_with_several_cpus(s390emu, tmp_path, words, message):
    (tmp_path / "two.s").write_text(two_cpus.source())
    code, _, err = s390emu("run", "two.s", *TWO, "--adversary", "exhaustive", *words)
    assert code == 2
    assert message in err


def test_preemptions_are_for_several_cpus(s390emu):
    code, _, err = s390emu("demo", "--adversary", "exhaustive", "--preemptions", 1)
    assert code == 2
    assert "--preemptions 1: for a search of several CPUs" in err


def test_a_replay_can_be_recorded(s390emu, tmp_path):
    words = tunables(**planted.TINY, PLANT=planted.BUGS[planted.EASY])
    s390emu("demo", *words, "--adversary", "exhaustive", "--jobs", 1)
    (path,) = tmp_path.glob("adversary-*.replay.json")
    code, _, err = s390emu("run", "--replay", path, "--record", "r.s390rec")
    assert code == 1 and "exactly the run that was recorded" in err
    (move,) = json.loads(path.read_text())["moves"]
    code, out, _ = s390emu("trace", "stats", "r.s390rec", "--json")
    assert (code, json.loads(out)["inputs"]) == (0, {move[1]: 1})
    assert s390emu("trace", "diff", "r.s390rec")[0] == 0
