"""`.model` and `.init` become a machine; what only the machine can refuse is an error of the trace, with its line."""

from __future__ import annotations

import pytest

from s390emu.tracing.prepare import END_CODES, NEW_PSWS, prepare
from s390emu.tracing.runner import Result
from s390emu.tracing.trace_file import parse
from tests.tracing.samples import run, told, trace


def machine(init: str, model: str = "cmma"):
    return prepare(parse(trace("start: svc 0", init=init, model=model)))


def test_registers_and_psw():
    made = machine("r1 = 1\n cr3 = 2\n ar4 = -1\n f5 = 4\n fpc = 5\n prefix = 0x4000\n psw addr=start+2 key=7\n cc = 3")
    assert (made.gr[1], made.cr[3], made.cpu.ar[4], made.cpu.fpr[5], made.cpu.fpc) == (1, 2, 0xFFFFFFFF, 4, 5)
    assert made.cpu.prefix == 0x4000
    assert made.psw == (0x0070300180000000, 0x10002)


def test_clocks():
    made = machine("tod 0x1000\n clock-comparator 0x2000\n cpu-timer 0x10")
    assert (made.tod_epoch, made.cpu.clock_comparator, made.cpu.timer_zero) == (0x1000, 0x2000, 0x1010)


@pytest.mark.parametrize(
    ("page", "state"),
    [
        ("stable", (0, 0, 0)), ("stable preserved", (0, 1, 0)), ("stable zero", (0, 1, 1)), ("unused", (1, 0, 0)),
        ("unused zero", (1, 1, 1)), ("potentially-volatile", (2, 0, 0)), ("volatile resident", (3, 0, 0)),
        ("volatile zero", (3, 1, 1)),
    ],
)  # fmt: skip
@pytest.mark.parametrize("key", ["0", "3:RC", "15:F"])
def test_every_state_and_key(page, state, key):
    trace_ = parse(trace("start: svc 0", init=f"page 0x20000 = {page} key={key} no-dat", model="no-dat",
                         expect=f"svc 0\n page 0x20000 = {page} key={key} no-dat"))  # fmt: skip
    block = prepare(trace_).storage.blocks[0x20]
    assert (block.usage, block.invalid, block.zero, block.no_dat) == (*state, 1)
    assert told(run("\n".join(trace_.lines) + "\n")) == []


def test_a_preserved_block_keeps_what_mem_put_there():
    made = machine("page 0x20000 = stable preserved\n mem 0x20000 = quad 5")
    assert made.read(0x20000, 8) == (5).to_bytes(8, "big")
    assert made.storage.blocks[0x20].invalid == 1


def test_default_new_psws_are_disabled_waits_that_tell_their_class():
    made = machine("prefix = 0x4000\n mem 0x41d0 = quad 1, 2")
    for name, location in NEW_PSWS.items():
        psw = made.read(0x4000 + location, 16).hex()
        assert psw == (
            "00000000000000010000000000000002" if name == "pgm" else f"0002000180000000{END_CODES[name]:016x}"
        )


def test_a_prefix_area_that_is_zero_stays_so():
    made = machine("prefix = 0x4000\n page 0x4000 = volatile zero")
    assert made.storage.blocks[4].invalid == 1


@pytest.mark.parametrize(
    ("init", "line", "message"),
    [
        (
            "mem 0x20000 = quad 1\n page 0x20000 = stable zero",
            5,
            "0x20000 is to be zero, but .text or mem puts something",
        ),
        ("paging none\n page 0x20000 = stable preserved", 5, "paging"),
        ("prefix = 0x1000", 4, "the prefix is a multiple of 8K within storage"),
        ("frames 3", 4, "3 frames are too few"),
        ("frames 0", 4, "a host of 0 frames"),
    ],
)
def test_what_cannot_be_is_an_error_of_the_trace(init, line, message):
    result = run(trace("start: svc 0", init=init))
    assert (result.outcome, result.exit_code) == (Result.ERROR, 2)
    assert result.message.startswith(f"<string>:{line}: error: ")
    assert message in result.message


def test_a_facility_that_is_not_there_is_a_visible_skip():
    result = run(trace("start: svc 0", model="facility 1, facility 190"))
    assert (result.outcome, result.exit_code) == (Result.SKIPPED, 0)
    assert result.message == "facility 190 is not implemented"


@pytest.mark.parametrize(
    ("model", "expect"),
    [("none", "pgm 1 at start"), ("cmma", "pgm 6 at start"), ("no-dat", "svc 0"), ("cmma facility 147", "svc 0")],
)
def test_model(model, expect):
    assert told(run(trace("start: essa %r2,%r2,7\n svc 0", model=model, expect=expect, open_="page r2"))) == []


def test_tlb_off_and_policies():
    made = machine(
        "tlb off\n policy unused_access=zerofill\n policy discard_keys=random\n seed 3\n paging 4\n frames 99"
    )
    assert made.storage.record.tlb_on == 0
    assert (made.host.unused_access, made.host.discard_keys) == (2, "random")
    assert (made.host.frames.count, made.host.slots.device.slots) == (99, 4)
