"""The rules that need no knowledge of the guest, on guests of a few instructions; and what is no violation."""

from __future__ import annotations

import pytest

from s390emu.host.host import Host
from s390emu.machine import Machine, Recorder
from s390emu.records.blocks import WATCH_FETCH, WATCH_PAUSE, WATCH_STORE
from s390emu.records.events import EVENT_ESSA, EVENT_TOUCH
from s390emu.sanitizer.guest import Description, FrameTable
from s390emu.sanitizer.pages import Sanitizer

BLOCK, NUMBER = 0x30000, 0x30
FRAMES, FIRST = 0x24000, 0x30  # the frame table of the guests that have one: 16 entries, from BLOCK on
CACHED, DIRTY, WRITABLE = 1, 1, 2

FRAME = """
start:  larl %r1,psws
        mvc 0x1D0(16),0(%r1)            # program new PSW
        llilf %r2,0x30000               # the block
        lghi %r3,8                      # a key: fetch-protected
{body}
done:   larl %r1,psws
        lpswe 16(%r1)
handler:
{handler}
        lpswe 0x150
        .balign 8
psws:   .quad {new:#x},handler
        .quad 0x0002000180000000,0
        .quad 0x0010000180000000,{keyed}        # key 1
        .balign 2
"""
REPAIR = "essa %r0,%r2,1"
CONTENT = "stg %r1,0(%r2)"
VOLATILE = f"{CONTENT}\nessa %r0,%r2,3"


def watch(
    body: str, *, handler: str = REPAIR, new: int = 0x0000000180000000, known: Description | None = None, **options
) -> tuple[Machine, Sanitizer]:
    """A machine with this guest, watched, not yet running."""
    text = FRAME.format(body=body, handler=handler, new=new, keyed="keyed" if "keyed:" in body else "done")
    machine = Machine.from_source(text, 1 << 18, origin=0x10000, host=Host(64, **options))
    return machine, Sanitizer(machine, known)


def broken(body: str, *, discard_after: int | None = None, **options) -> list[str]:
    """The rules that this guest breaks, in order. discard_after: instructions until the host takes the block."""
    machine, sanitizer = watch(body, **options)
    if discard_after is not None:
        machine.run(discard_after)
        machine.host.discard(0, NUMBER)
    stop = machine.run(10_000)
    assert stop.exit_code == 0, stop
    sanitizer.finish()
    return [violation.rule for violation in sanitizer.violations]


# --- Hinted away -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("orc", [2, 3, 4])
@pytest.mark.parametrize("address", [0, 0x1000])
def test_prefix_area(orc, address):
    assert "prefix-hinted" in broken(f"lghi %r2,{address}\nessa %r0,%r2,{orc}\nessa %r0,%r2,1")


def test_prefix_area_is_where_the_prefix_says():
    assert broken("""lghi %r4,0x6000
        stg %r4,0x200
        spx 0x204
        lghi %r2,0
        essa %r0,%r2,2
        essa %r0,%r2,1
        lghi %r2,0x7000
        essa %r0,%r2,2
        essa %r0,%r2,1
        stg %r1,0x200
        lghi %r4,0
        st %r4,0x204
        spx 0x204""") == ["prefix-hinted"]


TABLES = f"""
        llilf %r4,{BLOCK + 0x1000:#x}   # page table
        mvghi 0(%r4),0                  # page 0
        stg %r4,{{entry}}(%r2)
        stg %r2,0x200                   # segment table: the block
        lctlg %c1,%c1,0x200
        lra %r5,0
        {{then}}"""


@pytest.mark.parametrize("table", ["segment", "page"])
def test_translation_table(table):
    which = "" if table == "segment" else "lgr %r2,%r4\n"
    then = f"{which}essa %r0,%r2,3\nessa %r0,%r2,1"
    assert broken(TABLES.format(entry=0, then=then)) == ["table-hinted"]


def test_translation_table_that_is_given_up_may_go():
    then = "mvghi 0x200,0\nlctlg %c1,%c1,0x200\nessa %r0,%r2,2"
    assert broken(TABLES.format(entry=0, then=then)) == []


