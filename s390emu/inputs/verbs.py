"""The verbs of what can happen to a guest from outside between two instructions, and what each of them names.

docs/traces.md describes them; `actions` performs them.
"""

from __future__ import annotations

OPERANDS = {  # names in brackets may be left out
    "discard": ("block",), "reclaim": ("block",), "pagein": ("block",), "swap-error": ("block",),
    "pressure": ("frames",), "diag10": ("first", "[last]"), "normal-reset": (),
    "external-call": ("from",), "emergency-signal": ("from",), "interrupt-key": (), "service-signal": ("parameter",),
    "io": ("id", "parameter", "word"), "restart": (), "message": ("text",), "type": ("text",),
    "pass-time": ("nanoseconds",), "run-cpu": ("cpu",),
}  # fmt: skip
OF_A_CPU = ("external-call", "emergency-signal", "restart")  # happen to one CPU
VERBS = tuple(OPERANDS)
