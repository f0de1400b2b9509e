"""When a page is translated, what is put in place, and what drops it."""

from __future__ import annotations

import gc
import importlib
import weakref

import pytest

from s390emu._jit import JIT
from s390emu.architecture.interruptions import PROTECTION
from s390emu.architecture.sizes import BLOCK_SIZE
from s390emu.commands.machines import build
from s390emu.commands.options import machine as options
from s390emu.commands.usage import UsageError
from s390emu.host import kernels
from s390emu.isa import lookup
from s390emu.machine import Machine, Reason
from s390emu.machine.observe import Recorder
from s390emu.records.blocks import WATCH_FETCH, WATCH_STORE
from s390emu.records.events import EVENT_TOUCH
from s390emu.regions import llvm, modes, translator
from s390emu.regions.modes import ALWAYS, AUTO, NEVER, SYNC
from s390emu.regions.request import WHOLE_TEXT, Request, Translation
from s390emu.regions.templates import CPU, PORT
from s390emu.regions.translator import DecodedPage, Installed, Translator, decoded_page_at
from s390emu.regions.worker import Worker, shared
from s390emu.storage.protection import FETCH_PROTECTION_OVERRIDE

jitted = pytest.mark.skipif(not JIT, reason="only compiled code is translated")
CODE = 0x10000
END = """       larl %r1,end
       lpswe 0(%r1)
       .balign 8
end:   .quad 0x0002000180000000,0
       .balign 4096
"""
LOOP = (
    """
start: lghi %r1,{count}
       larl %r5,data
loop:  ag %r2,0(%r5)
       stg %r2,8(%r5)
       brctg %r1,loop
"""
    + END
    + """data:  .quad 3,0
"""
)


class Asked:
    """A worker that never answers, but for what is told to it."""

    def __init__(self):
        self.requests: list[Request] = []

    def submit(self, request, take):
        self.requests.append(request)
        self.take = take

    def poll(self):
        pass


@pytest.fixture
def asked(monkeypatch):
    monkeypatch.setattr(translator, "of_page", lambda *page: [])
    return Asked()


def machine_with(worker, mode: str, count: int = 30_000) -> Machine:
    machine = Machine.from_source(LOOP.format(count=count), 1 << 17)
    machine.translator = Translator(machine.storage, machine.handlers, mode, worker)
    return machine


@pytest.fixture
def often(monkeypatch):
    """Sample every 100 instructions."""
    monkeypatch.setattr(translator, "INTERVAL", 100)


def test_a_page_is_translated_once_it_was_seen_often_enough(asked, often):
    machine = machine_with(asked, AUTO)
    machine.run(100 * translator.SAMPLES)
    assert not asked.requests
    machine.run(200)
    (request,) = asked.requests
    assert CODE in request.decoded and request.amode == (1 << 64) - 1
    assert CODE + 10 in request.starts  # the loop's head: the last branches went there
    machine.run(2000)
    assert len(asked.requests) == 1  # not while the answer is awaited


@jitted
def test_a_guest_that_may_end_soon_has_no_translator_and_no_worker_until_it_is_almost_time(monkeypatch):
    started = []
    monkeypatch.setattr(Worker, "start", lambda worker: started.append(worker))
    monkeypatch.setattr(modes, "AHEAD", 1000)
    machine = Machine.from_source(LOOP.format(count=30_000), 1 << 17, translate=AUTO, beginning=5000)
    for length in (10, 3990):  # of the second one the first instruction is where the first one has stopped
        machine.run(length)
        assert machine.translator is None and not started
    machine.run(10)
    assert machine.translator is None and started == [shared(waits=False)]
    machine.run(1000)
    assert machine.translator.mode == AUTO


def test_what_comes_for_a_guest_that_is_gone_is_dropped(asked, often):
    """Its storage is gone too, so nothing may be looked at."""
    machine = machine_with(asked, AUTO)
    machine.run(1000)
    translator_of_it = weakref.ref(machine.translator)
    del machine
    gc.collect()
    assert translator_of_it() is None
    asked.take(Translation(b"", {CODE: 0}, {CODE: 0}, ()))


