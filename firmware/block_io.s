# The disk: DIAGNOSE X'250', block I/O, as z/VM has it.
#
#   diag R1,R3,X'250'    R1 = address of a parameter list, R1+1 := return code, R3 = function; condition code 0: done
#
# Without it, or without the device, the generator in content.s stands for what is on the disk, and what is dirty stays
# in storage.  The lists are never hinted, nor are blocks while an operation on them is going on.
        .include "kernel.inc"
        .equ    DEVICE,0x0100           # its number
        .equ    FORMAT_64,0x80          # lists with 64-bit addresses
        .equ    INITIALIZE,0            # functions
        .equ    READ_WRITE,1
        .equ    LIST_DEVICE,0           # offsets in a parameter list
        .equ    LIST_FORMAT,2
        .equ    LIST_BLOCK_SIZE,24      # initialize: the block size; what comes back: number of the first block and the last
        .equ    LIST_FIRST,40
        .equ    LIST_LAST,48
        .equ    LIST_FLAGS,25           # read, write: asynchronous?
        .equ    LIST_COUNT,28           # how many entries,
        .equ    LIST_PARAMETER,40       # what the interruption brings along,
        .equ    LIST_ENTRIES,48         # where they are
        .equ    LIST_SIZE,64
        .equ    ASYNCHRONOUS,0x02
        .equ    STARTED,8               # return code
        .equ    ENTRY_TYPE,0            # offsets in an entry
        .equ    ENTRY_STATUS,1
        .equ    ENTRY_NUMBER,8          # of the block on the disk
        .equ    ENTRY_BUFFER,16
        .equ    ENTRY_SIZE,24
        .equ    WRITE,1                 # types of entry
        .equ    READ,2

        .globl  disk_init, disk_tried, disk_missing
disk_init:
        enter
        llilf   %r6,READ_LIST
        llilf   %r7,WRITE_LIST
        xc      0(2*LIST_SIZE,%r6),0(%r6)
        mvhhi   LIST_DEVICE(%r6),DEVICE
        mvi     LIST_FORMAT(%r6),FORMAT_64
        lghi    %r0,BLOCK
        st      %r0,LIST_BLOCK_SIZE(%r6)
        lgr     %r2,%r6
        lghi    %r4,INITIALIZE
        diag    %r2,%r4,0x250
disk_tried:
        jnz     disk_missing
        lg      %r1,LIST_FIRST(%r6)
        stg     %r1,DISK_START
        lg      %r2,LIST_LAST(%r6)
        sgr     %r2,%r1
        clgfi   %r2,DISK_BLOCKS-1
        jl      1f
        mvi     DISK_ON,1
        xc      LIST_BLOCK_SIZE(LIST_SIZE-LIST_BLOCK_SIZE,%r6),LIST_BLOCK_SIZE(%r6)
        mvc     0(LIST_SIZE,%r7),0(%r6)
        llilf   %r1,READ_ENTRIES
        stg     %r1,LIST_ENTRIES(%r6)
        llilf   %r1,WRITE_ENTRIES
        stg     %r1,LIST_ENTRIES(%r7)
        stg     %r7,LIST_PARAMETER(%r7)
        mvi     LIST_FLAGS(%r7),ASYNCHRONOUS
disk_missing:
        leave

1:      lghi    %r2,EXIT_DISK
        larl    %r3,text_small
        j       panic

# r2 = block of the disk, r3 = stable block.  Notes that disk_read_noted has to read it.
        .globl  note_read
note_read:
        lg      %r1,READ_COUNT
        agsi    READ_COUNT,1
        lghi    %r0,READ
# r0 = type, r1 = number of the entry, r2 = block of the disk, r3 = block of storage
set_entry:
        mghi    %r1,ENTRY_SIZE
        algfi   %r1,READ_ENTRIES
        xc      0(ENTRY_SIZE,%r1),0(%r1)
        stc     %r0,ENTRY_TYPE(%r1)
        ag      %r2,DISK_START
        stg     %r2,ENTRY_NUMBER(%r1)
        stg     %r3,ENTRY_BUFFER(%r1)
        br      %r14

# Reads all that is noted, in one operation.  Afterwards the keys are set, as cache_load does.
        .globl  disk_read_noted
disk_read_noted:
        enter
        lg      %r7,READ_COUNT
        ltgr    %r7,%r7
        jz      9f
        llilf   %r6,READ_ENTRIES
        cli     DISK_ON,0
        je      1f
        brasl   %r14,transfer
        j       2f
1:      lg      %r2,ENTRY_NUMBER(%r6)   # no disk, so DISK_START is zero
        lg      %r3,ENTRY_BUFFER(%r6)
        brasl   %r14,generate_block
        aghi    %r6,ENTRY_SIZE
        brctg   %r7,1b

2:      lg      %r7,READ_COUNT
        xc      READ_COUNT(8),READ_COUNT
        lg      %r1,COUNT_READS
        agr     %r1,%r7
        stg     %r1,COUNT_READS
        llilf   %r6,READ_ENTRIES
3:      lg      %r1,ENTRY_BUFFER(%r6)
        frame_of %r2,%r1
        brasl   %r14,set_key
        aghi    %r6,ENTRY_SIZE
        brctg   %r7,3b
9:      leave

