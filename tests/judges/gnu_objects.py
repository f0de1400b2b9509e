"""What GNU as makes of a source, against what we make of it: relocatable objects compared part by part.

By hand, for a corpus of any size (folders are searched for .s files):

    python -m tests.judges.gnu_objects FOLDER_OR_FILE...
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from struct import Struct

from s390emu.assembler.assemble import AssemblyError, assemble_object
from s390emu.input_files import read_text

GNU_AS = ("s390x-linux-gnu-as", "-m64", "-march=arch14")
SHDR, SYM, RELA = Struct(">IIQQQQIIQQ"), Struct(">IBBHQQ"), Struct(">QIIq")
SHT_SYMTAB, SHT_STRTAB, SHT_RELA, SHT_NOBITS, SHT_GROUP = 2, 3, 4, 8, 17
STT_SECTION = 3
RESERVED = {0: "undefined", 0xFFF1: "absolute", 0xFFF2: "common"}


def gnu_object(path: Path, folder: Path) -> bytes:
    """The object that GNU as makes of a source."""
    target = Path(folder) / "gnu.o"
    subprocess.run([*GNU_AS, "-o", target, path], check=True, capture_output=True)
    return target.read_bytes()


def parts(data: bytes) -> dict[str, object]:
    """The parts of an object, by names that do not depend on the order in which a program has written it."""
    table_at, count, names_number = int.from_bytes(data[40:48], "big"), *Struct(">HH").unpack(data[60:64])
    headers = [SHDR.unpack_from(data, table_at + SHDR.size * number) for number in range(count)]

    def content(header):
        return b"" if header[1] == SHT_NOBITS else data[header[4] : header[4] + header[5]]

    def text(table: bytes, at: int) -> str:
        return table[at : table.index(b"\0", at)].decode()

    names = content(headers[names_number])
    seen: Counter[str] = Counter()
    keys = []  # of several sections of one name the second is name#2
    for header in headers:
        name = text(names, header[0])
        seen[name] += 1
        keys.append(name if seen[name] == 1 else f"{name}#{seen[name]}")
    symbols = []
    for header in headers:
        if header[1] == SHT_SYMTAB:
            strings = content(headers[header[6]])
            for name, info, other, section, value, size in SYM.iter_unpack(content(header)):
                where = RESERVED.get(section) or keys[section]
                label = f"section {where}" if info & 15 == STT_SECTION else text(strings, name)
                symbols.append((label, info >> 4, info & 15, other, where, value, size))
    found: dict[str, object] = {
        "symbols": sorted(symbol for symbol in symbols[1:] if symbol[2] != STT_SECTION)
    }  # fmt: skip
    for key, header in zip(keys[1:], headers[1:], strict=True):
        _, kind, flags, _, _, size, _, info, alignment, entry = header
        if kind == SHT_RELA:
            rows = RELA.iter_unpack(content(header))
            found[f"relocations of {keys[info]}"] = sorted(
                (offset, number, symbols[symbol][0], addend) for offset, symbol, number, addend in rows
            )
        elif kind == SHT_GROUP:
            words = [word for (word,) in Struct(">I").iter_unpack(content(header))]
            members = [keys[word] for word in words[1:]]
            found[f"group {symbols[info][0]}"] = words[0], sorted(members)
        elif kind not in (SHT_SYMTAB, SHT_STRTAB):
            found[f"header of {key}"] = kind, flags, size, alignment, entry
            found[key] = content(header)
    return found


def differences(ours: bytes, theirs: bytes) -> list[str]:
    """Every part in which two objects differ, and how."""
    mine, gnus = parts(ours), parts(theirs)
    told = []
    for name in sorted(mine.keys() | gnus.keys()):
        here, there = mine.get(name), gnus.get(name)
        if here == there:
            continue
        if here is None or there is None:
            told.append(f"{name}: only {'GNU' if here is None else 'we'} have it")
        elif isinstance(here, bytes):
            least = min(len(here), len(there))
            at = next((n for n in range(least) if here[n] != there[n]), least)
            start = max(0, at - 8)
            told.append(f"{name}+{at:#x}: {here[start : at + 8].hex(' ')}, GNU {there[start : at + 8].hex(' ')}")
        elif isinstance(here, list):
            only, missing = sorted(set(here) - set(there)), sorted(set(there) - set(here))
            told.append(f"{name}: ours alone {only[:5]}, GNU's alone {missing[:5]}")
        else:
            told.append(f"{name}: {here}, GNU {there}")
    return told


def compare(path: Path, folder: Path) -> list[str]:
    """How our object of a source differs from GNU's; our own complaints are differences."""
    theirs = gnu_object(path, folder)
    try:
        return differences(assemble_object(read_text(path), filename=str(path)), theirs)
    except AssemblyError as error:
        return [f"refused: {str(error).splitlines()[0]}"]


def main(arguments: list[str]) -> int:
    paths = [path for name in arguments
             for path in (sorted(Path(name).rglob("*.s")) if Path(name).is_dir() else [Path(name)])]  # fmt: skip
    counts: Counter[str] = Counter()
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        for path in paths:
            try:
                told = compare(path, Path(folder))
            except subprocess.CalledProcessError:
                counts["GNU as refuses"] += 1
                continue
            counts["different" if told else "the same"] += 1
            for line in told:
                print(f"{path}: {line}")
    print(", ".join(f"{count} {what}" for what, count in counts.items()), f"in {time.monotonic() - start:.0f} s")
    return 1 if counts["different"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
