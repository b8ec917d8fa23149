/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * held.c - why memory is held: in every phase of a program the parts of a
 * zone add up, and the report explains how the process has grown.
 */
#include "api.h"
#include "rng.h"

enum { THREADS = 4, IDLERS_SHARE = 16 };

#define TOTAL		(16 * MIB)
#define MANY		(TOTAL / 16)
#define TOLERANCE	(256 * KIB)

static void *objs[MANY];

/* What the process and the report said before there were objects. */
struct world {
	zone_t	*z;
	size_t	 size;
	FILE	*file;
	size_t	 rss;
	size_t	 explained;
	struct rng rng;
};

/* The last line of the report; it explains all there is in the arena. */
static size_t
explained(FILE *f)
{
	static char text[16 * KIB];
	unsigned long sum = 0, resident = 0;
	int fd = fileno(f);
	ssize_t n;

	MUST(ftruncate(fd, 0) == 0 && lseek(fd, 0, SEEK_SET) == 0);
	MUST(zone_report(fd, ZONE_TEXT) == 0);
	n = pread(fd, text, sizeof text - 1, 0);
	MUST(n > 0);
	text[n] = '\0';
	MUST(sscanf(strstr(text, "explained "), "explained %lu of %lu KiB",
	    &sum, &resident) == 2);
	MUST(sum == resident);
	return sum * KIB;
}

static size_t
distance(size_t a, size_t b)
{
	return a > b ? a - b : b - a;
}

/* Every live object has been written to, so all of it is in memory. */
static struct zone_stats
verify(struct world *w, size_t live)
{
	struct zone_stats st = stats_of(w->z);
	size_t by_report = explained(w->file) - w->explained;
	size_t by_system = resident() - w->rss;
	size_t shared = st.capacity - st.live - st.cached;

	ck_assert_uint_eq(st.live, live);
	ck_assert_uint_eq(st.bytes_live, live * w->size);
	ck_assert_uint_eq(st.bytes_resident, st.bytes_live + st.bytes_cached +
	    st.bytes_shared + st.bytes_held + st.bytes_slack);
	ck_assert_uint_eq(st.bytes_mapped, st.bytes_resident +
	    st.bytes_given + st.bytes_untouched);
	ck_assert_uint_le(st.bytes_cached, st.cached * w->size);
	ck_assert_uint_le(st.bytes_shared + st.bytes_held, shared * w->size);
	if (!SANITIZED)
		ck_assert_uint_le(distance(by_report, by_system),
		    TOLERANCE > by_system / 20 ? TOLERANCE : by_system / 20);
	return st;
}

static void *
do_nothing(void *arg)
{
	return arg;
}

static void
begin(struct world *w, size_t size)
{
	*w = (struct world){ .size = size, .rng = { (uint32_t)size } };
	w->z = make("held", size, NULL);
	w->file = tmpfile();
	MUST(w->file != NULL);
	memset(objs, 1, sizeof objs);
	/* The first time costs what the C library keeps. */
	(void)in_thread(do_nothing, NULL);
	(void)explained(w->file);
	(void)resident();
	w->explained = explained(w->file);
	w->rss = resident();
}

static void
fill(struct world *w, void **out, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		out[i] = take(w->z);
		memset(out[i], 1, w->size);
	}
}

/* Free at random until one object in KEEP is left; how many those are. */
static size_t
thin_out(struct world *w, void **from, size_t n, uint32_t keep)
{
	size_t left = 0;

	for (size_t i = 0; i < n; i++) {
		if (rng_below(&w->rng, keep) == 0) {
			from[left++] = from[i];
			continue;
		}
		zone_free(w->z, from[i]);
	}
	return left;
}

/* A thread that has freed half of what it took, and sits there. */
struct idler {
	struct world	w;
	void		**objs;
	size_t		n;
	size_t		left;
	pthread_barrier_t *idle, *end;
};

static void *
be_idle(void *arg)
{
	struct idler *me = arg;

	fill(&me->w, me->objs, me->n);
	me->left = thin_out(&me->w, me->objs, me->n, 2);
	pthread_barrier_wait(me->idle);
	pthread_barrier_wait(me->end);
	return NULL;
}

