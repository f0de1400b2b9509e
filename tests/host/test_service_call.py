"""The service processor: every command, every response code, and the console behind it."""

from __future__ import annotations

import struct

import pytest

from s390emu.architecture.sizes import BLOCK_SIZE
from s390emu.host.console import Console
from s390emu.host.service_call import Configuration, answered

MEGABYTE = 1 << 20
BLOCK = BLOCK_SIZE
READ_CPU, READ_SCP, READ_SCP_FORCED = 0x00010001, 0x00020001, 0x00120001
WRITE_DATA, READ_DATA, WRITE_MASK = 0x00760005, 0x00770005, 0x00780005


def sccb(rest=b"", length=None, function=0, control=b"\0\0\0"):
    return struct.pack(">HB3sH", 8 + len(rest) if length is None else length, function, control, 0xAAAA) + rest


def event(kind, data, length=None, flags=0):
    return struct.pack(">HBBH", 6 + len(data) if length is None else length, kind, flags, 0) + data


def characters(text):
    return event(0x1A, text.encode())


def thing(kind, data, length=None):
    return struct.pack(">HH", 4 + len(data) if length is None else length, kind) + data


def line(text):
    return thing(4, struct.pack(">HB3x", 0x1000, 0) + text.encode("cp500"))


def message(*things, tag=0xD4C4C240, length=None):
    body = b"".join(things)
    return event(0x02, struct.pack(">HHII", 12 + len(body) if length is None else length, 1, tag, 1) + body)


class Processor:
    def __init__(self, size=4 * MEGABYTE, cpus=1):
        self.configuration, self.console = Configuration(size, cpus), Console()

    def ask(self, command, given):
        """-> response code, what follows the header; the header is otherwise as given, and so are the bytes behind."""
        answer = answered(command, given.ljust(BLOCK, b"\xee"), self.configuration, self.console)
        assert answer[:6] == given[:6]
        assert len(answer) <= max(8, int.from_bytes(given[:2], "big"))
        return int.from_bytes(answer[6:8], "big"), answer[8:]


@pytest.fixture
def processor():
    return Processor()


# --- what is looked at, and in which order ----------------------------------------------------------------------------

LONGEST = 4096
UNKNOWN = 0x00020002


def masks(length, room=None):
    """The SCCB of WRITE EVENT MASK with masks of this length, and room for them (or for as much as is said)."""
    return sccb(struct.pack(">HH", 0, length) + bytes(4 * length if room is None else room))


def written(*events, **fields):
    return sccb(b"".join(events), **fields)


