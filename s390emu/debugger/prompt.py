"""A debugger on a terminal, without gdb: a prompt over the same target as gdb's stub."""

from __future__ import annotations

import cmd
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import IO

from s390emu.debugger.target import Halt, Target, Why
from s390emu.debugger.words import ERRORS, Words
from s390emu.machine.view import registers
from s390emu.reports.stop import place, summary

SHORT = {"s": "step", "n": "next", "c": "continue", "b": "break", "q": "quit", "u": "until", "rc": "back-continue",
         "r": "regs", "p": "print"}  # fmt: skip
MOVEMENTS = """step [N]: execute N instructions
next: step, but over a subroutine or an interruption
continue: run until something stops the guest
until ADDRESS: run until this instruction comes next
back-continue: take the guest back to the breakpoint or watchpoint before
break ADDRESS [if EXPRESSION]: stop before an instruction; delete NUMBER: no longer
watch|rwatch|awatch ADDRESS [LENGTH]: stop after a store, a fetch, either, or when the host throws it away
diff: registers that changed since the prompt before
print EXPRESSION: its value; registers, symbols, u8(ADDRESS) to u64(ADDRESS)
quit"""


class Prompt(cmd.Cmd):
    """Reads commands and executes them; an empty line repeats the last one."""

    prompt = "(s390emu) "

    def __init__(self, target: Target, stdin: IO[str] | None = None, stdout: IO[str] | None = None):
        super().__init__(stdin=stdin, stdout=stdout)
        self.use_rawinput = stdin is None
        self.target, self.words = target, Words(target)
        self._before: dict[str, int] = {}
        self._now = registers(target.machine.running)

    # --- the loop ----------------------------------------------------------------------------------------------------

    def preloop(self) -> None:
        """Say where the guest is."""
        self._say(self.words.execute("dis pc 1"))

    def onecmd(self, line: str) -> bool:
        """Execute one line; return True to leave."""
        if line == "EOF":
            return True
        name, _, rest = line.strip().partition(" ")
        name = SHORT.get(name, name)
        if not name:
            return self.emptyline()
        self.lastcmd = line
        movement = getattr(self, "do_" + name.replace("-", "_"), None)
        try:
            if movement is None:
                self._say(self.words.execute(f"{name} {rest}"))
                return False
            return bool(movement(rest))
        except ERRORS as error:
            self._say(f"{name}: {error}")
            return False
        finally:
            self._note()

    def _note(self) -> None:
        """Keep the registers before the last movement, for `diff`."""
        now = registers(self.target.machine.running)
        if now != self._now:
            self._before, self._now = self._now, now

    # --- going on ----------------------------------------------------------------------------------------------------

    def do_step(self, rest: str) -> None:
        """Execute so many instructions."""
        halt = None
        for _ in range(self.target.evaluate(rest) if rest else 1):
            halt = self._move(self.target.step)
            if halt.why is not Why.STEPPED:
                break
        if halt:
            self._tell(halt)

    def do_next(self, rest: str) -> None:
        """Step over a subroutine."""
        del rest
        self._tell(self._move(self.target.next))

    def do_continue(self, rest: str) -> None:
        """Run on."""
        del rest
        self._tell(self._move(self.target.resume))

    def do_until(self, rest: str) -> None:
        """Run to an address."""
        address = self.target.evaluate(rest)
        self._tell(self._move(lambda: self.target.until(address)))

    def do_back_continue(self, rest: str) -> None:
        """Go back to the breakpoint or watchpoint before."""
        del rest
        self._tell(self._move(self.target.resume_back))

    # --- where to stop -----------------------------------------------------------------------------------------------

    def do_break(self, rest: str) -> None:
        """Add a breakpoint."""
        address, _, condition = rest.partition(" if ")
        made = self.target.add_breakpoint(self.target.evaluate(address), condition.strip() or None)
        self._say(f"breakpoint {made.number} at {place(made.address, self.target.symbols)}")

    def do_watch(self, rest: str) -> None:
        """Watch stores."""
        self._watch("write", rest)

    def do_rwatch(self, rest: str) -> None:
        """Watch fetches."""
        self._watch("read", rest)

    def do_awatch(self, rest: str) -> None:
        """Watch both."""
        self._watch("access", rest)

    def _watch(self, kind: str, rest: str) -> None:
        address, *length = rest.split()
        made = self.target.add_watchpoint(
            kind, self.target.evaluate(address), self.target.evaluate(length[0]) if length else 8
        )
        self._say(f"watchpoint {made.number}: {kind} of {made.length} bytes at {made.address:#x}")

    def do_delete(self, rest: str) -> None:
        """Remove a breakpoint or watchpoint."""
        self.target.remove(self.target.evaluate(rest))

    # --- looking -----------------------------------------------------------------------------------------------------

    def do_print(self, rest: str) -> None:
        """Show a value."""
        value = self.target.evaluate(rest)
        self._say(f"{value:#x} = {value}")

    def do_diff(self, rest: str) -> None:
        """Show the registers that changed."""
        del rest
        changed = [name for name, value in self._now.items() if self._before.get(name, value) != value]
        self._say("\n".join(f"{name}: {self._before[name]:#x} -> {self._now[name]:#x}" for name in changed)
                  or "no register changed")  # fmt: skip

    def do_help(self, rest: str) -> None:
        """List the commands."""
        del rest
        self._say(f"{MOVEMENTS}\n{self.words.execute('help')}")

    def do_quit(self, rest: str) -> bool:
        """Leave."""
        del rest
        return True

    # --- helpers -----------------------------------------------------------------------------------------------------

    def _move(self, movement) -> Halt:
        """Let the guest move; Ctrl-C makes it stand still."""
        with self._ctrl_c():
            return movement()

    @contextmanager
    def _ctrl_c(self) -> Iterator[None]:
        """Let Ctrl-C stop the guest instead of the debugger meanwhile."""

        def stop(number: int, frame: FrameType | None) -> None:
            del number, frame
            self.target.interrupted = True

        before = None
        with suppress(ValueError):  # not the main thread
            before = signal.signal(signal.SIGINT, stop)
        try:
            yield
        finally:
            if before is not None:
                signal.signal(signal.SIGINT, before)
            self.target.interrupted = False

    def _tell(self, halt: Halt) -> None:
        """Say why the guest stands still, and where."""
        machine = self.target.machine
        if halt.breakpoint and halt.breakpoint.number:
            self._say(f"breakpoint {halt.breakpoint.number}")
        elif halt.watchpoint:
            accessed = f"{place(int(halt.event.ia), self.target.symbols)} accesses"
            who = "the host threw away" if halt.by_host else accessed
            self._say(f"watchpoint {halt.watchpoint.number}: {who} {halt.watchpoint.address:#x}")
        elif halt.stop:
            self._say(summary(machine, halt.stop, self.target.symbols))
        elif halt.why in (Why.BEGIN, Why.INTERRUPTED):
            self._say(str(halt.why))
        cpu = f"CPU {machine.running.number}, " if len(machine.cpus) > 1 else ""
        self._say(f"{cpu}instruction {machine.count:,}\n{self.words.execute('dis pc 1')}")

    def _say(self, text: str) -> None:
        print(text, file=self.stdout)
