"""The toy kernel so small that all its points can be tried, and bugs planted in it (firmware/plants.inc)."""

from __future__ import annotations

TINY = {"PASSES": 1, "SCAN": 1, "STEPS": 4, "FILE_BLOCKS": 6, "WRITABLE_BLOCKS": 2, "CACHE_BLOCKS": 8, "SEED": 2}
LARGER = TINY | {"PASSES": 2, "STEPS": 16, "FILE_BLOCKS": 9}  # a file that is not all mapped

BUGS = {
    "R1: C cleared before the block is stable": 18,
    "a cached block used without make_stable": 13,
    "a discarded block taken for stable": 16,
    "R10: the log's copy freed though the block is gone": 28,
}
EASY = "a discarded block taken for stable"  # the first point of all shows it
