"""The conditions of `*If` in a Hercules test script: docs/tst.md "Conditions". A small part of REXX's expressions."""

from __future__ import annotations

import re

from s390emu.architecture.sizes import CPUS_MOST
from s390emu.assembler.errors import SourceError, suggest

# What scripts may ask about, with this emulator's answers. What they ask is mostly how their own emulator was built.
VARIABLES: dict[str, str] = {
    "can_esa390_mode": "0", "can_s370_mode": "0", "can_zarch_mode": "1", "ieee": "1", "max_cpu_engines": str(CPUS_MOST),
    "ptrsize": "8", "platform": "s390emu",
} | dict.fromkeys(
    ("cckd_bzip2", "cmpxchg1", "cmpxchg16", "cmpxchg4", "cmpxchg8", "config_include", "config_symbols", "externalgui",
     "fetch_dw", "hao", "hdl", "het_bzip2", "http", "ipv6", "nls", "regex", "rexx_errprefix", "rexx_msglevel",
     "rexx_msgprefix", "rexx_resolver", "rexx_supported", "rexx_syspath", "shared_devices", "sigabend", "sqrtl",
     "store_dw", "syncio", "system_symbols", "zlib"), "0",
) | dict.fromkeys(
    ("hatomics", "keepalive", "libraries", "locking_model", "rexx_extensions", "rexx_mode", "rexx_package",
     "rexx_rexxpath", "rexx_source", "rexx_version", "threading_model"), "",
)  # fmt: skip
_TOKEN = re.compile(
    r"""\s*(?:(?P<variable>\$\w+)|(?P<string>'[^']*'|"[^"]*")|(?P<number>[0-9]+)
        |(?P<operator>==|\\==|\\=|<>|><|<=|>=|[=<>&|()\\]))""",
    re.VERBOSE,
)
_NUMBER = re.compile(r"[0-9]{1,20}")
_COMPARISONS = {"=": "=", "==": "=", "\\=": "!", "\\==": "!", "<>": "!", "><": "!", "<": "<", ">": ">", "<=": "<=",
                ">=": ">="}  # fmt: skip
DEEPEST = 20  # parentheses and negations within each other


def holds(text: str, column: int) -> bool:
    """Return whether the condition of an `*If` holds; column: where the text begins in its line. Raises SourceError."""
    return _Condition(text, column).whole()


class _Condition:
    """One condition being read: or-terms of and-terms of comparisons."""

    def __init__(self, text: str, column: int):
        self.tokens: list[tuple[str, str, int]] = []  # kind, text, column
        self.next, self.depth = 0, 0
        at = 0
        while text[at:].strip():
            found = _TOKEN.match(text, at)
            if not found:
                blank = len(text[at:]) - len(text[at:].lstrip())
                raise SourceError("a $variable, a number, a 'string' or an operator (= \\= < > <= >= & | \\) expected",
                                  column + at + blank)  # fmt: skip
            kind = found.lastgroup or ""
            self.tokens.append((kind, found[kind], column + found.start(kind)))
            at = found.end()
        self.tokens.append(("end", "", column + len(text.rstrip())))

    def whole(self) -> bool:
        value, at = self._alternatives(), self.tokens[0][2]
        if self._peek() != "":
            raise SourceError(f'"{self._peek()}" is not expected here', self.tokens[self.next][2])
        return self._truth(value, at)

    def _peek(self) -> str:
        kind, text, _ = self.tokens[self.next]
        return text if kind in ("operator", "end") else "a value"

    def _accept(self, *operators: str) -> str:
        """Return the operator that comes next, if it is one of these."""
        word = self._peek()
        if word in operators:
            self.next += 1
            return word
        return ""

    def _truth(self, value: str, column: int) -> bool:
        if value not in ("0", "1"):
            raise SourceError(f'a condition is 0 or 1, and this is "{value}"; compare it with something', column)
        return value == "1"

    def _alternatives(self) -> str:
        return self._joined("|", self._conjunction, any)

    def _conjunction(self) -> str:
        return self._joined("&", self._comparison, all)

    def _joined(self, operator: str, part, of) -> str:
        at = self.tokens[self.next][2]
        value = part()
        if self._peek() != operator:
            return value
        truths = [self._truth(value, at)]
        while self._accept(operator):
            at = self.tokens[self.next][2]
            truths.append(self._truth(part(), at))
        return str(int(of(truths)))

    def _comparison(self) -> str:
        left = self._term()
        operator = self._accept(*_COMPARISONS)
        if not operator:
            return left
        right = self._term()
        numeric = all(_NUMBER.fullmatch(side) for side in (left, right))
        a, b = (int(left), int(right)) if numeric else (left.strip(), right.strip())
        results = {"=": a == b, "!": a != b, "<": a < b, ">": a > b, "<=": a <= b, ">=": a >= b}  # type: ignore[operator]
        return str(int(results[_COMPARISONS[operator]]))

    def _term(self) -> str:
        kind, text, column = self.tokens[self.next]
        if self._accept("\\", "("):
            self.depth += 1
            if self.depth > DEEPEST:
                raise SourceError("this condition is too deep", column)
            if text == "(":
                value = self._alternatives()
                if not self._accept(")"):
                    raise SourceError('")" expected', self.tokens[self.next][2])
            else:
                value = str(int(not self._truth(self._term(), column)))
            self.depth -= 1
            return value
        if kind in ("operator", "end"):
            raise SourceError("a value expected: a $variable, a number or a 'string'", column)
        self.next += 1
        if kind == "string":
            return text[1:-1]
        if kind == "number":
            if len(text) > 20:
                raise SourceError("a number of at most 20 digits expected", column)
            return text
        name = text[1:].lower()
        if name not in VARIABLES:
            raise SourceError(
                f'no variable "{text}" is known{suggest(name, VARIABLES)}; docs/tst.md lists them', column
            )
        return VARIABLES[name]
