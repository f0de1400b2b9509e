"""A region as LLVM IR: one function in the handlers' calling convention, which inlines a template per instruction.

It is entered as the handler of an instruction at one of its entries, and looks first whether it is: the addressing mode
and the address are those it was made for, the program mask is zero, and at least two instructions may be executed until
the deadline. If not, it calls the handler that it stands for.

`rem` is the number of instructions until the deadline. Nothing in a region can change the deadline, and it always
leaves one instruction to the interpreter, so whatever is due at a boundary is done by the run loop.

Every exit is at a boundary between two instructions, the next one's address in the PSW. The loop believes that the
region was one instruction, and counts it: so the count that is stored is one less. Where nothing has been executed yet
(the first instruction misses), the handler that the region stands for is called, which makes progress.
"""

from __future__ import annotations

from collections.abc import Mapping

from s390emu.architecture.psw_bits import PROGRAM_MASK
from s390emu.records.guest import GUEST_T
from s390emu.regions import llvm
from s390emu.regions.region import Instruction, Region
from s390emu.regions.templates import CPU, METADATA, POINTERS, PORT, TAGS, Template

UNLIKELY, LIKELY = ", !prof !20", ", !prof !21"
IN_PAGE = 0xFFF
SECOND_BYTE = 48  # shift, of an instruction's text
HEAD = "define i32 @{}(ptr noalias %result, ptr %none, ptr noalias %cpu, ptr noalias %port, i64 %text) nounwind {{"
ARGUMENTS = f"ptr %p.code, ptr null, {', '.join(f'ptr %p.{name}' for name in POINTERS)}, ptr %cpu, ptr %port"
KEPT = {  # values that a region keeps: what they are loaded from, and stored into at an exit
    "cc": ("cpu", CPU["cc"].start), "event": ("cpu", CPU["breaking_event"].start),
    "branches": ("port", PORT["branch_count"].start),
}  # fmt: skip


def signed(value: int) -> int:
    """Return an unsigned 64-bit number as LLVM writes it."""
    return value - (1 << 64) if value >> 63 else value


class _Writer:
    """The function's lines, and names for values."""

    def __init__(self):
        self.lines: list[str] = []
        self._number = 0

    def __call__(self, *lines: str) -> None:
        self.lines += lines

    def value(self, expression: str) -> str:
        """Write an instruction and return the name of its value."""
        self._number += 1
        self(f"%v{self._number} = {expression}")
        return f"%v{self._number}"

    def field(self, record: str, offset: int) -> str:
        return self.value(f"getelementptr i8, ptr %{record}, i64 {offset}")

    def load(self, record: str, offset: int) -> str:
        kind = "tlb" if (record, offset) == ("port", PORT["context"].start) else record
        return self.value(f"load i64, ptr {self.field(record, offset)}{TAGS[kind]}")

    def store(self, value: str | int, record: str, offset: int) -> None:
        self(f"store i64 {value}, ptr {self.field(record, offset)}{TAGS[record]}")

    def get(self, kept: str) -> str:
        return self.value(f"load i64, ptr %p.{kept}")

    def put(self, value: str | int, kept: str) -> None:
        self(f"store i64 {value}, ptr %p.{kept}")


def module_text(region: Region, templates: Mapping[str, Template], symbol: str) -> str:
    """Return a module with the region's function. templates: by mnemonic, of all that are no barrier."""
    write = _Writer()
    write(HEAD.format(symbol), "entry:")
    for name in (*POINTERS, "rem", "code"):
        write(f"%p.{name} = alloca i64")
    _guard(write, region)
    for leader in region.blocks:
        _block(write, region, leader)
    _indirect(write, region)
    _exit(write)
    write("}")
    used = [templates[name] for name in sorted({i.mnemonic for i in region.instructions if not i.barrier})]
    declares = sorted({line for template in used for line in template.declares})
    return "\n".join((llvm.header(), *declares, *(t.text for t in used), *write.lines, METADATA))


def _guard(write: _Writer, region: Region) -> None:
    """Write the entry: whom it stands for, whether it may be entered, and where."""
    ia = write.load("port", PORT["insn_ia"].start)
    amode, mask = write.load("cpu", CPU["amode"].start), write.load("cpu", CPU["psw_mask"].start)
    count, deadline = write.load("port", PORT["count"].start), write.load("port", PORT["deadline"].start)
    first = {entry: region.blocks[entry][0] for entry in region.entries}
    cases = " ".join(f"i64 {entry & IN_PAGE}, label %is{entry:x}" for entry in first)
    offset = write.value(f"and i64 {ia}, {IN_PAGE}")
    write(f"switch i64 {offset}, label %impossible [ {cases} ]", "impossible:", "unreachable")
    for entry in first:
        write(f"is{entry:x}:", "br label %guard")
    incoming = ", ".join(f"[ {each.place}, %is{entry:x} ]" for entry, each in first.items())
    write("guard:", f"%index = phi i64 {incoming}")
    same_mode = write.value(f"icmp eq i64 {amode}, {signed(region.amode)}")
    program_mask = write.value(f"and i64 {mask}, {int(PROGRAM_MASK)}")
    no_mask = write.value(f"icmp eq i64 {program_mask}, 0")
    after_next = write.value(f"add i64 {count}, 1")
    room = write.value(f"icmp ugt i64 {deadline}, {after_next}")
    both = write.value(f"and i1 {same_mode}, {no_mask}")
    write(f"br i1 {write.value(f'and i1 {both}, {room}')}, label %start, label %stand_in{LIKELY}", "start:")
    for name, (record, where) in KEPT.items():
        write.put(write.load(record, where), name)
    write.put(signed(region.amode), "amode")
    write.put(write.value(f"and i64 {mask}, {~int(PROGRAM_MASK)}"), "mask")
    write.put(write.load("port", PORT["context"].start), "context")
    write(f"%room = sub i64 {deadline}, {count}", f"%last = sub i64 {deadline}, 1")
    for name, value in (("rem", "%room"), ("ia", 0), ("insn", 0), ("code", 0)):
        write.put(value, name)
    cases = " ".join(f"i64 {signed(entry)}, label %b{entry:x}" for entry in first)
    write(f"switch i64 {ia}, label %stand_in [ {cases} ]")


