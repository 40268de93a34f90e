import { describe, expect, it } from 'vitest';
import { MemTree } from '../sources/mem-tree.ts';
import { readLsmemOutput } from './lsmem-output.ts';

const NAME = 'sos_commands/memory/lsmem_-a_-o_RANGE_SIZE_STATE_REMOVABLE_ZONES_NODE_BLOCK';
const TABLE = [
  'RANGE                                  SIZE   STATE REMOVABLE          ZONES NODE BLOCK',
  '0x0000000000000000-0x0000000007ffffff  128M  online       yes           None    0     0',
  '0x0000000040000000-0x000000004fffffff  256M  online        no         Normal    1   8-9',
  '0x0000000080000000-0x0000000087ffffff  128M offline           Normal/Movable    1    16',
  '0x0000000088000000-0x000000008fffffff  128M on->off                                  17',
  '',
  'Memory block size:       128M',
  'Total online memory:     384M',
  'Total offline memory:    256M',
  '',
].join('\n');

function report(text: string): MemTree {
  const tree = new MemTree('x');
  tree.addFile(NAME, text);
  return tree;
}

describe('the output of lsmem in a sosreport', () => {
  it('gives blocks', () => {
    expect(readLsmemOutput(report(TABLE))).toEqual({
      block_size: 2 ** 27,
      blocks: [
        { id: 0, state: 'online', removable: true, valid_zones: ['none'], nids: [0] },
        { id: 8, state: 'online', removable: false, valid_zones: ['Normal'], nids: [1] },
        { id: 9, state: 'online', removable: false, valid_zones: ['Normal'], nids: [1] },
        { id: 16, state: 'offline', valid_zones: ['Normal', 'Movable'], nids: [1] },
        { id: 17, state: 'going-offline', nids: [] },
      ],
      missing: ['no /sys/devices/system/memory: blocks are as lsmem printed them'],
    });
  });

  it('is left alone when it is something else', () => {
    expect(readLsmemOutput(report('lsmem: command not found\n'))).toBeUndefined();
    expect(readLsmemOutput(new MemTree('x'))).toBeUndefined();
  });

  it.each([
    [TABLE.replace(/Memory block size.*\n/, ''), /: the summary with the block size is missing$/],
    [
      TABLE.replace('size:       128M', 'size:       129M'),
      / line 7: block size "129M" is not a power of two from 4K to 2\^52$/,
    ],
    [TABLE.replace(' offline ', ' nowhere '), / line 4: "nowhere" is no state$/],
    [TABLE.replace('0x0000000088', '0x0000000080'), / line 5: .* overlaps the line before it$/],
    [TABLE.replace('0000000040000000', '0000000044000000'), / line 3: .* is not a whole number of blocks$/],
    [TABLE.replace('0x0000000040000000', 'elsewhere'), / line 3: .* does not start with a range$/],
  ])('is refused when it contradicts itself (%#)', (text, message) => {
    expect(() => readLsmemOutput(report(text))).toThrow(message);
  });
});
