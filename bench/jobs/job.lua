-- SPDX-License-Identifier: BSD-2-Clause
-- A job for lua: trees of tables, strings, closures.  Prints lines that depend
-- on all results.

local function tree(depth)
	if depth == 0 then
		return { value = 1 }
	end
	return { left = tree(depth - 1), right = tree(depth - 1), value = 1 }
end

local function sum(t)
	local s = t.value
	if t.left then
		s = s + sum(t.left) + sum(t.right)
	end
	return s
end

local function words(path)
	local count, n = {}, 0
	for line in io.lines(path) do
		for word in line:gmatch("%a+") do
			word = word:lower()
			count[word] = (count[word] or 0) + 1
			n = n + 1
		end
	end
	return count, n
end

local function queue(n)
	local q, first, last, got = {}, 1, 0, 0
	for i = 1, n do
		last = last + 1
		q[last] = { i, tostring(i), function() return i end }
		if i % 3 ~= 0 then
			got = got + q[first][3]() + #q[first][2]
			q[first] = nil
			first = first + 1
		end
	end
	return got
end

local kept = tree(14)
for _ = 1, 20 do
	io.write(sum(tree(12)), " ")
end
local count, n = words(arg[1])
local names = {}
for name in pairs(count) do
	names[#names + 1] = name
end
table.sort(names, function(a, b)
	if count[a] ~= count[b] then
		return count[a] > count[b]
	end
	return a < b
end)
print(sum(kept), #names, n, names[1], count[names[1]])
print(queue(400000), #table.concat(names, " "))
