"""The state of a machine as data that can leave the process: tables of bytes, and the rest as JSON has it.

It is what `machine.snapshot` has, without what only this process can use (addresses, TLBs, decoded instructions) and
what does not matter (who watches, where a run last stopped). So two machines of the same options that will go on in the
same way have equal states, and their digests say so.

A state may come from a file of a stranger, and records are what compiled code believes: `put_back` checks every number
in them that is an index.
"""

from __future__ import annotations

import json
from collections import Counter, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from s390emu.architecture.interruptions import CLASSES
from s390emu.architecture.models import NAMES
from s390emu.architecture.page_states import USAGES
from s390emu.architecture.sizes import BLOCK_SIZE, PREFIX_AREA_BYTES
from s390emu.host.console import Shown
from s390emu.host.frames import FramesSnapshot
from s390emu.host.guest import GuestSnapshot, Waiting
from s390emu.host.host import HostSnapshot
from s390emu.host.paging_device import DIGEST_BYTES, DeviceSnapshot
from s390emu.host.pool import FREE
from s390emu.host.slots import SlotsSnapshot
from s390emu.host.statistics import Statistics
from s390emu.machine.snapshot import Snapshot, restore
from s390emu.records.blocks import BLOCK_T, FRAME_T
from s390emu.records.cpu import CPU_T
from s390emu.records.port import PORT_T
from s390emu.shapes import YES_OR_NO, Either, MapOf, OneOf, ShapeError, Text, Whole, check

if TYPE_CHECKING:
    from s390emu.machine import Machine

ROW_BYTES = BLOCK_SIZE  # every table is cut into rows of this length; zeros follow its end

# Of GUEST and PORT: what a guest's execution goes on from. The other fields are made anew by whoever makes the machine,
# or belong to an instruction that is being executed, to observers, or to this process.
KEPT_OF_GUEST = (
    "signalled", "gave_up", "yield_to", "floating", "service_parameter", "block_io_parameter", "block_io_status", "io",
    "io_id", "io_parameter", "io_word",
)  # fmt: skip
KEPT_OF_PORT = (
    "count", "others", "idle", "stolen", "ended_length", "executed_target", "lost_steps", "last_pgm", "branch_count",
    "branch_from", "branch_to", "essa_count", "interruption_count", "last_class", "last_code", "last_mask", "last_ia",
    "last_ilc", "last_teid", "last_count", "call_insn", "fault_block", "insn_ia",
)  # fmt: skip
PORT_KEPT_T = np.dtype([(name, PORT_T[name].base, PORT_T[name].shape) for name in KEPT_OF_PORT])
OF_INSTRUCTION = ("per", "by_text")  # of PORT: zero between two instructions, until the loop comes to the next boundary
LAYOUT = {
    name: [[field, str(dtype[field])] for field in dtype.names or ()]
    for name, dtype in (("cpu", CPU_T), ("port", PORT_KEPT_T), ("block", BLOCK_T), ("frame", FRAME_T))
}

ANY, SIGNED = Whole(), Whole(-(1 << 63), 1 << 63)
LONG_TEXT = Text(1 << 26)
SHOWN = [(LONG_TEXT, ANY, YES_OR_NO)]
REST_SHAPE = {
    "model": OneOf(*NAMES),
    "guest": {name: SIGNED if name == "yield_to" else ANY for name in KEPT_OF_GUEST},
    "host": {"limit": (SIGNED, ANY, SIGNED), "delays": ANY, "clock": (ANY, [ANY], SIGNED), "retained": [(ANY, ANY)],
             "fresh": ANY, "reason": LONG_TEXT},
    "statistics": MapOf(Text(), Either(ANY, MapOf(Text(), ANY))),
    "waiting": [{"until": ANY, "brought": [ANY], "progress": SIGNED, "order": ANY, "offered": ANY}],
    "claims": ANY, "moved": [(ANY, ANY)], "ipl_block": LONG_TEXT,
    "console": {
        "flooded": YES_OR_NO, "receives": ANY, "messages": [LONG_TEXT], "typed": LONG_TEXT, "announce": YES_OR_NO,
        "_room": SIGNED, "_line": LONG_TEXT, "_line_shown": ANY, "_repeated": LONG_TEXT, "_numbers": ANY,
        "_by_characters": SHOWN, "_by_lines": SHOWN, "shown_bytes": ANY,
    },
    "turns": {"running": ANY, "turn": ANY, "left": SIGNED, "random": Either((ANY, [ANY])),
              "last_executed": [(ANY, ANY)]},
}  # fmt: skip


