"""Following Hercules test scripts: what commands do to the machine, and what comes of each test case."""

from __future__ import annotations

import pytest

from s390emu.tracing.execution import Options
from s390emu.tracing.runner import Result, TraceResult, run_script
from s390emu.tracing.script_execution import ScriptExecution
from s390emu.tracing.script_file import parse

ENGINES = [Options(), Options(engine="step"), Options(tlb=False)]
START = "r 1a0=00000001800000000000000000000200\n"  # restart new PSW: at 200
WAIT = "r 300=00020001800000000000000000000000\n"  # disabled wait, code 0
FAILING_WAIT = "r 300=0002000180000000000000000000DEAD\n"
LOAD_WAIT = "B2B20300"  # LPSWE 300
LOOP = "A7F40000"  # J to itself


@pytest.fixture
def script(tmp_path):
    """Run a script -> the results of its test cases."""

    def run(text: str, options: Options = Options()) -> list[TraceResult]:  # noqa: B008 (immutable)
        path = tmp_path / "t.tst"
        path.write_text(text)
        return run_script(path, options=options)

    return run


def case(code: str, then: str = "", *, name: str = "t", before: str = "", start: str = "runtest") -> str:
    """A test case whose program is `code` at 200, and then LPSWE 300."""
    return f"*Testcase {name}\nsysclear\n{before}{START}{WAIT}r 200={code}{LOAD_WAIT}\n{start}\n{then}\n*Done\n"


def told(results: list[TraceResult]) -> list[str]:
    return [f"{d.subject}: {d.expected} / {d.actual}" for result in results for d in result.differences]


def passes(results: list[TraceResult]) -> bool:
    return {result.outcome for result in results} == {Result.PASSED}


def machine_after(text: str):
    execution = ScriptExecution(parse(f"*Testcase t\n{text}\n*Done nowait\n"), Options())
    execution.run()
    return execution.machine


LGHI_1_5 = "A7190005"
STG_1_800 = "E31008000024"


@pytest.mark.parametrize("options", ENGINES, ids=["run", "step", "no-tlb"])
def test_a_program_runs_and_is_compared(script, options):
    results = script(case(LGHI_1_5 + STG_1_800, "*Compare\nr 800.8\n*Want 00000000 00000005\n*Key 06\ngpr\n*Gpr 1 5"),
                     options)  # fmt: skip
    assert passes(results)
    assert results[0].instructions == 3


def test_each_way_of_running_ends_in_the_same_state(script):
    text = case(LGHI_1_5 + STG_1_800)
    assert len({script(text, options)[0].digest for options in ENGINES}) == 1


@pytest.mark.parametrize("then, difference", [
    ("*Compare\nr 800.8\n*Want 0000000000000006", "r 0x800: 0000000000000006 / 0000000000000005"),
    ('*Compare\nr 800.8\n*Want "sum" 0000000000000006', 'r 0x800 "sum": 0000000000000006 / 0000000000000005'),
    ("*Compare\nabs 800.8\n*Want 05", "abs 0x800: 05 / 0000000000000005"),
    ("*Compare\nv 800.8\n*Want 0000000000000006", "v 0x800: 0000000000000006 / 0000000000000005"),
    ("r 800\n*Key 00", "key 0x800: 00 / 06"),
    ("gpr\n*Gpr 1 6", "r1: 0x6 / 0x5"),
    ("cr\n*Cr 0 1", "cr0: 0x1 / 0xe0"),
    ("pr\n*Prefix 2000", "prefix: 0x2000 / 0x0"),
])  # fmt: skip
def test_each_kind_of_comparison_can_fail(script, then, difference):
    (result,) = script(case(LGHI_1_5 + STG_1_800, then))
    assert result.outcome is Result.FAILED
    assert told([result]) == [difference]