def _block(write: _Writer, region: Region, leader: int) -> None:
    """Write a block: it is executed only if at least one more instruction may be, else the region ends before it."""
    block = region.blocks[leader]
    write(f"b{leader:x}:")
    translated = [each for each in block if not each.barrier]
    if not translated:
        write.put(signed(leader), "ia")
        write("br label %exit")
        return
    length = len(translated)
    rem = write.get("rem")
    short = write.value(f"icmp ule i64 {rem}, {length}")
    write(f"br i1 {short}, label %s{leader:x}, label %r{leader:x}{UNLIKELY}", f"s{leader:x}:")
    write.put(signed(leader), "ia")
    write("br label %exit", f"r{leader:x}:")
    for n, each in enumerate(translated):
        _instruction(write, each, f"sub i64 {rem}, {n}")
    write.put(write.value(f"sub i64 {rem}, {length}"), "rem")
    _branch(write, region, block[-1])


def _instruction(write: _Writer, each: Instruction, rem_before: str) -> None:
    """Write the template's call, and the exit before the instruction if it misses."""
    write.put(signed(each.executed.ia if each.executed else each.ia), "insn")
    write.put(signed(each.following), "ia")
    write(f'call i32 @"h.{each.mnemonic}"({ARGUMENTS}, i64 {_text(write, each)})')
    missed = write.value(f"icmp ne i64 {write.get('code')}, 0")
    write(f"br i1 {missed}, label %m{each.ia:x}, label %c{each.ia:x}{UNLIKELY}", f"m{each.ia:x}:")
    write.put(write.value(rem_before), "rem")
    write.put(signed(each.ia), "ia")
    write("br label %exit", f"c{each.ia:x}:")
    if each.executed:
        write.store(signed(each.executed.ia), "port", PORT["executed_target"].start)


def _text(write: _Writer, each: Instruction) -> str:
    """Write what is executed, unless it is constant, and return it."""
    if not each.executed:
        return str(signed(each.text))
    if not each.executed.modifier:
        return str(signed(each.executed.text))
    low = write.value(f"and i64 {write.load('cpu', CPU['gr'].start + 8 * each.executed.modifier)}, 255")
    return write.value(f"or i64 {signed(each.executed.text)}, {write.value(f'shl i64 {low}, {SECOND_BYTE}')}")


def _branch(write: _Writer, region: Region, last: Instruction) -> None:
    """Write where control goes at the end of a block: the instruction address says it."""

    def to(ia: int) -> str:
        return f"%b{ia:x}" if ia in region.blocks else "%exit"

    if last.barrier:
        write.put(signed(last.ia), "ia")
        write("br label %exit")
    elif not last.branches:
        write(f"br label {to(last.following)}")
    else:
        other = to(last.target) if last.target is not None else "%indirect"
        straight = write.value(f"icmp eq i64 {write.get('ia')}, {signed(last.following)}")
        write(f"br i1 {straight}, label {to(last.following)}, label {other}")


def _indirect(write: _Writer, region: Region) -> None:
    """Write where a branch to an address in a register goes: to an entry, or out."""
    cases = " ".join(f"i64 {signed(entry)}, label %b{entry:x}" for entry in region.entries)
    write("indirect:")
    write(f"switch i64 {write.get('ia')}, label %exit [ {cases} ]")


def _exit(write: _Writer) -> None:
    """Write the exit, and the call of the handler that the region stands for."""
    write("exit:")
    rem = write.get("rem")
    nothing = write.value(f"icmp eq i64 {rem}, %room")
    write(f"br i1 {nothing}, label %stand_in, label %leave{UNLIKELY}", "leave:")
    write.store(write.value(f"sub i64 %last, {rem}"), "port", PORT["count"].start)
    write.store(write.get("ia"), "cpu", CPU["psw_ia"].start)
    for name, (record, where) in KEPT.items():
        write.store(write.get(name), record, where)
    write("store i64 0, ptr %result", "ret i32 0", "stand_in:")
    guest = write.value(f"inttoptr i64 {write.load('port', PORT['guest'].start)} to ptr")
    write(f"%guest = getelementptr i8, ptr {guest}, i64 {GUEST_T.fields['handlers'][1]}")  # type: ignore[index]
    table = write.value("load i64, ptr %guest")
    place = write.value(f"add i64 {table}, {write.value('shl i64 %index, 3')}")
    pointer = write.value(f"inttoptr i64 {place} to ptr")
    handler = write.value(f"inttoptr i64 {write.value(f'load i64, ptr {pointer}')} to ptr")
    status = write.value(f"tail call i32 {handler}(ptr %result, ptr %none, ptr %cpu, ptr %port, i64 %text)")
    write(f"ret i32 {status}")
