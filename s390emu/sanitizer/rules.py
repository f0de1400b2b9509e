"""The rules, one a row: what a guest must not do, and by which clause of docs/page-hinting.md. Only this lists them."""

from __future__ import annotations

from typing import NamedTuple


class Rule(NamedTuple):
    """name: as reports and planted bugs have it. clause: of docs/page-hinting.md; "check n" is the nth of the eleven of
    section 7. needs: what a description must tell of the guest ("" nothing: the rule holds for every guest). words:
    the violation."""

    name: str
    clause: str
    needs: str
    words: str


RULES = (
    Rule("prefix-hinted", "7 check 1, D13", "",
         "a block of the prefix area is hinted away: an interruption that finds it gone stops the machine"),
    Rule("table-hinted", "7 check 1", "", "a translation table in use is hinted away"),
    Rule("reserved-hinted", "7 check 1", "reserved", "a block that the guest declares as never hinted is hinted away"),
    Rule("dirty-volatile", "7 check 2", "flags.dirty",
         "a dirty block is made volatile: its only copy may be thrown away"),
    Rule("busy-hinted", "7 check 3, D14", "", "a block is hinted away while I/O goes on in it"),
    Rule("anonymous-volatile", "7 check 5", "owners.cache",
         "a block that no disk has a copy of is made volatile"),
    Rule("unindexed-volatile", "7 check 6", "index.cache",
         "a block that the page cache does not find is made volatile"),
    Rule("empty-volatile", "7 check 7", "", "a block is made volatile before a byte of its content has been stored"),
    Rule("discarded-volatile", "7 check 9", "flags.discarded",
         "a block that was taken out of the page cache is made volatile"),
    Rule("referenced-volatile", "7 check 11", "frames.references",
         "a block is made volatile while the kernel holds a reference"),
    Rule("writable-volatile", "7 PG_writable", "flags.writable",
         "a block that a task can store into is made volatile, not potentially volatile: C does not protect it"),
    Rule("store-volatile", "7 PG_writable", "", "a store into a volatile block: the host may throw it away"),
    Rule("lookup-volatile", "7 made stable at lookup", "frames.references",
         "a reference is taken to a block that has not been made stable"),
    Rule("use-volatile", "7 made stable at lookup", "frames.maps",
         "a volatile block that no task has mapped is used without making it stable"),
    Rule("set-dirty-volatile", "7 made stable before set-dirty", "flags.dirty",
         "a block is marked dirty that has not been made stable"),
    Rule("lost-discard", "7 set_stable_if_present", "",
         "a discarded block was made stable, and is read as if it still had its content"),
    Rule("key-unpredictable", "6", "", "a block is used under a key that a discard left unpredictable"),
    Rule("change-cleared", "7 R1", "", "the change bit is cleared before the block is stable: a store may be lost"),
    Rule("change-forgotten", "7 R1", "flags.dirty",
         "the change bit was cleared, and the block is offered again without having been marked dirty"),
    Rule("change-volatile", "7 R1", "",
         "a changed block goes from potentially volatile to volatile: the store may be lost"),
    Rule("volatile-enabled", "7 R2", "cpu.disabled",
         "make-volatile with interruptions enabled: a reference may be taken between the checks and ESSA"),
    Rule("freed-twice", "7 R3", "", "an unused block is set unused again: two removals of one block"),
    Rule("freed-mapped", "7 R4, R5", "frames.maps", "a block is freed that a task has mapped"),
    Rule("handler-enabled", "7 R6", "", "the discard-fault handler is entered with interruptions enabled"),
    Rule("reused-early", "7 R6, R7", "",
         "a discarded block was freed and is used anew while the discard fault for it is under way"),
    Rule("kernel-side-repaired", "7 R8", "fixups",
         "a discard fault of the kernel's own operand is repaired: the fixup is to be taken"),
    Rule("unused-touched", "7 R9", "", "an unused block is touched"),
    Rule("copy-freed", "7 R10", "owners.copy, index.cache",
         "a disk copy is given back while the cached block is not stable and dirty: the last copy may be lost"),
    Rule("dirty-freed", "7 R10", "flags.dirty", "a dirty block is freed, and nothing else holds its content"),
    Rule("handler-faults", "7 R11", "", "the discard-fault handler touches a discarded block itself"),
)  # fmt: skip

# What one CPU does right by being disabled, several have to do otherwise. These hold for any guest that tells what they
# need, but most of them are broken only by a guest of several CPUs.
BETWEEN_CPUS = (
    Rule("not-interlocked", "7 R2, R3", "cpu.interlocked",
         "flags or counts that another CPU may change are changed by an instruction that does not tell what they were"),
    Rule("volatile-unlocked", "7 R2", "flags.state_change",
         "a block is made volatile by a CPU that does not hold its state-change bit"),
    Rule("stable-early", "7 R2", "flags.state_change, frames.references",
         "a block is made stable while another CPU makes it volatile, and has perhaps not seen the reference"),
    Rule("set-writable-volatile", "7 PG_writable", "flags.writable",
         "tasks may store into a block from now on that is volatile: C does not protect what another CPU stores"),
    Rule("cleaned-late", "7 R1", "cpu.interlocked, flags.dirty",
         "a block ceases to be dirty after its content was copied: what was stored in between is nowhere else"),
    Rule("free-referenced", "7 R6", "frames.counted",
         "a reference is taken to a block to which there is none: it is free, or will be"),
    Rule("referenced-unused", "7 R6", "frames.counted", "a block is set unused to which there is a reference"),
    Rule("unused-unlocked", "7 R6", "locks.free",
         "a block is set unused without the lock of the free blocks: another CPU may have taken it"),
    Rule("mapped-discarded", "7 R4", "frames.counted, flags.discarded",
         "a block is mapped that another CPU has taken out of the page cache: nobody will unmap it"),
    Rule("translation-held", "7 R7", "frames.maps",
         "a block is set unused, and a CPU goes on with a task without having purged its translation to it"),
)  # fmt: skip

BY_NAME = {rule.name: rule for rule in RULES + BETWEEN_CPUS}
