"""What a trace says, as values: `trace_file.py` makes them, everything else here reads them."""

from __future__ import annotations

from typing import Any, NamedTuple

from s390emu.assembler.assemble import Program
from s390emu.assembler.errors import Complaint

NOWHERE = -1  # the address of what has none
UNSAID = -1  # a key that a line does not name


class TraceError(Exception):
    """A trace that cannot be read; `errors` has every complaint."""

    def __init__(self, errors: list[Complaint]):
        super().__init__("\n".join(map(str, errors)))
        self.errors = errors


class Page(NamedTuple):
    """A block's state. key: UNSAID where a line does not name it."""

    usage: int
    content: int
    no_dat: bool = False
    key: int = UNSAID

    @property
    def state(self) -> int:
        return self.usage << 2 | self.content


class Cpus(NamedTuple):
    """How many CPUs, and whose turn it is: quantum and seed of their `Schedule`; None: its defaults."""

    number: int = 1
    quantum: int | None = None
    seed: int | None = None


def of_cpu(cpu: int, name: str) -> str:
    """Return the name of a thing of this CPU: plain names are those of CPU 0."""
    return f"cpu{cpu}.{name}" if cpu else name


class Statement(NamedTuple):
    """One line of `.init` or `.expect`: what it is about and what it says.

    subject   r1, cc, psw, mem, page, key, pgm ... stop, console, host, policy, paging, tlb or a setting
    address   of mem, page, key
    value     int, bytes, Page; for psw and interruptions a dict; of policy and host a dict; of paging slots or None
    cpu       whose it is, of registers, the PSW, interruptions
    """

    line: int
    subject: str
    address: int
    value: Any
    cpu: int = 0

    @property
    def name(self) -> str:
        subject = of_cpu(self.cpu, self.subject)
        return subject if self.address == NOWHERE else f"{subject} {self.address:#x}"


class Event(NamedTuple):
    """One line of `.host`. condition: pc, icount or pgm, with `number`; `every`: not only the first time. cpu: whose pc
    or pgm; target: to whom it happens, if to one CPU."""

    line: int
    text: str
    condition: str
    number: int
    every: bool
    verb: str
    operands: tuple[int | str, ...]
    cpu: int = 0
    target: int = 0


class Model(NamedTuple):
    """What the run needs. facilities: bits that the machine must have; generation: of `models.NAMES`, "" for any."""

    cmma: bool = False
    no_dat: bool = False
    facilities: tuple[int, ...] = ()
    generation: str = ""


class Trace(NamedTuple):
    """One trace, read and assembled."""

    filename: str
    name: str
    about: str
    model: Model
    ram: int
    cpus: Cpus
    init: tuple[Statement, ...]
    program: Program
    image: tuple[tuple[int, bytes], ...]
    host: tuple[Event, ...]
    expect: tuple[Statement, ...]
    open: frozenset[str]
    lines: tuple[str, ...]
