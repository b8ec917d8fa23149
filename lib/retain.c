/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * retain.c - see retain.h.  Updates may be lost between threads: these are
 * figures to go by, not accounts.
 */
#include "retain.h"

#include "os.h"

enum {
	FLOOR = 512 * 1024,
	SHARE = 32
};

size_t
retain_floor(size_t used)
{
	return max_size(FLOOR, used / SHARE);
}

static bool
is_recent(_Atomic(uint64_t) *when, uint64_t now)
{
	return now - load_relaxed(when) <= RETAIN_MS;
}

size_t
retain_bounce(struct retention *r)
{
	size_t bounce = load_relaxed(&r->bounce);
	uint64_t now;

	if (bounce != 0) {
		now = os_coarse_ms();
		if (!is_recent(&r->widened_ms, now)) {
			bounce /= 2;
			store_relaxed(&r->bounce, bounce);
			store_relaxed(&r->widened_ms, now);
		}
	}
	return bounce;
}

size_t
retain_bound(struct retention *r, size_t used)
{
	return retain_floor(used) + retain_bounce(r);
}

void
retain_gave(struct retention *r, size_t bytes)
{
	uint64_t now = os_coarse_ms();

	if (is_recent(&r->gave_ms, now))
		bytes += load_relaxed(&r->gone);
	store_relaxed(&r->gone, bytes);
	store_relaxed(&r->gave_ms, now);
}

size_t
retain_wanted(struct retention *r, size_t bytes)
{
	size_t gone = load_relaxed(&r->gone), back = min_size(bytes, gone);
	uint64_t now;

	if (back == 0)
		return 0;
	now = os_coarse_ms();
	if (!is_recent(&r->gave_ms, now)) {
		store_relaxed(&r->gone, 0);
		return 0;
	}
	store_relaxed(&r->gone, gone - back);
	add_relaxed(&r->bounce, back);
	store_relaxed(&r->gave_ms, now);
	store_relaxed(&r->widened_ms, now);
	return back;
}

void
retain_came_back(struct churn *c, size_t bytes)
{
	atomic_fetch_add_explicit(&c->back, bytes, memory_order_relaxed);
}

/* Half of it fades with each CHURN_MS. */
static size_t
fade(struct churn *c, size_t back)
{
	uint64_t now = os_coarse_ms();
	uint64_t halvings = (now - load_relaxed(&c->halved_ms)) / CHURN_MS;

	if (halvings == 0)
		return back;
	back = halvings < 64 ? back >> halvings : 0;
	store_relaxed(&c->back, back);
	store_relaxed(&c->halved_ms, now);
	return back;
}

size_t
retain_churn(struct churn *c, size_t used)
{
	size_t back = load_relaxed(&c->back), free = used / CHURN_FREE;
	size_t most = used / CHURN_MOST;

	/* Most programs never need to know the time. */
	if (back > free)
		back = fade(c, back);
	if (back <= free)
		return 0;
	if (back > used)
		most += back - used;
	return min_size(back - free, most);
}
