"""One case of each row that has a twin, as plain Python: so that no part of the tests leaves a row out."""

from __future__ import annotations

import pytest

from s390emu._jit import JIT
from s390emu.conformance.case import differences
from s390emu.conformance.here import Here
from s390emu.conformance.twins.suite import recipes
from s390emu.conformance.vectors import cases


@pytest.mark.skipif(JIT, reason="compiled, tests/conformance/test_twins.py has these cases and more")
def test_our_engine_does_as_each_twin():
    here = Here()
    for mnemonic in recipes():
        (case,) = cases(mnemonic, 1, "1")
        assert differences(case, here.execute(case)) == {}, case
