/* A heap: first fit in a list of free blocks that grow together again, and a thousand random demands. */
#include "runtime.h"

enum { HEAP = 1 << 16, ALIGNED = 16, SLOTS = 64, STEPS = 1500 };

struct block {
    size_t size; /* with this header */
    struct block *next; /* free one, by address */
};

static union { u8 bytes[HEAP]; struct block block; } heap __attribute__((aligned(ALIGNED)));
static struct block *free_blocks;

static void heap_open(void)
{
    free_blocks = &heap.block;
    free_blocks->size = HEAP;
    free_blocks->next = 0;
}

static void *allocate(size_t size)
{
    size = (size + sizeof(struct block) + ALIGNED - 1) & -ALIGNED;
    for (struct block **link = &free_blocks, *it; (it = *link); link = &it->next) {
        if (it->size < size)
            continue;
        if (it->size - size >= 2 * ALIGNED) {
            struct block *rest = (struct block *)((u8 *)it + size);
            rest->size = it->size - size;
            rest->next = it->next;
            it->size = size;
            *link = rest;
        } else
            *link = it->next;
        return it + 1;
    }
    return 0;
}

static void join(struct block *it)
{
    if (it->next && (u8 *)it + it->size == (u8 *)it->next) {
        it->size += it->next->size;
        it->next = it->next->next;
    }
}

static void release(void *data)
{
    struct block *it = (struct block *)data - 1, *before = 0;
    for (struct block *other = free_blocks; other && other < it; other = other->next)
        before = other;
    it->next = before ? before->next : free_blocks;
    *(before ? &before->next : &free_blocks) = it;
    join(it);
    if (before)
        join(before);
}

static void *resize(void *data, size_t size)
{
    if (!data)
        return allocate(size);
    size_t had = ((struct block *)data - 1)->size - sizeof(struct block);
    void *other = allocate(size);
    if (other) {
        memcpy(other, data, had < size ? had : size);
        release(data);
    }
    return other;
}

int main(void)
{
    static struct { u8 *data; u32 size; u8 value; } slots[SLOTS];
    int refused = 0, damaged = 0, allocated = 0;
    u64 digest = 0;
    heap_open();
    memset(slots, 0, sizeof slots);
    for (int step = 0; step < STEPS; step++) {
        int which = random_bits() % SLOTS;
        u32 size = random_bits() % (step % 10 ? 300 : 6000);
        if (slots[which].data)
            for (u32 i = 0; i < slots[which].size; i += 13)
                damaged += slots[which].data[i] != slots[which].value;
        if (slots[which].data && step % 3) {
            release(slots[which].data);
            slots[which].data = 0;
            continue;
        }
        u8 *data = resize(slots[which].data, size);
        if (!data) {
            refused++;
            continue;
        }
        allocated++;
        slots[which].data = data;
        slots[which].size = size;
        slots[which].value = step;
        memset(data, step, size);
        digest = mix(digest, data - heap.bytes);
    }
    int blocks = 0;
    size_t most = 0, all = 0;
    for (struct block *it = free_blocks; it; it = it->next) {
        blocks++;
        all += it->size;
        most = it->size > most ? it->size : most;
    }
    print("%d allocated, %d refused, %d damaged, %016lx\n", allocated, refused, damaged, digest);
    print("free: %lu bytes in %d blocks, the greatest has %lu\n", all, blocks, most);
    for (int i = 0; i < SLOTS; i++)
        if (slots[i].data)
            release(slots[i].data);
    print("all free again: %d\n", free_blocks == &heap.block && heap.block.size == HEAP && !heap.block.next);
    return 0;
}
