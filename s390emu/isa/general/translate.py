"""TRANSLATE EXTENDED and the translations from and to characters of one or two bytes: PoP ch. 7.

Each character is done by itself: fetched, looked up, stored. An instruction ends, with condition code 3, at the page
boundary of either operand or before the first character of which it cannot access everything; the exception is
recognized if that is its first character. So whatever it does it has told in its registers.
"""

from __future__ import annotations

from s390emu._jit import jit, on, u64
from s390emu.architecture.bits import LOW8, LOW16, bit
from s390emu.architecture.interruptions import SPECIFICATION
from s390emu.architecture.sizes import DOUBLEWORD_OFFSET, OFFSET
from s390emu.isa.general.long_operands import (
    CPU_DETERMINED,
    ODD,
    length_mask,
    odd,
    set_address,
    to_page_end,
)
from s390emu.isa.operands import rre, rrf_c
from s390emu.storage.absolute import guest_of
from s390emu.storage.access import fetch_byte, fetch_halfword, store_byte, store_halfword
from s390emu.storage.access_registers import designate
from s390emu.storage.protection import fetched_alike

ZERO, ONE, TWO = u64(0), u64(1), u64(2)
NO_TEST = u64(1)  # M3, bit 3: function characters are not compared with the test character
TABLE_REGISTER = u64(1)
ENHANCEMENT = bit(24)  # ETF2-enhancement facility: in the first doubleword of the facility list


@jit
def tre(cpu, storage, insn):
    """TRANSLATE EXTENDED, RRE. PoP ch. 7 "TRANSLATE EXTENDED". cc 0: all translated; 1: R1 designates a byte equal to
    the test byte in general register 0; 3: not yet at the end."""
    r1, r2 = rre(insn)
    if odd(r1):
        return SPECIFICATION
    lengths = length_mask(cpu)
    address, table = cpu.gr[r1] & cpu.amode, cpu.gr[r2] & cpu.amode
    length, test = cpu.gr[r1 + ODD] & lengths, cpu.gr[0] & LOW8
    unit, done, cc = min(length, to_page_end(address)), ZERO, 0
    while done < unit:
        designate(storage, r1)
        value, code = fetch_byte(cpu, storage, address + done)
        if code == 0 and value == test:
            cc = 1
            break
        if code == 0:
            designate(storage, r2)
            value, code = fetch_byte(cpu, storage, (table + value) & cpu.amode)
        if code == 0:
            designate(storage, r1)
            code = store_byte(cpu, storage, address + done, value)
        if code != 0 and done == ZERO:
            return code
        if code != 0:
            break
        done += ONE
    set_address(cpu, r1, address + done)
    cpu.gr[r1 + ODD] = (cpu.gr[r1 + ODD] & ~lengths) | (length - done)
    cpu.cc = CPU_DETERMINED if cc == 0 and done != length else cc
    return 0


@jit
def fetch_character(cpu, storage, address, size):
    """Fetch a character of one or two bytes; return (value, code)."""
    if size == ONE:
        return fetch_byte(cpu, storage, address)
    return fetch_halfword(cpu, storage, address)


@jit
def store_character(cpu, storage, address, value, size):
    """Store a character of one or two bytes; return a code."""
    if size == ONE:
        return store_byte(cpu, storage, address, value)
    return store_halfword(cpu, storage, address, value)


@jit
def translate_characters(cpu, storage, insn, argument_size, function_size):
    """Translate characters of so many bytes into characters of so many, and set cc; return a code.

    R1 and R1 + 1 have the address of the result and the length of the source, R2 the source's address, general register
    1 the table's, of which the rightmost three bits are ignored (without the ETF2-enhancement facility twelve, where
    source characters have two bytes). Without a one in bit 3 of M3 a function character that
    is the test character in general register 0 ends the translation, and is not stored."""
    r1, r2, m3 = rrf_c(insn)
    if odd(r1):
        return SPECIFICATION
    lengths = length_mask(cpu)
    length = cpu.gr[r1 + ODD] & lengths
    if on(length, argument_size - ONE):
        return SPECIFICATION
    first, second, table = cpu.gr[r1] & cpu.amode, cpu.gr[r2] & cpu.amode, cpu.gr[1] & cpu.amode & ~DOUBLEWORD_OFFSET
    if argument_size == TWO and not on(guest_of(storage).facilities[0], ENHANCEMENT):
        table &= ~OFFSET
    test = cpu.gr[0] & (LOW8 if function_size == ONE else LOW16)
    source_unit, target_unit = min(length, fetched_alike(cpu, second)), to_page_end(first)
    taken, made, cc = ZERO, ZERO, 0
    while taken < source_unit and made < target_unit:
        designate(storage, r2)
        value, code = fetch_character(cpu, storage, (second + taken) & cpu.amode, argument_size)
        if code == 0:
            designate(storage, TABLE_REGISTER)
            value, code = fetch_character(cpu, storage, (table + value * function_size) & cpu.amode, function_size)
            if code == 0 and value == test and not on(m3, NO_TEST):
                cc = 1
                break
        if code == 0:
            designate(storage, r1)
            code = store_character(cpu, storage, (first + made) & cpu.amode, value, function_size)
        if code != 0 and taken == ZERO:
            return code
        if code != 0:
            break
        taken += argument_size
        made += function_size
    set_address(cpu, r1, first + made)
    set_address(cpu, r2, second + taken)
    cpu.gr[r1 + ODD] = (cpu.gr[r1 + ODD] & ~lengths) | (length - taken)
    cpu.cc = CPU_DETERMINED if cc == 0 and taken != length else cc
    return 0


@jit
def troo(cpu, storage, insn):
    """TRANSLATE ONE TO ONE, RRF-c. PoP ch. 7 "TRANSLATE ONE TO ONE". cc 0 all, 1 test character, 3 not yet."""
    return translate_characters(cpu, storage, insn, ONE, ONE)


@jit
def trot(cpu, storage, insn):
    """TRANSLATE ONE TO TWO, RRF-c. PoP ch. 7 "TRANSLATE ONE TO TWO". cc 0 all, 1 test character, 3 not yet."""
    return translate_characters(cpu, storage, insn, ONE, TWO)


@jit
def trto(cpu, storage, insn):
    """TRANSLATE TWO TO ONE, RRF-c. PoP ch. 7 "TRANSLATE TWO TO ONE". cc 0 all, 1 test character, 3 not yet. The length
    must be even."""
    return translate_characters(cpu, storage, insn, TWO, ONE)


@jit
def trtt(cpu, storage, insn):
    """TRANSLATE TWO TO TWO, RRF-c. PoP ch. 7 "TRANSLATE TWO TO TWO". cc 0 all, 1 test character, 3 not yet. The length
    must be even."""
    return translate_characters(cpu, storage, insn, TWO, TWO)
