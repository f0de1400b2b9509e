"""C programs for the judge of the assembler: one with what gcc has directives for, and random ones.

They are never run by the judge, only compiled: what counts is which directives, operands and symbols gcc makes of them.
"""

from __future__ import annotations

import random

FEATURES = r"""
struct node { struct node *next; long key; char name[12]; double weight; unsigned flag : 3, count : 13; };
typedef int (*operation)(int, int);
extern int elsewhere, shared_table[]; extern __thread int thread_elsewhere;
int function_elsewhere(int), maybe(int) __attribute__((weak)); extern int maybe_data __attribute__((weak));
__thread int thread_global = 3; static __thread long thread_private, thread_set = 4;
int tentative, tentative_table[17]; static int private_room[5]; static char odd_room[3];
const char *words[] = {"zero", "one \"q\" \\ \t\377", "", "one \"q\" \\ \t\377"};
static const int constants[] = {1, -2, 3}; const double reals[] = {1.5, -2.25e300, 1e-320}; float small = 0.1f;
long double wide = 3.5L; _Complex double turned = 1.0 + 2.0i; __int128 huge = (__int128)1 << 100;
const wchar_t_ *unused_ = 0; unsigned short utf16[] = u"h\u00e9";
struct node pool[4] = {{&pool[1], 1, "a", 0.5, 1, 2}, {0, 2, "b", 1.5, 3, 4}};
char *beyond = (char *)&pool[2] + 3; long distance = (long)&pool[1]; int *const back = &private_room[2];
static int add(int a, int b) { return a + b; } static int take(int a, int b) { return a - b; }
operation operations[] = {add, take, 0};
int alias_of(int x) { return x * 3; } int other_name(int) __attribute__((alias("alias_of")));
extern int weak_name(int) __attribute__((weak, alias("alias_of")));
__attribute__((visibility("hidden"))) int hidden_function(int x) { return x ^ 5; }
__attribute__((section(".special.text"))) int elsewhere_placed(int x) { return x + private_room[x & 3]; }
__attribute__((section(".special.data"))) int special = 7; __attribute__((aligned(256))) char aligned_room[16];
__attribute__((constructor)) static void first(void) { tentative = 1; }
__attribute__((destructor(200))) static void last(void) { tentative = 2; }
__attribute__((cold, noinline)) static void report(const char *what) { function_elsewhere(what[0]); }
static void release(int *p) { function_elsewhere(*p); }
int guarded(int n) { int held __attribute__((cleanup(release))) = n; return function_elsewhere(n) + held; }
static inline int chosen(int x) {
    switch (x) { case 0: return 3; case 1: return 77; case 2: return -4; case 3: return 12; case 4: return 8;
                 case 5: return 99; case 6: return 1; case 9: return 5; case 1000: return 6; }
    return x * 3;
}
int many(int n, ...) {
    __builtin_va_list list; int sum = 0; __builtin_va_start(list, n);
    while (n--) sum += n & 1 ? __builtin_va_arg(list, int) : (int)__builtin_va_arg(list, double);
    __builtin_va_end(list); return sum;
}
void *jump(int n) {
    static void *const targets[] = {&&a, &&b, &&c}; goto *targets[n];
a:  report(words[n]); b: return (void *)words[0]; c: return &&a;
}
int threads(int n) { thread_private += n; return thread_global + thread_elsewhere + thread_private + thread_set; }
double reckon(double a, float b, long c) { return a * b + c / 3.0 - (float)c + reals[c & 1] + __real__ turned; }
unsigned long divide(unsigned long a, unsigned long b) { return a / b + a % b + (unsigned)(a >> 3) % 10; }
long walk(struct node *n) {
    long sum = 0; struct node copy = *n, *p = &copy;
    for (; p; p = p->next) { sum += p->key * p->count; if (p->name[3] == 'a') sum ^= p->flag; }
    return sum + __builtin_strlen(words[1]) + (maybe ? maybe(3) : maybe_data ? 1 : 0);
}
int nested(int n) { int inner(int m) { return m + n; } int (*p)(int) = inner; return function_elsewhere((long)p); }
int atoms(int *p, int o, int n) { __sync_val_compare_and_swap(p, o, n); return __sync_fetch_and_add(p, n); }
int dispatch(int n, int m) {
    struct { int a[20]; char b[100]; } local = {{n}}; char *volatile room = __builtin_alloca(m);
    for (int i = 0; i < n; i++) { local.a[i % 20] += chosen(i) + operations[i & 1](i, m); room[i] = local.b[i]; }
    if (__builtin_expect(n > 90, 0)) { report("rare"); __builtin_trap(); }
    asm volatile("# nothing\n\t.pushsection .noted,\"a\"\n\t.long 1f-.\n\t.popsection\n1:" ::: "memory");
    return local.a[3] + elsewhere + shared_table[m] + tentative_table[n] + odd_room[n & 1] + special + (int)huge;
}
""".replace("const wchar_t_ *unused_ = 0; ", "")


