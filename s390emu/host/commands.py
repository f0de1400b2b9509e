"""DIAGNOSE X'08': commands to z/VM's control program, for guests that find themselves on it. docs/diagnose.md.

There is no command. Each is answered as CP answers one that it does not know.
"""

from __future__ import annotations

from s390emu.architecture.diagnose import COMMAND_LENGTH, INTO_BUFFER
from s390emu.host import channel

CODE_PAGE, LINE_END = "cp037", b"\x15"
UNKNOWN, UNKNOWN_CODE = "HCPCMD001E Unknown CP command: ", 1  # the message, and its number


def command(host, guest, cpu, port, insn: int) -> int:
    """Complete DIAGNOSE X'08': answer the first command that there is, as CP does not go on after an error. The
    completion code replaces R3. The response goes into the buffer if it fits, R3 + 1 then being its length, else how
    much was too much; without a buffer it goes on the console."""
    r1, r3 = insn >> 52 & 15, insn >> 48 & 15
    into_buffer, length = bool(cpu.gr[r3] & INTO_BUFFER), int(cpu.gr[r3] & COMMAND_LENGTH)
    text = b"".join(channel.fetch(host.pager, guest, *part) or b"" for part in _parts(cpu, r1, length))
    response = _response(text)
    if into_buffer:
        answer, room = response.encode(CODE_PAGE) + LINE_END if response else b"", int(cpu.gr[r3 + 1]) & 0xFFFFFFFF
        fits = len(answer) <= room
        cpu.cc, cpu.gr[r3 + 1] = (0, len(answer)) if fits else (1, len(answer) - room)
        if fits:
            channel.store_parts(host.pager, guest, _parts(cpu, r1 + 1, len(answer)), answer)
    elif response:
        guest.console.message(response)
    cpu.gr[r3] = UNKNOWN_CODE if response else 0
    return 0


def _response(text: bytes) -> str:
    """Return the response to commands; nothing if there is none but blanks."""
    commands = [line.split() for line in text.decode(CODE_PAGE).split(LINE_END.decode(CODE_PAGE))]
    return next((UNKNOWN + words[0] for words in commands if words), "")


def _parts(cpu, register: int, length: int) -> list[tuple[int, int]]:
    """Return absolute address and length of the parts of what a register designates."""
    return channel.absolute_parts(int(cpu.gr[register]), length, int(cpu.amode), int(cpu.prefix))
