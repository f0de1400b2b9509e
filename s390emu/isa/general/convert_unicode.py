"""Conversions between UTF-8, UTF-16 and UTF-32: PoP ch. 7.

Each character is done by itself: fetched, checked, stored. An instruction ends, with condition code 3, at the page
boundary of either operand or before the first character of which it cannot access everything; the exception is
recognized if that is its first character.

Where several things would end the conversion at a character, they count in this order: no whole character is left
(cc 0), it is invalid (cc 2), there is no room for the result (cc 1).
"""

from __future__ import annotations

from s390emu._jit import i64, jit, on, u64
from s390emu.architecture.interruptions import SPECIFICATION
from s390emu.isa.general.long_operands import CPU_DETERMINED, ODD, length_mask, odd, set_operands, to_page_end
from s390emu.isa.operands import rre, rrf_c
from s390emu.storage.access import (
    fetch_byte,
    fetch_halfword,
    fetch_word,
    get_byte,
    probe_fetch,
    probe_store,
    put_byte,
)
from s390emu.storage.access_registers import designate
from s390emu.storage.protection import fetched_alike

ZERO, ONE, TWO, THREE, FOUR = u64(0), u64(1), u64(2), u64(3), u64(4)
UTF8, UTF16, UTF32 = range(3)
WELL_FORMED = u64(1)  # M3, bit 3: well-formedness is checked
GOES_ON, EXHAUSTED, NO_ROOM, INVALID = -1, 0, 1, 2  # condition codes, but for the first

# UTF-8: the first byte, and the bytes that go on
ONE_BYTE_END, TWO_BYTES, THREE_BYTES, FOUR_BYTES, LEAD_END = u64(0x80), u64(0xC0), u64(0xE0), u64(0xF0), u64(0xF8)
TWO_BYTES_CHECKED, LEAD_END_CHECKED = u64(0xC2), u64(0xF5)  # no overlong form of ASCII; nothing above 10FFFF
LEAD_BITS, GOES_ON_BITS, GOES_ON_MARK, BITS_A_BYTE = u64(0x7F), u64(0x3F), u64(0x80), u64(6)
LEAD_MARKS = (u64(0), u64(0), u64(0xC0), u64(0xE0), u64(0xF0))  # by the number of bytes
LAST_GOES_ON = u64(0xBF)
NO_SURROGATE_LEAD, NO_SURROGATE_LAST = u64(0xED), u64(0x9F)
TOP_LEAD, TOP_LAST = u64(0xF4), u64(0x8F)
THREE_BYTES_LEAST, FOUR_BYTES_LEAST = u64(0xA0), u64(0x90)  # of the second byte after E0 and F0: no overlong form
# UTF-16
HIGH_SURROGATE, LOW_SURROGATE, SURROGATE = u64(0xD800), u64(0xDC00), u64(0xFC00)
SURROGATE_BITS, SURROGATE_SHIFT = u64(0x3FF), u64(10)
SUPPLEMENT, LAST_CHARACTER = u64(0x10000), u64(0x10FFFF)
SURROGATE_PLANES = u64(0xFFFFF)  # of a character minus SUPPLEMENT: what a surrogate pair has room for


@jit
def utf8_length(lead, checked):
    """Return how many bytes a character with this first byte has, 0 if the byte is invalid."""
    if lead < ONE_BYTE_END:
        return ONE
    if lead < (TWO_BYTES_CHECKED if checked else TWO_BYTES) or lead >= (LEAD_END_CHECKED if checked else LEAD_END):
        return ZERO
    if lead < THREE_BYTES:
        return TWO
    return THREE if lead < FOUR_BYTES else FOUR


@jit
def well_formed(lead, second):
    """True if a second byte may follow this first byte in well-formed UTF-8."""
    least, last = GOES_ON_MARK, LAST_GOES_ON
    if lead == THREE_BYTES:
        least = THREE_BYTES_LEAST
    elif lead == FOUR_BYTES:
        least = FOUR_BYTES_LEAST
    elif lead == NO_SURROGATE_LEAD:
        last = NO_SURROGATE_LAST
    elif lead == TOP_LEAD:
        last = TOP_LAST
    return least <= second <= last


