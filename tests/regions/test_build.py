"""What is kept of translations: by content, for later processes."""

from __future__ import annotations

import pytest

from s390emu._jit import JIT
from s390emu._jit.objects import Kept
from s390emu.regions import build, llvm
from s390emu.regions import kept as keeping
from s390emu.regions.build import translate
from s390emu.regions.kept import MISSING, OF_PAGE_MOST, kept, of_page
from s390emu.regions.request import BODY, SYMBOL, Request, Translation

REQUEST = Request({0x1000: 0x0700 << 48}, (0x1000,), (1 << 64) - 1)
TRANSLATION = Translation(b"code", {0x1000: 7}, {0x1000: 0x0700 << 48}, ())


@pytest.fixture
def made(tmp_path, monkeypatch):
    """The requests that LLVM got, each answered with TRANSLATION, or None without starts."""
    asked: list[Request] = []

    def make(request):
        asked.append(request)
        return TRANSLATION if request.starts else None

    monkeypatch.setattr(keeping, "regions", lambda: Kept(tmp_path, ".region"))
    monkeypatch.setattr(build, "_made", make)
    build._again.cache_clear()
    yield asked
    build._again.cache_clear()


@pytest.mark.parametrize("request_", [REQUEST, REQUEST._replace(starts=())], ids=["some", "none"])
def test_what_was_made_once_is_found_by_its_content(made, request_):
    assert kept(request_) is MISSING
    answer = translate(request_)
    assert kept(request_) == answer == (TRANSLATION if request_.starts else None)
    assert made == [request_]


@pytest.mark.parametrize(
    "change",
    [{"decoded": {0x1000: 0x0701 << 48}}, {"starts": (0x1002,)}, {"amode": 0x7FFFFFFF}, {"everywhere": True}],
    ids=lambda change: next(iter(change)),
)
def test_another_request_is_another_content(made, change):
    translate(REQUEST)
    assert kept(REQUEST._replace(**change)) is MISSING


def test_the_order_in_which_it_was_decoded_makes_no_difference(made):
    texts = {0x1000: 1 << 48, 0x1002: 2 << 48}
    translate(REQUEST._replace(decoded=texts))
    assert kept(REQUEST._replace(decoded=dict(reversed(texts.items())))) == TRANSLATION


def test_what_does_not_last_is_kept_by_the_process_only(made, tmp_path):
    request = REQUEST._replace(lasting=False)
    assert translate(request) == translate(request) == TRANSLATION
    assert len(made) == 1 and kept(request) is MISSING and not list(tmp_path.iterdir())


def test_a_damaged_file_is_none(made, tmp_path):
    translate(REQUEST)
    for file in tmp_path.iterdir():
        file.write_bytes(file.read_bytes()[:-1] + b"?")
    assert kept(REQUEST) is MISSING and of_page(0x1000, REQUEST.amode) == []


def test_what_is_entered_everywhere_is_for_tests_and_not_found_by_its_page(made):
    translate(everywhere := REQUEST._replace(everywhere=True))
    assert kept(everywhere) == TRANSLATION and of_page(0x1000, REQUEST.amode) == []


def test_what_was_made_of_a_page_is_found_by_its_address_and_mode(made):
    translate(REQUEST)
    assert of_page(0x1000, REQUEST.amode) == [TRANSLATION]
    assert of_page(0x2000, REQUEST.amode) == of_page(0x1000, 0x7FFFFFFF) == []


def test_the_latest_of_a_page_are_found_each_once(made, monkeypatch):
    for n in (*range(OF_PAGE_MOST), 0, *range(1, OF_PAGE_MOST), OF_PAGE_MOST):
        answer = TRANSLATION._replace(code=b"%d" % n)
        monkeypatch.setattr(build, "_made", lambda request, answer=answer: answer)
        translate(REQUEST._replace(starts=(0x1000 + 2 * n,)))
    found = of_page(0x1000, REQUEST.amode)
    assert [each.code for each in found] == [b"%d" % n for n in range(1, OF_PAGE_MOST + 1)]


def test_nothing_made_of_a_page_is_nothing_found(made):
    translate(REQUEST._replace(starts=()))
    assert of_page(0x1000, REQUEST.amode) == []


@pytest.mark.skipif(not JIT, reason="templates are of compiled code")
def test_code_that_calls_what_there_is_not_is_refused(monkeypatch):
    add = Request({0x1000: 0xA71A0001 << 32, 0x1004: 0xA7F4FFFE << 32}, (0x1000,), (1 << 64) - 1, lasting=False)
    assert build._made(add)
    functions = "".join(f"define void @{name}() {{ call void @nobody() ret void }}\n" for name in (SYMBOL, BODY))
    code = llvm.object_code(llvm.parsed(llvm.header() + "declare void @nobody()\n" + functions))
    monkeypatch.setattr(llvm, "object_code", lambda module: code)
    with pytest.raises(RuntimeError, match="symbols"):
        build._made(add)
