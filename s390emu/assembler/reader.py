"""Source files -> statements: comments, included files, conditions, macros and repetitions."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from s390emu.assembler.errors import Position, SourceError
from s390emu.assembler.expressions import NAME, Cursor, unescape
from s390emu.input_files import FileError, as_text

if TYPE_CHECKING:
    from s390emu.assembler.unit import Unit

DEEPEST = 100  # macros in macros, files in files
MOST_STATEMENTS = 2_000_000  # of a file: they take a gigabyte when they are assembled
LONGEST = 1_000_000  # lines that expansion adds to a source
LONGEST_LINE = 1 << 20  # characters of a line of a macro with its arguments
MOST_CHARACTERS = 1 << 26  # of all those lines together
_UNSEEN = re.compile(r"""("(?:\\.|[^"\\\n])*"?|'(?:\\.|[^\\\n]))|/\*.*?(?:\*/|\Z)|#[^\n]*""", re.DOTALL)
# The `"` at the end of a string is optional: otherwise each `"` in an unfinished one would be tried as a beginning.
_STATEMENT = re.compile(r"""(?:"(?:\\.|[^"\\])*"?|'(?:\\.|[^\\])|[^;])+""")
_DIRECTIVE = re.compile(r"\s*(?:[\w.$]+:\s*)*(\.\w+)")
_NAME = re.compile(NAME)
_PARAMETER = re.compile(r"\\(@|\(\)|[A-Za-z_$][\w$]*)")
_ARGUMENT = re.compile(r"""(?:"(?:\\.|[^"\\])*"?|'(?:\\.|[^\\])'?|\([^(),]*\)|[^\s,"']|["'])+""")
_LOCAL = re.compile(r"\s*local\s+(.*)", re.IGNORECASE)  # of .altmacro
_USELESS_BLANK = re.compile(r"""("(?:\\.|[^"\\])*"?|'(?:\\.|[^\\]))|(?<![\w.$"'])[ \t]+|[ \t]+(?![\w.$"'])""")


class Line(NamedTuple):
    """One statement: its text with comments blanked out (columns are those of the source), and where it stands."""

    text: str
    position: Position


class Macro(NamedTuple):
    """What .macro defines."""

    name: str
    parameters: list[tuple[str, str | None, str]]  # name, default, "" or "req" or "vararg"
    body: list[Line]


class _Frame:
    """Lines being read, and how many conditions their reader was in when they began."""

    def __init__(self, lines: list[Line], conditions: int, macro: bool):
        self.lines, self.conditions, self.macro = lines, conditions, macro
        self.at = 0


class _Condition(NamedTuple):
    """An .if that has no .endif yet."""

    taken: bool  # this branch is assembled
    done: bool  # some branch was, or none is to be
    position: Position
    otherwise: bool = False  # .else was seen


def statements(text: str, filename: str, parent: Position | None = None) -> list[Line]:
    """Return the statements of a source text."""
    if text.count("\n") + text.count(";") > MOST_STATEMENTS:
        raise SourceError(f"more than {MOST_STATEMENTS} statements in one file")
    lines = []
    via = "included" if parent else ""
    for number, raw, seen in _seen_lines(text):
        position = Position(filename, number, raw, parent, via)
        if ";" not in seen:
            lines.append(Line(seen, position))
        else:
            lines += [Line(" " * part.start() + part[0].rstrip(), position) for part in _STATEMENT.finditer(seen)]
    return lines


@lru_cache(maxsize=8)  # what many files include
def _seen_lines(text: str) -> list[tuple[int, str, str]]:
    """Return the lines of a text that have a statement: number, line, and the line with comments blank."""
    seen_text = _UNSEEN.sub(lambda found: found[1] or re.sub(r"[^\n]", " ", found[0]), text)
    lines = zip(text.split("\n"), seen_text.split("\n"), strict=True)
    return [(number, raw, seen) for number, (raw, line) in enumerate(lines, 1) if (seen := line.rstrip())]


