#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# node: JavaScript with buffers, which are malloc's, and worker threads.
. "${0%/*}/common.sh"
need node
cat > "$tmp/program.js" <<'JS'
const { Worker, isMainThread, parentPort, workerData } = require('worker_threads');
const crypto = require('crypto');
const zlib = require('zlib');

function work(seed) {
  const map = new Map();
  const hash = crypto.createHash('sha256');
  let held = [];
  for (let i = 0; i < 20000; i++) {
    const b = Buffer.alloc((i * seed) % 5000, i & 255);
    held.push(b);
    if (held.length > 500) held = held.filter((_, k) => k % 2);
    map.set(`key ${i % 9973}`, { i, text: 'x'.repeat(i % 50) });
    if (i % 100 === 0) hash.update(b);
  }
  const text = JSON.stringify([...map]);
  hash.update(text);
  const packed = zlib.gzipSync(text);
  hash.update(zlib.gunzipSync(packed));
  let big = Buffer.alloc(0);
  for (let i = 0; i < 200; i++) big = Buffer.concat([big, Buffer.alloc(20000, i)]);
  hash.update(big);
  return hash.digest('hex');
}

if (isMainThread) {
  console.log(work(17));
  let left = 2;
  const results = [];
  for (let i = 0; i < 2; i++)
    new Worker(__filename, { workerData: i + 3 }).on('message', (m) => {
      results[m.i] = m.digest;
      if (--left === 0) console.log(results.join('\n'));
    });
} else {
  parentPort.postMessage({ i: workerData - 3, digest: work(workerData) });
}
JS
workload()
{
	$limit node "$tmp/program.js"
}
same "workload" workload
exit $failed
