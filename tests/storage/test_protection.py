"""Protection, access by access: PoP ch. 3 "Protection"; priorities: docs/page-hinting.md D16."""

from __future__ import annotations

import itertools

import pytest

from s390emu.architecture.interruptions import ADDRESSING, BLOCK_VOLATILITY, PAGE_TRANSLATION, PROTECTION
from tests.lab import BA_EA, CODE, SIZE
from tests.translation import PAGE_INVALID, PAGE_PROTECT, SEGMENT, change, map_page, translated

BLOCK = 0x38000
LOW_ADDRESS, FETCH_OVERRIDE, STORAGE_OVERRIDE = (1 << (63 - bit) for bit in (35, 38, 39))
LOAD, STORE = "lg %r1,0(%r5)", "stg %r1,0(%r5)"


def access(lab, line, address, *, key=0, storage_key=None, cr0=0, second_key=None):
    """One access with a PSW key: -> program-interruption code. The storage keys are those of its page and the next."""
    lab.cr[0] = cr0
    lab.gr[5] = address
    if storage_key is not None:
        lab.set_key(address, storage_key)
    if second_key is not None:
        lab.set_key(address + 8, second_key)
    lab.set_key(CODE, key << 4)
    lab.psw(key=key)
    return lab.step(line)


def permitted(key, storage_key, is_store, cr0):
    """The manual's table, in its words."""
    storage_override = cr0 & STORAGE_OVERRIDE and storage_key >> 4 == 9
    match = key == 0 or key == storage_key >> 4 or storage_override
    return bool(match or (not is_store and not storage_key & 0x08))


@pytest.mark.parametrize("line", [LOAD, STORE], ids=["fetch", "store"])
@pytest.mark.parametrize("cr0", [0, STORAGE_OVERRIDE], ids=["", "storage-protection-override"])
@pytest.mark.parametrize("fetch_protection", [0, 8])
def test_key_controlled_protection(lab, line, cr0, fetch_protection):
    for key, acc in itertools.product((0, 1, 8, 9, 15), repeat=2):
        lab.reset()
        storage_key = acc << 4 | fetch_protection
        code = access(lab, line, BLOCK, key=key, storage_key=storage_key, cr0=cr0)
        assert (code == 0) == permitted(key, storage_key, line == STORE, cr0), (key, acc)
        assert code in (0, PROTECTION)
        touched = {LOAD: 4, STORE: 6}[line] if code == 0 else 0
        assert lab.key(BLOCK) == storage_key | touched  # R and C exactly with the access


@pytest.mark.parametrize(
    ("address", "allowed"),
    [(0, True), (0x7F8, True), (0x7F9, False), (0x800, False), (0x1000, False)],
)
def test_fetch_protection_override(lab, address, allowed):
    """Effective addresses 0-2047: an operand that ends beyond is protected."""
    assert access(lab, LOAD, address, key=3, storage_key=0x58, cr0=FETCH_OVERRIDE) == (0 if allowed else PROTECTION)


def test_fetch_protection_override_does_not_begin_before_address_0(lab):
    """The last operand of the address space: its end, as a number of 64 bits, is below 2048."""
    top = (1 << 64) - 8
    map_page(lab, CODE, CODE)
    asce = map_page(lab, top, BLOCK)
    lab.set_key(BLOCK, 0x58)
    lab.set_key(CODE, 0x30)
    lab.cr[0] = FETCH_OVERRIDE
    lab.gr[5] = top
    translated(lab, asce, key=3)
    assert lab.step(LOAD) == PROTECTION


def test_fetch_protection_override_is_for_fetches(lab):
    assert access(lab, STORE, 0x100, key=3, storage_key=0x58, cr0=FETCH_OVERRIDE) == PROTECTION


def test_fetch_protection_override_looks_at_the_effective_address(lab):
    """With a prefix, the locations at effective addresses 0-2047 are others."""
    lab.cpu.prefix = 0x40000
    for n in range(0x1D0, 0x1E0, 8):
        lab.store(0x40000 + n, lab.load(n, 8))
    lab.set_key(0x40000, 0x58)
    assert access(lab, LOAD, 0x100, key=3, cr0=FETCH_OVERRIDE) == 0
    lab.set_key(0, 0x58)
    assert access(lab, LOAD, 0x40100, key=3, cr0=FETCH_OVERRIDE) == PROTECTION  # absolute 100


def test_fetch_protection_override_lets_nothing_else_pass_by_the_tlb(lab):
    lab.cr[0] = FETCH_OVERRIDE
    lab.gr[5], lab.gr[6] = 0x100, 0x900
    lab.set_key(0, 0x58)
    lab.set_key(CODE, 0x30)
    lab.psw(key=3)
    code = lab.step("lg %r1,0(%r5)\n lg %r1,0(%r6)")
    assert [code, lab.go()] == [0, PROTECTION]


