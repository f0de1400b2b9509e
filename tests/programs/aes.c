/* AES (FIPS 197) with keys of 128, 192 and 256 bits, and cipher-block chaining. */
#include "runtime.h"

static u8 sbox[256], inverse[256];

static u8 times(u8 a, u8 b)
{
    u8 product = 0;
    for (; b; b >>= 1) {
        if (b & 1)
            product ^= a;
        a = a << 1 ^ (a & 0x80 ? 0x1b : 0);
    }
    return product;
}

static void set_boxes(void)
{
    u8 a = 1, b = 1; /* powers of 3, and of its inverse */
    do {
        a = times(a, 3);
        b = times(b, 0xf6);
        u8 s = b;
        for (int i = 1; i < 5; i++)
            s ^= b << i | b >> (8 - i);
        sbox[a] = s ^ 0x63;
    } while (a != 1);
    sbox[0] = 0x63;
    for (int i = 0; i < 256; i++)
        inverse[sbox[i]] = i;
}

struct key {
    int rounds;
    u8 schedule[15][16];
};

static void expand(struct key *key, const u8 *from, int words)
{
    u8 *schedule = key->schedule[0], constant = 1;
    key->rounds = words + 6;
    memcpy(schedule, from, 4 * words);
    for (int i = words; i < 4 * (key->rounds + 1); i++) {
        u8 word[4];
        memcpy(word, schedule + 4 * i - 4, 4);
        if (i % words == 0) {
            u8 first = word[0];
            for (int j = 0; j < 3; j++)
                word[j] = sbox[word[j + 1]];
            word[3] = sbox[first];
            word[0] ^= constant;
            constant = times(constant, 2);
        } else if (words > 6 && i % words == 4)
            for (int j = 0; j < 4; j++)
                word[j] = sbox[word[j]];
        for (int j = 0; j < 4; j++)
            schedule[4 * i + j] = schedule[4 * (i - words) + j] ^ word[j];
    }
}

static void add_key(u8 *state, const u8 *key)
{
    for (int i = 0; i < 16; i++)
        state[i] ^= key[i];
}

/* Substitutes, and shifts row i by i columns to the left, or by 4 - i. */
static void substitute(u8 *state, const u8 *box, int shift)
{
    u8 next[16];
    for (int column = 0; column < 4; column++)
        for (int row = 0; row < 4; row++)
            next[4 * column + row] = box[state[(4 * column + row + 4 * row * shift) % 16]];
    memcpy(state, next, 16);
}

static void mix_columns(u8 *state, const u8 *factors)
{
    for (u8 *column = state; column < state + 16; column += 4) {
        u8 next[4];
        for (int row = 0; row < 4; row++) {
            next[row] = 0;
            for (int i = 0; i < 4; i++)
                next[row] ^= times(column[i], factors[(i - row + 4) % 4]);
        }
        memcpy(column, next, 4);
    }
}

static void encrypt(const struct key *key, u8 *state)
{
    add_key(state, key->schedule[0]);
    for (int round = 1; round <= key->rounds; round++) {
        substitute(state, sbox, 1);
        if (round < key->rounds)
            mix_columns(state, (const u8 *)"\x02\x03\x01\x01");
        add_key(state, key->schedule[round]);
    }
}

static void decrypt(const struct key *key, u8 *state)
{
    for (int round = key->rounds; round; round--) {
        add_key(state, key->schedule[round]);
        if (round < key->rounds)
            mix_columns(state, (const u8 *)"\x0e\x0b\x0d\x09");
        substitute(state, inverse, 3);
    }
    add_key(state, key->schedule[0]);
}

static void show(const char *what, const u8 *state)
{
    print("%-10s", what);
    for (int i = 0; i < 16; i++)
        print("%02x", state[i]);
    print("\n");
}

int main(void)
{
    struct key key;
    u8 given[32], text[16], chain[16] = {0}, previous[16] = {0};
    set_boxes();
    for (int i = 0; i < 32; i++)
        given[i] = i;
    for (int words = 4; words <= 8; words += 2) {
        for (int i = 0; i < 16; i++)
            text[i] = i * 0x11;
        expand(&key, given, words);
        encrypt(&key, text);
        show("encrypted", text); /* FIPS 197, appendix C: 69c4..., dda9..., 8ea2... */
        decrypt(&key, text);
        show("decrypted", text);
    }
    for (int block = 0; block < 8; block++) {
        for (int i = 0; i < 16; i++)
            text[i] = 16 * block + i;
        add_key(chain, text);
        encrypt(&key, chain);
        u8 back[16];
        memcpy(back, chain, 16);
        decrypt(&key, back);
        add_key(back, previous);
        if (memcmp(back, text, 16))
            return 1;
        memcpy(previous, chain, 16);
    }
    show("chained", chain);
    return 0;
}
