"""The text of a `*.trace` file -> `Trace`: spec formats.md section 1, docs/traces.md.

Every error of a file is collected before anything is raised, each with file, line, column and a caret. The assembler
reads `.text` in place, so that its complaints name the lines of the trace; its symbols may be used in every section.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from s390emu.isa.assemble import AssemblyError, Program, assemble
from s390emu.isa.assembler import directives, reader
from s390emu.isa.assembler.errors import Complaint, Position, SourceError, suggest
from s390emu.isa.assembler.expressions import Cursor, evaluate
from s390emu.storage.page_states import PRESERVED, RESIDENT, STABLE, STATES, ZERO

SECTIONS = (".trace", ".about", ".model", ".ram", ".init", ".text", ".host", ".expect", ".open")
DEFAULT_RAM = 1 << 20
DEFAULT_TEXT = 0x10000
BLOCK = 0x1000
ALL = (1 << 64) - 1

USAGES = {"stable": STABLE, "unused": 1, "potentially-volatile": 2, "volatile": 3}
CONTENTS = {"resident": RESIDENT, "preserved": PRESERVED, "zero": ZERO}
REGISTERS = frozenset(
    [f"{kind}{n}" for kind in ("r", "cr", "ar", "f") for n in range(16)] + ["fpc", "prefix", "cc"]
)  # fmt: skip
OPEN = REGISTERS | {"gr", "cr", "ar", "fpr", "mem", "key", "page", "psw", "lowcore", "console"}
CLASSES = {"pgm": "program", "svc": "supervisor call", "mck": "machine check", "ext": "external", "io": "I/O",
           "restart": "restart"}  # fmt: skip
DETAILS = {"pgm": ("at", "ilc", "address", "teid", "dxc", "old"), "svc": ("at", "ilc", "old"),
           "ext": ("parameter", "old"), "mck": ("code", "address", "old"), "io": ("parameter", "word", "old"),
           "restart": ("old",)}  # fmt: skip
STOPS = ("disabled-wait", "enabled-wait", "stopped", "check-stop", "check-stop-lowcore", "interruption-loop", "limit",
         "no-frame", "console-flood")  # fmt: skip
SETTINGS = ("frames", "seed", "tod", "clock-comparator", "cpu-timer", "limit")
POLICIES = {"unused_access": ("discarded", "always", "zerofill"), "discard_keys": ("zero", "random")}
VERBS = {  # host verb -> names of its operands; those in brackets may be left out
    "discard": ("block",), "reclaim": ("block",), "pagein": ("block",), "swap-error": ("block",),
    "pressure": ("frames",), "diag10": ("first", "[last]"), "normal-reset": (),
    "external-call": ("cpu",), "emergency-signal": ("cpu",), "interrupt-key": (), "service-signal": ("parameter",),
    "io": ("id", "parameter", "word"), "restart": (),
}  # fmt: skip
VALUES = {"quad": 8, "long": 4, "short": 2, "byte": 1}

_HEADER = re.compile(r"(\.[\w.-]+)[ \t]*")
_COMMENT = re.compile(r"""("(?:\\.|[^"\\])*")|(^|\s)#.*$""")
_NAME = re.compile(r"[A-Za-z_][\w-]*")
_KEY = re.compile(r"(0[xX][0-9a-fA-F]|\d{1,2})(?::([FRC]+))?(?!\w)")
_HEX = re.compile(r"(?:[0-9a-fA-F]{2}\s*)+$")
_SIZE = re.compile(r"(\w+?)([KMG]?)$")
_KEY_BITS = {"F": 0x08, "R": 0x04, "C": 0x02}


class TraceError(Exception):
    """A trace that cannot be read; `errors` has every complaint."""

    def __init__(self, errors: list[Complaint]):
        super().__init__("\n".join(map(str, errors)))
        self.errors = errors


class Page(NamedTuple):
    """A block's state. key: None where it is not said."""

    usage: int
    content: int
    no_dat: bool = False
    key: int | None = None

    @property
    def state(self) -> int:
        return self.usage << 2 | self.content


