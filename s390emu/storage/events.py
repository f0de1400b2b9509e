"""What happened, for timelines and traces: a table that compiled code fills and Python drains."""

from __future__ import annotations

from s390emu._jit import jit, on, u64
from s390emu.records.events import EVENT_T, event_record
from s390emu.records.port import port_record

EVENT_BYTES = u64(EVENT_T.itemsize)
MARGIN = u64(1024)  # more than one unit of operation can add: SSKE and PFMF may look at 256 keys and set them


@jit
def pause(guest):
    """Stop the loop after this unit of operation, so that observers see the guest as it then is."""
    guest.event_pause = u64(1)
    port_record(guest.running).deadline = u64(0)


@jit
def record_event(guest, kind, block, before, after, detail):
    """Add one event if its kind is watched; with the table nearly full the loop stops to have it drained."""
    if not on(guest.event_mask >> u64(kind), u64(1)) or guest.event_count >= guest.event_capacity:
        return
    event = event_record(guest.events + guest.event_count * EVENT_BYTES)
    port = port_record(guest.running)
    event.count, event.kind, event.block = port.count + port.others, u64(kind), block
    event.before, event.after, event.detail = before, after, detail
    event.ia, event.cpu = port.insn_ia, port.cpu_address
    guest.event_count += u64(1)
    if on(guest.pause_mask >> u64(kind), u64(1)):
        pause(guest)
    if guest.event_count + MARGIN >= guest.event_capacity:
        port.deadline = u64(0)
