"""Instruction formats as data: Principles of Operation, chapter 5, "Instruction Formats".

Each format is stated once, as its fields; the decoder, the assembler, the disassembler and the operand tests read
the same lines. Bit numbers are the manual's: 0 is the leftmost bit of the instruction. This module imports nothing
heavy: `s390emu disasm` starts in milliseconds.

The manual's format says where the fields are, its instruction which of them are operands and what kind of register
they name. So a format has variants: the plain name (`RRE`) is the common one, general registers and signed
immediates; a suffix spells the operands in assembler order, G A C F V for a register, M for a mask, I for an immediate,
D for storage, 0 for none (`RRE_FG`: floating-point register, general register), U or S tells an unsigned or signed
immediate, and O that the masks may be left out (O1: the last of them). `Format.name` is the manual's in all of them.
"""

from __future__ import annotations

from typing import NamedTuple


class Operand(NamedTuple):
    """One operand as the assembler writes it.

    kind      what it is: GR AR CR FR VR MASK SIGNED UNSIGNED RELATIVE BASED INDEXED LENGTH KEYED ELEMENT, below
    fields    the (start bit, width) of each field it occupies, in the order that its kind says
    optional  may be left out at the end of the line, and is then zero
    """

    name: str
    kind: str
    fields: tuple[tuple[int, int], ...]
    optional: bool = False


class Format(NamedTuple):
    """An instruction format.

    name       as in the manual
    length     in bytes
    extension  the (start bit, width) of the second part of the operation code, None where bits 0-7 are all of it
    operands   in assembler order
    """

    name: str
    length: int
    extension: tuple[int, int] | None
    operands: tuple[Operand, ...]


# Kinds with one field; VR has a second one, its leftmost bit, in the RXB field.
GR, AR, CR, FR, MASK = "general register", "access register", "control register", "floating-point register", "mask"
VR = "vector register"
SIGNED, UNSIGNED = "signed immediate", "unsigned immediate"
RELATIVE = "relative"  # signed count of halfwords from the instruction's own address
# Storage operands; fields in the order displacement (DH last where there is one), base, then index or length.
BASED = "D(B)"  # (D, B) or (DL, B, DH)
INDEXED = "D(X,B)"  # (D, B, X) or (DL, B, X, DH)
LENGTH = "D(L,B)"  # (D, B, L); the assembler writes the true length, the instruction holds one less
KEYED = "D(R,B)"  # (D, B, R); a general register holds the true length
ELEMENT = "D(V,B)"  # (D, B, V, leftmost bit of V); an element of a vector register is the index

REGISTER_LETTERS = {GR: "r", AR: "a", CR: "c", FR: "f", VR: "v"}  # the assembler writes %r1, %a1, ...
REGISTERS = tuple(REGISTER_LETTERS)
STORAGE = (BASED, INDEXED, LENGTH, KEYED, ELEMENT)


def _gr(name, start):
    return Operand(name, GR, ((start, 4),))


def _mask(name, start):
    return Operand(name, MASK, ((start, 4),))


def _op(name, kind, *fields):
    return Operand(name, kind, fields)


# Where the operands stand in most formats.
_R1, _R2, _R3 = _gr("r1", 8), _gr("r2", 12), _gr("r3", 12)
_D1, _D2 = _op("d1", BASED, (20, 12), (16, 4)), _op("d2", BASED, (20, 12), (16, 4))
_D2_X = _op("d2", INDEXED, (20, 12), (16, 4), (12, 4))
_D1_LONG = _op("d1", BASED, (20, 12), (16, 4), (32, 8))
_D2_LONG = _op("d2", BASED, (20, 12), (16, 4), (32, 8))
_D2_X_LONG = _op("d2", INDEXED, (20, 12), (16, 4), (12, 4), (32, 8))
_D2_SECOND, _D4_SECOND = _op("d2", BASED, (36, 12), (32, 4)), _op("d4", BASED, (36, 12), (32, 4))
_KINDS = {"G": GR, "A": AR, "C": CR, "F": FR}


def _kinds(letters, *operands):
    """Return the operands with the register kinds that the letters, one for each operand, say."""
    return tuple(
        operand._replace(kind=_KINDS[letter]) if letter in _KINDS else operand
        for letter, operand in zip(letters, operands, strict=True)
    )


def _optional(form, first):
    """Return the same format with its operands from number `first` on optional."""
    tail = tuple(operand._replace(optional=True) for operand in form.operands[first:])
    return form._replace(operands=form.operands[:first] + tail)


