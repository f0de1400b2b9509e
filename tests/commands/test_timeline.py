"""`s390emu timeline`: what its page has is what the recorded guest did."""

from __future__ import annotations

import base64
import json
import random
import re
import zlib

import numpy as np
import pytest

from s390emu import inputs
from s390emu._jit import JIT
from s390emu.commands.recordings import opened
from s390emu.commands.timeline_log import collected
from s390emu.commands.trace_log import Window
from s390emu.machine import Recorder
from s390emu.recording import Replayer, RunRecorder, Writer
from s390emu.records.events import EVENT_ESSA, EVENT_HOST, EVENT_INTERRUPTION
from s390emu.reports import timeline_model as model
from s390emu.reports import timeline_page
from tests.recording import guests

GUEST = """
start:  larl  %r8,handler           # the PSW of program interruptions
        stg   %r8,0x1d8
        llihl %r8,1
        oilf  %r8,0x80000000
        stg   %r8,0x1d0
        lghi  %r6,ROUNDS
again:  llilf %r1,0x18000
        lghi  %r5,20
hint:   stg   %r5,0(%r1)            # 20 pages, of which the host keeps fewer, become volatile
        essa  %r2,%r1,3
        aghi  %r1,4096
        brctg %r5,hint
        llilf %r1,0x18000
        lghi  %r5,20
touch:  lg    %r3,0(%r1)
        essa  %r2,%r1,1
        aghi  %r1,4096
        brctg %r5,touch
        brctg %r6,again
        larl  %r1,end
        lpswe 0(%r1)
handler:
        lg    %r9,0xa8              # the block that was discarded
        essa  %r2,%r9,1
        lpswe 0x150
        .balign 8
end:    .quad 0x0002000180000000,0
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with a guest that meets discard faults, its recording, and the page of that."""
    return tmp_path_factory.mktemp("timeline")


@pytest.fixture
def recording(s390emu, place):
    path = place / "g.s390rec"
    if not path.exists():
        (place / "g.s").write_text(GUEST)
        words = ["--ram", "256K", "--frames", "16", "-D", "ROUNDS=3", "--record", path]
        code, _, err = s390emu("run", place / "g.s", *words)
        assert code == 0, err
    return path


@pytest.fixture
def page(s390emu, recording, place):
    path = place / "g.html"
    if not path.exists():
        code, _, err = s390emu("timeline", recording, "-o", path, "--source", place / "g.s", "-D", "ROUNDS=3")
        assert code == 0, err
    return Page(path.read_text())


class Page:
    """A page as its script reads it: `facts`, and columns by name."""

    def __init__(self, text: str):
        self.text = text
        self.facts = json.loads(re.search(r'<script type="application/json" id="facts">(.*?)</script>', text)[1])
        packed = re.search(r'<script type="text/plain" id="columns">(.*?)</script>', text)[1]
        self._data = zlib.decompress(base64.b64decode(packed))

    def __getitem__(self, name: str) -> np.ndarray:
        about = self.facts["columns"][name]
        kind = {"u64": "u8"}.get(about["type"], about["type"])
        values = np.frombuffer(self._data, f"<{kind}", about["length"], about["at"])
        if about["type"] == "u64":
            return np.bitwise_xor.accumulate(values)
        return values.astype(np.int64).cumsum() + about["first"] if about["grows"] else values


def recorded_events(path) -> np.ndarray:
    with opened(path) as recording:
        replayer = Replayer(recording)
        replayer.go_to(recording.first)
        recorder = Recorder(EVENT_ESSA, EVENT_HOST, EVENT_INTERRUPTION)
        replayer.machine.observe(recorder)
        replayer.run_to(recording.last)
        replayer.machine.observers.deliver()
        return np.concatenate(recorder.chunks)


def test_every_event_of_the_recording_is_in_the_page(page, recording):
    there = recorded_events(recording)
    assert page["event.count"].tolist() == there["count"].tolist()
    kinds = {EVENT_ESSA: model.ESSA, EVENT_HOST: model.HOST, EVENT_INTERRUPTION: model.INTERRUPTION}
    assert page["event.kind"].tolist() == [kinds[kind] for kind in there["kind"].tolist()]
    places = [int(place[0], 16) for place in page.facts["places"]]
    assert [places[n] for n in page["event.place"]] == there["ia"].tolist()
    pages = there["kind"] != EVENT_INTERRUPTION
    for name in ("block", "before", "after", "detail"):
        assert page[f"event.{name}"][pages].tolist() == there[name][pages].tolist()


def test_states_at_any_moment_are_those_of_the_machine(page, recording):
    with opened(recording) as opened_again:
        replayer = Replayer(opened_again)
        for count in sorted(random.Random(3).sample(range(opened_again.last), 25)):
            replayer.go_to(count)
            states = page["initial"].copy()
            changes = (page["event.kind"] <= model.HOST) & (page["event.count"] < count)
            for block, after in zip(page["event.block"][changes], page["event.after"][changes], strict=True):
                states[block] = after
            assert (states & 15).tolist() == replayer.machine.storage.states().tolist()