def test_table_hinted_away_before_it_is_used():
    before = f"llilf %r4,{BLOCK + 0x1000:#x}\n{CONTENT}\nmvghi 0(%r4),0\nstg %r4,0(%r2)\nstg %r2,0x200\n"
    assert broken(before + "essa %r0,%r2,4\nlctlg %c1,%c1,0x200\nlra %r5,0\nessa %r0,%r2,1") == ["table-hinted"]


def test_table_that_was_given_up_hinted_away_and_is_used_again():
    used = "lctlg %c1,%c1,0x200\nlra %r5,0\n"
    given_up = "mvghi 0x208,0\nlctlg %c1,%c1,0x208\n"
    then = f"{given_up}essa %r0,%r2,4\n"
    assert broken(TABLES.format(entry=0, then=f"{then}{used}{given_up}essa %r0,%r2,1")) == ["table-hinted"]
    assert broken(TABLES.format(entry=0, then=f"{then}essa %r0,%r2,1\n{used}")) == []


def test_block_hinted_away_before_it_becomes_the_prefix_area():
    """Nothing tells of SET PREFIX: the next interruption does."""
    copied = "llilf %r4,0x30000\nmvc 0x1D0(16,%r4),0x1D0\nstg %r1,0x1000(%r4)\nst %r4,0x200\n"
    back = ".short 0\nlghi %r5,0\nst %r5,0x300\nspx 0x300\nessa %r0,%r4,1"
    skip = "nopr"
    assert broken(f"{copied}essa %r0,%r4,4\nspx 0x200\n{back}", handler=skip) == ["prefix-hinted"]
    assert broken(f"{copied}spx 0x200\n{back}", handler=skip) == []


def test_io_goes_on_in_the_block():
    machine, sanitizer = watch(VOLATILE)
    machine.host.pin(0, NUMBER)
    machine.run(100)
    sanitizer.finish()
    assert list(sanitizer.counts) == ["busy-hinted"]


def test_service_processor_has_not_answered():
    ask = f"{CONTENT}\nmvhhi 0(%r2),8\nllilf %r4,0x00020001\nservc %r4,%r2\n"
    assert broken(ask + "essa %r0,%r2,3\nessa %r0,%r2,1") == ["busy-hinted"]


# --- Volatile --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("orc", [3, 4])
def test_block_without_content_is_offered(orc):
    assert broken(f"essa %r0,%r2,2\nessa %r0,%r2,1\nessa %r0,%r2,{orc}") == ["empty-volatile"]
    assert broken(f"essa %r0,%r2,2\nessa %r0,%r2,{orc}") == ["empty-volatile"]
    assert broken(f"essa %r0,%r2,2\nessa %r0,%r2,1\n{CONTENT}\nessa %r0,%r2,{orc}") == []


def test_store_into_a_volatile_block():
    assert broken(f"{VOLATILE}\nmvi 9(%r2),1") == ["store-volatile"]
    assert broken(f"{CONTENT}\nessa %r0,%r2,4\nmvi 9(%r2),1") == []
    assert broken(f"{VOLATILE}\nic %r0,9(%r2)") == []
    assert broken(f"{VOLATILE}\nessa %r0,%r2,6\nmvi 9(%r2),1") == []


def test_store_is_seen_though_the_page_was_in_the_tlb():
    assert broken(f"{CONTENT}\n{CONTENT}\nessa %r0,%r2,3\n{CONTENT}") == ["store-volatile"]


# --- Discarded -------------------------------------------------------------------------------------------------------

GONE = f"{VOLATILE}\nessa %r0,%r2,1\nsske %r3,%r2\n"  # 4 + 1 instructions until the host takes the block
AFTER_VOLATILE = 6


def after_discard(then: str, **options) -> list[str]:
    return broken(GONE + then, discard_after=AFTER_VOLATILE, **options)


@pytest.mark.parametrize("then", [
    pytest.param("lg %r0,0(%r2)", id="fetch"),
    pytest.param("mvi 0(%r2),1\nlg %r0,0(%r2)", id="only a part was stored"),
    pytest.param("oi 8(%r2),1", id="updated"),
    pytest.param("agsi 8(%r2),1", id="added to"),
    pytest.param("oc 8(2,%r2),8(%r1)", id="fetched before the store"),
    pytest.param("mvc 0(8,%r2),8(%r2)", id="moved"),
    pytest.param("mvi 0(%r2),0\nmvc 2(255,%r2),0(%r2)", id="propagated, more than was stored"),
])  # fmt: skip
def test_discard_that_nobody_notices(then):
    assert after_discard(then) == ["lost-discard"]


