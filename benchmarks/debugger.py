"""What going back in time costs, in the middle of a Linux boot: CPU seconds, as other work may go on beside it.

    tools/fetch-linux ~/linux && python benchmarks/debugger.py ~/linux

The boot is that of linux.py. It is remembered while it runs (`machine.remember`), and recorded (`run --record`) and
read again, and each past is asked the same: steps back at moments that nobody has been near to, more of them there, and
to continue backwards over a thousand million instructions, which a breakpoint and a watchpoint never stop.
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from linux import APPEND, EPOCH, RAM_MB, archive, check_folder, tell

from s390emu.commands.options.values import epoch
from s390emu.debugger.target import Target, Why
from s390emu.guests.linux import image, read_kernel
from s390emu.machine import Machine, Reason
from s390emu.recording import Recording, RunRecorder, Writer
from s390emu.recording.replayer import past

FAR = 1_000_000_000  # instructions to continue backwards over
NOBODY = 0x7FFF_FFFF_FFFF_F000  # an address at which no instruction is
UNTOUCHED = 0x2000  # absolute address of a doubleword that Linux leaves alone
MOMENTS = 7
STEPS = 5
DD_BYTES = 30_000


def machine() -> Machine:
    return Machine(RAM_MB << 20, tod_epoch=epoch(EPOCH))


def loaded(folder: Path) -> Machine:
    """Return a machine about to start the kernel."""
    made, kernel = machine(), read_kernel((folder / "vmlinuz").read_bytes())
    for address, data in image(kernel, RAM_MB << 20, archive(folder / "busybox", DD_BYTES), APPEND):
        made.write(address, data)
    made.set_psw(*kernel.psw)
    return made


def timed(act: Callable[[], object]) -> float:
    """Return the CPU seconds that it takes."""
    before = time.process_time()
    act()
    return time.process_time() - before


def boot(folder: Path) -> Machine:
    """Return a machine that has booted and powered off."""
    booted = loaded(folder)
    stop = booted.run()
    if stop.reason is not Reason.STOPPED:
        raise RuntimeError(f"{stop}\n{booted.console[-2000:]}")
    return booted


def ask(target: Target, seed: int = 1) -> dict:
    """Return what a past answers to, and how long it takes."""
    history, dice = target.history, random.Random(seed)
    if history.end < FAR:
        raise RuntimeError(f"the boot is {history.end:,} instructions only")
    first, again = [], []
    for _ in range(MOMENTS):
        history.goto(dice.randrange(FAR // 2, history.end))
        first.append(timed(target.step_back))
        again += [timed(target.step_back) for _ in range(STEPS)]
    history.goto(FAR)
    target.add_breakpoint(NOBODY)
    target.add_watchpoint("write", UNTOUCHED, 8, absolute=True)
    far = timed(target.resume_back)
    if (target.halt.why, target.machine.count) != (Why.BEGIN, history.start):
        raise RuntimeError(f"stopped at {target.machine.count:,}: {target.halt}")
    return {"step back, there first": statistics.median(first), "... the longest": max(first),
            "step back, there again": statistics.median(again), "... the longest there again": max(again),
            f"continue back over {FAR:,}": far}  # fmt: skip


def measure(folder: Path) -> dict:
    boot(folder)  # compiles
    found: dict = {"schema": "s390emu.debugger-benchmark/1", "unit": "CPU s"}
    plain = timed(lambda: boot(folder))
    remembered = loaded(folder)
    history = remembered.remember()
    told = {"boot": plain, "boot, remembered": timed(remembered.run), "instructions": remembered.count,
            "checkpoints": len(history.checkpoints)}  # fmt: skip
    found["remembered"] = told | ask(Target(remembered))
    recorded = loaded(folder)
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "boot.s390rec"
        with RunRecorder(recorded, Writer(path)) as recorder:
            seconds = timed(recorder.run)
        with Recording.open(path, lambda _: machine()) as recording:
            told = {"boot, recorded": seconds, "bytes": recording.size, "checkpoints": len(recording.checkpoints)}
            found["recorded"] = told | ask(Target(past(recording).machine))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="with vmlinuz and busybox, as tools/fetch-linux makes it")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    check_folder(parser, args.folder)
    found = measure(args.folder)
    tell(found, as_json=args.json)


if __name__ == "__main__":
    main()