def test_a_failure_names_its_line_the_instruction_that_wrote_and_its_rule(script):
    (difference,) = script(case(LGHI_1_5 + STG_1_800, "*Compare\nr 800.8\n*Want 0000000000000006"))[0].differences
    assert difference.line == 9
    assert difference.detail == "the first difference is in byte 0x7"
    assert difference.writer == "stg %r1,2048, instruction 2, at 0x204"
    assert difference.rule == 'PoP ch. 7 "STORE (64)"'


def test_the_writer_is_the_last_one_before_the_comparison(script):
    first = case(LGHI_1_5, "gpr\n*Gpr 1 6", name="a")
    (difference,) = script(first + case("A7190009", name="b"))[0].differences
    assert difference.writer == "lghi %r1,5, instruction 1, at 0x200"


def test_what_the_script_wrote_itself_has_its_line_as_writer(script):
    (difference,) = script(case("", "*Compare\nr 800.2\n*Want 0000", before="r 800=1234\n"))[0].differences
    assert difference.writer == "line 3: r 800=1234"


def test_what_nobody_wrote_is_as_it_was(script):
    (difference,) = script(case("", "*Compare\nr 800.1\n*Want FF"))[0].differences
    assert difference.writer == "nothing: it is as it was at the start"


def test_all_that_is_shown_is_compared(script):
    (difference,) = script(case("", "*Compare\nr 800.2\n*Want 00"))[0].differences
    assert difference.detail == "2 bytes were shown, and 1 are wanted"


def test_what_was_shown_before_a_run_stays_shown(script):
    assert passes(script(case(LGHI_1_5, "*Gpr 1 0", start="gpr\nruntest")))


def test_an_explanation_is_told_of_the_next_comparison_only(script):
    then = "gpr\n*Explain fine\n*Gpr 2 0\n*Explain one\n*Explain two\n*Gpr 1 7\n*Gpr 3 7"
    differences = script(case(LGHI_1_5, then))[0].differences
    assert [difference.detail for difference in differences] == ["one; two", ""]


def test_a_message_is_told_with_the_result(script):
    assert script(case("", "*Message careful"))[0].message == "careful"


def test_each_test_case_is_a_result(script):
    results = script(case("", name="first one") + case("", "gpr\n*Gpr 1 7", name="second") + case("", name="third"))
    assert [(result.name, str(result.outcome)) for result in results] == [
        ("first one", "passed"), ("second", "failed"), ("third", "passed")
    ]  # fmt: skip


def test_test_cases_share_the_machine(script):
    second = "*Testcase b\nr 200=B2B20300\nruntest\ngpr\n*Gpr 1 5\n*Done\n"
    assert passes(script(case(LGHI_1_5, name="a") + second))


# How a run ends -------------------------------------------------------------------------------------------------------


def test_a_wait_with_another_code_fails(script):
    (result,) = script(case("", before="").replace(WAIT, FAILING_WAIT))
    assert told([result]) == ["stop: disabled-wait code=0x0 / disabled-wait code=0xdead"]


def test_a_failed_stop_tells_the_last_program_interruption(script):
    (result,) = script(case("0000", before=FAILING_WAIT.replace("300", "1d0", 1)))
    assert told([result]) == ["stop: disabled-wait code=0x0 / disabled-wait code=0xdead"]
    assert result.differences[0].detail == "the last program interruption: pgm 0x0001 at 0x200 ilc=1"


NEW_PSW = "r 1d0=0002000180000000000000000000DEAD\n"


@pytest.mark.parametrize("expected, outcome", [
    ("*Program", []),
    ("*Program 1", []),
    ("*Program 2", ["interruption: pgm 0x0002 / pgm 0x0001 at 0x200 ilc=1"]),
])  # fmt: skip
def test_a_program_interruption_that_is_expected(script, expected, outcome):
    assert told(script(case("0000", before=f"{NEW_PSW}{expected}\n"))) == outcome


def test_a_program_interruption_that_does_not_come(script):
    assert told(script(case("", before="*Program\n"))) == ["interruption: pgm / none"]


