"""What a guest finds itself on: what STORE SYSTEM INFORMATION tells of machine, partition and control program, and the
version code of STORE CPU ID (PoP ch. 10). Guests choose console and services by it.

The machine's type is the model's (`models.py`). What
QEMU tells is what Linux shows in /proc/sysinfo on QEMU 7.2 without KVM; the names of KVM and z/VM are those that Linux
looks for (arch/s390/kernel/early.c), and that it gives its own guests (arch/s390/kvm/priv.c).
"""

from __future__ import annotations

from typing import NamedTuple

SERIAL = "5390E1"


class Identity(NamedTuple):
    """partition: "" if there is no logical partition between machine and virtual machine. version: X'FF' for a virtual
    machine of KVM and z/VM."""

    manufacturer: str
    model: str
    sequence: str
    plant: str
    partition: str
    name: str
    control_program: str
    version: int


NUMBER = f"0000000000{SERIAL}"
IDENTITIES = {
    "s390emu": Identity("S390EMU", "S390EMU", NUMBER, "00", "", "GUEST", "S390EMU", 0x00),
    "qemu": Identity("QEMU", "QEMU", "QEMU", "QEMU", "QEMU", "TCGguest", "KVM/Linux", 0x00),
    "kvm": Identity("IBM", "S08", NUMBER, "02", "LP01", "KVMguest", "KVM/Linux", 0xFF),
    "zvm": Identity("IBM", "S08", NUMBER, "02", "LP01", "GUEST", "z/VM    7.3.0", 0xFF),
}
NAMES = tuple(IDENTITIES)
ZVM = NAMES.index("zvm")
CONSOLE_CODE_PAGES = {name: "cp037" if name == "zvm" else "cp500" for name in NAMES}  # of operators' messages, in Linux
