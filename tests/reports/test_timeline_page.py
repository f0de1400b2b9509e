"""The timeline page in a real browser: it loads, zooms, finds faults, searches, obeys keys, shows instructions."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from s390emu.architecture.interruptions import BLOCK_VOLATILITY
from s390emu.architecture.page_states import DISCARD, RECLAIM, STATES, TOUCH, ZERO_FILL
from s390emu.reports import timeline_model as model
from s390emu.reports.timeline_page import page
from s390emu.storage.transitions import CAUSE_SHIFT
from tests.browser import Browser
from tests.required import require

LAST = 100_000
STORIES = 5
SYMBOLS = {"hint": 0x1000, "touch": 0x1010, "handler": 0x1020}
RECLAIMED, FILLED = DISCARD | RECLAIM << CAUSE_SHIFT, ZERO_FILL | TOUCH << CAUSE_SHIFT


def made(stories: int = STORIES, others: int = 0) -> model.Told:
    """A guest of 64 blocks that hints, touches and repairs, once every 10,000 instructions; others: ESSA beside."""
    rows = []
    for n in range(stories):
        at, block = 5000 + n * 10_000, 8 + n
        rows += [
            (at, model.ESSA, 0, block, STATES["Sr"], STATES["Vr"], 3, 0x1000, 0, 0, 0, 0),
            (at + 1000, model.HOST, 0, block, STATES["Vr"], STATES["Vz"], RECLAIMED, 0x1004, 0, 0, 0, 0),
            (at + 2000, model.INTERRUPTION, 0, block, 0, 0, BLOCK_VOLATILITY, 0x1010, 0x1010, block << 12,
             at + 2051, 1),
            (at + 2010, model.ESSA, 0, block, STATES["Vz"], STATES["Sz"], 1, 0x1020, 0, 0, 0, 0),
            (at + 2051, model.HOST, 0, block, STATES["Sz"], STATES["Sr"], FILLED, 0x1010, 0, 0, 0, 0),
        ]  # fmt: skip
    events = np.array(rows, model.HAPPENED_T)
    if others:
        more = np.zeros(others, model.HAPPENED_T)
        more["count"], more["block"] = np.arange(others) * LAST // others, 16 + np.arange(others) % 48
        turn = np.arange(others) // 48 % 2
        more["before"], more["after"], more["detail"] = np.where(turn, 4, 0), np.where(turn, 0, 4), np.where(turn, 1, 2)
        more["ia"] = 0x1000
        events = np.concatenate((events, more))
        events = events[np.argsort(events["count"], kind="stable")]
    turns = np.array([(0, 0, model.SUPERVISOR), (20_000, 0, model.PROBLEM_STATE)], model.TURN_T)
    told = model.Told(0, LAST, 1, np.full(64, STATES["Sr"], np.uint8), events, turns)
    faults = np.flatnonzero(model.is_fault(events))
    told.chosen = faults.astype(np.uint32)
    numbers = np.arange(0xABC0, 0xABC0 + len(faults) * model.REGISTERS, dtype=np.uint64)
    told.registers = numbers.reshape(-1, model.REGISTERS)
    told.code = {0x1010: (bytes.fromhex("e33010000004"), "lg %r3,0(%r1)")}
    told.lines = {0x1010: ("guest.s", 16, "touch:  lg    %r3,0(%r1)  # <a comment>")}
    return told


def written(path: Path, told: model.Told) -> Path:
    about = SimpleNamespace(path=Path("g<1>.s390rec"), command="run", emulator="0", options={"ram": 1 << 18}, first=0,
                            last=LAST, ended=None, cut="")  # fmt: skip
    path.write_text(page(told, about, SYMBOLS))
    return path


@pytest.fixture(scope="module")
def open_page(tmp_path_factory):
    """A browser that has a page of faults open; the same one for all tests, each of which begins anew."""
    require("chromedriver")
    folder = tmp_path_factory.mktemp("browser")
    written(folder / "page.html", made())
    with Browser(folder / "profile") as browser:
        yield browser, folder / "page.html"


@pytest.fixture
def browser(open_page):
    browser, path = open_page
    browser.open(path)
    browser.drawn()
    yield browser
    assert browser.messages() == []


def shown(browser: Browser) -> tuple[float, float]:
    """The instructions that the page shows."""
    data = browser.run("const data = document.getElementById('canvas').dataset; return [data.from, data.until]")
    return float(data[0]), float(data[1])


def place_of(browser: Browser, event: int) -> tuple[float, float]:
    """Where in the window an event's mark on the map is."""
    return tuple(browser.run(
        "const box = canvas.getBoundingClientRect(), n = arguments[0];"
        "return [box.left + xOf(ev.count[n]), box.top + yOf(rowOf[ev.block[n]] + 0.5)]", event))  # fmt: skip