TEXT = characters("x\n")
CHECKS = [
    # command, SCCB, response
    pytest.param(0, sccb(), 0x01F0, id="command-0"),
    pytest.param(UNKNOWN, sccb(b"abc"), 0x01F0, id="command-unknown"),
    pytest.param(READ_SCP | 0x100, sccb(length=LONGEST), 0x01F0, id="command-with-a-parameter"),
    pytest.param(0xFFFFFFFF, sccb(), 0x01F0, id="command-all-ones"),
    pytest.param(UNKNOWN, sccb(length=LONGEST + 1), 0x01F0, id="the-command-comes-before-the-boundary"),
    pytest.param(READ_SCP, sccb(length=LONGEST), 0x0010, id="up-to-the-boundary"),
    pytest.param(READ_SCP, sccb(length=LONGEST + 1), 0x0100, id="across-the-boundary"),
    pytest.param(READ_SCP, sccb(length=0xFFFF), 0x0100, id="far-across-the-boundary"),
    pytest.param(WRITE_MASK, sccb(length=LONGEST + 1), 0x0100, id="the-boundary-comes-before-the-content"),
    pytest.param(READ_SCP, sccb(length=8), 0x0300, id="scp-information-in-a-header"),
    pytest.param(READ_SCP, sccb(length=143), 0x0300, id="scp-information-without-its-last-byte"),
    pytest.param(READ_SCP, sccb(length=144), 0x0010, id="scp-information-just-fits"),
    pytest.param(READ_SCP_FORCED, sccb(length=143), 0x0300, id="scp-information-forced-without-its-last-byte"),
    pytest.param(READ_SCP_FORCED, sccb(length=144), 0x0010, id="scp-information-forced-just-fits"),
    pytest.param(READ_SCP, sccb(length=LONGEST, function=0x80, control=b"\0\0\x80"), 0x0010, id="as-linux-asks"),
    pytest.param(READ_CPU, sccb(length=31), 0x0300, id="cpu-information-without-its-last-byte"),
    pytest.param(READ_CPU, sccb(length=32), 0x0010, id="cpu-information-just-fits"),
    pytest.param(WRITE_MASK, sccb(length=8), 0x0300, id="mask-without-its-length"),
    pytest.param(WRITE_MASK, sccb(length=11), 0x0300, id="mask-with-half-its-length"),
    pytest.param(WRITE_MASK, masks(0), 0x74F0, id="masks-of-length-0"),
    pytest.param(WRITE_MASK, masks(1), 0x0020, id="masks-of-length-1"),
    pytest.param(WRITE_MASK, masks(4, room=15), 0x74F0, id="masks-without-their-last-byte"),
    pytest.param(WRITE_MASK, masks(4), 0x0020, id="masks-just-fit"),
    pytest.param(WRITE_MASK, masks(1021), 0x0020, id="masks-that-fill-a-block"),
    pytest.param(WRITE_MASK, masks(1022, room=4084), 0x74F0, id="masks-longer-than-a-block"),
    pytest.param(WRITE_MASK, masks(0xFFFF, room=16), 0x74F0, id="masks-of-the-greatest-length"),
    pytest.param(READ_DATA, sccb(), 0x60F0, id="nothing-to-read"),
    pytest.param(READ_DATA, sccb(bytes(3), function=1), 0x0300, id="selective-read-without-its-mask"),
    pytest.param(READ_DATA, sccb(bytes(4), function=1), 0x60F0, id="selective-read-just-fits"),
    pytest.param(READ_DATA, sccb(bytes(40), function=2), 0x40F0, id="read-with-another-function"),
    pytest.param(WRITE_DATA, written(TEXT, function=1), 0x40F0, id="write-with-another-function"),
    pytest.param(WRITE_DATA, written(), 0x0020, id="no-event"),
    pytest.param(WRITE_DATA, written(event(0x1A, b"")), 0x0020, id="event-without-data"),
    pytest.param(WRITE_DATA, written(event(0x03, b"")), 0x40F0, id="event-type-that-is-not-received"),
    pytest.param(WRITE_DATA, written(b"\0"), 0x72F0, id="event-without-its-length"),
    pytest.param(WRITE_DATA, written(b"\0\6\x1a\0\0"), 0x72F0, id="event-without-its-header"),
    pytest.param(WRITE_DATA, written(event(0x1A, b"abc", length=0)), 0x72F0, id="event-of-length-0"),
    pytest.param(WRITE_DATA, written(event(0x1A, b"abc", length=5)), 0x72F0, id="event-shorter-than-its-header"),
    pytest.param(WRITE_DATA, written(event(0x1A, b"abc", length=8)), 0x72F0, id="event-that-leaves-a-byte"),
    pytest.param(WRITE_DATA, written(event(0x1A, b"abc", length=10)), 0x72F0, id="event-beyond-the-sccb"),
    pytest.param(WRITE_DATA, written(event(0x1A, b"abc", length=0xFFFF)), 0x72F0, id="event-far-beyond-the-sccb"),
    pytest.param(WRITE_DATA, written(TEXT, b"\0\0"), 0x72F0, id="two-bytes-behind-an-event"),
    pytest.param(WRITE_DATA, written(TEXT, event(0x03, b"", length=7)), 0x72F0, id="lengths-come-before-types"),
    pytest.param(WRITE_DATA, written(event(0x02, b"")), 0x73F0, id="message-without-a-block"),
    pytest.param(WRITE_DATA, written(event(0x02, b"too short!!")), 0x73F0, id="message-without-the-header"),
    pytest.param(WRITE_DATA, written(message(line("x"), tag=0x12345678)), 0x73F0, id="message-without-its-tag"),
    pytest.param(WRITE_DATA, written(message(length=0)), 0x73F0, id="block-of-length-0"),
    pytest.param(WRITE_DATA, written(message(length=11)), 0x73F0, id="block-shorter-than-its-header"),
    pytest.param(WRITE_DATA, written(message()), 0x0020, id="block-without-objects"),
    pytest.param(WRITE_DATA, written(message(line("x"), length=22)), 0x73F0, id="block-shorter-than-the-event"),
    pytest.param(WRITE_DATA, written(message(line("x"), length=24)), 0x73F0, id="block-longer-than-the-event"),
    pytest.param(WRITE_DATA, written(message(bytes(6), length=12)), 0x73F0, id="bytes-behind-the-block"),
    pytest.param(WRITE_DATA, written(message(b"\0\0\0")), 0x73F0, id="object-without-its-header"),
    pytest.param(WRITE_DATA, written(message(thing(1, b"", length=3))), 0x73F0, id="object-shorter-than-its-header"),
    pytest.param(WRITE_DATA, written(message(thing(1, b"", length=5))), 0x73F0, id="object-longer-than-the-block"),
    pytest.param(WRITE_DATA, written(message(thing(4, bytes(5)))), 0x73F0, id="text-shorter-than-its-fields"),
    pytest.param(WRITE_DATA, written(message(thing(4, bytes(6)))), 0x0020, id="text-without-text"),
]  # fmt: skip


