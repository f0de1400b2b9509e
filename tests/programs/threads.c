/* Two threads and one storage: atomic counters, a lock, a stack and a queue by compare-and-swap. What is printed does not
   depend on who is faster. */
#include "runtime.h"

enum { ROUNDS = 400, NODES = 64, QUEUE = 16 };

static u32 counter, maximum, set_bits;
static u64 wide_counter, all_xored;
static volatile u64 guarded, guarded_twice;
static int lock;

static void take(int *it)
{
    while (__atomic_exchange_n(it, 1, __ATOMIC_ACQUIRE))
        relax();
}

static void give(int *it)
{
    __atomic_store_n(it, 0, __ATOMIC_RELEASE);
}

static void count(int thread)
{
    for (int i = 0; i < ROUNDS; i++) {
        u32 mine = (i * 2 + thread) * 2654435761u;
        __atomic_fetch_add(&counter, 3, __ATOMIC_SEQ_CST);
        __atomic_sub_fetch(&wide_counter, i, __ATOMIC_SEQ_CST);
        __atomic_fetch_xor(&all_xored, (u64)mine * mine, __ATOMIC_SEQ_CST);
        __atomic_fetch_or(&set_bits, 1u << mine % 29, __ATOMIC_SEQ_CST);
        u32 had = __atomic_load_n(&maximum, __ATOMIC_RELAXED);
        while (had < mine && !__atomic_compare_exchange_n(&maximum, &had, mine, 0, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
            ;
        take(&lock);
        guarded += i;
        if (i % 16 == 0)
            relax();
        guarded_twice = guarded * 2;
        give(&lock);
    }
}

/* A stack of numbers: the head has a count beside it, so that a head that has come back is not taken for the old one. */
static u64 head; /* count, number of the first node */
static u32 next_node[NODES + 1];
static u8 taken[NODES + 1];
static u32 lost;

static u32 pop(void)
{
    u64 old = __atomic_load_n(&head, __ATOMIC_ACQUIRE), new;
    do {
        if (!(u32)old)
            return 0;
        new = ((old >> 32) + 1) << 32 | __atomic_load_n(&next_node[(u32)old], __ATOMIC_RELAXED);
    } while (!__atomic_compare_exchange_n(&head, &old, new, 0, __ATOMIC_SEQ_CST, __ATOMIC_ACQUIRE));
    return old;
}

static void push(u32 node)
{
    u64 old = __atomic_load_n(&head, __ATOMIC_ACQUIRE), new;
    do {
        __atomic_store_n(&next_node[node], old, __ATOMIC_RELAXED);
        new = ((old >> 32) + 1) << 32 | node;
    } while (!__atomic_compare_exchange_n(&head, &old, new, 0, __ATOMIC_SEQ_CST, __ATOMIC_ACQUIRE));
}

static void exchange_nodes(int thread)
{
    for (int i = 0; i < ROUNDS; i++) {
        u32 held[3];
        int count = 0;
        while (count < 1 + (i + thread) % 3 && (held[count] = pop()))
            if (__atomic_exchange_n(&taken[held[count++]], 1, __ATOMIC_SEQ_CST))
                __atomic_fetch_add(&lost, 1, __ATOMIC_SEQ_CST);
        if (i % 8 == 0)
            relax();
        while (count--) {
            __atomic_store_n(&taken[held[count]], 0, __ATOMIC_SEQ_CST);
            push(held[count]);
        }
    }
}

/* A queue: a ring of places, each with a number that says whose turn it is. */
static struct place { u32 turn; u32 value; } ring[QUEUE];
static u32 first, last;

static void put(u32 value)
{
    u32 at = __atomic_fetch_add(&last, 1, __ATOMIC_SEQ_CST);
    struct place *place = &ring[at % QUEUE];
    while (__atomic_load_n(&place->turn, __ATOMIC_ACQUIRE) != at / QUEUE * 2)
        relax();
    place->value = value;
    __atomic_store_n(&place->turn, at / QUEUE * 2 + 1, __ATOMIC_RELEASE);
}

static u32 get(void)
{
    u32 at = __atomic_fetch_add(&first, 1, __ATOMIC_SEQ_CST);
    struct place *place = &ring[at % QUEUE];
    while (__atomic_load_n(&place->turn, __ATOMIC_ACQUIRE) != at / QUEUE * 2 + 1)
        relax();
    u32 value = place->value;
    __atomic_store_n(&place->turn, at / QUEUE * 2 + 2, __ATOMIC_RELEASE);
    return value;
}

static u64 received;
static int out_of_order;

static void pass(int thread)
{
    for (u32 i = 0; i < ROUNDS; i++)
        if (thread == 0)
            put(i * i);
        else {
            u32 value = get();
            out_of_order += value != i * i;
            received = mix(received, value);
        }
}

/* A ball that goes from one to the other, by a store and a fetch alone. */
static volatile u32 ball;

static void play(int thread)
{
    for (u32 i = thread; i < ROUNDS / 4; i += 2) {
        while (__atomic_load_n(&ball, __ATOMIC_ACQUIRE) != i)
            relax();
        __atomic_store_n(&ball, i + 1, __ATOMIC_RELEASE);
    }
}

int main(void)
{
    counter = maximum = set_bits = lost = first = last = ball = 0;
    guarded = guarded_twice = head = received = out_of_order = 0;
    wide_counter = all_xored = 1ul << 40;
    memset(ring, 0, sizeof ring);
    both(count);
    print("%u %lu %016lx %08x %u, guarded %lu %lu\n", counter, wide_counter, all_xored, set_bits, maximum,
          guarded, guarded_twice);
    for (u32 i = 1; i <= NODES; i++)
        push(i);
    both(exchange_nodes);
    int nodes = 0;
    u64 sum = 0;
    for (u32 node; (node = pop()); nodes++)
        sum += (u64)node * node;
    print("%d nodes, %lu, %u taken twice\n", nodes, sum, lost);
    both(pass);
    print("%016lx, %d out of order\n", received, out_of_order);
    both(play);
    print("ball %u\n", ball);
    return 0;
}
