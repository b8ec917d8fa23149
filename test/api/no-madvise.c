/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * no-madvise.c - a system that takes no memory back.
 *
 * A filter makes madvise(2) fail in the thread that installs it and in those
 * that it starts.  Then everything works as ever, but for the memory that
 * comes back: none does, zone_trim says so, and nothing that was not taken is
 * ever thought to be zero.
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

enum {
	CANNOT_RUN = 77, ANY_ADVICE = -1, CELLS = 2000,
	BYTES = (SANITIZED ? 1 : 4) << 20
};

static const size_t sizes[] = { 16, 64, 256, 1000, 4096, 5000, 100000 };

struct refusal {
	int	error, advice;
};

static const struct refusal refusals[] = {
	{ ENOMEM, ANY_ADVICE }, { EINVAL, ANY_ADVICE },
	{ ENOMEM, MADV_DONTNEED }, { EINVAL, MADV_DONTNEED }
};

static const struct refusal *how = refusals;	/* in the tests that follow */

/* From now on, in this thread and those it starts; false: not possible. */
static bool
refuse(const struct refusal *r)
{
#ifdef ARCH
	/* Jump to the last instruction, or fall through; see seccomp(2). */
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		    offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 0, 5),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		    offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_madvise, 0, 3),
		/* The low half: both machines are little endian. */
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		    offsetof(struct seccomp_data, args[2])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)r->advice,
		    0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO |
		    (unsigned)r->error),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
	};
	struct sock_fprog program = { LEN(code), code };

	/* Any advice will do: the comparison goes on either way. */
	if (r->advice == ANY_ADVICE)
		code[5].jf = 0;
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
#else
	(void)r;
	return false;
#endif
}

/* Does a filter do here what it should?  In a process of its own. */
static bool
can_refuse(void)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		bool ok = refuse(&refusals[0]) &&
		    madvise(p, 4096, MADV_DONTNEED) == -1 && errno == ENOMEM;

		_exit(!ok);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

/* Objects of one zone; each holds a stamp at both ends, dirt between. */
struct set {
	zone_t	*z;
	size_t	 size, n;
	void	**objs;		/* NULL: free */
};

static void
stamp(void *p, size_t size)
{
	uint64_t v = (uintptr_t)p * 0x9e3779b97f4a7c15u;

	memset(p, 0xa5, size);
	memcpy(p, &v, sizeof v);
	memcpy((char *)p + size - sizeof v, &v, sizeof v);
}

static void
verify(const void *p, size_t size)
{
	uint64_t v = (uintptr_t)p * 0x9e3779b97f4a7c15u;

	MUST(memcmp(p, &v, sizeof v) == 0);
	MUST(memcmp((const char *)p + size - sizeof v, &v, sizeof v) == 0);
}

static struct set
new_set(size_t size, const struct zone_attr *attr)
{
	struct set s = { make("set", size, attr), size, BYTES / size, NULL };

	s.objs = calloc(s.n, sizeof *s.objs);
	MUST(s.objs != NULL);
	return s;
}

/* All that is missing; some must be zero, whatever lay there before. */
static void
fill(struct set *s)
{
	for (size_t i = 0; i < s->n; i++) {
		bool zero = i % 4 == 0;

		if (s->objs[i] != NULL)
			continue;
		s->objs[i] = zone_alloc(s->z, zero ? ZONE_ZERO : 0);
		MUST(s->objs[i] != NULL);
		if (zero)
			MUST(is_zero(s->objs[i], s->size));
		stamp(s->objs[i], s->size);
	}
}

static void
drop(struct set *s, struct rng *r, uint32_t keep_one_in)
{
	for (size_t i = 0; i < s->n; i++) {
		if (s->objs[i] == NULL)
			continue;
		verify(s->objs[i], s->size);
		if (keep_one_in != 0 && rng_one_in(r, keep_one_in))
			continue;
		errno = EXDEV;
		zone_free(i % 2 == 0 ? s->z : NULL, s->objs[i]);
		MUST(errno == EXDEV);
		s->objs[i] = NULL;
	}
}

static void
verify_all(const struct set *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->objs[i] != NULL)
			verify(s->objs[i], s->size);
}

static void
end_set(struct set *s)
{
	drop(s, NULL, 0);
	ck_assert_uint_eq(stats_of(s->z).live, 0);
	ck_assert_int_eq(zone_destroy(s->z, ZONE_IF_EMPTY), 0);
	free(s->objs);
}

static void
trim_gives_nothing(zone_t *z)
{
	for (int much = ZONE_TRIM_EXCESS; much <= ZONE_TRIM_CACHES; much++) {
		errno = EXDEV;
		ck_assert_uint_eq(zone_trim(z, much), 0);
		ck_assert_uint_eq(zone_trim(NULL, much), 0);
		ck_assert_int_eq(errno, EXDEV);
	}
}

static void
fill_and_drop(const struct zone_attr *attr)
{
	struct rng r = { 7 };

	for (size_t i = 0; i < LEN(sizes); i++) {
		struct set s = new_set(sizes[i], attr);

		for (int round = 0; round < 3; round++) {
			fill(&s);
			drop(&s, &r, 20);
			api_verify();
			trim_gives_nothing(s.z);
			api_verify();
			verify_all(&s);
		}
		end_set(&s);
		trim_gives_nothing(NULL);
	}
}

/* Refused from the very first call on. */
START_TEST(from_the_start)
{
	ck_assert(refuse(how));
	fill_and_drop(NULL);
	fill_and_drop(ATTR(.limit = BYTES));
	fill_and_drop(ATTR(.flags = ZONE_HUGE, .slab_size = 2 << 20));
}
END_TEST