@pytest.mark.parametrize("command, given, response", CHECKS)
def test_checks(processor, command, given, response):
    """Every check of every command, on both sides of its limit. What is refused does nothing, and only the response
    code is stored: the rest of the SCCB is as it was."""
    answered_with, rest = processor.ask(command, given)
    assert answered_with == response
    if response & 0xFF not in (0x10, 0x20):
        assert rest == given[8:][: len(rest)]
        assert processor.console.text == ""
        assert processor.console.receives == 0


# --- configuration ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", [READ_SCP, READ_SCP_FORCED])
@pytest.mark.parametrize(
    "size, increments, megabytes",
    [(4 * MEGABYTE, 4, 1), (MEGABYTE // 2, 0, 1), (3 * MEGABYTE + 4096, 3, 1), (65535 * MEGABYTE, 65535, 1),
     (65536 * MEGABYTE, 32768, 2), (1 << 40, 32768, 32)],
)  # fmt: skip
def test_read_scp_information(command, size, increments, megabytes):
    response, rest = Processor(size).ask(command, sccb(length=4096))
    assert response == 0x0010
    assert struct.unpack_from(">HB", rest) == (increments, megabytes)
    cpus, offset = struct.unpack_from(">HH", rest, 16 - 8)
    assert (cpus, offset) == (1, 128)
    assert rest[24 - 8 : 32 - 8] == b"\x40" * 8  # load parameter: EBCDIC blanks
    assert rest[48 - 8 : 56 - 8] == b"\x08" + bytes(7)  # facilities: READ CPU INFORMATION
    assert rest[85 - 8] == 0x02  # enhanced suppression on protection
    assert not any(rest[32 - 8 : 48 - 8] + rest[56 - 8 : 85 - 8] + rest[86 - 8 : offset - 8])
    entry = rest[offset - 8 :][:16]
    assert entry == bytes(16)
    assert len(rest) == 4088 and not any(rest[offset + 8 :])


def test_read_cpu_information(processor):
    response, rest = processor.ask(READ_CPU, sccb(length=4096))
    assert response == 0x0010
    assert struct.unpack_from(">HHHH", rest) == (1, 16, 0, 32)
    assert rest[8:24] == bytes(16)


@pytest.mark.parametrize("command, at", [(READ_CPU, 16), (READ_SCP, 128), (READ_SCP_FORCED, 128)])
@pytest.mark.parametrize("cpus", [1, 2, 3, 8])
def test_every_cpu_has_its_entry(command, at, cpus):
    """Number, offset, and an entry of 16 bytes for each with its address; standby CPUs, of which there are none, behind
    them. An SCCB in which one entry does not fit is too short, and as it was."""
    processor = Processor(cpus=cpus)
    response, rest = processor.ask(command, sccb(length=at + 16 * cpus))
    assert response == 0x0010
    assert [rest[at - 8 + 16 * n :][:16] for n in range(cpus)] == [bytes([n]).ljust(16, b"\0") for n in range(cpus)]
    numbers = struct.unpack_from(">HHHH", rest, 0 if command == READ_CPU else 16 - 8)
    assert numbers == ((cpus, 16, 0, 16 + 16 * cpus) if command == READ_CPU else (cpus, 128, 0, 0))
    given = sccb(bytes([0xEE] * (at + 16 * cpus - 9)))
    response, rest = processor.ask(command, given)
    assert (response, rest) == (0x0300, given[8:][: len(rest)])


# --- events ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "length, receives",
    [(4, "40000040"), (8, "4000004000000000"), (1, "40"), (2, "4000"), (5, "4000004000")],
)
def test_write_event_mask(processor, length, receives):
    given = struct.pack(">HH", 0, length) + b"\x11" * length + b"\x22" * length + b"\x33" * 2 * length
    response, rest = processor.ask(WRITE_MASK, sccb(given))
    assert response == 0x0020
    sends = bytes.fromhex("80000040").ljust(length, b"\0")[:length]  # commands, and messages to the guest
    assert rest == given[: 4 + 2 * length] + bytes.fromhex(receives) + sends


