"""Blocks looked at and changed from outside: by a debugger or a loader, or as a trace or a test begins."""

from __future__ import annotations

import numpy as np

from s390emu.architecture.page_states import DIAG10, PRESERVED, STABLE, STATES, USAGES, ZERO
from s390emu.architecture.sizes import BLOCK_SIZE
from s390emu.host import kernels
from s390emu.host.guest import Guest
from s390emu.host.pager import Pager


def peek(pager: Pager, guest: Guest, number: int, offset: int = 0, length: int = BLOCK_SIZE) -> bytes:
    """Return bytes of the block; nothing changes, and what is logically zero reads as zeros."""
    guest.check(number)
    wanted = slice(offset, offset + length)
    if not guest.invalid[number]:
        return pager.frames.memory[guest.frame[number], wanted].tobytes()
    return bytes(length) if guest.zero[number] else pager.slots.read(guest, number)[wanted]


def poke(pager: Pager, guest: Guest, number: int, offset: int, data: bytes | memoryview) -> None:
    """Put bytes into a block, which becomes resident; the guest's key and usage stay. ValueError where it was hinted
    away."""
    pager.bring(guest, number)
    if guest.invalid[number]:
        state = guest.storage.block(number).name
        raise ValueError(f"block {number * BLOCK_SIZE:#x} is {state}: set it stable first")
    kernels.overlaid(guest.address, number, offset, len(data))
    pager.frames.memory[guest.frame[number], offset : offset + len(data)] = np.frombuffer(data, np.uint8)


def set_block(
    pager: Pager, guest: Guest, number: int, state: str | None = None, *, key: int | None = None,
    no_dat: bool | None = None, data: bytes | None = None,
) -> None:  # fmt: skip
    """Put a block into a state, as `page_states.NAMES` has it, with this guest's key, no-DAT attribute and content
    (zeros follow); what is None stays as it is. Nothing a guest does need lead there. PagingError or ValueError where
    this host cannot have the block so."""
    guest.check(number)
    before = guest.storage.block(number)
    key, no_dat = before.key if key is None else key, before.no_dat if no_dat is None else no_dat
    wanted = state or before.name
    usage, content = divmod(STATES[wanted], len(USAGES))
    if state or data is not None:
        kernels.set_attributes(guest.address, number, STABLE, no_dat, key)
        _set_content(pager, guest, number, content, data)
    kernels.set_attributes(guest.address, number, usage, no_dat, key)
    if guest.storage.block(number).name != wanted:
        raise ValueError(f"block {number * BLOCK_SIZE:#x} cannot be {wanted} on this host")


def _set_content(pager: Pager, guest: Guest, number: int, content: int, data: bytes | None) -> None:
    """Let a stable block be resident, preserved or zero, with this content if it is given."""
    if content == ZERO:
        if not guest.zero[number]:
            pager.empty(guest, number, DIAG10)
        return
    if data is None:
        pager.bring(guest, number)
    else:
        poke(pager, guest, number, 0, data.ljust(BLOCK_SIZE, b"\0"))
    if content == PRESERVED:
        pager.take(int(guest.frame[number]), 1)
