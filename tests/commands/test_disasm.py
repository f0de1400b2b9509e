"""s390emu disasm: what objdump shows of the same file, and one clear message for what is no file to disassemble."""

from __future__ import annotations

import json
import random
import re
import subprocess
import sys

import pytest

from s390emu.assembler.assemble import assemble
from tests.assembler.gnu import require_gnu
from tests.assembler.test_elf import gnu_object, tool

C = """
extern int elsewhere(int), weak(void) __attribute__((weak));
static int data[10] = {1, 2};
__thread int own;
int room[5];
const char *text = "text";
int choose(int x)
{
    static double factor = 3.5;
    if (weak)
        weak();
    data[x] += elsewhere(x);
    own++;
    switch (x) {
    case 1: return 5;
    case 2: return elsewhere(2);
    case 3: return 9;
    case 4: return 77;
    case 5: return elsewhere(1);
    case 6: return x * factor;
    }
    return room[x] + (text != 0);
}
__attribute__((noinline)) static int three(int x) { return x * 3 / data[0]; }
int main(void) { return choose(1) + three(data[3]); }
"""
SOURCE = """
        .globl  f
f:      larl    %r1,table
        brasl   %r14,elsewhere@PLT
out:    br      %r14
        .data
table:  .quad   f
"""
UNRESOLVED = "-Wl,--unresolved-symbols=ignore-all"
LINE = re.compile(r" *([0-9a-f]+):\t((?:[0-9a-f]{2} ?)+?) *\t(\S+)")


@pytest.fixture(scope="module")
def compiled(tmp_path_factory):
    """Return a function that compiles C with these options of gcc."""
    require_gnu("gcc")
    folder = tmp_path_factory.mktemp("compiled")
    (folder / "a.c").write_text(C)

    def compile(*options):
        path = folder / ("_".join(options).replace("/", "_") + ".out")
        if not path.exists():
            tool("gcc", "-march=z10", *options, "-o", str(path), "a.c", cwd=folder)
        return path

    return compile


def listed(lines):
    """What a listing says: (section, address) -> bytes and mnemonic; the labels; the relocations."""
    section, found, labels, relocations = "", {}, set(), []
    for text in lines.splitlines():
        if match := re.fullmatch(r"Disassembly of section (\S+):", text):
            section = match[1]
        elif match := re.fullmatch(r"([0-9a-f]{16}) <(.*)>:", text):
            labels.add((section, int(match[1], 16), match[2]))
        elif match := re.fullmatch(r"\t\t\t([0-9a-f]+: R_390_\w+\t\S+)", text):
            relocations.append((section, match[1]))
        elif match := LINE.match(text):
            found[section, int(match[1], 16)] = match[2].replace(" ", ""), match[3]
    return found, labels, relocations


OBJECTS = [("-c", "-O0"), ("-c", "-O1"), ("-c", "-O2", "-g"), ("-c", "-O3", "-fpic"),
           ("-c", "-O2", "-ffunction-sections", "-gz")]  # fmt: skip
LINKED = [("-shared", "-fpic", "-O2"), ("-pie", "-fpie", "-O2", UNRESOLVED), ("-no-pie", "-O1", UNRESOLVED),
          ("-shared", "-fpic", "-O2", "-s"), ("-no-pie", "-O2", "-Wl,--emit-relocs", UNRESOLVED)]  # fmt: skip


@pytest.mark.parametrize("options", [*OBJECTS, *(("-nostdlib", *options) for options in LINKED)], ids=" ".join)
def test_the_listing_is_objdumps(s390emu, compiled, options):
    """The same instructions at the same addresses, names of places and relocations; but for bytes that are no
    instruction, of which objdump takes four at once."""
    path = compiled(*options)
    code, out, err = s390emu("disasm", path)
    assert (code, err) == (0, "")
    ours, our_labels, our_relocations = listed(out)
    theirs, labels, relocations = listed(tool("objdump", "-drz", str(path), cwd="."))
    assert len(theirs) > 50
    instructions = {at: found for at, found in ours.items() if not found[1].startswith(".")}
    assert instructions == {at: found for at, found in theirs.items() if not found[1].startswith(".")}
    assert our_relocations == relocations
    assert bool(relocations) == ("-c" in options or "-Wl,--emit-relocs" in options)
    assert {label for label in labels if "-0x" not in label[2]} <= our_labels


