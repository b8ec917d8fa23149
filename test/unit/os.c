/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * os.c - what the system does for us, and that errno stays out of it.
 */
#include "unit.h"

#include <sys/mman.h>

#include "../../lib/os.h"

enum { PAGES = 8 };

static size_t page;
static char *range;

static void
reserve(void)
{
	void *p;

	page = os_page_size();
	ck_assert_int_eq(os_reserve(PAGES * page, page, &p), 0);
	ck_assert_int_eq(os_commit(p, PAGES * page), 0);
	range = p;
}

START_TEST(sizes)
{
	ck_assert_uint_eq(os_page_size(), (size_t)sysconf(_SC_PAGESIZE));
	ck_assert_uint_gt(os_memory_size(), MIB);
	ck_assert_uint_gt(os_address_limit(), MIB);
	ck_assert_int_eq(os_process_id(), getpid());
	ck_assert(!os_is_privileged());
}
END_TEST

START_TEST(reservations_are_aligned)
{
	for (size_t align = 4096; align <= 64 * MIB; align *= 4)
		for (int i = 0; i < 5; i++) {
			void *p;

			ck_assert_int_eq(os_reserve(3 * UNIT_SIZE, align, &p),
			    0);
			ck_assert_uint_eq((uintptr_t)p % align, 0);
			if (i % 2 == 0)
				munmap(p, 3 * UNIT_SIZE);
		}
}
END_TEST

/* The slack of an aligned reservation goes back. */
START_TEST(reservations_leave_no_slack)
{
	size_t before = count_mappings();
	void *p;

	ck_assert_int_eq(os_reserve(MIB, 64 * MIB, &p), 0);
	if (!SANITIZED)
		ck_assert_uint_le(count_mappings(), before + 1);
	munmap(p, MIB);
	if (!SANITIZED)
		ck_assert_uint_eq(count_mappings(), before);
}
END_TEST

START_TEST(failures_are_numbers)
{
	void *p = &p;

	errno = EXDEV;
	ck_assert_int_eq(os_reserve((size_t)1 << 60, 4096, &p), ENOMEM);
	ck_assert_ptr_eq(p, &p);
	ck_assert_int_ne(os_commit((void *)4096, 4096), 0);
	ck_assert_int_ne(os_purge((void *)4096, 4096), 0);
	ck_assert_int_eq(os_write(-1, "x", 1), EBADF);
	ck_assert_int_lt(os_open_append("/nonexistent/file"), 0);
	ck_assert_uint_eq(os_resident((void *)4096, 4096), 0);
	ck_assert_int_eq(errno, EXDEV);
}
END_TEST

START_TEST(purged_pages_are_zero)
{
	reserve();
	ck_assert(is_zero(range, PAGES * page));
	memset(range, 1, PAGES * page);
	ck_assert_uint_eq(os_resident(range, PAGES * page), PAGES * page);
	ck_assert_int_eq(os_purge(range + page, 2 * page), 0);
	ck_assert_uint_eq(os_resident(range, PAGES * page),
	    (PAGES - 2) * page);
	ck_assert(is_zero(range + page, 2 * page));
	ck_assert_int_eq(range[0], 1);
	ck_assert_int_eq(range[3 * page], 1);
}
END_TEST

START_TEST(pages_move)
{
	reserve();
	memset(range, 7, 2 * page);
	memset(range + 4 * page, 1, 3 * page);
	ck_assert_int_eq(os_move_pages(range + 4 * page, range, 2 * page,
	    3 * page), 0);
	ck_assert(is_zero(range, 2 * page));
	for (size_t i = 0; i < 2 * page; i++)
		ck_assert_int_eq(range[4 * page + i], 7);
	ck_assert(is_zero(range + 6 * page, page));
	range[0] = range[6 * page] = 3;
	ck_assert_int_eq(os_map_anew(range + 4 * page, 3 * page), 0);
	ck_assert(is_zero(range + 4 * page, 3 * page));
	range[4 * page] = 1;
}
END_TEST

START_TEST(resident_of_long_ranges)
{
	size_t pages = 1000;
	void *p;

	page = os_page_size();
	ck_assert_int_eq(os_reserve(pages * page, page, &p), 0);
	ck_assert_int_eq(os_commit(p, pages * page), 0);
	for (size_t i = 0; i < pages; i += 3)
		((char *)p)[i * page] = 1;
	ck_assert_uint_eq(os_resident(p, pages * page),
	    (pages + 2) / 3 * page);
}
END_TEST

START_TEST(append)
{
	char path[] = "/tmp/zobj-os-XXXXXX", text[10] = "";
	int fd = mkstemp(path), more;

	ck_assert_int_ge(fd, 0);
	for (int i = 0; i < 3; i++) {
		more = os_open_append(path);
		ck_assert_int_ge(more, 0);
		ck_assert_int_eq(os_write(more, "abc", 3), 0);
		os_close(more);
	}
	ck_assert_int_eq(pread(fd, text, sizeof text, 0), 9);
	ck_assert_str_eq(text, "abcabcabc");
	unlink(path);
}
END_TEST

START_TEST(clock_and_processor)
{
	uint64_t before = os_coarse_ms(), after;

	usleep(30000);
	after = os_coarse_ms();
	ck_assert_uint_gt(after, before);
	ck_assert_uint_lt(os_cpu(), 100000);
	os_yield();
}
END_TEST

static void *
wake(void *arg)
{
	_Atomic(uint32_t) *word = arg;

	store_release(word, 1);
	os_wake(word);
	return NULL;
}

START_TEST(wait_and_wake)
{
	_Atomic(uint32_t) word = 0;
	pthread_t t;

	errno = EXDEV;
	os_wait(&word, 5);		/* another value: no waiting */
	start(&t, wake, &word);
	while (load_acquire(&word) == 0)
		os_wait(&word, 0);
	(void)join(t);
	ck_assert_int_eq(errno, EXDEV);
}
END_TEST

/* Ends in the first cancellation point that it comes by. */
static void *
cancelled(void *arg)
{
	_Atomic(uint32_t) word = 0;
	char text[4];
	size_t n;
	int fd;

	(void)pthread_cancel(pthread_self());
	os_sleep_ms(1);
	os_yield();
	os_wait(&word, 1);
	os_wake(&word);
	(void)os_membarrier();
	fd = os_open_append("/dev/null");
	(void)os_write(fd, "text", 4);
	os_close(fd);
	(void)os_read_file("/dev/zero", text, sizeof text, &n);
	/* A sanitizer does not follow a thread that ends in the middle. */
	(void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
	return arg;
}

START_TEST(no_cancellation_point)
{
	pthread_t t;

	start(&t, cancelled, &t);
	ck_assert_ptr_eq(join(t), &t);
}
END_TEST

RUN_TESTS("os", sizes, reservations_are_aligned, reservations_leave_no_slack,
    failures_are_numbers, purged_pages_are_zero, pages_move,
    resident_of_long_ranges, append, clock_and_processor, wait_and_wake,
    no_cancellation_point)
