"""How to unwind the stack: the .cfi directives, and the tables .eh_frame and .debug_frame made of them.

Formats: DWARF Debugging Information Format, "Call Frame Information"; Linux Standard Base, "Exception Frames". The
numbers of registers are those of the s390x supplement to the System V ABI.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from s390emu.assembler.data import Directive, listed
from s390emu.assembler.errors import Position, SourceError
from s390emu.assembler.expressions import Cursor, Node, Place
from s390emu.assembler.number_encoding import sleb128, uleb128
from s390emu.assembler.table import Table

if TYPE_CHECKING:
    from s390emu.assembler.unit import Unit

EXCEPTIONS, DEBUGGING = ".eh_frame", ".debug_frame"  # the sections

DATA_ALIGNMENT = -8  # the unit of offsets
RETURN_COLUMN, STACK_POINTER, FRAME_BIAS = 14, 15, 160
ABSENT = 0xFF  # DW_EH_PE_omit
RELATIVE_WORD = 0x1B  # DW_EH_PE_pcrel, sdata4
RELATIVE = 0x10
_WIDTHS = {0: 8, 2: 2, 3: 4, 4: 8}  # of a pointer by the right three bits of its encoding
# By name, numbered as GNU as does; in the ABI floating-point registers have another order (gcc writes numbers).
_REGISTERS = {
    f"%{kind}{n}": first + n for kind, first in (("r", 0), ("f", 16), ("c", 32), ("a", 48)) for n in range(16)
}  # fmt: skip
_ADVANCE, _OFFSET, _RESTORE = 0x40, 0x80, 0xC0  # with an operand in the right six bits
_REMEMBER, _RESTORE_STATE = b"\x0a", b"\x0b"


class _Handler(NamedTuple):
    """The address of a function's exception handler, or of the handler's table, and how it is to be encoded."""

    encoding: int
    node: Node = 0


class _Step(NamedTuple):
    """An instruction to the unwinder, and the place in the code from where on it holds."""

    place: Place
    code: bytes
    plain: bool = True  # it may be shared by functions, in a common information entry


class _Frame:
    """What the source says of one function."""

    def __init__(self, start: Place, position: Position):
        self.start, self.position = start, position
        self.end = start
        self.steps: list[_Step] = []
        self.signal = False
        self.return_column = RETURN_COLUMN
        self.personality = self.lsda = _Handler(ABSENT)
        self.offset = 0  # of the canonical frame address from its register
        self.remembered: list[int] = []

    @property
    def common(self) -> list[bytes]:
        """Return the steps that hold from the first instruction on."""
        found: list[bytes] = []
        for step in self.steps:
            if step.place != self.start or not step.plain:
                break
            found.append(step.code)
        return found

    def kind(self, exceptions: bool) -> tuple:
        """Return what functions must have in common to share a common information entry."""
        handlers = (self.personality, self.lsda.encoding) if exceptions else ()
        return self.return_column, self.signal, handlers, tuple(self.common)


class FrameInfo:
    """The .cfi directives of one file."""

    def __init__(self, unit: Unit):
        self.unit = unit
        self.sections: tuple[str, ...] = (EXCEPTIONS,)
        self.frames: list[_Frame] = []
        self.open: _Frame | None = None

    @property
    def frame(self) -> _Frame:
        """The function between .cfi_startproc and .cfi_endproc."""
        if not self.open:
            raise SourceError("no .cfi_startproc before this")
        return self.open

    def step(self, code: bytes, plain: bool = True):
        """Add an instruction to the unwinder, which holds from here on."""
        self.frame.steps.append(_Step(self.unit.place_here(), code, plain and code != _REMEMBER))

    def end(self):
        """Reject a file that ends within a function."""
        if self.open:
            self.unit.complain(SourceError(".cfi_startproc without .cfi_endproc"), self.open.position)

    def write(self):
        """Write the tables; every place in the code is known by now."""
        attempt = self.unit.attempt
        self.frames = [frame for frame in self.frames if attempt(self._in_order, frame, position=frame.position)]
        for name in (EXCEPTIONS, DEBUGGING):
            if self.frames and name in self.sections:
                exceptions = name == EXCEPTIONS
                piece = self.unit.section(name, "a" if exceptions else "", "progbits")
                piece.alignment = max(piece.alignment, 8)
                table = Table(piece)
                entries: dict[tuple, int] = {}
                for frame in self.frames:
                    kind = frame.kind(exceptions)
                    if kind not in entries:
                        entries[kind] = len(table.data)
                        self._common(table, frame, exceptions)
                    self._function(table, frame, exceptions, entries[kind], frame is self.frames[-1])
                table.finish()

    def _in_order(self, frame: _Frame) -> bool:
        """Return True if a function's directives follow each other in one section; reject it otherwise."""
        distance = self.unit.distance
        places = [frame.start, *(step.place for step in frame.steps)]
        if min(distance(frame.start, frame.end), *(distance(*pair) for pair in pairwise(places)), 0) < 0:
            raise SourceError("a .cfi directive of this function stands before an earlier one in the section")
        return True

    def _common(self, table: Table, frame: _Frame, exceptions: bool):
        """Write a common information entry."""
        start = len(table.data)
        table.number(0, 4)
        table.number(0 if exceptions else -1, 4)
        personality, lsda = frame.personality.encoding, frame.lsda.encoding
        augmentation = "z" + "P" * (personality != ABSENT) + "L" * (lsda != ABSENT) + "R" if exceptions else ""
        augmentation += "S" * frame.signal
        table.data += b"\x01" + augmentation.encode() + b"\0" + uleb128(1) + sleb128(DATA_ALIGNMENT)
        table.number(frame.return_column, 1)
        if exceptions:
            length_at = len(table.data)
            table.number(0, 1)
            if personality != ABSENT:
                table.number(personality, 1)
                self._pointer(table, frame.personality, frame)
            if lsda != ABSENT:
                table.number(lsda, 1)
            table.number(RELATIVE_WORD, 1)
            table.data[length_at] = len(table.data) - length_at - 1
        for code in frame.common:
            table.data += code
        self._fill_up(table, start, 4 if exceptions else 8)

    def _function(self, table: Table, frame: _Frame, exceptions: bool, common: int, last: bool):
        """Write a frame description entry; `common` is the offset of its common information entry."""
        start, length = len(table.data), self.unit.distance(frame.start, frame.end)
        table.number(0, 4)
        if exceptions:
            table.number(start + 4 - common, 4)
            table.reference(frame.start, 4, frame.position, relative=True)
            table.number(length, 4)
            pointer = len(table.data)
            table.number(0, 1)
            if frame.lsda.encoding != ABSENT:
                self._pointer(table, frame.lsda, frame)
                table.data[pointer] = len(table.data) - pointer - 1
        else:
            table.reference(table.place(common), 4, frame.position)
            table.reference(frame.start, 8, frame.position)
            table.number(length, 8)
        at = frame.start
        for step in frame.steps[len(frame.common) :]:
            table.data += _advance(self.unit.distance(at, step.place))
            table.data += step.code
            at = step.place
        self._fill_up(table, start, 4 if exceptions and not last else 8)

    def _pointer(self, table: Table, told: _Handler, frame: _Frame):
        relative = told.encoding & 0x70 == RELATIVE
        table.reference(told.node, _WIDTHS[told.encoding & 7], frame.position, relative)

    def _fill_up(self, table: Table, start: int, boundary: int):
        table.data += bytes(-len(table.data) % boundary)
        table.put_length(start)