def test_every_member_of_an_archive(s390emu, tmp_path):
    for name in ("one", "two"):
        (tmp_path / f"{name}.o").write_bytes(gnu_object(tmp_path, f"{name}:\tbr %r14\n"))
    (tmp_path / "readme").write_text("no code")
    tool("ar", "rcs", "lib.a", "one.o", "readme", "two.o", cwd=tmp_path)
    code, out, err = s390emu("disasm", "lib.a")
    assert code == 0
    assert re.findall(r"^(\S+): +file format elf64-s390$", out, re.MULTILINE) == ["lib.a(one.o)", "lib.a(two.o)"]
    assert {"one", "two"} == {name for _, _, name in listed(out)[1]}
    assert err == "s390emu: lib.a(readme): left out, not an ELF file\n"


@pytest.fixture
def relocatable(tmp_path):
    gnu_object(tmp_path, SOURCE)
    return "a.o"


def test_a_listing_of_a_relocatable_file(s390emu, relocatable):
    assert s390emu("disasm", relocatable)[1] == (
        "\na.o:     file format elf64-s390\n\n\nDisassembly of section .text:\n\n"
        "0000000000000000 <f>:\n"
        "       0:\tc0 10 00 00 00 00 \tlarl %r1,f\n"
        "\t\t\t2: R_390_PC32DBL\t.data+0x2\n"
        "       6:\tc0 e5 00 00 00 00 \tbrasl %r14,f+0x6\n"
        "\t\t\t8: R_390_PLT32DBL\telsewhere+0x2\n"
        "000000000000000c <out>:\n"
        "       c:\t07 fe             \tbr %r14\n"
        "       e:\t07 07             \tnopr %r7\n"
    )


def test_json_says_the_same_and_the_source(s390emu, relocatable):
    report = json.loads(s390emu("disasm", relocatable, "--json")[1])
    assert report["schema"] == "s390emu.disasm/1"
    assert report["instructions"][1:3] == [
        {
            "file": "a.o", "section": ".text", "address": 6, "bytes": "c0e500000000", "text": "brasl %r14,f+0x6",
            "source": "brasl %r14,.",
            "relocations": [{"address": 8, "kind": "R_390_PLT32DBL", "symbol": "elsewhere", "addend": 2}],
        },
        {
            "file": "a.o", "section": ".text", "address": 12, "bytes": "07fe", "text": "br %r14", "source": "br %r14",
            "labels": ["out"],
        },
    ]  # fmt: skip


def test_json_of_hexadecimal_bytes(s390emu):
    report = json.loads(s390emu("disasm", "--hex", "B9F6 5735", "--base", "0x1000", "--json")[1])
    assert report["instructions"] == [
        {
            "address": 0x1000, "bytes": "b9f65735", "text": "ork %r3,%r5,%r5",
            "source": ".long 0xb9f65735  # ork %r3,%r5,%r5", "ignored_bits": "21-23",
        }
    ]  # fmt: skip
    assert json.loads(s390emu("disasm", "--hex", "", "--json")[1])["instructions"] == []


def test_the_source_assembles_to_the_same_bytes(s390emu, tmp_path, compiled):
    data = random.Random(5).randbytes(20_000)
    (tmp_path / "flat").write_bytes(data)
    assert assemble(s390emu("disasm", "flat", "--source")[1]).sections[0].data == data
    path = compiled("-c", "-O2", "-g")
    tool("objcopy", "-O", "binary", "-j", ".text", str(path), str(tmp_path / "text"), cwd=tmp_path)
    source = s390emu("disasm", path, "-j", ".text", "--source")[1]
    assert assemble(source).sections[0].data == (tmp_path / "text").read_bytes()


def test_a_section_is_shown_be_it_code_or_not(s390emu, relocatable):
    out = s390emu("disasm", relocatable, "-j", ".data")[1]
    assert "<table>:" in out
    assert "R_390_64\tf" in out
    assert "<f>:" not in out
    out = s390emu("disasm", relocatable, "--section", ".data", "--section", ".text")[1]
    assert re.findall("Disassembly of section (.*):", out) == [".text", ".data"]


def test_what_is_between_two_addresses(s390emu, relocatable):
    found, _, relocations = listed(s390emu("disasm", relocatable, "--start", "6", "--stop", "0xe")[1])
    assert list(found) == [(".text", 6), (".text", 12)]
    assert relocations == [(".text", "8: R_390_PLT32DBL\telsewhere+0x2")]
    assert s390emu("disasm", relocatable, "--start", "0x100")[1] == ""
    out = s390emu("disasm", "--hex", "1812 1834 1856", "--base", "0x1000", "--start", "0x1002", "--stop", "0x1004")[1]
    assert out == "    1002:\t18 34             \tlr %r3,%r4\n"


def test_the_base_is_added_to_the_addresses_of_a_file(s390emu, relocatable):
    found, labels, _ = listed(s390emu("disasm", relocatable, "--base", "0x2000")[1])
    assert min(found) == (".text", 0x2000)
    assert (".text", 0x200C, "out") in labels


