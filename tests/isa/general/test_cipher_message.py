"""CIPHER MESSAGE and its relatives: PoP ch. 7. The judges: FIPS 197, SP 800-38A, and modes written out by blocks."""

from __future__ import annotations

import random

import pytest

from s390emu.architecture.interruptions import ADDRESSING, BLOCK_VOLATILITY, PROTECTION, SPECIFICATION
from tests.isa.general.partial import assembled
from tests.isa.general.security import (
    FIRST,
    MODES,
    MODIFIER,
    PAGE,
    PARAMETER,
    SECOND,
    THIRD,
    at,
    run,
    secure_lab,
    setup,
)
from tests.lab import BA_EA, CODE, SIZE
from tests.operands import discard
from tests.translation import PAGE_TABLE, map_page, translated

LINES = {"km": "km %r2,%r4", "kmc": "kmc %r2,%r4", "kmac": "kmac %r0,%r4", "kmctr": "kmctr %r2,%r6,%r4",
         "kmf": "kmf %r2,%r4", "kmo": "kmo %r2,%r4"}  # fmt: skip
EVERY = pytest.mark.parametrize("name", LINES)
CHAINED = ("kmc", "kmac", "kmf", "kmo")
KEYS = pytest.mark.parametrize("function", [18, 19, 20], ids=["AES-128", "AES-192", "AES-256"])
DIRECTIONS = pytest.mark.parametrize("modifier", [0, MODIFIER], ids=["encipher", "decipher"])
KEY = bytes.fromhex("2b7e151628aed2a6abf7158809cf4f3c")  # of SP 800-38A
CHAINING = bytes(range(16))


@pytest.fixture(scope="module")
def _lab():
    return secure_lab()


@pytest.fixture
def lab(_lab):
    _lab.reset()
    return _lab


def feedback(length: int) -> int:
    """General register 0, bits 32-39: for KMF."""
    return length << 24


def prepare(lab, name, function, data, *, key=KEY, chaining=CHAINING, counters=b"", length=16, **options):
    """`length`: of the cipher feedback."""
    parameter = options.get("parameter", PARAMETER)
    lab.store(parameter, (chaining if name in CHAINED else b"") + key)
    if data:
        lab.store(options.get("second", SECOND), data)
    if counters:
        lab.store(options.get("third", THIRD), counters)
    setup(lab, function, len(data), **options)
    lab.gr[0] = int(lab.gr[0]) & ~feedback(0xFF) | feedback(length)


# --- naive twins -----------------------------------------------------------------------------------------------------


def one_block(key: bytes, data: bytes, decipher: bool = False) -> bytes:
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    both = Cipher(algorithms.AES(key), modes.ECB())
    return (both.decryptor() if decipher else both.encryptor()).update(data)


def xor(first: bytes, second: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(first, second, strict=True))


def twin(name, key, chaining, data, counters, decipher, length):
    """Return (result, new chaining value)."""
    result, size = b"", length if name == "kmf" else 16
    for start in range(0, len(data), size):
        part = data[start : start + size]
        if name == "km":
            result += one_block(key, part, decipher)
        elif name == "kmctr":
            result += xor(part, one_block(key, counters[start : start + size]))
        elif name == "kmo":
            chaining = one_block(key, chaining)
            result += xor(part, chaining)
        elif name == "kmf":
            made = xor(part, one_block(key, chaining)[:size])
            result, chaining = result + made, chaining[size:] + (part if decipher else made)
        elif decipher:
            result, chaining = result + xor(one_block(key, part, True), chaining), part
        else:
            chaining = one_block(key, xor(part, chaining))
            result += chaining
    return result, chaining


# --- known answers ---------------------------------------------------------------------------------------------------

PLAIN = bytes.fromhex("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51")
ANSWERS = {  # SP 800-38A, appendix F: two blocks, of CFB8 18 bytes
    "kmc": (16, "7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2"),
    "kmo": (16, "3b3fd92eb72dad20333449f8e83cfb4a7789508d16918f03f53c52dac54ed825"),
    "kmf": (16, "3b3fd92eb72dad20333449f8e83cfb4ac8a64537a0b3a93fcde3cdad9f1ce58b"),
    "kmf 8": (1, "3b79424c9c0dd436bace9e0ed4586a4f32b9"),
    "kmctr": (16, "874d6191b620e3261bef6864990db6ce9806f66b7970fdff8617187bb9fffdff"),
}
COUNTERS = bytes.fromhex("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff") + bytes.fromhex("f0f1f2f3f4f5f6f7f8f9fafbfcfdff00")


