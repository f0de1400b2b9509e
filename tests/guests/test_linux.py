"""Kernels as they are delivered: what lies where, the first PSW, and what is refused."""

from __future__ import annotations

import pytest

from s390emu.assembler.assemble import assemble
from s390emu.guests.linux import (
    COMMAND_LINE_ADDRESS,
    ENTRY,
    ENTRY_MASK,
    FOREIGN,
    INITRD_ADDRESS,
    INITRD_BYTES,
    LOWEST_INITRD,
    MOST_COMMAND_LINE_ADDRESS,
    VERSION_ADDRESS,
    LinuxError,
    image,
    read_kernel,
)

MB = 1 << 20
STORAGE = 32 * MB


def flat(size=0x11000, *, most_command_line=0, version=0):
    """Zeros with Linux's signature and a parameter area."""
    data = bytearray(max(size, 0x11000))
    data[VERSION_ADDRESS : VERSION_ADDRESS + 8] = version.to_bytes(8, "big")
    data[0x10008:0x1000E] = b"S390EP"
    data[MOST_COMMAND_LINE_ADDRESS : MOST_COMMAND_LINE_ADDRESS + 8] = most_command_line.to_bytes(8, "big")
    return bytes(data[:size])


def storage_with(pieces, size=STORAGE):
    storage = bytearray(size)
    for address, data in pieces:
        storage[address : address + len(data)] = data
    return storage


def number(storage, address):
    return int.from_bytes(storage[address : address + 8], "big")


def test_a_flat_image_lies_at_0_and_is_entered_at_10000():
    data = flat()
    kernel = read_kernel(data)
    assert kernel.psw == (ENTRY_MASK, ENTRY) == (0x0000000180000000, 0x10000)
    assert image(kernel, STORAGE) == [(0, data)]


def test_a_kernel_in_elf_is_entered_where_it_says_and_has_symbols():
    source = f"""
        .globl _start
        .org 8
        .ascii "S390EP"
        .org 0x400
        .fill {0x80 + 8}
_start: nopr 0
    """
    program = assemble(source, origin=0x10000)
    kernel = read_kernel(program.to_elf())
    assert kernel.psw == (ENTRY_MASK, program.symbols["_start"])
    assert kernel.symbols["_start"] == 0x10488
    assert kernel.takes_parameters
    assert image(kernel, STORAGE, append="x")[-1] == (COMMAND_LINE_ADDRESS, b"x\0")


def test_initrd_is_above_16_MB_and_its_place_is_told():
    storage = storage_with(image(read_kernel(flat()), STORAGE, b"files"))
    assert (number(storage, INITRD_ADDRESS), number(storage, INITRD_BYTES)) == (LOWEST_INITRD, 5)
    assert storage[LOWEST_INITRD : LOWEST_INITRD + 5] == b"files"
    assert (INITRD_ADDRESS, INITRD_BYTES, LOWEST_INITRD) == (0x10408, 0x10410, 16 * MB)


def test_initrd_of_a_large_kernel_is_on_the_next_megabyte():
    storage = storage_with(image(read_kernel(flat(17 * MB + 1)), STORAGE, b"files"))
    assert number(storage, INITRD_ADDRESS) == 18 * MB


def test_initrd_that_just_fits():
    image(read_kernel(flat()), STORAGE, bytes(16 * MB))
    with pytest.raises(LinuxError, match="give --ram 33M at least"):
        image(read_kernel(flat()), STORAGE, bytes(16 * MB + 1))


def test_without_an_initrd_nothing_is_told():
    storage = storage_with(image(read_kernel(flat()), STORAGE, append="a"))
    assert (number(storage, INITRD_ADDRESS), number(storage, INITRD_BYTES)) == (0, 0)


def test_command_line_ends_with_a_zero():
    storage = storage_with(image(read_kernel(flat()), STORAGE, append="console=ttyS0 x"))
    assert storage[0x10480:0x10490] == b"console=ttyS0 x\0"


@pytest.mark.parametrize(("said", "most"), [(0, 895), (4096, 4095)], ids=["old", "says-4096"])
def test_the_longest_command_line(said, most):
    kernel = read_kernel(flat(most_command_line=said))
    image(kernel, STORAGE, append="x" * most)
    with pytest.raises(LinuxError, match=f"{most + 1} characters; this kernel takes {most}"):
        image(kernel, STORAGE, append="x" * (most + 1))


@pytest.mark.parametrize("line", ["caf\N{LATIN SMALL LETTER E WITH ACUTE}", "a\0b"])
def test_a_command_line_that_no_kernel_takes(line):
    with pytest.raises(LinuxError, match="ASCII"):
        image(read_kernel(flat()), STORAGE, append=line)


def test_a_kernel_that_is_larger_than_the_storage():
    with pytest.raises(LinuxError, match="larger --ram"):
        image(read_kernel(flat(MB + 1)), MB)


@pytest.mark.parametrize("behind", [0, 600], ids=["whole", "signed"])
def test_a_kernel_that_ends_with_its_mark(behind):
    data = flat(0x20000, version=0x18000) + b"zIPL" + bytes(behind)
    assert read_kernel(data).takes_parameters


@pytest.mark.parametrize("data", [
    pytest.param(flat(0x20000, version=0x18000), id="no-mark"),
    pytest.param((flat(0x20000, version=0x18000) + b"zIPL")[:-1], id="one-byte"),
    pytest.param(flat(0x10420), id="within-the-parameter-area"),
    pytest.param(flat(0x1042F), id="within-the-version"),
])  # fmt: skip
def test_a_kernel_that_is_cut_off(data):
    with pytest.raises(LinuxError, match="not all of the kernel"):
        read_kernel(data)


# --- what is no Linux ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("short", "psw"), [
    pytest.param(0x0008000080000200, (0x80000000, 0x200), id="31-bit"),
    pytest.param(0x0008000180010000, (ENTRY_MASK, 0x10000), id="64-bit"),
    pytest.param(0x000A000000000055, (0x0002000000000000, 0x55), id="24-bit-wait"),
    pytest.param(0xFFFFFFFFFFFFFFFF, (0xFFF7FFFF80000000, 0x7FFFFFFF), id="all-ones-is-loaded-and-found-invalid-later"),
])  # fmt: skip
def test_another_flat_image_is_entered_by_the_psw_at_0(short, psw):
    data = short.to_bytes(8, "big") + bytes(100)
    kernel = read_kernel(data)
    assert kernel.psw == psw
    assert not kernel.takes_parameters
    assert image(kernel, STORAGE) == [(0, data)]


@pytest.mark.parametrize("data", [b"", b"\0\x08\0\0\x80\0\0", bytes(100)])
def test_neither_a_kernel_nor_a_psw(data):
    with pytest.raises(LinuxError, match="no PSW"):
        read_kernel(data, "file")


@pytest.mark.parametrize(("offset", "mark", "remedy"), FOREIGN)
def test_a_file_that_is_something_else(offset, mark, remedy):
    data = bytearray(bytes.fromhex("0008000080000200") + bytes(0x10000))  # its first 8 bytes might be a PSW
    data[offset : offset + len(mark)] = mark
    with pytest.raises(LinuxError, match=f"file: {remedy.partition(';')[0]}"):
        read_kernel(bytes(data), "file")


@pytest.mark.parametrize("given", [{"initrd": b"x"}, {"append": "x"}])
def test_what_has_no_parameter_area_takes_no_parameters(given):
    kernel = read_kernel(b"\0\x08\0\0\x80\0\2\0")
    with pytest.raises(LinuxError, match="neither --initrd nor --append"):
        image(kernel, STORAGE, **given)