class Statement(NamedTuple):
    """One line of `.init` or `.expect`: what it is about and what it says.

    subject   r1, cc, psw, mem, page, key, pgm ... stop, console, host, policy, paging, tlb or a setting
    address   of mem, page, key
    value     int, bytes, Page; for psw and interruptions a dict; of policy and host a dict; of paging slots or None
    """

    line: int
    subject: str
    address: int | None
    value: object

    @property
    def name(self) -> str:
        return self.subject if self.address is None else f"{self.subject} {self.address:#x}"


class Event(NamedTuple):
    """One line of `.host`. condition: pc, icount or pgm, with `number`; `every`: not only the first time."""

    line: int
    text: str
    condition: str
    number: int
    every: bool
    verb: str
    operands: tuple[int, ...]


class Model(NamedTuple):
    """What the run needs. facilities: bits that the machine must have."""

    cmma: bool = False
    no_dat: bool = False
    facilities: tuple[int, ...] = ()


class Trace(NamedTuple):
    """One trace, read and assembled."""

    filename: str
    name: str
    about: str
    model: Model
    ram: int
    init: tuple[Statement, ...]
    program: Program
    image: tuple[tuple[int, bytes], ...]
    host: tuple[Event, ...]
    expect: tuple[Statement, ...]
    open: frozenset[str]
    lines: tuple[str, ...]


class Line(Cursor):
    """A cursor over one line outside `.text`."""

    __slots__ = ("number", "position", "symbols", "tolerant")

    def __init__(self, filename: str, number: int, text: str, symbols: dict[str, int] | None):
        self.number, self.position = number, Position(filename, number, text)
        self.symbols, self.tolerant = symbols or {}, symbols is None
        super().__init__(self, _COMMENT.sub(lambda match: match[1] or "", text).rstrip(), 0)

    def here(self):
        raise SourceError('"." has a meaning only in .text', self.at)

    def local_label(self, number: int, direction: str, column: int):
        raise SourceError(f'"{number}{direction}" has a meaning only in .text; use a label', column)

    def word(self, what: str = "word") -> str:
        found = self.match(_NAME)
        if not found:
            raise self.error(f"{what} expected" + ("" if self.done else f', not "{self.rest}"'))
        return found[0]

    def one_of(self, known, what: str) -> str:
        """The next word, which must be one of these."""
        column = self.at
        word = self.word(what)
        if word not in known:
            raise SourceError(
                f'unknown {what} "{word}"' + (suggest(word, known) or f": one of {', '.join(known)}"), column
            )
        return word

    @property
    def rest(self) -> str:
        return self.text[self.at :].strip()

    def number_here(self) -> int:
        """The value of the expression here."""
        return evaluate(self.expression(), self._lookup, final=True)

    def unsigned(self) -> int:
        return self.number_here() & ALL

    def _lookup(self, symbol):
        if symbol.name in self.symbols or self.tolerant:
            return self.symbols.get(symbol.name, 0)
        raise SourceError(f'undefined symbol "{symbol.name}"' + suggest(symbol.name, self.symbols), symbol.column)

    def equals(self) -> None:
        self.expect("=", "here")

    def key(self) -> int:
        """A storage key: access-control bits, then F, R and C where they are one: 3:RC."""
        column = self.at
        found = self.match(_KEY)
        if not found or int(found[1], 0) > 15:
            raise SourceError("a storage key is its access-control bits 0-15 and :F, :R, :C for the bits that are one: "
                              "3:RC", column)  # fmt: skip
        return int(found[1], 0) << 4 | sum(_KEY_BITS[letter] for letter in set(found[2] or ""))

    def options(self, allowed) -> dict[str, int]:
        """`name=value` or `at value`, to the end of the line."""
        found: dict[str, int] = {}
        while not self.done:
            column = self.at
            name = self.one_of(allowed, "detail")
            if name in found:
                raise SourceError(f'"{name}" is said twice', column)
            if name != "at":
                self.equals()
            found[name] = self.unsigned()
        return found


def parse(text: str, filename: str = "<string>") -> Trace:
    """Read a trace. Raises TraceError with every error in it."""
    return _Reader(text, filename).trace()


