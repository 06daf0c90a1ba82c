/* A disk and a clock that fail on demand, between a process and its C library (LD_PRELOAD).
 *
 * DEID_TEST_FAULTS names a directory. While it holds a file of one of these names:
 *   full      writing to a file below a `spool` directory fails with ENOSPC
 *   full-records  writing to the database of a spool fails with ENOSPC
 *   unsynced  syncing the database of a spool fails with EIO
 *   clock     the wall clock is the number of seconds in this file ahead of the real one
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static int asked(const char *fault, char *path, size_t size) {
    const char *directory = getenv("DEID_TEST_FAULTS");
    if (!directory || snprintf(path, size, "%s/%s", directory, fault) >= (int)size) return 0;
    return access(path, F_OK) == 0;
}

static int fails(const char *fault, int fd, const char *part) {
    char path[4096], link[64], target[4096];
    int before = errno;
    int yes = 0;
    if (asked(fault, path, sizeof path)) {
        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        ssize_t length = readlink(link, target, sizeof target - 1);
        if (length > 0) {
            target[length] = 0;
            yes = strstr(target, part) != NULL;
        }
    }
    errno = before;
    return yes;
}

#define FAIL_IF(fault, part, error) if (fails(fault, fd, part)) { errno = error; return -1; }

ssize_t write(int fd, const void *bytes, size_t count) {
    FAIL_IF("full", "/spool/", ENOSPC)
    FAIL_IF("full-records", "/spool.sqlite", ENOSPC)
    return NEXT(write)(fd, bytes, count);
}
ssize_t writev(int fd, const struct iovec *parts, int count) {
    FAIL_IF("full", "/spool/", ENOSPC)
    FAIL_IF("full-records", "/spool.sqlite", ENOSPC)
    return NEXT(writev)(fd, parts, count);
}
ssize_t pwrite(int fd, const void *bytes, size_t count, off_t at) {
    FAIL_IF("full", "/spool/", ENOSPC)
    FAIL_IF("full-records", "/spool.sqlite", ENOSPC)
    return NEXT(pwrite)(fd, bytes, count, at);
}
ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t at) {
    FAIL_IF("full", "/spool/", ENOSPC)
    FAIL_IF("full-records", "/spool.sqlite", ENOSPC)
    return NEXT(pwrite64)(fd, bytes, count, at);
}
int fsync(int fd) {
    FAIL_IF("unsynced", "/spool.sqlite", EIO)
    return NEXT(fsync)(fd);
}
int fdatasync(int fd) {
    FAIL_IF("unsynced", "/spool.sqlite", EIO)
    return NEXT(fdatasync)(fd);
}
int clock_gettime(clockid_t clock, struct timespec *now) {
    char path[4096];
    int result = NEXT(clock_gettime)(clock, now);
    if (result == 0 && clock == CLOCK_REALTIME && asked("clock", path, sizeof path)) {
        FILE *file = fopen(path, "r");
        long ahead = 0;
        if (file) {
            if (fscanf(file, "%ld", &ahead) == 1) now->tv_sec += ahead;
            fclose(file);
        }
    }
    return result;
}
