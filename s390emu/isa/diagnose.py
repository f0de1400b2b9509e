"""DIAGNOSE: what a guest asks its host for. PoP ch. 10 leaves it to the model; the codes are z/VM's.

X'10', release of blocks: docs/page-hinting.md. X'44', X'9C': a CPU that waits for another gives up its turn. X'250',
block I/O: docs/block-io.md. X'08', X'0C', X'260', X'308': docs/diagnose.md. No other code exists.
"""

from __future__ import annotations

from s390emu._jit import i64, jit, on, store8, u64
from s390emu.architecture.bits import LOW16, LOW32, bits
from s390emu.architecture.diagnose import (
    COMMAND_LENGTH,
    INTO_BUFFER,
    LOAD_CLEAR,
    LOAD_NORMAL,
    RESET_CLEAR,
    RESET_NORMAL,
    SET_BLOCK,
    STORE_BLOCK,
)
from s390emu.architecture.identities import ZVM
from s390emu.architecture.interruptions import ADDRESSING, BLOCK_VOLATILITY, PRIVILEGED_OPERATION, SPECIFICATION
from s390emu.architecture.sizes import BLOCK_SHIFT, DOUBLEWORD_OFFSET, OFFSET
from s390emu.cpu.psw import problem_state
from s390emu.isa.operands import rs
from s390emu.records.exits import EXIT_HYPERCALL
from s390emu.storage.absolute import guest_of, in_configuration
from s390emu.storage.access import CHECK, FETCH, REAL, STORE, probe, psw_key
from s390emu.storage.prefixing import PREFIX_AREA

COMMAND, PSEUDO_TIMER, STORAGE_EXTENTS, IPL = u64(0x08), u64(0x0C), u64(0x260), u64(0x308)
RELEASE, TIME_SLICE_END, DIRECTED_YIELD, BLOCK_IO = u64(0x10), u64(0x44), u64(0x9C), u64(0x250)
INITIALIZE, LAST_FUNCTION = u64(0), u64(2)
PARAMETER_LIST_BYTES = u64(64)
LAST_REGISTER = u64(15)
LONGEST_COMMAND, LONGEST_BUFFER = u64(240), u64(8192)
LONGEST_RESPONSE = u64(512)  # to one command: the host looks at no more of the buffer
TIMER_BYTES = u64(32)
ALL_EXTENTS = u64(0x10)  # the only function of X'260'
EXTENT_BYTES, EXTENT_OFFSET = u64(16), bits(60, 63)
STORED_LENGTH = u64(4096)  # of the IPL parameter block, at most


@jit
def diag(cpu, storage, insn):
    """DIAGNOSE, RS-a. PoP ch. 10 "DIAGNOSE". cc unchanged, except by X'08', X'250' and X'260'.

    The second-operand address is not an address: its rightmost 16 bits are the code."""
    if problem_state(cpu):
        return PRIVILEGED_OPERATION
    r1, r3, address = rs(cpu, insn)
    code = address & LOW16
    if code == TIME_SLICE_END or code == DIRECTED_YIELD:
        return give_up(storage, i64(cpu.gr[r1] & LOW16) if code == DIRECTED_YIELD else -1)
    if code == BLOCK_IO:
        return block_io(cpu, storage, insn, r1, r3)
    if code == COMMAND and guest_of(storage).identity == ZVM:
        return command(cpu, storage, insn, r1, r3)
    if code == PSEUDO_TIMER:
        return pseudo_timer(cpu, storage, insn, r1)
    if code == STORAGE_EXTENTS:
        return storage_extents(cpu, storage, r1, r3)
    if code == IPL:
        return ipl(cpu, storage, insn, r1, r3)
    if code != RELEASE:
        return SPECIFICATION
    return release(cpu, storage, insn, cpu.gr[r1] & cpu.amode, cpu.gr[r3] & cpu.amode)


@jit
def give_up(storage, address):
    """Give up the rest of the CPU's turn to the CPU with this address, or to any if that is -1 or does not exist:
    X'44', X'9C'.

    A CPU that is alone in its guest goes on."""
    guest = guest_of(storage)
    if guest.port_count > u64(1):
        guest.gave_up = u64(1)
        guest.yield_to = address if address < i64(guest.port_count) else -1
        storage.limit = storage.count + u64(1)
        storage.deadline = u64(0)
    return 0


@jit
def release(cpu, storage, insn, first, last):
    """Have the host make the blocks at real addresses first to last, inclusive, read as zeros: X'10'.

    There is no empty range: a last block before the first one, even the one right before it, is an error."""
    if on(first | last, OFFSET) or first < PREFIX_AREA or first > last:
        return SPECIFICATION
    if not in_configuration(guest_of(storage), last):
        return ADDRESSING
    storage.call_insn = insn
    return EXIT_HYPERCALL


