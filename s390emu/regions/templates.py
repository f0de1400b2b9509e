"""Templates: a handler's LLVM IR, rewritten so that a region can inline it.

    i32 @"h.LG"(i64 *code, %p.cc, %p.ia, ..., CPU *, PORT *, i64 insn)      code: 0 completed, else a MISS

1. What a region keeps in values of its own (condition code, instruction address ...) comes through pointers of its own.
2. A slow path (a call of one, or what `_jit.slow_way` marks) is a MISS: the region ends before the instruction, and the
   interpreter executes it. So is every code that a handler returns. Nothing may have been changed on a way to a MISS:
   where it is, the block that begins to change something is the MISS.
3. The program mask is zero: the region is entered only then.
4. Loads and stores say whether they are the guest's storage, the CPU record, the TLB or the branch history (TBAA).

What writes other fields, reads the instruction count or calls anything else is refused: a barrier, at which the region
ends. What this page does not recognise is refused too, so that a new LLVM makes regions shorter and not wrong.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import count
from typing import NamedTuple

import numpy as np

from s390emu.architecture.psw_bits import PROGRAM_MASK
from s390emu.records.cpu import CPU_T
from s390emu.records.port import PORT_T
from s390emu.regions import llvm
from s390emu.regions.text import (
    DIRECT_CALL,
    GEP,
    INCOMING,
    INDIRECT_CALL,
    INT_TO_PTR,
    LOAD,
    NAME,
    PHI,
    STORE,
    VALUE,
    Block,
    Function,
    Place,
    cleaned,
    function_of,
    parameters_of,
    places,
)

MISS = -77777  # no code
QUOTE = '"'
LINKAGE = "(?:private |internal |common |linkonce_odr |weak_odr |local_unnamed_addr |hidden |dso_local )*"


class Refused(Exception):
    """The handler cannot be a template; the text says why."""


class Template(NamedTuple):
    """text: the function and its constants; declares: the lines it needs once per module; branches: it may assign the
    instruction address; misses: it may return something else than 0."""

    mnemonic: str
    text: str
    declares: tuple[str, ...]
    branches: bool
    misses: bool


def _fields(dtype: np.dtype) -> dict[str, range]:
    """Return the bytes of each field."""
    fields = {name: dtype.fields[name] for name in dtype.names or ()}  # type: ignore[index]
    return {name: range(offset, offset + kind.itemsize) for name, (kind, offset, *_) in fields.items()}


CPU, PORT = _fields(CPU_T), _fields(PORT_T)
PROMOTED = {
    ("cpu", CPU["cc"].start): "cc", ("cpu", CPU["psw_ia"].start): "ia", ("cpu", CPU["amode"].start): "amode",
    ("cpu", CPU["breaking_event"].start): "event", ("cpu", CPU["psw_mask"].start): "mask",
    ("port", PORT["insn_ia"].start): "insn", ("port", PORT["context"].start): "context",
    ("port", PORT["branch_count"].start): "branches",
}  # fmt: skip
POINTERS = tuple(PROMOTED.values())
CONSTANT = ("amode", "mask", "insn", "context")  # not for a template to change
PARAMETERS = {"%t.code": "code", "%t.cpu": "cpu", "%t.port": "port", "%t.none": "none"} | {
    f"%p.{n}": n for n in POINTERS
}
OWN_PARAMETERS = ("%t.code", "%t.none", "%t.cpu", "%t.port", "%t.insn")  # in place of a handler's
HEAD = (
    'define i32 @"h.{}"(ptr noalias %t.code, ptr %t.none, '
    + ", ".join(f"ptr noalias %p.{name}" for name in POINTERS)
    + ", ptr noalias %t.cpu, ptr noalias %t.port, i64 %t.insn) {{"
)
MASK_PLACE = Place("cpu", CPU["psw_mask"].start)

SLOW = {PORT[name].start for name in ("fetch_by_bytes", "store_by_bytes", "check_and_touch")}
MARK = 'call void asm sideeffect "", ""()'  # `_jit.slow_way`
HISTORY = (PORT["branch_from"].start, PORT["branch_to"].start)
TLB = range(PORT["context"].start, PORT["branch_count"].start)
# Fields of PORT that are rewritten at will: of no meaning to the next instruction.
SCRATCH = {PORT[n].start for n in ("value", "span_first", "span_length", "span_second", "operand_register")}
# The region keeps the count itself; through the guest's record another CPU's port can be reached, and its deadline.
UNREADABLE = {PORT[n].start for n in ("guest", "count", "deadline", "limit")}
ASSIGNABLE = [CPU[name] for name in ("gr", "ar", "fpr", "vr_right", "fpc", "dxc")]
SCALARS = ("i1", "i8", "i16", "i32", "i64", "float", "double")
OPERATION = re.compile(rf"(?:{VALUE} = )?(?:tail |notail )?(\w+)")
OPERATIONS = frozenset((
    "add", "sub", "mul", "udiv", "sdiv", "urem", "srem", "and", "or", "xor", "shl", "lshr", "ashr", "icmp", "fcmp",
    "fadd", "fsub", "fmul", "fdiv", "fneg", "fpext", "fptrunc", "fptosi", "fptoui", "sitofp", "uitofp", "zext", "sext",
    "trunc", "bitcast", "freeze", "select", "phi", "br", "switch", "ret", "unreachable", "getelementptr", "inttoptr",
    "alloca", "load", "store", "call", "extractvalue", "insertvalue", "extractelement", "insertelement",
    "shufflevector",
))  # fmt: skip
PURE = re.compile(r"llvm\.(bswap|ctlz|cttz|ctpop|fsh[lr]|[us](max|min|add|sub|mul)\b|[us](add|sub|mul)\.(with|sat)|abs|"
                  r"vector\.reduce\.|assume|lifetime|expect|usub|uadd|umul|sadd|ssub|smul|bitreverse|fabs|copysign|sqrt|fma\.|is\.fpclass|"
                  r"experimental\.noalias)")  # fmt: skip
POINTER_ARGUMENTS = re.compile(rf"ptr [^%(]*({VALUE})")
BYTE_EXTENDED = re.compile(rf"({VALUE}) = zext (?:nneg )?i8 (\S+) to i64")
MASK_BIT = re.compile(rf"({VALUE}) = lshr i64 8, ({VALUE})")  # of the condition code, in the mask of a branch
NOT_ZERO = re.compile(r"-?[1-9]\d*")
ASSIGNED = re.compile(rf"({VALUE}) = ")
CONDITIONAL = re.compile(rf"br i1 ({VALUE}), label %({NAME}), label %({NAME})")
CHOSEN = re.compile(rf"({VALUE}) = select i1 \S+, i64 (\S+), i64 (\S+)")
LONGEST_ENDING = 12  # lines
BYTES_MOVED = re.compile(r"llvm\.mem(move|cpy|set)\.")

# Type-based alias analysis: the kinds of memory, none of which overlaps another.
KINDS = ("guest", "cpu", "tlb", "history", "port")
TAGS = {kind: f", !tbaa !{n + 11}" for n, kind in enumerate(KINDS)}
METADATA = "\n".join((
    '!0 = !{!"s390emu"}',
    *(f'!{n + 1} = !{{!"{kind}", !0, i64 0}}' for n, kind in enumerate(KINDS)),
    *(f"!{n + 11} = !{{!{n + 1}, !{n + 1}, i64 0}}" for n in range(len(KINDS))),
    '!20 = !{!"branch_weights", i32 1, i32 1000000}',
    '!21 = !{!"branch_weights", i32 1000000, i32 1}', "",
))  # fmt: skip


def make_template(mnemonic: str, symbol: str, intermediate: str) -> Template:
    """Return the template of a handler, from its IR. Raises Refused."""
    try:
        module = llvm.parsed(_with_helpers_inlined(symbol, intermediate))
        llvm.inline(module)
        function, rest = _split(str(module))
        module = llvm.parsed(_module(_rewritten(function, mnemonic), rest))
        llvm.optimise(module)
        function, rest = _split(str(module))
        module = llvm.parsed(_module(_with_early_misses(function), rest))
        llvm.optimise(module)
        function, rest = _split(str(module))
        for _ in range(len(function.blocks)):
            _check(function)
            cut = _dirty_misses(function)
            if not cut:
                break
            module = llvm.parsed(_module(_with_misses(function, dict.fromkeys(cut, 0)), rest))
            llvm.optimise(module)
            function, rest = _split(str(module))
        else:
            raise Refused("state is changed before a slow path")
    except RuntimeError as error:  # of LLVM's parser
        raise Refused(str(error)) from None
    chosen = {found[1]: found.groups()[1:] for _, line in function.lines() if (found := CHOSEN.match(line))}
    codes = [value for code in _codes(function) for value in chosen.get(code.value, (code.value,))]
    if all(NOT_ZERO.fullmatch(value) for value in codes):
        raise Refused("always a slow path")
    return _tagged(mnemonic, function, rest)


def _with_helpers_inlined(symbol: str, text: str) -> str:
    """Return the module with every function but the handler marked for inlining."""
    lines = []
    for line in cleaned(text):
        if line.startswith("define"):
            if symbol in line:
                line = re.sub(rf"^define .*?@{NAME}\(", 'define i32 @"h"(', line)
            else:
                line = re.sub(
                    r"^define (?:linkonce_odr |internal |private |hidden |dso_local )*", "define internal ", line
                )
                line = re.sub(r"\)[^)]*\{$", ") alwaysinline {", line)
        if not line.startswith("@") or "NumbaEnv" not in line:
            lines.append(line)
    return llvm.header() + "\n".join(lines)


def _split(text: str) -> tuple[Function, list[str]]:
    """Return the handler's function, and the module's constants and declarations."""
    lines = cleaned(text)
    starts = [n for n, line in enumerate(lines) if line.startswith("define")]
    if len(starts) != 1:
        raise Refused("a helper that cannot be inlined")
    start, end = starts[0], lines.index("}", starts[0])
    return function_of(lines[start : end + 1]), lines[:start] + lines[end + 1 :]


def _module(function: Function, rest: Iterable[str]) -> str:
    return "\n".join((llvm.header(), *rest, function.text()))


# --- step 1 to 3: rewriting ------------------------------------------------------------------------------------------


def _rewritten(function: Function, mnemonic: str) -> Function:
    """Return the handler with parameters of a template, slow paths being misses."""
    names = dict(zip(parameters_of(function.head), OWN_PARAMETERS, strict=True))
    parameter = re.compile("|".join(rf"{re.escape(name)}(?![\w.$-])" for name in names))
    blocks = {
        label: Block(label, [parameter.sub(lambda found: names[found[0]], line) for line in block.lines])
        for label, block in function.blocks.items()
    }
    known = places(Function("", blocks), PARAMETERS)
    slow = _slow_calls(Function("", blocks), known)
    for block in blocks.values():
        lines = [_masked(_promoted(line, known), known) for line in block.lines]
        slow_line = slow.get(block.label)
        if slow_line is not None:
            slow[block.label] = sum(map(len, lines[:slow_line]))
        block.lines[:] = [line for several in lines for line in several]
    return _with_misses(Function(HEAD.format(mnemonic), blocks), slow)


def _with_early_misses(function: Function) -> Function:
    """Return the function, what ends with a code for certain, or asks what the guest has, being a miss where that
    begins."""
    blocks = _with_endings_apart(function.blocks)
    certain = _certain_codes(blocks)
    blocks = _tested_first(blocks, _only_to(blocks, certain))
    known = places(Function("", blocks), PARAMETERS)
    for block in blocks.values():
        block.lines[:] = [_promoted(line, known) for line in block.lines]
    return _with_misses(Function(function.head, blocks), certain | _rare_questions(blocks, known))


def _with_endings_apart(blocks: dict[str, Block]) -> dict[str, Block]:
    """Return the blocks, the last one being one for each that goes there.

    LLVM lets stores of different fields share an ending: then neither the field nor the code is a constant in it."""
    result = dict(blocks)
    for block in blocks.values():
        before = [each for each in blocks.values() if block.label in each.successors]
        phis = [found for line in block.lines if (found := PHI.match(line))]
        if block.successors or not phis or len(block.lines) > LONGEST_ENDING:
            continue
        del result[block.label]
        assigned = [found[1] for line in block.lines if (found := ASSIGNED.match(line))]
        own = re.compile("|".join(rf"{re.escape(name)}(?![\w.$-])" for name in assigned))
        to = re.compile(rf"label %(?:{re.escape(block.label)}(?![\w.$-])|{re.escape(QUOTE + block.label + QUOTE)})")
        for n, each in enumerate(before):
            label = f"ending.{n}.{block.label}"
            names = {name: f'%"{label}.{name[1:].strip(QUOTE)}"' for name in assigned}
            for found in phis:
                names[found[1]] = {of.strip(QUOTE): value for value, of in INCOMING.findall(found[3])}[each.label]
            result[label] = Block(label, [_renamed(line, own, names) for line in block.lines[len(phis) :]])
            each.lines[-1] = to.sub(f'label %"{label}"', each.lines[-1])
    return result


def _renamed(line: str, own: re.Pattern[str], names: dict[str, str]) -> str:
    return own.sub(lambda found: names[found[0]], line)


def _certain_codes(blocks: dict[str, Block]) -> dict[str, int]:
    """Return, by label, the index of the first line of each block that can only end with a code."""
    return {
        block.label: 0 for block in blocks.values() for line in block.lines
        if (found := STORE.match(line)) and found[3] == "%t.code" and NOT_ZERO.fullmatch(found[2])
    }  # fmt: skip


def _only_to(blocks: dict[str, Block], ends: Iterable[str]) -> set[str]:
    """Return the labels of blocks from which every way leads to one of these."""
    found, before = set(ends), -1
    while len(found) > before:
        before = len(found)
        found |= {each.label for each in blocks.values() if each.successors and found.issuperset(each.successors)}
    return found


def _tested_first(blocks: dict[str, Block], missing: set[str]) -> dict[str, Block]:
    """Return the blocks, those that change something and then branch to a certain miss asking that first.

    So it is with what traps: flags and result are stored, and then there is an exception or none."""
    result, renamed = {}, {}
    for block in blocks.values():
        found = CONDITIONAL.fullmatch(block.lines[-1])
        ways = [label.strip(QUOTE) in missing for label in found.groups()[1:]] if found else []
        needed = _pure_lines_for(block, found[1]) if found and sum(ways) == 1 else None
        if needed is None or not any(STORE.match(line) for line in block.lines):
            result[block.label] = block
            continue
        rest, to = f"{block.label}.rest", f"{block.label}.traps"
        renamed[block.label] = rest
        targets = (to, rest) if ways[0] else (rest, to)
        first = [line for n, line in enumerate(block.lines) if n in needed or " = phi " in line]
        first.append(f'br i1 {found[1]}, label %"{targets[0]}", label %"{targets[1]}"')  # type: ignore[index]
        result[block.label] = Block(block.label, first)
        lines = [line for n, line in enumerate(block.lines) if n not in needed and " = phi " not in line]
        result[rest] = Block(rest, lines)
        result[to] = Block(to, [f"store i64 {MISS}, ptr %t.code", "ret i32 0"])
    for block in result.values():
        block.lines[:] = [_from_renamed(line, renamed) for line in block.lines]
    return result


def _pure_lines_for(block: Block, value: str) -> set[int] | None:
    """Return the indexes of a block's lines, phis aside, that a value needs; None if some read storage or records."""
    own: dict[str, int] = {}
    for at, line in enumerate(block.lines):
        if (found := ASSIGNED.match(line)) and " = phi " not in line:
            own[found[1]] = at
    needed: set[int] = set()
    work = [value]
    while work:
        name = work.pop()
        if name not in own or own[name] in needed:
            continue
        n = own[name]
        if OPERATION.match(block.lines[n])[1] in ("load", "call", "alloca"):  # type: ignore[index]
            return None
        needed.add(n)
        work += re.findall(VALUE, block.lines[n].split(" = ", 1)[1])
    return needed


