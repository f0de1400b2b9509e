/* double to decimal and back, exactly, by whole numbers. */
#include "runtime.h"

enum { MANTISSA_BITS = 52, BIAS = 1075, LEAST_EXPONENT = -1074, LEAST_NORMAL = -1022, INFINITE = 0x7ff };

/* Writes the decimal digits of a number and returns how many there are. */
static int digits_of(struct big *number, char *digits)
{
    char reversed[BIG_WORDS * 10];
    int count = 0;
    while (number->count) {
        u32 nine = big_divide(number, 1000000000);
        for (int i = 0; i < 9; i++, nine /= 10)
            reversed[count++] = '0' + nine % 10;
    }
    while (count && reversed[count - 1] == '0')
        count--;
    for (int i = 0; i < count; i++)
        digits[i] = reversed[count - 1 - i];
    return count;
}

/* |value| = 0.DIGITS * 10**exponent, rounded to so many places: behind the point, or digits in all. Returns the number of
   digits, without zeros at the end. There must be room for MOST_DIGITS. */
int decimal_digits(double value, int places, int behind_point, char *digits, int *exponent)
{
    static struct big number; /* static for a small stack; only one thread prints */
    u64 bits = bits_of(value);
    int power = bits >> MANTISSA_BITS & INFINITE;
    u64 mantissa = bits & ((1ul << MANTISSA_BITS) - 1);
    if (power)
        mantissa |= 1ul << MANTISSA_BITS;
    power = (power ? power : 1) - BIAS;
    big_set(&number, mantissa);
    if (power > 0)
        big_shift(&number, power);
    for (int i = power; i < 0; i++)
        big_times(&number, 5, 0);
    int count = digits_of(&number, digits);
    *exponent = count + (power < 0 ? power : 0);
    if (behind_point)
        places += *exponent;
    if (places < 0)
        count = 0;
    else if (places < count) {
        int above_half = digits[places] - '5';
        for (int i = places + 1; !above_half && i < count; i++)
            above_half = digits[i] - '0';
        if (!above_half && places) /* a tie */
            above_half = (digits[places - 1] - '0') % 2;
        count = places;
        if (above_half > 0) {
            while (count && digits[count - 1] == '9')
                count--;
            if (count)
                digits[count - 1]++;
            else {
                digits[count++] = '1';
                ++*exponent;
            }
        }
    }
    while (count && digits[count - 1] == '0')
        count--;
    return count;
}

/* Rounds number/divisor * 2**power, where both are scaled so that 1 <= number/divisor < 2. */
static double rounded(struct big *number, const struct big *divisor, int power)
{
    int wanted = MANTISSA_BITS + 1;
    if (power - MANTISSA_BITS < LEAST_EXPONENT)
        wanted = power - LEAST_EXPONENT + 1;
    if (wanted < 0)
        return 0;
    u64 mantissa = 0;
    int bit = 0;
    for (int i = 0; i <= wanted; i++) { /* the last bit is the one behind the mantissa */
        mantissa = mantissa << 1 | bit;
        bit = big_compare(number, divisor) >= 0;
        if (bit)
            big_subtract(number, divisor);
        big_times(number, 2, 0);
    }
    if (bit && (number->count || mantissa & 1))
        mantissa++;
    if (wanted > MANTISSA_BITS) /* its first bit adds 1 to the exponent, and so does a carry */
        mantissa += (u64)(power - LEAST_NORMAL) << MANTISSA_BITS;
    return double_of(mantissa);
}

double parse_double(const char *text, const char **end)
{
    static struct big number, divisor;
    int negative = *text == '-', digits = 0, exponent = 0, point = 0, seen = 0;
    if (*text == '-' || *text == '+')
        text++;
    big_set(&number, 0);
    for (;; text++) {
        if (*text == '.' && !point)
            point = 1;
        else if (*text < '0' || *text > '9')
            break;
        else {
            seen = 1;
            if (digits < MOST_DIGITS) { /* no double nor tie has more; what follows could only break a tie of zeros */
                big_times(&number, 10, *text - '0');
                digits += number.count > 0;
                exponent -= point;
            } else
                exponent += !point;
        }
    }
    if (seen && (*text == 'e' || *text == 'E')) {
        const char *at = text + 1;
        int minus = *at == '-', value = 0;
        if (*at == '-' || *at == '+')
            at++;
        if (*at >= '0' && *at <= '9') {
            for (; *at >= '0' && *at <= '9'; at++)
                value = value < 100000 ? value * 10 + *at - '0' : value;
            exponent += minus ? -value : value;
            text = at;
        }
    }
    if (end)
        *end = text;
    double value = 0;
    if (number.count && digits + exponent > 310)
        value = __builtin_inf();
    else if (number.count && digits + exponent > -330) {
        big_set(&divisor, 1);
        for (int i = 0; i < exponent; i++)
            big_times(&number, 10, 0);
        for (int i = 0; i > exponent; i--)
            big_times(&divisor, 10, 0);
        int power = 32 * (number.count - divisor.count);
        big_shift(power < 0 ? &number : &divisor, power < 0 ? -power : power);
        for (; big_compare(&number, &divisor) < 0; power--)
            big_times(&number, 2, 0);
        for (;; power++) {
            big_times(&divisor, 2, 0);
            if (big_compare(&number, &divisor) < 0)
                break;
        }
        /* now divisor / 2 <= number < divisor */
        big_times(&number, 2, 0);
        value = power > 1023 ? __builtin_inf() : rounded(&number, &divisor, power);
    }
    return negative ? -value : value;
}
