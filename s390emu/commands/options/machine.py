"""Options of a guest and its host: of everything that runs one."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import NamedTuple

from s390emu.architecture import models
from s390emu.architecture.identities import NAMES
from s390emu.architecture.sizes import BLOCK_SIZE
from s390emu.commands.options.values import epoch as epoch_of
from s390emu.commands.options.values import number, positive, size
from s390emu.commands.usage import UsageError
from s390emu.engine.handlers import available, on_request
from s390emu.host.chunks import CHUNK_BLOCKS, CHUNK_POLICIES, CHUNKS
from s390emu.host.devices import SERVICE
from s390emu.regions import modes

MOST_BYTES = 64 << 30  # of a guest's storage, of a host's frames: their tables alone take 2 GB then
FEWEST_FRAMES = 16  # of a host whose guest is smaller than that
QUANTUM = 1000  # instructions in turn
UNUSED_ACCESS = ("discarded", "always", "zerofill")


class MachineOptions(NamedTuple):
    """As they are written on the command line, and in replay files: frames None is one for every block; paging is a
    folder, "" a temporary one, "none" no paging; disk has paths and whether they are only read; epoch is the TOD clock
    at the start; facility has the bits that are asked for."""

    ram: int = 16 << 20
    cpus: int = 1
    quantum: int = QUANTUM
    schedule: int | None = None
    frames: int | None = None
    chunk: str = CHUNKS[0]
    chunk_policy: str = CHUNK_POLICIES[0]
    paging: str = ""
    unused_access: str = UNUSED_ACCESS[0]
    disk: tuple[tuple[str | Path, bool], ...] = ()
    service: str = "none"
    identity: str = NAMES[0]
    facility: tuple[int, ...] = ()
    model: str = models.MAX
    no_essa: bool = False
    no_dat: bool = False
    tlb: str = "on"
    translate: str = modes.DEFAULT
    seed: int = 0
    random_keys: bool = False
    epoch: int = 0

    @property
    def paged(self) -> bool:
        """True if the host has a paging device."""
        return self.paging != "none"

    @property
    def chunk_blocks(self) -> int:
        """4 KB blocks in what the host backs as one."""
        return CHUNK_BLOCKS[self.chunk]

    @property
    def host_frames(self) -> int:
        """Frames that the host has, by default or by --frames."""
        return self.frames or max(self.ram // BLOCK_SIZE, FEWEST_FRAMES, self.chunk_blocks)

    @property
    def too_large(self) -> UsageError:
        """What is said where this computer has not that much storage."""
        told = f"--ram {self.ram}, --frames {self.host_frames}: more than this computer can give; ask for less"
        return UsageError(told)

    def check(self) -> None:
        """Reject storage that no guest can have, and facilities that the model cannot have."""
        if self.ram < 2 * BLOCK_SIZE or self.ram % BLOCK_SIZE:
            least = f"a positive multiple of {BLOCK_SIZE} bytes, at least two"
            raise UsageError(f"--ram {self.ram}: guest storage must be {least}")
        for bit in self.facility:
            if bit < 0 or bit not in available():  # below are those that no bit tells
                raise UsageError(f"--facility {bit}: choose of {', '.join(map(str, sorted(on_request())))}")
        if self.no_dat and not models.has(self.model, models.NO_TRANSLATE):
            raise UsageError(f"--no-dat: a {self.model} has no facility {models.NO_TRANSLATE}; take a later --model")
        if max(self.ram, self.host_frames * BLOCK_SIZE) > MOST_BYTES:
            raise self.too_large


def frames(text: str) -> int:
    """Return a number of page frames: written as such, or with a unit as what they are together (48M)."""
    value = positive(text) if text[-1:].isdigit() else size(text) // BLOCK_SIZE
    if value <= 0:
        raise argparse.ArgumentTypeError(f"{text} is less than one frame of {BLOCK_SIZE} bytes")
    return value


def machine_arguments(parser, *, ram: str = "16M", told_frames: str = "one for every block",
                      epoch: int = 0) -> None:
    """Add the options of MachineOptions."""
    group = parser.add_argument_group("the guest and its host")
    group.add_argument("--ram", type=size, default=ram, metavar="SIZE",
                       help=f"guest storage ({ram}); --epoch now|SECONDS: TOD clock, from 1970 on")
    group.add_argument("--epoch", type=epoch_of, default=epoch, help=argparse.SUPPRESS)
    group.add_argument("--cpus", type=positive, default=1, metavar="N",
                       help="CPUs, 8 at most; --quantum N, --schedule SEED: instructions in turn, or at random")
    group.add_argument("--quantum", type=positive, default=QUANTUM, help=argparse.SUPPRESS)
    group.add_argument("--schedule", type=number, help=argparse.SUPPRESS)
    group.add_argument("--frames", type=frames, metavar="N", help=f"page frames of the host, or 48M ({told_frames})")
    group.add_argument("--chunk", choices=CHUNKS, default=CHUNKS[0], metavar="SIZE",
                       help="what the host backs as one: 4K, 64K, 2M; --chunk-policy " + ", ".join(CHUNK_POLICIES))
    # Where there is a semicolon in the help of another option, it stands there: the help fits on a screen.
    group.add_argument("--chunk-policy", choices=CHUNK_POLICIES, default=CHUNK_POLICIES[0], help=argparse.SUPPRESS)
    group.add_argument("--paging", default="", metavar="DIR|none",
                       help="folder of the paging file; --service " + ", ".join(SERVICE) + ": time it and disks take")
    group.add_argument("--unused-access", choices=UNUSED_ACCESS, default=UNUSED_ACCESS[0], metavar="POLICY",
                       help="touching an unused block: " + ", ".join(UNUSED_ACCESS))  # fmt: skip
    group.add_argument("--disk", type=disk, action="append", default=[], metavar="FILE[:ro]",
                       help="a disk for DIAGNOSE X'250'; devices 0100, 0101, ...")  # fmt: skip
    group.add_argument("--service", choices=tuple(SERVICE), default="none", help=argparse.SUPPRESS)
    group.add_argument("--identity", choices=NAMES, default=NAMES[0], metavar="NAME",
                       help="what the guest finds: " + ", ".join(NAMES) + "; --model z900 ... z15, max; --facility N")
    group.add_argument("--model", choices=models.NAMES, default=models.MAX, help=argparse.SUPPRESS)
    group.add_argument("--facility", type=number, action="append", default=[], help=argparse.SUPPRESS)
    group.add_argument("--no-essa", "--no-cmma", action="store_true",
                       help="a guest without ESSA; --no-dat: with, and no-DAT; --tlb off, --translate never: how fast")
    group.add_argument("--no-dat", action="store_true", help=argparse.SUPPRESS)
    group.add_argument("--tlb", choices=("on", "off"), default="on", help=argparse.SUPPRESS)
    group.add_argument("--translate", choices=modes.MODES, default=modes.DEFAULT, help=argparse.SUPPRESS)
    group.add_argument("--seed", type=number, default=0, metavar="N",
                       help="fixes free choices of the host; --random-keys: a discard's ACC and F too")  # fmt: skip
    group.add_argument("--random-keys", action="store_true", help=argparse.SUPPRESS)


def disk(text: str) -> tuple[str, bool]:
    """Return the parts of FILE or FILE:ro."""
    path, read_only = (text[:-3], True) if text.endswith(":ro") else (text, False)
    if not path:
        raise argparse.ArgumentTypeError(f"{text!r}: write FILE or FILE:ro")
    return path, read_only
