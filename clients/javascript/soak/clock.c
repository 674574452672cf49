/* The wall clock of a program, moved while it runs: cc -shared -fPIC -O2 -o clock.so clock.c, then
 *
 *   LD_PRELOAD=./clock.so SOAK_CLOCK=file program
 *
 * The file's first 8 bytes are the signed number of milliseconds by which the clock is ahead. libfaketime can do this as
 * well, but parses its file into shared variables without a lock, so that a thread sees the true time now and then. */

#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const int64_t none = 0;
static const int64_t *ahead = &none;

/* Before main, so no thread sees it change. What is not set up at all must not look like a test that passed. */
__attribute__((constructor)) static void open_file(void) {
  const char *path = getenv("SOAK_CLOCK");
  int file = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
  void *page = file < 0 ? MAP_FAILED : mmap(NULL, sizeof *ahead, PROT_READ, MAP_SHARED, file, 0);
  if (page == MAP_FAILED) {
    perror("SOAK_CLOCK");
    abort();
  }
  close(file);
  ahead = page;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
  int result = (int)syscall(SYS_clock_gettime, clock, now);
  if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
    int64_t ms = __atomic_load_n(ahead, __ATOMIC_RELAXED);
    int64_t nanos = now->tv_nsec + ms % 1000 * 1000000;
    now->tv_sec += ms / 1000;
    if (nanos < 0) nanos += 1000000000, now->tv_sec -= 1;
    if (nanos >= 1000000000) nanos -= 1000000000, now->tv_sec += 1;
    now->tv_nsec = (long)nanos;
  }
  return result;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
  (void)zone;
  struct timespec precise;
  int result = clock_gettime(CLOCK_REALTIME, &precise);
  if (result == 0) *now = (struct timeval){precise.tv_sec, precise.tv_nsec / 1000};
  return result;
}

time_t time(time_t *out) {
  struct timespec precise;
  clock_gettime(CLOCK_REALTIME, &precise);
  if (out != NULL) *out = precise.tv_sec;
  return precise.tv_sec;
}
