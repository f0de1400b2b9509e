"""Short sources in tests: what comes of them."""

from __future__ import annotations

import pytest

from s390emu.assembler.assemble import AssemblyError, assemble


def text_of(source: str, **options) -> bytes:
    """Return the bytes of .text."""
    return next(section.data for section in assemble(source, **options).sections if section.name == ".text")


def hex_of(source: str, **options) -> str:
    """Return the bytes of .text in hexadecimal."""
    return text_of(source, **options).hex()


def complaints(source: str, **options) -> AssemblyError:
    """Return the error that a source ends with."""
    with pytest.raises(AssemblyError) as caught:
        assemble(source, **options)
    return caught.value