@DIRECTIONS
@pytest.mark.parametrize("case", ANSWERS)
def test_known_answers(lab, case, modifier):
    length, answer = ANSWERS[case]
    cipher = bytes.fromhex(answer)
    plain, name = PLAIN[: len(cipher)], case.split()[0]
    given, expected = (cipher, plain) if modifier else (plain, cipher)
    prepare(lab, name, 18 | modifier, given, counters=COUNTERS, length=length)
    assert lab.step(LINES[name]) == 0
    assert lab.load(FIRST, len(expected)) == expected


@DIRECTIONS
@pytest.mark.parametrize("function, answer", [
    (18, "69c4e0d86a7b0430d8cdb78070b4c55a"), (19, "dda97ca4864cdfe06eaf70a0ec0d7191"),
    (20, "8ea2b7ca516745bfeafc49904b496089")])  # fmt: skip
def test_km_by_fips_197(lab, function, answer, modifier):
    plain, cipher = bytes.fromhex("00112233445566778899aabbccddeeff"), bytes.fromhex(answer)
    given, expected = (cipher, plain) if modifier else (plain, cipher)
    prepare(lab, "km", function | modifier, given, key=bytes(range(8 * (function - 16))))
    lab.store(FIRST, b"\1" * 16)
    assert lab.step("km %r2,%r4") == 0
    assert lab.changes() == {"cc": 0, "r2": FIRST + 16, "r4": SECOND + 16, "r5": 0, FIRST: expected}


# --- twins -----------------------------------------------------------------------------------------------------------


@EVERY
@KEYS
@DIRECTIONS
@pytest.mark.parametrize("where", [0, 1, PAGE - 7], ids=["page", "odd", "crossing"])
def test_is_the_twin(lab, name, function, modifier, where):
    """In as many units as it takes; the chaining value carries on from one to the next."""
    if name == "kmac" and modifier:
        pytest.skip("it has no modifier bit")
    rng = random.Random(f"{name} {function} {where}")
    data, counters, key, chaining = (rng.randbytes(n) for n in (240 * 27, 240 * 27, 8 * (function - 16), 16))
    length = (5, 16, 3)[function - 18]
    places = {"first": FIRST + where // 2, "second": SECOND + where, "third": THIRD + where // 3,
              "parameter": PARAMETER + where}  # fmt: skip
    prepare(
        lab, name, function | modifier, data, key=key, chaining=chaining, counters=counters, length=length, **places
    )
    assert run(lab, LINES[name]) > 1
    result, after = twin(name, key, chaining, data, counters, bool(modifier), length)
    if name != "kmac":
        assert lab.load(places["first"], len(data)) == result
    assert lab.load(places["parameter"], 32) == ((after if name in CHAINED else b"") + key + bytes(16))[:32]
    moved = len(data)
    assert at(lab, 2) == places["first"] + (0 if name == "kmac" else moved)
    assert (at(lab, 4), at(lab, 5)) == (places["second"] + moved, 0)
    assert at(lab, 6) == places["third"] + (moved if name == "kmctr" else 0)


