"""Cases of rows, and the files that they are written to: docs/vectors.md."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from random import Random

from s390emu.assembler.assemble import assemble
from s390emu.conformance.case import Case
from s390emu.conformance.twins.suite import recipes


@lru_cache(maxsize=4096)
def text_of(line: str, at: int) -> bytes:
    """Return an instruction, assembled to stand there."""
    return assemble(line, origin=at).sections[0].data


def cases(mnemonic: str, count: int, seed: str) -> Iterator[Case]:
    """Yield cases of a row, edges first; the same for the same seed. KeyError if it has no twin."""
    for case in islice(recipes()[mnemonic](Random(f"{mnemonic} {seed}")), count):
        yield whole(case)


def whole(case: Case) -> Case:
    """Return the case with its instruction in storage, and the address that follows it unless it branches."""
    start = case.before.psw_ia
    text = text_of(case.line, start)
    for state in (case.before, case.after):
        state.window(start, text)
    if case.after.psw_ia == start:
        case.after.psw_ia += len(text)
    return case
