"""DIAGNOSE X'250', block I/O, as z/VM has it and Linux's dasd_diag uses it. Docs: docs/block-io.md, with the sources.

The instruction's handler in `isa` has checked privilege, function and the parameter list's place. Here are the formats,
the environments, the operations and their ends. An operation is carried out in order of its entries when it is asked
for: writes are in the file then, and what is read waits outside storage. Its time is charged: a synchronous one ends
when the guest goes on; an asynchronous one ends at a time at which the host places the data, stores the status bytes
and makes the interruption pending. Until then the blocks of its buffers and of its list keep their frames.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from struct import Struct
from typing import NamedTuple

import numpy as np

from s390emu._jit import u64
from s390emu.architecture.interruptions import ADDRESSING, EXTERNAL_BLOCK_IO, PROTECTION, SPECIFICATION
from s390emu.architecture.page_states import ADDRESSING_EXCEPTION, BLOCK_VOLATILITY_EXCEPTION, TOUCH
from s390emu.architecture.sizes import BLOCK_SIZE
from s390emu.architecture.storage_key import ACC, FETCH_PROTECTION
from s390emu.host import kernels
from s390emu.host.block_device import BlockDevice, DiskError, Written
from s390emu.records.exits import COMPLETED
from s390emu.records.port import NO_TIME
from s390emu.storage.access import FETCH, STORE

INITIALIZE, READ_WRITE, REMOVE = range(3)
PARAMETER_LIST_BYTES = 64
ENTRIES_MOST = 256
BLOCK_SIZES = (512, 1024, 2048, 4096)
OPERATIONS_MOST = 64  # asynchronous ones of a guest at a time; more are done synchronously

SUCCEEDED, PARTLY, FAILED = range(3)  # condition codes
# return codes
DONE, READ_ONLY, STARTED, SOME_FAILED = 0, 4, 8, 12
NO_DEVICE, BLOCK_SIZE_NOT_SUPPORTED, WRONG_STATE, WRONG_COUNT, ALL_FAILED = 16, 24, 28, 36, 40
# status of an entry
ENTRY_DONE, INVALID_BLOCK, ADDRESS_EXCEPTION, WRITE_TO_READ_ONLY = 0x00, 0x01, 0x02, 0x03
IO_ERROR, INVALID_TYPE, PROTECTION_EXCEPTION, RESERVED_NOT_ZERO, NOT_PROCESSED = 0x05, 0x06, 0x07, 0x0B, 0x0C
ALL_DONE, SOME_NOT_DONE, STATUS_NOT_STORED, REMOVED = range(4)  # status of an interruption

WRITE, READ = 1, 2  # types of entry
STATUS = 1  # offset in an entry
FORMAT_64 = 0x80
ASYNCHRONOUS, BYPASS_CACHE = 0x02, 0x01
PREFIX_AREA = 2 * BLOCK_SIZE


# --- formats ---------------------------------------------------------------------------------------------------------


class Layout(NamedTuple):
    """The fields, and where zeros have to be."""

    fields: Struct
    reserved: tuple[slice, ...]

    def read(self, data: bytes) -> tuple[int, ...] | None:
        """The fields; None if a reserved one is not zero."""
        return None if any(any(data[part]) for part in self.reserved) else self.fields.unpack(data)


class Format(NamedTuple):
    """Parameter lists and entries with addresses of 31 or of 64 bits."""

    initialize: Layout  # block size, offset
    extent: tuple[int, int]  # where, and of how many bytes each, the first and the last block's number are stored
    read_write: Layout  # key, flags, count, then where the entries are and the interruption parameter, or reversed
    entry: Layout  # type, block, buffer
    addresses: int
    subcode: int  # of the interruption, in the byte before its status


FORMATS = {
    0: Format(
        Layout(Struct(">24xIi32x"), (slice(3, 24), slice(40, 64))), (32, 4),
        Layout(Struct(">24xBB2xI4xII20x"), (slice(3, 24), slice(26, 28), slice(44, 64))),
        Layout(Struct(">B3xi4xI"), (slice(2, 4),)), 0x7FFFFFFF, 0x0300,
    ),
    FORMAT_64: Format(
        Layout(Struct(">24xI4xq24x"), (slice(3, 24), slice(28, 32), slice(56, 64))), (40, 8),
        Layout(Struct(">24xBB2xI8xQQ8x"), (slice(3, 24), slice(26, 28), slice(36, 40), slice(56, 64))),
        Layout(Struct(">B7xqQ"), (slice(2, 4),)), (1 << 64) - 1, 0x0700,
    ),
}  # fmt: skip


class Request(NamedTuple):
    """The parameter list of a read/write operation, checked."""

    key: int
    asynchronous: bool
    entries: int  # where they are
    entry_count: int
    parameter: int

    @staticmethod
    def of(data: bytes, form: Format) -> Request | None:
        """None where reserved bits are not zero."""
        fields = form.read_write.read(data)
        if fields is None or fields[0] & 0x0F or fields[1] & ~(ASYNCHRONOUS | BYPASS_CACHE):
            return None
        key, flags, count, entries, parameter = fields if not data[2] else (*fields[:3], fields[4], fields[3])
        return Request(key, bool(flags & ASYNCHRONOUS), entries & form.addresses, count, parameter)


# --- a guest's disks and what goes on there --------------------------------------------------------------------------


class Environment(NamedTuple):
    """What INITIALIZE establishes for one device: block n of the guest is block n + offset - 1 of the disk."""

    block_size: int
    offset: int
    first: int
    last: int


@dataclass(frozen=True, eq=False)
class Operation:
    """An asynchronous operation that has not ended."""

    ends_at: int
    number: int  # in order of their beginning
    device: int
    form: Format
    request: Request
    statuses: list[int]  # of the entries
    read: dict[int, tuple[int, bytes]]  # by entry: where the data goes, and the data
    blocks: frozenset[int]  # pinned


@dataclass
class BlockIO:
    """Of one guest. disks, environments: by device number."""

    disks: dict[int, BlockDevice] = field(default_factory=dict)
    environments: dict[int, Environment] = field(default_factory=dict)
    operations: list[Operation] = field(default_factory=list)
    ended: deque[tuple[int, int]] = field(default_factory=deque)  # interruptions to be: parameter, subcode and status
    begun: int = 0

    def next_end(self) -> int:
        return min((operation.ends_at for operation in self.operations), default=int(NO_TIME))

    def snapshot(self) -> tuple[dict, list[Operation], list[tuple[int, int]], int, dict[int, Written]]:
        """An operation does not change any more."""
        written = {number: disk.snapshot() for number, disk in self.disks.items()}
        return dict(self.environments), list(self.operations), list(self.ended), self.begun, written

    def restore(self, snapshot) -> None:
        environments, operations, ended, self.begun, written = snapshot
        self.environments, self.operations, self.ended = dict(environments), list(operations), deque(ended)
        for number, parts in written.items():
            self.disks[number].restore(parts)


# --- the instruction -------------------------------------------------------------------------------------------------


def block_io(host, guest, cpu, port, insn: int) -> int:
    """-> the instruction's code (0: condition code and return code are set), or a code below zero."""
    r1, r3 = insn >> 52 & 15, insn >> 48 & 15
    function = int(cpu.gr[r3]) & 0xFFFFFFFF
    parts = _parameter_list(int(cpu.gr[r1]), int(cpu.amode), int(cpu.prefix))
    fetched = [_fetch(host, guest, absolute, length) for absolute, length in parts]
    assert None not in fetched, "the handler saw to it that all of the list is there"
    data = b"".join(part for part in fetched if part)
    device = int.from_bytes(data[:2], "big")
    if function == REMOVE:
        result = SPECIFICATION if any(data[2:]) else _remove(host, guest, device)
    elif (form := FORMATS.get(data[2])) is None:
        result = SPECIFICATION
    elif function == INITIALIZE:
        result = _initialize(host, guest, device, form, data, parts)
    elif (request := Request.of(data, form)) is None:
        result = SPECIFICATION
    else:
        result = _read_write(host, guest, device, form, request)
    if isinstance(result, int):
        return result
    cpu.cc, return_code = result
    cpu.gr[r1 + 1] = u64(int(cpu.gr[r1 + 1]) >> 32 << 32 | return_code)
    return 0


