"""`--adversary`: search a guest for data that a host could make it lose, and keep what is found."""

from __future__ import annotations

import base64
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from hashlib import file_digest, sha256
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

from s390emu.assembler.assemble import Program, Section
from s390emu.commands.compilation import show
from s390emu.commands.conclusion import conclude
from s390emu.commands.json_output import json_text
from s390emu.commands.machines import build, load, sanitizer
from s390emu.commands.options.adversary import AdversaryOptions
from s390emu.commands.options.machine import QUANTUM, MachineOptions, machine_arguments
from s390emu.commands.options.run import RunOptions
from s390emu.commands.programs import labels
from s390emu.commands.replay_file import (
    HOST_EVENTS,
    LARGEST_INPUT,
    PACKED,
    SCHEMA,
    decoded,
    emulator_version,
    packed,
    unpacked,
)
from s390emu.commands.usage import ENDED, FAILED, INTERRUPTED, Parser, UsageError
from s390emu.guests.toy_kernel import TUNABLES, description
from s390emu.guests.toy_kernel import build as build_kernel
from s390emu.input_files import FileError, as_text, json_value, read, replace_file
from s390emu.shapes import YES_OR_NO, Either, MapOf, OneOf, Text, Whole, check

if TYPE_CHECKING:
    from s390emu.adversary.exploration import Bug, Expected
    from s390emu.machine import Machine, Reason, Stop
    from s390emu.recording import RunRecorder

BEGINS_LIMIT = 5_000_000_000  # instructions to where the adversary begins; Linux needs a billion


def search(options: AdversaryOptions, on: MachineOptions, guest: Program, source: dict[str, Any], *,
           begins: str = "", ends: Sequence[Reason] = (), limit: int | None = None,
           as_json: bool) -> int:  # fmt: skip
    """Let the adversary loose on the guest. source: what a replay file says of the program. begins: what the console
    has where the adversary begins, by default; ends: reasons to end well, besides a disabled wait with code 0."""
    from s390emu.adversary.moves import KINDS
    from s390emu.adversary.search import PATIENCE, UNDISTURBED_LIMIT, CannotSearch, Plan, Search
    from s390emu.reports.adversary import as_dict, lines

    assert options.adversary is not None
    mode, seed = options.adversary
    verbs = KINDS[options.actions(on)]
    preemptions, discards = options.bounds(on)
    if on.cpus > 1 and mode != "random":
        quantum = PATIENCE if on.quantum == QUANTUM else on.quantum
        on = on._replace(quantum=quantum, tlb="off")  # as the replay file will say
    jobs = options.jobs or len(os.sched_getaffinity(0))
    seed = on.seed if seed is None else seed
    most = limit or UNDISTURBED_LIMIT
    plan = Plan(mode, verbs, seed, options.points, jobs, most, preemptions, discards, tuple(ends))
    symbols = labels(guest)
    progress = Progress(as_json)
    try:
        found = Search(maker(on, guest, options.begins(begins), limit or BEGINS_LIMIT), plan, progress.tell).run()
    except CannotSearch as error:
        raise UsageError(str(error)) from error
    finally:
        progress.close()
    path = keep(found.bug, found.expected, on, source) if found.bug else None
    if as_json:
        told = {"schema": "s390emu.adversary/1"} | as_dict(found, symbols) | {"replay": str(path) if path else None}
        print(json_text(told))
    else:
        print(f"adversary: {mode}")
        print("\n".join(lines(found, symbols)))
        if path:
            print(f"replay file: {path}; it repeats that run: s390emu run --replay {path}")
    if found.bug:
        return FAILED
    return INTERRUPTED if found.interrupted else ENDED


def maker(options: MachineOptions, guest: Program, begins: str, limit: int) -> Callable[[], Machine]:
    """Return what makes a machine with the guest in it, at its start or where the console has a text (after so many
    instructions at most), as often as it is called."""

    def make() -> Machine:
        machine = build_apart(options, guest)
        load(machine, guest)
        if begins:
            _begin(machine, begins, limit)
        return machine

    return make


