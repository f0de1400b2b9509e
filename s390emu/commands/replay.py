"""Replay files: what it takes to repeat a command that met an internal error.

A replay file is a bug report, perhaps a stranger's. It says which command with which options, and has the content of
all files that the command read. A replay reads nothing else, and writes into a temporary folder that is removed again:
`REPLAYED` says of every option whether a file may give it. docs/inputs.md.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import sys
import tempfile
import traceback
from collections.abc import Iterable, Iterator
from contextlib import chdir, suppress
from pathlib import Path
from typing import Any, NamedTuple

from s390emu.commands import registry
from s390emu.commands.options.run import RunOptions
from s390emu.commands.replay_file import (
    HOST_EVENTS,
    LARGEST_INPUT,
    MOST_UNPACKED,
    PACKED,
    SCHEMA,
    decoded,
    emulator_version,
    packed,
    unpacked,
)
from s390emu.commands.usage import UsageError
from s390emu.input_files import FileError, json_value, read, read_text, replace_file
from s390emu.shapes import MapOf, OneOf, ShapeError, Text, check

COMMAND_SHAPE = {
    "schema": OneOf(SCHEMA), "version": Text(), "arguments": [Text()], "folder?": Text(),
    "files?": MapOf(Text(), PACKED), "inputs?": MapOf(Text(), PACKED), "error?": [Text(100_000)],
}  # fmt: skip


class Replayed(NamedTuple):
    """What becomes of a command's options when a file gives them. None of a path is used as it is.

    values    are taken: no paths among them
    inputs    name files or folders to read: those in the file stand for them
    outputs   name what is written: a place in the temporary folder stands for it
    own       are left to whoever replays: how many processes, where the paging file is
    """

    values: frozenset[str] = frozenset()
    inputs: frozenset[str] = frozenset()
    outputs: frozenset[str] = frozenset()
    own: frozenset[str] = frozenset()

    def __or__(self, other: Replayed) -> Replayed:
        return Replayed(*(a | b for a, b in zip(self, other, strict=True)))


def _given(values: str = "", inputs: str = "", outputs: str = "", own: str = "") -> Replayed:
    return Replayed(*(frozenset(names.split()) for names in (values, inputs, outputs, own)))


_PROGRAM = _given("origin define", inputs="files include")
_MACHINE = _given(
    "ram cpus quantum schedule frames chunk chunk_policy unused_access service no_essa no_dat tlb translate seed "
    "random_keys epoch identity model facility",
    inputs="disk", own="paging",
)  # fmt: skip
_LIMITS = _given("limit timeout")
_SESSION = _given("until on_reboot")
_ADVERSARY = _given("adversary adversary_actions adversary_from points preemptions discards", own="jobs")
_TRACE = _given("trace trace_lines trace_from trace_until trace_count trace_range trace_cpu", outputs="trace_to")
_RECORD = _given("record_last", outputs="record")
_SANITIZER = _given("sanitize", inputs="sanitize_guest")
# By command. What is not named here is refused: `run --replay`, a Dask scheduler to connect to, `trace diff --build`
# (a program to call), `new`, `debug`.
REPLAYED = {
    "run": _PROGRAM | _MACHINE | _LIMITS | _SESSION | _ADVERSARY | _SANITIZER | _TRACE | _RECORD
           | _given("json kallsyms", inputs="symbols"),
    "linux": _MACHINE | _LIMITS | _SESSION | _ADVERSARY | _SANITIZER | _TRACE | _RECORD
             | _given("append json kallsyms", inputs="kernel initrd symbols demo", outputs="svg"),
    "demo": _MACHINE | _ADVERSARY | _SANITIZER | _RECORD | _given("define timeline json", outputs="svg"),
    "pages": _PROGRAM | _MACHINE | _LIMITS | _given("json", outputs="svg"),
    "asm": _PROGRAM | _given("format json", outputs="output"),
    "disasm": _given("hex base section start stop source json", inputs="file"),
    "test": _given("only bless engine tlb limit model json quiet verbose", inputs="paths include", outputs="junit",
                   own="jobs"),
    "vectors": _given("rows count seed list json", inputs="check", outputs="output"),
    "conform": _given("on rows count seed json"),
    "explain": _given("what coverage json", inputs="tests"),
    "export": _given("only without list_decisions json", inputs="paths include", outputs="output"),
    "overcommit": _given(
        "guests ratio policy seed ram device page_latency page_block disk_latency disk_block essa_cycles mips chunk "
        "chunk_policy look_ahead paging disks quantum warmup requests least file_blocks heap_blocks burst idle_us "
        "fault_ns io_ns balloon guest table dry_run json", inputs="linux", outputs="output", own="jobs",
    ),
    "chunks": _given("requests define fraction run seed json", outputs="csv"),
    "doctor": _given("json"),
    "trace": _given("what format trace trace_lines trace_from trace_until trace_count trace_range trace_cpu json",
                    inputs="files symbols", outputs="output"),
    "timeline": _given("details origin define kallsyms json trace_from trace_until trace_cpu",
                       inputs="file source include symbols", outputs="output"),
}  # fmt: skip


# Writing --------------------------------------------------------------------------------------------------------------


def write_replay(error: Exception, arguments: list[str], read_files: Iterable[Path]) -> Path | None:
    """Write command line, the files that were read and the traceback into the current folder (or the temporary one) and
    return where; None: this was a replay itself, or nothing can be written."""
    if "--replay" in (word.partition("=")[0] for word in arguments):
        return None
    content = {
        "schema": SCHEMA,
        "version": emulator_version(),
        "folder": os.getcwd(),
        "arguments": arguments,
        "files": dict(_contents({*read_files, *_named(arguments)})),
        "error": traceback.format_exception(error),
    }
    for folder in (Path.cwd(), Path(tempfile.gettempdir())):
        path = folder / f"s390emu-{os.getpid()}.replay.json"
        with suppress(OSError):
            replace_file(path, json.dumps(content, indent=1))
            return path
    return None


def _named(arguments: list[str]) -> Iterator[Path]:
    """Yield what the options name that a command reads, as far as they are regular files."""
    if not arguments or arguments[0] not in REPLAYED:
        return
    with suppress(UsageError, SystemExit):
        args = registry.parsed(arguments[0], arguments[1:])
        for name in REPLAYED[arguments[0]].inputs:
            for path in _paths(getattr(args, name)):
                yield Path(os.path.abspath(path))


def _contents(paths: Iterable[Path]) -> Iterator[tuple[str, str]]:
    for path in sorted(paths):
        with suppress(OSError, FileError):
            yield str(path), packed(read(path, LARGEST_INPUT))


# Reading --------------------------------------------------------------------------------------------------------------


def replay(options: RunOptions) -> int:
    """Repeat the run of a replay file, or its command."""
    path = options.replay
    assert path is not None
    content = json_value(read_text(path, pipe=True), path)
    if not isinstance(content, dict) or content.get("schema") != SCHEMA:
        raise UsageError(f"{path}: not a replay file of this version (schema {SCHEMA})")
    try:
        if content.get("kind") == HOST_EVENTS:
            from s390emu.commands.adversary import replay_host_events
            from s390emu.commands.recordings import recorded

            return replay_host_events(path, content, options, recorded)
        on, watched = options.machine, options.sanitizer.sanitize
        looking = watched, options.trace.trace, options.json, options.record.record
        if any(looking) or on.disk or on.paging:
            raise UsageError(f"{path}: a command line, which is repeated as it was; leave out the other options")
        check(content, COMMAND_SHAPE, str(path))
    except ShapeError as error:
        raise UsageError(f"not a replay file of this version: {error}") from None
    return replay_command(path, content, options.limits.timeout)


def replay_command(path: Path, content: dict[str, Any], timeout: float | None) -> int:
    """Repeat a command in a temporary folder in which the file's contents are laid out."""
    words = content["arguments"]
    shown = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in shlex.join(words))
    if not words or words[0] not in REPLAYED:
        raise UsageError(f"{path}: no replay repeats this; if you trust it, run it yourself: s390emu {shown}")
    print(f"s390emu: replaying: {shown}", file=sys.stderr)
    with tempfile.TemporaryDirectory(prefix="s390emu-replay-") as folder:
        root = Root(path, Path(os.path.realpath(folder)), content.get("folder", "/"))
        root.lay_out(content)
        laid_out = set(root.files())
        with chdir(root.current):
            args = registry.parsed(words[0], words[1:])
            allow(args, words[0], root, f"if you trust it, run it yourself: s390emu {shown}")
            if timeout is not None:
                if "timeout" not in args:
                    raise UsageError(f"{path}: s390emu {words[0]} takes no --timeout; leave it out")
                args.timeout = timeout
            code = registry.execute(words[0], args)
        written = sorted(name for name in root.files() if name not in laid_out)
        if written:
            print(f"s390emu: replayed; what it wrote is not kept: {', '.join(written)}", file=sys.stderr)
    return code


