"""s390emu linux, and the archives that `new` makes for it."""

from __future__ import annotations

import json
import os

import pytest

from s390emu.architecture.tod_clock import TOD_1970, TOD_SECOND
from s390emu.assembler.assemble import assemble
from s390emu.commands.options.linux import LinuxOptions, linux_arguments
from s390emu.commands.registry import parsed
from s390emu.commands.usage import Parser

MB = 1 << 20
WAIT = 0x0002000180000000
POWER_OFF = "lghi %r1,0; sigp %r0,%r1,5"  # stop this CPU: as Linux powers off


@pytest.fixture
def kernel(assembled):
    """Return what makes a flat image with Linux's parameter area that begins with these instructions."""
    return lambda source: assembled(f"""
        .org 0
        .quad 0x0008000080000200
        .org 0x10000
        j begin
        .org 0x10008
        .ascii "S390EP"
        .org 0x10500
begin:  {source}
        .balign 8
wait:   .quad {WAIT},0
panic:  .quad {WAIT},0xbad
    """)


@pytest.fixture
def assembled(tmp_path):
    def write(source):
        path = tmp_path / "vmlinuz"
        path.write_bytes(assemble(source, origin=0).sections[0].data)
        return path

    return write


def test_without_files_it_says_what_to_give(s390emu):
    code, out, error = s390emu("linux")
    assert (code, out) == (2, "")
    assert error.count("\n") == 1
    assert "--kernel FILE" in error and "tools/fetch-linux" in error and "s390emu new initramfs" in error


def test_options_have_the_defaults_of_their_parser():
    parser = Parser(prog="s390emu test")
    linux_arguments(parser)
    assert LinuxOptions(**vars(parser.parse_args([]))) == LinuxOptions()


def test_the_end_of_a_kernel_that_powers_off(s390emu, kernel):
    code, _, error = s390emu("linux", "--kernel", kernel(POWER_OFF))
    assert code == 0
    assert "stopped state" in error and len(error.splitlines()) <= 2


def test_a_panic_is_abnormal(s390emu, kernel):
    code, _, error = s390emu("linux", "--kernel", kernel("larl %r1,panic; lpswe 0(%r1)"))
    assert code == 3
    assert "disabled wait, code 0xbad" in error


def test_initrd_and_command_line_reach_the_kernel(s390emu, kernel, tmp_path):
    (tmp_path / "ir.cpio").write_bytes(b"\xca\xfe" * 4)
    path = kernel("llilf %r1,0x10400; lg %r2,8(%r1); lg %r3,0(%r2); lg %r4,16(%r1); lg %r5,0x80(%r1); " + POWER_OFF)
    _, out, _ = s390emu("linux", "--kernel", path, "--initrd", "ir.cpio", "--append", "console=", "--json")
    registers = json.loads(out)["registers"]
    assert registers[2] == 16 * MB
    assert registers[3] == 0xCAFECAFECAFECAFE
    assert registers[4] == 8
    assert registers[5].to_bytes(8, "big") == b"console="


def test_the_clock_begins_at_the_epoch(s390emu, kernel):
    path = kernel("stck 0x200; lg %r2,0x200; " + POWER_OFF)
    _, out, _ = s390emu("linux", "--kernel", path, "--epoch", "1000", "--json")
    assert json.loads(out)["registers"][2] // TOD_SECOND == TOD_1970 // TOD_SECOND + 1000


def test_the_clock_begins_now_by_default():
    before, after = parsed("run", ["--epoch", "now", "x"]).epoch, parsed("linux", []).epoch
    assert TOD_1970 < before <= after <= before + 60 * TOD_SECOND
    assert parsed("run", ["x"]).epoch == 0


def test_1970_is_what_the_manual_says():
    """Seconds from 1900 to 1970, in units of 2**-12 microseconds: PoP ch. 4 "TOD Clock"."""
    from datetime import UTC, datetime

    seconds = int((datetime(1970, 1, 1, tzinfo=UTC) - datetime(1900, 1, 1, tzinfo=UTC)).total_seconds())
    assert seconds * 1_000_000 * 4096 == TOD_1970


@pytest.mark.parametrize(("given", "frames"), [("48M", 12288), ("16K", 4), ("100", 100), ("0x10", 16)])
def test_frames_are_a_number_or_what_they_are_together(given, frames):
    assert parsed("linux", ["--frames", given]).frames == frames


