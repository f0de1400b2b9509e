"""The host's own CPU as judge of vectors: random LLVM functions of vectors, for it and for s390x with vector registers.

Vectors of integers and of both binary formats, as long as a register, half, twice, four times; and loops over
arrays, of which LLVM makes vectors itself. Compiled for z13, z14 and z15, mostly at -O3, and for the judge without
optimisation. The two machines differ in byte order, so no vector is taken for one of other elements. A function is
drawn from its number and S390EMU_SEED alone; S390EMU_VECTOR_PROGRAMS is how many.
"""

from __future__ import annotations

import os
from random import Random

import pytest
from llvmlite import binding as llvm

from s390emu._jit import JIT
from s390emu.assembler.elf_loader import read_elf
from s390emu.conformance.twins.exact import LONG, SHORT
from s390emu.machine import Machine
from tests.isa.floating_point.bfp import hard
from tests.isa.vector.vectors import ENABLED
from tests.judges.programs import CODE, EDGES, SEED
from tests.judges.test_llvm import PREDICATES, PSW_MASK, STACK_TOP, STOP, STORAGE, Function, on_this_machine

FUNCTIONS = int(os.environ.get("S390EMU_VECTOR_PROGRAMS", "40" if JIT else "6"))
MODELS = ("z13", "z14", "z15")
WIDTHS = (8, 16, 32, 64)
FORMATS = {"float": (32, hard(SHORT), SHORT.default), "double": (64, hard(LONG), LONG.default)}
LENGTH = 64  # elements of each array
PLAIN = ("add", "sub", "mul", "and", "or", "xor")
SHIFTS = ("shl", "lshr", "ashr")
COMPARISONS = ("eq", "ne", "ugt", "uge", "ult", "ule", "sgt", "sge", "slt", "sle")
OF_ONE = ("ctpop", "bswap", "bitreverse", "ctlz", "cttz", "abs")
OF_TWO = ("umin", "umax", "smin", "smax", "uadd.sat", "usub.sat", "sadd.sat", "ssub.sat")
REDUCTIONS = ("add", "mul", "and", "or", "xor", "umin", "umax", "smin", "smax")
OF_NUMBERS = {"sqrt": 1, "fabs": 1, "rint": 1, "nearbyint": 1, "floor": 1, "ceil": 1, "trunc": 1, "round": 1, "fma": 3}
ARITHMETIC = ("fadd", "fsub", "fmul", "fdiv")