class Root:
    """A folder that stands for the root of the file system of whoever wrote the file."""

    def __init__(self, path: Path, folder: Path, current: str):
        self.path, self.folder = path, folder
        self.written_from = current  # the folder in which the command was given
        self.current = self._place("")

    def _place(self, name: str | Path) -> Path:
        """Return where a name is here, however it is written: `..` at the root leads nowhere."""
        whole = os.path.normpath(os.path.join("/", self.written_from, name))
        return self.folder / whole.lstrip("/")

    def lay_out(self, content: dict[str, Any]) -> None:
        """Put the contents of a replay file where the command looks for them."""
        left = MOST_UNPACKED
        try:
            self.current.mkdir(parents=True, exist_ok=True)
            for kind in ("inputs", "files"):  # the first are those of earlier versions, which did not compress
                for name, text in content.get(kind, {}).items():
                    told = f"{self.path}: {name}"
                    data = unpacked(text, told, left) if kind == "files" else decoded(text, told)
                    left -= len(data)
                    place = self._place(name)
                    place.parent.mkdir(parents=True, exist_ok=True)
                    place.write_bytes(data)
        except (OSError, ValueError) as error:  # ValueError: a NUL in a name
            why = error.strerror if isinstance(error, OSError) else error
            raise UsageError(f"{self.path}: not a replay file of this version: its files cannot be: {why}") from None

    def files(self) -> Iterator[str]:
        """Yield the names of what is in the folder now."""
        for place in self.folder.rglob("*"):
            if place.is_file():
                yield str(place.relative_to(self.folder))

    def read(self, name: str | Path) -> Path:
        """Return the place that stands for a file or folder to read."""
        name, place = Path(name), self._place(name)
        if place == self.current / name and ".." not in name.parts:
            return name  # as it was written, so that messages are as they were
        return place

    def written(self, option: str) -> Path:
        """Return the place that stands for an output."""
        return self.folder / f"written-{option}"


