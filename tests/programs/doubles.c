/* Doubles in decimal, by every conversion. tests/judges/test_c_programs.py has Python print the same. */
#include "runtime.h"

static void show(double value)
{
    print("%016lx %.0f|%.3f|%.0e|%.16e|%g|%.17g\n", bits_of(value), value, value, value, value, value, value);
}

int main(void)
{
    static const u64 edges[] = {
        0, 1, 0x8000000000000000, 0x000fffffffffffff, 0x0010000000000000, /* zero, least, -zero, subnormal, normal */
        0x7fefffffffffffff, 0x7ff0000000000000, 0xfff0000000000000, /* greatest, infinities */
        0x3ff0000000000000, 0x3fefffffffffffff, 0x3ff0000000000001, 0x4340000000000001, /* about 1 and 2**53 */
    };
    static const double values[] = {
        0.5, 1.5, 2.5, 0.125, 0.375, 0.0005, 0.0625, 9.5, 99.95, 999999.5, 123456.5, 1234567, 1e5, 1e6, 0.0001, 0.00001,
        1e21, 1e22, 1e23, 5e-324, 2.2250738585072011e-308, 1.7976931348623157e308, 0.1, 0.2, 0.3, 1.0 / 3, -2.0 / 3,
        3.141592653589793, 9007199254740993.0, 4503599627370497.5, 179769313486231.5, 8.41e21, 9.5367431640625e-07,
    };
    for (int i = 0; i < LENGTH(edges); i++)
        show(double_of(edges[i]));
    for (int i = 0; i < LENGTH(values); i++)
        show(values[i]);
    for (int i = 0; i < 30; i++) {
        u64 bits = random_bits();
        show(double_of(i < 5 ? bits % (0x7fful << 52) : bits >> 12 | (u64)(960 + 4 * i) << 52 | bits << 63));
    }
    print("[%8.2f|%-8.2f|%08.2f|%c|%-5d|%05d|%5d|%lx|%u|%s|%%]\n", 3.14159, 3.14159, -3.14159, 'x', -12, -12, 12,
          0xfedcba9876543210, 4000000000u, "text");
    return 0;
}