def read(path: str | Path) -> Trace:
    """Read a trace file. Raises TraceError, OSError."""
    return parse(Path(path).read_text("utf-8", "replace"), str(path))


class _Reader:
    """One trace being read: first cut into sections, then `.text` assembled, then the others with its symbols."""

    def __init__(self, text: str, filename: str):
        self.filename, self.lines = filename, text.splitlines()
        self.errors: list[Complaint] = []
        self.bodies: dict[str, list[int]] = {}  # section -> numbers of its lines, the header's first
        self.texts: list[tuple[int, int]] = []  # (line, address) of every .text header
        self._cut()

    def complain(self, error: SourceError, number: int) -> None:
        position = Position(self.filename, number, self.lines[number - 1] if number <= len(self.lines) else "")
        self.errors.append(Complaint(position, error.column, error.message))

    # Sections ---------------------------------------------------------------------------------------------------------

    def _cut(self) -> None:
        section = ""
        for number, line in enumerate(self.lines, 1):
            found = _HEADER.match(line)
            name = found[1] if found else ""
            if name and name not in SECTIONS and not (section == ".text" and _is_directive(name)):
                near = suggest(name, SECTIONS)
                if near or section != ".text":
                    hint = near or f": one of {' '.join(SECTIONS)}"
                    self.complain(SourceError(f'unknown section "{name}"{hint}', 0), number)
                    section = ""
                    continue
                name = ""
            if name in SECTIONS:
                if name in self.bodies and name not in (".text", ".about"):
                    self.complain(SourceError(f"{name} is already given at line {self.bodies[name][0]}", 0), number)
                section = name
            elif not section and line.strip() and not line.lstrip().startswith("#"):
                known = (
                    "every line belongs to a section, whose name begins in the first column: .trace NAME comes first"
                )
                self.complain(SourceError(known, len(line) - len(line.lstrip())), number)
                continue
            if section:
                self.bodies.setdefault(section, []).append(number)

    def body(self, section: str, symbols=None, header=False):
        """The lines of a section as `Line`s; `header`: what stands beside its name too."""
        for number in self.bodies.get(section, ()):
            line = Line(self.filename, number, self.lines[number - 1], symbols)
            found = _HEADER.match(line.text)
            if found and found[1] == section:
                line.at = found.end()
                if not header and not line.done:
                    self.complain(SourceError(f"{section} stands alone on its line", line.at), number)
                    continue
            if not line.done:
                yield line

    def each(self, section: str, action: Callable[[Line], object], symbols=None, header=False) -> tuple:
        """action(line) for every line of a section; what it complains about is collected."""
        results = []
        for line in self.body(section, symbols, header):
            try:
                results.append(action(line))
                line.end()
            except SourceError as error:
                self.complain(error, line.number)
            except RecursionError:
                self.complain(SourceError("this expression is too deep"), line.number)
        return tuple(results)

    def only(self, section: str, action, default):
        values = self.each(section, action, header=True)
        return values[0] if values else default

    def trace(self) -> Trace:
        program, image = self._assemble()
        symbols = program.symbols if program else None
        about = " ".join(_COMMENT.sub("", line.text[line.at :]).strip() for line in self.body(".about", header=True))
        name = self.only(".trace", _trace_name, Path(self.filename).stem)
        model = self._model()
        ram = self.only(".ram", _ram, DEFAULT_RAM)
        trace = Trace(
            self.filename, name, about, model, ram,
            self.each(".init", lambda line: _init(line, ram), symbols), program, image,
            self.each(".host", lambda line: _event(line, ram), symbols),
            self.each(".expect", lambda line: _expectation(line, ram), symbols),
            frozenset(word for words in self.each(".open", _open, symbols, header=True) for word in words),
            tuple(self.lines),
        )  # fmt: skip
        if ".expect" not in self.bodies:
            message = "a trace needs a section .expect; write it empty and let `s390emu test --bless` fill it"
            self.complain(SourceError(message), max(1, len(self.lines)))
        for address, data in image:
            if address + len(data) > ram:
                self.complain(SourceError(f".text reaches {address + len(data):#x}: .ram has {ram:#x} bytes"),
                              self.texts[0][0])  # fmt: skip
        self._check_twice(trace)
        if self.errors:
            raise TraceError(sorted(self.errors, key=lambda error: (error.position.line, error.column or 0)))
        return trace

    def _model(self) -> Model:
        model = Model()
        for words in self.each(".model", _model_words, header=True):
            for name, bit in words:
                if name == "cmma":
                    model = model._replace(cmma=True)
                elif name == "no-dat":
                    model = model._replace(cmma=True, no_dat=True)
                elif name == "facility":
                    model = model._replace(facilities=(*model.facilities, bit))
        return model

    def _check_twice(self, trace: Trace) -> None:
        for statements in (trace.init, trace.expect):
            seen: dict[str, int] = {}
            for statement in statements:
                if statement.subject in CLASSES or statement.subject in ("policy", "host"):
                    continue
                if statement.name in seen:
                    message = f"{statement.name} is already said at line {seen[statement.name]}"
                    self.complain(SourceError(message), statement.line)
                seen[statement.name] = statement.line

    # .text ------------------------------------------------------------------------------------------------------------

    def _assemble(self) -> tuple[Program | None, tuple[tuple[int, bytes], ...]]:
        """All `.text` sections as one source in which every line keeps its number."""
        source = [""] * (len(self.lines) + 2)
        origin, last = 0, None
        for number in self.bodies.get(".text", ()):
            line = self.lines[number - 1]
            if not line.startswith(".text"):
                source[number - 1] = line
                continue
            address = self._text_address(number, line)
            if last is None:
                origin = address // BLOCK * BLOCK
            elif address <= last:
                message = f".text {address:#x} follows .text {last:#x}: write them in the order of their addresses"
                self.complain(SourceError(message, 0), number)
                continue
            end = f"{_end(len(self.texts) - 1)}: " if self.texts else ""
            source[number - 1] = f".text; {end}.org {address - origin:#x}"
            self.texts.append((number, address))
            last = address
        if not self.texts:
            self.complain(SourceError("a trace needs a section .text: its program"), max(1, len(self.lines)))
            return None, ()
        source[-1] = f".text; {_end(len(self.texts) - 1)}:"
        try:
            program = assemble("\n".join(source), filename=self.filename, origin=origin)
        except AssemblyError as error:
            self.errors += error.errors
            return None, ()
        return self._without_gaps(program)

    def _text_address(self, number: int, text: str) -> int:
        line = Line(self.filename, number, text, {})
        line.at = _HEADER.match(text).end()
        try:
            address = DEFAULT_TEXT if line.done else line.unsigned()
            line.end()
            if address & 1:
                raise SourceError("instructions begin at even addresses", line.at)
        except SourceError as error:
            self.complain(error, number)
            return DEFAULT_TEXT
        return address

    def _without_gaps(self, program: Program) -> tuple[Program, tuple[tuple[int, bytes], ...]]:
        """The image holds what was written, not the room between two `.text` sections."""
        image = []
        for section in program.sections:
            if section.name != ".text":
                if section.data and not section.bss:
                    image.append((section.address, section.data))
                continue
            for index, (_, address) in enumerate(self.texts):
                data = section.data[address - section.address : program.symbols[_end(index)] - section.address]
                if data:
                    image.append((address, data))
        symbols = {name: value for name, value in program.symbols.items() if not name.startswith(_END)}
        entry = symbols.get("_start", symbols.get("start", self.texts[0][1]))
        return program._replace(symbols=symbols, entry=entry), tuple(image)


