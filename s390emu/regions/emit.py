"""A region as LLVM IR: a function in the handlers' calling convention, and its body, which inlines a template per
instruction.

The function is entered as the handler of an instruction at one of the region's entries, and looks first whether it may
be: the program mask is zero, and the deadline ahead. If not, and where the body has executed nothing (the first
instruction misses, or the addressing mode is not that it was made for), it calls the handler that it stands for, which
makes progress.

`rem` is the number of instructions until the deadline. Nothing in a region can change the deadline, and it always
leaves one instruction to the interpreter, so whatever is due at a boundary is done by the run loop.

Every exit is at a boundary between two instructions, the next one's address in the PSW. The loop believes that the
region was one instruction, and counts it: so the count that is stored is one less.

Where control goes to another page, the body looks as the run loop would whether this CPU's TLB has that page, and if a
region stands in it goes to that one's body in place of returning, with all that it keeps in registers. If the address
is no entry there, that body returns at once. So boundaries are where they were, and whatever drops the TLB's entry or
the region drops the edge.
"""

from __future__ import annotations

from collections.abc import Mapping

from s390emu.architecture.psw_bits import PROGRAM_MASK
from s390emu.architecture.sizes import BLOCK_SHIFT, BLOCK_SIZE
from s390emu.records.guest import GUEST_T
from s390emu.records.port import TLB_SLOTS
from s390emu.regions import llvm
from s390emu.regions.region import Instruction, Region
from s390emu.regions.request import BODY
from s390emu.regions.templates import CPU, METADATA, POINTERS, PORT, TAGS, Template
from s390emu.storage.decode_cache import TRANSLATED

UNLIKELY, LIKELY = ", !prof !20", ", !prof !21"
IN_PAGE = BLOCK_SIZE - 1
PAGE = ~IN_PAGE & ((1 << 64) - 1)
ODD = 1
SECOND_BYTE = 48  # shift, of an instruction's text
HEAD = "define i32 @{}(ptr noalias %result, ptr %none, ptr noalias %cpu, ptr noalias %port, i64 %text) nounwind {{"
ARGUMENTS = f"ptr %p.code, ptr null, {', '.join(f'ptr %p.{name}' for name in POINTERS)}, ptr %cpu, ptr %port"
KEPT = {  # values that a region keeps: what they are loaded from, and stored into at an exit
    "cc": ("cpu", CPU["cc"].start), "event": ("cpu", CPU["breaking_event"].start),
    "branches": ("port", PORT["branch_count"].start),
}  # fmt: skip
HANDED = ("ia", "rem", *KEPT)  # from region to region
# No register is another's, so that to go from body to body nothing is saved.
CONVENTION = "preserve_nonecc"
BODY_HEAD = (
    "define {} void @{}(ptr noalias %cpu, ptr noalias %port, "
    + ", ".join(f"i64 %in.{name}" for name in HANDED)
    + ") nounwind {{"
)


def same_page(ia: int, other: int) -> bool:
    return ia & PAGE == other & PAGE


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
    """Return a module with the region's function, and its body. templates: by mnemonic, of all that are no barrier."""
    write = _Writer()
    write(BODY_HEAD.format(CONVENTION, BODY), "entry:")
    _start(write, region)
    for leader in region.blocks:
        _block(write, region, leader)
    _indirect(write, region)
    _exit(write)
    _onward(write)
    write("}", HEAD.format(symbol), "entry:")
    _guard(write, region)
    _stand_in(write, region)
    write("}")
    used = [templates[name] for name in sorted({i.mnemonic for i in region.instructions if not i.barrier})]
    declares = sorted({line for template in used for line in template.declares})
    return "\n".join((llvm.header(), *declares, *(t.text for t in used), *write.lines, METADATA))


def _start(write: _Writer, region: Region) -> None:
    """Write the body's beginning: whether it may be entered there."""
    for name in (*POINTERS, "rem", "code"):
        write(f"%p.{name} = alloca i64")
    for name in HANDED:
        write.put(f"%in.{name}", name)
    amode, mask = write.load("cpu", CPU["amode"].start), write.load("cpu", CPU["psw_mask"].start)
    write.put(signed(region.amode), "amode")
    write.put(write.value(f"and i64 {mask}, {~int(PROGRAM_MASK)}"), "mask")
    write.put(write.load("port", PORT["context"].start), "context")
    write.put(0, "insn")
    write.put(0, "code")
    same_mode = write.value(f"icmp eq i64 {amode}, {signed(region.amode)}")
    write(f"br i1 {same_mode}, label %start, label %exit{LIKELY}", "start:")
    cases = " ".join(f"i64 {signed(entry)}, label %b{entry:x}" for entry in region.entries)
    write(f"switch i64 %in.ia, label %exit [ {cases} ]")


def _guard(write: _Writer, region: Region) -> None:
    """Write the handler: the body, if the program mask is zero, and in its place if it executes nothing."""
    values = {name: write.load(record, where) for name, (record, where) in KEPT.items()}
    values["ia"] = write.load("port", PORT["insn_ia"].start)
    count, deadline = write.load("port", PORT["count"].start), write.load("port", PORT["deadline"].start)
    following = write.load("cpu", CPU["psw_ia"].start)
    values["rem"] = write.value(f"sub i64 {deadline}, {count}")
    due = write.value(f"icmp ule i64 {deadline}, {count}")  # the look-up of this instruction may have made it so
    program_mask = write.value(f"and i64 {write.load('cpu', CPU['psw_mask'].start)}, {int(PROGRAM_MASK)}")
    masked = write.value(f"icmp ne i64 {program_mask}, 0")
    write(f"br i1 {write.value(f'or i1 {due}, {masked}')}, label %stand_in, label %try{UNLIKELY}", "try:")
    _go(write, "call", f"@{BODY}", values)
    counted = write.value(f"add i64 {write.load('port', PORT['count'].start)}, 1")
    write(f"br i1 {write.value(f'icmp eq i64 {counted}, {count}')}, label %nothing, label %return{UNLIKELY}")
    write("return:", "store i64 0, ptr %result", "ret i32 0", "nothing:")
    write.store(count, "port", PORT["count"].start)
    write.store(following, "cpu", CPU["psw_ia"].start)
    write("br label %stand_in")