def test_fetch_protection_override_ends_on_the_straight_way_through_a_page(lab):
    """Instructions behind effective address 2047 are protected, even where another key has executed them before."""
    lab.store(0x7FC, b"\x07\x00" * 4)
    lab.cr[0] = FETCH_OVERRIDE
    lab.set_key(0, 0x58)
    lab.psw(ia=0x7FC)
    lab.machine.run(4)
    lab.psw(ia=0x7FC, key=3)
    lab.machine.run(3)
    assert (lab.machine.last_interruption.code, lab.machine.last_interruption.count) == (PROTECTION, 7)


@pytest.mark.parametrize(
    ("address", "prohibited"),
    [
        pytest.param(0, True, id="0"),
        pytest.param(0x1F8, True, id="last-of-512"),
        pytest.param(0x1FF, True, id="crossing-512"),
        pytest.param(0x200, False, id="512"),
        pytest.param(0xFF8, False, id="before-4096"),
        pytest.param(0xFFC, True, id="crossing-4096"),
        pytest.param(0x1000, True, id="4096"),
        pytest.param(0x11FF, True, id="crossing-4608"),
        pytest.param(0x1200, False, id="4608"),
        pytest.param(0x2000, False, id="8192"),
    ],
)
def test_low_address_protection(lab, address, prohibited):
    assert access(lab, STORE, address, cr0=LOW_ADDRESS) == (PROTECTION if prohibited else 0)
    assert access(lab, LOAD, address, cr0=LOW_ADDRESS) == 0


def test_low_address_protection_wraps(lab):
    """A store that begins at the end of the 24-bit addresses: its first page is not even there."""
    lab.cr[0], lab.gr[5] = LOW_ADDRESS, 0xFFFFFC
    lab.psw(0)
    assert lab.step(STORE) == ADDRESSING


def test_low_address_protection_is_of_effective_addresses(lab):
    lab.cpu.prefix = 0x40000
    for n in range(0x1D0, 0x1E0, 8):
        lab.store(0x40000 + n, lab.load(n, 8))
    assert access(lab, STORE, 0x40010, cr0=LOW_ADDRESS) == 0  # absolute 10
    assert access(lab, STORE, 0x10, cr0=LOW_ADDRESS) == PROTECTION


# --- priorities -------------------------------------------------------------------------------------------------------


def discarded(lab, address, state="Vz"):
    """Put a block into a state without a frame, with a key of its own."""
    lab.machine.set_block(address, state, key=0x58)


def test_low_address_protection_before_translation_before_the_state_of_the_block(lab):
    """Virtual address 1000 is not the prefix area, so that the block may be away."""
    discarded(lab, BLOCK)
    asce = map_page(lab, CODE, CODE, level=SEGMENT)
    map_page(lab, 0x1000, BLOCK, level=SEGMENT)
    lab.gr[5] = 0x1010
    for cr0, flaw, code in ((LOW_ADDRESS, PAGE_INVALID, PROTECTION), (0, PAGE_INVALID, PAGE_TRANSLATION),
                            (0, PAGE_PROTECT, PROTECTION), (0, 0, BLOCK_VOLATILITY)):  # fmt: skip
        change(lab, 0x1000, -1, on=flaw, off=PAGE_INVALID | PAGE_PROTECT)
        lab.cr[0] = cr0
        translated(lab, asce)
        assert lab.step(STORE) == code


@pytest.mark.parametrize(("state", "code"), [("Vz", BLOCK_VOLATILITY), ("Uz", ADDRESSING)])
@pytest.mark.parametrize("line", [LOAD, STORE])
def test_the_state_of_the_block_before_its_key(lab, line, state, code):
    discarded(lab, BLOCK, state)
    lab.gr[5] = BLOCK
    lab.set_key(CODE, 0x30)
    lab.psw(key=3)
    assert lab.step(line) == code


def test_first_page_before_second(lab):
    discarded(lab, BLOCK + 0x1000)
    assert access(lab, LOAD, BLOCK + 0xFFC, key=3, storage_key=0x58) == PROTECTION


def test_second_page_of_a_store_protected(lab):
    """Nothing is stored into the first, and neither R nor C is set there."""
    lab.gr[1] = (1 << 64) - 1
    assert access(lab, STORE, BLOCK + 0xFFC, key=3, storage_key=0x30, second_key=0x50) == PROTECTION
    assert lab.changes() == {}
    assert (lab.key(BLOCK), lab.key(BLOCK + 0x1000)) == (0x30, 0x50)


def test_second_page_outside(lab):
    assert access(lab, STORE, SIZE - 4, storage_key=0x30) == ADDRESSING
    assert lab.key(SIZE - 4) == 0x30


def test_instructions_are_fetched_with_the_psw_key(lab):
    lab.store(CODE, b"\x07\x00" * 4)
    lab.set_key(CODE, 0x58)
    lab.psw(key=3)
    assert lab.go() == PROTECTION
    assert lab.key(CODE) == 0x58
    lab.set_key(CODE, 0x50)
    lab.psw(BA_EA, key=3)
    assert lab.go() == 0
    assert lab.key(CODE) == 0x54
