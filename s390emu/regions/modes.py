"""Whether hot code is translated: the modes, and the one that is meant where nobody says."""

from __future__ import annotations

import os

NEVER, AUTO, ALWAYS, SYNC = MODES = ("never", "auto", "always", "sync")
VARIABLE = "S390EMU_TRANSLATE"
DEFAULT = os.environ.get(VARIABLE) or AUTO
