/* Calls: small functions, each in a page of its own, as those of a large program are. For gcc -O2 -march=z900. */
#define APART __attribute__((noinline, aligned(4096)))
enum { SLOTS = 512, STEPS = 4000, CODES = 64 };

static unsigned long table[SLOTS];
static unsigned char code[CODES];
unsigned long result;

APART static unsigned long mix(unsigned long a, unsigned long b)
{
    return (a ^ b) * 0x9E3779B1u + (a >> 7);
}

APART static unsigned long find(unsigned long key)
{
    unsigned long slot = key % SLOTS;
    for (int n = 0; n < 4; n++, slot = (slot + 1) % SLOTS)
        if (table[slot] == key || !table[slot])
            break;
    return slot;
}

APART static void put(unsigned long key)
{
    table[find(key)] = key;
}

APART static long fibonacci_even(long n);

APART static long fibonacci(long n)
{
    return n < 2 ? n : fibonacci_even(n - 1) + fibonacci_even(n - 2);
}

APART static long fibonacci_even(long n)
{
    return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

APART static unsigned long add(unsigned long x) { return x + 3; }
APART static unsigned long twist(unsigned long x) { return mix(x, x >> 3); }
APART static unsigned long shift(unsigned long x) { return x >> 1 | x << 63; }

static unsigned long (*const operation[4])(unsigned long) = {add, twist, shift, add};

APART static unsigned long interpret(unsigned long x)
{
    for (int n = 0; n < CODES; n++)
        x = operation[code[n] & 3](x);
    return x;
}

APART __attribute__((noreturn)) void done(void)
{
    for (;;)
        ;
}

APART void work(unsigned long rounds)
{
    for (int n = 0; n < CODES; n++)
        code[n] = (unsigned char)(n * 37 >> 2);
    for (unsigned long i = 0; i < rounds; i++) {
        unsigned long x = i;
        for (int n = 0; n < STEPS; n++) {
            x = mix(x, n);
            put(x);
        }
        for (int n = 0; n < STEPS / CODES; n++)
            x = interpret(x);
        result = result * 31 + x + fibonacci(16);
    }
    done();
}
