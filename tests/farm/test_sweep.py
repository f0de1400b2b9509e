"""The cells of a sweep, which of them are run, and what is told of each."""

from __future__ import annotations

from functools import partial

import pytest

from s390emu.farm.cell import Cell
from s390emu.farm.executors import in_this_process
from s390emu.farm.store import Store
from s390emu.farm.sweep import canonical, cells, run, troubles
from tests.farm import pretended

AXES = {"ratio": (1.0, 2.0), "guests": (1, 2), "policy": ("none", "hinting", "both")}


@pytest.fixture
def sweep(tmp_path):
    """Run the cells of axes with a pretended farm: -> results; `ran` says which were run."""

    def do(runner=pretended.run_cell, **axes):
        do.ran = []

        def noting(cell):
            do.ran.append(cell)
            return runner(cell)

        return run(cells(AXES | axes), Store(tmp_path), partial(in_this_process, runner=noting))

    return do


def test_cells_are_every_combination_the_last_axis_fastest():
    found = cells(AXES)
    assert [(c.ratio, c.guests, c.policy) for c in found[:4]] == [
        (1.0, 1, "none"), (1.0, 1, "hinting"), (1.0, 1, "both"), (1.0, 2, "none")]  # fmt: skip
    assert len(found) == len(set(found)) == 12


def test_chunks_of_a_block_have_one_policy():
    found = cells({"chunk": ("4K", "2M"), "chunk_policy": ("whole", "split")})
    assert [(c.chunk, c.chunk_policy) for c in found] == [("4K", "whole"), ("2M", "whole"), ("2M", "split")]


def test_looking_ahead_saves_nothing_without_a_paging_device(sweep):
    assert len(sweep(look_ahead=(0, 5), policy=("hinting",))) == 8
    assert len(sweep.ran) == 8
    assert len(sweep(look_ahead=(0, 5), policy=("hinting",), paging=("none",))) == 8
    assert len(sweep.ran) == 4


def test_what_no_cell_can_be_is_refused():
    with pytest.raises(ValueError, match="policy"):
        cells({"policy": ("magic",)})


def test_results_are_in_the_order_of_the_cells_and_the_longest_ran_first(sweep):
    results = sweep()
    assert [result.cell for result in results] == cells(AXES)
    assert [cell.guests for cell in sweep.ran] == [2] * 6 + [1] * 6


def test_a_second_run_runs_nothing_and_tells_the_same(sweep):
    first = sweep()
    again = sweep()
    assert sweep.ran == []
    assert [r.rows for r in again] == [r.rows for r in first]


def test_only_what_is_new_is_run(sweep):
    sweep()
    sweep(guests=(1, 2, 4))
    assert {cell.guests for cell in sweep.ran} == {4}


def test_a_parameter_that_a_policy_never_looks_at_does_not_run_it_again(sweep):
    results = sweep(essa_cycles=(50, 100), balloon=((("interval_us", 7),),))
    assert len(results) == 24
    ran = [
        (cell.policy, cell.essa_cycles, cell.balloon) for cell in sweep.ran if cell.guests == 1 and cell.ratio == 2.0
    ]
    assert sorted(ran) == [
        ("both", 50, (("interval_us", 7),)), ("both", 100, (("interval_us", 7),)),
        ("hinting", 50, ()), ("hinting", 100, ()), ("none", 100, ())]  # fmt: skip
    told = [row for result in results for row in result.rows]
    assert {(row["policy"], row["essa_cycles"]) for row in told} == {(p, e) for p in AXES["policy"] for e in (50, 100)}
    assert {row["balloon"] for row in told} == {"interval_us=7"}


def test_canonical_keeps_what_counts():
    cell = Cell(policy="both", essa_cycles=7, balloon=(("a", 1),), chunk="2M", chunk_policy="split")
    assert canonical(cell) == cell


def test_rows_say_how_many_requests_there_were(sweep):
    rows = sweep()[-1].rows
    expected = [(0, Cell.requests), (1, Cell.requests), ("all", 2 * Cell.requests)]
    assert [(row["guest"], row["requests"]) for row in rows] == expected


def test_a_cell_that_raises_is_told_and_tried_again(sweep):
    results = sweep(pretended.fail_with_both)
    assert [r.cell.policy for r in results if r.error] == ["both"] * 4
    cell, why = next(troubles(results))
    assert cell.policy == "both"
    assert why.startswith("RuntimeError: the host gave up (pretended.py:")
    assert not list(troubles(sweep()))
    assert {cell.policy for cell in sweep.ran} == {"both"}


def test_lost_data_is_a_trouble_also_when_told_again(sweep):
    for _ in range(2):
        found = list(troubles(sweep(pretended.lose_data_with_both)))
        assert len(found) == 4
        assert found[0][1] == "guest 0: its data are wrong (checksum or log)"
    assert sweep.ran == []


def test_refused_storage_is_a_result(sweep):
    assert not list(troubles(sweep(pretended.refuse_storage_with_none)))


def test_another_outcome_is_a_trouble(sweep):
    def stuck(cell):
        return [row | {"outcome": "check stop"} for row in pretended.run_cell(cell)]

    assert next(troubles(sweep(stuck)))[1] == "guest 0: check stop"


def test_what_was_finished_before_an_interruption_is_kept(sweep):
    def interrupted(cell):
        if cell.guests == 1:
            raise KeyboardInterrupt
        return pretended.run_cell(cell)

    with pytest.raises(KeyboardInterrupt):
        sweep(interrupted)
    sweep()
    assert {cell.guests for cell in sweep.ran} == {1}
