"""Expressions as GNU as writes them: text -> node -> value.

A node is an int, a Place, a Symbol or an operation over nodes. Its value is an int, or a Place where the address is
not known before all sections have theirs. `evaluate` is asked up to three times: early, when a symbol may be missing
(`NotYet`) and only places of one fragment have a known distance; when the fragments of each section are put together,
and two places of one section have a distance; and finally, when every address is known and the value is an int.

The precedence is GNU's own, not C's: `1|2+4` is `(1|2)+4`; true is -1 from a comparison and 1 from && and ||.
As in GNU as a value has 64 bits and what overflows them is lost; comparisons and divisions take them with a sign,
`>>` without one (manual of GNU as, "Infix Operators").
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from s390emu.assembler.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Callable

    from s390emu.assembler.program import Fragment, Piece

_RANKS = {
    **dict.fromkeys(("*", "/", "%", "<<", ">>"), 5),
    **dict.fromkeys(("|", "&", "^", "!"), 4),
    **dict.fromkeys(("+", "-"), 3),
    **dict.fromkeys(("==", "!=", "<>", "<", ">", "<=", ">="), 2),
    "&&": 1,
    "||": 0,
}
_SIGNED = frozenset(("/", "%", "==", "!=", "<>", "<", ">", "<=", ">=", "&&", "||"))
_ALL_ONES = (1 << 64) - 1
MOST_DIGITS = 1000  # of a number, zeros to the left included; Python converts 4,300
_OPERATOR = re.compile(r"<<|>>|<>|<=|>=|==|!=|&&|\|\||![ \t]*!|[-+*/%|&^!<>]")
_SYMBOL = re.compile(r"[A-Za-z_.$\x01][\w.$\x01]*")
_SUFFIX = re.compile(r"@[ \t]*(\w+)")
_LOCAL = re.compile(r"([0-9]+)([bf])(?![\w.$])")
_NUMBER = re.compile(r"0[xX][0-9a-fA-F]+|0[bB][01]+|[0-9]+")
_CHARACTER = re.compile(r"'(\\?.)'?")
_STRING = re.compile(r'"((?:\\.|[^"\\])*)"')
_ESCAPE = re.compile(r"\\([0-7]{1,3}|[xX][0-9a-fA-F]+|.)", re.DOTALL)
_ESCAPES = {"b": 8, "f": 12, "n": 10, "r": 13, "t": 9}


class NotYet(Exception):
    """The value needs a symbol or an address that is not known yet."""


class Undefined(NamedTuple):
    """What a symbol that this file does not define is relative to: itself."""

    name: str


class Place(NamedTuple):
    """An address as what it is relative to and the offset from there."""

    base: Fragment | Piece | Undefined
    offset: int
    symbol: str | None = None  # by which name the source reaches it; told only where relocations are made


class Symbol(NamedTuple):
    name: str
    column: int


class Unary(NamedTuple):
    operator: str
    operand: object


class Binary(NamedTuple):
    operator: str
    left: object
    right: object
    column: int


def unescape(text: str) -> bytes:
    """The bytes of a string or character as source writes it, escapes resolved; other characters as UTF-8."""

    def one(match):
        code = match[1]
        if code[0] in "01234567":
            return chr(int(code, 8) & 0xFF)
        if code[0] in "xX" and len(code) > 1:
            return chr(int(code[1:], 16) & 0xFF)
        return chr(_ESCAPES.get(code, ord(code)))

    return b"".join(
        one(_ESCAPE.match(piece)).encode("latin-1", "replace") if piece[0] == "\\" else piece.encode()
        for piece in re.findall(r"\\(?:[0-7]{1,3}|[xX][0-9a-fA-F]+|.)|[^\\]+", text, re.DOTALL)
    )


class Reference(NamedTuple):
    """What a source refers to by `x@GOT+4`: the operand, the suffix in upper case ("" if there is none), the addend.

    Without a suffix the addend is part of the node.
    """

    node: object
    suffix: str
    addend: int


class Cursor:
    """A place in a statement's text, and the small words that its parsers share. `unit` knows `.`, `1b` and names."""

    __slots__ = ("at", "text", "unit")

    def __init__(self, unit, text: str, at: int):
        self.unit, self.text, self.at = unit, text, at
        self.skip()

    def skip(self):
        while self.text[self.at : self.at + 1] in (" ", "\t"):
            self.at += 1

    @property
    def done(self) -> bool:
        return self.at >= len(self.text)

    def peek(self, what: str) -> bool:
        return self.text.startswith(what, self.at)

    def accept(self, what: str) -> bool:
        if not self.text.startswith(what, self.at):
            return False
        self.at += len(what)
        self.skip()
        return True

    def expect(self, what: str, why: str):
        if not self.accept(what):
            raise self.error(f'"{what}" expected {why}')

    def error(self, message: str) -> SourceError:
        return SourceError(message, self.at)

    def match(self, pattern):
        found = pattern.match(self.text, self.at)
        if found:
            self.at = found.end()
            self.skip()
        return found

    def word(self, what: str = "symbol") -> str:
        if found := self.match(_SYMBOL):
            return found[0]
        if found := self.match(_STRING):
            return found[1]
        raise self.error(f"{what} expected")

    def string(self) -> bytes:
        found = self.match(_STRING)
        if not found:
            raise self.error("string expected")
        return unescape(found[1])

    def named(self, name: str, column: int):
        """What a symbol's name stands for in an expression."""
        return Symbol(name, column)

    def end(self):
        if not self.done:
            raise self.error(f'unexpected "{self.text[self.at :].strip()}"')

    # Expressions ----------------------------------------------------------------------------------------------------

    def expression(self, lowest: int = 0):
        """The node of the expression here."""
        node = self._operand()
        while found := _OPERATOR.match(self.text, self.at):
            operator, column = found[0], self.at
            if operator[0] == operator[-1] == "!" and len(operator) > 1:
                operator = "^"  # GNU: !! is another ^
            rank = _RANKS[operator]
            if rank < lowest or (operator == "%" and self.text[found.end() : found.end() + 1].isalpha()):
                break
            self.at = found.end()
            self.skip()
            right = self.expression(rank + 1)
            node = _fold(Binary(operator, node, right, column))
        return node

    def reference(self) -> Reference:
        """The expression here, which may name what it wants of its symbol: f@PLT, x@GOT+4, x+4@GOT."""
        column = self.at
        node = self.expression()
        if not (found := self.match(_SUFFIX)):
            return Reference(node, "", 0)
        addend = 0
        if self.peek("+") or self.peek("-"):
            addend = self.expression()
        if isinstance(node, Binary) and node.operator in "+-" and type(node.right) is int and type(addend) is int:
            node, addend = node.left, addend + (node.right if node.operator == "+" else -node.right)
        if type(addend) is not int or not isinstance(node, Symbol | Place):
            raise SourceError(f"@{found[1]} is of a symbol, perhaps with a number added: x@{found[1]}+4", column)
        return Reference(node, found[1].upper(), addend)

    def _operand(self):
        text, at = self.text, self.at
        first = text[at : at + 1]
        if first in ("-", "~", "!", "+") and first:
            self.at += 1
            self.skip()
            return _fold(Unary(first, self._operand()))
        if first == "(":
            self.accept("(")
            node = self.expression()
            self.expect(")", "after the expression")
            return node
        if first == "'":
            found = self.match(_CHARACTER)
            if found:
                return unescape(found[1])[0]
        if first.isascii() and first.isdigit():
            if (found := self.match(_LOCAL)) and len(found[1]) <= MOST_DIGITS:
                if not (found[1] == "0" and found[2] == "b" and text[at + 2 : at + 3] in ("0", "1")):
                    return self.unit.local_label(int(found[1]), found[2], at)
            self.at = at
            found = self.match(_NUMBER)
            try:
                digits = found[0]
                if len(digits) > MOST_DIGITS:
                    raise SourceError(f"a number of {len(digits)} digits does not fit in 8 bytes", at)
                number = int(digits, 8) if digits[0] == "0" and digits.isdigit() else int(digits, 0)
            except ValueError:
                raise SourceError(f'"{found[0]}" is not a number', at) from None
            if number > _ALL_ONES:
                raise SourceError(f"{number} does not fit in 8 bytes", at)
            return number
        if first == ".":
            found = self.match(_SYMBOL)
            return self.unit.here() if found[0] == "." else self.unit.named(found[0], at)
        if found := self.match(_SYMBOL):
            return self.unit.named(found[0], at)
        if found := self.match(_STRING):
            return self.unit.named(found[1], at)
        raise SourceError("expression expected" if self.done else f'expression expected, not "{text[at:].strip()}"', at)


