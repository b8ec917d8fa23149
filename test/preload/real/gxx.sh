#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# g++: a program of templates, compiled, linked with debugging information and
# run.
. "${0%/*}/common.sh"
need g++
cat > "$tmp/program.cc" <<'CC'
#include <algorithm>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <tuple>
#include <unordered_map>
#include <variant>
#include <vector>

template <int N> struct Chain {
	std::map<std::string, std::vector<std::tuple<int, double, Chain<N - 1>>>> m;
	std::variant<int, std::string, std::unique_ptr<Chain<N - 1>>> v;
	int depth() const { return 1 + Chain<N - 1>().depth(); }
};
template <> struct Chain<0> {
	int depth() const { return 0; }
};
template <int N> int fib() { return fib<N - 1>() + fib<N - 2>(); }
template <> int fib<1>() { return 1; }
template <> int fib<0>() { return 0; }

int
main()
{
	std::unordered_map<std::string, std::set<int>> u;
	std::ostringstream text;

	for (int i = 0; i < 20000; i++)
		text << "abc" << i % 1000 << ' ';
	std::string s = text.str();
	for (size_t i = 0; (i = s.find("abc", i)) != s.npos; i++)
		u[s.substr(i, 6)].insert(static_cast<int>(i));
	std::vector<std::function<int()>> f;
	for (auto &p : u)
		f.push_back([&p] { return static_cast<int>(p.second.size()); });
	int sum = 0;
	for (auto &g : f)
		sum += g();
	std::cout << sum << ' ' << Chain<6>().depth() << ' ' << fib<30>() << '\n';
}
CC
build()
{
	g++ -std=c++17 -O0 -g -ffile-prefix-map="$PWD"=. -c "$tmp/program.cc" \
	    -o program.o && g++ -Wl,--build-id=sha1 program.o -o program &&
	    cksum program.o program && ./program
}
same "templates" build
exit $failed
