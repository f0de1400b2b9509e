"""Options of a host that takes blocks, `--adversary`."""

from __future__ import annotations

import argparse
from typing import NamedTuple

from s390emu.commands.options.machine import MachineOptions
from s390emu.commands.options.values import not_negative, number, positive
from s390emu.commands.usage import UsageError

ACTIONS = ("discard", "reclaim", "all")
PREEMPTIONS, DISCARDS = 2, 1  # of several CPUs, in one run at most


class AdversaryOptions(NamedTuple):
    """adversary: the mode, and the seed of random ones. adversary_actions: one of ACTIONS. points: tried at most.
    preemptions, discards: of several CPUs, in one run at most. jobs: processes. adversary_from: what the console has
    where it begins. None: what the others ask for."""

    adversary: tuple[str, int | None] | None = None
    adversary_actions: str | None = None
    points: int | None = None
    preemptions: int | None = None
    discards: int | None = None
    jobs: int | None = None
    adversary_from: str | None = None

    @property
    def mode(self) -> str:
        """exhaustive, literal or random."""
        return self.adversary[0] if self.adversary else ""

    def actions(self, machine: MachineOptions) -> str:
        """Return what the adversary does to blocks, asked for or by default. Reject what this host cannot do, and what
        the search could not be complete with."""
        actions = self.adversary_actions or ("all" if self.mode == "random" and machine.paged else "discard")
        if actions != "discard" and not machine.paged:
            raise UsageError(f"--adversary-actions {actions}: a host without a paging device can only discard")
        if self.mode == "exhaustive" and actions != "discard" and machine.service != "none":
            raise UsageError(
                f"--adversary-actions {actions} --service {machine.service}: where paging takes time it matters when a "
                "block is paged out; leave out --service, or use --adversary literal"
            )
        return actions

    def begins(self, default: str = "") -> str:
        """Return the text on the console with which the adversary begins; empty: at the guest's start. Reject one
        where points are counted from the start."""
        if self.adversary_from and self.mode != "random":
            raise UsageError(f"--adversary-from: not with --adversary {self.mode}; give random:SEED")
        return self.adversary_from or default

    def bounds(self, machine: MachineOptions) -> tuple[int, int]:
        """Return how many preemptions and discards a run has at most. Reject what no search takes."""
        if machine.cpus == 1 or self.mode == "random":
            for name, value in (("preemptions", self.preemptions), ("discards", self.discards)):
                if value is not None:
                    raise UsageError(f"--{name} {value}: for a search of several CPUs, exhaustive or literal")
        elif machine.schedule is not None:
            raise UsageError(f"--schedule {machine.schedule}: the search tries all schedules; leave it out")
        return (
            PREEMPTIONS if self.preemptions is None else self.preemptions,
            DISCARDS if self.discards is None else self.discards,
        )


def adversary_arguments(parser, *, told: bool = True) -> None:
    """Add the options of AdversaryOptions. told: each has its line in the help; else one line says where they are."""

    def line(text: str) -> str:
        return text if told else argparse.SUPPRESS

    modes = "a host that takes blocks: exhaustive, literal or random:SEED"
    more = "; --adversary-from TEXT: once that is written" if told else "; more: s390emu demo --help"
    parser.add_argument("--adversary", type=_mode, metavar="MODE", help=modes + more)
    parser.add_argument("--adversary-from", metavar="TEXT", help=argparse.SUPPRESS)
    kinds = line("what it does: " + ", ".join(ACTIONS))
    parser.add_argument("--adversary-actions", choices=ACTIONS, metavar="KIND", help=kinds)
    told_points = line("it tries at most; --preemptions K, --discards D: of several CPUs")
    parser.add_argument("--points", type=positive, metavar="N", help=told_points)
    parser.add_argument("--preemptions", type=not_negative, metavar="K", help=argparse.SUPPRESS)
    parser.add_argument("--discards", type=not_negative, metavar="D", help=argparse.SUPPRESS)
    processes = line("processes of the adversary (one for each CPU)")
    parser.add_argument("--jobs", type=positive, metavar="J", help=processes)


def reject_adversary_options(options: AdversaryOptions) -> None:
    """Reject the adversary's options where --adversary is not given."""
    for name, value in options._asdict().items():
        if value is not None:
            raise UsageError(f"--{name.replace('_', '-')} {value}: give --adversary MODE too")


def _mode(text: str) -> tuple[str, int | None]:
    mode, colon, seed = text.partition(":")
    if mode == "random" and seed:
        return mode, number(seed)
    if mode in ("exhaustive", "literal") and not colon:
        return mode, None
    raise argparse.ArgumentTypeError(f"{text!r}: write exhaustive, literal or random:SEED")
