"""A host that acts at random: at boundaries that a seed draws it takes blocks, and brings some back unasked.

Where there are several CPUs it draws as well whose turn it is."""

from __future__ import annotations

import random

import numpy as np

from s390emu.adversary.exploration import Bug, Expected
from s390emu.adversary.moves import PAGING_IN, SWITCH, VERBS, Move, takeable
from s390emu.architecture.page_states import STATES
from s390emu.architecture.sizes import BLOCK_SIZE
from s390emu.machine import Machine, Reason

MOST_MOVES = 400  # in a run: a replay file stays small
AT_ONCE = 6  # moves at one boundary, at most
CLUSTERED = 0.5  # share of runs in which moves come in groups; share of moves in such a run that follow the one before
STRETCH = 40  # ... within so many instructions
STABLE_AND_OUT = STATES["Sp"], STATES["Sz"]
BRINGING = 0.2  # share of moves that bring a block instead of taking one
SWITCHING = 0.5  # share of moves that let another CPU go on, where there are several


def random_run(
    machine: Machine, expected: Expected, verbs: tuple[int, ...], seed: str
) -> tuple[Bug | None, dict[str, int]]:
    """One run from here to its end: -> what went wrong, and how many moves of each verb there were.

    How often the host acts differs from run to run, between once and at most every few instructions."""
    draw = random.Random(seed)
    moves: list[Move] = []
    mean = expected.length / MOST_MOVES ** draw.random()
    clustered = draw.random() < CLUSTERED
    address, state = 0, ""
    while len(moves) < MOST_MOVES:
        gap = draw.expovariate(1 / mean)
        if clustered and draw.random() < CLUSTERED:
            gap = draw.randrange(1, STRETCH)
        stop = machine.run(max(1, int(gap)))
        if stop.reason is not Reason.LIMIT or machine.count >= expected.limit(len(moves)):
            break
        for _ in range(draw.randint(1, AT_ONCE)):
            if move := _draw_move(machine, verbs, draw):
                address, state = machine.psw[1], move.situation(machine)
                move.perform(machine)
                moves.append(move)
    else:
        stop = machine.run(expected.limit(len(moves)) - machine.count)
    counts = {verb: sum(move.verb == verb for move in moves) for verb in VERBS}
    fault = expected.fault_of(machine, stop)
    bug = Bug(tuple(moves), address, state, fault, stop, machine.console) if fault else None
    return bug, counts


def _draw_move(machine: Machine, verbs: tuple[int, ...], draw: random.Random) -> Move | None:
    cpus = len(machine.cpus)
    if cpus > 1 and draw.random() < SWITCHING:
        return Move(machine.count, SWITCH, draw.choice([n for n in range(cpus) if n != machine.running.number]))
    if draw.random() < BRINGING and machine.host.frames.in_use < machine.host.limit.frames:
        choices = np.flatnonzero(np.isin(machine.storage.states(), STABLE_AND_OUT))
        taking = np.full(len(choices), PAGING_IN)
    else:
        taking, choices = takeable(machine, verbs)
    if not len(choices):
        return None
    chosen = draw.choice(range(len(choices)))
    return Move(machine.count, VERBS[taking[chosen]], int(choices[chosen]) * BLOCK_SIZE)
