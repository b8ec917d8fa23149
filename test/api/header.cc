// SPDX-License-Identifier: BSD-2-Clause
//
// header.cc - zobj.h as C++11 sees it.
#include <zobj.h>

#include <cstdio>
#include <cstring>

namespace {

struct node {
	node *next;
	int value;
};

struct wide {
	double x[8];
};

}

ZONE_DEFINE(nodes, "node", node);
ZONE_DEFINE(wides, "wide", wide, .align = 64, .flags = ZONE_ZERO);

static int
construct(void *obj, void *arg)
{
	std::memcpy(obj, arg, 4);
	return 0;
}

static void
destruct(void *, void *arg)
{
	static_cast<char *>(arg)[0]++;
}

static int
count(void *, void *arg)
{
	++*static_cast<int *>(arg);
	return 0;
}

static bool
wrong(const char *what)
{
	std::fprintf(stderr, "header: %s\n", what);
	return false;
}

static bool
use_static_zones()
{
	node *n = static_cast<node *>(zone_alloc(nodes, ZONE_ZERO));
	wide *w = static_cast<wide *>(zone_alloc(wides, 0));
	int live = 0;

	if (n == nullptr || w == nullptr || n->value != 0 || w->x[7] != 0)
		return wrong("zone_alloc");
	if (reinterpret_cast<uintptr_t>(w) % 64 != 0)
		return wrong("alignment");
	if (zone_walk(nodes, count, &live) != 0 || live != 1)
		return wrong("zone_walk");
	zone_free(nodes, n);
	zone_free(nullptr, w);
	return true;
}

static bool
use_attributes()
{
	char arg[] = "abc";
	zone_attr attr = {};
	struct zone_stats st = {};

	attr.attr_size = sizeof attr;
	attr.limit = 1;
	attr.ctor = construct;
	attr.dtor = destruct;
	attr.arg = arg;
	st.stats_size = sizeof st;
	zone_t *z = zone_create("c++", 16, &attr);
	void *p = z != nullptr ? zone_alloc(z, 0) : nullptr;
	if (p == nullptr || std::strcmp(static_cast<char *>(p), "abc") != 0)
		return wrong("constructor");
	if (zone_stats(z, &st) != 0 || st.live != 1 || st.limit != 1)
		return wrong("zone_stats");
	if (zone_destroy(z, ZONE_NOW) != 0 || arg[0] != 'b')
		return wrong("zone_destroy");
	return true;
}

int
main()
{
	if (!use_static_zones() || !use_attributes())
		return 1;
	return zone_check_all() == 0 ? 0 : 1;
}
