/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fault.c - failures to order: which call fails, what os.c makes of it, and
 * what the modules above do when the system leaves a job half done.
 */
#include "unit.h"

#include <sys/mman.h>

#include "../../lib/arena.h"
#include "../../lib/extent.h"
#include "../../lib/fault.h"
#include "../../lib/init.h"
#include "../../lib/os.h"

/* As bits, the first call lowest: which of N calls at CALL fail. */
static unsigned
failures(enum fault_call call, unsigned n)
{
	unsigned bits = 0;

	for (unsigned i = 0; i < n; i++)
		bits |= (unsigned)(fault(call) != 0) << i;
	return bits;
}

START_TEST(off)
{
	ck_assert_uint_eq(failures(FAULT_COMMIT, 20), 0);
	ck_assert_uint_eq(fault_made(FAULT_COMMIT), 0);
}
END_TEST

START_TEST(counting)
{
	fault_watch();
	ck_assert_uint_eq(failures(FAULT_COMMIT, 20), 0);
	ck_assert_uint_eq(failures(FAULT_WRITE, 3), 0);
	ck_assert_uint_eq(fault_made(FAULT_COMMIT), 20);
	ck_assert_uint_eq(fault_made(FAULT_WRITE), 3);
	fault_stop();
	ck_assert_uint_eq(failures(FAULT_WRITE, 3), 0);
	ck_assert_uint_eq(fault_made(FAULT_WRITE), 3);
}
END_TEST

START_TEST(one_of_all)
{
	ck_assert(fault_plan(FAULT_ANY, 5, false));
	ck_assert_uint_eq(failures(FAULT_COMMIT, 3), 0);
	ck_assert_uint_eq(failures(FAULT_PURGE, 3), 2);
	ck_assert_uint_eq(failures(FAULT_COMMIT, 9), 0);
	ck_assert_uint_eq(fault_failed(FAULT_COMMIT), 0);
	ck_assert_uint_eq(fault_failed(FAULT_PURGE), 1);
}
END_TEST

START_TEST(onward)
{
	ck_assert(fault_plan(FAULT_ANY, 5, true));
	ck_assert_uint_eq(failures(FAULT_COMMIT, 3), 0);
	ck_assert_uint_eq(failures(FAULT_PURGE, 3), 6);
	ck_assert_uint_eq(failures(FAULT_COMMIT, 3), 7);
}
END_TEST

START_TEST(several)
{
	ck_assert(fault_plan(FAULT_COMMIT, 2, false));
	ck_assert(fault_plan(FAULT_COMMIT, 4, true));
	ck_assert(fault_plan(FAULT_PURGE, 1, false));
	ck_assert_uint_eq(failures(FAULT_WRITE, 8), 0);
	ck_assert_uint_eq(failures(FAULT_COMMIT, 6), 0x3a);
	ck_assert_uint_eq(failures(FAULT_PURGE, 6), 1);
	for (int i = 0; i < 5; i++)
		ck_assert(fault_plan(FAULT_PURGE, 1, false));
	ck_assert(!fault_plan(FAULT_PURGE, 1, false));
	fault_forget();
	ck_assert_uint_eq(failures(FAULT_PURGE, 6), 0);
	ck_assert_uint_eq(fault_made(FAULT_PURGE), 0);
}
END_TEST

START_TEST(names)
{
	for (unsigned i = 0; i < FAULT_CALLS; i++)
		ck_assert_uint_eq(fault_by_name(fault_name(i)), i);
	ck_assert_uint_eq(fault_by_name("x"), FAULT_CALLS);
	ck_assert_uint_eq(fault_by_name(""), FAULT_CALLS);
}
END_TEST