# Two bytes -----------------------------------------------------------------------------------------------------------
E = Format("E", 2, (8, 8), ())
I = Format("I", 2, None, (_op("i", UNSIGNED, (8, 8)),))  # noqa: E741 - the manual's name

RR = Format("RR", 2, None, (_R1, _R2))
RR_G = RR._replace(operands=(_R1,))
RR_FF = RR._replace(operands=_kinds("FF", _R1, _R2))
RR_MG = RR._replace(operands=(_mask("m1", 8), _R2))

# Four bytes ----------------------------------------------------------------------------------------------------------
IE = Format("IE", 4, (8, 8), (_op("i1", UNSIGNED, (24, 4)), _op("i2", UNSIGNED, (28, 4))))

RI_A = Format("RI-a", 4, (12, 4), (_R1, _op("i2", SIGNED, (16, 16))))
RI_A_U = RI_A._replace(operands=(_R1, _op("i2", UNSIGNED, (16, 16))))
RI_B = Format("RI-b", 4, (12, 4), (_R1, _op("ri2", RELATIVE, (16, 16))))
RI_C = Format("RI-c", 4, (12, 4), (_mask("m1", 8), _op("ri2", RELATIVE, (16, 16))))

_RRE_R1, _RRE_R2, _RRF_R3 = _gr("r1", 24), _gr("r2", 28), _gr("r3", 16)
_RRF_M3, _RRF_M4 = _mask("m3", 16), _mask("m4", 20)

RRD_FFF = Format("RRD", 4, (8, 8), _kinds("FFF", _gr("r1", 16), _gr("r3", 24), _gr("r2", 28)))

RRE = Format("RRE", 4, (8, 8), (_RRE_R1, _RRE_R2))
RRE_0 = RRE._replace(operands=())
RRE_G = RRE._replace(operands=(_RRE_R1,))
RRE_F = RRE._replace(operands=_kinds("F", _RRE_R1))
RRE_FF = RRE._replace(operands=_kinds("FF", *RRE.operands))
RRE_FG = RRE._replace(operands=_kinds("FG", *RRE.operands))
RRE_GF = RRE._replace(operands=_kinds("GF", *RRE.operands))
RRE_AA = RRE._replace(operands=_kinds("AA", *RRE.operands))
RRE_AG = RRE._replace(operands=_kinds("AG", *RRE.operands))
RRE_GA = RRE._replace(operands=_kinds("GA", *RRE.operands))

RRF_A = Format("RRF-a", 4, (8, 8), (_RRE_R1, _RRE_R2, _RRF_R3))
RRF_A_GGGM = RRF_A._replace(operands=(*RRF_A.operands, _RRF_M4))
RRF_A_GGGM_O = _optional(RRF_A_GGGM, 2)
RRF_A_FFF = RRF_A._replace(operands=_kinds("FFF", *RRF_A.operands))
RRF_A_FFFM = RRF_A._replace(operands=_kinds("FFFM", *RRF_A_GGGM.operands))

RRF_B = Format("RRF-b", 4, (8, 8), (_RRE_R1, _RRF_R3, _RRE_R2))
RRF_B_GGGM = RRF_B._replace(operands=(*RRF_B.operands, _RRF_M4))
RRF_B_GGGM_O = _optional(RRF_B_GGGM, 3)
RRF_B_FFF = RRF_B._replace(operands=_kinds("FFF", *RRF_B.operands))
RRF_B_FFG = RRF_B._replace(operands=_kinds("FFG", *RRF_B.operands))
RRF_B_FFFM = RRF_B._replace(operands=_kinds("FFFM", *RRF_B_GGGM.operands))
RRF_B_FFGM = RRF_B._replace(operands=_kinds("FFGM", *RRF_B_GGGM.operands))

RRF_C = Format("RRF-c", 4, (8, 8), (_RRE_R1, _RRE_R2, _RRF_M3))
RRF_C_GGM_O = _optional(RRF_C, 2)

RRF_D_FFM = Format("RRF-d", 4, (8, 8), _kinds("FFM", _RRE_R1, _RRE_R2, _RRF_M4))
RRF_D_GFM = RRF_D_FFM._replace(operands=_kinds("GFM", *RRF_D_FFM.operands))

RRF_E_FMF = Format("RRF-e", 4, (8, 8), _kinds("FMF", _RRE_R1, _RRF_M3, _RRE_R2))
RRF_E_GMF = RRF_E_FMF._replace(operands=_kinds("GMF", *RRF_E_FMF.operands))
RRF_E_FMFM = RRF_E_FMF._replace(operands=_kinds("FMFM", *RRF_E_FMF.operands, _RRF_M4))
RRF_E_FMGM = RRF_E_FMF._replace(operands=_kinds("FMGM", *RRF_E_FMFM.operands))
RRF_E_GMFM = RRF_E_FMF._replace(operands=_kinds("GMFM", *RRF_E_FMFM.operands))

