#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Python: parts of its own test suite, with its own allocator on top of malloc
# and with malloc alone.
. "${0%/*}/common.sh"

# The Python in PATH may be a script that starts another one.
for python in python3 /usr/bin/python3; do
	python=$($python -c 'import sys, test.test_json, test.test_threading
print(sys.executable)' 2> /dev/null) && break
done
[ -n "$python" ] || skip "no python3 with its test suite"

tests="test_json test_dict test_list test_re test_gc test_array test_deque
    test_struct test_memoryview test_thread test_zlib test_lzma"
if [ -n "$long" ]; then
	tests="$tests test_set test_bytes test_weakref test_queue test_pickle
	    test_sort test_bz2 test_threading test_subprocess test_sqlite3
	    test_ctypes test_multiprocessing_fork test_decimal
	    test_codecs test_concurrent_futures test_itertools test_functools
	    test_mmap test_signal test_email test_unicode"
fi
# Distributions leave some of them out.
# shellcheck disable=SC2086
tests=$("$python" -c 'import sys, importlib.util
print(*(t for t in sys.argv[1:] if importlib.util.find_spec("test." + t)))' \
    $tests)

# Those that fail; none is the expected outcome.
own_tests()
{
	# shellcheck disable=SC2086
	timeout 1200 "$python" -m test -q -j2 --timeout 300 $tests > log 2>&1
	echo "status $?"
	sed -n '/^[0-9]* tests\{0,1\} failed:/,/^$/p; /^Result:/p' log
	grep '^Result:' log > /dev/null
}

workload()
{
	$limit "$python" - <<'PY'
import collections, hashlib, json, re, threading, os

d = collections.defaultdict(list)
for i in range(200000):
    d[hashlib.md5(b"%d" % i).hexdigest()[:4]].append(i)
print(len(d), max(map(len, d.values())))
text = json.dumps(d, sort_keys=True)
print(hashlib.sha256(text.encode()).hexdigest(), json.loads(text) == d)
print(len(re.findall(r"(?:[0-9]+, ){3}", text)))

class Node:
    def __init__(self, n):
        self.kids = [Node(n - 1) for _ in range(n)] if n else []
    def count(self):
        return 1 + sum(k.count() for k in self.kids)

sums = [0] * 4
def work(k):
    for _ in range(3):
        sums[k] += Node(6).count() + len("x" * (k + 1) * 1000000)
threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
for t in threads: t.start()
pid = os.fork()
if pid == 0:
    x = [bytes(k) for k in range(20000)]
    os._exit(len(x) % 100)
print(os.WEXITSTATUS(os.waitpid(pid, 0)[1]))
for t in threads: t.join()
print(sums)
b = bytearray()
for k in range(2000):
    b += b"y" * 10000
print(len(b), hashlib.md5(b).hexdigest())
PY
}

PYTHONDONTWRITEBYTECODE=1
PYTHONHASHSEED=1
export PYTHONDONTWRITEBYTECODE PYTHONHASHSEED
same "workload" workload
[ -z "$long" ] || same "own tests" own_tests
PYTHONMALLOC=malloc
export PYTHONMALLOC
same "workload, PYTHONMALLOC=malloc" workload
same "own tests, PYTHONMALLOC=malloc" own_tests
exit $failed
