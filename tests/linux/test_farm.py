"""Debian's kernel in a farm: two guests in half the storage that they have been given."""

from __future__ import annotations

from dataclasses import replace

from s390emu.farm.cell import LINUX, Cell
from s390emu.farm.run import run_cell
from s390emu.guests.linux_worker import read_files
from tests.linux import guest

CELL = Cell(kind=LINUX, guests=2, ratio=2.2, policy="both", ram=96 << 20, idle_us=50_000, warmup=12, requests=12,
            least=0, balloon=(("floor", 0.6),))  # fmt: skip


def test_hints_and_balloon_free_storage_and_no_sum_is_wrong():
    folder = guest.folder("trixie")
    cell = replace(CELL, linux=read_files(folder).digest)
    first, again = (run_cell(cell, folder)[-1] for _ in range(2))
    assert (first["outcome"], first["checksum_ok"]) == ("ok", True)
    assert first["discards_U"] > 0
    assert first["balloon_blocks"] > 0
    assert first | {"real_seconds": 0} == again | {"real_seconds": 0}, "the same cell, the same row"
