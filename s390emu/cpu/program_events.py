"""Program-event recording (PER): PoP ch. 4 "Program-Event Recording".

The controls are those at the start of the instruction, or unit of operation: `arm` keeps them at the boundary before,
and has the run loop come to the next one right after. There `recognize_events` says what has happened.

Instruction-fetching nullification comes after the access exceptions of the instruction fetch, of all its halfwords.
Not implemented: zero-address detection and storage-key alteration. Without transactional execution there is nothing
that the event-suppression control could suppress.
"""

from __future__ import annotations

from s390emu._jit import call2, jit, on, u64
from s390emu.architecture.bits import bit
from s390emu.architecture.interruptions import PROGRAM_EVENT, SPACE_SWITCH_EVENT
from s390emu.architecture.program_events import (
    ALTERATION,
    ATMID_AS_SHIFT,
    ATMID_BA,
    ATMID_DAT,
    ATMID_EA,
    ATMID_VALID,
    BRANCH_ADDRESS,
    BRANCHING,
    CODE_SHIFT,
    FETCHING,
    NULLIFICATION,
    STORE_REAL,
)
from s390emu.architecture.psw_bits import AS, BA, DAT, EA
from s390emu.records.port import NO_TARGET
from s390emu.storage.alteration import in_area
from s390emu.storage.decode_cache import instruction_length

ZERO = u64(0)
SPACE_SWITCHED = bit(0)  # beside the events in per_seen


@jit
def arm(cpu, storage):
    """Keep what tells the events of the instruction that is about to be executed, and have it looked at afterwards."""
    storage.per, storage.per_count = u64(1), storage.count
    storage.per_mask, storage.per_ia, storage.per_branches = cpu.psw_mask, cpu.psw_ia, storage.branch_count
    storage.per_control, storage.per_first, storage.per_last = cpu.cr[9], cpu.cr[10], cpu.cr[11]
    storage.per_seen = storage.per_space = ZERO
    storage.executed_target = NO_TARGET
    storage.deadline = min(storage.deadline, storage.count + u64(1))


@jit
def atmid(mask):
    """Return the identification of the addressing and translation mode that PSW bits 0-63 specify."""
    found = ATMID_VALID | ((mask & AS) >> ATMID_AS_SHIFT)
    if on(mask, EA):
        found |= ATMID_EA
    if on(mask, BA):
        found |= ATMID_BA
    return found | ATMID_DAT if on(mask, DAT) else found


@jit
def present(cpu, storage, events):
    """Have events presented with the program interruption that comes next, or by one of their own; disarm."""
    storage.per = ZERO
    if events == ZERO:
        return
    cpu.per_code = (events >> CODE_SHIFT) | atmid(storage.per_mask)
    cpu.per_address, cpu.per_access = storage.per_ia, ZERO
    if events & STORE_REAL == ALTERATION:
        cpu.per_code |= storage.per_space
        cpu.per_access = storage.per_register


@jit
def note_space_switch(storage):
    """Note that the instruction has switched spaces, which is an event, identified by now, if there is another one."""
    if storage.per != ZERO:
        storage.per_seen |= SPACE_SWITCHED


@jit
def recognize_events(cpu, storage, stored):
    """Recognize the events of the instruction, or unit of operation, that has ended since `arm`, if one has. stored:
    it was not suppressed or nullified after it had touched what it was to store into."""
    if storage.per == ZERO or storage.count == storage.per_count:
        return
    if cpu.pgm_code == PROGRAM_EVENT:  # the target of EXECUTE
        cpu.pgm_code = 0
        present(cpu, storage, NULLIFICATION)
        return
    control, events = storage.per_control, ZERO
    if on(control, BRANCHING) and storage.branch_count != storage.per_branches:
        if not on(control, BRANCH_ADDRESS) or in_area(storage, cpu.psw_ia, cpu.psw_ia):
            events |= BRANCHING
    if on(control, FETCHING):
        ia, target = storage.per_ia, storage.executed_target
        if in_area(storage, ia, ia) or (target != NO_TARGET and in_area(storage, target, target)):
            events |= FETCHING
    if stored:
        events |= storage.per_seen & ~SPACE_SWITCHED
    if cpu.pgm_code == 0:
        cpu.ilc = storage.ended_length
        if events != ZERO and on(storage.per_seen, SPACE_SWITCHED):
            cpu.pgm_code = SPACE_SWITCH_EVENT
    present(cpu, storage, events)


@jit
def nullifies_fetch(storage, ia):
    """True if the event of fetching an instruction at this address nullifies it."""
    if storage.per == ZERO or storage.per_control & NULLIFICATION != NULLIFICATION:
        return False
    return in_area(storage, ia, ia)


@jit
def nullified(cpu, storage):
    """Recognize the event that nullifies the instruction about to be executed; return whether there is one.

    What prevents the fetch comes first: the run loop will meet it, or serve it and come back here."""
    if not nullifies_fetch(storage, cpu.psw_ia):
        return False
    if call2(storage.find_target, cpu, storage, cpu.psw_ia, ZERO) != 0:
        storage.deadline = ZERO
        return False
    cpu.ilc = instruction_length(storage.decoded_insn)
    storage.count += u64(1)  # as for every instruction that is nullified
    present(cpu, storage, NULLIFICATION)
    return True
