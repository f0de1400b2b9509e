/* The functions of string.h on every short length and alignment, called and as gcc does them in line. */
#include "runtime.h"

static u8 all[1200], *const room[2] = {all, all + 600};

static int sign(int x)
{
    return (x > 0) - (x < 0);
}

static u64 digest_of(const u8 *from, int length)
{
    u64 digest = length;
    while (length--)
        digest = mix(digest, *from++);
    return digest;
}

static void fill(void)
{
    for (int i = 0; i < LENGTH(all); i++)
        all[i] = 'a' + (random_bits() >> 60);
}

static void copies(void)
{
    static const int lengths[] = {0, 1, 2, 3, 7, 8, 9, 31, 127, 255, 256, 257, 300, 511, 512};
    u64 digest = 0;
    for (int i = 0; i < LENGTH(lengths); i++)
        for (int shift = -5; shift <= 5; shift += 5) {
            fill();
            memmove(room[0] + 30 + shift, room[0] + 30, lengths[i]);
            memcpy(room[1] + 7, room[0] + 11, lengths[i]);
            memset(room[1] + 100, 0x41 + i, lengths[i] / 2);
            digest = mix(digest, digest_of(all, sizeof all));
        }
    /* lengths that gcc knows */
    memcpy(room[0], room[1] + 1, 5);
    memcpy(room[0] + 8, room[1] + 8, 16);
    memcpy(room[0] + 40, room[1] + 90, 300);
    memset(room[0] + 400, ' ', 100);
    memset(room[0] + 350, 0, 33);
    memmove(room[1] + 3, room[1], 64);
    print("copies %016lx\n", mix(digest, digest_of(all, sizeof all)));
}

static void comparisons(void)
{
    u64 digest = 0;
    for (int length = 0; length < 300; length += length < 20 ? 1 : 70) {
        memset(all, 'x', sizeof all);
        digest = mix(digest, memcmp(room[0], room[1], length) == 0);
        for (int at = 0; at < length; at += 7) {
            room[0][at] = 0xf0;
            digest = mix(digest, sign(memcmp(room[0], room[1], length)) + 2 * sign(memcmp(room[1], room[0], length)));
            room[0][at] = 'x';
        }
    }
    room[0][12] = 'w';
    print("comparisons %016lx", digest);
    print(" %d %d %d\n", sign(memcmp(room[0], room[1], 12)), sign(memcmp(room[0], room[1], 16)),
          !memcmp(room[0] + 13, room[1], 16));
    static const char *const texts[] = {"", "a", "ab", "abc", "abd", "b", "\xe4", "abcdefghijklmnop", "abcdefghijklmnoq"};
    for (int i = 0; i < LENGTH(texts); i++) {
        for (int j = 0; j < LENGTH(texts); j++)
            print("%2d%2d", sign(strcmp(texts[i], texts[j])), sign(strncmp(texts[i], texts[j], 2)));
        print(" %lu\n", strlen(texts[i]));
    }
}

static void searches(void)
{
    char text[100] = "the quick brown fox", *at;
    strcat(text, " jumps over the lazy dog");
    print("%s: %lu\n", text, strlen(text));
    print("%ld %ld %d %ld\n", strchr(text, 'o') - text, strrchr(text, 'o') - text, strchr(text, 'Z') == 0,
          strchr(text, 0) - text);
    print("%ld %ld %d %ld\n", strstr(text, "the") - text, strstr(text + 1, "the") - text, strstr(text, "them") == 0,
          strstr(text, "") - text);
    print("%lu %lu %ld %d\n", strspn(text, "eht "), strcspn(text, "xyz"), (char *)memchr(text, 'q', 99) - text,
          memchr(text, 'q', 3) == 0);
    for (at = text; *at; at += strspn(at, " ")) { /* words */
        size_t length = strcspn(at, " ");
        char word[10];
        strncpy(word, at, sizeof word);
        word[length] = 0;
        print("<%s>", word);
        at += length;
    }
    print("\n");
    for (char *left = text, *right = text + strlen(text) - 1; left < right; left++, right--) {
        char it = *left;
        *left = *right;
        *right = it;
    }
    for (at = text; *at; at++)
        *at = *at >= 'a' && *at <= 'z' ? *at - 'a' + 'A' : *at == ' ' ? '_' : *at;
    print("%s\n", text);
}

int main(void)
{
    copies();
    comparisons();
    searches();
    return 0;
}
