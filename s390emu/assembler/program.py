"""Sections while they are read (`Piece`, `Fragment`), their places, and what comes out: `Program`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from s390emu.assembler.errors import Position, SourceError

if TYPE_CHECKING:
    from s390emu.assembler.expressions import Node
    from s390emu.assembler.operands import Fixup

Render = Callable[[int, Callable[["Node"], int]], bytes]  # (offset in the section, value of a node) -> bytes

# The order of sections by their family, those without data last; "" stands for all others.
_FAMILIES = (".text", ".rodata", "", ".data", ".tdata", ".tbss", ".bss")
ADDRESSES = 1 << 64  # that there are
LEAST_ALIGNMENT = 8  # of a section in a program
STANDARD = (".text", ".data", ".bss")  # sections that every file has
STANDARD_ALIGNMENT = 4
MOST_BYTES = 1 << 27  # that a file may ask for: several copies of it fit into a gigabyte
MOST_ROUNDS = 100  # of working out lengths that depend on each other
CODE_FILLER = b"\x07"  # two of them are NOPR

# Flags and type of sections that a source names without giving them (System V ABI, "Special Sections").
_SPECIAL = {
    ".text": ("ax", "progbits"), ".init": ("ax", "progbits"), ".fini": ("ax", "progbits"),
    ".data": ("aw", "progbits"), ".data1": ("aw", "progbits"), ".persistent": ("aw", "progbits"),
    ".bss": ("aw", "nobits"), ".rodata": ("a", "progbits"), ".rodata1": ("a", "progbits"),
    ".tdata": ("awT", "progbits"), ".tbss": ("awT", "nobits"), ".init_array": ("aw", "init_array"),
    ".fini_array": ("aw", "fini_array"), ".preinit_array": ("aw", "preinit_array"), ".note": ("", "note"),
}  # fmt: skip


class Fragment:
    """Bytes of a section whose distances from each other are known, and `tail`, whose length is not."""

    __slots__ = ("_start", "data", "fixups", "lines", "piece", "tail")

    def __init__(self, piece: Piece, start: int | None = None):
        self.piece, self._start = piece, start
        self.data = bytearray()
        self.fixups: list[Fixup] = []
        self.lines: list[tuple[int, str, int]] = []  # offset, file name, line
        self.tail: Tail | None = None

    @property
    def placed(self) -> bool:
        """False while something of unknown length may stand before it in the section."""
        return self._start is not None

    @property
    def start(self) -> int:
        """Its offset in the section; to be asked only if it is `placed`, or once the file is read."""
        assert self._start is not None
        return self._start

    def place_at(self, start: int) -> int:
        """Give it its place in the section; return where it ends."""
        self._start = start
        return start + len(self.data) + (len(self.tail.data) if self.tail else 0)


class Tail:
    """The end of a fragment: bytes that `render` makes, anew whenever something before them has changed its length."""

    __slots__ = ("data", "position", "render")

    def __init__(self, render: Render, position: Position):
        self.render, self.position = render, position
        self.data = b""


class Common(NamedTuple):
    """What a symbol of .comm asks for, and where."""

    size: int
    boundary: int
    column: int
    position: Position


class Piece:
    """What one source file puts into one section: a list of fragments for each subsection."""

    def __init__(self, name: str, flags: str | None = None, kind: str = "", group: str = ""):
        self.name = name
        family = ".note" if name.startswith(".note") else "." + name[1:].partition(".")[0]
        special = _SPECIAL.get(family, ("", "progbits"))
        self.flags = special[0] if flags is None else flags
        self.kind = kind or special[1]
        self.group = group  # the signature of the group that it is a member of
        self.entry_size = 8 if self.kind.endswith("_array") else 0
        self.alignment = STANDARD_ALIGNMENT if name in STANDARD else 1
        self.address = 0
        self.subsections: dict[int, list[Fragment]] = {0: [Fragment(self, 0)]}
        self.data = bytearray()  # all of it, once it is put together

    @property
    def code(self) -> bool:
        return "x" in self.flags

    @property
    def no_data(self) -> bool:
        return self.kind == "nobits"

    @property
    def loaded(self) -> bool:
        """False for what only other tools read, such as notes and debugging information."""
        return "a" in self.flags

    @property
    def fragments(self) -> list[Fragment]:
        """Its fragments in the order of the section."""
        return [fragment for number in sorted(self.subsections) for fragment in self.subsections[number]]

    @property
    def filler(self) -> bytes:
        """What fills it up to a boundary."""
        return CODE_FILLER if self.code else b"\0"

    def place_fragments(self):
        """Give every fragment its place in the section, by the present lengths of the tails."""
        at = 0
        for fragment in self.fragments:
            at = fragment.place_at(at)

    def put_together(self):
        """Make `data` of the fragments."""
        first, *others = self.fragments
        self.data = first.data  # not copied, as it may be long
        for fragment in (first, *others):
            if fragment is not first:
                self.data += fragment.data
            if fragment.tail:
                self.data += fragment.tail.data


def settle(
    pieces: Iterable[Piece],
    room: int,
    value: Callable[[Node], int],
    complain: Callable[[SourceError, Position], None],
):
    """Find the lengths of all tails, which may depend on each other, and put every piece together.

    room: bytes of the fragments without their tails.
    """
    pieces = list(pieces)
    tails = [(fragment, fragment.tail) for piece in pieces for fragment in piece.fragments if fragment.tail]
    for _ in range(MOST_ROUNDS):
        for piece in pieces:
            piece.place_fragments()
        changed: Tail | None = None
        errors, total = [], room
        for fragment, tail in tails:
            try:
                data = tail.render(fragment.start + len(fragment.data), value)
                total += len(data)
                check_space(total)
            except SourceError as error:  # of this round only: with other lengths it may be right
                errors.append((error, tail.position))
            else:
                changed = tail if len(data) != len(tail.data) else changed
                tail.data = data
        if changed is None:
            break
    else:
        assert changed
        errors = [(SourceError("this length depends on itself and never settles"), changed.position)]
    for complaint in errors:
        complain(*complaint)
    for piece in pieces:
        piece.put_together()


class Section(NamedTuple):
    """One section of a program. `bss`: `data` is all zeros and not part of the image."""

    name: str
    address: int
    data: bytes
    bss: bool = False
    code: bool = False


class Program(NamedTuple):
    """An assembled program with every address in it final."""

    sections: list[Section]
    symbols: dict[str, int]
    lines: list[tuple[int, str, int]]
    entry: int
    global_symbols: frozenset[str] = frozenset()
    messages: Sequence[str] = ()  # of .warning and .print

    def image(self) -> list[tuple[int, bytes]]:
        """Return what is to be in storage before the program runs: (address, bytes)."""
        return [(section.address, section.data) for section in self.sections if section.data and not section.bss]

    def to_elf(self) -> bytes:
        """Return the program as an ELF64 executable for s390x."""
        from s390emu.assembler.elf_writer import write_executable

        return write_executable(self)


def _family(name: str) -> int:
    """Return the number of the family that a section's name puts it into."""
    for number, family in enumerate(_FAMILIES):
        if family and (name == family or name.startswith(family + ".")):
            return number
    return _FAMILIES.index("")


