"""The host's own CPU as judge: a random LLVM IR function, compiled for this machine and for s390x, returns the same.

Functions of integers of all widths and of float and double, with loads, stores, loops and switches, optimised at every
level, for every model whose facilities are here. Storage is accessed in the width in which it was written: the two
machines differ in byte order.
"""

from __future__ import annotations

import ctypes
from typing import NamedTuple

import pytest
from hypothesis import given, seed
from hypothesis import strategies as st
from llvmlite import binding as llvm

from s390emu.assembler.elf_loader import read_elf
from s390emu.conformance.twins.exact import LONG, SHORT
from s390emu.machine import Machine
from tests.isa.floating_point.bfp import AFP_CONTROL, hard
from tests.judges.programs import CODE, FOR_LLVM, PROGRAMS, SEED, judged, register_values

STORAGE, STACK_TOP, STOP = 0x80000, 0x70000, 0x8000
PSW_MASK = 0x0000000180000000
MODELS = ("z10", "z196", "zEC12", "z13", "z14", "z15", "z16")
FEATURES = "-vector"  # the vector chapters are not implemented
WIDTHS = (8, 16, 32, 64, 128)
SLOTS = 8  # elements of each local array
LONGEST_LOOP = 20

llvm.initialize_all_targets()
llvm.initialize_all_asmprinters()
llvm.initialize_native_target()
llvm.initialize_native_asmprinter()

PLAIN = ("add", "sub", "mul", "and", "or", "xor")
SHIFTS = ("shl", "lshr", "ashr")
DIVISIONS = ("udiv", "urem", "sdiv", "srem")
COMPARISONS = ("eq", "ne", "ugt", "uge", "ult", "ule", "sgt", "sge", "slt", "sle")
FORMATS = {"float": (32, hard(SHORT)), "double": (64, hard(LONG))}  # bits, data where something may go wrong
DEFAULT_NAN = {"float": SHORT.default, "double": LONG.default}
# Functions that are instructions, and how many operands they have; the others are calls of a library.
FUNCTIONS = {"sqrt": 1, "fabs": 1, "fneg": 1, "rint": 1, "copysign": 2, "fma": 3}
FUNCTIONS_OF_Z196 = {"nearbyint": 1, "floor": 1, "ceil": 1, "trunc": 1, "round": 1}
PREDICATES = tuple(order + relation for order in "ou" for relation in ("eq", "gt", "ge", "lt", "le", "ne"))
PREDICATES += ("ord", "uno")
UNARY = ("ctlz", "cttz", "ctpop", "bswap", "abs", "bitreverse")


class Function(NamedTuple):
    text: str
    level: int
    model: str

    def __repr__(self) -> str:
        return f"-O{self.level} -mcpu={self.model}\n{self.text}"


