"""s390emu disasm: disassemble ELF, binary or hex."""

from __future__ import annotations

import json
from pathlib import Path

from s390emu.assembler.disassemble import instructions, listing
from s390emu.assembler.elf import is_elf, read_elf
from s390emu.cli import ENDED, UsageError
from s390emu.commands.inputs import content, size

EXAMPLE = "s390emu disasm --hex 'B9AB 3021 E310 5000 0004'"


def arguments(parser) -> None:
    parser.add_argument("file", nargs="?", type=Path, metavar="FILE", help="an ELF file or a flat binary")
    parser.add_argument("--hex", metavar="BYTES", help="bytes in hexadecimal instead of a file")
    parser.add_argument("--base", type=size, default=0, metavar="ADDRESS", help="address of the first byte (0)")
    parser.add_argument("--json", action="store_true", help="one object an instruction")


def execute(args) -> int:
    if (args.hex is None) == (args.file is None):
        raise UsageError("disasm wants a FILE or --hex BYTES")
    symbols: dict[str, int] = {}
    if args.hex is not None:
        try:
            image = [(args.base, bytes.fromhex(args.hex))]
        except ValueError:
            raise UsageError(f"--hex {args.hex!r}: not hexadecimal bytes (write for example 'B9AB 3021')") from None
    else:
        data = content(args.file)
        if is_elf(data):
            read = read_elf(data, args.base, str(args.file))
            image, symbols = read.image(), read.symbols
        else:
            image = [(args.base, data)]
    if args.json:
        print(json.dumps({"schema": "s390emu.disasm/1", "instructions": list(_objects(image, symbols))}, indent=1))
    else:
        for address, data in image:
            print(listing(data, address, symbols))
    return ENDED


def _objects(image, symbols):
    for address, data in image:
        for place, code, found in instructions(data, address, symbols):
            yield {"address": place, "bytes": code.hex(), "text": found.text}
