"""The one table of return codes: what a handler, a procedure or the run loop returns, and what the host answers.

    0    completed
    > 0  a program-interruption code (`architecture.interruptions`), or one of the two below
    < 0  an exit: the run loop returns to Python, which serves it and runs on, or stops
"""

from __future__ import annotations

COMPLETED = 0
CODE_SUPERVISOR_CALL = 1 << 16
CODE_REPEAT = 1 << 17  # an interruptible instruction ended a unit of operation: execute it again

EXIT_HOST_FAULT = -1  # the block `fault_block` has no frame: page in, then execute the instruction again
EXIT_HYPERCALL = -2  # the host completes `call_insn`
EXIT_COMPILE = -3  # handler `wanted` is not compiled yet
EXIT_EVENTS = -4  # the event table is full: drain it
EXIT_WAIT = -5  # enabled wait that only an outside event can end
EXIT_STOP = -6  # see stop_reason
EXIT_LIMIT = -7
EXIT_BREAKPOINT = -8  # before the instruction at one of `breakpoints`
EXIT_HOST_EVENT = -9  # the time `host_event` has come
EXIT_IDLE = -10  # in the wait state until `ready_at`, while other CPUs or guests run

# What the host answers where the guest cannot have what it needs; `host.reason` says why in words.
PAGING_ERROR = -20  # the content of a block is lost: machine check
NO_FRAME = -21  # no frame is free and none can be taken: the machine stops
HINTED_AWAY = -22  # only for I/O: the guest hinted the block away
GIVES_WAY = -23  # another CPU claims the frames that are left: execute the instruction again after that

RE_IPL = -24  # the guest asks to be loaded anew: the machine stops

# stop_reason of EXIT_STOP
RUNNING, DISABLED_WAIT, STOPPED, CHECK_STOP, CHECK_STOP_LOWCORE, INTERRUPTION_LOOP = range(6)
