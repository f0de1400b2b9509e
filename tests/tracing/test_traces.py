"""Every trace of traces/ in every way that there is to run it: the same end each time."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from s390emu._jit import JIT
from s390emu.tracing.execution import Options
from s390emu.tracing.runner import Result, find_traces, run_trace
from tests import plainly

ROOT = Path(__file__).parents[2]
TRACES = find_traces([ROOT / "traces"])
WAYS = {
    "run": Options(explain=False),
    "step": Options(engine="step", explain=False),
    "no-tlb": Options(tlb=False, explain=False),
}


def test_there_are_enough_of_them():
    assert len(TRACES) >= 120


def test_each_has_a_name_of_its_own_and_says_what_it_shows():
    results = [run_trace(path, options=WAYS["run"]) for path in TRACES]
    assert {result.path: result.name for result in results if result.name != Path(result.path).stem} == {}
    assert [result.path for result in results if len(result.about) < 20] == []
    assert [result.path for result in results if result.outcome is not Result.PASSED] == []


@pytest.mark.parametrize("path", TRACES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_step_run_and_no_tlb_agree(path):
    ends = {way: run_trace(path, options=options).digest for way, options in WAYS.items()}
    assert len(set(ends.values())) == 1, ends


@pytest.mark.skipif(not JIT, reason="this run is not compiled itself")
def test_not_compiled_agrees():
    program = (
        "import json; from s390emu.tracing.execution import Options; from s390emu.tracing.report import as_json;"
        "from s390emu.tracing.runner import run_paths; print(json.dumps(as_json(run_paths(['traces']))))"
    )
    environment = plainly.environment(PYTHONPATH=str(ROOT))
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, check=True)
    plain = {trace["path"]: trace["state"] for trace in json.loads(done.stdout)["traces"]}
    compiled = {str(path.relative_to(ROOT)): run_trace(path, options=WAYS["run"]).digest for path in TRACES}
    assert plain == compiled
