"""The columns of a timeline: what an event becomes, handlers, stories of faults, states at a moment, the map."""

from __future__ import annotations

import numpy as np
import pytest

from s390emu.architecture.interruptions import BLOCK_VOLATILITY, PROGRAM, SUPERVISOR_CALL
from s390emu.architecture.page_states import DISCARD, NAMES, RECLAIM, STATES, TOUCH, ZERO_FILL
from s390emu.records.events import EVENT_ESSA, EVENT_HOST, EVENT_INTERRUPTION, EVENT_T
from s390emu.reports import timeline_model as model
from s390emu.storage.transitions import CAUSE_SHIFT

NUMBERS = {code: number for number, code in enumerate(NAMES)}


def events(*rows) -> np.ndarray:
    """Events of HAPPENED_T: (count, kind, block, before, after, detail) of blocks, or (count, "fault", block, old)."""
    made = np.zeros(len(rows), model.HAPPENED_T)
    for n, (count, kind, block, *more) in enumerate(rows):
        made[n]["count"], made[n]["block"] = count, block
        if kind == "fault":
            made[n]["kind"], made[n]["detail"], made[n]["old"] = model.INTERRUPTION, BLOCK_VOLATILITY, more[0]
        else:
            made[n]["kind"] = kind
            made[n]["before"], made[n]["after"] = STATES[more[0]], STATES[more[1]]
            made[n]["detail"] = more[2] if len(more) > 2 else 0
    return made


def told(rows: np.ndarray, blocks: int = 4, last: int = 1000) -> model.Told:
    return model.Told(0, last, 1, np.full(blocks, STATES["Sr"], np.uint8), rows, np.zeros(0, model.TURN_T))


def control(*rows) -> model.Control:
    """(count, "int", old address) and (count, "new" or "psw", address)."""
    what = np.array([row[1] for row in rows])
    return model.Control(
        np.array([row[0] for row in rows], np.uint64), np.zeros(len(rows), np.uint8), what == "int", what == "new",
        np.zeros(len(rows), np.uint8), np.array([row[2] for row in rows], np.uint64), what != "int",
    )  # fmt: skip


def test_an_event_of_the_guest_becomes_a_row():
    record = np.zeros(3, EVENT_T).view(np.recarray)
    record[0] = (5, EVENT_ESSA, 2, STATES["Sr"], STATES["Vr"], 3, 0x1234, 1)
    record[1] = (6, EVENT_HOST, 2, STATES["Vr"], STATES["Vz"], DISCARD | RECLAIM << CAUSE_SHIFT, 0x1238, 0)
    teid = 0x2000
    record[2] = (7, EVENT_INTERRUPTION, PROGRAM, BLOCK_VOLATILITY, 0x5000, teid | 2 << 4, 0x5000, 0)
    rows = model.happened(record)
    assert rows["kind"].tolist() == [model.ESSA, model.HOST, model.INTERRUPTION]
    assert rows["block"].tolist() == [2, 2, 2]
    assert rows["detail"].tolist() == [3, DISCARD | RECLAIM << CAUSE_SHIFT, BLOCK_VOLATILITY]
    assert (rows["teid"][2], rows["old"][2], rows["cpu"][0]) == (teid, 0x5000, 1)
    assert model.is_fault(rows).tolist() == [False, False, True]
    assert model.by_reclaim(rows).tolist() == [False, True, False]


def test_another_interruption_is_about_no_block():
    record = np.zeros(1, EVENT_T).view(np.recarray)
    record[0] = (7, EVENT_INTERRUPTION, SUPERVISOR_CALL, BLOCK_VOLATILITY, 0x5000, 0, 0x5000, 0)
    rows = model.happened(record)
    assert rows["block"][0] == model.NO_BLOCK
    assert not model.is_fault(rows)[0]


def test_handlers_that_are_nested_end_with_the_last_one_first():
    rows = events((10, "fault", 1, 0x100), (20, "fault", 2, 0x200))
    model.spans(control((10, "int", 0x100), (10, "new", 0x900), (20, "int", 0x200), (20, "new", 0x900),
                        (25, "psw", 0x200), (30, "psw", 0x100)), rows)  # fmt: skip
    assert rows["ended"].tolist() == [31, 26]
    assert rows["returned"].tolist() == [1, 1]


def test_a_handler_that_goes_elsewhere_ends_there():
    rows = events((10, "fault", 1, 0x100))
    model.spans(control((10, "int", 0x100), (10, "new", 0x900), (25, "psw", 0x444), (30, "psw", 0x100)), rows)
    assert (rows["ended"][0], rows["returned"][0]) == (26, 0)


def test_a_handler_that_repeats_a_suppressed_instruction_has_gone_back():
    rows = events((10, "fault", 1, 0x106))
    rows["ia"] = 0x100
    model.spans(control((10, "int", 0x106), (10, "new", 0x900), (25, "psw", 0x100)), rows)
    assert (rows["ended"][0], rows["returned"][0]) == (26, 1)


def test_states_of_a_cpu_are_told_where_they_change():
    states = control((10, "int", 0), (10, "new", 0x900), (15, "psw", 4), (20, "psw", 8))
    states.state[:] = [0, model.SUPERVISOR, model.SUPERVISOR, model.PROBLEM_STATE]
    found = model.turns(states, [model.PROBLEM_STATE], 0)
    assert found.tolist() == [(0, 0, model.PROBLEM_STATE), (10, 0, model.SUPERVISOR), (21, 0, model.PROBLEM_STATE)]


