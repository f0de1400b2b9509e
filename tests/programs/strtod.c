/* Decimal to double: hard cases, and that every double comes back from its 17 digits and from the fewest that will do.
   tests/judges/test_c_programs.py has Python read the same. */
#include "runtime.h"

static const char *const texts[] = {
    "0", "-0", "1", "+1.5", ".5", "5.", "1e0", "1e", "1e+", "12.34.56", "7x", "1e400", "-1e400", "1e-400",
    "9007199254740992", "9007199254740993", "9007199254740994", "9007199254740995", /* ties above 2**53 */
    "9007199254740993.00000000000000000000000000000000000000000000000000000000000000000001",
    "9007199254740992.99999999999999999999999999999999999999999999999999999999999999999999",
    "1.7976931348623157e308", "1.7976931348623158e308", "1.7976931348623159e308", /* the last is above the last tie */
    "179769313486231580793728971405303415079934132710037826936173778980444968292764750946649017977587207096330286416692"
    "887910946555547851940402630657488671505820681908902000708383676273854845817711531764475730270069855571366959622842"
    "914819860834936475292719074168444365510704342711559699508093042880177904174497792", /* that tie: infinity */
    "4.9406564584124654e-324", "2.4703282292062327e-324", "2.4703282292062328e-324", "7.4109846876186981e-324",
    "2.2250738585072014e-308", "2.2250738585072011e-308", "2.2250738585072012e-308", /* about the least normal number */
    "6.9294956446009195e15", "8.41e21", "9.109e-31", "0.000000000000000000000000000000001234567890123456789",
    "123456789012345678901234567890", "1e23", "8.5e22", "2.225073858507201136057409796709131975934819546351645648e-308",
    "1000000000000000000000000000000000000000e-39", "0.1e1", "100000e-10", "0e999999999",
};

static double with_digits(double value, int digits)
{
    char found[MOST_DIGITS], text[40];
    int exponent, count = decimal_digits(value, digits, 0, found, &exponent);
    found[count] = 0;
    print_to(text, "0.%se%d", found, exponent);
    return parse_double(text, 0);
}

int main(void)
{
    for (int i = 0; i < LENGTH(texts); i++) {
        const char *end;
        double value = parse_double(texts[i], &end);
        print("%016lx %d %s\n", bits_of(value), (int)(end - texts[i]), texts[i]);
    }
    u64 digest = 0;
    int wrong = 0, needed[18] = {0};
    for (int i = 0; i < 60; i++) {
        u64 bits = random_bits() >> 1;
        if (i % 3)
            bits = bits >> 11 | (u64)(1000 + i) << 52;
        double value = double_of(bits);
        int low = 1, high = 17; /* the more digits, the nearer */
        while (low < high) {
            int middle = (low + high) / 2;
            if (with_digits(value, middle) == value)
                high = middle;
            else
                low = middle + 1;
        }
        needed[low]++;
        wrong += with_digits(value, 17) != value;
        digest = mix(digest, bits_of(with_digits(value, 5)));
    }
    print("%d wrong, %016lx; need 17 digits: %d, 16: %d, 15: %d\n", wrong, digest, needed[17], needed[16], needed[15]);
    return 0;
}
