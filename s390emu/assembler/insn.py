"""Instructions without a mnemonic: .insn FORMAT,CODE,OPERANDS. The formats are GNU's, with GNU's names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from s390emu.assembler.errors import SourceError, suggest
from s390emu.assembler.expressions import Cursor
from s390emu.assembler.operands import Template
from s390emu.isa import formats as f

if TYPE_CHECKING:
    from s390emu.assembler.unit import Unit

_R1, _R3 = f.RS_A.operands[:2]
_R2 = f.RR.operands[1]
_I4, _I2_16 = f.RIE_B.operands[3], f.RIL_A.operands[1]._replace(fields=((16, 16),))

# Name: length, operands. Which there are, and in which order, is GNU's choice and not the manual's.
FORMATS: dict[str, tuple[int, tuple[f.Operand, ...]]] = {
    "e": (2, ()),
    "ri": (4, f.RI_A.operands),
    "rie": (6, f.RIE_E.operands),
    "ril": (6, f.RIL_B.operands),
    "rilu": (6, f.RIL_A_U.operands),
    "ris": (6, f.RIS.operands),
    "rr": (2, f.RR.operands),
    "rre": (4, f.RRE.operands),
    "rrf": (4, f.RRF_A_GGGM.operands),
    "rrs": (6, f.RRS.operands),
    "rs": (4, f.RS_A.operands),
    "rse": (6, (_R1, _R3, f.RS_A.operands[2])),
    "rsi": (4, f.RSI.operands),
    "rsy": (6, f.RSY_A.operands),
    "rx": (4, f.RX_A.operands),
    "rxe": (6, f.RXE_FD.operands),
    "rxf": (6, f.RXF_FFD.operands),
    "rxy": (6, f.RXY_A.operands),
    "s": (4, f.S.operands),
    "si": (4, f.SI.operands),
    "sil": (6, f.SIL.operands),
    "siy": (6, f.SIY.operands),
    "ss": (6, f.SS_D.operands),
    "sse": (6, f.SSE.operands),
    "ssf": (6, f.SSF.operands),
}


def template(unit: Unit, cursor: Cursor) -> Template:
    """Read the format's name and the code; leave the cursor at the operands."""
    column = cursor.at
    name = cursor.word("format").lower()
    if name not in FORMATS:
        raise SourceError(f'unknown format "{name}"' + suggest(name, FORMATS), column)
    cursor.expect(",", "after the format")
    column = cursor.at
    code = unit.absolute(cursor, "code")
    length, operands = FORMATS[name]
    if not 0 <= code < 1 << 8 * length:
        raise SourceError(f"the code {code:#x} does not fit in {length} bytes", column)
    if operands:
        cursor.expect(",", "after the code")
    return Template(f".insn {name}", f.Format(name, length, None, operands), code, operands, {}, checked=False)
