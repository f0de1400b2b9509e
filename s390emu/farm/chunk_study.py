"""What hints for 4 KB blocks free where the host's frames are larger, as a guest's free and cached blocks scatter.

A guest's blocks are of three kinds: HINTED, the host may discard them (unused, volatile, potentially volatile and not
changed); KEPT, their content must be kept; NOTHING, stable and logically zero. What follows is counting, chunk by
chunk, for the policies of `host.pager`. Docs: docs/chunks.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from s390emu.architecture.sizes import BLOCK_SIZE
from s390emu.host.chunks import CHUNK_BLOCKS, CHUNK_POLICIES

if TYPE_CHECKING:
    from s390emu.machine import Machine

NOTHING, HINTED, KEPT = range(3)
BY_BLOCK = "4K"
INSTRUCTIONS_AT_ONCE = 200_000


class Freed(NamedTuple):
    """hinted      blocks that hints for single blocks free without I/O, this many
    freed       blocks of these that are free without I/O
    written     blocks to be written until as many blocks are free as by single hints, at the best order
    per_write   blocks freed for each block written, where a chunk has some of both kinds; 0 there is no such chunk
    reach       of the blocks kept, the share that lies in a mapping as long as a chunk afterwards; not of single blocks
    mappings    how many mappings the blocks kept need afterwards
    """

    chunk: str
    policy: str
    hinted: int
    freed: int
    written: int
    per_write: float
    reach: float
    mappings: int

    @property
    def share(self) -> float:
        return self.freed / self.hinted if self.hinted else 1.0


def kinds(usage: np.ndarray, zero: np.ndarray, changed: np.ndarray) -> np.ndarray:
    """Return the kind of each block: usage as in BLOCK, logically zero or not, the guest's change bit."""
    from s390emu.architecture.page_states import POTENTIALLY_VOLATILE, STABLE

    kept = (usage == STABLE) | ((usage == POTENTIALLY_VOLATILE) & changed)
    return np.where(kept, np.where(zero, NOTHING, KEPT), HINTED)


def kinds_of(machine: Machine) -> np.ndarray:
    """Return the kinds of a guest's blocks now; looking changes nothing."""
    from s390emu.architecture.page_states import ZERO
    from s390emu.architecture.storage_key import CHANGE

    states = machine.storage.states()
    return kinds(states >> 2, states & 3 == ZERO, machine.storage.keys() & CHANGE != 0)


def study(kind: np.ndarray) -> list[Freed]:
    """Return a line for each size and policy."""
    return [by_block(kind), *(
        POLICIES[policy](kind, size) for size in CHUNK_BLOCKS if size != BY_BLOCK for policy in CHUNK_POLICIES
    )]  # fmt: skip


