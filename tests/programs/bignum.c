/* Big numbers: factorials, Fibonacci numbers, digits of pi, a Mersenne prime, modular powers; 128 bits in one piece. */
#include "runtime.h"

static void show(const char *what, struct big number)
{
    static char digits[BIG_WORDS * 10];
    char *at = digits + sizeof digits;
    *--at = 0;
    do
        *--at = '0' + big_divide(&number, 10);
    while (number.count);
    print("%s = %s\n", what, at);
}

static void add(struct big *a, const struct big *b)
{
    u64 carry = 0;
    for (int i = 0; i < a->count || i < b->count || carry; i++) {
        carry += (u64)(i < a->count ? a->word[i] : 0) + (i < b->count ? b->word[i] : 0);
        if (i == a->count)
            a->count++;
        a->word[i] = carry;
        carry >>= 32;
    }
}

static void multiply(struct big *product, const struct big *a, const struct big *b)
{
    memset(product->word, 0, (a->count + b->count) * sizeof product->word[0]);
    for (int i = 0; i < a->count; i++) {
        u64 carry = 0;
        for (int j = 0; j < b->count; j++) {
            carry += (u64)a->word[i] * b->word[j] + product->word[i + j];
            product->word[i + j] = carry;
            carry >>= 32;
        }
        product->word[i + b->count] = carry;
    }
    product->count = a->count + b->count;
    while (product->count && !product->word[product->count - 1])
        product->count--;
}

/* Is 2**p - 1 prime? Lucas and Lehmer: s becomes s * s - 2, p - 2 times, and then is 0. */
static int mersenne_is_prime(int p)
{
    static struct big s, square, high, modulus, two;
    big_set(&s, 4);
    big_set(&two, 2);
    big_set(&modulus, 1);
    big_shift(&modulus, p);
    big_set(&high, 1);
    big_subtract(&modulus, &high);
    for (int i = 2; i < p; i++) {
        multiply(&square, &s, &s);
        while (big_compare(&square, &modulus) > 0) { /* the part above p bits counts once more below */
            big_set(&high, 0);
            for (int k = 0; 32 * k + p < 32 * square.count; k++) {
                int word = (32 * k + p) / 32, bit = p % 32;
                u64 two_words = (word + 1 < square.count ? (u64)square.word[word + 1] << 32 : 0) | square.word[word];
                high.word[high.count++] = two_words >> bit;
            }
            while (high.count && !high.word[high.count - 1])
                high.count--;
            square.count = p / 32 + 1;
            square.word[p / 32] &= (1u << p % 32) - 1;
            while (square.count && !square.word[square.count - 1])
                square.count--;
            add(&square, &high);
        }
        if (big_compare(&square, &two) < 0)
            add(&square, &modulus);
        big_subtract(&square, &two);
        s = square;
        if (!big_compare(&s, &modulus))
            big_set(&s, 0);
    }
    return !s.count;
}

static u64 power_modulo(u64 base, u64 exponent, u64 modulus)
{
    u64 power = 1;
    for (; exponent; exponent >>= 1) {
        if (exponent & 1)
            power = (unsigned __int128)power * base % modulus;
        base = (unsigned __int128)base * base % modulus;
    }
    return power;
}

static void digits_of_pi(int count)
{
    static int rest[400];
    int length = count * 10 / 3;
    for (int i = 0; i < length; i++)
        rest[i] = 2;
    int nines = 0, held = 0;
    print("pi = ");
    for (int i = 0; i < count; i++) {
        int carry = 0;
        for (int k = length - 1; k > 0; k--) {
            int x = 10 * rest[k] + carry * (k + 1);
            rest[k] = x % (2 * k + 1);
            carry = x / (2 * k + 1);
        }
        carry += 10 * rest[0];
        rest[0] = carry % 10;
        carry /= 10;
        if (carry == 9) {
            nines++;
            continue;
        }
        if (i)
            print("%d", held + carry / 10);
        for (; nines; nines--)
            print("%d", carry == 10 ? 0 : 9);
        held = carry % 10;
    }
    print("\n");
}

int main(void)
{
    static struct big a, b;
    big_set(&a, 1);
    for (int i = 2; i <= 100; i++)
        big_times(&a, i, 0);
    show("100!", a);
    for (int i = 100; i > 1; i--)
        if (big_divide(&a, i))
            return 1;
    show("0!", a);
    big_set(&b, 0);
    for (int i = 0; i < 250; i++) {
        add(&b, &a);
        add(&a, &b);
    }
    show("F(501)", a);
    big_set(&a, 3);
    for (int i = 0; i < 8; i++) {
        multiply(&b, &a, &a);
        a = b;
    }
    show("3**256", a);
    digits_of_pi(60);
    for (int p = 3; p < 130; p += 2)
        if (mersenne_is_prime(p))
            print("2**%d - 1 is prime\n", p);
    u64 prime = -59ul; /* 2**64 - 59, the greatest below 2**64 */
    for (int i = 2; i < 6; i++)
        print("%d**(p-1) = %lu, **(p/2) = %lx\n", i, power_modulo(i, prime - 1, prime), power_modulo(i, prime / 2, prime));
    unsigned __int128 wide = 1;
    for (int i = 0; i < 40; i++) {
        wide = wide * 1000003 + (wide >> 77);
        __int128 part = (__int128)wide / (i + 3) - (__int128)wide % 1000;
        if (i % 8 == 7)
            print("%016lx%016lx %016lx%016lx\n", (u64)(wide >> 64), (u64)wide, (u64)(part >> 64), (u64)part);
    }
    return 0;
}
