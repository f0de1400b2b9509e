"""Expressions as GNU as writes them: text -> node -> value.

A node is an int, a Place, a Symbol or an operation over nodes. Its value is an int, or a Place where the address is
not known before all sections have theirs. An expression is evaluated up to three times: early, when a symbol may be
missing (`NotYet`) and only places of one fragment have a known distance; when the fragments of each section are put
together and any two places of one section have a distance; and finally, when every address is known.

The precedence is GNU's own, not C's: `1|2+4` is `(1|2)+4`; true is -1 from a comparison and 1 from && and ||.
As in GNU as a value has 64 bits and what overflows them is lost; comparisons and divisions take them with a sign,
`>>` without one (manual of GNU as, "Infix Operators").
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple, Protocol

from s390emu.assembler.errors import SourceError
from s390emu.assembler.number_encoding import ALL_ONES, signed_64

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
MOST_DIGITS = 1000  # of a number, zeros to the left included; Python converts 4,300
_OPERATOR = re.compile(r"<<|>>|<>|<=|>=|==|!=|&&|\|\||![ \t]*!|[-+*/%|&^!<>]")
LOCAL_MARK = "\x01"  # in the name of what `1:` defines: the number, this mark, how many of them there are so far
NAME = r"[A-Za-z_.$][\w.$]*"  # of a symbol, as the source writes it
_SYMBOL = re.compile(rf"[A-Za-z_.${LOCAL_MARK}][\w.${LOCAL_MARK}]*")
_SUFFIX = re.compile(r"@[ \t]*(\w+)")
_LOCAL = re.compile(r"([0-9]+)([bf])(?![\w.$])")
_NUMBER = re.compile(r"0[xX][0-9a-fA-F]+|0[bB][01]+|[0-9]+")
_CHARACTER = re.compile(r"'(\\?.)'?")
_STRING = re.compile(r'"((?:\\.|[^"\\])*)"')
_ESCAPE = re.compile(r"\\([0-7]{1,3}|[xX][0-9a-fA-F]+|.)", re.DOTALL)
_ESCAPES = {"b": 8, "f": 12, "n": 10, "r": 13, "t": 9}


class NotYet(Exception):
    """Raised for a value that needs a symbol or an address that is not known yet."""


class Undefined(NamedTuple):
    """The base of a symbol that this file does not define: the symbol itself."""

    name: str


class Place(NamedTuple):
    """An address, as an offset from a base.

    The base is a fragment while the source is read, and a section once its fragments are put together (`unit.settled`).
    """

    base: Fragment | Piece | Undefined
    offset: int
    symbol: str | None = None  # the name by which the source refers to it; known only where relocations are made


class Symbol(NamedTuple):
    """A symbol by its name; at `column` the source mentions it."""

    name: str
    column: int


class Unary(NamedTuple):
    operator: str
    operand: Node


class Binary(NamedTuple):
    operator: str
    left: Node
    right: Node
    column: int | None = None


Node = int | Place | Symbol | Unary | Binary
Value = int | Place


def unescape(text: str) -> bytes:
    """Return the bytes of a string or character as source writes it, escapes resolved; other characters as UTF-8."""

    def one(match: re.Match[str]) -> str:
        code = match[1]
        if code[0] in "01234567":
            return chr(int(code, 8) & 0xFF)
        if code[0] in "xX" and len(code) > 1:
            return chr(int(code[1:], 16) & 0xFF)
        return chr(_ESCAPES.get(code, ord(code)))

    return b"".join(
        _ESCAPE.sub(one, piece).encode("latin-1", "replace") if piece[0] == "\\" else piece.encode()
        for piece in re.findall(r"\\(?:[0-7]{1,3}|[xX][0-9a-fA-F]+|.)|[^\\]+", text, re.DOTALL)
    )


class Reference(NamedTuple):
    """What a source refers to by `x@GOT+4`: the operand, the suffix in upper case ("" if there is none), the addend.

    Without a suffix the addend is part of the node.
    """

    node: Node
    suffix: str
    addend: int


class Names(Protocol):
    """What knows the meaning of `.`, `1b` and names in an expression: a unit, or a line of a trace."""

    def here(self) -> Value: ...
    def local_label(self, number: int, direction: str, column: int) -> Node: ...
    def named(self, name: str, column: int) -> Node: ...


class Cursor:
    """A place in a statement's text; its methods read what stands there and go on behind it."""

    __slots__ = ("at", "text", "unit")

    def __init__(self, unit: Names, text: str, at: int):
        self.unit, self.text, self.at = unit, text, at
        self.skip()

    def skip(self):
        """Go on behind blanks."""
        while self.text[self.at : self.at + 1] in (" ", "\t"):
            self.at += 1

    @property
    def done(self) -> bool:
        """True at the end of the text."""
        return self.at >= len(self.text)

    def peek(self, what: str) -> bool:
        """True if this is next."""
        return self.text.startswith(what, self.at)

    def accept(self, what: str) -> bool:
        """Go on behind this and return True, if it is next."""
        if not self.text.startswith(what, self.at):
            return False
        self.at += len(what)
        self.skip()
        return True

    def expect(self, what: str, why: str):
        """Go on behind this, or reject what is there instead."""
        if not self.accept(what):
            raise self.error(f'"{what}" expected {why}')

    def error(self, message: str) -> SourceError:
        """Return an error that points here."""
        return SourceError(message, self.at)

    def match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """Go on behind what matches here, if anything does, and return it."""
        found = pattern.match(self.text, self.at)
        if found:
            self.at = found.end()
            self.skip()
        return found

    def word(self, what: str = "symbol") -> str:
        """Read a name, which may be in quotes."""
        if found := self.match(_SYMBOL):
            return found[0]
        if found := self.match(_STRING):
            return found[1]
        raise self.error(f"{what} expected")

    def string(self) -> bytes:
        """Read a string in quotes."""
        found = self.match(_STRING)
        if not found:
            raise self.error("string expected")
        return unescape(found[1])

    def named(self, name: str, column: int) -> Node:
        """Return what a symbol's name stands for in an expression."""
        return Symbol(name, column)

    def end(self):
        """Reject whatever is left."""
        if not self.done:
            raise self.error(f'unexpected "{self.text[self.at :].strip()}"')

    # Expressions ----------------------------------------------------------------------------------------------------

    def expression(self, lowest: int = 0) -> Node:
        """Read an expression whose operators bind at least as tightly as `lowest`."""
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
        """Read an expression that may name what it wants of its symbol: f@PLT, x@GOT+4, x+4@GOT."""
        column = self.at
        node = self.expression()
        if not (found := self.match(_SUFFIX)):
            return Reference(node, "", 0)
        addend: Node = 0
        if self.peek("+") or self.peek("-"):
            addend = self.expression()
        if isinstance(node, Binary) and node.operator in "+-" and isinstance(addend, int):
            if isinstance(node.right, int):
                addend += node.right if node.operator == "+" else -node.right
                node = node.left
        if not isinstance(addend, int) or not isinstance(node, Symbol | Place):
            raise SourceError(f"@{found[1]} is of a symbol, perhaps with a number added: x@{found[1]}+4", column)
        return Reference(node, found[1].upper(), addend)

    def _operand(self) -> Node:
        text, at = self.text, self.at
        first = text[at : at + 1]
        if first in ("-", "~", "!", "+"):
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
            return self._number_or_local_label()
        if found := self.match(_SYMBOL):
            return self.unit.here() if found[0] == "." else self.unit.named(found[0], at)
        if found := self.match(_STRING):
            return self.unit.named(found[1], at)
        raise SourceError("expression expected" if self.done else f'expression expected, not "{text[at:].strip()}"', at)

    def _number_or_local_label(self) -> Node:
        at = self.at
        if (found := self.match(_LOCAL)) and len(found[1]) <= MOST_DIGITS:
            if not (found[1] == "0" and found[2] == "b" and self.text[at + 2 : at + 3] in ("0", "1")):
                return self.unit.local_label(int(found[1]), found[2], at)
        self.at = at
        found = self.match(_NUMBER)
        assert found  # there is a digit
        digits = found[0]
        if len(digits) > MOST_DIGITS:
            raise SourceError(f"a number of {len(digits)} digits does not fit in 8 bytes", at)
        number = number_of(digits, at)
        if number > ALL_ONES:
            raise SourceError(f"{number} does not fit in 8 bytes", at)
        return number


