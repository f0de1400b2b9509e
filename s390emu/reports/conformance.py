"""How a machine differs from vectors, as text and as JSON."""

from __future__ import annotations

from typing import Any

from s390emu.conformance.deviations import Deviation, Report
from s390emu.conformance.files import case_as_json
from s390emu.isa.opcodes import ROWS

SCHEMA = "s390emu.conformance/1"
CLAUSES = {row.mnemonic: f'PoP ch. {row.chapter} "{row.name}"' for row in ROWS}


def text(report: Report) -> str:
    """Return the report: a line in all, then of each row that deviates its kinds of deviation."""
    deviating = {name: row for name, row in report.rows.items() if row.deviating}
    lines = [f"{report.machine}: {report.deviating} of {report.cases} cases deviate, in {len(deviating)} of "
             f"{len(report.rows)} rows"]  # fmt: skip
    for name, row in deviating.items():
        lines.append(f"\n{name}: {row.deviating} of {row.cases}; {CLAUSES.get(name, 'no row')}")
        for deviation in row.deviations:
            lines.append(f"  {deviation.cases}: {deviation.kind}")
            lines += [f"      {line}" for line in _smallest(deviation)]
    return "\n".join(lines)


def _smallest(deviation: Deviation) -> list[str]:
    """Return the smallest case as lines: the instruction, what its registers hold, what differs."""
    case = deviation.smallest
    before = case.before
    held = [f"r{n}={value:#x}" for n, value in enumerate(before.gr) if f"%r{n}" in _names(case.line)]
    held += [f"f{n}={value:#x}" for n, value in enumerate(before.fpr) if f"%f{n}" in _names(case.line)]
    held += [f"v{n}={value:#x}" for n, value in enumerate(before.vr) if f"%v{n}" in _names(case.line)]
    held += [f"a{n}={value:#x}" for n, value in enumerate(before.ar) if f"%a{n}" in _names(case.line)]
    held += [f"key {at:x}={key:#x}" for at, key in before.keys.items()]
    held += [f"{at:#x}={_short(bytes(data))}" for at, data in before.storage.items() if at != before.psw_ia]
    held.append(f"cc={before.cc}" + (f" fpc={before.fpc:08x}" if before.fpc else ""))
    lines = [case.line, "with " + " ".join(held)]
    if "ended" in deviation.different or "code" in deviation.different:
        return lines
    for name, (wanted, found) in deviation.different.items():
        lines.append(f"{name}: {_shown(found, wanted)} instead of {_shown(wanted, found)}")
    return lines


def _names(line: str) -> set[str]:
    return set(line.replace(",", " ").replace("(", " ").replace(")", " ").split())


def _shown(value: Any, other: Any) -> str:
    """Return a value, of bytes those from the first that differs on."""
    if not isinstance(value, bytes):
        return f"{value:#x}"
    first = next((n for n, (a, b) in enumerate(zip(value, other, strict=False)) if a != b), 0)
    return f"+{first}: {_short(value[first:])}"


def _short(data: bytes) -> str:
    return data.hex() if len(data) <= 48 else f"{data[:48].hex()}..."


def as_json(report: Report, seed: str | None = None, count: int | None = None) -> dict[str, Any]:
    """Return the report for `--json`."""
    rows = {
        name: {
            "cases": row.cases, "deviating": row.deviating, "clause": CLAUSES.get(name),
            "deviations": [{"kind": each.kind, "cases": each.cases,
                            "smallest": case_as_json(each.smallest.line, each.smallest),
                            "different": {key: [_plain(value) for value in pair]
                                          for key, pair in each.different.items()}}
                           for each in row.deviations],
        }
        for name, row in report.rows.items()
    }  # fmt: skip
    said = {"schema": SCHEMA, "machine": report.machine, "cases": report.cases, "deviating": report.deviating}
    return said | ({"seed": seed, "count": count} if seed is not None else {}) | {"rows": rows}


def _plain(value: Any) -> str:
    return value.hex() if isinstance(value, bytes) else f"{value:#x}" if isinstance(value, int) else str(value)
