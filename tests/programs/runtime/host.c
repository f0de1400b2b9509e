/* The same on a host. */
#include <fenv.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>

#include "runtime.h"

void console_write(const char *text, int length)
{
    fwrite(text, 1, length, stdout);
}

static void *second(void *work)
{
    ((void (*)(int))work)(1);
    return 0;
}

void both(void (*work)(int))
{
    pthread_t thread;
    pthread_create(&thread, 0, second, (void *)work);
    work(0);
    pthread_join(thread, 0);
}

void relax(void)
{
    sched_yield();
}

void set_rounding(int mode)
{
    static const int modes[] = {FE_TONEAREST, FE_TOWARDZERO, FE_UPWARD, FE_DOWNWARD};
    fesetround(modes[mode]);
}

int exceptions(void)
{
    static const int flags[] = {FE_INEXACT, FE_UNDERFLOW, FE_OVERFLOW, FE_DIVBYZERO, FE_INVALID};
    int found = 0;
    for (int i = 0; i < LENGTH(flags); i++)
        found |= fetestexcept(flags[i]) ? 1 << i : 0;
    feclearexcept(FE_ALL_EXCEPT);
    return found;
}

int main(void)
{
    return run_programs();
}
