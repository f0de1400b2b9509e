"""SERVICE CALL, the instruction. What the service processor answers: tests/host/test_service_call.py."""

from __future__ import annotations

import struct

import pytest

from s390emu.architecture.interruptions import ADDRESSING, EXTERNAL_SERVICE, PRIVILEGED_OPERATION, SPECIFICATION
from s390emu.architecture.sizes import BLOCK_SIZE
from s390emu.architecture.storage_key import CHANGE, REFERENCE
from s390emu.machine import Reason
from tests.lab import BA_EA, CODE, MODE_24, MODE_31, PROBLEM_STATE, Lab

SCCB = 0x40000
READ_SCP_INFORMATION = 0x00120001
SHORT = (8).to_bytes(2, "big")  # the length of an SCCB that is a header alone
EXTERNAL, WAIT = 1 << 56, 1 << 49  # PSW bits 7 and 14
SERVICE_SIGNAL = 1 << 9  # control register 0, bit 54


@pytest.fixture
def service(lab):
    lab.psw(cc=1)
    lab.gr[1], lab.gr[2] = READ_SCP_INFORMATION, SCCB
    lab.store(SCCB, (4096).to_bytes(2, "big") + bytes(4094))
    return lab


def call(lab):
    return lab.step("servc %r1,%r2")


def response(lab, sccb=SCCB):
    return lab.word(sccb + 6, 2)


def test_servc_answers_and_signals(service):
    assert call(service) == 0
    changes = service.changes()
    assert changes.pop("cc") == 0
    assert all(SCCB <= address < SCCB + 4096 for address in changes)
    assert response(service) == 0x0010
    assert service.pending == EXTERNAL_SERVICE
    assert service.guest.service_parameter == SCCB


@pytest.mark.parametrize(("identity", "code_page"), [
    ("s390emu", "cp500"), ("qemu", "cp500"), ("kvm", "cp500"), ("zvm", "cp037"),
])  # fmt: skip
def test_lines_are_in_the_code_page_that_linux_has_there(identity, code_page):
    """The characters in which the two differ."""
    lab, text = Lab(identity=identity), "[a]!^|"
    console = lab.machine.host.guests[0].console
    console.receives = 1 << 31
    console.type(text + "\n")
    line = struct.pack(">HHHB3x", 10 + len(text), 4, 0x1000, 0) + text.encode(code_page)
    block = struct.pack(">HHII", 12 + len(line), 1, 0xD4C4C240, 1) + line
    event = struct.pack(">HBBH", 6 + len(block), 2, 0, 0) + block
    lab.store(SCCB, struct.pack(">H6x", 8 + len(event)) + event)
    lab.gr[1], lab.gr[2] = 0x00760005, SCCB
    assert call(lab) == 0
    assert (response(lab), lab.machine.console) == (0x0020, text + "\n")
    lab.machine.storage.record.floating = 0
    lab.store(SCCB, struct.pack(">H6x", 4096))
    lab.gr[1] = 0x00770005
    assert call(lab) == 0
    assert response(lab) == 0x0020 and text.encode(code_page) in lab.load(SCCB, 100)


def test_servc_signal_is_external_interruption_2401(service):
    service.cr[0] |= SERVICE_SIGNAL
    service.psw(BA_EA | EXTERNAL)
    assert call(service) == 0
    service.machine.step()
    assert service.machine.port.interruption_count[3] == 1
    assert (service.word(0x130), service.word(0x138)) == (BA_EA | EXTERNAL, CODE + 4)
    assert service.word(0x80, 4) == SCCB
    assert service.word(0x86, 2) == 0x2401


def test_servc_busy_until_the_signal_was_taken(service):
    assert call(service) == 0
    service.store(SCCB + 6, bytes(2))
    service.psw(cc=1)
    assert call(service) == 0
    assert service.changes() == {"cc": 2}
    assert response(service) == 0


def test_servc_uses_bits_32_to_63_of_the_command(service):
    service.gr[1] |= 0xABCD << 32
    assert call(service) == 0
    assert response(service) == 0x0010


def test_servc_sets_reference_and_change(service):
    service.set_key(SCCB, 0x38)
    service.psw(key=5)  # and is subject to no key
    assert call(service) == 0
    assert service.key(SCCB) == 0x38 | REFERENCE | CHANGE


