"""A guest that does block I/O (DIAGNOSE X'250'), one instruction at a time, for tests."""

from __future__ import annotations

from struct import pack
from typing import NamedTuple

from s390emu.architecture.sizes import BLOCK_SIZE
from s390emu.assembler.assemble import assemble
from s390emu.host.block_device import BlockDevice
from s390emu.host.host import Host
from s390emu.host.paging_device import PagingDevice
from s390emu.machine import Machine, Reason

BLOCK = BLOCK_SIZE
BLOCKS, DISK_BLOCKS = 64, 8
SIZE = BLOCKS * BLOCK
DEVICE = 0x100
CODE, LIST, ENTRIES, BUFFER = 0x8000, 0x9000, 0xA000, 0x10000
START = 0x0000000180000000
EXTERNAL, WAIT, PROBLEM = 1 << 56, 1 << 49, 1 << 48
HANDLER = 0xE00  # code of the disabled wait that is the external new PSW
SERVICE_SIGNAL = 1 << 9
INITIALIZE, READ_WRITE, REMOVE = range(3)
WRITE, READ = 1, 2
ASYNCHRONOUS = 2
PROGRAM = "program"


def content(block: int) -> bytes:
    """Of a block of a new disk."""
    return pack(">Q", (block + 1) * 0x0101010101010101) * (BLOCK // 8)


class Entry(NamedTuple):
    kind: int
    block: int
    buffer: int
    reserved: int = 0

    def build(self, form: int) -> bytes:
        head = pack(">BBH", self.kind, 0xEE, self.reserved)
        if form:
            return head + pack(">IqQ", 0, self.block, self.buffer)
        return head + pack(">iII", self.block, 0, self.buffer)


class Channel:
    """One guest with a disk. `call` executes one DIAGNOSE: -> (condition code, return code), or the code of the program
    interruption as a plain number."""

    def __init__(self, path, *, frames=BLOCKS, paging=True, host=None, read_only=False, size=SIZE, **host_options):
        if not path.exists():
            path.write_bytes(b"".join(content(n) for n in range(DISK_BLOCKS)))
        self.path = path
        self.host = host or Host(frames, PagingDevice(path.parent) if paging else None, **host_options)
        self.machine = Machine(size, host=self.host)
        self.guest = self.machine.guest_number
        self.storage, self.cpu, self.record = self.machine.storage, self.machine.cpu, self.machine.port
        self.disk = BlockDevice(path, read_only=read_only)
        self.host.attach_disk(self.guest, DEVICE, self.disk)
        self.machine.write(CODE, assemble("diag %r2,%r4,0x250", origin=CODE).sections[0].data)
        for new in (0x1B0, 0x1D0, 0x1E0):
            self.machine.write(new, pack(">QQ", START | WAIT, HANDLER))
        self.cpu.cr[0] |= SERVICE_SIGNAL
        self.form = 0x80

    # --- the instruction ---------------------------------------------------------------------------------------------

    def call(self, function: int, parameters: bytes | None, at: int = LIST, mask: int = START):
        machine = self.machine
        if parameters is not None:
            machine.write(at, parameters)
        machine.set_psw(mask, CODE)
        machine.gr[2], machine.gr[3], machine.gr[4] = at, 0xAAAAAAAA_BBBBBBBB, function
        before = int(self.record.interruption_count.sum())
        stop = machine.step()
        assert stop is None or stop.reason is Reason.WAITING
        if int(self.record.interruption_count.sum()) != before:
            assert machine.gr[3] == 0xAAAAAAAA_BBBBBBBB
            return machine.last_interruption.code
        assert int(machine.gr[3]) >> 32 == 0xAAAAAAAA
        return machine.psw[0] >> 44 & 3, int(machine.gr[3]) & 0xFFFFFFFF

    def header(self, device: int = DEVICE) -> bytes:
        return pack(">HB21x", device, self.form)

    def initialize(self, block_size: int = BLOCK, offset: int = 0, device: int = DEVICE):
        if self.form:
            fields = pack(">I4xqqq8x", block_size, offset, -1, -1)
        else:
            fields = pack(">Iiii24x", block_size, offset, -1, -1)
        return self.call(INITIALIZE, self.header(device) + fields)

    def extent(self) -> tuple[int, int]:
        at, width = (40, 8) if self.form else (32, 4)
        data = self.machine.read(LIST + at, 2 * width)
        return tuple(int.from_bytes(data[n : n + width], "big", signed=True) for n in (0, width))

    def request(self, *, key=0, flags=0, count=1, entries=ENTRIES, parameter=0, device=DEVICE) -> bytes:
        if self.form:
            fields = pack(">BBHI8xQQ8x", key << 4, flags, 0, count, parameter, entries)
        else:
            fields = pack(">BBHI4xII20x", key << 4, flags, 0, count, entries, parameter)
        return self.header(device) + fields

    def transfer(self, *entries: Entry, at: int = ENTRIES, **request):
        data = b"".join(entry.build(self.form) for entry in entries)
        self.machine.write(at, data)
        return self.call(READ_WRITE, self.request(**{"count": len(entries), "entries": at} | request))

    def start(self, *entries: Entry, **request):
        return self.transfer(*entries, flags=ASYNCHRONOUS, **request)

    def remove(self, device: int = DEVICE):
        return self.call(REMOVE, pack(">H62x", device))

    # --- afterwards --------------------------------------------------------------------------------------------------

    def statuses(self, count: int, at: int = ENTRIES) -> list[int]:
        size = 24 if self.form else 16
        return [self.machine.read(at + n * size + 1, 1)[0] for n in range(count)]

    def on_disk(self, block: int) -> bytes:
        return self.path.read_bytes()[block * BLOCK : (block + 1) * BLOCK]

    def wait(self):
        """In the enabled wait until an interruption: -> (code, subcode and status, both parameters), or the Stop."""
        machine = self.machine
        machine.set_psw(START | EXTERNAL | WAIT, 0)
        machine.write(0x80, bytes(8))
        machine.write(0x11B8, bytes(8))
        stop = machine.run(limit=10)
        if stop.exit_code != HANDLER:
            return stop
        numbers = machine.read(0x80, 8)
        return (
            int.from_bytes(numbers[6:], "big"),
            int.from_bytes(numbers[4:6], "big"),
            int.from_bytes(numbers[:4], "big"),
            int.from_bytes(machine.read(0x11B8, 8), "big"),
        )

    def state(self, address: int) -> str:
        return self.storage.block(address // BLOCK).name

    def key(self, address: int) -> int:
        return self.storage.key(address // BLOCK)

    def pinned(self, address: int) -> int:
        return int(self.storage.blocks.pinned[address // BLOCK])
