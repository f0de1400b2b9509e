"""EDIT, EDIT AND MARK: PoP ch. 8.

How many bytes the source has depends on the pattern and on the source itself; access and data exceptions are recognized
for those only. So there are two passes: one that stores nothing and finds the exceptions, then one that has none.
"""

from __future__ import annotations

from typing import NamedTuple

from s390emu._jit import i64, jit, u64
from s390emu.architecture.interruptions import DXC_DECIMAL_OPERAND
from s390emu.cpu.interruptions import data_exception
from s390emu.isa.decimal.packed import ONE, ZERO, check_store
from s390emu.isa.general.convert import DIGIT_BITS, TEN, minus
from s390emu.isa.general.storage_to_storage import ZONE, mark_address
from s390emu.isa.operands import LOW4, ss_a
from s390emu.records.port import BASE_FIRST, BASE_SECOND
from s390emu.storage.access import fetch_byte, get_byte, probe_fetch, probe_store, put_byte
from s390emu.storage.access_registers import designate

DIGIT_SELECTOR, SIGNIFICANCE_STARTER, FIELD_SEPARATOR = u64(0x20), u64(0x21), u64(0x22)
CC_ZERO, CC_LESS, CC_GREATER = 0, 1, 2
NO_MARK = -1
PATTERN_BYTES_MAX = u64(256)  # and so the most source bytes, of which a sign leaves one digit each


class Edited(NamedTuple):
    """What a pass has found: the condition code, how many source bytes were needed, and the last result byte that a
    first significant digit was put into."""

    cc: int
    used: u64
    mark: int


@jit
def edited(cpu, storage, pattern, length, source, available, storing):
    """Edit the source at an address under control of the pattern (a span); return (Edited, code).

    Without `storing` nothing is changed. Beyond `available` bytes the source is zeros: operands that overlap in a block
    with two addresses may ask for more in the second pass than in the first. Their result is unpredictable.
    """
    fill, significant, nonzero, mark = get_byte(pattern, ZERO), False, False, NO_MARK
    used, byte, right_waits = ZERO, ZERO, False
    for i in range(i64(length)):
        control = get_byte(pattern, u64(i))
        result = fill
        if control == DIGIT_SELECTOR or control == SIGNIFICANCE_STARTER:
            plus = False
            if right_waits:
                digit, right_waits = byte & LOW4, False
            else:
                byte = ZERO
                if used < available:
                    designate(storage, BASE_SECOND)
                    byte, code = fetch_byte(cpu, storage, (source + used) & cpu.amode)
                    if code != 0:
                        return Edited(CC_ZERO, used, NO_MARK), code
                    used += ONE
                digit, right_waits = byte >> DIGIT_BITS, byte & LOW4 < TEN
                plus = not right_waits and not minus(byte)
                if digit >= TEN and not storing:
                    return Edited(CC_ZERO, used, NO_MARK), data_exception(cpu, DXC_DECIMAL_OPERAND)
            if digit != ZERO and not significant:
                mark = i
            significant = significant or digit != ZERO
            nonzero = nonzero or digit != ZERO
            if significant:
                result = ZONE | digit
            significant = (significant or control == SIGNIFICANCE_STARTER) and not plus
        elif control == FIELD_SEPARATOR:
            significant = nonzero = False
        elif significant:
            result = control
        if storing:
            put_byte(pattern, u64(i), result)
    cc = CC_ZERO
    if nonzero:
        cc = CC_LESS if significant else CC_GREATER
    return Edited(cc, used, mark), 0


@jit
def edit(cpu, storage, length, first, second):
    """Edit the first operand, and set cc; return (index of the byte to be marked or NO_MARK, code)."""
    designate(storage, BASE_FIRST)
    pattern, code = probe_fetch(cpu, storage, first, length)
    if code == 0:
        code = check_store(cpu, storage, first, length)
    if code != 0:
        return NO_MARK, code
    found, code = edited(cpu, storage, pattern, length, second, PATTERN_BYTES_MAX, False)
    if code != 0:
        return NO_MARK, code
    designate(storage, BASE_FIRST)
    target, code = probe_store(cpu, storage, first, length)
    if code != 0:
        return NO_MARK, code
    edited(cpu, storage, target, length, second, found.used, True)
    cpu.cc = found.cc
    return found.mark, 0


@jit
def ed(cpu, storage, insn):
    """EDIT, SS-a. PoP ch. 8 "EDIT". cc of the last field: 0 zero, 1 less than zero, 2 greater."""
    length, first, second = ss_a(cpu, insn)
    _, code = edit(cpu, storage, length, first, second)
    return code


@jit
def edmk(cpu, storage, insn):
    """EDIT AND MARK, SS-a. PoP ch. 8 "EDIT AND MARK". cc as ED.

    The address of a result byte that is the first significant digit of a field, unless a significance starter came
    before it, is put into register 1: of several the last.
    """
    length, first, second = ss_a(cpu, insn)
    mark, code = edit(cpu, storage, length, first, second)
    if mark != NO_MARK:
        mark_address(cpu, (first + u64(mark)) & cpu.amode)
    return code
