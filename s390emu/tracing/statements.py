"""The lines of a trace outside `.text`, one at a time: docs/traces.md. Each function reads one line to its end."""

from __future__ import annotations

import re

from s390emu.architecture import models
from s390emu.architecture.page_states import PRESERVED, RESIDENT, STABLE, STATES, ZERO
from s390emu.architecture.sizes import CPUS_MOST
from s390emu.assembler.errors import Position, SourceError, suggest
from s390emu.assembler.expressions import Cursor, evaluate
from s390emu.inputs import verbs
from s390emu.tracing.trace import NOWHERE, Cpus, Event, Page, Statement, of_cpu

BLOCK = 0x1000
ALL = (1 << 64) - 1
MOST_DATA = 1 << 26  # bytes that all `mem` of a trace can say

USAGES = {"stable": STABLE, "unused": 1, "potentially-volatile": 2, "volatile": 3}
CONTENTS = {"resident": RESIDENT, "preserved": PRESERVED, "zero": ZERO}
REGISTERS = frozenset(
    [f"{kind}{n}" for kind in ("r", "cr", "ar", "f") for n in range(16)]
    + [f"v{n}" for n in range(32)]
    + ["fpc", "prefix", "cc", "stopped", "psw.mask", "psw.ia"]
)  # fmt: skip
OPEN_OF_A_CPU = REGISTERS | {"gr", "cr", "ar", "fpr", "vr", "psw"}
OPEN = OPEN_OF_A_CPU | {"mem", "key", "page", "lowcore", "console"}
CLASSES = {"pgm": "program", "svc": "supervisor call", "mck": "machine check", "ext": "external", "io": "I/O",
           "restart": "restart"}  # fmt: skip
DETAILS = {"pgm": ("at", "ilc", "address", "teid", "dxc", "old"), "svc": ("at", "ilc", "old"),
           "ext": ("parameter", "from", "old"), "mck": ("code", "address", "old"), "io": ("parameter", "word", "old"),
           "restart": ("old",)}  # fmt: skip
STOPS = ("disabled-wait", "enabled-wait", "stopped", "check-stop", "check-stop-lowcore", "interruption-loop", "limit",
         "no-frame", "console-flood")  # fmt: skip
SETTINGS = ("frames", "seed", "tod", "clock-comparator", "cpu-timer", "limit")
OF_A_CPU = REGISTERS | {"psw", "clock-comparator", "cpu-timer", *CLASSES}
POLICIES = {"unused_access": ("discarded", "always", "zerofill"), "discard_keys": ("zero", "random")}
VALUES = {"quad": 8, "long": 4, "short": 2, "byte": 1}

COMMENT = re.compile(r"""("(?:\\.|[^"\\])*"?)|(^|\s)#.*$""")
_NAME = re.compile(r"[A-Za-z_][\w-]*(?:\.[A-Za-z]\w*)?")
_CPU = re.compile(r"cpu([0-9]+)\.(?=\w)")
_PC = re.compile(r"(cpu[0-9]+\.)?pc\b")
_KEY = re.compile(r"(0[xX][0-9a-fA-F]|[0-9]{1,2})(?::([FRC]+))?(?!\w)")
_HEX = re.compile(r"(?:[0-9a-fA-F]{2}\s*)+$")
_SIZE = re.compile(r"(0[xX][0-9a-fA-F]{1,16}|[1-9][0-9]{0,15})([KMG]?)(?!\w)")
_VECTOR = re.compile(r"0[xX][0-9a-fA-F]{17,32}(?!\w)")
_KEY_BITS = {"F": 0x08, "R": 0x04, "C": 0x02}