@pytest.mark.parametrize("given", ["1K", "0", "0M", "-1", "M", "48X"])
def test_frames_that_are_none(s390emu, given):
    code, _, error = s390emu("linux", f"--frames={given}")
    assert code == 2 and "--frames" in error


@pytest.mark.parametrize("given", ["yesterday", "-3000000000", "3000000000000"])
def test_an_epoch_that_no_clock_has(s390emu, given):
    code, _, error = s390emu("linux", f"--epoch={given}")
    assert code == 2 and "--epoch" in error


def test_without_cmma(s390emu, kernel):
    path = kernel("essa %r2,%r0,0; " + POWER_OFF)
    assert parsed("linux", ["--no-cmma"]).no_essa
    _, out, _ = s390emu("linux", "--kernel", path, "--no-cmma", "--json", "--limit", "10")
    assert json.loads(out)["last_interruption"]["code"] == 1


def test_a_file_that_is_no_kernel(s390emu, tmp_path):
    (tmp_path / "vmlinuz").write_bytes(bytes(100))
    code, _, error = s390emu("linux", "--kernel", "vmlinuz")
    assert code == 2 and error.startswith("s390emu: vmlinuz: neither ELF nor")


def test_an_initrd_that_does_not_fit(s390emu, kernel, tmp_path):
    (tmp_path / "ir.cpio").write_bytes(bytes(MB))
    code, _, error = s390emu("linux", "--kernel", kernel("nopr 0"), "--initrd", "ir.cpio", "--ram", "16M")
    assert code == 2 and "give --ram 17M at least" in error


@pytest.mark.parametrize(("arguments", "told"), [
    pytest.param(["--kernel", "none"], "none: ", id="no-such-kernel"),
    pytest.param(["--kernel", "."], ".: ", id="kernel-is-a-folder"),
    pytest.param(["--kernel", "x86"], "x86: a kernel for x86; Debian's for s390x: tools/fetch-linux", id="x86"),
    pytest.param(["--kernel", "other.elf"], "other.elf: for another machine", id="elf-of-another-machine"),
    pytest.param(["--kernel", "short.elf"], "short.elf: damaged", id="elf-cut-off"),
    pytest.param(["--kernel", "cut"], "its end is missing; get it anew", id="kernel-cut-off"),
    pytest.param(["--initrd", "none"], "none: ", id="no-such-initrd"),
    pytest.param(["--initrd", "."], ".: ", id="initrd-is-a-folder"),
    pytest.param(["--append", "x" * 896], "--append: 896 characters; this kernel takes 895", id="command-line"),
    pytest.param(["--append", "\N{EURO SIGN}"], "--append: ", id="command-line-no-ascii"),
    pytest.param(["--ram", "32K"], "beyond the guest's storage; give a larger --ram", id="storage"),
    pytest.param(["--ram", "100"], "--ram 100: guest storage must be", id="storage-no-blocks"),
    pytest.param(["--identity", "vmware"], "--identity", id="identity"),
    pytest.param(["--on-reboot", "dance"], "--on-reboot", id="on-reboot"),
])  # fmt: skip
def test_bad_input(s390emu, kernel, tmp_path, arguments, told):
    path = kernel(POWER_OFF)
    elf = assemble("start: nopr 0").to_elf()
    (tmp_path / "x86").write_bytes(b"MZ\xea\x07".ljust(0x202, b"\0") + b"HdrS")
    (tmp_path / "other.elf").write_bytes(elf[:18] + b"\0\x3e" + elf[20:])
    (tmp_path / "short.elf").write_bytes(elf[:100])
    (tmp_path / "cut").write_bytes(path.read_bytes()[:0x10420])
    code, out, error = s390emu("linux", "--kernel", path, *arguments)
    assert (code, out) == (2, "")
    assert told in error.splitlines()[0]


def test_the_default_identity_and_another(s390emu, kernel):
    path = kernel("lghi %r0,2; sll %r0,28; lghi %r1,2; aghi %r0,2; lghi %r5,0x2000; stsi 0(%r5); ipm %r2; " + POWER_OFF)
    for identity, cc in ([], 3), (["--identity", "kvm"], 0):
        _, out, _ = s390emu("linux", "--kernel", path, "--json", *identity)
        assert json.loads(out)["registers"][2] >> 28 == cc


# --- new initramfs ---------------------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "init").write_text("#!/bin/sh\n")
    return tmp_path / "root"


