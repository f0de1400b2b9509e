"""ELF64 for s390x: what we write GNU reads, what gcc and GNU as write we load."""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from s390emu.assembler.assemble import assemble
from s390emu.assembler.elf import ElfError, is_elf, read_elf
from tests.assembler.gnu import PREFIX, require_gnu

SOURCE = """
        .globl  _start
_start: larl    %r1,table
        brasl   %r14,next
        .data
table:  .quad   _start, room
        .long   next
        .bss
room:   .skip   32
        .text
next:   j       .
"""
ORIGIN = 0x10000


def tool(name, *arguments, cwd):
    return subprocess.run([PREFIX + name, *arguments], cwd=cwd, capture_output=True, text=True, check=True).stdout


def gnu_object(folder, source):
    require_gnu()
    (folder / "a.s").write_text(source)
    tool("as", "-m64", "-march=arch14", "-o", "a.o", "a.s", cwd=folder)
    return (folder / "a.o").read_bytes()


def bytes_of(program):
    """Every byte of the image by its address."""
    return {address + n: byte for address, data in program.image() for n, byte in enumerate(data)}


def test_written_and_read_again_is_the_same_program():
    program = assemble(SOURCE, origin=ORIGIN)
    again = read_elf(program.to_elf())
    assert again.image() == program.image()
    assert again.symbols == program.symbols
    assert again.entry == program.entry == ORIGIN
    assert again.global_symbols == {"_start"}
    assert [(section.address, len(section.data)) for section in again.sections if section.bss] == [
        (program.symbols["room"], 32)
    ]


def test_gnu_reads_what_we_write(tmp_path):
    require_gnu()
    program = assemble(SOURCE, origin=ORIGIN)
    (tmp_path / "a.elf").write_bytes(program.to_elf())
    header = tool("readelf", "-hlS", "--wide", "a.elf", cwd=tmp_path)
    assert "IBM S/390" in header
    assert "EXEC (Executable file)" in header
    assert "Entry point address:               0x10000" in header
    symbols = tool("nm", "a.elf", cwd=tmp_path)
    assert "0000000000010000 T _start" in symbols
    assert f"{program.symbols['room']:016x} b room" in symbols
    tool("objcopy", "-O", "binary", "-j", ".data", "a.elf", "data", cwd=tmp_path)
    assert (tmp_path / "data").read_bytes() == program.sections[1].data


def test_gnu_complains_of_nothing(tmp_path):
    require_gnu()
    (tmp_path / "a.elf").write_bytes(assemble(SOURCE, origin=ORIGIN).to_elf())
    done = subprocess.run(
        [PREFIX + "readelf", "-a", "--lint", "a.elf"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert "arning" not in done.stderr + done.stdout, done.stderr


def test_relocations_are_applied_on_load(tmp_path):
    """R_390_64, R_390_32, R_390_PC32DBL (larl, brasl to another section), R_390_PC16DBL (brc to a global symbol)."""
    source = """
        .globl  far, _start
_start: larl    %r1,table+8
        brasl   %r14,other
far:    nop
        j       far
        .data
table:  .quad   _start, far-8
        .long   far
        .section more,"ax",@progbits
other:  jg      far
        brct    %r1,far
    """
    data = gnu_object(tmp_path, source)
    kinds = tool("readelf", "-r", "a.o", cwd=tmp_path)
    for kind in ("R_390_64", "R_390_32", "R_390_PC32DBL", "R_390_PC16DBL"):
        assert kind in kinds
    program = read_elf(data, ORIGIN)
    places = {section.name: section.address for section in program.sections}
    starts = [f"--section-start={name}={place:#x}" for name, place in places.items()]
    tool("ld", "-N", "-e", "0", *starts, "-o", "a.elf", "a.o", cwd=tmp_path)
    linked = read_elf((tmp_path / "a.elf").read_bytes())
    theirs = bytes_of(linked)
    ours = bytes_of(program)
    assert ours == {address: theirs[address] for address in ours}
    assert program.symbols["far"] == linked.symbols["far"]
    assert program.entry == program.symbols["_start"]


def test_object_of_gcc(tmp_path):
    require_gnu("gcc")
    (tmp_path / "a.c").write_text("""
        static int table[4] = {1, 2, 3, 4};
        int *p = table + 2, room[100];
        const char *text = "text";
        __attribute__((noinline)) int get(int n) { return table[n] + room[n] + *p; }
        int _start(int n) { return get(n) + text[n]; }
    """)
    tool("gcc", "-O1", "-march=z900", "-ffreestanding", "-fno-asynchronous-unwind-tables", "-c", "a.c", cwd=tmp_path)
    program = read_elf((tmp_path / "a.o").read_bytes(), ORIGIN)
    ours = bytes_of(program)
    pointer = bytes(ours[program.symbols["p"] + n] for n in range(8))
    target = int.from_bytes(pointer, "big")
    assert bytes(ours[target + n] for n in range(-8, 8)) == bytes.fromhex("00000001000000020000000300000004")
    text = int.from_bytes(bytes(ours[program.symbols["text"] + n] for n in range(8)), "big")
    assert bytes(ours[text + n] for n in range(5)) == b"text\0"
    assert program.entry == program.symbols["_start"]
    assert program.symbols["room"] not in ours  # .bss


def _changed(data, **changes):
    changed = bytearray(data)
    for at, value in changes.items():
        changed[int(at[1:])] = value
    return bytes(changed)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param(lambda data: b"not an ELF file", "not an ELF file", id="no ELF"),
        pytest.param(lambda data: data[:40], "damaged: only 40 bytes", id="cut off in the header"),
        pytest.param(lambda data: _changed(data, _18=0, _19=62), "another machine .e_machine 62", id="x86-64"),
        pytest.param(lambda data: _changed(data, _5=1), "64-bit little-endian; s390x is", id="little-endian"),
        pytest.param(lambda data: _changed(data, _4=1), "32-bit big-endian", id="32-bit"),
        pytest.param(lambda data: _changed(data, _17=3), "a shared object", id="shared object"),
        pytest.param(lambda data: _changed(data, _17=4), "a core dump", id="core dump"),
        pytest.param(lambda data: data[:300], "damaged", id="cut off"),
        pytest.param(lambda data: _changed(data, _32=0xFF), "damaged", id="program headers elsewhere"),
    ],
)
def test_bad_file(change, message):
    with pytest.raises(ElfError, match="^x.elf: .*" + message):
        read_elf(change(assemble(SOURCE, origin=ORIGIN).to_elf()), name="x.elf")