def lay_out(pieces: Iterable[Piece], origin: int) -> list[list[Piece]]:
    """Give every piece its address and return them section by section; those of one section follow each other.

    What is not loaded stays at 0 and is left out.
    """
    by_name: dict[str, list[Piece]] = {}
    for piece in pieces:
        if piece.loaded:
            by_name.setdefault(piece.name, []).append(piece)
    sections = [by_name[name] for name in sorted(by_name, key=_family)]
    address = origin
    for number, section in enumerate(sections):
        if number:  # the first one starts at the origin exactly
            address += -address % max(LEAST_ALIGNMENT, *(piece.alignment for piece in section))
        for piece in section:
            address += -address % piece.alignment
            piece.address = address
            address += len(piece.data)
            if piece is not section[-1]:  # as GNU as pads each file's part of a section
                address += -address % piece.alignment
    return sections


def thread_pointer_of(sections: list[list[Piece]]) -> int:
    """Return the end of the thread-local storage, from which the s390x supplement to the ABI counts backwards."""
    pieces = [piece for section in sections for piece in section if "T" in piece.flags]
    end = max((piece.address + len(piece.data) for piece in pieces), default=0)
    return end + -end % max((piece.alignment for piece in pieces), default=1)


def join(section: list[Piece]) -> Section:
    """Return the section that its pieces make."""
    first = section[0]
    data = bytearray(first.data)
    for piece in section[1:]:
        data += first.filler * (piece.address - first.address - len(data))
        data += piece.data
    return Section(first.name, first.address, bytes(data), first.no_data, first.code)


def entry_of(symbols: dict[str, int], sections: list[Section]) -> int:
    """Return the address of `_start`, else `start`, else the first byte of the text."""
    for name in ("_start", "start"):
        if name in symbols:
            return symbols[name] % ADDRESSES
    return min((section.address for section in sections if section.code and section.data), default=0)


def is_power_of_two(number: int) -> bool:
    """True for 1, 2, 4, 8 and so on."""
    return number > 0 and not number & number - 1


def check_boundary(boundary: int, column: int):
    """Reject what no section can be aligned to."""
    if not is_power_of_two(boundary):
        raise SourceError("the boundary is not a power of two", column)
    check_space(boundary, column)


def beyond_the_last_address(sections: Iterable[Section]) -> bool:
    """True if a section does not fit into 64-bit addresses."""
    return any(section.address < 0 or section.address + len(section.data) > ADDRESSES for section in sections)


def check_space(amount: int, column: int | None = None):
    """Reject an amount of storage that no directive may ask for."""
    if not 0 <= amount <= MOST_BYTES:
        raise SourceError(f"{amount} bytes is not between 0 and {MOST_BYTES}", column)
