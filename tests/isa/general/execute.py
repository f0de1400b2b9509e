"""One instruction on given registers and given storage, for tables of cases.

    execute(lab, "lgf %r3,0(%r5)", data="80000001", r3=7) == (0, {"r3": 0xFFFFFFFF80000001})
"""

from __future__ import annotations

from tests.lab import BA_EA, Lab

DATA = 0x38100  # where `data` is put; %r5 points there
OLD = 0x0123456789ABCDEF  # what %r3, the usual result register, holds before


def execute(lab: Lab, line: str, *, data="", cc=3, mask=BA_EA, **registers: int) -> tuple[int, dict]:
    """-> (program-interruption code, changes). registers: r3=, a3=, c3=, f3=; data: hexadecimal digits."""
    lab.psw(mask, cc=cc)
    lab.store(DATA, bytes.fromhex(data))
    lab.gr[3], lab.gr[5] = OLD, DATA
    arrays = {"r": lab.gr, "a": lab.ar, "c": lab.cr, "f": lab.fpr}
    for name, value in registers.items():
        arrays[name[0]][int(name[1:])] = value
    return lab.step(line), lab.changes()
