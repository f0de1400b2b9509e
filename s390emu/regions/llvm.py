"""What is asked of LLVM: parse, run passes, generate object code, link it. For this processor."""

from __future__ import annotations

from functools import cache
from itertools import count

from llvmlite import binding as llvm

DATA_LAYOUT_OF = 'target datalayout = "{}"\ntarget triple = "{}"\n'
OPTIMISATION = 2
_serial = count(1)


@cache
def target_machine():
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    llvm.initialize_native_asmparser()
    return llvm.Target.from_default_triple().create_target_machine(
        cpu=llvm.get_host_cpu_name(), features=llvm.get_host_cpu_features().flatten(), opt=OPTIMISATION, reloc="pic",
        codemodel="small",
    )  # fmt: skip


@cache
def header() -> str:
    """Return the first lines of a module for this computer."""
    return DATA_LAYOUT_OF.format(target_machine().target_data, llvm.get_default_triple())


def parsed(text: str):
    """Return the module, verified. Raises RuntimeError."""
    target_machine()
    module = llvm.parse_assembly(text)
    module.verify()
    return module


def text_of(bitcode: bytes) -> str:
    """Return the text of a module."""
    target_machine()
    return str(llvm.parse_bitcode(bitcode))


def _builder():
    tuning = llvm.create_pipeline_tuning_options(speed_level=OPTIMISATION)
    tuning.loop_vectorization = tuning.slp_vectorization = False
    return llvm.create_pass_builder(target_machine(), tuning)


def inline(module) -> None:
    """Inline what is marked so, and drop what is not called any more."""
    passes = llvm.create_new_module_pass_manager()
    passes.add_always_inliner_pass()
    passes.add_global_dead_code_eliminate_pass()
    passes.run(module, _builder())


def optimise(module) -> None:
    """Run the pipeline for functions on each one: the one for modules made slower code."""
    builder = _builder()
    for function in module.functions:
        if not function.is_declaration:
            builder.getFunctionPassManager().run(function, builder)


def object_code(module) -> bytes:
    return target_machine().emit_object(module)


@cache
def _linker():
    target_machine()
    return llvm.create_lljit_compiler(target_machine())


def linked(code: bytes, *symbols: str):
    """Return (what keeps the code alive, address of each symbol in it); closing the first frees the code."""
    builder = llvm.JITLibraryBuilder().add_object_img(code).add_current_process()
    for symbol in symbols:
        builder.export_symbol(symbol)
    library = builder.link(_linker(), f"{symbols[0]}.{next(_serial)}")
    return library, *(library[symbol] for symbol in symbols)
