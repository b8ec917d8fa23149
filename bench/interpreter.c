/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * interpreter.c - what the interpreter of a dynamic language asks for: boxed
 * numbers and strings that live for one operation, counted references, and
 * lists and dictionaries that grow.
 *
 * The program that is interpreted makes a text of COUNT words, each put
 * together from syllables, counts how often each occurs, and lists the pairs of
 * word and count.  The tables of the last texts stay.
 *
 * With zones as the source, numbers and the heads of lists and dictionaries
 * are of zones; strings and arrays are malloc's.
 */
#include <string.h>

#include "bench.h"

enum { SYLLABLES = 24, KEPT = 8, MINIMUM = 8 };

enum type { INT, LIST, DICT, TYPES, STRING = TYPES };

/* Begins every value. */
struct value {
	uint32_t references;
	uint32_t type;
};

struct integer {
	struct value head;
	int64_t	     number;
};

struct string {
	struct value head;
	uint64_t     hash;
	size_t	     length;
	char	     bytes[];
};

struct list {
	struct value   head;
	size_t	       n, room;
	struct value **items;
};

struct entry {
	struct string *key;
	struct value  *value;
};

struct dict {
	struct value  head;
	size_t	      n, room;		/* room: a power of two */
	struct entry *entries;
};

struct interpreter {
	struct bench_run *r;
	zone_t		*zones[TYPES];	/* NULL: malloc */
	struct string	*syllables[SYLLABLES];
	struct dict	*kept[KEPT];
	size_t		 runs;
	size_t		 ops;		/* allocations */
};

/* ---- values ---- */

static void *
take(struct interpreter *in, enum type type, size_t size)
{
	zone_t *z = type < TYPES ? in->zones[type] : NULL;
	struct value *v = z != NULL ? zone_alloc(z, 0) : malloc(size);

	if (v == NULL)
		bench_fail("out of memory");
	in->ops++;
	v->references = 1;
	v->type = type;
	return v;
}

static void	drop(struct interpreter *in, void *value);

static void
end(struct interpreter *in, struct value *v)
{
	zone_t *z = v->type < TYPES ? in->zones[v->type] : NULL;

	if (v->type == LIST) {
		struct list *l = (struct list *)v;

		for (size_t i = 0; i < l->n; i++)
			drop(in, l->items[i]);
		free(l->items);
	} else if (v->type == DICT) {
		struct dict *d = (struct dict *)v;

		for (size_t i = 0; i < d->room; i++)
			if (d->entries[i].key != NULL) {
				drop(in, d->entries[i].key);
				drop(in, d->entries[i].value);
			}
		free(d->entries);
	}
	if (z != NULL)
		zone_free(z, v);
	else
		free(v);
}

/* One reference to VALUE less. */
static void
drop(struct interpreter *in, void *value)
{
	struct value *v = value;

	if (v->references == 0)
		bench_fail("a value lost its references");
	if (--v->references == 0)
		end(in, v);
}

static void *
share(void *value)
{
	struct value *v = value;

	v->references++;
	return v;
}

static struct integer *
integer(struct interpreter *in, int64_t number)
{
	struct integer *i = take(in, INT, sizeof *i);

	i->number = number;
	return i;
}

/* ---- strings ---- */

static struct string *
string(struct interpreter *in, const char *a, size_t an, const char *b,
    size_t bn)
{
	struct string *s = take(in, STRING, sizeof *s + an + bn + 1);
	uint64_t h = 1469598103934665603u;

	memcpy(s->bytes, a, an);
	memcpy(s->bytes + an, b, bn);
	s->length = an + bn;
	s->bytes[s->length] = '\0';
	for (size_t i = 0; i < s->length; i++)
		h = (h ^ (unsigned char)s->bytes[i]) * 1099511628211u;
	s->hash = h ^ h >> 32;
	return s;
}

/* A + B; A is used up. */
static struct string *
concatenate(struct interpreter *in, struct string *a, const struct string *b)
{
	struct string *s = string(in, a->bytes, a->length, b->bytes,
	    b->length);

	drop(in, a);
	return s;
}

static int
same(const struct string *a, const struct string *b)
{
	return a->hash == b->hash && a->length == b->length &&
	    memcmp(a->bytes, b->bytes, a->length) == 0;
}

/* ---- lists ---- */

static struct list *
list(struct interpreter *in)
{
	struct list *l = take(in, LIST, sizeof *l);

	l->n = l->room = 0;
	l->items = NULL;
	return l;
}

/* The item is used up. */
static void
append(struct interpreter *in, struct list *l, void *item)
{
	if (l->n == l->room) {
		l->room += l->room / 8 + MINIMUM;
		l->items = realloc(l->items, l->room * sizeof l->items[0]);
		if (l->items == NULL)
			bench_fail("out of memory");
		in->ops++;
	}
	l->items[l->n++] = item;
}

/* ---- dictionaries ---- */

static struct entry *
find(const struct dict *d, const struct string *key)
{
	size_t i = key->hash & (d->room - 1);

	while (d->entries[i].key != NULL && !same(d->entries[i].key, key))
		i = (i + 1) & (d->room - 1);
	return &d->entries[i];
}