RS_A = Format("RS-a", 4, None, (_R1, _R3, _D2))
RS_A_GD = RS_A._replace(operands=(_R1, _D2))
RS_A_AAD = RS_A._replace(operands=_kinds("AAD", *RS_A.operands))
RS_A_CCD = RS_A._replace(operands=_kinds("CCD", *RS_A.operands))
RS_B = Format("RS-b", 4, None, (_R1, _mask("m3", 12), _D2))

RSI = Format("RSI", 4, None, (_R1, _R3, _op("ri2", RELATIVE, (16, 16))))

RX_A = Format("RX-a", 4, None, (_R1, _D2_X))
RX_A_FD = RX_A._replace(operands=_kinds("FD", *RX_A.operands))
RX_B = Format("RX-b", 4, None, (_mask("m1", 8), _D2_X))

S = Format("S", 4, (8, 8), (_D2,))
S_0 = S._replace(operands=())

SI = Format("SI", 4, None, (_D1, _op("i2", UNSIGNED, (8, 8))))
SI_D = SI._replace(operands=(_D1,))

# Six bytes -----------------------------------------------------------------------------------------------------------
MII = Format("MII", 6, None, (_mask("m1", 8), _op("ri2", RELATIVE, (12, 12)), _op("ri3", RELATIVE, (24, 24))))

_RI4 = _op("ri4", RELATIVE, (16, 16))
RIE_A = Format("RIE-a", 6, (40, 8), (_R1, _op("i2", SIGNED, (16, 16)), _mask("m3", 32)))
RIE_A_U = RIE_A._replace(operands=(_R1, _op("i2", UNSIGNED, (16, 16)), _mask("m3", 32)))
RIE_B = Format("RIE-b", 6, (40, 8), (_R1, _R2, _mask("m3", 32), _RI4))
RIE_C = Format("RIE-c", 6, (40, 8), (_R1, _op("i2", SIGNED, (32, 8)), _mask("m3", 12), _RI4))
RIE_C_U = RIE_C._replace(operands=(_R1, _op("i2", UNSIGNED, (32, 8)), _mask("m3", 12), _RI4))
RIE_D = Format("RIE-d", 6, (40, 8), (_R1, _R3, _op("i2", SIGNED, (16, 16))))
RIE_E = Format("RIE-e", 6, (40, 8), (_R1, _R3, _op("ri2", RELATIVE, (16, 16))))
RIE_F = _optional(
    Format(
        "RIE-f", 6, (40, 8),
        (_R1, _R2, _op("i3", UNSIGNED, (16, 8)), _op("i4", UNSIGNED, (24, 8)), _op("i5", UNSIGNED, (32, 8))),
    ),
    4,
)  # fmt: skip
RIE_G = Format("RIE-g", 6, (40, 8), (_R1, _op("i2", SIGNED, (16, 16)), _mask("m3", 12)))

RIL_A = Format("RIL-a", 6, (12, 4), (_R1, _op("i2", SIGNED, (16, 32))))
RIL_A_U = RIL_A._replace(operands=(_R1, _op("i2", UNSIGNED, (16, 32))))
RIL_B = Format("RIL-b", 6, (12, 4), (_R1, _op("ri2", RELATIVE, (16, 32))))
RIL_C = Format("RIL-c", 6, (12, 4), (_mask("m1", 8), _op("ri2", RELATIVE, (16, 32))))

_D4 = _op("d4", BASED, (20, 12), (16, 4))
RIS = Format("RIS", 6, (40, 8), (_R1, _op("i2", SIGNED, (32, 8)), _mask("m3", 12), _D4))
RIS_U = RIS._replace(operands=(_R1, _op("i2", UNSIGNED, (32, 8)), _mask("m3", 12), _D4))
RRS = Format("RRS", 6, (40, 8), (_R1, _R2, _mask("m3", 32), _D4))

RSL_A = Format("RSL-a", 6, (40, 8), (_op("d1", LENGTH, (20, 12), (16, 4), (8, 4)),))
RSL_B = Format(
    "RSL-b", 6, (40, 8),
    (Operand("r1", FR, ((32, 4),)), _op("d2", LENGTH, (20, 12), (16, 4), (8, 8)), _mask("m3", 36)),
)  # fmt: skip

