-- SPDX-License-Identifier: BSD-2-Clause
-- A job for sqlite3, in memory.  Prints lines that depend on all results.

PRAGMA temp_store = MEMORY;
CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT, town INTEGER, age INTEGER);
CREATE TABLE town (id INTEGER PRIMARY KEY, name TEXT);
CREATE TABLE sale (id INTEGER PRIMARY KEY, person INTEGER, amount REAL, note TEXT);

BEGIN;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500)
INSERT INTO town SELECT i, printf('town %d', i * 7919 % 1009) FROM n;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60000)
INSERT INTO person SELECT i, printf('name %x %d', i * 40503 % 65521, i), i * 31 % 500 + 1, i % 90 FROM n;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000)
INSERT INTO sale SELECT i, i * 7919 % 60000 + 1, (i * 104729 % 100003) / 100.0, substr('the quick brown fox jumps over the lazy dog', 1 + i % 20, 20) FROM n;
COMMIT;

CREATE INDEX sale_person ON sale (person);
CREATE INDEX person_town ON person (town, age);
CREATE INDEX person_name ON person (name);

SELECT town.name, count(*), round(sum(sale.amount), 2) AS total
FROM sale JOIN person ON person.id = sale.person JOIN town ON town.id = person.town
GROUP BY town.id ORDER BY total DESC, town.id LIMIT 20;
SELECT count(DISTINCT name), max(length(name)), min(name) FROM person WHERE name LIKE '%a%';
UPDATE sale SET note = note || ' / ' || amount WHERE id % 3 = 0;
DELETE FROM sale WHERE id % 7 = 0;
SELECT person, group_concat(note, ';') AS notes FROM sale WHERE person % 5000 = 1
GROUP BY person ORDER BY person;
WITH ranked AS (SELECT person, amount, row_number() OVER
	(PARTITION BY person ORDER BY amount DESC, id) AS place FROM sale)
SELECT count(*), round(sum(amount), 2) FROM ranked WHERE place = 1;
SELECT count(*), round(sum(amount), 2), sum(length(note)) FROM sale;
PRAGMA integrity_check;
