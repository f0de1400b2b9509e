"""GDB's remote serial protocol as bytes: packets out of a stream that may hold anything, and into one.

GDB manual, appendix "GDB Remote Serial Protocol": `$data#checksum`, `}` escapes, X'03' for Ctrl-C.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum

LONGEST = 0x4000  # bytes of a packet's data, as `qSupported` tells the client
ESCAPE, ESCAPED_XOR = 0x7D, 0x20
SPECIAL = b"$#}*"
BREAK = 3
HEX = b"0123456789abcdefABCDEF"


class Sign(Enum):
    """What a client sends beside packets; DAMAGED: a packet whose checksum is wrong, or that is too long."""

    ACKNOWLEDGED, REFUSED, BREAK, DAMAGED = range(4)


class Packets:
    """Finds the packets in a stream; what lies between them is skipped."""

    def __init__(self) -> None:
        self._rest = bytearray()

    def feed(self, data: bytes) -> Iterator[bytes | Sign]:
        """Yield the data of each packet that is complete now, and each sign."""
        self._rest += data
        while self._rest:
            first = self._rest[0]
            if first != ord("$"):
                del self._rest[0]
                if sign := {ord("+"): Sign.ACKNOWLEDGED, ord("-"): Sign.REFUSED, BREAK: Sign.BREAK}.get(first):
                    yield sign
                elif first not in b"$\x03+-":  # garbage: all of it up to what may mean something
                    end = next((n for n, byte in enumerate(self._rest) if byte in b"$\x03+-"), len(self._rest))
                    del self._rest[:end]
                continue
            end = self._rest.find(b"#")
            again = self._rest.find(b"$", 1, end if end >= 0 else len(self._rest))
            if again >= 0:  # the packet before broke off
                del self._rest[:again]
                yield Sign.DAMAGED
                continue
            if end < 0 or len(self._rest) < end + 3:
                if len(self._rest) > 2 * LONGEST + 4:
                    self._rest.clear()
                    yield Sign.DAMAGED
                return
            body, digits = bytes(self._rest[1:end]), bytes(self._rest[end + 1 : end + 3])
            del self._rest[: end + 3]
            if all(digit in HEX for digit in digits) and int(digits, 16) == sum(body) & 0xFF:
                yield _unescaped(body)
            else:
                yield Sign.DAMAGED


def _unescaped(body: bytes) -> bytes:
    """Return data without its escapes."""
    first, *others = body.split(bytes([ESCAPE]))
    return first + b"".join(bytes([part[0] ^ ESCAPED_XOR]) + part[1:] for part in others if part)


def packet(data: bytes) -> bytes:
    """Return a packet with this data."""
    body = b"".join(bytes([ESCAPE, byte ^ ESCAPED_XOR]) if byte in SPECIAL else bytes([byte]) for byte in data)
    return b"$" + body + b"#%02x" % (sum(body) & 0xFF)
