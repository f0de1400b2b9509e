"""A trace as it can be run on any machine: what is there before, and what has to be there afterwards. docs/export.md

What the trace's `.expect` says has come true in a run here, or there is no case; so what has to be there afterwards is
what this run has left, but for what the trace leaves open and what an interruption may store.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from s390emu.architecture import assigned_storage as at
from s390emu.architecture.sizes import BLOCK_SIZE
from s390emu.isa.opcodes import VX
from s390emu.machine import Reason
from s390emu.tracing.execution import Execution, Options
from s390emu.tracing.expectations import ACC_F, RC, STORED, End, details, differences, is_open
from s390emu.tracing.machine_state import CC
from s390emu.tracing.prepare import missing
from s390emu.tracing.statements import CLASSES
from s390emu.tracing.trace import UNSAID, Statement, Trace

# The order of the new PSWs, and of the old ones, in storage.
ORDER = ("restart", "ext", "svc", "pgm", "mck", "io")
NEW_PSWS, PSWS_BYTES = int(at.RESTART_NEW), 96
HOLE, HOLE_BYTES = 0xE00, 256  # in the prefix area: the recorder's
MOST_BYTES = 1 << 24  # of a trace's storage: the runner lies above
CLOCKS = ("tod", "clock-comparator", "cpu-timer")
# Instructions that the host answers, or of which an answer depends on the machine.
HOSTS_OWN = re.compile(
    r"^[^#\n]*?\b(essa|diag|servc|iucv|stidp|stsi|stfle?|stap|stcke?|stckf|ptff|ecag)\b", re.MULTILINE
)
REGISTERS = (
    *(f"r{n}" for n in range(16)), *(f"cr{n}" for n in range(16)), *(f"ar{n}" for n in range(16)),
    *(f"f{n}" for n in range(16)),
)  # fmt: skip
REFERENCE = 4
FETCH_STORE, FETCH_OR_STORE = 75, 0xC00  # a facility, and its bits of a translation-exception identification
ILC = {"svc": int(at.SVC_ILC), "pgm": int(at.PGM_ILC)}  # words with an interruption code behind it
CODE, ILC_BITS = 0xFFFF << 32, 0x6 << 48  # in a doubleword that begins there


class Skip(NamedTuple):
    """A trace that cannot be run elsewhere, and why."""

    name: str
    reason: str


class Check(NamedTuple):
    """Of an interruption: the doubleword at this assigned location, as far as the mask has ones, has this value."""

    location: int
    mask: int
    value: int


class Taken(NamedTuple):
    """An interruption that has to be taken, by its place in ORDER."""

    kind: int
    checks: tuple[Check, ...]


class Registers(NamedTuple):
    """gr, cr, ar, fpr: of 16 each; vr: of 32; psw: mask and address, afterwards those of the interruption that ended
    the trace."""

    gr: tuple[int, ...]
    cr: tuple[int, ...]
    ar: tuple[int, ...]
    fpr: tuple[int, ...]
    vr: tuple[int, ...]
    fpc: int
    prefix: int
    psw: tuple[int, int]


class Case(NamedTuple):
    """pieces and final: (absolute address, bytes), zeros elsewhere. own_wait: where the PSW of a wait lies in which the
    trace ends by itself. open: (address, length) of what is not compared.
    facilities: which the machine must have. keys: before, by block; final_keys: (key, bits that count). mask: which
    bits of `after` count."""

    name: str
    ram: int
    facilities: tuple[int, ...]
    pieces: tuple[tuple[int, bytes], ...]
    own_wait: int | None
    keys: tuple[int, ...]
    before: Registers
    new_psws: bytes
    taken: tuple[Taken, ...]
    final: tuple[tuple[int, bytes], ...]
    open: tuple[tuple[int, int], ...]
    final_keys: tuple[tuple[int, int], ...]
    after: Registers
    mask: Registers


class NotPortable(Exception):
    """Why a trace is skipped."""


def case_of(trace: Trace, options: Options = Options()) -> Case | Skip:  # noqa: B008 (immutable)
    """Return what is to be run elsewhere, after a run here; or why it cannot be. Raises TraceError for a trace that no
    machine can be made for."""
    try:
        _refuse_what_only_we_have(trace, options)
        end = _run(trace, options)
        if found := differences(trace, end):
            raise NotPortable(f"fails here: {found[0].short}")
        _refuse_what_the_runner_changes(trace, options)
        return _case(trace, end)
    except NotPortable as error:
        return Skip(trace.name, str(error))


# --- what cannot be exported ------------------------------------------------------------------------------------------


def _refuse_what_only_we_have(trace: Trace, options: Options) -> None:
    if lacking := missing(trace, options.model):
        raise NotPortable(lacking)
    if trace.model.generation:
        raise NotPortable(f"is about a {trace.model.generation}: another machine may have what that has not")
    if trace.cpus.number > 1:
        raise NotPortable("has several CPUs, whose turns no other machine can be told")
    if trace.host:
        raise NotPortable("has host events")
    if trace.ram > MOST_BYTES:
        raise NotPortable(f"has more than {MOST_BYTES >> 20}M of storage")
    for statement in trace.init:
        if statement.subject == "page" and (statement.value.usage or statement.value.no_dat):
            raise NotPortable("begins with a page state that ESSA has set")
        if statement.subject in CLOCKS:
            raise NotPortable(f"depends on the clocks: {statement.subject}")
        if statement.subject in ("frames", "paging") or statement.name == "cpu0.stopped":
            raise NotPortable(f"is about this host: {statement.subject}")
    source = "\n".join(_text(trace))
    if found := HOSTS_OWN.search(source):
        raise NotPortable(f"has {found[1].upper()}, which every machine answers in its own way")


def _text(trace: Trace) -> Iterator[str]:
    """Yield the lines of `.text`."""
    inside = False
    for line in trace.lines:
        if line[:1] == "." and not line.startswith((".b", ".q", ".l", ".s", ".a")):
            inside = line.split()[0] == ".text"
        if inside:
            yield line


def _referenced(statement: Statement) -> Statement:
    """Return what `.init` says of a key, with R and C."""
    if statement.subject == "key":
        return statement._replace(value=statement.value | RC)
    page = statement.value
    return statement._replace(value=page._replace(key=(0 if page.key == UNSAID else page.key) | RC))


def _run(trace: Trace, options: Options) -> End:
    execution = Execution(trace, options)
    try:
        return execution.run()
    finally:
        execution.close()


def _refuse_what_the_runner_changes(trace: Trace, options: Options) -> None:
    """Run it once more as it will be there: with storage beyond `.ram`, and a prefix area that has been used."""
    prefix = next((s.value for s in trace.init if s.subject == "prefix"), 0)
    area = (prefix, prefix + BLOCK_SIZE)
    used = [Statement(0, "key", address, RC) for address in area]
    used += [_referenced(s) if s.subject in ("key", "page") and s.address in area else s for s in trace.init]
    larger = trace._replace(ram=2 * trace.ram, init=tuple(used))
    if differences(larger, _run(larger, options)):
        raise NotPortable("depends on where storage ends, or on R and C of the prefix area")


# --- a case -----------------------------------------------------------------------------------------------------------


def _case(trace: Trace, end: End) -> Case:
    before, after = end.before.registers[0], end.after.registers[0]
    prefix = before["prefix"]
    if after["prefix"] != prefix:
        raise NotPortable("changes its prefix, and with it its new PSWs")
    area = _bytes(end.before.contents, prefix, 2 * BLOCK_SIZE), _bytes(end.after.contents, prefix, 2 * BLOCK_SIZE)
    new_psws = slice(NEW_PSWS, NEW_PSWS + PSWS_BYTES)
    if area[0][new_psws] != area[1][new_psws]:
        raise NotPortable("changes its new PSWs")
    if any(content[HOLE : HOLE + HOLE_BYTES] != bytes(HOLE_BYTES) for content in area):
        raise NotPortable(f"uses the bytes from {HOLE:#x} to {HOLE + HOLE_BYTES - 1:#x} of its prefix area")
    own_wait = _own_wait(end, area[0][new_psws])
    implied = _implied(trace, end, prefix)
    return Case(
        trace.name, trace.ram, trace.model.facilities, tuple(_runs(end.before.contents)), own_wait,
        tuple(page.key for page in end.before.pages), _registers(before, before),
        area[0][new_psws], tuple(_taken(trace, end)), tuple(_runs(end.after.contents)),
        (*implied, *_open(trace), *([(own_wait, 16)] if own_wait is not None else [])),
        tuple(_keys(trace, end, prefix)), _registers(after, _ended(end)), _mask(trace, own_wait is not None),
    )  # fmt: skip


def _bytes(contents: dict[int, bytes | None], address: int, length: int) -> bytes:
    blocks = range(address // BLOCK_SIZE, (address + length) // BLOCK_SIZE)
    return b"".join(contents.get(number) or bytes(BLOCK_SIZE) for number in blocks)


def _runs(contents: dict[int, bytes | None]) -> Iterator[tuple[int, bytes]]:
    """Yield what is not zero: (address, bytes)."""
    for number, data in sorted(contents.items()):
        if data is None:
            raise NotPortable("loses a block")
        for match in re.finditer(rb"[^\0](?:.{0,30}[^\0])*", data, re.DOTALL):
            yield number * BLOCK_SIZE + match.start(), match[0]


def _own_wait(end: End, new_psws: bytes) -> int | None:
    """Return where the PSW lies by which a trace comes to a wait of its own; None if an interruption ends it."""
    if end.stop.reason is not Reason.DISABLED_WAIT:
        raise NotPortable(f"ends otherwise than in a disabled wait: {end.stop.reason.value}")
    psw = b"".join(half.to_bytes(8, "big") for half in end.cpus[0].psw)
    last = end.taken[-1] if end.taken else None
    if last is not None and new_psws[16 * ORDER.index(last.kind) :][:16] == psw:
        return None
    places = [
        number * BLOCK_SIZE + match.start()
        for number, data in end.before.contents.items()
        for match in re.finditer(re.escape(psw), data or b"")
        if match.start() % 8 == 0
    ]
    if len(places) != 1:
        raise NotPortable("ends in a wait whose PSW is not found in its storage")
    return places[0]


def _ended(end: End) -> dict[str, int]:
    mask, address = end.program_psw(0)
    return {"psw.mask": mask, "psw.ia": address}


def _registers(values: dict[str, int], psw: dict[str, int]) -> Registers:
    def of(letters: str) -> tuple[int, ...]:
        return tuple(values[f"{letters}{n}"] for n in range(16))

    mask = psw["psw.mask"] | (values["cc"] << 44 if psw is values else 0)
    vectors = (*(values[f"f{n}"] << 64 | values[f"v{n}l"] for n in range(16)),
               *(values[f"v{n}"] for n in range(16, 32)))  # fmt: skip
    return Registers(of("r"), of("cr"), of("ar"), of("f"), vectors, values["fpc"], values["prefix"],
                     (mask, psw["psw.ia"]))  # fmt: skip


def _mask(trace: Trace, own_wait: bool) -> Registers:
    """Return ones for what is compared. The PSW is the program's own where an interruption ended it."""

    def ones(letters: str, most: int) -> tuple[int, ...]:
        return tuple(0 if is_open(trace, 0, f"{letters}{n}") else most for n in range(16))

    every, word = (1 << 64) - 1, (1 << 32) - 1
    named = {statement.subject for statement in trace.expect}
    mask = 0 if own_wait or ("psw" in trace.open and not named & {"psw", "psw.mask"}) else every & ~CC
    if not own_wait and ("cc" in named or not is_open(trace, 0, "cc")):
        mask |= CC
    address = 0 if own_wait or "psw" in trace.open else every
    vectors: tuple[int, ...] = (0,) * 32
    if VX in trace.model.facilities:
        vectors = tuple(0 if is_open(trace, 0, f"v{n}") else every << 64 | every for n in range(32))
    return Registers(ones("r", every), ones("cr", every), ones("ar", word), ones("f", every), vectors,
                     0 if "fpc" in trace.open else word, every, (mask, address))  # fmt: skip


