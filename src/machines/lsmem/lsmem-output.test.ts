import { describe, expect, it } from 'vitest';
import { machineOf } from '../read.ts';
import { MemTree } from '../sources/mem-tree.ts';
import { isLsmem, parseLsmem } from './lsmem-output.ts';

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

const BLOCKS = [
  { id: 0, state: 'online', removable: true, valid_zones: ['none'], nids: [0] },
  { id: 8, state: 'online', removable: false, valid_zones: ['Normal'], nids: [1] },
  { id: 9, state: 'online', removable: false, valid_zones: ['Normal'], nids: [1] },
  { id: 16, state: 'offline', valid_zones: ['Normal', 'Movable'], nids: [1] },
  { id: 17, state: 'going-offline', nids: [] },
];
const AS_PRINTED = 'no /sys/devices/system/memory: blocks are as lsmem printed them';

const RAW = [
  'RANGE SIZE STATE REMOVABLE BLOCK NODE ZONES',
  '0x0000000000000000-0x0000000007ffffff 128M online yes 0 0 None',
  '0x0000000040000000-0x000000004fffffff 256M online no 8-9 1 Normal',
  '0x0000000080000000-0x0000000087ffffff 128M offline  16 1 Normal/Movable',
  '0x0000000088000000-0x000000008fffffff 128M on->off  17  ',
  '',
].join('\n');

const PAIRS = [
  'RANGE="0x0000000000000000-0x0000000007ffffff" STATE="online" REMOVABLE="yes" BLOCK="0" NODE="0" ZONES="None"',
  'RANGE="0x0000000040000000-0x000000004fffffff" STATE="online" REMOVABLE="no" BLOCK="8-9" NODE="1" ZONES="Normal"',
  'RANGE="0x0000000080000000-0x0000000087ffffff" STATE="offline" REMOVABLE="" BLOCK="16" NODE="1" ZONES="Normal/Movable"',
  'RANGE="0x0000000088000000-0x000000008fffffff" STATE="on->off" REMOVABLE="" BLOCK="17" NODE="" ZONES=""',
  '',
].join('\n');

const JSON_TEXT = JSON.stringify({
  memory: [
    {
      range: '0x0000000000000000-0x0000000007ffffff',
      state: 'online',
      removable: true,
      block: '0',
      node: 0,
      zones: 'None',
    },
    {
      range: '0x0000000040000000-0x000000004fffffff',
      state: 'online',
      removable: false,
      block: '8-9',
      node: 1,
      zones: 'Normal',
    },
    {
      range: '0x0000000080000000-0x0000000087ffffff',
      state: 'offline',
      removable: false,
      block: '16',
      node: 1,
      zones: 'Normal/Movable',
    },
    {
      range: '0x0000000088000000-0x000000008fffffff',
      state: 'on->off',
      removable: null,
      block: '17',
      node: null,
      zones: null,
    },
  ],
});

