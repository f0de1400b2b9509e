"""The symbols that a Linux kernel keeps of itself, in a storage laid out as Linux does it."""

from __future__ import annotations

import pytest

from s390emu.architecture.sizes import BLOCK_SIZE
from s390emu.guests.kallsyms import NoKallsyms, read_kallsyms
from s390emu.machine import Machine
from tests.lab import BA_EA
from tests.translation import DAT, REGION_THIRD, map_page

HOME_SPACE = 3 << 46  # of a PSW
TEXT, TABLES, KERNEL = 0x18000, 0x20000, 0x3FFE0000000
TABLES_BYTES = 0x20000
ORDER = ("names", "num_syms", "token_table", "token_index", "offsets", "relative_base")
SYMBOLS = [("T_text", 0x3FFE0100000), ("tworker", 0x3FFE0100100), ("Dlong_" + "x" * 200, 0x3FFE0200000)]
TOKENS = {1: "wor", 2: "ker", 3: "xx"}


def encoded(name):
    """A name as lengths and tokens: a letter is its own, but for the tokens."""
    for token, text in TOKENS.items():
        name = name.replace(text, chr(token))
    length = bytes([len(name)]) if len(name) < 0x80 else bytes([len(name) & 0x7F | 0x80, len(name) >> 7])
    return length + name.encode("latin-1")


def tables(symbols):
    """Return the contents of the tables by name, and their addresses, as the kernel sees them."""
    words = [TOKENS.get(n, chr(n) if 0x20 < n < 0x7F else "?") for n in range(256)]
    table, index = b"", b""
    for word in words:
        index += len(table).to_bytes(2, "big")
        table += word.encode() + b"\0"
    base = 0x3FFE0100000
    contents = {
        "num_syms": len(symbols).to_bytes(4, "big"), "names": b"".join(encoded(name) for name, _ in symbols),
        "token_table": table, "token_index": index,
        "offsets": b"".join((address - base).to_bytes(4, "big") for _, address in symbols),
        "relative_base": base.to_bytes(8, "big"),
    }  # fmt: skip
    at, places = TABLES, {}
    for name, content in contents.items():
        places[name] = at
        at += len(content) + -len(content) % 8
    return contents, places


@pytest.fixture
def kernel(lab):
    """Return what makes a machine whose kernel, at KERNEL in its home space, has these symbols; edit: of the text."""

    def make(symbols=SYMBOLS, edit=lambda text: text):
        contents, places = tables(symbols)
        for name, content in contents.items():
            lab.store(places[name], content)
        lines = [f"SYMBOL(kallsyms_{name})={KERNEL + places[name]:x}\n" for name in ORDER]
        lab.store(TEXT, edit("OSRELEASE=6\n" + "".join(lines) + "SYMBOL(other)=0\n").encode())
        for address in range(TABLES, TABLES + TABLES_BYTES, BLOCK_SIZE):
            lab.cr[13] = map_page(lab, KERNEL + address, address, level=REGION_THIRD)
        lab.psw(mask=BA_EA | DAT | HOME_SPACE)
        return lab.machine

    return make


def test_all_symbols_are_read(kernel):
    assert read_kallsyms(kernel()).places == [(name[1:], address) for name, address in SYMBOLS]


def test_more_names_than_are_read_at_once(kernel):
    symbols = [(f"tf{n}_{'y' * (n % 90)}", 0x3FFE0100000 + 16 * n) for n in range(600)]
    assert read_kallsyms(kernel(symbols)).places == [(name[1:], address) for name, address in symbols]


def test_reading_changes_nothing(kernel):
    machine = kernel()
    before = machine.blocks(), machine.psw
    read_kallsyms(machine)
    assert (machine.blocks(), machine.psw) == before


def test_a_guest_that_is_no_linux():
    with pytest.raises(NoKallsyms, match="no VMCOREINFO with kallsyms"):
        read_kallsyms(Machine(1 << 20))


def test_the_words_alone_are_not_the_text(kernel):
    """The kernel's code has them too, before it has written the text."""
    with pytest.raises(NoKallsyms, match="no VMCOREINFO"):
        read_kallsyms(kernel(edit=lambda text: text.replace("=3", "=%")))


def test_a_text_that_lacks_a_table(kernel):
    with pytest.raises(NoKallsyms, match="does not say where kallsyms_offsets is"):
        read_kallsyms(kernel(edit=lambda text: text.replace("kallsyms_offsets", "kallsyms_offsats")))


def test_tables_that_are_not_there(kernel):
    with pytest.raises(NoKallsyms, match="its tables are not where VMCOREINFO says"):
        read_kallsyms(kernel(edit=lambda text: text.replace("3ffe", "7ffe")))


def test_a_number_of_symbols_that_no_kernel_has(kernel):
    machine = kernel()
    machine.write(TABLES, b"\xff" * 4)
    with pytest.raises(NoKallsyms, match="4,294,967,295 symbols"):
        read_kallsyms(machine)
