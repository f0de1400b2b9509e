/* SHA-256 (FIPS 180-4) and HMAC. tests/judges/test_c_programs.py has the same from Python's hashlib. */
#include "runtime.h"

struct sha {
    u32 state[8];
    u64 length;
    u8 block[64];
};

static u32 constants[64], start[8];

/* The first 32 bits behind the point of the roots of primes. */
static void set_constants(void)
{
    int found = 0;
    for (int candidate = 2; found < 64; candidate++) {
        int divisor = 2;
        while (divisor * divisor <= candidate && candidate % divisor)
            divisor++;
        if (divisor * divisor <= candidate)
            continue;
        /* the greatest whole number whose cube (square) is at most candidate * 2**96 (2**64) */
        unsigned __int128 cube = 0, square = 0;
        for (int bit = 36; bit >= 0; bit--) {
            unsigned __int128 more = cube | (unsigned __int128)1 << bit;
            if (more * more * more <= (unsigned __int128)candidate << 96)
                cube = more;
            more = square | (unsigned __int128)1 << bit;
            if (more * more <= (unsigned __int128)candidate << 64)
                square = more;
        }
        if (found < 8)
            start[found] = square;
        constants[found++] = cube;
    }
}

static u32 rotated(u32 value, int by)
{
    return value >> by | value << (32 - by);
}

static void take_block(struct sha *sha)
{
    u32 w[64], s[8];
    for (int i = 0; i < 16; i++) {
        const u8 *at = sha->block + 4 * i;
        w[i] = (u32)at[0] << 24 | at[1] << 16 | at[2] << 8 | at[3];
    }
    for (int i = 16; i < 64; i++) {
        u32 a = rotated(w[i - 15], 7) ^ rotated(w[i - 15], 18) ^ w[i - 15] >> 3;
        u32 b = rotated(w[i - 2], 17) ^ rotated(w[i - 2], 19) ^ w[i - 2] >> 10;
        w[i] = w[i - 16] + a + w[i - 7] + b;
    }
    memcpy(s, sha->state, sizeof s);
    for (int i = 0; i < 64; i++) {
        u32 e = rotated(s[4], 6) ^ rotated(s[4], 11) ^ rotated(s[4], 25);
        u32 first = s[7] + e + ((s[4] & s[5]) ^ (~s[4] & s[6])) + constants[i] + w[i];
        u32 a = rotated(s[0], 2) ^ rotated(s[0], 13) ^ rotated(s[0], 22);
        u32 second = a + ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
        memmove(s + 1, s, 7 * sizeof *s);
        s[4] += first;
        s[0] = first + second;
    }
    for (int i = 0; i < 8; i++)
        sha->state[i] += s[i];
}

static void begin(struct sha *sha)
{
    sha->length = 0;
    memcpy(sha->state, start, sizeof start);
}

static void add(struct sha *sha, const void *data, int length)
{
    for (const u8 *from = data; length--; from++) {
        sha->block[sha->length++ % 64] = *from;
        if (sha->length % 64 == 0)
            take_block(sha);
    }
}

static void finish(struct sha *sha, u8 *digest)
{
    u64 bits = sha->length * 8;
    add(sha, "\x80", 1);
    while (sha->length % 64 != 56)
        add(sha, "", 1);
    for (int shift = 56; shift >= 0; shift -= 8)
        add(sha, &(u8){bits >> shift}, 1);
    for (int i = 0; i < 32; i++)
        digest[i] = sha->state[i / 4] >> (24 - i % 4 * 8);
}

static void hmac(const char *key, const char *text, u8 *digest)
{
    struct sha sha;
    u8 pad[64] = {0};
    memcpy(pad, key, strlen(key));
    for (int i = 0; i < 64; i++)
        pad[i] ^= 0x36;
    begin(&sha);
    add(&sha, pad, 64);
    add(&sha, text, strlen(text));
    finish(&sha, digest);
    for (int i = 0; i < 64; i++)
        pad[i] ^= 0x36 ^ 0x5c;
    begin(&sha);
    add(&sha, pad, 64);
    add(&sha, digest, 32);
    finish(&sha, digest);
}

static void show(const char *what, const u8 *digest)
{
    for (int i = 0; i < 32; i++)
        print("%02x", digest[i]);
    print(" %s\n", what);
}

int main(void)
{
    static const char *const texts[] = {"", "abc", "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"};
    struct sha sha;
    u8 digest[32];
    set_constants();
    for (int i = 0; i < LENGTH(texts); i++) {
        begin(&sha);
        add(&sha, texts[i], strlen(texts[i]));
        finish(&sha, digest);
        show(texts[i], digest);
    }
    begin(&sha);
    for (int i = 0; i < 5000; i++)
        add(&sha, "a", 1);
    finish(&sha, digest);
    show("5000 times a", digest);
    hmac("key", "The quick brown fox jumps over the lazy dog", digest);
    show("hmac", digest);
    return 0;
}
