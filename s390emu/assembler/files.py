"""Opens the files that a source names by .include and .incbin; nothing else does.

A source is often somebody else's, and what it reads may end up in a report. So a file that it names must lie in or
below the folder of a source that the user has named, or a folder of `include_paths`, once links have been followed.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from s390emu import input_files
from s390emu.assembler.errors import SourceError


class Files:
    """Finds files in the folder of the file that names them, then in the folders of `include_paths`.

    sources: the files that the user has named; where one is a link, the folder that it leads to counts as well.
    """

    def __init__(self, include_paths: Iterable[str | Path] = (), sources: Iterable[str | Path] = ()):
        self.include_paths = [Path(path) for path in include_paths]
        homes = [(Path(path).parent, Path(os.path.realpath(path)).parent) for path in sources]
        self.allowed = [folder for pair in homes for folder in pair] + self.include_paths

    def read(self, name: str, source: str, column: int | None = None) -> tuple[Path, bytes]:
        """Return the path and the content of the file that `source` calls `name`."""
        folders = (Path(source).parent, *self.include_paths)
        trouble = ""
        for path in (folder / name for folder in folders):
            if not os.path.isfile(path):
                if os.path.exists(path) and not os.path.isdir(path):
                    trouble = trouble or "is not a regular file"
            elif not input_files.lies_below(path, self.allowed):
                where = os.path.dirname(os.path.realpath(path))
                trouble = trouble or f"is not below the folder of a source; if you want it read, give -I {where}"
            else:
                return path, self._content(path, column)
        trouble = trouble or "not found; looked in " + ", ".join(map(str, folders))
        raise SourceError(f'file "{name}" {trouble}', column)

    def _content(self, path: Path, column: int | None) -> bytes:
        try:
            return input_files.read(path)
        except OSError as error:
            raise SourceError(f'file "{path}" cannot be read: {error.strerror}', column) from None
        except input_files.FileError as error:
            raise SourceError(str(error), column) from None