def _taken(trace: Trace, end: End) -> Iterator[Taken]:
    """Yield the interruptions that were taken: each with where it came from, and what the trace asks of it."""
    said = [statement for statement in trace.expect if statement.subject in CLASSES]
    for taken, statement in zip(end.taken, said, strict=True):
        kind = ORDER.index(taken.kind)
        checks = []
        if taken.kind in ILC:
            mask = CODE if taken.ilc == 0 else CODE | ILC_BITS  # 0: what was not fetched has no length
            checks.append(Check(ILC[taken.kind], mask, (taken.ilc << 49 | taken.code << 32) & mask))
        elif taken.kind == "ext":
            checks.append(Check(int(at.CPU_ADDRESS), CODE, taken.code << 32))
        checks.append(Check(int(at.RESTART_OLD) + 16 * kind + 8, (1 << 64) - 1, taken.old))
        told = FETCH_STORE in trace.model.facilities
        yield Taken(kind, (*checks, *_asked(statement, details(taken, end), told)))


def _asked(statement: Statement, facts: dict[str, int], told: bool) -> Iterator[Check]:
    """Yield what the trace asks of the assigned storage locations. told: whether the access was a fetch or a store, by
    facility 75; another machine may have it where the trace has not."""
    page, every = (1 << 64) - BLOCK_SIZE, (1 << 64) - 1
    where = {
        "address": (at.TEID, page, 0), "teid": (at.TEID, every if told else every & ~FETCH_OR_STORE, 0),
        "dxc": (at.DATA_EXCEPTION_CODE, 0xFFFFFFFF << 32, 32), "from": (at.CPU_ADDRESS, 0xFFFF << 48, 48),
    }  # fmt: skip
    if statement.subject == "ext":
        where["parameter"] = (at.EXTERNAL_PARAMETER, 0xFFFFFFFF << 32, 32)
    for name in statement.value:
        if name in where and statement.subject in ("pgm", "ext"):
            location, mask, shift = where[name]
            yield Check(int(location), mask, facts[name] << shift & mask)


