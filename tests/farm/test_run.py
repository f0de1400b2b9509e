"""Whole experiments, small ones: the guests are the real web server, on every policy."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from s390emu._jit import JIT
from s390emu.farm.cell import POLICIES, Cell
from s390emu.farm.experiment import REFUSED, service_times
from s390emu.farm.run import WebExperiment, run_cell
from s390emu.guests import web_server
from s390emu.host.chunks import CHUNK_POLICIES
from s390emu.host.devices import SERVICE

pytestmark = pytest.mark.skipif(not JIT, reason="millions of instructions: not as plain Python (test_farm.py is)")

SMALL = Cell(guests=2, ratio=2.0, ram=2 << 20, warmup=30, requests=40, least=0, burst=8, idle_us=100, file_blocks=720,
             heap_blocks=24, device="nvme")  # fmt: skip


def without_time(table: list[dict]) -> list[dict]:
    return [{name: value for name, value in row.items() if name != "real_seconds"} for row in table]


@pytest.fixture(scope="module")
def tables() -> dict[str, list[dict]]:
    return {policy: run_cell(replace(SMALL, policy=policy)) for policy in POLICIES}


@pytest.mark.parametrize("policy", POLICIES)
def test_no_data_is_lost_under_any_policy(tables, policy):
    for row in tables[policy]:
        assert (row["outcome"], row["checksum_ok"]) == ("ok", True)


@pytest.mark.parametrize("policy", CHUNK_POLICIES)
@pytest.mark.parametrize("chunk", ["64K", "2M"])
def test_no_data_is_lost_in_chunks(chunk, policy):
    cell = replace(SMALL, chunk=chunk, chunk_policy=policy, ram=8 << 20, ratio=1.2, warmup=20, requests=20)
    assert run_cell(cell)[-1]["outcome"] == "ok"


def test_looking_ahead_writes_less_and_loses_nothing():
    """Guests that wait for blocks which cost nothing to take: each gets on."""
    by_age, by_cost = (run_cell(replace(SMALL, policy="hinting", ratio=4.0, look_ahead=n))[-1] for n in (0, 100))
    assert by_age["outcome"] == by_cost["outcome"] == "ok"
    assert by_age["page_outs"] > by_cost["page_outs"]


@pytest.mark.parametrize("policy", POLICIES)
def test_rows_are_each_guest_and_all(tables, policy):
    *singles, together = tables[policy]
    assert [row["guest"] for row in singles] == [0, 1]
    assert together["guest"] == "all"
    assert together["requests"] == sum(row["requests"] for row in singles) >= SMALL.measured
    assert together["requests_per_second"] == pytest.approx(together["requests"] / together["seconds"])
    assert {field.name for field in fields(Cell)} <= together.keys()
    assert singles[0].keys() | {"monitor_ns", "messages", "processor_idle_ns"} == together.keys()


def test_policies_do_what_their_names_say(tables):
    last = {policy: rows[-1] for policy, rows in tables.items()}
    for policy in ("none", "balloon"):
        assert last[policy]["essa"] == 0
        assert sum(last[policy][f"discards_{state}"] for state in ("U", "V", "P", "Sp")) == 0
    for policy in ("hinting", "both"):
        assert last[policy]["essa"] > 0
    assert last["hinting"]["discards_V"] > 0
    assert last["hinting"]["discard_faults"] + last["hinting"]["discards_found"] > 0
    assert last["unused-only"]["discards_V"] == last["unused-only"]["discard_faults"] == 0
    assert last["none"]["page_outs"] > 0
    for policy in POLICIES:
        assert (last[policy]["messages"] + last[policy]["balloon_blocks"] > 0) == (policy in ("balloon", "both"))
        assert (last[policy]["monitor_ns"] > 0) == (policy in ("balloon", "both"))


def test_all_the_processors_time_is_accounted_for(tables):
    for rows in tables.values():
        row = rows[-1]
        spent = row["cpu_ns"] + row["monitor_ns"] + row["processor_idle_ns"]
        assert spent == pytest.approx(row["seconds"] * 1e9, rel=1e-6)
        instructions = sum(
            row[f"instructions_{part}"] for part in ("task", "kernel", "discard", "balloon", "writeback")
        )
        host = row["host_faults"] * SMALL.fault_ns + row["disk_operations"] * SMALL.io_ns
        assert instructions + row["instructions_essa"] + host == pytest.approx(row["cpu_ns"], rel=0.02)


def test_the_same_cell_gives_the_same_rows(tables):
    assert without_time(run_cell(replace(SMALL, policy="both"))) == without_time(tables["both"])


def test_another_seed_gives_other_rows(tables):
    assert without_time(run_cell(replace(SMALL, policy="none", seed=2))) != without_time(tables["none"])


def test_a_slower_processor_serves_fewer_requests(tables):
    slow = run_cell(replace(SMALL, policy="none", ratio=0.9, mips=100))[-1]
    fast = run_cell(replace(SMALL, policy="none", ratio=0.9, mips=1000))[-1]
    assert slow["requests_per_second"] < fast["requests_per_second"] < 10 * slow["requests_per_second"]


def test_service_times_of_ones_own():
    assert service_times(Cell(device="ssd")) == SERVICE["ssd"]
    assert service_times(Cell(device="ssd", page_latency=7, disk_block=0)) == (7, 8_000, 100_000, 0)
    slow = run_cell(replace(SMALL, policy="none", page_latency=1_000_000))[-1]
    fast = run_cell(replace(SMALL, policy="none", page_latency=0, page_block=0))[-1]
    assert fast["wait_paging_ns"] == 0 < slow["wait_paging_ns"]
    assert fast["requests_per_second"] > 2 * slow["requests_per_second"]


def test_without_a_paging_device_hinting_lives_where_plain_guests_are_refused():
    without = replace(SMALL, paging="none", ratio=1.5)
    plain = run_cell(replace(without, policy="none"))
    assert plain[-1]["outcome"] == REFUSED
    assert all(row["checksum_ok"] for row in plain), "nothing was lost"
    hinted = run_cell(replace(without, policy="hinting"))
    assert hinted[-1]["outcome"] == "ok"
    assert hinted[-1]["page_outs"] == hinted[-1]["page_ins"] == 0


def test_lost_data_is_told(tmp_path):
    """One byte of one guest's heap changes behind its back."""
    experiment = WebExperiment(SMALL.filled(), tmp_path)
    moment = experiment._moment

    def spoil():
        machine = experiment.farm.guests[1].machine
        address = experiment.symbols["POOL"] + 8
        machine.write(address, bytes([machine.read(address, 1)[0] ^ 1]))
        return moment()

    experiment._moment = spoil
    *singles, together = experiment.run()
    assert [row["checksum_ok"] for row in singles] == [True, False]
    assert (together["checksum_ok"], together["outcome"]) == (False, "data lost")


def test_expected_sums_are_the_twins(tmp_path):
    experiment = WebExperiment(SMALL.filled(), tmp_path)
    experiment.run()
    for number, guest in enumerate(experiment.farm.guests):
        requests, sums = web_server.reported(guest.machine.console)
        assert sums == web_server.expected(requests, **experiment.cell.tunables(number))