def test_undefined_symbol(tmp_path):
    with pytest.raises(ElfError, match="undefined symbol elsewhere"):
        read_elf(gnu_object(tmp_path, " brasl %r14,elsewhere\n"))


def test_entries_of_the_global_offset_table(tmp_path):
    """One for each symbol, behind everything else."""
    program = read_elf(gnu_object(tmp_path, "a: lgrl %r1,a@GOTENT\nb: lgrl %r2,b@GOTENT\n lgrl %r3,a@GOTENT\n"), ORIGIN)
    table = next(section for section in program.sections if section.name == ".got")
    assert table.data == b"".join(program.symbols[name].to_bytes(8, "big") for name in "ab")
    text = dict(program.image())[ORIGIN]
    distances = [int.from_bytes(text[at + 2 : at + 6], "big", signed=True) * 2 + ORIGIN + at for at in (0, 6, 12)]
    assert distances == [table.address, table.address + 8, table.address]


def test_relocation_that_is_not_done_here(tmp_path):
    with pytest.raises(ElfError, match=r"R_390_TLS_GD64 in \.text\+0x0 is for ld: link the file with it, or compile"):
        read_elf(gnu_object(tmp_path, ".quad a@TLSGD\n.section .tdata\na: .quad 1\n"))


def test_relocation_out_of_reach(tmp_path):
    data = gnu_object(tmp_path, " .data\n.long a\n.text\na: nop\n")
    with pytest.raises(ElfError, match=r"R_390_32 in \.data\+0x0 does not reach its symbol"):
        read_elf(data, 1 << 32)


def test_common_symbols_have_room_behind_everything_else(tmp_path):
    program = read_elf(gnu_object(tmp_path, ".comm c,8\n.comm d,100,64\n.bss\nb: .skip 3\n.text\n.quad c,d\n"), ORIGIN)
    c, d = program.symbols["c"], program.symbols["d"]
    assert program.sections[0].data[:16] == c.to_bytes(8, "big") + d.to_bytes(8, "big")
    assert (c >= ORIGIN + 24, d % 64, program.sections[-1].bss) == (True, 0, True)
    assert program.sections[-1].address + len(program.sections[-1].data) == max(c + 8, d + 100)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 900), st.integers(0, 255)), min_size=1, max_size=4), st.integers(60, 2000))
def test_a_damaged_file_is_an_elf_error_or_some_program(changes, length):
    data = bytearray(assemble(SOURCE, origin=ORIGIN).to_elf())
    for at, value in changes:
        data[at % len(data)] = value
    try:
        read_elf(bytes(data[:length]))
    except ElfError as error:
        assert str(error).startswith("ELF file: ")


def test_a_damaged_file_asks_for_all_storage_there_is():
    data = bytearray(assemble(SOURCE, origin=ORIGIN).to_elf())
    data[64 + 2 * 56 + 40] = 0x10  # p_memsz of .bss
    with pytest.raises(ElfError, match=r"damaged: 0x10000000000000.. bytes of storage are wanted"):
        read_elf(bytes(data))


def test_is_elf():
    assert is_elf(assemble("nop").to_elf())
    assert not is_elf(b"nop")
