"""What a Hercules test script says, as values: `script_file.py` makes them, `script_execution.py` follows them."""

from __future__ import annotations

from typing import Any, NamedTuple


class Step(NamedTuple):
    """One line of a script. line: its number. verb: a command, or a directive with its asterisk.

    operands: sysclear ()                       archlvl (name, whether it is z/Architecture)
              numcpu (number,)                  mainsize (bytes,)        cpu (number, whether for the next step only)
              loadcore (address, bytes)         runtest (how, seconds)
              store, show (space, address, bytes or length); space: r (real), v (virtual), abs
              gpr, cr () or (number, value)     pr ()
              *Testcase (name,)                 *Done (whether nowait)   *Explain, *Message (text,)
              *Want (name, bytes)               *Gpr, *Cr (number, value)
              *Key, *Prefix (value,)            *Program (code or None,)
    """

    line: int
    verb: str
    operands: tuple[Any, ...] = ()


class Script(NamedTuple):
    """One script, read; what its `*If` leave out is not in it."""

    filename: str
    steps: tuple[Step, ...]
    lines: tuple[str, ...]