def test_a_page_that_cannot_be_translated_is_left_alone_after_some_attempts(asked, often):
    machine = machine_with(asked, AUTO)
    for _ in range(3 * translator.VERSIONS):
        machine.run(100 * (translator.SAMPLES + 1))
        if len(asked.requests) > machine.translator.refused:
            asked.take(None)
    assert machine.translator.refused == len(asked.requests) == translator.VERSIONS


def test_what_the_machine_does_not_have_is_not_translated(asked, monkeypatch):
    """Its handler in the table is the operation exception."""
    monkeypatch.setattr(translator, "ALWAYS_INTERVAL", 10)
    machine = machine_with(asked, ALWAYS)
    machine.run(15)
    machine.handlers.mnemonics.pop(lookup.place_of(int.from_bytes(machine.read(CODE + 10, 6) + bytes(2), "big")))
    machine.run(20)
    assert CODE in asked.requests[-1].decoded and CODE + 10 not in asked.requests[-1].decoded


def test_always_asks_for_every_page_and_every_entry(asked, monkeypatch):
    monkeypatch.setattr(translator, "ALWAYS_INTERVAL", 10)
    machine = machine_with(asked, ALWAYS)
    machine.run(20)
    assert asked.requests[-1].everywhere and set(asked.requests[-1].starts) == set(asked.requests[-1].decoded)


def test_always_asks_for_what_instructions_lead_to_and_no_more_when_that_is_executed(asked, monkeypatch):
    monkeypatch.setattr(translator, "ALWAYS_INTERVAL", 10)
    machine = machine_with(asked, ALWAYS, count=20)
    monkeypatch.setattr(machine.translator, "_install", lambda page, translation: put.append(page))
    put: list[DecodedPage] = []
    machine.run(12)
    (request,) = asked.requests
    assert {ia - CODE for ia in request.decoded} == {0, 4, 10, 16, 22, 26, 32, 36, 38}  # BCR fills up to the data
    assert machine.read(CODE + 32, 4).ljust(8, b"\0") == request.decoded[CODE + 32].to_bytes(8, "big")
    asked.take(Translation(b"", {}, {}, ()))
    put[0].rows[translator.TRANSLATED_ROW, translator.TEXT] = 7  # it stands
    machine.run()
    assert len(asked.requests) == 1


def test_always_asks_for_what_another_page_leads_to_before_that_is_executed(asked, monkeypatch):
    monkeypatch.setattr(translator, "ALWAYS_INTERVAL", 1)
    machine = Machine.from_source(
        "start: brasl %r14,f\n cije %r0,1,g\n j start\n .org start+4096\nf: br %r14\n .long 0\ng: j g",
        1 << 17,
        origin=CODE,
    )
    machine.translator = Translator(machine.storage, machine.handlers, ALWAYS, asked)
    machine.run(10)
    assert {ia - CODE for ia in asked.requests[-1].decoded if ia >= CODE + 4096} == {4096, 4102}
    asked.take(None)
    page = decoded_page_at(machine.port, CODE + 4096)
    page.rows[translator.TRANSLATED_ROW, translator.TEXT] = 7  # a region that was made of less
    machine.translator._asked[page.logical, page.address].pop(CODE + 4096)
    before = len(asked.requests)
    machine.run(10)
    assert len(asked.requests) > before


def test_always_asks_for_no_instruction_at_a_breakpoint_or_across_the_page(asked, monkeypatch):
    monkeypatch.setattr(translator, "ALWAYS_INTERVAL", 10)
    machine = Machine.from_source("loop: j loop\n .org loop+4094\n brasl %r1,loop", 1 << 17, origin=CODE)
    machine.translator = Translator(machine.storage, machine.handlers, ALWAYS, asked)
    machine.write(CODE + 4, machine.read(CODE, 2) + (2045).to_bytes(2, "big"))  # to the BRASL
    machine.write(CODE + 8, machine.read(CODE, 4))
    machine.run(5, until=[CODE + 8])
    machine.run(20, until=[CODE + 8])
    assert set(asked.requests[-1].decoded) == {CODE, CODE + 4}


def test_the_decoded_page_of_an_address_is_that_of_the_tlb(asked):
    machine = machine_with(asked, AUTO)
    assert decoded_page_at(machine.port, CODE) is None
    machine.run(10)
    assert set(decoded_page_at(machine.port, CODE).texts()) == {CODE + n for n in (0, 4, 10, 16, 22)}


