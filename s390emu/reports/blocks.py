"""A guest's blocks, one line for each run of equal ones."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from s390emu.machine import Block


def runs(blocks: list[Block]) -> Iterator[tuple[int, int, Block]]:
    """Yield (first number, last number, a block of the run) of each run of equal blocks, in order."""

    def facts(block: Block) -> tuple[str, int]:
        return block.state, block.key

    first = 0
    for i in range(1, len(blocks) + 1):
        if i == len(blocks) or facts(blocks[i]) != facts(blocks[first]):
            yield first, i - 1, blocks[first]
            first = i
