"""The study of chunks: counting by hand, by formula, and by the host itself."""

from __future__ import annotations

import numpy as np
import pytest

from s390emu._jit import JIT
from s390emu.architecture.sizes import BLOCK_SIZE
from s390emu.architecture.storage_key import CHANGE
from s390emu.farm import chunk_study
from s390emu.farm.chunk_study import HINTED, KEPT, NOTHING, calculated, fewest_writes, scatter, scattered
from s390emu.host import kernels
from s390emu.host.host import Host
from s390emu.host.paging_device import PagingDevice
from s390emu.machine import Machine

SIZE = "64K"


def chunks(*pairs):
    """Chunks of sixteen: (hinted, kept) of each, the rest is nothing."""
    return np.concatenate([[HINTED] * h + [KEPT] * k + [NOTHING] * (16 - h - k) for h, k in pairs])


BY_HAND = chunks((16, 0), (0, 16), (12, 4), (4, 12), (3, 0), (0, 0))


def test_by_block():
    assert chunk_study.by_block(BY_HAND) == ("4K", "-", 35, 35, 0, 1.0, 0.0, 32)


def test_whole():
    freed = chunk_study.whole(BY_HAND, SIZE)
    assert freed == ("64K", "whole", 35, 19, 16, 1.0, 1.0, 3)
    assert freed.share == 19 / 35


def test_subpage():
    """Four blocks written free sixteen, which are as many as are still wanted."""
    assert chunk_study.subpage(BY_HAND, SIZE) == ("64K", "subpage", 35, 19, 4, 32 / 16, 1.0, 3)


def test_split():
    assert chunk_study.split(BY_HAND, SIZE) == ("64K", "split", 35, 35, 0, 1.0, 16 / 32, 17)


@pytest.mark.parametrize("kind, share", [([HINTED] * 512, 1.0), ([KEPT] * 512, 1.0), ([NOTHING] * 512, 1.0),
                                         ([HINTED] * 511 + [KEPT], 0.0)])  # fmt: skip
def test_one_kind_alone(kind, share):
    for freed in chunk_study.study(np.array(kind)):
        assert freed.share == (share if freed.chunk == "2M" and freed.policy != "split" else freed.share)
        assert freed.freed <= freed.hinted


def test_blocks_beyond_the_last_whole_chunk_are_left_out():
    assert chunk_study.whole(np.array([HINTED] * 20), SIZE).hinted == 16


@pytest.mark.parametrize("wanted, writes", [(0, 0), (1, 1), (16, 1), (17, 9), (32, 9), (33, 24), (999, 24)])
def test_fewest_writes(wanted, writes):
    assert fewest_writes(np.array([16, 16, 16]), np.array([15, 1, 8]), wanted) == writes


def test_kinds():
    """All states: usage, logically zero, C."""
    names = ["Sr", "Sz", "Ur", "Uz", "Vr", "Vz", "Vr C", "Pr", "Pr C"]
    usage = np.array(["SUPV".index(name[0]) for name in names])
    zero = np.array([name[1] == "z" for name in names])
    changed = np.array([name.endswith("C") for name in names])
    found = chunk_study.kinds(usage, zero, changed).tolist()
    assert found == [KEPT, NOTHING, HINTED, HINTED, HINTED, HINTED, HINTED, HINTED, KEPT]


def test_kinds_of_a_guest():
    machine = Machine(64 * BLOCK_SIZE, host=Host(64, PagingDevice()))
    for number, (state, key) in enumerate([("Sr", 0), ("Sp", 0), ("Sz", 0), ("Ur", 0), ("Vz", 0), ("Pr", 0),
                                           ("Pr", CHANGE)]):  # fmt: skip
        machine.host.set_block(0, number, state, key=key, data=b"x")
    assert chunk_study.kinds_of(machine)[:7].tolist() == [KEPT, KEPT, NOTHING, HINTED, HINTED, HINTED, KEPT]


def test_scatter():
    found = scatter(np.array([HINTED, HINTED, KEPT, NOTHING, HINTED, KEPT]))
    assert found == (3, 2, 3 / 5, 1.5)
    assert scatter(np.array([NOTHING])) == (0, 0, 0.0, 0.0)


# --- the model -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fraction, run", [(0.5, 16), (0.8, 64), (0.2, 8), (0.9, 200)])
def test_the_model_is_as_calculated(fraction, run):
    kind = scattered(1 << 22, fraction, run, seed=1)
    assert len(kind) == 1 << 22
    found, wanted = scatter(kind), calculated(SIZE, fraction, run)
    assert found.fraction == pytest.approx(fraction, abs=0.01)
    assert found.run == pytest.approx(run, rel=0.03)
    assert chunk_study.whole(kind, SIZE).share == pytest.approx(wanted.share, abs=0.01)
    subpage = chunk_study.subpage(kind, SIZE)
    assert subpage.share == pytest.approx(wanted.share, abs=0.01)
    assert subpage.per_write == pytest.approx(wanted.per_write, rel=0.03)
    assert chunk_study.split(kind, SIZE).reach == pytest.approx(wanted.reach, abs=0.01)


def test_the_longer_the_runs_the_more_is_free_and_the_larger_the_chunks_the_less():
    shares = [[calculated(size, 0.5, run).share for run in (2, 16, 256, 4096)] for size in ("64K", "2M")]
    assert all(row == sorted(row) for row in shares)
    assert all(small > large for small, large in zip(*shares, strict=True))


def test_same_seed_same_blocks():
    assert (scattered(1000, 0.5, 9, 3) == scattered(1000, 0.5, 9, 3)).all()
    assert (scattered(1000, 0.5, 9, 3) != scattered(1000, 0.5, 9, 4)).any()


@pytest.mark.parametrize("fraction, run, message", [(1.0, 5, "must be between 0 and 1"), (0.5, 0.5, "make them 1.00"),
                                                    (0.9, 4, "make them 9.00 or longer")])  # fmt: skip
def test_what_cannot_be(fraction, run, message):
    with pytest.raises(ValueError, match=message):
        scattered(100, fraction, run, 1)


# --- the host does what the study says -------------------------------------------------------------------------------


@pytest.mark.parametrize("policy", ["whole", "split", "subpage"])
def test_a_host_frees_as_much(policy):
    """Blocks of the model in a guest; without a paging device the host takes all that is free without I/O."""
    blocks = 1024 if JIT else 256
    kind = scattered(blocks, 0.7, 24, seed=5)
    host = Host(blocks, None, chunk=16, chunk_policy=policy)
    machine = Machine(blocks * BLOCK_SIZE, host=host)
    guest = host.guests[0]
    for number in range(blocks):
        host.pagein(0, number)
        host.frames.table.key[guest.frame[number]] = CHANGE
    for number in np.flatnonzero(kind == HINTED).tolist():
        kernels.transition(guest.address, number, 3, 0)
    assert (chunk_study.kinds_of(machine) == kind).all()
    told = chunk_study.POLICIES[policy](kind, SIZE)
    assert host.pressure(0) == told.freed
    mapped, resident = host.reach(0)
    assert resident == blocks - told.freed
    if policy == "split":
        assert mapped / resident == told.reach
    else:
        assert mapped == resident
