"""DIAGNOSE X'250', block I/O, as z/VM has it and Linux's dasd_diag uses it. Docs: docs/block-io.md, with the sources.

The instruction's handler in `isa` has checked privilege, function and the parameter list's place. Formats and codes are
in `block_io_formats`, what goes on in `block_io_state`; here are the operations. One is carried out in order of its
entries when it is asked for: writes are in the file then, and what is read waits outside storage. Its time is charged:
a synchronous one ends when the guest goes on; an asynchronous one ends at a time at which the host places the data,
stores the status bytes and makes the interruption pending. Until then the blocks of its buffers and of its list keep
their frames.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from s390emu._jit import u64
from s390emu.architecture.interruptions import ADDRESSING, EXTERNAL_BLOCK_IO, SPECIFICATION
from s390emu.host import channel
from s390emu.host.block_device import DiskError
from s390emu.host.block_io_formats import (
    ADDRESS_EXCEPTION,
    ALL_DONE,
    ALL_FAILED,
    BLOCK_SIZE_NOT_SUPPORTED,
    BLOCK_SIZES,
    DONE,
    ENTRIES_MOST,
    ENTRY_DONE,
    FAILED,
    FORMATS,
    INITIALIZE,
    INVALID_BLOCK,
    INVALID_TYPE,
    IO_ERROR,
    NO_DEVICE,
    NOT_PROCESSED,
    PARAMETER_LIST_BYTES,
    PARTLY,
    PROTECTION_EXCEPTION,
    READ,
    READ_ONLY,
    REMOVE,
    REMOVED,
    RESERVED_NOT_ZERO,
    SOME_FAILED,
    SOME_NOT_DONE,
    STARTED,
    STATUS_NOT_STORED,
    STATUS_OFFSET,
    SUCCEEDED,
    WRITE,
    WRITE_TO_READ_ONLY,
    WRONG_COUNT,
    WRONG_STATE,
    Format,
    Request,
)
from s390emu.host.block_io_state import Environment, Operation
from s390emu.host.guest import Guest
from s390emu.records.exits import COMPLETED
from s390emu.storage.access import FETCH, STORE

Checked = tuple[int, int, int, int]  # an entry's status (so far), type, byte on the disk, address of the buffer
OPERATIONS_MOST = 64  # asynchronous ones of a guest at a time; more are done synchronously

# --- the instruction -------------------------------------------------------------------------------------------------


def block_io(host, guest, cpu, port, insn: int) -> int:
    """Complete DIAGNOSE X'250': return the instruction's code (0: condition code and return code are set), or a code
    below zero."""
    r1, r3 = insn >> 52 & 15, insn >> 48 & 15
    function, number = int(cpu.gr[r3]) & 0xFFFFFFFF, int(port.cpu_address)
    parts = channel.absolute_parts(int(cpu.gr[r1]), PARAMETER_LIST_BYTES, int(cpu.amode), int(cpu.prefix))
    fetched = [channel.fetch(host.pager, guest, absolute, length) for absolute, length in parts]
    assert None not in fetched, "the handler saw to it that all of the list is there"
    data = b"".join(part for part in fetched if part)
    device = int.from_bytes(data[:2], "big")
    if function == REMOVE:
        result = SPECIFICATION if any(data[2:]) else _remove(host, guest, number, device)
    elif (form := FORMATS.get(data[2])) is None:
        result = SPECIFICATION
    elif function == INITIALIZE:
        result = _initialize(host, guest, device, form, data, parts)
    elif (request := Request.of(data, form)) is None:
        result = SPECIFICATION
    else:
        result = _read_write(host, guest, number, device, form, request)
    if isinstance(result, int):
        return result
    cpu.cc, return_code = result
    cpu.gr[r1 + 1] = u64(int(cpu.gr[r1 + 1]) >> 32 << 32 | return_code)
    return 0


def _initialize(host, guest, device: int, form: Format, data: bytes, parts) -> int | tuple[int, int]:
    """Establish an environment: return condition code and return code, or a program-interruption code."""
    fields = form.initialize.read(data)
    if fields is None:
        return SPECIFICATION
    block_size, offset = fields
    io = guest.block_io
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
            channel.store(host.pager, guest, absolute + start - place, extent[start - at : end - at])
        place += length
    io.environments[device] = made
    return SUCCEEDED, READ_ONLY if disk.read_only else DONE


def _remove(host, guest, cpu: int, device: int) -> tuple[int, int]:
    """Remove an environment: return condition code and return code. What has not ended there is given up: its reads
    have not taken place, its writes have."""
    io = guest.block_io
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
        server.free_at = min(server.free_at, guest.now_for(cpu))
        guest.arm()
    return SUCCEEDED, DONE


def _read_write(host, guest, cpu: int, device: int, form: Format, request: Request) -> int | tuple[int, int]:
    """Carry out an operation, or start it: return condition code and return code, or a code as of the instruction."""
    io = guest.block_io
    if device not in io.disks:
        return FAILED, NO_DEVICE
    if device not in io.environments:
        return FAILED, WRONG_STATE
    if not 1 <= request.entry_count <= ENTRIES_MOST:
        return FAILED, WRONG_COUNT
    length = request.entry_count * form.entry.fields.size
    if code := channel.denial(guest, request.entries, length, request.key, STORE):
        return code
    entries = channel.fetch(host.pager, guest, request.entries, length)
    if entries is None:
        return ADDRESSING
    work = _Work(host, guest, cpu, device, form, request)
    guest.statistics.disk_operations += 1
    if request.asynchronous:
        checked = [work.checked(asked) for asked in work.asked(entries)]
        pinned = _pinned(work, checked, len(entries))
        if isinstance(pinned, int):
            return pinned
        if pinned is not None:
            _start(work, checked, pinned)
            return SUCCEEDED, STARTED
    statuses = _carry_out(work, work.asked(entries))
    _store_statuses(host, guest, form, request, statuses)
    host.delays.wait_for_disk(guest, cpu, work.ends_at())
    if not any(statuses):
        return SUCCEEDED, DONE
    return (FAILED, ALL_FAILED) if all(statuses) else (PARTLY, SOME_FAILED)


def _carry_out(work: _Work, asked: list[Checked]) -> list[int]:
    """Carry out entries in their order; return their statuses. Reads of blocks that follow each other on the disk are
    one access to it, and stored together as far as that is simple."""
    size, ahead = work.environment.block_size, b""  # what was read for the next entries
    statuses: list[int] = []
    while (first := len(statuses)) < len(asked):
        ahead = ahead or work.read_ahead(asked, first)
        placed = work.place(asked[first : first + len(ahead) // size], ahead) if ahead else 0
        statuses += [ENTRY_DONE] * placed
        ahead = ahead[placed * size :]
        if ahead or not placed:
            statuses.append(work.carry_out(asked[first + placed], ahead[:size]))
            ahead = ahead[size:]
    return statuses


class _Work:
    """One operation, and who asks for it: CPU `cpu` of the guest, of this device, in this form."""

    def __init__(self, host, guest: Guest, cpu: int, device: int, form: Format, request: Request):
        self.host, self.guest, self.cpu, self.device, self.form, self.request = host, guest, cpu, device, form, request
        self.disk, self.environment = guest.block_io.disks[device], guest.block_io.environments[device]
        self.transferred = 0  # bytes

    def ends_at(self) -> int:
        """Return when the disk will have done what was performed so far, for a CPU that has waited for paging."""
        charged = self.host.delays.charge(self.guest, self.cpu)
        return self.disk.server.finish(charged, self.host.delays.service.disk(self.transferred))

    def asked(self, entries: bytes) -> list[Checked]:
        """Return the entries, checked so far as that does not depend on storage."""
        size = self.form.entry.fields.size
        return [self._asked(entries[at : at + size]) for at in range(0, len(entries), size)]

    def _asked(self, entry: bytes) -> Checked:
        fields = self.form.entry.read(entry)
        if fields is None:
            return RESERVED_NOT_ZERO, 0, 0, 0
        environment = self.environment
        kind, block, buffer = fields
        at = (block + environment.offset - 1) * environment.block_size
        status = ENTRY_DONE
        if not environment.first <= block <= environment.last:
            status = INVALID_BLOCK
        elif kind not in (WRITE, READ):
            status = INVALID_TYPE
        return status, kind, at, buffer & self.form.addresses

    def checked(self, asked: Checked) -> Checked:
        """Check an entry, now that it is its turn."""
        status, kind, at, buffer = asked
        if status != ENTRY_DONE:
            return asked
        access, size, key = STORE if kind == READ else FETCH, self.environment.block_size, self.request.key
        if code := channel.denial(self.guest, buffer, size, key, access):
            return ADDRESS_EXCEPTION if code == ADDRESSING else PROTECTION_EXCEPTION, kind, at, buffer
        if kind == WRITE and self.disk.read_only:
            return WRITE_TO_READ_ONLY, kind, at, buffer
        return asked

    def perform(self, checked: Checked, ahead: bytes = b"") -> tuple[int, int, bytes]:
        """Carry out an entry, for which `ahead` was read already: return its status, the buffer's address, and what is
        to be stored there."""
        status, kind, at, buffer = checked
        if status != ENTRY_DONE:
            return status, buffer, b""
        size, statistics = self.environment.block_size, self.guest.statistics
        data = channel.fetch(self.host.pager, self.guest, buffer, size) if kind == WRITE else b""
        if data is None:
            return ADDRESS_EXCEPTION, buffer, b""
        self.transferred += size
        try:
            if kind == WRITE:
                self.disk.write(at, data)
                statistics.disk_writes += 1
                return ENTRY_DONE, buffer, b""
            data = ahead or self.disk.read(at, size)
            statistics.disk_reads += 1
            return ENTRY_DONE, buffer, data
        except DiskError:
            statistics.disk_errors += 1
            return IO_ERROR, buffer, b""

    def carry_out(self, asked: Checked, ahead: bytes) -> int:
        """Check and carry out an entry, for which `ahead` was read already, to its end; return its status."""
        status, buffer, data = self.perform(self.checked(asked), ahead)
        if data and not channel.store(self.host.pager, self.guest, buffer, data):
            return ADDRESS_EXCEPTION
        return status

    def read_ahead(self, asked: list[Checked], first: int) -> bytes:
        """Return what the disk has for this entry and those after it, while they are reads of neighbours there; nothing
        where there is none, or an error, which is for the entry to meet."""
        size, (_, _, start, _), count = self.environment.block_size, asked[first], 0
        for status, kind, at, _ in islice(asked, first, None):
            if status != ENTRY_DONE or kind != READ or at != start + count * size:
                break
            count += 1
        try:
            return self.disk.read(start, count * size) if count else b""
        except DiskError:
            return b""

    def place(self, asked: list[Checked], data: bytes) -> int:
        """Carry out these entries to their end with what was read for them; return how many, as `channel.place` does.
        """
        buffers = [buffer for _, _, _, buffer in asked]
        placed = channel.place(self.host.pager, self.guest, buffers, data, self.request.key)
        self.transferred += placed * self.environment.block_size
        self.guest.statistics.disk_reads += placed
        return placed


# --- asynchronous operations -----------------------------------------------------------------------------------------


def _pinned(work: _Work, checked: list[Checked], list_bytes: int) -> frozenset[int] | int | None:
    """Bring and pin the blocks of the list and of the buffers, and return them. None if that would leave a guest too
    few frames; a code below zero if one cannot be had."""
    host, guest = work.host, work.guest
    blocks = set(channel.blocks_of(work.request.entries, list_bytes))
    for status, _, _, buffer in checked:
        if status == ENTRY_DONE:
            blocks.update(channel.blocks_of(buffer, work.environment.block_size))
    if not host.limit.can_pin(guest, blocks) or len(guest.block_io.operations) >= OPERATIONS_MOST:
        return None
    done: list[int] = []
    for number in sorted(blocks):
        outcome = host.pin(guest.number, number)
        if outcome != COMPLETED:
            _unpin(host, guest, done)
            return outcome
        done.append(number)
    return frozenset(blocks)


def _unpin(host, guest: Guest, blocks: Iterable[int]) -> None:
    """Undo one pin of each of these blocks."""
    for number in blocks:
        host.unpin(guest.number, number)


def _start(work: _Work, checked: list[Checked], pinned: frozenset[int]) -> None:
    """Begin an asynchronous operation: all but placing what is read, and the statuses, is done now. What was checked
    still holds: the blocks of its buffers are pinned."""
    io = work.guest.block_io
    statuses, read = [], {}
    for number, entry in enumerate(checked):
        status, place, data = work.perform(entry)
        statuses.append(status)
        if data:
            read[number] = place, data
    io.operations.append(
        Operation(work.ends_at(), io.begun, work.device, work.form, work.request, statuses, read, pinned)
    )
    io.begun += 1
    work.guest.arm()


def deliver(host, guest: Guest) -> None:
    """End what has come to its time; let one interruption become pending."""
    io, now = guest.block_io, max(guest.now, guest.blocked_until())
    due = [operation for operation in io.operations if operation.ends_at <= now]
    for operation in sorted(due, key=lambda operation: (operation.ends_at, operation.number)):
        for place, data in operation.read.values():
            channel.store(host.pager, guest, place, data)
        _end(host, guest, operation, operation.statuses, SOME_NOT_DONE if any(operation.statuses) else ALL_DONE)
    record = guest.storage.record
    if io.ended and not int(record.floating) & int(EXTERNAL_BLOCK_IO):
        record.block_io_parameter, record.block_io_status = io.ended.popleft()
        record.floating |= EXTERNAL_BLOCK_IO


def _end(host, guest: Guest, operation: Operation, statuses: list[int], status: int) -> None:
    """End an operation: store the statuses of its entries, and queue its interruption with this status."""
    io = guest.block_io
    io.operations.remove(operation)
    if not _store_statuses(host, guest, operation.form, operation.request, statuses):
        status = STATUS_NOT_STORED
    _unpin(host, guest, operation.blocks)
    io.ended.append((operation.request.parameter, operation.form.subcode | status))


def reset(host, guest: Guest) -> None:
    """Drop every environment, operation and interruption."""
    io = guest.block_io
    for operation in io.operations:
        _unpin(host, guest, operation.blocks)
    io.environments.clear()
    io.operations.clear()
    io.ended.clear()
    guest.arm()


def _store_statuses(host, guest, form: Format, request: Request, statuses: list[int]) -> bool:
    """Store the status bytes into the list; False if it may not be stored into any more."""
    size = form.entry.fields.size
    if channel.denial(guest, request.entries, size * len(statuses), request.key, STORE):
        return False
    return channel.store_apart(host.pager, guest, request.entries + STATUS_OFFSET, size, bytes(statuses))
