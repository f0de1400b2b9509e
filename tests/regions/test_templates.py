"""What becomes of a handler's IR: each rule with IR written for it, and the handlers that matter by themselves."""

from __future__ import annotations

import os

import pytest

from s390emu._jit import JIT
from s390emu._jit.cache import templates
from s390emu.engine.handlers import implemented
from s390emu.isa.opcodes import ROWS
from s390emu.regions import library
from s390emu.regions.templates import CPU, MISS, PORT, Refused, Template, make_template

jitted = pytest.mark.skipif(not JIT, reason="the handlers' IR is made by Numba")

HANDLER = """
@NumbaEnv.h = common global ptr null
{helpers}
define i32 @handler(ptr noalias %retptr, ptr noalias %excinfo, ptr %arg.cpu, ptr %arg.storage, i64 %arg.insn) {{
entry:
{body}
}}
"""
DONE = "store i64 0, ptr %retptr\n ret i32 0"


def field(record: str, name: str, value: str) -> str:
    fields = {"cpu": CPU, "storage": PORT}[record]
    return f"{value} = getelementptr i8, ptr %arg.{record}, i64 {fields[name].start}\n"


def template(body: str, helpers: str = "") -> Template:
    return make_template("X", "handler", HANDLER.format(body=body, helpers=helpers))


def refused(body: str) -> str:
    with pytest.raises(Refused) as raised:
        template(body)
    return str(raised.value)


SET_CC = field("cpu", "cc", "%cc") + "store i64 3, ptr %cc\n"
SLOW = (
    "%result = alloca i64\n" + field("storage", "fetch_by_bytes", "%slow") + "%a = load i64, ptr %slow\n"
    "%f = inttoptr i64 %a to ptr\n"
    "%s = call i32 %f(ptr %result, ptr null, ptr %arg.cpu, ptr %arg.storage, i64 8, i64 8)\n"
    "%code = load i64, ptr %result\n"
)  # fmt: skip


def test_what_a_region_keeps_comes_through_pointers_of_its_own():
    made = template(SET_CC + DONE)
    assert "store i64 3, ptr %p.cc" in made.text
    assert not made.branches and not made.misses


def test_who_assigns_the_instruction_address_branches():
    assert template(field("cpu", "psw_ia", "%ia") + "store i64 %arg.insn, ptr %ia\n" + DONE).branches


@pytest.mark.parametrize("tail", ["", "tail "])
def test_what_is_marked_as_the_slow_way_is_a_miss(tail):
    body = (
        "%hit = icmp eq i64 %arg.insn, 0\n br i1 %hit, label %fast, label %slowly\n"
        f'slowly:\n {tail}call void asm sideeffect "", ""()\n {field("cpu", "cc", "%other")} store i64 1, ptr %other\n'
        f"br label %done\nfast:\n{SET_CC} br label %done\ndone:\n{DONE}"
    )
    made = template(body)
    assert made.misses and str(MISS) in made.text
    assert "asm" not in made.text and "store i64 1" not in made.text


def test_a_slow_path_is_a_miss_and_so_is_every_code():
    """Whatever the handler would make of its code: that it takes the slow path is all that counts."""
    body = (
        "%hit = icmp eq i64 %arg.insn, 0\n br i1 %hit, label %fast, label %slowly\n"
        f"slowly:\n{SLOW} %bad = icmp eq i64 %code, 7\n br i1 %bad, label %fast, label %other\n"
        f"other:\n store i64 5, ptr %retptr\n ret i32 0\nfast:\n{SET_CC}{DONE}"
    )
    made = template(body)
    assert made.misses and str(MISS) in made.text
    assert "call i32" not in made.text and "i64 5" not in made.text


def test_nothing_is_changed_before_a_miss_the_block_that_would_is_the_miss():
    """A store in the first block would leave nothing: refused. In a block of a rarer way it is cut."""
    store = field("cpu", "gr", "%r") + "store i64 1, ptr %r\n"
    tail = (
        "%bad = icmp eq i64 %arg.insn, 9\n br i1 %bad, label %no, label %yes\n"
        f"no:\n{SLOW} store i64 %code, ptr %retptr\n ret i32 0\n"
    )
    assert "before a slow path" in refused(store + tail + f"yes:\n{DONE}")
    control = field("cpu", "cr", "%c") + "%control = load i64, ptr %c\n"
    rare = (
        f"{control}%rare = icmp eq i64 %control, 1\n br i1 %rare, label %changes, label %yes\nchanges:\n{store}{tail}"
    )
    made = template(rare + f"yes:\n{SET_CC}{DONE}")
    assert made.misses and "store i64 1, ptr %r" not in made.text


def test_a_code_that_may_be_returned_after_a_change_is_refused():
    body = SET_CC + "store i64 %arg.insn, ptr %retptr\n ret i32 0"
    assert "before a slow path" in refused(body)