def _begin(machine: Machine, text: str, limit: int) -> None:
    """Run until the guest has written a text."""
    from s390emu.machine import Reason

    machine.host.guests[machine.guest_number].console.await_text(text)
    stop = machine.run(limit)
    if stop.reason is not Reason.CONSOLE_TEXT:
        told = f"{stop.reason} after {stop.count:,} instructions, and {text!r} was never written"
        raise UsageError(f"--adversary: {told}; give --adversary-from TEXT")


def build_apart(options: MachineOptions, guest: Program | None = None) -> Machine:
    """Build a machine that keeps what the guest writes on its disks in copies that nobody else sees."""
    with tempfile.TemporaryDirectory(prefix="s390emu-") as folder:
        disks: list[tuple[str | Path, bool]] = []
        for number, (path, read_only) in enumerate(options.disk):
            if not read_only:
                path = shutil.copyfile(path, Path(folder) / str(number))
            disks.append((path, read_only))
        return build(options._replace(disk=tuple(disks)), guest)  # the disks are open now: their names are not needed


class Progress:
    """A bar on stderr, if that is a terminal."""

    def __init__(self, silent: bool):
        self.bar: Any = None
        self.wanted = sys.stderr.isatty() and not silent

    def tell(self, tried: int, planned: int) -> None:
        if self.wanted and self.bar is None:
            from tqdm import tqdm

            tqdm.monitor_interval = 0  # no thread beside us
            self.bar = tqdm(total=planned, unit=" points", smoothing=0.1, leave=False)
        if self.bar is not None:
            self.bar.total = planned
            self.bar.update(tried)

    def close(self) -> None:
        if self.bar is not None:
            self.bar.close()


# --- replay files -----------------------------------------------------------------------------------------------------


def digest(guest: Program) -> str:
    """Return a digest of the assembled program as it is loaded."""
    total = sha256()
    for address, data in guest.image():
        total.update(f"{address:x}:{len(data):x}:".encode() + data)
    return total.hexdigest()


def disk_digests(paths: Iterable[str | Path]) -> list[str]:
    """Return digests of the disks as they are before the guest writes."""
    found = []
    for path in paths:
        with open(path, "rb") as file:
            found.append(file_digest(file, "sha256").hexdigest())
    return found


def disk_contents(paths: Iterable[str | Path]) -> list[str | None]:
    """Return the disks themselves, packed; None for one that is too large: whoever replays must have it."""
    contents: list[str | None] = []
    for path in paths:
        try:
            contents.append(packed(read(path, LARGEST_INPUT)))
        except (OSError, FileError):
            contents.append(None)
    return contents


def firmware_source(guest: Program, tunables: dict[str, int]) -> dict:
    """Return what a replay file says of the toy kernel, whose sources everybody has."""
    return {"firmware": "kernel", "tunables": tunables, "digest": digest(guest)}


def program_source(guest: Program) -> dict:
    """Return what a replay file says of any other program: image, symbols, and which of them are labels."""
    image = [[address, base64.b64encode(data).decode()] for address, data in guest.image()]
    content = {"image": image, "entry": guest.entry, "symbols": guest.symbols, "labels": list(labels(guest))}
    return {"packed": packed(json.dumps(content).encode())}


def keep(bug: Bug, expected: Expected, options: MachineOptions, source: dict[str, Any]) -> Path | None:
    """Write the replay file of a bug into the current folder or the temporary one and return where it is; None: it
    cannot be written. The same bug has the same name."""
    disks = [path for path, _ in options.disk]
    content = {
        "schema": SCHEMA,
        "kind": HOST_EVENTS,
        "version": emulator_version(),
        "fault": bug.fault,
        "program": source,
        "machine": options._asdict(),
        "disks": disk_digests(disks),
        "disk_contents": disk_contents(disks),
        "moves": [list(move) for move in bug.moves],
        "expected": {"exit_code": expected.exit_code, "lines": expected.lines, "count": expected.count,
                     "reason": expected.reason, "start": expected.start},
        "run": {"reason": str(bug.stop.reason), "psw": [bug.stop.psw_mask, bug.stop.psw_ia], "count": bug.stop.count,
                "console": sha256(bug.console.encode()).hexdigest()},
    }  # fmt: skip
    text = json.dumps(content, indent=1)
    for folder in (Path(), Path(tempfile.gettempdir())):
        path = folder / f"adversary-{sha256(text.encode()).hexdigest()[:8]}.replay.json"
        try:
            replace_file(path, text + "\n")
            return path
        except OSError as error:
            print(f"s390emu: the replay file {path} cannot be written: {error.strerror}", file=sys.stderr)
    return None


