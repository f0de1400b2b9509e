"""Linux as it is delivered: kernel image, initial RAM disk, command line -> what lies in storage, and the first PSW.

A kernel comes as a flat image of storage from address 0 on (`vmlinuz`, `bzImage`, `image`), or as ELF (`vmlinux` with
its decompressor). Both have a parameter area, whose fields are those of `struct parmarea` in Linux
(arch/s390/include/asm/setup.h), and are entered in 64-bit mode: a flat image at 10000. One that is no Linux is entered
by the PSW at address 0, as by initial program loading (PoP ch. 17).
"""

from __future__ import annotations

from dataclasses import dataclass

from s390emu.architecture.psw_bits import SHORT_ADDRESS, SHORT_INVERTED, SHORT_MASK
from s390emu.assembler.elf import is_elf
from s390emu.assembler.elf_loader import read_elf

ENTRY = 0x10000
ENTRY_MASK = 0x0000000180000000  # PSW bits 0-63: 64-bit mode, supervisor state, disabled
SIGNATURE_ADDRESS, SIGNATURE = 0x10008, b"S390EP"
INITRD_ADDRESS, INITRD_BYTES = 0x10408, 0x10410  # where address and length are, 8 bytes each
MOST_COMMAND_LINE_ADDRESS = 0x10430  # where a kernel says how many bytes of command line it takes; 0: an old one
COMMAND_LINE_ADDRESS, OLD_COMMAND_LINE_BYTES = 0x10480, 896
VERSION_ADDRESS = 0x10428  # where a kernel says where its version is, 8 bytes; 0: an old one, which has no end mark
END_MARK, LARGEST_SIGNATURE = b"zIPL", 1 << 16  # an image ends with it, unless a signature of some bytes follows
# What is no kernel of this machine, by bytes at an offset, and what to do about it
FOREIGN = (
    (0x202, b"HdrS", "a kernel for x86; Debian's for s390x: tools/fetch-linux DIR"),
    (0x38, b"ARMd", "a kernel for ARM; Debian's for s390x: tools/fetch-linux DIR"),
    (0, b"\x1f\x8b", "compressed; unpack it with gunzip"),
    (0, b"\xfd7zXZ", "compressed; unpack it with unxz"),
    (0, b"\x28\xb5\x2f\xfd", "compressed; unpack it with unzstd"),
    (0, b"070701", "an archive of files; give it as --initrd"),
    (0, b"!<arch>\n", "an archive, perhaps a Debian package; the kernel is in it: tools/fetch-linux DIR"),
)
LOWEST_INITRD = 16 << 20  # above it the decompressor and the kernel have their first tables and its heap
MEGABYTE = 1 << 20
SHORT_PSW_BYTES = 8


class LinuxError(Exception):
    """Raised for files that cannot be started; the message says what is wrong."""


@dataclass(frozen=True)
class Kernel:
    """pieces: addresses and bytes; psw: bits 0-63 and the instruction address; symbols: of an ELF file."""

    name: str
    pieces: tuple[tuple[int, bytes], ...]
    psw: tuple[int, int]
    symbols: dict[str, int]

    @property
    def end(self) -> int:
        """The address behind the last byte."""
        return max(address + len(data) for address, data in self.pieces)

    @property
    def takes_parameters(self) -> bool:
        """True if the kernel has Linux's parameter area."""
        return self.bytes_at(SIGNATURE_ADDRESS, len(SIGNATURE)) == SIGNATURE

    @property
    def cut_off(self) -> bool:
        """True if the end of a flat image of Linux is missing: its parameter area, or its end mark."""
        version = self.bytes_at(VERSION_ADDRESS, 8)
        (_, data), *_ = self.pieces
        return len(version) < 8 or (any(version) and END_MARK not in data[-LARGEST_SIGNATURE:])

    @property
    def most_command_line(self) -> int:
        """The bytes that a command line may have, the zero at its end included."""
        said = int.from_bytes(self.bytes_at(MOST_COMMAND_LINE_ADDRESS, 8), "big")
        return said or OLD_COMMAND_LINE_BYTES

    def bytes_at(self, address: int, length: int) -> bytes:
        """Return bytes of the image; fewer, or none, where it has no more."""
        for start, data in self.pieces:
            if start <= address < start + len(data):
                return bytes(data[address - start : address - start + length])
        return b""


