/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ztable.c - numbers, slots and structs of zones.
 */
#include "unit.h"

#include "../../lib/init.h"
#include "../../lib/thread.h"
#include "../../lib/ztable.h"

static struct zone *zones[ZTABLE_PROGRAM];

/* A zone with a number; NULL: none left. */
static struct zone *
get(bool own)
{
	struct zone *z;
	int error = 0;

	init();
	z = ztable_get(own, &error);
	if (z == NULL)
		ck_assert_int_eq(error, ENOSPC);
	return z;
}

static unsigned
number(const struct zone *z)
{
	return thread_slot_id(z->slot);
}

START_TEST(slots)
{
	for (unsigned id = 0; id < ZTABLE_END; id++) {
		uint32_t slot = thread_slot(id);

		ck_assert_uint_eq(thread_slot_id(slot), id);
		ck_assert_uint_ge(slot, offsetof(struct thread, caches));
		ck_assert_uint_le(slot, sizeof (struct thread) -
		    sizeof (struct tcache));
	}
}
END_TEST

START_TEST(two_parts)
{
	struct zone *own = get(true), *program = get(false);

	ck_assert(ztable_is_own(thread_slot_id(own->slot)));
	ck_assert(!ztable_is_own(thread_slot_id(program->slot)));
	ck_assert_uint_lt(number(own), ZTABLE_OWN);
	ck_assert_uint_ge(number(program), ZTABLE_OWN);
	ck_assert_uint_lt(number(program), ZTABLE_END);
	ztable_put(own);
	ztable_put(program);
}
END_TEST

START_TEST(found_while_published)
{
	struct zone *z = get(false);
	unsigned id = number(z);

	ck_assert_ptr_null(ztable_at(id));
	z->stride = 16;
	z->nobj = 64;
	share_init(z, RANK_ZONE);
	ztable_publish(z);
	ck_assert_ptr_eq(ztable_at(id), z);
	ck_assert_ptr_null(ztable_at(id + 1));
	ck_assert_ptr_null(ztable_at(ZTABLE_END - 1));
	ztable_withdraw(z);
	ck_assert_ptr_null(ztable_at(id));
	ztable_put(z);
}
END_TEST

/* Each number once, until there are none; then each can be had again. */
static void
take_all_numbers(bool own, size_t most)
{
	static bool seen[ZTABLE_END];
	size_t n = 0;

	memset(seen, 0, sizeof seen);
	while ((zones[n] = get(own)) != NULL) {
		ck_assert(!seen[number(zones[n])]);
		seen[number(zones[n])] = true;
		ck_assert_uint_lt(++n, most + 1);
		if (n == most)
			break;
	}
	ck_assert_uint_eq(n, most);
	ck_assert_ptr_null(get(own));
	for (size_t i = 0; i < n; i++)
		ztable_put(zones[i]);
}

START_TEST(all_numbers)
{
	for (int round = 0; round < 3; round++) {
		take_all_numbers(false, ZTABLE_PROGRAM);
		take_all_numbers(true, ZTABLE_OWN);
	}
}
END_TEST

/* A number is not used again at once: a stale slot finds nothing. */
START_TEST(reuse_comes_late)
{
	struct zone *z = get(false);
	unsigned id = number(z);

	ztable_put(z);
	for (int i = 1; i < ZTABLE_PROGRAM; i++) {
		z = get(false);
		ck_assert_uint_ne(number(z), id);
		ztable_put(z);
	}
	z = get(false);
	ck_assert_uint_eq(number(z), id);
	ztable_put(z);
}
END_TEST

/* Structs stay structs: what is stale reads as a zone that has no slot. */
START_TEST(structs_stay_structs)
{
	for (int i = 0; i < 1000; i++)
		zones[i] = get(false);
	for (int i = 0; i < 1000; i++) {
		store_relaxed(&zones[i]->magic, ZONE_MAGIC_DEAD);
		strcpy(zones[i]->name, "dead");
		ztable_put(zones[i]);
	}
	zone_trim(NULL, ZONE_TRIM_CACHES);
	for (int i = 0; i < 1000; i++) {
		ck_assert_uint_eq(zones[i]->slot, 0);
		ck_assert_str_eq(zones[i]->name, "dead");
		ck_assert(load_relaxed(&zones[i]->magic) == ZONE_MAGIC_DEAD);
	}
}
END_TEST

static void
count(struct zone *z, void *arg)
{
	ck_assert_uint_ne(z->kind & KIND_META, 0);
	ck_assert(strncmp(z->name, "zobj:", 5) == 0);
	++*(int *)arg;
}

START_TEST(own_records)
{
	int n = 0;

	init();
	ztable_foreach_meta(count, &n);
	ck_assert_int_eq(n, 1 + SHARE_MAP_ZONES);
}
END_TEST

START_TEST(locking_everything)
{
	zone_t *a = make("a", 8, NULL), *b = make("b", 8, NULL);

	ztable_lock_all();
	ck_assert(!lock_try(&a->lock));
	ck_assert(!lock_try(&b->lock));
	ck_assert(!lock_try(&ztable_lock));
	ztable_unlock_all();
	zone_free(a, take(a));
	zone_free(b, take(b));
}
END_TEST

RUN_TESTS("ztable", slots, two_parts, found_while_published, all_numbers,
    reuse_comes_late, structs_stay_structs, own_records, locking_everything)