RSY_A = Format("RSY-a", 6, (40, 8), (_R1, _R3, _D2_LONG))
RSY_A_AAD = RSY_A._replace(operands=_kinds("AAD", *RSY_A.operands))
RSY_A_CCD = RSY_A._replace(operands=_kinds("CCD", *RSY_A.operands))
RSY_B = Format("RSY-b", 6, (40, 8), (_R1, _mask("m3", 12), _D2_LONG))
RSY_B_GDM = RSY_B._replace(operands=(_R1, _D2_LONG, _mask("m3", 12)))

RXE_FD = Format("RXE", 6, (40, 8), _kinds("FD", _R1, _D2_X))
RXE_GDM = RXE_FD._replace(operands=(_R1, _D2_X, _mask("m3", 32)))
RXF_FFD = Format("RXF", 6, (40, 8), _kinds("FFD", _gr("r1", 32), _gr("r3", 8), _D2_X))
RXY_A = Format("RXY-a", 6, (40, 8), (_R1, _D2_X_LONG))
RXY_A_FD = RXY_A._replace(operands=_kinds("FD", *RXY_A.operands))
RXY_B = Format("RXY-b", 6, (40, 8), (_mask("m1", 8), _D2_X_LONG))

SIL = Format("SIL", 6, (8, 8), (_D1, _op("i2", SIGNED, (32, 16))))
SIL_U = SIL._replace(operands=(_D1, _op("i2", UNSIGNED, (32, 16))))
SIY = Format("SIY", 6, (40, 8), (_D1_LONG, _op("i2", UNSIGNED, (8, 8))))
SIY_S = SIY._replace(operands=(_D1_LONG, _op("i2", SIGNED, (8, 8))))
SIY_D = SIY._replace(operands=(_D1_LONG,))
SMI = Format("SMI", 6, None, (_mask("m1", 8), _op("ri2", RELATIVE, (32, 16)), _op("d3", BASED, (20, 12), (16, 4))))

_D1_L4 = _op("d1", LENGTH, (20, 12), (16, 4), (8, 4))
SS_A = Format("SS-a", 6, None, (_op("d1", LENGTH, (20, 12), (16, 4), (8, 8)), _D2_SECOND))
SS_B = Format("SS-b", 6, None, (_D1_L4, _op("d2", LENGTH, (36, 12), (32, 4), (12, 4))))
SS_C = Format("SS-c", 6, None, (_D1_L4, _D2_SECOND, _op("i3", UNSIGNED, (12, 4))))
SS_D = Format("SS-d", 6, None, (_op("d1", KEYED, (20, 12), (16, 4), (8, 4)), _D2_SECOND, _R3))
SS_E = Format("SS-e", 6, None, (_R1, _R3, _D2, _D4_SECOND))
SS_E_GDGD = SS_E._replace(operands=(_R1, _D2, _R3, _D4_SECOND))
SS_F = Format("SS-f", 6, None, (_D1, _op("d2", LENGTH, (36, 12), (32, 4), (8, 8))))
SSE = Format("SSE", 6, (8, 8), (_D1, _D2_SECOND))
SSF = Format("SSF", 6, (12, 4), (_D1, _D2_SECOND, _gr("r3", 8)))
SSF_GDD = SSF._replace(operands=(_gr("r3", 8), _D1, _D2_SECOND))

# Six bytes, vectors --------------------------------------------------------------------------------------------------
_RXB = {8: 36, 12: 37, 16: 38, 32: 39}  # where the leftmost bit of the vector register at a bit is: ch. 21 "RXB Field"


def _vr(name, start):
    return Operand(name, VR, ((start, 4), (_RXB[start], 1)))


_V1, _V2, _V3 = _vr("v1", 8), _vr("v2", 12), _vr("v3", 16)
_V3_SECOND, _V4, _V1_LAST = _vr("v3", 12), _vr("v4", 32), _vr("v1", 32)
_M3, _M4, _M5 = _mask("m3", 32), _mask("m4", 32), _mask("m5", 32)  # the first mask is the rightmost
_M4_28, _M5_28, _M5_24, _M6_24 = _mask("m4", 28), _mask("m5", 28), _mask("m5", 24), _mask("m6", 24)
_M5_20, _M6_20 = _mask("m5", 20), _mask("m6", 20)
_M3_24, _M4_24 = _mask("m3", 24), _mask("m4", 24)
_I2, _I2_S = _op("i2", UNSIGNED, (16, 16)), _op("i2", SIGNED, (16, 16))


def _vector(name, *operands):
    return Format(name, 6, (40, 8), operands)


