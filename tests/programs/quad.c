/* Binary floating point of 128 bits: instructions here, functions of libgcc on most hosts. */
#include "runtime.h"

typedef _Float128 quad;

static void show(const char *what, quad x)
{
    unsigned __int128 bits;
    memcpy(&bits, &x, sizeof bits);
    print("%-8s%016lx%016lx", what, (u64)(bits >> 64), (u64)bits);
    if (x > 0 && x < 10) {
        print(" %d.", (int)x);
        for (int i = 0; i < 33; i++) {
            x = (x - (int)x) * 10;
            print("%d", (int)x);
        }
    }
    print("\n");
}

static quad arctangent_of_inverse(int n)
{
    quad sum = 0, power = (quad)1 / n;
    for (int k = 1; k < 80; k += 2, power /= -n * n)
        sum += power / k;
    return sum;
}

static quad root(quad x)
{
    quad y = __builtin_sqrt((double)x);
    for (int i = 0; i < 3; i++)
        y = (y + x / y) / 2;
    return y;
}

int main(void)
{
    quad e = 1, term = 1;
    for (int i = 1; i < 40; i++)
        e += term /= i;
    show("e", e);
    show("pi", 4 * (4 * arctangent_of_inverse(5) - arctangent_of_inverse(239)));
    show("root 2", root(2));
    show("golden", (1 + root(5)) / 2);
    quad large = 1, small = 1;
    for (int i = 0; i < 400; i++) {
        large *= 1e4;
        small /= 1e12;
    }
    show("large", large), show("small", small), show("subn.", small / 1e140), show("1/3", -(quad)1 / 3);
    show("double", (quad)0.1 - (quad)0.1f);
    u64 digest = 0;
    int order = 0;
    for (int i = 0; i < 60; i++) {
        quad a = (i64)random_bits(), b = double_of(random_bits() >> 12 | (u64)(1000 + i) << 52);
        quad c = a * b - b / a + (a - b) * (u64)random_bits();
        order += (a < b) + 2 * (c > a) + 4 * (c == c) + 8 * (b != a);
        digest = mix(mix(digest, bits_of(c)), float_bits(a));
        if (c < 1e18f128 && c > -1e18f128)
            digest = mix(mix(digest, (i64)c), (i32)(c / 1e10));
    }
    print("%016lx %d\n", digest, order);
    return 0;
}