def test_a_code_that_is_selected_is_a_miss_unless_it_is_0():
    """COMPARE AND TRAP: all in one block, which stores a code that may be 0."""
    made = template("%t = icmp eq i64 %arg.insn, 9\n %c = select i1 %t, i64 7, i64 0\n"
                    "store i64 %c, ptr %retptr\n ret i32 0")  # fmt: skip
    assert made.misses


def test_the_program_mask_is_zero():
    """An overflow that would interrupt does not: the code folds to 0, and the template cannot miss."""
    mask = (
        field("cpu", "psw_mask", "%m")
        + "%mask = load i64, ptr %m\n%bits = lshr i64 %mask, 40\n%code = and i64 %bits, 8\n"
    )
    made = template(mask + SET_CC + "store i64 %code, ptr %retptr\n ret i32 0")
    assert not made.misses


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (field("cpu", "psw_mask", "%x") + "store i64 1, ptr %x\n" + DONE, "writes mask"),
        (field("cpu", "cr", "%x") + "store i64 1, ptr %x\n" + DONE, "writes CPU.cr"),
        (field("storage", "tlb_next_space", "%x") + "store i64 1, ptr %x\n" + DONE, "writes PORT.tlb_next_space"),
        (field("storage", "count", "%x") + "%y = load i64, ptr %x\n" + SET_CC.replace("3", "%y") + DONE,
         "reads PORT.count"),
        (field("storage", "guest", "%x") + "%y = load i64, ptr %x\n" + SET_CC.replace("3", "%y") + DONE,
         "reads PORT.guest"),
        (SLOW.replace(str(PORT["fetch_by_bytes"].start), str(PORT["note_ending"].start)) + DONE, "calls by address"),
        ("store i64 7, ptr %retptr\n ret i32 0", "always a slow path"),
        (f"%h = getelementptr i8, ptr %arg.cpu, i64 {CPU['cc'].start + 4}\nstore i32 1, ptr %h\n" + DONE, "store i32"),
    ],
    ids=["mask", "control", "tlb", "count", "guest", "call", "never", "part"],
)  # fmt: skip
def test_refused(body, reason):
    assert reason in refused(body)


def test_a_byte_is_not_loaded_into_the_register_that_is_its_address():
    body = "%p = inttoptr i64 %arg.insn to ptr\n%b = load i8, ptr %p\n%w = zext i8 %b to i64\n"
    made = template(body + SET_CC.replace("3", "%w") + DONE)
    assert 'asm "", "=r,0"' in made.text


@pytest.mark.parametrize(("shifted_by", "shifts"), [("cc", 0), ("psw_ia", 1)])
def test_a_condition_code_in_a_mask_is_told_by_comparisons(shifted_by, shifts):
    body = field("cpu", shifted_by, "%p") + "%c = load i64, ptr %p\n%b = lshr i64 8, %c\n"
    made = template(body + field("cpu", "gr", "%r") + f"store i64 %b, ptr %r\n{DONE}")
    assert made.text.count("lshr i64 8") == shifts
    assert made.text.count("icmp eq") == 3 * (1 - shifts)


def test_each_kind_of_memory_is_told():
    body = (
        "%p = inttoptr i64 %arg.insn to ptr\n%w = load i64, ptr %p\n"
        + field("cpu", "gr", "%r")
        + f"store i64 %w, ptr %r\n{DONE}"
    )
    lines = template(body).text.splitlines()
    guest, cpu = (next(line for line in lines if word in line and "tbaa" in line) for word in ("load", "store i64 %w"))
    assert guest.split("!tbaa")[1] != cpu.split("!tbaa")[1]


def test_an_ending_that_several_share_is_one_for_each():
    """A data exception's code and a condition code, stored by one line into either field."""
    fields = f"[ {CPU['dxc'].start}, %no ], [ {CPU['cc'].start}, %yes ]"
    made = template(
        "%bad = icmp eq i64 %arg.insn, 9\n br i1 %bad, label %no, label %yes\nno:\n br label %end\n"
        f"yes:\n {field('cpu', 'fpc', '%f')}store i64 1, ptr %f\n br label %end\n"
        f"end:\n %at = phi i64 {fields}\n %code = phi i64 [ 7, %no ], [ 0, %yes ]\n"
        "%p = getelementptr i8, ptr %arg.cpu, i64 %at\n store i64 3, ptr %p\n"
        "store i64 %code, ptr %retptr\n ret i32 0"
    )
    assert made.misses and "store i64 3, ptr %p.cc" in made.text and str(CPU["dxc"].start) not in made.text


def test_what_traps_after_its_result_is_stored_is_asked_before():
    """The rest is the instruction as it completes."""
    result = field("cpu", "fpc", "%f") + "store i64 1, ptr %f\n"
    made = template(
        f"{field('cpu', 'cr', '%c')}%control = load i64, ptr %c\n%on = icmp eq i64 %control, 0\n"
        f"br i1 %on, label %go, label %out\ngo:\n{result}%t = icmp eq i64 %arg.insn, 9\n"
        "br i1 %t, label %traps, label %done\ntraps:\n"
        + field("cpu", "dxc", "%d") + "store i64 8, ptr %d\n br label %out\n"
        "out:\n store i64 7, ptr %retptr\n ret i32 0\ndone:\n" + DONE
    )  # fmt: skip
    assert made.misses and "store i64 1" in made.text and "i64 8, ptr" not in made.text


