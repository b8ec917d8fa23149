/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * load-report.c - tell the harness what is live, and when a phase ends.
 *
 * Lines go to the descriptor ZFRAG_FD; after a phase's line the program waits
 * for a byte on ZFRAG_ACK, and is measured meanwhile.  Without ZFRAG_FD the
 * phases are printed, with what the kernel says of this process.
 *
 * Must not call the allocator: every line is made on the stack.
 */
#include <sys/mman.h>

#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "report.h"

/* For the plot over time, a point in this time is enough. */
#define LIVE_EVERY_NS	5000000

static int report_fd = -1, ack_fd = -1;
static _Atomic int64_t live_bytes;
static _Atomic int64_t live_told_ns;
static size_t own_bytes;

static int64_t
now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &ts);
	return (ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec);
}

/* One line in one write, so that lines of several threads do not mix. */
__attribute__((format(printf, 2, 3)))
static void
line(int fd, const char *fmt, ...)
{
	char buf[160];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(buf, sizeof (buf), fmt, ap);
	va_end(ap);
	if (write(fd, buf, n) != n)
		die("nobody listens");
}

static int
descriptor(const char *name)
{
	const char *value = getenv(name);

	return (value != NULL ? atoi(value) : -1);
}

void
report_open(void)
{
	report_fd = descriptor("ZFRAG_FD");
	ack_fd = descriptor("ZFRAG_ACK");
}

/* Resident bytes of this process without its own tables. */
static size_t
resident(void)
{
	char buf[2048];
	const char *rss;
	ssize_t n;
	int fd;

	fd = open("/proc/self/smaps_rollup", O_RDONLY | O_CLOEXEC);
	n = fd >= 0 ? read(fd, buf, sizeof (buf) - 1) : 0;
	if (fd >= 0)
		close(fd);
	buf[n > 0 ? n : 0] = '\0';
	rss = strstr(buf, "Rss:");
	return (rss != NULL ? strtoul(rss + 4, NULL, 10) * 1024 - own_bytes :
	    0);
}

static void
print_phase(const char *name, size_t live)
{
	double rss = resident();

	line(STDOUT_FILENO, "%-8s live %8.1f MiB  rss %8.1f MiB  "
	    "rss/live %6.2f\n", name, live / (double)MIB, rss / MIB,
	    rss / live);
}

void
report_phase(const char *name)
{
	size_t live = atomic_load(&live_bytes);
	char byte;

	if (report_fd < 0) {
		print_phase(name, live);
		return;
	}
	line(report_fd, "phase %s %zu\n", name, live);
	if (read(ack_fd, &byte, 1) != 1)
		die("nobody answers");
}

void
report_idle(unsigned seconds)
{
	struct timespec left = { .tv_sec = seconds };

	while (nanosleep(&left, &left) != 0)
		continue;
	report_phase("idle");
}

void
report_live(int64_t bytes)
{
	int64_t live = atomic_fetch_add(&live_bytes, bytes) + bytes;
	int64_t now = now_ns(), told = atomic_load(&live_told_ns);

	/* Whoever moves the time tells. */
	if (report_fd >= 0 && now - told >= LIVE_EVERY_NS &&
	    atomic_compare_exchange_strong(&live_told_ns, &told, now))
		line(report_fd, "live %lld\n", (long long)live);
}

void *
own_map(size_t bytes)
{
	void *p;

	/*
	 * Resident from the start and in small pages, so that the harness
	 * can subtract just what is told.
	 */
	bytes = (bytes + 4095) & ~(size_t)4095;
	p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		die("no memory for tables");
	madvise(p, bytes, MADV_NOHUGEPAGE);
	memset(p, 0, bytes);
	own_bytes += bytes;
	if (report_fd >= 0)
		line(report_fd, "own %zu\n", own_bytes);
	return (p);
}
