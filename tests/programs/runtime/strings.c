/* The functions of string.h that the programs and gcc itself call. This file is compiled so that gcc does not make calls
   of the same functions out of their loops. */
#include "runtime.h"

void *memcpy(void *to, const void *from, size_t length)
{
    u8 *target = to;
    const u8 *source = from;
    while (length--)
        *target++ = *source++;
    return to;
}

void *memmove(void *to, const void *from, size_t length)
{
    u8 *target = to;
    const u8 *source = from;
    if (target <= source)
        return memcpy(to, from, length);
    while (length--)
        target[length] = source[length];
    return to;
}

void *memset(void *to, int value, size_t length)
{
    u8 *target = to;
    while (length--)
        *target++ = value;
    return to;
}

int memcmp(const void *a, const void *b, size_t length)
{
    const u8 *left = a, *right = b;
    for (; length; length--, left++, right++)
        if (*left != *right)
            return *left - *right;
    return 0;
}

void *memchr(const void *from, int value, size_t length)
{
    for (const u8 *at = from; length--; at++)
        if (*at == (u8)value)
            return (void *)at;
    return 0;
}

size_t strlen(const char *text)
{
    const char *end = text;
    while (*end)
        end++;
    return end - text;
}

int strncmp(const char *a, const char *b, size_t length)
{
    for (; length; length--, a++, b++)
        if (*a != *b || !*a)
            return (u8)*a - (u8)*b;
    return 0;
}

int strcmp(const char *a, const char *b)
{
    return strncmp(a, b, -1);
}

char *strncpy(char *to, const char *from, size_t length)
{
    size_t i = 0;
    for (; i < length && from[i]; i++)
        to[i] = from[i];
    for (; i < length; i++)
        to[i] = 0;
    return to;
}

char *strcpy(char *to, const char *from)
{
    return memcpy(to, from, strlen(from) + 1);
}

char *strcat(char *to, const char *from)
{
    strcpy(to + strlen(to), from);
    return to;
}

char *strchr(const char *text, int value)
{
    return memchr(text, value, strlen(text) + 1);
}

char *strrchr(const char *text, int value)
{
    const char *found = 0;
    do
        if (*text == (char)value)
            found = text;
    while (*text++);
    return (char *)found;
}

char *strstr(const char *text, const char *part)
{
    size_t length = strlen(part);
    do
        if (!strncmp(text, part, length))
            return (char *)text;
    while (*text++);
    return 0;
}

size_t strspn(const char *text, const char *set)
{
    size_t count = 0;
    while (text[count] && strchr(set, text[count]))
        count++;
    return count;
}

size_t strcspn(const char *text, const char *set)
{
    size_t count = 0;
    while (text[count] && !strchr(set, text[count]))
        count++;
    return count;
}
