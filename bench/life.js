// The whole life of hot-added memory, in one process: add as one DIMM, online movable, offline, unplug.
// Arguments: arch, TiB, block size in bytes (0: the architecture's own). Prints one JSON object.
import { performance } from 'node:perf_hooks';
import { boot, findRelease, parseMachineFile, perform, Session } from '../dist/index.js';

const [arch, tib, block] = process.argv.slice(2);
const size = Number(tib) * 2 ** 40;
// the memory for the tables and the memmap of the new memory
const ram = 2 ** 31 + size / 32;
const text = `arch: ${arch}\nram: [{start: ${2 ** 30}, size: ${ram}}]\n${Number(block) ? `block_size: ${block}\n` : ''}`;
const machine = parseMachineFile(text, 'bench');
const began = performance.now();
const session = new Session(boot(machine, findRelease('v6.1')));
const start = 2 ** 44;
const bytes = session.kernel.c.memory_block_size_bytes;
let steps = 0;
const done = (result) => {
  if (result.errno !== null || result.ended !== 'returned') throw new Error(JSON.stringify(result));
  steps += result.steps;
};
done(perform(session, { kind: 'device_add', step: { id: 'dimm0', start, size, node: 0 } }));
const blocks = size / bytes;
for (const state of ['online_movable', 'offline']) {
  for (let i = 0; i < blocks; i++) {
    done(session.write(`/sys/devices/system/memory/memory${start / bytes + i}/state`, state));
  }
}
done(perform(session, { kind: 'device_del', step: { id: 'dimm0' } }));
const seconds = (performance.now() - began) / 1000;
const peak = process.resourceUsage().maxRSS * 1024;
process.stdout.write(
  `${JSON.stringify({ arch, tib: Number(tib), block: bytes, blocks, seconds, peak, steps })}\n`,
);