def number_of(digits: str, column: int) -> int:
    """Return the number that is written 12, 0x12, 0b1 or in octal 012."""
    try:
        return int(digits, 8) if digits[0] == "0" and digits.isdigit() else int(digits, 0)
    except ValueError:
        raise SourceError(f'"{digits}" is not a number', column) from None


def is_local_label(name: str) -> bool:
    """True for the name of what `1:` defines."""
    return LOCAL_MARK in name


def stays_in_the_file(name: str) -> bool:
    """True for names that no other file can refer to and no symbol table lists: those of `1:` and `.L...`."""
    return name.startswith(".L") or is_local_label(name)


def _fold(node: Unary | Binary) -> Node:
    """Return the value of an operation if its operands are numbers, else the operation."""
    if isinstance(node, Unary):
        return _unary(node.operator, node.operand) if isinstance(node.operand, int) else node
    if isinstance(node.left, int) and isinstance(node.right, int):
        return _binary(node.operator, node.left, node.right, node.column)
    return node


def evaluate(
    node: Node,
    lookup: Callable[[Symbol], Node],
    locate: Callable[[Place], Value] | None = None,
    known: dict[str, Value] | None = None,
) -> Value:
    """Return the value of `node`; `lookup` gives what a symbol stands for, `locate` what is known of a place by now.

    known: the values of symbols in this evaluation, so that each is worked out only once.
    """
    if isinstance(node, int):
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
        if not isinstance(value, int):
            raise NotYet
        return _unary(node.operator, value)
    left, right = evaluate(node.left, lookup, locate, known), evaluate(node.right, lookup, locate, known)
    if isinstance(left, Place) or isinstance(right, Place):
        return _of_places(node.operator, left, right)
    return _binary(node.operator, left, right, node.column)


