/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cram.c - registered memory: zone_cram, and `seed` of a zone's attributes.
 */
#include "api.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#if defined(__x86_64__)
#define ARCH	AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH	AUDIT_ARCH_AARCH64
#endif

enum { GUARD = 0xa5, MANY = 300000 };

static _Alignas(4096) unsigned char memory[16 * 1024 * 1024];
static void *objs[MANY];

static bool
is_inside(const void *p, const void *mem, size_t size)
{
	return (uintptr_t)p - (uintptr_t)mem < size;
}

static int
compare(const void *a, const void *b)
{
	uintptr_t p = *(const uintptr_t *)a, q = *(const uintptr_t *)b;

	return p < q ? -1 : p > q;
}

static int
cram(zone_t *z, void *mem, size_t size)
{
	int n = zone_cram(z, mem, size);

	MUST(n > 0);
	return n;
}

static void *
map(size_t size, int flags)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
	    MAP_ANONYMOUS | flags, -1, 0);

	MUST(p != MAP_FAILED);
	return p;
}

/* Take N objects, which have to be in [MEM, MEM + SIZE), each its own. */
static void
take_inside(zone_t *z, size_t n, const void *mem, size_t size, size_t align)
{
	size_t bytes = zone_size(z);

	take_all(z, objs, n);
	for (size_t i = 0; i < n; i++) {
		MUST(is_inside(objs[i], mem, size));
		MUST(is_inside((char *)objs[i] + bytes - 1, mem, size));
		MUST((uintptr_t)objs[i] % align == 0);
		memset(objs[i], (int)i, bytes);
	}
	qsort(objs, n, sizeof objs[0], compare);
	for (size_t i = 1; i < n; i++)
		MUST((char *)objs[i] - (char *)objs[i - 1] >=
		    (ptrdiff_t)bytes);
}

/* All of [FROM, TO) is as the caller left it. */
static void
assert_untouched(size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		MUST(memory[i] == GUARD);
}

/*
 * Whatever the address and the size: as many objects as it says are in there,
 * the next one is elsewhere, and nothing beside the memory is touched.
 */
static void
try_range(size_t size, size_t align, size_t offset, size_t bytes)
{
	zone_t *z = make("range", size, ATTR(.align = align));
	size_t stop = offset + bytes + 64;
	int n;

	memset(memory, GUARD, stop);
	n = zone_cram(z, memory + offset, bytes);
	if (n < 0) {
		ck_assert_int_eq(errno, EINVAL);
		ck_assert_uint_lt(bytes, ZONE_CRAM_SIZE(1, size, align));
		assert_untouched(0, stop);
	} else {
		void *next;

		take_inside(z, (size_t)n, memory + offset, bytes,
		    align != 0 ? align : 1);
		next = take(z);
		ck_assert(!is_inside(next, memory, sizeof memory));
		api_verify();
		zone_free(z, next);
		zone_free_n(z, objs, (size_t)n);
		assert_untouched(0, offset);
		assert_untouched(offset + bytes, stop);
	}
	ck_assert_int_eq(zone_destroy(z, ZONE_IF_EMPTY), 0);
}

START_TEST(odd_addresses_and_sizes)
{
	static const size_t sizes[] = { 1, 3, 8, 13, 24, 100, 1000, 4097 };
	static const size_t aligns[] = { 0, 1, 16, 64, 4096 };
	struct rng r = { 3 };

	for (size_t s = 0; s < LEN(sizes); s++)
		for (size_t a = 0; a < LEN(aligns); a++)
			for (int i = 0; i < 6; i++)
				try_range(sizes[s], aligns[a],
				    64 + rng_below(&r, 200),
				    1 + rng_below(&r, i < 3 ? 3000 : 30000));
}
END_TEST

START_TEST(large_objects)
{
	static const size_t sizes[] = { 30000, 65536, 65537, 200000, MIB };
	struct rng r = { 4 };

	for (size_t s = 0; s < LEN(sizes); s++)
		for (int i = 0; i < 3; i++)
			try_range(sizes[s], i == 1 ? 65536 : 0,
			    64 + rng_below(&r, 200),
			    4 * MIB + rng_below(&r, 8 * MIB));
}
END_TEST

