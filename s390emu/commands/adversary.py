"""`--adversary` of demo and run: search a guest for data that a host could make it lose, and keep what is found."""

from __future__ import annotations

import argparse
import base64
import json
import os
import shutil
import sys
import tempfile
import zlib
from collections.abc import Callable
from contextlib import suppress
from hashlib import file_digest, sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from s390emu.assembler.assemble import Program
from s390emu.cli import ENDED, FAILED, INTERRUPTED, Parser, UsageError
from s390emu.commands.compilation import show
from s390emu.commands.inputs import build, labels, load, machine_arguments, number, positive, sanitizer
from s390emu.commands.replay import HOST_EVENTS, SCHEMA, emulator_version
from s390emu.guests.toy_kernel import build as build_kernel
from s390emu.guests.toy_kernel import description

if TYPE_CHECKING:
    from s390emu.adversary.exploration import Bug, Expected

ACTIONS = ("discard", "reclaim", "all")


def adversary_arguments(parser, *, told: bool = True) -> None:
    """told: each option has its line in the help; else one line says where they are."""

    def line(text: str) -> str:
        return text if told else argparse.SUPPRESS

    modes = "a host that takes blocks: exhaustive, literal or random:SEED"
    more = "" if told else "; more: s390emu demo --help"
    parser.add_argument("--adversary", type=_mode, metavar="MODE", help=modes + more)
    kinds = line("what it does: " + ", ".join(ACTIONS))
    parser.add_argument("--adversary-actions", choices=ACTIONS, metavar="KIND", help=kinds)
    parser.add_argument("--points", type=positive, metavar="N", help=line("that the adversary tries, at most"))
    processes = line("processes of the adversary (one for each CPU)")
    parser.add_argument("--jobs", type=positive, metavar="J", help=processes)


def without_adversary(args) -> None:
    """Its options alone do nothing."""
    for name in ("adversary_actions", "points", "jobs"):
        if getattr(args, name) is not None:
            raise UsageError(f"--{name.replace('_', '-')} {getattr(args, name)}: give --adversary MODE too")


def _mode(text: str) -> tuple[str, int | None]:
    mode, colon, seed = text.partition(":")
    if mode == "random" and seed:
        return mode, number(seed)
    if mode in ("exhaustive", "literal") and not colon:
        return mode, None
    raise argparse.ArgumentTypeError(f"{text!r}: write exhaustive, literal or random:SEED")


def machine_options(args) -> dict[str, Any]:
    """What `machine_arguments` have come to: for a replay file."""
    known = Parser(prog="s390emu run")
    machine_arguments(known)
    names = vars(known.parse_args([]))
    return {name: value for name, value in vars(args).items() if name in names}


def search(args, guest: Program, source: dict) -> int:
    """Let the adversary loose on the guest. source: what a replay file says of the program."""
    from s390emu.adversary.moves import KINDS
    from s390emu.adversary.search import UNDISTURBED_LIMIT, CannotSearch, Plan, Search
    from s390emu.reports.adversary import as_dict, lines

    mode, seed = args.adversary
    paged = args.paging != "none"
    actions = args.adversary_actions or ("all" if mode == "random" and paged else "discard")
    if actions != "discard" and not paged:
        raise UsageError(f"--adversary-actions {actions}: a host without a paging device can only discard")
    if mode == "exhaustive" and actions != "discard" and args.service != "none":
        raise UsageError(
            f"--adversary-actions {actions} --service {args.service}: where paging takes time it matters when a block "
            "is paged out; leave out --service, or use --adversary literal"
        )
    jobs = args.jobs or len(os.sched_getaffinity(0))
    limit = getattr(args, "limit", None) or UNDISTURBED_LIMIT
    plan = Plan(mode, KINDS[actions], args.seed if seed is None else seed, args.points, jobs, limit)
    symbols = labels(guest)
    progress = Progress(args.json)
    try:
        found = Search(maker(args, guest), plan, progress.tell).run()
    except CannotSearch as error:
        raise UsageError(str(error)) from error
    finally:
        progress.close()
    path = keep(found.bug, found.expected, machine_options(args), source) if found.bug else None
    if args.json:
        told = {"schema": "s390emu.adversary/1"} | as_dict(found, symbols) | {"replay": str(path) if path else None}
        print(json.dumps(told, indent=1))
    else:
        print(f"adversary: {mode}")
        print("\n".join(lines(found, symbols)))
        if path:
            print(f"replay file: {path}; it repeats that run: s390emu run --replay {path}")
    if found.bug:
        return FAILED
    return INTERRUPTED if found.interrupted else ENDED


def maker(args, guest: Program) -> Callable:
    def make():
        machine = build_apart(args, guest)
        load(machine, guest)
        return machine

    return make


def build_apart(args, guest=None):
    """As `build`, but what the guest writes on its disks stays in copies that nobody else sees."""
    with tempfile.TemporaryDirectory(prefix="s390emu-") as folder:
        apart = argparse.Namespace(**vars(args))
        apart.disk = []
        for number, (path, read_only) in enumerate(args.disk):
            if not read_only:
                path = shutil.copyfile(path, Path(folder) / str(number))
            apart.disk.append((path, read_only))
        return build(apart, guest)  # the disks are open now: their names are not needed any more


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
    """Of the assembled program as it is loaded."""
    total = sha256()
    for address, data in guest.image():
        total.update(f"{address:x}:{len(data):x}:".encode() + data)
    return total.hexdigest()


def disk_digests(options: dict[str, Any]) -> list[str]:
    """Of the disks, as they are before the guest writes."""
    found = []
    for path, _ in options["disk"]:
        with open(path, "rb") as file:
            found.append(file_digest(file, "sha256").hexdigest())
    return found


