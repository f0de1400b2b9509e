"""Running files and folders, and what the results become: text, JSON, JUnit XML, pytest."""

from __future__ import annotations

import json
import os
import random
import re
from xml.etree import ElementTree

import pytest

from s390emu.tracing import junit
from s390emu.tracing.execution import Options
from s390emu.tracing.report import SCHEMA, as_json, exit_code, summary, text
from s390emu.tracing.runner import Result, find_traces, run_paths, run_trace
from tests.tracing.samples import PLAIN, trace

pytest_plugins = ["pytester"]

SOURCES = {
    "a/passes.trace": PLAIN,
    "a/fails.trace": PLAIN.replace("cc    = 2", "cc    = 1"),
    "b/skips.trace": trace("start: svc 0", model="facility 190"),
    "b/wrong.trace": trace("start: svx 0"),
}


@pytest.fixture
def folder(tmp_path):
    for name, source in SOURCES.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(source)
    return tmp_path


def outcomes(results):
    return [(result.name, str(result.outcome)) for result in results]


EXPECTED = [("plain", "failed"), ("plain", "passed"), ("t", "skipped"), ("wrong", "error")]


def test_folders_are_searched_and_results_come_in_order(folder):
    seen = []
    results = run_paths([folder], done=seen.append)
    assert outcomes(results) == outcomes(seen) == EXPECTED
    assert exit_code(results) == 2
    assert exit_code(results[:2]) == 1
    assert exit_code(results[1:3]) == exit_code([]) == 0
    assert summary(results) == "1 passed, 1 failed, 1 skipped, 1 error"
    assert summary([]) == "no traces"


@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_what_is_no_file_in_a_folder_is_an_error_beside_the_others(folder, kind):
    if kind == "pipe":
        os.mkfifo(folder / "a" / "b.trace")
    else:
        (folder / "a" / "b.trace").symlink_to("/dev/zero")
    (folder / "a" / "folder.trace").mkdir()
    results = run_paths([folder])
    assert outcomes(results) == [("b", "error"), *EXPECTED]
    assert f"a {kind}, not a file" in results[0].message


def test_several_processes_give_the_same(folder):
    alone, together = as_json(run_paths([folder])), as_json(run_paths([folder], jobs=2))
    for result in (*alone["traces"], *together["traces"]):
        result["seconds"] = 0
    assert alone == together


def test_a_path_that_is_not_there_is_an_os_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        find_traces([tmp_path / "none"])
    with pytest.raises(FileNotFoundError):
        run_trace(tmp_path / "none.trace")


def test_text_of_each_outcome(folder):
    failed, passed, skipped, error = (text(result) for result in run_paths([folder]))
    assert passed == f"passed  {folder}/a/passes.trace"
    assert skipped == f"skipped {folder}/b/skips.trace: facility 190 is not implemented"
    assert failed.startswith(
        f"failed  {folder}/a/fails.trace\n    {folder}/a/fails.trace:22: cc: expected 0x1, is 0x2\n"
    )
    assert f'{folder}/b/wrong.trace:6:8: error: unknown instruction "svx"' in error


def failing(effects: int) -> str:
    """A trace whose stray exception makes so many registers wrong besides the stop."""
    loads = "\n".join(f" lghi %r{n},1" for n in range(effects - 1))
    return trace(f"start: .short 0\n{loads}\n svc 0",
                 expect="svc 0\n" + "\n".join(f" r{n} = 1" for n in range(effects - 1)))  # fmt: skip


def test_text_tells_the_first_cause_in_full_and_what_follows_in_short():
    lines = text(run_trace(failing(3))).splitlines()
    assert lines[1] == "    <string>:13: interruption 1: expected svc 0x0, is pgm 0x0001 at start ilc=1"
    assert lines[2].startswith("      by   at start") and lines[3].startswith("      rule")
    assert lines[4:] == [
        "    then also: stop: expected disabled-wait code=0x0 or disabled-wait code=0x140, is disabled-wait code=0x150",
        "               r0: expected 0x1, is 0x0 (line 14)",
        "               r1: expected 0x1, is 0x0 (line 15)",
    ]