def _go(write: _Writer, how: str, body: str, values: Mapping[str, str]) -> None:
    """Write the call of a body."""
    handed = ", ".join(f"i64 {values[name]}" for name in HANDED)
    write(f"{how} {CONVENTION} void {body}(ptr %cpu, ptr %port, {handed})")


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
        return f"%b{ia:x}" if ia in region.blocks else "%exit" if same_page(ia, last.ia) else "%onward"

    if last.barrier:
        write.put(signed(last.ia), "ia")
        write("br label %exit")
    elif not last.branches:
        write(f"br label {to(last.following)}")
    else:
        other = to(last.target) if last.target is not None else "%indirect"
        if not last.goes_on:
            write(f"br label {other}")
            return
        straight = write.value(f"icmp eq i64 {write.get('ia')}, {signed(last.following)}")
        write(f"br i1 {straight}, label {to(last.following)}, label {other}")


def _indirect(write: _Writer, region: Region) -> None:
    """Write where a branch to an address in a register goes: to an entry, or out."""
    cases = " ".join(f"i64 {signed(entry)}, label %b{entry:x}" for entry in region.entries)
    write("indirect:")
    write(f"switch i64 {write.get('ia')}, label %onward [ {cases} ]")


def _exit(write: _Writer) -> None:
    """Write the exit to the run loop."""
    write("exit:")
    last = write.value(f"sub i64 {write.load('port', PORT['deadline'].start)}, 1")
    write.store(write.value(f"sub i64 {last}, {write.get('rem')}"), "port", PORT["count"].start)
    write.store(write.get("ia"), "cpu", CPU["psw_ia"].start)
    for name, (record, where) in KEPT.items():
        write.store(write.get(name), record, where)
    write("ret void")


def _onward(write: _Writer) -> None:
    """Write the exit to a region in another page, if the TLB leads to one."""
    write("onward:")
    ia = write.get("ia")
    slot = write.value(f"and i64 {write.value(f'lshr i64 {ia}, {BLOCK_SHIFT}')}, {TLB_SLOTS - 1}")
    tag, page = (_tlb(write, name, slot) for name in ("tlb_insn_tag", "tlb_insn_decoded"))
    context = write.value(f"load i64, ptr {write.field('port', PORT['insn_context'].start)}{TAGS['tlb']}")
    expected = write.value(f"xor i64 {write.value(f'and i64 {ia}, {signed(PAGE | ODD)}')}, {context}")
    write(f"br i1 {write.value(f'icmp eq i64 {tag}, {expected}')}, label %look, label %exit{LIKELY}", "look:")
    body = _native(write, write.value(f"add i64 {page}, {TRANSLATED}"))
    write(f"br i1 {write.value(f'icmp eq i64 {body}, 0')}, label %exit, label %other", "other:")
    _go(write, "musttail call", write.value(f"inttoptr i64 {body} to ptr"), {name: write.get(name) for name in HANDED})
    write("ret void")


def _tlb(write: _Writer, name: str, slot: str) -> str:
    """Write the load of one of the TLB's words."""
    first = write.field("port", PORT[name].start)
    return write.value(f"load i64, ptr {write.value(f'getelementptr i64, ptr {first}, i64 {slot}')}{TAGS['tlb']}")


def _native(write: _Writer, address: str) -> str:
    """Write the load of a word of the decode cache or of the guest's tables, which regions do not write to."""
    return write.value(f"load i64, ptr {write.value(f'inttoptr i64 {address} to ptr')}")


def _stand_in(write: _Writer, region: Region) -> None:
    """Write the call of the handler that the region stands for: the page may have another logical address now, but the
    offset tells which it is."""
    write("stand_in:")
    offset = write.value(f"and i64 {write.load('port', PORT['insn_ia'].start)}, {IN_PAGE}")
    cases = " ".join(f"i64 {entry & IN_PAGE}, label %is{entry:x}" for entry in region.entries)
    write(f"switch i64 {offset}, label %impossible [ {cases} ]", "impossible:", "unreachable")
    for entry in region.entries:
        write(f"is{entry:x}:", "br label %known")
    incoming = ", ".join(f"[ {region.blocks[entry][0].place}, %is{entry:x} ]" for entry in region.entries)
    write("known:", f"%index = phi i64 {incoming}")
    guest = write.value(f"inttoptr i64 {write.load('port', PORT['guest'].start)} to ptr")
    write(f"%guest = getelementptr i8, ptr {guest}, i64 {GUEST_T.fields['handlers'][1]}")  # type: ignore[index]
    table = write.value("load i64, ptr %guest")
    address = _native(write, write.value(f"add i64 {table}, {write.value('shl i64 %index, 3')}"))
    handler = write.value(f"inttoptr i64 {address} to ptr")
    status = write.value(f"tail call i32 {handler}(ptr %result, ptr %none, ptr %cpu, ptr %port, i64 %text)")
    write(f"ret i32 {status}")
