"""ELF64 for s390x: what we write GNU reads, what gcc and GNU as write we load."""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from s390emu.assembler.assemble import assemble
from s390emu.assembler.elf import ElfError, is_elf
from s390emu.assembler.elf_loader import read_elf
from tests.assembler.gnu import ORIGIN, PREFIX, require_gnu

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


@pytest.mark.parametrize("options", [("-c",), ("-static-pie", "-fPIE")], ids=lambda options: options[0])
def test_a_program_that_no_address_is_left_for(tmp_path, options):
    with pytest.raises(ElfError, match=r"^x: goes beyond the last address"):
        read_elf(compiled(tmp_path, *options), (1 << 64) - 8, "x")


def test_a_symbol_beyond_the_last_address_is_one_below(tmp_path):
    program = read_elf(gnu_object(tmp_path, "nopr\n.globl start\n.set start, .Lt+0x7fffffffffffffff\n.Lt:\n"), 1 << 63)
    assert program.symbols["start"] == program.entry == 1
    assert read_elf(program.to_elf()).entry == 1


def test_a_segment_beyond_the_last_address():
    data = bytearray(assemble(SOURCE, origin=ORIGIN).to_elf())
    data[64 + 24 : 64 + 32] = b"\xff" * 8  # p_paddr of .text
    with pytest.raises(ElfError, match="goes beyond the last address"):
        read_elf(bytes(data))


def test_is_elf():
    assert is_elf(assemble("nop").to_elf())
    assert not is_elf(b"nop")


# Static programs ------------------------------------------------------------------------------------------------------

C_PROGRAM = """
    static int table[3] = {1, 2, 3}; int *p = table + 1, *q; int room[9];
    extern int nowhere __attribute__((weak)); int *n = &nowhere;
    __thread int set = 5, unset; const char *names[] = {"a", "b"};
    __attribute__((noinline)) int f(int x) { return x + *p; }
    int (*operation)(int) = f; int *own(void) { return &set + (unset = 0); }
    int _start(int x) { return operation(x) + (n ? *n : 0) + names[x][0] + room[x] + !q; }
"""


def compiled(folder, *options):
    require_gnu("gcc")
    (folder / "a.c").write_text(C_PROGRAM)
    tool("gcc", "-O1", "-march=z10", "-ffreestanding", "-nostdlib", *options, "a.c", "-o", "out", cwd=folder)
    return (folder / "out").read_bytes()


def word(program, address, width=8):
    """The number in storage after loading; what has room only is zero."""
    loaded = bytes_of(program)
    return int.from_bytes(bytes(loaded.get(address + n, 0) for n in range(width)), "big")


@pytest.mark.parametrize(
    "options",
    [("-c", "-fno-pic"), ("-c", "-fPIC", "-ftls-model=initial-exec"), ("-c", "-fcommon"), ("-static-pie", "-fPIE"),
     ("-pie", "-fPIE"), ("-static",), ("-r", "-fPIE")],
    ids=lambda options: " ".join(options),
)  # fmt: skip
@pytest.mark.parametrize("origin", [ORIGIN, 0x12340])
def test_what_gcc_needs_for_a_static_program(tmp_path, options, origin):
    program = read_elf(compiled(tmp_path, *options), origin)
    symbols = program.symbols
    assert word(program, symbols["operation"]) == symbols["f"]
    assert word(program, word(program, symbols["p"]), 4) == 2
    assert word(program, symbols["n"]) == 0
    assert [word(program, word(program, symbols["names"] + at), 1) for at in (0, 8)] == [ord("a"), ord("b")]
    assert program.entry == symbols["_start"]
    assert not bytes_of(program).keys() & set(range(symbols["room"], symbols["room"] + 36))
    if "-static" not in options:
        assert min(bytes_of(program)) >= origin


