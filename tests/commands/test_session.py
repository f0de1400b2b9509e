"""A guest that somebody talks to: keys, what is written, time."""

from __future__ import annotations

import os
import time
from contextlib import suppress

import pytest

from s390emu.commands import session
from s390emu.commands.session import STEP, Session
from s390emu.machine import Machine, Reason

LOOP = "start: j start"
TICKING = """
start:  larl    %r1,data
        mvc     0x1B0(16),8(%r1)        # external new PSW
        lctlg   %c0,%c0,24(%r1)         # clock comparator
tick:   stck    0x300
        lg      %r2,0x300
        larl    %r1,data
        algf    %r2,0(%r1)
        stg     %r2,0x308
        sckc    0x308
        aghi    %r9,1
        lpswe   32(%r1)
        .balign 8
data:   .long   10000 << 12             # 10 ms, in units of the TOD clock
        .long   0
        .quad   0x0000000180000000,tick,0x800
        .quad   0x0102000180000000,0
"""


@pytest.fixture
def pipe():
    read, write = os.pipe()
    yield read, write
    for descriptor in (read, write):
        with suppress(OSError):
            os.close(descriptor)


@pytest.fixture
def small_steps(monkeypatch):
    monkeypatch.setattr(session, "STEP", 100)


def of(source, **options):
    return Machine.from_source(source, **options)


def test_keys_are_typed(pipe, small_steps):
    machine = of(LOOP)
    os.write(pipe[1], b"ls\n\x03")
    Session(machine, keyboard=pipe[0]).run(200, None)
    assert machine.host.guests[0].console.typed == "ls\n\x03"


def test_keys_that_are_no_ascii_are_left_out(pipe):
    machine = of(LOOP)
    os.write(pipe[1], "a\N{LATIN SMALL LETTER A WITH DIAERESIS}b".encode())
    Session(machine, keyboard=pipe[0]).listen(0)
    assert machine.host.guests[0].console.typed == "ab"


@pytest.mark.parametrize(("pressed", "typed", "left"), [
    (["abc"], "abc", False), (["a\x01x"], "a", True), (["\x01\x01"], "\x01", False), (["\x01b"], "b", False),
    (["a\x01", "x"], "a", True), (["x\x01", "\x01", "x"], "x\x01x", False),
])  # fmt: skip
def test_the_escape_key(pressed, typed, left):
    of_guest = Session(of(LOOP))
    assert "".join(of_guest.keys(part) for part in pressed) == typed
    assert of_guest.left is left


def test_leaving_ends_the_run(pipe, small_steps):
    os.write(pipe[1], b"\x01x")
    stop = Session(of(LOOP), keyboard=pipe[0]).run(10_000, None)
    assert (stop.reason, stop.count) == (Reason.LEFT, 100)


def test_the_end_of_the_input_does_not_end_the_run(pipe, small_steps):
    os.close(pipe[1])
    stop = Session(of(LOOP), keyboard=pipe[0]).run(1000, None)
    assert (stop.reason, stop.count) == (Reason.LIMIT, 1000)


def test_limits_hold(small_steps):
    machine = of(LOOP)
    assert Session(machine, "never").run(250, None).count == 250
    assert Session(machine, "never").run(50, None).count == 300
    assert Session(machine, "never").run(None, 0.05).reason is Reason.TIMEOUT


def test_a_text_on_the_console_ends_the_run(small_steps):
    machine = of(LOOP)
    of_guest = Session(machine, "login:")
    console = machine.host.guests[0].console
    console.characters("log")
    assert of_guest.run(100, None).reason is Reason.LIMIT
    console.characters("in: ")
    assert of_guest.written()


def test_the_guests_own_end_is_its_end(small_steps):
    source = "start: larl %r1,9f; lpswe 0(%r1); .balign 8; 9: .quad 0x0002000180000000,5"
    stop = Session(of(source), "x").run(None, None)
    assert stop.exit_code == 5


def test_an_idle_guest_takes_as_long_as_it_says(pipe, monkeypatch):
    """A timer interruption every 10 ms, of which every 10 or 11 instructions are one."""
    monkeypatch.setattr(session, "STEP", 10)
    machine = of(TICKING)
    began, processor = time.monotonic(), time.process_time()
    Session(machine, keyboard=pipe[0]).run(8 * 20, None)
    assert time.monotonic() - began >= 0.8 * machine.now * 1e-9 > 0.05
    assert machine.gr[9] >= 15
    assert time.process_time() - processor < time.monotonic() - began


def test_steps_are_short_enough_for_the_fingers():
    assert STEP <= 10_000_000  # a tenth of a second
