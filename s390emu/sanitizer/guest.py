"""What the sanitizer has to know of a guest, as data: where its frame table is, and what is in it. docs/sanitizer.md.

A description is a TOML (or JSON) file; numbers in it may be symbols of the guest. Everything is optional: a rule that
needs what is not told is not checked.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple

from s390emu.input_files import json_value, read_text
from s390emu.shapes import OneOf, Whole, shown

BLOCK_SIZE = 4096
BYTES = (1, 2, 4, 8)
REGISTERS = 16
COUNTED = ("cache", "maps")  # who may have references besides users in the kernel
LOCK_BYTES = 4


class DescriptionError(ValueError):
    """A description that cannot be used: the file, the key, and what to do."""


class Frame(NamedTuple):
    """What the guest notes of one block."""

    owner: int = 0
    flags: int = 0
    references: int = 0
    maps: int = 0
    file: int = 0


FIELDS = Frame._fields


@dataclass(frozen=True)
class FrameTable:
    """address, entry (bytes), count: of the table. first: block number that entry 0 describes. fields: by name, the
    offset in an entry and how many bytes."""

    address: int
    entry: int
    count: int
    first: int
    fields: Mapping[str, tuple[int, int]]

    @property
    def end(self) -> int:
        return self.address + self.entry * self.count

    def parse(self, entry: bytes) -> Frame:
        return Frame(**{name: int.from_bytes(entry[at : at + n]) for name, (at, n) in self.fields.items()})


@dataclass(frozen=True)
class Description:
    """One guest. Flags are masks, 0 where the guest has none; owners are sets of values of the owner field."""

    frames: FrameTable | None = None
    flags: Mapping[str, int] = field(default_factory=dict)
    owners: Mapping[str, frozenset[int]] = field(default_factory=dict)
    cache_index: tuple[int, int] | None = None  # address, doublewords: file block -> address of the cached block, or 0
    reserved: tuple[tuple[int, int], ...] = ()  # first address, and the one after the last
    # Instructions that may touch any block, since a fixup answers the exception: address -> the general register with
    # the address of the kernel's operand.
    fixups: Mapping[int, int] = field(default_factory=dict)
    disabled: bool = False  # the checks and ESSA are one step because interruptions are disabled
    counted: frozenset[str] = frozenset()  # of COUNTED: who has references besides users in the kernel
    interlocked: bool = False  # flags and counts of an entry are changed by COMPARE AND SWAP or the like
    locks: Mapping[str, int] = field(default_factory=dict)  # addresses of words, not zero while a CPU holds the lock

    def has(self, name: str) -> bool:
        """True if the frame table has this field."""
        return self.frames is not None and name in self.frames.fields

    def mask(self, flag: str) -> int:
        return self.flags.get(flag, 0)

    def users(self, frame: Frame) -> int:
        """Return how many references are those of users in the kernel. When the block is discarded the cache's becomes
        that of whoever does it."""
        if not frame.references:
            return 0
        cached = frame.owner in self.owners.get("cache", ()) and not frame.flags & self.mask("discarded")
        others = cached * ("cache" in self.counted) + frame.maps * ("maps" in self.counted)
        return frame.references - others

    def fit_into(self, size: int) -> None:
        """Raise DescriptionError if a table of the guest ends beyond its storage."""
        tables = {"frames": self.frames.end if self.frames else 0,
                  "index": self.cache_index[0] + 8 * self.cache_index[1] if self.cache_index else 0,
                  "locks": max((at + LOCK_BYTES for at in self.locks.values()), default=0)}  # fmt: skip
        for name, end in tables.items():
            if end > size:
                raise DescriptionError(f"[{name}]: the table ends at {end:#x}, the guest's storage at {size:#x}")

    def is_reserved(self, block: int) -> bool:
        start = block * BLOCK_SIZE
        return any(max(first, start) < min(end, start + BLOCK_SIZE) for first, end in self.reserved)


SECTIONS = {
    "frames": ("table", "entry", "count", "first", "counted", *FIELDS),
    "flags": ("dirty", "writable", "discarded", "state_change"),
    "owners": ("free", "cache", "copy"),
    "index": ("cache", "entries"),
    "reserved": ("ranges",),
    "fixups": ("at",),
    "cpu": ("disabled", "interlocked"),
    "locks": ("free",),
}


class _Reader:
    """The values of one file, as numbers."""

    def __init__(self, path: str, content: Mapping, symbols: Mapping[str, int]):
        self.path, self.content, self.symbols = path, content, symbols
        for section, values in content.items():
            if section not in SECTIONS or not isinstance(values, Mapping):
                raise DescriptionError(f"{path}: [{section}]: the sections are {', '.join(SECTIONS)}")
            for key in values:
                if key not in SECTIONS[section]:
                    raise DescriptionError(f"{path}: {section}.{key}: known are {', '.join(SECTIONS[section])}")

    def number(self, where: str, value) -> int:
        if isinstance(value, str) and value not in self.symbols:
            close = get_close_matches(value, self.symbols, 1)
            hint = f"; did you mean {close[0]}?" if close else ""
            raise DescriptionError(f"{self.path}: {where}: the guest has no symbol {value}{hint}")
        number = self.symbols[value] if isinstance(value, str) else value
        if type(number) is not int:
            raise DescriptionError(f"{self.path}: {where}: {shown(value)} is neither a number nor a symbol")
        if not Whole().fits(number):
            raise DescriptionError(f"{self.path}: {where}: {shown(value)} is not {Whole()}")
        return number

    def get(self, section: str, key: str):
        values = self.content.get(section, {})
        if key not in values:
            raise DescriptionError(f"{self.path}: {section}.{key} is missing")
        return self.number(f"{section}.{key}", values[key])

    def list_of(self, section: str, key: str, width: int = 1) -> list:
        """Return numbers, or lists of `width` numbers each."""
        where, values = f"{section}.{key}", self.content.get(section, {}).get(key, [])
        if not isinstance(values, list):
            raise DescriptionError(f"{self.path}: {where}: write a list")
        if width == 1:
            return [self.number(where, value) for value in values]
        if not all(isinstance(value, list) and len(value) == width for value in values):
            raise DescriptionError(f"{self.path}: {where}: write a list of lists of {width} numbers or symbols each")
        return [tuple(self.number(where, part) for part in value) for value in values]

    def frame_table(self) -> FrameTable | None:
        if "frames" not in self.content:
            return None
        fields = {}
        for name in FIELDS:
            value = self.content["frames"].get(name)
            if value is None:
                continue
            if not isinstance(value, list) or len(value) != 2 or not OneOf(*BYTES).fits(value[1]):
                raise DescriptionError(f"{self.path}: frames.{name}: write [offset, bytes], bytes one of 1, 2, 4, 8")
            fields[name] = self.number(f"frames.{name}", value[0]), value[1]
        table, entry, count, first = (self.get("frames", key) for key in ("table", "entry", "count", "first"))
        if entry <= 0 or count <= 0 or table < 0 or first % BLOCK_SIZE:
            raise DescriptionError(f"{self.path}: [frames]: entry and count are above zero, first is a block's address")
        for name, (at, width) in fields.items():
            if at + width > entry:
                raise DescriptionError(f"{self.path}: frames.{name}: it ends behind the entry of {entry} bytes")
        return FrameTable(table, entry, count, first // BLOCK_SIZE, fields)

    def counted(self) -> frozenset[str]:
        names = self.content.get("frames", {}).get("counted", [])
        if not isinstance(names, list) or not all(OneOf(*COUNTED).fits(name) for name in names):
            raise DescriptionError(f"{self.path}: frames.counted: write a list of {', '.join(COUNTED)}")
        return frozenset(names)

    def truth(self, section: str, key: str) -> bool:
        value = self.content.get(section, {}).get(key, False)
        if not isinstance(value, bool):
            raise DescriptionError(f"{self.path}: {section}.{key}: write true or false")
        return value

    def fixups(self) -> dict[int, int]:
        found = dict(self.list_of("fixups", "at", 2))
        if not all(0 <= register < REGISTERS for register in found.values()):
            raise DescriptionError(f"{self.path}: fixups.at: write [instruction, register], a register from 0 to 15")
        return found

    def description(self) -> Description:
        flags = {name: self.number(f"flags.{name}", value) for name, value in self.content.get("flags", {}).items()}
        owners = {name: frozenset(self.list_of("owners", name)) for name in self.content.get("owners", {})}
        index = None
        if "index" in self.content:
            index = self.get("index", "cache"), self.get("index", "entries")
        locks = {name: self.number(f"locks.{name}", value) for name, value in self.content.get("locks", {}).items()}
        return Description(
            self.frame_table(), flags, owners, index, tuple(self.list_of("reserved", "ranges", 2)), self.fixups(),
            self.truth("cpu", "disabled"), self.counted(), self.truth("cpu", "interlocked"), locks,
        )  # fmt: skip


def read_description(path: Path, symbols: Mapping[str, int]) -> Description:
    """Return the file's content with the guest's symbols as numbers. DescriptionError, FileError, OSError."""
    text = read_text(path, pipe=True)
    try:
        content = json_value(text, path) if path.suffix == ".json" else tomllib.loads(text)
    except RecursionError:
        raise DescriptionError(f"{path}: brackets within brackets without end") from None
    except ValueError as error:  # tomllib's, and Python's own for a number of more than 4,300 digits
        raise DescriptionError(f"{path}: {str(error).partition(';')[0]}") from error
    if not isinstance(content, Mapping):
        raise DescriptionError(f"{path}: write an object with the sections {', '.join(SECTIONS)}")
    return _Reader(str(path), content, symbols).description()