def _fold(node):
    """An operation over numbers as its value."""
    if isinstance(node, Unary):
        return _unary(node.operator, node.operand) if type(node.operand) is int else node
    if type(node.left) is int and type(node.right) is int:
        return _binary(node, node.left, node.right)
    return node


def evaluate(node, lookup, locate: Callable[[Place], int | Place] | None = None, known=None):
    """The value of `node`; `lookup(Symbol)` gives a node or raises, `locate` says what is known of a Place by now.
    known: values of symbols in this evaluation, each worked out once however often others refer to it."""
    if type(node) is int:
        return node
    if isinstance(node, Place):
        return locate(node) if locate else node
    known = {} if known is None else known
    if isinstance(node, Symbol):
        if node.name not in known:
            known[node.name] = evaluate(lookup(node), lookup, locate, known)
        return known[node.name]
    if isinstance(node, Unary):
        value = evaluate(node.operand, lookup, locate, known)
        if type(value) is not int:
            raise NotYet
        return _unary(node.operator, value)
    left, right = evaluate(node.left, lookup, locate, known), evaluate(node.right, lookup, locate, known)
    if isinstance(left, Place) or isinstance(right, Place):
        return _of_places(node.operator, left, right)
    return _binary(node, left, right)


def _of_places(operator, left, right):
    """What can be said of addresses before they are known."""
    if isinstance(left, Place) and isinstance(right, Place):
        if left.base is right.base and operator in ("-", "==", "!=", "<>", "<", ">", "<=", ">="):
            return _binary(Binary(operator, 0, 0, 0), left.offset, right.offset)
    elif operator == "+":
        place, number = (left, right) if isinstance(left, Place) else (right, left)
        return place._replace(offset=in_64_bits(place.offset + number))
    elif operator == "-" and isinstance(left, Place):
        return left._replace(offset=in_64_bits(left.offset - right))
    raise NotYet


