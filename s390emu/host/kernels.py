"""The compiled functions that the host calls, each made on its first call (docs/architecture.md)."""

from __future__ import annotations

from s390emu.cpu import clocks, resets
from s390emu.engine.entries import procedure
from s390emu.host import reclaim, victims
from s390emu.host import supply as supplies
from s390emu.host.pool import POOL_T
from s390emu.isa import essa
from s390emu.isa.general import cipher_message, message_security, random_number
from s390emu.records.cpu import CPU_T
from s390emu.records.guest import GUEST_T
from s390emu.records.port import PORT_T
from s390emu.storage import access, channel, decode_cache, keys, references, tlb, transitions

# (guest, block, event): what the event would do
action_of = procedure(transitions.action_of, GUEST_T, integers=2)
# (guest, block): somebody refers to it, or is about to
note_reference = procedure(references.note_reference, GUEST_T, integers=1, returns=False, rare=True)
# (guest): the host is about to complete an instruction of the running CPU
note_hypercall = procedure(references.note_hypercall, GUEST_T, integers=0, returns=False)
# (guest, block, event, frame): it happens
transition = procedure(transitions.transition, GUEST_T, integers=3, rare=True)
# (cpu, port, insn, frame): it happens, as ESSA
perform_essa = procedure(essa.perform, CPU_T, PORT_T, integers=2)
# (cpu, port, register with the address, length, kind): access an operand that has been checked, its Span in the port
locate = procedure(message_security.locate, CPU_T, PORT_T, integers=3, rare=True)
# (cpu, port, R1, R2, R3, bytes): so much of the operands has been ciphered
ciphered = procedure(cipher_message.ciphered, CPU_T, PORT_T, integers=4, rare=True)
# (cpu, port, R1, R2, bytes): access what is filled with random numbers next, its Span in the port, and go on after it
fill = procedure(random_number.fill, CPU_T, PORT_T, integers=3, rare=True)
# (cpu, port, clear, PSW of 8 bytes): all CPUs are reset, this one goes on there
load_reset = procedure(resets.load_reset, CPU_T, PORT_T, integers=2, returns=False, rare=True)
# (cpu, port): the TOD clock
tod = procedure(clocks.tod, CPU_T, PORT_T, integers=0, rare=True)
# (guest, block, usage, no-DAT, key): it has them, as at a start
set_attributes = procedure(transitions.set_attributes, GUEST_T, integers=4, returns=False, rare=True)
# (guest, block, offset, length): after a store that is not the guest's
overlaid = procedure(transitions.overlaid, GUEST_T, integers=3, returns=False)
# (guest, absolute, length, kind): an access by the machine, within a resident block
touch = procedure(access.touch, GUEST_T, integers=3)
# (guest, absolute, length, access key, kind): why a channel may not reach these bytes
denial = procedure(channel.denial, GUEST_T, integers=4, rare=True)
# (guest, absolute, length, kind): where a channel finds bytes of one block
reach = procedure(channel.reach, GUEST_T, integers=3, rare=True)
# (guest, absolute, stride, how many, where they are): so many bytes are stored apart from each other
store_apart = procedure(channel.store_apart, GUEST_T, integers=4, rare=True)
# (guest, block, offset, length): no decoded instruction of these bytes is right any more
drop_decoded = procedure(decode_cache.drop_decoded, GUEST_T, integers=3, returns=False, rare=True)
# (guest): no instruction is kept decoded any more
forget_all = procedure(decode_cache.forget_all, GUEST_T, integers=0, returns=False)
# (guest): no translation is right any more
flush = procedure(tlb.flush_all, GUEST_T, integers=0, returns=False)
# (guest, block): no translation to this resident block is right any more
drop_block = procedure(tlb.drop_block, GUEST_T, integers=1, returns=False, rare=True)
# (guest, first block, stride): how many of every stride-th block were referenced since last asked
sample_references = procedure(keys.sample_references, GUEST_T, integers=2, rare=True)
# (pool, guest that asks, its CPUs whose blocks to keep, writable): the victim
choose = procedure(victims.choose, POOL_T, integers=3)
# (pool, first frame, how many): how many of their blocks have to be written
invalidate_and_decide = procedure(reclaim.invalidate_and_decide, POOL_T, integers=2)
# (pool, first frame, from, to): these of them lose their frames
publish = procedure(reclaim.publish, POOL_T, integers=3)
# (pool, guest, block, frame, event): it gets the frame
arrive = procedure(reclaim.arrive, POOL_T, integers=4)
# (pool, block): it is brought, if there is no more to it than a zero-filled frame
supply = procedure(supplies.supply, POOL_T, integers=1)
# (pool, their addresses, how many, where the data is, bytes of each, access key): so many buffers are stored
place = procedure(supplies.place, POOL_T, integers=5, rare=True)
# (pool, guest, from, to): the first of these blocks that is not released by it
release = procedure(supplies.release, POOL_T, integers=3, rare=True)
