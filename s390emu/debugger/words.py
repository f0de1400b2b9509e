"""The commands in words that gdb's `monitor` and the prompt have in common: each takes words and returns text.

Those that go somewhere in time move the guest; gdb has to be told to forget its registers then.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np

from s390emu.architecture.sizes import BLOCK_SIZE
from s390emu.assembler.disassemble import disassemble
from s390emu.debugger.expressions import ExpressionError
from s390emu.debugger.story import who_changed, why
from s390emu.debugger.target import Target
from s390emu.host.paging_device import PagingError
from s390emu.inputs import Refused
from s390emu.machine import Block, NotTranslated
from s390emu.machine.history import Change, Lost
from s390emu.machine.observe import kinds_of
from s390emu.records.events import EVENT_ESSA, EVENT_HOST, EVENT_INTERRUPTION, EVENT_KEY
from s390emu.reports.blocks import runs
from s390emu.reports.psw import describe_psw
from s390emu.reports.stop import place
from s390emu.reports.timeline import event_text

TRACED = {"interruption": (EVENT_INTERRUPTION,), "page": (EVENT_ESSA, EVENT_HOST), "key": (EVENT_KEY,)}
MORE = "..."  # in a command's usage: any number of words
MOVES = ("back", "goto", "snapshot")
STORE_BYTES = 16  # of a line of `x`
FEW_LINES, MOST_LINES = 8, 200
LARGEST_KEY = 0xFE  # seven bits, at the left of a byte
ERRORS = (ExpressionError, Lost, Refused, NotTranslated, PagingError, IndexError, ValueError)


def _to_stderr(text: str) -> None:
    print(text, file=sys.stderr)


class _Trace:
    """An observer that says what happens, as it happens."""

    pauses = 0

    def __init__(self, target: Target, kinds: list[str], say: Callable[[str], None]):
        self.target, self.say = target, say
        self.kinds = kinds_of(*(kind for name in kinds for kind in TRACED[name]))

    def receive(self, events: np.ndarray) -> None:
        """Say them, a line each."""
        cpus = len(self.target.machine.cpus)
        for event in events.view(np.recarray):
            self.say(event_text(event, self.target.symbols, cpus))

    def look(self) -> None:
        """Do nothing: to say it is enough."""


class Words:
    """The commands over one target. say: takes the lines of `trace on`, which come while the guest runs."""

    def __init__(self, target: Target, say: Callable[[str], None] = _to_stderr):
        self.target, self.say = target, say
        self.saved: dict[str, int] = {}  # moments, by the names of `snapshot save`
        self._trace: _Trace | None = None
        self.commands: dict[str, Callable[[list[str]], str]] = {
            name.removeprefix("do_").replace("_", "-"): getattr(self, name) for name in dir(self) if name[:3] == "do_"
        }

    def execute(self, line: str) -> str:
        """Execute one command; return what it says, an error too."""
        name, *words = line.split() or ["help"]
        command = self.commands.get(name)
        if command is None:
            return f"{name}: no such command; help lists them"
        _, *wanted = self._usage(name).partition(":")[0].split()
        try:
            if len(wanted) == 1 and len(words) > 1:
                words = [" ".join(words)]  # an expression with blanks
            elif len(words) > len(wanted) and wanted[-1:] != [MORE]:
                raise ValueError(f"{words[len(wanted)]}: too much; {self._usage(name)}")
            return command(words)
        except ERRORS as error:
            return f"{name}: {error}"
        finally:
            self.target.machine.observers.deliver()

    # --- looking -----------------------------------------------------------------------------------------------------

    def do_help(self, words: list[str]) -> str:
        """help [COMMAND]: list the commands, or say what one does."""
        if words:
            return next((self._usage(name) for name in words if name in self.commands),
                        f"{words[0]}: no such command; help lists them")  # fmt: skip
        return "\n".join(map(self._usage, sorted(self.commands)))

    def do_regs(self, words: list[str]) -> str:
        """regs: the registers of the running CPU."""
        del words
        cpu = self.target.machine.running
        lines = [f"CPU {cpu.number}, instruction {self.target.machine.count:,}"]
        for letter, values in (("r", cpu.gr), ("c", cpu.cr)):
            lines += [
                f"{letter}{n:<2} " + " ".join(f"{int(values[n + i]):016X}" for i in range(4)) for n in range(0, 16, 4)
            ]
        return "\n".join([*lines, self.do_psw([])])

    def do_psw(self, words: list[str]) -> str:
        """psw: the PSW of the running CPU, in words."""
        del words
        mask, address = self.target.machine.running.psw
        return f"PSW {mask:016X} {address:016X}  {place(address, self.target.symbols)}\n{describe_psw(mask, address)}"

    def do_pages(self, words: list[str]) -> str:
        """pages [ADDRESS]: states, content, keys; of one block also who changed it last, and when."""
        machine = self.target.machine
        if words:
            block = machine.block(self._number(words[0]))
            return (f"block {block.number * BLOCK_SIZE:#x}: {_facts(block)}\n"
                    f"{who_changed(self.target, block.number)}")  # fmt: skip
        lines = [
            f"{first * BLOCK_SIZE:#010x}-{(last + 1) * BLOCK_SIZE - 1:#010x} {_facts(sample)}"
            for first, last, sample in runs(machine.blocks())
        ]
        more = len(lines) - MOST_LINES
        return "\n".join(lines[:MOST_LINES] + ([f"... and {more} more runs"] if more > 0 else []))

    def do_key(self, words: list[str]) -> str:
        """key ADDRESS [VALUE]: the storage key of a block; give it another one."""
        machine, address = self.target.machine, self._number(words[0] if words else "")
        block = machine.block(address)
        if len(words) > 1:
            key = self._number(words[1])
            if not 0 <= key <= LARGEST_KEY or key & 1:
                raise ValueError(f"key {key:#x}: it is 0 to {LARGEST_KEY:X}, and even")
            self.target.history.do(f"key {address:#x} {key:#x}", lambda machine: machine.set_block(address, key=key))
            block = machine.block(address)
        return f"block {block.number * BLOCK_SIZE:#x}: key {block.key:02X}"

    def do_print(self, words: list[str]) -> str:
        """print EXPRESSION: its value; registers, symbols, u8(ADDRESS) to u64(ADDRESS), abs(ADDRESS)."""
        value = self._number(words[0] if words else "")
        return f"{value:#x} = {value}"

    def do_x(self, words: list[str]) -> str:
        """x ADDRESS [LENGTH]: storage at a logical address."""
        machine = self.target.machine
        address, length = self._number(words[0] if words else "pc"), self._number(words[1]) if len(words) > 1 else 64
        if not 0 < length <= MOST_LINES * STORE_BYTES:
            raise ValueError(f"{length} bytes: 1 to {MOST_LINES * STORE_BYTES} can be shown")
        data = machine.view.read_logical(machine.running, address, length)
        lines = []
        for offset in range(0, length, STORE_BYTES):
            part = data[offset : offset + STORE_BYTES]
            lines.append(f"{address + offset:#010x}  {part.hex(' ', -4)}")
        return "\n".join(lines)

    def do_dis(self, words: list[str]) -> str:
        """dis [ADDRESS [NUMBER]]: instructions, from the one that is next on."""
        machine, symbols = self.target.machine, self.target.symbols
        cpu = machine.running
        mask, pc = cpu.psw
        address = self._number(words[0]) if words else pc
        number = self._number(words[1]) if len(words) > 1 else FEW_LINES
        if address & 1:
            raise ValueError(f"{address:#x}: an instruction address is even")
        if not 0 < number <= MOST_LINES:
            raise ValueError(f"{number} instructions: 1 to {MOST_LINES} can be shown")
        lines: list[str] = []
        for _ in range(number):
            try:
                data = machine.view.read_instruction(cpu, address, mask)
            except (IndexError, NotTranslated) as error:
                lines.append(f"   {address:#x}: {error}")
                break
            mark = "=>" if address == pc else "  "
            text = disassemble(data, address, symbols).text
            lines.append(f"{mark} {place(address, symbols):24} {data.hex():12}  {text}")
            address += len(data)
        return "\n".join(lines)

    def do_pager(self, words: list[str]) -> str:
        """pager: the host's frames, and what it did for the guest."""
        del words
        host = self.target.machine.host
        lines = [f"{host.frames.in_use} of {host.frames.count} frames in use"]
        facts = host.statistics(self.target.machine.guest_number).as_dict()
        return "\n".join(lines + [f"{name.replace('_', ' ')}: {value}" for name, value in facts.items()])

    def do_why(self, words: list[str]) -> str:
        """why: the last program interruption, explained."""
        del words
        return why(self.target)

    def do_trace(self, words: list[str]) -> str:
        """trace on|off [KIND] ...: tell events as they happen: interruption and page, or KINDs; key is one too."""
        what, *kinds = words or [""]
        if what not in ("on", "off"):
            raise ValueError("on or off?")
        if unknown := [kind for kind in kinds if kind not in TRACED]:
            raise ValueError(f"{unknown[0]}: {', '.join(TRACED)} is what can be told")
        observers = self.target.machine.observers
        if self._trace:
            observers.remove(self._trace)
            self._trace = None
        if what == "on":
            self._trace = _Trace(self.target, kinds or ["interruption", "page"], self.say)
            observers.add(self._trace)
        return f"trace {what}"

    # --- time --------------------------------------------------------------------------------------------------------

    def do_when(self, words: list[str]) -> str:
        """when: the present moment, and those that can be gone to."""
        del words
        history = self.target.history
        return f"instruction {self.target.machine.count:,}; the history is from {history.start:,} to {history.end:,}"

    def do_back(self, words: list[str]) -> str:
        """back [N]: go back by N instructions."""
        self.target.goto(self.target.machine.count - (self._number(words[0]) if words else 1))
        return self._here()

    def do_goto(self, words: list[str]) -> str:
        """goto ICOUNT: go to the moment at which so many instructions had ended."""
        self.target.goto(self._number(words[0].replace(",", "") if words else ""))
        return self._here()

    def do_last_write(self, words: list[str]) -> str:
        """last-write ADDRESS [LENGTH]: who stored last into these bytes of absolute storage."""
        address, length = self._number(words[0] if words else ""), self._number(words[1]) if len(words) > 1 else 8
        if not 0 < length <= BLOCK_SIZE:
            raise ValueError(f"{length} bytes: 1 to {BLOCK_SIZE} can be asked for")
        change = self.target.history.last_write(address, length)
        if change is None:
            return f"{address:#x}: nobody has stored there since instruction {self.target.history.start:,}"
        return f"{address:#x}: {self._by(change)}"

    def do_last_change_of_state(self, words: list[str]) -> str:
        """last-change-of-state ADDRESS: who changed the state of this block of absolute storage last."""
        return who_changed(self.target, self._number(words[0] if words else "") // BLOCK_SIZE)

    def do_snapshot(self, words: list[str]) -> str:
        """snapshot save|load [NAME]: remember a moment by a name; go there."""
        what, name = (words[0] if words else ""), words[1] if len(words) > 1 else ""
        if what == "save":
            self.saved[name] = self.target.machine.count
            return f"saved: instruction {self.target.machine.count:,}"
        if what != "load":
            raise ValueError("save or load?")
        if name not in self.saved:
            raise ValueError(f"nothing was saved as {name!r}")
        self.target.goto(self.saved[name])
        return self._here()

    # --- what happens from outside -----------------------------------------------------------------------------------

    def do_discard(self, words: list[str]) -> str:
        """discard ADDRESS: let the host throw away a block that the guest has hinted away."""
        return self._outside("discard", words)

    def do_reclaim(self, words: list[str]) -> str:
        """reclaim ADDRESS: let the host take the frame of a block."""
        return self._outside("reclaim", words)

    def do_pressure(self, words: list[str]) -> str:
        """pressure FRAMES: let the host take frames until so many are in use."""
        frames = self._number(words[0] if words else "")
        if frames < 0:
            raise ValueError(f"{frames} frames: 0 is the least")
        self.target.perform("pressure", frames)
        return self.do_pager([]).splitlines()[0]

    def _outside(self, verb: str, words: list[str]) -> str:
        """Let something happen to a block, and say what has become of it."""
        address = self._number(words[0] if words else "")
        before = self.target.machine.block(address).name
        self.target.perform(verb, address)
        return f"block {address // BLOCK_SIZE * BLOCK_SIZE:#x}: {before} -> {self.target.machine.block(address).name}"

    # --- helpers -----------------------------------------------------------------------------------------------------

    def _usage(self, name: str) -> str:
        """Return the line of a command in `help`."""
        return (self.commands[name].__doc__ or "").strip().rstrip(".")

    def _number(self, text: str) -> int:
        if not text:
            raise ValueError("a number, a register or a symbol is missing")
        return self.target.evaluate(text)

    def _by(self, change: Change) -> str:
        """Return who made a change, in words."""
        if change.input:
            return f"{change.input.text}, from outside, at instruction {change.count:,}"
        where = f"CPU {int(change.event.cpu)}, at {place(int(change.event.ia), self.target.symbols)}"
        return f"instruction {change.count:,} on {where}; goto {change.count} is before it"

    def _here(self) -> str:
        """Return where the guest stands."""
        return f"{self.do_when([])}\n{self.do_dis(['pc', '1'])}"


def _facts(block: Block) -> str:
    """Return state and key of a block."""
    return f"{block.name} ({block.usage}, {block.content}), key {block.key:02X}"