@pytest.mark.parametrize("region, left", [(0, {0, 4, 16, 22}), (7, set())], ids=["no-region", "region"])
def test_a_store_drops_the_instructions_it_touches_and_all_of_a_page_with_a_region(asked, region, left):
    machine = machine_with(asked, AUTO)
    machine.run(10)
    page = decoded_page_at(machine.port, CODE)
    page.rows[translator.TRANSLATED_ROW, translator.TEXT] = region
    machine.write(CODE + 12, b"\x00")
    assert {ia - CODE for ia in page.texts()} == left and page.region == 0


def test_a_store_between_instructions_drops_none_and_no_region(asked):
    """Of the page only the instructions at 0, 10 and 22 are decoded, of 4, 6 and 4 bytes; the region has that at 16."""
    machine = machine_with(asked, AUTO)
    machine.run(10)
    page = decoded_page_at(machine.port, CODE)
    code = machine.read(CODE, 32)
    page.rows[[2, 8], translator.HANDLER], page.rows[2, translator.TEXT] = 0, 0
    rows = page.rows.copy()
    occupied = {*range(4), *range(10, 26)}
    for first in range(32):
        for length in range(1, 10):
            page.rows[:] = rows
            page.rows[translator.TRANSLATED_ROW, translator.TEXT] = 7
            machine.write(CODE + first, code[first : first + length])
            touches = not occupied.isdisjoint(range(first, first + length))
            assert (page.region, set(page.texts())) == ((0, set()) if touches else (7, {CODE, CODE + 10, CODE + 22}))


def texts_of(machine, *offsets: int) -> dict[int, int]:
    """Return the instructions of LOOP at these offsets, by logical address."""
    lengths = {0: 4, 4: 6, 10: 6, 16: 6, 22: 4, 26: 6, 32: 4}
    read = {CODE + n: machine.read(CODE + n, lengths[n]) for n in offsets}
    return {ia: int.from_bytes(text.ljust(8, b"\0"), "big") for ia, text in read.items()}


@pytest.fixture
def begun(asked):
    """A machine in its loop, whose last two instructions have not been executed, and its page."""
    machine = machine_with(asked, AUTO)
    machine.run(10)
    return machine, decoded_page_at(machine.port, CODE)


def test_a_region_may_stand_for_instructions_that_are_there_but_were_not_executed(begun):
    machine, page = begun
    assert machine.translator._can_cover(page, texts_of(machine, 10, 16, 26, 32))
    assert CODE + 26 not in page.texts()
    page.rows[translator.TRANSLATED_ROW, translator.TEXT] = 7
    machine.write(CODE + 36, b"\0")
    assert page.region == 7
    machine.write(CODE + 35, b"\0")  # the last byte of the last one
    assert page.region == 0


@pytest.mark.parametrize("lacking", ["other-text", "breakpoint", "no-frame"])
def test_a_region_may_not_stand_for_what_is_not_there(begun, lacking):
    machine, page = begun
    covered = texts_of(machine, 10, 26)
    if lacking == "other-text":
        machine.write(CODE + 27, b"\x11")
    elif lacking == "breakpoint":
        machine.storage.break_at([CODE + 26])
    else:
        machine.set_block(CODE, "Uz")
    assert not machine.translator._can_cover(page, covered)


def test_a_region_may_stand_in_a_page_that_has_a_breakpoint_elsewhere(begun):
    machine, page = begun
    machine.storage.break_at([CODE + 32])
    assert machine.translator._can_cover(page, texts_of(machine, 10, 26))


def test_a_region_of_what_the_machine_does_not_have_is_not_put_in_place(begun, monkeypatch):
    machine, page = begun
    covered = texts_of(machine, 10)
    monkeypatch.setattr(translator, "of_page", lambda *wanted: [Translation(b"", {}, covered, ())])
    monkeypatch.setattr(machine.translator, "_install", lambda page, translation: put.append(translation))
    put: list[Translation] = []
    machine.translator._reuse(page, machine.cpus[0])
    assert len(put) == 1
    machine.handlers.mnemonics.pop(lookup.place_of(covered[CODE + 10]))
    machine.translator._known.clear()
    machine.translator._reuse(page, machine.cpus[0])
    assert len(put) == 1


