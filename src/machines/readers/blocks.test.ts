import { describe, expect, it } from 'vitest';
import { MemTree } from '../sources/mem-tree.ts';
import { readBlocks } from './blocks.ts';

const MEMORY = 'sys/devices/system/memory';
const NODE = 'sys/devices/system/node';

function tree(files: Readonly<Record<string, string>>): MemTree {
  const made = new MemTree('x');
  made.addFile(`${MEMORY}/block_size_bytes`, '8000000\n');
  for (const [path, text] of Object.entries(files)) {
    if (text.startsWith('>')) made.addLink(path, text.slice(1));
    else made.addFile(path, text);
  }
  return made;
}

const block9 = {
  [`${MEMORY}/memory9/state`]: 'online\n',
  [`${MEMORY}/memory9/removable`]: '1\n',
  [`${MEMORY}/memory9/phys_index`]: '00000009\n',
  [`${MEMORY}/memory9/valid_zones`]: 'Normal Movable\n',
  [`${MEMORY}/memory9/node1`]: '>../../node/node1',
  [`${NODE}/node1/memory9`]: '>../../memory/memory9',
};

describe('memory blocks', () => {
  it('have state, zones and nodes', () => {
    expect(readBlocks(tree(block9))).toEqual({
      block_size: 2 ** 27,
      blocks: [
        {
          id: 9,
          state: 'online',
          removable: true,
          valid_zones: ['Normal', 'Movable'],
          nids: [1],
        },
      ],
      missing: [],
    });
  });

  it('need nothing but a state', () => {
    expect(
      readBlocks(tree({ [`${MEMORY}/memory10/state`]: 'offline\n', [`${MEMORY}/memory9/online`]: '1\n' })),
    ).toEqual({
      block_size: 2 ** 27,
      blocks: [
        { id: 9, state: 'online', nids: [] },
        { id: 10, state: 'offline', nids: [] },
      ],
      missing: [
        'no node links: nodes of blocks are unknown',
        'no valid_zones: zones of blocks are unknown',
        'no removable files',
      ],
    });
  });

  it('take their nodes from either side, and say what dangles', () => {
    const odd = readBlocks(
      tree({
        ...block9,
        [`${MEMORY}/memory9/node4`]: '>../../node/node4',
        [`${MEMORY}/memory12/state`]: 'going-offline\n',
        [`${NODE}/node0/memory12`]: '>../../memory/memory12',
        [`${NODE}/node0/memory40`]: '>../../memory/memory40',
        [`${NODE}/node0/memory41`]: '>../../memory/memory41',
      }),
    )!;
    expect(odd.blocks.map(({ id, nids, state }) => [id, nids, state])).toEqual([
      [9, [1, 4], 'online'],
      [12, [0], 'going-offline'],
    ]);
    expect(odd.missing).toEqual([
      'node0 to memory40 links to a block that is not there, and 1 more',
      'memory9 to node4 links to a node that is not there',
      'node0 to memory12 is linked in one direction only',
    ]);
  });

  it('are absent without the directory', () => {
    expect(readBlocks(new MemTree('x'))).toBeUndefined();
  });

  it.each([
    [
      { [`${MEMORY}/block_size_bytes`]: '0\n' },
      'block_size_bytes: block size 0x0 is not a power of two from 0x1000 to 2^52',
    ],
    [
      { [`${MEMORY}/block_size_bytes`]: '3000000\n' },
      'block_size_bytes: block size 0x3000000 is not a power of two from 0x1000 to 2^52',
    ],
    [{ [`${MEMORY}/block_size_bytes`]: 'lots\n' }, 'block_size_bytes: "lots" is not a hexadecimal number'],
    [{ [`${MEMORY}/memory33554432/state`]: 'online' }, 'memory33554432: ends past 2^52'],
    [{ [`${MEMORY}/memory09/state`]: 'online' }, 'memory09: is not a block number'],
    [
      { [`${MEMORY}/memory9/state`]: 'flying\n' },
      'memory9/state: "flying" is not what the kernel writes there',
    ],
    [
      { ...block9, [`${MEMORY}/memory9/phys_index`]: '0000000a\n' },
      'memory9/phys_index: "0000000a" is not what the kernel writes there',
    ],
    [
      { ...block9, [`${MEMORY}/memory9/removable`]: '7\n' },
      'memory9/removable: "7" is not what the kernel writes there',
    ],
    [{ [`${MEMORY}/memory9/state/deep`]: '' }, 'memory9/state: is a directory, not a file'],
    [{ [`${MEMORY}/memory9`]: 'a file' }, 'memory9: is not a directory'],
    [{ [`${MEMORY}/memory9/uevent`]: '' }, 'memory9: has neither state nor online'],
  ])('refuse %j', (files, message) => {
    expect(() => readBlocks(tree(files))).toThrow(`x: ${MEMORY}/${message}`);
  });

  it('refuse text that is not UTF-8', () => {
    const made = tree({});
    made.addFile(`${MEMORY}/memory1/state`, new Uint8Array([0x6f, 0xff, 0xfe]));
    expect(() => readBlocks(made)).toThrow(`x: ${MEMORY}/memory1/state: is not UTF-8 text`);
  });
});
