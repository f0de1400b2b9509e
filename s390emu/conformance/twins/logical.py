"""AND, OR, EXCLUSIVE OR and the other connectives: PoP ch. 7."""

from __future__ import annotations

import operator
from collections.abc import Callable

from s390emu.conformance.twins.forms import Form, Model, Outcome, gr, immediate, low, part, storage
from s390emu.conformance.twins.logical_arithmetic import unsigned

OPERATIONS: dict[str, Callable[[int, int], int]] = {"n": operator.and_, "o": operator.or_, "x": operator.xor}
CONNECTIVES: dict[str, Callable[[int, int], int]] = {
    "nc": lambda a, b: a & ~b,
    "oc": lambda a, b: a | ~b,
    "nn": lambda a, b: ~(a & b),
    "no": lambda a, b: ~(a | b),
    "nx": lambda a, b: ~(a ^ b),
}
# Which bits of a register an immediate operand is combined with: how far from the right, how many.
IMMEDIATES = {"hh": (48, 16), "hl": (32, 16), "lh": (16, 16), "ll": (0, 16), "hf": (32, 32), "lf": (0, 32)}


def forms_of(name: str) -> tuple[Form, ...]:
    """Return the forms of AND, OR or EXCLUSIVE OR by their first letter, without the storage-to-storage one."""
    return unsigned(
        Form(f"{name}r %r3,%r4", low(3), low(3), low(4)),
        Form(f"{name}gr %r3,%r4", gr(3), gr(3), gr(4)),
        Form(f"{name} %r3,0(%r5)", low(3), low(3), storage(32)),
        Form(f"{name}y %r3,0(%r5)", low(3), low(3), storage(32)),
        Form(f"{name}g %r3,0(%r5)", gr(3), gr(3), storage(64)),
        Form(f"{name}i 0(%r5),{{}}", storage(8), storage(8), immediate(8)),
        Form(f"{name}iy 0(%r5),{{}}", storage(8), storage(8), immediate(8)),
        *three_registers(name),
        *(
            Form(f"{name}i{suffix} %r3,{{}}", part(3, bits, shift), part(3, bits, shift), immediate(bits))
            for suffix, (shift, bits) in IMMEDIATES.items()
            if name != "x" or bits == 32
        ),
    )


def three_registers(name: str) -> tuple[Form, ...]:
    """Return the forms with a result of their own."""
    return unsigned(
        Form(f"{name}rk %r2,%r3,%r4", low(2), low(3), low(4)), Form(f"{name}grk %r2,%r3,%r4", gr(2), gr(3), gr(4))
    )


def combine(name: str) -> Model:
    """Return the model of a connective: cc 0 if the result is zero, else 1."""
    operation = (OPERATIONS | CONNECTIVES)[name]

    def model(form: Form, cc: int, first: int, second: int) -> Outcome:
        result = operation(first, second) % (1 << form.targets[0].bits)
        return Outcome((result,), int(result != 0))

    return model


MODELS: dict[tuple[Form, ...], Model] = {forms_of(name): combine(name) for name in OPERATIONS} | {
    three_registers(name): combine(name) for name in CONNECTIVES
}