static int
construct(void *obj, void *arg)
{
	(void)arg;
	*(unsigned char *)obj = 0x11;
	return 0;
}

/* The macro says enough for every shape, and not much more than that. */
START_TEST(cram_size_is_enough)
{
	struct rng r = { 5 };

	for (int i = 0; i < 4000; i++) {
		size_t size = 1 + rng_below(&r, 1u << rng_below(&r, 18));
		size_t align = rng_one_in(&r, 2) ? 0 :
		    (size_t)1 << rng_below(&r, 13);
		size_t n = 1 + rng_below(&r, 1u << rng_below(&r, 14));
		size_t need = ZONE_CRAM_SIZE(n, size, align);
		size_t stride = ZONE_CRAM_STRIDE(size, align);
		size_t offset = rng_below(&r, 5000);
		zone_t *z;

		if (offset + need > sizeof memory)
			continue;
		z = zone_create("enough", size, ATTR(.align = align,
		    .slab_size = rng_one_in(&r, 2) ? 0 :
		    (uint32_t)(SLAB << rng_below(&r, 9)),
		    .ctor = rng_one_in(&r, 2) ? construct : NULL));
		if (z == NULL)
			continue;
		ck_assert_int_ge(zone_cram(z, memory + offset, need), (int)n);
		ck_assert_uint_le(need, n * (stride + stride / 32 + 2) + 600 +
		    align);
		api_verify();
		ck_assert_int_eq(zone_destroy(z, ZONE_NOW), 0);
	}
}
END_TEST

static unsigned char exact[ZONE_CRAM_SIZE(100, 24, 0)];
ZONE_DEFINE(early, "early", char[24], .seed = exact,
    .seed_size = sizeof exact);
static void *before_main[100];

__attribute__((__constructor__)) static void
before(void)
{
	for (size_t i = 0; i < LEN(before_main); i++)
		before_main[i] = zone_alloc(early, ZONE_ZERO);
}

START_TEST(works_before_main)
{
	for (size_t i = 0; i < LEN(before_main); i++) {
		ck_assert(is_inside(before_main[i], exact, sizeof exact));
		ck_assert_int_eq(zone_holds(early, before_main[i]), 1);
		ck_assert_str_eq(zone_name(zone_of(before_main[i])), "early");
	}
	zone_free_n(early, before_main, LEN(before_main));
	ck_assert_uint_eq(stats_of(early).live, 0);
	/* Made once more, it has its memory once more. */
	ck_assert_int_eq(zone_destroy(early, ZONE_IF_EMPTY), 0);
	memset(exact, 0xff, sizeof exact);
	take_inside(early, 100, exact, sizeof exact, 8);
}
END_TEST

START_TEST(seed_of_a_new_zone)
{
	zone_t *z = make("seeded", 64, ATTR(.seed = memory + 7,
	    .seed_size = ZONE_CRAM_SIZE(5000, 64, 0)));
	size_t n;

	take_inside(z, 5000, memory, ZONE_CRAM_SIZE(5000, 64, 0) + 7, 16);
	/* More of it for the same zone. */
	n = (size_t)cram(z, memory + 8 * MIB, MIB);
	take_inside(z, stats_of(z).capacity - 5000, memory, 9 * MIB, 16);
	ck_assert(!is_inside(take(z), memory, sizeof memory));
	zone_free_n(z, objs, n);
}
END_TEST

static int
nobody(zone_t *z, void *arg)
{
	(void)z;
	(void)arg;
	return 1;
}

static void
refuse(zone_t *z, void *mem, size_t size, int error)
{
	ASSERT_FAILS(zone_cram(z, mem, size), -1, error);
}

