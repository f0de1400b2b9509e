"""A guest's storage as a channel and other services see it, blocks brought if need be: `storage.channel`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from s390emu._jit import bytes_at, put_bytes_at
from s390emu.architecture.sizes import BLOCK_SIZE, PREFIX_AREA_BYTES
from s390emu.host import kernels
from s390emu.host.guest import Guest
from s390emu.host.pager import Pager
from s390emu.storage.access import FETCH, STORE
from s390emu.storage.channel import NOT_RESIDENT


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


def denial(guest: Guest, absolute: int, length: int, key: int, kind: int) -> int:
    """Return why the channel may not reach these bytes with this access key: ADDRESSING or PROTECTION; 0 if it may."""
    guest.about_to_record()
    return kernels.denial(guest.address, absolute, length, key, kind)


def _reach(pager: Pager, guest: Guest, absolute: int, length: int, kind: int) -> int:
    """Access bytes of one block, brought if need be, and return their host address. NOT_RESIDENT: they are not there
    any more. The guest had hinted the block away, and for one brought since it was checked the host has taken it."""
    guest.about_to_record()
    address = kernels.reach(guest.address, absolute, length, kind)
    if address == NOT_RESIDENT:
        number = absolute // BLOCK_SIZE
        pager.bring(guest, number)
        if not guest.invalid[number]:
            address = kernels.touch(guest.address, absolute, length, kind)
    return address


def fetch(pager: Pager, guest: Guest, absolute: int, length: int) -> bytes | None:
    """Return these bytes; None if some of them are not there any more."""
    data = b""
    for number, offset, part in parts_of(absolute, length):
        address = _reach(pager, guest, number * BLOCK_SIZE + offset, part, FETCH)
        if address == NOT_RESIDENT:
            return None
        data += bytes_at(address, part)
    return data


def store(pager: Pager, guest: Guest, absolute: int, data: bytes) -> bool:
    """Store these bytes, with reference and change bit, and drop decoded instructions of them. False if some of the
    storage is not there any more: so far as it was, they are stored."""
    for number, offset, part in parts_of(absolute, len(data)):
        address = _reach(pager, guest, number * BLOCK_SIZE + offset, part, STORE)
        if address == NOT_RESIDENT:
            return False
        put_bytes_at(address, data[:part])
        data = data[part:]
    return True


def store_parts(pager: Pager, guest: Guest, parts: Iterable[tuple[int, int]], data: bytes) -> None:
    """Store these bytes in parts, each with its absolute address and length, as `absolute_parts` gives them."""
    for absolute, part in parts:
        store(pager, guest, absolute, data[:part])
        data = data[part:]
