"""What happens when the run loop returns to Python: each exit is served, and the loop goes on or the guest stops."""

from __future__ import annotations

from s390emu._jit import u64
from s390emu.architecture.interruptions import (
    MCIC_BACKUP,
    MCIC_PROCESSING_DAMAGE,
    MCIC_STORAGE_ERROR,
    MCIC_VALIDITY,
)
from s390emu.architecture.sizes import BLOCK_SIZE
from s390emu.engine.handlers import HandlerTable
from s390emu.engine.procedures import end_instruction
from s390emu.host.host import Host
from s390emu.machine.observe import Observers
from s390emu.machine.stop import STOP_REASONS, Reason
from s390emu.machine.turns import Turns
from s390emu.records.exits import (
    EXIT_BREAKPOINT,
    EXIT_COMPILE,
    EXIT_EVENTS,
    EXIT_HOST_EVENT,
    EXIT_HOST_FAULT,
    EXIT_HYPERCALL,
    EXIT_IDLE,
    EXIT_STOP,
    EXIT_WAIT,
    NO_FRAME,
    PAGING_ERROR,
    RE_IPL,
)
from s390emu.records.port import NO_TIME


class Attendant:
    """Serves the exits of one guest's run loop. The exit is always that of the running CPU."""

    def __init__(self, turns: Turns, host: Host, guest_number: int, handlers: HandlerTable, observers: Observers):
        self.turns, self.host, self.guest_number = turns, host, guest_number
        self.handlers, self.observers = handlers, observers

    def serve(self, code: int) -> Reason | None:
        """Serve an exit of the run loop; return a reason if it ends the run."""
        port = self.turns.running.port
        if code == EXIT_COMPILE:
            self.handlers.compile(int(port.wanted))
        elif code == EXIT_HOST_FAULT:
            return self._settle(self.host.resolve(self.guest_number, int(port.fault_block), int(port.cpu_address)))
        elif code == EXIT_HYPERCALL:
            return self._hypercall()
        elif code == EXIT_EVENTS:
            return Reason.WATCHED if self.observers.look() else None
        elif code == EXIT_HOST_EVENT:
            self.host.deliver(self.guest_number)
            self.turns.wake_enabled()
        elif code == EXIT_IDLE:
            return self.turns.wait(Reason.ENABLED_WAIT, int(port.ready_at))
        elif code == EXIT_BREAKPOINT:
            return Reason.BREAKPOINT
        elif code == EXIT_WAIT:
            return Reason.ENABLED_WAIT
        elif code == EXIT_STOP:
            reason = STOP_REASONS[int(port.stop_reason)]
            if self.turns.several and reason in (Reason.DISABLED_WAIT, Reason.STOPPED):
                return self.turns.wait(reason, int(NO_TIME))
            return reason
        else:
            raise AssertionError(f"exit {code} of the run loop")
        return None

    def _settle(self, answer: int) -> Reason | None:
        """Retry the instruction, unless the host's answer stops the guest."""
        if answer == NO_FRAME:
            return Reason.NO_FRAME
        if answer == RE_IPL:
            return Reason.RE_IPL
        if answer == PAGING_ERROR:
            cpu = self.turns.running.record
            if cpu.mck_code:  # the machine check itself cannot be presented
                return Reason.CHECK_STOP
            cpu.mck_code = MCIC_PROCESSING_DAMAGE | MCIC_BACKUP | MCIC_STORAGE_ERROR | MCIC_VALIDITY
            cpu.failing_storage = self.host.guests[self.guest_number].failing_block * BLOCK_SIZE
        return None

    def _hypercall(self) -> Reason | None:
        """Let the host complete the instruction."""
        cpu, port = self.turns.running.record, self.turns.running.port
        code = self.host.hypercall(self.guest_number, cpu, port)
        self.turns.wake_enabled()
        if code < 0:
            cpu.psw_ia = port.insn_ia
            return self._settle(code)
        if code:
            length = (int(cpu.psw_ia) - int(port.insn_ia)) & int(cpu.amode)
            end_instruction(cpu, port, code, length)
        else:
            port.count += u64(1)
        console = self.host.guests[self.guest_number].console
        if console.flooded:
            return Reason.CONSOLE_FLOOD
        if console.found:
            console.found = False
            return Reason.CONSOLE_TEXT
        return None
