import { expect, test } from 'vitest';
import { booted, play } from '../../../../test/kit.ts';

/** The last 1M of block 32 is on node 1: too small for test_pages_in_a_zone() to notice. No memmap lies in the block. */
const TWO_NODES = {
  arch: 'x86_64',
  ram: [
    { start: 0, size: '2G' },
    { start: '4G', size: '127M', hotpluggable: true },
    { start: '4223M', size: '129M', node: 1, hotpluggable: true },
  ],
  boot_options: 'movable_node',
  nodes: [
    { node: 0, cpus: '0' },
    { node: 1, cpus: '1' },
  ],
};

test.each([
  ['v5.2', []],
  ['v5.3', [1]],
  ['v5.4', [0]],
  ['v5.10', [0]],
])('%s: nodes that keep a link to a removed block of two nodes', (release, nids) => {
  const session = booted(release, TWO_NODES);
  play(session, { offline: 32 }, { remove: { start: '4G', size: '128M' } });
  expect(session.state.memory_block.has(32)).toBe(false);
  expect([...session.state.pgdat].filter(([, { links }]) => links.get(32)).map(([nid]) => nid)).toEqual(nids);
});
