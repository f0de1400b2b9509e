"""Replay files: what it takes to repeat a command that met an internal error."""

from __future__ import annotations

import base64
import json
import os
import sys
import tempfile
import traceback
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from s390emu.cli import UsageError

SCHEMA = "s390emu.replay/1"
HOST_EVENTS = "host-events"  # kind of file: a guest's run and what the host did to it; else a command line
LARGEST_INPUT = 16 << 20


def write_replay(error: Exception, arguments: list[str]) -> Path:
    """Command line, input files and the traceback, into the current folder (or the temporary one)."""
    inputs = {}
    for argument in arguments:
        path = Path(argument)
        if path.is_file() and path.stat().st_size <= LARGEST_INPUT:
            inputs[argument] = base64.b64encode(path.read_bytes()).decode()
    content = {
        "schema": SCHEMA,
        "version": emulator_version(),
        "arguments": arguments,
        "inputs": inputs,
        "error": traceback.format_exception(error),
    }
    for folder in (Path.cwd(), Path(tempfile.gettempdir())):
        path = folder / f"s390emu-{os.getpid()}.replay.json"
        try:
            path.write_text(json.dumps(content, indent=1))
            return path
        except OSError:
            continue
    return Path(os.devnull)


def emulator_version() -> str:
    try:
        return version("s390emu")
    except PackageNotFoundError:
        return "not installed"


def replay(args) -> int:
    """Repeat the run of a replay file; or its command, the inputs laid out in a temporary folder."""
    from s390emu.cli import run

    path = args.replay
    try:
        content = json.loads(path.read_text())
    except ValueError as error:
        raise UsageError(f"{path}: not a replay file: {error}") from None
    if not isinstance(content, dict) or content.get("schema") != SCHEMA:
        raise UsageError(f"{path}: not a replay file of this version (schema {SCHEMA})")
    if content.get("kind") == HOST_EVENTS:
        from s390emu.commands.adversary import replay_host_events

        return replay_host_events(path, content, args)
    if args.sanitize or args.trace or args.json:
        raise UsageError(f"{path}: a command line, which is repeated as it was; leave out the other options")
    with tempfile.TemporaryDirectory() as folder:
        try:
            arguments = _laid_out(content, Path(folder))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise UsageError(f"{path}: not a replay file of this version: {type(error).__name__}: {error}") from error
        print("s390emu: replaying:", *content["arguments"], file=sys.stderr)
        return run(arguments)


def _laid_out(content: dict, folder: Path) -> list[str]:
    """The command's arguments, its input files being in this folder now."""
    names = {}
    for number, (name, data) in enumerate(content["inputs"].items()):
        names[name] = str(folder / f"{number}-{Path(name).name}")
        Path(names[name]).write_bytes(base64.b64decode(data))
    return [names.get(argument, str(argument)) for argument in content["arguments"]]
