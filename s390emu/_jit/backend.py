"""From bitcode to code that can be called: object code for this processor, and its place in storage. LLVM alone."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache

from llvmlite import binding as llvm

OPTIMIZATION = 3  # Numba's, if NUMBA_OPT does not say otherwise
LIBC = {"memcpy", "memmove", "memset"}


def target() -> tuple[str, str, str]:
    """Return the triple, processor and features that code is generated for."""
    return llvm.get_process_triple(), llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()


def has_fused_multiply_add() -> bool:
    """True if this processor has it as an instruction: otherwise LLVM would call a function of the C library."""
    features = target()[2].split(",")
    return "+fma" in features or "+neon" in features or "+fp-armv8" in features


@cache
def _machine():
    """Return the target machine, as Numba has it: code that may lie anywhere."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    triple, processor, features = target()
    level = os.environ.get("NUMBA_OPT", "")
    return llvm.Target.from_triple(triple).create_target_machine(
        cpu=processor, features=features, opt=int(level) if level.isdigit() else OPTIMIZATION,
        reloc="static" if triple.startswith("x86") else "default", codemodel="jitdefault", jit=True,
    )  # fmt: skip


def object_code(bitcode: bytes) -> tuple[bytes, bool]:
    """Return a module's object code for this processor, and whether any process can load it.

    Checks of bounds (NUMBA_BOUNDSCHECK) raise exceptions: they call what only a process with Numba has."""
    machine = _machine()
    module = llvm.parse_bitcode(bitcode)
    declared = [f.name for f in module.functions if f.is_declaration]
    alone = all(name in LIBC or name.startswith("llvm.") for name in declared)
    return machine.emit_object(module), alone


@cache
def _engine():
    """Return what code is loaded into, and stays in."""
    machine = _machine()
    return llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine)


def load(objects: Mapping[str, bytes]) -> dict[str, int]:
    """Load the object code of several functions; return their addresses. Each has its name as its symbol.

    Together, because they then lie close together. Loaded one by one each begins on a page of its own, and the first
    bytes of all pages compete for the same few lines of the processor's instruction cache: guests that use many
    different instructions are slower."""
    engine = _engine()
    for code in objects.values():
        engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    return {name: engine.get_function_address(name) for name in objects}
