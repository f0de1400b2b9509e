"""What gdb is told of the machine: its registers (target.xml), in QEMU's order, and where it has storage.

GDB manual, "Target Description Format" and "S/390 and System z Features". After QEMU's features comes one of the
emulator's own, group `emu`: what no program can see, or only a privileged one.
"""

from __future__ import annotations

from typing import NamedTuple

from s390emu.architecture.page_states import NAMES, USAGES
from s390emu.architecture.psw_bits import DAT
from s390emu.architecture.sizes import BLOCK_SIZE
from s390emu.cpu.clocks import NANOSECONDS, UNITS
from s390emu.cpu.status import VECTOR_FACILITY
from s390emu.machine import CPU, Machine
from s390emu.machine.view import registers

PSW_FLAGS = {"BA": 31, "EA": 32, "P": 15, "W": 14, "M": 13, "EX": 7, "IO": 6, "T": 5, "R": 1}  # PSW bit numbers
PSW_FIELDS = {"PM": (20, 23), "CC": (18, 19), "AS": (16, 17), "KEY": (8, 11)}
NOTHING = 0xFFFFFFFF  # of what has not happened


class Register(NamedTuple):
    """feature: by its last part. name: gdb's; own: ours, in `view.REGISTERS`; empty where it cannot be set."""

    feature: str
    name: str
    bits: int
    group: str
    kind: str
    own: str


def _registers(vectors: bool) -> list[Register]:
    found = [Register("core", "pswm", 64, "psw", "psw_mask", "psw.mask"),
             Register("core", "pswa", 64, "psw", "code_ptr", "psw.ia")]  # fmt: skip
    found += [Register("core", f"r{n}", 64, "general", "uint64", f"r{n}") for n in range(16)]
    found += [Register("acr", f"acr{n}", 32, "access", "uint32", f"ar{n}") for n in range(16)]
    found += [Register("fpr", "fpc", 32, "float", "uint32", "fpc")]
    found += [Register("fpr", f"f{n}", 64, "float", "ieee_double", f"f{n}") for n in range(16)]
    if vectors:  # gdb makes v0 to v15 of f0 to f15 and v0l to v15l
        found += [Register("vx", f"v{n}l", 64, "float", "uint64", f"v{n}l") for n in range(16)]
        found += [Register("vx", f"v{n}", 128, "vector", "vec128", f"v{n}") for n in range(16, 32)]
    found += [Register("cr", f"cr{n}", 64, "control", "uint64", f"cr{n}") for n in range(16)]
    own = {"icount": (64, "uint64"), "pgm_code": (32, "uint32"), "teid": (64, "uint64"), "pgstate": (32, "page_state"),
           "prefix": (32, "uint32"), "tod": (64, "uint64"), "ckc": (64, "uint64"), "cputm": (64, "uint64")}  # fmt: skip
    found += [Register("emu", name, bits, "emu", kind, "prefix" if name == "prefix" else "")
              for name, (bits, kind) in own.items()]  # fmt: skip
    return found


WITHOUT_VECTORS, WITH_VECTORS = _registers(False), _registers(True)
CORE = 18  # registers that a `g` packet has, as QEMU's
FEATURES = {"core": "org.gnu.gdb.s390.core", "acr": "org.gnu.gdb.s390.acr", "fpr": "org.gnu.gdb.s390.fpr",
            "vx": "org.gnu.gdb.s390.vx", "cr": "org.gnu.gdb.s390.cr", "emu": "org.s390emu.own"}  # fmt: skip


# The parts of a vector register, as gdb shows them: (name, type, how many).
VECTOR_PARTS = (("v4_float", "ieee_single", 4), ("v2_double", "ieee_double", 2), ("v16_int8", "int8", 16),
                ("v8_int16", "int16", 8), ("v4_int32", "int32", 4), ("v2_int64", "int64", 2))  # fmt: skip


def registers_of(machine: Machine) -> list[Register]:
    """Return the registers that gdb is told of, by number: those of vectors if the machine has them."""
    return WITH_VECTORS if machine.storage.record.facilities[2] & VECTOR_FACILITY else WITHOUT_VECTORS