START_TEST(refusals)
{
	zone_t *z = make("z", 64, NULL), *other = make("other", 64, NULL);
	struct zone_attr bad = { .attr_size = sizeof bad, .seed = memory,
	    .seed_size = 100 };

	refuse(NULL, memory, MIB, EINVAL);
	refuse(z, NULL, MIB, EINVAL);
	refuse(z, memory, 0, EINVAL);
	refuse(z, memory, 200, EINVAL);
	refuse(z, memory + 100, SIZE_MAX - 50, EINVAL);
	(void)cram(z, memory + MIB, MIB);
	refuse(z, memory + MIB, MIB, EINVAL);
	refuse(other, memory + 2 * MIB - 1, MIB, EINVAL);
	refuse(other, memory, MIB + 1, EINVAL);
	refuse(other, memory, sizeof memory, EINVAL);
	refuse(other, take(other), 64, EINVAL);
	/* The library's own memory. */
	refuse(other, take(make("large", MIB, NULL)), MIB, EINVAL);
	ck_assert_uint_eq(stats_of(other).bytes_seed, 0);
	ASSERT_FAILS(zone_create("bad", 64, &bad), NULL, EINVAL);
	bad.seed_size = MIB + 1;
	ASSERT_FAILS(zone_create("bad", 64, &bad), NULL, EINVAL);
	bad.seed_size = MIB;
	zone_free(NULL, take(make("good", 64, &bad)));
}
END_TEST

START_TEST(refusal_leaves_no_zone)
{
	for (int i = 0; i < 10000; i++)
		ASSERT_FAILS(zone_create("bad", 64, ATTR(.seed = memory,
		    .seed_size = 100)), NULL, EINVAL);
	zone_free(early, before_main[0]);
	ck_assert_int_eq(zone_destroy(early, ZONE_NOW), 0);
	ck_assert_int_eq(zone_foreach(nobody, NULL), 0);
}
END_TEST

START_TEST(many_ranges)
{
	zone_t *z = make("many", 8, NULL);
	int n = 1;

	for (; zone_cram(z, memory + n * 1024, 1024) > 0; n++)
		continue;
	ck_assert_int_eq(errno, ENOSPC);
	/* One is there before main. */
	ck_assert_int_eq(n, 1024);
	api_verify();
	ck_assert_int_eq(zone_destroy(z, ZONE_NOW), 0);
	(void)cram(make("again", 8, NULL), memory, sizeof memory);
}
END_TEST

static int
count(void *obj, void *arg)
{
	MUST(zone_of(obj) != NULL);
	++*(size_t *)arg;
	return 0;
}

/* All that can be asked about an object can be asked about these. */
START_TEST(questions)
{
	zone_t *z = make("asked", 100, NULL);
	size_t n = (size_t)cram(z, memory + 1, 2 * MIB), seen = 0;
	struct zone_stats st;

	take_inside(z, n, memory, 2 * MIB + 1, 4);
	for (size_t i = 0; i < n; i++) {
		char *p = objs[i];

		MUST(zone_of(p) == z);
		MUST(zone_of(p + 99) == z);
		MUST(zone_base(p) == p);
		MUST(zone_base(p + 99) == p);
		MUST(zone_holds(z, p) == 1);
		MUST(zone_holds(NULL, p) == 1);
		MUST(zone_holds(early, p) == 0);
		MUST(zone_holds(z, p + 1) == 0);
	}
	ck_assert_ptr_null(zone_of(memory));
	ck_assert_ptr_null(zone_of(memory + 1));
	ck_assert_ptr_null(zone_base(memory + 100));
	ck_assert_ptr_null(zone_of(memory + 2 * MIB + 1));
	ck_assert_int_eq(zone_walk(z, count, &seen), 0);
	ck_assert_uint_eq(seen, n);
	ck_assert_uint_eq(stats_of(z).live, n);
	for (size_t i = 0; i < n; i += 2)
		zone_free(z, objs[i]);
	for (size_t i = 0; i < n; i++)
		MUST(zone_holds(z, objs[i]) == (i % 2 != 0));
	seen = 0;
	(void)zone_walk(z, count, &seen);
	ck_assert_uint_eq(seen, n / 2);
	st = stats_of(z);
	ck_assert_uint_eq(st.live, n / 2);
	ck_assert_uint_eq(st.peak, n);
	ck_assert_uint_eq(st.capacity, n);
	ck_assert_uint_eq(st.bytes_seed, n * 100);
}
END_TEST

static void
assert_sums(const struct zone_stats *st)
{
	ck_assert_uint_eq(st->bytes_mapped, st->bytes_resident +
	    st->bytes_given + st->bytes_untouched);
	ck_assert_uint_eq(st->bytes_resident, st->bytes_live +
	    st->bytes_cached + st->bytes_shared + st->bytes_held +
	    st->bytes_slack);
	ck_assert_uint_le(st->bytes_seed, st->bytes_mapped);
	ck_assert_uint_le(st->live + st->cached, st->capacity);
}

