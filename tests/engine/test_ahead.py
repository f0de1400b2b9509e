"""What is compiled and loaded before a run; nothing is compiled here."""

from __future__ import annotations

import pytest

from s390emu._jit import parallel
from s390emu.engine import ahead
from s390emu.engine.handlers import compiled
from s390emu.isa.opcodes import ROWS

MADE, ABSENT = compiled("MVC"), compiled("AGR")


class Compiler:
    """In the place of `_jit`: what is made and loaded, by name."""

    def __init__(self, monkeypatch):
        self.made, self.generated, self.loaded = {MADE.name}, [], []
        for name, value in {
            "JIT": True,
            "is_made": lambda function: function.name in self.made,
            "is_loaded": lambda function: function.name in self.loaded,
            "load": lambda functions: self.loaded.extend(f.name for f in functions),
            "bitcode_of": lambda function: function.name.encode(),
        }.items():
            monkeypatch.setattr(ahead, name, value)
        monkeypatch.setattr(parallel, "cores", lambda: 2)
        monkeypatch.setattr(parallel, "make", self.make)
        monkeypatch.setattr(parallel, "generate", self.generated.extend)

    def make(self, functions):
        for function in functions:
            self.made.add(function.name)
            yield function


@pytest.fixture
def compiler(monkeypatch):
    return Compiler(monkeypatch)


def test_what_a_guest_needs_is_made_by_several_processes_and_then_loaded(compiler):
    shown = []
    ahead.prepare(["MVC", "AGR"], lambda *progress: shown.append(progress))
    assert {MADE.name, ABSENT.name, "s390emu.engine.loop.run"} <= set(compiler.loaded)
    counts = [(done, total) for done, total, _ in shown]
    assert counts == [(n, counts[0][1]) for n in range(counts[0][1] + 1)]
    assert "agr" in [name for _, _, name in shown]


def test_object_code_is_made_of_what_has_none(compiler, monkeypatch):
    monkeypatch.setattr(ahead, "objects", lambda: Objects([MADE.name]))
    ahead.prepare(["MVC", "AGR"])
    assert ABSENT in compiler.generated
    assert MADE.name not in [function.name for function in compiler.generated]


def test_a_procedure_that_few_guests_need_waits_for_its_first_call(compiler):
    from s390emu.host import kernels  # noqa: F401 (declares procedures)

    ahead.prepare(["MVC"])
    rare = {function.name for function in ahead.DECLARED} - {function.name for function in ahead.USUAL}
    assert "s390emu.isa.general.random_number.fill" in rare
    assert rare.isdisjoint(compiler.loaded)


def test_a_first_run_is_one_that_lacks_what_every_guest_needs(compiler):
    assert ahead.is_first_run()
    ahead.prepare([])
    assert not ahead.is_first_run()


def test_nothing_is_loaded_twice(compiler):
    for _ in range(2):
        ahead.prepare(["MVC"])
    assert len(compiler.loaded) == len(set(compiler.loaded))


def test_a_few_functions_are_left_to_their_first_use(compiler, monkeypatch):
    monkeypatch.setattr(parallel, "pays", lambda functions: False)
    ahead.prepare(["MVC", "AGR"])
    assert compiler.loaded == [MADE.name]


def test_of_a_guest_that_is_not_known_what_earlier_ones_used_is_loaded(compiler, monkeypatch):
    monkeypatch.setattr(ahead, "objects", lambda: Objects([MADE.name]))
    ahead.prepare()
    assert MADE.name in compiler.loaded
    assert ABSENT.name not in compiler.loaded
    compiler.loaded.remove(MADE.name)
    ahead.prepare()  # whoever has loaded what it needs is not given more
    assert MADE.name not in compiler.loaded


class Objects:
    def __init__(self, names):
        self.names, self.has = lambda: names, names.__contains__


def test_everything_is_every_instruction_and_every_procedure(compiler, capsys):
    written = ahead.everything()
    assert {compiled(row.mnemonic).name for row in ROWS if ahead.implemented(row)} <= written.keys()
    assert {function.name for function in (*ahead.OF_A_PORT, *ahead.DECLARED)} <= written.keys()
    assert f"compiling {len(written)} functions" in capsys.readouterr().out


def test_un_jitted_nothing_is_done(compiler, monkeypatch):
    monkeypatch.setattr(ahead, "JIT", False)
    ahead.prepare(["MVC"])
    assert compiler.loaded == []