describe('the output of lsmem', () => {
  it.each([
    ['a table', TABLE],
    ['raw', RAW],
    ['pairs', PAIRS],
    ['JSON', JSON_TEXT],
    ['JSON of before 2.33, all strings', JSON_TEXT.replaceAll('true', '"yes"').replaceAll('false', '"no"')],
    ['a table with CRLF', TABLE.replaceAll('\n', '\r\n')],
  ])('as %s gives blocks', (_, text) => {
    expect(isLsmem(text)).toBe(true);
    expect(parseLsmem(text, 'x', '')).toEqual({ block_size: 2 ** 27, blocks: BLOCKS, missing: [AS_PRINTED] });
  });

  it('of 2.42 has the parameter memmap_on_memory', () => {
    const text = TABLE.replace(/Memory block size: /, 'Memory block size:         ').concat(
      'Memmap on memory parameter:        yes\n',
    );
    expect(parseLsmem(text, 'x', '')).toMatchObject({ block_size: 2 ** 27, memmap_on_memory: 'Y' });
  });

  it('may have its columns in any order, or no headings', () => {
    const reordered = [
      ' STATE RANGE                                 BLOCK',
      'online 0x0000000040000000-0x000000004fffffff   8-9',
      '',
    ];
    expect(parseLsmem(reordered.join('\n'), 'x', '')).toEqual({
      block_size: 2 ** 27,
      blocks: [8, 9].map((id) => ({ id, state: 'online', nids: [] })),
      missing: [AS_PRINTED, 'lsmem printed no REMOVABLE, ZONES, NODE'],
    });
    const bare =
      '0x0000000000000000-0x000000000fffffff 256M online       yes 0-1\n0x0000000100000000-0x0000000107ffffff 128M offline           32\n';
    expect(isLsmem(bare)).toBe(true);
    expect(parseLsmem(bare, 'x', '').blocks).toEqual([
      { id: 0, state: 'online', removable: true, nids: [] },
      { id: 1, state: 'online', removable: true, nids: [] },
      { id: 32, state: 'offline', nids: [] },
    ]);
  });

  it('without block numbers and summary leaves the block size open', () => {
    const text =
      'RANGE                                  STATE\n0x0000000040000000-0x000000004fffffff online\n';
    expect(parseLsmem(text, 'x', '').missing).toContain('the block size is unknown, 134217728 is assumed');
  });

  it('is left alone when it is something else', () => {
    expect(isLsmem('lsmem: command not found\n')).toBe(false);
    expect(isLsmem('arch: arm64\nram: [{start: 1G, size: 1G}]\n')).toBe(false);
    expect(isLsmem('{"memory": 3}')).toBe(false);
  });

  it.each([
    [
      TABLE.replace('size:       128M', 'size:       129M'),
      'x: line 7: block size "129M" is not a power of two from 4K to 2^52',
    ],
    [TABLE.replace(' offline ', ' nowhere '), 'x: line 4: "nowhere" is no state'],
    [
      TABLE.replace('0x0000000088', '0x0000000080')
        .replace('0x000000008fff', '0x0000000087ff')
        .replace('  17', '  16'),
      'x: line 5: overlaps the line before it',
    ],
    [TABLE.replace('0000000040000000', '0000000044000000'), 'x: line 3: is not a whole number of blocks'],
    [
      TABLE.replace(/size: {2}.*128M/, 'size: 256M').replace(/^(?!RANGE).*None.*\n/m, ''),
      'x: line 2: has a range that is not that of its blocks',
    ],
    [TABLE.replace('0x0000000040000000-', 'elsewhere         -'), /^x: line 3: "elsewhere/],
    [JSON_TEXT.replace('"8-9"', '"9-8"'), 'x: memory[1]: "9-8" are no block numbers'],
    [JSON_TEXT.replace('"node":1', '"node":"one"'), 'x: memory[1]: "one" is no node'],
    [
      'Address Range                          Size (MB)  State    Removable  Device\n',
      'x: is of s390x: only x86_64 and arm64 are modelled',
    ],
    [
      'BLOCK STATE CONFIGURED\n0 online yes\n',
      'x: has a column CONFIGURED and is of s390x: only x86_64 and arm64 are modelled',
    ],
  ])('is refused when it contradicts itself (%#)', (text, message) => {
    expect(() => parseLsmem(text, 'x', '')).toThrow(message);
  });

  it('stands for the blocks of a sosreport that has none, not only the block size', () => {
    const tree = new MemTree('sos');
    tree.addFile('sos_commands/memory/lsmem_-a_-o_RANGE_SIZE_STATE_REMOVABLE_ZONES_NODE_BLOCK', TABLE);
    tree.addFile('sys/devices/system/memory/block_size_bytes', '8000000\n');
    tree.addFile('proc/zoneinfo', '');
    expect(machineOf({ tree }, 'sos').blocks).toEqual(BLOCKS);
  });
});
