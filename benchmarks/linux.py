"""Linux on s390emu and on QEMU, the same kernel and files in one run: instructions, seconds, instructions per second.

    tools/fetch-linux ~/linux && python benchmarks/linux.py ~/linux

The kernel boots with an initramfs made here, runs a script (checksums, pipes, forks), `dd bs=1` (two system calls for
each byte) and powers off. Every boot is a process of its own, s390emu and QEMU taking turns, and so does the loop of
run.py, for the speed of the computer at that time: the ratios to it can be compared between computers, and so can the
CPU seconds where other work goes on. `cold` is with an empty cache of compiled code. At last, a C program with DAT on
and off, taking turns in one process.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from run import PSW_MASK, ROUND_COUNTER, Ours, programs

from s390emu.guests import initramfs

QEMU = "qemu-system-s390x"
RAM_MB = 128
APPEND = "console=ttysclp0 cryptomgr.notests=1 nokaslr"
DD_BYTES = 30_000
EPOCH = "1700000000"
INIT, SCRIPT, DD = "benchmark: init", "benchmark: script", "benchmark: dd"
SCRIPT_TEXT = f"""#!/bin/busybox sh
echo {INIT}
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc; mount -t sysfs sysfs /sys; mount -t tmpfs tmpfs /tmp
head -c 1000000 /dev/zero >/tmp/z; md5sum /tmp/z; sha256sum /tmp/z; gzip -c /tmp/z | wc -c
for i in $(seq 1 20); do echo $i | tr 1-5 a-e; done | md5sum
grep -c . /proc/meminfo; ls -lR /proc/sys | wc -l
echo {SCRIPT}
dd if=/dev/zero of=/dev/null bs=1 count={{bytes}} 2>/dev/null
echo {DD}
poweroff -f
"""
DEVICES = "/dev/console c 5 1 600\n/dev/null c 1 3 666\n/dev/zero c 1 5 666\n"
FOLDERS = ("proc", "sys", "tmp", "bin")
DAT = 1 << 58
TABLES, SEGMENT_BYTES, PAGE_TABLE_BYTES, PAGE_BYTES = 4 << 20, 1 << 20, 2048, 4096


def archive(busybox: Path, dd_bytes: int) -> bytes:
    """Return an initramfs with the script."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for below in FOLDERS:
            (folder / below).mkdir()
        shutil.copy(busybox, folder / "bin" / "busybox")
        (folder / "init").write_text(SCRIPT_TEXT.format(bytes=dd_bytes))
        for program in (folder / "bin" / "busybox", folder / "init"):
            program.chmod(0o755)
        return initramfs.archive(folder, initramfs.device_list(DEVICES))


def boot(kernel: str, initrd: str) -> None:
    """Boot in this process, and print what it took as JSON: CPU seconds of the process and instructions, by mark."""
    from s390emu.commands.options.values import epoch
    from s390emu.guests.linux import image, read_kernel
    from s390emu.machine import Machine, Reason

    machine = Machine(RAM_MB << 20, tod_epoch=epoch(EPOCH))
    read = read_kernel(Path(kernel).read_bytes())
    for address, data in image(read, RAM_MB << 20, Path(initrd).read_bytes(), APPEND):
        machine.write(address, data)
    machine.set_psw(*read.psw)
    marks = {"start": (time.process_time(), 0)}
    waiting = [INIT, SCRIPT, DD]
    while True:
        stop = machine.run(1_000_000)
        while waiting and waiting[0] in machine.console:
            marks[waiting.pop(0)] = time.process_time(), machine.count
        if stop.reason is not Reason.LIMIT:
            break
    marks["end"] = time.process_time(), machine.count
    if waiting or stop.reason is not Reason.STOPPED:
        raise RuntimeError(f"{stop}\n{machine.console[-2000:]}")
    print(json.dumps(marks))


