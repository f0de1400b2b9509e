"""Rules between CPUs, on two CPUs that take turns where a test wants it; and what is no violation."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from s390emu.architecture.interruptions import BLOCK_VOLATILITY
from s390emu.architecture.psw_bits import DAT, PROBLEM
from s390emu.assembler.assemble import assemble
from s390emu.host.host import Host
from s390emu.machine import Machine, Reason, Schedule
from s390emu.records.cpu import OPERATING, STOPPED_STATE
from s390emu.reports.sanitizer import as_dict, report
from s390emu.sanitizer.guest import Description, FrameTable
from s390emu.sanitizer.pages import Sanitizer

SIZE = 1 << 18
BLOCK, NUMBER = 0x30000, 0x30
FRAMES, FIRST, LOCK = 0x24000, 0x30, 0x23000
SEGMENTS, PAGES = 0x3C000, 0x3D000
CACHED, GOING = 1, 2  # owners
DIRTY, WRITABLE, REMOVED, STATE_CHANGE = 1, 2, 4, 0x20
SUPERVISOR = 0x0000000180000000
ENABLED = SUPERVISOR | 0x0100000000000000
TASK = SUPERVISOR | int(DAT | PROBLEM)
LONG = 10_000

KNOWN = Description(
    FrameTable(FRAMES, 16, 8, FIRST, {"owner": (0, 1), "flags": (1, 1), "references": (4, 2), "maps": (6, 2)}),
    {"dirty": DIRTY, "writable": WRITABLE, "discarded": REMOVED, "state_change": STATE_CHANGE},
    {"free": frozenset({0, GOING}), "cache": frozenset({CACHED})}, disabled=True,
    counted=frozenset({"cache", "maps"}), interlocked=True, locks={"free": LOCK},
)  # fmt: skip

PRELUDE = f"""
        .macro  counts change           # to the references (65536) and mappings
        l       %r0,4(%r8)
        lr      %r1,%r0
        afi     %r1,\\change
        cs      %r0,%r1,4(%r8)
        .endm
        .macro  set flag
        l       %r0,0(%r8)
        lr      %r1,%r0
        oilh    %r1,\\flag
        cs      %r0,%r1,0(%r8)
        .endm
        .macro  reset flag
        l       %r0,0(%r8)
        lr      %r1,%r0
        nilh    %r1,0xFFFF-\\flag
        cs      %r0,%r1,0(%r8)
        .endm
