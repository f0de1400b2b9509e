"""What all replay files have in common: their schema, and contents of files packed as text."""

from __future__ import annotations

import base64
import zlib

from s390emu.input_files import FileError
from s390emu.shapes import Text

SCHEMA = "s390emu.replay/1"
HOST_EVENTS = "host-events"  # kind of file: a guest's run and what the host did to it; else a command line
LARGEST_INPUT = 16 << 20  # bytes of a file whose content is kept
MOST_UNPACKED = 128 << 20  # bytes of one content of a replay file
PACKED = Text(1 << 26)


def emulator_version() -> str:
    """Return the version that a file is written by."""
    from importlib.metadata import PackageNotFoundError, version  # slow to import

    try:
        return version("s390emu")
    except PackageNotFoundError:
        return "not installed"


def packed(content: bytes) -> str:
    """Return bytes as a replay file has them."""
    return base64.b64encode(zlib.compress(content, 9)).decode()


def unpacked(text: str, name: str, most: int = MOST_UNPACKED) -> bytes:
    """Return the bytes that `packed` made this of, at most so many. Raises FileError."""
    unpacking = zlib.decompressobj()
    try:
        content = unpacking.decompress(decoded(text, name), most + 1)
    except zlib.error as error:
        raise FileError(f"{name}: damaged: {error}") from None
    if len(content) > most or not unpacking.eof:
        raise FileError(f"{name}: cut off, or all together more than {MOST_UNPACKED >> 20} MB")
    return content


def decoded(text: str, name: str) -> bytes:
    """Return the bytes of a text in base 64. Raises FileError."""
    try:
        return base64.b64decode(text, validate=True)
    except ValueError as error:
        raise FileError(f"{name}: damaged: {error}") from None