def shape() -> dict[str, Any]:
    """Return the shape of a replay file of this kind."""
    from s390emu.adversary.moves import VERBS

    signed = Whole(-(1 << 63))
    program = {"packed": PACKED}
    firmware = {"firmware": OneOf("kernel"), "tunables": MapOf(OneOf(*TUNABLES), signed), "digest": Text(64)}
    return {
        "schema": OneOf(SCHEMA), "kind": OneOf(HOST_EVENTS), "version": Text(), "fault": Text(),
        "program": Either(program, firmware), "machine": machine_shape(), "disks": [Text(64)],
        "disk_contents?": [Either(PACKED)], "moves": [(Whole(), OneOf(*VERBS), Whole())],
        "expected": {"exit_code": Either(Whole()), "lines": [Text()], "count": Whole(), "reason?": Text(),
                     "start?": Whole()},
        "run": {"reason": Text(), "psw": (Whole(), Whole()), "count": Whole(), "console": Text(64)},
    }  # fmt: skip


def machine_shape() -> dict[str, Any]:
    """Return the shape of MachineOptions in a file: of each option what its parser would take."""
    known = Parser(prog="s390emu run")
    machine_arguments(known)
    shapes: dict[str, Any] = {"disk?": [(Text(), YES_OR_NO)], "paging?": Text()}
    for action in known._actions[1:]:  # without --help
        of_choices = OneOf(*action.choices) if action.choices else Whole(-(1 << 128), 1 << 128)
        one: Any = YES_OR_NO if action.nargs == 0 else of_choices
        if isinstance(action.default, list):  # of an option that may be given several times
            one = [one]
        shapes.setdefault(f"{action.dest}?", one if action.default is not None else Either(one))
    return shapes


IMAGE_SHAPE = {
    "image": [(Whole(), PACKED)], "entry": Whole(), "symbols": MapOf(Text(), Whole(-(1 << 63))), "labels": [Text()],
}  # fmt: skip


def replay_host_events(
    path: Path, content: dict[str, Any], options: RunOptions,
    record: Callable[..., AbstractContextManager[RunRecorder | None]],
) -> int:  # fmt: skip
    """Repeat the run, and say whether it came to the same: 1 if it is wrong still, 0 if it has become right. record:
    `recordings.recorded`."""
    from s390emu import inputs
    from s390emu.adversary.exploration import Expected, repeat
    from s390emu.adversary.moves import Move
    from s390emu.commands.trace_log import tracing

    check(content, shape(), str(path))
    program, recorded, wanted = content["program"], content["run"], content["expected"]
    moves = [Move(*move) for move in content["moves"]]
    expected = Expected(**wanted | {"lines": tuple(wanted["lines"])})
    on = MachineOptions(**content["machine"])
    options.record.check(on, options.adversary)
    machine, guest, symbols = _prepared(path, content, options.machine)
    ended = (recorded["reason"], recorded["psw"], recorded["count"], recorded["console"])
    watched = options.sanitizer
    if "firmware" in program:
        watched = watched.described_by(description())
    watcher = sanitizer(watched, machine, guest.symbols)
    machine.host.guests[machine.guest_number].console.live = None if options.json else show
    with (
        record(options.record, machine, on, "run", symbols) as recorder,
        tracing(options.trace, machine, symbols) as looking_on,
    ):
        run = recorder.through(looking_on) if recorder else looking_on
        try:
            stop = repeat(machine, moves, expected.limit(len(moves)), _within(run, options.limits.timeout))
        except (inputs.Refused, IndexError) as error:
            raise UsageError(f"{path}: the host cannot do what it did: {error}") from error
    conclude(machine, stop, symbols, watcher, as_json=options.json)
    fault = expected.fault_of(machine, stop)
    console = sha256(machine.console.encode()).hexdigest()
    exactly = (str(stop.reason), [stop.psw_mask, stop.psw_ia], stop.count, console) == ended
    print(f"s390emu: {len(moves)} moves repeated: {fault or 'nothing is wrong'}", file=sys.stderr)
    print(f"s390emu: {'exactly' if exactly else 'NOT'} the run that was recorded", file=sys.stderr)
    return FAILED if fault or (watcher and watcher.counts) else ENDED


