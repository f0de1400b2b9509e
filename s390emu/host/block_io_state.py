"""Block I/O (DIAGNOSE X'250'): one guest's disks, and the operations there that have not ended."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import NamedTuple

from s390emu.host.block_device import BlockDevice, Written
from s390emu.host.block_io_formats import Format, Request
from s390emu.records.port import NO_TIME


class Environment(NamedTuple):
    """What INITIALIZE establishes for one device: block n of the guest is block n + offset - 1 of the disk."""

    block_size: int
    offset: int
    first: int
    last: int


@dataclass(frozen=True, eq=False)
class Operation:
    """An asynchronous operation that has not ended."""

    ends_at: int
    number: int  # in order of their beginning
    device: int
    form: Format
    request: Request
    statuses: list[int]  # of the entries
    read: dict[int, tuple[int, bytes]]  # by entry: where the data goes, and the data
    blocks: frozenset[int]  # pinned


@dataclass
class BlockIO:
    """disks, environments: by device number. operations: that have not ended. ended: interruptions to be, each its
    parameter, and subcode and status."""

    disks: dict[int, BlockDevice] = field(default_factory=dict)
    environments: dict[int, Environment] = field(default_factory=dict)
    operations: list[Operation] = field(default_factory=list)
    ended: deque[tuple[int, int]] = field(default_factory=deque)
    begun: int = 0

    def next_end(self) -> int:
        """Return when the next operation ends, in nanoseconds of the guest's TOD clock; NO_TIME if none goes on."""
        return min((operation.ends_at for operation in self.operations), default=int(NO_TIME))

    def snapshot(self) -> tuple[dict, list[Operation], list[tuple[int, int]], int, dict[int, Written]]:
        """Return all but the disks themselves. An operation does not change any more."""
        written = {number: disk.snapshot() for number, disk in self.disks.items()}
        return dict(self.environments), list(self.operations), list(self.ended), self.begun, written

    def restore(self, snapshot) -> None:
        """Go back to a snapshot."""
        environments, operations, ended, self.begun, written = snapshot
        self.environments, self.operations, self.ended = dict(environments), list(operations), deque(ended)
        for number, parts in written.items():
            self.disks[number].restore(parts)
