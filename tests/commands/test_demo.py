"""The demo: what it shows is what happened."""

from __future__ import annotations

import json
import re

import pytest

from s390emu import cli
from s390emu._jit import JIT
from s390emu.guests.toy_kernel import TUNABLES, folder

pytestmark = pytest.mark.skipif(not JIT, reason="millions of instructions: not as plain Python")


@pytest.fixture
def demo(capsys):
    def run(*arguments):
        with pytest.raises(SystemExit) as exit_:
            cli.main(["demo", *arguments])
        captured = capsys.readouterr()
        return exit_.value.code, captured.out, captured.err

    return run


def test_demo_under_pressure(demo):
    code, out, err = demo()
    assert code == 0
    assert "disabled wait, code 0x0" in err
    console, timeline, faults, totals = re.split(r"\n== ", out)
    expected, found = re.search(r"checksum (\w+) expected (\w+)", console).groups()
    assert expected == found
    assert "host reclaim, discarded" in timeline
    assert "guest ORC 3" in timeline
    assert re.search(r"old PSW [0-9A-F]{16} .* ILC [123]  TEID 0x", faults)
    assert "retried, completed" in faults
    delivered = int(re.search(r"discard faults delivered +(\d+)", totals)[1])
    assert delivered == faults.count("old PSW") > 0
    assert re.search(r"3 \(set volatile\) [1-9]", totals)


def test_demo_of_several_cpus_names_the_one(demo):
    """The kernel starts no other: it is the same run, and each line says whose it is."""
    alone, among_others = (demo(*cpus, "--json")[1] for cpus in ((), ("--cpus", "3")))
    alone, among_others = json.loads(alone), json.loads(among_others)
    assert among_others["events"] == [f"{line[:10]} cpu0{line[10:]}" for line in alone["events"]]
    assert among_others["faults"] == alone["faults"]
    assert {fault["cpu"] for fault in alone["faults"]} == {0}
    assert [cpu["stopped"] for cpu in among_others["cpus"]] == [False, True, True]
    assert re.search(r"\n +[0-9]+ cpu0 old PSW [0-9A-F]{16} ", demo("--cpus", "3")[1])


def test_demo_with_storage_to_spare_has_nothing_to_repair(demo):
    code, out, _ = demo("--frames", "1000", "--json")
    told = json.loads(out)
    assert code == 0
    assert told["faults"] == []
    assert told["totals"]["blocks written out"] == 0
    assert told["totals"]["blocks discarded"] == 0


def test_demo_without_essa_reads_the_same(demo):
    with_hints, without = (demo(*extra)[1] for extra in ((), ("--no-essa",)))
    assert "hinting off" in without
    checksums = [re.search(r"checksum (\w+)", out)[1] for out in (with_hints, without)]
    assert checksums[0] == checksums[1]


def test_tunables_that_the_kernel_does_not_have(demo):
    code, _, err = demo("-D", "PASES=2")
    assert code == 2
    assert "-D PASES: the kernel has no such tunable; it has PASSES, " in err
    for define, message in (("PLANT=31", "PLANT must be at least 0"), ("HINTS=3", "HINTS must be 0 (none), 1 (all)")):
        code, _, err = demo("-D", define)
        assert code == 2
        assert message in err


def test_every_tunable_is_one_of_the_kernel():
    text = "".join(path.read_text() for path in folder().glob("*.inc"))
    assert all(f".ifndef {name}\n" in text for name in TUNABLES)


def test_the_plot_shows_states_and_faults(demo, tmp_path):
    pytest.importorskip("matplotlib", reason="matplotlib is an extra: s390emu[plots]")
    assert demo("--svg", str(tmp_path / "d.svg"))[0] == 0
    text = (tmp_path / "d.svg").read_text()
    assert "volatile, zero" in text
    assert "discard fault, block 0x" in text


@pytest.mark.parametrize(
    ("words", "told"),
    [(["--svg", "/nonexistent/x.svg"], "is no folder"), (["--svg", "x.svg", "--adversary", "random:1"], "--svg and")],
)
def test_a_plot_that_cannot_be_is_told_at_once(demo, words, told):
    code, _, err = demo(*words)
    assert code == 2
    assert told in err
