"""From row to handler: which rows can be executed, and their functions compiled on first use.

A row is implemented when a function of its mnemonic in lower case with the signature (cpu, storage, insn) exists in
`isa/`. A machine executes it if the row's facility is installed there too. All that is found by reading the sources, so
`explain` need not import Numba.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Collection
from functools import cache
from pathlib import Path
from typing import NamedTuple

from s390emu.isa.opcodes import ENHANCEMENTS, ROWS, VX, VXE, VXE2, VXPD, VXPDE2, Row

ISA = Path(__file__).parents[1] / "isa"
DEFINITION = re.compile(r"^def (\w+)\(cpu, storage, insn\):", re.MULTILINE)
KEYWORDS = {"or": "or_"}  # mnemonics that Python keeps for itself
# Facilities that do not follow from the instructions alone: z/Architecture installed and active, sense running status,
# conditional SSKE, nonquiescing key setting, instruction-execution protection,
# configuration-z/Architecture-architectural mode (there is no other).
ARCHITECTURE_FACILITIES = frozenset((1, 2, 9, 10, 14, 130, 138))
# Facilities of the vector registers, which a machine has only if it is asked for them.
PACKED_DECIMAL_ENHANCEMENT = 152  # without a row of its own
VECTORS = frozenset((VX, VXPD, VXE, VXE2, PACKED_DECIMAL_ENHANCEMENT, VXPDE2))


class Place(NamedTuple):
    """The place of an instruction's function: module, path, line."""

    module: str
    path: Path
    line: int


def function_name(mnemonic: str) -> str:
    name = mnemonic.lower()
    return KEYWORDS.get(name, name)


@cache
def places() -> dict[str, Place]:
    """Return, by name, the place of every function with the signature of an instruction."""
    found: dict[str, Place] = {}
    for path in sorted(ISA.rglob("*.py")):
        if path.name == "operands.py":  # decodes operands with the same arguments, executes nothing
            continue
        text = path.read_text()
        module = "s390emu.isa." + ".".join(path.relative_to(ISA).with_suffix("").parts)
        for match in DEFINITION.finditer(text):
            if match[1] in found:
                raise AssertionError(f"{match[1]} is defined in {found[match[1]].path} and in {path}")
            found[match[1]] = Place(module, path, text.count("\n", 0, match.start()) + 1)
    return found


def implemented(row: Row) -> bool:
    """True if there is a function for the row."""
    return function_name(row.mnemonic) in places()


@cache
def facilities() -> frozenset[int]:
    """Return the facility bits all of whose rows are implemented: what STFLE may truthfully say of instructions."""
    by_mnemonic = {row.mnemonic: row for row in ROWS}
    needed = {bit: [by_mnemonic[mnemonic] for mnemonic in mnemonics] for bit, mnemonics in ENHANCEMENTS.items()}
    for row in ROWS:
        if row.facility is not None and row.facility >= 0:
            needed.setdefault(row.facility, []).append(row)
    return frozenset(bit for bit, rows in needed.items() if all(map(implemented, rows)))


def default_facilities() -> frozenset[int]:
    """Return the facility bits of a machine for which nothing is asked."""
    return facilities() - VECTORS | ARCHITECTURE_FACILITIES


def available_vectors() -> frozenset[int]:
    """Return the facilities of the vector registers that a machine can be given."""
    return facilities() & VECTORS


def executable(row: Row, installed: Collection[int]) -> bool:
    """True if a machine with these facility bits executes the row, False if it is an operation exception there.

    A row without a facility, or with one that no bit tells, needs no more than its function."""
    bit = row.facility
    return implemented(row) and (bit is None or bit < 0 or bit in installed)


def function(mnemonic: str):
    """Return the plain or jitted Python function of an implemented mnemonic."""
    name = function_name(mnemonic)
    return getattr(importlib.import_module(places()[name].module), name)


class HandlerTable:
    """One machine's table of handler addresses: what the run loop's decode looks up.

    Rows that are not executable with its facilities, and operation codes without a row, are the operation exception.
    """

    def __init__(self, installed: Collection[int]):
        import numpy as np

        from s390emu._jit import u64
        from s390emu.engine.decode import INDEX, TABLE_SIZE

        self.mnemonics = {INDEX[row.mnemonic]: row.mnemonic for row in ROWS if executable(row, installed)}
        self.addresses = np.full(TABLE_SIZE, compile_handler("operation_exception"), u64)
        self.addresses[list(self.mnemonics)] = 0

    def compile(self, index: int) -> None:
        """Fill the entry that the run loop found empty."""
        self.addresses[index] = compile_handler(self.mnemonics[index])


READY: set[str] = set()  # mnemonics whose handlers have been compiled, or loaded from the cache, in this process


def compile_handler(mnemonic: str) -> int:
    """Return the address of an instruction's handler."""
    from s390emu._jit import address_of
    from s390emu.records.cpu import CPU_T
    from s390emu.records.port import PORT_T

    address = address_of(function(mnemonic), CPU_T, PORT_T, integers=1)
    READY.add(mnemonic)
    return address
