// arm64, rodata=full: a DIMM is plugged and unplugged without being used, so that the times are those of page tables,
// memmap and sections. Arguments: TiB. Prints one JSON object.
import { performance } from 'node:perf_hooks';
import { isMapped } from '../dist/hardware/walks/walk.js';
import { boot, findRelease, parseMachineFile, perform, Session } from '../dist/index.js';

const tib = Number(process.argv[2]);
const size = tib * 2 ** 40;
// the memory for the tables and the memmap of the new memory
const text = `arch: arm64\nram: [{start: ${2 ** 30}, size: ${2 ** 31 + size / 32}}]\n`;
const session = new Session(boot(parseMachineFile(text, 'bench'), findRelease('v6.1')));
const timed = (run) => {
  const began = performance.now();
  const result = run();
  if (result.errno !== null || result.ended !== 'returned') throw new Error(JSON.stringify(result));
  return { seconds: (performance.now() - began) / 1000, steps: result.steps };
};
const add = timed(() =>
  perform(session, { kind: 'device_add', step: { id: 'dimm0', start: 2 ** 44, size, node: 0 } }),
);
const tables = session.state.table_pages.allocated.PTE;

/** Random addresses of the new memory, each translated by a walk from the root. */
const { mmu } = session.state;
const { PAGE_OFFSET, mappable_range } = session.kernel.c;
const base = PAGE_OFFSET + 2 ** 44 - mappable_range.start;
const WALKS = 500_000;
let seed = 1;
let mapped = 0;
const walking = performance.now();
for (let i = 0; i < WALKS; i++) {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  if (isMapped(mmu, base + Math.floor((seed / 2 ** 32) * size))) mapped++;
}
const walks = WALKS / ((performance.now() - walking) / 1000);
if (mapped !== WALKS) throw new Error(`${WALKS - mapped} of ${WALKS} addresses are not mapped`);

const dumping = performance.now();
let lines = 0;
for (const _ of session.pageTables()) lines++;
const ptdump = (performance.now() - dumping) / 1000;

const remove = timed(() => perform(session, { kind: 'device_del', step: { id: 'dimm0' } }));
const peak = process.resourceUsage().maxRSS * 1024;
const cpu = process.cpuUsage().user / 1e6;
process.stdout.write(
  `${JSON.stringify({ tib, leaves: size / 4096, tables, add: add.seconds, remove: remove.seconds, walks, ptdump, lines, steps: add.steps + remove.steps, peak, cpu })}\n`,
);
