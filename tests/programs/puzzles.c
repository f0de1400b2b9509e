/* Small searches and automata: queens, a sudoku, the game of life, distances of words, CRC-32, primes. */
#include "runtime.h"

static int queens(u32 columns, u32 left, u32 right, u32 all)
{
    int count = 0;
    if (columns == all)
        return 1;
    for (u32 free = ~(columns | left | right) & all; free; free &= free - 1) {
        u32 place = free & -free;
        count += queens(columns | place, (left | place) << 1, (right | place) >> 1, all);
    }
    return count;
}

static u8 board[81];
static int tried;

static u32 allowed(int at)
{
    u32 used = 0;
    int row = at / 9, column = at % 9, corner = row / 3 * 27 + column / 3 * 3;
    for (int i = 0; i < 9; i++)
        used |= 1u << board[9 * row + i] | 1u << board[9 * i + column] | 1u << board[corner + i / 3 * 9 + i % 3];
    return ~used & 0x3fe;
}

static int sudoku(void)
{
    int best = -1, fewest = 10;
    u32 choices = 0;
    for (int at = 0; at < 81; at++)
        if (!board[at]) {
            u32 found = allowed(at);
            if (__builtin_popcount(found) < fewest) {
                fewest = __builtin_popcount(found);
                choices = found;
                best = at;
            }
        }
    if (best < 0)
        return 1;
    for (; choices; choices &= choices - 1) {
        board[best] = __builtin_ctz(choices);
        tried++;
        if (sudoku())
            return 1;
    }
    board[best] = 0;
    return 0;
}

static void life(int generations)
{
    static u64 rows[18], next[18];
    memset(rows, 0, sizeof rows);
    for (int i = 1; i < 17; i++)
        rows[i] = random_bits() & random_bits();
    for (; generations; generations--) {
        for (int i = 1; i < 17; i++) {
            u64 ones = 0, twos = 0, fours = 0; /* of the neighbours, a bit for each cell */
            for (int k = -1; k <= 1; k++)
                for (int shift = -1; shift <= 1; shift++) {
                    u64 row = rows[i + k], carry;
                    if (!k && !shift)
                        continue;
                    row = shift < 0 ? row >> 1 : row << shift;
                    carry = ones & row;
                    ones ^= row;
                    fours |= twos & carry;
                    twos ^= carry;
                }
            next[i] = ~fours & twos & (ones | rows[i]);
        }
        memcpy(rows, next, sizeof rows);
    }
    u64 digest = 0;
    int cells = 0;
    for (int i = 1; i < 17; i++) {
        cells += __builtin_popcountl(rows[i]);
        digest = mix(digest, rows[i]);
    }
    print("life: %d cells, %016lx\n", cells, digest);
}

static int distance(const char *a, const char *b)
{
    int costs[40], length = strlen(b);
    for (int j = 0; j <= length; j++)
        costs[j] = j;
    for (int i = 0; a[i]; i++) {
        int corner = costs[0]++;
        for (int j = 0; b[j]; j++) {
            int cost = a[i] == b[j] ? corner : 1 + (corner < costs[j] ? corner : costs[j]);
            corner = costs[j + 1];
            costs[j + 1] = cost < corner + 1 ? cost : corner + 1;
        }
    }
    return costs[length];
}

static u32 crc32(const char *text)
{
    u32 crc = ~0u;
    for (; *text; text++) {
        crc ^= (u8)*text;
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (0xedb88320 & -(crc & 1));
    }
    return ~crc;
}

static int primes(int limit)
{
    static u8 crossed[5000];
    int count = 0;
    memset(crossed, 0, sizeof crossed);
    for (int i = 2; i < limit; i++) {
        if (crossed[i])
            continue;
        count++;
        for (int k = i * i; k < limit; k += i)
            crossed[k] = 1;
    }
    return count;
}

int main(void)
{
    static const char given[] = "53..7....6..195....98....6.8...6...34..8.3..17...2...6.6....28....419..5....8..79";
    for (int n = 4; n <= 8; n++)
        print("%d queens: %d\n", n, queens(0, 0, 0, (1u << n) - 1));
    tried = 0;
    for (int i = 0; i < 81; i++)
        board[i] = given[i] == '.' ? 0 : given[i] - '0';
    int solved = sudoku();
    print("sudoku: %d after %d\n", solved, tried);
    for (int i = 0; i < 81; i++)
        print(i % 9 == 8 ? "%d\n" : "%d", board[i]);
    life(30);
    print("%d %d %d\n", distance("kitten", "sitting"), distance("", "abc"), distance("interruption", "interpretation"));
    print("%08x %08x\n", crc32("123456789"), crc32(""));
    print("%d primes below 5000\n", primes(5000));
    return 0;
}
