"""A fresh machine in the state that a trace's `.model`, `.ram`, `.init` and `.text` describe."""

from __future__ import annotations

from typing import NamedTuple

from s390emu.architecture import assigned_storage as at
from s390emu.architecture import models
from s390emu.architecture.page_states import NAMES, ZERO
from s390emu.architecture.sizes import BLOCK_SIZE
from s390emu.assembler.errors import Complaint, Position
from s390emu.engine.handlers import available, lacking, on_request
from s390emu.host.host import Host
from s390emu.host.limit import FEWEST_FRAMES
from s390emu.host.paging_device import PagingDevice, PagingError
from s390emu.host.statistics import Statistics
from s390emu.machine import CPU, NO_TRANSLATE, START_MASK, Machine, Schedule
from s390emu.records.cpu import OPERATING, STOPPED_STATE
from s390emu.tracing.trace import UNSAID, Cpus, Page, Statement, Trace, TraceError

DEFAULT_LIMIT = 100_000
# Where `.text` and `.init` leave a new PSW zero, the runner puts a disabled wait there, whose code is the real address
# of the old PSW of that class: a trace may end with an interruption.
NEW_PSWS = {"restart": int(at.RESTART_NEW), "ext": int(at.EXTERNAL_NEW), "svc": int(at.SVC_NEW),
            "pgm": int(at.PGM_NEW), "mck": int(at.MCK_NEW), "io": int(at.IO_NEW)}  # fmt: skip
END_CODES = {"restart": int(at.RESTART_OLD), "ext": int(at.EXTERNAL_OLD), "svc": int(at.SVC_OLD),
             "pgm": int(at.PGM_OLD), "mck": int(at.MCK_OLD), "io": int(at.IO_OLD)}  # fmt: skip
DISABLED_WAIT_MASK = START_MASK | 1 << 49


class Settings(NamedTuple):
    """What `.init` says of the machine and its host rather than of the guest's state."""

    frames: int | None = None
    paging: int | None = None  # slots; 0: no paging device; None: enough
    seed: int = 0
    tod: int = 0
    limit: int = DEFAULT_LIMIT
    tlb: bool = True
    unused_access: str = "discarded"
    discard_keys: str = "zero"


def settings_of(trace: Trace) -> Settings:
    settings = Settings()
    for statement in trace.init:
        if statement.subject == "policy":
            settings = settings._replace(**statement.value)
        elif statement.subject in Settings._fields:
            settings = settings._replace(**{statement.subject: statement.value})
    return settings


def missing(trace: Trace, model: str = models.MAX) -> str:
    """What the trace needs and this emulator lacks, or the model on which it is to run; or nothing."""
    here = available() | {NO_TRANSLATE}
    absent = [str(bit) for bit in trace.model.facilities if bit not in here]
    if absent:
        return f"facility {', '.join(absent)} is not implemented"
    model = trace.model.generation or model
    if trace.model.cmma and not models.has(model, models.CMM):
        return f"a {model} has no ESSA"
    needed = {*trace.model.facilities, *([NO_TRANSLATE] if trace.model.no_dat else [])}
    beyond = [str(bit) for bit in sorted(needed) if not models.has(model, bit)]
    if beyond:
        return f"a {model} has no facility {', '.join(beyond)}"
    return next(filter(None, map(lacking, trace.model.facilities)), "")


