"""Traces of several CPUs: `.cpus`, names that say whose a thing is, the order of what happens, and who is told of."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from s390emu.tracing import junit, report
from s390emu.tracing.bless import bless
from s390emu.tracing.runner import Result, TraceResult
from s390emu.tracing.trace import NOWHERE, Cpus, Event, TraceError
from s390emu.tracing.trace_file import parse
from tests.tracing.samples import run, told

TRACES = Path(__file__).parents[2] / "traces" / "cpus"
HEAD = ".cpus 2\n.text 0x1000\nstart: lg %r1,0(%r2)\nprobe: br %r14\n"
TWO_LOOPS = "start: lghi %r4,5\nnext: brctg %r4,next\ndone: svc 0"
SECOND = "cpu1.psw addr=start\n cpu1.stopped = 0\n cpu1.prefix = 0x4000"
ENDS = "svc 0 at done\n cpu1.svc 0 at done"


def trace(
    text: str, *, cpus: str = "2", init: str = "", host: str = "", expect: str = "svc 0", open_: str = ""
) -> str:
    parts = [f".cpus {cpus}", ".model cmma", ".init", init, ".text", text, ".host", host, ".expect", expect]
    return "\n".join(parts + ([f".open {open_}"] if open_ else [])) + "\n"


# --- reading ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "cpus"),
    [
        ("2", Cpus(2)),
        ("8 quantum=7", Cpus(8, 7)),
        ("2 quantum=7 schedule=3", Cpus(2, 7, 3)),
        ("2 schedule=0", Cpus(2, None, 0)),
        ("1", Cpus()),
    ],
)
def test_number_quantum_and_seed(line, cpus):
    assert parse(f".cpus {line}\n.text\nstart: br %r14\n.expect\n").cpus == cpus


def test_a_name_says_whose_it_is():
    text = trace(
        "start: svc 0\nprobe: svc 1",
        init="cpu1.r2 = 5\n r2 = 6\n cpu0.r3 = 7\n cpu1.psw addr=probe\n cpu1.cpu-timer 9",
        host="when cpu1.pc == probe restart\n every cpu1.pc == probe cpu1.external-call 0\n"
        "after cpu1.pgm 5 run-cpu 1\n every 3 run-cpu 0",
        expect="cpu1.pgm 5 at probe\n cpu1.psw.ia = probe\n cpu1.stopped = 1\n psw.mask = 1\n stop limit cpu=1",
        open_="cpu1.gr r3 cpu1.psw",
    )
    read = parse(text)
    assert [(s.name, s.subject, s.address, s.cpu) for s in read.init] == [
        ("cpu1.r2", "r2", NOWHERE, 1), ("r2", "r2", NOWHERE, 0), ("r3", "r3", NOWHERE, 0),
        ("cpu1.psw", "psw", NOWHERE, 1), ("cpu1.cpu-timer", "cpu-timer", NOWHERE, 1),
    ]  # fmt: skip
    assert [(s.name, s.value) for s in read.expect] == [
        ("cpu1.pgm", {"code": 5, "at": 0x10002}), ("cpu1.psw.ia", 0x10002), ("cpu1.stopped", 1), ("psw.mask", 1),
        ("stop", {"reason": "limit", "cpu": 1}),
    ]  # fmt: skip
    assert [event._replace(line=0, text="") for event in read.host] == [
        Event(0, "", "pc", 0x10002, False, "restart", (), cpu=1, target=0),
        Event(0, "", "pc", 0x10002, True, "external-call", (0,), cpu=1, target=1),
        Event(0, "", "pgm", 5, False, "run-cpu", (1,), cpu=1),
        Event(0, "", "icount", 3, True, "run-cpu", (0,)),
    ]
    assert read.open == {"cpu1.gr", "r3", "cpu1.psw"}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (".cpus 9\n" + HEAD[8:] + ".expect\n", "t.trace:1:7: error: 9 CPUs: a guest has 1 to 8"),
        (".cpus 0\n" + HEAD[8:] + ".expect\n", "t.trace:1:7: error: 0 CPUs: a guest has 1 to 8"),
        (".cpus\n" + HEAD[8:] + ".expect\n", "t.trace:1: error: how many? .cpus 2"),
        (".cpus 2 quantum=0\n" + HEAD[8:] + ".expect\n", "a quantum is 1 instruction at least"),
        (".cpus 2 quanta=7\n" + HEAD[8:] + ".expect\n", 'unknown detail "quanta"; did you mean "quantum"?'),
        (".cpus 2\n r1 = 5\n" + HEAD[8:] + ".expect\n", "t.trace:2:2: error: .cpus is one line; a section"),
        (".cpus 2\n" + HEAD + ".expect\n", "t.trace:2:1: error: .cpus is already given at line 1"),
        (".init\n r1 = 5\n" + HEAD + ".expect\n", "t.trace:3:1: error: write .cpus above line 1: what"),
        (HEAD + ".expect\n cpu2.r2 = 5\n", "t.trace:6:2: error: there is no cpu2: the trace has 2 CPUs, cpu0 to cpu1; "
                                           ".cpus 3 gives it more"),
        (HEAD[8:] + ".expect\n cpu1.r2 = 5\n", "there is no cpu1: the trace has one CPU, cpu0; .cpus 2 gives it more"),
        (HEAD + ".expect\n cpu8.r2 = 5\n", "there is no cpu8: the trace has 2 CPUs, cpu0 to cpu1\n"),
        (HEAD + f".expect\n cpu{'9' * 5000}.r2 = 5\n", "there is no cpu999999999: the trace has"),
        (HEAD + ".expect\n cpu1.mem 0 = byte 1\n", 't.trace:6:2: error: "mem" is not of one CPU: leave out "cpu1."'),
        (HEAD + ".expect\n cpu1.stop limit\n", '"stop" is not of one CPU'),
        (HEAD + ".expect\n cpu1.host discarded = 1\n", '"host" is not of one CPU'),
        (HEAD + ".expect\n stop limit cpu=2\n", "there is no cpu2"),
        (HEAD + ".expect\n cpu1.stopped = 2\n", "1: in the stopped state; 0: not"),
        (HEAD + ".expect\n cpu1.r16 = 2\n", 't.trace:6:7: error: unknown word in .expect "r16"; did you mean "r6"?'),
        (HEAD + ".expect\n cpu1.r2 = 2\n cpu1.r2 = 3\n", "t.trace:7: error: cpu1.r2 is already said at line 6"),
        (HEAD + ".init\n cpu1.tod 5\n.expect\n", '"tod" is not of one CPU'),
        (HEAD + ".host\n when cpu1.icount == 1 restart\n.expect\n", '"icount" is not of one CPU'),
        (HEAD + ".host\n when cpu2.pc == probe restart\n.expect\n", "there is no cpu2"),
        (HEAD + ".host\n when icount == 1 cpu1.discard 0x2000\n.expect\n", '"discard" is not of one CPU'),
        (HEAD + ".host\n when icount == 1 run-cpu 2\n.expect\n", "t.trace:6:27: error: there is no cpu2"),
        (HEAD + ".open cpu1.mem\n.expect\n", '"mem" is not of one CPU'),
    ],
)  # fmt: skip
def test_mistakes(text, told):
    with pytest.raises(TraceError) as caught:
        parse(text, "t.trace")
    assert told in str(caught.value)


def test_a_cpus_that_is_wrong_is_the_one_complaint():
    with pytest.raises(TraceError) as caught:
        parse(".cpus 9\n" + HEAD[8:] + ".expect\n cpu7.r2 = 5\n")
    assert len(caught.value.errors) == 1


# --- running ----------------------------------------------------------------------------------------------------------


def test_every_cpu_begins_as_init_says():
    init = "r2 = 1\n" + "".join(f"cpu1.{state}\n" for state in (
        "r2 = 2", "cr3 = 3", "cr0 = 0x400e0", "ar4 = 4", "f5 = 5", "fpc = 0x10000", "cc = 1"))  # fmt: skip
    text = trace(
        "start: svc 0\nsecond: stg %r2,0x700\n stctg %c3,%c3,0x708\n stam %a4,%a4,0x710\n std %f5,0x718\n"
        "stfpc 0x720\n stpx 0x724\n svc 1",
        init=init + "cpu1.prefix = 0x4000\n cpu1.psw addr=second key=0\n cpu1.stopped = 0",
        expect="svc 0\n cpu1.svc 1\n cpu1.cc = 1\n"
        "mem 0x4700 = quad 2, 3\n mem 0x4710 = long 4\n mem 0x4718 = quad 5\n mem 0x4720 = long 0x10000, 0x4000",
    )
    assert told(run(text)) == []


def test_psw_halves():
    text = trace("start: svc 0\nsecond: svc 1", init="cpu1.psw.ia = second\n cpu1.psw.mask = 0x0000100080000000\n"
                 "cpu1.stopped = 0", expect="svc 0\n cpu1.svc 1 at second\n cpu1.psw.ia = second+2\n cpu1.cc = 1\n"
                 "cpu1.psw.mask = 0x0000000080000000")  # fmt: skip
    assert told(run(text)) == []
    assert told(run(text.replace("psw.ia = second+2", "psw.ia = second"), explain=False)) == [
        "cpu1.psw.ia: 0x10002 / 0x10004"
    ]


def test_the_others_are_stopped_as_long_as_nobody_starts_them():
    result = run(trace("start: svc 0", cpus="8", init="cpu7.r2 = 5", expect="svc 0\n cpu7.r2 = 5"))
    assert (told(result), result.instructions) == ([], 1)


@pytest.mark.parametrize("cpus", ["2", "2 quantum=1", "2 quantum=3", "2 quantum=2 schedule=5"])
@pytest.mark.parametrize("host", ["", "when icount == 1000 restart"])
def test_stepping_and_running_are_the_same_run(cpus, host):
    """Host events have it stepped; that one comes too late."""
    text = trace(TWO_LOOPS, cpus=cpus, init=SECOND, host=host, expect=ENDS)
    ran, stepped = run(text, explain=False), run(text, engine="step", explain=False)
    assert (ran.digest, ran.instructions, ran.end.stop) == (stepped.digest, stepped.instructions, stepped.end.stop)
    assert ran.end.taken == stepped.end.taken


@pytest.mark.parametrize("turns", ["quantum=1", "quantum=2", "quantum=5 schedule=1", "quantum=9 schedule=2"])
@pytest.mark.parametrize("path", sorted(TRACES.glob("*.trace")), ids=lambda path: path.stem)
def test_every_interleaving_is_the_same_however_it_is_run(path, turns):
    """Also where it is not what the trace expects: other turns are another run."""
    text = re.sub(r"^[.]cpus +([0-9]+).*$", rf".cpus \1 {turns}", path.read_text(), count=1, flags=re.MULTILINE)
    ways = ({}, {"engine": "step"}, {"tlb": False}, {"engine": "step", "tlb": False})
    ends = [run(text, explain=False, limit=2_000, **way) for way in ways]
    assert len({(end.digest, end.end.stop, end.end.taken, end.differences) for end in without_samples(ends)}) == 1


def without_samples(results: list[TraceResult]) -> list[TraceResult]:
    """Functions are never equal."""
    return [result._replace(differences=tuple(map(str, result.differences))) for result in results]


@pytest.mark.parametrize("engine", ["run", "step"])
@pytest.mark.parametrize("limit", [3, 4, 5])
def test_the_limit_counts_the_instructions_of_all(engine, limit):
    result = run(trace("start: j start", cpus="2 quantum=2", init=f"{SECOND}\n limit {limit}", expect="stop limit"),
                 engine=engine)  # fmt: skip
    assert (told(result), result.instructions) == ([], limit)
    assert result.end.stop.cpu == (1 if limit < 5 else 0)


def test_quantum_and_seed_make_the_interleaving():
    orders = {
        cpus: [taken.cpu for taken in run(trace(TWO_LOOPS, cpus=cpus, init=SECOND), explain=False).end.taken]
        for cpus in ("2", "2 quantum=6 schedule=3", "2 quantum=6 schedule=4")
    }
    assert orders["2"] == [0, 1]
    assert sorted(orders.values()) == [[0, 1], [0, 1], [1, 0]]


@pytest.mark.parametrize(
    ("host", "expect"),
    [
        ("when cpu1.pc == next reclaim 0x20000", f"{ENDS}\n page 0x20000 = stable preserved"),
        ("when icount == 0 run-cpu 1", "cpu1.svc 0 at done\n svc 0 at done"),
        ("when pc == next run-cpu 1", "cpu1.svc 0 at done\n svc 0 at done"),
        ("when icount == 8 run-cpu 1\n when icount == 12 run-cpu 0", "svc 0 at done\n cpu1.svc 0 at done"),
    ],
)
def test_run_cpu_and_whose_pc(host, expect):
    init = SECOND + "\n mem 0x20000 = quad 9\n page 0x20000 = stable resident key=1:RC"
    assert told(run(trace(TWO_LOOPS, init=init, host=host, expect=expect))) == []


@pytest.mark.parametrize(("whose", "times"), [("", 5), ("cpu1.", 5), ("cpu0.", 5)])
def test_every_is_once_for_each_time_that_the_cpu_comes_there(whose, times):
    """However long the other one executes meanwhile: a block is released each time."""
    text = trace(TWO_LOOPS, cpus="2 quantum=1", init=SECOND, host=f"every {whose}pc == next diag10 0x20000",
                 expect=f"{ENDS}\n host released = {times}\n page 0x20000 = stable zero")  # fmt: skip
    assert told(run(text)) == []


def test_every_counts_the_instructions_of_all():
    text = trace(TWO_LOOPS, cpus="2 quantum=1", init=SECOND, host="every 2 diag10 0x20000",
                 expect=f"{ENDS}\n host released = 7")  # fmt: skip
    assert told(run(text)) == []


def test_a_host_verb_names_the_cpu_to_which_it_happens():
    init = "\n".join(f"{cpu}psw mask=0x0102000180000000 addr=0\n {cpu}cr0 = 0x2000" for cpu in ("", "cpu1."))
    init += "\n cpu1.stopped = 0\n cpu1.prefix = 0x4000"
    text = trace("start: svc 0", init=init, host="when icount == 0 cpu1.external-call 7",
                 expect="cpu1.ext 0x1202 from=7")  # fmt: skip
    assert told(run(text)) == []
    assert told(run(text.replace("cpu1.external-call", "external-call").replace("cpu1.ext ", "ext "))) == []


def test_a_message_is_a_host_event():
    text = trace("start: svc 0", host='when icount == 0 message "CMM SHRINK 3"', expect="svc 0")
    assert told(run(text)) == []
    assert "printable ASCII" in str(told(run(text.replace("SHRINK", "\\n"))))


def test_after_pgm_is_of_one_cpu():
    text = trace(
        "start: lghi %r4,9\n0: brctg %r4,0b\n svc 0\nsecond: .short 0",
        init="cpu1.psw addr=second\n cpu1.stopped = 0\n cpu1.prefix = 0x4000",
        cpus="2 quantum=3",
        host="after cpu1.pgm 1 diag10 0x20000",
        expect="cpu1.pgm 1 at second\n svc 0\n r4 = 0\n host released = 1",
    )
    assert told(run(text)) == []
    never = run(text.replace("after cpu1.", "after "), explain=False).differences[0]
    assert never.subject == "host event at line 13" and "never fired" in never.actual


def test_without_interlocked_update_the_reference_trace_fails():
    """What traces/cpus/compare-and-swap.trace shows is not shown by any interleaving."""
    text = (TRACES / "compare-and-swap.trace").read_text()
    assert run(text).outcome is Result.PASSED
    lost = run(text.replace("csg   %r2,%r4,0(%r1)", "stg %r4,0(%r1)\n cr %r1,%r1"), explain=False)
    assert [line for line in told(lost) if line.startswith("mem 0x20007: 50 / ")]


# --- comparing --------------------------------------------------------------------------------------------------------

PASSES = trace(
    "start: svc 0\nsecond: lg %r5,0(%r6)\nend: svc 1",
    init="cpu1.r6 = 0x20000\n mem 0x20000 = quad 12\n cpu1.psw addr=second\n cpu1.stopped = 0\n cpu1.prefix = 0x4000",
    expect="svc 0 at start\n cpu1.svc 1 at end\n cpu1.r5 = 12\n key 0x20000 = 0:R\n",
)


def test_what_passes():
    assert told(run(PASSES)) == []


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("cpu1.r5 = 12", "", "cpu1.r5: 0x0 / 0xc"),
        ("cpu1.r5 = 12", "r5 = 12", "r5: 0xc / 0x0"),
        ("cpu1.r5 = 12", "cpu1.r5 = 13", "cpu1.r5: 0xd / 0xc"),
        ("cpu1.r5 = 12", "cpu1.r5 = 12\n cpu1.stopped = 1", "cpu1.stopped: 0x1 / 0x0"),
        ("cpu1.r5 = 12", "cpu1.r5 = 12\n cpu1.psw addr=end", "cpu1.psw addr: end / end+0x2"),
        ("cpu1.r5 = 12", "cpu1.r5 = 12\n cpu1.psw mask=0", "cpu1.psw mask: 0x0 / 0x180000000"),
        ("cpu1.r5 = 12", "cpu1.r5 = 12\n cpu1.cc = 1", "cpu1.cc: 0x1 / 0x0"),
        ("cpu1.r5 = 12", "cpu1.r5 = 12\n stop disabled-wait cpu=0",
         "stop: disabled-wait cpu=0 / disabled-wait code=0x140 cpu=1"),
        ("cpu1.svc 1", "svc 1", "interruption 2: svc 0x1 at end / cpu1.svc 0x1 at end"),
        ("cpu1.svc 1 at end", "cpu1.svc 1 at start", "interruption 2: cpu1.svc 0x1 at start / cpu1.svc 0x1 at end"),
        (" svc 0 at start\n", "", "interruption 1: cpu1.svc 0x1 at end / svc 0x0 at start"),
        ("cpu1.svc 1 at end", "", "interruption 2: none / cpu1.svc 0x1 at end"),
        ("cpu1.svc 1 at end", "", "stop: disabled-wait code=0x0 / disabled-wait code=0x140 cpu=1"),
    ],
)  # fmt: skip
def test_each_difference_names_the_cpu(old, new, expected):
    text = PASSES.replace("\nsvc", "\n svc")
    assert old in text
    assert expected in told(run(text.replace(old, new), explain=False))


@pytest.mark.parametrize("opened", ["cpu1.r5", "cpu1.gr"])
def test_open_loosens_one_cpu(opened):
    text = PASSES.replace("cpu1.r5 = 12", "")
    assert told(run(text + f".open {opened}\n")) == []
    assert told(run(text + f".open {opened.removeprefix('cpu1.')}\n", explain=False)) == ["cpu1.r5: 0x0 / 0xc"]


WAITS = "start: sigp %r2,%r3,6\n0: brctg %r4,0b\n svc 0\nsecond: larl %r5,wait\n lpswe 0(%r5)\n.balign 8\n"
WAITS_INIT = "r3 = 1\n r4 = 50\n mem 0x1a0 = quad 0x180000000, second"


OTHERWISE = "cpu1.psw addr: disabled wait, 0x0 or disabled wait, 0x120 / disabled wait, 0xbad"


@pytest.mark.parametrize(("code", "differs"), [(0, []), (0xBAD, [OTHERWISE])])
def test_a_cpu_that_ends_before_the_run_does_has_to_end_well_too(code, differs):
    """Its code is 0, unless the trace says more."""
    text = trace(f"{WAITS}wait: .quad 0x0002000180000000,{code}", cpus="2 quantum=5", init=WAITS_INIT,
                 expect="cpu1.restart\n svc 0\n r4 = 0\n cpu1.r5 = wait\n cpu1.stopped = 0")  # fmt: skip
    assert told(run(text, explain=False)) == differs
    named = text.replace("cpu1.stopped = 0", f"cpu1.stopped = 0\n cpu1.psw mask=0x0002000180000000 addr={code}")
    assert told(run(named)) == []


def test_an_enabled_wait_is_not_how_a_cpu_was():
    text = trace(f"{WAITS}wait: .quad 0x0102000180000000,0", cpus="2 quantum=5", init=WAITS_INIT,
                 expect="cpu1.restart\n svc 0\n r4 = 0\n cpu1.r5 = wait\n cpu1.stopped = 0")  # fmt: skip
    assert told(run(text, explain=False)) == ["cpu1.psw mask: 0x180000000 / 0x102000180000000"]


def test_details_that_are_in_storage_are_those_of_the_cpu():
    """Two calls, each into a prefix area of its own."""
    init = "".join(f"cpu{n}.psw mask=0x0102000180000000 addr=0\n cpu{n}.cr0 = 0x2000\n cpu{n}.prefix = {n * 0x2000}\n"
                   f"cpu{n}.stopped = 0\n" for n in (1, 2))  # fmt: skip
    text = trace("start: svc 0", cpus="3", init=init, host="when icount == 0 cpu1.external-call 5\n"
                 "when icount == 0 cpu2.external-call 6", expect="svc 0\n cpu1.ext 0x1202 from=5\n"
                 "cpu2.ext 0x1202 from=6")  # fmt: skip
    assert told(run(text)) == []
    assert told(run(text.replace("from=5", "from=6"), explain=False)) == [
        "interruption 2: cpu1.ext 0x1202 from=6 / cpu1.ext 0x1202 from=5"
    ]


def test_an_interruption_loop_goes_on_through_those_of_another_cpu():
    text = trace(
        "start: svc 0\nagain: lpswe 0x140\nsecond: .short 0",
        cpus="2 quantum=3",
        init="mem 0x1c0 = quad 0x180000000, start\n cpu1.psw addr=second\n cpu1.stopped = 0\n cpu1.prefix = 0x4000\n"
        "mem 0x41d0 = quad 0x180000000, second",
        expect="stop interruption-loop cpu=1",
    )
    lines = told(run(text, explain=False))
    assert all("svc 0x0 at start" in line for line in lines if "cpu1.pgm" not in line)
    assert sum("cpu1.pgm" in line for line in lines) == 1  # the first one


# --- who did it -------------------------------------------------------------------------------------------------------


def test_blame_names_the_cpu():
    result = run(PASSES.replace("cpu1.r5 = 12", ""))
    (difference,) = result.differences
    assert difference.writer.startswith("lg %r5,0(%r6), instruction 2, cpu1, at second (<string>:")
    assert 'PoP ch. 7 "LOAD (64)"' in difference.rule


def test_blame_finds_the_one_who_wrote_last():
    """Both store there; CPU 1 is the last."""
    text = trace(
        "start: stg %r3,0(%r2)\n svc 0", cpus="2 quantum=1",
        expect="svc 0\n cpu1.svc 0\n page 0x20000 = stable key=0:RC",
        init=f"{SECOND}\n r2 = 0x20000\n cpu1.r2 = 0x20000\n r3 = 1\n cpu1.r3 = 2",
    )  # fmt: skip
    (difference,) = run(text).differences
    assert (difference.subject, difference.actual) == ("mem 0x20007", "02")
    assert "instruction 2, cpu1, at start" in difference.writer


def test_blame_knows_what_no_instruction_did():
    text = (TRACES / "sigp-stop-and-store-status.trace").read_text().replace("  mem   0x1318 = long 0x4000\n", "")
    (difference,) = run(text).differences
    assert difference.writer == "what came after instruction 12: an interruption, a CPU that was stopped"


# --- bless ------------------------------------------------------------------------------------------------------------


def test_bless_names_the_cpu(tmp_path):
    path = tmp_path / "t.trace"
    path.write_text(PASSES.split("svc 0 at start\n")[0] + "  cpu1.r7 = 1   # not so\n")
    blessed = bless(path)
    lines = [line.split("#")[0].split() for line in blessed.text.split(".expect\n")[1].splitlines()]
    assert lines == [
        ["svc", "0x0", "at", "start"], ["cpu1.svc", "0x1", "at", "end"], ["cpu1.r7", "=", "0x0"],
        ["cpu1.r5", "=", "0xc"], ["key", "0x20000", "=", "0:R"],
    ]  # fmt: skip
    assert told(run(path)) == []


def test_bless_of_how_a_cpu_ended(tmp_path):
    path = tmp_path / "t.trace"
    text = f"{WAITS}wait: .quad 0x0002000180000000,0xbad"
    path.write_text(trace(text, cpus="2 quantum=5", init=WAITS_INIT, expect=""))
    bless(path)
    assert "  cpu1.psw mask=0x2000180000000 addr=0xbad\n" in path.read_text()
    assert told(run(path)) == []


@pytest.mark.parametrize("path", sorted(TRACES.glob("*.trace")), ids=lambda path: path.stem)
def test_bless_leaves_what_holds_alone(path):
    assert bless(path, write=False).diff == ""


# --- results ----------------------------------------------------------------------------------------------------------


def test_json_junit_and_the_report_name_the_cpu(tmp_path):
    result = run(PASSES.replace("cpu1.r5 = 12", ""))
    assert report.as_json([result])["traces"][0]["differences"][0]["subject"] == "cpu1.r5"
    junit.write(tmp_path / "r.xml", [result])
    assert "cpu1.r5: expected 0x0, is 0xc" in (tmp_path / "r.xml").read_text()
    assert "cpu1.r5: expected 0x0, is 0xc" in report.text(result)


pytest_plugins = ["pytester"]


def test_pytest_collects_traces_of_several_cpus(pytester):
    (pytester.path / "good.trace").write_text(PASSES)
    (pytester.path / "bad.trace").write_text(PASSES.replace("cpu1.svc 1 at end", "cpu1.svc 2 at end"))
    result = pytester.runpytest_inprocess("-p", "s390emu.tracing.pytest_plugin")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*interruption 2: expected cpu1.svc 0x2 at end, is cpu1.svc 0x1 at end*"])
