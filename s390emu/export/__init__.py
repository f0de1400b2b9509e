"""Traces for other machines: a bare-metal image that runs them and checks itself (docs/export.md)."""

from s390emu.export.cases import Case, Skip, case_of
from s390emu.export.image import Suite, build

__all__ = ["Case", "Skip", "Suite", "build", "case_of"]
