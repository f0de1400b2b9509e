/* Binary floating point: results, rounding modes and exceptions of every operation that C has. */
#include "runtime.h"

static const u64 edges[] = {
    0, 0x8000000000000000, 1, 0x000fffffffffffff, 0x0010000000000000, 0x8010000000000001, 0x3ca0000000000000,
    0x3fe0000000000000, 0x3ff0000000000000, 0xbff0000000000000, 0x3ff8000000000000, 0x4004000000000000,
    0x400921fb54442d18, 0xc000000000000000, 0x4330000000000001, 0x41dfffffffe00000, 0x47efffffe0000000,
    0x47f0000000000000, 0x36a0000000000000, 0x7fefffffffffffff, 0x7ff0000000000000, 0xfff0000000000000,
    0x7ff8000000000000, 0x3fb999999999999a,
};

static u64 digest;
static int seen[32]; /* how often each set of exceptions */

/* Operands are volatile and these are not inlined, so that gcc moves no operation beyond what looks at its exceptions. */
static __attribute__((noinline)) void note(double result)
{
    int flags = exceptions();
    seen[flags]++;
    digest = mix(mix(digest, result == result ? bits_of(result) : 0x7ff8000000000000), flags);
}

static __attribute__((noinline)) void note_float(float result)
{
    int flags = exceptions();
    seen[flags]++;
    digest = mix(mix(digest, result == result ? float_bits(result) : 0x7fc00000), flags);
}

/* Without exceptions: where C's operation may be several here, or a function of the library. */
static __attribute__((noinline)) void note_result(double result)
{
    exceptions();
    digest = mix(digest, result == result ? bits_of(result) : 0x7ff8000000000000);
}

static void pairs(void)
{
    for (int i = 0; i < LENGTH(edges); i++)
        for (int j = 0; j < LENGTH(edges); j++) {
            volatile double a = double_of(edges[i]), b = double_of(edges[j]);
            note(a + b), note(a - b), note(a * b);
            volatile double quotient = a / b;
            note(quotient);
            note((a < b) + 2 * (a > b));
            note((a == b) + 2 * (a != b) + 4 * __builtin_isless(a, b) + 8 * __builtin_isunordered(a, b));
            note(__builtin_copysign(a, b) == a ? 1 : 2);
            volatile float c = a, d = b;
            note_result(c);
            note_float(c + d), note_float(c - d), note_float(c * d);
            volatile float small = c / d;
            note_float(small);
            note_float((c <= d) + 2 * (c >= d));
        }
}

static void alone(void)
{
    for (int i = 0; i < LENGTH(edges); i++) {
        volatile double a = double_of(edges[i]);
        note_float(a);
        volatile float c = a;
        note_result(c);
        note(c);
        note(__builtin_sqrt(a)), note_float(__builtin_sqrtf(c));
        note(-a), note(__builtin_fabs(a)), note_float(-__builtin_fabsf(c));
        if (__builtin_fabs(a) < 9e18)
            note((i64)a);
        if (__builtin_fabs(a) < 2e9)
            note((i32)a), note((i32)c), note((i16)((i32)a % 30000));
        if (a >= 0 && a < 1.8e19)
            note_result((u64)a % 1000003), note_result(a < 4e9 ? (u32)a : 0);
        volatile i64 whole = edges[i];
        volatile i32 half = edges[i] >> 20;
        volatile u64 natural = edges[i] * 3;
        note(whole), note_float(whole), note(half), note_float(half);
        note_result(natural), note_result((float)natural);
        note_result(__builtin_floor(a)), note_result(__builtin_ceil(a));
        note_result(__builtin_trunc(a)), note_result(__builtin_rint(a));
    }
}

static void together(void)
{
    for (int i = 0; i < LENGTH(edges); i++)
        for (int j = 0; j < LENGTH(edges); j += 3) {
            volatile double a = double_of(edges[i]), b = double_of(edges[j]), c = double_of(edges[(i + j) % LENGTH(edges)]);
            volatile float d = a, e = b, f = c;
            note_result(__builtin_fma(a, b, c)), note_result(__builtin_fma(a, -b, c));
            note_result(__builtin_fmaf(d, e, -f));
        }
}

int main(void)
{
    static const char *const names[] = {"to nearest", "to zero", "upward", "downward"};
    exceptions();
    for (int mode = TO_NEAREST; mode <= DOWNWARD; mode++) {
        digest = 0;
        memset(seen, 0, sizeof seen);
        set_rounding(mode);
        pairs();
        u64 of_pairs = digest;
        alone();
        u64 of_one = digest;
        together();
        set_rounding(TO_NEAREST);
        print("%-12s%016lx %016lx %016lx\n", names[mode], of_pairs, of_one, digest);
        for (int flags = 0; flags < 32; flags++)
            if (seen[flags])
                print(" %d: %d", flags, seen[flags]);
        print("\n");
    }
    return 0;
}