def _rare_questions(blocks: dict[str, Block], known: dict[str, Place]) -> dict[str, int]:
    """Return, by label, the index of the first line of each block but the first that asks what the guest has."""
    first = next(iter(blocks))
    return {
        block.label: 0 for block in blocks.values() for line in block.lines
        if block.label != first and (found := LOAD.match(line)) and (place := known.get(found[3]))
        and place == Place("port", PORT["guest"].start)
    }  # fmt: skip


def _promoted(line: str, known: dict[str, Place]) -> str:
    """Return the line, a pointer to a field that the region keeps being that of the region's own."""
    found = GEP.match(line)
    place = known.get(found[1]) if found else None
    if found and place and place.offset is not None and (place.space, place.offset) in PROMOTED:
        return f"{found[1]} = getelementptr i8, ptr %p.{PROMOTED[place.space, place.offset]}, i64 0"
    return line


def _masked(line: str, known: dict[str, Place]) -> list[str]:
    """Return the lines for one: what is loaded from the PSW has zeros for the program mask."""
    found = LOAD.match(line)
    if not found or known.get(found[3]) != MASK_PLACE:
        return [line]
    if found[2] != "i64":
        raise Refused("a part of the PSW is loaded")
    raw = f'%"raw.{found[1].lstrip("%").strip(QUOTE)}"'
    return [line.replace(found[1], raw, 1), f"{found[1]} = and i64 {raw}, {~int(PROGRAM_MASK)}"]


