"""A debugger on a terminal, without gdb: a prompt over the same target as gdb's stub."""

from __future__ import annotations

import cmd
import re
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from types import FrameType
from typing import IO

from s390emu.debugger.target import Breakpoint, Halt, Target, Watchpoint, Why
from s390emu.debugger.words import ERRORS, MOVES, Words
from s390emu.machine.view import registers
from s390emu.reports.stop import code_at, place, summary

SHORT = {
    "s": "step", "si": "step", "stepi": "step", "n": "next", "ni": "next", "nexti": "next", "c": "continue",
    "u": "until", "b": "break", "d": "delete", "p": "print", "r": "regs", "h": "help", "q": "quit", "exit": "quit",
    "reverse-step": "back", "reverse-stepi": "back", "rs": "back", "rsi": "back", "reverse-next": "back-next",
    "rn": "back-next", "reverse-continue": "back-continue", "rc": "back-continue",
}  # fmt: skip
CALLS = {2: ("balr", "basr", "bassm"), 4: ("bal", "bas", "bras"), 6: ("brasl",)}  # by length in bytes
WATCHED_BYTES = 8  # unless somebody says how many
AGAIN = ("step", "next", "continue", "back", "back-next", "back-continue")  # what an empty line repeats
MOVEMENTS = """step [N]: execute N instructions
next: step, but over a subroutine or an interruption
continue: run until something stops the guest
until ADDRESS: run until this instruction comes next
back-next, back-continue: the same, backwards; step backwards is back [N]
break [ADDRESS [if EXPRESSION]]: stop before an instruction; alone: list what there is
watch|rwatch|awatch ADDRESS [LENGTH]: stop after a store, a fetch, either, or when the host throws it away
delete NUMBER: of a breakpoint or watchpoint
diff: registers that changed by the last movement
quit"""


