/* Faults of a disk, for a program that is started with this library in LD_PRELOAD.
 *
 * Every call that changes a regular file or a folder is counted. At the call number FAULT_AT the action
 * in FAULT_ACTION happens:
 *
 *   kill     the process ends at once, before the call (kill -9)
 *   torn     a write is done by half, then the process ends at once
 *   enospc   this call and every later one that needs space fail: no space left on device
 *   eio      this call alone fails: input/output error
 *
 * Without FAULT_AT the calls are only counted; the number is written to FAULT_COUNT_FILE at the end.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

static atomic_long calls;
static long fault_at = -1;
static enum { NONE, KILL, TORN, ENOSPC_, EIO_ } action = NONE;

__attribute__((constructor)) static void begin(void) {
    const char *at = getenv("FAULT_AT"), *what = getenv("FAULT_ACTION");
    if (!at || !what) return;
    fault_at = atol(at);
    action = !strcmp(what, "kill") ? KILL : !strcmp(what, "torn") ? TORN
           : !strcmp(what, "enospc") ? ENOSPC_ : !strcmp(what, "eio") ? EIO_ : NONE;
}

__attribute__((destructor)) static void end(void) {
    const char *path = getenv("FAULT_COUNT_FILE");
    if (!path) return;
    FILE *file = fopen(path, "w");
    if (file) { fprintf(file, "%ld\n", atomic_load(&calls)); fclose(file); }
}

static void die(void) { kill(getpid(), SIGKILL); for (;;) pause(); }

/* Counts a call; 0, or the error that it must fail with. `torn` says that the caller tears by itself. */
static int fault(int needs_space, int *torn) {
    long number = atomic_fetch_add(&calls, 1) + 1;
    if (fault_at < 0 || number < fault_at) return 0;
    if (action == ENOSPC_) return needs_space ? ENOSPC : 0;
    if (number != fault_at) return 0;
    if (action == EIO_) return EIO;
    if (action == TORN && torn) { *torn = 1; return 0; }
    if (action == KILL || action == TORN) die();
    return 0;
}

static int is_regular(int fd) {
    struct stat status;
    return fd > 2 && fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define FAIL_OR_GO(needs_space)                                        \
    do {                                                               \
        int error = fault(needs_space, NULL);                          \
        if (error) { errno = error; return -1; }                       \
    } while (0)

ssize_t write(int fd, const void *bytes, size_t count) {
    __typeof__(&write) next = NEXT(write);
    if (!is_regular(fd)) return next(fd, bytes, count);
    int torn = 0, error = fault(1, &torn);
    if (error) { errno = error; return -1; }
    if (torn) { next(fd, bytes, count / 2); die(); }
    return next(fd, bytes, count);
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t at) {
    __typeof__(&pwrite64) next = NEXT(pwrite64);
    if (!is_regular(fd)) return next(fd, bytes, count, at);
    int torn = 0, error = fault(1, &torn);
    if (error) { errno = error; return -1; }
    if (torn) { next(fd, bytes, count / 2, at); die(); }
    return next(fd, bytes, count, at);
}

int fsync(int fd) { FAIL_OR_GO(0); return NEXT(fsync)(fd); }
int fdatasync(int fd) { FAIL_OR_GO(0); return NEXT(fdatasync)(fd); }
int rename(const char *from, const char *to) { FAIL_OR_GO(0); return NEXT(rename)(from, to); }
int link(const char *from, const char *to) { FAIL_OR_GO(1); return NEXT(link)(from, to); }
int linkat(int a, const char *from, int b, const char *to, int flags) {
    FAIL_OR_GO(1);
    return NEXT(linkat)(a, from, b, to, flags);
}
int unlink(const char *path) { FAIL_OR_GO(0); return NEXT(unlink)(path); }
int mkdir(const char *path, mode_t mode) { FAIL_OR_GO(1); return NEXT(mkdir)(path, mode); }

int open64(const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    mode_t mode = va_arg(rest, mode_t);
    va_end(rest);
    if (flags & O_CREAT) FAIL_OR_GO(1);
    return NEXT(open64)(path, flags, mode);
}