class Builder:
    """One function body; `values` are the names by width that dominate the current place."""

    def __init__(self, draw):
        self.draw, self.lines, self.number = draw, [], 0
        self.values: dict = {width: [] for width in WIDTHS}
        self.intrinsics: set[str] = set()

    def name(self) -> str:
        self.number += 1
        return f"%v{self.number}"

    def emit(self, width: int, operation: str) -> str:
        name = self.name()
        self.lines.append(f"  {name} = {operation}")
        self.values[width].append(name)
        return name

    def value(self, width: int) -> str:
        if self.values[width] and self.draw(st.integers(0, 4)):
            return self.draw(st.sampled_from(self.values[width]))
        edge = [0, 1, -1, (1 << width - 1) - 1, -(1 << width - 1)]
        return str(self.draw(st.one_of(st.sampled_from(edge), st.integers(-(1 << width - 1), (1 << width - 1) - 1))))

    def width(self, widths=WIDTHS) -> int:
        return self.draw(st.sampled_from(widths))

    def statement(self) -> None:
        kinds = (self.plain, self.plain, self.shift, self.divide, self.compare, self.convert, self.unary, self.storage)
        self.draw(st.sampled_from(kinds))()

    def plain(self) -> None:
        w = self.width()
        self.emit(w, f"{self.draw(st.sampled_from(PLAIN))} i{w} {self.value(w)}, {self.value(w)}")

    def shift(self) -> None:
        w = self.width((8, 16, 32, 64))
        if self.draw(st.booleans()):
            amount = self.emit(w, f"and i{w} {self.value(w)}, {w - 1}")
        else:
            amount = str(self.draw(st.integers(0, w - 1)))
        if self.draw(st.integers(0, 3)) == 0:
            direction = self.draw(st.sampled_from(("fshl", "fshr")))
            self.intrinsics.add(f"declare i{w} @llvm.{direction}.i{w}(i{w}, i{w}, i{w})")
            arguments = f"i{w} {self.value(w)}, i{w} {self.value(w)}, i{w} {amount}"
            self.emit(w, f"call i{w} @llvm.{direction}.i{w}({arguments})")
            return
        self.emit(w, f"{self.draw(st.sampled_from(SHIFTS))} i{w} {self.value(w)}, {amount}")

    def divide(self) -> None:
        """The divisor is positive: neither zero nor the overflow of least / -1, which LLVM leaves undefined."""
        w = self.width((8, 16, 32, 64))
        positive = self.emit(w, f"and i{w} {self.value(w)}, {(1 << w - 1) - 1}")
        divisor = self.emit(w, f"or i{w} {positive}, 1")
        self.emit(w, f"{self.draw(st.sampled_from(DIVISIONS))} i{w} {self.value(w)}, {divisor}")

    def compare(self) -> None:
        w, result = self.width(), self.width()
        flag = self.name()
        comparison = self.draw(st.sampled_from(COMPARISONS))
        self.lines.append(f"  {flag} = icmp {comparison} i{w} {self.value(w)}, {self.value(w)}")
        if self.draw(st.booleans()):
            self.emit(result, f"zext i1 {flag} to i{result}")
        else:
            self.emit(result, f"select i1 {flag}, i{result} {self.value(result)}, i{result} {self.value(result)}")

    def convert(self) -> None:
        small, large = sorted(self.draw(st.lists(st.sampled_from(WIDTHS), min_size=2, max_size=2, unique=True)))
        if self.draw(st.booleans()):
            self.emit(small, f"trunc i{large} {self.value(large)} to i{small}")
        else:
            self.emit(large, f"{self.draw(st.sampled_from(('zext', 'sext')))} i{small} {self.value(small)} to i{large}")

    def unary(self) -> None:
        w = self.width((16, 32, 64))
        name = self.draw(st.sampled_from(UNARY))
        flagged = name in ("ctlz", "cttz", "abs")
        self.intrinsics.add(f"declare i{w} @llvm.{name}.i{w}(i{w}{', i1' if flagged else ''})")
        self.emit(w, f"call i{w} @llvm.{name}.i{w}(i{w} {self.value(w)}{', i1 false' if flagged else ''})")

    def storage(self) -> None:
        w = self.width()
        index = self.emit(64, f"and i64 {self.value(64)}, {SLOTS - 1}")
        place = self.name()
        self.lines.append(f"  {place} = getelementptr [{SLOTS} x i{w}], ptr %slots{w}, i64 0, i64 {index}")
        if self.draw(st.booleans()):
            self.lines.append(f"  store i{w} {self.value(w)}, ptr {place}")
        else:
            self.emit(w, f"load i{w}, ptr {place}")

    def statements(self, most: int) -> None:
        for _ in range(self.draw(st.integers(1, most))):
            self.statement()

    def leftovers(self) -> None:
        """What is to become integers before the result is made of them."""

    def label(self, name: str) -> None:
        self.lines.append(f"{name}:")

    def loop(self, before: str, number: int) -> str:
        """A counted loop with an accumulator: -> the label of what comes after it."""
        head, after = f"loop{number}", f"after{number}"
        rounds = self.draw(st.integers(1, LONGEST_LOOP))
        first, extra = self.value(64), self.value(64)
        self.lines.append(f"  br label %{head}")
        self.label(head)
        counter, total, following, more = (f"%{name}{number}" for name in ("i", "sum", "next", "more"))
        new_total = f"%new{number}"
        self.lines.append(f"  {counter} = phi i64 [ 0, %{before} ], [ {following}, %{head} ]")
        self.lines.append(f"  {total} = phi i64 [ {first}, %{before} ], [ {new_total}, %{head} ]")
        outside = {width: list(names) for width, names in self.values.items()}
        self.values[64] += [counter, total]
        self.statements(5)
        self.lines.append(f"  {new_total} = {self.draw(st.sampled_from(PLAIN))} i64 {self.value(64)}, {extra}")
        self.lines.append(f"  {following} = add i64 {counter}, 1")
        self.lines.append(f"  {more} = icmp ult i64 {following}, {rounds}")
        self.lines.append(f"  br i1 {more}, label %{head}, label %{after}")
        self.label(after)
        self.values = outside
        self.values[64].append(new_total)
        return after

    def switch(self, number: int) -> str:
        """A switch over the low bits of a value: -> the label where its cases meet."""
        join, cases = f"join{number}", self.draw(st.integers(2, 8))
        chosen = self.emit(64, f"and i64 {self.value(64)}, 7")
        targets = " ".join(f"i64 {case}, label %case{number}_{case}" for case in range(cases))
        self.lines.append(f"  switch i64 {chosen}, label %other{number} [ {targets} ]")
        results = []
        outside = {width: list(names) for width, names in self.values.items()}
        for label in (*(f"case{number}_{case}" for case in range(cases)), f"other{number}"):
            self.label(label)
            self.values = {width: list(names) for width, names in outside.items()}
            self.statements(2)
            results.append(f"[ {self.value(64)}, %{label} ]")
            self.lines.append(f"  br label %{join}")
        self.label(join)
        self.values = outside
        self.emit(64, f"phi i64 {', '.join(results)}")
        return join