@jit
def utf8_character(cpu, storage, address, left, checked):
    """Fetch a character of an operand of which `left` bytes remain; return (character, its bytes, condition code or
    GOES_ON, code). So for the other forms."""
    if left == ZERO:
        return ZERO, ZERO, EXHAUSTED, 0
    lead, code = fetch_byte(cpu, storage, address)
    if code != 0:
        return ZERO, ZERO, GOES_ON, code
    length = utf8_length(lead, checked)
    if length == ZERO:
        return ZERO, ZERO, INVALID, 0
    if left < length:
        return ZERO, ZERO, EXHAUSTED, 0
    span, code = probe_fetch(cpu, storage, address, length)
    if code != 0:
        return ZERO, ZERO, GOES_ON, code
    character = lead if length == ONE else lead & (LEAD_BITS >> length)
    for n in range(1, i64(length)):
        byte = get_byte(span, u64(n))
        if checked and not (well_formed(lead, byte) if n == 1 else GOES_ON_MARK <= byte <= LAST_GOES_ON):
            return ZERO, ZERO, INVALID, 0
        character = (character << BITS_A_BYTE) | (byte & GOES_ON_BITS)
    return character, length, GOES_ON, 0


@jit
def utf16_character(cpu, storage, address, left, checked):
    """A low surrogate that follows no high surrogate is a character like others."""
    if left < TWO:
        return ZERO, ZERO, EXHAUSTED, 0
    high, code = fetch_halfword(cpu, storage, address)
    if code != 0 or high & SURROGATE != HIGH_SURROGATE:
        return high, TWO, GOES_ON, code
    if left < FOUR:
        return ZERO, ZERO, EXHAUSTED, 0
    low, code = fetch_halfword(cpu, storage, (address + TWO) & cpu.amode)
    if code != 0:
        return ZERO, ZERO, GOES_ON, code
    if checked and low & SURROGATE != LOW_SURROGATE:
        return ZERO, ZERO, INVALID, 0
    character = ((high & SURROGATE_BITS) << SURROGATE_SHIFT) | (low & SURROGATE_BITS)
    return character + SUPPLEMENT, FOUR, GOES_ON, 0


@jit
def utf32_character(cpu, storage, address, left, checked):
    """High surrogates and what is beyond 10FFFF are invalid; low surrogates are characters like others."""
    if left < FOUR:
        return ZERO, ZERO, EXHAUSTED, 0
    character, code = fetch_word(cpu, storage, address)
    if code != 0:
        return ZERO, ZERO, GOES_ON, code
    if character > LAST_CHARACTER or character & ~SURROGATE_BITS == HIGH_SURROGATE:
        return ZERO, ZERO, INVALID, 0
    return character, FOUR, GOES_ON, 0


@jit
def next_character(cpu, storage, address, left, form, checked):
    if form == UTF8:
        return utf8_character(cpu, storage, address, left, checked)
    if form == UTF16:
        return utf16_character(cpu, storage, address, left, checked)
    return utf32_character(cpu, storage, address, left, checked)


@jit
def length_in(character, form):
    """Return how many bytes the character has in this form."""
    if form == UTF32:
        return FOUR
    if form == UTF16:
        return TWO if character < SUPPLEMENT else FOUR
    if character < u64(0x80):
        return ONE
    if character < u64(0x800):
        return TWO
    return THREE if character < SUPPLEMENT else FOUR


@jit
def put_number(span, value, length):
    """Store the rightmost `length` bytes of value at span."""
    for n in range(i64(length)):
        put_byte(span, u64(n), value >> ((length - ONE - u64(n)) << u64(3)))


@jit
def put_character(span, character, length, form):
    """Store a character of this form and length at span."""
    if form == UTF8 and length != ONE:
        for n in range(i64(length) - 1, 0, -1):
            put_byte(span, u64(n), GOES_ON_MARK | (character & GOES_ON_BITS))
            character = character >> BITS_A_BYTE
        put_byte(span, ZERO, LEAD_MARKS[i64(length)] | character)
    elif form == UTF16 and length == FOUR:
        # Of an invalid character beyond 10FFFF, only four bits of its plane minus one are left.
        pair = (character - SUPPLEMENT) & SURROGATE_PLANES
        surrogates = ((HIGH_SURROGATE | pair >> SURROGATE_SHIFT) << u64(16)) | LOW_SURROGATE | (pair & SURROGATE_BITS)
        put_number(span, surrogates, FOUR)
    else:
        put_number(span, character, length)


