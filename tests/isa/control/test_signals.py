"""SIGNAL PROCESSOR of a CPU to itself: PoP ch. 4 "CPU Signaling and Response"."""

from __future__ import annotations

import pytest

from s390emu.architecture.interruptions import PRIVILEGED_OPERATION
from s390emu.machine import Reason
from s390emu.records.cpu import OPERATING, STOPPED_STATE
from tests.lab import ALL, BA_EA, CODE, PROBLEM_STATE, SIZE, Lab

EXTERNAL = 1 << (63 - 7)
CR0_EMERGENCY, CR0_EXTERNAL_CALL = 1 << (63 - 49), 1 << (63 - 50)


def sigp(lab, order, parameter=0, cpu_address=0):
    """-> the program-interruption code; R1 is 4, so the parameter is in 5."""
    lab.gr[4], lab.gr[5], lab.gr[3] = ALL, parameter, cpu_address
    return lab.step(f"sigp %r4,%r3,{order}")


def test_privileged(lab):
    lab.psw(PROBLEM_STATE)
    assert sigp(lab, 1) == PRIVILEGED_OPERATION
    assert lab.changes() == {}


@pytest.mark.parametrize("order", [1, 2, 3, 5, 6, 0x0B, 0x0C, 0x12])
@pytest.mark.parametrize("cpu_address", [1, 0xFFFF])
def test_another_cpu_is_not_operational(lab, order, cpu_address):
    lab.psw(cc=0)
    assert sigp(lab, order, cpu_address=cpu_address) == 0
    assert lab.changes() == {"cc": 3}
    assert not lab.cpu.stopped
    assert not lab.pending


@pytest.mark.parametrize("order", [1, 4, 0x15])
def test_accepted_and_nothing_to_do(lab, order):
    lab.psw(cc=2)
    assert sigp(lab, order, cpu_address=0xABCD0000) == 0  # only bits 48-63 are the CPU address
    assert lab.changes() == {"cc": 0}


@pytest.mark.parametrize(
    ("order", "parameter", "status"),
    [
        pytest.param(0x0D, 0x4000, 0x200, id="set-prefix-while-operating"),
        pytest.param(0x0D, SIZE, 0x300, id="set-prefix-outside"),
        pytest.param(0x0E, 0x4000, 0x200, id="store-status-at-address-while-operating"),
        pytest.param(0x0E, SIZE, 0x300, id="store-status-at-address-outside"),
        pytest.param(0x12, 0, 0x100, id="set-architecture-ESA-390"),
        pytest.param(0x12, 1, 0x100, id="set-architecture-as-it-is"),
        pytest.param(0x00, 0, 0x02, id="invalid-order-0"),
        pytest.param(0x07, 0, 0x02, id="unassigned-order"),
        pytest.param(0xFF, 0, 0x02, id="invalid-order-FF"),
    ],
)
def test_status_stored(lab, order, parameter, status):
    lab.psw(cc=2)
    lab.gr[4] = ALL
    assert sigp(lab, order, parameter) == 0
    assert lab.changes() == {"cc": 1, "r4": 0xFFFFFFFF00000000 | status}


@pytest.mark.parametrize("r1", [4, 5])
def test_parameter_register_is_the_odd_one(lab, r1):
    lab.gr[4], lab.gr[5], lab.gr[3] = 0x4000, SIZE, 0
    assert lab.step(f"sigp %r{r1},%r3,0x0d") == 0
    assert lab.gr[r1] & 0xFFFFFFFF == 0x300


def test_external_call_is_kept_pending_and_refused_while_it_is(lab):
    assert sigp(lab, 2) == 0
    assert lab.changes() == {"r4": ALL} or lab.changes() == {}
    lab.psw(cc=0)
    assert sigp(lab, 2) == 0
    assert lab.changes() == {"cc": 1, "r4": 0xFFFFFFFF00000080}
    lab.psw(cc=0)
    assert sigp(lab, 1) == 0
    assert lab.changes() == {"cc": 1, "r4": 0xFFFFFFFF00000080}


@pytest.mark.parametrize(
    ("order", "subclass", "code"),
    [(2, CR0_EXTERNAL_CALL, 0x1202), (3, CR0_EMERGENCY, 0x1201)],
    ids=["external-call", "emergency-signal"],
)
def test_interruption_from_itself(lab, order, subclass, code):
    lab.cr[0] = subclass
    lab.psw(BA_EA | EXTERNAL)
    lab.store(0x84, b"\xff" * 4)
    assert sigp(lab, order) == 0
    lab.machine.run(1)
    assert lab.word(0x84, 4) == code
    assert (lab.word(0x130), lab.word(0x138)) == (BA_EA | EXTERNAL, CODE + 4)
    assert not lab.pending


def test_stop(lab):
    lab.psw(cc=3)
    assert sigp(lab, 5) == 0
    stop = lab.machine.run(5)
    assert (stop.reason, stop.psw_mask, stop.psw_ia) == (Reason.STOPPED, BA_EA, CODE + 4)


