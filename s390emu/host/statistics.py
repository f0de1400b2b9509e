"""What the host did for one guest."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field, replace


@dataclass
class Statistics:
    faults_resolved: int = 0  # touches of a block without a frame that the host answered with one
    zero_filled: int = 0
    read_back: int = 0
    written_out: int = 0
    still_clean: int = 0  # taken, but its slot had the same content already: nothing written
    found_zero: int = 0  # taken, and nothing written as it held only zeros (D7)
    paging_operations: int = 0  # with the paging device
    blocks_moved: int = 0  # by them; with chunks that are moved as a whole, some had no content to keep
    splits: int = 0  # chunks that lost a block and thereby their common mapping
    released: int = 0  # DIAGNOSE X'10'
    paging_errors: int = 0
    disk_reads: int = 0  # blocks, as the guest sees them
    disk_writes: int = 0
    disk_operations: int = 0
    disk_errors: int = 0
    paging_wait: int = 0  # nanoseconds that the guest waited
    disk_wait: int = 0
    discarded: Counter[str] = field(default_factory=Counter)  # by the state before: Ur Vr Pr Sp

    def copy(self) -> Statistics:
        """Return a copy that shares nothing."""
        return replace(self, discarded=self.discarded.copy())

    def as_dict(self) -> dict[str, int | dict[str, int]]:
        return asdict(self) | {"discarded": dict(self.discarded)}