static void
make_room(struct interpreter *in, struct dict *d, size_t room)
{
	struct entry *old = d->entries;
	size_t n = d->room;

	d->entries = calloc(room, sizeof d->entries[0]);
	if (d->entries == NULL)
		bench_fail("out of memory");
	in->ops++;
	d->room = room;
	for (size_t i = 0; i < n; i++)
		if (old[i].key != NULL)
			*find(d, old[i].key) = old[i];
	free(old);
}

static struct dict *
dict(struct interpreter *in)
{
	struct dict *d = take(in, DICT, sizeof *d);

	d->n = d->room = 0;
	d->entries = NULL;
	make_room(in, d, MINIMUM);
	return d;
}

/* The value is used up; a new key is shared. */
static void
put(struct interpreter *in, struct dict *d, struct string *key, void *value)
{
	struct entry *e = find(d, key);

	if (e->key != NULL) {
		drop(in, e->value);
		e->value = value;
		return;
	}
	*e = (struct entry){ share(key), value };
	if (++d->n * 3 > d->room * 2)
		make_room(in, d, d->room * 2);
}

/* ---- the program ---- */

static struct string *
word(struct interpreter *in)
{
	struct string *s = string(in, "", 0, "", 0);

	for (size_t n = 1 + bench_random(in->r, 4); n > 0; n--)
		s = concatenate(in, s,
		    in->syllables[bench_random(in->r, SYLLABLES)]);
	return s;
}

static struct list *
text(struct interpreter *in)
{
	struct list *words = list(in);

	for (size_t i = 0; i < in->r->count; i++)
		append(in, words, word(in));
	return words;
}

static struct dict *
tally(struct interpreter *in, const struct list *words)
{
	struct dict *d = dict(in);

	for (size_t i = 0; i < words->n; i++) {
		struct string *w = (struct string *)words->items[i];
		struct integer *old = (struct integer *)find(d, w)->value;

		put(in, d, w, integer(in, old == NULL ? 1 : old->number + 1));
	}
	return d;
}

/* Pairs of a word and its count, in no order. */
static struct list *
pairs(struct interpreter *in, const struct dict *d)
{
	struct list *all = list(in);

	for (size_t i = 0; i < d->room; i++)
		if (d->entries[i].key != NULL) {
			struct list *pair = list(in);

			append(in, pair, share(d->entries[i].key));
			append(in, pair, share(d->entries[i].value));
			append(in, all, pair);
		}
	return all;
}

/* The counts must add up to the words there were, and so must their bytes. */
static void
check(struct interpreter *in, const struct list *words,
    const struct list *all)
{
	struct integer *sum = integer(in, 0);
	size_t bytes = 0;

	for (size_t i = 0; i < all->n; i++) {
		struct list *pair = (struct list *)all->items[i];
		struct string *w = (struct string *)pair->items[0];
		struct integer *n = (struct integer *)pair->items[1];
		struct integer *more = integer(in, sum->number + n->number);

		drop(in, sum);
		sum = more;
		bytes += (size_t)n->number * w->length;
	}
	for (size_t i = 0; i < words->n; i++)
		bytes -= ((struct string *)words->items[i])->length;
	if (sum->number != (int64_t)words->n || bytes != 0)
		bench_fail("words were counted wrong");
	drop(in, sum);
}

static size_t
interpret(struct bench_run *r)
{
	struct interpreter *in = r->data;
	size_t before = in->ops;
	struct list *words = text(in), *all;
	struct dict **kept = &in->kept[in->runs++ % KEPT];

	if (*kept != NULL)
		drop(in, *kept);
	*kept = tally(in, words);
	all = pairs(in, *kept);
	check(in, words, all);
	drop(in, words);
	drop(in, all);
	return in->ops - before;
}

static void
interpreter_setup(struct bench_run *r)
{
	static const size_t sizes[TYPES] = {
		sizeof (struct integer), sizeof (struct list),
		sizeof (struct dict)
	};
	struct interpreter *in = bench_own(1, sizeof *in);

	in->r = r;
	if (r->source == BENCH_ZONE)
		for (size_t i = 0; i < TYPES; i++)
			in->zones[i] = bench_zone(sizes[i], 0);
	for (size_t i = 0; i < SYLLABLES; i++) {
		char letters[4] = { "bcdfghklmnprstvwxz"[i % 18],
		    "aeiou"[i % 5], "nrstl"[i / 5] };

		in->syllables[i] = string(in, letters, 2, letters + 2,
		    i % 3 != 0);
	}
	r->data = in;
}

static void
interpreter_teardown(struct bench_run *r)
{
	struct interpreter *in = r->data;

	for (size_t i = 0; i < SYLLABLES; i++)
		drop(in, in->syllables[i]);
	for (size_t i = 0; i < KEPT; i++)
		if (in->kept[i] != NULL)
			drop(in, in->kept[i]);
	free(in);
}

const struct bench_row bench_interpreter[] = {
	{
		.name = "interpreter", .setup = interpreter_setup,
		.body = { interpret, interpret },
		.teardown = interpreter_teardown,
		.counts = { 1000, 30000 }, .total = 1000000
	}, {
		.name = "interpreter", .setup = interpreter_setup,
		.body = { interpret, interpret },
		.teardown = interpreter_teardown,
		.counts = { 1000 }, .threads = { 2, 4 }, .total = 2000000
	},
	{ .name = NULL }
};
