"""The host's part of the message-security assist: AES from the library `cryptography`, random numbers from the seed.

The handlers in `isa.general` have made every check, and say in the port's `value` how many bytes to do. A field of
registers in the instruction is a number, 16 where there is no operand.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

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


def operand(cpu, port, register: int, length: int, kind: int, data: bytes = b"") -> bytes:
    """Fetch the bytes of an operand, or store `data` there; return the bytes."""
    code = kernels.locate(cpu, port, register, length, kind)
    assert code == 0, f"the handler saw to it that register {register} designates an operand: {code}"
    first, within, second = int(port.span_first), min(int(port.span_length), length), int(port.span_second)
    if kind == FETCH:
        return bytes_at(first, within) + bytes_at(second, length - within)
    put_bytes_at(first, data[:within])
    put_bytes_at(second, data[within:])
    return data


def cipher(host, guest, cpu, port, insn: int) -> int:
    """Complete KM, KMC, KMAC, KMCTR, KMF or KMO: cipher a unit."""
    operation, r1, r2, r3 = insn >> 48, insn >> 36 & 15, insn >> 32 & 15, NONE
    control, unit = int(cpu.gr[0]), int(port.value)
    decipher = control & MODIFIER != 0
    key_length = ((control & FUNCTION_CODE) - BEFORE_AES_128) * KEY_UNIT
    before_key = BLOCK if operation in CHAINED else 0
    parameter = operand(cpu, port, PARAMETER_REGISTER, before_key + key_length, FETCH)
    chaining, key = parameter[:before_key], parameter[before_key:]
    data = operand(cpu, port, r2, unit, FETCH)
    if operation == KM:
        result = ecb(key, decipher).update(data)
    elif operation == KMCTR:
        r3 = insn >> 44 & 15
        result = exclusive_or(data, ecb(key).update(operand(cpu, port, r3, unit, FETCH)))
    elif operation == KMO:
        result, chaining = output_feedback(key, chaining, data)
    elif operation == KMF:
        result, chaining = cipher_feedback(key, chaining, data, decipher, control >> FEEDBACK_SHIFT & 0xFF)
    else:
        result, chaining = chained(key, chaining, data, decipher)
    if operation == KMAC:
        r1 = NONE
    else:
        operand(cpu, port, r1, unit, STORE, result)
    if chaining:
        operand(cpu, port, PARAMETER_REGISTER, BLOCK, STORE, chaining)
    return kernels.ciphered(cpu, port, r1, r2, r3, unit)


def random_numbers(host, guest, cpu, port, insn: int) -> int:
    """Complete PRNO: fill a unit with what the seed gives this CPU at this instruction."""
    r1, r2, unit = insn >> 36 & 15, insn >> 32 & 15, int(port.value)
    drawn = f"{host.seed} {guest.number} {int(port.cpu_address)} {int(port.count)}"
    code = kernels.fill(cpu, port, r1, r2, unit)
    assert code == 0, f"the handler saw to it that there is an operand: {code}"
    data, within = hashlib.shake_256(drawn.encode()).digest(unit), min(int(port.span_length), unit)
    put_bytes_at(int(port.span_first), data[:within])
    put_bytes_at(int(port.span_second), data[within:])
    return 0