def test_events_say_who_it_was_in_words(page):
    assert page.facts["who"][f"{model.ESSA}.3"] == "guest ORC 3 (set volatile)"
    assert "host reclaim, discarded" in page.facts["who"].values()


def test_each_discard_fault_has_its_story(page, recording):
    there = recorded_events(recording)
    faults = (there["kind"] == EVENT_INTERRUPTION) & (there["before"] == 0x1A)
    stories = page.facts["stories"]
    assert len(stories) == faults.sum() > 10
    for fault, hinted, took, repair, retried in stories:
        assert (page["event.kind"][hinted], page["event.detail"][hinted]) == (model.ESSA, 3)
        assert page["event.kind"][took] == model.HOST
        assert hinted < took < fault < repair[0]
        assert len({int(page["event.block"][n]) for n in (fault, hinted, took, *repair)}) == 1
        assert retried == 4  # LG, ESSA, LPSWE, and LG again


@pytest.mark.skipif(not JIT, reason="the toy kernel takes minutes un-jitted")
def test_the_stories_of_the_demo_are_those_that_it_tells(s390emu, place):
    code, out, err = s390emu("demo", "--json", "--record", place / "d.s390rec")
    assert code == 0, err
    faults = json.loads(out)["faults"]
    assert s390emu("timeline", place / "d.s390rec", "-o", place / "d.html")[0] == 0
    assert (place / "d.html").stat().st_size < 5_000_000
    page = Page((place / "d.html").read_text())
    assert [(int(page["event.count"][fault]), retried) for fault, *_, retried in page.facts["stories"]] == [
        (fault["count"], fault["retried_after"]) for fault in faults]  # fmt: skip
    assert len(page["detail.event"]) == len(page["event.count"])
    sources = {source[0] for source in page.facts["sources"]}
    assert any(name.endswith(".s") for name in sources)


def test_registers_are_those_before_the_instruction(page, recording):
    place = {name: n for n, (_, name, *_) in enumerate(page.facts["places"])}
    with opened(recording) as opened_again:
        for event, name in ((0, "hint"), (page.facts["stories"][2][0], "touch")):
            row = page["detail.event"].tolist().index(event)
            count = int(page["event.count"][event]) - (name == "touch")
            machine = opened_again.machine_at(count)
            assert [int(page[f"detail.{n}"][row]) for n in range(2, 18)] == [int(value) for value in machine.gr]
            assert int(page["detail.1"][row]) == machine.psw[1]
    assert page["event.place"][page.facts["stories"][2][0]] == place["touch"]


def test_instructions_have_their_text_and_their_source_line(page):
    place = next(place for place in page.facts["places"] if place[1] == "touch")
    assert place[2:4] == ["e33010000004", "lg %r3,0(%r1)"]
    assert page.facts["sources"][place[4]] == ["g.s", 16, "touch:  lg    %r3,0(%r1)"]


def test_source_lines_of_another_program_are_not_told(s390emu, recording, place):
    (place / "other.s").write_text(GUEST.replace("lg    %r3,0(%r1)", "lg    %r4,0(%r1)"))
    source = ["--source", place / "other.s", "-D", "ROUNDS=3"]
    code, _, err = s390emu("timeline", recording, "-o", place / "o.html", *source)
    assert code == 0, err
    other = Page((place / "o.html").read_text())
    assert next(each for each in other.facts["places"] if each[1] == "touch")[4] == -1
    assert next(each for each in other.facts["places"] if each[1] == "hint+0x6")[4] >= 0


def test_what_the_page_has_is_told(s390emu, recording, place, page):
    code, out, _ = s390emu("timeline", recording, "-o", place / "p.html", "--json")
    told = json.loads(out)
    assert (code, told["schema"]) == (0, "s390emu.timeline/1")
    assert told["bytes"] == (place / "p.html").stat().st_size
    assert (told["events"], told["faults"]) == (len(page["event.count"]), len(page.facts["stories"]))


def test_the_page_asks_nobody_for_anything(page):
    asking = r'(?:src|href)="(?!data:,")|url\(|@import|https?://|fetch\(|XMLHttpRequest|WebSocket'
    assert not re.search(asking, page.text)


def test_a_part_is_chosen_by_numbers_or_symbols(s390emu, recording, place, page):
    first = int(page["event.count"][page.facts["stories"][0][0]])
    for words, begins, ends in (
        (["--from", "50", "--until", "90"], 50, 90),
        (["--from", "handler"], first, page.facts["last"]),
        (["--until", "handler"], 0, first + 1),
    ):
        code, _, err = s390emu("timeline", recording, "-o", place / "p.html", *words)
        assert code == 0, err
        part = Page((place / "p.html").read_text())
        assert (part.facts["first"], part.facts["last"]) == (begins, ends)
        wanted, shown = ([count for count in counts.tolist() if begins < count < ends]
                         for counts in (page["event.count"], part["event.count"]))  # fmt: skip
        assert shown == wanted


