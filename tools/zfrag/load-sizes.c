/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * load-sizes.c - which sizes programs ask for.
 *
 * A mix has three bands: small objects, by far the most; some of a few KiB;
 * and a few large ones.  Within a band each octave is as likely as the other.
 * In MIX_PROGRAM each band has about a third of the bytes.
 */
#include "load.h"

#define BANDS	3

struct band {
	unsigned share;		/* of 65,536 calls */
	unsigned low;		/* smallest size */
	unsigned octaves;	/* sizes below low << octaves */
};

static const struct band mixes[][BANDS] = {
	[MIX_PROGRAM] = {
		{ 63569, 16, 5 }, { 1934, 512, 6 }, { 33, 32768, 5 }
	},
	[MIX_OTHER] = {
		{ 62914, 40, 4 }, { 2589, 640, 5 }, { 33, 20480, 5 }
	},
	[MIX_TEXT] = {
		{ 64881, 16, 4 }, { 642, 256, 7 }, { 13, 32768, 5 }
	},
	[MIX_RECORDS] = {
		{ 62259, 96, 3 }, { 3244, 768, 4 }, { 33, 16384, 5 }
	},
	[MIX_BUFFERS] = {
		{ 58983, 24, 5 }, { 6488, 1024, 5 }, { 65, 32768, 5 }
	},
};

size_t
mix_size(enum mix mix, struct rng *rng)
{
	const struct band *band = mixes[mix];
	uint64_t r = rng_next(rng);
	unsigned share = r & 0xffff;
	size_t low;

	while (share >= band->share)
		share -= band++->share;
	low = (size_t)band->low << (((r >> 16) & 0xff) * band->octaves >> 8);
	return (low + ((r >> 32) * low >> 32));
}

size_t
mix_mean(enum mix mix)
{
	double sum = 0;

	/* An octave's mean is 1.5 times its lowest size. */
	for (const struct band *b = mixes[mix]; b < mixes[mix] + BANDS; b++)
		sum += b->share / 65536.0 * 1.5 * b->low *
		    ((1u << b->octaves) - 1) / b->octaves;
	return (sum);
}