def colour_at(browser: Browser, x: float, y: float) -> list[int]:
    """The colour of a pixel of the picture."""
    return browser.run(
        "const box = canvas.getBoundingClientRect();"
        "const one = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });"
        "one.drawImage(canvas, arguments[0] - box.left, arguments[1] - box.top, 1, 1, 0, 0, 1, 1);"
        "return [...one.getImageData(0, 0, 1, 1).data]", x, y)  # fmt: skip


def words(browser: Browser, text: str) -> None:
    browser.keys("/")
    browser.keys(*text)
    browser.keys("Enter")


def test_it_loads_and_shows_the_whole(browser):
    assert browser.run("return document.body.dataset.ready") == "yes"
    assert shown(browser) == (0, LAST)
    assert browser.text("h1") == "g<1>.s390rec"
    assert browser.run("return [events, rows.length, facts.stories.length]") == [STORIES * 5, STORIES, STORIES]


def test_colours_are_those_of_the_states(browser):
    x, y = place_of(browser, 0)
    assert colour_at(browser, x - 5, y + 20)[:3] == [0x00, 0x72, 0xB2]  # Sr
    assert colour_at(browser, x + 5, y + 20)[:3] == [0xF0, 0xE4, 0x42]  # Vr


def test_the_wheel_and_keys_zoom_about_a_place(browser):
    x, y = place_of(browser, 2)
    before = browser.run("return ev.count[2]")
    browser.wheel(x, y, -400)
    first, last = shown(browser)
    assert last - first < LAST * 0.6
    assert abs(place_of(browser, 2)[0] - x) < 2
    browser.keys("-", "-")
    assert shown(browser)[1] - shown(browser)[0] > last - first
    browser.keys("Home")
    assert shown(browser) == (0, LAST)
    browser.keys("+", "+", "ArrowRight")
    assert first < before < LAST
    assert shown(browser) == (LAST * 3 / 8 + LAST / 32, LAST * 5 / 8 + LAST / 32)


def test_dragging_moves_and_on_the_ruler_zooms(browser):
    browser.keys("+")
    first, last = shown(browser)
    x, y = browser.run("const box = canvas.getBoundingClientRect();"
                       "return [box.left + 400, box.top + lanes.map.y + 30]")  # fmt: skip
    browser.click(x, y, to=(x + 100, y))
    assert shown(browser)[0] < first
    ruler = browser.run("return canvas.getBoundingClientRect().top + lanes.ruler.y + 8")
    browser.click(x, ruler, to=(x + 100, ruler))
    assert shown(browser)[1] - shown(browser)[0] < (last - first) / 5


def test_f_goes_from_fault_to_fault_and_tells_the_story(browser):
    browser.keys("f", "f")
    told = browser.text("#told")
    assert "Discard fault 2 of 5" in told
    assert "Instruction 17,000" in told
    assert "hinted: 15,000 block 0x9000 Sr → Vr, guest ORC 3 (set volatile) at 0x1000 <hint>" in told
    assert "taken: 16,000 block 0x9000 Vr → Vz, host reclaim, discarded" in told
    assert "handler: 17,010 block 0x9000 Vz → Sz, guest ORC 1 (set stable) at 0x1020 <handler>" in told
    assert "retried: completed 52 instructions after the fault" in told
    browser.keys("Shift+F")
    assert "Discard fault 1 of 5" in browser.text("#told")


def test_fault_n_is_found_and_zoomed_to(browser):
    words(browser, "fault 4")
    first, last = shown(browser)
    assert "Discard fault 4 of 5" in browser.text("#told")
    assert first < 37_000 < last < first + 1000


def test_a_click_shows_the_instruction_with_registers_and_source_line(browser):
    browser.click(*place_of(browser, 2))
    assert browser.run("return document.body.dataset.chosen") == "2"
    assert browser.text("#instruction") == "0x1010 <touch>\ne33010000004  lg %r3,0(%r1)"
    assert browser.text("#source") == "guest.s:16\ntouch:  lg    %r3,0(%r1)  # <a comment>"
    assert browser.text("#registers").split()[:4] == ["r0", f"{0xABC2:016x}", "r8", f"{0xABCA:016x}"]


