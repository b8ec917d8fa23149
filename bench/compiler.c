/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * compiler.c - what a compiler asks for: many small nodes of few sizes, made
 * and dropped in phases, names that are interned, and text that grows.
 *
 * A unit is COUNT functions.  Each is parsed into a tree (of random numbers,
 * as if it were source), the tree is folded, turned into code for a machine
 * with a stack, and dropped; the code is improved, printed and dropped.
 * Symbols and text live as long as the unit.  Folding must not change what the
 * tree evaluates to, and the code must compute the same.
 *
 * With zones as the source, nodes, code and symbols are of zones, and strings
 * are malloc's.
 */
#include <string.h>

#include "bench.h"

enum kind { NUMBER, NAME, NEGATE, BINARY, CALL, KINDS };

enum {
	ARGUMENTS = 4,
	NAMES = 3000,		/* that sources use */
	BUCKETS = 1024,
	SMALLEST = 20,		/* nodes of a function */
	LARGEST = 1500,
	SHORTEST = 2,		/* name, in bytes */
	LENGTHS = 32,
	DEPTH = 4 * LARGEST	/* of the stack */
};

struct symbol {
	struct symbol *next;
	char	*name;
	uint64_t value;
	uint64_t uses;
	uint32_t line, column;
};

struct node {
	uint8_t	 kind, op, n;
	uint32_t line;
	union {
		uint64_t       number;
		struct symbol *symbol;
		struct node   *operands[ARGUMENTS];
	};
};

struct code {
	struct code   *next, *prev;
	struct symbol *symbol;
	uint64_t       number;
	uint8_t	       kind, op, n;
};

enum { ZONE_SYMBOL = KINDS, ZONE_CODE, ZONES };

/* A compilation unit. */
struct unit {
	struct bench_run *r;
	zone_t	*zones[ZONES];		/* NULL: malloc */
	struct symbol *buckets[BUCKETS];
	char	*text;
	size_t	 length, room;
	size_t	 ops;			/* allocations */
};

/* ---- memory ---- */

/* A node is as large as its kind needs. */
static const size_t sizes[ZONES] = {
	[NUMBER] = offsetof(struct node, operands) + 8,
	[NAME] = offsetof(struct node, operands) + 8,
	[NEGATE] = offsetof(struct node, operands[1]),
	[BINARY] = offsetof(struct node, operands[2]),
	[CALL] = offsetof(struct node, operands[ARGUMENTS]),
	[ZONE_SYMBOL] = sizeof (struct symbol),
	[ZONE_CODE] = sizeof (struct code)
};

static void *
take(struct unit *u, unsigned kind)
{
	zone_t *z = u->zones[kind];
	void *p = z != NULL ? zone_alloc(z, 0) : malloc(sizes[kind]);

	if (p == NULL)
		bench_fail("out of memory");
	u->ops++;
	return p;
}

static void
give(struct unit *u, unsigned kind, void *p)
{
	zone_t *z = u->zones[kind];

	if (z != NULL)
		zone_free(z, p);
	else
		free(p);
}

/* ---- names and text ---- */

/* What the scanner makes of a name in the source: a string of its own. */
static char *
scan_name(struct unit *u)
{
	static const char letters[] = "etaoinshrdlucmfwypvbgkjqxz";
	size_t id = bench_random(u->r, NAMES), n = 0;
	size_t length = SHORTEST + id % LENGTHS;
	char *name = malloc(length + 1);

	if (name == NULL)
		bench_fail("out of memory");
	u->ops++;
	while (n < length) {
		name[n] = letters[(id * (n + 7) + (id >> n % 12)) % 26];
		n++;
	}
	name[n] = '\0';
	return name;
}

static uint64_t
hash(const char *s)
{
	uint64_t h = 1469598103934665603u;

	for (; *s != '\0'; s++)
		h = (h ^ (unsigned char)*s) * 1099511628211u;
	return h;
}

/* The symbol of a name, which is freed if the symbol was known. */
static struct symbol *
intern(struct unit *u, char *name)
{
	uint64_t h = hash(name);
	struct symbol **bucket = &u->buckets[h % BUCKETS], *s;

	for (s = *bucket; s != NULL; s = s->next)
		if (strcmp(s->name, name) == 0) {
			free(name);
			s->uses++;
			return s;
		}
	s = take(u, ZONE_SYMBOL);
	*s = (struct symbol){ .next = *bucket, .name = name, .value = h,
	    .uses = 1 };
	*bucket = s;
	return s;
}