@pytest.mark.parametrize("effects, shown, more", [(5, 5, ""), (6, 6, ""), (7, 5, "and 2 more; -v tells all"),
                                                  (14, 5, "and 9 more; -v tells all")])  # fmt: skip
def test_text_tells_so_many_effects_and_counts_the_others(effects, shown, more):
    lines = text(run_trace(failing(effects))).splitlines()[4:]
    assert len(lines) == shown + bool(more)
    assert lines[-1].strip() == more or not more


def test_text_in_full_and_json_tell_everything():
    result = run_trace(failing(14))
    assert len(re.findall("^      rule ", text(result, full=True), re.MULTILINE)) == 15
    assert "then also" not in text(result, full=True)
    assert len(as_json([result])["traces"][0]["differences"]) == 15


def test_json(folder):
    results = as_json(run_paths([folder]))
    assert results == json.loads(json.dumps(results))
    assert results["schema"] == SCHEMA == "s390emu.test/1"
    assert results["counts"] == {"passed": 1, "failed": 1, "skipped": 1, "error": 1}
    failed = results["traces"][0]
    assert failed["instructions"] == 4
    assert failed["differences"] == [
        {
            "subject": "cc", "expected": "0x1", "actual": "0x2", "detail": "", "line": 22,
            "writer": f"agr %r2,%r3, instruction 1, at start ({folder}/a/fails.trace:14)",
            "rule": 'PoP ch. 7 "ADD (64)"',
        }
    ]  # fmt: skip


def test_junit(folder):
    path = folder / "results.xml"
    junit.write(path, run_paths([folder]))
    (suite,) = ElementTree.parse(path).getroot()
    counted = {name: suite.get(name) for name in ("tests", "failures", "errors", "skipped")}
    assert counted == {"tests": "4", "failures": "1", "errors": "1", "skipped": "1"}
    fails, passes, skips, wrong = suite
    assert [case.get("name") for case in suite] == ["plain", "plain", "t", "wrong"]
    assert fails.find("failure").get("message") == "cc: expected 0x1, is 0x2"
    assert 'PoP ch. 7 "ADD (64)"' in fails.find("failure").text
    assert len(passes) == 0
    assert skips.find("skipped").get("message") == "facility 190 is not implemented"
    assert "unknown instruction" in wrong.find("error").text


SCRIPT = """\
*Testcase one
r 1a0=00000001800000000000000000000200
r 200=A7190005B2B20300
r 300=00020001800000000000000000000000
*Message careful
runtest
*Done
*Testcase two
runtest
gpr
*Gpr 1 6
*Done
"""


@pytest.fixture
def folder_with_script(folder):
    (folder / "a" / "many.tst").write_text(SCRIPT)
    (folder / "a" / "wrong.tst").write_text("sysclr\n")
    return folder


def test_scripts_are_found_beside_traces_and_each_test_case_is_a_result(folder_with_script):
    expected = [EXPECTED[0], ("one", "passed"), ("two", "failed"), EXPECTED[1], ("wrong", "error"), *EXPECTED[2:]]
    alone, together = run_paths([folder_with_script]), run_paths([folder_with_script], jobs=2)
    assert outcomes(alone) == outcomes(together) == expected
    assert [result.digest for result in alone] == [result.digest for result in together]


def test_text_of_a_script_names_its_test_cases(folder_with_script):
    passed, failed = map(text, run_paths([folder_with_script / "a" / "many.tst"]))
    (error,) = map(text, run_paths([folder_with_script / "a" / "wrong.tst"]))
    path = f"{folder_with_script}/a/many.tst"
    assert passed == f"passed  {path}: one\n    careful"
    assert failed.splitlines() == [
        f"failed  {path}: two", f"    {path}:11: r1: expected 0x6, is 0x5",
        "      by   lghi %r1,5, instruction 1, at 0x200", '      rule PoP ch. 7 "LOAD HALFWORD IMMEDIATE (64<-16)"',
    ]  # fmt: skip
    assert error.splitlines()[0] == f"error   {folder_with_script}/a/wrong.tst"