def test_an_initramfs_has_the_folder_and_a_console(s390emu, folder, tmp_path):
    code, out, _ = s390emu("new", "initramfs", "root", "-o", "ir.cpio")
    assert code == 0 and out == "ir.cpio written; next: s390emu linux --kernel vmlinuz --initrd ir.cpio\n"
    data = (tmp_path / "ir.cpio").read_bytes()
    assert data.startswith(b"070701") and b"dev/console\0" in data and b"#!/bin/sh\n" in data


def test_an_initramfs_is_named_by_its_folder(s390emu, folder, tmp_path):
    assert s390emu("new", "initramfs", "root/")[0] == 0
    assert (tmp_path / "root.cpio").exists()


def test_devices_of_an_initramfs(s390emu, folder, tmp_path):
    (tmp_path / "list").write_text("/dev/null c 1 3 666\n")
    assert s390emu("new", "initramfs", "root", "--devices", "list")[0] == 0
    data = (tmp_path / "root.cpio").read_bytes()
    assert b"dev/null\0" in data and b"dev/console\0" not in data


def test_a_device_list_that_is_wrong(s390emu, folder, tmp_path):
    (tmp_path / "list").write_text("/dev/null\n")
    code, _, error = s390emu("new", "initramfs", "root", "--devices", "list")
    assert code == 2 and "list:1: write NAME" in error


def test_an_initramfs_is_not_overwritten_unless_asked_to(s390emu, folder):
    assert [s390emu("new", "initramfs", "root", *more)[0] for more in ([], [], ["--force"])] == [0, 2, 0]


@pytest.mark.parametrize("output", ["root/ir.cpio", "root/bin/ir.cpio", "link/ir.cpio"])
def test_an_initramfs_does_not_go_into_itself(s390emu, folder, tmp_path, output):
    """The second time it would be in the folder."""
    (folder / "bin").mkdir()
    (tmp_path / "link").symlink_to("root")
    code, _, error = s390emu("new", "initramfs", "root", "-o", output)
    assert code == 2 and error == f"s390emu: {output}: in the folder that goes into it; give another place with -o\n"


def test_of_a_folder_in_which_one_is_the_archive_goes_elsewhere(s390emu, folder, monkeypatch):
    monkeypatch.chdir(folder)
    assert s390emu("new", "initramfs", ".")[0] == 2
    assert s390emu("new", "initramfs", ".", "-o", "../ir.cpio")[0] == 0


def test_an_initramfs_without_init_is_made_with_a_warning(s390emu, folder):
    assert s390emu("new", "initramfs", "root")[2] == ""
    (folder / "init").unlink()
    code, _, error = s390emu("new", "initramfs", "root", "--force")
    assert code == 0 and error == "s390emu: root has no init: the program that Linux starts first, as /init\n"


def test_a_file_that_may_not_be_read_is_named(s390emu, folder):
    (folder / "secret").touch(0o000)
    if os.access(folder / "secret", os.R_OK):
        pytest.skip("root reads every file")
    code, _, error = s390emu("new", "initramfs", "root")
    assert code == 2 and error == "s390emu: root/secret: Permission denied\n"


@pytest.mark.parametrize("arguments", [
    ["initramfs", ""], ["initramfs", "none"], ["initramfs", "root", "--cpus", "2"], ["trace", "x", "-o", "y"],
    ["guest", "x", "--devices", "y"],
])  # fmt: skip
def test_what_new_refuses(s390emu, folder, arguments):
    code, _, error = s390emu("new", *arguments)
    assert code == 2 and len(error.splitlines()) == 1


# --- who looks on ----------------------------------------------------------------------------------------------------


def test_what_linux_refuses(s390emu, kernel):
    code, _, error = s390emu("linux", "--kernel", kernel(POWER_OFF), "--interactive", "--json")
    assert code == 2 and len(error.splitlines()) == 1


def test_a_text_that_does_not_come(s390emu, kernel):
    code, _, error = s390emu("linux", "--kernel", kernel(POWER_OFF), "--until", "login:")
    assert code == 1 and "stopped state" in error and "has not written 'login:'" in error


def test_a_reboot_is_a_normal_end(s390emu, kernel):
    code, _, error = s390emu("linux", "--kernel", kernel("lghi %r2,3; diag %r4,%r2,0x308"))
    assert code == 0 and "a reboot" in error