/* Refused when there are holes and free runs already. */
START_TEST(later)
{
	struct set s[LEN(sizes)];
	struct rng r = { 8 };

	for (size_t i = 0; i < LEN(s); i++) {
		s[i] = new_set(sizes[i], NULL);
		fill(&s[i]);
		drop(&s[i], &r, 3);
	}
	(void)zone_trim(NULL, ZONE_TRIM_CACHES);
	ck_assert(refuse(how));
	for (size_t i = 0; i < LEN(s); i++) {
		fill(&s[i]);
		drop(&s[i], &r, 20);
		api_verify();
	}
	trim_gives_nothing(NULL);
	for (size_t i = 0; i < LEN(s); i++) {
		verify_all(&s[i]);
		fill(&s[i]);
		end_set(&s[i]);
	}
	trim_gives_nothing(NULL);
	fill_and_drop(NULL);
}
END_TEST

/* Everybody frees everybody's objects. */
struct market {
	zone_t		 *z[LEN(sizes)];
	_Atomic(unsigned) seed;
	_Atomic(bool)	  some_refuse;
	_Atomic(uint64_t) cells[CELLS];	/* size << 56 | address */
};

static void
give_back(struct market *m, uint64_t cell)
{
	unsigned which = (unsigned)(cell >> 56);
	void *p = (void *)(uintptr_t)(cell & (((uint64_t)1 << 56) - 1));

	if (cell == 0)
		return;
	verify(p, sizes[which]);
	errno = EXDEV;
	zone_free(m->z[which], p);
	MUST(errno == EXDEV);
}

static void *
trade(void *arg)
{
	struct market *m = arg;
	unsigned number = atomic_fetch_add(&m->seed, 1);
	struct rng r = { number };

	if (m->some_refuse && number % 2 == 0)
		MUST(refuse(&refusals[number / 2 % LEN(refusals)]));
	for (int i = 0; i < 20000; i++) {
		unsigned which = rng_below(&r, LEN(sizes) - 1);
		/* Now many cells are filled, now most are emptied. */
		bool taking = rng_below(&r, 8) < (i / 4000 % 2 == 0 ? 6 : 1);
		void *p = taking ? zone_alloc(m->z[which], rng_one_in(&r, 4) ?
		    ZONE_ZERO : 0) : NULL;

		MUST(p != NULL || !taking);
		if (p != NULL)
			stamp(p, sizes[which]);
		give_back(m, atomic_exchange(&m->cells[rng_below(&r, CELLS)],
		    p == NULL ? 0 : (uint64_t)which << 56 | (uintptr_t)p));
		if (i % 5000 == 0)
			(void)zone_trim(m->z[which], i / 5000 % 3);
	}
	return NULL;
}

static void
hold_market(struct market *m)
{
	pthread_t t[4];

	for (size_t i = 0; i < LEN(sizes); i++)
		m->z[i] = make("market", sizes[i], NULL);
	for (int round = 0; round < 3; round++) {
		for (size_t i = 0; i < LEN(t); i++)
			start(&t[i], trade, m);
		for (int i = 0; i < 10; i++)
			ck_assert_int_eq(zone_check_all(), 0);
		for (size_t i = 0; i < LEN(t); i++)
			(void)join(t[i]);
		api_verify();
	}
	for (size_t i = 0; i < CELLS; i++)
		give_back(m, m->cells[i]);
	api_verify();
}

static void
close_market(struct market *m)
{
	for (size_t i = 0; i < LEN(sizes); i++) {
		ck_assert_uint_eq(stats_of(m->z[i]).live, 0);
		ck_assert_int_eq(zone_destroy(m->z[i], ZONE_IF_EMPTY), 0);
	}
}

static struct market market;

START_TEST(with_threads)
{
	ck_assert(refuse(how));
	hold_market(&market);
	trim_gives_nothing(NULL);
	close_market(&market);
}
END_TEST

/* What half of the threads could not give, the others can. */
START_TEST(some_threads_can)
{
	market.some_refuse = true;
	hold_market(&market);
	ck_assert_uint_gt(zone_trim(NULL, ZONE_TRIM_CACHES), 0);
	ck_assert_uint_eq(zone_trim(NULL, ZONE_TRIM_CACHES), 0);
	close_market(&market);
}
END_TEST

static void *
use_a_little(void *arg)
{
	void *mine[50];

	for (size_t i = 0; i < LEN(mine); i++) {
		mine[i] = zone_alloc(arg, ZONE_ZERO);
		MUST(mine[i] != NULL && is_zero(mine[i], 200));
		memset(mine[i], 1, 200);
	}
	zone_free_n(arg, mine, LEN(mine));
	return NULL;
}

/* Threads leave their records, dirty, to those that come after them. */
START_TEST(short_threads)
{
	zone_t *z = make("short", 200, NULL);
	pthread_t t[10];

	ck_assert(refuse(how));
	for (int round = 0; round < 50; round++) {
		for (size_t i = 0; i < LEN(t); i++)
			start(&t[i], use_a_little, z);
		for (size_t i = 0; i < LEN(t); i++)
			(void)join(t[i]);
	}
	ck_assert_uint_eq(stats_of(z).live, 0);
	ck_assert_uint_eq(stats_of(z).slabs_owned, 0);
	trim_gives_nothing(NULL);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		from_the_start, later, with_threads, short_threads
	};
	const TTest *const once[] = { some_threads_can };
	int failed = 0;

	if (!can_refuse()) {
		printf("skipped: no system call filters here\n");
		return CANNOT_RUN;
	}
	for (how = refusals; how < refusals + LEN(refusals); how++)
		failed |= api_run("no-madvise", tests, LEN(tests));
	return failed | api_run("no-madvise-here", once, LEN(once));
}
