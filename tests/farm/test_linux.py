"""Farms of Linux guests without Linux: a small guest prints what its storage says, as the real one's /init would."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

import pytest

from s390emu.assembler.assemble import assemble
from s390emu.farm import linux as farm_linux
from s390emu.farm.cell import LINUX, Cell
from s390emu.farm.linux import LinuxExperiment, boot
from s390emu.farm.run import run_cell
from s390emu.guests import linux_worker
from s390emu.guests.linux import SIGNATURE, SIGNATURE_ADDRESS, Kernel, LinuxError
from s390emu.guests.linux_worker import Files, Twin
from s390emu.machine import START_MASK, Machine, Reason
from s390emu.machine.clone import Original, keep

RAM = 64 << 20
LINES, STRIDE = 0x20000, 64  # where the SCCBs of its lines are, one behind the other
REQUESTS, BALLOON = 40, 7
CELL = Cell(kind=LINUX, linux="digest", guests=1, ratio=1.0, policy="none", ram=RAM, burst=16, warmup=5, requests=10,
            least=0, quantum=20)  # fmt: skip
PRINTER = f"""
start:  larl    %r1,external
        mvc     0x1B0(16),0(%r1)
        larl    %r1,service
        lctlg   %c0,%c0,0(%r1)
        llilf   %r2,0x00760005          # WRITE EVENT DATA
        llilf   %r8,{LINES}
        lghi    %r9,0
next:   clc     0(2,%r8),6(%r8)         # no SCCB: stop
        je      stop
        servc   %r2,%r8
        larl    %r1,wait
        lpswe   0(%r1)
told:   aghi    %r8,{STRIDE}
        j       next
stop:   sigp    %r0,%r9,5
        .balign 8
service: .quad  0x200
wait:   .quad   0x0102000180000000,0
external: .quad 0x0000000180000000,told
"""


def sccb(line: str) -> bytes:
    """WRITE EVENT DATA of a line of characters."""
    text = line.encode() + b"\n"
    event = (6 + len(text)).to_bytes(2, "big") + b"\x1a\0\0\0" + text
    return ((8 + len(event)).to_bytes(2, "big") + bytes(6) + event).ljust(STRIDE, b"\0")


def lines(seed: int) -> list[str]:
    """What a guest with this seed prints from GO to its end."""
    twin = Twin(seed, CELL.burst, CELL.filled().idle_ms)
    requests = list(islice(twin.requests(), REQUESTS))
    return [*requests, f"STOPPED {BALLOON}", *twin.remaining(), "END"]


def printer(*printed: str) -> list[tuple[int, bytes]]:
    """The guest's storage."""
    return [*assemble(PRINTER, origin=0x12000).image(), (LINES, b"".join(map(sccb, printed)) + bytes(STRIDE))]


def ready(*printed: str) -> Original:
    """A guest that waits for its GO, whereupon it prints this."""
    machine = Machine(RAM)
    for address, data in printer(*printed):
        machine.write(address, data)
    machine.set_psw(START_MASK, 0x12000)
    machine.host.guests[0].console.characters(linux_worker.READY)
    return keep(machine)


def kernel(*printed: str) -> Files:
    """A kernel that prints this as it boots."""
    pieces = (SIGNATURE_ADDRESS, SIGNATURE), *printer(*printed)
    return Files(Kernel("kernel", tuple(pieces), (START_MASK, 0x12000), {}), b"busybox", "digest")


@pytest.fixture
def run(monkeypatch, tmp_path):
    """Run a cell whose guests all print the same: -> rows."""

    def run(cell: Cell, *printed: str) -> list[dict]:
        original = ready(*printed)
        monkeypatch.setattr(farm_linux, "_original", lambda *_: original)
        return LinuxExperiment(cell.filled(), tmp_path, tmp_path).run()

    return run


def test_rows_have_requests_the_hosts_counters_and_the_verdict(run):
    single, together = run(CELL, *lines(1000))
    assert (single["guest"], together["guest"]) == (0, "all")
    assert (single["kind"], single["linux"]) == (LINUX, "digest")
    assert CELL.requests <= together["requests"] < REQUESTS
    assert together["requests_per_second"] > 0
    assert together["balloon_blocks"] == BALLOON
    assert (together["outcome"], together["checksum_ok"]) == ("ok", True)


def test_a_guest_that_prints_the_sums_of_another_has_lost_data(run):
    *singles, together = run(replace(CELL, guests=2), *lines(1000))
    assert [row["checksum_ok"] for row in singles] == [True, False]
    assert together["outcome"] == "data lost"


def test_a_guest_that_ends_without_a_report_is_told(run):
    row = run(CELL, *lines(1000)[:-1])[-1]
    assert row["checksum_ok"] is False
    assert str(Reason.STOPPED) in row["outcome"]


def test_counters_that_linux_has_not_are_no_columns(run):
    together = run(CELL, *lines(1000))[-1]
    assert not {"discard_faults", "cache_hits", "disk_rereads", "instructions_task"} & together.keys()


def test_time_begins_where_the_boot_has_ended(monkeypatch, tmp_path):
    monkeypatch.setattr(farm_linux, "STEP", 10)
    original = boot(kernel(*["booting"] * 5, "READY", *lines(1000)), RAM, essa=False)
    monkeypatch.setattr(farm_linux, "_original", lambda *_: original)
    farm = LinuxExperiment(CELL.filled(), tmp_path, tmp_path).farm
    assert farm.now == farm.guests[0].machine.now > 0


def test_a_boot_ends_when_init_is_ready(monkeypatch):
    monkeypatch.setattr(farm_linux, "STEP", 10)
    original = boot(kernel("booting", "READY", *["later"] * 20), RAM, essa=True)
    machine = Machine(RAM)
    farm_linux.start(original, machine)
    assert machine.console.startswith("booting\nREADY\n")
    assert machine.console.count("later") < 20
    assert machine.run().reason is Reason.STOPPED
    assert machine.console.count("later") == 20


def test_a_kernel_that_does_not_come_to_init_is_refused_with_its_last_words():
    with pytest.raises(LinuxError, match=r"stopped.*booting / Kernel panic"):
        boot(kernel("booting", "Kernel panic"), RAM, essa=True)


def test_other_files_than_those_of_the_cell_are_refused(monkeypatch, tmp_path):
    monkeypatch.setattr(linux_worker, "read_files", lambda _: kernel("READY"))
    with pytest.raises(LinuxError, match="not those of this cell"):
        LinuxExperiment(replace(CELL, linux="another").filled(), tmp_path, tmp_path)


def test_a_cell_of_linux_guests_needs_the_files():
    with pytest.raises(ValueError, match="where are kernel and busybox"):
        run_cell(CELL)
