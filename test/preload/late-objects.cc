// SPDX-License-Identifier: BSD-2-Clause
// C++ thread_local objects, whose destructors allocate, free what others gave
// them, and bring further thread_local objects to life.
#include "victim.h"

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

static std::atomic<int> born, died;

struct Second {
	std::map<int, std::string> m;
	Second() { born++; }
	~Second()
	{
		for (int i = 0; i < 50; i++)
			m[i] = std::string(static_cast<size_t>(100 * i), 'x');
		died++;
	}
};

static thread_local Second second;

struct First {
	std::vector<std::string> v;
	std::shared_ptr<std::string> shared;
	First() { born++; }
	~First()
	{
		std::vector<std::string> more(v);

		more.push_back("further");
		second.m[1000] = more.back();
		shared.reset();
		died++;
	}
};

static thread_local First first;

static void
run(int n, std::shared_ptr<std::string> text)
{
	for (int i = 0; i < 100; i++)
		first.v.emplace_back(static_cast<size_t>(n + i), 'y');
	first.shared = std::move(text);
}

int
main()
{
	victim_start();
	for (int round = 0; round < 100; round++) {
		std::vector<std::thread> threads;
		auto text = std::make_shared<std::string>(5000, 'z');

		for (int i = 0; i < 4; i++)
			threads.emplace_back(run, round, text);
		for (auto &t : threads)
			t.join();
		CHECK(text.use_count() == 1);
	}
	CHECK(born == 800 && died == 800);
	return 0;
}
