"""Conversions between UTF-8, UTF-16 and UTF-32 beside Unicorn, at the edges of what is well-formed.

Random bytes (test_unicorn_steps.py) seldom come there.
"""

from __future__ import annotations

import pytest

from tests.judges.programs import BASE_ADDRESSES, CODE, DATA, DATA_LENGTH, Program, put
from tests.judges.test_unicorn import Ours, Peer, compared

RESULT, ROOM = DATA + 0x1000, 16
SECOND_BYTES = (0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xFF)
HALVES = (0x0000, 0x0041, 0xD7FF, 0xD800, 0xDBFF, 0xDC00, 0xDFFF, 0xE000, 0xFFFF)
NUMBERS = (0, 0x7F, 0x80, 0x7FF, 0x800, 0xD7FF, 0xD800, 0xDBFF, 0xDC00, 0xDFFF, 0xE000, 0xFFFF, 0x10000, 0x10FFFF,
           0x110000, 0x1FFFFF, 0xFFFFFFFF)  # fmt: skip
SOURCES = {
    "1": [bytes([lead, second, third, 0xBF]) for lead in (0x7F, *range(0xBF, 0x100)) for second in SECOND_BYTES
          for third in (0x80, 0xBF, 0x41)],
    "2": [high.to_bytes(2, "big") + low.to_bytes(2, "big") for high in HALVES for low in HALVES],
    "4": [number.to_bytes(4, "big") for number in NUMBERS],
}  # fmt: skip


def refused_there(source: bytes, checked: int) -> bool:
    """True if Unicorn takes a character for ill-formed that is not: 0800 to 0FFF, where it is to be checked.

    PoP ch. 7 "CONVERT UTF-8 TO UTF-16" and "CONVERT UTF-8 TO UTF-32": after E0 the second byte must be A0 to BF, so
    E0 A0 80 is well-formed, the character 0800."""
    return bool(checked) and source[0] == 0xE0 and 0xA0 <= source[1] <= 0xBF and 0x80 <= source[2] <= 0xBF


@pytest.fixture(scope="module")
def pair():
    return Ours(), Peer()


@pytest.mark.parametrize(
    ("name", "checked"), [*((f"CU{n}", w) for n in (12, 14, 21, 24) for w in (0, 1)), ("CU41", 0), ("CU42", 0)]
)
def test_edges(pair, name, checked):
    ours, peer = pair
    last = {"m3": checked} if name[2] != "4" else {}
    convert = put(name, r1=2, r2=4, **last)
    code = put("LLILF", r1=2, i2=RESULT) + put("LLILF", r1=3, i2=ROOM) + put("LLILF", r1=4, i2=DATA)
    code += put("LLILF", r1=5, i2=4) + convert + put("BRC", m1=1, ri2=-len(convert) // 2)
    for source in SOURCES[name[2]]:
        data = source.ljust(DATA_LENGTH, b"\0")
        program = Program("64", 0, {0: name}, code, (0,) * 12 + BASE_ADDRESSES, data)
        ours.prepare(program)
        peer.prepare(program)
        reached, interruption = ours.run(program, program.end)
        peer.uc.emu_start(CODE, program.end)
        assert (reached, interruption) == (program.end, None)
        different = compared(ours.state(None), peer.state())
        assert bool(different) == (name[2] == "1" and refused_there(source, checked)), (source.hex(), different)