def _slow_calls(function: Function, known: dict[str, Place]) -> dict[str, int]:
    """Return, by label, the index of the first line that calls a slow path, or where one is marked."""
    loaded = {found[1]: known.get(found[3]) for _, line in function.lines() if (found := LOAD.match(line))}
    callees = {found[1]: loaded.get(found[2]) for _, line in function.lines() if (found := INT_TO_PTR.match(line))}
    calls: dict[str, int] = {}
    for block in function.blocks.values():
        for n, line in enumerate(block.lines):
            place = callees.get(found[3]) if (found := INDIRECT_CALL.match(line)) else None
            if line.endswith(MARK) or (found and place and place.space == "port" and place.offset in SLOW):
                calls.setdefault(block.label, n)
    return calls


def _with_misses(function: Function, at: dict[str, int]) -> Function:
    """Return the function with a MISS in these blocks, before the line with this index (or the first after the phis).

    The rest of the block stays, unreachable, for LLVM to remove: the phis of its successors are right all the time."""
    if not at:
        return function
    blocks, renamed = {}, {}
    miss = next(label for n in count() if (label := f"miss.{n}") not in function.blocks)
    for block in function.blocks.values():
        if block.label not in at:
            blocks[block.label] = block
            continue
        phis = sum(line.startswith("%") and " = phi " in line for line in block.lines)
        n, rest = max(at[block.label], phis), f"{block.label}.{miss}"
        renamed[block.label] = rest
        blocks[block.label] = Block(block.label, [*block.lines[:n], f'br i1 true, label %{miss}, label %"{rest}"'])
        blocks[rest] = Block(rest, [_no_call(line) for line in block.lines[n:]])
    for block in blocks.values():
        block.lines[:] = [_from_renamed(line, renamed) for line in block.lines]
    blocks[miss] = Block(miss, [f"store i64 {MISS}, ptr %t.code", "ret i32 0"])
    return Function(function.head, blocks)


