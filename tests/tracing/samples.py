"""Short traces for the tests."""

from __future__ import annotations

from pathlib import Path

from s390emu.tracing.execution import Options
from s390emu.tracing.runner import TraceResult, run_trace

PLAIN = """\
.trace  plain
.about  Adds, stores, makes a block volatile, and faults on another one
.model  cmma

.init
  r1    = 0x20000
  r2    = 5
  r3    = 7
  r6    = 0x21000
  page  0x20000 = stable resident key=3
  page  0x21000 = volatile zero

.text   0x10000
start:  agr   %r2,%r3
        stg   %r2,8(%r1)
        essa  %r4,%r1,3
fault:  lg    %r5,0(%r6)

.expect
  pgm   0x001a at fault address=0x21000
  r2    = 12                      # the sum
  cc    = 2
  mem   0x20008 = quad 12
  page  0x20000 = volatile resident key=3:RC
"""


def trace(
    text: str, *, init: str = "", host: str = "", expect: str = "svc 0", model: str = "cmma", open_: str = ""
) -> str:
    """A trace out of its parts."""
    parts = [".trace t", f".model {model}", ".init", init, ".text", text, ".host", host, ".expect", expect]
    return "\n".join(parts + ([f".open {open_}"] if open_ else [])) + "\n"


def run(text: str | Path, **options) -> TraceResult:
    return run_trace(text, options=Options(**options))


def told(result: TraceResult) -> list[str]:
    """What was not as expected, in one line each."""
    return [f"{d.subject}: {d.expected} / {d.actual}" for d in result.differences]
