"""INTER-USER COMMUNICATION VEHICLE: docs/diagnose.md."""

from __future__ import annotations

import pytest

from s390emu.architecture.interruptions import OPERATION, PRIVILEGED_OPERATION
from tests.lab import PROBLEM_STATE, Lab


@pytest.mark.parametrize("identity", ["s390emu", "qemu", "kvm"])
@pytest.mark.parametrize("psw", [(), (PROBLEM_STATE,)], ids=["supervisor", "problem"])
def test_only_guests_on_zvm_have_it(identity, psw):
    lab = Lab(identity=identity)
    lab.psw(*psw)
    assert lab.step("iucv 0(%r1)") == OPERATION


def test_query_tells_the_size_of_a_buffer_and_how_many_connections():
    lab = Lab(identity="zvm")
    lab.gr[0], lab.gr[1] = 0xABCD00000000, 0xABCD12345678
    lab.psw(cc=3)
    assert lab.step("iucv 0(%r1)") == 0
    assert lab.changes() == {"r0": 0xABCD00000028, "r1": 0xABCD00000040, "cc": 0}


@pytest.mark.parametrize("function", [1, 12, 0xFFFF])
def test_the_directory_cannot_be_read(function):
    lab = Lab(identity="zvm")
    lab.gr[0], lab.gr[1] = function, 1 << 40
    lab.psw(cc=0)
    assert lab.step("iucv 0(%r1)") == 0
    assert lab.changes() == {"cc": 3}


def test_privileged():
    lab = Lab(identity="zvm")
    lab.psw(PROBLEM_STATE)
    assert lab.step("iucv 0(%r1)") == PRIVILEGED_OPERATION
