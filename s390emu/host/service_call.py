"""The service processor that SERVICE CALL reaches: configuration, and a console through its event facility.

Not in the Principles of Operation. Commands, fields and response codes are those that IBM's own programs show: Linux
(drivers/s390/char/sclp.h, sclp_rw.c, sclp_early_core.c), zipl (s390-tools, zipl/boot/sclp.c), and z/VM's description of
its control block PCCBK. A field that they do not look at is zero. What none of them settles is decided here, and
tests/host/test_service_call.py has all of it in one table.
"""

from __future__ import annotations

from typing import NamedTuple

import construct as c
import numpy as np

from s390emu.architecture.identities import CONSOLE_CODE_PAGES, NAMES
from s390emu.architecture.interruptions import EXTERNAL_SERVICE, SPECIFICATION
from s390emu.architecture.sizes import BLOCK_SIZE
from s390emu.host import kernels
from s390emu.host.console import CHARACTERS_EVENT, COMMANDS_EVENT, EVENT_PENDING
from s390emu.storage.access import FETCH, STORE

READ_CPU_INFORMATION = 0x00010001
READ_SCP_INFORMATION, READ_SCP_INFORMATION_FORCED = 0x00020001, 0x00120001
WRITE_EVENT_DATA, READ_EVENT_DATA, WRITE_EVENT_MASK = 0x00760005, 0x00770005, 0x00780005

INFORMATION_READ, COMPLETED = 0x0010, 0x0020
BOUNDARY_VIOLATION, INVALID_COMMAND, INSUFFICIENT_LENGTH = 0x0100, 0x01F0, 0x0300
INVALID_FUNCTION = EVENT_TYPE_DISABLED = 0x40F0
NO_EVENTS_STORED, INCONSISTENT_LENGTHS, EVENT_SYNTAX = 0x60F0, 0x72F0, 0x73F0
INVALID_MASK_LENGTH, INSUFFICIENT_SCCB_LENGTH = 0x74F0, 0x75F0

OPERATOR_COMMAND, MESSAGES, CHARACTERS = 0x01, 0x02, 0x1A  # event types
EVENTS_SENT = COMMANDS_EVENT | CHARACTERS_EVENT
EVENTS_RECEIVED = (1 << (32 - MESSAGES)) | (1 << (32 - CHARACTERS))  # event type n is bit n - 1 of a mask
FUNCTION_CODE, CONTROL_MASK_END = 2, 5  # where, in the header
UNCONDITIONAL_READ, SELECTIVE_READ, NORMAL_WRITE = 0x00, 0x01, 0x00  # function codes
SELECTION_MASK_BYTES = 4
VARIABLE_LENGTH = 0x80  # in the last byte of the control mask: the answer's length is that of what was stored
SCCB_ADDRESS = 0xFFFFFFF8
INPUT = b"\0"  # before the characters of a message to the guest
ACCEPTED = 0x80  # in the flags of an event buffer
# Before Linux has drivers it writes in 037 wherever it runs. There [ is what no character of ASCII is in 500.
OTHER_CODE_PAGE, ONLY_IN_OTHER = "cp037", b"\xba"
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
    c.Padding(16),
    "facilities" / c.Int64ub,
    c.Padding(29),
    "protection" / c.Int8ub,
    c.Padding(42),
)
CPU_INFORMATION = c.Struct(
    "configured" / c.Int16ub,
    "configured_offset" / c.Int16ub,
    "standby" / c.Int16ub,
    "standby_offset" / c.Int16ub,
)
CPU_ENTRY = c.Struct("address" / c.Int8ub, c.Padding(15))
EVENT_MASK = c.Struct(c.Padding(2), "mask_length" / c.Int16ub)  # then four masks of that many bytes
EVENT = c.Struct("length" / c.Int16ub, "type" / c.Int8ub, "flags" / c.Int8ub, c.Padding(2))
# Event type 02: a message data block of objects; each text object is a line.
MESSAGE_BLOCK = c.Struct("length" / c.Int16ub, "type" / c.Int16ub, "tag" / c.Int32ub, "revision" / c.Int32ub)
OBJECT = c.Struct("length" / c.Int16ub, "type" / c.Int16ub)
TEXT_OBJECT = c.Struct(OBJECT, "line_type" / c.Int16ub, "alarm" / c.Int8ub, c.Padding(3))
# Event type 01: vectors within each other, of which a guest looks at the innermost; there the text of a command.
VECTOR = c.Struct("length" / c.Int16ub, "id" / c.Int16ub)
SUBVECTOR = c.Struct("length" / c.Int8ub, "key" / c.Int8ub)
COMMAND_VECTORS = (0x1320, 0x1212, 0x1310)  # text command, control-point message unit, message unit: outwards
COMMAND_SUBVECTORS = (0x30, 0x31)  # text, self-defining text message: outwards
LONGEST_COMMAND = 0xFF - len(COMMAND_SUBVECTORS) * SUBVECTOR.sizeof()
HEADER_BYTES, EVENT_BYTES = HEADER.sizeof(), EVENT.sizeof()
MESSAGE_TAG = 0xD4C4C240  # "MDB " in EBCDIC
TEXT_OBJECT_TYPE = 4