@dataclass(frozen=True)
class State:
    """count: instructions that had ended. tables: by name, of rows of ROW_BYTES; those of a machine that runs are its
    own storage, so they are good until it goes on. unused: by name, True for each row whose content does not count.
    rest: as JSON has it."""

    count: int
    tables: dict[str, np.ndarray]
    unused: dict[str, np.ndarray]
    rest: dict[str, Any]


def rows_of(data: np.ndarray | bytes) -> np.ndarray:
    """Return the bytes of an array as rows."""
    flat = np.frombuffer(data if isinstance(data, bytes) else data.tobytes(), np.uint8)
    rows = np.zeros((-(-len(flat) // ROW_BYTES), ROW_BYTES), np.uint8)
    rows.reshape(-1)[: len(flat)] = flat
    return rows


def of_rows(rows: np.ndarray, dtype: np.dtype, count: int, name: str) -> np.ndarray:
    """Return a copy of the table that lies in these rows. ShapeError where they are too few."""
    if len(rows) != -(-count * dtype.itemsize // ROW_BYTES):
        raise ShapeError(f"the table {name!r} is not as long as this machine's")
    return rows.reshape(-1)[: count * dtype.itemsize].copy().view(dtype)


# --- from a machine ---------------------------------------------------------------------------------------------------


def capture(machine: Machine) -> State:
    """Return the state of a machine that is between two instructions; nothing of it changes. ValueError where its state
    is not all here: disks, other guests."""
    host, storage = machine.host, machine.storage
    if len(host.guests) != 1:
        raise ValueError("a guest that shares its host cannot be recorded")
    guest = host.guests[0]
    if guest.block_io.disks:
        raise ValueError("a guest with disks cannot be recorded: what is on them is not in the recording")
    record, ports, _ = storage.snapshot()
    kept = guest.snapshot()
    frames, console = host.frames, kept.console
    shown = "".join(console["_shown"]).encode(errors="surrogatepass")
    blocks = _fields(kept.blocks, BLOCK_T)
    blocks["watched"] = 0
    tables = {
        "cpu": rows_of(machine.cpu_array), "port": rows_of(_fields(ports, PORT_KEPT_T)), "block": rows_of(blocks),
        "frame": rows_of(_fields(frames.table, FRAME_T)), "broken": rows_of(frames.broken), "memory": frames.memory,
        "console": rows_of(shown),
    }  # fmt: skip
    slots = host.slots.snapshot()
    if slots.device:
        tables["slot"], tables["checksum"] = _slots(slots.device)
    return State(machine.count, tables, {"memory": frames.guests == FREE}, {
        "model": machine.model,
        "guest": {name: int(record[name][0]) for name in KEPT_OF_GUEST},
        "host": {
            "limit": list(host.limit.snapshot()), "delays": host.delays.snapshot(),
            "clock": list(host.pager.clock.snapshot()),
            "retained": [[slot, number] for slot, (_, number) in slots.retained.items()],
            "fresh": slots.device.fresh if slots.device else 0, "reason": host.reason,
        },
        "statistics": kept.statistics.as_dict(),
        "waiting": [vars(waiting) | {"brought": sorted(waiting.brought)} for waiting in kept.waiting],
        "claims": kept.claims, "moved": [list(pair) for pair in kept.moved.items()], "ipl_block": kept.ipl_block.hex(),
        "console": {name: list(value) if isinstance(value, deque) else value for name, value in console.items()
                    if name in REST_SHAPE["console"]} | {"shown_bytes": len(shown)},  # type: ignore[operator]
        "turns": _turns(machine.turns.snapshot()),
    })  # fmt: skip


def as_json(rest: dict[str, Any]) -> bytes:
    """Return the rest of a state as bytes: equal rests give equal bytes."""
    return json.dumps(rest, sort_keys=True, separators=(",", ":"), default=int).encode()


def _fields(records: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Return a copy of these fields of records, with zeros between them, where copies have anything."""
    kept = np.zeros(len(records), dtype)
    for name in dtype.names or ():
        kept[name] = records[name]
    return kept


def _slots(device: DeviceSnapshot) -> tuple[np.ndarray, np.ndarray]:
    """Return what lies in the slots, a row each, and their checksums; zeros for a slot that is free."""
    contents = np.zeros((device.fresh, ROW_BYTES), np.uint8)
    digests = np.zeros((device.fresh, DIGEST_BYTES), np.uint8)
    for slot, data in device.contents.items():
        contents[slot, : len(data)] = np.frombuffer(data, np.uint8)
        digests[slot] = np.frombuffer(device.digests[slot], np.uint8)
    return contents, rows_of(digests)


def _turns(snapshot) -> dict[str, Any]:
    running, (turn, left, random), _, last_executed = snapshot
    # Who waits is not kept: `Machine.run` lets everybody look again.
    return {
        "running": running, "turn": turn, "left": left, "random": [random[0], list(random[1])] if random else None,
        "last_executed": [list(pair) for pair in sorted(last_executed.items())],
    }  # fmt: skip


# --- to a machine -----------------------------------------------------------------------------------------------------


def put_back(machine: Machine, state: State) -> None:
    """Let a machine of the same options be in this state. ShapeError where no machine of these options can be."""
    rest, tables, storage, host = state.rest, state.tables, machine.storage, machine.host
    check(rest, REST_SHAPE, "state")
    if rest["model"] != machine.model:
        raise ShapeError(f"the state is of a machine of the model {rest['model']}, this one is {machine.model}")
    frames = host.frames
    cpus = of_rows(tables["cpu"], CPU_T, len(machine.cpus), "cpu")
    kept = of_rows(tables["port"], PORT_KEPT_T, len(machine.cpus), "port")
    blocks = of_rows(tables["block"], BLOCK_T, len(storage.blocks), "block")
    table = of_rows(tables["frame"], FRAME_T, frames.count, "frame")
    broken = of_rows(tables["broken"], np.dtype(np.uint8), len(frames.broken), "broken")
    slots = _slots_back(machine, tables, rest["host"])
    _check_indexes(machine, cpus, kept, blocks, table, slots, rest)
    record, ports, events = storage.snapshot()
    for name in KEPT_OF_GUEST:
        record[name] = rest["guest"][name]
    record["event_count"] = 0
    for name in KEPT_OF_PORT:
        ports[name] = kept[name]
    for name in OF_INSTRUCTION:
        ports[name] = 0
    in_use = np.flatnonzero(table["guest"] != FREE)
    memory = tables["memory"][: in_use[-1] + 1 if len(in_use) else 0]
    of_host = rest["host"]
    hand, unused, taken = of_host["clock"]
    restore(machine, Snapshot(
        cpus, (record, ports, events[:0]),
        HostSnapshot(
            FramesSnapshot(memory, table, broken, *_free(table, broken, frames.chunk)), slots, tuple(of_host["limit"]),
            of_host["delays"], (hand, unused, taken), [_guest_back(machine, blocks, tables["console"], rest)],
            of_host["reason"],
        ),
        [], _turns_back(rest["turns"]),
    ))  # fmt: skip
    host.guests[0].arm()  # keys and messages that wait in the state are announced when the guest next looks


def _free(table: np.ndarray, broken: np.ndarray, chunk: int) -> tuple[list[int], list[int]]:
    """Return the free runs, by their first frames, and the free frames of broken runs."""
    free = np.flatnonzero(table["guest"] == FREE)
    single = broken[free // chunk] != 0
    return [n for n in free[~single].tolist() if n % chunk == 0], free[single].tolist()


def _slots_back(machine: Machine, tables: dict[str, np.ndarray], of_host: dict[str, Any]) -> SlotsSnapshot:
    device, guest, fresh = machine.host.slots.device, machine.host.guests[0], of_host["fresh"]
    retained = {slot: (guest, number) for slot, number in of_host["retained"]}
    if device is None:
        if fresh or retained:
            raise ShapeError("there are blocks on a paging device, which this machine has not")
        return SlotsSnapshot(None, {})
    if fresh > device.slots or len(tables["slot"]) != fresh:
        raise ShapeError("the table 'slot' is not as long as is said")
    digests = of_rows(tables["checksum"], np.dtype((np.void, DIGEST_BYTES)), fresh, "checksum")
    of = {slot: digest.tobytes() for slot, digest in enumerate(digests) if any(digest.tobytes())}
    contents = {slot: tables["slot"][slot].tobytes() for slot in of}
    return SlotsSnapshot(DeviceSnapshot(contents, of, [n for n in range(fresh) if n not in of], fresh), retained)


def _guest_back(machine: Machine, blocks: np.ndarray, shown: np.ndarray, rest: dict[str, Any]) -> GuestSnapshot:
    told = dict(rest["console"])
    text = shown.reshape(-1)[: told.pop("shown_bytes")].tobytes().decode(errors="surrogatepass")
    console = told | {
        "messages": deque(told["messages"]), "_shown": [text], "found": False, "_awaited": "", "_recent": "",
    }  # fmt: skip
    now = machine.host.guests[0].console
    for name in ("_by_characters", "_by_lines"):
        console[name] = deque((Shown(*line) for line in told[name]), getattr(now, name).maxlen)
    statistics = dict(rest["statistics"])
    try:
        counted = Statistics(**statistics | {"discarded": Counter(statistics["discarded"])})
        ipl_block = bytes.fromhex(rest["ipl_block"])
    except (TypeError, KeyError, ValueError) as error:
        raise ShapeError(f"what is told of the guest is not of this version: {error}") from None
    waiting = [Waiting(**each | {"brought": set(each["brought"])}) for each in rest["waiting"]]
    moved = {first: blocks for first, blocks in rest["moved"]}
    return GuestSnapshot(
        blocks.view(np.recarray), counted, waiting, rest["claims"], moved, console,
        (dict[Any, Any](), [], [], 0, {}), ipl_block,
    )  # fmt: skip


def _turns_back(turns: dict[str, Any]) -> tuple:
    random = (turns["random"][0], tuple(turns["random"][1]), None) if turns["random"] else None
    return turns["running"], (turns["turn"], turns["left"], random), {}, {n: at for n, at in turns["last_executed"]}


def _check_indexes(
    machine: Machine, cpus: np.ndarray, ports: np.ndarray, blocks: np.ndarray, table: np.ndarray,
    slots: SlotsSnapshot, rest: dict[str, Any],
) -> None:  # fmt: skip
    """ShapeError where a number that compiled code or the host takes for an index leads nowhere."""
    count, number_of_frames, number_of_cpus = len(blocks), len(table), len(cpus)
    resident = np.flatnonzero(blocks["invalid"] == 0)
    frame = blocks["frame"][resident]
    used = table["guest"] == 0
    in_slots = blocks["slot"][blocks["slot"] != -1]
    turns, of_host, device = rest["turns"], rest["host"], slots.device

    def require(condition: object, what: str) -> None:
        if not condition:
            raise ShapeError(f"no machine of these options has {what}")

    require(((frame >= 0) & (frame < number_of_frames)).all(), "such frames")
    require((table["guest"][frame] == 0).all() and (table["block"][frame] == resident).all(), "such frames of blocks")
    require((used | (table["guest"] == FREE)).all(), "frames of other guests")
    require(((table["block"][used] >= 0) & (table["block"][used] < count)).all(), "frames of such blocks")
    require((blocks["usage"] < len(USAGES)).all(), "such usage states")
    require(not len(in_slots) or (device and np.isin(in_slots, list(device.contents)).all()), "such slots")
    require(all(slot in device.contents and n < count for slot, (_, n) in slots.retained.items()) if device else True,
            "such slots of resident blocks")  # fmt: skip
    preserved = (blocks["invalid"] != 0) & (blocks["zero"] == 0)
    require((blocks["slot"][preserved & (blocks["usage"] == 0)] != -1).all(), "blocks that are nowhere")
    require((cpus["prefix"] <= count * BLOCK_SIZE - PREFIX_AREA_BYTES).all(), "such prefixes")
    require((cpus["prefix"] % BLOCK_SIZE == 0).all(), "such prefixes")
    require(((ports["last_class"] >= -1) & (ports["last_class"] < len(CLASSES))).all(), "such interruptions")
    require((ports["fault_block"] < count).all(), "such blocks")
    require(max(turns["running"], turns["turn"]) < number_of_cpus, "such CPUs")
    require(all(n < number_of_cpus for n, _ in turns["last_executed"]), "such CPUs")
    require(-1 <= rest["guest"]["yield_to"] < number_of_cpus, "such CPUs")
    require(len(rest["waiting"]) == number_of_cpus, "such CPUs")
    require(all(n < count for waiting in rest["waiting"] for n in waiting["brought"]), "such blocks")
    require(of_host["clock"][0] < number_of_frames, "such a next frame")
    require(all(n < number_of_frames for n in of_host["clock"][1]), "such unused frames")
    require((turns["random"] is None) == (machine.schedule.snapshot()[2] is None), "such a schedule")  # type: ignore
    require(turns["random"] is None or len(turns["random"][1]) == 625, "such dice")