class FloatBuilder(Builder):
    """With numbers of both binary formats, which become integers only where the two machines agree: a NaN that an
    operation makes has another sign there."""

    def __init__(self, draw, model: str):
        super().__init__(draw)
        self.model = model
        self.values |= {form: [] for form in FORMATS}
        for argument in ("%a", "%b"):
            self.emit_number("double", f"bitcast i64 {argument} to double")
            self.emit_number("float", f"bitcast i32 {self.emit(32, f'trunc i64 {argument} to i32')} to float")

    def form(self) -> str:
        return self.draw(st.sampled_from(tuple(FORMATS)))

    def number_value(self, form: str) -> str:
        if self.values[form] and self.draw(st.integers(0, 4)):
            return self.draw(st.sampled_from(self.values[form]))
        width, hard_data = FORMATS[form]
        datum = self.draw(st.one_of(st.sampled_from(hard_data), st.integers(0, (1 << width) - 1)))
        return self.emit_number(form, f"bitcast i{width} {datum} to {form}")

    emit_number = Builder.emit

    def call(self, form: str, name: str, *arguments: str) -> str:
        mangled = f"{form} @llvm.{name}.f{FORMATS[form][0]}"
        self.intrinsics.add(f"declare {mangled}({', '.join([form] * len(arguments))})")
        return self.emit_number(form, f"call {mangled}({', '.join(f'{form} {each}' for each in arguments)})")

    def bits(self, form: str, number: str) -> str:
        """The datum of a number; of a NaN one bit pattern, whichever it is."""
        width, _ = FORMATS[form]
        nan = self.name()
        self.lines.append(f"  {nan} = fcmp uno {form} {number}, {number}")
        datum = self.emit(width, f"bitcast {form} {number} to i{width}")
        self.values[width].remove(datum)
        return self.emit(width, f"select i1 {nan}, i{width} {DEFAULT_NAN[form]}, i{width} {datum}")

    def statement(self) -> None:
        kinds = (self.arithmetic, self.arithmetic, self.function, self.function, self.compare_numbers,
                 self.from_integer, self.to_integer, self.other_format, self.to_bits, super().statement)  # fmt: skip
        self.draw(st.sampled_from(kinds))()

    def arithmetic(self) -> None:
        form, operation = self.form(), self.draw(st.sampled_from(("fadd", "fsub", "fmul", "fdiv")))
        first, second = self.number_value(form), self.number_value(form)
        self.emit_number(form, f"{operation} {form} {first}, {second}")

    def function(self) -> None:
        names = FUNCTIONS if self.model == "z10" else FUNCTIONS | FUNCTIONS_OF_Z196
        form, name = self.form(), self.draw(st.sampled_from(tuple(names)))
        arguments = [self.number_value(form) for _ in range(names[name])]
        if name == "copysign":  # of a datum
            width, _ = FORMATS[form]
            arguments[1] = self.emit_number(form, f"bitcast i{width} {self.bits(form, arguments[1])} to {form}")
        if name == "fneg":
            self.emit_number(form, f"fneg {form} {arguments[0]}")
        else:
            self.call(form, name, *arguments)

    def compare_numbers(self) -> None:
        form, width, flag = self.form(), self.width(), self.name()
        predicate = self.draw(st.sampled_from(PREDICATES))
        first, second = self.number_value(form), self.number_value(form)
        self.lines.append(f"  {flag} = fcmp {predicate} {form} {first}, {second}")
        if self.draw(st.booleans()):
            self.emit(width, f"zext i1 {flag} to i{width}")
        else:
            self.emit_number(form, f"select i1 {flag}, {form} {first}, {form} {second}")

    def from_integer(self) -> None:
        form, width = self.form(), self.width((8, 16, 32, 64))
        operation = self.draw(st.sampled_from(("sitofp", "uitofp")))
        self.emit_number(form, f"{operation} i{width} {self.value(width)} to {form}")

    def to_integer(self) -> None:
        """The nearest one that there is, and zero for a NaN: what LLVM leaves undefined otherwise."""
        form, width = self.form(), self.width((8, 16, 32, 64))
        mangled = f"i{width} @llvm.{self.draw(st.sampled_from(('fptosi', 'fptoui')))}.sat.i{width}.f{FORMATS[form][0]}"
        self.intrinsics.add(f"declare {mangled}({form})")
        self.emit(width, f"call {mangled}({form} {self.number_value(form)})")

    def other_format(self) -> None:
        if self.draw(st.booleans()):
            self.emit_number("double", f"fpext float {self.number_value('float')} to double")
        else:
            self.emit_number("float", f"fptrunc double {self.number_value('double')} to float")

    def to_bits(self) -> None:
        form = self.form()
        self.bits(form, self.number_value(form))

    def leftovers(self) -> None:
        for form in FORMATS:
            for name in self.values[form][-3:]:
                self.bits(form, name)


