"""The timeline page: one HTML file that needs no other, from the columns of `timeline_model` (docs/timeline.md).

Numbers travel as columns: each as little-endian values of the smallest type that has room for them, those that grow as
differences; all together compressed (zlib) and in base64, so that no browser asks anybody for anything.
"""

from __future__ import annotations

import base64
import json
import re
import zlib
from collections.abc import Mapping
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np

from s390emu.architecture.interruptions import CLASSES, PROGRAM
from s390emu.architecture.page_states import CONTENTS, NAMES, USAGES
from s390emu.architecture.program_exceptions import exception_name
from s390emu.assembler.symbols import as_symbols
from s390emu.records.events import EVENT_ESSA, EVENT_HOST
from s390emu.reports import timeline_model as model
from s390emu.reports.census_plot import STYLE
from s390emu.reports.demo import ORC_NAMES
from s390emu.reports.psw import describe_psw
from s390emu.reports.timeline import who

if TYPE_CHECKING:
    from s390emu.recording import Recording

PARTS = ("data.js", "draw.js", "page.js")
MOST_EVENTS = 1_000_000
EXACT = 250_000  # events from which on the map has a pyramid too
SIZES = (1, 2, 4)  # bytes of a whole number


class Columns:
    """Columns of numbers under names, as the page reads them."""

    def __init__(self) -> None:
        self.index: dict[str, dict[str, Any]] = {}
        self._parts: list[bytes] = []
        self._length = 0

    def add(self, name: str, values: np.ndarray, *, grows: bool = False) -> None:
        """Add a column of whole numbers. grows: each is at least the one before."""
        first = 0
        if grows and len(values):
            first, values = int(values[0]), np.diff(values, prepend=values[:1])
        most = int(values.max(initial=0))
        size = next((size for size in SIZES if most < 1 << 8 * size), 8)
        kind = f"<u{size}" if size in SIZES else "<f8"
        self.index[name] = {"at": self._length, "type": kind[1:], "length": len(values), "first": first, "grows": grows}
        self._put(values.astype(kind).tobytes())

    def add_words(self, name: str, values: np.ndarray) -> None:
        """Add a column of 64-bit words, each as what differs from the one before."""
        words = values.astype("<u8")
        words[1:] ^= words[:-1].copy()
        self.index[name] = {"at": self._length, "type": "u64", "length": len(words)}
        self._put(words.tobytes())

    def _put(self, data: bytes) -> None:
        data += bytes(-len(data) % 8)
        self._parts.append(data)
        self._length += len(data)

    def text(self) -> str:
        """Return all columns, compressed, in base64."""
        return base64.b64encode(zlib.compress(b"".join(self._parts), 9)).decode()


def page(told: model.Told, recording: Recording, symbols: Mapping[str, int], most: int = MOST_EVENTS) -> str:
    """Return the page. most: events that it has; where there are more, the least telling ones are left out."""
    levels = model.pyramid(told) if len(told.events) > EXACT else []
    stories = model.stories(told.events)
    kept = fitting(told, stories, most)
    columns = Columns()
    about = _about(told, recording) | _tables(told, kept, stories, symbols, columns)
    columns.add("initial", told.states)
    for name in ("count", "cpu", "state"):
        columns.add(f"turn.{name}", told.turns[name], grows=name == "count")
    about["levels"] = []
    for number, cells in enumerate(levels):
        about["levels"].append({"rows": cells.shape[0], "columns": cells.shape[1]})
        columns.add(f"level.{number}", cells.ravel())
    about["columns"] = columns.index
    return _html(about, columns.text())


def fitting(told: model.Told, stories: list[model.Story], most: int) -> np.ndarray:
    """Return the numbers of the events that the page has, and say in `left_out` what it has not: ESSA that changed
    nothing first, then evenly of all the others that are in no story."""
    events = told.events
    if len(events) <= most:
        return np.arange(len(events))
    kept = np.ones(len(events), bool)
    story = np.zeros(len(events), bool)
    for each in stories:
        story[[n for n in (each.fault, each.hinted, each.took, *each.repair) if n >= 0]] = True
    idle = np.flatnonzero((events["kind"] == model.ESSA) & (events["before"] == events["after"]) & ~story)
    dropped = idle[: max(0, len(events) - most)]
    kept[dropped] = False
    if len(dropped):
        told.left_out.append(f"{len(dropped):,} ESSA that changed no state")
    over = int(kept.sum()) - most
    if over > 0:
        others = np.flatnonzero(kept & ~story)
        dropped = others[np.linspace(0, len(others) - 1, min(over, len(others))).astype(np.int64)]
        kept[dropped] = False
        told.left_out.append(f"{len(dropped):,} of {len(events):,} events, evenly; the map was made of all of them")
    return np.flatnonzero(kept)