static void
print(struct unit *u, const char *s, size_t n)
{
	if (u->length + n > u->room) {
		u->room += u->room / 2 + n;
		u->text = realloc(u->text, u->room);
		if (u->text == NULL)
			bench_fail("out of memory");
		u->ops++;
	}
	memcpy(u->text + u->length, s, n);
	u->length += n;
}

static void
free_symbols(struct unit *u)
{
	for (size_t i = 0; i < BUCKETS; i++)
		while (u->buckets[i] != NULL) {
			struct symbol *s = u->buckets[i];

			if (s->value != hash(s->name))
				bench_fail("a name is not what it was");
			u->buckets[i] = s->next;
			free(s->name);
			give(u, ZONE_SYMBOL, s);
		}
}

/* ---- trees ---- */

static uint64_t
combine(unsigned op, uint64_t a, uint64_t b)
{
	switch (op % 4) {
	case 0: return a + b;
	case 1: return a - b;
	case 2: return a * b;
	default: return a ^ b;
	}
}

static struct node *
make(struct unit *u, enum kind kind, unsigned n)
{
	struct node *t = take(u, kind);

	t->kind = (uint8_t)kind;
	t->op = (uint8_t)bench_random(u->r, 4);
	t->n = (uint8_t)n;
	t->line = (uint32_t)u->length;
	return t;
}

static struct node *
parse_leaf(struct unit *u)
{
	struct node *t;

	if (bench_random(u->r, 3) == 0) {
		t = make(u, NAME, 0);
		t->symbol = intern(u, scan_name(u));
	} else {
		t = make(u, NUMBER, 0);
		t->number = bench_random(u->r, 1000);
	}
	return t;
}

/* A tree of about BUDGET nodes. */
static struct node *
parse(struct unit *u, size_t budget)
{
	size_t choice = bench_random(u->r, 8);
	unsigned n = choice == 0 ? 1 : choice < 6 ? 2 :
	    (unsigned)(1 + bench_random(u->r, ARGUMENTS));
	struct node *t;

	if (budget <= n)
		return parse_leaf(u);
	t = make(u, choice == 0 ? NEGATE : choice < 6 ? BINARY : CALL, n);
	budget--;
	for (unsigned i = 0; i < n; i++) {
		size_t part = i + 1 == n ? budget :
		    bench_random(u->r, budget);

		t->operands[i] = parse(u, part);
		budget -= part;
	}
	return t;
}

static uint64_t
evaluate(const struct node *t)
{
	uint64_t v = t->kind;

	switch (t->kind) {
	case NUMBER: return t->number;
	case NAME: return t->symbol->value;
	case NEGATE: return -evaluate(t->operands[0]);
	case BINARY:
		return combine(t->op, evaluate(t->operands[0]),
		    evaluate(t->operands[1]));
	default:
		for (unsigned i = 0; i < t->n; i++)
			v = v * 31 + evaluate(t->operands[i]);
		return v;
	}
}

/* Where all operands are numbers, a number takes their place. */
static struct node *
fold(struct unit *u, struct node *t)
{
	int all = t->n > 0 && t->kind != CALL;
	struct node *number;

	for (unsigned i = 0; i < t->n; i++) {
		t->operands[i] = fold(u, t->operands[i]);
		all = all && t->operands[i]->kind == NUMBER;
	}
	if (!all)
		return t;
	number = make(u, NUMBER, 0);
	number->number = evaluate(t);
	for (unsigned i = 0; i < t->n; i++)
		give(u, NUMBER, t->operands[i]);
	give(u, t->kind, t);
	return number;
}

static void
drop_tree(struct unit *u, struct node *t)
{
	for (unsigned i = 0; i < t->n; i++)
		drop_tree(u, t->operands[i]);
	give(u, t->kind, t);
}

/* ---- code ---- */

/* A list with a head that is never code. */
static void
append(struct unit *u, struct code *list, const struct node *t)
{
	struct code *c = take(u, ZONE_CODE);

	c->kind = t->kind;
	c->op = t->op;
	c->n = t->n;
	c->symbol = t->kind == NAME ? t->symbol : NULL;
	c->number = t->kind == NUMBER ? t->number : 0;
	c->prev = list->prev;
	c->next = list;
	list->prev->next = c;
	list->prev = c;
}

