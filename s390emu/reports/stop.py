"""Why did it stop: one line, one screen, or JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING

from s390emu.architecture.program_exceptions import exception_name
from s390emu.assembler.disassemble import disassemble
from s390emu.assembler.symbols import as_symbols
from s390emu.machine.stop import Interruption, Reason, Stop
from s390emu.records.cpu import STOPPED_STATE
from s390emu.reports.psw import describe_psw

if TYPE_CHECKING:
    from s390emu.machine import CPU, Machine

PROGRAM, SUPERVISOR_CALL = "program", "supervisor call"  # whose interruptions store the ILC


def place(address: int, symbols: Mapping[str, int]) -> str:
    """Return the address, with the nearest symbol at or before it."""
    name = as_symbols(symbols).labels.name(address)
    return f"{address:#x} <{name}>" if name else f"{address:#x}"


def code_at(machine: Machine, address: int, psw_mask: int) -> str:
    """Return the instruction that the running CPU has there under a PSW, as text; empty where there is none."""
    data = machine.view.find_instruction(machine.running, address, psw_mask)
    return disassemble(data, address).text if data else ""


def interruption_text(last: Interruption, symbols: Mapping[str, int], cpus: int = 1) -> str:
    """Return the last interruption of one of so many CPUs, each of which counts its own instructions."""
    own = " of its own" if cpus > 1 else ""
    name = f" ({exception_name(last.code)})" if last.kind == PROGRAM else ""
    ilc = f"ILC {last.ilc // 2}, " if last.kind in (PROGRAM, SUPERVISOR_CALL) else ""
    teid = f", translation-exception identification {last.teid:#x}" if last.teid else ""
    return (
        f"{last.kind} {last.code:04X}{name} at instruction {last.count:,}{own}, {ilc}"
        f"old PSW {last.psw_mask:016X} {place(last.psw_ia, symbols)}{teid}"
    )


def summary(machine: Machine, stop: Stop, symbols: Mapping[str, int]) -> str:
    """Return one line: why it stopped, after how many instructions."""
    why = f"{stop.reason}, code {stop.exit_code:#x}" if stop.exit_code is not None else f"{stop.reason}"
    why += f" on CPU {stop.cpu}" if len(machine.cpus) > 1 else ""
    return f"s390emu: {why}, after {stop.count:,} instructions"


def report(machine: Machine, stop: Stop, symbols: Mapping[str, int]) -> str:
    """Return at most one screen: the reason, the PSW in words, the last interruption, registers, the last branches."""
    lines = [summary(machine, stop, symbols)]
    if stop.reason is Reason.NO_FRAME:
        lines.append(f"  host      {machine.host.reason}")
    lines.append(f"  PSW       {stop.psw_mask:016X} {stop.psw_ia:016X}  {place(stop.psw_ia, symbols)}")
    lines.append(f"            {describe_psw(stop.psw_mask, stop.psw_ia)}")
    if stop.exit_code is None and (code := code_at(machine, stop.psw_ia, stop.psw_mask)):
        lines.append(f"  next      {code}")
    lines += cpus(machine, stop, symbols)
    last = machine.last_interruption
    told = interruption_text(last, symbols, len(machine.cpus)) if last else "none"
    lines.append(f"  last interruption  {told}")
    lines += [f"  r{n:<2} " + " ".join(f"{int(machine.gr[n + i]):016X}" for i in range(4)) for n in range(0, 16, 4)]
    lines += [f"  c{n:<2} " + " ".join(f"{int(machine.cr[n + i]):016X}" for i in range(4)) for n in range(0, 16, 4)]
    taken = machine.branches()
    lines.append("  last branches, oldest first" if taken else "  no branch was taken")
    lines += [f"    {place(a, symbols)} -> {place(b, symbols)}" for a, b in taken]
    return "\n".join(lines)


def cpus(machine: Machine, stop: Stop, symbols: Mapping[str, int]) -> list[str]:
    """Return a line for each CPU of several, but for the one that the report is about."""
    others = [cpu for cpu in machine.cpus if cpu.number != stop.cpu]
    return [
        f"  CPU {cpu.number}     {cpu.psw[0]:016X} {place(cpu.psw[1], symbols)}, {cpu.count:,} instructions"
        + (", stopped" if cpu.record.stopped == STOPPED_STATE else "")
        for cpu in others
    ]


def as_dict(machine: Machine, stop: Stop, symbols: Mapping[str, int]) -> dict:
    """Return all of it for JSON: what the stop is about, then each CPU by itself."""
    last = machine.last_interruption
    return {
        "reason": str(stop.reason),
        "exit_code": stop.exit_code,
        "instructions": stop.count,
        "cpu": stop.cpu,
        "psw": {"mask": stop.psw_mask, "address": stop.psw_ia, "words": describe_psw(stop.psw_mask, stop.psw_ia)},
        "registers": [int(value) for value in machine.gr],
        "control_registers": [int(value) for value in machine.cr],
        "last_interruption": asdict(last) if last else None,
        "branches": machine.branches(),
        "cpus": [_cpu_dict(cpu) for cpu in machine.cpus],
        "console": machine.console,
        "host": machine.host.statistics(machine.guest_number).as_dict(),
    }


def _cpu_dict(cpu: CPU) -> dict:
    mask, ia = cpu.psw
    last = cpu.last_interruption
    return {
        "address": cpu.number,
        "instructions": cpu.count,
        "stopped": bool(cpu.record.stopped == STOPPED_STATE),
        "prefix": int(cpu.record.prefix),
        "psw": {"mask": mask, "address": ia, "words": describe_psw(mask, ia)},
        "registers": [int(value) for value in cpu.gr],
        "control_registers": [int(value) for value in cpu.cr],
        "last_interruption": asdict(last) if last else None,
        "branches": cpu.branches(),
    }
