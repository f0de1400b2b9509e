"""The assigned storage locations as one structure, for reports: PoP ch. 3 "Assigned Storage Locations".

The CPU stores by the constants of `assigned_storage`; a test holds the two against each other.
"""

from __future__ import annotations

from construct import Array, Bytes, Int8ub, Int16ub, Int32ub, Int64ub, Padding, Struct, Tell

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
    "program_area" / Bytes(0xFB8),  # 200: not assigned
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
    "end" / Tell,
)
