"""Templates in place of handlers: what a region would inline, one instruction at a time, for any test there is.

    S390EMU_AS_HANDLERS=1 pytest tests/isa traces/      (tests/conftest.py calls `install`)

A region leaves the last instruction before a deadline to the interpreter, so a test of one instruction would never see
it. Here each handler with a template is replaced by a function that executes the template under the conditions of a
region (program mask zero, no program-event recording, operands not in the access-register mode), and calls the handler
where the template misses.
"""

from __future__ import annotations

import ctypes
import hashlib
from functools import cache

from s390emu._jit.cache import regions
from s390emu.architecture.psw_bits import PROGRAM_MASK
from s390emu.engine import handlers
from s390emu.regions import emit, library, llvm
from s390emu.regions.templates import CPU, METADATA, POINTERS, PORT, Template

SYMBOL, ORIGINAL = "region", "original"
executed: set[str] = set()  # mnemonics whose template is in place
_alive: list[object] = []
_handler_of = handlers.compile_handler


def module_text(template: Template) -> str:
    """Return a module with the function SYMBOL, and the word ORIGINAL for the address of the handler."""
    write = emit._Writer()
    write(f"@{ORIGINAL} = global i64 0", emit.HEAD.format(SYMBOL), "entry:")
    for name in (*POINTERS, "code"):
        write(f"%p.{name} = alloca i64")
    kept = emit.KEPT | {
        "ia": ("cpu", CPU["psw_ia"].start), "amode": ("cpu", CPU["amode"].start),
        "mask": ("cpu", CPU["psw_mask"].start), "insn": ("port", PORT["insn_ia"].start),
        "context": ("port", PORT["context"].start),
    }  # fmt: skip
    for name, (record, where) in kept.items():
        write.put(write.load(record, where), name)
    write.put(0, "code")
    unusual = write.value(f"and i64 {write.get('mask')}, {int(PROGRAM_MASK)}")
    for name in ("per", "by_text"):
        unusual = write.value(f"or i64 {unusual}, {write.load('port', PORT[name].start)}")
    write(f"br i1 {write.value(f'icmp eq i64 {unusual}, 0')}, label %try, label %stand_in", "try:")
    write(f'call i32 @"h.{template.mnemonic}"({emit.ARGUMENTS}, i64 %text)')
    completed = write.value(f"icmp eq i64 {write.get('code')}, 0")
    write(f"br i1 {completed}, label %leave, label %stand_in", "leave:")
    for name, (record, where) in (emit.KEPT | {"ia": kept["ia"]}).items():
        write.store(write.get(name), record, where)
    write("store i64 0, ptr %result", "ret i32 0", "stand_in:", f"%o = load i64, ptr @{ORIGINAL}")
    write("%h = inttoptr i64 %o to ptr")
    write("%s = tail call i32 %h(ptr %result, ptr %none, ptr %cpu, ptr %port, i64 %text)", "ret i32 %s", "}")
    return "\n".join((llvm.header(), *template.declares, template.text, *write.lines, METADATA))


def _code(template: Template) -> bytes:
    text = module_text(template)
    name = "handler-" + hashlib.sha256(text.encode()).hexdigest()[:32]
    code = regions().get(name)
    if code is None:
        module = llvm.parsed(text)
        llvm.inline(module)
        llvm.optimise(module)
        regions().keep(name, code := llvm.object_code(module))
    return code


@cache
def compile_handler(mnemonic: str) -> int:
    """Return the address of what executes the template; of the handler where there is none."""
    handler, template = _handler_of(mnemonic), library.template(mnemonic)
    if not isinstance(template, Template):
        return handler
    library_of_it, address, original = llvm.linked(_code(template), SYMBOL, ORIGINAL)
    ctypes.c_uint64.from_address(original).value = handler
    _alive.append(library_of_it)
    executed.add(mnemonic)
    return address


def install() -> None:
    """Have every machine that is made from now on execute templates."""
    handlers.compile_handler = compile_handler