@EVERY
@MODES
def test_modes(lab, name, mode):
    """Bits 0-31 of the registers stay outside the 64-bit mode; bits 0-31 of the length are ignored there."""
    data = random.Random(name).randbytes(5000 // 16 * 16)
    prepare(lab, name, 18, data, counters=data[::-1], mode=mode)
    run(lab, LINES[name])
    result, _ = twin(name, KEY, CHAINING, data, data[::-1], False, 16)
    if name != "kmac":
        assert lab.load(FIRST, len(data)) == result
        assert at(lab, 2, mode) == FIRST + len(data)
    assert (at(lab, 4, mode), at(lab, 5, mode)) == (SECOND + len(data), 0)


@pytest.mark.parametrize("name", ["km", "kmc", "kmf", "kmo"])
def test_in_place_with_one_register(lab, name):
    """R1 and R2 the same: the address goes on once."""
    prepare(lab, name, 18, PLAIN)
    assert lab.step(f"{name} %r4,%r4") == 0
    result, _ = twin(name, KEY, CHAINING, PLAIN, b"", False, 16)
    assert lab.load(SECOND, 32) == result
    assert (at(lab, 4), at(lab, 5)) == (SECOND + 32, 0)


# --- what is wrong ---------------------------------------------------------------------------------------------------


@EVERY
@pytest.mark.parametrize("length", [1, 15, 17])
def test_whole_blocks(lab, name, length):
    """Before any access."""
    prepare(lab, name, 18, bytes(length))
    lab.gr[1] = SIZE
    assert lab.step(LINES[name]) == SPECIFICATION
    assert lab.changes() == {}


@pytest.mark.parametrize("length, bytes_, code", [
    (0, 16, SPECIFICATION), (17, 34, SPECIFICATION), (16, 24, SPECIFICATION), (3, 16, SPECIFICATION), (3, 15, 0),
    (1, 1, 0), (16, 32, 0)])  # fmt: skip
def test_kmf_length_of_the_feedback(lab, length, bytes_, code):
    prepare(lab, "kmf", 18, bytes(bytes_), length=length)
    assert lab.step("kmf %r2,%r4") == code


@EVERY
def test_nothing_to_do_accesses_nothing(lab, name):
    setup(lab, 18, 0, parameter=SIZE)
    lab.gr[0] = int(lab.gr[0]) & ~feedback(0xFF) | feedback(16)
    assert lab.step(LINES[name]) == 0
    assert lab.changes() == {"cc": 0}


OPERANDS = {"parameter": (1, PARAMETER), "first": (2, FIRST), "second": (4, SECOND), "third": (6, THIRD)}


def operands_of(name):
    return [what for what in OPERANDS if (what != "third" or name == "kmctr") and (what != "first" or name != "kmac")]


@pytest.mark.parametrize("name, what", [(name, what) for name in LINES for what in operands_of(name)])
def test_access(lab, name, what):
    """Each operand: outside the configuration, protected, discarded. Nothing is stored."""
    register, place = OPERANDS[what]
    prepare(lab, name, 18, PLAIN, counters=COUNTERS)
    lab.gr[register] = SIZE - 8
    assert lab.step(LINES[name]) == ADDRESSING
    assert lab.changes() == {}
    lab.psw()
    for address in (PARAMETER, FIRST, SECOND, THIRD):
        lab.set_key(address, 0x58)
    prepare(lab, name, 18, PLAIN, counters=COUNTERS)
    lab.psw(BA_EA, key=5)
    assert lab.step(LINES[name]) == 0
    prepare(lab, name, 18, PLAIN, counters=COUNTERS)
    lab.set_key(place, 0x38)
    lab.psw(BA_EA, key=5)
    assert lab.step(LINES[name]) == PROTECTION
    assert lab.changes() == {}
    prepare(lab, name, 18, PLAIN, counters=COUNTERS)
    discard(lab, place)
    ia = lab.machine.psw[1]
    assert lab.step(LINES[name]) == BLOCK_VOLATILITY
    assert lab.changes() == {"ia": ia}


@EVERY
def test_what_is_only_fetched_may_be_protected_against_stores(lab, name):
    for address in (PARAMETER, FIRST, SECOND, THIRD):
        lab.set_key(address, 0x30)
    stored = [FIRST] if name != "kmac" else []
    stored += [PARAMETER] if name in CHAINED else []
    for address in stored:
        lab.set_key(address, 0x50)
    prepare(lab, name, 18, PLAIN, counters=COUNTERS)
    lab.psw(BA_EA, key=5)
    assert lab.step(LINES[name]) == 0


@EVERY
def test_as_the_target_of_execute(lab, name):
    prepare(lab, name, 18, PLAIN, counters=COUNTERS)
    lab.store(0x30000, assembled(LINES[name]))
    lab.gr[8] = 0x30000
    assert lab.step("ex %r0,0(%r8)") == 0
    result, _ = twin(name, KEY, CHAINING, PLAIN, COUNTERS, False, 16)
    if name != "kmac":
        assert lab.load(FIRST, 32) == result
    assert (lab.cpu.cc, at(lab, 5)) == (0, 0)


def test_stored_where_the_page_table_is(lab):
    """The first operand replaces the entry by which the parameter block was found; it is stored into all the same."""
    second = FIRST + PAGE  # the translation tables are where the second operand is elsewhere
    for page in (CODE, PARAMETER, second, FIRST):
        asce = map_page(lab, page, PAGE_TABLE if page == FIRST else page)
    prepare(lab, "kmc", 18, PLAIN, first=FIRST + (PARAMETER >> 12) * 8, second=second)
    translated(lab, asce)
    assert lab.step("kmc %r2,%r4") == 0
    result, after = twin("kmc", KEY, CHAINING, PLAIN, b"", False, 16)
    assert lab.load(PAGE_TABLE + (PARAMETER >> 12) * 8, 32) == result
    assert lab.load(PARAMETER, 16) == after
