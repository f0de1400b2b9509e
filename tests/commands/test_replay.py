"""Replay files of commands: a stranger's file reads what is inside it, and writes nothing."""

from __future__ import annotations

import base64
import gc
import json
import os
import zlib

import pytest

from s390emu.commands import overcommit, replay, run
from s390emu.commands.registry import COMMANDS, command_parser
from s390emu.commands.replay import REPLAYED, SCHEMA, packed
from tests.farm import pretended

ENDS = """
start:  larl %r1,end
        lpswe 0(%r1)
        .balign 8
end:    .quad 0x0002000180000000,0
"""
STORES = """
start:  larl  %r1,list
        lghi  %r2,0
        diag  %r1,%r2,0x250
        larl  %r1,transfer
        lghi  %r2,1
        diag  %r1,%r2,0x250
        larl  %r4,end
        lpswe 0(%r4)
        .balign 64
list:   .short 0x0100,0x8000
        .skip 20
        .long 4096
        .skip 36
transfer: .short 0x0100,0x8000
        .skip 20
        .long 0,1,0,0
        .quad 0,entry,0
entry:  .quad 0x0200000000000000,1,0x20000
        .balign 8
end:    .quad 0x0002000180000000,0
"""
TRACE = ".trace x\n.text\nstart: svc 0\n.expect\n  r1 = 5\n"
SECRET = "wrong secret\n"


