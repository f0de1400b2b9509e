"""How facts of a run are written: as `.expect` would say them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from s390emu._jit import plain
from s390emu.architecture.interruptions import PROGRAM_EVENT
from s390emu.cpu.interruptions import nullifies
from s390emu.machine import Reason, Stop
from s390emu.tracing.trace import Statement, of_cpu


class Taken(NamedTuple):
    """An interruption that was taken. at: the instruction that caused it; old: the old PSW's instruction address."""

    kind: str
    code: int
    at: int
    old: int
    ilc: int
    teid: int
    instruction: int  # how many had ended then
    cpu: int = 0


class Symbols:
    """Addresses as the trace would write them."""

    def __init__(self, symbols: dict[str, int]):
        self.by_address: dict[int, str] = {}
        for name, address in symbols.items():
            self.by_address.setdefault(address, name)

    def text(self, address: int) -> str:
        for distance in range(0, 64, 2):
            if name := self.by_address.get(address - distance):
                return name + (f"+{distance:#x}" if distance else "")
        return f"{address:#x}"


def interruption_text(kind: str, facts: Mapping[str, int], symbols: Symbols, cpu: int) -> str:
    """Return an interruption as `.expect` says it."""
    words = [of_cpu(cpu, kind)]
    for name, value in facts.items():
        if name == "code" and kind != "mck":
            words.append(f"{value:#06x}" if kind in ("pgm", "ext") else f"{value:#x}")
        elif name == "at":
            words.append(f"at {symbols.text(value)}")
        else:
            words.append(f"{name}={symbols.text(value) if name == 'old' else f'{value:#x}' if value > 9 else value}")
    return " ".join(words)


def expected_text(statement: Statement, symbols: Symbols) -> str:
    """Return the text of the interruption that the trace names."""
    return interruption_text(statement.subject, statement.value, symbols, statement.cpu)


def taken_text(taken: Taken, symbols: Symbols, asked: dict[str, int] | None = None) -> str:
    """Return the text of an interruption that was taken: all that is always worth saying, then what was `asked` of it.
    """
    facts = {"code": taken.code} if taken.kind not in ("mck", "restart") else {}
    if taken.kind in ("pgm", "svc"):
        facts["at"] = taken.at
    if taken.kind == "pgm":
        facts["ilc"] = taken.ilc
        if plain(nullifies)(taken.code & ~PROGRAM_EVENT):
            facts["address"] = taken.teid & ~0xFFF
    return interruption_text(taken.kind, facts | (asked or {}), symbols, taken.cpu)


def reason_text(reason: Reason) -> str:
    return reason.name.lower().replace("_", "-")


def stop_text(stop: Stop, *, with_cpu: bool = False) -> str:
    """Return how a run ended as `.expect` says it. with_cpu: whose end it was too."""
    text = reason_text(stop.reason) + (f" code={stop.psw_ia:#x}" if stop.reason is Reason.DISABLED_WAIT else "")
    return text + (f" cpu={stop.cpu}" if with_cpu else "")


def hexadecimal(data: bytes | bytearray) -> str:
    """Bytes of storage, the first of them where there are many."""
    text = bytes(data[:16]).hex()
    return text + (f"... ({len(data)} bytes)" if len(data) > 16 else "")
