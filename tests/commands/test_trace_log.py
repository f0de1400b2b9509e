"""The lines of `run --trace`."""

from __future__ import annotations

import io

from s390emu.commands.trace_log import TraceLog
from s390emu.machine import Machine, Reason

PROGRAM = """
start:  llilf %r1,0x8000
        stg   %r1,0(%r1)
        essa  %r2,%r1,3
        essa  %r2,%r1,1
        svc   5
"""


def test_trace_log_lines_in_order():
    machine, out = Machine.from_source(PROGRAM), io.StringIO()
    log = TraceLog(machine, ("insn", "storage", "page", "interruption"), out, 100, {"start": 0x10000})
    assert log.run(5, None).reason is Reason.LIMIT
    kinds = [line.split()[1] for line in out.getvalue().splitlines() if " page " not in line]
    assert kinds[:6] == ["insn", "insn", "store", "insn", "insn", "insn"]
    assert kinds[-1] == "fetch"  # of the new PSW, after the stores of the interruption
    assert "interruption" in kinds
    assert "0x10000 <start>: llilf %r1,32768" in out.getvalue()
    assert "store        absolute 0x8000 8" in out.getvalue()


def test_trace_log_does_not_change_the_run():
    plain, traced = Machine.from_source(PROGRAM), Machine.from_source(PROGRAM)
    plain.run(limit=5)
    TraceLog(traced, ("insn", "storage", "page", "interruption"), io.StringIO(), 3, {}).run(5, None)
    assert plain.psw == traced.psw
    assert list(plain.gr) == list(traced.gr)
    assert plain.blocks() == traced.blocks()
