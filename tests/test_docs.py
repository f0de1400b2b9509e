"""What the documents say of the sources is true: names exist, tables agree, nothing is cited that is not here."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

import s390emu
from s390emu.architecture.page_states import TABLE
from s390emu.engine.handlers import function_name, implemented, places
from s390emu.isa.opcodes import ROWS

PACKAGE = Path(s390emu.__file__).parent
ROOT = Path(__file__).parents[1]
DOCUMENTS = [ROOT / "README.md", ROOT / "firmware" / "README.md", ROOT / "traces" / "README.md",
             *sorted((ROOT / "docs").glob("*.md"))]  # fmt: skip
OWN_FOLDERS = ("s390emu", "tests", "docs", "firmware", "traces", "benchmarks")
TEXTS = (".py", ".md", ".s", ".inc", ".trace", ".toml", ".list")
PLACES = (ROOT, PACKAGE, ROOT / "firmware")  # where a path in a document may begin
BACKTICKED = re.compile(r"`([^`\n]+)`")
FILE = re.compile(r"[\w./-]*\w\.(?:py|md|inc|toml|list|s)")
DOTTED = re.compile(r"([A-Za-z_]\w*)\.([A-Za-z_]\w*)(?:\(.*\))?")
DOCUMENT = re.compile(r"[\w/.-]*\w\.md\b")
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[\w-]*)?\)")
# Files that the reader is to write, or will find.
EXAMPLES = {"hello.s", "my-guest.s", "my-guest.toml", "guest.s", "suite.bin", "suite.ins", "suite.psw"}

in_each = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())


def terms(document: Path) -> set[str]:
    """Return what stands in backticks, but for blocks of code."""
    prose = re.sub(r"^```.*?^```", "", document.read_text(), flags=re.MULTILINE | re.DOTALL)
    return set(BACKTICKED.findall(prose))


@cache
def names_in(path: Path) -> frozenset[str]:
    """Return every name that a source defines: functions, classes, what is assigned, fields of records."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store):
            found.add(node.id if isinstance(node, ast.Name) else node.attr)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.add(node.value)
    return frozenset(found)


@cache
def sources_of(name: str) -> tuple[Path, ...]:
    """Return the sources that a name may stand for: modules and packages so called, those that define the class."""
    found = {path for path in PACKAGE.rglob("*.py") if name in (path.stem, *path.relative_to(PACKAGE).parent.parts)}
    if name[0].isupper():
        classes = re.compile(rf"^class {name}\b|^{name}_T = ", re.MULTILINE)
        found |= {path for path in PACKAGE.rglob("*.py") if classes.search(path.read_text())}
    return tuple(found)


def exists(name: str, *places: Path) -> bool:
    """True if there is such a file: at its path from one of these places, or anywhere if it is a bare name."""
    if "/" in name:
        return any((place / name).exists() for place in places)
    return any(next(place.rglob(name), None) for place in map(ROOT.joinpath, OWN_FOLDERS)) or (ROOT / name).exists()


@in_each
def test_every_file_that_is_named_exists(document):
    named = {term for term in terms(document) if FILE.fullmatch(term)} - EXAMPLES
    assert not {term for term in named if not exists(term, *PLACES, document.parent)}


@in_each
def test_every_link_leads_somewhere(document):
    links = {link for link in LINK.findall(document.read_text()) if "://" not in link}
    assert not {link for link in links if not (document.parent / link).exists()}


@in_each
def test_every_function_that_is_named_exists(document):
    missing, told = set(), terms(document)
    for term in told:
        if FILE.fullmatch(term) or term in EXAMPLES or not (match := DOTTED.fullmatch(term)):
            continue
        owner, name = match.groups()
        sources = sources_of(owner)
        if f"[{owner}]" in told or (not sources and document.name != "architecture.md"):
            continue  # a key of a TOML section; a word of another language
        if not any(name in names_in(path) or (path.parent / f"{name}.py").exists() for path in sources):
            missing.add(term)
    assert not missing


@pytest.mark.parametrize("folder", OWN_FOLDERS)
def test_no_document_is_cited_that_is_not_in_the_repository(folder):
    strangers = []
    for path in sorted((ROOT / folder).rglob("*")):
        if path.suffix not in TEXTS or path == Path(__file__):
            continue
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
            for cited in DOCUMENT.findall(line):
                if not any((place / cited).exists() for place in (ROOT, ROOT / "docs", path.parent)):
                    strangers.append(f"{path.relative_to(ROOT)}:{number}: {cited}")
    assert not strangers


def test_the_page_state_table_is_the_one_of_the_machine():
    lines = (ROOT / "docs" / "page-hinting.md").read_text().splitlines()
    start = lines.index(next(line for line in lines if line.startswith("| before | C |")))
    rows = []
    for line in lines[start:]:
        if not line.startswith("|"):
            break
        rows.append(line.strip("|").split("|"))
    told = [[cell.strip() for cell in row] for row in (rows[0], *rows[2:])]
    assert told == [line.split() for line in TABLE.strip().splitlines()]


@pytest.mark.parametrize("what", [f"R{n}" for n in range(1, 13)] + [f"D{n}" for n in range(1, 21)])
def test_each_rule_and_decision_that_the_code_cites_has_its_row(what):
    assert re.search(rf"^\| {what} \|", (ROOT / "docs" / "page-hinting.md").read_text(), re.MULTILINE)


# --- README, "Where is MVC?" ------------------------------------------------------------------------------------------

IMPLEMENTED = [row for row in ROWS if implemented(row)]


def test_every_instruction_is_found_as_the_readme_says():
    """Its row by its mnemonic in quotes, its meaning by `def`, its proof in the test that bears its file's name."""
    table = (PACKAGE / "isa" / "opcodes.py").read_text()
    found = places()
    for row in IMPLEMENTED:
        assert table.count(f'"{row.mnemonic}",') >= 1
        place = found[function_name(row.mnemonic)]
        assert place.path.read_text().splitlines()[place.line - 1].startswith(f"def {function_name(row.mnemonic)}(")
        assert function_name(row.mnemonic).rstrip("_") == row.mnemonic.lower()
        test = ROOT / "tests" / place.path.relative_to(PACKAGE).with_name(f"test_{place.path.name}")
        assert test.exists(), f"{row.mnemonic} is in {place.path.relative_to(ROOT)}, and {test} is not there"