def test_a_program_interruption_behind_which_nothing_runs(script):
    assert told(script(case("", "*Program"))) == ["interruption: a runtest behind *Program / none"]


def test_a_program_interruption_is_expected_of_the_next_run_only(script):
    text = case("0000", "runtest", before=f"{NEW_PSW}*Program 1\n")
    assert told(script(text)) == ["stop: disabled-wait code=0x0 / disabled-wait code=0xdead"]


@pytest.mark.parametrize("options", ENGINES[:2], ids=["run", "step"])
def test_a_loop_ends_with_its_instructions(script, options):
    (result,) = script(case(LOOP), options._replace(limit=1000))
    assert told([result]) == [
        "stop: disabled-wait / none within 1,000 instructions (--limit); the next instruction is at 0x200"
    ]


@pytest.mark.parametrize("options", ENGINES[:2], ids=["run", "step"])
def test_a_loop_ends_with_its_seconds(script, options):
    (result,) = script(case(LOOP, start="runtest 0.05"), options)
    assert told([result]) == ["stop: disabled-wait / none within 0.05 seconds; the next instruction is at 0x200"]


def test_a_loop_of_interruptions_fails(script):
    (result,) = script(case("0000"))
    assert told([result]) == ["stop: disabled-wait code=0x0 / interruption-loop"]


def test_a_loop_of_interruptions_is_over_with_the_next_runtest(script):
    first, second = script(case("0000") + f"*Testcase again\nr 200={LOAD_WAIT}\nruntest\n*Done\n")
    assert told([first, second]) == ["stop: disabled-wait code=0x0 / interruption-loop"]
    assert second.outcome is Result.PASSED


STOP = "1B11AE010005"  # SR 1,1; SIGP 0,1,5(0): order 5, stop, for the CPU whose address is in R1


def test_a_cpu_that_stops_itself_is_accepted_with_nowait_only(script):
    text = case(STOP)
    assert told(script(text)) == ["stop: disabled-wait code=0x0 / stopped"]
    assert passes(script(text.replace("*Done", "*Done nowait")))


# Starting -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how, old, new, cause", [("svc", "140", "1c0", "0AFF"), ("program", "150", "1d0", "0000")])
def test_a_run_goes_on_where_an_interruption_stopped_it(script, how, old, new, cause):
    before = f"r {new}=00020001800000000000000000000000\n"
    text = case(f"{cause}A7190007", f"runtest {how}\ngpr\n*Gpr 1 7", before=before)
    assert passes(script(text))


def test_start_goes_on_from_the_psw(script):
    """After the stop, the CPU goes on behind its SIGP."""
    text = case(f"{STOP}A7290009", "gpr\n*Gpr 2 0\nruntest start\ngpr\n*Gpr 2 9")
    assert passes(script(text))


def test_another_cpu_is_started_and_shown(script):
    text = case(LGHI_1_5, "gpr\n*Gpr 1 0\ncpu 1 gpr\n*Gpr 1 5\ngpr\n*Gpr 1 0", start="cpu 1 runtest", before="")
    assert passes(script(text.replace("sysclear", "numcpu 2")))


def test_a_cpu_stays_selected(script):
    text = case(LGHI_1_5, "gpr\n*Gpr 1 5\ncpu 0\ngpr\n*Gpr 1 0", start="cpu 1\nruntest")
    assert passes(script(text.replace("sysclear", "numcpu 2")))


# The machine ----------------------------------------------------------------------------------------------------------


def test_sysclear_clears_storage_keys_and_registers():
    machine = machine_after(f"gpr 1=5\nr 800=12\n{START}{WAIT}r 200={LOAD_WAIT}\nruntest\nsysclear")
    assert machine.read(0, machine.storage.size) == bytes(machine.storage.size)
    assert int(machine.gr[1]) == 0
    assert {block.key for block in machine.blocks()} == {0}
    assert machine.psw == (0, 0)


