"""Program-interruption codes in words: PoP ch. 6 "Program-Interruption Conditions"."""

import pytest

from s390emu.architecture.program_exceptions import exception_name


@pytest.mark.parametrize(("code", "name"), [(0x11, "page translation"), (0x80, "PER event"), (0x77, "unknown"),
                                            (0x91, "page translation, PER event"), (0x119, "crypto operation"),
                                            (0xF7, "unknown, PER event")])  # fmt: skip
def test_name(code, name):
    assert exception_name(code) == name