@pytest.fixture
def victim(tmp_path):
    """A folder with files of whoever replays, none of which is named on the command line."""
    folder = tmp_path / "home"
    folder.mkdir()
    (folder / "file").write_text(SECRET)
    (folder / "disk").write_bytes(bytes(8192))
    (folder / "x.trace").write_text(TRACE)
    return folder


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    """The only folder for temporary files."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(replay.tempfile, "tempdir", str(folder))
    return folder


def everything_below(folder):
    """Names, contents and kinds."""
    return {path: path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


@pytest.fixture
def replayed(s390emu, tmp_path, victim, temporary, monkeypatch):
    """Replay a file that says these words, and hold that nothing outside was written: -> code, stdout, stderr."""
    monkeypatch.setattr(overcommit, "_runner", lambda linux: pretended.run_cell)

    def do(words, contents=None, *options, **more):
        contents = {"a.s": ENDS, "x.trace": TRACE} | (contents or {})
        coded = {str(name): base64.b64encode(text.encode()).decode() for name, text in contents.items()}
        arguments = [*map(str, words)]
        content = {"schema": SCHEMA, "version": "0", "arguments": arguments, "inputs": coded, "error": []} | more
        path = tmp_path / "x.replay.json"
        path.write_text(json.dumps(content))
        before = everything_below(tmp_path)
        result = s390emu("run", "--replay", path, *options)
        gc.collect()  # a machine that is not used any more takes its paging file with it
        assert everything_below(tmp_path) == before
        assert result[0] != 70, result[2]
        return result

    return do


# --- it writes nothing -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", [
    ["asm", "a.s", "-o", "{file}"],
    ["asm", "a.s", "--output={file}", "--format", "bin"],
    ["run", "a.s", "--trace", "insn", "--trace-to", "{file}"],
    ["test", "x.trace", "--junit", "{file}"],
    ["test", "x.trace", "--bless"],
    ["chunks", "--fraction", "0.5", "--run", "4", "--csv", "{file}"],
    ["overcommit", "--guests", "1", "--ratio", "2", "--policy", "none", "-o", "{home}"],
    ["overcommit", "--guests", "1", "--ratio", "2", "--policy", "none"],
    ["run", "a.s", "--paging", "{home}"],
], ids=" ".join)  # fmt: skip
def test_what_the_command_writes_is_thrown_away(replayed, victim, words):
    words = [word.format(file=victim / "file", home=victim) for word in words]
    code, _, err = replayed(words)
    assert code in (0, 1)
    assert ("is not kept" in err) == (words[0] != "run" or "--trace" in words) or "--bless" in words


@pytest.mark.parametrize("name", ["{file}", "../home/file", "../../../../../../../..{file}", "x/../../home/file", "/"])
def test_contents_are_laid_out_inside_whatever_they_are_called(replayed, victim, name):
    replayed(["run", "a.s"], {name.format(file=victim / "file"): "overwritten"})


def test_a_folder_to_start_from_is_one_inside(replayed, victim):
    for folder in (str(victim), "..", "../../../..", "/", "", "x\0y", "y" * 5000):
        replayed(["asm", "a.s", "-o", "file"], folder=folder)


@pytest.mark.parametrize("name", ["", ".", "a\0b", "a.s/b", "n" * 300, "/".join("n" * 250 for _ in range(30))])
def test_names_that_no_file_has(replayed, name):
    code, _, err = replayed(["run", "a.s"], {name: "x"})
    assert code == 2
    assert "its files cannot be" in err


def test_a_disk_is_the_one_in_the_file(replayed, victim):
    code, _, err = replayed(["run", "a.s", "--disk", victim / "disk"], {"a.s": STORES})
    assert code == 2
    assert f"{victim}/disk: its content is not in the file; if you trust it, run it yourself: s390emu run" in err
    code, _, err = replayed(["run", "a.s", "--disk", victim / "disk"], {"a.s": STORES, victim / "disk": "x" * 8192})
    assert code == 0, err


# --- it reads nothing ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", [
    ["run", "{home}/file"], ["asm", "{home}/file"], ["disasm", "{home}/file"], ["pages", "{home}/file"],
    ["test", "{home}"], ["test", "{home}/x.trace", "--bless"], ["asm", "a.s", "../home/file"],
    ["run", "a.s", "--disk", "{home}/disk:ro"], ["demo", "--disk={home}/disk"],
    ["run", "a.s", "--sanitize", "pages", "--sanitize-guest", "{home}/file"], ["run", "/dev/zero"],
    ["disasm", "/dev/stdin"],
], ids=" ".join)  # fmt: skip
def test_a_file_that_is_not_inside_is_not_read(replayed, victim, words):
    code, out, err = replayed([word.format(home=victim) for word in words])
    assert code == 2
    assert "its content is not in the file; if you trust it, run it yourself: s390emu " in err
    assert "secret" not in out + err


@pytest.mark.parametrize("how", ['.include "{file}"', '.include "../home/file"',
                                 '.include "../../../../../../../..{file}"'])  # fmt: skip
@pytest.mark.parametrize("words", [["asm", "a.s"], ["asm", "-I", "{home}", "a.s"], ["asm", "-I", "/", "a.s"],
                                   ["test", "x.trace"], ["test", "-I", "/", "x.trace"]], ids=" ".join)  # fmt: skip
def test_an_include_of_a_source_inside_stays_inside(replayed, victim, words, how):
    line = how.format(file=victim / "file") + "\n"
    trace = TRACE.replace("start:", f"{line}start:")
    code, out, err = replayed([word.format(home=victim) for word in words], {"a.s": line + ENDS, "x.trace": trace})
    assert code == 2
    assert "secret" not in out + err


def test_a_reader_of_descriptions_reads_the_one_inside(replayed):
    words = ["run", "a.s", "--ram", "1M", "--sanitize", "pages", "--sanitize-guest", "/etc/known.toml"]
    code, _, err = replayed(words, {"/etc/known.toml": "[reserved]\nranges = [[0, 0x1000]]\n"})
    assert (code, "the hinting protocol was kept" in err) == (0, True)


# --- which options ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words, option", [
    (["overcommit", "--scheduler", "tcp://example.com:8786", "--guests", "1"], "--scheduler"),
    (["run", "--replay", "a.s"], "--replay"),
    (["new", "trace", "/tmp/x"], "new trace"),
    ([], "no replay repeats this"),
    (["--version"], "no replay repeats this"),
])  # fmt: skip
def test_what_no_file_may_say_is_refused_with_a_remedy(replayed, words, option):
    code, _, err = replayed(words)
    assert code == 2
    assert option in err
    assert "if you trust it, run it yourself: s390emu" in err


REFUSED = {"run": {"replay", "interactive"}, "linux": {"interactive"}, "overcommit": {"scheduler"}, "test": {"debug"},
           "trace": {"build"}}  # fmt: skip


@pytest.mark.parametrize("command", REPLAYED)
def test_of_every_option_it_is_decided_whether_a_file_may_give_it(command):
    options = {action.dest for action in command_parser(command)._actions} - {"help"}
    decided = [name for names in REPLAYED[command] for name in names]
    assert len(decided) == len(set(decided))
    assert options == set(decided) | REFUSED.get(command, set())


@pytest.mark.parametrize("command", REPLAYED)
def test_no_path_is_among_the_values_that_are_taken(command):
    """By the type that the parser gives them; the others are numbers, choices and words."""
    for action in command_parser(command)._actions:
        if getattr(action.type, "__name__", "") in ("Path", "disk"):
            assert action.dest not in REPLAYED[command].values


def test_every_command_but_new_can_be_replayed():
    assert set(COMMANDS) - set(REPLAYED) == {"debug", "new"}


def test_options_are_taken(replayed):
    code, out, _ = replayed(["run", "a.s", "--ram", "256K", "--json", "--limit", "1"])
    assert code == 4
    assert json.loads(out)["instructions"] == 1
    code, out, _ = replayed(["overcommit", "--guests", "1,2", "--ratio", "2", "--dry-run", "--jobs", "500"])
    assert (code, out.splitlines()[-1]) == (0, "10 runs")


def test_whoever_replays_says_for_how_long(replayed):
    words = ["run", "a.s"]
    assert replayed(words, {"a.s": "start: j start\n"}, "--timeout", "0.2")[0] == 4
    code, _, err = replayed(["asm", "a.s"], None, "--timeout", "1")
    assert (code, "s390emu asm takes no --timeout" in err) == (2, True)


def test_what_is_shown_of_a_command_cannot_act_on_the_terminal(replayed):
    _, _, err = replayed(["explain", "\033[2Jx\n"])
    assert "\033" not in err.splitlines()[0]
    assert r"\x1b[2Jx\n" in err.splitlines()[0]


# --- the shape of the file -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("change, told", [
    ({"arguments": "run"}, ".arguments: 'run' is not a list"),
    ({"arguments": [1]}, ".arguments[0]: 1 is not text"),
    ({"inputs": {"a.s": 1}}, ".inputs.a.s: 1 is not text"),
    ({"inputs": {"a.s": "?"}}, "a.s: damaged"),
    ({"files": {"/a.s": "AAAA"}}, "/a.s: damaged"),
    ({"folder": 7}, ".folder: 7 is not text"),
    ({"more": 7}, "'more' is not known here"),
])  # fmt: skip
def test_another_shape_is_told(replayed, change, told):
    code, _, err = replayed(["run", "a.s"], **change)
    assert code == 2
    assert told in err
    assert len(err.splitlines()) == 1 or "replaying" in err


def test_a_content_that_unpacks_to_more_than_there_is_room_for_is_refused(replayed):
    bomb = zlib.compressobj(9)
    many = b"".join(bomb.compress(bytes(1 << 20)) for _ in range(200)) + bomb.flush()
    code, _, err = replayed(["run", "a.s"], files={"/a.s": base64.b64encode(many).decode()})
    assert (code, "more than 128 MB" in err) == (2, True)


# --- there and back --------------------------------------------------------------------------------------------------


def broken(*arguments, **options):
    raise ZeroDivisionError("broken")


def test_an_internal_error_is_repeated_elsewhere_with_all_that_was_read(s390emu, tmp_path, monkeypatch):
    """Sources beside the current folder, what they include, a disk and a description."""
    (tmp_path / "src").mkdir()
    (tmp_path / "inc").mkdir()
    (tmp_path / "work").mkdir()
    (tmp_path / "src" / "a.s").write_text(f'.include "part.inc"\n.include "more.inc"\n{STORES}')
    (tmp_path / "src" / "part.inc").write_text(".set x, 1\n")
    (tmp_path / "inc" / "more.inc").write_text(".set y, 2\n")
    (tmp_path / "work" / "known.toml").write_text("[flags]\ndirty = 'y'\n")
    (tmp_path / "work" / "disk").write_bytes(bytes(8192))
    monkeypatch.chdir(tmp_path / "work")
    words = ["run", "../src/a.s", "-I", tmp_path / "inc", "--disk=disk", "--ram", "1M", "--sanitize", "pages",
             "--sanitize-guest", "known.toml"]  # fmt: skip
    with monkeypatch.context() as patch:
        patch.setattr(run, "conclude", broken)
        code, _, err = s390emu(*words)
    assert code == 70
    (file,) = (tmp_path / "work").glob("*.replay.json")
    assert str(file) in err
    kept = file.read_text()
    for path in [*tmp_path.rglob("*")]:
        if path.is_file():
            path.unlink()
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "it").write_text(kept)
    code, _, err = s390emu("run", "--replay", "it")
    assert code == 0, err
    assert "the hinting protocol was kept" in err
    with monkeypatch.context() as patch:
        patch.setattr(run, "conclude", broken)
        code, _, err = s390emu("run", "--replay", "it")
    assert code == 70
    assert "internal error: ZeroDivisionError: broken" in err
    assert "test_replay.py" in err  # where, as this is for who mends it
    assert os.listdir() == ["it"]  # a replay of a replay is the file itself


def test_traces_of_a_folder_are_kept(s390emu, tmp_path, monkeypatch):
    from s390emu.commands import test as command
    from s390emu.tracing import report

    (tmp_path / "traces" / "deep").mkdir(parents=True)
    (tmp_path / "traces" / "deep" / "x.trace").write_text(TRACE.replace("  r1 = 5\n", "  svc 0\n"))
    with monkeypatch.context() as patch:
        patch.setattr(report, "summary", broken)
        assert s390emu("test", "traces")[0] == 70
    assert command
    (tmp_path / "traces" / "deep" / "x.trace").unlink()
    (file,) = tmp_path.glob("*.replay.json")
    code, out, _ = s390emu("run", "--replay", file)
    assert (code, "1 passed" in out) == (0, True)


def test_packed_is_smaller_than_what_it_packs():
    assert len(packed(bytes(1 << 20))) < 2000