class Prompt(cmd.Cmd):
    """Reads commands and executes them. On a terminal an empty line repeats the last movement; what comes from
    elsewhere is a script, which is shown with its answers, and in which lines that begin with # say nothing."""

    prompt = "(s390emu) "

    def __init__(self, target: Target, stdin: IO[str] | None = None, stdout: IO[str] | None = None):
        super().__init__(stdin=stdin, stdout=stdout)
        self.scripted = not self.stdin.isatty()
        self.use_rawinput = not self.scripted
        self.target, self.words = target, Words(target, self._say)
        self._before: dict[str, int] = {}
        self._now = registers(target.machine.running)

    # --- the loop ----------------------------------------------------------------------------------------------------

    def cmdloop(self, intro: str | None = None) -> None:
        """Say where the guest is, and execute commands until somebody leaves. Ctrl-C gives up a line, or a search."""
        self._say(self.words.execute("dis pc 1"))
        with suppress(ImportError):  # there is no readline everywhere
            import readline

            readline.set_completer_delims(" \t")
        while True:
            try:
                return super().cmdloop(intro)
            except KeyboardInterrupt:
                if self.scripted:
                    raise
                self._say("")

    def precmd(self, line: str) -> str:
        """Show a line that nobody has typed."""
        if self.scripted and line != "EOF":
            self._say(line.rstrip())
        elif line == "EOF":
            self._say("")
        return line

    def onecmd(self, line: str) -> bool:
        """Execute one line; return True to leave."""
        if line == "EOF":
            return True
        name, _, rest = line.strip().partition(" ")
        name, rest = SHORT.get(name, name), rest.strip()
        if not name:
            return self.emptyline()
        if name.startswith("#"):
            return False
        self.lastcmd = line if name in AGAIN else ""
        movement = getattr(self, "do_" + name.replace("-", "_"), None)
        try:
            if movement is None:
                with self._ctrl_c() if name in MOVES else nullcontext():  # a search may be given up, a way not
                    self._say(self.words.execute(f"{name} {rest}"))
                return False
            return bool(movement(rest))
        except ERRORS as error:
            self._say(f"{name}: {error}")
            return False
        finally:
            self._note()

    def emptyline(self) -> bool:
        """Execute the last movement again, if somebody sits there."""
        return bool(self.lastcmd) and not self.scripted and self.onecmd(self.lastcmd)

    def completenames(self, text: str, *ignored) -> list[str]:
        """Return the commands that begin so."""
        del ignored
        own = (name[3:].replace("_", "-") for name in self.get_names() if name.startswith("do_"))
        return sorted(name for name in {*own, *self.words.commands} if name.startswith(text))

    def completedefault(self, text: str, *ignored) -> list[str]:
        """Return the symbols that begin so."""
        del ignored
        return sorted(name for name in self.target.symbols if name.startswith(text)) if text else []

    def _note(self) -> None:
        """Keep the registers before the last movement, for `diff`."""
        now = registers(self.target.machine.running)
        if now != self._now:
            self._before, self._now = self._now, now

    # --- going on ----------------------------------------------------------------------------------------------------

    def do_step(self, rest: str) -> None:
        """Execute so many instructions."""
        halt = None
        for _ in range(max(1, self.target.evaluate(rest)) if rest else 1):
            halt = self._move(self.target.step)
            if halt.why is not Why.STEPPED:
                break
        if halt:
            self._tell(halt)

    def do_next(self, rest: str) -> None:
        """Step over a subroutine."""
        _nothing(rest)
        self._tell(self._move(self.target.next))

    def do_continue(self, rest: str) -> None:
        """Run on."""
        _nothing(rest)
        self._tell(self._move(self.target.resume))

    def do_until(self, rest: str) -> None:
        """Run to an address."""
        address = self._address(rest)
        self._tell(self._move(lambda: self.target.until(address)))

    def do_back_next(self, rest: str) -> None:
        """Go back over a subroutine: to its call, if the program came here from one."""
        _nothing(rest)
        self._tell(self._move(self._next_back))

    def do_back_continue(self, rest: str) -> None:
        """Go back to the breakpoint or watchpoint before."""
        _nothing(rest)
        self._tell(self._move(self.target.resume_back))

    # --- where to stop -----------------------------------------------------------------------------------------------

    def do_break(self, rest: str) -> None:
        """Add a breakpoint, or list what stops the guest."""
        if not rest:
            self._say("\n".join(self._stops()) or "neither a breakpoint nor a watchpoint")
            return
        address, given, condition = f"{rest} ".partition(" if ")
        if given and not condition.strip():
            raise ValueError("the condition is missing")
        made = self.target.add_breakpoint(self._address(address), condition.strip() or None)
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
        address, *length = rest.rsplit(maxsplit=1) or [""]
        made = self.target.add_watchpoint(
            kind, self._address(address), self.target.evaluate(length[0]) if length else WATCHED_BYTES
        )
        self._say(_watchpoint(made))

    def do_delete(self, rest: str) -> None:
        """Remove a breakpoint or watchpoint."""
        if not rest:
            raise ValueError("its number is missing; break lists them")
        self.target.remove(self.target.evaluate(rest))

    def _stops(self) -> Iterator[str]:
        """Yield a line for each breakpoint and watchpoint."""
        for point in self.target.breakpoints:
            condition = f" if {point.condition.text}" if point.condition else ""
            yield f"breakpoint {point.number} at {place(point.address, self.target.symbols)}{condition}"
        yield from map(_watchpoint, self.target.watchpoints)

    # --- looking -----------------------------------------------------------------------------------------------------

    def do_diff(self, rest: str) -> None:
        """Show the registers that changed."""
        _nothing(rest)
        changed = [name for name, value in self._now.items() if self._before.get(name, value) != value]
        self._say("\n".join(f"{name}: {self._before[name]:#x} -> {self._now[name]:#x}" for name in changed)
                  or "no register changed")  # fmt: skip

    def do_help(self, rest: str) -> None:
        """List the commands, or explain one."""
        lines = f"{MOVEMENTS}\n{self.words.execute('help')}".splitlines()
        name = SHORT.get(rest, rest)
        found = [line for line in lines if name in re.split(r"[|, ]+", line.partition(":")[0])]
        self._say("\n".join(found or lines))

    def do_quit(self, rest: str) -> bool:
        """Leave."""
        del rest
        return True

    # --- helpers -----------------------------------------------------------------------------------------------------

    def _address(self, text: str) -> int:
        """Return what an expression is worth that must be there."""
        if not text.strip():
            raise ValueError("a number, a register or a symbol is missing")
        return self.target.evaluate(text)

    def _move(self, movement: Callable[[], Halt]) -> Halt:
        """Let the guest move; Ctrl-C makes it stand still."""
        with self._ctrl_c():
            return movement()

    def _next_back(self) -> Halt:
        """Take back one instruction; or, where a subroutine has just returned, all of it and its call."""
        target = self.target
        here = target.machine.running.psw[1]
        halt = target.step_back()
        before = target.machine.running.psw[1]
        calls = [here - length for length, names in CALLS.items() if self._mnemonic(here - length) in names]
        if halt.why is not Why.STEPPED or self._mnemonic(before) != "br" or not calls:
            return halt
        stops = target.breakpoints
        target.breakpoints = [*stops, *map(Breakpoint, calls)]
        try:
            return target.resume_back()
        finally:
            target.breakpoints = stops

    def _mnemonic(self, address: int) -> str:
        """Return the mnemonic of the instruction at an address; empty if there is none."""
        machine = self.target.machine
        return code_at(machine, address, machine.running.psw[0]).partition(" ")[0] if address >= 0 else ""

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
        elif halt.why in (Why.BEGIN, Why.END, Why.INTERRUPTED):
            self._say(str(halt.why))
        cpu = f"CPU {machine.running.number}, " if len(machine.cpus) > 1 else ""
        self._say(f"{cpu}instruction {machine.count:,}\n{self.words.execute('dis pc 1')}")

    def _say(self, text: str) -> None:
        print(text, file=self.stdout, flush=True)


def _nothing(rest: str) -> None:
    """Reject operands where there are none."""
    if rest:
        raise ValueError(f"{rest}: it has no operands")


def _watchpoint(point: Watchpoint) -> str:
    """Return a watchpoint in words."""
    return f"watchpoint {point.number}: {point.kind} of {point.length} bytes at {point.address:#x}"
