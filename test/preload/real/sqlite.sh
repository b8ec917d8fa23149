#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# sqlite3: a database is built, indexed, changed, queried and checked.
. "${0%/*}/common.sh"
need sqlite3
workload()
{
	$limit sqlite3 data.db <<SQL
PRAGMA journal_mode = WAL;
CREATE TABLE t (id INTEGER PRIMARY KEY, k INTEGER, name TEXT, data BLOB);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1)
INSERT INTO t SELECT i, i * 7919 % 10007, 'name ' || (i * 31 % 5003),
    zeroblob(i % 200) FROM n;
CREATE INDEX t_k ON t (k, name);
SELECT count(*), sum(length(data)), avg(k) FROM t;
SELECT k, count(*) AS c, group_concat(id) FROM t GROUP BY k
    ORDER BY c DESC, k LIMIT 5;
SELECT count(*) FROM t a JOIN t b ON a.k = b.id WHERE a.name < b.name;
BEGIN;
UPDATE t SET name = name || ' changed ' || hex(data) WHERE id % 3 = 0;
DELETE FROM t WHERE id % 5 = 0;
COMMIT;
SELECT name, row_number() OVER (ORDER BY name, id) FROM t
    ORDER BY name, id LIMIT 5 OFFSET 1000;
SELECT json_group_array(k) FROM (SELECT DISTINCT k FROM t ORDER BY k LIMIT 50);
PRAGMA integrity_check;
VACUUM;
.dump t
SQL
}
digest()
{
	workload "$@" > out && head -20 out && cksum < out
}
same "database" digest $((${long:+970000} + 30000))
exit $failed
