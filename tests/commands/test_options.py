"""Groups of options: frozen, with the parser's own defaults, and all that is seen below a command's `execute`."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import s390emu.commands
from s390emu.commands.options import taken
from s390emu.commands.options.adversary import AdversaryOptions, adversary_arguments, reject_adversary_options
from s390emu.commands.options.limits import LimitOptions, limit_arguments
from s390emu.commands.options.machine import MachineOptions, machine_arguments
from s390emu.commands.options.program import ProgramOptions, program_arguments
from s390emu.commands.options.run import RunOptions, run_options
from s390emu.commands.options.sanitizer import SanitizerOptions, sanitizer_arguments
from s390emu.commands.options.session import SessionOptions, session_arguments
from s390emu.commands.options.trace import TraceOptions, trace_arguments
from s390emu.commands.registry import parsed
from s390emu.commands.usage import Parser, UsageError

GROUPS = [
    (ProgramOptions, lambda parser: program_arguments(parser, number_of_files="*")),
    (MachineOptions, machine_arguments),
    (LimitOptions, limit_arguments),
    (SessionOptions, session_arguments),
    (AdversaryOptions, adversary_arguments),
    (SanitizerOptions, sanitizer_arguments),
    (TraceOptions, trace_arguments),
]
# the last one of a command that is replayed, before its own execute
SEE_A_NAMESPACE = {"execute", "taken", "run_options", "_axes", "allow"}
COMMANDS = Path(s390emu.commands.__file__).parent

in_each_group = pytest.mark.parametrize(("group", "add"), GROUPS, ids=lambda value: getattr(value, "__name__", ""))


@in_each_group
def test_a_group_has_a_field_for_each_of_its_arguments(group, add):
    parser = Parser(prog="s390emu test")
    add(parser)
    assert set(group._fields) == {action.dest for action in parser._actions} - {"help"}


@in_each_group
def test_the_defaults_of_a_group_are_those_of_the_parser(group, add):
    parser = Parser(prog="s390emu test")
    add(parser)
    assert taken(group, parser.parse_args([])) == group()


def test_the_options_of_run_without_any_are_its_defaults():
    assert run_options(parsed("run", [])) == RunOptions()


def test_options_are_frozen():
    with pytest.raises(AttributeError):
        MachineOptions().ram = 1
    assert isinstance(run_options(parsed("run", ["a.s", "--disk", "d:ro"])).machine.disk, tuple)


def test_no_function_below_execute_is_given_a_namespace():
    for path in COMMANDS.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef) and node.name not in SEE_A_NAMESPACE and path.name != "registry.py":
                for argument in node.args.args:
                    assert argument.arg != "args", (path.name, node.name)
                    assert "Namespace" not in ast.unparse(argument), (path.name, node.name)


@pytest.mark.parametrize("ram", [0, 4096, 8191, 65 << 30, -4096])
def test_storage_that_no_guest_can_have_is_rejected(ram):
    with pytest.raises(UsageError, match=f"--ram {ram}"):
        MachineOptions(ram=ram).check()


def test_a_host_has_a_frame_for_every_block_and_a_whole_chunk_at_least():
    assert MachineOptions(ram=1 << 20).host_frames == 256
    assert MachineOptions(ram=8192).host_frames == 16
    assert MachineOptions(ram=8192, chunk="2M").host_frames == 512
    assert MachineOptions(ram=1 << 20, frames=7).host_frames == 7


@pytest.mark.parametrize("option", [{"points": 3}, {"jobs": 2}, {"adversary_actions": "all"}])
def test_the_adversarys_options_alone_are_rejected(option):
    with pytest.raises(UsageError, match="give --adversary MODE too"):
        reject_adversary_options(AdversaryOptions(**option))


@pytest.mark.parametrize(("mode", "paging", "actions"), [
    ("exhaustive", "", "discard"), ("random", "", "all"), ("random", "none", "discard"),
])  # fmt: skip
def test_what_the_adversary_does_by_default(mode, paging, actions):
    assert AdversaryOptions((mode, None)).actions(MachineOptions(paging=paging)) == actions
