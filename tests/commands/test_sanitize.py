"""`--sanitize pages` as a user meets it."""

from __future__ import annotations

import json

import pytest

from s390emu import cli

ENDS = """
start:  llilf %r2,0x30000
        essa %r0,%r2,2
        {touch}
        larl %r1,end
        lpswe 0(%r1)
        .balign 8
end:    .quad 0x0002000180000000,{code}
TABLE = 0x28000
"""
TOUCH = "essa %r0,%r2,2"
KNOWN = '[reserved]\nranges = [["TABLE", 0x31000]]\n'


@pytest.fixture
def run(capsys, tmp_path, monkeypatch):
    """A guest, and options: -> (exit code, stdout, stderr)."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "known.toml").write_text(KNOWN)

    def run(touch, *options, code=0):
        (tmp_path / "guest.s").write_text(ENDS.format(touch=touch, code=code))
        with pytest.raises(SystemExit) as exit_:
            cli.main(["run", "guest.s", "--ram", "1M", *options])
        captured = capsys.readouterr()
        return exit_.value.code, captured.out, captured.err

    return run


def test_clean_guest(run):
    code, _, err = run("nopr", "--sanitize", "pages")
    assert code == 0
    assert err.splitlines()[-1] == "sanitizer: the hinting protocol was kept"


def test_violation_is_exit_code_1_and_one_screen(run):
    code, _, err = run(TOUCH, "--sanitize", "pages")
    assert code == 1
    lines = err.splitlines()
    at = lines.index("sanitizer: 1 violation of 1 rule")
    assert lines[at + 1].startswith("1. freed-twice (docs/page-hinting.md 7 R3): an unused block is set unused again")
    assert lines[at + 2] == "   block 0x30000, instruction 2 at 0x1000a <start+0xa>: essa %r0,%r2,2"
    assert [line.split()[:2] for line in lines[at + 3 :]] == [["1", "page"], ["2", "page"]]
    assert len(lines) <= 24


SECOND = """lghi %r4,1
        larl %r5,other
        stg %r5,0x1A8                   # restart new PSW
        mvi 0x1A3,1
        mvi 0x1A4,0x80
        sigp %r0,%r4,6
wait:   cli 0x300,1
        jne wait
        j 1f
other:  llilf %r2,0x30000
        essa %r0,%r2,2
        mvi 0x300,1
1:"""


def test_violation_names_the_cpu_where_there_are_several(run):
    code, _, err = run(SECOND, "--sanitize", "pages", "--cpus", "2", "--quantum", "7")
    assert code == 1
    assert " on CPU 1: essa %r0,%r2,2" in err and " cpu0 page " in err and " cpu1 page " in err
    code, out, _ = run(SECOND, "--sanitize", "pages", "--cpus", "2", "--json")
    (violation,) = json.loads(out)["sanitizer"]["violations"]
    assert (code, violation["rule"], violation["cpu"], violation["other_cpus"]) == (1, "freed-twice", 1, [])


def test_guest_that_fails_keeps_its_own_exit_code(run):
    assert run(TOUCH, "--sanitize", "pages", code=5)[0] == 3
    assert run(f"{TOUCH}\nj .", "--sanitize", "pages", "--limit", "100")[0] == 4


def test_json(run):
    code, out, _ = run(TOUCH, "--sanitize", "pages", "--json")
    found = json.loads(out)["sanitizer"]
    assert code == 1 and found["counts"] == {"freed-twice": 1}
    (violation,) = found["violations"]
    assert (violation["rule"], violation["block"], violation["instruction"]) == ("freed-twice", 0x30000, 2)
    assert len(violation["history"]) == 2
    assert "sanitizer" not in json.loads(run(TOUCH, "--json")[1])


def test_description_of_the_guest(run):
    code, _, err = run("nopr", "--sanitize", "pages", "--sanitize-guest", "known.toml")
    assert code == 1
    assert "reserved-hinted" in err


@pytest.mark.parametrize("options, complaint", [
    (("--sanitize", "page"), "choose from"),
    (("--sanitize-guest", "known.toml"), "give --sanitize pages too"),
    (("--sanitize", "pages", "--sanitize-guest", "none.toml"), "none.toml: No such file"),
    (("--sanitize", "pages", "--sanitize-guest", "guest.s"), "guest.s: "),
])  # fmt: skip
def test_bad_usage_is_one_line_and_exit_code_2(run, options, complaint):
    code, _, err = run("nopr", *options)
    assert code == 2
    assert complaint in err
    assert len(err.splitlines()) <= 2
