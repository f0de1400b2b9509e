/* Six ways to sort numbers, and a generic one for records and for strings. */
#include "runtime.h"

enum { COUNT = 1000, RECORDS = 200 };

static void insertion_sort(u32 *a, int n)
{
    for (int i = 1; i < n; i++) {
        u32 it = a[i];
        int j = i;
        for (; j && a[j - 1] > it; j--)
            a[j] = a[j - 1];
        a[j] = it;
    }
}

static void shell_sort(u32 *a, int n)
{
    for (int gap = n / 2; gap; gap = gap == 2 ? 1 : gap * 5 / 11)
        for (int i = gap; i < n; i++)
            for (int j = i - gap; j >= 0 && a[j] > a[j + gap]; j -= gap) {
                u32 it = a[j];
                a[j] = a[j + gap];
                a[j + gap] = it;
            }
}

static void quick_sort(u32 *a, int n)
{
    if (n < 8) {
        insertion_sort(a, n);
        return;
    }
    u32 pivot = a[n / 2];
    int i = 0, j = n - 1;
    while (i <= j) {
        while (a[i] < pivot)
            i++;
        while (a[j] > pivot)
            j--;
        if (i <= j) {
            u32 it = a[i];
            a[i++] = a[j];
            a[j--] = it;
        }
    }
    quick_sort(a, j + 1);
    quick_sort(a + i, n - i);
}

static void sift(u32 *a, int at, int n)
{
    u32 it = a[at];
    for (int child; (child = 2 * at + 1) < n; at = child) {
        if (child + 1 < n && a[child + 1] > a[child])
            child++;
        if (a[child] <= it)
            break;
        a[at] = a[child];
    }
    a[at] = it;
}

static void heap_sort(u32 *a, int n)
{
    for (int i = n / 2 - 1; i >= 0; i--)
        sift(a, i, n);
    while (--n > 0) {
        u32 it = a[n];
        a[n] = a[0];
        a[0] = it;
        sift(a, 0, n);
    }
}

static void merge_sort(u32 *a, int n)
{
    static u32 merged[COUNT];
    if (n < 2)
        return;
    int half = n / 2, i = 0, j = half;
    merge_sort(a, half);
    merge_sort(a + half, n - half);
    for (int k = 0; k < n; k++)
        merged[k] = i < half && (j == n || a[i] <= a[j]) ? a[i++] : a[j++];
    memcpy(a, merged, n * sizeof *a);
}

static void radix_sort(u32 *a, int n)
{
    static u32 sorted[COUNT];
    for (int shift = 0; shift < 32; shift += 8) {
        int place[257] = {0};
        for (int i = 0; i < n; i++)
            place[(a[i] >> shift & 255) + 1]++;
        for (int i = 0; i < 256; i++)
            place[i + 1] += place[i];
        for (int i = 0; i < n; i++)
            sorted[place[a[i] >> shift & 255]++] = a[i];
        memcpy(a, sorted, n * sizeof *a);
    }
}

/* Any elements of up to 32 bytes, and stable. */
static void sort(void *base, int count, size_t size, int (*compare)(const void *, const void *))
{
    u8 *from = base, it[32];
    for (int i = 1; i < count; i++) {
        int j = i;
        memcpy(it, from + i * size, size);
        for (; j && compare(from + (j - 1) * size, it) > 0; j--)
            memcpy(from + j * size, from + (j - 1) * size, size);
        memcpy(from + j * size, it, size);
    }
}

struct record {
    double weight;
    i16 key;
    i8 group;
    char name[9];
};

static int by_weight(const void *a, const void *b)
{
    const struct record *left = a, *right = b;
    return (left->weight > right->weight) - (left->weight < right->weight);
}

static int by_group_and_key(const void *a, const void *b)
{
    const struct record *left = a, *right = b;
    return left->group != right->group ? left->group - right->group : left->key - right->key;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

int main(void)
{
    static const struct { const char *name; void (*sort)(u32 *, int); } ways[] = {
        {"insertion", insertion_sort}, {"shell", shell_sort}, {"quick", quick_sort},
        {"heap", heap_sort}, {"merge", merge_sort}, {"radix", radix_sort},
    };
    static u32 given[COUNT], numbers[COUNT];
    for (int i = 0; i < COUNT; i++)
        given[i] = i % 5 ? random_bits() >> 32 : i;
    for (int way = 0; way < LENGTH(ways); way++) {
        memcpy(numbers, given, sizeof given);
        ways[way].sort(numbers, way ? COUNT : COUNT / 4);
        u64 digest = 0;
        int wrong = 0;
        for (int i = 0; i < COUNT; i++) {
            digest = mix(digest, numbers[i]);
            wrong += way && i && numbers[i - 1] > numbers[i];
        }
        print("%-10s %016lx %d wrong, %u %u %u\n", ways[way].name, digest, wrong, numbers[0], numbers[1], numbers[99]);
    }

    static struct record records[RECORDS];
    static const char *names[RECORDS];
    for (int i = 0; i < RECORDS; i++) {
        struct record *it = &records[i];
        it->weight = (double)(i64)random_bits() / 1e15;
        it->key = random_bits();
        it->group = random_bits() % 7 - 3;
        print_to(it->name, "%x", (u32)random_bits() >> 4);
        names[i] = it->name;
    }
    sort(names, RECORDS, sizeof *names, by_name);
    for (int i = 0; i < 4; i++)
        print("%s %s\n", names[i], names[RECORDS - 1 - i]);
    sort(records, RECORDS, sizeof *records, by_weight);
    print("%.3f to %.3f\n", records[0].weight, records[RECORDS - 1].weight);
    sort(records, RECORDS, sizeof *records, by_group_and_key);
    for (int i = 0; i < RECORDS; i += 40)
        print("%d %d %s %.6e\n", records[i].group, records[i].key, records[i].name, records[i].weight);
    return 0;
}
