"""Judges that a computer may lack: their tests are skipped there, and fail where S390EMU_REQUIRE_JUDGES=1."""

from __future__ import annotations

import os
import shutil
from typing import NoReturn

import pytest

REQUIRED = os.environ.get("S390EMU_REQUIRE_JUDGES") == "1"


def lacking(what: str) -> NoReturn:
    """Skip the test for what is missing; fail it if judges are required."""
    if REQUIRED:
        pytest.fail(f"{what}, and S390EMU_REQUIRE_JUDGES=1")
    pytest.skip(what)


def require(program: str) -> None:
    """See to it that there is this program."""
    if shutil.which(program) is None:
        lacking(f"{program} is not installed")