def test_json_and_junit_of_a_script_have_a_row_for_each_test_case(folder_with_script):
    results = run_paths([folder_with_script / "a" / "many.tst"])
    assert [(row["name"], row["outcome"], row["instructions"]) for row in as_json(results)["traces"]] == [
        ("one", "passed", 2), ("two", "failed", 2)
    ]  # fmt: skip
    (suite,) = junit.tree(results).getroot()
    assert [(item.get("name"), len(item)) for item in suite] == [("one", 0), ("two", 1)]


def test_mistyped_traces_are_errors_or_failures_never_exceptions():
    seed = random.randrange(1 << 32)
    print("seed", seed)
    chance = random.Random(seed)
    words = PLAIN.split()
    for _ in range(150):
        tokens = re.split(r"( )", PLAIN)
        for _ in range(chance.randint(1, 3)):
            at = chance.randrange(len(tokens))
            tokens[at] = chance.choice([*words, "0x9", "=", ":", "#", "\n", '"', ",", "-1", "", "(", "07:R"])
        assert text(run_trace("".join(tokens) + "\n", options=Options(limit=100)))


def test_junit_replaces_what_xml_cannot_hold(tmp_path):
    result = run_trace(trace("start: svc 0", expect='svc 0\n console = "\\001"'))
    path = tmp_path / "r.xml"
    junit.write(path, [result._replace(message="\x01", outcome=Result.ERROR, differences=())])
    assert ElementTree.parse(path).getroot().find(".//error").get("message") == "?"


def test_pytest_collects_traces(pytester):
    for name, source in SOURCES.items():
        path = pytester.path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(source)
    result = pytester.runpytest_inprocess("-p", "s390emu.tracing.pytest_plugin", "-rs")
    result.assert_outcomes(passed=1, failed=2, skipped=1)
    result.stdout.fnmatch_lines(
        ["*fails.trace:22: cc: expected 0x1, is 0x2", "*by   agr %r2,%r3*", "SKIPPED*facility 190*"]
    )


def test_pytest_collects_scripts_and_no_other_file_of_that_ending(pytester):
    (pytester.path / "many.tst").write_text(SCRIPT)
    (pytester.path / "passes.tst").write_text(SCRIPT.replace("*Gpr 1 6", "*Gpr 1 5"))
    (pytester.path / "skips.tst").write_text("*If 0\n*Testcase t\n*Done\n*Fi\n")
    (pytester.path / "other.tst").write_bytes(b"\xffsomething else\n")
    result = pytester.runpytest_inprocess("-p", "s390emu.tracing.pytest_plugin")
    result.assert_outcomes(passed=1, failed=1, skipped=1)
    result.stdout.fnmatch_lines(["failed *many.tst: two"])


ON_A_MODEL = """\
.trace t
.model {model}
.text 0x1000
start: ark %r1,%r2,%r3
 svc 0
.expect
 {outcome}
"""
BEFORE, SINCE = "pgm 1 at start", "svc 0\n cc = 0"


@pytest.mark.parametrize("named, given, outcome", [
    ("z10", "max", BEFORE), ("z196", "max", SINCE), ("none", "max", SINCE), ("none", "z10", BEFORE),
    ("z196", "z10", SINCE),
])  # fmt: skip
def test_a_trace_runs_on_the_model_that_it_names_or_else_on_the_one_that_is_given(named, given, outcome):
    text = ON_A_MODEL.format(model=named, outcome=outcome)
    assert run_trace(text, options=Options(model=given)).outcome is Result.PASSED


def test_what_the_model_lacks_is_a_skip_that_says_so():
    for model, given, lacking in (("cmma", "z990", "a z990 has no ESSA"), ("no-dat z13", "max", "no facility 147"),
                                  ("facility 45", "z10", "a z10 has no facility 45")):  # fmt: skip
        result = run_trace(ON_A_MODEL.format(model=model, outcome=SINCE), options=Options(model=given))
        assert result.outcome is Result.SKIPPED and lacking in result.message