_END = ".Lend_of_text_"


def _end(index: int) -> str:
    return f"{_END}{index}"


def _is_directive(name: str) -> bool:
    return name in directives.DIRECTIVES or name in reader.DIRECTIVES or name == ".insn" or name.startswith(".cfi_")


# What a line says -----------------------------------------------------------------------------------------------------


def _trace_name(line: Line) -> str:
    found = line.match(re.compile(r"[\w.+-]+"))
    if not found:
        raise line.error("the name of the trace expected")
    return found[0]


def _ram(line: Line) -> int:
    column = line.at
    found = line.match(re.compile(r"\w+"))
    size = _SIZE.match(found[0]) if found else None
    try:
        value = int(size[1], 0) << {"": 0, "K": 10, "M": 20, "G": 30}[size[2]]
    except (TypeError, ValueError):
        raise SourceError("a size expected: 1M, 64K, 0x100000", column) from None
    if value % BLOCK or not 2 * BLOCK <= value <= 1 << 31:
        raise SourceError("storage is a multiple of 4K, at least 8K and at most 2G", column)
    return value


def _model_words(line: Line) -> list[tuple[str, int]]:
    words = []
    while not line.done:
        name = line.one_of(("none", "cmma", "no-dat", "facility"), "facility")
        words.append((name, line.number_here() if name == "facility" else 0))
        line.accept(",")
    return words


