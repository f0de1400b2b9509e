"""What a debugger's user writes for a number: registers, symbols, storage, and the operators of Python between them.

    r2 > 5 and u64(r15 + 160) == counter        # u8, u16, u32, u64: unsigned, at a logical address
    abs(pc)                                     # the absolute address of a logical one
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Mapping

from s390emu.machine import CPU, Machine, NotTranslated
from s390emu.machine.view import registers

REGISTER_SIGN = re.compile(r"(?<![\w)\s])\s*%(?=[a-z]+\d)")  # %r1, and not a remainder
LONGEST = 500  # characters
ALL = (1 << 64) - 1
SIZES = {"u8": 1, "u16": 2, "u32": 4, "u64": 8}
BINARY: dict[type, Callable] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod, ast.BitAnd: operator.and_, ast.BitOr: operator.or_, ast.BitXor: operator.xor,
    ast.RShift: operator.rshift,
}  # fmt: skip
UNARY: dict[type, Callable] = {ast.USub: operator.neg, ast.Invert: operator.invert, ast.Not: operator.not_,
                               ast.UAdd: operator.pos}  # fmt: skip
COMPARED: dict[type, Callable] = {
    ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}  # fmt: skip


class ExpressionError(ValueError):
    """An expression that has no value; the message says why."""


class Expression:
    """An expression that was read, to be evaluated at any moment. ExpressionError for what is none."""

    def __init__(self, text: str):
        self.text = text.strip()
        if len(self.text) > LONGEST:
            raise ExpressionError(f"an expression of {len(self.text)} characters: {LONGEST} is the most")
        try:
            self._tree = ast.parse(REGISTER_SIGN.sub("", self.text.replace("psw.", "psw_")), mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            raise ExpressionError(f"{self.text!r} is no expression") from error

    def value(self, machine: Machine, cpu: CPU, symbols: Mapping[str, int]) -> int:
        """Return the value now, for this CPU. ExpressionError where it has none."""
        names = {name.replace(".", "_"): number for name, number in registers(cpu).items()}
        names |= {"pc": cpu.psw[1], "icount": machine.count, "cpu": cpu.number}

        def of(node: ast.expr) -> int:
            match node:
                case ast.Constant(value=int() as number):
                    return number
                case ast.Name(id=name) if name in names:
                    return names[name]
                case ast.Name(id=name) if name in symbols:
                    return symbols[name]
                case ast.Attribute() if ast.unparse(node) in symbols:
                    return symbols[ast.unparse(node)]
                case ast.Name(id=name):
                    raise ExpressionError(f"{name}: neither a register nor a symbol")
                case ast.BinOp(left=left, op=op, right=right) if type(op) in BINARY:
                    return BINARY[type(op)](of(left), of(right))
                case ast.BinOp(left=left, op=ast.LShift(), right=right):
                    return of(left) << min(64, of(right)) & ALL
                case ast.UnaryOp(op=op, operand=operand) if type(op) in UNARY:
                    return int(UNARY[type(op)](of(operand)))
                case ast.BoolOp(op=ast.And(), values=values):
                    return int(all(of(each) for each in values))
                case ast.BoolOp(values=values):
                    return int(any(of(each) for each in values))
                case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in COMPARED:
                    return int(COMPARED[type(op)](of(left), of(right)))
                case ast.Call(func=ast.Name(id=name), args=[address], keywords=[]) if name in SIZES:
                    data = machine.view.read_logical(cpu, of(address) & ALL, SIZES[name])
                    return int.from_bytes(data)
                case ast.Call(func=ast.Name(id="abs"), args=[address], keywords=[]):
                    return machine.view.to_absolute(cpu, of(address) & ALL)
            raise ExpressionError(f"{ast.unparse(node)} is nothing that can be evaluated here")

        try:
            return of(self._tree)
        except (ArithmeticError, ValueError, IndexError, NotTranslated, RecursionError) as error:
            if isinstance(error, ExpressionError):
                raise
            raise ExpressionError(f"{self.text}: {error}") from error
