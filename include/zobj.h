/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zobj.h - zones: one allocator per type of object.
 *
 * A zone hands out objects of one size and alignment, keeps them apart from
 * every other type, and knows how many there are.  Five calls make a complete
 * program: zone_create, zone_alloc, zone_free, zone_stats, zone_destroy.
 *
 *	zone_t *nodes = zone_create("node", sizeof (struct node), NULL);
 *	struct node *n = zone_alloc(nodes, ZONE_ZERO);
 *	zone_free(nodes, n);
 *	zone_destroy(nodes, ZONE_IF_EMPTY);
 *
 * Every function may be called from any thread at any time, except where its
 * comment says otherwise.  The C names are zone_*; the linked names are
 * zobj_*, because other software exports functions called zone_free.
 *
 * Failure has two forms.  What the system could not do is NULL or -1 with
 * errno: ENOMEM (no memory), ENOSPC (the zone's limit), EBUSY, EINVAL.  What
 * the program did wrong (freed twice, into the wrong zone, not an object, not
 * ours) is one line on descriptor 2 and abort(3); see zone_on_error.
 */
#ifndef ZOBJ_H
#define ZOBJ_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ZOBJ_VERSION_MAJOR 0
#define ZOBJ_VERSION_MINOR 1

typedef struct zone zone_t;

#if defined(__GNUC__)
#define ZOBJ_NAME(linked)	__asm__(#linked)
#define ZOBJ_ALLOCATES		__attribute__((__malloc__, __warn_unused_result__))
#else
#define ZOBJ_NAME(linked)
#define ZOBJ_ALLOCATES
#endif

/* Flags of one call, or in zone_attr.flags the default of every call. */
enum {
	ZONE_ZERO	= 0x0001,	/* zero filled; not with a constructor */
	ZONE_NOWAIT	= 0x0002,	/* never enters the kernel, never sleeps */
	ZONE_RESERVE	= 0x0004,	/* may take of the zone's reserve */
	ZONE_NOFAIL	= 0x0008	/* tries until it works; not together with
					   ZONE_NOWAIT */
};

/* Flags of a zone, in zone_attr.flags only. */
enum {
	ZONE_HUGE	= 0x0100,	/* prefer huge pages */
	ZONE_SIGNALSAFE	= 0x0200	/* has objects even for a signal handler
					   that interrupted a call on the zone:
					   of `reserve`, which is as many as one
					   slab has, 32 at most, if that is 0 */
};

/* Sizes in bytes unless said otherwise; 0 means the default. */
struct zone_attr {
	size_t	 attr_size;		/* sizeof (struct zone_attr) */
	size_t	 align;			/* power of two, at most the slab size;
					   default: the largest power of two that
					   divides the size, 16 at most */
	uint32_t flags;
	uint32_t slab_size;		/* power of two, 64 KiB to 16 MiB */
	size_t	 limit;			/* most live objects, in objects */
	size_t	 reserve;		/* kept for ZONE_RESERVE, in objects */
	uint32_t min_free_slabs;	/* made ready ahead of need, in slabs */
	uint32_t max_free_slabs;	/* free slabs the zone keeps, in slabs */
	void	*seed;			/* memory for zone_cram at the start */
	size_t	 seed_size;		/* its size */
	int	(*ctor)(void *obj, void *arg);	/* 0, or an errno value */
	void	(*dtor)(void *obj, void *arg);
	void	*arg;
};

/*
 * Make a zone of objects of SIZE bytes, 1 to 1 MiB.  NAME is copied; it is
 * shown in statistics and messages and cut at 31 bytes.  ATTR may be NULL.
 * Two zones are never merged, whatever their shapes.  At most 4,096 zones.
 * Returns NULL with EINVAL (size, alignment, flags or an attribute make no
 * sense), ENOSPC (too many zones) or ENOMEM.
 *
 * A constructor runs when memory first becomes an object, in the thread that
 * asks for it; if it returns an errno value that allocation fails with it.
 * The destructor runs before the memory leaves the zone.  An object is freed
 * in the constructed state and comes back as it was.  No lock is held while
 * either runs; both may use other zones.  (Bonwick, 1994.)
 */
zone_t *zone_create(const char *name, size_t size,
    const struct zone_attr *attr) ZOBJ_NAME(zobj_create);

/*
 * Take an object.  FLAGS: ZONE_ZERO, ZONE_NOWAIT, ZONE_RESERVE, ZONE_NOFAIL or
 * 0, in addition to the zone's own.  The caller owns the object until
 * zone_free.  NULL with ENOMEM, ENOSPC, EINVAL (ZONE_ZERO with a constructor,
 * ZONE_NOFAIL with ZONE_NOWAIT) or the constructor's error.
 *
 * When nothing else is left ZONE_RESERVE takes of the zone's reserve.
 * ZONE_NOFAIL never returns NULL but with EINVAL: it waits, also at the
 * zone's limit, and after a second or so reports ZONE_OUT_OF_MEMORY (see
 * zone_on_error); if that returns it goes on.  In a signal handler that has
 * interrupted a call of the library it does not wait, and may return NULL.
 */
void *zone_alloc(zone_t *z, unsigned flags) ZOBJ_NAME(zobj_alloc) ZOBJ_ALLOCATES;

/*
 * Give an object back, from any thread.  Z is checked against the zone that
 * the object is in; Z NULL means whatever zone that is.  OBJ NULL: nothing.
 * errno is preserved.  A mistake is reported as zone_on_error describes.
 */
void zone_free(zone_t *z, void *obj) ZOBJ_NAME(zobj_free);

/*
 * Take up to N objects into OBJS; returns how many (fewer only with errno
 * set as zone_alloc does).  Give N objects back; NULL entries are skipped.
 */
size_t zone_alloc_n(zone_t *z, void **objs, size_t n, unsigned flags)
    ZOBJ_NAME(zobj_alloc_n);
void zone_free_n(zone_t *z, void *const *objs, size_t n)
    ZOBJ_NAME(zobj_free_n);

/*
 * Register memory of the program's: MEM, of SIZE bytes, at any address, becomes
 * slabs of Z.  Its objects are taken before any slab of the library's is; it is
 * never purged, trimmed or unmapped.  Readable and writable it must be, and no
 * part of it another zone's, or from this library's malloc.  Z owns it until
 * the zone is gone; then it is the program's again.  The library's own records
 * about it are at its front: registering needs no other memory, and no system
 * call.  Returns how many objects fit (INT_MAX at most; what is left is not
 * used); -1 with EINVAL (not even one fits, or part of MEM is taken already) or
 * ENOSPC (1,024 such ranges are there).  (Mach's zcram; zbootinit of the BSDs.)
 *
 * ZONE_CRAM_SIZE(N, SIZE, ALIGN): a size in bytes, a constant, that is enough
 * for N objects in every zone of SIZE and ALIGN, wherever the memory lies.
 */
int zone_cram(zone_t *z, void *mem, size_t size) ZOBJ_NAME(zobj_cram);

#define ZONE_CRAM_STRIDE(size, align)					\
	((align) == 0 ? (size_t)(size) :				\
	    ((size_t)(size) + ((align) - 1)) / (align) * (align))
#define ZONE_CRAM_SLAB(stride)	/* objects in a slab, at least */	\
	((stride) > 65536 ? 1 : (stride) < 16 ? 4096 : 65536 / (stride))
#define ZONE_CRAM_SLABS(n, stride)					\
	(((size_t)(n) + ZONE_CRAM_SLAB(stride) - 1) / ZONE_CRAM_SLAB(stride))
#define ZONE_CRAM_SIZE(n, size, align)					\
	(64 + 256 * ZONE_CRAM_SLABS(n, ZONE_CRAM_STRIDE(size, align)) +	\
	    24 * ((size_t)(n) / 64 +					\
	    ZONE_CRAM_SLABS(n, ZONE_CRAM_STRIDE(size, align))) +	\
	    ((align) == 0 ? 16 : (align)) +				\
	    (size_t)(n) * ZONE_CRAM_STRIDE(size, align))

/*
 * End a zone.  All its memory is reusable by other zones afterwards, whatever
 * the caches of other threads hold.
 *   ZONE_IF_EMPTY    -1 with EBUSY, each live object reported on descriptor 2,
 *                    and the zone untouched, if an object is live
 *   ZONE_WHEN_EMPTY  no allocation from now on; the zone goes with its last
 *                    object; -1 with EBUSY, and the zone untouched, where the
 *                    kernel has no membarrier(2) and other threads use zones
 *   ZONE_NOW         live objects go too; destructors run; their pointers are
 *                    invalid from now on, and freeing one is reported
 * A zone with registered memory ends in none of these ways, but with EBUSY,
 * where the kernel has no membarrier(2) and other threads use zones.
 * No other call may use Z at the same time or later, except zone_free of the
 * objects left under ZONE_WHEN_EMPTY.  -1 with EINVAL: HOW, or not a zone.
 */
enum { ZONE_IF_EMPTY, ZONE_WHEN_EMPTY, ZONE_NOW };
int zone_destroy(zone_t *z, int how) ZOBJ_NAME(zobj_destroy);

/*
 * Give memory back to the system; Z NULL means every zone.  Returns bytes.
 *   ZONE_TRIM_EXCESS  free slabs above what the zone keeps
 *   ZONE_TRIM_FREE    all free slabs
 *   ZONE_TRIM_CACHES  also what threads hold, idle ones included
 * Reserves and min_free_slabs are left.
 */
enum { ZONE_TRIM_EXCESS, ZONE_TRIM_FREE, ZONE_TRIM_CACHES };
size_t zone_trim(zone_t *z, int how) ZOBJ_NAME(zobj_trim);

/*
 * Make Z's reserve whole, if objects are missing there; then have N objects of
 * Z ready in memory that is in use by nobody else, so that N allocations need
 * nothing of the system; what is ready already counts.  0, or -1 with ENOMEM
 * (what could be had remains ready), ENOSPC (N is above the zone's limit), or
 * the error of a constructor: it runs for the reserve, and for what is ready
 * when that is handed out.  It stays ready until it is used, or until
 * zone_trim(ZONE_TRIM_FREE).
 */
int zone_fill(zone_t *z, size_t n) ZOBJ_NAME(zobj_fill);

/*
 * Have FN called when memory is wanted and the library has none left that is
 * free.  Z is the zone that wants it (NULL: something else does), BYTES how
 * much; FN frees what the program can do without and returns how many bytes
 * that were, 0 if it had nothing.  It runs in the thread that wants memory,
 * with no lock of the library held, never inside itself; it may free, and
 * allocate with ZONE_RESERVE.  All functions are called, in no certain order,
 * and again while they free something and that is not enough.
 * FN NULL: those given with ARG are not called any more, and run no longer on
 * return.  0, or -1 with ENOSPC (16 are there) or ENOENT.  (Shrinkers of
 * Linux, umem_reap.)
 */
int zone_on_pressure(size_t (*fn)(zone_t *z, size_t bytes, void *arg),
    void *arg) ZOBJ_NAME(zobj_on_pressure);

/*
 * Questions about a pointer; none of them touches what it points to.
 * zone_of    the zone P is in, interior pointers included; NULL: none
 * zone_base  the object P points into; NULL: none
 * zone_holds 1 if P is a live object of Z (Z NULL: of any zone), else 0
 */
zone_t *zone_of(const void *p) ZOBJ_NAME(zobj_of);
void *zone_base(const void *p) ZOBJ_NAME(zobj_base);
int zone_holds(zone_t *z, const void *p) ZOBJ_NAME(zobj_holds);
const char *zone_name(const zone_t *z) ZOBJ_NAME(zobj_name);
size_t zone_size(const zone_t *z) ZOBJ_NAME(zobj_size);

/*
 * Call FN for every live object of Z, or for every zone, until it returns
 * non-zero; returns that value, else 0.  FN may allocate and free.  An object
 * allocated or freed meanwhile may or may not be seen.  zone_foreach leaves
 * out the zones that hold the library's own records.
 */
int zone_walk(zone_t *z, int (*fn)(void *obj, void *arg), void *arg)
    ZOBJ_NAME(zobj_walk);
int zone_foreach(int (*fn)(zone_t *z, void *arg), void *arg)
    ZOBJ_NAME(zobj_foreach);

/*
 * Figures of a zone: exact when no thread is in a call on the zone, close
 * otherwise.  The caller sets stats_size.
 */
struct zone_stats {
	size_t	stats_size;	/* sizeof (struct zone_stats) */
	size_t	size;		/* bytes asked for per object */
	size_t	stride;		/* bytes from one object to the next */
	size_t	live;		/* objects in the program's hands */
	size_t	peak;		/* most live objects; see zone_stats(3) */
	size_t	capacity;	/* objects that fit into the zone's slabs */
	size_t	cached;		/* free objects in slabs owned by threads */
	size_t	limit;		/* objects; 0: none */
	size_t	fails;		/* allocations refused */
	size_t	slabs;		/* slabs in all: the sum of the next four */
	size_t	slabs_owned;	/* biased to a thread */
	size_t	slabs_busy;	/* shared, no object free */
	size_t	slabs_partial;	/* shared, some objects free */
	size_t	slabs_free;	/* shared, all objects free */
	size_t	bytes_mapped;	/* address space of the slabs */
	size_t	bytes_resident;	/* of that, in memory */
	size_t	bytes_meta;	/* descriptors and bitmaps */
	/* bytes_resident is the sum of these: */
	size_t	bytes_live;	/* live objects */
	size_t	bytes_cached;	/* free objects in slabs owned by threads */
	size_t	bytes_shared;	/* the same in shared slabs */
	size_t	bytes_held;	/* the same in shared slabs held back: those that
				   gave pages back, used after the others */
	size_t	bytes_slack;	/* between objects and behind the last one */
	/* bytes_mapped is the sum of that and these: */
	size_t	bytes_given;	/* given back to the system */
	size_t	bytes_untouched; /* not written to yet */
	size_t	bytes_seed;	/* of bytes_mapped: registered memory */

	size_t	reserve;	/* objects to be kept for ZONE_RESERVE; their
				   slabs are among those above */
	size_t	reserve_free;	/* objects there at present */
};
int zone_stats(zone_t *z, struct zone_stats *st) ZOBJ_NAME(zobj_stats);

/*
 * Write a report on all zones to descriptor FD.  ZONE_TEXT: a table.
 * ZONE_JSON: one object.  ZONE_LEAKS: every live object of every zone that
 * the program made.  -1 with the errno of write(2), or EINVAL.
 */
enum { ZONE_TEXT, ZONE_JSON, ZONE_LEAKS };
int zone_report(int fd, int how) ZOBJ_NAME(zobj_report);

/*
 * Verify every invariant of every zone; 0, or an assertion that says which
 * one is broken.  Stops the other threads' allocations meanwhile.
 */
int zone_check_all(void) ZOBJ_NAME(zobj_check_all);

/*
 * Have FN called for a mistake of the program instead of abort(3).  The line
 * on descriptor 2 has been written.  If FN returns, the object is leaked and
 * nothing is corrupted.  FN NULL restores the default.  FN may not use zones.
 */
enum zone_error {
	ZONE_DOUBLE_FREE,	/* the object is free already */
	ZONE_WRONG_ZONE,	/* an object of another zone */
	ZONE_NOT_AN_OBJECT,	/* inside an object, or beside the last one */
	ZONE_FOREIGN,		/* not from this allocator */
	ZONE_STALE,		/* in memory that was given back */
	ZONE_DESTROYED,		/* the zone was destroyed */
	ZONE_LIVE_OBJECT,	/* live at zone_destroy(ZONE_IF_EMPTY): a report,
				   never an abort */
	ZONE_OUT_OF_MEMORY	/* ZONE_NOFAIL has waited long; if FN returns, it
				   goes on */
};
void zone_on_error(void (*fn)(enum zone_error e, zone_t *z, void *obj,
    void *arg), void *arg) ZOBJ_NAME(zobj_on_error);

/*
 * A zone that exists before main and is created when first used:
 *
 *	ZONE_DEFINE(nodes, "node", struct node);
 *	ZONE_DEFINE(lines, "line", struct line, .align = 64);
 *
 * Members after the type are those of struct zone_attr.  If it cannot be
 * created, the call that needed it fails with zone_create's errno.
 */
struct zone_static {
	uint32_t	  zs_slot;	/* the library's; these three lie */
	uint32_t	  zs_flags;	/* where struct zone has them */
	uint64_t	  zs_magic;
	zone_t		 *zs_zone;
	const char	 *zs_name;
	size_t		  zs_size;
	struct zone_attr  zs_attr;
};
#define ZONE_MAGIC_STATIC	0x5a4f4e4573746174u
#if defined(__GNUC__)
#define ZONE_QUIET(on)	ZONE_QUIET_##on
#define ZONE_QUIET_1	_Pragma("GCC diagnostic push")			\
	_Pragma("GCC diagnostic ignored \"-Wmissing-field-initializers\"")
#define ZONE_QUIET_0	_Pragma("GCC diagnostic pop")
#else
#define ZONE_QUIET(on)
#endif
#define ZONE_DEFINE(var, name, type, ...)				\
	ZONE_QUIET(1)							\
	static struct zone_static var##_static = {			\
		0, 0, ZONE_MAGIC_STATIC, NULL, name, sizeof (type),	\
		{ .attr_size = sizeof (struct zone_attr), __VA_ARGS__ } }; \
	ZONE_QUIET(0)							\
	static zone_t *const var = (zone_t *)(void *)&var##_static

#ifdef __cplusplus
}
#endif

#endif /* ZOBJ_H */
