import { describe, expect, test } from 'vitest';
import { booted, G, M, must, play } from '../../../test/kit.ts';
import { violations } from './index.ts';

describe('device memory in the range of a memory block', () => {
  const RELEASES = ['v5.3', 'v5.4', 'v5.7', 'v5.10', 'v6.1', 'v6.12', 'v7.2'];
  /** The last block of 2G has 14 sections of RAM; two more fit. */
  const LARGE = {
    arch: 'x86_64',
    block_size: '2G',
    ram: [
      { start: 0, size: 3 * G },
      { start: 4 * G, size: 0x1f70000000 },
    ],
  };

  test.each(RELEASES)('%s: its sections are not counted as the block’s', (release) => {
    const s = booted(release, LARGE);
    const device = { start: 0x2070000000, size: 256 * M };
    must(s, { memremap: { ...device, as: 'fs_dax' } }, { memunmap: device });
    expect(s.state.memory_block.get(64)!.section_count).toBe(14);
  });

  test('v5.2 takes them off the count of the block when they go', () => {
    const s = booted('v5.2', LARGE);
    const device = { start: 0x2070000000, size: 256 * M };
    must(s, { memremap: { ...device, as: 'fs_dax' } });
    const [gone] = play(s, { memunmap: device });
    expect(gone!.failures.map((f) => f.text)).toEqual([
      'blocks: memory64 counts 12 of its 14 sections',
      'links: memory64 belongs to node 0 and is not linked to it',
    ]);
  });

  test('a block of which only device memory is left has no section', () => {
    const s = booted('v6.1', LARGE);
    must(s, { memremap: { start: 0x2070000000, size: 256 * M } });
    for (let nr = 1024; nr < 1038; nr++) s.state.mem_section.get(nr)!.section_mem_map = 0;
    expect(violations(s.state, s.kernel.c).map((f) => f.text)).toContain('blocks: memory64 has no section');
  });

  test.each([false, true])('the first pages of a namespace in an early section (debug_vm %s)', (debug) => {
    const s = booted('v6.1', { arch: 'x86_64', debug_vm: debug, ram: [{ start: 0, size: 2016 * M }] });
    must(
      s,
      { nvdimm: { region: 0, start: 2016 * M, size: 32 * M, labels: false } },
      { ndctl: 'create-namespace -f -e namespace0.0 -m fsdax -M dev' },
      { ndctl: 'disable-namespace namespace0.0' },
    );
  });
});
