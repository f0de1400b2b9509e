"""The toy guest kernel: where its sources are, and how they are built. Its contract is firmware/README.md."""

from __future__ import annotations

from pathlib import Path

from s390emu.assembler.assemble import Program, assemble_files

ORIGIN = 0x10000
TUNABLES = (
    "PASSES", "SCAN", "STEPS", "FILE_BLOCKS", "WRITABLE_BLOCKS", "CACHE_BLOCKS", "SEED", "HINTS", "PLANT",
)  # fmt: skip


def folder() -> Path:
    """Return the folder firmware/ of a source tree, or its copy that is installed with the package."""
    package = Path(__file__).parents[1]
    installed = package / "_firmware"
    return installed if installed.is_dir() else package.parent / "firmware"


def sources() -> list[Path]:
    """Return the kernel's files in the order in which they are linked."""
    return [folder() / name for name in (folder() / "kernel.list").read_text().split()]


def description() -> Path:
    """Return the file that tells the page-state sanitizer what it has to know of the kernel (docs/sanitizer.md)."""
    return folder() / "toy.toml"


def build(**tunables: int) -> Program:
    """Assemble the kernel; tunables as in its README, for example `build(PASSES=2)`."""
    return assemble_files(sources(), origin=ORIGIN, defines=tunables)