def _no_call(line: str) -> str:
    found = INDIRECT_CALL.match(line)
    return f"{found[1]} = add i32 0, 0" if found and found[1] else line


def _from_renamed(line: str, renamed: dict[str, str]) -> str:
    if " = phi " not in line:
        return line
    return re.sub(rf", %({NAME}) \]", lambda m: f', %"{renamed.get(label := m[1].strip(QUOTE), label)}" ]', line)


# --- what is refused -------------------------------------------------------------------------------------------------


def _check(function: Function) -> None:
    """Refuse what a region could not inline."""
    known = places(function, PARAMETERS)
    for _, line in function.lines():
        found = OPERATION.match(line)
        if not found or found[1] not in OPERATIONS:
            raise Refused(line)
        if found[1] in ("load", "store"):
            _check_access(known, line)
        elif found[1] == "call":
            _check_call(known, line)
        elif found[1] == "ret" and line != "ret i32 0":
            raise Refused(line)


def _at(place: Place) -> int:
    return place.base if place.offset is None else place.offset


def _field(fields: dict[str, range], place: Place) -> str:
    return next((name for name, where in fields.items() if _at(place) in where), f"+{_at(place)}")


def _place(known: dict[str, Place], pointer: str, line: str) -> Place:
    if pointer not in known:
        raise Refused(f"an unknown pointer: {line}")
    return known[pointer]


