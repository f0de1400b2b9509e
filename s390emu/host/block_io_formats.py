"""Block I/O (DIAGNOSE X'250'): its formats and codes. docs/block-io.md, with the sources."""

from __future__ import annotations

from struct import Struct
from typing import NamedTuple

INITIALIZE, READ_WRITE, REMOVE = range(3)
PARAMETER_LIST_BYTES = 64
ENTRIES_MOST = 256
BLOCK_SIZES = (512, 1024, 2048, 4096)  # of a disk, in bytes

SUCCEEDED, PARTLY, FAILED = range(3)  # condition codes
# return codes
DONE, READ_ONLY, STARTED, SOME_FAILED = 0, 4, 8, 12
NO_DEVICE, BLOCK_SIZE_NOT_SUPPORTED, WRONG_STATE, WRONG_COUNT, ALL_FAILED = 16, 24, 28, 36, 40
# status of an entry
ENTRY_DONE, INVALID_BLOCK, ADDRESS_EXCEPTION, WRITE_TO_READ_ONLY = 0x00, 0x01, 0x02, 0x03
IO_ERROR, INVALID_TYPE, PROTECTION_EXCEPTION, RESERVED_NOT_ZERO, NOT_PROCESSED = 0x05, 0x06, 0x07, 0x0B, 0x0C
ALL_DONE, SOME_NOT_DONE, STATUS_NOT_STORED, REMOVED = range(4)  # status of an interruption

WRITE, READ = 1, 2  # types of entry
STATUS_OFFSET = 1  # in an entry
FORMAT_64 = 0x80
ASYNCHRONOUS, BYPASS_CACHE = 0x02, 0x01


class Layout:
    """fields: what there is; reserved: where zeros have to be."""

    def __init__(self, fields: Struct, *reserved: slice):
        self.fields = fields
        zeros = bytearray(fields.size)
        for part in reserved:
            zeros[part] = b"\xff" * len(zeros[part])
        self._reserved = int.from_bytes(zeros, "big")

    def read(self, data: bytes) -> tuple[int, ...] | None:
        """Return the fields; None if a reserved one is not zero."""
        return None if int.from_bytes(data, "big") & self._reserved else self.fields.unpack(data)


class Format(NamedTuple):
    """How parameter lists and entries lie in storage, with addresses of 31 or of 64 bits."""

    initialize: Layout  # block size, offset
    extent: tuple[int, int]  # where, and of how many bytes each, the first and the last block's number are stored
    read_write: Layout  # key, flags, count, then where the entries are and the interruption parameter, or reversed
    entry: Layout  # type, block, buffer
    addresses: int
    subcode: int  # of the interruption, in the byte before its status


FORMATS = {
    0: Format(
        Layout(Struct(">24xIi32x"), slice(3, 24), slice(40, 64)), (32, 4),
        Layout(Struct(">24xBB2xI4xII20x"), slice(3, 24), slice(26, 28), slice(44, 64)),
        Layout(Struct(">B3xi4xI"), slice(2, 4)), 0x7FFFFFFF, 0x0300,
    ),
    FORMAT_64: Format(
        Layout(Struct(">24xI4xq24x"), slice(3, 24), slice(28, 32), slice(56, 64)), (40, 8),
        Layout(Struct(">24xBB2xI8xQQ8x"), slice(3, 24), slice(26, 28), slice(36, 40), slice(56, 64)),
        Layout(Struct(">B7xqQ"), slice(2, 4)), (1 << 64) - 1, 0x0700,
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
        """Return what the list asks for; None where reserved bits are not zero."""
        fields = form.read_write.read(data)
        if fields is None or fields[0] & 0x0F or fields[1] & ~(ASYNCHRONOUS | BYPASS_CACHE):
            return None
        key, flags, count, entries, parameter = fields if not data[2] else (*fields[:3], fields[4], fields[3])
        return Request(key, bool(flags & ASYNCHRONOUS), entries & form.addresses, count, parameter)