def test_a_page_at_two_addresses_is_asked_for_with_the_instructions_of_one(often, begun, asked):
    machine, page = begun
    elsewhere = {ia + 4096: text for ia, text in texts_of(machine, 26).items()}
    stand_in(machine, page._replace(logical=CODE + 4096), Translation(b"", {CODE + 4096 + 26: 0}, elsewhere, ()))
    machine.run(100 * (translator.SAMPLES + 1))
    (request,) = asked.requests
    assert request.decoded == page.texts()


def stand_in(machine, page, translation: Translation) -> None:
    """Let the translator believe that the region stands in the page."""
    page.rows[translator.TRANSLATED_ROW, translator.TEXT] = 7
    machine.translator.installed[7] = translator.Installed(page, translation, None)


def test_what_is_asked_of_a_page_with_a_region_has_that_in_it(often, begun, asked):
    machine, page = begun
    kept = texts_of(machine, 4, 26, 32)
    stand_in(machine, page, Translation(b"", {CODE + 26: 0}, kept, ()))
    machine.run(100 * (translator.SAMPLES + 1))
    (request,) = asked.requests
    assert request.decoded == kept | page.texts() and CODE + 26 in request.starts
    assert request.text == WHOLE_TEXT


def test_a_sample_of_what_a_region_leaves_to_its_handler_asks_for_nothing(often, begun, asked):
    machine, page = begun
    stand_in(machine, page, Translation(b"", {}, texts_of(machine, 10), ("STG", "BRCTG")))
    machine.run(1000)
    assert not asked.requests


def test_a_region_learns_where_branches_to_addresses_in_registers_go():
    branch, jump = 0x07F1 << 48, 0xA7F4_0008 << 32  # br %r1; j .+16
    covered = {CODE: branch, CODE + 2: jump} | {CODE + n: branch for n in (8, 10, 12, 18)}
    page = DecodedPage(CODE, 0, None)
    installed = Installed(page, Translation(b"", {CODE + 8: 0}, covered, ()), None)
    inside = {(CODE, CODE + to) for to in (8, 10, 12, 100)}
    assert translator._not_entered(installed, [CODE + 10], inside | {(CODE + 2, CODE + 18)}) == {CODE + 12}
    assert translator._not_entered(installed, [CODE + 10], {(CODE - 2, CODE + 18)}) == {CODE + 18}  # from another page


@pytest.mark.skipif(JIT, reason="about NUMBA_DISABLE_JIT=1")
@pytest.mark.parametrize("mode", [ALWAYS, SYNC])
def test_without_compilation_there_is_no_translation(mode):
    with pytest.raises(ValueError, match="NUMBA_DISABLE_JIT"):
        Machine(1 << 16, translate=mode)
    assert Machine(1 << 16, translate=AUTO).translator is None


def test_a_mode_that_does_not_exist_is_refused():
    with pytest.raises(ValueError, match="one of never, auto"):
        Machine(1 << 16, translate="sometimes")


@pytest.mark.skipif(JIT, reason="about NUMBA_DISABLE_JIT=1")
def test_on_the_command_line_that_is_one_line():
    with pytest.raises(UsageError, match="--translate always: needs compiled code"):
        build(options.MachineOptions(ram=1 << 20, paging="none", translate=ALWAYS))