/* Each call of os.c fails when it is to, in its own way; errno stays. */
START_TEST(every_call)
{
	unsigned char present;
	size_t page = os_page_size();
	char *mem = mmap(NULL, 4 * page, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	void *p = &p;

	ck_assert(mem != MAP_FAILED);
	ck_assert(fault_plan(FAULT_ANY, 1, true));
	errno = EXDEV;
	ck_assert_uint_eq(os_memory_size(), (size_t)1 << 30);
	ck_assert_uint_eq(os_address_limit(), SIZE_MAX);
	ck_assert_int_eq(os_reserve(page, page, &p), ENOMEM);
	ck_assert_ptr_eq(p, &p);
	ck_assert_int_eq(os_commit(mem, page), ENOMEM);
	ck_assert_int_eq(os_purge(mem, page), EINVAL);
	ck_assert_int_eq(os_move_pages(mem, mem + 2 * page, page, page),
	    ENOMEM);
	ck_assert_int_eq(os_pages_present(mem, page, &present), EAGAIN);
	ck_assert_uint_eq(os_resident(mem, page), 0);
	ck_assert_int_eq(os_no_huge_pages(mem, page), EINVAL);
	ck_assert_int_eq(os_huge_pages(mem, page), EINVAL);
	ck_assert_int_eq(os_membarrier_register(), ENOSYS);
	ck_assert_int_eq(os_membarrier(), ENOSYS);
	os_wait(&(_Atomic(uint32_t)){ 0 }, 0);
	os_sleep_ms(1000000);
	ck_assert_uint_eq(os_cpu(), 0);
	ck_assert_uint_eq(os_coarse_ms(), 0);
	ck_assert_int_eq(os_open_append("/dev/null"), -1);
	ck_assert_int_eq(os_write(1, "x", 1), EIO);
	ck_assert_int_eq(errno, EXDEV);
}
END_TEST

/* The slack of an aligned reservation stays: nothing else is wrong with it. */
START_TEST(slack_stays)
{
	void *p;

	ck_assert(fault_plan(FAULT_TRIM_BELOW, 1, true));
	ck_assert(fault_plan(FAULT_TRIM_ABOVE, 1, true));
	for (int i = 0; i < 10; i++) {
		ck_assert_int_eq(os_reserve(MIB, 4 * MIB, &p), 0);
		ck_assert_uint_eq((uintptr_t)p % (4 * MIB), 0);
		ck_assert_int_eq(os_commit(p, MIB), 0);
		memset(p, 1, MIB);
	}
}
END_TEST

/* Two ranges of pages, the first with something in it. */
static char *
two_ranges(size_t size)
{
	char *p = mmap(NULL, 2 * size, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ck_assert(p != MAP_FAILED);
	memset(p, 7, size);
	return p;
}

START_TEST(pages_that_cannot_move_are_copied)
{
	size_t size = 4 * os_page_size();
	char *p = two_ranges(size);

	ck_assert(fault_plan(FAULT_MOVE_TO, 1, false));
	ck_assert_int_eq(os_move_pages(p + size, p, size, size), 0);
	ck_assert(is_zero(p, size));
	ck_assert_int_eq(p[size], 7);
	ck_assert_int_eq(memcmp(p + size, p + size + 1, size - 1), 0);
}
END_TEST

/* The target was unmapped on the way, and does not come back. */
START_TEST(pages_without_a_target_stay)
{
	size_t size = 4 * os_page_size();
	char *p = two_ranges(2 * size);

	/* The hole has room above the target, which the system takes first. */
	munmap(p + size, 3 * size);
	ck_assert(fault_plan(FAULT_MOVE_TO, 1, false));
	ck_assert(fault_plan(FAULT_MAP_ANEW, 1, false));
	ck_assert_int_eq(os_move_pages(p + size, p, size, size),
	    ENOTRECOVERABLE);
	ck_assert_int_eq(p[0], 7);
	ck_assert_int_eq(memcmp(p, p + 1, size - 1), 0);
}
END_TEST

START_TEST(a_lost_range_is_told_from_one_that_is_not)
{
	size_t size = 4 * os_page_size();
	char *p = two_ranges(size);

	ck_assert(fault_plan(FAULT_MAP_ANEW, 1, true));
	ck_assert_int_eq(os_map_anew(p, size), ENOMEM);
	ck_assert_int_eq(p[0], 7);
	munmap(p + size / 2, os_page_size());
	ck_assert_int_eq(os_map_anew(p, size), ENOTRECOVERABLE);
	/* Who cannot tell must think so. */
	ck_assert(fault_plan(FAULT_PRESENT, 1, true));
	ck_assert_int_eq(os_map_anew(p, os_page_size()), ENOTRECOVERABLE);
}
END_TEST

/* An extent with another behind it, so that to grow is to move. */
static char *
extent_that_moves(size_t size)
{
	char *p;

	init();
	p = extent_alloc(size, 1, false);
	ck_assert_ptr_nonnull(p);
	ck_assert_ptr_nonnull(extent_alloc(size, 1, false));
	memset(p, 7, size);
	return p;
}

/* Pages that moved, and cannot be mapped anew: dirty, and as good as any. */
START_TEST(a_moved_extent_is_freed_as_it_is)
{
	char *p = extent_that_moves(MIB), *q;

	q = extent_resize(arena_find(p), 2 * MIB);
	ck_assert_ptr_ne(p, q);
	ck_assert(fault_plan(FAULT_MAP_ANEW, 1, true));
	ck_assert(extent_free(arena_find(q)));
	p = extent_alloc(2 * MIB, 1, true);
	ck_assert_ptr_eq(p, q);
	ck_assert(is_zero(p, 2 * MIB));
}
END_TEST

START_TEST(a_lost_extent_is_never_used_again)
{
	char *p = extent_that_moves(MIB), *q;

	q = extent_resize(arena_find(p), 2 * MIB);
	ck_assert_ptr_ne(p, q);
	munmap(q, 2 * MIB);
	ck_assert(fault_plan(FAULT_MAP_ANEW, 1, true));
	ck_assert(extent_free(arena_find(q)));
	ck_assert(!extent_free(arena_find(q)));
	for (int i = 0; i < 20; i++) {
		p = extent_alloc(2 * MIB, 1, true);
		ck_assert(p + 2 * MIB <= q || q + 2 * MIB <= p);
		memset(p, 1, 2 * MIB);
	}
}
END_TEST

/* The same on the way to a larger place: the contents stay where they were. */
START_TEST(an_extent_survives_the_loss_of_its_new_place)
{
	/* The system finds holes above first: there will be one. */
	void *above = mmap(NULL, 64 * MIB, PROT_NONE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *p = extent_that_moves(MIB), *q;
	struct extent_stats before, after;

	/* The next clean run will be the place: twice as long, and a unit. */
	q = extent_alloc(4 * MIB + UNIT_SIZE, 1, false);
	ck_assert_ptr_nonnull(extent_alloc(1, 1, false));
	ck_assert(extent_free(arena_find(q)));
	(void)arena_purge(0);
	munmap(q, 4 * MIB);
	munmap(above, 64 * MIB);
	extent_stats(&before);
	ck_assert(fault_plan(FAULT_MOVE_TO, 1, false));
	ck_assert(fault_plan(FAULT_MAP_ANEW, 1, false));
	ck_assert_ptr_null(extent_resize(arena_find(p), 2 * MIB));
	extent_stats(&after);
	ck_assert_uint_eq(fault_failed(FAULT_MAP_ANEW), 1);
	ck_assert_uint_eq(before.live, after.live);
	ck_assert_uint_eq(before.bytes, after.bytes);
	ck_assert_int_eq(p[0], 7);
	ck_assert_int_eq(memcmp(p, p + 1, MIB - 1), 0);
	p = extent_resize(arena_find(p), 2 * MIB);
	ck_assert(p + 2 * MIB <= q || q + 4 * MIB <= p);
	ck_assert_int_eq(p[MIB - 1], 7);
}
END_TEST

/* Of two mappings pages do not move: the system says EFAULT. */
START_TEST(an_extent_of_two_mappings_is_copied)
{
	char *p = extent_that_moves(MIB);

	ck_assert_int_eq(madvise(p + MIB / 4, UNIT_SIZE, MADV_DONTFORK), 0);
	p = extent_resize(arena_find(p), 2 * MIB);
	ck_assert_ptr_nonnull(p);
	ck_assert_int_eq(p[0], 7);
	ck_assert_int_eq(memcmp(p, p + 1, MIB - 1), 0);
}
END_TEST

/* A start without address space is no reason to be slow ever after. */
START_TEST(the_window_opens_late)
{
	struct slab *d;
	zone_t *z;
	void *p;

	ck_assert(fault_plan(FAULT_RESERVE, 1, true));
	ASSERT_FAILS(zone_create("z", 16, NULL), NULL, ENOMEM);
	fault_forget();
	z = make("z", 16, NULL);
	p = take(z);
	ck_assert(arena_look((uintptr_t)p, &d));
	ck_assert_ptr_eq(d, arena_find(p));
	zone_free(z, p);
}
END_TEST

/* Memory is what is missing, and address space no substitute. */
START_TEST(no_arena_is_added_for_want_of_memory)
{
	struct arena_usage before, after;
	zone_t *z = make("z", 100000, NULL);

	(void)take(z);
	arena_usage(&before);
	ck_assert(fault_plan(FAULT_COMMIT, 1, true));
	for (int i = 0; i < 10; i++) {
		while (zone_alloc(z, 0) != NULL)
			continue;
		ck_assert_int_eq(errno, ENOMEM);
	}
	arena_usage(&after);
	ck_assert_uint_eq(before.reserved, after.reserved);
	fault_forget();
	for (int i = 0; i < 100; i++)
		(void)take(z);
}
END_TEST

START_TEST(draws)
{
	static const size_t shares[] = { 1, 2, 7, 100 };
	size_t n = 100000;

	for (size_t i = 0; i < LEN(shares); i++) {
		size_t hits[2] = { 0 }, same = 0;

		for (size_t k = 0; k < n; k++) {
			bool a = fault_draws(1, k, shares[i]);
			bool b = fault_draws(2, k, shares[i]);

			hits[0] += a;
			hits[1] += b;
			same += a && b;
			ck_assert_int_eq(a, fault_draws(1, k, shares[i]));
		}
		/* Five standard deviations are less than a fifth. */
		for (int s = 0; s < 2; s++) {
			ck_assert_uint_ge(hits[s] * 5, n / shares[i] * 4);
			ck_assert_uint_le(hits[s] * 5, n / shares[i] * 6);
		}
		ck_assert(shares[i] == 1 || same * 3 < hits[0] * 2);
	}
}
END_TEST

RUN_TESTS("fault", off, counting, one_of_all, onward, several, names,
    every_call, slack_stays, pages_that_cannot_move_are_copied,
    pages_without_a_target_stay, a_lost_range_is_told_from_one_that_is_not,
    a_moved_extent_is_freed_as_it_is, a_lost_extent_is_never_used_again,
    an_extent_survives_the_loss_of_its_new_place,
    an_extent_of_two_mappings_is_copied, the_window_opens_late,
    no_arena_is_added_for_want_of_memory, draws)
