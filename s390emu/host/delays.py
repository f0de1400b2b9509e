"""Who waits for the host's devices, and until when."""

from __future__ import annotations

from s390emu.host.devices import Server, ServiceTimes
from s390emu.host.guest import Guest


class Delays:
    """service: how long the paging device and the disks take. The paging device is one for all guests."""

    def __init__(self, service: ServiceTimes):
        self.service = service
        self._paging = Server()
        self._transfers: list[int] = []  # blocks of each operation that nobody was charged for yet

    def transferred(self, guest: Guest, blocks: int) -> None:
        """Note one operation of the paging device, which moved so many blocks for this guest."""
        self._transfers.append(blocks)
        guest.statistics.paging_operations += 1
        guest.statistics.blocks_moved += blocks

    def forget(self) -> None:
        """Forget operations for which no guest waits."""
        self._transfers.clear()

    def charge(self, guest: Guest, cpu: int) -> int:
        """Let this CPU wait for the paging since somebody was last charged; return when it will go on."""
        now = until = guest.now_for(cpu)
        for blocks in self._transfers:
            until = max(until, self._paging.finish(now, self.service.paging(blocks)))
        self._transfers.clear()
        guest.statistics.paging_wait += until - now
        guest.waiting[cpu].until = until
        return until

    def wait_for_disk(self, guest: Guest, cpu: int, until: int) -> None:
        """Let this CPU wait for its disk operation."""
        guest.statistics.disk_wait += until - guest.now_for(cpu)
        guest.waiting[cpu].until = until

    def snapshot(self) -> int:
        """Return what `restore` wants."""
        return self._paging.free_at

    def restore(self, snapshot: int) -> None:
        """Go back to a snapshot."""
        self._paging.free_at = snapshot
