"""The service processor that SERVICE CALL reaches: configuration, and a console through its event facility.

Not in the Principles of Operation. Commands, fields and response codes are those that guests in public use (spec
oracles.md, last section); a field that they do not look at is zero.
"""

from __future__ import annotations

import construct as c
import numpy as np

from s390emu.architecture.interruptions import EXTERNAL_SERVICE
from s390emu.architecture.sizes import BLOCK_SIZE
from s390emu.host import kernels
from s390emu.host.console import CHARACTERS_EVENT
from s390emu.storage.access import FETCH, STORE

READ_CPU_INFORMATION = 0x00010001
READ_SCP_INFORMATION, READ_SCP_INFORMATION_FORCED = 0x00020001, 0x00120001
WRITE_EVENT_DATA, READ_EVENT_DATA, WRITE_EVENT_MASK = 0x00760005, 0x00770005, 0x00780005

INFORMATION_READ, COMPLETED = 0x0010, 0x0020
BOUNDARY_VIOLATION, INVALID_COMMAND, INSUFFICIENT_LENGTH = 0x0100, 0x01F0, 0x0300
EVENT_TYPE_DISABLED, NO_EVENTS_STORED, INCONSISTENT_LENGTHS = 0x40F0, 0x62F0, 0x72F0
EVENT_SYNTAX, INVALID_MASK_LENGTH, INSUFFICIENT_SCCB_LENGTH = 0x73F0, 0x74F0, 0x75F0
INVALID_FUNCTION = 0x40F0

MESSAGES, CHARACTERS = 0x02, 0x1A  # event types
EVENTS_SENT = CHARACTERS_EVENT
EVENTS_RECEIVED = (1 << (32 - MESSAGES)) | (1 << (32 - CHARACTERS))  # event type n is bit n - 1 of a mask
FUNCTION_CODE, CONTROL_MASK_END = 2, 5  # where, in the header
UNCONDITIONAL_READ, SELECTIVE_READ = 0x00, 0x01  # function codes
VARIABLE_LENGTH = 0x80  # in the last byte of the control mask: the answer's length is that of what was stored
EVENT_PENDING = 1  # in the parameter of the service signal, beside the SCCB's address
SCCB_ADDRESS = 0xFFFFFFF8
INPUT = b"\0"  # before the characters of a message to the guest
ACCEPTED = 0x80  # in the flags of an event buffer
CONSOLE_CODE_PAGE = "cp037"
NOT_PRINTABLE = {code: "." for code in (*range(0x20), *range(0x7F, 0xA0))}

HEADER = c.Struct(
    "length" / c.Int16ub,
    "function_code" / c.Int8ub,
    "control_mask" / c.Bytes(3),
    "response_code" / c.Int16ub,
)
SCP_INFORMATION = c.Struct(
    "increments" / c.Int16ub,
    "increment_megabytes" / c.Int8ub,
    c.Padding(5),
    "cpus" / c.Int16ub,
    "cpu_offset" / c.Int16ub,
    c.Padding(4),
    "load_parameter" / c.Bytes(8),
    c.Padding(96),
)
CPU_INFORMATION = c.Struct(
    "configured" / c.Int16ub,
    "configured_offset" / c.Int16ub,
    "standby" / c.Int16ub,
    "standby_offset" / c.Int16ub,
)
CPU_ENTRY = c.Struct("address" / c.Int8ub, c.Padding(15))
EVENT_MASK = c.Struct(
    c.Padding(2),
    "mask_length" / c.Int16ub,
    "guest_receives" / c.Bytes(c.this.mask_length),
    "guest_sends" / c.Bytes(c.this.mask_length),
    "receives" / c.Bytes(c.this.mask_length),
    "sends" / c.Bytes(c.this.mask_length),
)
EVENT = c.Struct("length" / c.Int16ub, "type" / c.Int8ub, "flags" / c.Int8ub, c.Padding(2))
# Event type 02: a message data block of objects; each text object is a line.
MESSAGE_BLOCK = c.Struct("length" / c.Int16ub, "type" / c.Int16ub, "tag" / c.Int32ub, "revision" / c.Int32ub)
OBJECT = c.Struct("length" / c.Int16ub, "type" / c.Int16ub)
TEXT_OBJECT = c.Struct(OBJECT, "line_type" / c.Int16ub, "alarm" / c.Int8ub, c.Padding(3))
HEADER_BYTES, EVENT_BYTES = HEADER.sizeof(), EVENT.sizeof()
MESSAGE_TAG = 0xD4C4C240  # "MDB " in EBCDIC
TEXT_OBJECT_TYPE = 4