def counted(kind: np.ndarray, size: str) -> tuple[np.ndarray, np.ndarray]:
    """Return how many blocks are hinted, and how many kept, in each chunk; what is beyond the last one is left out."""
    chunk = CHUNK_BLOCKS[size]
    rows = kind[: len(kind) // chunk * chunk].reshape(-1, chunk)
    return (rows == HINTED).sum(axis=1), (rows == KEPT).sum(axis=1)


def by_block(kind: np.ndarray) -> Freed:
    hinted, kept = (int((kind == which).sum()) for which in (HINTED, KEPT))
    return Freed(BY_BLOCK, "-", hinted, hinted, 0, 1.0 if kept else 0.0, 0.0, kept)


def whole(kind: np.ndarray, size: str) -> Freed:
    """Count where a chunk is free without I/O if nothing of it is kept, and else by writing all of it."""
    return _in_one_mapping(kind, size, "whole", lambda hinted, kept: hinted + kept)


def subpage(kind: np.ndarray, size: str) -> Freed:
    """Count where a chunk is free without I/O if nothing of it is kept, and else by writing what is kept."""
    return _in_one_mapping(kind, size, "subpage", lambda hinted, kept: kept)


def _in_one_mapping(kind: np.ndarray, size: str, policy: str, cost) -> Freed:
    hinted, kept = counted(kind, size)
    clean = kept == 0
    mixed = (hinted > 0) & ~clean
    writes = cost(hinted, kept)
    freed, gain = int(hinted[clean].sum()), (hinted + kept)[mixed]
    return Freed(
        size, policy, int(hinted.sum()), freed,
        fewest_writes(gain, writes[mixed], int(hinted.sum()) - freed),
        float(gain.sum() / writes[mixed].sum()) if mixed.any() else 0.0,
        1.0 if kept.any() else 0.0, int((kept > 0).sum()),
    )  # fmt: skip


def split(kind: np.ndarray, size: str) -> Freed:
    """Count where whatever is hinted is free without I/O, and the rest of its chunk has mappings of its own."""
    hinted, kept = counted(kind, size)
    intact = int(kept[hinted == 0].sum())
    total = int(kept.sum())
    mappings = int(((hinted == 0) & (kept > 0)).sum()) + total - intact
    return Freed(
        size, "split", int(hinted.sum()), int(hinted.sum()), 0, 1.0 if ((hinted > 0) & (kept > 0)).any() else 0.0,
        intact / total if total else 0.0, mappings,
    )  # fmt: skip


POLICIES = {"whole": whole, "split": split, "subpage": subpage}


def fewest_writes(gains: np.ndarray, writes: np.ndarray, wanted: int) -> int:
    """Return the blocks written until so many are free, chunks with the most freed for each block written first."""
    if wanted <= 0:
        return 0
    order = np.argsort(writes / gains, kind="stable")
    last = int(np.searchsorted(np.cumsum(gains[order]), wanted))
    return int(writes[order[: last + 1]].sum())


# --- scattered at random: a cross-check with what can be calculated --------------------------------------------------


def scattered(blocks: int, fraction: float, run: float, seed: int) -> np.ndarray:
    """Return runs of hinted blocks, of mean length `run`, between runs of kept ones, so that this fraction is hinted.
    Lengths are geometric: whether the next block is of the same kind does not depend on how long the run is already."""
    rng = np.random.default_rng(seed)
    if not 0 < fraction < 1:
        raise ValueError(f"a fraction of {fraction} blocks hinted away: it must be between 0 and 1")
    means = {HINTED: run, KEPT: run * (1 - fraction) / fraction}
    if min(means.values()) < 1:
        raise ValueError(
            f"a fraction of {fraction} in runs of {run} blocks: runs of the others would be {means[KEPT]:.2f} blocks "
            f"long; runs of either must be 1 at least, so make them {max(1.0, fraction / (1 - fraction)):.2f} or longer"
        )
    count = int(2 * blocks / sum(means.values())) + 1000
    lengths = np.stack([rng.geometric(1 / means[kind], count) for kind in (HINTED, KEPT)], axis=1)
    if rng.random() >= fraction:  # begin with a kept one
        lengths[0, 0] = 0
    sequence = np.repeat(np.tile([HINTED, KEPT], count), lengths.ravel())
    return sequence[:blocks]


class Calculated(NamedTuple):
    """Of `scattered`, in the limit of many chunks."""

    share: float  # whole, subpage: of the hinted blocks, those in chunks where nothing is kept
    reach: float  # split: of the kept blocks, those in chunks where nothing is hinted
    per_write: float  # subpage


def calculated(size: str, fraction: float, run: float) -> Calculated:
    """Return what is to be expected: a chunk of n blocks is hinted throughout if its first block is and the run does
    not end n - 1 times."""
    n = CHUNK_BLOCKS[size]
    share = (1 - 1 / run) ** (n - 1)
    reach = (1 - fraction / (run * (1 - fraction))) ** (n - 1)
    mixed = 1 - fraction * share - (1 - fraction) * reach
    kept_in_mixed = (1 - fraction) * (1 - reach)
    return Calculated(share, reach, mixed / kept_in_mixed if kept_in_mixed else 0.0)


# --- how scattered a guest's blocks are ------------------------------------------------------------------------------


class Scatter(NamedTuple):
    """hinted, kept: how many blocks; fraction: hinted of both; run: mean length of a run of hinted ones."""

    hinted: int
    kept: int
    fraction: float
    run: float


def scatter(kind: np.ndarray) -> Scatter:
    is_hinted = kind == HINTED
    hinted, kept = int(is_hinted.sum()), int((kind == KEPT).sum())
    begins = int((is_hinted & ~np.concatenate([[False], is_hinted[:-1]])).sum())
    return Scatter(hinted, kept, hinted / (hinted + kept) if hinted + kept else 0.0, hinted / begins if begins else 0.0)


# --- guests ----------------------------------------------------------------------------------------------------------


class Moment(NamedTuple):
    """name of the guest or model; requests served until then."""

    name: str
    requests: int
    kind: np.ndarray


def web_server(moments: list[int], folder, **tunables: int) -> Iterator[Moment]:
    """Yield the web-server guest's blocks, on a host with room for all of it, after so many requests (ascending)."""
    from pathlib import Path

    from s390emu.guests import web_server as web_guest
    from s390emu.host.block_device import BlockDevice
    from s390emu.host.host import Host
    from s390emu.machine import Machine

    values = web_guest.tunables(**tunables)
    if 0 < values["REQUESTS"] <= moments[-1]:
        raise ValueError(f"REQUESTS={values['REQUESTS']}: it must be 0, or more than the {moments[-1]} to look at")
    program, path = web_guest.build(**values), Path(folder) / "disk"
    web_guest.disk_image(path, **values)
    host = Host(values["RAM_BLOCKS"])
    machine = Machine(values["RAM_BLOCKS"] * BLOCK_SIZE, host=host)
    host.attach_disk(machine.guest_number, web_guest.DISK, BlockDevice(path))
    machine.load(program)
    for wanted in moments:
        while (served := web_guest.number_at(machine, program.symbols["REQUESTS_DONE"])) < wanted:
            stop = machine.run(INSTRUCTIONS_AT_ONCE)
            if stop.reason.name != "LIMIT":
                raise RuntimeError(f"the web server stopped after {served} requests: {stop.reason.name}")
        yield Moment("web server", served, kinds_of(machine))
