// SPDX-License-Identifier: BSD-2-Clause
// operator new and delete in all forms reach the shim, and fail as they should.
#include "victim.h"

#include <cstdlib>
#include <new>
#include <vector>

static void
ours(const void *p)
{
	CHECK(p != nullptr && is_aligned(p, 16));
	CHECK(victim_is_plain() || zone_name_of(p) != nullptr);
}

static void
forms(size_t size)
{
	auto align = std::align_val_t(128);
	void *p;

	ours(p = ::operator new(size));
	::operator delete(p);
	ours(p = ::operator new[](size));
	::operator delete[](p);
	ours(p = ::operator new(size, std::nothrow));
	::operator delete(p, std::nothrow);
	ours(p = ::operator new[](size, std::nothrow));
	::operator delete[](p, std::nothrow);
	ours(p = ::operator new(size));
	::operator delete(p, size);
	ours(p = ::operator new[](size));
	::operator delete[](p, size);
	ours(p = ::operator new(size, align));
	CHECK(is_aligned(p, 128));
	::operator delete(p, align);
	ours(p = ::operator new[](size, align));
	CHECK(is_aligned(p, 128));
	::operator delete[](p, size, align);
	ours(p = ::operator new(size, align, std::nothrow));
	CHECK(is_aligned(p, 128));
	::operator delete(p, size, align);
	ours(p = ::operator new[](size, align, std::nothrow));
	::operator delete[](p, align, std::nothrow);
}

static void *volatile kept;

template <typename F> static bool
throws(F f)
{
	try {
		kept = f();
	} catch (const std::bad_alloc &) {
		return true;
	}
	return false;
}

static int handled;

static void
handler()
{
	if (++handled == 3)
		std::set_new_handler(nullptr);
}

int
main()
{
	volatile size_t huge = static_cast<size_t>(1) << 60;
	auto align = std::align_val_t(4096);

	victim_start();
	for (size_t size = 0; size < 30000; size += 1 + size / 7)
		forms(size);
	CHECK(throws([&] { return ::operator new(huge); }));
	CHECK(throws([&] { return ::operator new[](huge); }));
	CHECK(throws([&] { return ::operator new(huge, align); }));
	CHECK(throws([&] { return new std::vector<char>(huge); }));
	CHECK(::operator new(huge, std::nothrow) == nullptr);
	CHECK(::operator new[](huge, std::nothrow) == nullptr);
	CHECK(::operator new(huge, align, std::nothrow) == nullptr);
	std::set_new_handler(handler);
	CHECK(throws([&] { return ::operator new(huge); }) && handled == 3);
	std::vector<int> v;
	for (int i = 0; i < 1000000; i++)
		v.push_back(i);
	CHECK(v[999999] == 999999);
	return 0;
}