data = st.one_of(
    st.sampled_from(hard(LONG)),
    st.sampled_from(hard(SHORT)),
    st.integers(0x3FC << 52, 0x404 << 52),  # numbers of middling size
    st.integers(0x3E8 << 20, 0x440 << 20),
)


@st.composite
def functions(draw, floating: bool = False):
    model = draw(st.sampled_from(MODELS)) if floating else ""
    b = FloatBuilder(draw, model) if floating else Builder(draw)
    b.values[64] = ["%a", "%b"]
    label = "entry"
    for _ in range(1 + 2 * floating):
        b.statements(8)
    for number in range(draw(st.integers(0, 3))):
        label = b.loop(label, number) if draw(st.booleans()) else b.switch(number)
        b.statements(4)
    b.leftovers()
    result = b.emit(64, f"add i64 {b.value(64)}, 0")
    for w in WIDTHS:  # nothing computed is lost
        for name in b.values[w][-2 - 6 * floating :]:
            wide = name
            if w != 64:
                wide = b.name()
                b.lines.append(f"  {wide} = {'zext' if w < 64 else 'trunc'} i{w} {name} to i64")
            mixed = b.name()
            b.lines.append(f"  {mixed} = xor i64 {result}, {wide}")
            result = b.name()
            b.lines.append(f"  {result} = mul i64 {mixed}, 6364136223846793005")
    arrays = [f"  %slots{w} = alloca [{SLOTS} x i{w}]\n  store [{SLOTS} x i{w}] zeroinitializer, ptr %slots{w}"
              for w in WIDTHS]  # fmt: skip
    body = "\n".join([*arrays, *b.lines, f"  ret i64 {result}"])
    declarations = "\n".join(sorted(b.intrinsics))
    text = f"{declarations}\n\ndefine i64 @f(i64 %a, i64 %b) {{\nentry:\n{body}\n}}\n"
    return Function(text, draw(st.integers(0, 3)), model or draw(st.sampled_from(MODELS)))


