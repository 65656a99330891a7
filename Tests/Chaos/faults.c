/* Faults of the machine, for whoever has this library in LD_PRELOAD.
 *
 *   CHAOS_CLOCK=FILE     the wall clock is wrong: by eight bytes of seconds, in the machine's own byte order,
 *                        that are read at every call
 *   CHAOS_SYNC_MS=N      the disk is slow: so many milliseconds before it is asked to keep anything
 *
 * Clocks that never step are left alone. Waits until a moment of the wall clock are moved back to the
 * kernel's own. (libfaketime does more, and moves the environment in its constructor: Swift then finds no
 * arguments.) */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

/* A moment before it is one of a clock that counts from the machine's start. */
static const time_t wall_min = 1000000000;
static const volatile int64_t *offset;

static long sync_ms;

__attribute__((constructor)) static void read_environment(void) {
    const char *milliseconds = getenv("CHAOS_SYNC_MS"), *path = getenv("CHAOS_CLOCK");
    if (milliseconds) sync_ms = atol(milliseconds);
    if (!path) return;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) abort();
    void *memory = mmap(NULL, sizeof *offset, PROT_READ, MAP_SHARED, file, 0);
    if (memory == MAP_FAILED) abort();
    offset = memory;
    close(file);
}

static void be_slow(void) {
    struct timespec pause = {.tv_sec = sync_ms / 1000, .tv_nsec = sync_ms % 1000 * 1000000};
    if (sync_ms) nanosleep(&pause, NULL);
}

int fdatasync(int file) {
    be_slow();
    return (int)syscall(SYS_fdatasync, file);
}

int fsync(int file) {
    be_slow();
    return (int)syscall(SYS_fsync, file);
}

static int64_t wrong_by(void) {
    return offset ? *offset : 0;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    int result = (int)syscall(SYS_clock_gettime, clock, now);
    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) now->tv_sec += wrong_by();
    return result;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    (void)zone;
    struct timespec precise;
    int result = clock_gettime(CLOCK_REALTIME, &precise);
    now->tv_sec = precise.tv_sec;
    now->tv_usec = precise.tv_nsec / 1000;
    return result;
}

time_t time(time_t *place) {
    struct timespec precise;
    if (clock_gettime(CLOCK_REALTIME, &precise)) return -1;
    if (place) *place = precise.tv_sec;
    return precise.tv_sec;
}

static struct timespec as_kernel(const struct timespec *moment) {
    struct timespec right = *moment;
    if (right.tv_sec >= wall_min) right.tv_sec -= wrong_by();
    return right;
}

int pthread_cond_timedwait(
    pthread_cond_t *restrict condition, pthread_mutex_t *restrict mutex,
    const struct timespec *restrict end) {
    static int (*next)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);
    if (!next) next = dlsym(RTLD_NEXT, "pthread_cond_timedwait");
    struct timespec right = as_kernel(end);
    return next(condition, mutex, &right);
}

int sem_timedwait(sem_t *restrict semaphore, const struct timespec *restrict end) {
    static int (*next)(sem_t *, const struct timespec *);
    if (!next) next = dlsym(RTLD_NEXT, "sem_timedwait");
    struct timespec right = as_kernel(end);
    return next(semaphore, &right);
}