def test_a_position_independent_executable_goes_to_the_boundary_that_it_wants(tmp_path):
    data = compiled(tmp_path, "-static-pie", "-fPIE")
    at_zero, moved = read_elf(data, 0).symbols, read_elf(data, 0x12345).symbols
    thread_local = {name for name, value in at_zero.items() if value < 8}
    assert {"set", "unset"} <= thread_local
    assert {moved[name] - value for name, value in at_zero.items() if name not in thread_local} == {0x13000}
    assert "_GLOBAL_OFFSET_TABLE_" in moved


@pytest.mark.parametrize(
    "options",
    [("-shared", "-fPIC"), ("-pie", "-fPIE", "-Wl,--no-as-needed", "b.so")],
    ids=["library", "in need of one"],
)
def test_what_needs_a_dynamic_linker(tmp_path, options):
    require_gnu("gcc")
    (tmp_path / "b.c").write_text("int b;")
    tool("gcc", "-shared", "-fPIC", "-nostdlib", "b.c", "-o", "b.so", cwd=tmp_path)
    with pytest.raises(ElfError, match="a shared object, or in need of one"):
        read_elf(compiled(tmp_path, *options))


def test_displacements_and_suffixes_in_a_relocatable_file(tmp_path):
    """R_390_12, R_390_20, R_390_PLT32, R_390_PLT64, R_390_GOT12, R_390_GOT20, R_390_GOTOFF64, R_390_TLS_LE64."""
    source = """
    f:  l %r1,near(%r2)
        lg %r1,far(%r2)
        l %r1,f@GOT(%r12)
        lg %r1,f@GOT(%r12)
        .data
        .quad f@PLT, f@GOTOFF, t@NTPOFF
        .long f@PLT
        .set near, 0xabc
        .set far, 0x12345
        .section .tdata
    t:  .quad 1
    """
    data = gnu_object(tmp_path, source.replace(".set near, 0xabc", "").replace(".set far, 0x12345", ""))
    tool("as", "-m64", "--defsym", "near=0xabc", "--defsym", "far=0x12345", "-o", "n.o", "/dev/null", cwd=tmp_path)
    tool("objcopy", "--globalize-symbol=near", "--globalize-symbol=far", "n.o", cwd=tmp_path)
    tool("ld", "-r", "-o", "all.o", "a.o", "n.o", cwd=tmp_path)
    assert b"near" in data
    program = read_elf((tmp_path / "all.o").read_bytes(), ORIGIN)
    parts = {section.name: section for section in program.sections}
    assert parts[".text"].data[:20].hex() == "58102abc" + "e31023451204" + "5810c000" + "e310c0000004"
    d, table, t = parts[".data"].address, parts[".got"].address, program.symbols["t"]
    numbers = [int.from_bytes(parts[".data"].data[at : at + 8], "big", signed=True) for at in (0, 8, 16)]
    assert numbers == [ORIGIN - d, ORIGIN - table, t - (t + 8)]
    assert int.from_bytes(parts[".data"].data[24:28], "big", signed=True) == ORIGIN - (d + 24)


def test_an_indirect_function_is_resolved_at_run_time(tmp_path):
    source = ".type f,@gnu_indirect_function\n.globl f\nf: br %r14\n.data\n.quad f\n"
    with pytest.raises(ElfError, match=r"f in \.data\+0x0 is resolved at run time .ifunc.; link the file first"):
        read_elf(gnu_object(tmp_path, source))


def test_sections_that_are_the_same_bytes_again_and_again(tmp_path):
    """Each of them would be copied."""
    sections = "".join(f'.section s{n},"a"\n.byte 1\n' for n in range(99))
    data = bytearray(gnu_object(tmp_path, ".skip 4000\n" + sections))
    table, count = int.from_bytes(data[0x28:0x30], "big"), int.from_bytes(data[0x3C:0x3E], "big")
    for number in range(1, count):
        header = table + 64 * number
        if data[header + 4 : header + 8] == b"\0\0\0\1":  # SHT_PROGBITS
            data[header + 24 : header + 40] = (64).to_bytes(8, "big") + (4000).to_bytes(8, "big")
    with pytest.raises(ElfError, match="damaged: its sections overlap"):
        read_elf(bytes(data))