def _advance(distance: int) -> bytes:
    """Return the instruction that goes on by so many bytes."""
    if not distance:
        return b""
    if distance < 0x40:
        return bytes([_ADVANCE | distance])
    for code, width in ((2, 1), (3, 2), (4, 4)):
        if distance < 1 << 8 * width:
            return bytes([code]) + distance.to_bytes(width, "big")
    raise SourceError("a function of more than 4 GB")


# Directives -----------------------------------------------------------------------------------------------------------


def _register(unit: Unit, cursor: Cursor) -> int:
    """Read a register, by name or number; return its number."""
    column = cursor.at
    for name in sorted(_REGISTERS, key=len, reverse=True) if cursor.peek("%") else ():
        if cursor.accept(name):
            return _REGISTERS[name]
    number = unit.absolute(cursor, "register number")
    if number < 0:
        raise SourceError(f"{number} is no register", column)
    return number


def _number(unit: Unit, cursor: Cursor) -> int:
    return unit.absolute(cursor, "offset")


def _step(*operands: Callable[[Unit, Cursor], int]) -> Callable[[Callable[..., bytes]], Directive]:
    """Turn a function (frame, *operands) -> instruction into a directive; `operands` read its operands."""

    def made(function: Callable[..., bytes]) -> Directive:
        def directive(unit: Unit, cursor: Cursor):
            frames = unit.frames
            frame, values = frames.frame, []
            for number, read in enumerate(operands):
                if number:
                    cursor.expect(",", "before the next operand")
                values.append(read(unit, cursor))
            cursor.end()
            frames.step(function(frame, *values))

        directive.__doc__ = function.__doc__
        return directive

    return made


