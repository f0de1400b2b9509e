"""The assembler behind `s390emu.assembler.assemble`, in the order in which a line meets it:

    reader        files, macros, conditions and repetitions -> statements
    expressions   text -> expression -> value
    unit          one file being assembled: its symbols and statements
    directives    .quad .org .section ...
    operands      an instruction's operands -> bytes, for the rows of opcodes.py and for .insn
    program       sections, their places, the values that had to wait -> Program
    errors        how all of them complain
"""
