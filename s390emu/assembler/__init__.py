"""Assembler, disassembler and ELF files. Nothing here runs a guest; of other folders only the tables of isa/ are used.

`assemble` is the entrance of the assembler; the others in the order in which a line of source meets them:

    reader          files, macros, conditions and repetitions -> statements; `files` opens what a source names
    unit            one file being assembled: its symbols, its sections so far
    expressions     text -> expression -> value
    directives      .section .set .globl ...; `data` has .quad .org ..., `frame_info` .cfi_..., `line_table` .loc
    operands        an instruction's operands -> bytes, for rows of opcodes.py, `extended` mnemonics, and .insn (`insn`)
    program         sections, their places, the lengths that had to wait -> Program
    relocations     what each relocation computes, and its name
    relocatable     a unit as an object file
    errors          how all of them complain

`disassemble` makes text of instructions. ELF files: `elf` takes them apart, `elf_loader` makes programs of them,
`object_file` the sections that a disassembler shows, `elf_writer` writes them; `archive` has the members of an archive.
"""
