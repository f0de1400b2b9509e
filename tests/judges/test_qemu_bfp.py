"""Instructions of PoP ch. 9 and 19 beside QEMU's, without traps: one program of many cases, booted on both.

Judge: qemu-system-s390x 7.2. Without it the test is skipped, unless S390EMU_REQUIRE_JUDGES=1 makes that a failure. What
it gets wrong is named below, with the manual's rule.
"""

from __future__ import annotations

import random
from struct import Struct

from s390emu.assembler.assemble import assemble
from s390emu.conformance.twins.exact import FIELDS, MODES
from tests.judges.bfp_cases import BASE, BFP, FIRST, GENERAL, SECOND, SUPPORT, THIRD, Case, draw, draw_support
from tests.judges.programs import PROGRAMS, SEED
from tests.judges.qemu_boot import END, ORIGIN, QEMU, stored_here, stored_in_qemu
from tests.required import require

UNJUDGED = {
    "diebr didbr": "operation exception there",
    "mdebr mdeb": "takes a long first operand; the manual a short one",
    "mxdbr mxdb": "takes an extended first operand; the manual a long one",
}
CASES = max(5, PROGRAMS // 50)  # of each instruction
RESULT = Struct(">QQQII")  # registers 0 and 2, the general register, the FPC register, the condition code by IPM
LOADED = (FIRST, FIRST + 2, SECOND, SECOND + 2, THIRD, THIRD + 2)  # floating-point registers
PSW = 0x0002000180000000  # wait, disabled
BEGIN = """\
_start: larl %r6,results
 stctg %c0,%c0,0(%r6)
 oi 5(%r6),4
 lctlg %c0,%c0,0(%r6)
"""
FINISH = f"""\
 larl %r1,done
 lpswe 0(%r1)
load: lfpc 0(%r7)
{"".join(f" ld %f{r},{8 + 8 * n}(%r7){chr(10)}" for n, r in enumerate(LOADED))} lg %r{GENERAL},56(%r7)
 la %r{BASE},{8 + 8 * LOADED.index(SECOND)}(%r7)
 br %r14
save: ipm %r2
 std %f0,0(%r6)
 std %f2,8(%r6)
 stg %r{GENERAL},16(%r6)
 stfpc 24(%r6)
 st %r2,28(%r6)
 aghi %r6,{RESULT.size}
 br %r14
 .balign 8
done: .quad {PSW:#x},{END}
"""


def program(cases: list[Case]):
    parts, data = [BEGIN], [FINISH]
    for number, case in enumerate(cases):
        parts.append(f" larl %r7,case{number}\n brasl %r14,load\n {case.line}\n brasl %r14,save\n")
        values = ",".join(str(value) for value in (case.fpc << 32, *(case.fpr[r] for r in LOADED), case.general))
        data.append(f"case{number}: .quad {values}\n")
    room = f" .balign 4096\nresults: .fill {RESULT.size * len(cases)},1,0\n"
    return assemble("".join(parts + data) + room, origin=ORIGIN)


def known(case: Case, ours: tuple) -> bool:
    """True where QEMU 7.2 is known to be wrong."""
    if case.name.startswith("lt"):
        return case.nan(SECOND) == "s"  # an SNaN that is tested is invalid
    # Which of several NaNs is the result: an SNaN first, then the third operand's, the second's, the first's.
    return case.name[:2] in ("ma", "ms") and sum(map(bool, case.nans)) > 1


def test_results(tmp_path):
    require(QEMU)
    rng = random.Random(SEED)
    names = [name for name in BFP if name not in " ".join(UNJUDGED).split()]
    cases = [draw(rng, name, tuple(MODES), (0, *FIELDS), extended=True) for name in names for _ in range(CASES)]
    cases += [draw_support(rng, name, tuple(MODES)) for name in SUPPORT for _ in range(CASES)]
    made = program(cases)
    at, length = made.symbols["results"], RESULT.size * len(cases)
    ours, theirs = stored_here(made, at, length), stored_in_qemu(made, at, length, tmp_path)
    for case, found, expected in zip(cases, RESULT.iter_unpack(ours), RESULT.iter_unpack(theirs), strict=True):
        assert found == expected or known(case, found), case