def read_kernel(data: bytes, name: str = "kernel") -> Kernel:
    """Return a kernel of a flat image or an ELF file. Raises LinuxError and ElfError."""
    if is_elf(data):
        program = read_elf(data, 0, name)
        pieces = tuple((address, bytes(piece)) for address, piece in program.image())
        if not pieces:
            raise LinuxError(f"{name}: an ELF file with nothing to load")
        return Kernel(name, pieces, (ENTRY_MASK, program.entry), program.symbols)
    for offset, mark, what in FOREIGN:
        if data[offset : offset + len(mark)] == mark:
            raise LinuxError(f"{name}: {what}")
    flat = Kernel(name, ((0, data),), (ENTRY_MASK, ENTRY), {})
    if not flat.takes_parameters:
        return Kernel(name, flat.pieces, ipl_psw(data, name), {})
    if flat.cut_off:
        raise LinuxError(f"{name}: {len(data)} bytes, which is not all of the kernel: its end is missing; get it anew")
    return flat


def ipl_psw(data: bytes, name: str = "image") -> tuple[int, int]:
    """Return the PSW that initial program loading takes from the first 8 bytes of storage, as LOAD PSW takes it (PoP
    ch. 10): bits 0-63, with bit 12 inverted, and the address of bits 33-63."""
    short = int.from_bytes(data[:SHORT_PSW_BYTES], "big")
    if len(data) < SHORT_PSW_BYTES or not short & int(SHORT_INVERTED):
        what = "neither ELF nor a flat image of Linux, and its first 8 bytes are no PSW"
        raise LinuxError(f"{name}: {what} (bit 12 is zero)")
    return (short & int(SHORT_MASK)) ^ int(SHORT_INVERTED), short & int(SHORT_ADDRESS)


def image(kernel: Kernel, storage_size: int, initrd: bytes = b"", append: str = "") -> list[tuple[int, bytes]]:
    """Return what to write into storage, in this order: kernel, initial RAM disk, command line. Raises LinuxError."""
    if kernel.end > storage_size:
        raise LinuxError(f"{kernel.name}: ends at {kernel.end:#x}, beyond the guest's storage; give a larger --ram")
    if not kernel.takes_parameters and (initrd or append):
        raise LinuxError(f"{kernel.name}: has no parameter area of Linux, so it takes neither --initrd nor --append")
    pieces = list(kernel.pieces)
    if initrd:
        address = initrd_address(kernel.end)
        if address + len(initrd) > storage_size:
            needed = -(-(address + len(initrd)) // MEGABYTE)
            raise LinuxError(f"--initrd: {len(initrd)} bytes from {address:#x} on; give --ram {needed}M at least")
        pieces += [(address, initrd), (INITRD_ADDRESS, address.to_bytes(8, "big"))]
        pieces.append((INITRD_BYTES, len(initrd).to_bytes(8, "big")))
    if append:
        pieces.append((COMMAND_LINE_ADDRESS, command_line(kernel, append)))
    return pieces


def initrd_address(kernel_end: int) -> int:
    """Return where an initial RAM disk goes: on a boundary of a megabyte, above the kernel and what it uses first."""
    return max(LOWEST_INITRD, -(-kernel_end // MEGABYTE) * MEGABYTE)


def command_line(kernel: Kernel, append: str) -> bytes:
    """Return the bytes of a command line, ended by a zero. Raises LinuxError."""
    if not append.isascii() or "\0" in append:
        raise LinuxError("--append: a kernel's command line is ASCII")
    line = append.encode("ascii") + b"\0"
    if len(line) > kernel.most_command_line:
        raise LinuxError(f"--append: {len(line) - 1} characters; this kernel takes {kernel.most_command_line - 1}")
    return line
