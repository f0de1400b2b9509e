"""`s390emu test --debug`: a trace, and then a prompt at its end, from which time runs backwards."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from s390emu import cli

FAILING = """
.trace  wrong-sum
.text   0x10000
start:  aghi  %r2,1
        aghi  %r2,1
        svc   0
.expect
  svc   0 at start+8
  r2    = 3
  cc    = 2
"""
TRACES = Path(__file__).parents[2] / "traces"
SCRIPTS = Path(__file__).parents[1] / "tracing/scripts"


def main(args: list[str]) -> int:
    """Run the command; return its exit code."""
    with pytest.raises(SystemExit) as end:
        cli.main(args)
    return int(end.value.code or 0)


@pytest.fixture
def debugged(tmp_path, monkeypatch, capsys):
    """Return what `test --debug` says to these lines about a trace, and its exit code."""

    def run(trace: str | Path, *lines: str) -> tuple[int, str]:
        path = trace if isinstance(trace, Path) else tmp_path / "x.trace"
        if isinstance(trace, str):
            path.write_text(trace)
        monkeypatch.setattr(sys, "stdin", io.StringIO("\n".join([*lines, ""])))
        code = main(["test", str(path), "--debug"])
        said = capsys.readouterr()
        return code, said.out + said.err

    return run


def test_a_failing_trace_is_gone_back_through(debugged):
    code, text = debugged(FAILING, "back 2", "print r2", "step", "diff")
    assert code == 1
    assert "r2: expected 0x3, is 0x2" in text
    assert "instruction 1; the history is from 0 to 3" in text
    assert "0x1 = 1" in text
    assert "r2: 0x1 -> 0x2" in text


def test_what_the_host_did_in_a_trace_is_known(debugged):
    source = """
    .trace  taken
    .model  cmma
    .init
      r1    = 0x8000
      page  0x8000 = volatile resident key=0
    .text   0x10000
    start:  nopr
    probe:  lg    %r3,0(%r1)
    .host
      when  pc == probe  discard 0x8000
    .expect
      pgm   0x001a at probe address=0x8000
      page  0x8000 = volatile zero
    """
    code, text = debugged("\n".join(line[4:] for line in source.splitlines()), "why")
    assert code == 0, text
    assert "discard 0x8000, from outside, at instruction 1" in text
    assert "interrupted: 0x10002 <probe>" in text


def test_a_failing_trace_offers_it(tmp_path, capsys):
    path = tmp_path / "x.trace"
    path.write_text(FAILING)
    assert main(["test", str(path)]) == 1
    assert capsys.readouterr().out.endswith(f"s390emu test {path} --debug steps through it, back from its end\n")


def test_a_passing_trace_offers_nothing(capsys):
    assert main(["test", str(TRACES / "fault/clcl-unit.trace")]) == 0
    assert "--debug" not in capsys.readouterr().out


def test_a_trace_with_an_error_is_reported_and_not_debugged(debugged):
    code, text = debugged(FAILING.replace("aghi", "aghj"), "step")
    assert code != 0
    assert "error:" in text and "(s390emu)" not in text


def test_one_trace_at_a_time(debugged):
    code, text = debugged(TRACES / "fault", "step")
    assert (code, "one trace" in text) == (2, True)


def test_no_script(debugged):
    code, text = debugged(SCRIPTS / "add.tst", "step")
    assert code == 2
    assert "add.tst is a Hercules script" in text


def test_no_such_file(debugged):
    code, text = debugged(Path("nowhere.trace"), "step")
    assert code == 2
    assert "nowhere.trace" in text