def _open(line: Line) -> list[str]:
    words = []
    while not line.done:
        word = line.one_of(sorted(OPEN), "name")
        if word in ("mem", "key", "page") and not line.done and line.text[line.at].isdigit():
            word += f" {line.unsigned():#x}"
        words.append(word)
    return words


def _address(line: Line, ram: int) -> int:
    column = line.at
    address = line.unsigned()
    if address >= ram and not line.tolerant:
        raise SourceError(f"{address:#x} is outside storage: .ram has {ram:#x} bytes", column)
    return address


def _block(line: Line, ram: int) -> int:
    column = line.at
    address = _address(line, ram)
    if address % BLOCK:
        raise SourceError(
            f"{address:#x} is not the beginning of a 4 KB block: {address // BLOCK * BLOCK:#x} is", column
        )
    return address


def _page(line: Line) -> Page:
    page = Page(USAGES[line.one_of(USAGES, "usage state")], RESIDENT)
    while not line.done:
        column = line.at
        word = line.one_of((*CONTENTS, "key", "no-dat"), "content state")
        if word == "key":
            line.equals()
            page = page._replace(key=line.key())
        elif word == "no-dat":
            page = page._replace(no_dat=True)
        else:
            page = page._replace(content=CONTENTS[word])
            if page.state not in STATES.values():
                raise SourceError(
                    "there is no such state: only a stable block can be preserved (spec essa.md 3)", column
                )
    return page


def _bytes(line: Line, address: int, ram: int) -> bytes:
    """quad, long, short, byte N, N...; ascii, ebcdic "text"; hex 00ff...; fill COUNT, BYTE."""
    column = line.at
    kind = line.one_of((*VALUES, "ascii", "ebcdic", "hex", "fill"), "kind of data")
    if kind in VALUES:
        data = b""
        while True:
            at, value = line.at, line.number_here()
            if not -(1 << 8 * VALUES[kind] - 1) <= value < 1 << 8 * VALUES[kind]:
                raise SourceError(f"{value:#x} does not fit into a {kind}", at)
            data += (value & (1 << 8 * VALUES[kind]) - 1).to_bytes(VALUES[kind], "big")
            if not line.accept(","):
                break
    elif kind == "hex":
        found = line.match(_HEX)
        if not found:
            raise line.error("pairs of hexadecimal digits expected")
        data = bytes.fromhex(found[0])
    elif kind == "fill":
        count = line.number_here()
        data = bytes([line.number_here() & 0xFF if line.accept(",") else 0]) * min(max(count, 0), ram)
    else:
        data = line.string()
        if kind == "ebcdic":
            data = data.decode("latin-1").encode("cp037")
    if address + len(data) > ram:
        raise SourceError(f"the data reaches {address + len(data):#x}: .ram has {ram:#x} bytes", column)
    return data


def _common(line: Line, subject: str, ram: int) -> Statement | None:
    """What `.init` and `.expect` say in the same words."""
    if subject in REGISTERS:
        line.equals()
        column, value = line.at, line.unsigned()
        if subject[0] in "a" or subject == "fpc":
            value &= 0xFFFFFFFF
        if subject == "cc" and value > 3:
            raise SourceError("a condition code is 0 to 3", column)
        return Statement(line.number, subject, None, value)
    if subject == "mem":
        address = _address(line, ram)
        line.equals()
        return Statement(line.number, subject, address, _bytes(line, address, ram))
    if subject == "page":
        address = _block(line, ram)
        line.equals()
        return Statement(line.number, subject, address, _page(line))
    if subject == "key":
        address = _block(line, ram)
        line.equals()
        return Statement(line.number, subject, address, line.key())
    return None


