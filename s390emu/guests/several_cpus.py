"""The guest for several CPUs: where its sources are, and how it is built. Its contract is firmware/README.md."""

from __future__ import annotations

from pathlib import Path

from s390emu.assembler.assemble import Program, assemble_files
from s390emu.guests.toy_kernel import ORIGIN, folder

TUNABLES = (
    "CPUS", "JOBS", "STEPS", "FILE_BLOCKS", "WRITABLE_BLOCKS", "CACHE_BLOCKS", "WORDS", "SEED", "HINTS", "PLANT",
    "TELL", "SPIN_LIMIT",
)  # fmt: skip


def sources() -> list[Path]:
    """Return the guest's files in the order in which they are linked."""
    return [folder() / name for name in (folder() / "smp.list").read_text().split()]


def description() -> Path:
    """Return the file that tells the page-state sanitizer what it has to know of the guest (docs/sanitizer.md)."""
    return folder() / "smp.toml"


def build(**tunables: int) -> Program:
    """Assemble the guest; tunables as in its README, for example `build(JOBS=2)`."""
    return assemble_files(sources(), origin=ORIGIN, defines=tunables | {"SMP": 1})
