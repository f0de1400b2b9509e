"""A guest that runs many cases, booted in QEMU and here: what it stores must be the same. For judges of that kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from s390emu.assembler.program import Program
from s390emu.conformance.qemu_peer import QEMU, boot
from s390emu.machine import Machine, Reason
from tests.judges.programs import SEED
from tests.required import require

STORAGE = 32 << 20  # cases have addresses just below it and beyond
TIMEOUT = 300  # seconds
ORIGIN = 0x10000
END = 0x600D  # address of the disabled wait
RECORD = 256  # bytes of a case, and of its result
BA_EA, BA, DAT, PROBLEM = 0x180000000, 0x80000000, 1 << 58, 1 << 48
TRANSLATION = {0x10, 0x11, 0x38, 0x39, 0x3A, 0x3B}  # codes with a translation-exception identification
FETCH_OR_STORE = 0xC00  # bits of it that only facility 75 provides


def beginning(cases: int, first: int, results: int) -> str:
    """Return how a guest begins: registers 12 to 14 have the number of cases, where results go, where cases are."""
    return f"""
        j       begin
        .org    0x1000                  # QEMU writes the kernel's parameters before
begin:  lgfi    %r12,{cases}
        lgfi    %r14,{first}
        lgfi    %r13,{results}
"""


# The new PSWs of program interruption and SUPERVISOR CALL, by which a case ends.
NEW_PSWS = """\
        larl    %r1,program
        mvc     0x1d0(16),0(%r1)
        mvc     0x1c0(16),16(%r1)
"""

# What became of a case: interruption code and length of the instruction, or zeros, and the old PSW.
OUTCOME = """\
failed: mvc     0(4,%r13),0x8c
        mvc     8(16,%r13),0x150
        j       3f
ended:  xc      0(4,%r13),0(%r13)
        mvc     8(16,%r13),0x140
"""

# The next case, or the end.
ENDING = f"""\
        aghi    %r14,{RECORD}
        aghi    %r13,{RECORD}
        brctg   %r12,next
        larl    %r1,end
        lpswe   0(%r1)
        .balign 8
end:    .quad   0x0002000180000000,{END}
program: .quad  {BA_EA},failed,{BA_EA},ended
"""


def fresh_pages(data: int, pristine: int, pages: int) -> str:
    """Return code that copies the data pages, and gives them key 9."""
    return f"""\
        lgfi    %r2,{data}
        lgfi    %r3,{pages * 4096}
        lgfi    %r4,{pristine}
        lgr     %r5,%r3
1:      mvcle   %r2,%r4,0
        brc     1,1b
        lgfi    %r2,{data}
        lghi    %r3,{pages}
        lghi    %r1,0x90
2:      sske    %r1,%r2
        aghi    %r2,4096
        brctg   %r3,2b
"""


def checksums(data: int, pages: int) -> str:
    """Return code that stores a checksum of each data page, from byte 96 of the result on."""
    return f"""\
        lgfi    %r2,{data}
        lghi    %r6,{pages}
        la      %r7,96(%r13)
4:      lghi    %r4,0
        lgr     %r8,%r2
        lghi    %r9,4096
5:      cksm    %r4,%r8
        brc     1,5b
        st      %r4,0(%r7)
        aghi    %r7,4
        aghi    %r2,4096
        brctg   %r6,4b
"""


# Where the registers of a case come from, in every space; its one instruction is executed by its PSW.
LOAD_CASE = """\
        ptlb
        lctlg   %c0,%c1,8(%r14)
        lctlg   %c7,%c7,24(%r14)
        lctlg   %c13,%c13,32(%r14)
        lmg     %r0,%r7,56(%r14)
        lpswe   40(%r14)
"""


def stored_in_qemu(program: Program, at: int, length: int, folder: Path) -> bytes:
    """Return so many bytes at this address, as they are when the guest has come to its disabled wait in QEMU."""
    storage, ended = boot(program, folder, STORAGE, TIMEOUT)
    assert not ended, ended
    with storage.open("rb") as file:
        file.seek(at)
        return file.read(length)


def stored_here(program: Program, at: int, length: int, facilities: Sequence[int] = ()) -> bytes:
    """Return the same of a run here, of a machine with these facilities too."""
    machine = Machine(STORAGE, extra=facilities)
    machine.load(program)
    assert machine.run().reason is Reason.DISABLED_WAIT
    assert machine.psw[1] == END, machine.last_interruption
    return machine.read(at, length)


def compare(
    cases: Sequence,
    program: Program,
    results: int,
    outcome: Callable[[bytes], dict],
    folder: Path,
    deviation: Callable[[Any, dict, dict, dict], str] = lambda *_: "",
    *,
    record: int = RECORD,
    facilities: Sequence[int] = (),
) -> list[dict]:
    """Return what became of each case here, by name, after comparing it with what became of it in QEMU. deviation: the
    name of a known one that explains a case's differences, which are (QEMU, here); "" if none does. record: bytes of a
    result; facilities: that our machine has too."""
    require(QEMU)
    length = record * len(cases)
    theirs, ours = stored_in_qemu(program, results, length, folder), stored_here(program, results, length, facilities)
    found, known, unknown = [], Counter(), []
    for at, case in zip(range(0, length, record), cases, strict=True):
        there, here = outcome(theirs[at : at + record]), outcome(ours[at : at + record])
        different = {
            name: (there.get(name), here.get(name)) for name in there | here if there.get(name) != here.get(name)
        }
        if different:
            name = deviation(case, different, there, here)
            known[name] += 1
            if not name:
                unknown.append(f"case {at // record} of S390EMU_SEED={SEED}: {case}\n(QEMU, here): {different}")
        found.append(here)
    print(*(f"{count} {name}" for name, count in known.most_common()), sep="\n")
    assert not unknown, "\n".join(unknown[:5])
    return found