/* Operands first; what is to be negated is negated once too often. */
static void
generate(struct unit *u, struct code *list, const struct node *t)
{
	for (unsigned i = 0; i < t->n; i++)
		generate(u, list, t->operands[i]);
	append(u, list, t);
	if (t->kind == NEGATE) {
		append(u, list, t);
		append(u, list, t);
	}
}

static void
drop_code(struct unit *u, struct code *c)
{
	c->prev->next = c->next;
	c->next->prev = c->prev;
	give(u, ZONE_CODE, c);
}

/* Two negations that follow each other do nothing. */
static void
improve(struct unit *u, struct code *list)
{
	struct code *c = list->next;

	while (c != list && c->next != list) {
		struct code *next = c->next;

		if (c->kind == NEGATE && next->kind == NEGATE) {
			struct code *go_on = c->prev == list ? next->next :
			    c->prev;

			drop_code(u, c);
			drop_code(u, next);
			c = go_on;
		} else {
			c = next;
		}
	}
}

static void
print_code(struct unit *u, const struct code *list)
{
	static const char digits[] = "0123456789abcdef";

	for (const struct code *c = list->next; c != list; c = c->next) {
		char line[24] = "\t?? ";
		uint64_t v = c->kind == NAME ? c->symbol->value : c->number;
		size_t n = 4;

		line[1] = digits[c->kind];
		line[2] = digits[c->op];
		for (; v != 0; v >>= 4)
			line[n++] = digits[v & 15];
		line[n++] = '\n';
		print(u, line, n);
	}
}

/* One instruction; returns the new height of the stack. */
static size_t
step(const struct code *c, uint64_t *stack, size_t n)
{
	uint64_t v = c->kind;

	switch (c->kind) {
	case NUMBER: stack[n] = c->number; return n + 1;
	case NAME: stack[n] = c->symbol->value; return n + 1;
	case NEGATE: stack[n - 1] = -stack[n - 1]; return n;
	case BINARY:
		stack[n - 2] = combine(c->op, stack[n - 2], stack[n - 1]);
		return n - 1;
	default:
		for (size_t i = n - c->n; i < n; i++)
			v = v * 31 + stack[i];
		stack[n - c->n] = v;
		return n - c->n + 1;
	}
}

static uint64_t
execute(const struct code *list)
{
	uint64_t stack[DEPTH];
	size_t n = 0;

	for (const struct code *c = list->next; c != list; c = c->next) {
		if (n < c->n || n == DEPTH)
			bench_fail("code runs off its stack");
		n = step(c, stack, n);
	}
	if (n != 1)
		bench_fail("code leaves something else than one value");
	return stack[0];
}

/* ---- all of it ---- */

static void
compile_function(struct unit *u)
{
	struct code list = { .next = &list, .prev = &list };
	struct node *t = parse(u, SMALLEST +
	    bench_random(u->r, LARGEST - SMALLEST));
	uint64_t value = evaluate(t);

	t = fold(u, t);
	if (evaluate(t) != value)
		bench_fail("folding has changed a value");
	generate(u, &list, t);
	drop_tree(u, t);
	improve(u, &list);
	print_code(u, &list);
	if (execute(&list) != value)
		bench_fail("code computes another value than its source");
	while (list.next != &list)
		drop_code(u, list.next);
}

static size_t
compile(struct bench_run *r)
{
	struct unit u = { .r = r };

	if (r->source == BENCH_ZONE)
		for (size_t i = 0; i < ZONES; i++)
			u.zones[i] = bench_zone(sizes[i], 0);
	for (size_t i = 0; i < r->count; i++)
		compile_function(&u);
	free_symbols(&u);
	free(u.text);
	return u.ops;
}

const struct bench_row bench_compiler[] = {
	{
		.name = "compiler", .body = { compile, compile },
		.counts = { 100 },
		.ops = 150000, .total = 3000000
	}, {
		.name = "compiler", .body = { compile, compile },
		.counts = { 100 }, .threads = { 2, 4 },
		.ops = 150000, .total = 6000000
	},
	{ .name = NULL }
};