def number(node: Node, lookup: Callable[[Symbol], Node]) -> int | None:
    """Return the value of `node` if it is a number and known, else None."""
    try:
        value = evaluate(node, lookup)
    except NotYet:
        return None
    return value if isinstance(value, int) else None


def _of_places(operator: str, left: Value, right: Value) -> Value:
    """Return the result of an operation with addresses, as far as it can be known before they are."""
    if isinstance(left, Place) and isinstance(right, Place):
        if left.base is right.base and operator in ("-", "==", "!=", "<>", "<", ">", "<=", ">="):
            return _binary(operator, left.offset, right.offset)
    elif isinstance(left, Place) and isinstance(right, int) and operator in ("+", "-"):
        return left._replace(offset=in_64_bits(left.offset + (right if operator == "+" else -right)))
    elif isinstance(right, Place) and isinstance(left, int) and operator == "+":
        return right._replace(offset=in_64_bits(left + right.offset))
    raise NotYet


def in_64_bits(value: int) -> int:
    """Return `value` if 64 bits can hold it, with a sign or without; else its low 64 bits, with a sign."""
    return value if -(1 << 63) <= value <= ALL_ONES else signed_64(value)


def _unary(operator: str, value: int) -> int:
    return in_64_bits({"-": -value, "~": ~value, "!": int(not value), "+": value}[operator])


def _binary(operator: str, left: int, right: int, column: int | None = None) -> int:
    if operator in ("<<", ">>"):
        bits, count = left & ALL_ONES, right & ALL_ONES
        if count > 63:
            return 0
        return bits >> count if operator == ">>" else (bits << count) & ALL_ONES
    if operator in _SIGNED:
        left, right = signed_64(left), signed_64(right)
    if operator in ("/", "%"):
        if right == 0:
            raise SourceError("division by zero", column)
        quotient = abs(left) // abs(right)
        quotient = quotient if (left < 0) == (right < 0) else -quotient
        return quotient if operator == "/" else left - quotient * right
    return in_64_bits(_SIMPLE[operator](left, right))


_SIMPLE: dict[str, Callable[[int, int], int]] = {
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
