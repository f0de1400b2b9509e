"""Host events: when they happen, what they do, and that they must."""

from __future__ import annotations

import pytest

from s390emu.tracing.runner import Result
from tests.tracing.samples import run, told, trace

LOOP = "start: lghi %r4,5\nnext: lg %r2,0(%r1)\n brctg %r4,next\ndone: svc 0"
INIT = "r1 = 0x20000\n mem 0x20000 = quad 9\n page 0x20000 = stable resident key=1:RC"


def looped(host: str, expect: str):
    return run(trace(LOOP, init=INIT, host=host, expect="svc 0\n r2 = 9\n" + expect))


@pytest.mark.parametrize(
    ("host", "expect"),
    [
        ("when pc == next reclaim 0x20000", "host faults_resolved = 2"),  # and the prefix area's second block
        ("every pc == next reclaim 0x20000", "host faults_resolved = 6"),
        ("when icount == 3 reclaim 0x20000", "host faults_resolved = 2"),
        ("when icount == 0 reclaim 0x20000", "host faults_resolved = 2"),
        ("every 7 reclaim 0x20000", "host faults_resolved = 2"),
        ("when pc == next reclaim 0x20000\n when pc == next pagein 0x20000", "host faults_resolved = 1"),
        ("when pc == done diag10 0x20000", "mem 0x20000 = quad 0\n page 0x20000 = stable zero key=0"),
        ("when pc == done diag10 0x1f000, 0x21000", "page 0x20000 = stable zero key=0\n host released = 3"),
    ],
)
def test_when(host, expect):
    assert told(looped(host, expect)) == []


@pytest.mark.parametrize("engine", ["run", "step"])
def test_an_event_that_never_fires_is_the_one_message(engine):
    result = run(
        trace("start: svc 0\nnever: svc 1", host="when pc == never reclaim 0", expect="svc 1\n r5 = 5"), engine=engine
    )
    assert (result.outcome, result.exit_code) == (Result.FAILED, 1)
    (difference,) = result.differences
    assert str(difference) == (
        "host event `when pc == never reclaim 0` never fired; "
        "the run was 1 instructions, then svc 0x0 at start, then disabled-wait code=0x140"
    )
    assert difference.line == 9


@pytest.mark.parametrize(
    ("host", "told"),
    [
        ("discard 0x20000", "block 0x20000 is Sr: only resident blocks that are unused, volatile"),
        ("reclaim 0x30000", "reclaim 0x30000: nothing to do in the state that the block is in"),
        ("pagein 0x20000", "pagein 0x20000: nothing to do"),
        ("swap-error 0x20000", "block 0x20000 is not on the paging device"),
    ],
)
def test_an_event_that_the_host_refuses_is_the_one_message(host, told):
    result = looped(f"when pc == next {host}", "r9 = 9")
    assert (result.outcome, result.exit_code) == (Result.FAILED, 1)
    (difference,) = result.differences
    assert "was refused" in str(difference) and told in str(difference)


def test_after_pgm_fires_once_and_only_for_its_code():
    text = trace(
        "start: lg %r2,0(%r1)\n svc 0\nhandler: lpswe 0x150",
        init="r1 = 0x20000\n page 0x20000 = volatile zero\n mem 0x1d0 = quad 0x0000000180000000, handler",
        host="after pgm 0x1a diag10 0x20000",
        expect="pgm 0x1a at start\n svc 0\n page 0x20000 = stable resident key=0:R",
    )
    assert told(run(text)) == []
    assert "never fired" in str(run(text.replace("pgm 0x1a diag10", "pgm 5 diag10"), limit=50).differences[0])


def test_the_limit_ends_a_loop():
    result = run(trace("start: j start", init="limit 7", expect="stop limit"))
    assert (told(result), result.instructions) == ([], 7)
    assert (
        told(run(trace("start: j start"), limit=9))[-1]
        == "stop: disabled-wait code=0x0 or disabled-wait code=0x140 / limit"
    )


def test_normal_reset_makes_stable():
    text = trace(LOOP, init=INIT.replace("= stable resident", "= volatile resident no-dat"), model="no-dat",
                 host="when pc == done normal-reset", expect="svc 0\n r2 = 9\n page 0x20000 = stable")  # fmt: skip
    assert told(run(text)) == []


def test_an_invalid_psw_at_the_start():
    assert told(run(trace("start: svc 0", init="psw mask=0x0800000180000000", expect="pgm 6 ilc=0 old=start"))) == []
