"""LLVM IR as text: the few shapes of lines that templates are made of, and where pointers point."""

from __future__ import annotations

import re
from itertools import count
from typing import NamedTuple

NAME = r'(?:"[^"]+"|[-\w.$]+)'
VALUE = rf"%{NAME}"
LABEL = re.compile(rf"({NAME}):")
PHI = re.compile(rf"({VALUE}) = phi (\S+) (.*)")
INCOMING = re.compile(rf"\[ (.+?), %({NAME}) \]")
NUMBERED = re.compile(r"%(\d+)(?![\w.$-])")
SUCCESSOR = re.compile(rf"label %({NAME})")
GEP = re.compile(rf"({VALUE}) = getelementptr (?:inbounds |nuw |nusw )*(\S+|\[\d+ x \S+\]), ptr ({VALUE}), (.+)")
LOAD = re.compile(rf"({VALUE}) = load (<[^>]+>|\S+), ptr ({VALUE})")
STORE = re.compile(rf"store (<[^>]+>|\S+) (\S+), ptr ({VALUE})")
INT_TO_PTR = re.compile(rf"({VALUE}) = inttoptr i64 ({VALUE}) to ptr")
ALLOCA = re.compile(rf"({VALUE}) = alloca ")
SELECT_OF_POINTERS = re.compile(rf"({VALUE}) = select i1 \S+, ptr ({VALUE}), ptr ({VALUE})")
INDIRECT_CALL = re.compile(rf"(?:({VALUE}) = )?(?:tail |notail )?call (\S+) ({VALUE})\(")
DIRECT_CALL = re.compile(rf"(?:tail |notail )?call [^@]*@({NAME})\(")
METADATA = re.compile(r"(, !(?!srcloc)[\w.]+ ![\w.]+)+$")
ATTRIBUTES = re.compile(r" #\d+")
LEFT_OUT = (";", "!", "attributes", "source_filename", "target ")
SIZES = {"i8": 1, "i16": 2, "i32": 4, "i64": 8, "ptr": 8, "float": 4, "double": 8}
_serial = count(1)


class Block(NamedTuple):
    """A basic block: its label and its lines, without indentation; the last one is its terminator."""

    label: str
    lines: list[str]

    @property
    def successors(self) -> list[str]:
        return [label.strip('"') for label in SUCCESSOR.findall(self.lines[-1])]


class Function(NamedTuple):
    """A function: its `define` line, and its blocks in order, the entry first."""

    head: str
    blocks: dict[str, Block]

    def lines(self):
        """Yield (label, line) of every block."""
        for block in self.blocks.values():
            for line in block.lines:
                yield block.label, line

    def text(self) -> str:
        body = (f'"{block.label}":\n  ' + "\n  ".join(block.lines) for block in self.blocks.values())
        return "\n".join((self.head, *body, "}"))


def cleaned(text: str) -> list[str]:
    """Return the lines of a module without comments, metadata and attribute groups; each instruction on one line."""
    lines: list[str] = []
    for line in text.splitlines():
        line = ATTRIBUTES.sub("", METADATA.sub("", line.split(" ; preds")[0].split("; preds")[0].rstrip()))
        if not line or "@llvm.experimental.noalias" in line or line.startswith(LEFT_OUT):
            continue
        if lines and lines[-1].lstrip().startswith("switch ") and not lines[-1].endswith("]"):
            lines[-1] += " " + line.strip()
        else:
            lines.append(line)
    return lines


def function_of(lines: list[str]) -> Function:
    """Return the function that these lines, from `define` to the closing brace, are. What LLVM numbers gets
    names: numbers must be in order, which they are not any more when lines are added."""
    prefix = f"n{next(_serial)}."
    renamed = [NUMBERED.sub(lambda found: f"%{prefix}{found[1]}", line) for line in lines]
    label = (
        f"{prefix}{sum(bool(NUMBERED.fullmatch(value)) for value in parameters_of(lines[0]))}"  # of an entry without
    )
    blocks: dict[str, Block] = {}
    for line in renamed[1:-1]:
        if found := LABEL.match(line):
            label = found[1].strip('"')
            label = f"{prefix}{label}" if label.isdigit() else label
        else:
            blocks.setdefault(label, Block(label, [])).lines.append(line.strip())
    return Function(renamed[0], blocks)


def parameters_of(head: str) -> list[str]:
    """Return the names of a function's parameters, in order."""
    return re.findall(VALUE, head[head.index("(") :])


class Place(NamedTuple):
    """Where a pointer points: into `space`, at this offset; None if only the range's beginning, `base`, is known."""

    space: str  # cpu, port, guest, local, or a parameter of its own
    offset: int | None = 0
    base: int = 0


def places(function: Function, parameters: dict[str, str]) -> dict[str, Place]:
    """Return where each pointer of a function points; parameters: space by name. Unknown ones are not in it."""
    known = {name: Place(space) for name, space in parameters.items()}
    pointers = [line for _, line in function.lines() if "ptr" in line or " alloca " in line]
    before = -1
    while len(known) > before:  # a use may stand before its definition
        before = len(known)
        for line in pointers:
            if found := GEP.match(line):
                if found[1] not in known and (place := known.get(found[3])):
                    known[found[1]] = _moved(place, found[2], found[4])
            elif found := INT_TO_PTR.match(line):
                known.setdefault(found[1], Place("guest", None))
            elif found := ALLOCA.match(line):
                known.setdefault(found[1], Place("local", None))
            elif found := SELECT_OF_POINTERS.match(line):
                _joined(known, found[1], [found[2], found[3]])
            elif (found := PHI.match(line)) and found[2] == "ptr":
                _joined(known, found[1], [value for value, _ in INCOMING.findall(found[3])])
    return known


def _moved(place: Place, kind: str, indexes: str) -> Place:
    """Return where a pointer points after getelementptr: an index that is not constant leaves only the base."""
    index = indexes.split(", ")[-1].split()[-1]
    size = SIZES.get(kind.strip("[]").split()[-1])
    if place.offset is None or size is None or not re.fullmatch(r"-?\d+", index):
        base = place.base if place.offset is None else place.offset
        return Place(place.space, None, base)
    return Place(place.space, place.offset + int(index) * size)


def _joined(known: dict[str, Place], name: str, values: list[str]) -> None:
    """A pointer that is one of several is known where they are all the same, or all in the guest's storage, or all the
    function's."""
    others = [value for value in values if value != name]
    where = {known.get(value) for value in others}
    if len(where) == 1 and (place := where.pop()):
        known.setdefault(name, place)
        return
    spaces = {known[value].space for value in others if value in known}
    if len(spaces) == 1 and (space := spaces.pop()) in ("guest", "local"):
        known.setdefault(name, Place(space, None))
