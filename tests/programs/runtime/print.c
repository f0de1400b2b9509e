/* Formatted output, and the main program of every image. */
#include "runtime.h"

enum { MOST_WIDTH = 400, CONSOLE_TEXT = 3500 };

static char console[CONSOLE_TEXT + 2048];
static int waiting; /* characters */
static int silent;

u64 random_state;

static char *whole(char *end, u64 value, unsigned base)
{
    do
        *--end = "0123456789abcdef"[value % base];
    while (value /= base);
    return end;
}

static char *exponential(char *to, const char *digits, int count, int places, int exponent)
{
    *to++ = count ? digits[0] : '0';
    if (places)
        *to++ = '.';
    for (int i = 1; i <= places; i++)
        *to++ = i < count ? digits[i] : '0';
    *to++ = 'e';
    exponent = count ? exponent - 1 : 0;
    *to++ = exponent < 0 ? '-' : '+';
    if (exponent < 0)
        exponent = -exponent;
    char room[8], *end = room + sizeof room, *first = whole(end, exponent, 10);
    if (exponent < 10)
        *--first = '0';
    while (first < end)
        *to++ = *first++;
    return to;
}

static char *fixed(char *to, const char *digits, int count, int places, int exponent)
{
    if (exponent <= 0)
        *to++ = '0';
    for (int i = 0; i < exponent; i++)
        *to++ = i < count ? digits[i] : '0';
    if (places)
        *to++ = '.';
    for (int i = exponent; i < exponent + places; i++)
        *to++ = i >= 0 && i < count ? digits[i] : '0';
    return to;
}

static char *floating(char *to, double value, char kind, int places)
{
    char digits[MOST_DIGITS];
    int exponent;
    if (bits_of(value) >> 63)
        *to++ = '-';
    if (value != value || __builtin_isinf(value)) {
        memcpy(to, value != value ? "nan" : "inf", 3);
        return to + 3;
    }
    if (kind == 'f') {
        int count = decimal_digits(value, places, 1, digits, &exponent);
        return fixed(to, digits, count, places, count ? exponent : 0);
    }
    if (kind == 'e') {
        int count = decimal_digits(value, places + 1, 0, digits, &exponent);
        return exponential(to, digits, count, places, exponent);
    }
    int count = decimal_digits(value, places ? places : 1, 0, digits, &exponent);
    if (!count)
        exponent = 1;
    if (exponent < -3 || exponent > (places ? places : 1))
        return exponential(to, digits, count, count - 1, exponent);
    return fixed(to, digits, count, count > exponent ? count - exponent : 0, exponent);
}

static int format(char *to, const char *text, va_list list)
{
    char *start = to;
    for (; *text; text++) {
        if (*text != '%') {
            *to++ = *text;
            continue;
        }
        int left = 0, zeros = 0, width = 0, places = 6, is_long = 0, negative = 0;
        for (text++; *text == '-' || *text == '0'; text++)
            *(*text == '-' ? &left : &zeros) = 1;
        for (; *text >= '0' && *text <= '9'; text++)
            width = width * 10 + *text - '0';
        if (*text == '.')
            for (places = 0, text++; *text >= '0' && *text <= '9'; text++)
                places = places * 10 + *text - '0';
        if (*text == 'l') {
            is_long = 1;
            text++;
        }
        char room[MOST_WIDTH], *end = room + sizeof room, *first = end;
        if (*text == 'd') {
            i64 value = is_long ? va_arg(list, i64) : va_arg(list, int);
            negative = value < 0;
            first = whole(end, negative ? -(u64)value : (u64)value, 10);
        } else if (*text == 'u' || *text == 'x') {
            u64 value = is_long ? va_arg(list, u64) : va_arg(list, u32);
            first = whole(end, value, *text == 'x' ? 16 : 10);
        } else if (*text == 'c')
            *--first = va_arg(list, int);
        else if (*text == 's') {
            first = (char *)va_arg(list, const char *);
            end = first + strlen(first);
        } else if (*text == '%')
            *--first = '%';
        else {
            first = room;
            end = floating(room, va_arg(list, double), *text, places);
        }
        int padding = width - negative - (int)(end - first);
        if (!left && !zeros)
            for (; padding > 0; padding--)
                *to++ = ' ';
        if (negative)
            *to++ = '-';
        if (!left)
            for (; padding > 0; padding--)
                *to++ = '0';
        while (first < end)
            *to++ = *first++;
        for (; padding > 0; padding--)
            *to++ = ' ';
    }
    *to = 0;
    return to - start;
}

int print_to(char *to, const char *text, ...)
{
    va_list list;
    va_start(list, text);
    int length = format(to, text, list);
    va_end(list);
    return length;
}

void flush(void)
{
    if (!silent)
        console_write(console, waiting);
    waiting = 0;
}

void print(const char *text, ...)
{
    va_list list;
    va_start(list, text);
    waiting += format(console + waiting, text, list);
    va_end(list);
    if (waiting > CONSOLE_TEXT)
        flush();
}

int run_programs(void)
{
    int code = 0;
    for (int left = rounds; left; left--) {
        silent = left > 1; /* what is measured is not the console */
        for (const struct program *it = programs; !code && it->name; it++) {
            random_state = 0x123456789abcdef;
            print("[%s]\n", it->name);
            code = it->main();
            flush();
        }
    }
    return code;
}