def _check_access(known: dict[str, Place], line: str) -> None:
    loaded, stored = LOAD.match(line), STORE.match(line)
    access = loaded or stored
    if not access:
        raise Refused(line)
    place, kind = _place(known, access[3], line), loaded[2] if loaded else access[1]
    if place.space in ("guest", "local"):
        return
    if kind not in SCALARS or place.space == "none" or (place.space == "code" and (loaded or kind != "i64")):
        raise Refused(line)
    if any(place.space == space and place.offset in range(offset, offset + 8) for space, offset in PROMOTED):
        raise Refused(line)  # a part of what the region keeps
    if loaded and place.space == "port" and _at(place) in UNREADABLE:
        raise Refused(f"reads PORT.{_field(PORT, place)}")
    if stored:
        _check_store(place)


def _check_store(place: Place) -> None:
    if place.space == "cpu" and not any(_at(place) in where for where in ASSIGNABLE):
        raise Refused(f"writes CPU.{_field(CPU, place)}")
    if place.space == "port" and _at(place) not in SCRATCH and _at(place) not in HISTORY:
        raise Refused(f"writes PORT.{_field(PORT, place)}")
    if place.space in CONSTANT:
        raise Refused(f"writes {place.space}")


def _check_call(known: dict[str, Place], line: str) -> None:
    found = DIRECT_CALL.search(line)
    callee = found[1].strip(QUOTE) if found else ""
    if PURE.match(callee):
        return
    if not BYTES_MOVED.match(callee):
        raise Refused(f"calls {callee or 'by address'}")
    if not {_place(known, pointer, line).space for pointer in POINTER_ARGUMENTS.findall(line)} <= {"guest", "local"}:
        raise Refused(line)


