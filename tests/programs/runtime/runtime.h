/* What every program has: from the other files of this folder on the bare machine; on a host the string functions,
   setjmp and threads are those of its C library (host.c). */
#ifndef RUNTIME_H
#define RUNTIME_H

#include <stdarg.h>
#include <stddef.h>

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long u64;
typedef signed char i8;
typedef short i16;
typedef int i32;
typedef long i64;

#define LENGTH(array) ((int)(sizeof(array) / sizeof(array)[0]))

/* print.c: %d %u %x %c %s %f %e %g with -, 0, width, precision, l */
void print(const char *format, ...) __attribute__((format(printf, 1, 2)));
int print_to(char *to, const char *format, ...) __attribute__((format(printf, 2, 3)));
void flush(void);

/* decimal.c: correctly rounded, to nearest, ties to even */
enum { MOST_DIGITS = 800 }; /* of any double */
int decimal_digits(double value, int places, int behind_point, char *digits, int *exponent);
double parse_double(const char *text, const char **end);

/* big.c: natural numbers */
enum { BIG_WORDS = 160 };
struct big {
    int count; /* of words that are used, the lowest first */
    u32 word[BIG_WORDS];
};
void big_set(struct big *a, u64 value);
void big_times(struct big *a, u32 factor, u32 addend);
u32 big_divide(struct big *a, u32 divisor); /* returns the remainder */
void big_shift(struct big *a, int bits); /* to the left */
int big_compare(const struct big *a, const struct big *b);
void big_subtract(struct big *a, const struct big *b); /* a >= b */

/* strings.c, or the C library */
void *memcpy(void *to, const void *from, size_t length);
void *memmove(void *to, const void *from, size_t length);
void *memset(void *to, int value, size_t length);
int memcmp(const void *a, const void *b, size_t length);
void *memchr(const void *from, int value, size_t length);
size_t strlen(const char *text);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t length);
char *strcpy(char *to, const char *from);
char *strncpy(char *to, const char *from, size_t length);
char *strcat(char *to, const char *from);
char *strchr(const char *text, int value);
char *strrchr(const char *text, int value);
char *strstr(const char *text, const char *part);
size_t strspn(const char *text, const char *set);
size_t strcspn(const char *text, const char *set);

/* start.s, or the C library */
#ifdef __s390x__
typedef u64 jmp_buf[18];
int setjmp(jmp_buf context) __attribute__((returns_twice));
void longjmp(jmp_buf context, int value) __attribute__((noreturn));
#else
#include <setjmp.h>
#endif

/* machine.c, host.c */
void console_write(const char *text, int length);
void both(void (*work)(int)); /* work(0) and work(1) at the same time, or in turns where there is one CPU */
void relax(void); /* let the other go on */
enum { TO_NEAREST, TO_ZERO, UPWARD, DOWNWARD };
void set_rounding(int mode);
enum { INEXACT = 1, UNDERFLOW = 2, OVERFLOW = 4, DIVISION_BY_ZERO = 8, INVALID = 16 };
int exceptions(void); /* since the last call */

/* Values that are the same everywhere. */
extern u64 random_state;
static inline u64 random_bits(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    return random_state ^= random_state << 17;
}

static inline u64 mix(u64 digest, u64 value)
{
    return (digest ^ value) * 0x100000001b3;
}

static inline u64 bits_of(double value)
{
    u64 bits;
    __builtin_memcpy(&bits, &value, sizeof bits);
    return bits;
}

static inline double double_of(u64 bits)
{
    double value;
    __builtin_memcpy(&value, &bits, sizeof value);
    return value;
}

static inline u32 float_bits(float value)
{
    u32 bits;
    __builtin_memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* What is run: written for each image (tests/programs/build.py). */
struct program {
    const char *name;
    int (*main)(void);
};
extern const struct program programs[];
extern const int rounds, translation;
int run_programs(void);

#endif