GENERAL = thing(1, bytes(52))


def test_write_characters(processor):
    given = characters("Hello\n")
    assert processor.ask(WRITE_DATA, sccb(given)) == (0x0020, given[:3] + b"\x80" + given[4:])
    assert processor.console.text == "Hello\n"


def test_write_characters_that_are_not_ascii(processor):
    processor.ask(WRITE_DATA, sccb(event(0x1A, b"\xff\xc3\xa4\n")))
    assert processor.console.text == "\ufffdä\n"


def test_write_a_message(processor):
    given = message(GENERAL, line("Hello, world"), line("second   "))
    assert processor.ask(WRITE_DATA, sccb(given)) == (0x0020, given[:3] + b"\x80" + given[4:])
    assert processor.console.text == "Hello, world\nsecond\n"


def test_message_text_is_made_printable(processor):
    data = struct.pack(">HB3x", 0x1000, 0) + bytes([0xC1, 0x15, 0x00, 0xC2])
    processor.ask(WRITE_DATA, sccb(message(thing(4, data))))
    assert processor.console.text == "A..B\n"


def test_message_without_a_text(processor):
    assert processor.ask(WRITE_DATA, sccb(message(GENERAL)))[0] == 0x0020
    assert processor.console.text == ""


def test_several_events_in_one_sccb(processor):
    given = characters("one\n") + message(line("two")) + characters("three\n")
    assert processor.ask(WRITE_DATA, sccb(given))[0] == 0x0020
    assert processor.console.text == "one\ntwo\nthree\n"


def test_a_line_written_both_ways_is_shown_once(processor):
    for text in ("one", "two"):
        processor.ask(WRITE_DATA, sccb(message(GENERAL, line(text))))
        processor.ask(WRITE_DATA, sccb(characters(text + "\r\n")))
    assert processor.console.text == "one\ntwo\n"


def test_event_lengths_that_do_not_add_up_write_nothing(processor):
    given = TEXT + event(0x1A, b"y", length=8)
    assert processor.ask(WRITE_DATA, sccb(given)) == (0x72F0, given)
    assert processor.console.text == ""


def test_message_that_is_none_is_not_written_in_part(processor):
    """Of its own event nothing, of those before it everything."""
    given = TEXT + message(line("one"), thing(4, bytes(5)))
    response, rest = processor.ask(WRITE_DATA, sccb(given))
    assert (response, rest[3], rest[len(TEXT) + 3]) == (0x73F0, 0x80, 0)
    assert processor.console.text == "x\n"


