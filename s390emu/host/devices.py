"""How long the host's devices take, and who waits for whom. Time is the guests' TOD clock in nanoseconds.

A device is a server with one queue: an operation begins when it is asked for and the one before has ended, and takes a
latency and so much for each 4 KB block. The presets are orders of magnitude of real devices, for one operation at a
time, from what their makers publish; they are meant for comparing policies, not devices:

    dasd   a disk that turns: at 7,200 revolutions a minute half a turn is 4.2 ms; 40 MB/s are 0.1 ms for 4 KB
    ssd    flash behind SATA: about 10,000 single reads a second, so 100 us; 500 MB/s, the interface, are 8 us for 4 KB
    nvme   fast flash on PCI Express: 20 us; 2 GB/s are 2 us for 4 KB
    none   I/O takes no time
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from s390emu.architecture.sizes import BLOCK_SIZE


class ServiceTimes(NamedTuple):
    """Nanoseconds, of the paging device and of every disk: an operation on n blocks takes latency + n * block."""

    page_latency: int = 0
    page_block: int = 0
    disk_latency: int = 0
    disk_block: int = 0

    def paging(self, blocks: int) -> int:
        """Return the nanoseconds of one operation of the paging device on so many blocks."""
        return self.page_latency + blocks * self.page_block

    def disk(self, length: int) -> int:
        """Return the nanoseconds of one operation of a disk on so many bytes."""
        return self.disk_latency + length * self.disk_block // BLOCK_SIZE


NO_TIMES = ServiceTimes()


def _both(latency: int, block: int) -> ServiceTimes:
    """Return the same times for paging device and disks."""
    return ServiceTimes(latency, block, latency, block)


SERVICE = {"none": NO_TIMES, "dasd": _both(4_000_000, 100_000), "ssd": _both(100_000, 8_000),
           "nvme": _both(20_000, 2_000)}  # fmt: skip


@dataclass
class Server:
    """One device: first come, first served. free_at: when what it was asked for so far has ended."""

    free_at: int = 0

    def finish(self, now: int, service: int) -> int:
        """Return when an operation asked for now will end. One that takes no time ends at once, whoever else waits."""
        if not service:
            return now
        self.free_at = max(now, self.free_at) + service
        return self.free_at