def _within(run: Callable, timeout: float | None) -> Callable[[int], Stop]:
    """Return a run(limit) that gives all its calls so many seconds together."""
    end = None if timeout is None else monotonic() + timeout
    return lambda limit: run(limit, None if end is None else max(0.0, end - monotonic()))


def _prepared(
    path: Path, content: dict[str, Any], given: MachineOptions
) -> tuple[Machine, Program, Mapping[str, int]]:
    """Return the machine with the guest in it, the guest, and its labels. given: the options of whoever replays."""
    options = MachineOptions(**content["machine"])
    if options.paged and not given.paged:
        raise UsageError(f"{path}: the run had a paging device; leave out --paging none")
    if options.paged:  # its folder is that of whoever replays
        options = options._replace(paging=given.paging)
    program = content["program"]
    with tempfile.TemporaryDirectory(prefix="s390emu-") as folder:
        disks = _disks(path, content, [Path(name) for name, _ in given.disk], Path(folder))
        options = options._replace(disk=tuple(disks))
        if "firmware" in program:
            guest = build_kernel(**program["tunables"])
            if digest(guest) != program["digest"]:
                raise UsageError(
                    f"{path}: made with another version of the firmware than this one; take the version of s390emu "
                    "that it was made with, or search again"
                )
            machine = build_apart(options, guest)
            load(machine, guest)
            return machine, guest, labels(guest)
        image = json_value(as_text(unpacked(program["packed"], f"{path}: program"), path), f"{path}: program")
        check(image, IMAGE_SHAPE, f"{path}: program")
        symbols = image["symbols"]
        if unknown := [name for name in image["labels"] if name not in symbols]:
            raise UsageError(f"{path}: program.labels: there is no symbol {unknown[0]!a}")
        sections = [Section("", address, decoded(data, f"{path}: program")) for address, data in image["image"]]
        guest = Program(sections, symbols, [], image["entry"])
        machine = build_apart(options, guest)
        load(machine, guest)
        return machine, guest, {name: symbols[name] for name in image["labels"]}


def _disks(path: Path, content: dict[str, Any], given: list[Path], folder: Path) -> list[tuple[str | Path, bool]]:
    """Return the disks of the run: those that whoever replays has given, or else those in the file. None by its name
    there."""
    named = content["machine"].get("disk", [])
    packed_disks = content.get("disk_contents", [None] * len(named))
    names = ", ".join(ascii(name)[1:-1] for name, _ in named)
    if not len(named) == len(content["disks"]) == len(packed_disks):
        raise UsageError(f"{path}: not a replay file of this version: its disks are {len(named)} and others")
    if not given and None in packed_disks:
        raise UsageError(f"{path}: its disks ({names}) are not in it; give a --disk FILE for each, in this order")
    if not given:
        for number, text in enumerate(packed_disks):
            given.append(folder / f"disk-{number}")
            given[-1].write_bytes(unpacked(text, f"{path}: disk {number}"))
    if disk_digests(given) != content["disks"]:
        raise UsageError(f"{path}: {names}: not the content that the disks had; put it back, or search again")
    return [(file, read_only) for file, (_, read_only) in zip(given, named, strict=True)]
