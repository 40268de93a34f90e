// The memmap of 1 TiB with device ranges of 2M at random places: add, query, remove. Kernel functions of v6.1 on
// x86-64, without a linear map. Arguments: ranges, TiB. Prints one JSON object.
import { performance } from 'node:perf_hooks';
import { boot, findRelease, parseMachineFile, Session } from '../dist/index.js';

const ranges = Number(process.argv[2]);
const size = Number(process.argv[3]) * 2 ** 40;
const base = 2 ** 42;
const SUB = 2 ** 21;
const session = new Session(
  boot(parseMachineFile('arch: x86_64\nram: [{start: 0, size: 2G}]\n', 'bench'), findRelease('v6.1')),
);
const { kernel, state } = session;

let seed = 1;
const random = (below) => {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  return Math.floor((seed / 2 ** 32) * below);
};
const places = new Set();
while (places.size < ranges) places.add(random(size / SUB));
const starts = [...places].map((n) => base + n * SUB);

const timed = (run) => {
  const began = performance.now();
  run();
  return (performance.now() - began) / 1000;
};
const done = (result) => {
  if (result.errno !== null || result.ended !== 'returned') throw new Error(JSON.stringify(result));
};
function* remove(pfn) {
  yield* kernel.__remove_pages(pfn, SUB / 4096, null, -1);
  return 0;
}
const empty = state.pages.count;
const build = timed(() => {
  for (const start of starts)
    done(session.call(kernel.__add_pages(0, start / 4096, SUB / 4096, { altmap: null, pgmap: 0 })));
});
const runs = state.pages.count - empty;

/** Half of the queries hit a range, the others are anywhere. */
const QUERIES = 400_000;
const asked = Array.from(
  { length: QUERIES },
  (_, i) => (i % 2 ? starts[random(ranges)] : base + random(size / SUB) * SUB) / 4096 + random(512),
);
function* valid() {
  let n = 0;
  for (const pfn of asked) if (yield* kernel.pfn_valid(pfn)) n++;
  return n;
}
function* pages() {
  let n = 0;
  for (const pfn of asked) if (yield* kernel.pfn_to_page(pfn)) n++;
  return n;
}
let nValid = 0;
let nPages = 0;
const pfnValid = timed(() => {
  nValid = session.call(valid()).ret;
});
const pfnToPage = timed(() => {
  nPages = session.call(pages()).ret;
});
if (nValid !== nPages || nValid < QUERIES / 2) throw new Error(`${nValid} valid, ${nPages} struct pages`);

const removal = timed(() => {
  for (const start of starts) done(session.call(remove(start / 4096)));
});
if (state.pages.count !== empty) throw new Error('struct pages are left');
const peak = process.resourceUsage().maxRSS * 1024;
process.stdout.write(
  `${JSON.stringify({ ranges, size, runs, build, remove: removal, pfn_valid: QUERIES / pfnValid, pfn_to_page: QUERIES / pfnToPage, peak })}\n`,
);
