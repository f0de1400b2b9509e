"""Why a machine stopped, and the last interruption that a CPU took: values for people and tests."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from s390emu.records import exits


class Reason(StrEnum):
    """Why the machine stopped."""

    DISABLED_WAIT = "disabled wait"
    ENABLED_WAIT = "enabled wait that nothing will end"
    STOPPED = "stopped state"
    CHECK_STOP = "check stop"
    CHECK_STOP_LOWCORE = "check stop: the guest hinted its own prefix area away (ESSA-LOWCORE)"
    INTERRUPTION_LOOP = "interruption loop"
    RE_IPL = "initial program loading asked for: a reboot"
    BREAKPOINT = "breakpoint"
    WATCHED = "what an observer waited for"
    LIMIT = "instruction limit"
    TIMEOUT = "time limit"
    NO_FRAME = "host out of frames: nothing may be taken"
    CONSOLE_FLOOD = "console flooded"
    CONSOLE_TEXT = "the console has the text of --until"
    LEFT = "left at the keyboard"
    WAITING = "waiting, while others run"


# of the run loop's EXIT_STOP, by its stop_reason
STOP_REASONS = {
    exits.DISABLED_WAIT: Reason.DISABLED_WAIT,
    exits.STOPPED: Reason.STOPPED,
    exits.CHECK_STOP: Reason.CHECK_STOP,
    exits.CHECK_STOP_LOWCORE: Reason.CHECK_STOP_LOWCORE,
    exits.INTERRUPTION_LOOP: Reason.INTERRUPTION_LOOP,
}


@dataclass(frozen=True)
class Stop:
    """The end of a run: the reason, and whose it is: the PSW of that CPU; how many instructions had ended in all."""

    reason: Reason
    psw_mask: int
    psw_ia: int
    count: int
    cpu: int = 0

    @property
    def exit_code(self) -> int | None:
        """The guest's exit code: the address in its disabled wait."""
        return self.psw_ia if self.reason is Reason.DISABLED_WAIT else None

    def _repr_html_(self) -> str:
        """Return what a notebook shows: the reason and the PSW."""
        from s390emu.reports.notebook import stop_html  # the layers' one exception: pyproject.toml

        return stop_html(self)


@dataclass(frozen=True)
class Interruption:
    """An interruption that was taken: class name, code, old PSW, ILC in bytes, translation-exception identification,
    and how many instructions the CPU had ended."""

    kind: str
    code: int
    psw_mask: int
    psw_ia: int
    ilc: int
    teid: int
    count: int
