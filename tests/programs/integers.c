/* Whole numbers of every width: arithmetic with overflow, division, shifts, bits, comparisons, on random and edge values. */
#include "runtime.h"

enum { VALUES = 40 };

static u64 values[VALUES] = {
    0, 1, 2, 7, 255, 256, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff, 0x100000000,
    0x7fffffffffffffff, 0x8000000000000000, 0xffffffffffffffff, 0xfffffffffffffff9, 0xffffffff80000000, 10, 1000003,
};
static u64 digest;

#define PAIRS(name, type)                                                                                              \
    static void name(u64 x, u64 y)                                                                                     \
    {                                                                                                                  \
        type a = x, b = y, sum, difference, product;                                                                   \
        int overflow = __builtin_add_overflow(a, b, &sum);                                                             \
        overflow += 2 * __builtin_sub_overflow(a, b, &difference) + 4 * __builtin_mul_overflow(a, b, &product);        \
        digest = mix(mix(mix(digest, sum), difference), product);                                                      \
        digest = mix(digest, overflow + 8 * (a < b) + 16 * (a <= b) + 32 * (a == b) + 64 * (a > (type)3));             \
        if (b && !((type)-1 < 0 && b == (type)-1)) /* the least number by -1 has no quotient */                        \
            digest = mix(mix(digest, a / b), a % b);                                                                   \
        digest = mix(mix(mix(digest, a & b), a | b), a ^ b);                                                           \
        digest = mix(digest, (a & ~b) ^ (a | ~b) * 2ul ^ ~(a & b) * 4ul ^ ~(a | b) * 8ul ^ ~(a ^ b) * 16ul);           \
        digest = mix(mix(digest, a >> y % (8 * sizeof a)), (u64)a << y % (8 * sizeof a));                              \
        digest = mix(mix(digest, a < b ? a : b), (a < 0 ? -(u64)a : (u64)a) * 3);                                      \
    }

PAIRS(signed_8, i8)
PAIRS(signed_16, i16)
PAIRS(signed_32, i32)
PAIRS(signed_64, i64)
PAIRS(unsigned_8, u8)
PAIRS(unsigned_16, u16)
PAIRS(unsigned_32, u32)
PAIRS(unsigned_64, u64)

static void bits(u64 x, u64 y)
{
    int by = y % 64;
    digest = mix(digest, x << by | x >> (-by & 63)); /* rotations */
    digest = mix(digest, (u32)x << by % 32 | (u32)x >> (-by & 31));
    digest = mix(digest, __builtin_popcountl(x) + 100 * __builtin_popcount(x) + 10000 * __builtin_parityl(x));
    if (x)
        digest = mix(digest, __builtin_clzl(x) + 100 * __builtin_ctzl(x));
    if ((u32)x)
        digest = mix(digest, __builtin_clz(x) + 100 * __builtin_ctz(x));
    digest = mix(digest, __builtin_bswap64(x) ^ __builtin_bswap32(y) ^ __builtin_bswap16(x));
    digest = mix(digest, (x & 0xff00) >> 8 | (y & 0xfff) << 20 | (x >> 40 & 0x1ff) << 50); /* inserted fields */
    digest = mix(digest, (i64)(x << 13) >> 40), digest = mix(digest, x << 13 >> 40);
    digest = mix(digest, (i8)x * (i16)y + (u8)y * (u16)x % 1000);
    digest = mix(digest, (x >> by & 1 ? 5 : y) + (x & 0x10 ? 1 : 0) + !(x & 0x8001) + ((x & 0x30000) == 0x30000));
}

static void wide(u64 x, u64 y)
{
    unsigned __int128 a = (unsigned __int128)x << 64 | y, b = (unsigned __int128)y << y % 60 | x, c = a * b + (a >> y % 128);
    __int128 d = (__int128)(i64)x * (i64)y ^ (__int128)(a << x % 128);
    digest = mix(mix(digest, c), c >> 64);
    digest = mix(mix(digest, d), d >> 64);
    digest = mix(digest, (a < b) + 2 * (d < (__int128)b) + 4 * (a == b));
    if (y) {
        digest = mix(mix(digest, a / y), c % y);
        digest = mix(mix(digest, d / -(i64)(y >> 1 | 3)), b / (x | 1));
    }
}

static u64 reduced(u64 x)
{
    /* by constants: multiplications, shifts */
    i64 s = x;
    u64 sum = x / 3 + x % 10 + x / 1000000007 + x % 255 + x / 8 + x % 4096 + (u32)x / 7 + (u32)x % 1000;
    return sum + (s / 3 ^ s % 10 ^ s / -5 ^ s / 8 ^ s % 16) + ((i32)x / 3 ^ (i32)x % 10 ^ (i32)x / 16);
}

int main(void)
{
    static const struct { const char *name; void (*test)(u64, u64); } tests[] = {
        {"i8", signed_8}, {"u8", unsigned_8}, {"i16", signed_16}, {"u16", unsigned_16}, {"i32", signed_32},
        {"u32", unsigned_32}, {"i64", signed_64}, {"u64", unsigned_64}, {"bits", bits}, {"wide", wide},
    };
    for (int i = 20; i < VALUES; i++)
        values[i] = random_bits() >> i * 3 % 64;
    for (int test = 0; test < LENGTH(tests); test++) {
        digest = 0;
        for (int i = 0; i < VALUES; i++)
            for (int j = 0; j < VALUES; j += 1 + i % 2)
                tests[test].test(values[i], values[j]);
        print("%-5s%016lx\n", tests[test].name, digest);
    }
    digest = 0;
    for (int i = 0; i < VALUES; i++)
        digest = mix(digest, reduced(values[i]));
    print("const%016lx\n", digest);
    return 0;
}
