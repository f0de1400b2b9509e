"""What it costs to record a Linux boot: CPU seconds with and without, taking turns; the file; how soon one is there.

    tools/fetch-linux ~/linux && python benchmarks/recording.py ~/linux

The kernel boots with the initramfs of linux.py and powers off, each time in a process of its own. `speed` is that of
recorded boots where that of the others is 1. The file begins with the guest's start state, what was loaded; what it
grows by from then on is told by second of CPU time. Then the middle of the boot is shown, `--show` instructions of it,
which are executed again from the checkpoint before them.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from pathlib import Path

from linux import APPEND, DD_BYTES, EPOCH, RAM_MB, archive, check_folder, medians, tell, timed

SHOWN = 20


def s390emu(*words: object) -> dict:
    """Return what a command writes and the seconds that it took."""
    return timed([sys.executable, "-m", "s390emu", *map(str, words)], {})


def boot(kernel: Path, initrd: str, *more: object) -> float:
    """Boot; return CPU seconds."""
    return s390emu("linux", "--kernel", kernel, "--initrd", initrd, "--append", APPEND, "--ram", f"{RAM_MB}M",
                   "--epoch", EPOCH, *more)["cpu"]  # fmt: skip


def measure(folder: Path, turns: int, dd_bytes: int, shown: int, more: list[str]) -> dict:
    """Return the figures."""
    kernel = folder / "vmlinuz"
    with tempfile.TemporaryDirectory() as name:
        initrd, file = Path(name) / "initrd", Path(name) / "boot.s390rec"
        initrd.write_bytes(archive(folder / "busybox", dd_bytes))
        boot(kernel, str(initrd), *more)  # compiles what is not yet
        pairs = [(boot(kernel, str(initrd), *more), boot(kernel, str(initrd), *more, "--record", file))
                 for _ in range(turns)]  # fmt: skip
        recorded = statistics.median(row[1] for row in pairs)
        told = s390emu("trace", "stats", file, "--json")
        about = json.loads(told["text"])
        middle = about["last"] // 2
        show = s390emu("trace", "show", file, "--kinds", "insn", "--from", middle, "--count", shown)
        if len(show["text"].splitlines()) < shown:
            raise RuntimeError(f"{shown} instructions were to be shown:\n{show['text']}")
        grown = about["bytes"] - about["start_bytes"]
        return {
            "schema": "s390emu.recording-benchmark/1", "unit": "s of CPU, but wall; bytes; medians",
            "boots": medians([{"plain": plain, "recorded": with_it, "speed": plain / with_it}
                              for plain, with_it in pairs]),
            "file": {"instructions": about["last"], "bytes": about["bytes"], "start state": about["start_bytes"],
                     "bytes/s": round(about["bytes"] / recorded), "grows by bytes/s": round(grown / recorded),
                     "checkpoints": len(about["checkpoints"]), "marks": about["marks"]},
            "read": medians([{"stats": told["cpu"], "stats, wall": told["wall"], "middle shown": show["cpu"],
                              "middle shown, wall": show["wall"]}]),
        }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="with vmlinuz and busybox, as tools/fetch-linux makes it")
    parser.add_argument("--turns", type=int, default=3, help="boots of each (3)")
    parser.add_argument("--dd", type=int, default=DD_BYTES, metavar="BYTES", help=f"of dd bs=1 ({DD_BYTES})")
    parser.add_argument("--show", type=int, default=SHOWN, metavar="N", help=f"instructions in the middle ({SHOWN})")
    parser.add_argument("--with", nargs="+", dest="more", default=[], metavar="WORD",
                        help="options of both boots, without dashes: --with cpus 2 frames 48M")  # fmt: skip
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    check_folder(parser, args.folder)
    more = [f"--{word}" if n % 2 == 0 else word for n, word in enumerate(args.more)]
    found = measure(args.folder, args.turns, args.dd, args.show, more)
    tell(found, as_json=args.json)


if __name__ == "__main__":
    main()