def _factored(offset: int) -> int:
    """Return an offset as a multiple of DATA_ALIGNMENT."""
    if offset % DATA_ALIGNMENT:
        raise SourceError(f"{offset} is not a multiple of {-DATA_ALIGNMENT}")
    return offset // DATA_ALIGNMENT


def _saved(register: int, offset: int) -> bytes:
    factored = _factored(offset)
    if factored < 0:
        return b"\x11" + uleb128(register) + sleb128(factored)
    if register < 0x40:
        return bytes([_OFFSET | register]) + uleb128(factored)
    return b"\x05" + uleb128(register) + uleb128(factored)


def _frame_offset(frame: _Frame, offset: int) -> bytes:
    frame.offset = offset
    return b"\x13" + sleb128(_factored(offset)) if offset < 0 else b"\x0e" + uleb128(offset)


@_step(_register, _number)
def _def_cfa(frame, register, offset):
    frame.offset = offset
    if offset < 0:
        return b"\x12" + uleb128(register) + sleb128(_factored(offset))
    return b"\x0c" + uleb128(register) + uleb128(offset)


@_step(_number)
def _def_cfa_offset(frame, offset):
    return _frame_offset(frame, offset)


@_step(_number)
def _adjust_cfa_offset(frame, change):
    return _frame_offset(frame, frame.offset + change)


@_step(_register)
def _def_cfa_register(frame, register):
    return b"\x0d" + uleb128(register)


@_step(_register, _number)
def _offset(frame, register, offset):
    return _saved(register, offset)


@_step(_register, _number)
def _rel_offset(frame, register, offset):
    return _saved(register, offset - frame.offset)


@_step(_register, _number)
def _val_offset(frame, register, offset):
    factored = _factored(offset)
    code = b"\x15" if factored < 0 else b"\x14"
    return code + uleb128(register) + (sleb128(factored) if factored < 0 else uleb128(factored))


@_step(_register, _register)
def _in_register(frame, register, other):
    return b"\x09" + uleb128(register) + uleb128(other)


@_step()
def _remember(frame):
    frame.remembered.append(frame.offset)
    return _REMEMBER


@_step()
def _restore_state(frame):
    if not frame.remembered:
        raise SourceError(".cfi_restore_state without .cfi_remember_state")
    frame.offset = frame.remembered.pop()
    return _RESTORE_STATE


