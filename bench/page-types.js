// The words of /proc/kpageflags of 1 TiB of 4K pages, classified by block, beside the kernel's own page-types reading the
// same file. Arguments: [the directory of a kernel tree, whose tools/vm or tools/mm/page-types.c is built with gcc]
// [GiB of memory that the words are of: 1024]. Without a tree, page-types is left out. Prints one JSON object.
import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { PageSummary } from '../dist/answers/pages/summary.js';
import { readWords } from '../dist/machines/page-files/read-words.js';

const [tree = '', gib = '1024'] = process.argv.slice(2);
const pages = (Number(gib) * 2 ** 30) / 4096;
const folder = mkdtempSync(join(tmpdir(), 'mhp-bench-'));
const file = join(folder, 'kpageflags');

/** Words as a busy host has them, in runs of one to 512 pages: free, on LRU lists, mapped, slab, reserved, bare. */
function writeFile() {
  const words = [0x400, 0x68, 0x86c, 0x5868, 0x80, 0x8080, 0x10080, 0, 0x28, 0x4000000];
  const chunk = new BigUint64Array(2 ** 20);
  let seed = 1;
  const next = (below) => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return Math.floor((seed / 2 ** 32) * below);
  };
  for (let at = 0; at < chunk.length; ) {
    const run = Math.min(chunk.length - at, next(4) === 0 ? 512 : 1 + next(16));
    chunk.fill(BigInt(words[next(words.length)]), at, at + run);
    at += run;
  }
  const fd = openSync(file, 'w');
  const bytes = Buffer.from(chunk.buffer);
  for (let left = pages * 8; left > 0; left -= bytes.length)
    writeSync(fd, bytes, 0, Math.min(left, bytes.length));
  closeSync(fd);
}

/** Builds page-types outside of the tree; undefined if there is none. */
function pageTypes() {
  const dir = ['tools/vm', 'tools/mm']
    .map((one) => join(tree, one))
    .find((one) => existsSync(`${one}/page-types.c`));
  if (tree === '' || dir === undefined) return undefined;
  const program = join(folder, 'page-types');
  const lib = join(tree, 'tools/lib');
  const sources = [`${dir}/page-types.c`, `${lib}/api/fs/fs.c`, `${lib}/api/debug.c`, `${lib}/str_error_r.c`];
  const flags = ['-O2', `-I${lib}`, `-I${lib}/api`, `-I${tree}/tools/include`, '-o', program];
  const built = spawnSync('gcc', [...flags, ...sources], { encoding: 'utf8' });
  if (built.status !== 0) throw new Error(built.stderr ?? 'gcc is not there');
  return program;
}

/** The least of three runs: other programs use the processor, too. */
const least = (run) => Math.min(...[run(), run(), run()]);

try {
  writeFile();
  let rss = 0;
  let blocks = 0;
  const ours = least(() => {
    const before = performance.now();
    const summary = new PageSummary(2 ** 15, 512);
    const why = readWords(file, [[0, pages]], (pfn, nr, low, high) => summary.add(pfn, nr, low, high));
    if (why !== undefined) throw new Error(why);
    blocks = summary.blocks.size;
    rss = Math.max(rss, process.memoryUsage().rss);
    return (performance.now() - before) / 1000;
  });
  const program = pageTypes();
  const kernels =
    program &&
    least(() => {
      const before = performance.now();
      const { status, stderr } = spawnSync(program, ['-F', file], { encoding: 'utf8' });
      if (status !== 0) throw new Error(stderr);
      return (performance.now() - before) / 1000;
    });
  console.log(
    JSON.stringify({
      pages,
      blocks,
      seconds: ours,
      ns_per_page: (ours / pages) * 1e9,
      rss,
      page_types: program
        ? { seconds: kernels, ns_per_page: (kernels / pages) * 1e9, ratio: kernels / ours }
        : 'left out: no kernel tree with tools/vm/page-types.c or tools/mm/page-types.c is named',
    }),
  );
} finally {
  rmSync(folder, { recursive: true });
}