def random_program(seed: int) -> str:
    """A program of random functions on random data: valid C, with no promise of what it would do."""
    rng = random.Random(seed)
    types = ("int", "unsigned", "long", "unsigned long", "short", "signed char", "unsigned char", "double", "float")
    lines, variables, functions = [], [], []
    for number in range(rng.randint(4, 12)):
        name, kind, place = f"v{number}", rng.choice(types), rng.choice(("", "static ", "extern ", "static const "))
        size = rng.choice(("", f"[{rng.randint(1, 40)}]"))
        values = ", ".join(str(rng.randint(-100, 100)) for _ in range(rng.randint(1, 3)))
        value = f" = {{{values}}}" if size and rng.random() < 0.5 else f" = {rng.randint(0, 99)}" if not size else ""
        value = "" if place == "extern " else value or (" = {1}" if "const" in place else "")
        if "[1]" in size:
            value = value and " = {5}"
        if "[2]" in size and value:
            value = " = {5, 6}"
        lines.append(f"{place}{kind} {name}{size}{value};")
        variables.append((f"{name}[({{}}) & 0]" if size else name, "const" not in place, kind in ("double", "float")))

    def term(depth: int, whole: bool = False) -> str:
        choice = rng.randrange(6 if depth else 3)
        if choice == 0:
            return str(rng.choice((0, 1, -1, 7, 255, 4096, -70000, 1 << 31, rng.getrandbits(40))))
        if choice <= 2:
            known = [each for each, _, real in variables if not (whole and real)]
            return rng.choice([*known, "a", "b"]).format(rng.choice(("a", "b")))
        if choice == 3 and functions:
            return f"{rng.choice(functions)}({term(depth - 1)}, {term(depth - 1)})"
        if choice == 4:
            operator = rng.choice(("&", "|", "^", "<<", ">>", "%"))
            right = f"({term(0, True)} & 15 | 1)" if operator in ("<<", ">>", "%") else term(depth - 1, True)
            return f"((long)({term(depth - 1, True)}) {operator} (long){right})"
        return f"({term(depth - 1)} {rng.choice(('+', '-', '*', '<', '==', '&&'))} {term(depth - 1)})"

    def statement(depth: int) -> str:
        choice = rng.randrange(6 if depth else 2)
        if choice <= 1:
            targets = [each.format("b") for each, changeable, _ in variables if changeable] or ["a"]
            return f"{rng.choice([*targets, 'a'])} = {term(2)};"
        body = " ".join(statement(depth - 1) for _ in range(rng.randint(1, 3)))
        if choice == 2:
            return f"if ({term(2)}) {{ {body} }} else {{ {statement(0)} }}"
        if choice == 3:
            return f"for (int i = 0; i < (int)(b & 31); i++) {{ a += i; {body} }}"
        if choice == 4:
            cases = " ".join(f"case {n}: {statement(0)} break;" for n in rng.sample(range(20), rng.randint(2, 9)))
            return f"switch (b & 31) {{ {cases} default: {statement(0)} }}"
        return f"do {{ {body} }} while (b-- > {rng.randint(0, 9)});"

    for number in range(rng.randint(2, 8)):
        name, place = f"f{number}", rng.choice(("", "static ", "static __attribute__((noinline)) "))
        body = "\n    ".join(statement(2) for _ in range(rng.randint(1, 6)))
        lines.append(f"{place}long {name}(long a, long b) {{\n    {body}\n    return {term(2)};\n}}")
        functions.append(name)
    lines.append(f"long last(long a) {{ return {' + '.join(f'{name}(a, 3)' for name in functions)}; }}")
    return "\n".join(lines) + "\n"