def _initialize(host, guest, device: int, form: Format, data: bytes, parts) -> int | tuple[int, int]:
    fields = form.initialize.read(data)
    if fields is None:
        return SPECIFICATION
    block_size, offset = fields
    io = host.block_io[guest.number]
    disk = io.disks.get(device)
    if disk is None:
        return FAILED, NO_DEVICE
    if block_size not in BLOCK_SIZES:
        return FAILED, BLOCK_SIZE_NOT_SUPPORTED
    if device in io.environments:
        return FAILED, WRONG_STATE
    made = Environment(block_size, offset, 1 - offset, disk.size // block_size - offset)
    at, width = form.extent
    extent = b"".join((number % (1 << 8 * width)).to_bytes(width, "big") for number in (made.first, made.last))
    place = 0
    for absolute, length in parts:
        start, end = max(at, place), min(at + 2 * width, place + length)
        if start < end:
            _store(host, guest, absolute + start - place, extent[start - at : end - at])
        place += length
    io.environments[device] = made
    return SUCCEEDED, READ_ONLY if disk.read_only else DONE


def _remove(host, guest, device: int) -> tuple[int, int]:
    """What has not ended is given up: its reads have not taken place, its writes have."""
    io = host.block_io[guest.number]
    if device not in io.disks:
        return FAILED, NO_DEVICE
    if device not in io.environments:
        return FAILED, WRONG_STATE
    del io.environments[device]
    given_up = [operation for operation in io.operations if operation.device == device]
    for operation in given_up:
        statuses = [NOT_PROCESSED if n in operation.read else s for n, s in enumerate(operation.statuses)]
        _end(host, guest, operation, statuses, REMOVED)
    if given_up:
        server = io.disks[device].server
        server.free_at = min(server.free_at, host.now(guest.number))
        host.arm(guest)
    return SUCCEEDED, DONE


def _read_write(host, guest, device: int, form: Format, request: Request) -> int | tuple[int, int]:
    io = host.block_io[guest.number]
    if device not in io.disks:
        return FAILED, NO_DEVICE
    if device not in io.environments:
        return FAILED, WRONG_STATE
    if not 1 <= request.entry_count <= ENTRIES_MOST:
        return FAILED, WRONG_COUNT
    length = request.entry_count * form.entry.fields.size
    if code := _denial(host, guest, request.entries, length, request.key, STORE):
        return code
    entries = _fetch(host, guest, request.entries, length)
    if entries is None:
        return ADDRESSING
    work = _Work(host, guest, io.disks[device], io.environments[device], form, request.key)
    guest.statistics.disk_operations += 1
    if request.asynchronous:
        pinned = _pinned(host, guest, work, request, entries)
        if isinstance(pinned, int):
            return pinned
        if pinned is not None:
            _start(host, guest, device, form, request, work, entries, pinned)
            return SUCCEEDED, STARTED
    statuses = []
    for entry in work.split(entries):
        status, place, data = work.perform(entry)
        if data and not _store(host, guest, place, data):
            status = ADDRESS_EXCEPTION
        statuses.append(status)
    _store_statuses(host, guest, form, request, statuses)
    host.wait_for_disk(guest, work.disk.server.finish(host.charge(guest), work.service()))
    if not any(statuses):
        return SUCCEEDED, DONE
    return (FAILED, ALL_FAILED) if all(statuses) else (PARTLY, SOME_FAILED)


class _Work:
    """The entries of one operation."""

    def __init__(self, host, guest, disk: BlockDevice, environment: Environment, form: Format, key: int):
        self.host, self.guest, self.disk, self.environment = host, guest, disk, environment
        self.form, self.key = form, key
        self.transferred = 0

    def split(self, entries: bytes) -> Iterator[bytes]:
        size = self.form.entry.fields.size
        return (entries[at : at + size] for at in range(0, len(entries), size))

    def service(self) -> int:
        return self.host.service.disk(self.transferred)

    def checked(self, entry: bytes) -> tuple[int, int, int, int]:
        """-> status, type, byte on the disk, address of the buffer."""
        fields = self.form.entry.read(entry)
        if fields is None:
            return RESERVED_NOT_ZERO, 0, 0, 0
        environment = self.environment
        kind, block, buffer = fields[0], fields[1], fields[2] & self.form.addresses
        at = (block + environment.offset - 1) * environment.block_size
        if not environment.first <= block <= environment.last:
            return INVALID_BLOCK, kind, at, buffer
        if kind not in (WRITE, READ):
            return INVALID_TYPE, kind, at, buffer
        access = STORE if kind == READ else FETCH
        if code := _denial(self.host, self.guest, buffer, environment.block_size, self.key, access):
            return ADDRESS_EXCEPTION if code == ADDRESSING else PROTECTION_EXCEPTION, kind, at, buffer
        if kind == WRITE and self.disk.read_only:
            return WRITE_TO_READ_ONLY, kind, at, buffer
        return ENTRY_DONE, kind, at, buffer

    def perform(self, entry: bytes) -> tuple[int, int, bytes]:
        """-> status; the buffer's address, and what is to be stored there."""
        status, kind, at, buffer = self.checked(entry)
        if status != ENTRY_DONE:
            return status, buffer, b""
        size, statistics = self.environment.block_size, self.guest.statistics
        data = _fetch(self.host, self.guest, buffer, size) if kind == WRITE else b""
        if data is None:
            return ADDRESS_EXCEPTION, buffer, b""
        self.transferred += size
        try:
            if kind == WRITE:
                self.disk.write(at, data)
                statistics.disk_writes += 1
                return ENTRY_DONE, buffer, b""
            data = self.disk.read(at, size)
            statistics.disk_reads += 1
            return ENTRY_DONE, buffer, data
        except DiskError:
            statistics.disk_errors += 1
            return IO_ERROR, buffer, b""


# --- asynchronous operations -----------------------------------------------------------------------------------------


def _pinned(host, guest, work: _Work, request: Request, entries: bytes) -> frozenset[int] | int | None:
    """Bring and pin the blocks of the list and of the buffers; None if that would leave a guest too few frames."""
    blocks = set(_numbers(request.entries, len(entries)))
    for entry in work.split(entries):
        status, _, _, buffer = work.checked(entry)
        if status == ENTRY_DONE:
            blocks.update(_numbers(buffer, work.environment.block_size))
    if not host.can_pin(guest, blocks) or len(host.block_io[guest.number].operations) >= OPERATIONS_MOST:
        return None
    done: list[int] = []
    for number in sorted(blocks):
        outcome = host.pin(guest.number, number)
        if outcome != COMPLETED:
            _unpin(host, guest, done)
            return outcome
        done.append(number)
    return frozenset(blocks)


def _unpin(host, guest, blocks: Iterable[int]) -> None:
    for number in blocks:
        host.unpin(guest.number, number)


def _start(host, guest, device, form, request, work: _Work, entries: bytes, pinned: frozenset[int]) -> None:
    io = host.block_io[guest.number]
    statuses, read = [], {}
    for number, entry in enumerate(work.split(entries)):
        status, place, data = work.perform(entry)
        statuses.append(status)
        if data:
            read[number] = place, data
    ends_at = work.disk.server.finish(host.charge(guest), work.service())
    io.operations.append(Operation(ends_at, io.begun, device, form, request, statuses, read, pinned))
    io.begun += 1
    host.arm(guest)


def deliver(host, guest) -> None:
    """End what has come to its time; let one interruption become pending."""
    io, now = host.block_io[guest.number], host.now(guest.number)
    due = [operation for operation in io.operations if operation.ends_at <= now]
    for operation in sorted(due, key=lambda operation: (operation.ends_at, operation.number)):
        for place, data in operation.read.values():
            _store(host, guest, place, data)
        _end(host, guest, operation, operation.statuses, SOME_NOT_DONE if any(operation.statuses) else ALL_DONE)
    record = guest.storage.record
    if io.ended and not int(record.floating) & int(EXTERNAL_BLOCK_IO):
        record.block_io_parameter, record.block_io_status = io.ended.popleft()
        record.floating |= EXTERNAL_BLOCK_IO


def _end(host, guest, operation: Operation, statuses: list[int], status: int) -> None:
    io = host.block_io[guest.number]
    io.operations.remove(operation)
    if not _store_statuses(host, guest, operation.form, operation.request, statuses):
        status = STATUS_NOT_STORED
    _unpin(host, guest, operation.blocks)
    io.ended.append((operation.request.parameter, operation.form.subcode | status))


def reset(host, guest) -> None:
    """No environment, no operation, no interruption is left."""
    io = host.block_io[guest.number]
    for operation in io.operations:
        _unpin(host, guest, operation.blocks)
    io.environments.clear()
    io.operations.clear()
    io.ended.clear()
    host.arm(guest)


# --- storage ---------------------------------------------------------------------------------------------------------


def _numbers(absolute: int, length: int) -> range:
    """The blocks in which these bytes lie."""
    return range(absolute // BLOCK_SIZE, (absolute + length - 1) // BLOCK_SIZE + 1)


def _parts(absolute: int, length: int) -> Iterator[tuple[int, int, int]]:
    """Block, offset and length of each part, and there may be several."""
    while length:
        number, offset = divmod(absolute, BLOCK_SIZE)
        part = min(length, BLOCK_SIZE - offset)
        yield number, offset, part
        absolute, length = absolute + part, length - part


def _parameter_list(real: int, mode: int, prefix: int) -> list[tuple[int, int]]:
    """Absolute address and length of its parts. PoP ch. 3 "Prefixing"."""
    parts = []
    for number, offset, part in _parts(real & mode, PARAMETER_LIST_BYTES):
        address = (number * BLOCK_SIZE + offset) & mode
        area = address // PREFIX_AREA * PREFIX_AREA
        parts.append((address ^ prefix if area in (0, prefix) else address, part))
    return parts


def _denial(host, guest, absolute: int, length: int, key: int, kind: int) -> int:
    """May the channel reach these bytes? 0, ADDRESSING or PROTECTION. Blocks that the guest hinted away are not there
    (docs/page-hinting.md D14); low-address protection and the overrides are the CPU's alone."""
    storage = guest.storage
    numbers = _numbers(absolute, length)
    for number in numbers:
        if number >= len(storage.blocks):
            return ADDRESSING
        action = kernels.action_of(guest.address, number, TOUCH)
        if action in (ADDRESSING_EXCEPTION, BLOCK_VOLATILITY_EXCEPTION):
            return ADDRESSING
    for number in numbers if key else ():
        block = storage.blocks[number]
        storage_key = int(block.acc_f if block.invalid else host.frame_table[block.frame].key)
        if storage_key & ACC != key and (kind == STORE or storage_key & FETCH_PROTECTION):
            return PROTECTION
    return 0


def _resident(host, guest, number: int) -> np.ndarray | None:
    """The bytes of the block, brought if need be. None: it is not there any more. The guest had hinted it away, and for
    a block brought since it was checked the host has taken it."""
    host.bring(guest, number)
    return None if guest.invalid[number] else host.memory[guest.frame[number]]


def _fetch(host, guest, absolute: int, length: int) -> bytes | None:
    """None: some of it is not there any more."""
    data = b""
    for number, offset, part in _parts(absolute, length):
        frame = _resident(host, guest, number)
        if frame is None:
            return None
        data += frame[offset : offset + part].tobytes()
        kernels.touch(guest.address, number * BLOCK_SIZE + offset, part, FETCH)
    return data


def _store(host, guest, absolute: int, data: bytes) -> bool:
    """As a channel does: reference and change bit, decoded instructions. False: so far as it is there."""
    at = 0
    for number, offset, part in _parts(absolute, len(data)):
        frame = _resident(host, guest, number)
        if frame is None:
            return False
        kernels.touch(guest.address, number * BLOCK_SIZE + offset, part, STORE)
        frame[offset : offset + part] = np.frombuffer(data[at : at + part], np.uint8)
        at += part
    return True


def _store_statuses(host, guest, form: Format, request: Request, statuses: list[int]) -> bool:
    """Into the list; False if it may not be stored into any more."""
    size = form.entry.fields.size
    if _denial(host, guest, request.entries, size * len(statuses), request.key, STORE):
        return False
    for entry, status in enumerate(statuses):
        if not _store(host, guest, request.entries + entry * size + STATUS, bytes([status])):
            return False
    return True
