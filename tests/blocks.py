"""Blocks in any state, for tests: reached by the operations that lead there."""

from __future__ import annotations

from s390emu.architecture.page_states import OUT
from s390emu.architecture.sizes import BLOCK_SIZE
from s390emu.architecture.storage_key import ACC_F, RC
from s390emu.engine.entries import procedure
from s390emu.host import kernels
from s390emu.host.host import Host
from s390emu.records.guest import GUEST_T
from s390emu.storage import keys
from s390emu.storage.guest import GuestStorage

host_referenced = procedure(keys.host_referenced, GUEST_T, integers=1)
host_changed = procedure(keys.host_changed, GUEST_T, integers=1)

ORC_OF_USAGE = {"S": 1, "U": 2, "V": 3, "P": 4}


def set_block(host: Host, guest_number: int, number: int, state: str, *, key=0, no_dat=0, data=b"") -> None:
    """A block that is Sz becomes what is asked for; `data` is its content if it is resident or preserved."""
    storage = host.guests[guest_number].storage
    record, block = storage.record, storage.blocks[number]
    if state[1] != "z":
        host.poke(guest_number, number, 0, data.ljust(BLOCK_SIZE, b"\0"))
    if state[1] == "p":
        assert host.reclaim(guest_number, number) == OUT
    kernels.transition(record, number, ORC_OF_USAGE[state[0]], 0)
    if block.invalid:
        block.acc_f = key & ACC_F
        block.guest_rc = key & RC
    else:
        host.frames.table[block.frame].key = key
    block.no_dat = no_dat
    storage.port_column("essa_count")[:] = 0
    assert state_name(storage, number) == state


def state_name(storage: GuestStorage, number: int) -> str:
    block = storage.blocks[number]
    content = "r" if not block.invalid else "z" if block.zero else "p"
    return "SUPV"[block.usage] + content


def guest_key(host: Host, storage: GuestStorage, number: int) -> int:
    """What ISKE would give."""
    block = storage.blocks[number]
    kept = int(block.acc_f) if block.invalid else int(host.frames.table[block.frame].key)
    return kept | int(block.guest_rc)

