"""A guest's storage as a channel and other services see it, blocks brought if need be: `storage.channel`."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence

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
    return _bring(pager, guest, absolute, length, kind) if address == NOT_RESIDENT else address


def _bring(pager: Pager, guest: Guest, absolute: int, length: int, kind: int) -> int:
    """Access bytes of a block that has no frame, as `_reach` does."""
    number = absolute // BLOCK_SIZE
    pager.bring(guest, number)
    return NOT_RESIDENT if guest.invalid[number] else kernels.touch(guest.address, absolute, length, kind)


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


def store_apart(pager: Pager, guest: Guest, absolute: int, stride: int, data: bytes) -> bool:
    """Store these bytes, each `stride` after the one before, as `store` does one."""
    source, stored = array("B", data), 0
    start, count = source.buffer_info()
    while True:
        guest.about_to_record()
        at = absolute + stored * stride
        stored += kernels.store_apart(guest.address, at, stride, count - stored, start + stored)
        if stored == count:
            return True
        address = _bring(pager, guest, absolute + stored * stride, 1, STORE)
        if address == NOT_RESIDENT:
            return False
        put_bytes_at(address, data[stored : stored + 1])
        stored += 1


def place(pager: Pager, guest: Guest, addresses: Sequence[int], data: bytes, key: int) -> int:
    """Store parts of `data`, all of one length, at these addresses, as `denial` and `store` do one after the other,
    while that is simple; return how many. If the next one is not denied, it has to be stored next."""
    where, what = array("Q", addresses), array("B", data)
    count = len(addresses)
    return pager.place(guest, where.buffer_info()[0], count, what.buffer_info()[0], len(data) // count, key)


def store_parts(pager: Pager, guest: Guest, parts: Iterable[tuple[int, int]], data: bytes) -> None:
    """Store these bytes in parts, each with its absolute address and length, as `absolute_parts` gives them."""
    for absolute, part in parts:
        store(pager, guest, absolute, data[:part])
        data = data[part:]