_INIT = (*sorted(REGISTERS), "psw", "mem", "page", "key", "policy", "paging", "tlb", *SETTINGS)
_EXPECT = (*sorted(REGISTERS), "psw", "mem", "page", "key", "stop", "console", "host", *CLASSES)
HOST_COUNTS = ("faults_resolved", "zero_filled", "read_back", "written_out", "still_clean", "released", "paging_errors",
               "discarded")  # fmt: skip


def _init(line: Line, ram: int) -> Statement:
    subject = line.one_of(_INIT, "word in .init")
    if statement := _common(line, subject, ram):
        return statement
    if subject == "psw":
        return Statement(line.number, subject, None, _psw(line))
    value: object
    if subject == "policy":
        name = line.one_of(POLICIES, "policy")
        line.equals()
        value = {name: line.one_of(POLICIES[name], "value")}
    elif subject == "paging":
        value = 0 if line.accept("none") else line.number_here()
    elif subject == "tlb":
        value = line.one_of(("on", "off"), "value") == "on"
    else:
        line.accept("=")
        value = line.unsigned()
    return Statement(line.number, subject, None, value)


def _psw(line: Line) -> dict[str, int]:
    """mask= addr=, or addr= with what differs from a 64-bit supervisor-state PSW: key= cc= mode= problem."""
    words: dict[str, int] = {}
    while not line.done:
        name = line.one_of(("mask", "addr", "key", "cc", "mode", "problem"), "field of the PSW")
        if name == "problem":
            words[name] = 1
            continue
        line.equals()
        column = line.at
        words[name] = line.unsigned()
        if name == "mode" and words[name] not in (24, 31, 64):
            raise SourceError("the addressing mode is 24, 31 or 64", column)
    mode = {24: 0, 31: 1 << 31, 64: 3 << 31}[words.pop("mode", 64)]
    mask = mode | words.pop("problem", 0) << 48 | (words.pop("key", 0) & 15) << 52 | (words.pop("cc", 0) & 3) << 44
    return {"mask": words.get("mask", mask)} | {name: words[name] for name in ("addr",) if name in words}


def _event(line: Line, ram: int) -> Event:
    text = line.text.strip()
    word = line.one_of(("when", "every", "after"), "condition")
    every = word == "every"
    if word == "after":
        line.one_of(("pgm",), "condition")
        condition = "pgm"
    elif every and not line.text.startswith("pc", line.at):
        condition = "icount"
    else:
        condition = line.one_of(("pc", "icount"), "condition")
        line.expect("==", "after it")
    number = line.unsigned()
    if every and condition == "icount" and number == 0:
        raise line.error("every 0 is never")
    verb = line.one_of(VERBS, "host verb")
    operands: list[int] = []
    for name in VERBS[verb]:
        if name[0] == "[" and line.done:
            continue
        line.accept(",")
        operands.append(_block(line, ram) if name in ("block", "first", "[last]") else line.unsigned())
    return Event(line.number, text, condition, number, every, verb, tuple(operands))


def _expectation(line: Line, ram: int) -> Statement:
    subject = line.one_of(_EXPECT, "word in .expect")
    if statement := _common(line, subject, ram):
        return statement
    value: object
    if subject in CLASSES:
        value = {} if subject in ("restart", "mck") else {"code": line.unsigned()}
        value |= line.options(DETAILS[subject])
    elif subject == "psw":
        value = _psw(line)
    elif subject == "stop":
        value = {"reason": line.one_of(STOPS, "reason")} | line.options(("code",))
    elif subject == "console":
        line.equals()
        value = line.string().decode()
    else:
        name = line.one_of(HOST_COUNTS, "count of the host")
        line.equals()
        value = {name: line.number_here()}
    return Statement(line.number, subject, None, value)