/* The figures of a report end with a sum, to the KiB. */
static void
assert_explained(void)
{
	char text[16384], *sum;
	unsigned long explained, resident;
	ssize_t n;
	int fd[2];

	ck_assert_int_eq(pipe(fd), 0);
	ck_assert_int_eq(zone_report(fd[1], ZONE_TEXT), 0);
	n = read(fd[0], text, sizeof text - 1);
	ck_assert_int_gt(n, 0);
	text[n] = '\0';
	sum = strstr(text, "\nexplained ");
	ck_assert_ptr_nonnull(sum);
	ck_assert_int_eq(sscanf(sum, "\nexplained %lu of %lu KiB resident in "
	    "the arena and in registered memory", &explained, &resident), 2);
	ck_assert_uint_eq(explained, resident);
	ck_assert_uint_gt(explained, 0);
	close(fd[0]);
	close(fd[1]);
}

START_TEST(figures_add_up)
{
	struct rng r = { 6 };

	for (int round = 0; round < 10; round++) {
		size_t bytes = 100000 + rng_below(&r, 3000000);
		unsigned char *mem = map(bytes, MAP_PRIVATE);
		size_t offset = rng_below(&r, 5000), n, some;
		zone_t *z = make("sums", 1 + rng_below(&r, 3000), NULL);
		struct zone_stats st;

		n = (size_t)cram(z, mem + offset, bytes - offset);
		some = rng_below(&r, (uint32_t)n) + 1;
		take_inside(z, some, mem, bytes, 1);
		st = stats_of(z);
		assert_sums(&st);
		ck_assert_uint_eq(st.bytes_seed, n * st.stride);
		ck_assert_uint_eq(st.bytes_live, some * st.size);
		ck_assert_uint_lt(st.bytes_resident,
		    some * st.stride + 2 * 65536);
		assert_explained();
		(void)take(z);
		zone_free_n(z, objs, some);
		(void)zone_trim(z, ZONE_TRIM_CACHES);
		st = stats_of(z);
		assert_sums(&st);
		ck_assert_uint_eq(st.bytes_given, 0);
		assert_explained();
	}
}
END_TEST

/* Used up it is not the end; and it is used again before anything else is. */
START_TEST(first_and_again)
{
	zone_t *z = make("first", 200, NULL);
	size_t n, more = 5000;

	n = (size_t)cram(z, memory, MIB);
	take_all(z, objs, n + more);
	for (size_t i = 0; i < n + more; i++)
		MUST(is_inside(objs[i], memory, MIB) == (i < n));
	zone_free_n(z, objs, n + more);
	(void)zone_trim(z, ZONE_TRIM_CACHES);
	ck_assert_uint_eq(stats_of(z).capacity, n);
	take_inside(z, n, memory, MIB, 8);
	/* The library's slabs have room, but this has, too. */
	take_all(z, objs + n, more);
	for (size_t i = 0; i < n + more; i += 7)
		zone_free(z, objs[i]);
	(void)zone_trim(z, ZONE_TRIM_CACHES);
	for (size_t i = 0; i < n; i += 7)
		ck_assert(is_inside(take(z), memory, MIB));
	api_verify();
}
END_TEST

/* Trimmed, idle or pressed for memory: it stays as it is. */
START_TEST(stays)
{
	zone_t *z = make("stays", 4096, NULL);
	size_t n = (size_t)cram(z, memory, 8 * MIB);

	take_all(z, objs, n);
	for (size_t i = 0; i < n; i++)
		memset(objs[i], 0x5a, 4096);
	zone_free_n(z, objs, n);
	ck_assert_uint_eq(zone_trim(z, ZONE_TRIM_CACHES), 0);
	for (int round = 0; round < 3; round++) {
		free_elsewhere(z, objs, 0);
		take_elsewhere(z, objs, n);
		free_elsewhere(z, objs, n);
		(void)zone_trim(NULL, ZONE_TRIM_CACHES);
	}
	for (size_t i = 0; i < n; i++) {
		const unsigned char *p = objs[i];

		ck_assert(p[0] == 0x5a && memcmp(p, p + 1, 4095) == 0);
	}
	ck_assert_uint_eq(stats_of(z).slabs_free, stats_of(z).slabs);
	ck_assert_uint_ge(stats_of(z).bytes_resident, n * 4096);
}
END_TEST