def packed(value: Any) -> str:
    return base64.b64encode(zlib.compress(json.dumps(value).encode(), 9)).decode()


def unpacked(text: str) -> Any:
    return json.loads(zlib.decompress(base64.b64decode(text)))


def firmware_source(guest: Program, tunables: dict[str, int]) -> dict:
    """The toy kernel: everybody has its sources."""
    return {"firmware": "kernel", "tunables": tunables, "digest": digest(guest)}


def program_source(guest: Program) -> dict:
    """Any other program: the image itself, its symbols, and which of them are labels."""
    image = [[address, base64.b64encode(data).decode()] for address, data in guest.image()]
    content = {"image": image, "entry": guest.entry, "symbols": guest.symbols, "labels": list(labels(guest))}
    return {"packed": packed(content)}


def keep(bug: Bug, expected: Expected, options: dict[str, Any], source: dict) -> Path | None:
    """Write the replay file of a bug into the current folder or the temporary one: -> where it is; None: it cannot be
    written. The same bug has the same name."""
    content = {
        "schema": SCHEMA,
        "kind": HOST_EVENTS,
        "version": emulator_version(),
        "fault": bug.fault,
        "program": source,
        "machine": options,
        "disks": disk_digests(options),
        "events": [list(move) for move in bug.moves],
        "expected": {"exit_code": expected.exit_code, "lines": expected.lines, "count": expected.count},
        "run": {"reason": str(bug.stop.reason), "psw": [bug.stop.psw_mask, bug.stop.psw_ia], "count": bug.stop.count,
                "console": sha256(bug.console.encode()).hexdigest()},
    }  # fmt: skip
    text = json.dumps(content, indent=1)
    for folder in (Path(), Path(tempfile.gettempdir())):
        path = folder / f"adversary-{sha256(text.encode()).hexdigest()[:8]}.replay.json"
        try:
            path.write_text(text + "\n")
            return path
        except OSError as error:
            print(f"s390emu: the replay file {path} cannot be written: {error.strerror}", file=sys.stderr)
            with suppress(OSError):
                path.unlink()  # half of it
    return None


def replay_host_events(path: Path, content: dict[str, Any], args) -> int:
    """Repeat the run, and say whether it came to the same: 1 if it is wrong still, 0 if it has become right."""
    from s390emu.adversary.exploration import Expected, repeat
    from s390emu.adversary.moves import VERBS, Move
    from s390emu.commands.run import conclude, tracing
    from s390emu.host.paging_device import PagingError

    try:
        program, recorded, wanted = content["program"], content["run"], content["expected"]
        moves = [Move(int(count), str(verb), int(block)) for count, verb, block in content["events"]]
        if unknown := [move.verb for move in moves if move.verb not in VERBS]:
            raise ValueError(f"no host does {unknown[0]!r}")
        expected = Expected(wanted["exit_code"], tuple(wanted["lines"]), int(wanted["count"]))
        machine, guest, symbols = _prepared(path, program, content["machine"], content["disks"])
        ended = (recorded["reason"], recorded["psw"], recorded["count"], recorded["console"])
    except (KeyError, TypeError, ValueError, AttributeError, zlib.error, IndexError) as error:
        raise UsageError(f"{path}: not a replay file of this version: {type(error).__name__}: {error}") from error
    if "firmware" in program and args.sanitize and not args.sanitize_guest:
        args.sanitize_guest = description()
    watcher = sanitizer(args, machine, guest)
    machine.host.consoles[machine.guest_number].live = None if args.json else show
    with tracing(args, machine, symbols) as run:
        try:
            stop = repeat(machine, moves, expected.limit(len(moves)), run)
        except (ValueError, PagingError) as error:
            raise UsageError(f"{path}: the host cannot do what it did: {error}") from error
    conclude(args, machine, stop, symbols, watcher)
    fault = expected.fault_of(machine, stop)
    console = sha256(machine.console.encode()).hexdigest()
    exactly = (str(stop.reason), [stop.psw_mask, stop.psw_ia], stop.count, console) == ended
    print(f"s390emu: {len(moves)} moves of the host repeated: {fault or 'nothing is wrong'}", file=sys.stderr)
    print(f"s390emu: {'exactly' if exactly else 'NOT'} the run that was recorded", file=sys.stderr)
    return FAILED if fault or (watcher and watcher.counts) else ENDED


def _prepared(path: Path, program: dict[str, Any], options: dict[str, Any], disks: list[str]):
    """-> the machine with the guest in it, the guest, and its labels."""
    known = Parser(prog="s390emu run")
    machine_arguments(known)
    args = known.parse_args([])
    for name, value in options.items():
        setattr(args, name, value)
    if disk_digests(vars(args)) != disks:
        names = ", ".join(name for name, _ in args.disk)
        raise UsageError(f"{path}: {names}: not the content that the disks had; put it back, or search again")
    if "firmware" in program:
        guest = build_kernel(**program["tunables"])
        if digest(guest) != program["digest"]:
            raise UsageError(
                f"{path}: made with another version of the firmware than this one; take the version of s390emu that it "
                "was made with, or search again"
            )
        machine = build_apart(args, guest)
        load(machine, guest)
        return machine, guest, labels(guest)
    from s390emu.machine import START_MASK

    content = unpacked(program["packed"])
    symbols = {str(name): int(value) for name, value in content["symbols"].items()}
    machine = build_apart(args)
    for address, data in content["image"]:
        machine.write(address, base64.b64decode(data))
    machine.set_psw(START_MASK, content["entry"])
    guest = Program([], symbols, [], content["entry"])
    return machine, guest, {name: symbols[name] for name in content["labels"]}
