"""The archives that `ar` writes: their members, as GNU and BSD name them.

Thin archives, which hold only the names of their members, are refused; the user can give those files themselves.
"""

from __future__ import annotations

from collections.abc import Iterator

from s390emu.assembler.elf import ElfError

MAGIC, THIN_MAGIC = b"!<arch>\n", b"!<thin>\n"
HEADER_BYTES = 60
NAME, SIZE, END = slice(0, 16), slice(48, 58), slice(58, 60)  # of a member's header
INDEXES = ("/", "/SYM64/", "__.SYMDEF", "__.SYMDEF SORTED")  # members that only say where each symbol is defined
LONG_NAMES = "//"


def is_archive(data: bytes | memoryview) -> bool:
    """True if the bytes begin like an archive, thin or not."""
    return data[: len(MAGIC)] in (MAGIC, THIN_MAGIC)


def members(data: bytes | memoryview, name: str) -> Iterator[tuple[str, memoryview]]:
    """Yield the name and the content of each member of the archive in `data`, a file of that name."""
    if data[: len(THIN_MAGIC)] == THIN_MAGIC:
        raise ElfError(f"{name}: a thin archive, which has names only; give the files that it names")
    view, at, long_names = memoryview(data), len(MAGIC), b""
    while at < len(view):
        header = bytes(view[at : at + HEADER_BYTES])
        size = header[SIZE].decode("ascii", "replace").strip()
        if header[END] != b"`\n" or not (size.isascii() and size.isdigit()):
            raise ElfError(f"{name}: damaged: no member's header at {at:#x}")
        start, end = at + HEADER_BYTES, at + HEADER_BYTES + int(size)
        if end > len(view):
            raise ElfError(f"{name}: damaged: the member at {at:#x} is longer than the file")
        title, content = _text(header[NAME]).rstrip(" "), view[start:end]
        at = end + end % 2
        if title == LONG_NAMES:
            long_names = bytes(content)
            continue
        if title.startswith("#1/"):  # BSD: the name is before the content
            length = _number(title[3:], len(content), name)
            title, content = _text(bytes(content[:length]).rstrip(b"\0")), content[length:]
        elif title[:1] == "/" and title not in INDEXES:  # GNU: the name is among the long ones
            offset = _number(title[1:], len(long_names), name)
            title = _text(long_names[offset:].partition(b"\n")[0])
        if title not in INDEXES:
            yield title.removesuffix("/"), content


def _number(digits: str, most: int, name: str) -> int:
    """Return the number that a member's name has in its place; `most` is the greatest that can be right."""
    if not (digits.isascii() and digits.isdigit() and int(digits) <= most):
        raise ElfError(f"{name}: damaged: a member's name is not where its header says")
    return int(digits)


def _text(name: bytes) -> str:
    return name.decode("utf-8", "backslashreplace")