def _each_register(code: int, short: int | None = None) -> Directive:
    """Return .cfi_restore or the like, which take several registers; `short`: the code with a register in it."""

    def directive(unit: Unit, cursor: Cursor):
        for _ in listed(cursor):
            register = _register(unit, cursor)
            if short is not None and register < 0x40:
                unit.frames.step(bytes([short | register]))
            else:
                unit.frames.step(bytes([code]) + uleb128(register))

    return directive


def _escape(unit: Unit, cursor: Cursor):
    """Add instructions to the unwinder that are given as bytes: .cfi_escape."""
    code = bytearray()
    for column in listed(cursor):
        value = unit.absolute(cursor, "byte")
        if not -0x80 <= value <= 0xFF:
            raise SourceError(f"{value} does not fit in 1 byte", column)
        code.append(value & 0xFF)
    unit.frames.step(bytes(code), plain=False)


def _start(unit: Unit, cursor: Cursor):
    """Begin a function: .cfi_startproc; or .cfi_startproc simple, without the rules that hold at every entry."""
    simple = cursor.accept("simple")
    cursor.end()
    frames = unit.frames
    if frames.open:
        raise SourceError(".cfi_startproc again, without .cfi_endproc")
    frames.open = _Frame(unit.place_here(), unit.position)
    if not simple:
        frames.open.offset = FRAME_BIAS
        frames.step(b"\x0c" + uleb128(STACK_POINTER) + uleb128(FRAME_BIAS))


def _end(unit: Unit, cursor: Cursor):
    cursor.end()
    frame = unit.frames.frame
    frame.end = unit.place_here()
    unit.frames.frames.append(frame)
    unit.frames.open = None


def _sections(unit: Unit, cursor: Cursor):
    names = []
    for column in listed(cursor):
        name = cursor.word("section")
        if name not in (EXCEPTIONS, DEBUGGING):
            raise SourceError(f'"{name}" is neither {EXCEPTIONS} nor {DEBUGGING}', column)
        names.append(name)
    unit.frames.sections = tuple(names)


def _signal_frame(unit: Unit, cursor: Cursor):
    cursor.end()
    unit.frames.frame.signal = True


def _return_column(unit: Unit, cursor: Cursor):
    unit.frames.frame.return_column = _register(unit, cursor)
    cursor.end()


def _handler(name: str) -> Directive:
    """Return .cfi_personality or .cfi_lsda: an encoding and an address."""

    def directive(unit: Unit, cursor: Cursor):
        column = cursor.at
        encoding = unit.absolute(cursor, "encoding")
        node: Node = 0
        if encoding != ABSENT:
            if not 0 <= encoding <= 0xFF or encoding & 7 not in _WIDTHS or encoding & 0x70 not in (0, RELATIVE):
                raise SourceError(f"{encoding:#x} is no encoding of an address here", column)
            cursor.expect(",", "after the encoding")
            node = cursor.expression()
        cursor.end()
        setattr(unit.frames.frame, name, _Handler(encoding, node))

    return directive


DIRECTIVES: dict[str, Directive] = {
    ".cfi_startproc": _start, ".cfi_endproc": _end, ".cfi_sections": _sections, ".cfi_signal_frame": _signal_frame,
    ".cfi_def_cfa": _def_cfa, ".cfi_def_cfa_offset": _def_cfa_offset, ".cfi_def_cfa_register": _def_cfa_register,
    ".cfi_adjust_cfa_offset": _adjust_cfa_offset, ".cfi_offset": _offset, ".cfi_rel_offset": _rel_offset,
    ".cfi_val_offset": _val_offset, ".cfi_register": _in_register, ".cfi_restore": _each_register(0x06, _RESTORE),
    ".cfi_undefined": _each_register(0x07), ".cfi_same_value": _each_register(0x08),
    ".cfi_remember_state": _remember, ".cfi_restore_state": _restore_state, ".cfi_escape": _escape,
    ".cfi_personality": _handler("personality"), ".cfi_lsda": _handler("lsda"),
    ".cfi_return_column": _return_column,
}  # fmt: skip