# --- nothing is changed before a miss --------------------------------------------------------------------------------


class Code(NamedTuple):
    """Where a code is stored: in `block`, as what comes from the block `before` it if it is a phi."""

    before: str
    block: str
    value: str


def _codes(function: Function) -> list[Code]:
    """Return what is stored as the code, wherever it is."""
    codes = []
    for block in function.blocks.values():
        phis = {found[1]: found[3] for line in block.lines if (found := PHI.match(line))}
        for line in block.lines:
            found = STORE.match(line)
            if not found or found[3] != "%t.code":
                continue
            if found[2] in phis:
                incoming = INCOMING.findall(phis[found[2]])
                codes += [Code(label.strip(QUOTE), block.label, value) for value, label in incoming]
            else:
                codes.append(Code(block.label, block.label, found[2]))
    return codes


def _changing(function: Function) -> set[str]:
    """Return the labels of blocks that change what a guest could see."""
    known = places(function, PARAMETERS)
    changing = set()
    for label, line in function.lines():
        if found := STORE.match(line):
            place = known[found[3]]
            if place.space not in ("local", "code") and not (place.space == "port" and _at(place) in SCRATCH):
                changing.add(label)
        elif (found := DIRECT_CALL.search(line)) and BYTES_MOVED.match(found[1].strip(QUOTE)):
            changing.add(label)
    return changing


def _reached(next_of: dict[str, list[str]], starts: Iterable[str], stop: Iterable[str] = ()) -> set[str]:
    """Return all that can be reached, the starts included; nothing beyond `stop`."""
    seen: set[str] = set()
    work, stop = list(starts), set(stop)
    while work:
        label = work.pop()
        if label not in seen:
            seen.add(label)
            if label not in stop:
                work += next_of[label]
    return seen


