"""What the table says to the questions."""

from __future__ import annotations

import json

import pytest

from s390emu.reports.overcommit.points import points, values_of
from s390emu.reports.overcommit.summary import crossing, findings, slope, summary


def test_throughput_is_told_against_none_and_the_balloon(rows):
    found = rows()
    told = summary(found)
    speeds = {(r["guests"], r["policy"]): r["requests_per_second"] for r in found if r["guest"] == "all"}
    assert len(told["throughput"]) == len(speeds) == 25
    for entry in told["throughput"]:
        speed = speeds[entry["guests"], entry["policy"]]
        assert entry["requests_per_second"] == pytest.approx(speed, rel=1e-5)
        assert entry["relative_to_none"] == pytest.approx(speed / speeds[entry["guests"], "none"], rel=1e-5)
        assert entry["relative_to_balloon"] == pytest.approx(speed / speeds[entry["guests"], "balloon"], rel=1e-5)
    json.dumps(told, allow_nan=False)


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        pytest.param({1: 80, 2: 90, 4: 110, 8: 120}, {"verdict": "from", "guests": 4, "between": [2, 4]}, id="crosses"),
        pytest.param({1: 120, 2: 130}, {"verdict": "throughout", "guests": 1, "between": None}, id="throughout"),
        pytest.param({1: 80, 2: 90}, {"verdict": "none in range", "guests": None}, id="never"),
        pytest.param({1: 99.5, 2: 100.5}, {"verdict": "none in range", "level_at": [1, 2]}, id="level"),
        pytest.param({1: 80, 2: 120, 4: 80, 8: 120}, {"verdict": "from", "guests": 8, "ahead_at": [2, 8]}, id="twice"),
        pytest.param({1: 120, 2: 80}, {"verdict": "none in range", "ahead_at": [1], "behind_at": [2]}, id="lost again"),
        pytest.param({3: 120}, {"verdict": "none in range", "measured": []}, id="nothing to compare"),
    ],
)
def test_crossing(one, expected):
    told = crossing(one, {1: 100, 2: 100, 4: 100, 8: 100})
    assert {name: told[name] for name in expected} == expected


def test_the_crossing_is_interpolated_between_logarithms():
    told = crossing({2: 50, 8: 200}, {2: 100, 8: 100})
    assert told["estimate"] == 4.0


def test_every_setting_has_its_crossing(rows):
    told = summary(rows(ratio=(1.0, 2.0), device=("dasd", "nvme")))
    where = [entry["where"] for entry in told["crossings"]]
    assert where == [{"ratio": r, "device": d} for r in (1.0, 2.0) for d in ("dasd", "nvme")]
    assert told["crossings"][2]["verdict"] == "from"


def test_sensitivity_to_the_device_is_the_transfers_that_a_request_waits_for(rows):
    """The pretended farm waits for half of its transfers: at ratio 2 without help there are 10 for a request."""
    served = {"dasd": 5_000_000, "ssd": 80_000, "nvme": 15_000}
    told = summary(rows(device=tuple(served), guests=(2,)), service_ns=served)["sensitivity"]["device"]
    slopes = {entry["policy"]: entry["slope_ns_per_ns"] for entry in told}
    assert slopes["none"] == pytest.approx(5.0, rel=0.01)
    assert slopes["hinting"] == pytest.approx(5.0 * 0.45, rel=0.01)
    assert summary(rows(device=("ssd", "nvme")))["sensitivity"]["device"][0]["slope_ns_per_ns"] is None


def test_sensitivity_to_essa_is_the_times_that_a_request_executes_it(rows):
    told = summary(rows(essa_cycles=(50, 100, 400), guests=(2,)))["sensitivity"]["essa_cycles"]
    slopes = {entry["policy"]: entry["slope_ns_per_cycle"] for entry in told}
    assert slopes["hinting"] == pytest.approx(25, rel=0.01)
    assert slopes["none"] == 0
    hinting = next(entry for entry in told if entry["policy"] == "hinting")
    speeds = {int(cycles): speed for cycles, speed in hinting["requests_per_second"].items()}
    by_hand = 1 - 1 / (1 + (1 / speeds[100] - 1 / speeds[50]) * 2 * speeds[50])
    assert hinting["loss_per_100"] == pytest.approx(by_hand, rel=0.01)


def test_slope():
    assert slope([(1, 5), (2, 7), (3, 9)]) == 2
    assert slope([(1, 5), (1, 7)]) is None


def test_one_device_has_no_sensitivity(rows):
    assert summary(rows())["sensitivity"] == {"device": [], "essa_cycles": []}


def test_seeds_are_averaged_and_their_spread_told(rows):
    found = rows(seed=(1, 2), guests=(4,))
    for row in found:
        row["requests_per_second"] *= row["seed"]
    told = summary(found)["throughput"]
    assert len(told) == 5
    low, high = told[0]["requests_per_second_between"]
    assert high == pytest.approx(2 * low, rel=1e-5)
    assert told[0]["requests_per_second"] == pytest.approx(1.5 * low, rel=1e-5)


def test_a_default_that_follows_the_device_is_no_parameter_that_varies(rows):
    found = [row | {"idle_us": 1 if row["device"] == "ssd" else 2} for row in rows(device=("dasd", "ssd"))]
    assert values_of(found)["idle_us"] == [1, 2]
    given = {"device": ("dasd", "ssd"), "idle_us": (0,), "guests": (1, 2, 4, 8, 16)}
    assert {tuple(p.where) for p in points(found, given)} == {("ratio", "device")}
    assert {tuple(p.where) for p in points(found)} == {("ratio", "device", "idle_us")}
    assert summary(found, parameters=given)["sensitivity"]["device"]


def test_refused_storage_is_no_throughput(rows):
    found = [row | ({"outcome": "refused storage"} if row["policy"] == "none" else {}) for row in rows(guests=(1,))]
    told = summary(found)
    assert [entry["policy"] for entry in told["refused"]] == ["none"]
    assert {entry["relative_to_none"] for entry in told["throughput"]} == {None}
    assert next(e for e in told["throughput"] if e["policy"] == "none")["requests_per_second"] is None


def test_missing_columns_and_no_rows_at_all():
    assert summary([])["throughput"] == []
    told = summary(
        [{"guest": "all", "guests": 1, "policy": "none"}, {"guest": "all", "guests": 1, "policy": "balloon"}]
    )
    assert {entry["requests_per_second"] for entry in told["throughput"]} == {None}
    assert findings(told) == []


def test_findings_name_what_they_hold_for(rows):
    lines = findings(summary(rows(ratio=(1.0, 2.0))))
    assert lines[0].startswith("Ratio 1.0, ssd: throughput over that of none: hinting 0.97")
    assert "No number of guests in range (1, 2, 4, 8, 16) from which hinting stays ahead" in lines[0]
    assert "Hinting is ahead of the balloon from 4 guests on, crossing between 2 and 4" in lines[1]


def test_findings_are_of_the_usual_settings_or_of_the_others(rows):
    found = rows(essa_cycles=(50, 100, 400), device=("dasd", "ssd"))
    told = summary(found, parameters=values_of(found))
    assert [line.split(":")[0] for line in findings(told)] == [
        "Ratio 2.0, dasd, ESSA cycles 100", "Ratio 2.0, ssd, ESSA cycles 100"]  # fmt: skip
    assert len(findings(told, usual_ones=False)) == 4
