"""The monitor's decisions, without a machine."""

from __future__ import annotations

import pytest

from s390emu.host.balloon_monitor import BalloonMonitor, Parameters, Sample, shares

FAST = Parameters(step=1.0, smoothing=1.0, hysteresis=0.0, reserve=0.0)


def samples(*referenced: int, blocks: int = 1000, read_back: int = 0) -> list[Sample]:
    return [Sample(blocks, r, read_back) for r in referenced]


def test_shares_follow_the_estimates():
    assert shares([300, 100], [0, 0], [1000, 1000], 400) == pytest.approx([300, 100])


def test_the_estimate_of_a_guest_that_ended_long_ago_does_not_count():
    alive = shares([1000, 900], [400, 400], [2048, 2048], 3000)
    for estimate in (1e-3, 1e-12, 1e-30, 1e-320, 0.0):
        found = shares([1000, 900, estimate], [400, 400, 0], [2048, 2048, 0], 3000)
        assert found == pytest.approx([*alive, 0])


def test_shares_keep_the_floor_and_give_the_rest_to_the_others():
    assert shares([990, 10], [200, 200], [1000, 1000], 1000) == pytest.approx([800, 200])


def test_no_guest_gets_more_than_it_has():
    assert shares([900, 100], [0, 0], [500, 1000], 1200) == pytest.approx([500, 700])


def test_floors_above_the_capacity_stay():
    assert shares([1, 1], [300, 300], [1000, 1000], 100) == pytest.approx([300, 300])


def test_estimates_of_nothing_at_all_share_nothing_but_floors():
    assert shares([0, 0], [200, 200], [1000, 1000], 1000) == pytest.approx([200, 200])


def test_quiet_while_everybody_fits():
    """Exactly, too: the reserve is for when they do not."""
    monitor = BalloonMonitor(2000, Parameters())
    assert monitor.look(samples(1000, 1000), frames_in_use=2000) == {}


def test_quiet_while_frames_are_left():
    monitor = BalloonMonitor(1000, FAST)
    assert monitor.look(samples(1000, 1000), frames_in_use=899) == {}
    assert monitor.look(samples(1000, 1000), frames_in_use=900) != {}


def test_targets_give_up_exactly_what_is_missing():
    monitor = BalloonMonitor(1000, FAST)
    told = monitor.look(samples(600, 400), frames_in_use=1000)
    assert sum(1000 - target for target in told.values()) == pytest.approx(1000, abs=2)
    assert told[0] < told[1], "who uses more gives up less"


def test_reserve_is_left_over():
    monitor = BalloonMonitor(1000, Parameters(step=1.0, smoothing=1.0, hysteresis=0.0, reserve=0.1))
    told = monitor.look(samples(500, 500), frames_in_use=1000)
    assert sum(1000 - target for target in told.values()) == pytest.approx(900, abs=2)


def test_steps_are_bounded():
    monitor = BalloonMonitor(1000, Parameters(step=0.05, smoothing=1.0))
    assert monitor.look(samples(500, 500), frames_in_use=1000) == {0: 50, 1: 50}
    assert monitor.look(samples(500, 500), frames_in_use=1000) == {0: 100, 1: 100}


def test_small_differences_are_not_sent():
    monitor = BalloonMonitor(1000, Parameters(step=1.0, smoothing=1.0, hysteresis=0.05, reserve=0.0))
    monitor.look(samples(500, 500), frames_in_use=1000)
    assert monitor.look(samples(520, 480), frames_in_use=1000) == {}
    assert monitor.look(samples(700, 300), frames_in_use=1000) != {}


def test_a_guest_grows_only_by_what_another_has_been_told_to_give_up():
    monitor = BalloonMonitor(1000, FAST)
    monitor.look(samples(500, 500), frames_in_use=1000)
    first = monitor.look(samples(800, 200), frames_in_use=1000)
    assert first == {1: 800}, "at first only the other shrinks"
    assert monitor.look(samples(800, 200), frames_in_use=1000) == {0: 200}


def test_blocks_read_back_count_for_the_working_set():
    monitor = BalloonMonitor(1000, FAST)
    told = monitor.look([Sample(1000, 400, 200), Sample(1000, 400, 0)], frames_in_use=1000)
    assert told[0] < told[1]


def test_estimate_is_smoothed():
    monitor = BalloonMonitor(1000, Parameters(smoothing=0.25))
    monitor.look(samples(0, 1000), frames_in_use=0)
    assert monitor.estimates == [750.0, 1000.0]


@pytest.mark.parametrize("given", [{"reserve": 1.5}, {"step": -0.1}, {"interval_us": 0}, {"sample_ns": -1}], ids=str)
def test_parameters_out_of_range_are_refused(given):
    (name,) = given
    with pytest.raises(ValueError, match=name):
        Parameters(**given)
