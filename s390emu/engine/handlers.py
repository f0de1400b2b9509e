"""From row to handler: which rows can be executed, and their functions compiled on first use.

A row is implemented when a function of its mnemonic in lower case with the signature (cpu, storage, insn) exists in
`isa/`. A machine executes it if the row's facility is installed there too, which depends on its model
(`architecture/models.py`). All that is found by reading the sources, so `explain` need not import Numba.
"""

from __future__ import annotations

import importlib
import os
from collections import defaultdict
from collections.abc import Collection, Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from s390emu.architecture import models
from s390emu.isa.opcodes import (
    BEAR,
    CT,
    ENHANCEMENTS,
    EXTENSIONS,
    FPX,
    LD,
    LONG_DISPLACEMENT_BITS,
    LONG_DISPLACEMENT_OPCODES,
    MSA,
    MSA4,
    MSA5,
    NEED_EXTENSION,
    ROWS,
    Row,
)

if TYPE_CHECKING:
    import numpy as np

    from s390emu._jit import Function

ISA = Path(__file__).parents[1] / "isa"
DEFINITION, ARGUMENTS = b"\ndef ", b"(cpu, storage, insn):"
KEYWORDS = {"or": "or_"}  # mnemonics that Python keeps for itself
# Facilities that do not follow from the instructions alone: z/Architecture installed and active, sense running status,
# conditional SSKE, nonquiescing key setting, instruction-execution protection,
# configuration-z/Architecture-architectural mode (there is no other).
ARCHITECTURE_FACILITIES = frozenset((1, 2, 9, 10, 14, 130, 138))
PACKED_DECIMAL_ENHANCEMENT = 152  # without a row of its own
ACCESS_EXCEPTION_INDICATION = 75  # access-exception fetch/store indication, without an instruction
# Facilities that a machine has only if asked for: what a system does changes with them, and Linux loads drivers.
SECURITY = frozenset((MSA, MSA4, MSA5))
# Of what they change in rows that are here something is missing, as said there: no machine may say that it has them.
PARTIAL = frozenset((PACKED_DECIMAL_ENHANCEMENT,))
ON_REQUEST = SECURITY | {ACCESS_EXCEPTION_INDICATION, BEAR, CT}
CRYPTOGRAPHY = "cryptography"  # the library that SECURITY needs


class Place(NamedTuple):
    """The place of an instruction's function: module, path, and how many bytes of that are before its arguments."""

    module: str
    path: Path
    offset: int

    @property
    def line(self) -> int:
        return self.path.read_bytes().count(b"\n", 0, self.offset) + 1


def function_name(mnemonic: str) -> str:
    name = mnemonic.lower()
    return KEYWORDS.get(name, name)


def _modules(folder: str | Path, package: str) -> Iterator[tuple[Path, str]]:
    """Yield path and name of every module in a folder and those below; pathlib takes longer to find them."""
    for entry in os.scandir(folder):
        stem, _, suffix = entry.name.partition(".")
        if suffix == "py" and stem != "operands":  # which decodes operands with the same arguments, executes nothing
            yield Path(entry.path), f"{package}.{stem}"
        elif entry.is_dir():
            yield from _modules(entry.path, f"{package}.{stem}")


@cache
def places() -> dict[str, Place]:
    """Return, by name, the place of every function with the signature of an instruction."""
    found: dict[str, Place] = {}
    for path, module in _modules(ISA, "s390emu.isa"):
        offset = 0
        for before in path.read_bytes().split(ARGUMENTS)[:-1]:
            offset += len(before)
            name = before.rpartition(DEFINITION)[2].decode()
            if name.isidentifier():
                if name in found:
                    raise AssertionError(f"{name} is defined in {found[name].path} and in {path}")
                found[name] = Place(module, path, offset)
            offset += len(ARGUMENTS)
    return found


def implemented(row: Row) -> bool:
    """True if there is a function for the row."""
    return function_name(row.mnemonic) in places()


@cache
def facilities() -> frozenset[int]:
    """Return the facilities all of whose rows are implemented: what STFLE may truthfully say of instructions, and, with
    a negative number, what no bit tells."""
    by_mnemonic = {row.mnemonic: row for row in ROWS}
    needed = {bit: [by_mnemonic[mnemonic] for mnemonic in mnemonics] for bit, mnemonics in ENHANCEMENTS.items()}
    for row in ROWS:
        if row.facility is not None:
            needed.setdefault(row.facility, []).append(row)
    return frozenset(bit for bit, rows in needed.items() if bit not in PARTIAL and all(map(implemented, rows)))


