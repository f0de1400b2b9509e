"""Plots that commands write with --svg."""

from __future__ import annotations

from pathlib import Path

from s390emu.commands.usage import UsageError


def check_plot(svg: Path) -> None:
    """Reject now what would fail at the end: without matplotlib, or where no file can be. UsageError."""
    from s390emu.reports.drawing import PlotsUnavailable, need_matplotlib

    try:
        need_matplotlib()
    except PlotsUnavailable as error:
        raise UsageError(f"--svg {svg}: {error}") from None
    if not svg.parent.is_dir():
        raise UsageError(f"--svg {svg}: {svg.parent} is no folder")