def allow(args: argparse.Namespace, command: str, root: Root, otherwise: str) -> None:
    """Leave what a file may give, put what is in the folder in the place of paths, and reject the rest."""
    allowed = REPLAYED[command]
    defaults = vars(_defaults(command))
    for name, value in vars(args).items():
        option = f"--{name.replace('_', '-')}"
        if name in allowed.values or value == defaults.get(name) or (name, value) == ("paging", "none"):
            continue
        if name in allowed.own:
            setattr(args, name, defaults[name])
        elif name in allowed.outputs:
            setattr(args, name, root.written(name))
        elif name in allowed.inputs:
            setattr(args, name, _mapped(value, root))
            missing = [path for path in _paths(getattr(args, name)) if name != "include" and not os.path.exists(path)]
            if missing:
                raise UsageError(f"{root.path}: {missing[0]}: its content is not in the file; {otherwise}")
        else:
            raise UsageError(f"{root.path}: {option} cannot come from a replay file; {otherwise}")


def _defaults(command: str) -> argparse.Namespace:
    """Return the options where none is given; what must be given is missing."""
    parser = registry.command_parser(command)
    return argparse.Namespace(**{action.dest: parser.get_default(action.dest) for action in parser._actions})


def _mapped(value: Any, root: Root) -> Any:
    """Return an option's value with what stands for each of its paths."""
    if isinstance(value, list):
        return [_mapped(part, root) for part in value]
    if isinstance(value, tuple):  # a disk, and whether it is only read
        return root.read(value[0]), value[1]
    return root.read(value)


def _paths(value: Any) -> list:
    """Return the paths in an option's value."""
    if isinstance(value, list):
        return [path for part in value for path in _paths(part)]
    return [] if value is None else [value[0] if isinstance(value, tuple) else value]


