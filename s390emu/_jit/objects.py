"""Compiled functions on disk, as object code: what earlier processes have compiled is loaded as it is, all at once.

All at once because the functions then lie close together. Loaded one by one each begins on a page of its own, and the
first bytes of all pages compete for the same few lines of the processor's instruction cache: guests that use many
different instructions are slower.
"""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
import zlib
from pathlib import Path

import llvmlite
import numba
from llvmlite import binding as llvm

from s390emu._jit.cache import CACHE, CACHEABLE

SUFFIX = ".o"


def folder() -> Path:
    """Return the folder of object code for this processor, this Numba and its options."""
    options = numba.config.OPT, numba.config.BOUNDSCHECK
    target = llvm.get_default_triple(), llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()
    made_by = numba.__version__, llvmlite.__version__, sys.implementation.cache_tag
    return CACHE / f"objects-{hashlib.sha256(repr((options, target, made_by)).encode()).hexdigest()[:16]}"


def checksum_of(data: bytes) -> bytes:
    return b"%08x" % zlib.crc32(data)


class Objects:
    """The object code in a folder. addresses: where each function of it has been loaded, by its name."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.addresses: dict[str, int] = {}
        symbols = {}
        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
        machine = llvm.Target.from_default_triple().create_target_machine()
        self._engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine)  # which keeps the code
        for path in sorted(folder.glob("*" + SUFFIX)):
            checksum, symbol, code = [*path.read_bytes().split(b"\n", 2), b"", b""][:3]
            if checksum == checksum_of(symbol + code):
                self._engine.add_object_file(llvm.ObjectFileRef.from_data(code))
                symbols[path.name.removesuffix(SUFFIX)] = symbol.decode()
        self._engine.finalize_object()
        for name, symbol in symbols.items():
            self.addresses[name] = self._engine.get_function_address(symbol)

    def keep(self, name: str, symbol: str, code: bytes) -> None:
        """Keep the object code of a function, which it has under this symbol, for later processes."""
        if not CACHEABLE:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=self.folder, delete=False) as file:
            file.write(b"\n".join((checksum_of(symbol.encode() + code), symbol.encode(), code)))
        os.replace(file.name, self.folder / (name + SUFFIX))
