"""A plugin for pytest: it collects `*.trace`, so that `pytest traces/` works wherever s390emu is installed; and of the
`*.tst`, an ending that others use too, those that begin a test case of a Hercules test script."""

from __future__ import annotations

import re

import pytest

MOST_LOOKED_AT = 1 << 20  # bytes of a `*.tst`


def pytest_collect_file(file_path, parent):
    if file_path.suffix == ".trace" or (file_path.suffix == ".tst" and _is_script(file_path)):
        return TraceFile.from_parent(parent, path=file_path)
    return None


def _is_script(path) -> bool:
    """True if a line of the file is a `*Testcase`."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return re.search(rb"^\s*\*Testcase\b", file.read(MOST_LOOKED_AT), re.MULTILINE) is not None


class TraceFailure(Exception):
    """A trace that did not come out as expected; the message is the report."""


class TraceFile(pytest.File):
    def collect(self):
        yield TraceItem.from_parent(self, name=self.path.stem)


class TraceItem(pytest.Item):
    def runtest(self):
        # Here, not above: the plugin is loaded in every pytest run, Numba only when there is a trace to run.
        from s390emu.tracing import report
        from s390emu.tracing.runner import Options, Result, run_file

        results = run_file(self.path, options=Options(include=(self.config.rootpath,)))
        wrong = [result for result in results if result.outcome in (Result.FAILED, Result.ERROR)]
        if wrong:
            raise TraceFailure("\n".join(report.text(result, full=self.config.get_verbosity() > 0) for result in wrong))
        if all(result.outcome is Result.SKIPPED for result in results):
            pytest.skip(results[0].message)

    def repr_failure(self, excinfo, style=None):
        if isinstance(excinfo.value, TraceFailure):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self):
        return self.path, 0, f"trace {self.name}"
