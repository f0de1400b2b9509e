"""Marks in a handler's code for who reads its IR: they are no instructions."""

from __future__ import annotations

from s390emu._jit.compiler import JIT, Intrinsic

if JIT:
    slow_way = Intrinsic("slow_way")
else:

    def slow_way():
        """From here on the handler takes its slow way, which is not for a template."""
