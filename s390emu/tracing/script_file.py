"""The text of a Hercules test script (`*.tst`) -> `Script`: docs/tst.md.

Every error of a file is collected before anything is raised, each with file, line, column and a caret. What is not
known is an error too, and never left out: a script that passes has been followed to the letter.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from s390emu.architecture.sizes import BLOCK_SIZE, CPUS_MOST
from s390emu.assembler.errors import MOST_ERRORS, Complaint, Position, SourceError, suggest
from s390emu.input_files import FileError, lies_below, read_text
from s390emu.input_files import read as read_bytes
from s390emu.tracing.script import Script, Step
from s390emu.tracing.script_conditions import DEEPEST, holds
from s390emu.tracing.trace import TraceError

SUFFIX = ".tst"
TIMEOUT_SECONDS, MOST_SECONDS = 30.0, 3600.0  # of a runtest
SHOWN = 0x40  # bytes that `r ADDRESS` shows
MOST_SHOWN = 1 << 16
MOST_LOADED = 1 << 26  # bytes that all `loadcore` of a script can load
MOST_STORAGE = 1 << 31
Z_ARCHITECTURE = ("z/arch", "zarch", "z", "z/architecture", "esame", "esame/390")
OTHER_ARCHITECTURES = ("s/370", "s370", "370", "esa/390", "esa390", "esa", "390", "s/390", "s390")
STARTS = ("restart", "start", "external", "svc", "program", "machine", "io")
OF_THE_LOG = ("ostailor", "pgmtrace", "msglvl", "msglevel", "fpr", "fpc", "ar", "psw")  # only show or tell something
OF_MESSAGES = ("*Hmsg", "*Info", "*Error")
IN_A_CASE = ("*Compare", "*Want", "*Gpr", "*Cr", "*Key", "*Prefix", "*Program", "*Explain", "*Done")
UNITS = {"": 20, "B": 0, "K": 10, "M": 20, "G": 30}  # of mainsize: shifts

_WORD = re.compile(r"\S+")
_RANGE = re.compile(r"([0-9A-Fa-f]{1,16})(?:([.-])([0-9A-Fa-f]{1,16}))?$")
_SIZE = re.compile(r"([0-9]{1,12})([BKMG]?)$", re.IGNORECASE)
_WANT = re.compile(r'\s*(?:"([^"]*)"\s*)?')
_SYMBOL = re.compile(r"\$\((\w*)\)")


def parse(text: str, filename: str = "<string>") -> Script:
    """Read a script. Raises TraceError with every error in it."""
    return _Reader(text, filename).script()


def read(path: str | Path) -> Script:
    """Read a script file. Raises TraceError, FileError, OSError."""
    return parse(read_text(path, "replace"), str(path))


class _Reader:
    """One script being read, line by line: which conditions hold, which test case is open, what it has shown."""

    def __init__(self, text: str, filename: str):
        self.filename, self.lines = filename, text.splitlines()
        self.errors: list[Complaint] = []
        self.steps: list[Step] = []
        self.conditions: list[
            tuple[int, bool, bool]
        ] = []  # line of each open *If, whether it holds, whether *Else came
        self.case = 0  # line of the open *Testcase
        self.cases, self.left_out = 0, False  # how many there are, and whether an *If leaves out another one
        self.seen: set[str] = set()  # since the case began: gpr, cr, pr, show; *Compare; runtest
        self.loaded = 0  # bytes

    def script(self) -> Script:
        for number, text in enumerate(self.lines, 1):
            try:
                self._line(number, text)
            except SourceError as error:
                self._complain(error.message, number, error.column)
            if len(self.errors) >= MOST_ERRORS:
                break
        else:
            self._end()
        if self.errors:
            raise TraceError(self.errors)
        return Script(self.filename, tuple(self.steps), tuple(self.lines))

    def _complain(self, message: str, number: int, column: int | None = None) -> None:
        text = self.lines[number - 1] if number <= len(self.lines) else ""
        self.errors.append(Complaint(Position(self.filename, number, text), column, message))

    def _end(self) -> None:
        for line, _, _ in self.conditions:
            self._complain("this *If has no *Fi", line)
        if self.case:
            self._complain("this *Testcase has no *Done", self.case)
        if not self.cases and not self.left_out and not self.errors:
            self._complain("no *Testcase in this script: nothing would be tested; begin a test case with `*Testcase"
                           " NAME` and end it with `*Done`", 1)  # fmt: skip

    # Lines ----------------------------------------------------------------------------------------------------------

    def _line(self, number: int, text: str) -> None:
        line = _Line(text)
        if line.word in ("", "*"):
            return
        if not line.word.startswith("*"):
            self._command(number, line)
        elif line.word in ("*If", "*Else", "*Fi"):
            self._condition(number, line)
        elif all(holding for _, holding, _ in self.conditions):
            self._directive(number, line)
        elif line.word == "*Testcase":
            self.left_out = True

    def _condition(self, number: int, line: _Line) -> None:
        if line.word == "*If":
            if len(self.conditions) >= DEEPEST:
                raise SourceError(f"more than {DEEPEST} *If within each other", line.column)
            # In what is left out a condition is not looked at.
            outer = all(holding for _, holding, _ in self.conditions)
            self.conditions.append((number, False, False))
            if outer:
                self.conditions[-1] = (number, holds(line.rest, line.rest_column), False)
            return
        if not self.conditions:
            raise SourceError(f"{line.word} without *If", line.column)
        line.no_more()
        begun, holding, other = self.conditions.pop()
        if line.word == "*Else":
            if other:
                raise SourceError(f"the *If of line {begun} has an *Else already", line.column)
            self.conditions.append((begun, not holding, True))

    def _step(self, number: int, verb: str, *operands) -> None:
        self.steps.append(Step(number, verb, operands))

    # Commands ---------------------------------------------------------------------------------------------------------

    def _command(self, number: int, line: _Line) -> None:
        name = line.word.lower()
        if name in OF_THE_LOG:
            return
        if name not in self.COMMANDS:
            known = sorted({*self.COMMANDS, *OF_THE_LOG})
            hint = f"{suggest(name, known)}; known are {' '.join(known)} (docs/tst.md)"
            raise SourceError(f'command "{line.word[:40]}" is not known{hint}', line.column)
        self.COMMANDS[name](self, number, line)

    def _sysclear(self, number: int, line: _Line) -> None:
        line.no_more()
        self._step(number, "sysclear")

    def _archlvl(self, number: int, line: _Line) -> None:
        name = line.next("the name of an architecture")
        line.no_more()
        if name.lower() not in (*Z_ARCHITECTURE, *OTHER_ARCHITECTURES):
            raise SourceError(f'"{name[:40]}" is no architecture that is known: z/Arch, ESA/390, S/370', line.at)
        self._step(number, "archlvl", name, name.lower() in Z_ARCHITECTURE)

    def _numcpu(self, number: int, line: _Line) -> None:
        count = line.decimal("how many CPUs", CPUS_MOST)
        if not count:
            raise SourceError("at least one CPU", line.at)
        line.no_more()
        self._step(number, "numcpu", count)

    def _mainsize(self, number: int, line: _Line) -> None:
        size = _SIZE.match(line.next("a size: 16M, 4096K"))
        line.no_more()
        value = int(size[1]) << UNITS[size[2].upper()] if size else 0
        if value % BLOCK_SIZE or not 2 * BLOCK_SIZE <= value <= MOST_STORAGE:
            raise SourceError("storage is a multiple of 4K, at least 8K and at most 2G: 16M, 4096K", line.at)
        self._step(number, "mainsize", value)

    def _cpu(self, number: int, line: _Line) -> None:
        cpu = line.hexadecimal("the address of a CPU", CPUS_MOST - 1)
        self._step(number, "cpu", cpu, bool(line.rest.strip()))
        if line.rest.strip():
            behind = _Line(line.text, line.rest_column)
            if behind.word.lower() == "cpu":
                raise SourceError("cpu once on a line is enough", behind.column)
            self._command(number, behind)

    def _storage(self, number: int, line: _Line) -> None:
        """Read r, v or abs: ADDRESS=DATA, ADDRESS.LENGTH, ADDRESS-LAST, ADDRESS."""
        word = line.next("ADDRESS.LENGTH or ADDRESS=DATA")
        where, equals, data = word.partition("=")
        line.no_more("the data is one word, without blanks" if equals else "")
        found = _RANGE.match(where)
        if not found or (equals and found[2]):
            raise SourceError("an address of 1 to 16 hexadecimal digits expected, then .LENGTH, -LAST or =DATA in"
                              " hexadecimal", line.at)  # fmt: skip
        address = int(found[1], 16)
        if equals:
            self._step(number, "store", line.word.lower(), address, digits(data, line.at + len(where) + 1))
            return
        last = int(found[3], 16) if found[3] else 0
        length = {".": last, "-": last - address + 1, None: SHOWN}[found[2]]
        if not 1 <= length <= MOST_SHOWN:
            raise SourceError(f"{max(length, 0):#x} bytes: 1 to {MOST_SHOWN:#x} can be shown", line.at)
        self.seen.add("show")
        self._step(number, "show", line.word.lower(), address, length)

    def _loadcore(self, number: int, line: _Line) -> None:
        name = line.next("the name of a file")
        column = line.at
        address = line.hexadecimal("an address", (1 << 64) - 1) if line.rest.strip() else 0
        line.no_more()
        self._step(number, "loadcore", address, self._file(name, column))

    def _file(self, name: str, column: int) -> bytes:
        """Return the content of a file in or below the script's folder."""

        def value(found: re.Match) -> str:
            if found[1].lower() != "testpath":
                raise SourceError(
                    f"the symbol {found[0]} has no value here; only $(testpath), the script's folder", column
                )
            return "."

        folder = Path(self.filename).parent
        path = folder / _SYMBOL.sub(value, name)
        try:
            if not lies_below(path, [folder]):
                raise SourceError("a script reads only files in or below its own folder", column)
            data = read_bytes(path)
        except FileError as error:
            raise SourceError(str(error), column) from None
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else "no name of a file"
            raise SourceError(f"{path}: {why}", column) from None
        self.loaded += len(data)
        if self.loaded > MOST_LOADED:
            raise SourceError(f"more than {MOST_LOADED >> 20} MB in all files that this script loads", column)
        return data

    def _register(self, number: int, line: _Line) -> None:
        """Read gpr or cr, alone (which shows all) or with NUMBER=VALUE."""
        name = line.word.lower()
        if not line.rest.strip():
            self.seen.add(name)
            self._step(number, name)
            return
        which, equals, value = line.next("NUMBER=VALUE").partition("=")
        line.no_more()
        if not equals:
            raise SourceError("NUMBER=VALUE expected, or nothing", line.at)
        self._step(number, name, register(which, line.at), quantity(value, line.at + len(which) + 1, 16))

    def _prefix(self, number: int, line: _Line) -> None:
        line.no_more()
        self.seen.add("pr")
        self._step(number, "pr")

    def _runtest(self, number: int, line: _Line) -> None:
        self.seen.add("runtest")
        how, seconds, column = "restart", TIMEOUT_SECONDS, line.rest_column
        words = [line.next("") for _ in line.rest.split()]
        if words and words[0].lower() in STARTS:
            how = words.pop(0).lower()
        if words:
            try:
                seconds = float(words.pop(0))
            except ValueError:
                seconds = 0.0
            if not 0 < seconds <= MOST_SECONDS:
                raise SourceError(f"{' '.join(STARTS)} or a time of at most {MOST_SECONDS:g} seconds expected", column)
        if words:
            raise SourceError("nothing more is expected: runtest [HOW] [SECONDS] [# COMMENT]", column)
        self._step(number, "runtest", how, seconds)

    COMMANDS: ClassVar[dict[str, Callable[[_Reader, int, _Line], None]]] = {
        "sysclear": _sysclear, "archlvl": _archlvl, "archmode": _archlvl, "numcpu": _numcpu, "mainsize": _mainsize,
        "cpu": _cpu, "r": _storage, "v": _storage, "abs": _storage, "loadcore": _loadcore, "gpr": _register,
        "cr": _register, "pr": _prefix, "runtest": _runtest,
    }  # fmt: skip

    # Directives -------------------------------------------------------------------------------------------------------

    def _directive(self, number: int, line: _Line) -> None:
        name = line.word
        known = ("*Testcase", "*Message", "*If", "*Else", "*Fi", *IN_A_CASE, *OF_MESSAGES)
        if name not in known:
            near = next((f'; did you mean "{word}"? Capital letters count' for word in known
                         if word.lower() == name.lower()), suggest(name, known))  # fmt: skip
            raise SourceError(f'directive "{name[:40]}" is not known{near}; a comment has a blank behind its asterisk',
                              line.column)  # fmt: skip
        if name in OF_MESSAGES:
            raise SourceError(f"{name} compares messages of Hercules, which this emulator does not write; compare"
                              " storage (*Want) or registers (*Gpr, *Cr) instead", line.column)  # fmt: skip
        if name in IN_A_CASE and not self.case:
            raise SourceError(f"{name} outside of every test case; `*Testcase NAME` begins one", line.column)
        if name == "*Testcase":
            if self.case:
                raise SourceError(f"the test case of line {self.case} has no *Done yet", line.column)
            self.case, self.cases, self.seen = number, self.cases + 1, set()
            self._step(number, name, line.all_of_it.strip() or f"line {number}")
        elif name == "*Done":
            self.case = 0
            nowait = line.next("") if line.rest.strip() else ""
            if nowait not in ("", "nowait"):
                raise SourceError('"nowait" or nothing expected', line.at)
            line.no_more()
            if not nowait and "runtest" not in self.seen:
                raise SourceError("no runtest in this test case: nothing has been executed; `*Done nowait` says that"
                                  " nothing is meant to be", line.column)  # fmt: skip
            self._step(number, name, bool(nowait))
        elif name == "*Compare":
            line.no_more()
            self.seen.add(name)
            self.seen.discard("show")
        elif name in ("*Explain", "*Message"):
            self._step(number, name, line.all_of_it.strip())
        else:
            self._expectation(number, line)

    def _expectation(self, number: int, line: _Line) -> None:
        name = line.word
        if name == "*Want":
            if "*Compare" not in self.seen:
                raise SourceError(
                    "*Want without *Compare, which stands before the r, v or abs that shows it", line.column
                )
            self._shown(line, "show", "r, v or abs")
            found = _WANT.match(line.rest)
            assert found, "it matches nothing too"
            self._step(number, name, found[1] or "",
                       digits("".join(line.rest[found.end() :].split()), line.rest_column + found.end()))  # fmt: skip
        elif name in ("*Gpr", "*Cr"):
            self._shown(line, name[1:].lower(), name[1:].lower())
            which = register(line.next("the number of a register"), line.at)
            self._step(number, name, which, quantity("".join(line.rest.split()), line.rest_column, 16))
        elif name == "*Key":
            self._shown(line, "show", "r, v or abs")
            self._step(number, name, line.hexadecimal("a storage key", 0xFF))
            line.no_more()
        elif name == "*Prefix":
            self._shown(line, "pr", "pr")
            self._step(number, name, line.hexadecimal("a prefix", (1 << 32) - 1))
            line.no_more()
        else:  # *Program
            self._step(
                number, name, line.hexadecimal("a program-interruption code", 0xFFFF) if line.rest.strip() else None
            )
            line.no_more()

    def _shown(self, line: _Line, what: str, command: str) -> None:
        if what not in self.seen:
            raise SourceError(f"{line.word} compares what {command} has shown, and there is none before it in this test"
                              " case" + (" behind *Compare" if line.word == "*Want" else ""), line.column)  # fmt: skip


