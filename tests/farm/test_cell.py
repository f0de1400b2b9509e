"""What an experiment is described by."""

from __future__ import annotations

import pytest

from s390emu.farm.cell import IDLE_US, INTERVAL_US, Cell


def test_frames_follow_from_the_ratio():
    assert Cell(guests=4, ratio=2.0, ram=16 << 20).frames == 4 * 4096 // 2
    assert Cell(guests=3, ratio=1.5, ram=2 << 20).frames == 1024


def test_frames_are_whole_chunks():
    cell = Cell(guests=2, ratio=1.2, ram=8 << 20, chunk="2M")
    assert cell.frames == 3584
    assert Cell(guests=1, ratio=9, ram=4 << 20, chunk="2M").frames == 512


def test_measured_in_all():
    assert Cell(guests=1, requests=600).measured == 2000
    assert Cell(guests=16, requests=600).measured == 9600


def test_filled_spells_out_what_depends_on_other_fields():
    cell = Cell(ram=16 << 20, device="dasd").filled()
    assert (cell.file_blocks, cell.heap_blocks, cell.idle_us) == (6144, 256, IDLE_US["dasd"])
    assert cell.filled() == cell


def test_filled_keeps_what_was_given():
    assert Cell(file_blocks=700, idle_us=5).filled().file_blocks == 700


@pytest.mark.parametrize(
    ("policy", "essa", "monitored"),
    [("none", False, False), ("hinting", True, False), ("unused-only", True, False), ("balloon", False, True),
     ("both", True, True)],
)  # fmt: skip
def test_policies(policy, essa, monitored):
    cell = Cell(policy=policy)
    assert (cell.essa, cell.monitored) == (essa, monitored)


def test_balloon_parameters_default_by_device():
    assert Cell(device="nvme").balloon_parameters == {"interval_us": INTERVAL_US["nvme"]}
    assert Cell(balloon=(("interval_us", 7),)).balloon_parameters == {"interval_us": 7}


@pytest.mark.parametrize(
    "given",
    [{"policy": "magic"}, {"device": "tape"}, {"chunk": "1M"}, {"paging": "yes"}, {"guests": 0}, {"ratio": 0.0},
     {"ratio": float("nan")}, {"ram": 5000}, {"ram": 1 << 20}, {"essa_cycles": -1}, {"page_latency": -2},
     {"requests": 0}, {"look_ahead": -1}, {"look_ahead": 101}],
    ids=str,
)  # fmt: skip
def test_out_of_range_is_refused(given):
    (name,) = given
    with pytest.raises(ValueError, match=name):
        Cell(**given)
