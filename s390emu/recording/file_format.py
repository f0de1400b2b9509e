"""The bytes of a recording. docs/recordings.md says it in words.

A header, then chunks, each with a checksum of its own, and at the end an index: whoever is killed while recording
leaves a file that can be read up to its last whole chunk.
"""

from __future__ import annotations

import zlib

import construct as c
import numpy as np

from s390emu.recording.mirror import DIGEST_BYTES
from s390emu.recording.state import ROW_BYTES

MAGIC = b"\x89S390REC\r\n\x1a\n"  # no text, and damaged by what changes the ends of lines
VERSION = 1
CHECKPOINT, MARK, INPUT, SYMBOLS, END, INDEX = b"CHKP", b"MARK", b"INPT", b"SYMB", b"STOP", b"INDX"
KINDS = (CHECKPOINT, MARK, INPUT, SYMBOLS, END, INDEX)
FULL, GIVEN = 1, 2  # flags of a checkpoint: against zeros; the world outside has put the guest into this state
MOST_HEADER = 1 << 20  # bytes of what is told of a recording
MOST_CHUNK = 1 << 32
MOST_BODY = 1 << 34  # bytes of a checkpoint, unpacked
COMPRESSION = 1  # zlib's level: the others take much longer, and save little
PIECE = 1 << 18  # bytes that are compressed at a time
SAMPLE = 1 << 13  # bytes of a piece by which is seen whether it is worth while: a kernel has been compressed already
WORTH_WHILE = 0.95

PREAMBLE = c.Struct(
    "magic" / c.Const(MAGIC),
    "version" / c.Int16ub,
    "length" / c.Int32ub,  # of the header that follows
    "check" / c.Int32ub,  # CRC-32 of the header
)
HEADER = c.Struct(
    "emulator" / c.PascalString(c.Int8ub, "utf8"),  # version of s390emu
    "command" / c.PascalString(c.Int8ub, "utf8"),
    "options" / c.Prefixed(c.Int32ub, c.GreedyBytes),  # of the machine: JSON; model and seed are among them
    "layout" / c.Prefixed(c.Int32ub, c.GreedyBytes),  # of the records in checkpoints: JSON
    "start" / c.Bytes(DIGEST_BYTES),  # digest of the start state
)
CHUNK = c.Struct(
    "kind" / c.Bytes(4),
    "length" / c.Int64ub,  # of the payload that follows
    "check" / c.Int32ub,  # CRC-32 of kind and payload
)
CHECKPOINT_T = c.Struct(
    "count" / c.Int64ub,
    "flags" / c.Int8ub,
    "digest" / c.Bytes(DIGEST_BYTES),  # of the state; of a mark, zeros: nobody has looked at all of it
    "unpacked" / c.Int64ub,  # bytes of the body before compression
    "packed" / c.GreedyBytes,  # the body; of a mark, the table of CPUs
)
CHECKPOINT_HEAD = 8 + 1 + DIGEST_BYTES + 8  # bytes, without what is packed
MOST_MARK = 1 << 20  # bytes of a mark, unpacked
WHOLE_ROW = 1 << 31  # in the number of a row: it is given as it is now, not as a difference
TABLE = c.Struct(
    "table" / c.PascalString(c.Int8ub, "ascii"),
    "rows" / c.Int32ub,
    "changed" / c.Int32ub,
    "numbers" / c.Bytes(c.this.changed * 4),  # of the rows that changed, 32 bits each, and WHOLE_ROW
    "content" / c.Bytes(c.this.changed * ROW_BYTES),
)
BODY = c.Struct("tables" / c.PrefixedArray(c.Int8ub, TABLE), "rest" / c.Prefixed(c.Int32ub, c.GreedyBytes))
INDEX_T = np.dtype([
    ("kind", "S4"), ("at", ">u8"),  # of the chunk
    ("length", ">u8"),  # of its payload
    ("count", ">u8"),  # of a checkpoint or mark, and so are the following; else zeros
    ("flags", "u1"), ("digest", f"V{DIGEST_BYTES}"),
])  # fmt: skip
FOOTER = c.Struct("index_at" / c.Int64ub, "magic" / c.Const(MAGIC[::-1]))


def pack(data: bytes | memoryview) -> bytes:
    """Return data compressed: zlib streams one after another, of its pieces."""
    data = memoryview(data)
    packed = []
    for at in range(0, len(data), PIECE):
        piece = data[at : at + PIECE]
        sample = piece[len(piece) // 2 :][:SAMPLE]
        short = len(zlib.compress(sample, COMPRESSION)) < WORTH_WHILE * len(sample)
        packed.append(zlib.compress(piece, COMPRESSION if short or len(piece) <= SAMPLE else 0))
    return b"".join(packed)


def unpack(packed: bytes, most: int) -> bytes | None:
    """Return what was packed; None if it is damaged, or more than so many bytes."""
    content, at = bytearray(), 0
    while at < len(packed):
        unpacking = zlib.decompressobj()
        while not unpacking.eof:
            part = packed[at : at + PIECE]
            try:
                content += unpacking.decompress(part, most + 1 - len(content))
            except zlib.error:
                return None
            if not part or len(content) > most:
                return None
            at += len(part) - len(unpacking.unused_data)
    return bytes(content)


def check_of(kind: bytes, payload: bytes) -> int:
    """Return the checksum of a chunk."""
    return zlib.crc32(payload, zlib.crc32(kind))
