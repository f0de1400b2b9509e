"""The command around the sweep, with a farm that is pretended: what it writes, its exit codes, how it goes on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from s390emu import cli
from s390emu.commands import overcommit
from s390emu.reports.overcommit import plots
from tests.farm import pretended
from tests.interruptible import start

PATIENCE = 300  # seconds: nobody is timed here, but nobody waits for ever either
ROOT = Path(__file__).parent.parent.parent
SMALL = ("--guests", "1,2", "--ratio", "2", "--jobs", "1", "-o", "out")
PRETEND = """
import sys
from s390emu import cli
from s390emu.commands import overcommit
from tests.farm import pretended

if __name__ == "__main__":
    overcommit._runner = lambda linux: pretended.{runner}
    cli.main(sys.argv[1:])
"""


@pytest.fixture
def s390emu(capsys, tmp_path, monkeypatch):
    """Run `s390emu overcommit` in a folder of its own: -> (exit code, stdout, stderr)."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments, runner=pretended.run_cell, drawn=False):
        monkeypatch.setattr(overcommit, "_runner", lambda linux: runner)
        with monkeypatch.context() as patch, pytest.raises(SystemExit) as exit_:
            if not drawn:  # it takes its time, and has its own tests
                patch.setattr(plots, "draw", lambda *_: [])
            cli.main(["overcommit", *map(str, arguments)])
        captured = capsys.readouterr()
        return exit_.value.code, captured.out, captured.err

    return run


def test_it_writes_table_summary_plots_and_page(s390emu, tmp_path):
    pytest.importorskip("matplotlib")
    code, out, err = s390emu(*SMALL, drawn=True)
    assert (code, err) == (0, "")
    assert "10 runs in " in out
    assert out.strip().endswith(str(Path("out") / "index.html"))
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names >= {"cells", "overcommit.csv", "summary.json", "index.html", "throughput.svg", "throughput.png"}
    page = (tmp_path / "out" / "index.html").read_text()
    assert page.count("<svg") == len({name for name in names if name.endswith(".svg")}) > 3
    assert "--guests 1,2" in page
    assert len((tmp_path / "out" / "overcommit.csv").read_text().splitlines()) == 1 + 5 * (2 + 3)


def test_the_summary_as_json_says_what_was_run(s390emu, tmp_path):
    code, out, _ = s390emu(*SMALL, "--json")
    told = json.loads(out)
    assert code == 0
    assert told == json.loads((tmp_path / "out" / "summary.json").read_text())
    assert told["schema"] == "s390emu.overcommit/1"
    assert told["parameters"]["guests"] == [1, 2]
    assert told["parameters"]["mips"] == [1000]
    assert (told["run"]["runs"], told["run"]["kept_from_before"]) == (10, 0)
    assert told["run"]["command"].startswith("s390emu overcommit --ratio 2.0 --guests 1,2 --policy none,hinting")


def test_no_slope_against_service_times_that_are_not_those_of_the_sweep(s390emu):
    code, out, _ = s390emu(*SMALL, "--device", "ssd,nvme", "--json")
    assert code == 0
    assert all(entry["slope_ns_per_ns"] is not None for entry in json.loads(out)["sensitivity"]["device"])
    code, out, _ = s390emu(*SMALL, "--device", "ssd,nvme", "--page-latency", "5000", "--json")
    assert code == 0
    assert all(entry["slope_ns_per_ns"] is None for entry in json.loads(out)["sensitivity"]["device"])


def test_a_second_run_goes_on_and_writes_the_same_table(s390emu, tmp_path):
    s390emu(*SMALL)
    before = (tmp_path / "out" / "overcommit.csv").read_bytes()
    told = json.loads(s390emu(*SMALL, "--json")[1])
    assert told["run"]["kept_from_before"] == 10
    assert (tmp_path / "out" / "overcommit.csv").read_bytes() == before


