"""Recordings in words: what is in a file, and where two runs part."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from s390emu.assembler.disassemble import disassemble
from s390emu.reports.stop import place

if TYPE_CHECKING:
    from s390emu.recording.divergence import Divergence
    from s390emu.recording.followers import Moment
    from s390emu.recording.reader import Input, Recording

DIFFERENCES_SHOWN = 20


def stats(recording: Recording) -> dict[str, Any]:
    """Return what a recording has, for JSON."""
    checkpoints = recording.checkpoints
    return {
        "file": str(recording.path), "bytes": recording.size, "emulator": recording.emulator,
        "command": recording.command, "options": recording.options, "start": recording.start.hex(),
        "first": recording.first, "last": recording.last, "ended": recording.ended, "cut": recording.cut,
        "runs_here": recording.readable, "start_bytes": recording.start_bytes,
        "checkpoints": [{"count": each.count, "full": each.full, "given": each.given, "digest": each.digest.hex()}
                        for each in checkpoints],
        "marks": len(recording.marks),
        "inputs": dict(Counter(each.verb for each in recording.inputs if each.verb)), "symbols": len(recording.symbols),
    }  # fmt: skip


def stats_lines(recording: Recording) -> Iterator[str]:
    """Yield the same as text."""
    told = stats(recording)
    options = ", ".join(f"{name} {value}" for name, value in recording.options.items() if value not in (None, "", []))
    yield f"{'recorded by':16}s390emu {recording.emulator} {recording.command}"
    yield f"{'guest':16}{options}"
    yield f"{'instructions':16}{recording.first:,} to {recording.last:,}"
    gaps = [b.count - a.count for a, b in zip(recording.checkpoints, recording.checkpoints[1:], strict=False)]
    widest = f", {max(gaps):,} instructions apart at most" if gaps else ""
    yield f"{'checkpoints':16}{len(recording.checkpoints)}{widest}"
    yield f"{'marks':16}{len(recording.marks)}"
    yield f"{'inputs':16}{', '.join(f'{verb} {n}' for verb, n in told['inputs'].items()) or 'none'}"
    yield f"{'symbols':16}{len(recording.symbols)}"
    yield f"{'bytes':16}{recording.size:,}, of which the start state {recording.start_bytes:,}"
    if ended := recording.ended:
        mask, ia = ended["psw"]
        yield f"{'ended':16}{ended['reason']}, PSW {mask:016X} {ia:016X}, after {ended['count']:,} instructions"
    if recording.cut:
        yield f"{'not whole':16}{recording.cut}"
    if not recording.readable:
        yield f"{'not run here':16}the records of s390emu {recording.emulator} are not this version's"


def divergence_lines(found: Divergence, names: tuple[str, str], symbols: Mapping[str, int]) -> Iterator[str]:
    """Yield where two runs part: the two instructions, registers side by side, what else differs."""
    if found.count < 0:
        yield "the start states differ"
    elif found.other and found.one is None:
        yield f"the same after {found.count:,} instructions, and not after {found.other.count:,}; there"
    else:
        yield f"the same after {found.count:,} instructions; then"
    for name, executed, inputs in zip(names, (found.one, found.other), found.inputs, strict=True):
        if executed:
            yield from _executed_lines(name, executed, inputs, symbols)
    if found.one and found.other:
        one, other = found.one.registers, found.other.registers
        yield f"  {'register':10} {'first':>16}   {'second':>16}"
        for name, value in one.items():
            if value == other[name] and not (name[0] == "r" or name.startswith("psw")):
                continue
            mark = "" if value == other[name] else "   <-- differs"
            yield f"  {name:10} {value:016X}   {other[name]:016X}{mark}"
    for difference in found.found[:DIFFERENCES_SHOWN]:
        yield f"  {difference.where:40} {_shown(difference.one)}   {_shown(difference.other)}"
    if len(found.found) > DIFFERENCES_SHOWN:
        yield f"  and {len(found.found) - DIFFERENCES_SHOWN} differences more"
    if found.count >= 0 and found.one is None:
        yield "which instruction it was: s390emu trace diff FILE --build PATH, with the build that recorded it"


def _executed_lines(
    name: str, executed: Moment, inputs: Iterable[Input], symbols: Mapping[str, int]
) -> Iterator[str]:
    for each in inputs:
        if each.verb:
            operands = ", ".join(map(repr, each.operands))
            yield f"  {name}: the world: {each.verb} {operands}".rstrip()
    code = disassemble(bytes.fromhex(executed.text), executed.ia).text if executed.text else ""
    yield f"  {name}: cpu{executed.cpu} {place(executed.ia, symbols)}: {code}"
    if executed.ended:
        yield f"  {name}: {executed.ended}"


def divergence_dict(found: Divergence) -> dict[str, Any]:
    """Return it for JSON."""
    return {
        "count": found.count,
        "instructions": [
            executed and {"cpu": executed.cpu, "address": executed.ia,
                          "registers": executed.registers, "ended": executed.ended}
            for executed in (found.one, found.other)
        ],
        "differences": [each._asdict() for each in found.found],
    }  # fmt: skip


def _shown(value: Any) -> str:
    text = f"{value:016X}" if isinstance(value, int) and value >= 0 else ascii(value)
    return text if len(text) <= 60 else text[:57] + "..."