def _about(told: model.Told, recording: Recording) -> dict[str, Any]:
    """Return what the page says of the whole."""
    options = {name: value for name, value in recording.options.items() if value not in (None, "", [], False)}
    return {
        "schema": "s390emu.timeline/1", "title": recording.path.name, "command": recording.command,
        "emulator": recording.emulator, "options": options, "first": told.first, "last": told.last, "cpus": told.cpus,
        "recorded": [recording.first, recording.last], "ended": recording.ended, "cut": recording.cut,
        "leftOut": told.left_out, "inputs": told.inputs, "classes": CLASSES, "cpuStates": model.CPU_STATES,
        "states": [
            {"name": name, "code": code, "usage": USAGES[code >> 2], "content": CONTENTS[code & 3],
             "colour": STYLE[name][0]}
            for code, name in NAMES.items()
        ],
    }  # fmt: skip


def _tables(
    told: model.Told, kept: np.ndarray, stories: list[model.Story], symbols: Mapping[str, int], columns: Columns
) -> dict[str, Any]:
    """Add the columns of events, and return what they refer to."""
    events = told.events[kept]
    number = np.full(len(told.events) + 1, -1, np.int64)  # -1 stays -1
    number[kept] = np.arange(len(kept))
    for name in ("count", "kind", "cpu", "block", "before", "after", "detail"):
        columns.add(f"event.{name}", events[name], grows=name == "count")
    addresses, place = np.unique(events["ia"], return_inverse=True)
    columns.add("event.place", place)
    taken = events[events["kind"] == model.INTERRUPTION]
    olds, old = np.unique(taken["old"], return_inverse=True)
    columns.add("taken.old", old)
    columns.add("taken.lasted", np.where(taken["ended"] > 0, taken["ended"] - taken["count"] + np.uint64(1), 0))
    columns.add("taken.returned", taken["returned"])
    teids, teid = np.unique(taken["teid"], return_inverse=True)
    columns.add("taken.teid", teid)
    there = number[told.chosen] >= 0
    columns.add("detail.event", number[told.chosen][there])
    for n in range(model.REGISTERS):
        columns.add_words(f"detail.{n}", told.registers[there, n])
    psws = sorted({int(mask) for mask in told.registers[there, 0]})
    labels = as_symbols(symbols).labels
    sources: dict[tuple[str, int, str], int] = {}

    def placed(address: int) -> list[Any]:
        data, text = told.code.get(address, (b"", ""))
        line = told.lines.get(address)
        return [f"{address:x}", labels.name(address), data.hex(), text,
                -1 if line is None else sources.setdefault(line, len(sources))]  # fmt: skip

    return {
        "places": [placed(int(address)) for address in addresses],
        "olds": [placed(int(address)) for address in olds],
        "teids": [f"{int(teid):x}" for teid in teids],
        "who": _who(events),
        "codes": {f"{code:x}": exception_name(code) for code in sorted(set(_program(taken).tolist()))},
        "psws": {f"{mask:x}": describe_psw(mask, 0) for mask in psws},
        "stories": [[int(number[each.fault]), int(number[each.hinted]), int(number[each.took]),
                     [int(number[n]) for n in each.repair], each.retried] for each in stories],
        "sources": [list(line) for line in sources],
    }  # fmt: skip


def _program(taken: np.ndarray) -> np.ndarray:
    """Return the codes of program interruptions."""
    return taken["detail"][taken["before"] == PROGRAM]


class _Event:
    """As much of an EVENT record as says who did it."""

    def __init__(self, kind: int, detail: int):
        self.kind, self.detail = kind, detail


def _who(events: np.ndarray) -> dict[str, str]:
    """Return who it was in words, by kind and detail."""
    found = {}
    for kind, record in ((model.ESSA, EVENT_ESSA), (model.HOST, EVENT_HOST)):
        for detail in np.unique(events["detail"][events["kind"] == kind]).tolist():
            name = f" ({ORC_NAMES[detail]})" if kind == model.ESSA else ""
            found[f"{kind}.{detail}"] = who(_Event(record, detail)) + name
    return found


def _html(about: dict[str, Any], data: str) -> str:
    """Return the page with everything in it."""
    folder = files("s390emu.reports") / "page"
    told = json.dumps(about, separators=(",", ":")).replace("<", "\\u003c")
    scripts = "\n".join((folder / name).read_text("utf-8") for name in PARTS)
    text = (folder / "page.html").read_text("utf-8")
    parts = {"TITLE": escape(about["title"]), "STYLE": (folder / "page.css").read_text("utf-8"), "ABOUT": told,
             "DATA": data, "SCRIPT": scripts}  # fmt: skip
    return re.sub(r"%%([A-Z]+)%%", lambda found: parts[found[1]], text)