/* Shared with others, or asked for in huge pages. */
START_TEST(mappings)
{
	static const int kinds[] = { MAP_SHARED, MAP_PRIVATE };

	for (size_t k = 0; k < LEN(kinds); k++) {
		size_t bytes = 64 * MIB, n;
		char *mem = map(bytes, kinds[k]);
		zone_t *z = make("mapped", 256, NULL);

		(void)madvise(mem, bytes, MADV_HUGEPAGE);
		n = (size_t)cram(z, mem, bytes);
		ck_assert_uint_ge(n, bytes / 264);
		take_inside(z, n, mem, bytes, 16);
		api_verify();
		ck_assert_uint_eq(stats_of(z).live, n);
		free_elsewhere(z, objs, n / 2);
		zone_free_n(z, objs + n / 2, n - n / 2);
		ck_assert_uint_eq(stats_of(z).live, 0);
		take_inside(z, n, mem, bytes, 16);
		ck_assert_int_eq(zone_destroy(z, ZONE_NOW), 0);
		ck_assert_int_eq(munmap(mem, bytes), 0);
		api_verify();
	}
}
END_TEST

/* After the end it is the program's, to the last byte. */
static unsigned errors;
static enum zone_error last_error;

static void
note(enum zone_error e, zone_t *z, void *obj, void *arg)
{
	(void)z;
	(void)obj;
	(void)arg;
	errors++;
	last_error = e;
}

static void
assert_gone(void *mem, size_t size)
{
	errors = 0;
	memset(mem, 0xff, size);
	ck_assert_ptr_null(zone_of(objs[0]));
	ck_assert_ptr_null(zone_base(objs[0]));
	ck_assert_int_eq(zone_holds(NULL, objs[0]), 0);
	zone_free(NULL, objs[0]);
	ck_assert_uint_eq(errors, 1);
	ck_assert_int_eq(last_error, ZONE_FOREIGN);
	api_verify();
}

START_TEST(destroyed)
{
	static const int ways[] = { ZONE_IF_EMPTY, ZONE_NOW, ZONE_WHEN_EMPTY };

	on_error(note, NULL);
	for (size_t w = 0; w < LEN(ways); w++) {
		zone_t *z = make("gone", 100, ATTR(.ctor = construct));
		size_t n = (size_t)cram(z, memory, MIB);

		(void)cram(z, memory + 4 * MIB, MIB);
		take_elsewhere(z, objs, n + 100);
		if (ways[w] == ZONE_IF_EMPTY) {
			ASSERT_FAILS(zone_destroy(z, ZONE_IF_EMPTY), -1,
			    EBUSY);
			ck_assert_int_eq(zone_holds(z, objs[0]), 1);
			zone_free_n(z, objs, n + 100);
		}
		ck_assert_int_eq(zone_destroy(z, ways[w]), 0);
		if (ways[w] == ZONE_WHEN_EMPTY) {
			refuse(z, memory + 8 * MIB, MIB, EINVAL);
			free_elsewhere(z, objs, n);
			ck_assert_ptr_eq(zone_of(objs[0]), z);
			zone_free_n(z, objs + n, 100);
		}
		assert_gone(memory, sizeof memory);
	}
}
END_TEST

/* Another thread still holds a word of it, and knows nothing of the end. */
static _Atomic(int) stage;

static void *
hold_and_go_on(void *arg)
{
	zone_t *z = arg;
	void *p = take(z);

	zone_free(z, p);
	stage = 1;
	while (stage != 2)
		usleep(100);
	p = take(make("later", 100, NULL));
	zone_free(NULL, p);
	return NULL;
}

START_TEST(destroyed_under_a_thread)
{
	size_t size = 8 * MIB;
	void *mem = map(size, MAP_PRIVATE);
	zone_t *z = make("held", 100, NULL);
	pthread_t t;

	(void)cram(z, mem, size);
	start(&t, hold_and_go_on, z);
	while (stage != 1)
		usleep(100);
	/* EBUSY, where threads cannot be stopped: then it all stays. */
	if (zone_destroy(z, ZONE_IF_EMPTY) == 0)
		ck_assert_int_eq(munmap(mem, size), 0);
	else
		ck_assert_int_eq(errno, EBUSY);
	stage = 2;
	(void)join(t);
}
END_TEST

