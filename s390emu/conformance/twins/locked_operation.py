"""PERFORM LOCKED OPERATION a second time: PoP ch. 7."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random

from s390emu.architecture.interruptions import SPECIFICATION
from s390emu.conformance.case import Case, State
from s390emu.conformance.twins.forms import address_bits, based, first_state

LOAD, SWAP, DOUBLE, STORE_1, STORE_2, STORE_3 = range(6)
SIZES = (4, 8, 8, 16)  # by form: of registers, in the list, of registers, in the list
SECOND, LIST = 0x40010, 0x42000
TARGETS = (0x40050, 0x40070, 0x40090)  # fourth, sixth and eighth operand
ADDRESSES = (72, 104, 136)  # ... and where the list has their addresses
COMPARED, REPLACEMENT, THIRD, THIRD_REPLACEMENT, FIFTH, SEVENTH = 0, 16, 32, 48, 80, 112  # in the list
STORED = {SWAP: (), DOUBLE: (THIRD_REPLACEMENT,), STORE_1: (THIRD_REPLACEMENT,), STORE_2: (THIRD_REPLACEMENT, FIFTH),
          STORE_3: (THIRD_REPLACEMENT, FIFTH, SEVENTH)}  # fmt: skip
TEST_BIT = 0x100


class Operands:
    """Where a function has its operands: in R1 and R3 and the registers after them, or on the right of quadwords of the
    list."""

    def __init__(self, operation: int, form: int) -> None:
        self.operation, self.size = operation, SIZES[form]
        self.registers = form in (0, 2)
        self.listed = not self.registers or operation in (STORE_2, STORE_3)

    def _register(self, slot: int) -> int | None:
        if not self.registers or slot in (FIFTH, SEVENTH):
            return None
        if slot in (COMPARED, REPLACEMENT):
            return 2 if slot == COMPARED else 3
        if self.listed:
            return None
        return 5 if slot == THIRD_REPLACEMENT and self.operation == DOUBLE else 4

    def load(self, state: State, slot: int) -> bytes:
        """Return an operand."""
        register = self._register(slot)
        if register is None:
            return state.load(LIST + slot + 16 - self.size, self.size)
        return state.gr[register].to_bytes(8)[8 - self.size :]

    def store(self, state: State, slot: int, data: bytes) -> None:
        """Set an operand."""
        register = self._register(slot)
        if register is None:
            state.store(LIST + slot + 16 - self.size, data)
        else:
            state.gr[register] = int.from_bytes(state.gr[register].to_bytes(8)[: 8 - self.size] + data)


def perform(operands: Operands, after: State) -> None:
    """Change the state as the function does: condition code 1 if the second operand is another one, 2 if the fourth."""
    size, operation = operands.size, operands.operation
    second, fourth = after.load(SECOND, size), after.load(TARGETS[0], size)
    if second != operands.load(after, COMPARED):
        operands.store(after, COMPARED, second)
        after.cc = 1
        return
    after.cc = 0
    if operation == LOAD:
        operands.store(after, THIRD, fourth)
        return
    if operation == DOUBLE and fourth != operands.load(after, THIRD):
        operands.store(after, THIRD, fourth)
        after.cc = 2
        return
    after.store(SECOND, operands.load(after, REPLACEMENT))
    for source, target in zip(STORED[operation], TARGETS, strict=False):
        after.store(target, operands.load(after, source))


def _cases(rng: Random) -> Iterator[Case]:
    while True:
        before, operation, form = first_state(rng), rng.randrange(6), rng.randrange(4)
        before.window(0x40000, rng.randbytes(0xC0))
        before.window(LIST, rng.randbytes(144))
        bits, operands = address_bits(before), Operands(operation, form)
        for place, target in zip(ADDRESSES, TARGETS, strict=True):
            left = rng.getrandbits(64 - bits) << bits if bits < 64 else 0
            before.store(LIST + place, (left | target).to_bytes(8))
        bad = rng.choice(("function", "register")) if rng.random() < 0.05 else ""
        function = 4 * operation + form if bad != "function" else rng.randrange(24, 256)
        tested = TEST_BIT if rng.random() < 0.1 else 0
        before.gr[0] = before.gr[0] >> 32 << 32 | tested | function
        second = based(before, rng, SECOND)
        line = f"plo %r{{}},{second},%r4,{based(before, rng, LIST if operands.listed else TARGETS[0], base=9)}"
        if rng.random() < 0.75:
            operands.store(before, COMPARED, before.load(SECOND, operands.size))
            if rng.random() < 0.6:
                operands.store(before, THIRD, before.load(TARGETS[0], operands.size))
        after = before.copy()
        if tested:
            after.cc = 0 if function < 24 else 3
            yield Case(line.format(3), before, after)
        elif bad == "function" or (bad and operands.registers and operation != LOAD):
            yield Case(line.format(3 if bad == "register" else 2), before, after, SPECIFICATION)
        else:
            perform(operands, after)
            yield Case(line.format(2), before, after)


RECIPES: dict[str, Callable[[Random], Iterator[Case]]] = {"plo": _cases}