# With DAT on: the storage as it is, but the code at 0x80000 too.
SEGMENTS, PAGES, VIRTUAL = 0x3C000, 0x3D000, 0x80000


def translated(then: str, **options) -> list[str]:
    """The rules that a guest breaks that goes on in this way with DAT on, on a host that takes its block whenever that
    is volatile."""
    body = f"""{GONE}nopr
        larl %r9,on
        lpswe 0(%r9)
        .balign 8
on:     .quad 0x0400000180000000,there-0x10000+{VIRTUAL:#x}
there:  {then}
        larl %r9,off
        lpswe 0(%r9)
        .balign 8
off:    .quad 0x0000000180000000,done"""
    machine, sanitizer = watch(body, **options)
    entries = [page << 12 for page in range(64)] + [0x400] * 192
    for n in range(4):
        entries[(VIRTUAL >> 12) + n] = 0x10000 + (n << 12)
    for address, numbers in (SEGMENTS, [PAGES]), (PAGES, entries):
        machine.write(address, b"".join(number.to_bytes(8, "big") for number in numbers))
    machine.cr[1] = SEGMENTS
    while (stop := machine.step()) is None:
        if machine.block(BLOCK).state == "Vr":
            machine.host.discard(0, NUMBER)
    assert stop.exit_code == 0, stop
    sanitizer.finish()
    return [violation.rule for violation in sanitizer.violations]


@pytest.mark.parametrize("then, found", [
    pytest.param("lg %r0,8(%r2)", ["lost-discard"], id="fetch"),
    pytest.param("oi 8(%r2),1", ["lost-discard"], id="updated"),
    pytest.param("mvi 8(%r2),1", [], id="store"),
    pytest.param("xc 0(256,%r2),0(%r2)\nlg %r0,16(%r2)", [], id="cleared with XC"),
])  # fmt: skip
def test_instructions_are_found_with_dat_on(then, found):
    assert translated(then) == found


@pytest.mark.parametrize("new", [0x0000000180000000, 0x0400000180000000], ids=["real", "virtual"])
def test_handler_goes_back_to_a_program_with_dat_on(new):
    """The fault is over then: the next one is another."""
    faults = f"lghi %r8,2\n1: {CONTENT}\nessa %r0,%r2,3\nnopr\nic %r0,0(%r2)\nbrctg %r8,1b"
    assert translated(f"mvi 0(%r2),0\n{faults}", handler=MEND, new=new) == []


CLEAR = "lgr %r4,%r2\nlghi %r5,4096\nlghi %r7,0\nmvcl %r4,%r6\n"


@pytest.mark.parametrize("then", [
    pytest.param("stg %r1,16(%r2)\nlg %r0,16(%r2)", id="what was stored is fetched"),
    pytest.param(CLEAR + "lg %r0,16(%r2)", id="all was stored"),
    pytest.param("xc 0(256,%r2),0(%r2)\nlg %r0,16(%r2)", id="cleared with XC"),
    pytest.param("mvi 0(%r2),0\nmvc 1(255,%r2),0(%r2)\nlg %r0,16(%r2)", id="cleared with MVC"),
    pytest.param("essa %r0,%r2,2", id="freed"),
])  # fmt: skip
def test_discard_that_is_noticed(then):
    assert after_discard(then) == []


def test_discard_before_the_guest_looked_is_its_own_affair():
    """Extracted or tested, it faults or is repaired; nothing is read that is not there."""
    body = f"{VOLATILE}\nnopr\nlg %r0,0(%r2)\n"
    repair = "essa %r0,%r2,1\nsske %r3,%r2\nlgr %r4,%r2\nlghi %r5,4096\nlghi %r7,0\nmvcl %r4,%r6"
    assert broken(body, discard_after=AFTER_VOLATILE, handler=repair) == []