def _dirty_misses(function: Function) -> set[str]:
    """Return the blocks to be made misses, so that on no way to a miss (a code that is or may be another than 0)
    anything has been changed: those where changing begins on such a way."""
    next_of = {block.label: block.successors for block in function.blocks.values()}
    changing, entry = _changing(function), next(iter(function.blocks))
    misses = [code for code in _codes(function) if code.value != "0"]
    before = {code.before for code in misses}
    after = _reached(next_of, {code.block for code in misses}) & changing  # on the rest of the way
    if not after and not _reached(next_of, changing) & before:
        return set()
    first = _reached(next_of, [entry], stop=changing) & changing
    wrong = {label for label in first if label in after or _reached(next_of, [label]) & before}
    if not wrong or entry in wrong:
        raise Refused("state is changed before a slow path")
    return wrong


# --- step 4: kinds of memory -----------------------------------------------------------------------------------------


def _kind(place: Place) -> str:
    """Return the TBAA tag of an access; none for what the region keeps itself."""
    if place.space == "guest" or place.space == "cpu":
        return TAGS[place.space]
    if place.space == "port":
        return TAGS["history" if _at(place) in HISTORY else "tlb" if _at(place) in TLB else "port"]
    return ""


def _tagged(mnemonic: str, function: Function, rest: list[str]) -> Template:
    """Return the finished template: internal names, kinds of memory, conditions that LLVM can decide, and a byte kept
    from being loaded into a register that is also its address (docs/translation.md, "Two traps")."""
    known = places(function, PARAMETERS)
    loads = (found for _, line in function.lines() if (found := LOAD.match(line)))
    conditions = {found[1] for found in loads if known[found[3]].space == "cc"}
    lines = [f"define internal i32 @{HEAD.format(mnemonic).split('@')[1][:-1]} alwaysinline nounwind {{"]
    for block in function.blocks.values():
        lines.append(f'"{block.label}":')
        for line in block.lines:
            lines += _tagged_line(line, len(lines), known, conditions)
    text = "\n".join((*lines, "}"))
    constants = [line for line in rest if line.startswith("@")]
    for n, line in enumerate(constants):
        name, own = re.match(rf"@({NAME}) =", line)[1], f'@"c.{mnemonic}.{n}"'  # type: ignore[index]
        text = re.sub(rf"@{re.escape(name)}(?![\w.$])", own, text)
        constants[n] = re.sub(rf"^@{re.escape(name)} = {LINKAGE}", f"{own} = private ", line)
    stored = {known[found[3]].space for _, line in function.lines() if (found := STORE.match(line))}
    misses = any(code.value != "0" for code in _codes(function))
    declares = tuple(line for line in rest if line.startswith("declare"))
    return Template(mnemonic, "\n".join((*constants, text)), declares, "ia" in stored, misses)


def _tagged_line(line: str, number: int, known: dict[str, Place], conditions: set[str]) -> list[str]:
    """Return the lines for one. number: makes new names unique; conditions: the values that are condition codes."""
    if found := LOAD.match(line) or STORE.match(line):
        return ["  " + line + _kind(known[found[3]])]
    if (found := DIRECT_CALL.search(line)) and BYTES_MOVED.match(found[1].strip(QUOTE)):
        of_guest = all(known[pointer].space == "guest" for pointer in POINTER_ARGUMENTS.findall(line))
        return ["  " + line + (TAGS["guest"] if of_guest else "")]
    if found := BYTE_EXTENDED.fullmatch(line):
        return [f"  %byte.{number} = zext i8 {found[2]} to i64",
                f'  {found[1]} = call i64 asm "", "=r,0"(i64 %byte.{number})']  # fmt: skip
    if (found := MASK_BIT.fullmatch(line)) and found[2] in conditions:
        return _mask_bit(found[1], found[2], number)
    return ["  " + line]


def _mask_bit(name: str, condition: str, number: int) -> list[str]:
    """Return the lines for 8 shifted by a condition code, as comparisons: most codes are chosen by comparisons before,
    and with the mask, which is constant, LLVM makes one of them all. A shift it leaves as it is."""
    return [
        *(f"  %is.{number}.{code} = icmp eq i64 {condition}, {code}" for code in range(3)),
        f"  %bit.{number}.2 = select i1 %is.{number}.2, i64 2, i64 1",
        f"  %bit.{number}.1 = select i1 %is.{number}.1, i64 4, i64 %bit.{number}.2",
        f"  {name} = select i1 %is.{number}.0, i64 8, i64 %bit.{number}.1",
    ]