class Reader:
    """Yields the statements of one unit, after all expansion."""

    def __init__(self, unit: Unit):
        self.unit = unit
        self.frames: list[_Frame] = []
        self.conditions: list[_Condition] = []
        self.macros: dict[str, Macro] = {}
        self.expansions = 0
        self.lines = self.characters = 0
        self.alternate = False  # .altmacro

    def push(self, lines: list[Line], macro: bool = False):
        """Let these lines be read next."""
        if len(self.frames) >= DEEPEST:
            raise SourceError(f"more than {DEEPEST} macros or files within each other")
        if self.frames:
            self.lines += len(lines)
            if self.lines > LONGEST:
                raise SourceError(f"more than {LONGEST} lines after all expansion")
        self.frames.append(_Frame(lines, len(self.conditions), macro))

    def __iter__(self) -> Iterator[Line]:
        """Yield every statement that is to be assembled; `unit.position` is set for each."""
        while line := self.next_line():
            self.unit.position = line.position
            directive = _DIRECTIVE.match(line.text)
            if directive and directive[1].lower() in _CONDITIONALS:
                if directive.start(1) > len(line.text) - len(line.text.lstrip()) and self.taken:
                    yield Line(line.text[: directive.start(1)], line.position)  # its labels
                cursor = Cursor(self.unit, line.text, directive.end())
                self.unit.attempt(self._conditional, directive[1].lower(), cursor)
            elif self.taken:
                yield line
        for condition in self.conditions:
            self.unit.position = condition.position
            self.unit.complain(SourceError(".if without .endif"))

    @property
    def taken(self) -> bool:
        """True where lines are assembled."""
        return not self.conditions or self.conditions[-1].taken

    def next_line(self) -> Line | None:
        """Return the next line, or None at the end."""
        while self.frames:
            frame = self.frames[-1]
            if frame.at < len(frame.lines):
                frame.at += 1
                return frame.lines[frame.at - 1]
            self.frames.pop()
        return None

    def collect(self, opening: tuple[str, ...], closing: tuple[str, ...]) -> list[Line]:
        """Return the lines up to the directive that closes this one, which is skipped."""
        lines: list[Line] = []
        depth = 0
        while line := self.next_line():
            directive = _DIRECTIVE.match(line.text)
            word = directive[1].lower() if directive else ""
            if word in opening:
                depth += 1
            elif word in closing:
                if not depth:
                    return lines
                depth -= 1
            lines.append(line)
        raise SourceError(f"{closing[0]} is missing")

    # Conditions -----------------------------------------------------------------------------------------------------

    def _conditional(self, word: str, cursor: Cursor):
        """Do what .if, .else, .endif and their like say."""
        outer = self.taken
        if word == ".endif":
            self._need_condition(word)
            self.conditions.pop()
        elif word in (".else", ".elseif"):
            self._need_condition(word)
            last = self.conditions.pop()
            if last.otherwise:
                raise SourceError(f"{word} after .else")
            taken = not last.done
            if taken and word == ".elseif":
                taken = self._true(".if", cursor)
            self.conditions.append(_Condition(taken, last.done or taken, last.position, word == ".else"))
        else:
            self.conditions.append(_Condition(False, True, self.unit.position))
            if outer:
                taken = self._true(word, cursor)
                self.conditions[-1] = _Condition(taken, taken, self.unit.position)

    def _need_condition(self, word: str):
        if not self.conditions:
            raise SourceError(f"{word} without .if")

    def _true(self, word: str, cursor: Cursor) -> bool:
        """True if the condition here holds."""
        if word in (".ifdef", ".ifndef", ".ifnotdef"):
            known = cursor.word() in self.unit.symbols
            return known == (word == ".ifdef")
        if word in (".ifeqs", ".ifnes"):
            first = cursor.string()
            cursor.expect(",", "between the strings")
            return (first == cursor.string()) == (word == ".ifeqs")
        if word in (".ifb", ".ifnb"):
            return cursor.done == (word == ".ifb")
        if word in (".ifc", ".ifnc"):
            left, _, right = cursor.text[cursor.at :].partition(",")
            return (left.strip() == right.strip()) == (word == ".ifc")
        value = self.unit.absolute(cursor, "condition")
        cursor.end()
        return _SIGNS[word](value)

    # Files, macros, repetitions: the directives ----------------------------------------------------------------------

    def include(self, cursor: Cursor):
        """Let another file be read next: .include "file"."""
        name = os.fsdecode(unescape(os.fsdecode(cursor.string()))) if cursor.peek('"') else cursor.text[cursor.at :]
        path, content = self.unit.files.read(name, self.unit.position.filename)
        try:
            text = as_text(content, path, "replace")
        except FileError as error:
            raise SourceError(str(error)) from None
        self.push(statements(text, str(path), self.unit.position))

    def end(self, cursor: Cursor):
        """Read no further: .end."""
        self.frames.clear()

    def define_macro(self, cursor: Cursor):
        """Define a macro: .macro name parameter, parameter=default, parameter:req, parameter:vararg."""
        name = cursor.word("macro name")
        cursor.accept(",")
        parameters = []
        while not cursor.done:
            found = cursor.match(_NAME)
            if not found:
                raise cursor.error("parameter name expected")
            how, default = "", None
            if cursor.accept(":"):
                how = cursor.word()
                if how not in ("req", "vararg"):
                    raise cursor.error(f'"{how}" is neither req nor vararg')
            if cursor.accept("="):
                value = cursor.match(_ARGUMENT)
                default = _unquote(value[0]) if value else ""
            parameters.append((found[0], default, how))
            cursor.accept(",")
        self.macros[name.lower()] = Macro(name, parameters, self.collect((".macro",), (".endm", ".endmacro")))

    def purge_macro(self, cursor: Cursor):
        """Forget a macro: .purgem name."""
        if not self.macros.pop(cursor.word().lower(), None):
            raise cursor.error("no such macro")

    def exit_macro(self, cursor: Cursor):
        """Leave the macro: .exitm."""
        while self.frames:
            frame = self.frames.pop()
            if frame.macro:
                del self.conditions[frame.conditions :]
                return
        raise SourceError(".exitm outside of a macro")

    def stray(self, word: str):
        """Reject the end of what has no beginning."""
        raise SourceError(f"{word} without its beginning")

    def repeat(self, cursor: Cursor):
        """Read lines again and again: .rept count."""
        count = self.unit.absolute(cursor, "count")
        cursor.end()
        body = self.collect(_REPEATS, (".endr",))
        if count * len(body) > LONGEST:
            raise SourceError(f"{count} repetitions are too many")
        self.push(body * max(count, 0))

    def repeat_with(self, cursor: Cursor, characters: bool = False):
        """Read lines once for each value: .irp symbol, values; or for each character: .irpc symbol, characters."""
        name = cursor.word()
        cursor.accept(",")
        rest = cursor.text[cursor.at :].strip()
        values = list(_unquote(rest)) if characters else [value for _, value in self._arguments(_squeezed(rest))]
        values = values if characters else [_unquote(value) for value in values]
        body = self.collect(_REPEATS, (".endr",))
        if len(values) * len(body) > LONGEST:
            raise SourceError(f"{len(values)} repetitions are too many")
        self.push([line for value in values or [""] for line in self._expanded(body, {name: value}, "in .irp, used")])

    def expand(self, macro: Macro, cursor: Cursor):
        """Let the lines of a macro be read next, with the arguments at the cursor."""
        values = {name: default for name, default, _ in macro.parameters if default is not None}
        position = 0
        rest = _squeezed(cursor.text[cursor.at :])
        names = {name for name, _, _ in macro.parameters}
        for start, value in self._arguments(rest):
            keyword = re.match(r"([\w$.]+)=(?!=)", value)
            if keyword and keyword[1] in names:
                values[keyword[1]] = _unquote(value[keyword.end() :])
                continue
            if position >= len(macro.parameters):
                what = f"macro {macro.name} has only {len(macro.parameters)} parameters"
                raise SourceError(what + ' (an argument with a comma in it must be in quotes: "0(%r1,%r2)")', cursor.at)
            name, _, how = macro.parameters[position]
            if how == "vararg":
                values[name] = rest[start:]
                break
            if text := _unquote(value):
                values[name] = text
            position += 1
        for name, _, how in macro.parameters:
            if how == "req" and not values.get(name):
                raise SourceError(f'macro {macro.name} needs a value for "{name}"', cursor.at)
            values.setdefault(name, "")
        self.push(self._expanded(macro.body, values, f"in macro {macro.name}, used"), macro=True)
        self.expansions += 1

    def _expanded(self, body: list[Line], values: Mapping[str, str], via: str) -> list[Line]:
        """Return lines with the values of parameters put in; `via` says in messages where they come from."""
        call = self.unit.position
        values = {**values, "@": str(self.expansions), "()": ""}
        words = None
        lines = []
        for line in body:
            text = line.text
            if self.alternate:
                if local := _LOCAL.match(text):
                    for name in _NAME.findall(local[1]):
                        values[name] = f".LL{self.expansions}_{name}"
                    words = None
                    continue
                words = words or re.compile(
                    r"\\(@|\(\))|[\\&]?(?<![\w.$])(" + "|".join(map(re.escape, values)) + r")(?![\w.$])&?"
                )
                text = words.sub(lambda found: values[found[1] or found[2]], text)
            elif "\\" in text:
                text = _PARAMETER.sub(lambda found: values.get(found[1], found[0]), text)
            self.characters += len(text)
            if len(text) > LONGEST_LINE or self.characters > MOST_CHARACTERS:
                raise SourceError("the arguments of macros make the source too long")
            lines.append(Line(text, Position(line.position.filename, line.position.line, text, call, via)))
        return lines

    def _arguments(self, text: str) -> list[tuple[int, str]]:
        """Return (start, text) of each argument.

        Commas separate them, even within parentheses, and so do the blanks that are left; quotes keep them together.
        """
        at = 0
        values: list[tuple[int, str]] = []
        while at < len(text):
            start = at
            if self.alternate and text[at] == "<":
                value, at = _bracketed(text, at)
            else:
                found = _ARGUMENT.match(text, at)
                value = found[0] if found else ""
                at = found.end() if found else at
                if self.alternate and value[:1] == "%":
                    cursor = Cursor(self.unit, value, 1)
                    value = str(self.unit.absolute(cursor, "argument"))
            values.append((start, value))
            at += text[at : at + 1] in (",", " ", "\t") or at == start
        return values