def test_unpredictable_key_that_refuses_the_access():
    keyed = f"{VOLATILE}\nessa %r0,%r2,1\nmvi 0(%r2),1\nlarl %r4,psws\nlpswe 32(%r4)\nkeyed: ic %r0,0(%r2)\nspka 0"
    codes = set()
    for seed in range(8):
        machine, sanitizer = watch(keyed, handler="sske %r3,%r2", discard_keys="random", seed=seed)
        machine.run(AFTER_VOLATILE)
        machine.host.discard(0, NUMBER)
        machine.run(6)  # up to IC, or into the handler
        codes.add(machine.last_interruption.code if machine.last_interruption else 0)
        sanitizer.finish()
        assert list(sanitizer.counts) == ["key-unpredictable"]
    assert codes == {0, 4}  # permitted, protection


def test_unpredictable_key():
    keyed = f"{VOLATILE}\nessa %r0,%r2,1\n{{key}}\nlarl %r4,psws\nlpswe 32(%r4)\nkeyed:  ic %r0,0(%r2)\n"
    late = "mvi 0(%r2),1\n"
    for key, found in (("", ["key-unpredictable"]), ("lghi %r3,0x10\nsske %r3,%r2", [])):
        source = keyed.format(key=late + key) + "spka 0"
        assert broken(source, discard_after=AFTER_VOLATILE) == found


# --- Changed ---------------------------------------------------------------------------------------------------------

CHANGED = f"{CONTENT}\nessa %r0,%r2,4\n{CONTENT}\n"


def test_change_bit():
    assert broken(f"{CHANGED}sske %r3,%r2") == ["change-cleared"]
    assert broken(f"{CHANGED}essa %r0,%r2,6\nsske %r3,%r2") == []
    assert broken(f"{CHANGED}essa %r0,%r2,3") == ["change-volatile"]
    assert broken(f"{CHANGED}essa %r0,%r2,4") == []
    assert broken(f"sske %r3,%r2\n{CONTENT}\nsske %r3,%r2\nessa %r0,%r2,4\nsske %r3,%r2\nessa %r0,%r2,3") == []


def test_change_bit_that_the_host_keeps_while_the_block_is_out():
    machine, sanitizer = watch(f"{CHANGED}nopr\nsske %r3,%r2")
    machine.run(7)
    machine.host.pressure(0)
    machine.run(100)
    sanitizer.finish()
    assert list(sanitizer.counts) == ["change-cleared"]


# --- Unused ----------------------------------------------------------------------------------------------------------


def test_freed_twice():
    assert broken("essa %r0,%r2,2\nessa %r0,%r2,2") == ["freed-twice"]
    assert broken("essa %r0,%r2,2\nessa %r0,%r2,1\nessa %r0,%r2,2") == []


@pytest.mark.parametrize("policy", ["discarded", "always", "zerofill"])
@pytest.mark.parametrize("touch", [
    "ic %r0,0(%r2)", CONTENT, "mvc 0(1,%r2),0(%r1)", "clc 0(1,%r2),0(%r1)", "ex 0,0(%r2)", "tb %r0,%r2",
])  # fmt: skip
@pytest.mark.parametrize("content", ["resident", "gone"])
def test_unused_block_is_touched(policy, touch, content):
    first = CONTENT if content == "resident" else "nopr"
    body = f"{first}\nessa %r0,%r2,2\n{touch}"
    machine, sanitizer = watch(body, handler="essa %r0,%r2,0", unused_access=policy)
    machine.run(100)
    sanitizer.finish()
    assert [violation.rule for violation in sanitizer.violations] == ["unused-touched"]
    assert sanitizer.violations[0].block == NUMBER
    assert sanitizer.violations[0].code.split()[0] == touch.split()[0]


def test_instructions_in_an_unused_block():
    call = "basr %r14,%r2\n"
    body = f"larl %r5,br14\nmvc 0(2,%r2),0(%r5)\n{call}essa %r0,%r2,2\n{call}j done\nbr14: br %r14"
    machine, sanitizer = watch(body)
    machine.run(100)
    sanitizer.finish()
    assert [violation.rule for violation in sanitizer.violations] == ["unused-touched"]


def test_looking_at_keys_and_states_is_no_touch():
    assert broken(f"{CONTENT}\nessa %r0,%r2,2\niske %r0,%r2\nrrbe %r0,%r2\nessa %r0,%r2,0\nlra %r0,0(%r2)") == []


