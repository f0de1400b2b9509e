"""Conventions that a reviewer would have to check by eye: read from the sources' syntax trees."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from functools import cache
from pathlib import Path

import pytest

import s390emu
import s390emu.machine
from s390emu._jit import JIT
from s390emu._jit.compiler import Kernel
from s390emu.commands.suites import rows_without_twin
from s390emu.engine import entries, procedures
from s390emu.engine.handlers import function_name, implemented, places
from s390emu.isa.opcodes import ROWS

PACKAGE = Path(s390emu.__file__).parent
FOLDERS = ("isa/general", "isa/control", "isa/decimal", "isa/decimal_floating_point", "isa/floating_point", "isa/io",
           "isa/vector", "storage", "cpu")  # fmt: skip
INSTRUCTION = re.compile(r"(?:^|[\n;:]) *([a-z][a-z0-9]+)(?= +[^ =]|[ ;\n]*$)")  # in a test: "svc 7", "0: ptlb; pr"
KERNELS = [path for folder in FOLDERS for path in sorted((PACKAGE / folder).rglob("*.py"))]
SOURCES = ("PoP", "Principles of Operation", "page-hinting.md", "SA23", "public sources")
OPERATORS = (ast.Add, ast.Sub, ast.Mult, ast.BitAnd, ast.BitOr, ast.BitXor, ast.LShift, ast.RShift)


def functions(path: Path):
    return [node for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef)]


def test_every_instruction_function_has_a_row():
    mnemonics = {function_name(row.mnemonic) for row in ROWS}
    assert places().keys() - mnemonics == {"operation_exception"}


@pytest.mark.parametrize("row", [row for row in ROWS if implemented(row)], ids=lambda row: row.mnemonic)
def test_instruction_says_what_it_is(row):
    place = places()[function_name(row.mnemonic)]
    function = next(f for f in functions(place.path) if f.lineno == place.line)
    assert [a.arg for a in function.args.args] == ["cpu", "storage", "insn"]
    assert [d.id for d in function.decorator_list] == ["jit"]
    docstring = ast.get_docstring(function)
    assert docstring, f"{place.path}:{place.line}: no docstring"
    assert any(source in docstring for source in SOURCES), f"{place.path}:{place.line}: no reference to the manual"
    form = row.format.name
    assert form.split("-")[0] in docstring, f"{place.path}:{place.line}: the format {form} is not named"


@pytest.mark.parametrize("path", KERNELS, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_module_says_what_it_is(path):
    assert ast.get_docstring(ast.parse(path.read_text()))


def lines_of_tests() -> set[str]:
    """The first words of what strings of the instructions' tests have as instructions, docstrings left out."""
    found = set()
    for path in sorted((Path(__file__).parent / "isa").rglob("*.py")):
        nodes = list(ast.walk(ast.parse(path.read_text())))
        docstrings = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
        strings = (node for node in nodes if isinstance(node, ast.Constant) and id(node) not in docstrings)
        for node in strings:
            found |= set(INSTRUCTION.findall(node.value)) if isinstance(node.value, str) else set()
    return found


def test_every_row_has_a_twin_or_is_an_instruction_of_a_test():
    """The twins' cases are executed in tests/conformance. `explain --coverage --tests` tells which tests have a row."""
    tested = lines_of_tests()
    missing = [row for row in rows_without_twin() if row.lower() not in tested]
    assert not missing, "write tests of these rows in tests/isa"


def names_of_u64(tree) -> set[str]:
    """Module-level names bound to u64(...) or bit(...) or bits(...)."""
    found = set()
    for node in tree.body:
        if isinstance(node, ast.Assign) and "u64" in ast.dump(node.value):
            names = (name for target in node.targets for name in ast.walk(target))
            found |= {name.id for name in names if isinstance(name, ast.Name)}
    return found


@pytest.mark.parametrize("path", KERNELS, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_no_bare_integer_beside_a_uint64(path):
    """`x + 1` with a uint64 x is an int64 when compiled: the literal must be u64(1) (or a named constant)."""
    tree = ast.parse(path.read_text())
    constants = names_of_u64(tree)
    offenders = []
    for node in ast.walk(tree):
        if isinstance(node, ast.BinOp) and isinstance(node.op, OPERATORS):
            for here, there in ((node.left, node.right), (node.right, node.left)):
                literal = isinstance(here, ast.Constant) and isinstance(here.value, int)
                architecture = (
                    (isinstance(there, ast.Call) and isinstance(there.func, ast.Name) and there.func.id == "u64")
                    or (isinstance(there, ast.Name) and there.id in constants)
                    or (isinstance(there, ast.Subscript) and isinstance(there.value, ast.Attribute)
                        and there.value.attr in ("gr", "cr", "ar", "fpr"))
                )  # fmt: skip
                if literal and architecture:
                    offenders.append(f"{path.name}:{node.lineno}")
    assert not offenders


@cache
def is_plain(called) -> bool:
    """True if it is a function that nothing compiles. What `_jit` has is the un-jitted form of something compiled."""
    return (
        inspect.isfunction(called)
        and not called.__module__.startswith("s390emu._jit")
        and not inspect.getsource(called).startswith("@")
    )


@pytest.mark.parametrize("path", KERNELS, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_compiled_functions_call_compiled_functions(path):
    """`bit(3)` makes a constant where a module is imported; in a kernel it works only while nothing is compiled."""
    module = importlib.import_module(".".join((s390emu.__name__, *path.relative_to(PACKAGE).with_suffix("").parts)))
    for function in functions(path):
        if not any("jit" in ast.dump(decorator) for decorator in function.decorator_list):
            continue
        calls = (node.func for node in ast.walk(function) if isinstance(node, ast.Call))
        names = {called.id for called in calls if isinstance(called, ast.Name)}
        plain = sorted(name for name in names if is_plain(getattr(module, name, None)))
        assert not plain, f"{path}:{function.lineno}: {function.name} calls {', '.join(plain)}"


def called_by_python(tree, module) -> list[str]:
    """The names of kernels in `_jit`'s sense that a module calls where nothing compiles the call."""
    compiled = {f.name.rpartition(".")[2] for f in (*entries.DECLARED, *procedures.OF_A_PORT)}
    found = []
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef) or function.name in compiled:
            continue
        if any("jit" in ast.dump(decorator) for decorator in function.decorator_list):
            continue
        calls = (node.func for node in ast.walk(function) if isinstance(node, ast.Call))
        names = (called.id for called in calls if isinstance(called, ast.Name))
        found += [f"{function.name}: {name}" for name in names if isinstance(getattr(module, name, None), Kernel)]
    return found


@pytest.mark.skipif(not JIT, reason="un-jitted a kernel is a function")
def test_python_calls_no_kernel():
    """It would import Numba and compile the kernel for Python, in every process: `_jit.plain` is the function."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        name = ".".join((s390emu.__name__, *path.relative_to(PACKAGE).with_suffix("").parts))
        if "_jit" not in path.parts and path.name != "__main__.py":
            found[name] = called_by_python(ast.parse(path.read_text()), importlib.import_module(name))
    assert not {name: calls for name, calls in found.items() if calls}


def _imported(path: Path) -> set[str]:
    """The modules that a file imports, and of those that it imports from, with the names: `numba.core.x.Name`."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def test_numba_is_imported_on_two_pages():
    of_numba = {path for path in PACKAGE.rglob("*.py") if any(n.split(".")[0] == "numba" for n in _imported(path))}
    assert of_numba == {PACKAGE / "_jit" / "frontend.py", PACKAGE / "_jit" / "pipeline.py"}