def prepare(trace: Trace, *, tlb: bool = True, model: str = models.MAX) -> Machine:
    """The machine, ready to run. model: of which one, where the trace does not say. Raises TraceError for what only the
    machine can refuse."""
    settings = settings_of(trace)
    extra = [bit for bit in trace.model.facilities if bit in on_request()]
    no_dat = trace.model.no_dat or NO_TRANSLATE in trace.model.facilities
    blocks = trace.ram // BLOCK_SIZE
    try:
        paging = None if settings.paging == 0 else PagingDevice(slots=settings.paging or blocks)
        host = Host(
            max(blocks, FEWEST_FRAMES) if settings.frames is None else settings.frames,
            paging,
            seed=settings.seed,
            unused_access=settings.unused_access,
            discard_keys=settings.discard_keys,
        )
        machine = Machine(
            trace.ram,
            cpus=trace.cpus.number,
            schedule=_schedule(trace.cpus),
            host=host,
            model=trace.model.generation or model,
            essa=trace.model.cmma,
            no_dat=no_dat,
            extra=extra,
            tlb=tlb and settings.tlb,
            tod_epoch=settings.tod,
        )
    except MemoryError:
        raise _error(trace, None, ValueError("this computer has not the storage that the trace asks for")) from None
    except (ValueError, PagingError) as error:
        raise _error(trace, next((s for s in trace.init if s.subject in ("frames", "paging")), None), error) from error
    for address, data in trace.image:
        machine.write(address, data)
    for statement in trace.init:
        if statement.subject == "mem":
            machine.write(statement.address, statement.value)
    for cpu in machine.cpus:
        _registers(machine, cpu, trace)
        _default_new_psws(machine, cpu, trace)
    for statement in trace.init:
        try:
            if statement.subject == "page":
                _page(machine, statement.address // BLOCK_SIZE, statement.value)
            elif statement.subject == "key":
                machine.set_block(statement.address, key=statement.value)
        except (ValueError, PagingError) as error:
            raise _error(trace, statement, error) from error
    host.guests[machine.guest_number].statistics = Statistics()
    return machine


def _schedule(cpus: Cpus) -> Schedule:
    return Schedule(cpus.number, seed=cpus.seed, **({"quantum": cpus.quantum} if cpus.quantum else {}))


def _error(trace: Trace, statement: Statement | None, error: Exception) -> TraceError:
    line = statement.line if statement else 1
    position = Position(trace.filename, line, trace.lines[line - 1])
    return TraceError([Complaint(position, None, str(error))])


def _page(machine: Machine, number: int, page: Page) -> None:
    """Bring a block, stable so far, into this state."""
    host, guest = machine.host, machine.guest_number
    if page.content == ZERO and any(host.peek(guest, number)):
        raise ValueError(f"{number * BLOCK_SIZE:#x} is to be zero, but .text or mem puts something there")
    key = None if page.key == UNSAID else page.key
    host.set_block(guest, number, NAMES[page.state], key=key, no_dat=page.no_dat)


def _set_vector(cpu, number: int, value: int) -> None:
    """Set all 128 bits of a vector register."""
    left, cpu.vr_right[number] = divmod(value, 1 << 64)
    if number < 16:
        cpu.fpr[number] = left
    else:
        cpu.vr_left[number - 16] = left


def _registers(machine: Machine, of: CPU, trace: Trace) -> None:
    """Set what `.init` says of this CPU. All begin with the same PSW mask, but only the first one at the entry."""
    cpu = of.record
    said = [statement for statement in trace.init if statement.cpu == of.number]
    mask, address = START_MASK, trace.program.entry if of.number == 0 else 0
    for statement in said:
        name, value = statement.subject, statement.value
        if name == "psw":
            mask, address = value["mask"], value.get("addr", address)
        elif name == "prefix":
            if value % (2 * BLOCK_SIZE) or value + 2 * BLOCK_SIZE > trace.ram:
                raise _error(trace, statement, ValueError("the prefix is a multiple of 8K within storage"))
            cpu.prefix = value
        elif name == "fpc":
            cpu.fpc = value
        elif name == "clock-comparator":
            cpu.clock_comparator = value
        elif name == "cpu-timer":
            cpu.timer_zero = (machine.tod_epoch + value) % (1 << 64)
        elif name == "stopped":
            cpu.stopped = STOPPED_STATE if value else OPERATING
        elif name[-1].isdigit():
            letters = name.rstrip("0123456789")
            number = int(name[len(letters) :])
            if letters == "v":
                _set_vector(cpu, number, value)
            else:
                {"r": cpu.gr, "cr": cpu.cr, "ar": cpu.ar, "f": cpu.fpr}[letters][number] = value
    single = {statement.subject: statement.value for statement in said}
    mask, address = single.get("psw.mask", mask), single.get("psw.ia", address)
    if "cc" in single:
        mask = mask & ~(3 << 44) | single["cc"] << 44
    of.set_psw(mask, address)


def _default_new_psws(machine: Machine, cpu: CPU, trace: Trace) -> None:
    prefix = int(cpu.record.prefix)
    gone = any(s.subject == "page" and s.address == prefix and s.value.content == ZERO for s in trace.init)
    for name, location in NEW_PSWS.items():
        address = prefix + location
        if not gone and not any(machine.read(address, 16)):
            wait = DISABLED_WAIT_MASK.to_bytes(8, "big") + END_CODES[name].to_bytes(8, "big")
            machine.write(address, wait)