def test_release_by_diagnose_is_no_unused_block():
    assert broken(f"{CONTENT}\nessa %r0,%r2,2\ndiag %r2,%r2,0x10\nlg %r0,0(%r2)") == []


# --- The handler -----------------------------------------------------------------------------------------------------

FAULT = f"{VOLATILE}\nnopr\nlg %r0,0(%r2)\n"
READ_AGAIN = "lgr %r4,%r2\nlghi %r5,4096\nlghi %r7,0\nmvcl %r4,%r6"
MEND = f"essa %r0,%r2,1\nsske %r3,%r2\n{READ_AGAIN}"


def faulting(handler: str, **options) -> list[str]:
    return broken(FAULT, discard_after=AFTER_VOLATILE, handler=handler, **options)


def test_handler_is_entered_enabled():
    assert faulting(MEND, new=0x0100000180000000) == ["handler-enabled"]
    assert faulting(MEND) == []


def test_block_is_used_anew_while_its_fault_is_under_way():
    assert faulting(f"essa %r0,%r2,2\n{MEND}") == ["reused-early"]


def test_handler_touches_a_discarded_block():
    machine, sanitizer = watch(FAULT, handler="tm 0x340,1\nmvi 0x340,1\njo 1f\nic %r0,0(%r2)\n1:" + MEND)
    machine.run(AFTER_VOLATILE)
    machine.host.discard(0, NUMBER)
    machine.run(100)
    sanitizer.finish()
    assert [violation.rule for violation in sanitizer.violations] == ["handler-faults"]


# --- With a frame table ----------------------------------------------------------------------------------------------

KNOWN = Description(
    FrameTable(FRAMES, 16, 16, FIRST, {"owner": (0, 1), "flags": (1, 1), "references": (4, 4), "maps": (12, 4)}),
    {"dirty": DIRTY, "writable": WRITABLE}, {"free": frozenset({0}), "cache": frozenset({CACHED})},
    reserved=((0x24000, 0x25000),), disabled=True,
)  # fmt: skip
MAPPED = "mvhi 12(%r8),1\n"
ENTRY = f"llilf %r8,{FRAMES:#x}\nmvi 0(%r8),{CACHED}\n"


@pytest.mark.parametrize("body, found", [
    pytest.param("mvi 1(%r8),1\n" + VOLATILE, ["dirty-volatile"], id="dirty"),
    pytest.param("mvi 1(%r8),2\n" + VOLATILE, ["writable-volatile"], id="writable"),
    pytest.param("mvhi 4(%r8),1\n" + VOLATILE, ["referenced-volatile"], id="referenced"),
    pytest.param("mvi 0(%r8),2\n" + VOLATILE, ["anonymous-volatile"], id="owner"),
    pytest.param("lgr %r2,%r8\nessa %r0,%r2,3\nessa %r0,%r2,1", ["reserved-hinted"], id="reserved"),
    pytest.param("stosm 0x340,1\n" + VOLATILE, ["volatile-enabled"], id="enabled"),
    pytest.param(f"{VOLATILE}\nasi 4(%r8),1", ["lookup-volatile"], id="lookup"),
    pytest.param(f"{VOLATILE}\nessa %r0,%r2,6\nasi 4(%r8),1", [], id="lookup with make-stable"),
    pytest.param(f"{VOLATILE}\noi 1(%r8),1", ["set-dirty-volatile"], id="set dirty"),
    pytest.param(f"{VOLATILE}\nic %r0,0(%r2)", ["use-volatile"], id="use"),
    pytest.param(f"{VOLATILE}\nmvhi 12(%r8),1\nic %r0,0(%r2)", [], id="use of what the task has mapped"),
    pytest.param("mvhi 12(%r8),1\nxc 0(16,%r8),0(%r8)", ["freed-mapped"], id="mapped"),
    pytest.param("mvi 1(%r8),1\nxc 0(16,%r8),0(%r8)\nlarl %r4,psws\nlpswe 32(%r4)\nkeyed: spka 0", ["dirty-freed"],
                 id="dirty, and freed"),
    pytest.param(f"{MAPPED}{CHANGED}essa %r0,%r2,6\nsske %r3,%r2\nessa %r0,%r2,4", ["change-forgotten"],
                 id="change forgotten"),
    pytest.param(f"{MAPPED}{CHANGED}essa %r0,%r2,6\nsske %r3,%r2\nmvi 1(%r8),1\nmvi 1(%r8),0\nessa %r0,%r2,4", [],
                 id="change written"),
])  # fmt: skip
def test_what_the_frame_table_tells(body, found):
    assert broken(ENTRY + body, known=KNOWN) == found