HAS_CPU_INFORMATION = 1 << (63 - 4)  # facility: READ CPU INFORMATION; without it Linux asks every CPU address
MEGABYTE = 1 << 20
ENHANCED_SUPPRESSION_ON_PROTECTION = 0x02  # protection always suppresses, and is identified where DAT has caused it
INCREMENTS_MOST = 0xFFFF


class Configuration(NamedTuple):
    """What the service processor tells of the guest: bytes of storage, CPUs; and the code page of its messages."""

    storage_size: int
    cpus: int
    code_page: str = CONSOLE_CODE_PAGES[NAMES[0]]


def service_call(host, guest, cpu, port, insn: int) -> int:
    """Complete SERVICE CALL, whose handler has checked the SCCB's address, and return the instruction's code.

    0: the condition code is set and the answer is in the SCCB. SPECIFICATION: the SCCB is shorter than its header; that
    is recognized though the service processor be busy, as every exception goes before a condition code."""
    record, registers = guest.storage.record, cpu.gr
    command, sccb = (int(registers[insn >> at & 15]) & 0xFFFFFFFF for at in (36, 32))
    number, offset = divmod(sccb, BLOCK_SIZE)
    host.pager.bring(guest, number)
    kernels.touch(record, sccb, HEADER_BYTES, FETCH)
    given = host.frames.memory[guest.frame[number], offset:].tobytes()
    if int.from_bytes(given[:2], "big") < HEADER_BYTES:
        return SPECIFICATION
    if record.floating & EXTERNAL_SERVICE and int(record.service_parameter) & SCCB_ADDRESS:
        cpu.cc = 2
        return 0
    console = guest.console
    configuration = Configuration(
        len(guest.storage.blocks) * BLOCK_SIZE, len(guest.storage.ports), CONSOLE_CODE_PAGES[NAMES[record.identity]]
    )
    answer = answered(command, given, configuration, console)
    kernels.touch(record, sccb, len(answer), STORE)
    host.frames.memory[guest.frame[number], offset : offset + len(answer)] = np.frombuffer(answer, np.uint8)
    cpu.cc = 0
    record.service_parameter = sccb | (EVENT_PENDING if console.wanted else 0)
    console.announce = False
    record.floating |= EXTERNAL_SERVICE
    return 0


def answered(command: int, given: bytes, configuration: Configuration, console) -> bytes:
    """Return the SCCB with its answer, or as much of it as changes. given: the SCCB and what follows it in its block.

    The command comes first, as it determines how long the SCCB has to be; then that it lies within one block."""
    length = int.from_bytes(given[:2], "big")
    header, data = given[:HEADER_BYTES], given[HEADER_BYTES:length]
    least, perform = COMMANDS.get(command, (0, None))
    if perform is None:
        response = INVALID_COMMAND
    elif length > len(given):
        response = BOUNDARY_VIOLATION
    elif length < least:
        response = INSUFFICIENT_LENGTH
    else:
        response, data = perform(header, data, configuration, console)
        return (HEADER_BYTES + len(data)).to_bytes(2, "big") + header[2:6] + response.to_bytes(2, "big") + data
    return header[:6] + response.to_bytes(2, "big")


# Each command: the SCCB's header and what follows it, the configuration, the console -> response code, what follows the
# header now.