class Line(Cursor):
    """A cursor over one line outside `.text`."""

    __slots__ = ("cpus", "number", "position", "symbols", "tolerant")

    def __init__(self, filename: str, number: int, text: str, symbols: dict[str, int] | None, cpus: int):
        self.cpus, self.number, self.position = cpus, number, Position(filename, number, text)
        self.symbols, self.tolerant = symbols or {}, symbols is None
        super().__init__(self, COMMENT.sub(lambda match: match[1] or "", text).rstrip(), 0)

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

    def cpu(self) -> int | None:
        """The CPU that the next name is of: 1 of `cpu1.r2`; None where it does not say."""
        column = self.at
        found = self.match(_CPU)
        return self.known_cpu(found[1], column) if found else None

    def known_cpu(self, digits: str, column: int) -> int:
        """The number of a CPU that the trace has."""
        if len(digits) < 3 and int(digits) < self.cpus:
            return int(digits)
        has = f"{self.cpus} CPUs, cpu0 to cpu{self.cpus - 1}" if self.cpus > 1 else "one CPU, cpu0"
        more = f"; .cpus {int(digits) + 1} gives it more" if len(digits) < 3 and int(digits) < CPUS_MOST else ""
        raise SourceError(f"there is no cpu{digits[:9]}: the trace has {has}{more}", column)

    def of_a_cpu(self, known, with_cpu, what: str) -> tuple[int, str]:
        """The next word, which must be one of `known`, and whose it is; only those of `with_cpu` are of one CPU."""
        column = self.at
        cpu = self.cpu()
        word = self.one_of(known, what)
        if cpu is not None and word not in with_cpu:
            raise SourceError(f'"{word}" is not of one CPU: leave out "cpu{cpu}."', column)
        return cpu or 0, word

    @property
    def rest(self) -> str:
        return self.text[self.at :].strip()

    def number_here(self) -> int:
        """The value of the expression here."""
        value = evaluate(self.expression(), self._lookup)
        assert isinstance(value, int)  # a place is known in .text only
        return value

    def unsigned(self) -> int:
        return self.number_here() & ALL

    def vector(self) -> int:
        """Up to 32 hexadecimal digits, or else the expression here, of 64 bits."""
        found = self.match(_VECTOR)
        return int(found[0], 16) if found else self.unsigned()

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
        access_control = int(found[1], 16 if "x" in found[1].lower() else 10) if found else 16
        if not found or access_control > 15:
            raise SourceError("a storage key is its access-control bits 0-15 and :F, :R, :C for the bits that are one: "
                              "3:RC", column)  # fmt: skip
        return access_control << 4 | sum(_KEY_BITS[letter] for letter in set(found[2] or ""))

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


def trace_name(line: Line) -> str:
    found = line.match(re.compile(r"[\w.+-]+"))
    if not found:
        raise line.error("the name of the trace expected")
    return found[0]


def ram_size(line: Line) -> int:
    column = line.at
    size = line.match(_SIZE)
    if not size:
        raise SourceError("a size expected: 1M, 64K, 0x100000", column)
    value = int(size[1], 0) << {"": 0, "K": 10, "M": 20, "G": 30}[size[2]]
    if value % BLOCK or not 2 * BLOCK <= value <= 1 << 31:
        raise SourceError("storage is a multiple of 4K, at least 8K and at most 2G", column)
    return value


def model_words(line: Line) -> list[tuple[str, int]]:
    words = []
    while not line.done:
        name = line.one_of(("none", "cmma", "no-dat", "facility", *models.NAMES), "facility")
        words.append((name, line.number_here() if name == "facility" else 0))
        line.accept(",")
    return words


def cpus(line: Line) -> Cpus:
    column, number = line.at, line.number_here()
    if not 1 <= number <= CPUS_MOST:
        raise SourceError(f"{number} CPUs: a guest has 1 to {CPUS_MOST}", column)
    column, words = line.at, line.options(("quantum", "schedule"))
    if not words.get("quantum", 1):
        raise SourceError("a quantum is 1 instruction at least", column)
    return Cpus(number, words.get("quantum"), words.get("schedule"))


def open_names(line: Line) -> list[str]:
    words = []
    while not line.done:
        cpu, word = line.of_a_cpu(sorted(OPEN), OPEN_OF_A_CPU, "name")
        word = of_cpu(cpu, word)
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
                    "there is no such state: only a stable block can be preserved (docs/page-hinting.md 3)", column
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
        at, count = line.at, line.number_here()
        most = min(max(0, ram - address), MOST_DATA)
        if not 0 <= count <= most:
            raise SourceError(f"{count} bytes: there is room for 0 to {most}", at)
        data = bytes([line.number_here() & 0xFF if line.accept(",") else 0]) * count
    else:
        data = line.string()
        if kind == "ebcdic":
            data = data.decode("latin-1").encode("cp037")
    if address + len(data) > ram:
        raise SourceError(f"the data reaches {address + len(data):#x}: .ram has {ram:#x} bytes", column)
    return data


