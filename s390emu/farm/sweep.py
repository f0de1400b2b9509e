"""A sweep: a cell for every combination of its parameters, each run once and kept.

axes = {"guests": (1, 2, 4), "policy": ("none", "hinting")}
results = run(cells(axes), Store(folder), partial(in_processes, runner=run_cell, jobs=2))
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, replace
from itertools import product

from s390emu.farm.cell import WEB, Cell
from s390emu.farm.executors import Results
from s390emu.farm.store import Result, Store
from s390emu.guests import web_server

DEFAULTS = Cell()


def cells(axes: Mapping[str, Sequence]) -> list[Cell]:
    """Return every combination, in the order of the axes (the last one fastest). ValueError: there can be no such cell.

    Fields of a cell that are no axis have their defaults. How a chunk is taken means nothing with chunks of one block:
    there the first variant stands for all."""
    names = [name for name in axes if axes[name]]
    every = (Cell(**dict(zip(names, values, strict=True))) for values in product(*(axes[name] for name in names)))
    same = axes.get("chunk_policy", (DEFAULTS.chunk_policy,))[0]
    found = dict.fromkeys(replace(cell, chunk_policy=same) if cell.chunk == "4K" else cell for cell in every)
    for cell in found:
        if cell.kind == WEB:
            web_server.tunables(**cell.filled().tunables(0))
    return list(found)


def canonical(cell: Cell) -> Cell:
    """Return the cell that is run for this one: parameters that its policy never looks at have their defaults."""
    if not cell.essa:
        cell = replace(cell, essa_cycles=DEFAULTS.essa_cycles)
    if not cell.monitored:
        cell = replace(cell, balloon=DEFAULTS.balloon)
    if cell.chunk == "4K":
        cell = replace(cell, chunk_policy=DEFAULTS.chunk_policy)
    if cell.paging == "none":  # nothing is ever written
        cell = replace(cell, look_ahead=DEFAULTS.look_ahead)
    return cell


def run(
    wanted: Sequence[Cell],
    store: Store,
    execute: Callable[[Sequence[Cell]], Results],
    done: Callable[[Result, bool], None] = lambda result, kept: None,
) -> list[Result]:
    """Run what the store does not have yet, keep each cell as it finishes, and return a result for each cell, in order.

    done: called for each cell found in the store, with its result and True, then for each that is run, with False."""
    results: dict[Cell, Result] = {}
    for cell in dict.fromkeys(map(canonical, wanted)):
        if kept := store.get(cell):
            results[cell] = kept
            done(kept, True)
    missing = [cell for cell in dict.fromkeys(map(canonical, wanted)) if cell not in results]
    # The longest first: the pool's last minutes then are short.
    missing.sort(key=lambda cell: (-cell.guests, -cell.ratio))
    if missing:
        with closing(execute(missing)) as coming:
            for result in coming:
                if not result.error:
                    store.keep(result)
                results[result.cell] = result
                done(result, False)
    return [_for(cell, results[canonical(cell)]) for cell in wanted]


def _for(cell: Cell, result: Result) -> Result:
    """Return the result of a cell's canonical cell as its own: each row has every parameter of the cell.

    A row may say more of a parameter than the cell: its true value where the cell has 0 for a default."""
    given, ran = _flat(cell), _flat(result.cell)
    own = {name: value for name, value in given.items() if value != ran[name]}
    return result._replace(cell=cell, rows=tuple(given | row | own for row in result.rows))


def _flat(cell: Cell) -> dict:
    """Return a cell's parameters as a row has them: the balloon's as text."""
    return asdict(cell) | {"balloon": " ".join(f"{name}={value:g}" for name, value in cell.balloon)}


def troubles(results: Sequence[Result]) -> Iterator[tuple[Cell, str]]:
    """Yield the cells that failed, and why: it raised, a guest lost data, or did not end as it should.

    A guest that the host refuses storage, having nowhere to put it, is no failure: it is what that policy comes to."""
    for result in results:
        if result.error:
            yield result.cell, result.error
            continue
        told = [f"guest {row.get('guest')}: {wrong}" for row in result.rows if (wrong := _wrong(row))]
        of_guests = [text for text in told if not text.startswith("guest all:")] or told
        if of_guests:
            yield result.cell, "; ".join(of_guests)


def refused(row: Mapping) -> bool:
    return str(row.get("outcome", "")).startswith("refused")


def _wrong(row: Mapping) -> str:
    """Return what is wrong with a row; empty: nothing."""
    if refused(row):
        return ""
    if row.get("checksum_ok") is False:
        return "its data are wrong (checksum or log)"
    return "" if (outcome := row.get("outcome", "ok")) == "ok" else str(outcome)
