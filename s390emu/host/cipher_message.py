"""The host's part of the message-security assist: AES from the library `cryptography`, random numbers from the seed.

The handlers in `isa.general` have made every check, and say in the port's `value` how many bytes to do. A field of
registers in the instruction is a number, 16 where there is no operand.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NamedTuple

from s390emu._jit import bytes_at, put_bytes_at
from s390emu.host import kernels
from s390emu.storage.access import FETCH, STORE

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers import CipherContext

KM, KMC, KMAC, KMCTR, KMF, KMO, PRNO = 0xB92E, 0xB92F, 0xB91E, 0xB92D, 0xB92A, 0xB92B, 0xB93C
CHAINED = (KMC, KMAC, KMF, KMO)  # with a chaining value in the parameter block
BLOCK = 16  # bytes, of a chaining value too
FUNCTION_CODE, MODIFIER, KEY_UNIT, BEFORE_AES_128 = 0x7F, 0x80, 8, 16
FEEDBACK_SHIFT = 24
PARAMETER_REGISTER, NONE = 1, 16


def ecb(key: bytes, decipher: bool = False) -> CipherContext:
    """Return what ciphers block by block."""
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    both = Cipher(algorithms.AES(key), modes.ECB())
    return both.decryptor() if decipher else both.encryptor()


def cbc(key: bytes, chaining: bytes, decipher: bool = False) -> CipherContext:
    """Return what ciphers with chaining."""
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    both = Cipher(algorithms.AES(key), modes.CBC(chaining))
    return both.decryptor() if decipher else both.encryptor()


def exclusive_or(first: bytes, second: bytes) -> bytes:
    return (int.from_bytes(first, "big") ^ int.from_bytes(second, "big")).to_bytes(len(first), "big")


def chained(key: bytes, chaining: bytes, data: bytes, decipher: bool) -> tuple[bytes, bytes]:
    """Return (result, new chaining value) of CBC; so for the other modes."""
    result = cbc(key, chaining, decipher).update(data)
    return result, (data if decipher else result)[-BLOCK:]


def output_feedback(key: bytes, chaining: bytes, data: bytes) -> tuple[bytes, bytes]:
    """The stream is what chaining makes of zeros."""
    stream = cbc(key, chaining).update(bytes(len(data)))
    return exclusive_or(data, stream), stream[-BLOCK:]


def cipher_feedback(key: bytes, chaining: bytes, data: bytes, decipher: bool, length: int) -> tuple[bytes, bytes]:
    """length: bytes of the feedback."""
    encipher, result = ecb(key), b""
    for at in range(0, len(data), length):
        part = data[at : at + length]
        made = exclusive_or(part, encipher.update(chaining)[:length])
        result += made
        chaining = chaining[length:] + (part if decipher else made)
    return result, chaining


class Place(NamedTuple):
    """An operand that can be accessed: host address and bytes in its first page, host address in its second page."""

    first: int
    within: int
    second: int
    length: int

    def fetch(self) -> bytes:
        return bytes_at(self.first, self.within) + bytes_at(self.second, self.length - self.within)

    def store(self, data: bytes) -> None:
        put_bytes_at(self.first, data[: self.within])
        put_bytes_at(self.second, data[self.within :])


def located(port, code: int, length: int) -> Place:
    """Return the place that an access has left in the port. code: what it returned."""
    assert code == 0, f"the handler saw to it that there is no exception: {code}"
    return Place(int(port.span_first), min(int(port.span_length), length), int(port.span_second), length)


def cipher(host, guest, cpu, port, insn: int) -> int:
    """Complete KM, KMC, KMAC, KMCTR, KMF or KMO: cipher a unit.

    Everything is located before anything is stored, which may be where the translation tables are."""

    def place(register: int, length: int, kind: int) -> Place:
        return located(port, kernels.locate(cpu, port, register, length, kind), length)

    operation, r1, r2, r3 = insn >> 48, insn >> 36 & 15, insn >> 32 & 15, NONE
    control, unit = int(cpu.gr[0]), int(port.value)
    decipher = control & MODIFIER != 0
    key_length = ((control & FUNCTION_CODE) - BEFORE_AES_128) * KEY_UNIT
    before_key = BLOCK if operation in CHAINED else 0
    parameter = place(PARAMETER_REGISTER, before_key + key_length, FETCH).fetch()
    chaining, key = parameter[:before_key], parameter[before_key:]
    data = place(r2, unit, FETCH).fetch()
    if operation == KM:
        result = ecb(key, decipher).update(data)
    elif operation == KMCTR:
        r3 = insn >> 44 & 15
        result = exclusive_or(data, ecb(key).update(place(r3, unit, FETCH).fetch()))
    elif operation == KMO:
        result, chaining = output_feedback(key, chaining, data)
    elif operation == KMF:
        result, chaining = cipher_feedback(key, chaining, data, decipher, control >> FEEDBACK_SHIFT & 0xFF)
    else:
        result, chaining = chained(key, chaining, data, decipher)
    if operation == KMAC:
        r1, result = NONE, b""
    stored = [(place(r1, unit, STORE), result)] if result else []
    if chaining:
        stored.append((place(PARAMETER_REGISTER, BLOCK, STORE), chaining))
    for where, what in stored:
        where.store(what)
    return kernels.ciphered(cpu, port, r1, r2, r3, unit)


def random_numbers(host, guest, cpu, port, insn: int) -> int:
    """Complete PRNO: fill a unit with what the seed gives this CPU at this instruction."""
    r1, r2, unit = insn >> 36 & 15, insn >> 32 & 15, int(port.value)
    drawn = f"{host.seed} {guest.number} {int(port.cpu_address)} {int(port.count)}"
    where = located(port, kernels.fill(cpu, port, r1, r2, unit), unit)
    where.store(hashlib.shake_256(drawn.encode()).digest(unit))
    return 0