def _common(line: Line, cpu: int, subject: str, ram: int) -> Statement | None:
    """What `.init` and `.expect` say in the same words."""
    if subject in REGISTERS:
        line.equals()
        column = line.at
        value = line.vector() if subject[0] == "v" else line.unsigned()
        if subject[0] in "a" or subject == "fpc":
            value &= 0xFFFFFFFF
        if subject == "cc" and value > 3:
            raise SourceError("a condition code is 0 to 3", column)
        if subject == "stopped" and value > 1:
            raise SourceError("1: in the stopped state; 0: not", column)
        return Statement(line.number, subject, NOWHERE, value, cpu)
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


def initial(line: Line, ram: int) -> Statement:
    cpu, subject = line.of_a_cpu(_INIT, OF_A_CPU, "word in .init")
    if statement := _common(line, cpu, subject, ram):
        return statement
    if subject == "psw":
        return Statement(line.number, subject, NOWHERE, _psw(line), cpu)
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
    return Statement(line.number, subject, NOWHERE, value, cpu)


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


def _text(line: Line) -> str:
    """Read a string in quotes, whose bytes must be UTF-8."""
    column = line.at
    try:
        return line.string().decode()
    except UnicodeDecodeError as error:
        raise SourceError(f"not text in UTF-8: byte {error.object[error.start]:#04x}", column) from None


def host_event(line: Line, ram: int) -> Event:
    text = line.text.strip()
    word = line.one_of(("when", "every", "after"), "condition")
    every, cpu = word == "every", 0
    if word == "after":
        cpu, condition = line.of_a_cpu(("pgm",), ("pgm",), "condition")
    elif every and not _PC.match(line.text, line.at):
        condition = "icount"
    else:
        cpu, condition = line.of_a_cpu(("pc", "icount"), ("pc",), "condition")
        line.expect("==", "after it")
    number = line.unsigned()
    if every and condition == "icount" and number == 0:
        raise line.error("every 0 is never")
    target, verb = line.of_a_cpu(verbs.VERBS, verbs.OF_A_CPU, "host verb")
    operands: list[int | str] = []
    before = 0
    for name in verbs.OPERANDS[verb]:
        if name[0] == "[" and line.done:
            continue
        line.accept(",")
        column = line.at
        if name == "text":
            operands.append(_text(line))
            continue
        value = _block(line, ram) if name in ("block", "first", "[last]") else line.unsigned()
        if name == "cpu":
            line.known_cpu(str(value), column)
        if name == "[last]" and value < before:
            raise SourceError("the last block lies before the first", column)
        before = value
        operands.append(value)
    return Event(line.number, text, condition, number, every, verb, tuple(operands), cpu, target)


def expectation(line: Line, ram: int) -> Statement:
    cpu, subject = line.of_a_cpu(_EXPECT, OF_A_CPU, "word in .expect")
    if statement := _common(line, cpu, subject, ram):
        return statement
    value: object
    if subject in CLASSES:
        value = {} if subject in ("restart", "mck") else {"code": line.unsigned()}
        value |= line.options(DETAILS[subject])
    elif subject == "psw":
        value = _psw(line)
    elif subject == "stop":
        reason = line.one_of(STOPS, "reason")
        column, words = line.at, line.options(("code", "cpu"))
        if "cpu" in words:
            line.known_cpu(str(words["cpu"]), column)
        value = {"reason": reason, **words}
    elif subject == "console":
        line.equals()
        value = _text(line)
    else:
        name = line.one_of(HOST_COUNTS, "count of the host")
        line.equals()
        value = {name: line.number_here()}
    return Statement(line.number, subject, NOWHERE, value, cpu)
