/* The functions of math.h that gcc calls where a model has no instruction for them. */
#include "runtime.h"

double floor(double x);
double ceil(double x);
double trunc(double x);
double rint(double x);

enum { MANTISSA_BITS = 52, BIAS = 1023 };

double trunc(double x)
{
    u64 bits = bits_of(x);
    int exponent = (int)(bits >> MANTISSA_BITS & 0x7ff) - BIAS;
    if (exponent < 0)
        return double_of(bits & 1ul << 63);
    return exponent < MANTISSA_BITS ? double_of(bits & ~0ul << (MANTISSA_BITS - exponent)) : x;
}

double floor(double x)
{
    double whole = trunc(x);
    return whole > x ? whole - 1 : whole;
}

double ceil(double x)
{
    double whole = trunc(x);
    return whole < x ? whole + 1 : whole;
}

double rint(double x)
{
    double shift = __builtin_copysign(4503599627370496.0, x); /* from here on all doubles are whole */
    return __builtin_fabs(x) < 4503599627370496.0 ? __builtin_copysign(x + shift - shift, x) : x;
}
