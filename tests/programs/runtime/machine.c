/* The bare machine: the console of the service processor, translation tables, the second CPU. */
#include "runtime.h"

int service_call(u32 command, void *block);
int signal(u64 cpu, u64 order, u64 parameter);
void translate(u64 table);
void on_second_stack(void (*work)(void)) __attribute__((noreturn));
extern u8 second_prefix[];

/* The console: events of type 1A, text in ASCII. */

enum { WRITE_EVENT_MASK = 0x780005, WRITE_EVENT_DATA = 0x760005, ASCII = 0x1a, ASCII_BIT = 1 << (32 - ASCII) };
enum { HEADER = 8, EVENT_HEADER = 6, MOST_TEXT = 4096 - HEADER - EVENT_HEADER };

static struct {
    u16 length;
    u8 function, control[3];
    u16 response;
    u8 data[4096 - HEADER];
} block __attribute__((aligned(4096)));

static void console_open(void)
{
    static const struct { u16 reserved, length; u32 received, sent, their_received, their_sent; }
        masks = {0, 4, 0, ASCII_BIT, 0, 0};
    block.length = HEADER + sizeof masks;
    memcpy(block.data, &masks, sizeof masks);
    service_call(WRITE_EVENT_MASK, &block);
}

void console_write(const char *text, int length)
{
    while (length > 0) {
        int part = length < MOST_TEXT ? length : MOST_TEXT;
        struct { u16 length; u8 type, flags; u16 reserved; } event = {EVENT_HEADER + part, ASCII, 0, 0};
        block.length = HEADER + event.length;
        memcpy(block.data, &event, sizeof event);
        memcpy(block.data + EVENT_HEADER, text, part);
        service_call(WRITE_EVENT_DATA, &block);
        text += part;
        length -= part;
    }
}

/* Translation: every virtual address is the same real address. */

enum { SEGMENTS = 512, MAPPED = 16, PAGES = 256, PAGE = 4096, INVALID_SEGMENT = 0x20 };

static u64 segment_table[SEGMENTS] __attribute__((aligned(4096)));
static u64 page_tables[MAPPED][PAGES] __attribute__((aligned(2048)));

static void translation_on(void)
{
    for (int i = 0; i < SEGMENTS; i++)
        segment_table[i] = i < MAPPED ? (u64)page_tables[i] : INVALID_SEGMENT;
    for (int i = 0; i < MAPPED; i++)
        for (int j = 0; j < PAGES; j++)
            page_tables[i][j] = (u64)(i * PAGES + j) * PAGE;
    translate((u64)segment_table);
}

/* The second CPU; where there is none, a second stack. */

enum { SENSE = 1, RESTART = 6, INITIAL_RESET = 11, SET_PREFIX = 13 };
enum { ACCEPTED = 0, STATUS_STORED = 1, BUSY = 2, NOT_OPERATIONAL = 3 };
enum { SECOND_CPU = 1 };

static void (*work)(int);
static int alone, current;
static volatile int finished;
static jmp_buf contexts[2];

static int order(u64 order, u64 parameter)
{
    int condition;
    while ((condition = signal(SECOND_CPU, order, parameter)) == BUSY)
        ;
    return condition;
}

void second(void)
{
    work(1);
    __atomic_store_n(&finished, 1, __ATOMIC_SEQ_CST);
    while (alone)
        relax();
}

void both(void (*what)(int))
{
    work = what;
    finished = 0;
    alone = order(SENSE, 0) == NOT_OPERATIONAL;
    if (alone) {
        current = 1;
        if (!setjmp(contexts[0]))
            on_second_stack(second);
    } else {
        order(INITIAL_RESET, 0);
        order(SET_PREFIX, (u64)second_prefix);
        order(RESTART, 0);
    }
    work(0);
    while (!__atomic_load_n(&finished, __ATOMIC_SEQ_CST))
        relax();
    while (!alone && order(SENSE, 0) != STATUS_STORED) /* not yet stopped */
        relax();
}

void relax(void)
{
    if (!alone)
        asm volatile("diag 0,0,0x44" ::: "memory");
    else if (!setjmp(contexts[current])) {
        current ^= 1;
        longjmp(contexts[current], 1);
    }
}

/* Floating point */

void set_rounding(int mode)
{
    asm volatile("srnm 0(%0)" : : "a"(mode));
}

int exceptions(void)
{
    u32 control;
    asm volatile("efpc %0" : "=d"(control));
    asm volatile("sfpc %0" : : "d"(control & 7)); /* the rounding mode stays */
    return control >> 19 & 31;
}

int start(void)
{
    if (translation)
        translation_on();
    console_open();
    return run_programs();
}
