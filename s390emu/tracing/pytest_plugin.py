"""A plugin for pytest: it collects `*.trace`, so that `pytest traces/` works wherever s390emu is installed."""

from __future__ import annotations

import pytest


def pytest_collect_file(file_path, parent):
    if file_path.suffix == ".trace":
        return TraceFile.from_parent(parent, path=file_path)
    return None


class TraceFailure(Exception):
    """A trace that did not come out as expected; the message is the report."""


class TraceFile(pytest.File):
    def collect(self):
        yield TraceItem.from_parent(self, name=self.path.stem)


class TraceItem(pytest.Item):
    def runtest(self):
        # Here, not above: the plugin is loaded in every pytest run, Numba only when there is a trace to run.
        from s390emu.tracing import report
        from s390emu.tracing.runner import Options, Result, run_trace

        result = run_trace(self.path, options=Options(include=(self.config.rootpath,)))
        if result.outcome is Result.SKIPPED:
            pytest.skip(result.message)
        if result.outcome is not Result.PASSED:
            raise TraceFailure(report.text(result, full=self.config.get_verbosity() > 0))

    def repr_failure(self, excinfo, style=None):
        if isinstance(excinfo.value, TraceFailure):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self):
        return self.path, 0, f"trace {self.name}"