@pytest.mark.parametrize("drawn", [False, True])
def test_what_is_written_into_a_folder_of_somebody_else_follows_no_link(s390emu, tmp_path, drawn):
    (tmp_path / "out").mkdir()
    names = ("overcommit.csv", "index.html", "summary.json", "throughput.svg", "throughput.png")
    for name in names:
        (tmp_path / f"victim-{name}").write_text("before")
        (tmp_path / "out" / name).symlink_to(tmp_path / f"victim-{name}")
    assert s390emu(*SMALL, drawn=drawn)[0] == 0
    assert {(tmp_path / f"victim-{name}").read_text() for name in names} == {"before"}
    assert not any((tmp_path / "out" / name).is_symlink() for name in names[: 5 if drawn else 3])


def test_other_parameters_in_the_same_folder_make_a_report_of_their_own(s390emu, tmp_path):
    s390emu(*SMALL)
    told = json.loads(s390emu(*SMALL, "--guests", "2,4", "--json")[1])
    assert told["run"]["kept_from_before"] == 5
    assert {entry["guests"] for entry in told["throughput"]} == {2, 4}


def test_the_command_that_is_told_repeats_the_sweep(s390emu, tmp_path):
    options = ("--balloon", "interval_us=500", "--essa-cycles", "50,100", "--idle-us", 7, "--seed", "3,4")
    first = json.loads(s390emu(*SMALL, *options, "--json")[1])
    again = json.loads(s390emu(*first["run"]["command"].split()[2:], "--jobs", 1, "--json")[1])
    assert again["run"]["kept_from_before"] == again["run"]["runs"] == first["run"]["runs"]
    assert again["parameters"] == first["parameters"]


def test_processes_write_the_same_table(s390emu, tmp_path):
    s390emu(*SMALL)
    s390emu(*SMALL, "--jobs", 2, "-o", "other")
    tables = [(tmp_path / name / "overcommit.csv").read_bytes() for name in ("out", "other")]
    assert tables[0] == tables[1]


def test_a_cluster_writes_the_same_table(s390emu, tmp_path):
    distributed = pytest.importorskip("distributed")
    s390emu(*SMALL)
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None,
                                  host="127.0.0.1", silence_logs=50) as cluster:  # fmt: skip
        code, _, _ = s390emu(*SMALL, "--scheduler", cluster.scheduler_address, "-o", "other")
    assert code == 0
    tables = [(tmp_path / name / "overcommit.csv").read_bytes() for name in ("out", "other")]
    assert tables[0] == tables[1]


def test_parquet_instead_of_csv(s390emu, tmp_path):
    pytest.importorskip("pyarrow")
    assert s390emu(*SMALL, "--table", "parquet")[0] == 0
    assert (tmp_path / "out" / "overcommit.parquet").read_bytes().startswith(b"PAR1")