static size_t built, ended;

static int
build(void *obj, void *arg)
{
	(void)arg;
	built++;
	*(uint64_t *)obj = (uintptr_t)obj;
	return 0;
}

static void
end(void *obj, void *arg)
{
	(void)arg;
	ended++;
	ck_assert_uint_eq(*(uint64_t *)obj, (uintptr_t)obj);
}

START_TEST(constructors)
{
	zone_t *z = make("built", 40, ATTR(.ctor = build, .dtor = end));
	size_t n = (size_t)cram(z, memory + 3, MIB);

	take_all(z, objs, n);
	ck_assert_uint_eq(built, n);
	zone_free_n(z, objs, n);
	free_elsewhere(z, objs, 0);
	(void)zone_trim(z, ZONE_TRIM_CACHES);
	/* The memory has not left the zone. */
	ck_assert_uint_eq(ended, 0);
	take_all(z, objs, n);
	ck_assert_uint_eq(built, n);
	free_elsewhere(z, objs, n / 2);
	ck_assert_int_eq(zone_destroy(z, ZONE_NOW), 0);
	ck_assert_uint_eq(ended, n);
}
END_TEST

START_TEST(within_a_limit)
{
	zone_t *z = make("limited", 48, ATTR(.limit = 1000));
	int n = cram(z, memory, MIB);

	ck_assert_int_gt(n, 1000);
	take_inside(z, 1000, memory, MIB, 16);
	ASSERT_FAILS(zone_alloc(z, 0), NULL, ENOSPC);
	free_elsewhere(z, objs, 500);
	zone_free_n(z, objs + 500, 500);
	take_inside(z, 1000, memory, MIB, 16);
}
END_TEST

/* Without the kernel there is registered memory, and nothing else. */
START_TEST(nowait)
{
	zone_t *z = make("nowait", 512, ATTR(.flags = ZONE_NOWAIT));
	size_t n = (size_t)cram(z, memory, MIB);

	take_inside(z, n, memory, MIB, 16);
	ASSERT_FAILS(zone_alloc(z, 0), NULL, ENOMEM);
	zone_free_n(z, objs, n);
	take_inside(z, n, memory, MIB, 16);
}
END_TEST

/*
 * From now on, in this thread and those that it starts, the two system calls
 * fail with ENOMEM; false: not possible.
 */
static bool
no_more(unsigned one, unsigned two)
{
#ifdef ARCH
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		    offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 0, 4),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		    offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, one, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, two, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOMEM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
	};
	struct sock_fprog program = { LEN(code), code };

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
#else
	(void)one;
	(void)two;
	return false;
#endif
}

/* When the system gives nothing, what the program has is as good. */
START_TEST(system_gives_nothing)
{
	zone_t *z = make("pressed", 1000, NULL);
	size_t n = 0, more;

	zone_free(z, take(z));
	/* A sanitizer would have to do without, too. */
	if (SANITIZED || !no_more(SYS_mmap, SYS_mprotect))
		return;
	while (n < MANY / 2 && (objs[n] = zone_alloc(z, 0)) != NULL)
		n++;
	ck_assert_int_eq(errno, ENOMEM);
	more = (size_t)cram(z, memory, MIB);
	take_all(z, objs + n, more);
	for (size_t i = n; i < n + more; i++)
		MUST(is_inside(objs[i], memory, MIB));
	ASSERT_FAILS(zone_alloc(z, 0), NULL, ENOMEM);
	api_verify();
	zone_free_n(z, objs, n + more);
	ck_assert_uint_eq(stats_of(z).live, 0);
	(void)zone_trim(NULL, ZONE_TRIM_CACHES);
	take_inside(z, more, memory, MIB, 8);
	ck_assert_int_eq(zone_destroy(z, ZONE_NOW), 0);
}
END_TEST

/* Where threads cannot be stopped, the end waits for the end of the others. */
static void *
hold(void *arg)
{
	void *p = take(arg);

	zone_free(arg, p);
	stage = 1;
	while (stage != 2)
		usleep(100);
	return p;
}