def _bracketed(text: str, at: int) -> tuple[str, int]:
    """Return the text in <> and where it ends; in it ! makes the next character an ordinary one."""
    start, depth, value = at, 0, ""
    while at < len(text):
        character = text[at]
        at += 1
        depth += (character == "<") - (character == ">")
        if character == ">" and not depth:
            return value, at
        if character == "!" and at < len(text):
            value += text[at]
            at += 1
        elif at - 1 > start:
            value += character
    raise SourceError('">" is missing', start)


def _unquote(text: str) -> str:
    """Return a text without the quotes around it."""
    text = text.strip()
    return text[1:-1].replace('\\"', '"') if len(text) >= 2 and text[0] == text[-1] == '"' else text


def _squeezed(text: str) -> str:
    """Return a text without the blanks that GNU as ignores: those that do not separate two words."""
    return _USELESS_BLANK.sub(lambda found: found[1] or "", text.strip())


_REPEATS = (".rept", ".irp", ".irpc")
_SIGNS: dict[str, Callable[[int], bool]] = {
    ".if": bool,
    ".ifne": bool,
    ".ifeq": lambda value: value == 0,
    ".ifgt": lambda value: value > 0,
    ".ifge": lambda value: value >= 0,
    ".iflt": lambda value: value < 0,
    ".ifle": lambda value: value <= 0,
}
_CONDITIONALS = {
    ".ifdef", ".ifndef", ".ifnotdef", ".ifb", ".ifnb", ".ifc", ".ifnc", ".ifeqs", ".ifnes",
    ".else", ".elseif", ".endif", *_SIGNS,
}  # fmt: skip

DIRECTIVES: dict[str, Callable[[Reader, Cursor], None]] = {
    ".include": Reader.include,
    ".macro": Reader.define_macro,
    ".purgem": Reader.purge_macro,
    ".exitm": Reader.exit_macro,
    ".altmacro": lambda reader, _: setattr(reader, "alternate", True),
    ".noaltmacro": lambda reader, _: setattr(reader, "alternate", False),
    ".end": Reader.end,
    ".rept": Reader.repeat,
    ".irp": Reader.repeat_with,
    ".irpc": lambda reader, cursor: reader.repeat_with(cursor, characters=True),
    ".endm": lambda reader, cursor: reader.stray(".endm"),
    ".endr": lambda reader, cursor: reader.stray(".endr"),
}
