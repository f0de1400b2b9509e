"""qemu-system-s390x runs every trace that can be exported, in one image; what it says otherwise is named here.

A trace that stops QEMU is left out by the next image; a trace that fails there without being named, and one that is
named and passes, are both failures of this test.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from s390emu._jit import JIT
from s390emu.export import Skip, build, case_of
from s390emu.export.image import ORIGIN, STORAGE
from s390emu.machine import START_MASK, Machine, Reason
from s390emu.tracing.trace_file import read
from tests.required import require

QEMU = "qemu-system-s390x"
TRACES = Path(__file__).parents[2] / "traces"
TIMEOUT = 20  # seconds that QEMU is given for what takes it two

NO_DECIMAL = "chapter 8 is missing but for TEST DECIMAL: operation exceptions"
NO_PFMF = "PERFORM FRAME MANAGEMENT FUNCTION (PoP ch. 10) is missing: an operation exception"
NO_PLO = "PERFORM LOCKED OPERATION (PoP ch. 7) is missing: an operation exception"
NO_KEYS = 'storage keys are not applied to accesses in the real mode (PoP ch. 3 "Key-Controlled Protection")'
# QEMU 7.2 with -cpu max. The value is what it does otherwise, with the clause.
DEVIATIONS = {
    **dict.fromkeys(("ap-overflow-masked", "ap-overflow", "data-before-divide", "data-exception", "divide-exception",
                     "edmk-appendix-a", "negative-zeros", "specification-before-access", "srp-round", "zap-overlap"),
                    NO_DECIMAL),
    **dict.fromkeys(("pfmf-clear-Sp", "pfmf-clear-Sr", "pfmf-clear-Sz"), NO_PFMF),
    **dict.fromkeys(("plo-compare-and-load", "plo-compare-and-swap-and-triple-store", "plo-compare-and-swap-unequal",
                     "plo-double-compare-and-swap", "plo-test-bit"), NO_PLO),
    **dict.fromkeys(("0004-protection", "fetch-protected-paged-out", "fetch-protected", "fetch-protection-override",
                     "instruction-fetch-protected", "store-mismatch", "tlb-forgets-key"), NO_KEYS),
    "cuse-found": "COMPARE UNTIL SUBSTRING EQUAL (PoP ch. 7) is missing: an operation exception",
    "0013-ivsk": "INSERT VIRTUAL STORAGE KEY (PoP ch. 10) is missing: an operation exception",
    "pka": 'PACK ASCII loses the leftmost of five bytes (PoP ch. 7 "PACK ASCII": what is left of the second operand '
           "is considered to be zeros)",
    "0006-odd-instruction-address-zero": 'an odd instruction address is executed (PoP ch. 6 "Specification Exception")',
    "0006-odd-instruction-address": "as 0006-odd-instruction-address-zero",
    "0006-invalid-psw": 'never comes back: the old PSW of an early exception (PoP ch. 4 "Early Exception Recognition")',
    "0007-data": 'digits are not looked at by CONVERT TO BINARY (PoP ch. 7 "CONVERT TO BINARY": data exception)',
    "0008-fixed-point-overflow": 'the fixed-point-overflow mask has no effect (PoP ch. 6 "Fixed-Point-Overflow")',
    "0009-cvb": 'no fixed-point-divide exception (PoP ch. 7 "CONVERT TO BINARY")',
    "0013-special-operation": 'the SSM-suppression control has no effect (PoP ch. 10 "SET SYSTEM MASK")',
    "teid-home-space": 'R of the translation tables stays zero (PoP ch. 3 "Reference Recording")',
    "rrbe-then-touch": 'a fetch after RRBE does not set R again (PoP ch. 3 "Reference Recording")',
    "vfadb-exception": 'the old PSW of a vector-processing exception is as if nullified (PoP ch. 24 "Vector '
                       'Floating-Point Exceptions": suppressed)',
    "sske-conditional": 'SSKE ignores M3 (PoP ch. 10 "SET STORAGE KEY EXTENDED", conditional-SSKE facility)',
    "sske-resets-change": 'a store after SSKE does not set C again (PoP ch. 3 "Change Recording")',
}  # fmt: skip


def boot(suite, folder: Path) -> list[str]:
    """Return the lines of the console when QEMU has come to the end, or has not within TIMEOUT."""
    image = folder / "suite.elf"
    image.write_bytes(suite.elf())
    command = [QEMU, "-machine", "s390-ccw-virtio", "-accel", "tcg", "-cpu", "max", "-m", f"{2 * STORAGE >> 20}M"]
    command += ["-display", "none", "-nodefaults", "-chardev", f"file,id=c,path={folder / 'console'}"]
    command += ["-device", "sclpconsole,chardev=c", "-kernel", str(image)]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        process.wait(TIMEOUT)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    return (folder / "console").read_text(errors="replace").splitlines()


@pytest.fixture(scope="module")
def cases():
    found = [case_of(read(path)) for path in sorted(TRACES.rglob("*.trace"))]
    return [case for case in found if not isinstance(case, Skip)]


@pytest.mark.skipif(not JIT, reason="the image stores some hundred million bytes")
def test_every_exported_trace_passes_here(cases):
    for facilities in sorted({case.facilities for case in cases}):
        same = [case for case in cases if case.facilities == facilities]
        suite, machine = build(same), Machine(STORAGE, extra=facilities)
        for address, data in suite.program.image():
            machine.write(address, data)
        machine.set_psw(START_MASK, ORIGIN)
        stop = machine.run(100_000_000)
        assert [line for line in machine.console.splitlines() if line[:5] in ("FAIL ", "SKIP ")] == []
        assert (stop.reason, stop.psw_ia) == (Reason.DISABLED_WAIT, 0)
        assert machine.console.count("PASS ") == len(same)


def test_every_exported_trace_runs_in_qemu_and_each_deviation_is_named(cases, tmp_path):
    require(QEMU)
    assert len(cases) > 100
    failed: dict[str, str] = {}
    left = cases
    while left:
        lines = [line for line in boot(build(left), tmp_path) if line[:5] in ("PASS ", "FAIL ", "SKIP ")]
        failed |= {line[5:].split(":")[0]: line for line in lines if line.startswith("FAIL")}
        if len(lines) < len(left):
            failed[left[len(lines)].name] = "stopped QEMU"
        left = left[len(lines) + 1 :]
    assert {name: line for name, line in failed.items() if name not in DEVIATIONS} == {}
    assert {*failed} == {*DEVIATIONS}