@jit
def convert(cpu, storage, r1, r2, source_form, target_form, checked):
    """Convert the second operand into the first, character by character, and set cc; return a code."""
    if odd(r1) or odd(r2):
        return SPECIFICATION
    lengths = length_mask(cpu)
    first, second = cpu.gr[r1] & cpu.amode, cpu.gr[r2] & cpu.amode
    room, left = cpu.gr[r1 + ODD] & lengths, cpu.gr[r2 + ODD] & lengths
    source_unit, target_unit = fetched_alike(cpu, second), to_page_end(first)
    taken, made, cc = ZERO, ZERO, GOES_ON
    while cc == GOES_ON:
        designate(storage, r2)
        address = (second + taken) & cpu.amode
        character, length, cc, code = next_character(cpu, storage, address, left - taken, source_form, checked)
        if code == 0 and cc == GOES_ON:
            target_length = length_in(character, target_form)
            if room - made < target_length:
                cc = NO_ROOM
            else:
                designate(storage, r1)
                target, code = probe_store(cpu, storage, (first + made) & cpu.amode, target_length)
                if code == 0:
                    put_character(target, character, target_length, target_form)
                    taken += length
                    made += target_length
        if code != 0 and taken == ZERO:
            return code
        if cc == GOES_ON and (code != 0 or ((taken >= source_unit or made >= target_unit) and taken != left)):
            cc = CPU_DETERMINED
    set_operands(cpu, r1, r2, first + made, room - made, second + taken, left - taken, lengths)
    cpu.cc = cc
    return 0


@jit
def cu12(cpu, storage, insn):
    """CONVERT UTF-8 TO UTF-16, RRF-c. PoP ch. 7 "CONVERT UTF-8 TO UTF-16". cc 0 all of the second operand converted, 1
    first operand full, 2 invalid, 3 not yet."""
    r1, r2, m3 = rrf_c(insn)
    return convert(cpu, storage, r1, r2, UTF8, UTF16, on(m3, WELL_FORMED))


@jit
def cu14(cpu, storage, insn):
    """CONVERT UTF-8 TO UTF-32, RRF-c. PoP ch. 7 "CONVERT UTF-8 TO UTF-32". cc as CU12."""
    r1, r2, m3 = rrf_c(insn)
    return convert(cpu, storage, r1, r2, UTF8, UTF32, on(m3, WELL_FORMED))


@jit
def cu21(cpu, storage, insn):
    """CONVERT UTF-16 TO UTF-8, RRF-c. PoP ch. 7 "CONVERT UTF-16 TO UTF-8". cc as CU12; 2: a high surrogate without a
    low one, if that is checked."""
    r1, r2, m3 = rrf_c(insn)
    return convert(cpu, storage, r1, r2, UTF16, UTF8, on(m3, WELL_FORMED))


@jit
def cu24(cpu, storage, insn):
    """CONVERT UTF-16 TO UTF-32, RRF-c. PoP ch. 7 "CONVERT UTF-16 TO UTF-32". cc as CU21."""
    r1, r2, m3 = rrf_c(insn)
    return convert(cpu, storage, r1, r2, UTF16, UTF32, on(m3, WELL_FORMED))


@jit
def cu41(cpu, storage, insn):
    """CONVERT UTF-32 TO UTF-8, RRE. PoP ch. 7 "CONVERT UTF-32 TO UTF-8". cc as CU12; always checked."""
    r1, r2 = rre(insn)
    return convert(cpu, storage, r1, r2, UTF32, UTF8, True)


@jit
def cu42(cpu, storage, insn):
    """CONVERT UTF-32 TO UTF-16, RRE. PoP ch. 7 "CONVERT UTF-32 TO UTF-16". cc as CU12; always checked."""
    r1, r2 = rre(insn)
    return convert(cpu, storage, r1, r2, UTF32, UTF16, True)