start:  mvi     0x1D4,0x80              # program new PSW: 64-bit mode
        mvi     0x1D3,1
        llilf   %r2,{BLOCK:#x}
        llilf   %r8,{FRAMES:#x}
        llilf   %r9,{LOCK:#x}
        stg     %r2,0(%r2)
"""
TAKE, DROP, MAP, UNMAP = "counts 0x10000", "counts -0x10000", "counts 0x10001", "counts -0x10001"
LOCKED, UNLOCKED = f"set {STATE_CHANGE}", f"reset {STATE_CHANGE}"
VOLATILE, POTENTIALLY, STABLE, UNUSED = (f"essa %r0,%r2,{orc}" for orc in (3, 4, 6, 2))
STABLE_ANYHOW = "essa %r0,%r2,1"
REMOVE = f"set {REMOVED}"
FREE_LOCKED, FREE_UNLOCKED = "mvhi 0(%r9),1", "mvhi 0(%r9),0"

MAPPED = "01000000 00020001"  # an entry

Part = tuple[int, str] | Callable[[Machine], None]


def play(
    *parts: Part, entry: str = "01000000 00010000", known: Description = KNOWN, stopped: bool = False
) -> Sanitizer:
    """Let two CPUs execute these parts, each a CPU's and its instructions, one after the other, or call them. entry: of
    the block, in hexadecimal: owner, flags, 0, 0, references, mappings. stopped: the second CPU does not operate."""
    text = PRELUDE
    for number in (0, 1):
        text += f"cpu{number}:\n"
        for n, part in enumerate(parts):
            if not callable(part) and part[0] == number:
                text += f"{part[1]}\nend{n}:\n"
        text += f"stop{number}: j stop{number}\n"
    machine = Machine(SIZE, cpus=2, schedule=Schedule(2, LONG), host=Host(80))
    program = assemble(text, origin=0x10000)
    machine.load(program)
    machine.write(FRAMES, bytes.fromhex(entry).ljust(16, b"\0"))
    to(machine, program, 0, "cpu0")
    other = machine.cpus[1]
    other.gr[:] = machine.cpus[0].gr
    other.record.prefix = 0x2000
    machine.write(0x21D0, machine.read(0x1D0, 16))
    other.set_psw(SUPERVISOR, program.symbols["cpu1"])
    other.record.stopped = STOPPED_STATE if stopped else OPERATING
    sanitizer = Sanitizer(machine, known)
    for n, part in enumerate(parts):
        if callable(part):
            part(machine)
        else:
            to(machine, program, part[0], f"end{n}")
    sanitizer.finish()
    return sanitizer


def to(machine: Machine, program, number: int, label: str) -> None:
    """Run one CPU up to a label."""
    machine.schedule.turn, machine.schedule.left = number, LONG
    stop = machine.run(LONG - 1, until=[program.symbols[label]])
    assert (stop.reason, stop.cpu) == (Reason.BREAKPOINT, number), stop


def found(*parts: Part, **options) -> list[tuple[str, int, tuple[int, ...]]]:
    """Return the violations: rule, CPU, other CPUs."""
    return [(each.rule, each.cpu, each.others) for each in play(*parts, **options).violations]


def rules(*parts: Part, **options) -> list[str]:
    return [rule for rule, _, _ in found(*parts, **options)]


def psw(number: int, mask: int) -> Part:
    """The CPU goes on where it is with this PSW."""
    return lambda machine: machine.cpus[number].set_psw(mask, machine.cpus[number].psw[1])


# --- Whose event it is -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("enabled, expected", [(0, [("volatile-enabled", 0, ())]), (1, [])])
def test_a_cpu_is_judged_by_its_own_psw(enabled, expected):
    known = replace(KNOWN, flags={})
    assert found(psw(enabled, ENABLED), (1, "nopr"), (0, VOLATILE), known=known) == expected


def test_a_reset_that_a_cpu_orders_is_not_its_own():
    reset = "lghi %r4,1\nsigp %r0,%r4,12"
    assert rules(psw(0, ENABLED), (0, f"{reset}\n{VOLATILE}"), known=replace(KNOWN, flags={})) == ["volatile-enabled"]


def test_each_cpus_prefix_area():
    hint = "lghi %r2,0x2000\nessa %r0,%r2,2\nessa %r0,%r2,1"
    assert found((0, hint)) == [("prefix-hinted", 0, (1,))]
    assert found((1, hint)) == [("prefix-hinted", 1, ())]
    assert found((0, hint), stopped=True) == []


def tables(machine: Machine) -> None:
    """CPU 1 translates: the storage as it is, but the segment table lies in the block."""
    entries = [page << 12 for page in range(64)] + [0x400] * 192
    for address, numbers in (BLOCK, [PAGES]), (SEGMENTS, [PAGES]), (PAGES, entries):
        machine.write(address, b"".join(number.to_bytes(8, "big") for number in numbers))


def with_table(address: int) -> Part:
    def set_up(machine: Machine) -> None:
        tables(machine)
        machine.cpus[1].cr[1] = address
        machine.cpus[1].set_psw(TASK, machine.cpus[1].psw[1])

    return set_up


def test_translation_table_of_another_cpu():
    parts = with_table(BLOCK), (1, "nopr"), (0, f"{UNUSED}\n{STABLE_ANYHOW}")
    assert rules(*parts, known=NOTHING) == ["table-hinted"]


# --- Discard faults --------------------------------------------------------------------------------------------------


def discard(machine: Machine) -> None:
    machine.host.discard(0, NUMBER)


def fault(number: int) -> Part:
    """The CPU has a discard fault for the block; its next part is executed by the handler."""

    def run(machine: Machine) -> None:
        cpu = machine.cpus[number]
        mask, handler = cpu.psw
        machine.write(0x20000, bytes.fromhex("e30020000004"))  # lg %r0,0(%r2)
        machine.write(0x2000 * number + 0x1D8, handler.to_bytes(8))
        cpu.set_psw(mask, 0x20000)
        machine.schedule.turn, machine.schedule.left = number, LONG
        machine.run(1)
        assert cpu.last_interruption.code == BLOCK_VOLATILITY

    return run


GONE = (0, VOLATILE), discard
NOTHING = Description()


def test_each_cpu_may_have_a_discard_fault():
    assert found(*GONE, fault(0), fault(1), known=NOTHING) == []
    assert found(*GONE, fault(1), fault(1), known=NOTHING) == [("handler-faults", 1, ())]


@pytest.mark.parametrize("handler, expected", [
    pytest.param("nopr", [("reused-early", 0, (1,))], id="only the address is known"),
    pytest.param("ptlb", [], id="signed off"),
    pytest.param("stosm 0x340,1", [], id="enabled"),
])  # fmt: skip
def test_block_is_used_anew_while_another_cpu_has_a_fault_for_it(handler, expected):
    reuse = f"{UNUSED}\n{STABLE_ANYHOW}"
    assert found(*GONE, fault(1), (1, handler), (0, reuse), known=NOTHING) == expected


def test_block_is_used_anew_by_a_cpu_while_another_has_a_reference():
    """It is freed too early, but the fault is no longer one of which only the address is known."""
    parts = *GONE, fault(1), (1, TAKE), (0, f"{UNUSED}\n{STABLE_ANYHOW}")
    known = replace(KNOWN, flags={"discarded": REMOVED}, locks={})
    assert rules(*parts, known=known, entry=MAPPED) == ["referenced-unused"]


# --- The state-change bit --------------------------------------------------------------------------------------------


def test_block_is_made_volatile_and_stable_as_it_should_be():
    assert rules((0, f"{TAKE}\n{LOCKED}\n{VOLATILE}\n{UNLOCKED}\n{DROP}"), (1, f"{TAKE}\n{STABLE}\n{DROP}")) == []


def test_block_is_made_volatile_without_the_bit():
    assert found((0, VOLATILE)) == [("volatile-unlocked", 0, ())]
    assert found((0, f"{LOCKED}\n{UNLOCKED}\n{VOLATILE}")) == [("volatile-unlocked", 0, ())]
    assert found((1, LOCKED), (0, VOLATILE)) == [("volatile-unlocked", 0, (1,))]


def test_reference_taken_before_the_bit_keeps_the_block_stable():
    assert found((1, TAKE), (0, f"{LOCKED}\n{VOLATILE}")) == [("referenced-volatile", 0, ())]


def test_reference_taken_after_the_bit_has_to_wait():
    assert rules((0, LOCKED), (1, TAKE), (0, f"{VOLATILE}\n{UNLOCKED}"), (1, STABLE)) == []


def test_reference_given_up_after_the_bit_was_taken_need_not_have_been_seen():
    assert rules((1, TAKE), (0, LOCKED), (1, DROP), (0, VOLATILE)) == []


def test_all_checks_are_excused_that_another_cpu_makes_wrong_after_them():
    assert rules((0, LOCKED), (1, f"{TAKE}\n{REMOVE}\nset {DIRTY}"), (0, VOLATILE)) == []
    assert rules((1, f"set {DIRTY}"), (0, f"{LOCKED}\n{VOLATILE}")) == ["dirty-volatile"]


def test_block_is_made_stable_while_another_cpu_makes_it_volatile():
    assert found((0, LOCKED), (1, f"{TAKE}\n{STABLE}")) == [("stable-early", 1, (0,))]
    assert found((1, TAKE), (0, LOCKED), (1, STABLE)) == []  # which the other one will see
    assert found((0, f"{TAKE}\n{LOCKED}\n{STABLE}")) == []  # its own


# --- The frame table -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("change, entry, expected", [
    pytest.param(f"oi 1(%r8),{REMOVED}", "01000000 00010000", ["not-interlocked"], id="flags"),
    pytest.param("mvhhi 4(%r8),2", "01000000 00010000", ["not-interlocked"], id="references"),
    pytest.param(f"mvi 0(%r8),{GOING}", "01000000 00010000", [], id="owner"),
    pytest.param(f"mvi 1(%r8),{WRITABLE}\nmvhhi 4(%r8),2", "01000000 00000000", [], id="nobody knows it"),
])  # fmt: skip
def test_entry_that_another_cpu_may_change_is_changed_in_one_step(change, entry, expected):
    assert rules((0, change), entry=entry) == expected


def test_reference_to_a_block_without_any():
    assert rules((0, TAKE), entry="02000000 00000000") == ["free-referenced"]
    assert rules((0, TAKE), entry="01040000 00000000") == ["free-referenced"]
    assert rules((0, TAKE), entry="02000000 00010000") == []


def test_referenced_block_is_set_unused():
    free = f"{FREE_LOCKED}\n{UNUSED}"
    assert rules((0, free), entry="02000000 00010000") == ["referenced-unused"]
    assert rules((0, free), entry="02000000 00000000") == []


def test_block_is_set_unused_without_the_lock():
    free = f"{FREE_LOCKED}\n{FREE_UNLOCKED}\n{UNUSED}"
    assert rules((0, free), entry="00") == ["unused-unlocked"]
    assert rules((0, free), entry="00", stopped=True) == []  # nobody else is there


def test_block_is_mapped_that_is_discarded():
    """CPU 1 has a reference, so that the removal does not free the block."""
    remove = f"{TAKE}\n{REMOVE}\n"
    assert found((1, TAKE), (0, remove + DROP), (1, MAP)) == [("mapped-discarded", 1, (0,))]
    assert found((1, TAKE), (0, remove), (1, MAP), (0, DROP)) == [("mapped-discarded", 0, ())]
    assert found((1, TAKE), (0, remove), (1, MAP), (0, f"{UNMAP}\n{DROP}")) == []


def test_a_frame_that_is_used_again_may_be_mapped():
    remove = f"{TAKE}\n{REMOVE}\n{DROP}\n{DROP}\nmvi 1(%r8),0\nmvhhi 4(%r8),2\n"
    assert found((0, remove), (1, MAP)) == []


def test_tasks_may_store_into_a_block_that_is_volatile():
    make = f"{LOCKED}\n{VOLATILE}\n{UNLOCKED}\n{TAKE}\n"
    assert rules((0, f"{make}set {WRITABLE}")) == ["set-writable-volatile"]
    assert rules((0, f"{make}{STABLE}\nset {WRITABLE}")) == []


CLEAN, COPY = f"reset {DIRTY}", "lg %r0,0(%r2)"
OFFER = f"{LOCKED}\n{VOLATILE}"


@pytest.mark.parametrize("parts, expected", [
    pytest.param([(0, f"{CLEAN}\n{COPY}\n{OFFER}")], [], id="copied after that"),
    pytest.param([(0, f"{COPY}\n{CLEAN}\n{OFFER}")], [("cleaned-late", 0, ())], id="copied before"),
    pytest.param([(0, f"{COPY}\n{CLEAN}"), (1, OFFER)], [("cleaned-late", 1, (0,))], id="offered by another CPU"),
    pytest.param([(0, CLEAN), (1, COPY), (0, OFFER)], [("cleaned-late", 0, ())], id="another one has fetched"),
    pytest.param([(0, f"{COPY}\n{CLEAN}\n{REMOVE}")], [("cleaned-late", 0, ())], id="removed"),
    pytest.param([(0, f"{COPY}\n{CLEAN}\nset {DIRTY}\n{REMOVE}")], [], id="dirty again"),
])  # fmt: skip
def test_content_is_copied_after_the_block_ceases_to_be_dirty(parts, expected):
    assert found(*parts, entry="01010000 00010000") == expected


# --- Translations ----------------------------------------------------------------------------------------------------

OUT = f"{TAKE}\n{UNMAP}\n{REMOVE}\n{DROP}\n{DROP}\n{FREE_LOCKED}\n"  # CPU 0 takes the block out of the page cache
NOT_PURGED = [("translation-held", 0, (1,))]


@pytest.mark.parametrize("meanwhile, expected", [
    pytest.param([], NOT_PURGED, id="in a task"),
    pytest.param([psw(1, SUPERVISOR)], [], id="in the kernel"),
    pytest.param([psw(1, SUPERVISOR), (1, "ptlb"), psw(1, TASK)], [], id="has purged"),
])  # fmt: skip
def test_block_is_set_unused_while_another_cpu_has_a_translation(meanwhile, expected):
    parts = with_table(SEGMENTS), (1, "nopr"), (0, OUT), *meanwhile, (0, UNUSED)
    assert found(*parts, entry=MAPPED) == expected


@pytest.mark.parametrize("then, expected", [
    pytest.param([psw(1, TASK)], NOT_PURGED, id="goes on with its task"),
    pytest.param([(1, "ptlb"), psw(1, TASK)], [], id="purges before it does"),
])  # fmt: skip
def test_cpu_in_the_kernel_goes_on_with_a_task(then, expected):
    parts = with_table(SEGMENTS), (1, "nopr"), psw(1, SUPERVISOR), (0, f"{OUT}{UNUSED}"), *then
    assert found(*parts, entry=MAPPED) == expected


def test_cpu_that_has_translated_nothing_since_its_purge():
    parts = with_table(SEGMENTS), (1, "nopr"), psw(1, SUPERVISOR), (1, "ptlb"), (0, f"{OUT}{UNUSED}"), psw(1, TASK)
    assert found(*parts, entry=MAPPED) == []


@pytest.mark.parametrize("mask, expected", [(TASK, []), (SUPERVISOR, ["use-volatile"])])
def test_volatile_block_is_used_by_a_translation_that_is_not_purged_yet(mask, expected):
    """A task may; the kernel uses the block itself."""
    unmap = f"{TAKE}\n{UNMAP}\n{DROP}\n{LOCKED}\n{VOLATILE}"
    parts = with_table(SEGMENTS), (1, "nopr"), (0, unmap), psw(1, mask), (1, COPY)
    assert rules(*parts, entry=MAPPED) == expected


# --- What is told ----------------------------------------------------------------------------------------------------


def test_report_names_the_cpus():
    sanitizer = play((0, LOCKED), (1, f"{TAKE}\n{STABLE}"))
    text = report(sanitizer, {})
    assert " on CPU 1 (with CPU 0): essa %r0,%r2,6" in text
    assert " cpu0 frame entry  flags 0 -> 20" in text
    (violation,) = json.loads(json.dumps(as_dict(sanitizer, {})))["violations"]
    assert (violation["cpu"], violation["other_cpus"]) == (1, [0])