def optimise(module, target, level: int) -> None:
    """The IR passes of that level, where llvmlite is new enough to have them; the code generator has its own."""
    if level and hasattr(llvm, "create_pass_builder"):
        builder = llvm.create_pass_builder(target, llvm.create_pipeline_tuning_options(speed_level=level))
        builder.getModulePassManager().run(module, builder)


def on_this_machine(function: Function, arguments) -> list[int]:
    # A target machine belongs to one engine: sharing it ends the process.
    target = llvm.Target.from_default_triple().create_target_machine(opt=function.level)
    module = llvm.parse_assembly(f'target triple = "{llvm.get_default_triple()}"\n' + function.text)
    with llvm.create_mcjit_compiler(module, target) as engine:
        engine.finalize_object()
        call = ctypes.CFUNCTYPE(ctypes.c_uint64, ctypes.c_uint64, ctypes.c_uint64)(engine.get_function_address("f"))
        return [call(a, b) for a, b in arguments]


def for_s390x(function: Function) -> bytes:
    target = llvm.Target.from_triple("s390x-linux-gnu").create_target_machine(
        cpu=function.model, features=FEATURES, opt=function.level, reloc="static"
    )
    head = f'target triple = "s390x-linux-gnu"\ntarget datalayout = "{target.target_data}"\n'
    module = llvm.parse_assembly(head + function.text)
    optimise(module, target, function.level)
    return target.emit_object(module)


@pytest.fixture(scope="module")
def machine():
    built = Machine(STORAGE)
    built.write(0x1D0, PSW_MASK.to_bytes(8, "big") + (0x200).to_bytes(8, "big"))
    return built


def on_ours(machine: Machine, function: Function, arguments) -> list[int]:
    program = read_elf(for_s390x(function), CODE)
    for address, data in program.image():
        machine.write(address, data)
    results = []
    for a, b in arguments:
        machine.set_psw(PSW_MASK, program.symbols["f"])
        machine.cr[0] |= AFP_CONTROL
        machine.gr[2], machine.gr[3], machine.gr[14], machine.gr[15] = a, b, STOP, STACK_TOP
        stop = machine.run(1_000_000, until=(STOP, 0x200))
        assert stop.psw_ia == STOP, f"{stop} {machine.last_interruption}\n{function!r}"
        results.append(int(machine.gr[2]))
    return results


@pytest.mark.parametrize(
    ("programs", "floating"),
    [pytest.param(FOR_LLVM, False, id="integers"), pytest.param(max(40, PROGRAMS // 10), True, id="float and double")],
)
def test_same_results(machine, programs, floating):
    values = st.one_of(register_values, data) if floating else register_values

    @seed(SEED)
    @judged(programs)
    @given(functions(floating), st.lists(st.tuples(values, values), min_size=2, max_size=3))
    def check(function, arguments):
        expected, found = on_this_machine(function, arguments), on_ours(machine, function, arguments)
        assert found == expected, f"{arguments}\n{function!r}"

    check()
