"""What is reported of a machine that does something otherwise."""

from __future__ import annotations

import pytest

from s390emu.conformance.case import Result
from s390emu.conformance.deviations import kind_of, report, size
from s390emu.conformance.vectors import cases
from s390emu.reports import conformance


class Wrong:
    """A machine that has a condition code of its own where register 5 is odd, and an interruption for negative ones."""

    name = "a wrong one"

    def results(self, every):
        for case in every:
            state = case.after.copy()
            if case.before.gr[5] >> 63:
                yield Result(state, 1)
                continue
            state.cc ^= case.before.gr[5] & 1
            yield Result(state, case.code, case.dxc)

    def close(self):
        pass


@pytest.fixture(scope="module")
def found():
    return report(Wrong(), {"NGR": list(cases("NGR", 60, "1")), "LGR": list(cases("LGR", 1, "1"))})


def test_deviations_are_counted_by_kind(found):
    every = list(cases("NGR", 60, "1"))
    negative = sum(case.before.gr[5] >> 63 for case in every)
    odd = sum(not case.before.gr[5] >> 63 and case.before.gr[5] & 1 for case in every)
    row = found.rows["NGR"]
    assert (row.cases, row.deviating) == (60, negative + odd)
    assert {deviation.kind: deviation.cases for deviation in row.deviations} == {
        "condition code": odd, "interruption 0001 instead of no interruption": negative,
    }  # fmt: skip
    assert found.cases == 61


def test_the_smallest_case_of_each_is_kept(found):
    for deviation in found.rows["NGR"].deviations:
        those = [case for case in cases("NGR", 60, "1")
                 if bool(case.before.gr[5] >> 63) == ("interruption" in deviation.kind)
                 and (case.before.gr[5] & 1 or case.before.gr[5] >> 63)]  # fmt: skip
        assert size(deviation.smallest) == min(map(size, those))


def test_the_text_has_clause_case_and_difference(found):
    text = conformance.text(found)
    assert text.startswith("a wrong one: ")
    assert "NGR: " in text and 'PoP ch. 7 "AND (64)"' in text
    assert "ngr %r" in text and " instead of " in text


def test_json_has_the_case_as_vectors_have_it(found):
    said = conformance.as_json(found, "1", 60)
    assert (said["schema"], said["seed"], said["deviating"]) == ("s390emu.conformance/1", "1", found.deviating)
    assert set(said["rows"]["NGR"]["deviations"][0]["smallest"]) == {"name", "initial", "final"}


def test_an_interruption_explains_the_rest():
    case = next(cases("LGR", 1, "1"))
    assert kind_of(case, {"code": (6, 0), "r1": (1, 2)}) == "no interruption instead of interruption 0006"
    assert kind_of(case, {"r1": (1, 2), "r2": (1, 2), "f1": (0, 1), "storage 10": (b"", b"a")}) == (
        "general registers, floating-point registers, storage"
    )
    assert kind_of(case, {"ended": ("", "does not end")}) == "does not end"
    assert kind_of(case._replace(code=7), {"dxc": (8, 12)}) == "with interruption 0007: DXC"
