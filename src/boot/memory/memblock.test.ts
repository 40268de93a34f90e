import { expect, test } from 'vitest';
import { MEMBLOCK_MEMORY } from '../../kernel/state.ts';
import { machineOf } from '../../machines/read.ts';
import { MemTree } from '../../machines/sources/mem-tree.ts';
import { findRelease } from '../../releases/index.ts';
import { boot } from '../boot.ts';

/** What debugfs of 6.1 shows without flags: RAM, firmware's memory, memory of dax kmem, and a DIMM beside it. */
const TREE = new MemTree('an arm64 machine');
TREE.addFile(
  '/proc/iomem',
  [
    '40000000-7fffffff : System RAM',
    '80000000-8000ffff : reserved',
    '200000000-23fffffff : dax0.0',
    '  200000000-23fffffff : System RAM (kmem)',
    '240000000-24fffffff : System RAM',
    '',
  ].join('\n'),
);
TREE.addFile(
  '/sys/kernel/debug/memblock/memory',
  [
    '   0: 0x0000000040000000..0x000000007fffffff',
    '   1: 0x0000000080000000..0x000000008000ffff',
    '   2: 0x0000000200000000..0x000000023fffffff',
    '   3: 0x0000000240000000..0x000000024fffffff',
    '',
  ].join('\n'),
);
TREE.addFile('/sys/kernel/debug/memblock/reserved', '');

test.each([
  ['v5.10', '40000000', [0, 4, 0, 0]],
  ['v6.1', '8000000', [0, 4, 8, 0]],
])('%s: flags of memory that are not shown follow from /proc/iomem', (release, blockSize, flags) => {
  TREE.addFile('/sys/devices/system/memory/block_size_bytes', `${blockSize}\n`);
  const machine = machineOf({ tree: TREE }, 'test', { arch: 'arm64', page_size: 4096, release });
  const { state } = boot(machine, findRelease(release)!);
  expect(state.memblock_type.get(MEMBLOCK_MEMORY)!.regions.map((region) => region.flags)).toEqual(flags);
});