/* ROOM takes what the threads leave; how many objects that is. */
static size_t
with_idle_threads(struct world *w, size_t live, void **room, size_t n)
{
	struct idler idlers[THREADS];
	pthread_barrier_t idle, end;
	pthread_t t[THREADS];
	size_t left = 0;

	pthread_barrier_init(&idle, NULL, THREADS + 1);
	pthread_barrier_init(&end, NULL, THREADS + 1);
	for (size_t i = 0; i < THREADS; i++) {
		idlers[i] = (struct idler){ *w, room + i * n, n, 0, &idle,
		    &end };
		start(&t[i], be_idle, &idlers[i]);
	}
	pthread_barrier_wait(&idle);
	for (size_t i = 0; i < THREADS; i++) {
		memmove(room + left, idlers[i].objs,
		    idlers[i].left * sizeof *room);
		left += idlers[i].left;
	}
	(void)verify(w, live + left);
	(void)zone_trim(w->z, ZONE_TRIM_CACHES);
	(void)verify(w, live + left);
	pthread_barrier_wait(&end);
	for (size_t i = 0; i < THREADS; i++)
		(void)join(t[i]);
	return left;
}

static void
phases(size_t size)
{
	size_t n = TOTAL / size, live = n, quarter;
	struct world w;

	begin(&w, size);
	(void)verify(&w, 0);
	fill(&w, objs, n);
	(void)verify(&w, n);
	live = thin_out(&w, objs, live, 2);
	(void)verify(&w, live);
	quarter = live / 4;
	free_elsewhere(w.z, objs, quarter);
	live -= quarter;
	memmove(objs, objs + quarter, live * sizeof *objs);
	(void)verify(&w, live);
	live = thin_out(&w, objs, live, 20);
	(void)verify(&w, live);
	(void)zone_trim(w.z, ZONE_TRIM_EXCESS);
	(void)verify(&w, live);
	(void)zone_trim(w.z, ZONE_TRIM_CACHES);
	ck_assert_uint_eq(verify(&w, live).bytes_cached, 0);
	live += with_idle_threads(&w, live, objs + live, n / IDLERS_SHARE);
	(void)verify(&w, live);
	fill(&w, objs + live, n / 2);
	(void)verify(&w, live + n / 2);
	zone_free_n(w.z, objs, live + n / 2);
	(void)verify(&w, 0);
	(void)zone_trim(NULL, ZONE_TRIM_CACHES);
	ck_assert_uint_eq(verify(&w, 0).bytes_mapped, 0);
}

