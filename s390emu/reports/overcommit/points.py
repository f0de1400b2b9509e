"""The rows of a sweep as points to compare: the rows for all guests, the seeds averaged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from statistics import fmean

from s390emu.farm.cell import DEVICES, POLICIES, Cell
from s390emu.farm.sweep import refused
from s390emu.host.chunks import CHUNKS
from s390emu.reports.overcommit.table import overall, scalar

# Without `requests`: in the table that is how many there were.
PARAMETERS = [f.name for f in fields(Cell) if f.name != "requests"]
ORDERED = {"policy": POLICIES, "device": DEVICES, "chunk": CHUNKS}  # not by the alphabet
ALWAYS = ("ratio", "device")  # part of every setting, also when they have one value only
LABELS = {"essa_cycles": "ESSA cycles", "mips": "MIPS", "ram": "guest storage", "chunk_policy": "chunk policy",
          "look_ahead": "look-ahead, %",
          "fault_ns": "ns for a fault", "io_ns": "ns for an I/O operation", "idle_us": "idle µs"}  # fmt: skip
PAGED = ("page_outs", "page_ins")
DISCARDS = {"U": "discards_U", "V": "discards_V", "P": "discards_P", "Sp": "discards_Sp"}


@dataclass(frozen=True)
class Point:
    """One policy with so many guests, in one setting: ratio, device, and what else varies but for the seed."""

    guests: int
    policy: str
    setting: tuple[tuple[str, object], ...]
    refused: bool = False  # with any seed
    values: Mapping[str, float] = field(default_factory=dict, compare=False)
    slowest: float = 0.0
    fastest: float = 0.0

    @property
    def where(self) -> dict[str, object]:
        return dict(self.setting)

    @property
    def throughput(self) -> float | None:
        """Requests per second of all guests together; None where there is none to tell."""
        return self.values.get("requests_per_second")

    def per_request(self, *names: str) -> float | None:
        requests = self.values.get("requests")
        return self.total(*names) / requests if requests else None

    def total(self, *names: str) -> float:
        return sum(self.values.get(name, 0) for name in names)

    @property
    def paging_rate(self) -> float | None:
        """Blocks out to the paging device and in from it, in a second."""
        seconds = self.values.get("seconds")
        return self.total(*PAGED) / seconds if seconds else None


def values_of(rows: Sequence[Mapping]) -> dict[str, list]:
    """Return the values that each parameter has in these rows, in order."""
    found = {name: in_order(name, {scalar(row[name]) for row in rows if name in row}) for name in PARAMETERS}
    return {name: values for name, values in found.items() if values}


def usual(name: str, values: Sequence):
    """Return the value to look at where one has to do: the default, or else the first."""
    default = scalar(getattr(Cell(), name))
    return default if default in values else values[0]


def name_of(name: str) -> str:
    """Return a parameter's name as people read it."""
    return LABELS.get(name, name.replace("_", " "))


def in_order(name: str, values: Iterable) -> list:
    known = ORDERED.get(name, ())
    return sorted(values, key=lambda value: (known.index(value), "") if value in known else
                  (len(known), value) if isinstance(value, int | float) else (len(known), str(value)))  # fmt: skip


def points(rows: Sequence[Mapping], parameters: Mapping[str, Sequence] | None = None) -> list[Point]:
    """Return the points in order of setting, guests, policy. A cell that was refused storage has no numbers to compare.

    parameters: the values of each parameter of the sweep, where they are known: a default that follows another
    parameter (as the idle phase does the device) then is none that varies."""
    totals = overall(rows)
    several = values_of(totals)
    if parameters is not None:
        several = {
            name: values for name, values in several.items() if len(parameters.get(name, ())) > 1 or name in ALWAYS
        }
    names = [name for name, values in several.items()
             if name not in ("guests", "policy", "seed") and (len(values) > 1 or name in ALWAYS)]  # fmt: skip
    groups: dict[tuple, list[Mapping]] = {}
    for row in totals:
        key = (tuple((name, scalar(row.get(name))) for name in names), row["guests"], row["policy"])
        groups.setdefault(key, []).append(row)
    found = [_point(setting, guests, policy, rows) for (setting, guests, policy), rows in groups.items()]
    ranks = {name: {value: rank for rank, value in enumerate(values)} for name, values in several.items()}
    return sorted(found, key=lambda p: ([ranks[name][value] for name, value in p.setting], p.guests,
                                        POLICIES.index(p.policy) if p.policy in POLICIES else 99))  # fmt: skip


def _point(setting, guests, policy, rows: list[Mapping]) -> Point:
    if any(refused(row) for row in rows):
        return Point(guests, policy, setting, refused=True)
    names = [name for name, value in rows[0].items()
             if isinstance(value, int | float) and not isinstance(value, bool) and name not in PARAMETERS]  # fmt: skip
    values = {name: fmean(row[name] for row in rows) for name in names
              if all(isinstance(row.get(name), int | float) for row in rows)}  # fmt: skip
    speeds = [row["requests_per_second"] for row in rows if "requests_per_second" in row]
    # `mips` and the like are the setting's, but the plots' arithmetic wants them.
    wanted = ("mips", "ratio", "fault_ns", "io_ns")
    given = {name: rows[0][name] for name in wanted if isinstance(rows[0].get(name), int | float)}
    return Point(guests, policy, setting, values=values | given, slowest=min(speeds, default=0.0),
                 fastest=max(speeds, default=0.0))  # fmt: skip
