"""Templates one at a time, in place of handlers: a few here, every test there is with S390EMU_AS_HANDLERS=1."""

from __future__ import annotations

import pytest

from s390emu._jit import JIT
from s390emu.engine import handlers
from tests.lab import BA_EA, CODE, PROGRAM_MASK_ALL, Lab
from tests.regions import as_handlers

pytestmark = pytest.mark.skipif(not JIT, reason="only compiled code is translated")


@pytest.fixture(scope="module")
def translated():
    """A lab whose machine executes templates."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(handlers, "compile_handler", as_handlers.compile_handler)
        yield Lab()


@pytest.fixture
def lab(translated):
    translated.reset()
    return translated


def test_a_template_executes(lab):
    lab.gr[3], lab.gr[4] = 5, 7
    assert lab.step("agr %r3,%r4") == 0
    assert lab.changes() == {"r3": 12, "cc": 2}
    assert "AGR" in as_handlers.executed


def test_a_branch_goes_where_it_says(lab):
    assert lab.step("brc 15,.+8") == 0
    assert lab.changes() == {"ia": CODE + 8}
    assert lab.machine.branches()[-1] == (CODE, CODE + 8)


def test_a_miss_is_executed_by_the_handler(lab):
    lab.gr[4] = 1 << 60
    assert lab.step("lg %r3,0(%r4)") == 5
    assert lab.changes() == {}


def test_with_a_program_mask_the_handler_interrupts(lab):
    lab.psw(BA_EA | PROGRAM_MASK_ALL)
    lab.gr[3] = (1 << 63) - 1
    assert lab.step("aghi %r3,1") == 8


def test_what_has_no_template_is_executed_by_its_handler(lab):
    assert lab.step("stckf 0x800(%r0)") == 0
    assert "STCKF" not in as_handlers.executed