def timed(command: list[str], environment: dict[str, str]) -> dict:
    """Return what a command writes, and its seconds: until it writes INIT if it does, in all, and of the CPU."""
    before, started, to_init, lines = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter(), None, []
    with subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True, errors="replace",
                          env=os.environ | environment) as process:  # fmt: skip
        for line in process.stdout:
            lines.append(line)
            if INIT in line and to_init is None:
                to_init = time.perf_counter() - started
    if process.returncode:
        raise RuntimeError(f"{command[0]}: exit code {process.returncode}\n{''.join(lines[-20:])}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"text": "".join(lines), "wall": time.perf_counter() - started, "cpu": cpu, "to_init": to_init}


def boot_ours(kernel: Path, initrd: str, cache: str | None) -> dict:
    done = timed([sys.executable, __file__, "--boot", str(kernel), initrd], {"S390EMU_CACHE": cache} if cache else {})
    marks = json.loads(done["text"])

    def rate(first: str, last: str) -> float:
        return (marks[last][1] - marks[first][1]) / (marks[last][0] - marks[first][0]) / 1e6

    return {
        "instructions": marks["end"][1], "to_init": marks[INIT][1], "wall_s": done["wall"], "cpu_s": done["cpu"],
        "start_cpu_s": marks["start"][0], "to_init_cpu_s": marks[INIT][0], "boot": rate("start", "end"),
        "kernel": rate("start", INIT), "script": rate(INIT, SCRIPT), "dd": rate(SCRIPT, DD),
    }  # fmt: skip


def boot_qemu(kernel: Path, initrd: str) -> dict:
    done = timed([QEMU, "-M", "s390-ccw-virtio", "-cpu", "max", "-m", str(RAM_MB), "-nographic", "-no-reboot",
                  "-kernel", str(kernel), "-initrd", initrd, "-append", APPEND], {})  # fmt: skip
    if DD not in done["text"]:
        raise RuntimeError(f"{QEMU}: did not get to the end\n{done['text'][-2000:]}")
    return {"wall_s": done["wall"], "cpu_s": done["cpu"], "to_init_wall_s": done["to_init"]}


def rate_of(ours: Ours, rounds: int, mask: int = PSW_MASK) -> float:
    """Run a program of run.py; return M instructions per CPU second."""
    machine = ours.machine
    machine.restore(ours.first)
    machine.set_psw(mask, ours.program.entry)
    machine.gr[ROUND_COUNTER] = rounds
    started = time.process_time()
    machine.run(until=(ours.program.done,))
    return machine.count / (time.process_time() - started) / 1e6


def identity_tables(machine) -> None:
    """Let every page be mapped to itself, by tables in storage that no program of run.py uses."""
    segments = machine.storage.size // SEGMENT_BYTES
    for segment in range(segments):
        origin = TABLES + PAGE_BYTES + segment * PAGE_TABLE_BYTES
        first = segment * SEGMENT_BYTES
        pages = range(first, first + SEGMENT_BYTES, PAGE_BYTES)
        machine.write(origin, b"".join(page.to_bytes(8, "big") for page in pages))
        machine.write(TABLES + 8 * segment, origin.to_bytes(8, "big"))
    machine.cr[1] = TABLES


def dat(turns: int, scale: float) -> dict[str, float]:
    """Return, by program of run.py, how fast it is with DAT on: 1.0 as fast as with DAT off."""
    ratios = {}
    for program in programs(scale):
        ours = Ours(program, storage=2 * TABLES)
        identity_tables(ours.machine)
        ours.first = ours.machine.snapshot()
        rate_of(ours, max(1, program.rounds // 100))
        pairs = [(rate_of(ours, program.rounds, PSW_MASK | DAT), rate_of(ours, program.rounds)) for _ in range(turns)]
        ratios[program.name] = round(statistics.median(on / off for on, off in pairs), 3)
    return ratios


def medians(rows: list[dict]) -> dict:
    """Return the median of each figure of these runs."""
    return {name: round(statistics.median_low(row[name] for row in rows), 3) for name in rows[0]}


def measure(folder: Path, turns: int, dd_bytes: int, cold: bool) -> dict:
    kernel = folder / "vmlinuz"
    loop = Ours(programs(1.0)[0])
    rate_of(loop, loop.program.rounds // 100)
    found = {"schema": "s390emu.linux-benchmark/1", "unit": "s, M instructions per CPU second, median"}
    if (folder / "packages").exists():
        found["packages"] = (folder / "packages").read_text().strip().replace("\n", ", ")
    with tempfile.NamedTemporaryFile(suffix=".cpio") as initrd, tempfile.TemporaryDirectory() as empty:
        initrd.write(archive(folder / "busybox", dd_bytes))
        initrd.flush()
        if cold:
            found["cold"] = medians([boot_ours(kernel, initrd.name, empty)])
        boot_ours(kernel, initrd.name, None)
        warm, peer, ratios = [], [], []
        for _ in range(turns):
            rates = [rate_of(loop, loop.program.rounds // 2)]
            warm.append(boot_ours(kernel, initrd.name, None))
            rates.append(rate_of(loop, loop.program.rounds // 2))
            speed = statistics.mean(rates)
            ratios.append({"loop": speed} | {f"{name}/loop": warm[-1][name] / speed for name in ("boot", "dd")})
            if shutil.which(QEMU):
                peer.append(boot_qemu(kernel, initrd.name))
        if len({row["instructions"] for row in warm}) != 1:
            raise RuntimeError("boots of the same files differ in their instruction counts")
        found["warm"], found["ratios"] = medians(warm), medians(ratios)
        found["qemu"] = medians(peer) if peer else f"{QEMU} is missing"
    found["dat on/off"] = dat(turns, 0.3)
    return found


def check_folder(parser: argparse.ArgumentParser, folder: Path | None) -> None:
    """End with an error if this is no folder with a kernel and busybox."""
    if folder is None or not (folder / "vmlinuz").exists() or not (folder / "busybox").exists():
        parser.error("give a folder with vmlinuz and busybox: tools/fetch-linux FOLDER")


def tell(found: dict, *, as_json: bool) -> None:
    """Print what was measured: names with values, or with tables of them."""
    if as_json:
        print(json.dumps(found, indent=1))
        return
    for name, values in found.items():
        if isinstance(values, dict):
            print(name)
            for key, value in values.items():
                print(f"  {key:36}{value:>16,}" if isinstance(value, int) else f"  {key:36}{value:>16,.6g}")
        else:
            print(f"{name}: {values}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", help="with vmlinuz and busybox, as tools/fetch-linux makes it")
    parser.add_argument("--turns", type=int, default=3, help="boots of each (3)")
    parser.add_argument("--dd", type=int, default=DD_BYTES, metavar="BYTES", help=f"of dd bs=1 ({DD_BYTES})")
    parser.add_argument("--no-cold", action="store_true", help="no boot with an empty cache")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--boot", nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.boot:
        boot(*args.boot)
        return
    check_folder(parser, args.folder)
    found = measure(args.folder, args.turns, args.dd, not args.no_cold)
    tell(found, as_json=args.json)


if __name__ == "__main__":
    main()