START_TEST(without_membarrier)
{
	zone_t *z = make("stays", 100, NULL);
	size_t n = (size_t)cram(z, memory, MIB), seen = 0;
	pthread_t t;
	void *p;

	if (!no_more(SYS_membarrier, SYS_membarrier))
		return;
	start(&t, hold, z);
	while (stage != 1)
		usleep(100);
	p = take(z);
	ASSERT_FAILS(zone_destroy(z, ZONE_NOW), -1, EBUSY);
	ASSERT_FAILS(zone_destroy(z, ZONE_IF_EMPTY), -1, EBUSY);
	ASSERT_FAILS(zone_destroy(z, ZONE_WHEN_EMPTY), -1, EBUSY);
	(void)zone_walk(z, count, &seen);
	ck_assert_uint_eq(seen, 1);
	zone_free(z, p);
	stage = 2;
	ck_assert(is_inside(join(t), memory, MIB));
	take_inside(z, n, memory, MIB, 4);
	ck_assert_int_eq(zone_destroy(z, ZONE_NOW), 0);
	memset(memory, 0xff, MIB);
	ck_assert_ptr_null(zone_of(p));
}
END_TEST

/* Objects go from thread to thread, through two regions and the arena. */
struct market {
	zone_t		 *z;
	_Atomic(uintptr_t) cells[4000];
	_Atomic(unsigned) seed;
};

static void *
trade(void *arg)
{
	struct market *m = arg;
	struct rng r = { atomic_fetch_add(&m->seed, 1) };

	for (int i = 0; i < 60000; i++) {
		bool taking = rng_below(&r, 8) < (i / 6000 % 2 == 0 ? 6 : 2);
		uintptr_t *p = taking ? zone_alloc(m->z, 0) : NULL;

		MUST(p != NULL || !taking);
		if (p != NULL)
			p[0] = p[1] = (uintptr_t)p;
		p = (uintptr_t *)atomic_exchange(&m->cells[rng_below(&r,
		    LEN(m->cells))], (uintptr_t)p);
		if (p == NULL)
			continue;
		MUST(p[0] == (uintptr_t)p && p[1] == (uintptr_t)p);
		zone_free(i % 2 == 0 ? m->z : NULL, p);
	}
	return NULL;
}

static struct market market;

static void
trade_in(const struct zone_attr *attr)
{
	pthread_t t[4];

	market.z = make("market", 48, attr);
	(void)cram(market.z, memory + 5, 30000);
	(void)cram(market.z, memory + MIB + 1, 40000);
	for (size_t i = 0; i < LEN(t); i++)
		start(&t[i], trade, &market);
	for (int i = 0; i < 10; i++) {
		api_verify();
		(void)zone_trim(market.z, ZONE_TRIM_CACHES);
	}
	for (size_t i = 0; i < LEN(t); i++)
		(void)join(t[i]);
	for (size_t i = 0; i < LEN(market.cells); i++)
		zone_free(market.z, (void *)atomic_exchange(&market.cells[i],
		    0));
	ck_assert_uint_eq(stats_of(market.z).live, 0);
	api_verify();
	ck_assert_int_eq(zone_destroy(market.z, ZONE_IF_EMPTY), 0);
	memset(memory, 0xff, 2 * MIB);
}

static int
build_two(void *obj, void *arg)
{
	(void)arg;
	memset(obj, 0, 48);
	return 0;
}

START_TEST(threads)
{
	trade_in(NULL);
	trade_in(ATTR(.limit = 100000));
	trade_in(ATTR(.ctor = build_two));
}
END_TEST

/* Memory comes and goes while others ask whose it is, and touch none of it. */
static _Atomic(uintptr_t) asked;
static _Atomic(bool) done;

static void *
ask(void *arg)
{
	struct rng r = { (uintptr_t)arg };
	size_t answers = 0;

	while (!done) {
		uintptr_t p = asked + rng_below(&r, 300000);

		answers += zone_of((void *)p) != NULL;
		answers += zone_base((void *)p) != NULL;
		answers += zone_holds(NULL, (void *)p) != 0;
	}
	return (void *)answers;
}