#define PHASES_OF(size)							\
	START_TEST(phases_of_##size)					\
	{								\
		phases(size);						\
	}								\
	END_TEST
PHASES_OF(16)
PHASES_OF(48)
PHASES_OF(256)
PHASES_OF(1000)
PHASES_OF(5000)
PHASES_OF(40000)

static void *
take_touch_and_free(void *arg)
{
	enum { N = 60 };			/* not quite a slab */
	zone_t *z = arg;

	take_all(z, objs, N);
	for (size_t i = 0; i < N; i++)
		memset(objs[i], 1, 1000);
	zone_free_n(z, objs, N / 2);
	return NULL;
}

/* What is free in a thread's slabs is cached, until the thread ends. */
START_TEST(cached_and_shared)
{
	zone_t *here = make("here", 1000, NULL);
	zone_t *there = make("there", 1000, NULL);
	struct zone_stats st;

	(void)take_touch_and_free(here);
	st = stats_of(here);
	ck_assert_uint_eq(st.bytes_live, 30 * 1000);
	ck_assert_uint_ge(st.bytes_cached, 30 * 1000);
	ck_assert_uint_eq(st.bytes_shared + st.bytes_held, 0);
	(void)in_thread(take_touch_and_free, there);
	st = stats_of(there);
	ck_assert_uint_eq(st.bytes_live, 30 * 1000);
	ck_assert_uint_gt(st.bytes_shared + st.bytes_held, 0);
	ck_assert_uint_eq(st.bytes_cached, 0);
}
END_TEST

/* Objects that nobody has written to are not in memory. */
START_TEST(untouched)
{
	zone_t *z = make("untouched", 16384, NULL);
	struct zone_stats st;

	take_all(z, objs, 4);
	((char *)objs[1])[0] = ((char *)objs[2])[16383] = 1;
	st = stats_of(z);
	ck_assert_uint_eq(st.bytes_live, 2 * (size_t)sysconf(_SC_PAGESIZE));
	ck_assert_uint_eq(st.bytes_resident, st.bytes_live);
	ck_assert_uint_eq(st.bytes_untouched, st.bytes_mapped -
	    st.bytes_resident);
	ck_assert_uint_eq(st.bytes_given, 0);
}
END_TEST

/* Between objects, and behind the last one of a slab. */
START_TEST(slack)
{
	zone_t *z = make("slack", 20, ATTR(.align = 32));
	zone_t *behind = make("behind", 40000, NULL);
	struct zone_stats st;
	const size_t n = SLAB / 32;

	take_all(z, objs, n);
	for (size_t i = 0; i < n; i++)
		memset(objs[i], 1, 20);
	st = stats_of(z);
	ck_assert_uint_eq(st.bytes_live, n * 20);
	ck_assert_uint_eq(st.bytes_slack, n * 12);
	objs[0] = take(behind);
	memset(objs[0], 1, 40000);
	st = stats_of(behind);
	ck_assert_uint_eq(st.bytes_live, 40000);
	ck_assert_uint_eq(st.bytes_resident, st.bytes_live + st.bytes_slack +
	    st.bytes_cached);
}
END_TEST

/*
 * Every fourth page of the slabs is in use.  When the others have been given
 * back, what is free in the slabs is the last to be used.
 */
START_TEST(held_back)
{
	enum { N = 4096, SIZE = 256, APART = 64 };
	zone_t *z = make("held", SIZE, NULL);
	struct zone_stats st;
	void *p[N];

	take_all(z, p, N);
	for (size_t i = 0; i < N; i++)
		memset(p[i], 1, SIZE);
	for (size_t i = 0; i < N; i++)
		if (i % APART > 1)
			zone_free(z, p[i]);
	(void)zone_trim(z, ZONE_TRIM_CACHES);
	st = stats_of(z);
	ck_assert_uint_ge(st.bytes_given, N * SIZE / 2);
	ck_assert_uint_eq(st.bytes_untouched, 0);
	for (size_t i = 1; i < N; i += APART)
		free_elsewhere(z, &p[i], 1);
	(void)zone_trim(z, ZONE_TRIM_CACHES);
	st = stats_of(z);
	ck_assert_uint_gt(st.bytes_held, 0);
	ck_assert_uint_eq(st.bytes_shared, 0);
	ck_assert_uint_eq(st.bytes_live, N / APART * SIZE);
}
END_TEST

/* At once, not only when they are next touched. */
START_TEST(held_back_once_given)
{
	enum { N = 4000, SIZE = 1024 };
	zone_t *z = make("held", SIZE, ATTR(.limit = N));
	struct zone_stats st;

	take_all(z, objs, N);
	for (size_t i = 0; i < N; i++)
		memset(objs[i], 1, SIZE);
	/* A page in four is in use, with one object free. */
	for (size_t i = 0; i < N; i++)
		if (i / 4 % 4 != 0 || i % 16 == 0)
			zone_free(z, objs[i]);
	(void)zone_trim(z, ZONE_TRIM_FREE);
	st = stats_of(z);
	ck_assert_uint_gt(st.bytes_given, 0);
	ck_assert_uint_gt(st.bytes_held, 0);
	ck_assert_uint_le(st.bytes_shared, SLAB);
}
END_TEST

/* A zone that waits for its last object still has a line. */
START_TEST(ending_zone)
{
	struct world w;

	begin(&w, 1000);
	fill(&w, objs, 4000);
	ck_assert_int_eq(zone_destroy(w.z, ZONE_WHEN_EMPTY), 0);
	ck_assert_uint_ge(explained(w.file) - w.explained, 4000 * 1000);
	zone_free_n(NULL, objs, 4000);
	(void)zone_trim(NULL, ZONE_TRIM_CACHES);
	ck_assert_uint_le(explained(w.file), w.explained + TOLERANCE);
}
END_TEST

RUN_TESTS("held", phases_of_16, phases_of_48, phases_of_256, phases_of_1000,
    phases_of_5000, phases_of_40000, cached_and_shared, untouched, slack,
    held_back, held_back_once_given, ending_zone)