def default_facilities(model: str = models.MAX) -> frozenset[int]:
    """Return the facilities of a machine of this model for which nothing more is asked. ValueError for no such name."""
    return frozenset(bit for bit in available() if models.has(model, bit)) - ON_REQUEST


def available() -> frozenset[int]:
    """Return the facility bits that a machine can be given."""
    return facilities() | ARCHITECTURE_FACILITIES | {ACCESS_EXCEPTION_INDICATION}


@cache
def on_request() -> frozenset[int]:
    """Return the facilities that a machine of the default model has only if asked for."""
    return ON_REQUEST & available()


def lacking(bit: int) -> str:
    """Return why no machine can have a facility here; nothing if it can."""
    if bit in SECURITY and find_spec(CRYPTOGRAPHY) is None:
        return f"facility {bit} needs the library {CRYPTOGRAPHY}: pip install 's390emu[crypto]'"
    return ""


def executable(row: Row, installed: Collection[int]) -> bool:
    """True if a machine with these facilities executes the row, False if it is an operation exception there."""
    if row.mnemonic in NEED_EXTENSION and FPX not in installed:
        return False
    return implemented(row) and (row.facility is None or row.facility in installed)


def ignored_bits(installed: Collection[int]) -> dict[str, int]:
    """Return, by mnemonic, the bits of a left-aligned instruction that are ignored for want of a facility
    (opcodes.EXTENSIONS)."""
    ignored: dict[str, int] = defaultdict(int)
    for facility, mnemonics, mask in EXTENSIONS:
        for mnemonic in () if facility in installed else mnemonics:
            ignored[mnemonic] |= mask
    for row in () if LD in installed else ROWS:
        if row.opcode[:2] in LONG_DISPLACEMENT_OPCODES:
            ignored[row.mnemonic] |= LONG_DISPLACEMENT_BITS
    return ignored


def function(mnemonic: str):
    """Return the plain or jitted Python function of an implemented mnemonic."""
    name = function_name(mnemonic)
    return getattr(importlib.import_module(places()[name].module), name)


@cache
def _installed(installed: frozenset[int]) -> tuple[dict[int, str], np.ndarray]:
    """Return what machines with these facilities have in common: the mnemonics that they execute, by their places in
    the table, and of every place the bits of an instruction that are not ignored there."""
    import numpy as np

    from s390emu._jit import u64
    from s390emu.engine.decode import INDEX, TABLE_SIZE

    regarded = np.full(TABLE_SIZE, (1 << 64) - 1, u64)
    for mnemonic, ignored in ignored_bits(installed).items():
        regarded[INDEX[mnemonic]] ^= u64(ignored)
    regarded.flags.writeable = False
    return {INDEX[row.mnemonic]: row.mnemonic for row in ROWS if executable(row, installed)}, regarded


class HandlerTable:
    """One machine's table of handler addresses: what the run loop's decode looks up.

    Rows that are not executable with its facilities, and operation codes without a row, are the operation exception.
    """

    def __init__(self, installed: Collection[int]):
        import numpy as np

        from s390emu._jit import u64
        from s390emu.engine.decode import TABLE_SIZE

        mnemonics, self.regarded = _installed(frozenset(installed))
        self.mnemonics = dict(mnemonics)
        self.addresses = np.full(TABLE_SIZE, compile_handler("operation_exception"), u64)
        self.addresses[list(self.mnemonics)] = 0

    def compile(self, index: int) -> None:
        """Fill the entry that the run loop found empty."""
        self.addresses[index] = compile_handler(self.mnemonics[index])


def compiled(mnemonic: str) -> Function:
    """Return an instruction's handler as a function to be compiled; `_jit.bitcode_of` it is its code."""
    from s390emu._jit import function_of
    from s390emu.records.cpu import CPU_T
    from s390emu.records.port import PORT_T

    name = function_name(mnemonic)
    return function_of(f"{places()[name].module}.{name}", CPU_T, PORT_T, integers=1)


def compile_handler(mnemonic: str) -> int:
    """Return the address of an instruction's handler."""
    from s390emu._jit import address_of

    handler = compiled(mnemonic)
    return address_of(handler.name, *handler.record_dtypes, integers=1)
