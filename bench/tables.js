// A DIMM is plugged and unplugged without being used, so that the times are those of page tables, memmap and sections.
// arm64 with rodata=full: base pages; x86_64: leaves of 1G. Arguments: architecture, TiB. Prints one JSON object.
import { performance } from 'node:perf_hooks';
import { isMapped } from '../dist/hardware/walks/walk.js';
import { boot, findRelease, parseMachineFile, perform, Session } from '../dist/index.js';
import { phys_to_virt } from '../dist/kernel/pfn.js';

const arch = process.argv[2];
const tib = Number(process.argv[3]);
const size = tib * 2 ** 40;
// the memory for the tables and the memmap of the new memory
const text = `arch: ${arch}\nram: [{start: ${2 ** 30}, size: ${2 ** 31 + size / 32}}]\n`;
const session = new Session(boot(parseMachineFile(text, 'bench'), findRelease('v6.1')));
const timed = (run) => {
  const before = process.cpuUsage();
  const began = performance.now();
  const result = run();
  if (result.errno !== null || result.ended !== 'returned') throw new Error(JSON.stringify(result));
  const seconds = (performance.now() - began) / 1000;
  const { user, system } = process.cpuUsage(before);
  return { seconds, cpu: (user + system) / 1e6, steps: result.steps };
};
const add = timed(() =>
  perform(session, { kind: 'device_add', step: { id: 'dimm0', start: 2 ** 44, size, node: 0 } }),
);
const { allocated } = session.state.table_pages;
const tables = Object.values(allocated).reduce((sum, n) => sum + n, 0);

/** Random addresses of the new memory, each translated by a walk from the root. */
const { mmu } = session.state;
const base = phys_to_virt(session.kernel.c, 2 ** 44);
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
const cpu = add.cpu + remove.cpu;
process.stdout.write(
  `${JSON.stringify({ tib, leaves: size / (arch === 'arm64' ? 2 ** 12 : 2 ** 30), tables, add: add.seconds, remove: remove.seconds, walks, ptdump, lines, steps: add.steps + remove.steps, peak, cpu })}\n`,
);