def test_without_matplotlib_there_is_a_page_and_a_line_that_says_so(s390emu, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    code, out, _ = s390emu(*SMALL, drawn=True)
    assert code == 0
    assert "pip install 's390emu[plots]'" in out.splitlines()[-1]
    assert "pip install &#x27;s390emu[plots]&#x27;" in (tmp_path / "out" / "index.html").read_text()


def test_dry_run_lists_the_cells_and_runs_none(s390emu, tmp_path):
    code, out, _ = s390emu("--guests", "1..4", "--ratio", "1..2", "--device", "all", "--dry-run")
    assert code == 0
    assert out.splitlines()[0].split() == ["guests", "ratio", "policy", "device"]
    assert out.splitlines()[-1] == "135 runs"
    assert not list(tmp_path.iterdir())
    cells = json.loads(s390emu(*SMALL, "--dry-run", "--json")[1])["cells"]
    assert [(cell["guests"], cell["policy"]) for cell in cells][4:6] == [(1, "both"), (2, "none")]


def test_lost_data_and_exceptions_are_failures_and_the_rest_goes_on(s390emu, tmp_path):
    for runner, why in ((pretended.fail_with_both, "RuntimeError: the host gave up"),
                        (pretended.lose_data_with_both, "its data are wrong")):  # fmt: skip
        code, out, err = s390emu(*SMALL, runner=runner)
        assert code == 1
        assert f"failed: 1 guests, ratio 2.0, both, ssd, seed 1: {'guest 0: ' * (why[0] == 'i')}{why}" in err
        assert "10 runs in" in out or "kept from before" in out
        told = json.loads((tmp_path / "out" / "summary.json").read_text())
        assert len(told["failures"]) == 2
        assert {entry["policy"] for entry in told["throughput"]} == {"none", "hinting", "unused-only", "balloon"}


def test_refused_storage_is_a_result(s390emu, tmp_path):
    code, out, _ = s390emu(*SMALL, "--paging", "none", runner=pretended.refuse_storage_with_none)
    assert code == 0
    assert "2 were refused storage" in out
    assert "refused storage" in (tmp_path / "out" / "overcommit.csv").read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--guests", "0..4"), "'0..4' is no range of whole numbers"),
        (("--ratio", "fast"), "'fast' is no range of numbers"),
        (("--policy", "magic"), "policy is 'magic': it must be one of none, hinting"),
        (("--device", "tape"), "device is 'tape': it must be one of dasd, ssd, nvme"),
        (("--ram", "5000"), "ram is 5000: a multiple of 4K"),
        (("--mips", "0"), "mips is 0: at least 1"),
        (("--essa-cycles", "ten"), "'ten' is not a number"),
        (("--balloon", "interval"), "write NAME=NUMBER"),
        (("--balloon", "wishes=3"), "--balloon wishes: the monitor has no such parameter; it has interval_us, reserve"),
        (("--balloon", "floor=3"), "floor is 3: it is a fraction"),
        (("--balloon", "interval_us=nan"), "interval_us is nan: give a number from 1"),
        (("--balloon", "sample_ns=inf"), "sample_ns is inf: give a number from 0"),
        (("--page-latency", "99999999999999999999"), "page_latency is 99999999999999999999: at most"),
        (("--mips", "10000000"), "mips is 10000000: at most"),
        (("--heap-blocks", "0,5000"), "HEAP_BLOCKS=5000: it must be at least 1, at most 1024"),
        (("--ram", "200M"), "RAM_BLOCKS=51200: it must be at least 1, at most 32767"),
        (("--idle-us", "200000000"), "IDLE_US=200000000: it must be at least 0, at most 100000000"),
        (("--jobs", "0"), "not above zero"),
        (("--quantun", "5"), "did you mean --quantum?"),
        (("--guests", "1", "-o", "a-file"), "a-file: a file; -o wants a folder"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_two(s390emu, tmp_path, arguments, message):
    (tmp_path / "a-file").write_text("")
    code, _, err = s390emu(*arguments)
    assert code == 2
    assert message in err.splitlines()[0]
    assert len(err.splitlines()) <= 2


def test_without_a_scheduler_it_is_told(s390emu, monkeypatch):
    pytest.importorskip("distributed")
    monkeypatch.setattr("s390emu.farm.executors.PATIENCE", 1)
    code, _, err = s390emu(*SMALL, "--scheduler", "tcp://127.0.0.1:9")
    assert code == 2
    assert err.startswith("s390emu: no Dask scheduler answers at tcp://127.0.0.1:9")


def test_parquet_without_pyarrow_is_told_before_anything_is_run(s390emu, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    code, _, err = s390emu(*SMALL, "--table", "parquet")
    assert code == 2
    assert "pip install 's390emu[parquet]'" in err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_interruption_says_how_to_go_on(tmp_path, jobs):
    """A real one: the process gets SIGINT while a run is under way; what was done is kept, and no process stays."""
    script, log = tmp_path / "pretend.py", tmp_path / "log"
    script.write_text(PRETEND.format(runner="forever_with_both"))
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PRETENDED_LOG": str(log), "TMPDIR": str(temporary)}
    command = [sys.executable, str(script), "overcommit", "--guests", "1", "--ratio", "2", "--policy", "none,both",
               "--jobs", str(jobs), "-o", str(tmp_path / "out")]  # fmt: skip
    process = start(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        deadline = time.monotonic() + PATIENCE
        while not (log.exists() and "both" in log.read_text() and list((tmp_path / "out" / "cells").glob("*.json"))):
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
    assert process.returncode == 130
    assert out == ""
    assert "interrupted: 1 of 2 runs are done and kept in" in err
    assert "to go on: s390emu overcommit --ratio 2.0 --guests 1 --policy none,both" in err
    assert "Traceback" not in err
    assert not list(temporary.rglob("disk"))
    worker = int(next(line.split()[3] for line in log.read_text().splitlines() if "both" in line))
    with pytest.raises(ProcessLookupError):
        while time.monotonic() < deadline:  # a worker ends a moment after its parent
            os.kill(worker, 0)
            time.sleep(0.05)


# --- guests of Linux -------------------------------------------------------------------------------------------------


@pytest.fixture
def linux(tmp_path):
    """A folder with what looks like a kernel of Linux, and a busybox."""
    folder = tmp_path / "linux"
    folder.mkdir()
    (folder / "vmlinuz").write_bytes(bytes(0x10008) + b"S390EP" + bytes(0x1000))
    (folder / "busybox").write_bytes(b"busybox")
    return folder


def test_guests_of_linux_are_told_from_which_folder(s390emu):
    code, out, err = s390emu(*SMALL, "--guest", "linux")
    assert (code, out) == (2, "")
    assert "tools/fetch-linux linux" in err
    assert "--linux DIR" in err


@pytest.mark.parametrize("missing", ["vmlinuz", "busybox"])
def test_a_folder_without_kernel_or_busybox_is_refused(s390emu, linux, missing):
    (linux / missing).unlink()
    code, _, err = s390emu(*SMALL, "--guest", "linux", "--linux", linux)
    assert code == 2
    assert str(linux / missing) in err
    assert "tools/fetch-linux" in err


def test_a_kernel_that_is_not_linux_is_refused(s390emu, linux):
    (linux / "vmlinuz").write_bytes(bytes(100))
    code, _, err = s390emu(*SMALL, "--guest", "linux", "--linux", linux)
    assert (code, "vmlinuz" in err) == (2, True)


def test_a_folder_of_linux_is_for_guests_of_linux(s390emu, linux):
    code, _, err = s390emu(*SMALL, "--linux", linux)
    assert (code, "--guest linux" in err) == (2, True)


def test_guests_of_linux_do_not_have_every_policy(s390emu, linux):
    code, _, err = s390emu(*SMALL, "--guest", "linux", "--linux", linux, "--policy", "hinting")
    assert (code, "unused-only" in err) == (2, True)


def test_a_sweep_of_linux_guests_has_defaults_of_its_own(s390emu, linux):
    listed = json.loads(s390emu("--guest", "linux", "--linux", linux, "--dry-run", "--json")[1])["cells"]
    assert {cell["kind"] for cell in listed} == {"linux"}
    assert {cell["guests"] for cell in listed} == {1, 2, 4, 8}
    assert {cell["ratio"] for cell in listed} == {1.0, 1.5, 2.0, 2.5}
    assert {cell["policy"] for cell in listed} == {"none", "unused-only", "balloon"}
    assert {cell["ram"] for cell in listed} == {96 << 20}


def test_the_command_that_is_told_repeats_a_sweep_of_linux_guests(s390emu, linux):
    first = json.loads(s390emu(*SMALL, "--guest", "linux", "--linux", linux, "--json")[1])
    words = first["run"]["command"].split()
    assert words[words.index("--linux") + 1] == str(linux)
    again = json.loads(s390emu(*words[2:], "--jobs", 1, "--json")[1])
    assert again["run"]["kept_from_before"] == again["run"]["runs"] == first["run"]["runs"] == 6
