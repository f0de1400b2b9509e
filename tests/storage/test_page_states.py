"""The table of page states as data, and a million random events against it."""

from __future__ import annotations

import numpy as np
import pytest

from s390emu._jit import JIT, i64, jit, u64
from s390emu.architecture.page_states import (
    ACTION,
    ACTIONS,
    AFTER,
    CLEAR_RESET,
    CONTENTS,
    DIAG10,
    EVENTS,
    NAMES,
    NO_DAT,
    NORMAL_RESET,
    RECLAIM,
    STATES,
    TOUCH,
    USAGES,
)
from s390emu.architecture.sizes import BLOCK_SIZE
from s390emu.architecture.storage_key import CHANGE, REFERENCE
from s390emu.host.host import Host
from s390emu.storage.absolute import block_at, frame_of, state_of
from s390emu.storage.guest import GuestStorage
from s390emu.storage.keys import guest_key, set_key
from s390emu.storage.transitions import attributes, transition
from tests import page_state_table as spec

STEPS = 1_000_000 if JIT else 4_000
BLOCKS = 24
ACTION_NAMES = {number: name for name, number in ACTIONS.items()}


@pytest.mark.parametrize("cell", spec.CELLS, ids=lambda c: f"{c.before}-C{c.change}-{c.event}")
def test_table_is_that_of_the_specification(cell):
    at = spec.code(cell.before), cell.change, EVENTS.index(cell.event)
    assert NAMES[int(AFTER[at])] == cell.after
    assert ACTION_NAMES[int(ACTION[at])].strip("()") == cell.action


def test_the_transcription_has_every_cell():
    assert len(spec.CELLS) == 8 * 2 * 13
    assert tuple(spec.EVENTS) == EVENTS
    assert sorted(spec.STATES) == sorted(STATES)


def test_invalid_states_are_in_no_cell():
    assert set(AFTER[list(STATES.values())].flat) == set(STATES.values())
    assert {"Up", "Vp", "Pp", "Pz"}.isdisjoint(STATES)
    assert len(USAGES) == 4 and set(CONTENTS) == {0, 2, 3}


def test_after_has_no_entry_for_invalid_states():
    invalid = sorted(set(range(16)) - set(STATES.values()))
    assert (AFTER[invalid] == -1).all()


# --- the random walk -------------------------------------------------------------------------------------------------

RC = REFERENCE | CHANGE
FORTY, EIGHTEEN = u64(40), u64(18)


@jit
def random_event(x):
    """xorshift64: -> (next, block, event); half of the events are operation-request codes, few are resets."""
    x ^= x << u64(13)
    x ^= x >> u64(7)
    x ^= x << u64(17)
    choice = i64((x >> FORTY) % EIGHTEEN)
    event = choice if choice <= DIAG10 else TOUCH if choice < 14 else RECLAIM
    if (x >> u64(20)) % u64(200) == u64(0):
        event = NORMAL_RESET if x & u64(1) == u64(0) else CLEAR_RESET
    return x, (x >> u64(8)) % u64(BLOCKS), event


@jit
def walk(storage, after, seed, steps, visits):
    """-> 0, or the number of the first step that differs from `after`, an array[state, C, event] of states."""
    x = seed
    for step in range(1, steps + 1):
        x, number, event = random_event(x)
        block = block_at(storage, number)
        state, key, no_dat = state_of(block), guest_key(storage, number), i64(block.no_dat)
        expected = after[state, 1 if key & CHANGE else 0, event]
        transition(storage, number, event, number)
        now, key_now = state_of(block), guest_key(storage, number)
        visits[state, 1 if key & CHANGE else 0, event] += 1
        discarded = expected & 3 == 3 and (state & 3 != 3 or event in (DIAG10, CLEAR_RESET))
        if event in (1, NORMAL_RESET, CLEAR_RESET):
            no_dat = 0
        elif event == 7:
            no_dat = 1
        if now != expected or key_now != (0 if discarded else key) or i64(block.no_dat) != no_dat:
            return step
        if attributes(block) != u64(now) | (NO_DAT if no_dat else u64(0)) or (block.invalid == 0 and block.zero != 0):
            return step
        if event == TOUCH and block.invalid == 0 and x & u64(2) == u64(0):  # the touch that was asked for: R, often C
            frame = frame_of(storage, block)
            frame.key = i64(frame.key) | (RC if x & u64(4) == u64(0) else REFERENCE)
        if x & u64(0x38) == u64(0):  # now and then the guest sets a key
            key = i64((x >> u64(50)) & u64(0xFE))
            set_key(storage, number, key)
            if guest_key(storage, number) != key:
                return step
    return 0


@pytest.mark.parametrize("seed", [1, 0x123456789ABCDEF])
def test_random_walk_follows_the_specification(seed):
    storage = GuestStorage(BLOCKS * BLOCK_SIZE)
    Host(BLOCKS).attach(storage)
    after = np.full((16, 2, len(EVENTS)), -1, i64)
    for cell in spec.CELLS:
        after[spec.code(cell.before), cell.change, EVENTS.index(cell.event)] = spec.code(cell.after)
    visits = np.zeros(after.shape, i64)
    with np.errstate(over="ignore"):
        assert walk(storage.record, after, u64(seed), STEPS, visits) == 0
    assert visits.sum() == STEPS
    if JIT:  # long enough to have been everywhere
        assert (visits[list(STATES.values())] > 0).all()