def test_what_the_guest_has_is_asked_by_the_interpreter():
    """A miss, where it is asked on a rarer way; before anything else it is a refusal."""
    question = field("storage", "guest", "%g") + "%guest = load i64, ptr %g\n" + SET_CC.replace("3", "%guest")
    made = template(
        "%rare = icmp eq i64 %arg.insn, 9\n br i1 %rare, label %asks, label %yes\n"
        f"asks:\n{question}{DONE}\nyes:\n{DONE}"
    )
    assert made.misses and "%p.cc" not in made.text.split("{", 1)[1]


def test_helpers_are_inlined():
    helper = "define linkonce_odr i64 @twice(i64 %x) {\n %y = shl i64 %x, 1\n ret i64 %y\n}"
    made = template("%y = call i64 @twice(i64 %arg.insn)\n" + SET_CC.replace("3", "%y") + DONE, helper)
    assert "call" not in made.text


# --- the handlers ----------------------------------------------------------------------------------------------------

TRANSLATED = "LG STG AGR AHI CR CGR BRC BRCTG BRAS BCR BASR LA LARL MVC CLC TR STMG LMG IC RISBG CS LOCGR SLLG ADBR"
BARRIERS = {
    "EX": "calls by address", "STCK": "reads PORT.count", "SVC": "always a slow path", "SPM": "writes mask",
    "LPSWE": "", "STOSM": "writes mask", "IPTE": "always a slow path",
}  # fmt: skip


@jitted
@pytest.mark.parametrize("mnemonic", TRANSLATED.split())
def test_what_hot_code_is_made_of_is_translated(mnemonic):
    assert isinstance(library.template(mnemonic), Template), library.template(mnemonic)


@jitted
@pytest.mark.parametrize("mnemonic", BARRIERS)
def test_what_a_region_must_not_do_is_a_barrier(mnemonic):
    reason = library.template(mnemonic)
    assert isinstance(reason, str) and BARRIERS[mnemonic] in reason


REFUSED = {
    mnemonic: reason
    for reason, mnemonics in {
        "reads PORT.count": "STCK STCKE STCKF ECTG",
        "writes mask": "SAM24 SAM31 SAM64 SPM BSM BASSM",
        "writes CPU": "MC",
        "calls by address": "EX EXRL",
        "always a slow path": "CLCL CVB CVBY LAT LGAT LLGTAT LLGFAT LFHAT STFLE TRTT TRTO CSST SVC "
                              "LFPC LFAS SFPC SFASR LPXBR LNXBR LCXBR TCXB",
        "an unknown pointer": "CU21 CU41 KIMD KLMD PLO",
    }.items()
    for mnemonic in mnemonics.split()
}  # fmt: skip
NAMED = [row.mnemonic for row in ROWS if row.chapter in (7, 9, 19) and implemented(row)]  # general, floating point, BFP
ALL = "S390EMU_TEMPLATES" in os.environ


@jitted
def test_of_general_and_binary_floating_point_instructions_these_are_refused():
    """So that a new LLVM does not make barriers of others: those whose templates are kept, or all, with
    S390EMU_TEMPLATES=1, which makes the IR of every handler."""
    found = {name: library.template(name) for name in NAMED if ALL or templates().has(name)}
    refused = {name: reason for name, reason in found.items() if isinstance(reason, str)}
    assert refused.keys() == REFUSED.keys() & found.keys()
    assert all(reason.startswith(REFUSED[name]) for name, reason in refused.items()), refused


USUAL = {"ADBR": "fadd double", "AEB": "fadd float", "MDB": "fmul double", "DDBR": "fdiv double", "SQDBR": "sqrt.f64",
         "CDBR": "fcmp", "CDFBR": "itofp", "CGDBR": "fptosi", "LEDBR": "fptrunc", "LDEB": "fpext"}  # fmt: skip
SHORT_TEMPLATE = 8000  # characters; with integers it would be 20,000 and more


@jitted
@pytest.mark.parametrize("mnemonic", USUAL)
def test_of_binary_floating_point_only_the_usual_case_is_translated(mnemonic):
    made = library.template(mnemonic)
    assert isinstance(made, Template) and made.misses
    assert USUAL[mnemonic] in made.text
    assert len(made.text) < SHORT_TEMPLATE


@jitted
@pytest.mark.skipif(not ALL, reason="S390EMU_TEMPLATES=1: makes the IR of every handler")
def test_a_new_llvm_does_not_make_everything_a_barrier():
    found = [library.template(row.mnemonic) for row in ROWS if implemented(row)]
    assert sum(isinstance(one, Template) for one in found) >= 0.75 * len(found)
