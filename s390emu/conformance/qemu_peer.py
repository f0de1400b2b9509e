"""QEMU: a guest without a kernel that runs many cases, booted once for some thousands of them.

Its storage is a file that we share, so that what became of the cases is there even if QEMU is not.
"""

from __future__ import annotations

import json
import mmap
import re
import shutil
import struct
import subprocess
from collections import deque
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread
from time import monotonic
from typing import Any

from s390emu.assembler.assemble import assemble
from s390emu.assembler.program import Program, Section
from s390emu.conformance.case import CC_SHIFT, EXPLAINED, REGISTERS, VECTOR_CONTROL, Case, Result, State
from s390emu.conformance.peers import Left, PeerMissing, registers_of, vector_area

QEMU = "qemu-system-s390x"
REMEDY = f"{QEMU} is not installed; on Debian: apt-get install qemu-system-misc"
ORIGIN, INPUT, RESULTS, STORAGE = 0x10000, 0x100000, 0x2000000, 64 << 20
BATCH, TIMEOUT = 2000, 120  # cases of a boot, and its seconds
PATIENCE = 5  # seconds in which a case must be done
AGAIN = "        jo      .-{}"
BA_EA = 0x180000000
# Lengths and counts, PSW, CR0, FPC, registers, vector registers; other control registers, access registers, a block and
# its storage key.
HEADER = struct.Struct(">4I2QQI4x16Q512s15Q16IQQ")
# Registers, vector registers; FPC; ILC and code; DXC word; PSW; control registers, access registers, the storage key.
OUTCOME = struct.Struct(">16Q512s4I2Q16Q16IQ")
CONTROLS = (0xE0, *(0,) * 13, 0xC2000000, 0)  # as after a reset

# At 800: where cases and results are, how many are left, how many are done. At 820 the case's PSW, control register 0,
# FPC register and registers, and so on; at C00 the result's, at F80 our control registers. Vector registers are always
# there, with the floating-point registers.
GUEST = f"""
        j       begin
        .org    0x1000                  # QEMU writes the kernel's parameters before
begin:  larl    %r1,program
        mvc     0x1d0(16),0(%r1)
        mvc     0x1c0(16),16(%r1)
        lgfi    %r1,{INPUT}
        mvc     0x810(8),0(%r1)
        aghi    %r1,8
        stg     %r1,0x800
        lgfi    %r1,{RESULTS}
        stg     %r1,0x808
        lgfi    %r1,{VECTOR_CONTROL}
        stctg   %c0,%c15,0xf80
        stg     %r1,0xf80
        xc      0x818(8),0x818
next:   lctlg   %c0,%c15,0xf80
        lg      %r1,0x810
        ltgr    %r1,%r1
        jz      done
        lg      %r14,0x800
        mvc     0x820(256),16(%r14)
        mvc     0x920(256),272(%r14)
        mvc     0xa20(256),528(%r14)
        mvc     0xb20({HEADER.size - 784}),784(%r14)
        llgf    %r12,4(%r14)
        la      %r13,{HEADER.size}(%r14)
1:      lg      %r2,0(%r13)
        lg      %r3,8(%r13)
        la      %r4,16(%r13)
        lgr     %r5,%r3
2:      mvcle   %r2,%r4,0
        jo      2b
        la      %r13,7(%r4)
        nill    %r13,0xfff8
        brctg   %r12,1b
        lg      %r1,0xb78
        lg      %r2,0xb80
        sske    %r2,%r1
        vlm     %v0,%v15,0x8c0
        vlm     %v16,%v31,0x9c0
        lfpc    0x838
        lam     %a0,%a15,0xb38
        ptlb
        lctlg   %c0,%c0,0x830
        lctlg   %c1,%c15,0xac0
        lmg     %r0,%r15,0x840
        lpswe   0x820
failed: stmg    %r0,%r15,0xc00
        mvc     0xe84(4),0x8c
        mvc     0xe88(4),0x90
        mvc     0xe90(16),0x150
        j       3f
ended:  stmg    %r0,%r15,0xc00
        xc      0xe84(8),0xe84
        mvc     0xe90(16),0x140
3:      stctg   %c0,%c15,0xea0
        lctlg   %c0,%c15,0xf80
        stam    %a0,%a15,0xf20
        lg      %r1,0xb78
        lghi    %r2,0
        lghi    %r3,0
        iske    %r2,%r1
        sske    %r3,%r1
        stg     %r2,0xf60
        stfpc   0xe80
        vstm    %v0,%v15,0xc80
        vstm    %v16,%v31,0xd80
        lg      %r14,0x800
        lg      %r13,0x808
        mvc     0(256,%r13),0xc00
        mvc     256(256,%r13),0xd00
        mvc     512(256,%r13),0xe00
        mvc     768({OUTCOME.size - 768},%r13),0xf00
        la      %r13,{OUTCOME.size}(%r13)
        llgf    %r12,8(%r14)
        la      %r11,{HEADER.size}(%r14)
4:      lg      %r4,0(%r11)
        lg      %r5,8(%r11)
        lgr     %r2,%r13
        lgr     %r3,%r5
        la      %r10,23(%r5)
        nill    %r10,0xfff8
        agr     %r11,%r10
5:      mvcle   %r2,%r4,0
        jo      5b
        la      %r13,7(%r2)
        nill    %r13,0xfff8
        brctg   %r12,4b
        stg     %r13,0x808
        llgf    %r1,0(%r14)
        agr     %r14,%r1
        stg     %r14,0x800
        lg      %r1,0x810
        aghi    %r1,-1
        stg     %r1,0x810
        lg      %r1,0x818
        aghi    %r1,1
        stg     %r1,0x818
        j       next
done:   larl    %r1,end
        lpswe   0(%r1)
        .balign 8
end:    .quad   0x0002000180000000,0x600d
program: .quad  {BA_EA},failed,{BA_EA},ended
"""
DONE = 0x818


