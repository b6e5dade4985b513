/* A disk that fails: loaded before the C library, so that compiled writers (Parquet, GeoPackage) meet it as Python does.
 *
 * Every call that changes something below one folder is counted.  The call whose turn it is fails with the number that
 * was asked for, after half of its bytes were written; `stays` lets all later ones fail too, as on a disk that is full
 * or gone: with ENOSPC those that need space, with any other number all of them.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static char below[PATH_MAX];
static atomic_long counted;
static long fail_at = -1;
static int number, stays;
static atomic_int failed;
static char kind_failed[32];

void failing_disk_arm(const char *folder, long at, int with, int from_then_on) {
    fail_at = -1;
    strncpy(below, folder, sizeof below - 1);
    number = with;
    stays = from_then_on;
    counted = 0;
    failed = 0;
    kind_failed[0] = 0;
    fail_at = at;
}

long failing_disk_counted(void) { return counted; }
int failing_disk_failed(void) { return failed; }
const char *failing_disk_kind(void) { return kind_failed; }

static int here(const char *path) { return below[0] && path && strncmp(path, below, strlen(below)) == 0; }

static int here_fd(int fd) {
    char link[64], path[PATH_MAX];
    if (!below[0] || fd < 0) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length <= 0) return 0;
    path[length] = 0;
    return here(path);
}

static int here_at(int folder, const char *path) {
    return path && path[0] == '/' ? here(path) : folder != AT_FDCWD && here_fd(folder);
}

/* Whether the call that is made now has to fail. */
static int turn(const char *kind, int needs_space) {
    long now = atomic_fetch_add(&counted, 1);
    if (fail_at < 0 || now < fail_at || (now > fail_at && !stays)) return 0;
    if (now > fail_at && number == ENOSPC && !needs_space) return 0;
    if (!atomic_exchange(&failed, 1)) strncpy(kind_failed, kind, sizeof kind_failed - 1);
    errno = number;
    return 1;
}

#define REAL(name) static __typeof__(name) *real; if (!real) real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

#define WRITES (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC)

#define OPEN(name)                                                                                  \
    int name(const char *path, int flags, ...) {                                                    \
        static int (*real)(const char *, int, ...);                                                 \
        if (!real) real = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, #name);                 \
        va_list rest; va_start(rest, flags); mode_t mode = va_arg(rest, mode_t); va_end(rest);      \
        if ((flags & WRITES) && here(path) && turn("open", flags & O_CREAT)) return -1;             \
        return real(path, flags, mode);                                                             \
    }
OPEN(open)
OPEN(open64)

#define OPENAT(name)                                                                                \
    int name(int folder, const char *path, int flags, ...) {                                        \
        static int (*real)(int, const char *, int, ...);                                            \
        if (!real) real = (int (*)(int, const char *, int, ...))dlsym(RTLD_NEXT, #name);            \
        va_list rest; va_start(rest, flags); mode_t mode = va_arg(rest, mode_t); va_end(rest);      \
        if ((flags & WRITES) && here_at(folder, path) && turn("open", flags & O_CREAT)) return -1;  \
        return real(folder, path, flags, mode);                                                     \
    }
OPENAT(openat)
OPENAT(openat64)

FILE *fopen(const char *path, const char *mode) {
    REAL(fopen);
    if (strpbrk(mode, "wa+") && here(path) && turn("open", 1)) return NULL;
    return real(path, mode);
}

FILE *fopen64(const char *path, const char *mode) {
    REAL(fopen64);
    if (strpbrk(mode, "wa+") && here(path) && turn("open", 1)) return NULL;
    return real(path, mode);
}

ssize_t write(int fd, const void *bytes, size_t count) {
    REAL(write);
    if (here_fd(fd) && turn("write", 1)) {
        if (real(fd, bytes, count / 2) < 0) {}
        errno = number;
        return -1;
    }
    return real(fd, bytes, count);
}

#define PWRITE(name, offset_type)                                                                   \
    ssize_t name(int fd, const void *bytes, size_t count, offset_type at) {                         \
        REAL(name);                                                                                 \
        if (here_fd(fd) && turn("write", 1)) {                                                      \
            if (real(fd, bytes, count / 2, at) < 0) {}                                              \
            errno = number;                                                                         \
            return -1;                                                                              \
        }                                                                                           \
        return real(fd, bytes, count, at);                                                          \
    }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

ssize_t writev(int fd, const struct iovec *parts, int count) {
    REAL(writev);
    if (here_fd(fd) && turn("write", 1)) return -1;
    return real(fd, parts, count);
}

size_t fwrite(const void *bytes, size_t size, size_t count, FILE *file) {
    REAL(fwrite);
    if (file != stdout && file != stderr && here_fd(fileno(file)) && turn("write", 1)) {
        size_t half = real(bytes, size, count / 2, file);
        errno = number;
        return half;
    }
    return real(bytes, size, count, file);
}

#define ON_FD(name, declared, passed, space)                                                        \
    int name declared {                                                                             \
        REAL(name);                                                                                 \
        if (here_fd(fd) && turn(#name, space)) return -1;                                           \
        return real passed;                                                                         \
    }
ON_FD(fsync, (int fd), (fd), 0)
ON_FD(fdatasync, (int fd), (fd), 0)
ON_FD(ftruncate, (int fd, off_t size), (fd, size), 1)
ON_FD(ftruncate64, (int fd, off64_t size), (fd, size), 1)

#define ON_PATH(name, declared, passed, space)                                                      \
    int name declared {                                                                             \
        REAL(name);                                                                                 \
        if (here(path) && turn(#name, space)) return -1;                                            \
        return real passed;                                                                         \
    }
ON_PATH(mkdir, (const char *path, mode_t mode), (path, mode), 1)
ON_PATH(rmdir, (const char *path), (path), 0)
ON_PATH(unlink, (const char *path), (path), 0)
ON_PATH(rename, (const char *path, const char *to), (path, to), 0)

int unlinkat(int folder, const char *path, int flags) {
    REAL(unlinkat);
    if (here_at(folder, path) && turn("unlink", 0)) return -1;
    return real(folder, path, flags);
}