@pytest.mark.parametrize("state", ["Sr", "Ur", "Pr", "Vr"])
def test_servc_reaches_an_sccb_that_is_there(service, state):
    number = SCCB // BLOCK_SIZE + 1
    service.machine.host.set_block(0, number, state, data=SHORT)
    service.gr[2] = SCCB + BLOCK_SIZE
    assert call(service) == 0
    assert response(service, SCCB + BLOCK_SIZE) == 0x0300  # too short for the answer
    assert service.machine.storage.block(number).name == state


def test_servc_brings_a_block_of_zeros_and_finds_no_length_there(service):
    number = SCCB // BLOCK_SIZE + 1
    service.gr[2] = SCCB + BLOCK_SIZE
    assert call(service) == SPECIFICATION
    assert service.machine.storage.block(number).name == "Sr"


def test_servc_stores_no_more_than_the_header_of_an_sccb_that_is_one(service):
    service.store(SCCB, SHORT + b"\xee" * 30)
    assert call(service) == 0
    assert service.load(SCCB, 32) == SHORT + b"\xee" * 4 + b"\x03\x00" + b"\xee" * 24


# --- exceptions ------------------------------------------------------------------------------------------------------


def test_servc_in_the_problem_state(service):
    service.gr[2] = 1
    service.psw(PROBLEM_STATE)
    assert call(service) == PRIVILEGED_OPERATION
    assert service.changes() == {}


GB_2 = 1 << 31
MISALIGNED = [pytest.param(SCCB + n, id=f"{n}-bytes-behind-a-doubleword") for n in range(1, 8)]
TOO_HIGH = [pytest.param(SCCB | 1 << 63 - bit, id=f"bit-{bit}") for bit in range(33)]


@pytest.mark.parametrize("mode", [BA_EA, MODE_31, MODE_24], ids=["64", "31", "24"])
@pytest.mark.parametrize("sccb", [*MISALIGNED, *TOO_HIGH, 0, 8, 0x1FF8, GB_2, (1 << 64) - 8])
def test_servc_address_that_cannot_be_an_sccb(service, sccb, mode):
    service.psw(mode)
    service.gr[2] = sccb
    assert call(service) == SPECIFICATION
    assert service.changes() == {}
    assert service.key(SCCB) & (REFERENCE | CHANGE) == 0
    assert service.pending == 0


@pytest.mark.parametrize("length", [0, 1, 7])
def test_servc_sccb_shorter_than_its_header(service, length):
    """Nothing is stored, in the SCCB or elsewhere; the length was fetched, so R is on."""
    service.store(SCCB, length.to_bytes(2, "big"))
    service.set_key(SCCB, 0x30)
    assert call(service) == SPECIFICATION
    assert service.changes() == {}
    assert service.key(SCCB) == 0x30 | REFERENCE
    assert service.old_psw == (BA_EA | 1 << 44, CODE + 4)
    assert service.pending == 0


def test_servc_is_a_specification_exception_though_the_service_processor_is_busy(service):
    assert call(service) == 0
    service.psw()
    service.store(SCCB, b"\0\7")
    assert call(service) == SPECIFICATION


# What is wrong at once: problem state, address, configuration, the block hinted away, length; and what it comes to.
PRIORITY = [
    pytest.param(PROBLEM_STATE, SCCB + 1, "Sr", PRIVILEGED_OPERATION, id="problem-state-and-alignment"),
    pytest.param(PROBLEM_STATE, 0x7FFFFFF8, "Sr", PRIVILEGED_OPERATION, id="problem-state-and-configuration"),
    pytest.param(PROBLEM_STATE, SCCB + BLOCK_SIZE, "Sz", PRIVILEGED_OPERATION, id="problem-state-and-length"),
    pytest.param(BA_EA, 0x7FFFFFF9, "Sr", SPECIFICATION, id="alignment-and-configuration"),
    pytest.param(BA_EA, SCCB + BLOCK_SIZE + 1, "Vz", SPECIFICATION, id="alignment-and-hinted-away"),
    pytest.param(BA_EA, GB_2, "Sr", SPECIFICATION, id="beyond-2-gb-and-configuration"),
    pytest.param(BA_EA, SCCB + BLOCK_SIZE, "Vz", ADDRESSING, id="hinted-away-and-length"),
]


