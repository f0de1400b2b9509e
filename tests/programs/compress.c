/* Two ways to compress a text, and back: repetitions (LZ77), and letters by their frequency (Huffman). */
#include "runtime.h"

enum { MOST = 4000, WINDOW = 1024, LEAST_MATCH = 3, MOST_MATCH = 66 };

static u8 text[MOST], packed[MOST], coded[2 * MOST], back[MOST];

static int write_text(void)
{
    static const char *const words[] = {"page ", "frame ", "the host ", "a guest ", "discards ", "brings ", "hints at ",
                                        "and ", "of ", "volatile ", "unused ", "stable ", "blocks. "};
    int length = 0;
    while (length < MOST - 20) {
        const char *word = words[random_bits() % LENGTH(words)];
        memcpy(text + length, word, strlen(word));
        length += strlen(word);
    }
    return length;
}

/* A byte below 0x80 is itself; else it has a length, and with the next one a distance. */
static int pack(int length)
{
    int written = 0;
    for (int at = 0; at < length;) {
        int best = 0, from = 0;
        for (int start = at > WINDOW ? at - WINDOW : 0; start < at; start++) {
            int match = 0;
            while (match < MOST_MATCH - 1 && at + match < length && text[start + match] == text[at + match])
                match++;
            if (match > best) {
                best = match;
                from = start;
            }
        }
        if (best >= LEAST_MATCH) {
            int distance = at - from - 1;
            packed[written++] = 0x80 | (best - LEAST_MATCH);
            packed[written++] = distance >> 8;
            packed[written++] = distance;
            at += best;
        } else
            packed[written++] = text[at++];
    }
    return written;
}

static int unpack(const u8 *from, int length)
{
    int written = 0;
    for (const u8 *end = from + length; from < end;) {
        if (*from < 0x80) {
            back[written++] = *from++;
            continue;
        }
        int match = (from[0] & 0x7f) + LEAST_MATCH, distance = (from[1] << 8 | from[2]) + 1;
        for (from += 3; match; match--, written++)
            back[written] = back[written - distance];
    }
    return written;
}

static struct { int weight, parent, left, right; } nodes[512];
static u32 codes[256];
static u8 lengths[256];

static int lightest(int count)
{
    int found = -1;
    for (int i = 0; i < count; i++)
        if (nodes[i].weight && !nodes[i].parent && (found < 0 || nodes[i].weight < nodes[found].weight))
            found = i;
    return found;
}

static void name_leaves(int node, u32 code, int length)
{
    if (node < 256) {
        codes[node] = code;
        lengths[node] = length;
        return;
    }
    name_leaves(nodes[node].left, code << 1, length + 1);
    name_leaves(nodes[node].right, code << 1 | 1, length + 1);
}

static int make_tree(const u8 *from, int length)
{
    int count = 256;
    memset(nodes, 0, sizeof nodes);
    for (int i = 0; i < length; i++)
        nodes[from[i]].weight++;
    for (;;) {
        int left = lightest(count), right;
        nodes[left].parent = count;
        right = lightest(count);
        if (right < 0)
            return left;
        nodes[right].parent = count;
        nodes[count].left = left;
        nodes[count].right = right;
        nodes[count].weight = nodes[left].weight + nodes[right].weight;
        count++;
    }
}

static int encode(const u8 *from, int length)
{
    u64 bits = 0;
    int held = 0, written = 0;
    for (int i = 0; i < length; i++) {
        bits = bits << lengths[from[i]] | codes[from[i]];
        for (held += lengths[from[i]]; held >= 8; held -= 8)
            coded[written++] = bits >> (held - 8);
    }
    coded[written++] = bits << (8 - held);
    return written;
}

static void decode(u8 *to, int length, int root)
{
    for (int i = 0, bit = 0; i < length; i++) {
        int node = root;
        for (; node >= 256; bit++)
            node = coded[bit / 8] >> (7 - bit % 8) & 1 ? nodes[node].right : nodes[node].left;
        to[i] = node;
    }
}

static u64 digest_of(const u8 *from, int length)
{
    u64 digest = length;
    for (int i = 0; i < length; i++)
        digest = mix(digest, from[i]);
    return digest;
}

int main(void)
{
    int length = write_text();
    print("%d characters, %016lx\n", length, digest_of(text, length));
    int short_length = pack(length);
    print("repetitions: %d bytes, %016lx\n", short_length, digest_of(packed, short_length));
    int root = make_tree(packed, short_length);
    name_leaves(root, 0, 0);
    int bytes = encode(packed, short_length);
    print("letters: %d bytes, %016lx; a blank has %d bits, %x\n", bytes, digest_of(coded, bytes), lengths[' '], codes[' ']);
    memset(packed, 0, sizeof packed);
    decode(packed, short_length, root);
    int back_again = unpack(packed, short_length);
    print("back: %d characters, %d\n", back_again, memcmp(text, back, length));
    return 0;
}