def test_details_are_of_as_many_events_as_asked_for_and_of_every_fault(s390emu, recording, place, page):
    assert s390emu("timeline", recording, "-o", place / "p.html", "--details", "0")[0] == 0
    detailed = set(Page((place / "p.html").read_text())["detail.event"].tolist())
    faults = {fault for fault, *_ in page.facts["stories"]}
    assert faults < detailed < set(range(len(page["event.count"])))
    assert len(page["detail.event"]) == len(page["event.count"])


def test_what_is_too_much_for_a_page_is_left_out_and_said(page, recording, monkeypatch):
    monkeypatch.setattr(timeline_page, "EXACT", 10)
    with opened(recording) as opened_again:
        told, _ = collected(opened_again, Window(), 0, lambda guest: {})
        less = Page(timeline_page.page(told, opened_again, {}, len(told.events) - 20))
        small = Page(timeline_page.page(told, opened_again, {}, 320))
    assert less.facts["leftOut"] == ["20 ESSA that changed no state"]
    assert (len(less["event.count"]), len(small["event.count"])) == (len(told.events) - 20, 320)
    assert any("evenly" in text for text in small.facts["leftOut"])
    assert len(small.facts["stories"]) == len(page.facts["stories"])
    assert all(small["event.kind"][fault] == model.INTERRUPTION for fault, *_ in small.facts["stories"])
    assert [level["columns"] for level in small.facts["levels"]] == [1024, 2048, 8192]


def collected_of(path) -> model.Told:
    """The columns of a recording that the tests of recordings made."""
    with guests.opened(path) as recording:
        return collected(recording, Window(), 0, lambda guest: {})[0]


def test_what_the_world_did_is_an_event(tmp_path):
    machine = guests.loaded(guests.PAGES, frames=32)
    with RunRecorder(machine, Writer(tmp_path / "a", options={"frames": 32}), 50) as recorder:
        recorder.run(50)
        inputs.perform(machine, "message", "hello")
        recorder.run(50)
    told = collected_of(tmp_path / "a")
    row = told.events[told.events["kind"] == model.INPUT]
    assert row["count"].tolist() == [50]
    assert told.inputs == ["message 'hello'"]


def test_blocks_that_the_world_put_into_another_state_are_events(tmp_path):
    machine = guests.loaded()
    with RunRecorder(machine, Writer(tmp_path / "a"), 50) as recorder:
        recorder.run(120)
        guests.start_anew(machine, recorder)
        recorder.run(20)
    told = collected_of(tmp_path / "a")
    assert set(told.events["count"][told.events["kind"] == model.PUT].tolist()) == {120}
    with guests.opened(tmp_path / "a") as recording:
        for count in (0, 60, 119, 121, 130):
            states = recording.machine_at(count).storage.states()
            assert model.states_at(told, count).tolist() == states.tolist()


def test_each_cpu_has_a_track_unless_one_is_asked_for(s390emu, place):
    restart = "start: larl %r8,other\n stg %r8,0x1a8\n llilf %r8,0x80000000\n stg %r8,0x1a0\n j first\nfirst:"
    (place / "two.s").write_text(guests.SEVERAL.replace("start:", restart))
    path = place / "two.s390rec"
    s390emu("run", place / "two.s", "--origin", "0x10000", "--ram", "256K", "--cpus", "2", "--quantum", "20",
            "--limit", "300", "--record", path)  # fmt: skip
    for words, wanted in ([], {0, 1}), (["--cpu", "0"], {0}):
        assert s390emu("timeline", path, "-o", place / "two.html", *words)[0] == 0
        page = Page((place / "two.html").read_text())
        assert set(page["turn.cpu"].tolist()) == wanted
        taken = page["event.cpu"][page["event.kind"] == model.INTERRUPTION].tolist()
        assert taken == [1] * (1 in wanted)  # the restart


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["{}"], "--output"),
        (["{}", "-o", "/nonexistent/x.html"], "no file can be written there"),
        (["{}", "-o", "/tmp"], "no file can be written there"),
        (["{}", "-o", "{}.html", "--cpu", "3"], "there is no CPU 3"),
        (["{}", "-o", "{}.html", "--from", "nowhere"], "no symbol"),
        (["{}", "-o", "{}.html", "--from", "9_999_999"], "instruction 9,999,999"),
        (["{}", "-o", "{}.html", "--from", "200", "--until", "100"], "there is nothing between them"),
        (["{}", "-o", "{}.html", "--from", "handler", "--until", "10"], "ends before it begins"),
        (["{}", "-o", "{}.html", "--until", "0x6"], "the guest does not come there"),
        (["{}", "-o", "{}.html", "--source", "/nonexistent"], "No such file"),
        (["/nonexistent", "-o", "{}.html"], "No such file"),
        ([__file__, "-o", "{}.html"], "not a recording"),
    ],
)
def test_what_cannot_be_shown_is_told_in_a_line(s390emu, recording, words, told):
    code, _, err = s390emu("timeline", *(word.format(recording) for word in words))
    assert code == 2
    assert told in err