class _Line:
    """One line, or what of it begins at a column: its first word, then one after the other."""

    def __init__(self, text: str, start: int = 0):
        self.text, self.end = text, _without_comment(text)
        self.words = [(found[0], found.start()) for found in _WORD.finditer(text, start, self.end)]
        self.word, self.column = self.words[0] if self.words else ("", start)
        self.rest_column = self.column + len(self.word)
        self.at = self.column  # of the word that was read last
        self._next = 1

    @property
    def rest(self) -> str:
        """What has not been read yet, without a comment."""
        return self.text[self.rest_column : self.end]

    @property
    def all_of_it(self) -> str:
        """What stands behind the first word, `#` included."""
        return self.text[self.column + len(self.word) :]

    def next(self, what: str) -> str:
        """Return the next word. Raises SourceError."""
        if self._next >= len(self.words):
            raise SourceError(f"{what} expected", min(self.rest_column + 1, len(self.text)))
        word, self.at = self.words[self._next]
        self._next += 1
        self.rest_column = self.at + len(word)
        return word

    def no_more(self, why: str = "") -> None:
        if self._next < len(self.words):
            word, column = self.words[self._next]
            raise SourceError(f'"{word[:40]}" is not expected here' + (f": {why}" if why else ""), column)

    def decimal(self, what: str, most: int) -> int:
        word = self.next(what)
        if not re.fullmatch(r"[0-9]{1,4}", word) or int(word) > most:
            raise SourceError(f"{what} expected, at most {most}", self.at)
        return int(word)

    def hexadecimal(self, what: str, most: int) -> int:
        word = self.next(what)
        if not re.fullmatch(r"[0-9A-Fa-f]{1,16}", word) or int(word, 16) > most:
            raise SourceError(f"{what} in hexadecimal expected, at most {most:X}", self.at)
        return int(word, 16)