MEGABYTE = 1 << 20
INCREMENTS_MOST = 0xFFFF


def service_call(host, guest, cpu, port, insn: int) -> int:
    """SERVICE CALL, whose handler made the checks: -> 0, the condition code set, the answer in the SCCB."""
    record, registers = guest.storage.record, cpu.gr
    pending = bool(record.floating & EXTERNAL_SERVICE)
    if pending and int(record.service_parameter) & SCCB_ADDRESS:
        cpu.cc = 2
        return 0
    command, sccb = (int(registers[insn >> at & 15]) & 0xFFFFFFFF for at in (36, 32))
    number, offset = divmod(sccb, BLOCK_SIZE)
    host.bring(guest, number)
    kernels.touch(record, sccb, HEADER_BYTES, FETCH)
    given = host.memory[guest.frame[number], offset:].tobytes()
    console = host.consoles[guest.number]
    answer = answered(command, given, len(guest.storage.blocks) * BLOCK_SIZE, console)
    kernels.touch(record, sccb, len(answer), STORE)
    host.memory[guest.frame[number], offset : offset + len(answer)] = np.frombuffer(answer, np.uint8)
    cpu.cc = 0
    record.service_parameter = sccb | (EVENT_PENDING if console.wanted else 0)
    console.announce = False
    record.floating |= EXTERNAL_SERVICE
    return 0


def announce(record, console) -> None:
    """Let the service signal become pending for messages that the guest has not been told of."""
    if console.announce and console.wanted:
        pending = bool(int(record.floating) & int(EXTERNAL_SERVICE))
        record.service_parameter = (int(record.service_parameter) if pending else 0) | EVENT_PENDING
        record.floating |= EXTERNAL_SERVICE
        console.announce = False


def answered(command: int, given: bytes, storage_size: int, console) -> bytes:
    """The SCCB with its answer; as much of `given`, which reaches to the end of the block, as is the SCCB."""
    length = int.from_bytes(given[:2], "big")
    response, rest = BOUNDARY_VIOLATION, b""
    if length < HEADER_BYTES:
        response = INSUFFICIENT_LENGTH
    elif length <= len(given):
        rest = given[HEADER_BYTES:length]
        if command == READ_EVENT_DATA:
            response, rest = _read_event_data(given[:HEADER_BYTES], rest, console)
            length = HEADER_BYTES + len(rest)
        else:
            response, rest = COMMANDS.get(command, _invalid)(rest, storage_size, console)
    return length.to_bytes(2, "big") + given[2 : HEADER_BYTES - 2] + response.to_bytes(2, "big") + rest


# Each command: what follows the header, the size of storage, the console -> response code, what follows it now.


def _invalid(given, storage_size, console):
    return INVALID_COMMAND, given


def _read_scp_information(given, storage_size, console):
    megabytes = 1
    while storage_size // (megabytes * MEGABYTE) > INCREMENTS_MOST:
        megabytes *= 2
    information = SCP_INFORMATION.build({
        "increments": storage_size // (megabytes * MEGABYTE), "increment_megabytes": megabytes,
        "cpus": 1, "cpu_offset": HEADER_BYTES + SCP_INFORMATION.sizeof(), "load_parameter": bytes([0x40] * 8),
    })  # fmt: skip
    return _information(information + CPU_ENTRY.build({"address": 0}), given)


def _read_cpu_information(given, storage_size, console):
    offset = HEADER_BYTES + CPU_INFORMATION.sizeof()
    information = CPU_INFORMATION.build({
        "configured": 1, "configured_offset": offset, "standby": 0, "standby_offset": offset + CPU_ENTRY.sizeof(),
    })  # fmt: skip
    return _information(information + CPU_ENTRY.build({"address": 0}), given)


