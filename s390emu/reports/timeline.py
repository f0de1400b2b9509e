"""Events in words: who changed which block, which interruption was taken, what was fetched and stored."""

from __future__ import annotations

from collections.abc import Mapping

from s390emu.architecture.interruptions import CLASSES, PROGRAM
from s390emu.architecture.page_states import (
    CLEAR_RESET,
    DIAG10,
    DISCARD,
    IN,
    NAMES,
    NORMAL_RESET,
    OUT,
    RECLAIM,
    TOUCH,
    ZERO_FILL,
)
from s390emu.architecture.program_exceptions import exception_name
from s390emu.architecture.sizes import BLOCK_SIZE
from s390emu.records.events import EVENT_ESSA, EVENT_FETCH, EVENT_HOST, EVENT_INTERRUPTION, EVENT_KEY, EVENT_STORE
from s390emu.storage.transitions import CAUSE_SHIFT

CAUSES = {
    RECLAIM: "host reclaim",
    TOUCH: "touch",
    DIAG10: "guest DIAGNOSE X'10'",
    NORMAL_RESET: "normal reset",
    CLEAR_RESET: "clear reset",
}
DONE = {DISCARD: ", discarded", OUT: ", written out", IN: ", read back", ZERO_FILL: ", zero filled"}
STATE, NO_DAT = 0x0F, 0x20


def attributes_text(word: int) -> str:
    """Return a state from R1 of ESSA, as docs/page-hinting.md section 3 writes states."""
    return NAMES[word & STATE] + ("+no-DAT" if word & NO_DAT else "")


def who(event) -> str:
    """Return who changed the block's state."""
    detail = int(event.detail)
    if event.kind == EVENT_ESSA:
        return f"guest ORC {detail}"
    cause, action = detail >> CAUSE_SHIFT, detail & ((1 << CAUSE_SHIFT) - 1)
    return CAUSES.get(cause, f"guest ORC {cause}") + DONE.get(action, "")


def cpu_mark(number: int, cpus: int) -> str:
    """Return what names the CPU in a line, where there are several."""
    return f" cpu{number}" if cpus > 1 else ""


def event_line(event, symbols: Mapping[str, int], cpus: int = 1) -> str:
    """Return one line as `event_text`, and where the guest did it."""
    from s390emu.reports.stop import place

    text = event_text(event, symbols, cpus)
    return f"{text}, {place(int(event.ia), symbols)}" if event.kind in (EVENT_ESSA, EVENT_KEY) else text


def event_text(event, symbols: Mapping[str, int], cpus: int = 1) -> str:
    """Return one line for one EVENT record of a guest with so many CPUs."""
    from s390emu.reports.stop import place

    count = f"{int(event.count):10}{cpu_mark(int(event.cpu), cpus)}"
    if event.kind in (EVENT_ESSA, EVENT_HOST):
        address = int(event.block) * BLOCK_SIZE
        change = f"{attributes_text(int(event.before))} -> {attributes_text(int(event.after))}"
        return f"{count} page         block {address:#8x} {change:8}  {who(event)}"
    if event.kind == EVENT_INTERRUPTION:
        code = int(event.before)
        kind = CLASSES[int(event.block)]
        name = f" ({exception_name(code)})" if event.block == PROGRAM else ""
        return f"{count} interruption {kind} {code:04X}{name} old-ia {place(int(event.after), symbols)}"
    if event.kind in (EVENT_FETCH, EVENT_STORE):
        kind = "fetch" if event.kind == EVENT_FETCH else "store"
        return f"{count} {kind:12} absolute {int(event.before):#x} {int(event.after)}"
    if event.kind == EVENT_KEY:
        address = int(event.block) * BLOCK_SIZE
        return f"{count} key          block {address:#8x} {int(event.before):02X} -> {int(event.after):02X}"
    raise AssertionError(f"event of kind {event.kind}")