def test_event_type_that_is_not_received(processor):
    given = TEXT + event(0x03, b"") + characters("y\n")
    response, rest = processor.ask(WRITE_DATA, sccb(given))
    assert response == 0x40F0
    assert (rest[3], rest[len(TEXT) + 3]) == (0x80, 0)  # the first was taken, the second was not
    assert processor.console.text == "x\n"


# --- messages to the guest -------------------------------------------------------------------------------------------

RECEIVES = struct.pack(">HH4s4s8x", 0, 4, bytes.fromhex("00000040"), bytes(4))


def told_as(text):
    return event(0x1A, b"\0" + text.encode())


@pytest.fixture
def told(processor):
    assert processor.ask(WRITE_MASK, sccb(RECEIVES))[0] == 0x0020
    return processor


def test_messages_come_in_order_and_once(told):
    told.console.send("CMM SHRINK 100")
    told.console.send("STOP")
    events = told_as("CMM SHRINK 100") + told_as("STOP")
    assert told.ask(READ_DATA, sccb(b"\x77" * 100)) == (0x0020, events.ljust(100, b"\0"))
    assert told.ask(READ_DATA, sccb(b"\x77" * 100)) == (0x60F0, b"\x77" * 100)


def test_the_answer_tells_its_length_if_asked_to(told):
    told.console.send("STOP")
    given = sccb(b"\x77" * 100, control=b"\0\0\x80").ljust(BLOCK, b"\xee")
    answer = answered(READ_DATA, given, told.configuration, told.console)
    assert answer == struct.pack(">HB3sH", 8 + 11, 0, b"\0\0\x80", 0x0020) + told_as("STOP")


def test_what_does_not_fit_waits(told):
    told.console.send("one")
    told.console.send("twenty-two")
    assert told.ask(READ_DATA, sccb(bytes(9))) == (0x75F0, bytes(9))
    assert told.ask(READ_DATA, sccb(bytes(20))) == (0x0020, told_as("one").ljust(20, b"\0"))
    assert told.ask(READ_DATA, sccb(bytes(17))) == (0x0020, told_as("twenty-two"))


def test_selective_read(told):
    told.console.send("one")
    assert told.ask(READ_DATA, sccb(bytes.fromhex("80000000") + bytes(40), function=1))[0] == 0x60F0
    assert told.ask(READ_DATA, sccb(bytes.fromhex("00000040") + bytes(40), function=1))[0] == 0x0020


@pytest.mark.parametrize("mask, wanted", [("00000040", True), ("80000000", False), ("40", False), ("0000004000", True)])
def test_messages_only_for_guests_that_receive_them(processor, mask, wanted):
    processor.console.send("one")
    assert not processor.console.wanted
    mask = bytes.fromhex(mask)
    processor.ask(WRITE_MASK, sccb(struct.pack(">HH", 0, len(mask)) + mask + bytes(3 * len(mask))))
    assert processor.console.wanted is wanted
    assert processor.ask(READ_DATA, sccb(bytes(40)))[0] == (0x0020 if wanted else 0x60F0)


@pytest.mark.parametrize("text", ["caf\u00e9", "two\nlines", "x" * 1025])
def test_what_cannot_be_a_message(text):
    with pytest.raises(ValueError, match="printable ASCII, at most 1024"):
        Console().send(text)


# --- what is typed ---------------------------------------------------------------------------------------------------


def receiving(processor, mask):
    assert processor.ask(WRITE_MASK, sccb(struct.pack(">HH4s12x", 0, 4, bytes.fromhex(mask))))[0] == 0x0020
    return processor


def command(text):
    """The event of an operator's command: three vectors and two subvectors around the text."""
    data = text.encode("cp500")
    data = bytes([2 + len(data), 0x30]) + data
    data = bytes([2 + len(data), 0x31]) + data
    for number in (0x1320, 0x1212, 0x1310):
        data = struct.pack(">HH", 4 + len(data), number) + data
    return event(0x01, data)


