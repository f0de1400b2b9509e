/* Ways to get somewhere else: setjmp, computed goto, tables of functions, recursion, variable arguments, room
   on the stack, structures by value. */
#include "runtime.h"

static jmp_buf outer, inner;
static volatile int depth;

static void fall(int from)
{
    double kept = depth * 1.5;
    depth++;
    if (from == 21)
        longjmp(from % 2 ? inner : outer, from);
    if (from < 30)
        fall(from + 1);
    depth = kept;
}

static void throw_and_catch(void)
{
    const double before = depth + 0.75; /* in a call-saved register where there are enough */
    volatile double sum = 0.5;
    volatile int tries = 0;
    int code = setjmp(outer);
    print("outer %d depth %d\n", code, depth);
    if (code > 30)
        return;
    if ((code = setjmp(inner)))
        print("inner %d depth %d\n", code, depth);
    tries++;
    for (int i = 0; i < 10; i++)
        sum += i * 0.25;
    if (tries == 1)
        fall(0);
    if (tries == 2)
        longjmp(inner, 0); /* becomes 1 */
    print("sum %.2f before %.2f\n", sum, before);
    longjmp(outer, 31);
}

struct pair { i64 first; i32 second; };
struct large { double values[5]; char tag; };
struct flags { unsigned low : 3; int middle : 11; u64 high : 37; };

static struct pair swapped(struct pair it)
{
    return (struct pair){it.second, it.first};
}

static struct large scaled(struct large it, double by)
{
    for (int i = 0; i < LENGTH(it.values); i++)
        it.values[i] *= by;
    it.tag++;
    return it;
}

static double total(const char *kinds, ...)
{
    va_list list;
    double sum = 0;
    va_start(list, kinds);
    for (; *kinds; kinds++)
        switch (*kinds) {
        case 'i': sum += va_arg(list, int); break;
        case 'l': sum += va_arg(list, i64); break;
        case 'd': sum += va_arg(list, double); break;
        case 'p': sum += va_arg(list, struct pair).second; break;
        case 'L': sum += va_arg(list, struct large).values[2]; break;
        case 's': sum += strlen(va_arg(list, char *)); break;
        }
    va_end(list);
    return sum;
}

static u32 ackermann(u32 m, u32 n)
{
    return !m ? n + 1 : ackermann(m - 1, n ? ackermann(m, n - 1) : 1);
}

static i64 interpret(const char *program, i64 x)
{
    static void *const labels[] = {&&plus, &&minus, &&twice, &&half, &&turn, &&end};
    goto *labels[*program - 'a'];
plus: x += 1000; goto *labels[*++program - 'a'];
minus: x -= 7; goto *labels[*++program - 'a'];
twice: x *= 2; goto *labels[*++program - 'a'];
half: x /= 2; goto *labels[*++program - 'a'];
turn: x = -x; goto *labels[*++program - 'a'];
end: return x;
}

static int dense(int x)
{
    switch (x) {
    case 0: return 5;
    case 1: return -9;
    case 2: return 77;
    case 3: return x * 3;
    case 4: return 1 << x;
    case 5: case 6: return 12;
    case 8: return 1000000;
    case 100: return 3;
    case 10000: return 4;
    case -5: return 6;
    default: return -1;
    }
}

static int add(int a, int b) { return a + b; }
static int subtract(int a, int b) { return a - b; }
static int multiply(int a, int b) { return a * b; }

static u64 with_room(int n)
{
    u8 *room = __builtin_alloca(n), other[n + 1];
    for (int i = 0; i < n; i++)
        room[i] = other[n - i] = i * 7;
    u64 digest = 0;
    for (int i = 0; i < n; i++)
        digest = mix(digest, room[i] ^ other[i + 1]);
    return n > 3 ? digest ^ with_room(n / 2) : digest;
}

static int permutations(char *text, int at, u64 *digest)
{
    if (!text[at]) {
        for (const char *c = text; *c; c++)
            *digest = mix(*digest, *c);
        return 1;
    }
    int count = 0;
    for (int i = at; text[i]; i++) {
        char it = text[at];
        text[at] = text[i];
        text[i] = it;
        count += permutations(text, at + 1, digest);
        text[i] = text[at];
        text[at] = it;
    }
    return count;
}

int main(void)
{
    static int (*const functions[])(int, int) = {add, subtract, multiply};
    depth = 0;
    throw_and_catch();
    struct pair pair = swapped((struct pair){123456789012, -5});
    struct large large = scaled((struct large){{1, 2, 3, 4, 5}, 'a'}, 0.3);
    print("%ld %d %.17g %c\n", pair.first, pair.second, large.values[4], large.tag);
    print("%.6f\n", total("ildpLsdddddd", 7, -1l << 40, 2.5, pair, large, "four", 1.0, 2.0, 3.0, 4.0, 5.0, 6.0));
    print("%u %u\n", ackermann(2, 9), ackermann(3, 3));
    print("%ld %ld\n", interpret("acdebcf", 5), interpret("eeccccccf", -3));
    for (int i = -6; i < 10; i++)
        print("%d ", dense(i));
    print("%d %d\n", dense(100), dense(10000));
    int folded = 1;
    for (int i = 0; i < 12; i++)
        folded = functions[i % 3](folded, i);
    print("%d %016lx\n", folded, with_room(100));
    char text[] = "abcdef";
    u64 digest = 0;
    int count = permutations(text, 0, &digest);
    print("%d %016lx %s\n", count, digest, text);
    struct flags flags = {9 % 8, -700, 1ul << 36 | 5};
    flags.low += 6;
    flags.middle *= 2;
    flags.high += 0x1234567890;
    print("%d %d %lx\n", flags.low, flags.middle, (u64)flags.high);
    return 0;
}
