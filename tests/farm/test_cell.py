"""What an experiment is described by."""

from __future__ import annotations

import pytest

from s390emu.farm.cell import IDLE_US, INTERVAL_US, LINUX, LINUX_IDLE_US, LINUX_INTERVAL_US, Cell


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


def linux(**given) -> Cell:
    return Cell(kind=LINUX, linux="digest", ram=128 << 20, **{"policy": "none"} | given)


def test_defaults_of_linux_guests_do_not_depend_on_the_device():
    for device in ("dasd", "nvme"):
        cell = linux(device=device).filled()
        assert (cell.idle_us, cell.idle_ms) == (LINUX_IDLE_US, LINUX_IDLE_US // 1000)
        assert cell.balloon_parameters == {"interval_us": LINUX_INTERVAL_US}
        assert cell.filled() == cell


def test_linux_guests_draw_from_seeds_of_their_own():
    assert linux(seed=3).seed_of(2) == 3002


@pytest.mark.parametrize(
    "given",
    [{"policy": "hinting"}, {"disks": "shared"}, {"mips": 100}, {"file_blocks": 7}, {"heap_blocks": 7},
     {"disk_latency": 1}, {"burst": 15}, {"idle_us": 500_000}, {"ram": 64 << 20}, {"kind": "cms"}],
    ids=str,
)  # fmt: skip
def test_what_linux_guests_cannot_have_is_refused(given):
    (name,) = given
    with pytest.raises(ValueError, match=name):
        Cell(**{"kind": LINUX, "ram": 128 << 20, "policy": "none"} | given)
