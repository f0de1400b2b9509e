"""Names of addresses for a command's reports: the program's own, and those that --symbols gives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from s390emu.assembler.symbols import Symbols, as_symbols, read_symbols
from s390emu.commands.options.symbols import SymbolOptions
from s390emu.commands.usage import say

if TYPE_CHECKING:
    from s390emu.machine import Machine


def named(options: SymbolOptions, own: Mapping[str, int]) -> Symbols:
    """Return a program's own symbols, and those of the file that the options name. Raises as `read_symbols`."""
    own = as_symbols(own)
    if options.symbols is None:
        return own
    return own.with_all(read_symbols(options.symbols).places)


def named_at_end(options: SymbolOptions, machine: Machine, known: Symbols) -> Symbols:
    """Return the symbols that are known, and if it is wished those of the kernel in the guest; say why there are none.
    """
    if not options.kallsyms:
        return known
    from s390emu.guests.kallsyms import NoKallsyms, read_kallsyms

    try:
        return known.with_all(read_kallsyms(machine).places)
    except NoKallsyms as error:
        say(f"s390emu: --kallsyms: {error}")
        return known
