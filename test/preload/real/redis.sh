#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# redis: a server is filled by a benchmark, saves itself from a forked child,
# and is restarted from what it saved.
. "${0%/*}/common.sh"
need redis-server redis-cli redis-benchmark

# On any port that is free.
start()
{
	for port in $(awk 'BEGIN { srand(); for (i = 0; i < 20; i++)
	    print int(20000 + rand() * 20000) }'); do
		redis-server --bind 127.0.0.1 --port "$port" --save "" \
		    --dir "$PWD" --enable-debug-command yes \
		    --io-threads 2 > server.log 2>&1 &
		server=$!
		for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
			sleep 0.1
			kill -0 "$server" 2> /dev/null || break
			[ "$(redis-cli -p "$port" ping 2> /dev/null)" = PONG ] &&
			    return
		done
		kill "$server" 2> /dev/null
		wait "$server"
	done
	return 1
}

stop()
{
	redis-cli -p "$port" shutdown nosave
	wait "$server"
	echo "server: $?"
}

session()
{
	n=$((${long:+295000} + 5000))
	start || return
	trap 'kill "$server" 2> /dev/null' EXIT
	$limit redis-benchmark -p "$port" -q -n "$n" -r 5000 -d 300 -P 16 \
	    -t set,incr,lpush,sadd,hset,zadd,lrange_100,mset > bench.log 2>&1
	echo "benchmark: $?"
	redis-cli -p "$port" flushall
	# What follows is the same every time.
	awk -v n="$n" 'BEGIN { for (i = 0; i < n; i++) {
		printf "SET key:%d %0*d\nAPPEND key:%d more\n", i, i % 700, i, i / 2
		printf "RPUSH list:%d %d\nHSET hash:%d f%d %d\n", i % 50, i,
		    i % 100, i, i
		printf "ZADD zset:%d %d m%d\nSADD set:%d %d\n", i % 20, i, i,
		    i % 30, i
		if (i % 3 == 0) printf "DEL key:%d\n", i / 3
	} }' | redis-cli -p "$port" > /dev/null
	redis-cli -p "$port" dbsize
	redis-cli -p "$port" debug digest
	redis-cli -p "$port" bgsave > /dev/null
	until redis-cli -p "$port" info persistence |
	    grep -q rdb_bgsave_in_progress:0; do
		sleep 0.1
	done
	redis-cli -p "$port" info persistence | grep rdb_last_bgsave_status
	stop
	start || return
	redis-cli -p "$port" debug digest
	redis-cli -p "$port" debug reload
	redis-cli -p "$port" memory usage key:9 > /dev/null
	redis-cli -p "$port" flushall async
	stop
}
same "session" session
exit $failed