def test_a_click_between_events_tells_who_gave_the_block_its_state(browser):
    browser.run("show(0, 20000)")
    browser.drawn()
    (x, y), (later, _) = place_of(browser, 0), place_of(browser, 1)
    browser.click((x + later) / 2, y)
    assert "block 0x8000 Sr → Vr, guest ORC 3" in browser.text("#told")


def test_n_and_p_follow_the_block(browser):
    words(browser, "block 0x8000")
    browser.keys("Escape")
    browser.keys("n", "n")
    assert "Discard fault 1" in browser.text("#told")
    browser.keys("p")
    assert "Vr → Vz" in browser.text("#told")


@pytest.mark.parametrize(
    ("query", "found"),
    [("touch", 10), ("reclaim", 5), ("ORC 3", 5), ("Vr->Vz", 5), ("zero filled", 5), ("001a", 5), ("faults", 5),
     ("0xa000", 5), ("0x1010", 10), ("handler ORC 1", 5), ("nothing of the kind", 0)],
)  # fmt: skip
def test_search_finds_by_symbol_kind_state_block_and_address(browser, query, found):
    words(browser, query)
    assert browser.run("return document.getElementById('found').value") == (f"1 of {found}" if found else "nothing")
    assert browser.run("return view.found.length") == found


def test_search_for_an_instruction_goes_there(browser):
    browser.run("show(0, 1000)")
    words(browser, "27,000")
    assert "Discard fault 3" in browser.text("#told")
    assert shown(browser)[0] < 27_000 < shown(browser)[1]


def test_the_sums_are_those_of_the_events_and_search_when_clicked(browser):
    assert "5 host reclaim, discarded" in " ".join(browser.text("#sums").split())
    browser.run("[...document.querySelectorAll('#sums button')].find(b => b.innerText.startsWith('host')).click()")
    assert browser.run("return view.found.length") == 5


def test_light_and_dark_can_be_switched(browser):
    paper = "return getComputedStyle(document.body).backgroundColor"
    x, y = browser.run("const box = canvas.getBoundingClientRect(); return [box.left + 3, box.top + 3]")
    assert browser.run(paper) == "rgb(255, 255, 255)"
    assert colour_at(browser, x, y)[:3] == [255, 255, 255]
    browser.keys("t")
    assert browser.run(paper) == "rgb(20, 23, 26)"
    assert colour_at(browser, x, y)[:3] == [20, 23, 26]
    browser.keys("t")
    assert browser.run(paper) == "rgb(255, 255, 255)"


def test_question_mark_tells_the_keys(browser):
    browser.keys("?")
    assert "Keys and mouse" in browser.text("#help")
    browser.keys("Escape")
    assert not browser.run("return document.getElementById('help').open")


def test_states_in_the_page_are_those_of_the_model(browser):
    told = made()
    for count in (0, 5001, 6001, 7011, 7052, 99_999):
        blocks = browser.run("return [...blocksAt(arguments[0])]", count)
        states = model.states_at(told, count)
        assert blocks == [int((states == code).sum()) for code in STATES.values()]


def test_a_reader_who_prefers_dark_gets_it(tmp_path):
    require("chromedriver")
    written(tmp_path / "page.html", made())
    with Browser(tmp_path / "profile", dark=True) as browser:
        browser.open(tmp_path / "page.html")
        assert browser.run("return getComputedStyle(document.body).backgroundColor") == "rgb(20, 23, 26)"


def test_a_million_events_are_drawn_within_a_second(tmp_path):
    require("chromedriver")
    path = written(tmp_path / "page.html", made(others=1_000_000 - STORIES * 5))
    assert path.stat().st_size < 8_000_000
    with Browser(tmp_path / "profile") as browser:
        browser.open(path)
        browser.drawn()
        assert browser.run("return events") == 1_000_000
        milliseconds = []
        for key in ("+", "+", "+", "ArrowRight", "Home"):
            browser.keys(key)
            milliseconds.append(float(browser.run("return canvas.dataset.milliseconds")))
        assert min(milliseconds) < 1000
        words(browser, "fault 2")
        assert "Discard fault 2 of 5" in browser.text("#told")
        assert browser.run("return canvas.dataset.map") == "exact"
        assert browser.messages() == []
