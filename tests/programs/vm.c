/* A small language: its tokenizer, its compiler to code for a stack machine, and that machine. */
#include "runtime.h"

enum token { END, NUMBER, NAME, WHILE, IF, ELSE, PRINT, SIGN };
enum operation { PUSH, LOAD, STORE, JUMP, JUMP_IF_ZERO, SHOW, HALT, ADD, SUBTRACT, MULTIPLY, DIVIDE, REMAINDER,
                 LESS, EQUAL, AND, NEGATE };
enum { MOST_CODE = 400, VARIABLES = 26, STACK = 50 };

static const char *source;
static enum token token;
static i64 value; /* of a number; the letter of a name, the character of a sign */
static i64 code[MOST_CODE];
static int length;

static void next(void)
{
    static const struct { const char *word; enum token token; } words[] = {
        {"while", WHILE}, {"if", IF}, {"else", ELSE}, {"print", PRINT},
    };
    while (*source == ' ' || *source == '\n')
        source++;
    if (!*source) {
        token = END;
        return;
    }
    if (*source >= '0' && *source <= '9') {
        token = NUMBER;
        for (value = 0; *source >= '0' && *source <= '9'; source++)
            value = value * 10 + *source - '0';
        return;
    }
    for (int i = 0; i < LENGTH(words); i++)
        if (!strncmp(source, words[i].word, strlen(words[i].word))) {
            token = words[i].token;
            source += strlen(words[i].word);
            return;
        }
    token = *source >= 'a' && *source <= 'z' ? NAME : SIGN;
    value = token == NAME ? *source - 'a' : *source;
    source++;
}

static int emit(i64 word)
{
    code[length] = word;
    return length++;
}

static int is_sign(char sign)
{
    if (token != SIGN || value != sign)
        return 0;
    next();
    return 1;
}

static void expression(int level);

static void primary(void)
{
    if (is_sign('-')) {
        primary();
        emit(NEGATE);
    } else if (is_sign('(')) {
        expression(0);
        is_sign(')');
    } else {
        emit(token == NAME ? LOAD : PUSH);
        emit(value);
        next();
    }
}

static void expression(int level)
{
    static const char *const signs[] = {"&", "<=", "+-", "*/%"};
    if (level == LENGTH(signs)) {
        primary();
        return;
    }
    expression(level + 1);
    while (token == SIGN && strchr(signs[level], value)) {
        i64 sign = value;
        next();
        expression(level + 1);
        switch (sign) {
        case '+': emit(ADD); break;
        case '-': emit(SUBTRACT); break;
        case '*': emit(MULTIPLY); break;
        case '/': emit(DIVIDE); break;
        case '%': emit(REMAINDER); break;
        case '<': emit(LESS); break;
        case '=': emit(EQUAL); break;
        case '&': emit(AND); break;
        }
    }
}

static void statement(void)
{
    if (is_sign('{')) {
        while (!is_sign('}'))
            statement();
    } else if (token == WHILE) {
        int again = length;
        next();
        expression(0);
        emit(JUMP_IF_ZERO);
        int out = emit(0);
        statement();
        emit(JUMP);
        emit(again);
        code[out] = length;
    } else if (token == IF) {
        next();
        expression(0);
        emit(JUMP_IF_ZERO);
        int other = emit(0);
        statement();
        if (token == ELSE) {
            next();
            emit(JUMP);
            int out = emit(0);
            code[other] = length;
            statement();
            code[out] = length;
        } else
            code[other] = length;
    } else if (token == PRINT) {
        next();
        expression(0);
        emit(SHOW);
        is_sign(';');
    } else { /* assignment */
        i64 variable = value;
        next();
        is_sign(':');
        expression(0);
        emit(STORE);
        emit(variable);
        is_sign(';');
    }
}

static long execute(void)
{
    static i64 variables[VARIABLES], stack[STACK];
    i64 *top = stack;
    long steps = 0;
    memset(variables, 0, sizeof variables);
    for (const i64 *at = code;; steps++) {
        i64 right = *top;
        switch (*at++) {
        case PUSH: *++top = *at++; break;
        case LOAD: *++top = variables[*at++]; break;
        case STORE: variables[*at++] = *top--; break;
        case JUMP: at = code + *at; break;
        case JUMP_IF_ZERO: at = *top-- ? at + 1 : code + *at; break;
        case SHOW: print("%ld ", *top--); break;
        case NEGATE: *top = -*top; break;
        case ADD: *--top += right; break;
        case SUBTRACT: *--top -= right; break;
        case MULTIPLY: *--top *= right; break;
        case DIVIDE: *--top /= right; break;
        case REMAINDER: *--top %= right; break;
        case LESS: top--; *top = *top < right; break;
        case EQUAL: top--; *top = *top == right; break;
        case AND: top--; *top = *top && right; break;
        case HALT: return steps;
        }
    }
}

int main(void)
{
    static const char *const texts[] = {
        "print 1+2*3-4/2%3; print (1+2)*-3; print 7<8 & 2=2;",
        "n: 2; while n<120 { d: 2; while d*d<n+1 & n%d { d: d+1; } if n<d*d print n; n: n+1; }",
        "n: 27; c: 0; while 1<n { if n%2=0 n: n/2; else n: 3*n+1; c: c+1; } print c;",
        "a: 1071; b: 462; while 0<b { t: a%b; a: b; b: t; } print a;",
        "s: 0; i: 0; while i<2000 { i: i+1; if i%3=0 s: s+i; else if i%5=0 s: s+i; } print s; print -s;",
    };
    for (int i = 0; i < LENGTH(texts); i++) {
        source = texts[i];
        length = 0;
        next();
        while (token != END)
            statement();
        emit(HALT);
        u64 digest = 0;
        for (int k = 0; k < length; k++)
            digest = mix(digest, code[k]);
        long steps = execute();
        print("- %d words, %016lx, %ld steps\n", length, digest, steps);
    }
    return 0;
}
