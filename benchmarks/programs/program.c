/* (b) Sieve of Eratosthenes, CRC-32, a linked list: freestanding, for gcc -O2 -march=z900. */
enum { SIEVE = 60000, BYTES = 20000, NODES = 4000 };

static unsigned char sieve[SIEVE];
static unsigned char bytes[BYTES];
static struct node { struct node *next; long value; } nodes[NODES];
unsigned long result;

static long primes(void)
{
    long count = 0;
    for (int i = 0; i < SIEVE; i++)
        sieve[i] = 1;
    for (int i = 2; i < SIEVE; i++)
        if (sieve[i]) {
            count++;
            for (int k = i + i; k < SIEVE; k += i)
                sieve[k] = 0;
        }
    return count;
}

static unsigned crc32(void)
{
    unsigned crc = ~0u;
    for (int i = 0; i < BYTES; i++)
        bytes[i] = (unsigned char)(i * 7 + (i >> 5));
    for (int i = 0; i < BYTES; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = (crc >> 1) ^ (0xEDB88320u & -(crc & 1));
    }
    return ~crc;
}

static long list(void)
{
    struct node *head = 0;
    long sum = 0;
    for (int i = 0; i < NODES; i++) {
        struct node *node = &nodes[(i * 1237) % NODES];
        node->value = i;
        node->next = head;
        head = node;
    }
    for (int round = 0; round < 40; round++)
        for (struct node *node = head; node; node = node->next)
            sum += node->value ^ round;
    return sum;
}

__attribute__((noreturn, noinline)) void done(void)
{
    for (;;)
        ;
}

void work(unsigned long rounds)
{
    for (unsigned long i = 0; i < rounds; i++)
        result = result * 31 + primes() + crc32() + list();
    done();
}
