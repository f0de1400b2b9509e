"""PERFORM LOCKED OPERATION: PoP ch. 7.

An instruction is one step for the guest's other CPUs, so there is no lock, and the program lock token is not looked at.

A function code is four times an operation (compare and load, compare and swap, double compare and swap; compare and
swap and store, and double store, and triple store) plus a form of the operands: 32 bits in registers, 64 bits in the
parameter list, 64 bits in registers, 128 bits in the parameter list. The list has a slot of 16 bytes for each value,
which is right-aligned in it, and for each operand 4, 6 and 8 its address, after the ALET. Nothing is stored before all
that is to be stored has passed all checks.
"""

from __future__ import annotations

from s390emu._jit import i64, jit, on, u64
from s390emu.architecture.bits import bit, bits
from s390emu.architecture.interruptions import SPECIFICATION
from s390emu.architecture.psw_bits import ACCESS_REGISTER, AS, DAT
from s390emu.architecture.sizes import DOUBLEWORD_BYTES, DOUBLEWORD_OFFSET, QUADWORD_BYTES, WORD_BYTES
from s390emu.isa.operands import based, based_second, r8, r12
from s390emu.isa.registers import low, set_low
from s390emu.records.port import BASE_FIRST, BASE_SECOND
from s390emu.storage.access import (
    CHECK,
    STORE,
    get_doubleword,
    get_word,
    probe,
    probe_fetch,
    probe_store,
    psw_key,
    put_doubleword,
    put_word,
)
from s390emu.storage.access_registers import designate

ZERO, ONE = u64(0), u64(1)
ODD = u64(1)  # of a register number
RESERVED, TEST, FUNCTION = bits(32, 54), bit(55), bits(56, 63)  # of general register 0
LAST_FUNCTION = u64(23)
NOT_INSTALLED = 3
LOAD, SWAP, DOUBLE_SWAP, SWAP_STORE, SWAP_DOUBLE_STORE, SWAP_TRIPLE_STORE = range(6)
WORDS, LIST_DOUBLEWORDS, DOUBLEWORDS, LIST_QUADWORDS = range(4)
TARGETS = (0, 0, 1, 1, 2, 3)  # by operation: of operands 4, 6 and 8, how many are stored into
LIST_BYTES = (u64(80), u64(32), u64(80), u64(80), u64(112), u64(144))  # by operation
# offsets in the list: slots of the values; ALET and address of operand 4, and the distance to those of 6 and of 8
COMPARAND, REPLACEMENT, THIRD, STORED = u64(0), u64(16), u64(32), u64(48)
ALET, ADDRESS, LIST_STEP = u64(68), u64(72), u64(32)


@jit
def size_of(form):
    """Return the bytes of the operands in storage."""
    if form == WORDS:
        return WORD_BYTES
    return QUADWORD_BYTES if form == LIST_QUADWORDS else DOUBLEWORD_BYTES


@jit
def in_registers(form):
    """True if the operands to compare with, and what replaces them, are in registers."""
    return form == WORDS or form == DOUBLEWORDS


@jit
def has_list(operation, form):
    """True if the fourth address is that of a parameter list."""
    return not in_registers(form) or operation >= SWAP_DOUBLE_STORE


@jit
def in_access_register_mode(cpu):
    return on(cpu.psw_mask, DAT) and cpu.psw_mask & AS == ACCESS_REGISTER


@jit
def get_value(span, i, size):
    """Return the (left, right) doubleword of an operand of 4, 8 or 16 bytes at byte i of a span."""
    if size == WORD_BYTES:
        return ZERO, get_word(span, i)
    if size == DOUBLEWORD_BYTES:
        return ZERO, get_doubleword(span, i)
    return get_doubleword(span, i), get_doubleword(span, i + DOUBLEWORD_BYTES)


@jit
def put_value(span, value, size):
    """Store an operand of 4, 8 or 16 bytes at a span."""
    left, right = value
    if size == WORD_BYTES:
        put_word(span, ZERO, right)
    elif size == DOUBLEWORD_BYTES:
        put_doubleword(span, ZERO, right)
    else:
        put_doubleword(span, ZERO, left)
        put_doubleword(span, DOUBLEWORD_BYTES, right)


@jit
def value_of(cpu, r, parameters, slot, form):
    """Return the (left, right) doubleword of an operand in a register, or in this slot of the list."""
    if form == WORDS:
        return ZERO, low(cpu, r)
    if form == DOUBLEWORDS:
        return ZERO, cpu.gr[r]
    size = size_of(form)
    return get_value(parameters, slot + (QUADWORD_BYTES - size), size)


@jit
def set_value(cpu, storage, r, list_address, slot, form, value):
    """Replace an operand in a register, or in this slot of the list; return a code."""
    if form == WORDS:
        set_low(cpu, r, value[1])
        return 0
    if form == DOUBLEWORDS:
        cpu.gr[r] = value[1]
        return 0
    size = size_of(form)
    designate(storage, BASE_SECOND)
    span, code = probe_store(cpu, storage, (list_address + slot + (QUADWORD_BYTES - size)) & cpu.amode, size)
    if code == 0:
        put_value(span, value, size)
    return code


