"""The toy kernel with a bug put in: a few instructions after a line of a source."""

from __future__ import annotations

from pathlib import Path

from s390emu import toy_kernel

TINY = {"PASSES": 1, "SCAN": 1, "STEPS": 4, "FILE_BLOCKS": 6, "WRITABLE_BLOCKS": 2, "CACHE_BLOCKS": 8, "SEED": 2}

BUGS = {
    "R1: C cleared before the block is stable": (
        "writeback.s", "tmll    %r8,KEY_CHANGE", "lghi %r0,KEY_TASK\n sske %r0,%r7",
    ),
    "a cached block used without make_stable": ("cache.s", "# not cached", "frame_of %r8,%r7\n j 9f"),
    "R10: the log's copy freed before the block is stable": (
        "yield.s", "# the only copy", "frame_of %r2,%r7\n brasl %r14,set_dirty\n j 3f",
    ),
    "a discarded block taken for stable": ("hints.s", "make_stable:", "essa %r0,%r2,1\n lghi %r2,1\n br %r14"),
}  # fmt: skip


def sources(folder: Path, bug: str) -> list[Path]:
    """The kernel's sources with this bug, written into the folder."""
    name, after, inserted = BUGS[bug]
    for path in toy_kernel.folder().glob("*.[si]*"):
        text = path.read_text()
        if path.name == name:
            (line,) = [line for line in text.splitlines() if after in line and ".globl" not in line]
            text = text.replace(f"{line}\n", f"{line}\n {inserted}\n")
        (folder / path.name).write_text(text)
    return [folder / path.name for path in toy_kernel.sources()]