def test_violation_tells_where_and_what_happened_before():
    machine, sanitizer = watch(ENTRY + "mvi 1(%r8),1\n" + VOLATILE, known=KNOWN)
    machine.run(100)
    sanitizer.finish()
    (violation,) = sanitizer.violations
    assert (violation.block, violation.code, violation.count) == (NUMBER, "essa %r0,%r2,3", 8)
    assert [event.count for event in violation.history] == [5, 6, 7, 8]


def test_the_last_instruction_of_storage_is_told_too():
    machine, sanitizer = watch("essa %r0,%r2,2\nllilf %r4,0x3fffc\nbr %r4")
    machine.write(0x3FFFC, bytes.fromhex("58102000"))
    machine.run(20)
    sanitizer.finish()
    assert [(violation.ia, violation.code) for violation in sanitizer.violations][:1] == [(0x3FFFC, "l %r1,0(%r2)")]


def test_the_same_place_is_told_once_and_counted():
    machine, sanitizer = watch(f"lghi %r9,5\n1: {VOLATILE}\n{CONTENT}\nessa %r0,%r2,6\nbrctg %r9,1b")
    machine.run(100)
    sanitizer.finish()
    assert [(violation.rule, violation.times) for violation in sanitizer.violations] == [("store-volatile", 5)]
    assert sanitizer.counts == {"store-volatile": 5}


def test_watching_changes_nothing():
    body = ENTRY + f"lghi %r9,20\n1: {VOLATILE}\nasi 4(%r8),1\n{CONTENT}\nessa %r0,%r2,6\nessa %r0,%r2,2\n{CONTENT}\n" \
                   "essa %r0,%r2,1\nbrctg %r9,1b"  # fmt: skip
    watched, sanitizer = watch(body, known=KNOWN)
    text = FRAME.format(body=body, handler=REPAIR, new=0x0000000180000000, keyed="done")
    alone = Machine.from_source(text, 1 << 18, origin=0x10000, host=Host(64))
    assert watched.run(10_000) == alone.run(10_000)
    sanitizer.finish()
    assert sanitizer.violations
    assert watched.read(0, 1 << 18) == alone.read(0, 1 << 18)
    assert watched.blocks() == alone.blocks()
    assert watched.gr.tolist() == alone.gr.tolist()


def test_other_listeners_get_only_what_they_asked_for():
    machine, _ = watch(f"{VOLATILE}\n{CONTENT}")
    machine.watch(EVENT_ESSA)
    machine.run(100)
    assert {int(event.kind) for chunk in machine.drain_events() for event in chunk} == {EVENT_ESSA}


@pytest.mark.parametrize("leaves_after", [0, 7, 30, 10_000])
def test_it_finds_the_same_beside_somebody_who_watches_the_same_blocks_and_leaves(leaves_after):
    """As a debugger does: all accesses to the block and to the frame table, and a range in both."""
    body = ENTRY + f"lghi %r9,20\n1: {VOLATILE}\nasi 4(%r8),1\n{CONTENT}\nessa %r0,%r2,6\nessa %r0,%r2,2\n{CONTENT}\n" \
                   "essa %r0,%r2,1\nbrctg %r9,1b"  # fmt: skip
    found = []
    for beside in (False, True):
        machine, sanitizer = watch(body, known=KNOWN)
        if beside:
            other = Recorder(EVENT_TOUCH, EVENT_ESSA)
            machine.observe(other)
            for block in (NUMBER, FRAMES // 4096):
                machine.observers.watch(other, block, WATCH_FETCH | WATCH_STORE | WATCH_PAUSE)
            machine.observers.watch_range(other, FRAMES + 8, BLOCK + 8)
            machine.run(leaves_after)
            machine.observers.remove(other)
            assert (leaves_after < 10) or other.chunks
        machine.run(10_000)
        sanitizer.finish()
        found.append((sanitizer.violations, sanitizer.counts))
    assert found[0][0]
    assert found[0] == found[1]