@jit
def further_operand(cpu, storage, insn, operation, form, parameters, n):
    """Designate operand 4 (n is 0), 6 or 8 as the next; return (address, code).

    In the access-register mode an ALET of the list goes into access register R3."""
    address = based_second(cpu, insn)
    if has_list(operation, form):
        address = get_doubleword(parameters, ADDRESS + u64(n) * LIST_STEP) & cpu.amode
        if in_access_register_mode(cpu):
            cpu.ar[r12(insn)] = get_word(parameters, ALET + u64(n) * LIST_STEP)
        designate(storage, r12(insn))
    else:
        designate(storage, BASE_SECOND)
    return address, SPECIFICATION if on(address, size_of(form) - ONE) else 0


@jit
def replace(cpu, storage, insn, operation, form, parameters):
    """Store into operands 4, 6 and 8, as many as the operation has, and then replace the second; return a code."""
    r1, r3, second, size = r8(insn), r12(insn), based(cpu, insn), size_of(form)
    for n in range(TARGETS[operation]):
        address, code = further_operand(cpu, storage, insn, operation, form, parameters, n)
        if code == 0:
            _, code = probe(cpu, storage, address, size, STORE + CHECK, psw_key(cpu))
        if code != 0:
            return code
    designate(storage, BASE_FIRST)
    _, code = probe(cpu, storage, second, size, STORE + CHECK, psw_key(cpu))
    if code != 0:
        return code
    for n in range(TARGETS[operation]):
        if has_list(operation, form):
            value = get_value(parameters, STORED + u64(n) * LIST_STEP + (QUADWORD_BYTES - size), size)
        else:
            value = value_of(cpu, r3 + (ODD if operation == DOUBLE_SWAP else ZERO), parameters, STORED, form)
        address, code = further_operand(cpu, storage, insn, operation, form, parameters, n)
        target, code = probe_store(cpu, storage, address, size)
        put_value(target, value, size)
    value = value_of(cpu, r1 + ODD, parameters, REPLACEMENT, form)
    designate(storage, BASE_FIRST)
    target, code = probe_store(cpu, storage, second, size)
    put_value(target, value, size)
    cpu.cc = 0
    return 0


@jit
def compare(cpu, storage, insn, operation, form):
    """Compare, do what the result asks for, and set cc; return a code."""
    r1, r3, list_address, size = r8(insn), r12(insn), based_second(cpu, insn), size_of(form)
    designate(storage, BASE_FIRST)
    operand, code = probe_fetch(cpu, storage, based(cpu, insn), size)
    if code != 0:
        return code
    value, parameters = get_value(operand, ZERO, size), operand
    if has_list(operation, form):
        designate(storage, BASE_SECOND)
        parameters, code = probe_fetch(cpu, storage, list_address, LIST_BYTES[operation])
        if code != 0:
            return code
    if value != value_of(cpu, r1, parameters, COMPARAND, form):
        code = set_value(cpu, storage, r1, list_address, COMPARAND, form, value)
        if code == 0:
            cpu.cc = 1
        return code
    if operation == LOAD or operation == DOUBLE_SWAP:
        address, code = further_operand(cpu, storage, insn, operation, form, parameters, 0)
        if code != 0:
            return code
        operand, code = probe_fetch(cpu, storage, address, size)
        if code != 0:
            return code
        value = get_value(operand, ZERO, size)
        if operation == LOAD or value != value_of(cpu, r3, parameters, THIRD, form):
            code = set_value(cpu, storage, r3, list_address, THIRD, form, value)
            if code == 0:
                cpu.cc = 0 if operation == LOAD else 2
            return code
    return replace(cpu, storage, insn, operation, form, parameters)


@jit
def misspecified(cpu, insn, operation, form):
    """True if the registers or addresses in the instruction are not what the function needs."""
    r1, r3, fourth = r8(insn), r12(insn), based_second(cpu, insn)
    if in_registers(form) and ((operation != LOAD and on(r1, ODD)) or (operation == DOUBLE_SWAP and on(r3, ODD))):
        return True
    if on(based(cpu, insn), size_of(form) - ONE):
        return True
    if has_list(operation, form):
        without_register = operation != SWAP and r3 == ZERO and in_access_register_mode(cpu)
        return on(fourth, DOUBLEWORD_OFFSET) or without_register
    return False


@jit
def plo(cpu, storage, insn):
    """PERFORM LOCKED OPERATION, SS-e. PoP ch. 7 "PERFORM LOCKED OPERATION". cc 0 equal; 1 first operand unequal; 2
    third operand unequal (double compare and swap). With bit 55 of general register 0 on, cc 0 or 3: the function is
    installed or not."""
    if on(cpu.gr[0], RESERVED):
        return SPECIFICATION
    function = cpu.gr[0] & FUNCTION
    if on(cpu.gr[0], TEST):
        cpu.cc = 0 if function <= LAST_FUNCTION else NOT_INSTALLED
        return 0
    operation, form = i64(function >> u64(2)), i64(function & u64(3))
    if function > LAST_FUNCTION or misspecified(cpu, insn, operation, form):
        return SPECIFICATION
    alet = cpu.ar[r12(insn)]
    code = compare(cpu, storage, insn, operation, form)
    if code != 0:
        cpu.ar[r12(insn)] = alet
    return code
