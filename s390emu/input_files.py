"""Reads and writes files for everybody: only regular files of a bounded size, only valid text, and through no link.

What the user names on the command line may be a pipe too. What a file names (`.include`) may not, and lies below a
folder that the user has named. docs/inputs.md has a table of what each kind of input may touch.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

MOST_BYTES = 256 << 20  # of a program or a binary
MOST_TEXT_BYTES = 64 << 20  # of what is read as text: sources, traces, descriptions, cells, replay files

DEEPEST = 100  # brackets within each other
_BRACKETS = re.compile(r"""[][{}]|"(?:[^"\\]++|\\.)*+"?""", re.DOTALL)  # or a string, whatever is in it

_record: list[Path] | None = None


class FileError(Exception):
    """Raised for a file that is refused; the message names it and says why."""


@contextmanager
def recording() -> Iterator[list[Path]]:
    """Yield a list to which the absolute path of every file read meanwhile is added."""
    global _record
    before, _record = _record, []
    try:
        yield _record
    finally:
        _record = before


def read(path: str | Path, most: int = MOST_BYTES, *, pipe: bool = False) -> bytes:
    """Return the bytes of a regular file, or with `pipe` of a pipe. Raises FileError, and OSError with the path."""
    waits = pipe and stat.S_ISFIFO(os.stat(path).st_mode)  # an open that does not wait would read nothing from it
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOCTTY | (0 if waits else os.O_NONBLOCK))
    try:
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if not stat.S_ISREG(mode) and not (pipe and stat.S_ISFIFO(mode)):
            raise FileError(f"{path}: {_KINDS.get(stat.S_IFMT(mode), 'something else')}, not a file")
        with open(descriptor, "rb", closefd=False) as file:
            data = file.read(most + 1)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error
    finally:
        os.close(descriptor)
    if len(data) > most:
        raise FileError(f"{path}: more than {most >> 20} MB, which is no file of this kind")
    if _record is not None:
        _record.append(Path(os.path.abspath(path)))
    return data


_KINDS = {stat.S_IFIFO: "a pipe", stat.S_IFCHR: "a device", stat.S_IFBLK: "a device", stat.S_IFSOCK: "a socket"}


def read_text(path: str | Path, errors: str = "strict", *, pipe: bool = False) -> str:
    """Return the text of a file in UTF-8. Raises FileError, and OSError with the path."""
    return as_text(read(path, MOST_TEXT_BYTES, pipe=pipe), path, errors)


def as_text(data: bytes, name: str | Path, errors: str = "strict") -> str:
    """Return bytes in UTF-8 as text whose lines end in a line feed. Raises FileError."""
    if len(data) > MOST_TEXT_BYTES:
        raise FileError(f"{name}: more than {MOST_TEXT_BYTES >> 20} MB, which is no text")
    try:
        return data.decode("utf-8", errors).replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        what = f"byte {data[error.start]:#04x} at {error.start}"
        raise FileError(f"{name}: not text in UTF-8 ({what}); save it as UTF-8") from error


def lies_below(path: str | Path, folders: Iterable[str | Path]) -> bool:
    """True if the path, with links followed, is in or below one of the folders."""
    real = Path(os.path.realpath(path))
    return any(real.is_relative_to(os.path.realpath(folder)) for folder in folders)


def replace_file(path: str | Path, data: str | bytes) -> None:
    """Write a file, whole or not at all. Raises OSError with the path.

    Text is written in UTF-8, with question marks for lone surrogates. A link of that name is replaced, not followed.
    """
    path = Path(path)
    if not path.name:
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    draft = path.with_name(f".{path.name[:100]}.{os.urandom(8).hex()}")
    try:
        with open(draft, "xb") as file:
            file.write(data.encode(errors="replace") if isinstance(data, str) else data)
        os.replace(draft, path)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error
    finally:
        with suppress(FileNotFoundError):
            draft.unlink()


def json_value(text: str, name: str | Path) -> Any:
    """Return the value of a JSON text; reject NaN, infinite numbers and lone surrogates. Raises FileError."""
    import json  # guests need none

    _check_depth(text, name)
    try:
        value = json.loads(text, parse_constant=_no_number, parse_float=_finite)
        if "\\u" in text:
            json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise FileError(f"{name}: not JSON of ours: half of a character (\\ud800 to \\udfff) in a string") from None
    except ValueError as error:
        raise FileError(f"{name}: not JSON: {str(error).partition(';')[0]}") from None
    return value


def _check_depth(text: str, name: str | Path) -> None:
    """Reject brackets nested deeper than any file of ours has them. Raises FileError.

    A parser that fails for want of stack leaves none for finalizers either, whose complaints would appear on stderr.
    """
    if text.count("[") + text.count("{") <= DEEPEST:
        return
    depth = 0
    for found in _BRACKETS.finditer(text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(found[0], 0)
        if depth > DEEPEST:
            raise FileError(f"{name}: brackets within brackets without end")


def _no_number(word: str):
    raise ValueError(f"{word} is no number of JSON")


def _finite(digits: str) -> float:
    value = float(digits)
    if value in (float("inf"), float("-inf")):
        raise ValueError(f"{digits[:20]} is too large")
    return value