VRI_A = _vector("VRI-a", _V1, _I2)
VRI_A_VIM_S = _vector("VRI-a", _V1, _I2_S, _M3)
VRI_B = _vector("VRI-b", _V1, _op("i2", UNSIGNED, (16, 8)), _op("i3", UNSIGNED, (24, 8)), _M4)
VRI_C = _vector("VRI-c", _V1, _V3_SECOND, _I2, _M4)
VRI_D = _vector("VRI-d", _V1, _V2, _V3, _op("i4", UNSIGNED, (24, 8)))
VRI_D_VVVIM = _vector("VRI-d", *VRI_D.operands, _M5)
VRI_E = _vector("VRI-e", _V1, _V2, _op("i3", UNSIGNED, (16, 12)), _M4, _M5_28)
VRI_F = _vector("VRI-f", _V1, _V2, _V3, _op("i4", UNSIGNED, (28, 8)), _M5_24)
VRI_G = _vector("VRI-g", _V1, _V2, _op("i3", UNSIGNED, (28, 8)), _op("i4", UNSIGNED, (16, 8)), _M5_24)
VRI_H = _vector("VRI-h", _V1, _I2, _op("i3", UNSIGNED, (32, 4)))
VRI_I = _vector("VRI-i", _V1, _gr("r2", 12), _op("i3", UNSIGNED, (28, 8)), _M4_24)

VRR_A = _vector("VRR-a", _V1, _V2)
VRR_A_VVM = _vector("VRR-a", _V1, _V2, _M3)
VRR_A_VVMM = _vector("VRR-a", _V1, _V2, _M3, _M4_28)
VRR_A_VVMM_O = _optional(_vector("VRR-a", _V1, _V2, _M3, _M5_24), 3)
VRR_A_VVMMM = _vector("VRR-a", _V1, _V2, _M3, _M4_28, _M5_24)
VRR_B_VVV = _vector("VRR-b", _V1, _V2, _V3)
VRR_B = _vector("VRR-b", _V1, _V2, _V3, _M4, _M5_24)
VRR_B_O = _optional(VRR_B, 4)
VRR_C = _vector("VRR-c", _V1, _V2, _V3)
VRR_C_VVVM = _vector("VRR-c", _V1, _V2, _V3, _M4)
VRR_C_VVVMM = _vector("VRR-c", _V1, _V2, _V3, _M4, _M5_28)
VRR_C_VVVMMM = _vector("VRR-c", _V1, _V2, _V3, _M4, _M5_28, _M6_24)
VRR_D = _vector("VRR-d", _V1, _V2, _V3, _V4, _M5_20)
VRR_D_VVVVMM = _vector("VRR-d", _V1, _V2, _V3, _V4, _M5_20, _M6_24)
VRR_D_VVVVMM_O = _optional(VRR_D_VVVVMM, 5)
VRR_E = _vector("VRR-e", _V1, _V2, _V3, _V4)
VRR_E_VVVVMM = _vector("VRR-e", _V1, _V2, _V3, _V4, _M5_28, _M6_20)
VRR_F = _vector("VRR-f", _V1, _gr("r2", 12), _gr("r3", 16))
VRR_G = _vector("VRR-g", _vr("v1", 12))
VRR_H = _vector("VRR-h", _vr("v1", 12), _vr("v2", 16), _M3_24)
VRR_I = _optional(_vector("VRR-i", _gr("r1", 8), _V2, _M3_24, _M4_28), 3)
VRR_J = _vector("VRR-j", _V1, _V2, _V3, _M4_24)
VRR_K = _vector("VRR-k", _V1, _V2, _M3_24)

VRS_A = _vector("VRS-a", _V1, _V3_SECOND, _D2, _M4)
VRS_A_O = _optional(VRS_A, 3)
VRS_B = _vector("VRS-b", _V1, _gr("r3", 12), _D2)
VRS_B_VGDM = _vector("VRS-b", *VRS_B.operands, _M4)
VRS_C = _vector("VRS-c", _gr("r1", 8), _V3_SECOND, _D2, _M4)
VRS_D = _vector("VRS-d", _V1_LAST, _gr("r3", 12), _D2)
VRV = _vector("VRV", _V1, _op("d2", ELEMENT, (20, 12), (16, 4), (12, 4), (37, 1)), _M3)
VRX = _vector("VRX", _V1, _D2_X, _M3)
VRX_O = _optional(VRX, 2)
VSI = _vector("VSI", _V1_LAST, _D2, _op("i3", UNSIGNED, (8, 8)))
