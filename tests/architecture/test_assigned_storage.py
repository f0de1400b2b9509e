"""The addresses of assigned storage against the same locations as a structure, by their lengths: PoP ch. 3."""

from __future__ import annotations

import pytest
from construct import Array, Bytes, Int8ub, Int16ub, Int32ub, Int64ub, Padding, Struct

from s390emu.architecture import assigned_storage as at

PSW = Struct("mask" / Int64ub, "ia" / Int64ub)

LOWCORE = Struct(
    Padding(0x80),
    "external_parameter" / Int32ub,  # 80
    "cpu_address" / Int16ub,
    "external_code" / Int16ub,
    "svc_ilc" / Int16ub,  # 88
    "svc_code" / Int16ub,
    "program_ilc" / Int16ub,
    "program_code" / Int16ub,
    "data_exception_code" / Int32ub,  # 90
    "monitor_class" / Int16ub,
    "per_code" / Int16ub,
    "per_address" / Int64ub,
    "exception_access_id" / Int8ub,  # A0
    "per_access_id" / Int8ub,
    "operand_access_id" / Int8ub,
    "architectural_mode_id" / Int8ub,
    Padding(4),
    "translation_exception_id" / Int64ub,
    "monitor_code" / Int64ub,  # B0
    "subsystem_id" / Int32ub,
    "io_parameter" / Int32ub,
    "io_interruption_word" / Int32ub,  # C0
    Padding(4),
    "facility_list" / Int32ub,
    Padding(0x1C),
    "machine_check_code" / Int64ub,  # E8
    Padding(4),
    "external_damage_code" / Int32ub,
    "failing_storage_address" / Int64ub,
    Padding(0x10),
    "breaking_event_address" / Int64ub,  # 110
    Padding(8),
    "restart_old_psw" / PSW,  # 120
    "external_old_psw" / PSW,
    "supervisor_call_old_psw" / PSW,
    "program_old_psw" / PSW,
    "machine_check_old_psw" / PSW,
    "io_old_psw" / PSW,
    Padding(0x20),
    "restart_new_psw" / PSW,  # 1A0
    "external_new_psw" / PSW,
    "supervisor_call_new_psw" / PSW,
    "program_new_psw" / PSW,
    "machine_check_new_psw" / PSW,
    "io_new_psw" / PSW,
    "program_area" / Bytes(0xFB0),  # 200: not assigned
    "machine_check_extended_save_area" / Int64ub,  # 11B0
    "external_parameter_64" / Int64ub,  # 11B8
    Padding(0x40),
    "fpr_save_area" / Array(16, Int64ub),  # 1200
    "gr_save_area" / Array(16, Int64ub),
    "psw_save_area" / PSW,  # 1300
    Padding(8),
    "prefix_save_area" / Int32ub,
    "fpc_save_area" / Int32ub,
    Padding(4),
    "tod_programmable_save_area" / Int32ub,
    "cpu_timer_save_area" / Int64ub,
    "clock_comparator_save_area" / Int64ub,  # bits 0-55 of it, after a byte of zeros
    Padding(8),
    "ar_save_area" / Array(16, Int32ub),  # 1340
    "cr_save_area" / Array(16, Int64ub),
    Padding(0xC00),
)

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
    "machine_check_extended_save_area": at.MCK_EXTENDED_SAVE_AREA,
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
    assert offsets().keys() - CONSTANTS.keys() == {"program_area"}
    constants = {int(value) for name, value in vars(at).items() if name.isupper() and isinstance(value, at.u64)}
    assert constants - {int(value) for value in CONSTANTS.values()} == set()


def test_two_blocks():
    assert LOWCORE.sizeof() == 8192