@jit
def block_io(cpu, storage, insn, r1, r3):
    """Have the host perform function R3 with the parameter list at real address R1, and set the return code in R1 + 1:
    X'250'."""
    function, address = cpu.gr[r3] & LOW32, cpu.gr[r1] & cpu.amode
    if r1 == LAST_REGISTER or on(address, DOUBLEWORD_OFFSET) or function > LAST_FUNCTION:
        return SPECIFICATION
    kind = STORE if function == INITIALIZE else FETCH
    code = parameter_code(cpu, storage, address, PARAMETER_LIST_BYTES, kind)
    if code != 0:
        return code
    storage.call_insn = insn
    return EXIT_HYPERCALL


@jit
def parameter_code(cpu, storage, address, length, kind):
    """Return the code of the exception that a parameter block at a real address meets, or 0: it can be accessed now.

    One that the guest hinted away is not there (docs/page-hinting.md 4, parameter blocks)."""
    _, code = probe(cpu, storage, address, length, kind + REAL + CHECK, psw_key(cpu))
    return ADDRESSING if code == BLOCK_VOLATILITY else code


@jit
def command(cpu, storage, insn, r1, r3):
    """Have the host perform the commands at real address R1, whose length is in R3: X'08'. If R3 says so, R1 + 1 and
    R3 + 1 designate a buffer for the response."""
    length, into_buffer = cpu.gr[r3] & COMMAND_LENGTH, on(cpu.gr[r3], INTO_BUFFER)
    if cpu.gr[r3] & LOW32 == u64(0):
        return 0
    if length > LONGEST_COMMAND:
        return SPECIFICATION
    if into_buffer and (r1 == LAST_REGISTER or r3 == LAST_REGISTER or r1 == r3 + u64(1) or r3 == r1 + u64(1)):
        return SPECIFICATION
    room = cpu.gr[r3 + u64(1)] & LOW32 if into_buffer else u64(0)
    if room > LONGEST_BUFFER:
        return SPECIFICATION
    code = 0
    if length != u64(0):
        code = parameter_code(cpu, storage, cpu.gr[r1] & cpu.amode, length, FETCH)
    if code == 0 and room != u64(0):
        code = parameter_code(cpu, storage, cpu.gr[r1 + u64(1)] & cpu.amode, min(room, LONGEST_RESPONSE), STORE)
    if code != 0:
        return code
    storage.call_insn = insn
    return EXIT_HYPERCALL


@jit
def pseudo_timer(cpu, storage, insn, r1):
    """Have the host store date, time and the CPU's time at real address R1: X'0C'."""
    address = cpu.gr[r1] & cpu.amode
    if on(address, DOUBLEWORD_OFFSET):
        return SPECIFICATION
    code = parameter_code(cpu, storage, address, TIMER_BYTES, STORE)
    if code != 0:
        return code
    storage.call_insn = insn
    return EXIT_HYPERCALL


@jit
def storage_extents(cpu, storage, r1, r3):
    """Store the first and the last address of the storage, which is one extent, at real address R1, and the number of
    extents in R3: X'260' with X'10' in R3. R1 + 1: the bytes that there is room for. cc 0.
    """
    address, room = cpu.gr[r1] & cpu.amode, cpu.gr[r1 | u64(1)]
    if cpu.gr[r3] != ALL_EXTENTS or on(r1, u64(1)) or on(address | room, EXTENT_OFFSET) or room == u64(0):
        return SPECIFICATION
    span, code = probe(cpu, storage, address, EXTENT_BYTES, STORE + REAL, psw_key(cpu))
    if code != 0:
        return ADDRESSING if code == BLOCK_VOLATILITY else code
    store8(span.first, u64(0))
    store8(span.first + u64(8), (guest_of(storage).block_count << BLOCK_SHIFT) - u64(1))
    cpu.gr[r3] = u64(1)
    cpu.cc = 0
    return 0


@jit
def ipl(cpu, storage, insn, r1, r3):
    """Have the host do what R3 says with the IPL parameter block at real address R1, and set the return code in R1 + 1:
    X'308'."""
    function, address = cpu.gr[r3], cpu.gr[r1] & cpu.amode
    if on(r1, u64(1)):
        return SPECIFICATION
    if function == SET_BLOCK or function == STORE_BLOCK:
        if on(address, OFFSET):
            return SPECIFICATION
        code = parameter_code(cpu, storage, address, STORED_LENGTH, FETCH if function == SET_BLOCK else STORE)
        if code != 0:
            return code
    elif function not in (RESET_CLEAR, RESET_NORMAL, LOAD_CLEAR, LOAD_NORMAL):
        return SPECIFICATION
    storage.call_insn = insn
    return EXIT_HYPERCALL
