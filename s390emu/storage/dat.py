"""Dynamic address translation: PoP ch. 3. The rung is here; the tables are a later step of the project.

Not implemented: translation. A guest that turns DAT on stops with a reason of its own instead of running wrongly.
"""

from __future__ import annotations

from s390emu._jit import jit


@jit
def to_real(cpu, storage, logical, kind):
    """logical -> (real, code)"""
    return logical, 0
