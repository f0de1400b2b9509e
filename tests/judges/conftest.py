"""The judges' seed, where CI logs show it."""

from tests.judges.programs import PROGRAMS, SEED


def pytest_report_header() -> str:
    return f"judges: S390EMU_SEED={SEED} S390EMU_PROGRAMS={PROGRAMS}"