STORY = (
    (1, model.ESSA, 1, "Sr", "Vr", 3),
    (2, model.ESSA, 2, "Sr", "Vr", 3),
    (3, model.HOST, 1, "Vr", "Vz", DISCARD | RECLAIM << CAUSE_SHIFT),
    (10, "fault", 1, 0x100),
    (12, model.ESSA, 1, "Vz", "Sz", 1),
    (13, model.ESSA, 2, "Vr", "Sr", 1),
    (21, model.HOST, 1, "Sz", "Sr", ZERO_FILL | TOUCH << CAUSE_SHIFT),
    (40, model.ESSA, 1, "Sr", "Vr", 3),
)


def test_a_story_has_who_hinted_who_took_and_the_repair():
    rows = events(*STORY)
    model.spans(control((10, "int", 0x100), (10, "new", 0x900), (20, "psw", 0x100)), rows)
    assert model.stories(rows) == [model.Story(3, 0, 2, [4, 6], 12)]


def test_a_fault_whose_handler_goes_elsewhere_is_not_retried():
    rows = events(*STORY)
    model.spans(control((10, "int", 0x100), (10, "new", 0x900), (20, "psw", 0x700)), rows)
    assert model.stories(rows)[0].retried is None


def test_an_instruction_that_faults_again_is_not_retried():
    rows = events(*STORY[:5], (22, "fault", 1, 0x100))
    model.spans(control((10, "int", 0x100), (10, "new", 0x900), (20, "psw", 0x100), (22, "int", 0x100)), rows)
    assert [story.retried for story in model.stories(rows)] == [None, None]


def test_nobody_took_a_block_that_had_no_content_when_it_was_hinted():
    rows = events((1, model.HOST, 1, "Vr", "Vz", DISCARD | RECLAIM << CAUSE_SHIFT), (2, model.ESSA, 1, "Vz", "Sz", 1),
                  (3, model.ESSA, 1, "Sz", "Vz", 3), (9, "fault", 1, 0x100))  # fmt: skip
    story = model.stories(rows)[0]
    assert (story.hinted, story.took) == (2, -1)


def test_the_states_at_a_moment_are_those_of_the_last_events_before_it():
    made = told(events(*STORY))
    assert [NAMES[int(state)] for state in model.states_at(made, 3)] == ["Sr", "Vr", "Vr", "Sr"]
    assert [NAMES[int(state)] for state in model.states_at(made, 4)] == ["Sr", "Vz", "Vr", "Sr"]
    assert [NAMES[int(state)] for state in model.states_at(made, 1000)] == ["Sr", "Vr", "Sr", "Sr"]


def test_a_cell_of_the_map_has_the_state_that_lasted_longest_and_what_happened():
    rows = events((100, model.ESSA, 1, "Sr", "Ur", 2), (539, model.HOST, 1, "Ur", "Uz", RECLAIM << CAUSE_SHIFT),
                  (600, "fault", 2, 0x100))  # fmt: skip
    (cells,) = model.pyramid(told(rows), [(10, 8)])
    assert cells.shape == (2, 10)  # of the two blocks that any event is about
    assert (cells[0] & 7).tolist() == [NUMBERS[STATES[name]] for name in ["Sr"] + ["Ur"] * 4 + ["Uz"] * 5]
    assert (cells[0] & 0xF0).tolist() == [0, model.GUEST_ACTED, 0, 0, 0, model.HOST_ACTED, 0, 0, 0, 0]
    assert (cells[1] & 0xF0).tolist() == [0] * 6 + [model.FAULTED] + [0] * 3


def test_every_cell_is_the_state_that_its_blocks_had_for_longest():
    """Against what counting each instruction by itself finds."""
    random = np.random.default_rng(5)
    state, rows = ["Sr"] * 8, []
    for count in np.sort(random.integers(0, 400, 120)).tolist():
        block, after = int(random.integers(8)), str(random.choice([*STATES]))
        rows.append((count, model.ESSA, block, state[block], after, 0))
        state[block] = after
    made = told(events(*rows), blocks=8, last=400)
    (cells,) = model.pyramid(made, [(20, 4)])
    shown = model.changed_blocks(made.events)
    for row in range(4):
        blocks = [block for n, block in enumerate(shown) if n * 4 // len(shown) == row]
        for column in range(20):
            held = np.zeros(16)
            for count in range(column * 20, column * 20 + 20):
                np.add.at(held, model.states_at(made, count)[blocks], 1)
            told_state = [*NAMES][cells[row, column] & 7]
            assert held[told_state] == pytest.approx(held.max())


def test_a_million_events_make_a_map_of_bounded_size():
    count = 1_000_000
    rows = np.zeros(count, model.HAPPENED_T)
    rows["count"] = np.arange(count) * 3
    rows["kind"], rows["block"] = model.ESSA, np.arange(count) * 7919 % 65536
    turn = np.arange(count) // 65536 % 2
    rows["before"], rows["after"] = np.where(turn, 0xC, 0), np.where(turn, 0, 0xC)
    made = told(rows, blocks=65536, last=3 * count)
    assert [cells.shape for cells in model.pyramid(made)] == [(height, width) for width, height in model.LEVELS]