START_TEST(asked_while_it_goes)
{
	pthread_t t[2];
	size_t size = 200000;

	for (size_t i = 0; i < LEN(t); i++)
		start(&t[i], ask, (void *)(i + 1));
	for (int i = 0; i < 300; i++) {
		char *mem = map(size, MAP_PRIVATE);
		zone_t *z = make("short", 64, NULL);

		asked = (uintptr_t)mem;
		(void)cram(z, mem, size);
		(void)take(z);
		usleep(50);
		ck_assert_int_eq(zone_destroy(z, ZONE_NOW), 0);
		ck_assert_int_eq(munmap(mem, size), 0);
	}
	done = true;
	for (size_t i = 0; i < LEN(t); i++)
		(void)join(t[i]);
}
END_TEST

/* The child has a copy, as of all its memory. */
START_TEST(after_a_fork)
{
	zone_t *z = make("forked", 64, NULL);
	size_t n = (size_t)cram(z, memory, MIB);
	int status;
	pid_t pid;

	take_inside(z, n / 2, memory, MIB, 16);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		zone_free_n(z, objs, n / 2);
		MUST(stats_of(z).live == 0);
		MUST(zone_cram(z, memory + 2 * MIB, MIB) > 0);
		MUST(zone_check_all() == 0);
		MUST(zone_destroy(z, ZONE_IF_EMPTY) == 0);
		memset(memory, 0xff, sizeof memory);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	for (size_t i = 0; i < n / 2; i++)
		MUST(zone_holds(z, objs[i]) == 1);
}
END_TEST

/* Everything at random, held against a list of what is live. */
struct world {
	struct rng r;
	zone_t	  *z;
	size_t	   size;
	size_t	   next;		/* byte of memory not registered yet */
	size_t	   seeds;		/* objects in what is */
	size_t	   live;
};

static void
step(struct world *w)
{
	size_t i = rng_below(&w->r, 5000), bytes;
	int n;

	switch (rng_below(&w->r, 400)) {
	case 0:
		bytes = 1 + rng_below(&w->r, 50000);
		if (w->next + bytes > sizeof memory)
			return;
		n = zone_cram(w->z, memory + w->next, bytes);
		w->next += bytes;
		w->seeds += n > 0 ? (size_t)n : 0;
		break;
	case 1:
		(void)zone_trim(w->z, (int)rng_below(&w->r, 3));
		break;
	case 2:
		api_verify();
		ck_assert_uint_eq(stats_of(w->z).live, w->live);
		ck_assert_uint_ge(stats_of(w->z).capacity, w->seeds);
		break;
	default:
		if (objs[i] == NULL) {
			objs[i] = take(w->z);
			memset(objs[i], (int)i, w->size);
			w->live++;
			return;
		}
		MUST(*(unsigned char *)objs[i] == i % 256);
		if (rng_one_in(&w->r, 4))
			free_elsewhere(w->z, &objs[i], 1);
		else
			zone_free(w->z, objs[i]);
		objs[i] = NULL;
		w->live--;
	}
}

START_TEST(random_model)
{
	for (uint64_t seed = 1; seed <= 6; seed++) {
		struct world w = { .r = { seed } };
		size_t seen = 0;

		w.size = 1 + rng_below(&w.r, seed % 2 == 0 ? 100 : 9000);
		printf("seed %llu, size %zu\n", (unsigned long long)seed,
		    w.size);
		w.z = make("model", w.size, seed % 3 != 0 ? NULL :
		    ATTR(.ctor = construct));
		for (int i = 0; i < 12000; i++)
			step(&w);
		(void)zone_walk(w.z, count, &seen);
		ck_assert_uint_eq(seen, w.live);
		ck_assert_int_eq(zone_destroy(w.z, ZONE_NOW), 0);
		memset(memory, 0xff, sizeof memory);
		memset(objs, 0, sizeof objs);
	}
}
END_TEST

RUN_TESTS("cram", odd_addresses_and_sizes, large_objects, cram_size_is_enough,
    works_before_main, seed_of_a_new_zone, refusals, refusal_leaves_no_zone,
    many_ranges, questions, figures_add_up, first_and_again, stays, mappings,
    destroyed, destroyed_under_a_thread, constructors, within_a_limit, nowait,
    system_gives_nothing, without_membarrier, threads, asked_while_it_goes,
    after_a_fork, random_model)