def _implied(trace: Trace, end: End, prefix: int) -> Iterator[tuple[int, int]]:
    """Yield where the interruptions that were taken may store."""
    for kind in {taken.kind for taken in end.taken}:
        for real, length in STORED[kind]:
            yield prefix + int(real), length
    if "lowcore" in trace.open:
        yield prefix, 2 * BLOCK_SIZE


def _open(trace: Trace) -> Iterator[tuple[int, int]]:
    """Yield the storage that the trace leaves open, but for what it names there."""
    named = sorted((s.address, s.address + len(s.value)) for s in trace.expect if s.subject == "mem")
    for word in trace.open:
        kind, _, address = word.partition(" ")
        if kind == "mem":
            first, last = (int(address, 0), int(address, 0) + BLOCK_SIZE) if address else (0, trace.ram)
            inside = [(max(low, first), min(high, last)) for low, high in named if low < last and high > first]
            for (_, start), (stop, _) in pairwise([(first, first), *inside, (last, last)]):
                if stop > start:
                    yield start, stop - start


def _keys(trace: Trace, end: End, prefix: int) -> Iterator[tuple[int, int]]:
    """Yield of each block its key, and which bits of it count. A one of R is not compared where R was to be zero: the
    reference record need not be accurate (PoP ch. 3 "Reference Recording")."""
    own = {prefix // BLOCK_SIZE, prefix // BLOCK_SIZE + 1}
    own |= {n for address, data in trace.image
            for n in range(address // BLOCK_SIZE, (address + len(data) - 1) // BLOCK_SIZE + 1)}  # fmt: skip
    named = {s.address // BLOCK_SIZE for s in trace.expect if s.subject in ("key", "page")}
    for number, page in enumerate(end.after.pages):
        opened = {"key", f"key {number * BLOCK_SIZE:#x}"} & trace.open
        mask = 0 if opened else ACC_F | RC
        if number in own:
            mask &= ACC_F
        if number in named:
            mask = ACC_F | RC
        yield page.key, mask if page.key & REFERENCE else mask & ~REFERENCE


