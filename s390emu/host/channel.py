"""A guest's storage as a channel and other services see it: by absolute address, no CPU's way.

What the guest hinted away is not there (docs/page-hinting.md D14); low-address protection and the overrides are the
CPU's alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from s390emu.architecture.interruptions import ADDRESSING, PROTECTION
from s390emu.architecture.page_states import ADDRESSING_EXCEPTION, BLOCK_VOLATILITY_EXCEPTION, TOUCH
from s390emu.architecture.sizes import BLOCK_SIZE, PREFIX_AREA_BYTES
from s390emu.architecture.storage_key import ACC, FETCH_PROTECTION
from s390emu.host import kernels
from s390emu.host.guest import Guest
from s390emu.host.pager import Pager
from s390emu.storage.access import FETCH, STORE


def blocks_of(absolute: int, length: int) -> range:
    """Return the numbers of the blocks in which these bytes lie."""
    return range(absolute // BLOCK_SIZE, (absolute + length - 1) // BLOCK_SIZE + 1)


def parts_of(absolute: int, length: int) -> Iterator[tuple[int, int, int]]:
    """Yield block, offset and length of each part of these bytes that lies in one block."""
    while length:
        number, offset = divmod(absolute, BLOCK_SIZE)
        part = min(length, BLOCK_SIZE - offset)
        yield number, offset, part
        absolute, length = absolute + part, length - part


def absolute_parts(real: int, length: int, mode: int, prefix: int) -> list[tuple[int, int]]:
    """Return absolute address and length of each part of these bytes at a real address. PoP ch. 3 "Prefixing"."""
    parts = []
    for number, offset, part in parts_of(real & mode, length):
        address = (number * BLOCK_SIZE + offset) & mode
        area = address // PREFIX_AREA_BYTES * PREFIX_AREA_BYTES
        parts.append((address ^ prefix if area in (0, prefix) else address, part))
    return parts


def denial(pager: Pager, guest: Guest, absolute: int, length: int, key: int, kind: int) -> int:
    """Return why the channel may not reach these bytes with this access key: ADDRESSING or PROTECTION; 0 if it may."""
    numbers = blocks_of(absolute, length)
    for number in numbers:
        if number >= len(guest.invalid):
            return ADDRESSING
        guest.about_to_record()
        kernels.note_reference(guest.address, number)
        action = kernels.action_of(guest.address, number, TOUCH)
        if action in (ADDRESSING_EXCEPTION, BLOCK_VOLATILITY_EXCEPTION):
            return ADDRESSING
    for number in numbers if key else ():
        storage_key = guest.storage.key(number)
        if storage_key & ACC != key and (kind == STORE or storage_key & FETCH_PROTECTION):
            return PROTECTION
    return 0


def _resident(pager: Pager, guest: Guest, number: int) -> np.ndarray | None:
    """Return the bytes of the block, brought if need be. None: it is not there any more. The guest had hinted it away,
    and for a block brought since it was checked the host has taken it."""
    guest.about_to_record()
    kernels.note_reference(guest.address, number)
    pager.bring(guest, number)
    return None if guest.invalid[number] else pager.frames.memory[guest.frame[number]]


def fetch(pager: Pager, guest: Guest, absolute: int, length: int) -> bytes | None:
    """Return these bytes; None if some of them are not there any more."""
    data = b""
    for number, offset, part in parts_of(absolute, length):
        frame = _resident(pager, guest, number)
        if frame is None:
            return None
        data += frame[offset : offset + part].tobytes()
        kernels.touch(guest.address, number * BLOCK_SIZE + offset, part, FETCH)
    return data


def store(pager: Pager, guest: Guest, absolute: int, data: bytes) -> bool:
    """Store these bytes, with reference and change bit, and drop decoded instructions of them. False if some of the
    storage is not there any more: so far as it was, they are stored."""
    at = 0
    for number, offset, part in parts_of(absolute, len(data)):
        frame = _resident(pager, guest, number)
        if frame is None:
            return False
        kernels.touch(guest.address, number * BLOCK_SIZE + offset, part, STORE)
        frame[offset : offset + part] = np.frombuffer(data[at : at + part], np.uint8)
        at += part
    return True


def store_parts(pager: Pager, guest: Guest, parts: Iterable[tuple[int, int]], data: bytes) -> None:
    """Store these bytes in parts, each with its absolute address and length, as `absolute_parts` gives them."""
    for absolute, part in parts:
        store(pager, guest, absolute, data[:part])
        data = data[part:]