def _read_scp_information(header, given, configuration, console):
    megabytes = 1
    while configuration.storage_size // (megabytes * MEGABYTE) > INCREMENTS_MOST:
        megabytes *= 2
    information = SCP_INFORMATION.build({
        "increments": configuration.storage_size // (megabytes * MEGABYTE), "increment_megabytes": megabytes,
        "cpus": configuration.cpus, "cpu_offset": HEADER_BYTES + SCP_INFORMATION.sizeof(),
        "load_parameter": bytes([0x40] * 8), "facilities": HAS_CPU_INFORMATION,
        "protection": ENHANCED_SUPPRESSION_ON_PROTECTION,
    })  # fmt: skip
    return _information(information, configuration, given)


def _read_cpu_information(header, given, configuration, console):
    offset = HEADER_BYTES + CPU_INFORMATION.sizeof()
    information = CPU_INFORMATION.build({
        "configured": configuration.cpus, "configured_offset": offset,
        "standby": 0, "standby_offset": offset + configuration.cpus * CPU_ENTRY.sizeof(),
    })  # fmt: skip
    return _information(information, configuration, given)


def _information(information, configuration, given):
    """Put an entry for each CPU behind the information, if there is room for all."""
    answer = information + b"".join(CPU_ENTRY.build({"address": number}) for number in range(configuration.cpus))
    if len(answer) > len(given):
        return INSUFFICIENT_LENGTH, given
    return INFORMATION_READ, answer + bytes(len(given) - len(answer))


def _write_event_mask(header, given, configuration, console):
    """Note what the guest receives, and answer what the service processor receives and sends. The four masks have to
    fit into the SCCB."""
    length = EVENT_MASK.parse(given).mask_length
    masks = EVENT_MASK.sizeof()
    answer = masks + 2 * length
    if not length or answer + 2 * length > len(given):
        return INVALID_MASK_LENGTH, given
    console.receives = int.from_bytes(given[masks : masks + length][:4].ljust(4, b"\0"), "big")
    receives, sends = (mask.to_bytes(4, "big").ljust(length, b"\0")[:length] for mask in (EVENTS_RECEIVED, EVENTS_SENT))
    return COMPLETED, given[:answer] + receives + sends + given[answer + 2 * length :]


def _read_event_data(header, given, configuration, console):
    """Give the guest the messages that fit, each in an event buffer; what does not fit waits."""
    receives = console.receives
    function, variable_length = header[FUNCTION_CODE], header[CONTROL_MASK_END] & VARIABLE_LENGTH
    if function == SELECTIVE_READ:
        if len(given) < SELECTION_MASK_BYTES:
            return INSUFFICIENT_LENGTH, given
        receives &= int.from_bytes(given[:SELECTION_MASK_BYTES], "big")
    elif function != UNCONDITIONAL_READ:
        return INVALID_FUNCTION, given
    waiting = bool(console.messages) and bool(receives & CHARACTERS_EVENT)
    if not waiting and not console.typed_way & receives:
        return NO_EVENTS_STORED, given
    events = b""
    while event := _next_event(console, receives, len(given) - len(events), configuration.code_page):
        events += event
    if not events:
        return INSUFFICIENT_SCCB_LENGTH, given
    return COMPLETED, events if variable_length else events + bytes(len(given) - len(events))


def _next_event(console, receives: int, room: int, code_page: str) -> bytes:
    """Return and take the next event for the guest that `room` bytes hold; nothing if there is none. Messages come
    first, then what is typed; a command only where the longest one would have room."""
    room -= EVENT_BYTES
    if console.messages and receives & CHARACTERS_EVENT:
        if len(INPUT) + len(console.messages[0]) > room:
            return b""
        return _event(CHARACTERS, INPUT + console.messages.popleft().encode("ascii"))
    way = console.typed_way & receives
    if way == CHARACTERS_EVENT and room > len(INPUT):
        return _event(CHARACTERS, INPUT + console.next_characters(room - len(INPUT)).encode("ascii"))
    if way == COMMANDS_EVENT and room >= len(command_vectors(bytes(LONGEST_COMMAND))):
        return _event(OPERATOR_COMMAND, command_vectors(console.next_command(LONGEST_COMMAND).encode(code_page)))
    return b""