def _signed(value):
    """The number that the 64 bits of `value` are when the leftmost is the sign."""
    return ((value + (1 << 63)) & _ALL_ONES) - (1 << 63)


def in_64_bits(value):
    """`value` as it is when 64 bits hold it, with a sign or without; else what is left of it."""
    return value if -(1 << 63) <= value <= _ALL_ONES else _signed(value)


def _unary(operator, value):
    return in_64_bits({"-": -value, "~": ~value, "!": int(not value), "+": value}[operator])


def _binary(node, left, right):
    operator = node.operator
    if operator in ("<<", ">>"):
        bits, count = left & _ALL_ONES, right & _ALL_ONES
        if count > 63:
            return 0
        return bits >> count if operator == ">>" else (bits << count) & _ALL_ONES
    if operator in _SIGNED:
        left, right = _signed(left), _signed(right)
    if operator in ("/", "%"):
        if right == 0:
            raise SourceError("division by zero", node.column)
        quotient = abs(left) // abs(right)
        quotient = quotient if (left < 0) == (right < 0) else -quotient
        return quotient if operator == "/" else left - quotient * right
    return in_64_bits(_SIMPLE[operator](left, right))


_SIMPLE = {
    "*": lambda a, b: a * b,
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "|": lambda a, b: a | b,
    "&": lambda a, b: a & b,
    "^": lambda a, b: a ^ b,
    "!": lambda a, b: a | ~b,
    "==": lambda a, b: -(a == b),
    "!=": lambda a, b: -(a != b),
    "<>": lambda a, b: -(a != b),
    "<": lambda a, b: -(a < b),
    ">": lambda a, b: -(a > b),
    "<=": lambda a, b: -(a <= b),
    ">=": lambda a, b: -(a >= b),
    "&&": lambda a, b: int(bool(a and b)),
    "||": lambda a, b: int(bool(a or b)),
}