def test_storage_and_cpus_are_as_the_script_says():
    assert machine_after("").storage.size == 2 << 20
    machine = machine_after("mainsize 1M\nnumcpu 3")
    assert (machine.storage.size, len(machine.cpus)) == (1 << 20, 3)


@pytest.mark.parametrize("command", ["numcpu 2", "mainsize 4M"])
def test_a_machine_with_something_in_it_is_not_made_anew(script, command):
    (result,) = script(f"*Testcase t\nr 800=12\n{command}\n*Done nowait\n")
    assert result.outcome is Result.ERROR
    assert "t.tst:3: error: " in result.message
    assert "put it before that, or sysclear before it" in result.message
    assert passes(script(f"*Testcase t\nr 800=12\nsysclear\n{command}\n*Done nowait\n"))


def test_real_storage_is_prefixed_and_absolute_storage_is_not():
    set_prefix = f"{START}{WAIT}r 800=00002000\nr 200=B2100800{LOAD_WAIT}\n"  # SPX 800
    machine = machine_after(f"{set_prefix}r 2300=00020001800000000000000000000000\nruntest\nr 10=AA\nabs 10=BB")
    assert int(machine.cpus[0].record.prefix) == 0x2000
    assert (machine.read(0x2010, 1), machine.read(0x10, 1)) == (b"\xaa", b"\xbb")


def test_what_is_shown_may_cross_the_end_of_the_prefix_area(script):
    text = "*Testcase t\nr 1fff=1234\n*Compare\nr 1ffe.4\n*Want 00123400\n*Done nowait\n"
    assert passes(script(text))


def test_an_address_that_is_not_translated_fails_the_test_case(script):
    """With DAT on, and a segment table that reaches over 2 GB."""
    wait_with_dat = "r 300=04020001800000000000000000000000\n"
    text = case("", "*Compare\nv 80000000.4\n*Want 00000000").replace(WAIT, wait_with_dat)
    assert told(script(text)) == ["v 0x80000000: storage / none: 0x80000000: beyond the address space"]


@pytest.mark.parametrize(
    "command", ["r 200000.1", "r 1fffff=0000", "abs ffffffffffffffff.1", "v 1ffffff", "abs 200000=00"]
)
def test_what_is_outside_storage_is_an_error_of_the_script(script, command):
    (result,) = script(f"*Testcase t\n{command}\n*Done nowait\n")
    assert result.outcome is Result.ERROR
    assert "t.tst:2: error: the guest has 0x200000 bytes of storage; `mainsize`" in result.message


def test_a_cpu_that_is_not_there_is_an_error_of_the_script(script):
    (result,) = script("*Testcase t\ncpu 1 gpr\n*Done nowait\n")
    assert "t.tst:2: error: there is no CPU 1; `numcpu 2` at the beginning gives one" in result.message


def test_loadcore_fills_absolute_storage(script, tmp_path):
    (tmp_path / "t.core").write_bytes(bytes.fromhex(LGHI_1_5 + LOAD_WAIT))
    text = case("", "gpr\n*Gpr 1 5").replace(f"r 200={LOAD_WAIT}", "loadcore t.core 200")
    assert passes(script(text))


# Skips ----------------------------------------------------------------------------------------------------------------


def test_another_architecture_is_a_visible_skip_until_it_is_ours_again(script):
    other = case("0000", "gpr\n*Gpr 1 7", before="archlvl ESA/390\n", name="a")
    results = script(other + case("", before="archlvl z/Arch\n", name="b"))
    assert [str(result.outcome) for result in results] == ["skipped", "passed"]
    assert results[0].message == "ESA/390 mode is not implemented: z/Architecture only"
    assert results[0].differences == ()


def test_a_script_whose_conditions_leave_out_everything_is_a_visible_skip(script):
    (result,) = script("*If \\$rexx_supported\n*Message no REXX\n*Else\n*Testcase t\n*Done\n*Fi\n")
    assert result.outcome is Result.SKIPPED
    assert result.message == "its *If leave out every test case; no REXX"
