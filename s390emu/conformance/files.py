"""Files of cases: one JSON object a case, a file a row, and what is in the folder. docs/vectors.md has the schema."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from s390emu.architecture.sizes import BLOCK_SIZE
from s390emu.conformance.case import EXPLAINED, REGISTERS, Case, State, named
from s390emu.input_files import FileError, as_text, json_value, read, read_text, replace_file
from s390emu.shapes import YES_OR_NO, Either, MapOf, OneOf, ShapeError, Text, Whole, check

SCHEMA = "s390emu.vectors/2"
CONTENTS = "vectors.json"
SUFFIX = ".jsonl.gz"
MOST_BYTES = 256 << 20  # of a file, unpacked
PREFIX_AREA, STORAGE = 0x2000, 1 << 20  # windows of a case lie between, and do not overlap


class Hexadecimal:
    """A number as so many hexadecimal digits; `digits` None: any even number of them."""

    def __init__(self, digits: int | None):
        self.digits = digits

    def __str__(self) -> str:
        return f"{self.digits or 'an even number of'} hexadecimal digits"

    def fits(self, value: Any) -> bool:
        """True for a string of these digits."""
        if type(value) is not str or not (len(value) == self.digits if self.digits else len(value) % 2 == 0):
            return False
        return set(value) <= set("0123456789abcdef")


QUADWORD, DOUBLEWORD, WORD, CODE, BYTE = (Hexadecimal(digits) for digits in (32, 16, 8, 4, 2))
STATE = {
    "psw": (DOUBLEWORD, DOUBLEWORD), "gr": [DOUBLEWORD], "fpr?": [DOUBLEWORD], "fpc?": WORD, "cr0?": DOUBLEWORD,
    "vr?": [QUADWORD], "cr?": MapOf(Text(2), DOUBLEWORD), "ar?": [WORD], "keys?": [(WORD, BYTE)],
    "storage": [(WORD, Hexadecimal(None))],
}  # fmt: skip
CASE = {
    "name": Text(), "initial": STATE, "repeat?": YES_OR_NO,
    "final": STATE | {"interruption": Either({"code": CODE, "dxc?": BYTE}), "open?": MapOf(Text(3), Hexadecimal(None))},
}  # fmt: skip
FOLDER = {
    "schema": OneOf(SCHEMA), "seed": Text(), "count": Whole(),
    "rows": MapOf(Text(20), {"file": Text(100), "cases": Whole(), "sha256": Hexadecimal(64)}),
    "without_twin": [Text(20)],
}  # fmt: skip


class Vector(NamedTuple):
    """A case as a file has it: its name, and the case, whose line is the name without its number."""

    name: str
    case: Case


def as_json(state: State) -> dict[str, Any]:
    """Return a state as a file has it; registers that are all zero are left out, but for the general ones."""
    said: dict[str, Any] = {"psw": [f"{state.psw_mask:016x}", f"{state.psw_ia:016x}"]}
    said["gr"] = [f"{value:016x}" for value in state.gr]
    if any(state.fpr) or state.fpc:
        said["fpr"] = [f"{value:016x}" for value in state.fpr]
        said["fpc"] = f"{state.fpc:08x}"
    if state.vr:
        said["vr"] = [f"{value:032x}" for value in state.vr]
    said["cr0"] = f"{state.cr0:016x}"
    if state.cr:
        said["cr"] = {str(n): f"{value:016x}" for n, value in sorted(state.cr.items())}
    if state.ar:
        said["ar"] = [f"{value:08x}" for value in state.ar]
    if state.keys:
        said["keys"] = [[f"{at:08x}", f"{key:02x}"] for at, key in sorted(state.keys.items())]
    said["storage"] = [[f"{at:08x}", bytes(data).hex()] for at, data in sorted(state.storage.items())]
    return said


def case_as_json(name: str, case: Case) -> dict[str, Any]:
    """Return a case as a file has it."""
    interruption: dict[str, str] | None = None
    if case.code:
        interruption = {"code": f"{case.code:04x}"} | ({"dxc": f"{case.dxc:02x}"} if case.code in EXPLAINED else {})
    final = as_json(case.after) | {"interruption": interruption}
    if case.open:
        final["open"] = {name: f"{bits:032x}" for name, bits in case.open}
    said = {"name": name, "initial": as_json(case.before), "final": final}
    return said | ({"repeat": True} if case.repeated else {})


def _state(said: dict[str, Any], where: str) -> State:
    for registers, count in (("gr", REGISTERS), ("fpr", REGISTERS), ("vr", 2 * REGISTERS), ("ar", REGISTERS)):
        if len(said.get(registers, range(count))) != count:
            raise ShapeError(f"{where}.{registers}: a list of {len(said[registers])}, not of {count}")
    numbers = {name: [int(value, 16) for value in said[name]] for name in ("gr", "fpr", "vr", "ar") if name in said}
    storage = {int(at, 16): bytearray.fromhex(data) for at, data in said["storage"]}
    end = PREFIX_AREA
    for at, data in sorted(storage.items()):
        if at < end or at + len(data) > STORAGE:
            raise ShapeError(f"{where}.storage: {at:#x} is not between {end:#x} and {STORAGE:#x}")
        end = at + len(data)
    psw = [int(half, 16) for half in said["psw"]]
    if bad := set(said.get("cr", ())) - {str(n) for n in range(1, REGISTERS)}:
        raise ShapeError(f"{where}.cr: no control register {min(bad)} beside cr0")
    control = {int(n): int(value, 16) for n, value in said.get("cr", {}).items()}
    keys = {int(at, 16): int(key, 16) for at, key in said.get("keys", ())}
    if bad := {at for at in keys if at % BLOCK_SIZE or at >= STORAGE}:
        raise ShapeError(f"{where}.keys: {min(bad):#x} is no block below {STORAGE:#x}")
    if bad := {key for key in keys.values() if key % 2}:
        raise ShapeError(f"{where}.keys: {min(bad):02x} has bit 7, which no storage key has")
    return State(cr=control, keys=keys, **numbers, fpc=int(said.get("fpc", "0"), 16),
                 cr0=int(said.get("cr0", "e0"), 16), psw_mask=psw[0], psw_ia=psw[1], storage=storage)  # fmt: skip


def _case(said: Any, where: str) -> Vector:
    check(said, CASE, where)
    before, after = _state(said["initial"], f"{where}.initial"), _state(said["final"], f"{where}.final")
    if {at: len(data) for at, data in before.storage.items()} != {at: len(data) for at, data in after.storage.items()}:
        raise ShapeError(f"{where}: initial and final name other storage")
    for name in ("vr", "ar", "cr", "keys"):
        of_both = [sorted(found) if isinstance(found, dict) else len(found)
                   for found in (getattr(before, name), getattr(after, name))]  # fmt: skip
        if of_both[0] != of_both[1]:
            raise ShapeError(f"{where}: initial and final have other {name}")
    interruption = said["final"]["interruption"] or {"code": "0"}
    line = said["name"].partition(": ")[2]
    case = Case(line, before, after, int(interruption["code"], 16), int(interruption.get("dxc", "0"), 16),
                said.get("repeat", False),
                tuple((name, int(bits, 16)) for name, bits in said["final"].get("open", {}).items()))  # fmt: skip
    if unknown := {name for name, _ in case.open} - named(before).keys():
        raise ShapeError(f"{where}.final.open: there is no {min(unknown)}")
    return Vector(said["name"], case)


def packed(lines: Iterable[dict[str, Any]]) -> bytes:
    """Return the content of a file of cases; the same bytes for the same cases."""
    text = "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines)
    into = io.BytesIO()
    with gzip.GzipFile("", "wb", 9, into, mtime=0) as file:
        file.write(text.encode())
    return into.getvalue()


def write_row(folder: Path, mnemonic: str, found: Iterable[Case]) -> dict[str, Any]:
    """Write the cases of a row into its file; return what the list of contents says of it."""
    lines = [case_as_json(f"{mnemonic} {number}: {case.line}", case) for number, case in enumerate(found)]
    data, name = packed(lines), f"{mnemonic}{SUFFIX}"
    replace_file(folder / name, data)
    return {"file": name, "cases": len(lines), "sha256": hashlib.sha256(data).hexdigest()}


def write_contents(folder: Path, seed: str, count: int, rows: dict[str, Any], without: list[str]) -> None:
    """Write what is in the folder."""
    said = {"schema": SCHEMA, "seed": seed, "count": count, "rows": rows, "without_twin": without}
    replace_file(folder / CONTENTS, json.dumps(said, indent=1) + "\n")


def read_contents(folder: Path) -> dict[str, Any]:
    """Return what is in a folder. Raises FileError, ShapeError, OSError."""
    path = folder / CONTENTS
    said = json_value(read_text(path), path)
    check(said, FOLDER, str(path))
    return said


def read_row(folder: Path, row: dict[str, Any]) -> Iterator[Vector]:
    """Yield the cases of a row's file. Raises FileError if it is not the one that the contents tell, or is damaged."""
    path = folder / Path(row["file"]).name
    data = read(path)
    if hashlib.sha256(data).hexdigest() != row["sha256"]:
        raise FileError(f"{path}: not the file that {CONTENTS} tells; write the folder again")
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as file:
            text = as_text(file.read(MOST_BYTES + 1), path)
    except (OSError, EOFError) as error:
        raise FileError(f"{path}: {error}") from None
    if len(text) > MOST_BYTES:
        raise FileError(f"{path}: more than {MOST_BYTES} bytes")
    for number, line in enumerate(text.splitlines(), 1):
        yield _case(json_value(line, f"{path}:{number}"), f"{path}:{number}")