def _information(information, given):
    if len(given) < len(information):
        return INSUFFICIENT_LENGTH, given
    return INFORMATION_READ, information + bytes(len(given) - len(information))


def _write_event_mask(given, storage_size, console):
    try:
        masks = EVENT_MASK.parse(given)
    except c.StreamError:
        return INVALID_MASK_LENGTH, given
    if not masks.mask_length:
        return INVALID_MASK_LENGTH, given
    masks.receives = EVENTS_RECEIVED.to_bytes(4, "big").ljust(masks.mask_length, b"\0")[: masks.mask_length]
    masks.sends = EVENTS_SENT.to_bytes(4, "big").ljust(masks.mask_length, b"\0")[: masks.mask_length]
    console.receives = int.from_bytes(masks.guest_receives[:4].ljust(4, b"\0"), "big")
    built = EVENT_MASK.build(masks)
    return COMPLETED, built + given[len(built) :]


def _read_event_data(header, given, console):
    """The messages that fit, each in an event buffer; what does not fit waits."""
    receives = console.receives
    function, variable_length = header[FUNCTION_CODE], header[CONTROL_MASK_END] & VARIABLE_LENGTH
    if function == SELECTIVE_READ:
        receives &= int.from_bytes(given[:4], "big")
    elif function != UNCONDITIONAL_READ:
        return INVALID_FUNCTION, given
    if not console.messages or not receives & EVENTS_SENT:
        return NO_EVENTS_STORED, given
    events = b""
    while console.messages:
        data = INPUT + console.messages[0].encode("ascii")
        event = EVENT.build({"length": EVENT.sizeof() + len(data), "type": CHARACTERS, "flags": 0}) + data
        if len(events) + len(event) > len(given):
            break
        events += event
        console.messages.popleft()
    if not events:
        return INSUFFICIENT_SCCB_LENGTH, given
    return COMPLETED, events if variable_length else events + bytes(len(given) - len(events))


def _write_event_data(given, storage_size, console):
    """Every event buffer in turn, up to the first that is wrong."""
    answer, at = bytearray(given), 0
    while at < len(given):
        if at + EVENT_BYTES > len(given):
            return INCONSISTENT_LENGTHS, bytes(answer)
        length, kind = int.from_bytes(given[at : at + 2], "big"), given[at + 2]
        data = given[at + EVENT_BYTES : at + length]
        if length < EVENT_BYTES or at + length > len(given):
            return INCONSISTENT_LENGTHS, bytes(answer)
        if kind == CHARACTERS:
            console.characters(data.decode("utf-8", "replace"))
        elif kind == MESSAGES:
            lines = message_lines(data)
            if lines is None:
                return EVENT_SYNTAX, bytes(answer)
            for line in lines:
                console.message(line)
        else:
            return EVENT_TYPE_DISABLED, bytes(answer)
        answer[at + 3] |= ACCEPTED  # the flags
        at += length
    return COMPLETED, bytes(answer)


def message_lines(data: bytes) -> list[str] | None:
    """The text objects of a message data block; None if it is none."""
    try:
        block = MESSAGE_BLOCK.parse(data)
    except c.StreamError:
        return None
    if block.tag != MESSAGE_TAG or block.length > len(data):
        return None
    lines, at = [], MESSAGE_BLOCK.sizeof()
    while at < block.length:
        try:
            thing = OBJECT.parse(data[at : block.length])
        except c.StreamError:
            return None
        if thing.length < OBJECT.sizeof() or at + thing.length > block.length:
            return None
        if thing.type == TEXT_OBJECT_TYPE:
            text = data[at + TEXT_OBJECT.sizeof() : at + thing.length].decode(CONSOLE_CODE_PAGE)
            lines.append(text.translate(NOT_PRINTABLE).rstrip())
        at += thing.length
    return lines


COMMANDS = {
    READ_CPU_INFORMATION: _read_cpu_information,
    READ_SCP_INFORMATION: _read_scp_information,
    READ_SCP_INFORMATION_FORCED: _read_scp_information,
    WRITE_EVENT_DATA: _write_event_data,
    WRITE_EVENT_MASK: _write_event_mask,
}