def boot(program: Program, folder: Path, storage: int, timeout: float, patience: float = 0) -> tuple[Path, str]:
    """Boot a program and wait for its disabled wait, so many seconds; with `patience` no longer than that for the next
    case. Returns the file that is the guest's storage, and what happened otherwise, "" if it came to its wait. Raises
    PeerMissing."""
    if shutil.which(QEMU) is None:
        raise PeerMissing(REMEDY)
    (folder / "kernel.elf").write_bytes(program.to_elf())
    shared = folder / "storage"
    with shared.open("wb") as file:
        file.truncate(storage)
    command = [QEMU, "-machine", "s390-ccw-virtio,memory-backend=storage", "-accel", "tcg", "-cpu", "max"]
    command += [
        "-object",
        f"memory-backend-file,id=storage,size={storage},mem-path=storage,share=on",
        "-m",
        f"{storage}B",
    ]
    command += ["-display", "none", "-nodefaults", "-action", "panic=pause", "-qmp", "stdio", "-S"]
    with subprocess.Popen([*command, "-kernel", "kernel.elf"], cwd=folder, stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as qemu:  # fmt: skip
        assert qemu.stdin and qemu.stdout and qemu.stderr
        late, over = Event(), Event()
        watchdog = Thread(target=_watch, args=(qemu, shared, late, over, timeout, patience), daemon=True)
        watchdog.start()
        stopped = False
        try:
            for name in ("qmp_capabilities", "cont"):  # before the first there are no events
                print(json.dumps({"execute": name}), file=qemu.stdin, flush=True)
            for line in qemu.stdout:
                if "GUEST_PANICKED" in line and not stopped:
                    stopped = True
                    print(json.dumps({"execute": "quit"}), file=qemu.stdin, flush=True)
        except BrokenPipeError:
            pass
        finally:
            over.set()
            if not stopped:
                qemu.kill()
            watchdog.join()
        said = qemu.stderr.read().strip()
        qemu.wait()
    return (
        shared,
        "" if stopped else "does not end" if late.is_set() else f"ends QEMU: {said[-200:] or qemu.returncode}",
    )


def _watch(qemu: subprocess.Popen, shared: Path, late: Event, over: Event, timeout: float, patience: float) -> None:
    """Kill QEMU when its time is over, or that of a case."""
    begun = since = monotonic()
    done = 0
    with shared.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as storage:
        while not over.wait(0.2):
            now, count = monotonic(), int.from_bytes(storage[DONE : DONE + 8], "big")
            if count != done:
                done, since = count, now
            if now - begun > timeout or (patience and now - since > patience):
                late.set()
                qemu.kill()
                return


def version() -> str:
    """Return QEMU's name and version. Raises PeerMissing."""
    if shutil.which(QEMU) is None:
        raise PeerMissing(REMEDY)
    said = subprocess.run([QEMU, "--version"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"version (\S+)", said)
    return f"QEMU {found[1] if found else '?'}"


class Qemu:
    """qemu-system-s390x, its TCG and its greatest model. Raises PeerMissing."""

    def __init__(self) -> None:
        self.name = version()
        self.code = assemble(GUEST, origin=ORIGIN)

    def close(self) -> None:
        """There is nothing to end: each boot ends by itself."""

    def results(self, cases: list[Case]) -> Iterator[Result]:
        """Yield what became of each case; of one that QEMU never ends, or that ends QEMU, just that."""
        waiting, left = deque(cases), Left()
        while waiting:
            if (result := left.instead(waiting[0])) is not None:
                waiting.popleft()
                yield result
                continue
            batch = list(islice(waiting, BATCH))
            done, ended = self._boot(batch)
            yield from done
            for _ in done:
                waiting.popleft()
            if len(done) < len(batch):
                left.note(waiting[0])
                yield Result(waiting.popleft().before, ended=ended)

    def _boot(self, cases: list[Case]) -> tuple[list[Result], str]:
        """Return the results of the first cases, of all if nothing went wrong, and what did."""
        records = [_record(case) for case in cases]
        data = Section(".cases", INPUT, struct.pack(">Q", len(cases)) + b"".join(records))
        program = self.code._replace(sections=[*self.code.sections, data])
        with TemporaryDirectory() as folder:
            shared, ended = boot(program, Path(folder), STORAGE, TIMEOUT, PATIENCE)
            with shared.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as storage:
                done = min(int.from_bytes(storage[DONE : DONE + 8], "big"), len(cases))
                return list(_results(cases[:done], storage)), ended


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 8)


def _record(case: Case) -> bytes:
    """Return a case as the guest reads it. Behind the instruction it finds what executes it again, or ends the case."""
    before, start = case.before, case.before.psw_ia
    length = len(before.storage[start])
    tail = assemble(AGAIN.format(length)).sections[0].data if case.repeated else b""
    windows = [*before.storage.items(), (start + length, tail + SVC)]
    if case.after.psw_ia not in (start, start + length):  # a branch
        windows.append((case.after.psw_ia, SVC))
    stored = b"".join(struct.pack(">2Q", at, len(data)) + _padded(bytes(data)) for at, data in windows)
    header = HEADER.pack(HEADER.size + len(stored), len(windows), len(before.storage), 0, before.psw_mask, start,
                         before.cr0, before.fpc, *before.gr, vector_area(before),
                         *(before.cr.get(n, CONTROLS[n]) for n in range(1, REGISTERS)), *(before.ar or [0] * REGISTERS),
                         *next(iter(before.keys.items()), (0, 0)))  # fmt: skip
    return header + stored


SVC = bytes.fromhex("0a00")


def _results(cases: list[Case], storage: Any) -> Iterator[Result]:
    at = RESULTS
    for case in cases:
        fields = OUTCOME.unpack(storage[at : at + OUTCOME.size])
        at += OUTCOME.size
        gr, (vectors, fpc, what, dxc, _, mask, ia, cr0, *more) = fields[:16], fields[16:]
        windows = {}
        for address, data in case.before.storage.items():
            windows[address] = bytearray(storage[at : at + len(data)])
            at += len(data) + -len(data) % 8
        code = what & 0xFFFF
        if not code:
            ia -= len(SVC)
            if case.repeated and ia == case.after.psw_ia + 4 and mask >> CC_SHIFT & 3 != 3:
                ia -= 4  # what executes it again
        fpr, vr = registers_of(vectors, case)
        cr = {n: more[n - 1] for n in case.before.cr}
        ar = list(more[15:31]) if case.before.ar else []
        state = State(list(gr), fpr, fpc, cr0, mask, ia, windows, vr, cr, ar, dict.fromkeys(case.before.keys, more[31]))
        yield Result(state, code, dxc & 0xFF if code in EXPLAINED else 0)
