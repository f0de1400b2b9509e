/* Traces a child, which executes `work` once: by single steps, then by program events of stores, instruction fetches and
   branches in an area, which the kernel gives a debugger by PTRACE_POKEUSER. Each line has what happened, by offsets from
   the beginning of `work`. */
#include <signal.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

__asm__(".globl work, after\n"
        "work:   lghi  %r2,0\n"            /*  0 */
        "        lghi  %r3,3\n"            /*  4 */
        "1:      agr   %r2,%r3\n"          /*  8 */
        "        brctg %r3,1b\n"           /*  c */
        "        larl  %r1,watched\n"      /* 10 */
        "        stg   %r2,8(%r1)\n"       /* 16 */
        "        larl  %r4,bytes\n"        /* 1c */
        "        larl  %r5,from\n"         /* 22 */
        "        mvc   0(32,%r4),0(%r5)\n" /* 28 */
        "        larl  %r1,2f\n"           /* 2e */
        "        lghi  %r3,15\n"           /* 34 */
        "        ex    %r3,0(%r1)\n"       /* 38 */
        "        lgr   %r0,%r4\n"          /* 3c */
        "        lghi  %r1,32\n"           /* 40 */
        "        lgr   %r4,%r5\n"          /* 44 */
        "        lghi  %r5,32\n"           /* 48 */
        "        mvcl  %r0,%r4\n"          /* 4c */
        "        br    %r14\n"             /* 4e */
        "2:      mvc   0(1,%r4),0(%r5)\n"  /* 50 */
        "after:\n"
        "        .section .note.GNU-stack,\"\",@progbits\n        .text\n");
extern long work(void);
extern char after[];
long watched[2];
_Alignas(64) char bytes[64], from[64] = "the source of three moves";

/* struct per_struct of the kernel, from control register 9 on, in the area of PTRACE_POKEUSER */
enum { EVENTS = 0x160, FIRST = EVENTS + 0x20, LAST = EVENTS + 0x28, CODE = EVENTS + 0x30, ADDRESS = EVENTS + 0x38, IA = 8 };

static long offset(unsigned long address) { return (long)address - (long)work; }
static unsigned long peek(pid_t child, long at) { return ptrace(PTRACE_PEEKUSER, child, at, 0); }

static pid_t start(void) {
  pid_t child = fork();
  if (child == 0) {
    ptrace(PTRACE_TRACEME, 0, 0, 0);
    raise(SIGSTOP);
    _exit((int)work());
  }
  waitpid(child, 0, 0);
  return child;
}

static void steps(void) {
  pid_t child = start();
  int status;
  printf("steps");
  while (!ptrace(PTRACE_SINGLESTEP, child, 0, 0) && waitpid(child, &status, 0) == child && WIFSTOPPED(status)) {
    unsigned long ia = peek(child, IA);
    if (WSTOPSIG(status) != SIGTRAP) printf(" signal %d", WSTOPSIG(status));
    if (ia >= (unsigned long)work && ia < (unsigned long)after) printf(" %lx", offset(ia));
  }
  printf(" exit %d\n", WEXITSTATUS(status));
}

static void events(const char *name, unsigned long events, const void *first, const void *last) {
  pid_t child = start();
  int status;
  ptrace(PTRACE_POKEUSER, child, EVENTS, events);
  ptrace(PTRACE_POKEUSER, child, FIRST, first);
  ptrace(PTRACE_POKEUSER, child, LAST, last);
  printf("%s", name);
  while (!ptrace(PTRACE_CONT, child, 0, 0) && waitpid(child, &status, 0) == child && WIFSTOPPED(status)) {
    unsigned long from = peek(child, ADDRESS), in = from >= (unsigned long)work && from < (unsigned long)after;
    if (WSTOPSIG(status) != SIGTRAP) printf(" signal %d", WSTOPSIG(status));
    printf(in ? " %lx" : " ?", offset(from));
    printf("->%lx:%lx:%ld", offset(peek(child, IA)), peek(child, CODE) >> 48, ptrace(PTRACE_PEEKDATA, child, &watched[1], 0));
  }
  printf(" exit %d\n", WEXITSTATUS(status));
}

int main(void) {
  const char *code = (const char *)work;
  setvbuf(stdout, 0, _IOLBF, 0);
  steps();
  events("store of a doubleword", 0x20000000, &watched[1], &watched[1]);
  events("store of two bytes", 0x20000000, bytes + 10, bytes + 11);
  events("store beyond", 0x20000000, bytes + 32, bytes + 63);
  events("fetch of the first", 0x40000000, code, code);
  events("fetch of the target", 0x40000000, code + 0x50, code + 0x50);
  events("branch to the first", 0x80800000, code, code);
  events("branch to the loop", 0x80800000, code + 8, code + 9);
  events("none", 0, 0, (void *)-1);
  return 0;
}
