"""What of a trace can be run elsewhere: what is there before and afterwards, and what is a skip, and why."""

from __future__ import annotations

import pytest

from s390emu.export import Case, Skip, case_of
from s390emu.export.cases import HOLE, ORDER
from s390emu.tracing.trace_file import parse

PLAIN = """\
.trace plain
.ram 128K
.init
 r1 = 0x8000
 mem 0x8000 = quad 0x1122334455667788
.text 0x10000
start: lg %r2,0(%r1)
 stg %r1,8(%r1)
 svc 5
.expect
 svc 5
 r2 = 0x1122334455667788
 mem 0x8008 = quad 0x8000
 key 0x8000 = 0:RC
"""
SVC = ORDER.index("svc")


def trace(**changes):
    text = PLAIN
    for old, new in changes.values():
        assert old in text
        text = text.replace(old, new)
    return parse(text)


def content(pieces):
    return {address + n: byte for address, data in pieces for n, byte in enumerate(data) if byte}


def test_what_is_there_before_and_afterwards():
    case = case_of(trace())
    assert isinstance(case, Case)
    before, after = content(case.pieces), content(case.final)
    assert [before.get(0x8000 + n, 0) for n in range(16)] == [0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88] + [0] * 8
    assert [after.get(0x8008 + n, 0) for n in range(8)] == [0, 0, 0, 0, 0, 0, 0x80, 0]
    assert case.before.gr[1] == 0x8000 and case.before.psw == (0x180000000, 0x10000)
    assert case.after.gr[:3] == (0, 0x8000, 0x1122334455667788)
    assert case.final_keys[8] == (6, 0xFE)
    assert case.final_keys[9] == (0, 0xFA)  # a one of R would be no error
    assert case.final_keys[0][1] == 0xF8 == case.final_keys[0x10][1]


def test_an_interruption_has_its_code_and_where_it_came_from():
    (taken,) = case_of(trace()).taken
    assert taken.kind == SVC
    code, old = taken.checks
    assert (code.location, code.mask, code.value) == (0x88, 0x0006FFFF << 32, 0x00020005 << 32)
    assert (old.location, old.value) == (0x148, 0x1000E)


def test_what_is_open_is_not_compared():
    opened = "\n.open r2 mem 0x8000 key 0x8000"
    case = case_of(trace(x=(" key 0x8000 = 0:RC\n", opened), y=(" mem 0x8008 = quad 0x8000\n", ""),
                         z=(" r2 = 0x1122334455667788\n", "")))  # fmt: skip
    assert case.mask.gr[2] == 0 and case.mask.gr[1] == (1 << 64) - 1
    assert (0x8000, 0x1000) in case.open
    assert case.final_keys[8][1] == 0


def test_a_wait_of_its_own_is_found():
    wait = ' lpswe 0(%r3)\n .balign 8\nend: .quad 0x0002000180000000, 0x2a'
    case = case_of(trace(x=(" svc 5\n.", f" larl %r3,end\n{wait}\n."),
                         y=(" svc 5\n r2", " stop disabled-wait code=0x2a\n r3 = end\n r2")))  # fmt: skip
    assert isinstance(case, Case) and case.own_wait == 0x10018
    assert case.mask.psw == (0, 0) and case.taken == ()


@pytest.mark.parametrize("old, new, reason", [
    pytest.param(".ram 128K", ".ram 128K\n.cpus 2", "several CPUs", id="cpus"),
    pytest.param(".expect", ".host\n when pc == start interrupt-key\n.expect", "host events", id="host"),
    pytest.param(".ram 128K", ".ram 32M", "more than 16M", id="ram"),
    pytest.param("svc 5\n.", "nopr\n svc 5\n stidp 0(%r1)\n.", "STIDP", id="stidp"),
    pytest.param(" r1 = 0x8000\n mem", " r1 = 0x8000\n cpu-timer 5\n mem", "clocks", id="clock"),
    pytest.param(" mem 0x8000 =", " page 0x9000 = volatile resident\n mem 0x8000 =", "page state", id="state"),
    pytest.param(" mem 0x8000 =", f" mem {HOLE:#x} = quad 1\n mem 0x8000 =", "prefix area", id="hole"),
    pytest.param(" r2 = 0x11", " r2 = 0x21", "fails here: r2", id="fails"),
    pytest.param(".ram 128K", ".ram 128K\n.model z10 facility 61", "a z10 has no facility 61", id="model"),
    pytest.param(".ram 128K", ".ram 128K\n.model z10", "is about a z10", id="generation"),
])  # fmt: skip
def test_what_cannot_be_exported_is_a_skip_that_says_why(old, new, reason):
    found = case_of(trace(x=(old, new)))
    assert isinstance(found, Skip)
    assert reason in found.reason


def test_what_depends_on_the_end_of_storage_is_a_skip():
    found = case_of(trace(x=(" svc 5\n.", " sturg %r2,%r4\n svc 5\n."), z=(" svc 5\n r2", " pgm 5\n r2"),
                          y=(" r1 = 0x8000", " r1 = 0x8000\n r4 = 0x20000")))  # fmt: skip
    assert isinstance(found, Skip) and "where storage ends" in found.reason
