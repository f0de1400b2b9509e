"""One experiment: so many guests on one host, under one policy. A `Cell` is everything that its result depends on; the
same cell gives the same numbers anywhere."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from s390emu.architecture.sizes import BLOCK_SIZE
from s390emu.host.chunks import CHUNK_BLOCKS, CHUNK_POLICIES, CHUNKS

BY_DEVICE = -1
MOST, MOST_MIPS = 10**10, 10**6  # of times and counts: with more, a run is longer than the guests' clock
SERVICE_TIMES = ("page_latency", "page_block", "disk_latency", "disk_block")
WEB, LINUX = KINDS = ("web", "linux")
POLICIES = ("none", "hinting", "unused-only", "balloon", "both")
DEVICES = ("dasd", "ssd", "nvme")
PAGING = ("device", "none")
HINTS = {"none": 0, "balloon": 0, "hinting": 1, "both": 1, "unused-only": 2}  # by policy: the guest's tunable
DISKS = ("own", "shared")
NOT_OF_LINUX = ("disks", "disk_latency", "disk_block", "file_blocks", "heap_blocks", "mips")

# By device: the mean idle phase of a guest, and the monitor's interval, both in microseconds. They go with the speed of
# the storage: what takes a burst of requests longer on a disk than on flash leaves people waiting as long in between.
IDLE_US = {"dasd": 200_000, "ssd": 10_000, "nvme": 4_000}
INTERVAL_US = {"dasd": 50_000, "ssd": 2_500, "nvme": 1_000}
LINUX_IDLE_US, LINUX_INTERVAL_US = 250_000, 25_000  # likewise, by any device: its requests take the processor so long


@dataclass(frozen=True)
class Cell:
    """kind              what the guests are: "web", servers on the toy kernel; "linux" (farm/linux.py)
    linux             of which kernel and busybox the Linux guests are: a digest
    guests            how many, each with `ram` bytes of storage and its own disk
    ratio             their storage together, over that of the host
    policy            "none": plain LRU; "hinting": ESSA with all states; "unused-only": ESSA, stable and unused alone;
                      "balloon": no ESSA, a monitor; "both"
    seed              of the guests' requests; guest n draws from seed * 1000 + n
    device            service times of paging device and disks (host.devices)
    page_latency, page_block, disk_latency, disk_block    in nanoseconds, where they are not the device's
    essa_cycles       processor time of one ESSA, in instruction times
    mips              millions of instructions that the host's processor executes in a second
    chunk, chunk_policy    how large the host's frames are, and how it takes them (host.pager)
    look_ahead        percent of the host's frames, from the oldest on, that count as equally old where writing out the
                      oldest can be saved (host.pager)
    paging            "none": no paging device
    disks             "own": each guest's disk works by itself; "shared": all are one device, like the paging device
    quantum           instructions that a guest is dispatched for
    warmup, requests  of each guest, before and while it is measured (the second on average)
    least             requests measured of all guests together, at least: of a single guest it would be a few bursts
    file_blocks       of the files that a guest serves, heap_blocks of its sessions
    burst, idle_us    mean requests in a burst, mean length of the idle phase after it (0: by device)
    fault_ns, io_ns   processor time that the host takes for a block it brings and for a disk operation
    balloon           parameters of the monitor that differ from their defaults: ((name, value), ...)
    """

    kind: str = WEB
    linux: str = ""
    guests: int = 4
    ratio: float = 2.0
    policy: str = "hinting"
    seed: int = 1
    ram: int = 8 << 20
    device: str = "ssd"
    page_latency: int = BY_DEVICE
    page_block: int = BY_DEVICE
    disk_latency: int = BY_DEVICE
    disk_block: int = BY_DEVICE
    essa_cycles: int = 100
    mips: int = 1000
    chunk: str = "4K"
    chunk_policy: str = "whole"
    look_ahead: int = 0
    paging: str = "device"
    disks: str = "own"
    quantum: int = 200_000
    warmup: int = 300
    requests: int = 600
    least: int = 2000
    file_blocks: int = 0
    heap_blocks: int = 0
    burst: int = 40
    idle_us: int = 0
    fault_ns: int = 3_000
    io_ns: int = 3_000
    balloon: tuple[tuple[str, float], ...] = field(default=())

    def __post_init__(self):
        for name, allowed in (("kind", KINDS), ("policy", POLICIES), ("device", DEVICES), ("chunk", CHUNKS),
                              ("paging", PAGING), ("chunk_policy", CHUNK_POLICIES), ("disks", DISKS)):  # fmt: skip
            if getattr(self, name) not in allowed:
                raise ValueError(f"{name} is {getattr(self, name)!r}: it must be one of {', '.join(allowed)}")
        for name in ("guests", "mips", "quantum", "warmup", "requests", "burst"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}: at least 1")
        for name in ("essa_cycles", "file_blocks", "heap_blocks", "idle_us", "fault_ns", "io_ns", "seed", "least"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} is {getattr(self, name)}: not below 0")
        for name, value in vars(self).items():
            if name != "seed" and isinstance(value, int) and value > (most := MOST_MIPS if name == "mips" else MOST):
                raise ValueError(f"{name} is {value}: at most {most}")
        for name in SERVICE_TIMES:
            if getattr(self, name) < BY_DEVICE:
                raise ValueError(f"{name} is {getattr(self, name)}: nanoseconds, or {BY_DEVICE} for the device's")
        if not 0 <= self.look_ahead <= 100:
            raise ValueError(f"look_ahead is {self.look_ahead}: percent of the host's frames, 0 to 100")
        if not self.ratio >= 0.1:
            raise ValueError(f"ratio is {self.ratio}: guests' storage over the host's, for example 2.0")
        if self.ram % (BLOCK_SIZE * self.chunk_blocks) or self.ram < 2 << 20:
            raise ValueError(f"ram is {self.ram}: a multiple of {self.chunk} (the chunk), at least 2M")
        if self.kind == LINUX:
            self._check_linux()

    def _check_linux(self) -> None:
        """Raise ValueError for what Linux guests cannot have."""
        from s390emu.guests import linux_worker

        if self.policy == "hinting":
            raise ValueError("policy is 'hinting': Linux declares no page volatile; unused-only is what it can")
        for name in NOT_OF_LINUX:
            if getattr(self, name) != getattr(Cell, name):
                raise ValueError(f"{name} is {getattr(self, name)}: Linux guests have none, or none that can be set")
        if self.burst < linux_worker.SHORTEST_BURST:
            raise ValueError(f"burst is {self.burst}: at least {linux_worker.SHORTEST_BURST} for Linux guests")
        if not self.idle_us <= linux_worker.LONGEST_IDLE_MS * 1000:
            raise ValueError(f"idle_us is {self.idle_us}: at most {linux_worker.LONGEST_IDLE_MS}000 for Linux guests")
        least = linux_worker.NEEDED_BYTES + self.burst * 3 // 2 * linux_worker.FILE_BYTES
        if self.ram < least:
            raise ValueError(f"ram is {self.ram}: with bursts of {self.burst} Linux guests need {least}")

    def filled(self) -> Cell:
        """Return the same cell with every default that depends on another field spelled out."""
        if self.kind == LINUX:
            return replace(self, idle_us=self.idle_us or LINUX_IDLE_US)
        blocks = self.ram // BLOCK_SIZE
        return replace(
            self,
            file_blocks=self.file_blocks or blocks * 3 // 2,
            heap_blocks=self.heap_blocks or blocks // 16,
            idle_us=self.idle_us or IDLE_US[self.device],
        )

    def seed_of(self, number: int) -> int:
        """Return what one guest draws from."""
        return (self.seed * 1000 + number) % (1 << 31)

    @property
    def idle_ms(self) -> int:
        """Mean length of the idle phase, of a cell that is filled."""
        return self.idle_us // 1000

    def tunables(self, number: int) -> dict[str, int]:
        """Return the tunables of one guest, of a cell that is filled."""
        return {"RAM_BLOCKS": self.blocks, "FILE_BLOCKS": self.file_blocks, "HEAP_BLOCKS": self.heap_blocks,
                "BURST": self.burst, "IDLE_US": max(1, self.idle_us * self.mips // 1000),
                "SEED": self.seed_of(number), "HINTS": HINTS[self.policy],
                "PRELOAD": min(self.file_blocks, self.blocks)}  # fmt: skip

    @property
    def blocks(self) -> int:
        """4 KB blocks of a guest's storage."""
        return self.ram // BLOCK_SIZE

    @property
    def frames(self) -> int:
        """4 KB frames of the host, whole chunks of them."""
        return max(1, round(self.guests * self.blocks / self.ratio / self.chunk_blocks)) * self.chunk_blocks

    @property
    def chunk_blocks(self) -> int:
        return CHUNK_BLOCKS[self.chunk]

    @property
    def measured(self) -> int:
        """Requests of all guests together while they are measured."""
        return max(self.requests * self.guests, self.least)

    @property
    def essa(self) -> bool:
        return self.policy in ("hinting", "unused-only", "both")

    @property
    def monitored(self) -> bool:
        return self.policy in ("balloon", "both")

    @property
    def balloon_parameters(self) -> dict[str, float]:
        interval = LINUX_INTERVAL_US if self.kind == LINUX else INTERVAL_US[self.device]
        return {"interval_us": interval} | dict(self.balloon)