@pytest.mark.parametrize("mask, sccb, state, code", PRIORITY)
def test_servc_priority(service, mask, sccb, state, code):
    service.machine.host.set_block(0, SCCB // BLOCK_SIZE + 1, state)
    service.gr[2] = sccb
    service.psw(mask)
    assert call(service) == code
    assert service.changes() == {}


@pytest.mark.parametrize("offset", [0, 0x1FF8])
def test_servc_sccb_in_the_prefix_area(service, offset):
    service.machine.write(0x501D0, BA_EA.to_bytes(8, "big") + (0x1000F0).to_bytes(8, "big"))
    service.cpu.prefix = 0x50000
    service.gr[2] = 0x50000 + offset
    assert call(service) == SPECIFICATION


@pytest.mark.parametrize("sccb", [0x100000, 0x7FFFFFF8])
def test_servc_sccb_outside_the_configuration(service, sccb):
    service.gr[2] = sccb
    assert call(service) == ADDRESSING
    assert service.changes() == {}


@pytest.mark.parametrize("state", ["Uz", "Vz"])
def test_servc_sccb_that_the_guest_hinted_away(service, state):
    """As every parameter block: docs/page-hinting.md."""
    number = SCCB // BLOCK_SIZE + 1
    service.machine.host.set_block(0, number, state, key=0x30)
    service.gr[2] = SCCB + BLOCK_SIZE
    assert call(service) == ADDRESSING
    assert service.changes() == {}
    assert service.machine.storage.key(number) == 0x30


# --- messages to the guest -------------------------------------------------------------------------------------------

READ_EVENT_DATA = 0x00770005


@pytest.fixture
def told(service):
    service.machine.host.guests[0].console.receives = 0x40
    service.cr[0] |= SERVICE_SIGNAL
    return service


def test_a_message_is_a_service_signal_with_the_event_pending_bit(told):
    assert told.machine.host.send(0, "STOP")
    told.psw(BA_EA | EXTERNAL)
    told.machine.step()
    assert (told.word(0x86, 2), told.word(0x80, 4)) == (0x2401, 1)
    assert told.pending == 0


def test_a_message_ends_an_enabled_wait(told):
    told.psw(BA_EA | EXTERNAL | WAIT)
    assert told.machine.run(5).reason is Reason.ENABLED_WAIT
    told.machine.host.send(0, "STOP")
    assert told.machine.run(1).reason is Reason.LIMIT
    assert told.machine.port.interruption_count[3] == 1


def test_a_guest_that_does_not_receive_messages_is_not_interrupted(told):
    told.machine.host.guests[0].console.receives = 0
    assert not told.machine.host.send(0, "STOP")
    told.psw(BA_EA | EXTERNAL | WAIT)
    assert told.machine.run(5).reason is Reason.ENABLED_WAIT


def test_servc_is_not_busy_for_a_message_that_is_pending(told):
    told.machine.host.send(0, "STOP")
    told.psw()
    told.gr[1] = READ_EVENT_DATA
    assert call(told) == 0
    assert (told.cpu.cc, response(told), told.guest.service_parameter) == (0, 0x0020, SCCB)
    assert told.load(SCCB + 8, 11) == bytes.fromhex("000B1A0000000053544F50")


def test_the_signal_of_a_command_tells_of_messages_too(told):
    told.machine.host.send(0, "STOP")
    assert call(told) == 0
    assert told.guest.service_parameter == SCCB | 1
    told.psw(BA_EA | EXTERNAL)
    told.machine.step()
    assert told.word(0x80, 4) == SCCB | 1
    told.psw(BA_EA | EXTERNAL | WAIT)
    assert told.machine.run(5).reason is Reason.ENABLED_WAIT  # once


def test_a_message_while_the_signal_of_a_command_is_pending(told):
    assert call(told) == 0
    told.machine.host.send(0, "STOP")
    told.psw(BA_EA | EXTERNAL)
    told.machine.step()
    assert told.word(0x80, 4) == SCCB | 1


def test_messages_are_in_snapshots(told):
    machine, console = told.machine, told.machine.host.guests[0].console
    snapshot = machine.snapshot()
    machine.host.send(0, "STOP")
    later = machine.snapshot()
    machine.restore(snapshot)
    assert not console.messages
    machine.restore(later)
    assert list(console.messages) == ["STOP"]
    told.psw(BA_EA | EXTERNAL | WAIT)
    assert machine.run(1).reason is Reason.LIMIT
    machine.host.reset(0, clear=False)
    assert not console.wanted