def test_a_target_in_a_flat_binary_is_an_address(s390emu, tmp_path):
    (tmp_path / "flat").write_bytes(bytes.fromhex("a7f40002a7f4fffe"))
    assert [line.split("\t")[-1] for line in s390emu("disasm", "flat", "--base", "64K")[1].splitlines()] == [
        "j 0x10004",
        "j 0x10000",
    ]


def test_an_empty_file(s390emu, tmp_path):
    (tmp_path / "empty").write_bytes(b"")
    assert s390emu("disasm", "empty") == (0, "", "")


def test_it_starts_without_what_takes_long_to_import():
    code = "import sys, s390emu.commands.disasm; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert {"numba", "numpy", "construct"}.isdisjoint(done.stdout.split())


# --- what is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "disasm wants a FILE or --hex BYTES"),
        (("a.o", "--hex", "07FE"), "disasm wants a FILE or --hex BYTES"),
        (("--hex", "7"), "--hex '7': not hexadecimal bytes"),
        (("a.o", "-j", ".tex"), "a.o: no section .tex that has a content; did you mean .text?"),
        (("--hex", "07FE", "-j", ".text"), "--hex: --section .text: only an ELF file has sections"),
        (("flat", "-j", ".text"), "flat: --section .text: only an ELF file has sections"),
        (("a.o", "--start", "8", "--stop", "8"), "--start 0x8 --stop 0x8: there is nothing between them"),
        (("a.o", "--source", "--json"), "--source and --json: one of them"),
        (("--hex", "07FE", "--base", "0xffffffffffffffff"), "--base 0xffffffffffffffff: the last byte would be beyond"),
        (("a.o", "--base", "0xffffffffffffffff"), "a.o: damaged: .text goes beyond the last address"),
        (("a.o", "--base", "-2"), "--base -0x2: below the first address"),
    ],
)
def test_arguments_that_cannot_be(s390emu, relocatable, tmp_path, arguments, message):
    (tmp_path / "flat").write_bytes(b"\x07\xfe")
    code, out, err = s390emu("disasm", *arguments)
    assert (code, out) == (2, "")
    assert message in err


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\x7fELF", "damaged: only 4 bytes"),
        (b"\x7fELF\x01\x02" + bytes(58), "32-bit big-endian; s390x is 64-bit big-endian"),
        (b"\x7fELF\x02\x01" + bytes(58), "64-bit little-endian"),
        (b"\x7fELF\x02\x02" + bytes(58), "for another machine"),
        (b"!<thin>\n", "a thin archive"),
        (b"!<arch>\nrubbish", "damaged: no member's header at 0x8"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(s390emu, tmp_path, content, message):
    (tmp_path / "bad").write_bytes(content)
    code, out, err = s390emu("disasm", "bad")
    assert (code, out) == (2, "")
    assert err.startswith("bad: ")
    assert message in err


@pytest.mark.parametrize("seed", range(4))
def test_damaged_files_end_with_a_message(s390emu, tmp_path, seed):
    """Bytes of files of all kinds changed, at the ends and in the tables above all; or the file cut."""
    rng = random.Random(seed)
    (tmp_path / "s.o").write_bytes(gnu_object(tmp_path, SOURCE))
    tool("ld", "-shared", "-o", "s.so", "s.o", cwd=tmp_path)
    tool("ar", "rcs", "s.a", "s.o", "s.o", cwd=tmp_path)
    for name in ("s.o", "s.so", "s.a"):
        whole = (tmp_path / name).read_bytes()
        for number in range(50):
            (tmp_path / "damaged").write_bytes(damaged(whole, rng))
            options = rng.choice(([], [], ["--json"], ["--source"], ["-j", ".data"], ["--start", "4"]))
            code, out, err = s390emu("disasm", "damaged", *options)
            assert code in (0, 2), f"{name}, number {number}: {err}"
            if code == 2:
                assert err.startswith(("damaged", "s390emu: damaged")), err
                assert len(err.splitlines()) == 1
            elif "--json" in options:
                json.loads(out)


def damaged(whole: bytes, rng) -> bytes:
    data = bytearray(whole)
    if rng.random() < 0.2:
        return bytes(data[: rng.randrange(len(data))])
    end = int.from_bytes(data[0x28:0x30], "big") if data[:1] == b"\x7f" else 0
    for _ in range(rng.choice((1, 1, 2, 5))):
        at = rng.choice((rng.randrange(64), rng.randrange(len(data)), rng.randrange(end, len(data))))
        data[at] = rng.choice((0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)))
    return bytes(data)
