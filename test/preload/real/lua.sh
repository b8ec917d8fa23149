#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Lua: tables, strings, closures and coroutines; every byte by realloc.
. "${0%/*}/common.sh"
for lua in lua5.4 lua5.3 lua; do
	command -v $lua > /dev/null && break
done
need $lua
cat > "$tmp/program.lua" <<'LUA'
local t, count = {}, 0
for i = 1, 200000 do
  local k = "k" .. (i * 7919 % 10007)
  t[k] = t[k] or {}
  table.insert(t[k], string.rep("v", i % 60) .. i)
  if i % 11 == 0 then t["k" .. (i % 500)] = nil end
end
local keys = {}
for k in pairs(t) do keys[#keys + 1] = k end
table.sort(keys)
local sum = 0
for _, k in ipairs(keys) do
  for _, v in ipairs(t[k]) do
    for j = 1, #v, 7 do sum = (sum * 31 + v:byte(j)) % 1000000007 end
  end
end
print(#keys, sum)
local function gen(n) return coroutine.wrap(function()
  for i = 1, n do coroutine.yield(("x"):rep(i)) end end) end
for i = 1, 300 do for s in gen(i) do count = count + #s end end
print(count)
local parts = {}
for i = 1, 100000 do parts[#parts + 1] = i end
local s = table.concat(parts, ",")
print(#s, #(s:gsub("1", "one")))
t, parts = nil, nil
collectgarbage()
print(collectgarbage("count") < 20000)
LUA
workload()
{
	$limit $lua "$tmp/program.lua"
}
same "workload" workload
exit $failed