@pytest.mark.parametrize("value, expected", [("", AUTO), (SYNC, SYNC)])
def test_the_default_is_auto_or_what_the_environment_says(value, expected, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setenv(modes.VARIABLE, value)
        assert expected == importlib.reload(modes).DEFAULT
    importlib.reload(modes)
    assert Machine(1 << 16, translate=NEVER).translator is None


# --- with a worker ---------------------------------------------------------------------------------------------------


@pytest.fixture
def translated(often):
    """A machine whose loop has been translated, in the middle of it."""
    machine = Machine.from_source(LOOP.format(count=30_000), 1 << 17, translate=SYNC)
    machine.run(1000)
    assert machine.translator.installed
    yield machine
    machine.translator.worker.close()


@jitted
def test_it_is_the_same_execution(translated):
    plain = Machine.from_source(LOOP.format(count=30_000), 1 << 17)
    plain.run(1000)
    for length in (1, 2, 5, 1000, None):
        assert plain.run(length) == translated.run(length)
        assert plain.cpu_array.tobytes() == translated.cpu_array.tobytes()
        assert plain.branches() == translated.branches()
    assert plain.read(0, 1 << 17) == translated.read(0, 1 << 17)


@jitted
def test_what_earlier_runs_made_is_in_place_at_the_first_look_and_it_is_the_same_execution(
    translated, asked, monkeypatch
):
    (made,) = (each.translation for each in translated.translator.installed.values())
    translated.run()
    monkeypatch.setattr(translator, "of_page", lambda *page: [made])
    machine = machine_with(asked, AUTO)
    machine.run(2)  # not yet in the loop
    machine.translator._next = 0
    machine.run(1)
    assert machine.translator.installed and CODE + 16 not in decoded_page_at(machine.port, CODE).texts()
    machine.run()
    assert not asked.requests
    assert machine.cpu_array.tobytes() == translated.cpu_array.tobytes()
    assert machine.branches() == translated.branches()


@jitted
@pytest.mark.parametrize("how", ["write", "discard"])
def test_what_changes_the_page_drops_the_region_and_its_code_is_freed(translated, how):
    (number, installed), = translated.translator.installed.items()  # fmt: skip
    if how == "write":  # AG in the loop becomes SG
        translated.write(CODE + 10 + 5, b"\x09")
    else:
        translated.set_block(CODE, "Uz")
        translated.set_block(CODE, "Sz")
    assert installed.page.region == 0
    translated.translator._free_dropped()
    assert number not in translated.translator.installed


@jitted
def test_stores_beside_the_instructions_of_a_region_leave_it(often):
    """The loop's data lie between its instructions and those before and after it."""
    beside = LOOP.format(count=30_000).replace("loop:", " j loop\n .balign 8\ndata: .quad 3,0\nloop:")
    source = beside[: beside.rindex("data:")]
    plain, machine = (Machine.from_source(source, 1 << 17, translate=mode) for mode in (NEVER, SYNC))
    assert plain.run() == machine.run() and plain.cpu_array.tobytes() == machine.cpu_array.tobytes()
    assert plain.read(0, 1 << 17) == machine.read(0, 1 << 17)
    assert machine.translator.installed and machine.translator.serial <= 2


@jitted
def test_a_breakpoint_in_a_region_stops_there(translated):
    for _ in range(3):
        stop = translated.run(until=[CODE + 16])
        assert (stop.reason, stop.psw_ia) == (Reason.BREAKPOINT, CODE + 16)


@jitted
def test_a_changed_instruction_is_executed_as_it_is_now(translated):
    before = int(translated.gr[2])
    translated.write(CODE + 10 + 5, b"\x09")
    translated.run(9)
    assert int(translated.gr[2]) == before - 3 * 3


@jitted
def test_stepping_is_exact(translated):
    addresses = []
    for _ in range(6):
        translated.step()
        addresses.append(translated.psw[1])
    assert sorted(set(addresses)) == [CODE + 10, CODE + 16, CODE + 22]


@jitted
def test_a_watched_page_tells_every_access_and_pauses_where_it_would(often):
    """Watched blocks are in no TLB, so a region misses at each access to them."""
    told = []
    for mode in (NEVER, SYNC):
        machine = Machine.from_source(LOOP.format(count=300), 1 << 17, translate=mode)
        machine.run(700)
        observer = Recorder(EVENT_TOUCH)
        machine.observe(observer)
        machine.observers.watch(observer, int(machine.gr[5]) // BLOCK_SIZE, WATCH_FETCH | WATCH_STORE)
        machine.run()
        machine.drain_events()
        told.append((machine.count, [event.tolist() for chunk in observer.chunks for event in chunk]))
    assert told[0] == told[1] and len(told[0][1]) > 100


CALLS = (
    """
start: lghi %r1,30000
loop:  brasl %r14,f
       aghi %r3,1
       brctg %r1,loop
"""
    + END
    + """f:     agr %r2,%r3
       br %r14
"""
)
STUB = """
define preserve_nonecc void @body(ptr %cpu, ptr %port, i64 %ia, i64 %rem, i64 %cc, i64 %event, i64 %branches) {{
  %r9 = getelementptr i8, ptr %cpu, i64 {r9}
  store i64 %ia, ptr %r9
  %at = getelementptr i8, ptr %cpu, i64 {ia}
  store i64 %ia, ptr %at
  %deadline = getelementptr i8, ptr %port, i64 {deadline}
  %d = load i64, ptr %deadline
  %last = sub i64 %d, 1
  %now = sub i64 %last, %rem
  %count = getelementptr i8, ptr %port, i64 {count}
  store i64 %now, ptr %count
  ret void
}}
"""


@jitted
def test_a_region_goes_on_to_that_of_another_page_while_it_stands(often):
    """Another body in its place is executed; none where the page has no region, or the TLB not the page."""
    machine = Machine.from_source(CALLS, 1 << 17, translate=SYNC)
    machine.run(3000)
    assert {each.page.logical for each in machine.translator.installed.values()} == {CODE, CODE + 4096}
    fields = {"r9": CPU["gr"].start + 72, "ia": CPU["psw_ia"].start}
    fields |= {name: PORT[name].start for name in ("deadline", "count")}
    module = llvm.parsed(llvm.header() + STUB.format(**fields))
    kept, body = llvm.linked(llvm.object_code(module), "body")
    page = decoded_page_at(machine.port, CODE + 4096)
    before, page.rows[translator.TRANSLATED_ROW, translator.TEXT] = page.region, body
    machine.run(50)
    assert machine.gr[9] == CODE + 4096
    machine.gr[9] = 0
    page.rows[translator.TRANSLATED_ROW, translator.TEXT] = 0
    machine.run(50)
    assert machine.gr[9] == 0
    page.rows[translator.TRANSLATED_ROW, translator.TEXT] = body
    kernels.flush(machine.storage.record)
    machine.run(4)  # the run loop looks the page up
    assert machine.gr[9] == 0
    page.rows[translator.TRANSLATED_ROW, translator.TEXT] = before
    kept.close()


@jitted
def test_calls_between_pages_are_the_same_execution(often):
    plain, translated = (Machine.from_source(CALLS, 1 << 17, translate=mode) for mode in (NEVER, SYNC))
    for length in (3000, 1, 2, 3, 4, 5, 6, 7, 1000, None):
        assert plain.run(length) == translated.run(length)
        assert plain.cpu_array.tobytes() == translated.cpu_array.tobytes()
        assert plain.branches() == translated.branches()
        if length == 7:  # XGR in place of AGR
            for machine in (plain, translated):
                machine.write(CODE + 4096 + 1, b"\x82")
    assert translated.translator.serial >= 2


ACROSS_2048 = """
start: lghi %r1,30000
       j loop
       .org start+0x1f4
loop:  aghi %r2,1
       tmll %r2,7
       aghi %r3,1
       brctg %r1,loop
"""


@jitted
def test_a_region_ends_where_fetch_protection_override_ends(often):
    """Of a page that may be fetched up to byte 2047 each instruction is looked up, the BRCTG at 2048 too."""
    machines = []
    for mode in (NEVER, SYNC):
        machine = Machine.from_source(ACROSS_2048, 1 << 17, origin=0x600, translate=mode)
        machine.run(1000)
        while machine.psw[1] != 0x7F4:
            machine.step()
        machine.cpus[0].cr[0] = int(machine.cpus[0].cr[0]) | int(FETCH_PROTECTION_OVERRIDE)
        machine.set_block(0, key=0x28)
        machine.set_psw(machine.psw[0] | 1 << 52, machine.psw[1])
        machine.run(4)
        assert (machine.last_interruption.code, machine.last_interruption.psw_ia) == (PROTECTION, 0x802)
        machines.append(machine)
    plain, translated = machines
    assert plain.cpu_array.tobytes() == translated.cpu_array.tobytes()
    assert {each.page.region for each in translated.translator.installed.values()} - {0}


@jitted
def test_the_past_is_the_same(translated):
    """Checkpoints, and what is executed again from them."""
    plain = Machine.from_source(LOOP.format(count=30_000), 1 << 17)
    plain.run(1000)
    states = []
    for machine in (plain, translated):
        history = machine.remember(interval=700)
        machine.run(5000)
        history.goto(1234)
        states.append((machine.count, machine.cpu_array.tobytes(), machine.branches()))
    assert states[0] == states[1]