def test_restart(lab):
    lab.store(0x1A0, BA_EA.to_bytes(8, "big") + (0x30000).to_bytes(8, "big"))
    lab.psw(cc=3)
    assert sigp(lab, 6) == 0
    lab.machine.run(1)
    assert (lab.word(0x120), lab.word(0x128)) == (BA_EA, CODE + 4)


def test_stop_and_store_status_stores_at_absolute_locations(lab):
    cpu = lab.cpu
    for n in range(16):
        lab.gr[n], lab.ar[n], lab.fpr[n] = 0x0101010101010100 + n, 0xA0 + n, 0xF0F0 + n
    cpu.prefix, cpu.fpc, cpu.tod_programmable = 0x40000, 0x00880000, 0x1234
    cpu.clock_comparator = 0x1122334455667788
    lab.psw(cc=2)
    assert sigp(lab, 9) == 0
    stop = lab.machine.run(1)
    assert stop.reason is Reason.STOPPED
    assert [lab.word(0x1280 + 8 * n) for n in range(16)] == [int(r) for r in lab.gr]
    assert [lab.word(0x1200 + 8 * n) for n in range(16)] == [int(r) for r in lab.fpr]
    assert [lab.word(0x1340 + 4 * n, 4) for n in range(16)] == [int(r) for r in lab.ar]
    assert [lab.word(0x1380 + 8 * n) for n in range(16)] == [int(r) for r in lab.cr]
    assert (lab.word(0x1300), lab.word(0x1308)) == (BA_EA, CODE + 4)
    assert lab.word(0x1318, 4) == 0x40000
    assert lab.word(0x131C, 4) == 0x00880000
    assert lab.word(0x1324, 4) == 0x1234
    assert lab.word(0x1330) == 0x0011223344556677
    assert lab.word(163, 1) == 1
    assert lab.load(0x41200, 0x200) == bytes(0x200)


def test_cpu_reset(lab):
    cpu = lab.cpu
    lab.pend(0b1111)
    cpu.prefix = 0x40000
    lab.psw(cc=2)
    assert sigp(lab, 0x0C) == 0
    stop = lab.machine.run(1)
    assert (stop.reason, stop.psw_mask, stop.psw_ia) == (Reason.STOPPED, BA_EA, CODE + 4)
    assert lab.pending == 0b1001  # interrupt key and service signal are pending for any CPU
    assert cpu.prefix == 0x40000


def test_initial_cpu_reset(lab):
    cpu = lab.cpu
    cpu.prefix, cpu.fpc, cpu.tod_programmable, cpu.clock_comparator = 0x40000, 0x00880000, 0x1234, 0x55
    lab.cr[3] = 77
    lab.psw(cc=2)
    assert sigp(lab, 0x0B) == 0
    stop = lab.machine.run(1)
    assert (stop.reason, stop.psw_mask, stop.psw_ia) == (Reason.STOPPED, 0, 0)
    assert (cpu.prefix, cpu.fpc, cpu.tod_programmable, cpu.clock_comparator) == (0, 0, 0, 0)
    assert [int(r) for r in lab.cr] == [0xE0, *[0] * 13, 0xC2000000, 0]
    assert lab.gr[4] == ALL  # the general registers stay


# --- store additional status at address: PoP ch. 4, with the vector facility ------------------------------------------

ADDITIONAL, AREA = 0x17, 0x50400


@pytest.fixture(scope="module")
def with_vectors():
    return Lab(cpus=2)


def store_additional_status(lab, parameter, *, stopped=True):
    """Of CPU 1, whose vector registers have their numbers; -> the changes."""
    lab.reset()
    other = lab.machine.cpus[1].record
    for n in range(16):
        other.fpr[n], other.vr_left[n] = n, 16 + n
    for n in range(32):
        other.vr_right[n] = 0xFF00 + n
    other.stopped = STOPPED_STATE if stopped else OPERATING
    lab.store(AREA, b"\xee" * 0x400)
    lab.psw(cc=2)
    assert sigp(lab, ADDITIONAL, parameter, cpu_address=1) == 0
    return lab.changes()


def test_store_additional_status(with_vectors):
    lab = with_vectors
    found = store_additional_status(lab, AREA)
    assert found.pop("cc") == 0
    expected = b"".join(n.to_bytes(8) + (0xFF00 + n).to_bytes(8) for n in range(32))
    assert lab.load(AREA, 0x400) == expected + b"\xee" * 0x200
    assert all(AREA <= at < AREA + 0x200 for at in found)


@pytest.mark.parametrize(("parameter", "stopped", "status"), [(AREA, False, 0x200), (SIZE, True, 0x100)])
def test_additional_status_is_not_stored(with_vectors, parameter, stopped, status):
    found = store_additional_status(with_vectors, parameter, stopped=stopped)
    assert found == {"cc": 1, "r4": ALL & ~0xFFFFFFFF | status}


def test_additional_status_is_an_invalid_order_without_the_vector_facility():
    lab = Lab(model="zEC12")
    lab.psw(cc=2)
    assert sigp(lab, ADDITIONAL, AREA) == 0
    assert lab.changes() == {"cc": 1, "r4": ALL & ~0xFFFFFFFF | 0x02}
