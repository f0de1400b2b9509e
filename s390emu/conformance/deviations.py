"""What a machine does otherwise than the cases, by row and kind, with the smallest case of each."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple, Protocol

from s390emu.conformance.case import REGISTERS, Case, Result, State, differences

REGISTER = re.compile(r"%([rf])(\d{1,2})\b")


class Peer(Protocol):
    """A machine that executes cases."""

    name: str

    def results(self, cases: list[Case]) -> Iterator[Result]:
        """Yield what became of each case."""

    def close(self) -> None:
        """End what was started."""


class Deviation(NamedTuple):
    """One kind of difference in a row: how many cases have it, the smallest of them and what differs there."""

    kind: str
    cases: int
    smallest: Case
    different: dict[str, tuple]


class RowReport(NamedTuple):
    """A row's cases, how many deviate, and in which ways."""

    cases: int
    deviating: int
    deviations: list[Deviation]


class Report(NamedTuple):
    """What a machine made of cases, by mnemonic."""

    machine: str
    rows: dict[str, RowReport]

    @property
    def cases(self) -> int:
        """How many there were."""
        return sum(row.cases for row in self.rows.values())

    @property
    def deviating(self) -> int:
        """How many of them the machine did otherwise."""
        return sum(row.deviating for row in self.rows.values())


def report(peer: Peer, suites: Mapping[str, list[Case]]) -> Report:
    """Run all cases on a machine, in one go, and sort what differs."""
    every = [case for suite in suites.values() for case in suite]
    results = peer.results(every)
    rows = {}
    for name, suite in suites.items():
        rows[name] = _row((case, differences(case, next(results))) for case in suite)
    return Report(peer.name, rows)


def _row(found: Iterable[tuple[Case, dict[str, tuple]]]) -> RowReport:
    kinds: dict[str, list[tuple[Case, dict[str, tuple]]]] = {}
    cases = 0
    for case, different in found:
        cases += 1
        if different:
            kinds.setdefault(kind_of(case, different), []).append((case, different))
    deviations = [
        Deviation(kind, len(those), *min(those, key=lambda each: size(each[0]))) for kind, those in kinds.items()
    ]
    deviations.sort(key=lambda each: (-each.cases, each.kind))
    return RowReport(cases, sum(each.cases for each in deviations), deviations)


def kind_of(case: Case, different: dict[str, tuple]) -> str:
    """Return what kind of difference it is: an interruption that differs explains the rest."""
    if "ended" in different:
        return str(different["ended"][1])
    if "code" in different:
        wanted, found = (f"interruption {code:04X}" if code else "no interruption" for code in different["code"])
        return f"{found} instead of {wanted}"
    names = {"r": "general registers", "f": "floating-point registers", "v": "vector registers", "s": "storage",
             "a": "access registers", "c": "control registers", "k": "storage keys"}  # fmt: skip
    words = {"cc": "condition code", "fpc": "FPC register", "ia": "instruction address", "psw": "PSW", "dxc": "DXC"}
    what = ", ".join(dict.fromkeys(words.get(name) or names[name[0]] for name in different))
    return f"with interruption {case.code:04X}: {what}" if case.code else what


def size(case: Case) -> int:
    """Return how much a case holds for a reader: bits of the registers in its line, bytes that are not zero."""
    state: State = case.before
    named = [(kind, int(number)) for kind, number in REGISTER.findall(case.line)]
    values = [(state.gr if kind == "r" else state.fpr)[n] for kind, n in named if n < REGISTERS]
    stored = sum(len(data) - data.count(0) for at, data in state.storage.items() if at != state.psw_ia)
    return sum(value.bit_length() for value in values) + 8 * stored + len(case.line)