def _without_comment(text: str) -> int:
    """Return where a comment begins that a `#` behind a blank opens, or the length of the line."""
    quoted = False
    for column, character in enumerate(text):
        if character == '"':
            quoted = not quoted
        elif character == "#" and not quoted and (column == 0 or text[column - 1].isspace()):
            return column
    return len(text)


def digits(text: str, column: int) -> bytes:
    """Return the bytes that hexadecimal digits stand for. Raises SourceError."""
    if not text or len(text) % 2 or not re.fullmatch(r"[0-9A-Fa-f]+", text):
        raise SourceError("hexadecimal digits expected, an even number of them", column)
    return bytes.fromhex(text)


def quantity(text: str, column: int, most_digits: int) -> int:
    """Return the number that hexadecimal digits stand for. Raises SourceError."""
    if not text or len(text) > most_digits or not re.fullmatch(r"[0-9A-Fa-f]+", text):
        raise SourceError(f"1 to {most_digits} hexadecimal digits expected", column)
    return int(text, 16)


def register(text: str, column: int) -> int:
    """Return a register's number, which is decimal and has no leading zero. Raises SourceError."""
    if not re.fullmatch(r"[0-9]|1[0-5]", text):
        raise SourceError("the number of a register expected: 0 to 15, decimal, without a leading zero", column)
    return int(text)
