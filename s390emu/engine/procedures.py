"""The compiled procedures that a port calls by address, and the run loop, for Python to call."""

from __future__ import annotations

from s390emu._jit import address_of, entry_point, function_of
from s390emu.cpu.interruptions import attend_boundary, note_ending
from s390emu.cpu.prefix_area import touch_assigned
from s390emu.engine.decode import decode_instruction
from s390emu.engine.entries import procedure
from s390emu.engine.loop import find_target, run
from s390emu.records.cpu import CPU_T
from s390emu.records.port import PORT_T, PROCEDURES
from s390emu.storage.access import check_and_touch, fetch_by_bytes, find_decoded_page, store_by_bytes
from s390emu.storage.guest import GuestStorage

RECORDS = (CPU_T, PORT_T)
FUNCTIONS = (attend_boundary, check_and_touch, find_decoded_page, fetch_by_bytes, store_by_bytes, touch_assigned,
             decode_instruction, find_target, note_ending)  # fmt: skip
# What every guest needs; what takes longest to compile comes first.
OF_A_PORT = [*(function_of(f, *RECORDS, integers=PROCEDURES[f.__name__]) for f in FUNCTIONS),
             function_of(run, *RECORDS, integers=1)]  # fmt: skip

end_instruction = procedure(note_ending, *RECORDS, integers=2)


def install(storage: GuestStorage) -> None:
    """Compile the procedures and give every port of this guest their addresses."""
    for function in FUNCTIONS:
        name = function.__name__
        storage.port_column(name)[:] = address_of(function, *RECORDS, integers=PROCEDURES[name])


def run_loop():
    """Return the compiled run loop, to be called as run(cpu, port, 0); it returns an exit."""
    return entry_point(run, *RECORDS, integers=1)
