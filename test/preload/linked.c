/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A program linked with libzobj and run under the shim has one allocator, the
 * shim's: it sees malloc's zones beside its own.
 */
#include "victim.h"

#include "zobj.h"

struct node {
	struct node *next;
	int value;
};
ZONE_DEFINE(nodes, "node", struct node);

static int seen_malloc, seen_node;

static int
look(zone_t *z, void *arg)
{
	(void)arg;
	seen_malloc += strncmp(zone_name(z), "malloc-", 7) == 0;
	seen_node += strcmp(zone_name(z), "node") == 0;
	return 0;
}

int
main(void)
{
	struct zone_stats st = { .stats_size = sizeof st };
	zone_t *own = zone_create("own", 100, NULL);
	void *p = malloc(100), *q;
	struct node *n;
	Dl_info info;

	victim_start();
	CHECK(own != NULL && zone_of(p) != NULL);
	CHECK(strcmp(zone_name(zone_of(p)), "malloc-112") == 0);
	CHECK(zone_size(zone_of(p)) == 112 && zone_base((char *)p + 50) == p);
	CHECK(zone_holds(NULL, p) && zone_holds(zone_of(p), p));
	n = zone_alloc(nodes, ZONE_ZERO);
	q = zone_alloc(own, 0);
	CHECK(n != NULL && n->value == 0 && q != NULL);
	CHECK(zone_of(q) == own && strcmp(zone_name(zone_of(n)), "node") == 0);
	CHECK(zone_foreach(look, NULL) == 0);
	CHECK(seen_malloc > 50 && seen_node == 1);
	CHECK(zone_stats(zone_of(p), &st) == 0 && st.live >= 1);
	zone_free(zone_of(p), p);
	CHECK(!zone_holds(NULL, p));
	zone_free(NULL, q);
	zone_free(nodes, n);
	CHECK(zone_destroy(own, ZONE_IF_EMPTY) == 0);
	CHECK(zone_check_all() == 0);
	CHECK(dladdr((void *)(uintptr_t)zone_alloc, &info) != 0);
	CHECK(strstr(info.dli_fname, "libzobj-malloc.so") != NULL);
	return 0;
}