# The synchronous operation that READ_ENTRIES and READ_COUNT say.
transfer:
        llilf   %r2,READ_LIST
        lg      %r1,READ_COUNT
        st      %r1,LIST_COUNT(%r2)
        lghi    %r4,READ_WRITE
        diag    %r2,%r4,0x250
        jnz     disk_failed
        ltgr    %r3,%r3
        bzr     %r14
disk_failed:
        lghi    %r2,EXIT_DISK
        larl    %r3,text_failed
        j       panic

# r2 = block of the disk, r3 = stable block to read it into
        .globl  disk_read
disk_read:
        enter
        brasl   %r14,note_read
        brasl   %r14,disk_read_noted
        leave

# r2 = block of the disk, r3 = stable block that holds its newest content.  Only with a disk: evict_any passes over what
# is dirty, and write_back_start writes it asynchronously.
        .globl  disk_write
disk_write:
        enter
        agsi    COUNT_WRITES,1
        lghi    %r0,WRITE
        lghi    %r1,0
        brasl   %r14,set_entry
        mvghi   READ_COUNT,1
        brasl   %r14,transfer
        xc      READ_COUNT(8),READ_COUNT
        leave

# r2 = block of the disk whose content there is out of date: nothing to do
        .globl  disk_stale
disk_stale:
        br      %r14

# Begins to write what is dirty, if no write is going on.  What is dirty is the log: only its blocks are looked at.
# A block that is being written is held, so it stays stable and in storage; it is no longer DIRTY, so that a change
# from here on is seen.
        .globl  write_back_start
write_back_start:
        cli     DISK_ON,0
        ber     %r14
        cli     WRITE_BUSY,0
        bner    %r14
        enter
        lghi    %r1,ACCOUNT_WRITE_BACK
        brasl   %r14,account
        lgr     %r13,%r1
        llilf   %r6,CACHE_INDEX+FILE_BLOCKS*8
        lghi    %r7,FILE_BLOCKS
        llilf   %r8,WRITE_ENTRIES
        lghi    %r9,0
1:      lg      %r10,0(%r6)
        ltgr    %r10,%r10
        jz      3f
        frame_of %r11,%r10
        tm      FRAME_FLAGS(%r11),WRITABLE
        jz      2f
        lgr     %r2,%r11
        brasl   %r14,save_change
2:      tm      FRAME_FLAGS(%r11),DIRTY
        jz      3f
        chsi    FRAME_REFS(%r11),0
        jne     3f
        asi     FRAME_REFS(%r11),1
        ni      FRAME_FLAGS(%r11),0xFF-DIRTY
        xc      0(ENTRY_SIZE,%r8),0(%r8)
        mvi     ENTRY_TYPE(%r8),WRITE
        lgr     %r1,%r7
        ag      %r1,DISK_START
        stg     %r1,ENTRY_NUMBER(%r8)
        stg     %r10,ENTRY_BUFFER(%r8)
        aghi    %r8,ENTRY_SIZE
        aghi    %r9,1
        cghi    %r9,WRITE_MOST
        je      4f
3:      aghi    %r6,8
        aghi    %r7,1
        cghi    %r7,DISK_BLOCKS
        jl      1b
        ltgr    %r9,%r9
        jz      5f
4:      stg     %r9,WRITE_COUNT
        mvi     WRITE_BUSY,1
        mvi     WRITE_DONE,0
        llilf   %r2,WRITE_LIST
        st      %r9,LIST_COUNT(%r2)
        lghi    %r4,READ_WRITE
        diag    %r2,%r4,0x250
        jnz     disk_failed
        cghi    %r3,STARTED
        je      5f
        ltgr    %r3,%r3
        jnz     disk_failed
        mvi     WRITE_STATUS,0          # it has been done at once, and no interruption will come
        mvi     WRITE_DONE,1
5:      lgr     %r1,%r13
        brasl   %r14,account
        leave

# The write has ended: what has not been changed since may be volatile again.
        .globl  write_back_finish
write_back_finish:
        enter
        lghi    %r1,ACCOUNT_WRITE_BACK
        brasl   %r14,account
        lgr     %r13,%r1
        mvi     WRITE_DONE,0
        mvi     WRITE_BUSY,0
        cli     WRITE_STATUS,0
        jne     disk_failed
        lg      %r7,WRITE_COUNT
        xc      WRITE_COUNT(8),WRITE_COUNT
        lg      %r1,COUNT_WRITES
        agr     %r1,%r7
        stg     %r1,COUNT_WRITES
        llilf   %r8,WRITE_ENTRIES
1:      cli     ENTRY_STATUS(%r8),0
        jne     disk_failed
        lg      %r1,ENTRY_BUFFER(%r8)
        frame_of %r2,%r1
        asi     FRAME_REFS(%r2),-1
        brasl   %r14,make_volatile
        aghi    %r8,ENTRY_SIZE
        brctg   %r7,1b
        lgr     %r1,%r13
        brasl   %r14,account
        leave

# Waits until no write is going on.
        .globl  write_back_wait
write_back_wait:
        enter
1:      cli     WRITE_BUSY,0
        je      3f
        cli     WRITE_DONE,0
        jne     2f
        brasl   %r14,wait
        j       1b
2:      brasl   %r14,write_back_finish
3:      leave

        .balign 2
text_small:
        .asciz  "the disk is too small"
        .balign 2
text_failed:
        .asciz  "an operation on the disk failed"
