/* Natural numbers of up to BIG_WORDS words. */
#include "runtime.h"

void big_set(struct big *a, u64 value)
{
    a->count = 0;
    for (; value; value >>= 32)
        a->word[a->count++] = value;
}

void big_times(struct big *a, u32 factor, u32 addend)
{
    u64 carry = addend;
    for (int i = 0; i < a->count; i++) {
        carry += (u64)a->word[i] * factor;
        a->word[i] = carry;
        carry >>= 32;
    }
    if (carry)
        a->word[a->count++] = carry;
}

static void trim(struct big *a)
{
    while (a->count && !a->word[a->count - 1])
        a->count--;
}

u32 big_divide(struct big *a, u32 divisor)
{
    u64 rest = 0;
    for (int i = a->count - 1; i >= 0; i--) {
        rest = rest << 32 | a->word[i];
        a->word[i] = rest / divisor;
        rest %= divisor;
    }
    trim(a);
    return rest;
}

void big_shift(struct big *a, int bits)
{
    int words = bits / 32;
    if (bits % 32)
        big_times(a, 1u << bits % 32, 0);
    if (!words || !a->count)
        return;
    for (int i = a->count - 1; i >= 0; i--)
        a->word[i + words] = a->word[i];
    memset(a->word, 0, words * sizeof a->word[0]);
    a->count += words;
}

int big_compare(const struct big *a, const struct big *b)
{
    if (a->count != b->count)
        return a->count < b->count ? -1 : 1;
    for (int i = a->count - 1; i >= 0; i--)
        if (a->word[i] != b->word[i])
            return a->word[i] < b->word[i] ? -1 : 1;
    return 0;
}

void big_subtract(struct big *a, const struct big *b)
{
    u64 borrow = 0;
    for (int i = 0; i < a->count; i++) {
        u64 difference = (u64)a->word[i] - (i < b->count ? b->word[i] : 0) - borrow;
        a->word[i] = difference;
        borrow = difference >> 63;
    }
    trim(a);
}