class Builder:
    """A function body. `values`: names by type, as (element, how many): ("i32", 4), ("double", 2), ("i64", 1)."""

    def __init__(self, rng: Random):
        self.rng, self.lines, self.number = rng, [], 0
        self.values: dict[tuple[str, int], list[str]] = {("i64", 1): ["%a", "%b"]}
        self.declared: set[str] = set()

    # --- text

    @staticmethod
    def text(kind: tuple[str, int]) -> str:
        element, count = kind
        return element if count == 1 else f"<{count} x {element}>"

    @staticmethod
    def mangled(kind: tuple[str, int]) -> str:
        element, count = kind
        short = element if element[0] == "i" else f"f{FORMATS[element][0]}"
        return short if count == 1 else f"v{count}{short}"

    def emit(self, kind: tuple[str, int], operation: str) -> str:
        name = self.emit_aside(operation)
        self.values.setdefault(kind, []).append(name)
        return name

    def emit_aside(self, operation: str) -> str:
        self.number += 1
        self.lines.append(f"  %v{self.number} = {operation}")
        return f"%v{self.number}"

    def call(self, kind: tuple[str, int], name: str, operands: list[tuple[tuple[str, int], str]], *flags: str) -> str:
        suffix = self.mangled(operands[0][0])
        full = f"@llvm.{name}.{suffix}" if ".sat.i" not in name and "fpto" not in name else f"@llvm.{name}"
        listed = [f"{self.text(k)} {value}" for k, value in operands] + [f"i1 {flag}" for flag in flags]
        types = [self.text(k) for k, _ in operands] + ["i1"] * len(flags)
        self.declared.add(f"declare {self.text(kind)} {full}({', '.join(types)})")
        return self.emit(kind, f"call {self.text(kind)} {full}({', '.join(listed)})")

    # --- values

    def element(self, element: str) -> str:
        """A constant."""
        if element in FORMATS:
            width, data, _ = FORMATS[element]
            datum = self.rng.choice((self.rng.choice(data), self.rng.getrandbits(width)))
            return self.emit_aside(f"bitcast i{width} {datum} to {element}")
        width = int(element[1:])
        edge = self.rng.choice([0, 1, -1, (1 << width - 1) - 1, -(1 << width - 1), 3])
        return str(self.rng.choice((edge, self.rng.getrandbits(width) - (1 << width - 1))))

    def value(self, kind: tuple[str, int]) -> str:
        known = self.values.get(kind, [])
        if known and self.rng.random() < 0.85:
            return self.rng.choice(known)
        element, count = kind
        if count == 1:
            return self.element(element)
        if element in FORMATS or self.rng.random() < 0.4:
            return self.filled(kind)
        return f"<{', '.join(f'{element} {self.element(element)}' for _ in range(count))}>"

    def filled(self, kind: tuple[str, int]) -> str:
        """A vector of which some elements are inserted: one of them, or all the same."""
        element, count = kind
        if element in FORMATS:
            width = FORMATS[element][0]
            data = [self.rng.choice((*FORMATS[element][1], self.rng.getrandbits(width))) for _ in range(count)]
            constant = f"<{', '.join(f'i{width} {datum}' for datum in data)}>"
            return self.emit(kind, f"bitcast <{count} x i{width}> {constant} to {self.text(kind)}")
        name = self.emit(kind, f"insertelement {self.text(kind)} poison, {element} {self.value((element, 1))}, i64 0")
        self.values[kind].pop()
        return self.emit(kind, f"shufflevector {self.text(kind)} {name}, {self.text(kind)} poison, "
                               f"<{count} x i32> zeroinitializer")  # fmt: skip

    def integers(self) -> tuple[str, int]:
        width = self.rng.choice(WIDTHS)
        return f"i{width}", max(2, 128 // width * self.rng.choice((1, 1, 1, 2, 4)) // self.rng.choice((1, 1, 1, 2)))

    def numbers(self) -> tuple[str, int]:
        element = self.rng.choice(tuple(FORMATS))
        return element, 128 // FORMATS[element][0] * self.rng.choice((1, 1, 1, 2))

    # --- statements

    def statement(self) -> None:
        kinds = (self.plain, self.plain, self.shift, self.compare, self.convert, self.of_one, self.of_two, self.shuffle,
                 self.insert, self.extract, self.reduce, self.storage, self.storage, self.divide,
                 self.arithmetic, self.arithmetic, self.function, self.compare_numbers, self.from_integers,
                 self.to_integers, self.other_format, self.bits)  # fmt: skip
        self.rng.choice(kinds)()

    def binary(self, operation: str, kind: tuple[str, int], second: str = "") -> str:
        first, second = self.value(kind), second or self.value(kind)
        return self.emit(kind, f"{operation} {self.text(kind)} {first}, {second}")

    def plain(self) -> None:
        self.binary(self.rng.choice(PLAIN), self.integers())

    def shift(self) -> None:
        kind = element, count = self.integers()
        width = int(element[1:])
        same = f"{element} {self.rng.randrange(width)}"
        amount = f"<{', '.join([same] * count)}>"
        if self.rng.random() < 0.6:
            ones = f"<{', '.join([f'{element} {width - 1}'] * count)}>"
            amount = self.binary("and", kind, ones)
        if self.rng.random() < 0.25:
            operands = [(kind, self.value(kind)), (kind, self.value(kind)), (kind, amount)]
            self.call(kind, self.rng.choice(("fshl", "fshr")), operands)
        else:
            self.binary(self.rng.choice(SHIFTS), kind, amount)

    def divide(self) -> None:
        """By constants, of which multiplications become."""
        kind = element, count = self.integers()
        values = [f"{element} {self.rng.choice((3, 7, 10, 100, 1, 2, 64))}" for _ in range(count)]
        self.binary(self.rng.choice(("udiv", "urem", "sdiv", "srem")), kind, f"<{', '.join(values)}>")

    def compare(self) -> None:
        kind = _, count = self.integers()
        text, first, second = self.text(kind), self.value(kind), self.value(kind)
        self.chosen(f"icmp {self.rng.choice(COMPARISONS)} {text} {first}, {second}", count)

    def chosen(self, comparison: str, count: int) -> None:
        """What a comparison of so many elements is used for."""
        flags = self.emit_aside(comparison)
        choices = [kind for kind in self.values if kind[1] == count and kind[0][0] == "i"]
        kind = self.rng.choice(choices) if choices else ("i8", count)
        if self.rng.random() < 0.4:
            self.emit(kind, f"{self.rng.choice(('sext', 'zext'))} <{count} x i1> {flags} to {self.text(kind)}")
        else:
            first, second = self.value(kind), self.value(kind)
            self.emit(kind, f"select <{count} x i1> {flags}, {self.text(kind)} {first}, {self.text(kind)} {second}")

    def convert(self) -> None:
        small, large = sorted(self.rng.sample(WIDTHS, 2))
        count = max(2, 128 // self.rng.choice((small, large)))
        first, second = (f"i{small}", count), (f"i{large}", count)
        if self.rng.random() < 0.5:
            self.emit(first, f"trunc {self.text(second)} {self.value(second)} to {self.text(first)}")
        else:
            operation = self.rng.choice(("zext", "sext"))
            self.emit(second, f"{operation} {self.text(first)} {self.value(first)} to {self.text(second)}")

    def of_one(self) -> None:
        kind, name = self.integers(), self.rng.choice(OF_ONE)
        if name == "bswap" and kind[0] == "i8":
            return
        self.call(kind, name, [(kind, self.value(kind))], *(["false"] if name in ("ctlz", "cttz", "abs") else []))

    def of_two(self) -> None:
        kind, name = self.integers(), self.rng.choice(OF_TWO)
        self.call(kind, name, [(kind, self.value(kind)), (kind, self.value(kind))])

    def any_kind(self) -> tuple[str, int]:
        return self.rng.choice((self.integers, self.integers, self.numbers))()

    def shuffle(self) -> None:
        kind = element, count = self.any_kind()
        length = self.rng.choice((count, count, count // 2 or 1, count * 2))
        length = max(2, length)
        first = self.rng.randrange(2 * count)
        masks = (
            [self.rng.randrange(2 * count) for _ in range(length)],
            [(first + n) % (2 * count) for n in range(length)],  # neighbours, of both
            [n // 2 + n % 2 * count for n in range(length)],  # merged
            [2 * n % (2 * count) + first % 2 for n in range(length)],  # every other
            [first] * length,
            [count - 1 - n % count for n in range(length)],  # reversed
        )
        mask = ", ".join(f"i32 {n}" for n in self.rng.choice(masks))
        operands = f"{self.text(kind)} {self.value(kind)}, {self.text(kind)} {self.value(kind)}"
        self.emit((element, length), f"shufflevector {operands}, <{length} x i32> <{mask}>")

    def index(self, count: int) -> str:
        """The number of an element: counts are powers of two."""
        if self.rng.random() < 0.5:
            return str(self.rng.randrange(count))
        return self.emit_aside(f"and i64 {self.value(('i64', 1))}, {count - 1}")

    def insert(self) -> None:
        kind = element, count = self.any_kind()
        value, content = self.value(kind), self.value((element, 1))
        self.emit(kind, f"insertelement {self.text(kind)} {value}, {element} {content}, i64 {self.index(count)}")

    def extract(self) -> None:
        kind = element, count = self.any_kind()
        self.emit((element, 1), f"extractelement {self.text(kind)} {self.value(kind)}, i64 {self.index(count)}")

    def reduce(self) -> None:
        kind = self.integers()
        self.call((kind[0], 1), f"vector.reduce.{self.rng.choice(REDUCTIONS)}", [(kind, self.value(kind))])

    def storage(self) -> None:
        """One element or several of the array of these elements."""
        element, count = self.integers()
        count = self.rng.choice((1, count))
        index = self.emit_aside(f"and i64 {self.value(('i64', 1))}, {LENGTH - 1}")
        if count > 1:
            index = self.emit_aside(f"urem i64 {index}, {LENGTH - min(count, LENGTH) + 1}")
        place = self.emit_aside(f"getelementptr {element}, ptr %{self.rng.choice('xy')}_{element}, i64 {index}")
        text, align = self.text((element, count)), f"align {int(element[1:]) // 8}"
        if self.rng.random() < 0.5:
            self.lines.append(f"  store {text} {self.value((element, count))}, ptr {place}, {align}")
        else:
            self.emit((element, count), f"load {text}, ptr {place}, {align}")

    # --- numbers

    def arithmetic(self) -> None:
        self.binary(self.rng.choice(ARITHMETIC), self.numbers())

    def function(self) -> None:
        kind, name = self.numbers(), self.rng.choice((*OF_NUMBERS, "fneg"))
        if name == "fneg":
            self.emit(kind, f"fneg {self.text(kind)} {self.value(kind)}")
        else:
            self.call(kind, name, [(kind, self.value(kind)) for _ in range(OF_NUMBERS[name])])

    def compare_numbers(self) -> None:
        kind = _, count = self.numbers()
        first, second = self.value(kind), self.value(kind)
        self.chosen(f"fcmp {self.rng.choice(PREDICATES)} {self.text(kind)} {first}, {second}", count)

    def from_integers(self) -> None:
        kind = _, count = self.numbers()
        source = f"i{self.rng.choice(WIDTHS)}", count
        operation = self.rng.choice(("sitofp", "uitofp"))
        self.emit(kind, f"{operation} {self.text(source)} {self.value(source)} to {self.text(kind)}")

    def to_integers(self) -> None:
        """The nearest ones that there are, and zero for a NaN."""
        kind = _, count = self.numbers()
        target = f"i{self.rng.choice((8, 32, 64))}", count
        name = f"{self.rng.choice(('fptosi', 'fptoui'))}.sat.{self.mangled(target)}.{self.mangled(kind)}"
        self.call(target, name, [(kind, self.value(kind))])

    def other_format(self) -> None:
        count = self.rng.choice((2, 4))
        short, long = ("float", count), ("double", count)
        if self.rng.random() < 0.5:
            self.emit(long, f"fpext {self.text(short)} {self.value(short)} to {self.text(long)}")
        else:
            self.emit(short, f"fptrunc {self.text(long)} {self.value(long)} to {self.text(short)}")

    def bits(self) -> None:
        kind = self.numbers()
        self.bits_of(kind, self.value(kind))

    def bits_of(self, kind: tuple[str, int], number: str) -> None:
        """The data of numbers; of a NaN one bit pattern, whichever it is."""
        element, count = kind
        width, _, default = FORMATS[element]
        target = f"i{width}", count
        nan = self.emit_aside(f"fcmp uno {self.text(kind)} {number}, {number}")
        data = self.emit_aside(f"bitcast {self.text(kind)} {number} to {self.text(target)}")
        other = f"<{', '.join([f'i{width} {default}'] * count)}>" if count > 1 else str(default)
        flags = f"<{count} x i1>" if count > 1 else "i1"
        self.emit(target, f"select {flags} {nan}, {self.text(target)} {other}, {self.text(target)} {data}")

    # --- loops

    def loop(self, before: str, number: int) -> str:
        """A loop over arrays, each element by itself, or summed up: return the label of what comes after it."""
        rng, element = self.rng, f"i{self.rng.choice(WIDTHS)}"
        other = f"i{rng.choice(WIDTHS)}"
        head, after, step, i = f"loop{number}", f"after{number}", rng.choice((1, 1, 1, 2)), f"%i{number}"
        count = rng.choice((LENGTH, LENGTH, LENGTH - 1, 37, 5)) // step
        scalar, first = self.value((element, 1)), self.value((element, 1))
        self.lines += [f"  br label %{head}", f"{head}:"]
        self.lines.append(f"  {i} = phi i64 [ 0, %{before} ], [ %next{number}, %{head} ]")
        self.lines.append(f"  %sum{number} = phi {element} [ {first}, %{before} ], [ %new{number}, %{head} ]")
        at = i if step == 1 else self.emit_aside(f"mul i64 {i}, {step}")
        loaded = []
        for array, kind in (("x", element), ("y", other)):
            place = self.emit_aside(f"getelementptr {kind}, ptr %{array}_{kind}, i64 {at}")
            loaded.append(self.emit_aside(f"load {kind}, ptr {place}"))
        small, large = int(other[1:]), int(element[1:])
        if small != large:
            operation = rng.choice(("zext", "sext")) if small < large else "trunc"
            loaded[1] = self.emit_aside(f"{operation} {other} {loaded[1]} to {element}")
        value = self.emit_aside(f"{rng.choice(PLAIN)} {element} {loaded[0]}, {loaded[1]}")
        if rng.random() < 0.5:
            flag = self.emit_aside(f"icmp {rng.choice(COMPARISONS)} {element} {value}, {scalar}")
            value = self.emit_aside(f"select i1 {flag}, {element} {value}, {element} {loaded[rng.randrange(2)]}")
        if rng.random() < 0.5:
            amount = rng.randrange(large)
            value = self.emit_aside(f"{rng.choice((*SHIFTS, 'mul'))} {element} {value}, {amount}")
        place = self.emit_aside(f"getelementptr {element}, ptr %z_{element}, i64 {i}")
        self.lines.append(f"  store {element} {value}, ptr {place}")
        self.lines.append(f"  %new{number} = {rng.choice(('add', 'xor', 'or', 'mul'))} {element} %sum{number}, {value}")
        self.lines.append(f"  %next{number} = add i64 {i}, 1")
        more = self.emit_aside(f"icmp ult i64 %next{number}, {count}")
        self.lines += [f"  br i1 {more}, label %{head}, label %{after}", f"{after}:"]
        self.values.setdefault((element, 1), []).append(f"%new{number}")
        for n in (0, count - 1, count // 2):
            place = self.emit_aside(f"getelementptr {element}, ptr %z_{element}, i64 {n}")
            self.emit((element, 1), f"load {element}, ptr {place}")
        return after

    # --- the whole

    def mixed(self) -> str:
        """One number of all that was computed last, of each type."""
        for kind in [kind for kind in self.values if kind[0] in FORMATS]:
            for name in self.values[kind][-3:]:
                self.bits_of(kind, name)
        result = self.value(("i64", 1))
        for kind in [kind for kind in self.values if kind[0] not in FORMATS]:
            element, count = kind
            for name in self.values[kind][-3:]:
                for n in range(count):
                    part = self.emit_aside(f"extractelement {self.text(kind)} {name}, i64 {n}") if count > 1 else name
                    if element != "i64":
                        part = self.emit_aside(f"zext {element} {part} to i64")
                    both = self.emit_aside(f"xor i64 {result}, {part}")
                    result = self.emit_aside(f"mul i64 {both}, 6364136223846793005")
        return result


def arrays() -> list[str]:
    """Arrays of all widths, x and y with something in them that depends on the arguments, z with zeros."""
    lines = []
    for width in WIDTHS:
        for array in "xyz":
            lines.append(f"  %{array}_i{width} = alloca [{LENGTH} x i{width}]")
            lines.append(f"  store [{LENGTH} x i{width}] zeroinitializer, ptr %{array}_i{width}")
        for array, argument in (("x", "%a"), ("y", "%b")):
            name = f"{array}{width}"
            content = argument if width == 64 else f"%cut_{name}"
            if width < 64:
                lines.append(f"  {content} = trunc i64 {argument} to i{width}")
            lines += [f"  br label %fill_{name}", f"fill_{name}:"]
            previous = lines_label(lines)
            lines.append(f"  %n_{name} = phi i64 [ 0, %{previous} ], [ %m_{name}, %fill_{name} ]")
            lines.append(f"  %c_{name} = phi i{width} [ {content}, %{previous} ], [ %d_{name}, %fill_{name} ]")
            lines.append(f"  %p_{name} = getelementptr i{width}, ptr %{array}_i{width}, i64 %n_{name}")
            lines.append(f"  store i{width} %c_{name}, ptr %p_{name}")
            lines.append(f"  %e_{name} = mul i{width} %c_{name}, {109 if width == 8 else 25173}")
            lines.append(f"  %d_{name} = add i{width} %e_{name}, {57 if width == 8 else 13849}")
            lines.append(f"  %m_{name} = add i64 %n_{name}, 1")
            lines.append(f"  %f_{name} = icmp ult i64 %m_{name}, {LENGTH}")
            lines += [f"  br i1 %f_{name}, label %fill_{name}, label %filled_{name}", f"filled_{name}:"]
    return lines


def lines_label(lines: list[str]) -> str:
    """Return the label of the block before the last one."""
    labels = [line[:-1] for line in lines if line.endswith(":")]
    return labels[-2] if len(labels) > 1 else "entry"


def function(number: int) -> Function:
    rng = Random(f"vectors {SEED} {number}")
    b = Builder(rng)
    head = arrays()
    label = "filled_y64"
    for _ in range(rng.randint(6, 24)):
        b.statement()
    for n in range(rng.choice((0, 1, 1, 2, 3))):
        label = b.loop(label, n)
        for _ in range(rng.randint(1, 6)):
            b.statement()
    result = b.mixed()
    body = "\n".join([*head, *b.lines, f"  ret i64 {result}"])
    declarations = "\n".join(sorted(b.declared))
    text = f"{declarations}\n\ndefine i64 @f(i64 %a, i64 %b) {{\nentry:\n{body}\n}}\n"
    return Function(text, rng.choice((3, 3, 3, 2, 1, 0)), rng.choice(MODELS))


def optimise(module, target, level: int) -> None:
    """The IR passes of that level, those that make vectors among them, where llvmlite is new enough to have them."""
    if level and hasattr(llvm, "create_pass_builder"):
        options = llvm.create_pipeline_tuning_options(speed_level=level)
        options.loop_vectorization = options.slp_vectorization = True
        builder = llvm.create_pass_builder(target, options)
        builder.getModulePassManager().run(module, builder)


def for_s390x(function: Function) -> bytes:
    target = llvm.Target.from_triple("s390x-linux-gnu").create_target_machine(
        cpu=function.model, features="", opt=function.level, reloc="static"
    )
    head = f'target triple = "s390x-linux-gnu"\ntarget datalayout = "{target.target_data}"\n'
    module = llvm.parse_assembly(head + function.text)
    optimise(module, target, function.level)
    return target.emit_object(module)


@pytest.fixture(scope="module")
def machine():
    built = Machine(STORAGE)
    built.write(0x1D0, PSW_MASK.to_bytes(8) + (0x200).to_bytes(8))
    return built


def on_ours(machine: Machine, function: Function, arguments: list[tuple[int, int]]) -> list[int]:
    program = read_elf(for_s390x(function), CODE)
    for address, data in program.image():
        machine.write(address, data)
    results = []
    for a, b in arguments:
        machine.set_psw(PSW_MASK, program.symbols["f"])
        machine.cr[0] |= ENABLED
        machine.gr[2], machine.gr[3], machine.gr[14], machine.gr[15] = a, b, STOP, STACK_TOP
        stop = machine.run(1_000_000, until=(STOP, 0x200))
        assert stop.psw_ia == STOP, f"{stop} {machine.last_interruption}\n{function!r}"
        results.append(int(machine.gr[2]))
    return results


def test_same_results(machine):
    for number in range(FUNCTIONS):
        made, rng = function(number), Random(number)
        arguments = [tuple(rng.choice((rng.choice(EDGES), rng.getrandbits(64))) for _ in range(2)) for _ in range(3)]
        expected = on_this_machine(made._replace(level=0), arguments)
        assert on_ours(machine, made, arguments) == expected, f"{number} {arguments}\n{made!r}"