def test_typed_characters(processor):
    receiving(processor, "00000040").console.type("ls\n")
    given = told_as("ls\r").ljust(40, b"\0")
    assert processor.ask(READ_DATA, sccb(bytes(40))) == (0x0020, given)
    assert processor.ask(READ_DATA, sccb(bytes(40)))[0] == 0x60F0


def test_a_typed_line_is_an_operators_command(processor):
    receiving(processor, "80000000").console.type("echo [x]!\n")
    assert processor.ask(READ_DATA, sccb(bytes(1000))) == (0x0020, command("echo [x]!").ljust(1000, b"\0"))


def test_several_typed_lines_in_one_answer(processor):
    receiving(processor, "80000000").console.type("a\n\x03b\nrest")
    events = command("a") + command("^c") + command("b")
    assert processor.ask(READ_DATA, sccb(bytes(1000))) == (0x0020, events.ljust(1000, b"\0"))
    assert processor.console.typed == "rest"


def test_a_typed_line_that_no_command_holds_comes_in_parts(processor):
    receiving(processor, "80000000").console.type("x" * 300 + "\n")
    events = command("x" * 249 + "^n") + command("x" * 51)
    assert processor.ask(READ_DATA, sccb(bytes(1000))) == (0x0020, events.ljust(1000, b"\0"))


def test_typed_characters_that_do_not_fit_wait(processor):
    receiving(processor, "00000040").console.type("abcdef")
    assert processor.ask(READ_DATA, sccb(bytes(7))) == (0x75F0, bytes(7))
    assert processor.ask(READ_DATA, sccb(bytes(11))) == (0x0020, told_as("abcd"))
    assert processor.console.wanted
    assert processor.ask(READ_DATA, sccb(bytes(11))) == (0x0020, told_as("ef").ljust(11, b"\0"))


def test_a_command_waits_for_room_for_the_longest(processor):
    receiving(processor, "80000000").console.type("a\n")
    room = len(command("x" * 251))
    assert processor.ask(READ_DATA, sccb(bytes(room - 1)))[0] == 0x75F0
    assert processor.ask(READ_DATA, sccb(bytes(room)))[0] == 0x0020


def test_selective_read_of_what_is_typed(processor):
    receiving(processor, "80000000").console.type("a\n")
    assert processor.ask(READ_DATA, sccb(bytes.fromhex("00000040") + bytes(400), function=1))[0] == 0x60F0
    assert processor.ask(READ_DATA, sccb(bytes.fromhex("80000000") + bytes(400), function=1))[0] == 0x0020


def test_messages_come_before_what_is_typed(processor):
    console = receiving(processor, "80000040").console
    console.type("a\n")
    console.send("STOP")
    assert processor.ask(READ_DATA, sccb(bytes(40))) == (0x0020, (told_as("STOP") + told_as("a\r")).ljust(40, b"\0"))


def test_a_line_in_the_other_code_page(processor):
    """So Linux writes while it decompresses itself; whether a line without a bracket is such a one nobody can see."""
    texts = "[a!] |", "a!"
    lines = [thing(4, struct.pack(">HB3x", 0x1000, 0) + text.encode("cp037")) for text in texts]
    processor.ask(WRITE_DATA, sccb(message(*lines)))
    assert processor.console.text == "[a!] |\na]\n"
    assert not b"\xba".decode("cp500").isascii()


@pytest.mark.parametrize("character", "[]!^|\\{}~#@$")
def test_every_character_of_a_message_is_shown_as_it_is(processor, character):
    """Code page 500: in 037, most of these are elsewhere."""
    code = {"[": 0x4A, "]": 0x5A, "!": 0x4F, "^": 0x5F, "|": 0xBB, "\\": 0xE0, "{": 0xC0, "}": 0xD0, "~": 0xA1,
            "#": 0x7B, "@": 0x7C, "$": 0x5B}[character]  # fmt: skip
    text = thing(4, struct.pack(">HB3x", 0x1000, 0) + bytes([code, 0xC1]))
    processor.ask(WRITE_DATA, sccb(message(text)))
    assert processor.console.text == f"{character}A\n"