def _event(kind: int, data: bytes) -> bytes:
    """Return an event buffer."""
    return EVENT.build({"length": EVENT_BYTES + len(data), "type": kind, "flags": 0}) + data


def command_vectors(command: bytes) -> bytes:
    """Return an operator's command, in EBCDIC, as the content of an event."""
    data = command
    for key in COMMAND_SUBVECTORS:
        data = SUBVECTOR.build({"length": SUBVECTOR.sizeof() + len(data), "key": key}) + data
    for number in COMMAND_VECTORS:
        data = VECTOR.build({"length": VECTOR.sizeof() + len(data), "id": number}) + data
    return data


def _write_event_data(header, given, configuration, console):
    """Show the event buffers in turn, up to the first that is wrong; none if their lengths do not add up."""
    if header[FUNCTION_CODE] != NORMAL_WRITE:
        return INVALID_FUNCTION, given
    buffers = event_buffers(given)
    if buffers is None:
        return INCONSISTENT_LENGTHS, given
    answer = bytearray(given)
    for at, kind, data in buffers:
        if kind == CHARACTERS:
            console.characters(data.decode("utf-8", "replace"))
        elif kind == MESSAGES:
            lines = message_lines(data, configuration.code_page)
            if lines is None:
                return EVENT_SYNTAX, bytes(answer)
            for line in lines:
                console.message(line)
        else:
            return EVENT_TYPE_DISABLED, bytes(answer)
        answer[at + 3] |= ACCEPTED  # the flags
    return COMPLETED, bytes(answer)


def event_buffers(given: bytes) -> list[tuple[int, int, bytes]] | None:
    """Return offset, type and data of every event buffer; None unless each holds its header and the last one ends where
    the SCCB does."""
    buffers, at = [], 0
    while at < len(given):
        if len(given) - at < EVENT_BYTES:
            return None
        event = EVENT.parse(given[at : at + EVENT_BYTES])
        end = at + event.length
        if event.length < EVENT_BYTES or end > len(given):
            return None
        buffers.append((at, event.type, given[at + EVENT_BYTES : end]))
        at = end
    return buffers


def message_lines(data: bytes, code_page: str) -> list[str] | None:
    """Return the text objects of a message data block; None unless `data` is one, and its objects fill it."""
    if len(data) < MESSAGE_BLOCK.sizeof():
        return None
    block = MESSAGE_BLOCK.parse(data)
    if block.tag != MESSAGE_TAG or block.length != len(data):
        return None
    lines, at = [], MESSAGE_BLOCK.sizeof()
    while at < len(data):
        if len(data) - at < OBJECT.sizeof():
            return None
        thing = OBJECT.parse(data[at : at + OBJECT.sizeof()])
        is_text = thing.type == TEXT_OBJECT_TYPE
        end = at + thing.length
        if thing.length < (TEXT_OBJECT if is_text else OBJECT).sizeof() or end > len(data):
            return None
        if is_text:
            coded = data[at + TEXT_OBJECT.sizeof() : end]
            text = coded.decode(OTHER_CODE_PAGE if ONLY_IN_OTHER in coded else code_page)
            lines.append(text.translate(NOT_PRINTABLE).rstrip())
        at = end
    return lines


CPU_INFORMATION_BYTES = HEADER_BYTES + CPU_INFORMATION.sizeof() + CPU_ENTRY.sizeof()
SCP_INFORMATION_BYTES = HEADER_BYTES + SCP_INFORMATION.sizeof() + CPU_ENTRY.sizeof()
# command -> the fewest bytes of an SCCB for it (of one CPU), and its function
COMMANDS = {
    READ_CPU_INFORMATION: (CPU_INFORMATION_BYTES, _read_cpu_information),
    READ_SCP_INFORMATION: (SCP_INFORMATION_BYTES, _read_scp_information),
    READ_SCP_INFORMATION_FORCED: (SCP_INFORMATION_BYTES, _read_scp_information),
    WRITE_EVENT_DATA: (HEADER_BYTES, _write_event_data),
    READ_EVENT_DATA: (HEADER_BYTES, _read_event_data),
    WRITE_EVENT_MASK: (HEADER_BYTES + EVENT_MASK.sizeof(), _write_event_mask),
}
