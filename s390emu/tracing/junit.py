"""Results as JUnit XML, which continuous-integration servers read."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from xml.etree.ElementTree import Element, ElementTree, SubElement, indent

from s390emu.tracing.report import text
from s390emu.tracing.runner import Result, TraceResult

_NOT_XML = re.compile(r"[^\t\n\r\x20-\uD7FF\uE000-\uFFFD]")


def tree(results: Iterable[TraceResult], suite: str = "traces") -> ElementTree:
    """One test case for each trace, its class name the folder."""
    results = list(results)
    root = Element("testsuites")
    element = SubElement(root, "testsuite", {
        "name": suite,
        "tests": str(len(results)),
        "failures": str(sum(result.outcome is Result.FAILED for result in results)),
        "errors": str(sum(result.outcome is Result.ERROR for result in results)),
        "skipped": str(sum(result.outcome is Result.SKIPPED for result in results)),
        "time": f"{sum(result.seconds for result in results):.3f}",
    })  # fmt: skip
    for result in results:
        folder = ".".join(Path(result.path).parent.parts) or suite
        case = SubElement(element, "testcase", {
            "classname": _clean(folder), "name": _clean(result.name), "file": _clean(result.path),
            "time": f"{result.seconds:.3f}",
        })  # fmt: skip
        if result.outcome is Result.SKIPPED:
            SubElement(case, "skipped", {"message": _clean(result.message)})
        elif result.outcome is not Result.PASSED:
            kind = "failure" if result.outcome is Result.FAILED else "error"
            first = result.differences[0] if result.differences else result.message
            whole = SubElement(case, kind, {"message": _clean(str(first).splitlines()[0])})
            whole.text = _clean(text(result, full=True))
    return ElementTree(root)


def write(path: str | Path, results: Iterable[TraceResult]) -> None:
    found = tree(results)
    indent(found)
    found.write(path, encoding="utf-8", xml_declaration=True)


def _clean(words: str) -> str:
    """What XML cannot hold as a question mark."""
    return _NOT_XML.sub("?", words)
