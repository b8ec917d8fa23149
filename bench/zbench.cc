// SPDX-License-Identifier: BSD-2-Clause
//
// zbench.cc - runs the rows of bench.h under google-benchmark.
//
//	zbench [--scale=F] [options of google-benchmark]
//
// Every run does the same number of operations whatever the allocator, F times
// as many as its row says, so that all allocators are measured in the same
// state.  The counter "ops" is the number of operations of all threads, so
// that the time of one is iterations * time / ops; processor time of children,
// in ns, is the counter "children".

#include <benchmark/benchmark.h>

#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <string>

#include "bench.h"

extern "C" void
bench_fail(const char *what)
{
	std::fprintf(stderr, "zbench: %s\n", what);
	std::_Exit(1);
}

extern "C" zone_t *
bench_zone(size_t size, size_t align)
{
	static std::mutex lock;
	static std::map<std::pair<size_t, size_t>, zone_t *> zones;
	std::lock_guard<std::mutex> hold(lock);
	zone_t *&z = zones[{ size, align }];

	if (z == nullptr) {
		std::string name = "bench-" + std::to_string(size);
		zone_attr attr = {};

		attr.attr_size = sizeof attr;
		attr.align = align;
		z = zone_create(name.c_str(), size, &attr);
		if (z == nullptr)
			bench_fail("zone_create failed");
	}
	return z;
}

namespace {

struct Case {
	const bench_row *row;
	bench_source source;
	size_t size, count;
	int threads;

	std::string name() const
	{
		static const char *const sources[] = { "malloc", "zone" };

		return std::string(sources[source]) + "/" + row->name + "/" +
		    (size != 0 ? std::to_string(size) : "any") + "/" +
		    std::to_string(count) + "/" + std::to_string(threads);
	}

	// Operations of one body.
	size_t ops() const
	{
		if (row->ops != 0)
			return row->ops;
		return (BENCH_LOOP + count - 1) / count * count;
	}
};

// Nanoseconds of processor time of children that have ended.
double
children()
{
	rusage u;

	getrusage(RUSAGE_CHILDREN, &u);
	return static_cast<double>(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e9
	    + static_cast<double>(u.ru_utime.tv_usec + u.ru_stime.tv_usec)
	    * 1e3;
}

bench_run
start(const Case &c, const benchmark::State &state)
{
	bench_run r = {};

	r.size = c.size;
	r.count = c.count;
	r.align = c.row->align;
	r.thread = static_cast<unsigned>(state.thread_index());
	r.threads = static_cast<unsigned>(c.threads);
	r.source = c.source;
	r.random = 20110704u + r.thread;
	if (c.source == BENCH_ZONE && c.size != 0)
		r.zone = bench_zone(c.size, c.row->align);
	return r;
}

void
run(benchmark::State &state, const Case &c)
{
	bench_run r = start(c, state);
	size_t ops = 0;
	double before = 0;

	if (c.row->setup != nullptr)
		c.row->setup(&r);
	if (c.row->forks)
		before = children();
	for (auto _ : state) {
		ops += c.row->body[c.source](&r);
		benchmark::ClobberMemory();
	}
	if (c.row->forks)
		state.counters["children"] = children() - before;
	if (c.row->teardown != nullptr)
		c.row->teardown(&r);
	// Summed over the threads.
	state.counters["ops"] = static_cast<double>(ops);
}

void
add(const Case &c, double scale)
{
	double each = static_cast<double>(c.ops()) * std::min(c.threads, 8);
	double n = scale * static_cast<double>(c.row->total) / each;
	auto *b = benchmark::RegisterBenchmark(c.name().c_str(),
	    [c](benchmark::State &state) { run(state, c); });

	b->Iterations(n > 1 ? static_cast<benchmark::IterationCount>(n) : 1);
	if (c.row->spawns)
		b->MeasureProcessCPUTime();
	else if (c.threads > 1)
		b->Threads(c.threads);
}

// Values up to the first 0; where there are none, NONE alone.
template <typename T> size_t
values(const T (&list)[BENCH_VALUES], T (&out)[BENCH_VALUES], T none)
{
	size_t n = 0;

	while (n < BENCH_VALUES && list[n] != 0) {
		out[n] = list[n];
		n++;
	}
	if (n == 0)
		out[n++] = none;
	return n;
}

void
add_row(const bench_row *row, double scale)
{
	size_t sizes[BENCH_VALUES], counts[BENCH_VALUES];
	unsigned threads[BENCH_VALUES];
	size_t nsizes = values<size_t>(row->sizes, sizes, 0);
	size_t ncounts = values<size_t>(row->counts, counts, 1);
	size_t nthreads = values<unsigned>(row->threads, threads, 1);

	for (int source = 0; source < BENCH_SOURCES; source++) {
		if (row->body[source] == nullptr)
			continue;
		for (size_t i = 0; i < nsizes; i++)
			for (size_t k = 0; k < ncounts; k++)
				for (size_t t = 0; t < nthreads; t++)
					add({ row,
					    static_cast<bench_source>(source),
					    sizes[i], counts[k],
					    static_cast<int>(threads[t]) },
					    scale);
	}
}

// --scale=F, which is taken out of the arguments.
double
take_scale(int *argc, char **argv)
{
	double scale = 1;
	int kept = 1;

	for (int i = 1; i < *argc; i++) {
		if (std::strncmp(argv[i], "--scale=", 8) == 0)
			scale = std::strtod(argv[i] + 8, nullptr);
		else
			argv[kept++] = argv[i];
	}
	*argc = kept;
	argv[kept] = nullptr;
	return scale;
}

} // namespace

int
main(int argc, char **argv)
{
	double scale = take_scale(&argc, argv);

	for (auto *table = bench_tables; *table != nullptr; table++)
		for (auto *row = *table; row->name != nullptr; row++)
			add_row(row, scale);
	benchmark::Initialize(&argc, argv);
	if (benchmark::ReportUnrecognizedArguments(argc, argv))
		return 1;
	if (benchmark::RunSpecifiedBenchmarks() == 0)
		return 1;
	benchmark::Shutdown();
	return 0;
}