def value(machine: Machine, cpu: CPU, register: Register) -> bytes:
    """Return what a register has, as gdb wants it: big-endian."""
    return (_number(machine, cpu, register) % (1 << register.bits)).to_bytes(register.bits // 8)


def _number(machine: Machine, cpu: CPU, register: Register) -> int:
    record, name = cpu.record, register.name
    if register.feature == "emu":
        return _own(machine, cpu, name)
    if name in ("pswm", "pswa"):
        return cpu.psw[name == "pswa"]
    if name == "fpc":
        return int(record.fpc)
    if register.feature == "vx":
        return registers(cpu)[name]
    letters = name.rstrip("0123456789")
    return int(record[{"r": "gr", "acr": "ar", "f": "fpr", "cr": "cr"}[letters]][int(name[len(letters) :])])


def _own(machine: Machine, cpu: CPU, name: str) -> int:
    """Return a register of the emulator's own. pgm_code, teid: of the CPU's last interruption, if for a program
    exception; pgstate: of the block that it identifies, or else of the block at the instruction address."""
    last = cpu.last_interruption
    last = last if last and last.kind == "program" else None
    match name:
        case "icount":
            return machine.count
        case "pgm_code":
            return last.code if last else 0
        case "teid":
            return last.teid if last else 0
        case "pgstate":
            address = last.teid // BLOCK_SIZE * BLOCK_SIZE if last and last.teid else cpu.psw[1]
            try:
                return int(machine.storage.states(slice(address // BLOCK_SIZE, address // BLOCK_SIZE + 1))[0])
            except IndexError:
                return NOTHING
        case "prefix":
            return int(cpu.record.prefix)
        case "tod":
            return int(cpu.record.tod_epoch) + _units(cpu.now)
        case "ckc":
            return int(cpu.record.clock_comparator)
    used = cpu.now - int(cpu.port.stolen)
    return int(cpu.record.timer_zero) - int(cpu.record.tod_epoch) - _units(used)


def _units(nanoseconds: int) -> int:
    """Return a time as the TOD clock counts it."""
    microseconds, rest = divmod(nanoseconds, int(NANOSECONDS))
    return microseconds * int(UNITS) + rest * int(UNITS) // int(NANOSECONDS)


def target_xml(machine: Machine) -> bytes:
    """Return the target description."""
    known = registers_of(machine)
    lines = ['<?xml version="1.0"?>', '<!DOCTYPE target SYSTEM "gdb-target.dtd">', '<target version="1.0">',
             "  <architecture>s390:64-bit</architecture>", "  <osabi>none</osabi>"]  # fmt: skip
    for feature, long in FEATURES.items():
        if not any(register.feature == feature for register in known):
            continue
        lines.append(f'  <feature name="{long}">')
        if feature == "core":
            lines.append('    <flags id="psw_mask" size="8">')
            for name, bit in PSW_FLAGS.items():
                lines.append(f'      <field name="{name}" start="{63 - bit}" end="{63 - bit}"/>')
            for name, (first, last) in PSW_FIELDS.items():
                lines.append(f'      <field name="{name}" start="{63 - last}" end="{63 - first}"/>')
            lines.append("    </flags>")
        if feature == "vx":
            for name, kind, count in VECTOR_PARTS:
                lines.append(f'    <vector id="{name}_parts" type="{kind}" count="{count}"/>')
            lines.append('    <union id="vec128">')
            lines += [f'      <field name="{name}" type="{name}_parts"/>' for name, *_ in VECTOR_PARTS]
            lines += ['      <field name="uint128" type="uint128"/>', "    </union>"]
        if feature == "emu":
            lines.append('    <enum id="page_state" size="4">')
            for code, name in NAMES.items():
                usage = USAGES[code >> 2].replace(" ", "_")
                lines.append(f'      <evalue name="{name}_{usage}" value="{code}"/>')
            lines.append("    </enum>")
        for register in known:
            if register.feature == feature:
                lines.append(f'    <reg name="{register.name}" bitsize="{register.bits}" type="{register.kind}" '
                             f'group="{register.group}"/>')  # fmt: skip
        lines.append("  </feature>")
    return "\n".join([*lines, "</target>", ""]).encode()


def memory_map(machine: Machine) -> bytes:
    """Return where there is storage: with DAT off, at the addresses that it has; with DAT on, anywhere."""
    size = (1 << 64) - 1 if any(cpu.psw[0] & int(DAT) for cpu in machine.cpus) else machine.storage.size
    return (
        '<?xml version="1.0"?>\n<!DOCTYPE memory-map PUBLIC "+//IDN gnu.org//DTD GDB Memory Map V1.0//EN" '
        '"http://sourceware.org/gdb/gdb-memory-map.dtd">\n'
        f'<memory-map><memory type="ram" start="0x0" length="{size:#x}"/></memory-map>\n'
    ).encode()
