"""Instructions that do not exist here: the operation exception."""

from __future__ import annotations

from s390emu._jit import jit
from s390emu.architecture.interruptions import OPERATION


@jit
def operation_exception(cpu, storage, insn):
    """Recognize an operation exception: no such operation code, or its facility is not installed. PoP ch. 6 "Operation
    Exception"; suppressed."""
    return OPERATION
