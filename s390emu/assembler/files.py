"""The files that a source names, by .include and .incbin: the one place that opens them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from s390emu.assembler.errors import SourceError
from s390emu.assembler.program import MOST_BYTES


class Files:
    """Finds files in the folder of the file that names them, then in the folders of `include_paths`."""

    def __init__(self, include_paths: Iterable[str | Path] = ()):
        self.include_paths = [Path(path) for path in include_paths]

    def read(self, name: str, source: str, column: int | None = None) -> tuple[Path, bytes]:
        """Return the path and the content of the file that `source` calls `name`."""
        folders = (Path(source).parent, *self.include_paths)
        try:
            for path in (folder / name for folder in folders):
                if path.is_file():  # what never ends, such as a device, is none
                    if path.stat().st_size > MOST_BYTES:
                        raise SourceError(f'file "{path}" has more than {MOST_BYTES} bytes', column)
                    return path, path.read_bytes()
        except OSError as error:
            raise SourceError(f'file "{name}" cannot be read: {error.strerror}', column) from None
        except ValueError:
            raise SourceError(f"{name!r} cannot be the name of a file", column) from None
        raise SourceError(f'file "{name}" not found; looked in {", ".join(map(str, folders))}', column)
