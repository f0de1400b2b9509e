"""What DIAGNOSE X'308' and X'0C' ask of the host: resets, initial program loading anew, the time of day.
docs/diagnose.md.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from s390emu.architecture.diagnose import LOAD_CLEAR, LOAD_NORMAL, RESET_CLEAR, RESET_NORMAL, SET_BLOCK
from s390emu.architecture.sizes import BLOCK_SIZE
from s390emu.architecture.tod_clock import MICROSECOND
from s390emu.host import channel, kernels
from s390emu.records.exits import RE_IPL

DONE, NOT_VALID, NO_BLOCK = 0x0001, 0x0402, 0x0102  # return codes
LENGTH_BYTES, LEAST_BLOCK = 4, 16  # of an IPL parameter block: its length stands first, then its version and type
SHORT_PSW_BYTES = 8
FIRST_DAY = datetime(1900, 1, 1, tzinfo=UTC)  # of the TOD clock
NANOSECONDS = 1000  # in a microsecond


def ipl(host, guest, cpu, port, insn: int) -> int:
    """Complete DIAGNOSE X'308': reset the guest and go on at the PSW at absolute address 0, stop for initial program
    loading, or take and give the IPL parameter block."""
    r1, r3 = insn >> 52 & 15, insn >> 48 & 15
    function = cpu.gr[r3]
    if function in (LOAD_CLEAR, LOAD_NORMAL):
        return RE_IPL
    if function in (RESET_CLEAR, RESET_NORMAL):
        host.reset(guest.number, clear=False)
        psw = channel.fetch(host.pager, guest, 0, SHORT_PSW_BYTES)
        assert psw is not None, "after the reset no block is hinted away"
        kernels.load_reset(cpu, port, int(function == RESET_CLEAR), int.from_bytes(psw, "big"))
        return 0
    ((absolute, _),) = channel.absolute_parts(int(cpu.gr[r1]), BLOCK_SIZE, int(cpu.amode), int(cpu.prefix))
    if function == SET_BLOCK:
        block = channel.fetch(host.pager, guest, absolute, BLOCK_SIZE)
        assert block is not None, "the handler saw to it that it is there"
        length = int.from_bytes(block[:LENGTH_BYTES], "big")
        code = DONE if LEAST_BLOCK <= length <= BLOCK_SIZE else NOT_VALID
        if code == DONE:
            guest.ipl_block = block[:length]
    elif guest.ipl_block:
        channel.store(host.pager, guest, absolute, guest.ipl_block)
        code = DONE
    else:
        code = NO_BLOCK
    cpu.gr[r1 + 1] = code
    return 0


def pseudo_timer(host, guest, cpu, port, insn: int) -> int:
    """Complete DIAGNOSE X'0C': store date and time by the CPU's TOD clock, and the microseconds for which the CPU has
    executed instructions, twice: for itself, and in all."""
    now = FIRST_DAY + timedelta(microseconds=kernels.tod(cpu, port) % (1 << 64) // MICROSECOND)
    used = (int(port.count) // NANOSECONDS).to_bytes(8, "big")
    answer = now.strftime("%m/%d/%y%H:%M:%S").encode("cp037") + used + used
    parts = channel.absolute_parts(int(cpu.gr[insn >> 52 & 15]), len(answer), int(cpu.amode), int(cpu.prefix))
    channel.store_parts(host.pager, guest, parts, answer)
    return 0
