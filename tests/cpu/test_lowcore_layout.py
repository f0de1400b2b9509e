"""The structure of the assigned storage locations against the constants that the CPU stores by."""

from __future__ import annotations

import pytest

from s390emu.architecture import assigned_storage as at
from s390emu.cpu.lowcore_layout import LOWCORE

CONSTANTS = {
    "external_parameter": at.EXTERNAL_PARAMETER, "cpu_address": at.CPU_ADDRESS, "external_code": at.EXTERNAL_CODE,
    "svc_ilc": at.SVC_ILC, "svc_code": at.SVC_CODE, "program_ilc": at.PGM_ILC, "program_code": at.PGM_CODE,
    "data_exception_code": at.DATA_EXCEPTION_CODE, "monitor_class": at.MONITOR_CLASS, "per_code": at.PER_CODE,
    "per_address": at.PER_ADDRESS, "exception_access_id": at.EXCEPTION_ACCESS_ID, "per_access_id": at.PER_ACCESS_ID,
    "operand_access_id": at.OPERAND_ACCESS_ID,
    "architectural_mode_id": at.ARCHITECTURAL_MODE, "translation_exception_id": at.TEID,
    "monitor_code": at.MONITOR_CODE, "subsystem_id": at.IO_SUBSYSTEM_ID, "io_parameter": at.IO_PARAMETER,
    "io_interruption_word": at.IO_WORD, "facility_list": at.FACILITY_LIST, "machine_check_code": at.MCK_CODE,
    "external_damage_code": at.EXTERNAL_DAMAGE_CODE, "failing_storage_address": at.FAILING_STORAGE_ADDRESS,
    "breaking_event_address": at.BREAKING_EVENT_ADDRESS, "restart_old_psw": at.RESTART_OLD,
    "external_old_psw": at.EXTERNAL_OLD, "supervisor_call_old_psw": at.SVC_OLD, "program_old_psw": at.PGM_OLD,
    "machine_check_old_psw": at.MCK_OLD, "io_old_psw": at.IO_OLD, "restart_new_psw": at.RESTART_NEW,
    "external_new_psw": at.EXTERNAL_NEW, "supervisor_call_new_psw": at.SVC_NEW, "program_new_psw": at.PGM_NEW,
    "machine_check_new_psw": at.MCK_NEW, "io_new_psw": at.IO_NEW, "fpr_save_area": at.FP_SAVE,
    "gr_save_area": at.GR_SAVE, "psw_save_area": at.PSW_SAVE, "prefix_save_area": at.PREFIX_SAVE,
    "fpc_save_area": at.FPC_SAVE, "tod_programmable_save_area": at.TOD_PROGRAMMABLE_SAVE,
    "cpu_timer_save_area": at.CPU_TIMER_SAVE, "clock_comparator_save_area": at.CLOCK_COMPARATOR_SAVE,
    "ar_save_area": at.AR_SAVE, "cr_save_area": at.CR_SAVE, "external_parameter_64": at.EXTERNAL_PARAMETER_64,
}  # fmt: skip


def offsets() -> dict[str, int]:
    """Field name -> its first byte."""
    found, offset = {}, 0
    for field in LOWCORE.subcons:
        if field.name:
            found[field.name] = offset
        offset += field.sizeof()
    return found


@pytest.mark.parametrize("name", CONSTANTS)
def test_offset(name):
    assert offsets()[name] == int(CONSTANTS[name])


def test_every_location_is_compared():
    assert offsets().keys() - CONSTANTS.keys() == {"program_area", "end"}
    constants = {int(value) for name, value in vars(at).items() if name.isupper() and isinstance(value, at.u64)}
    assert constants - {int(value) for value in CONSTANTS.values()} == set()


def test_two_blocks():
    assert LOWCORE.parse(bytes(8192)).end == LOWCORE.sizeof() == 8192


def test_parse(lab):
    lab.store(0x1D0, (0x0123456789ABCDEF).to_bytes(8, "big") + (0x4444).to_bytes(8, "big"))
    parsed = LOWCORE.parse(lab.load(0, 8192))
    assert (parsed.program_new_psw.mask, parsed.program_new_psw.ia) == (0x0123456789ABCDEF, 0x4444)
