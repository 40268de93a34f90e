import { describe, expect, it } from 'vitest';
import { MemTree } from '../sources/mem-tree.ts';
import { readNodes } from './nodes.ts';

const NODE = 'sys/devices/system/node';

describe('nodes', () => {
  it('are the possible ones, with CPUs and distances of those that are online', () => {
    const tree = new MemTree('x');
    tree.addFile(`${NODE}/possible`, '0-2\n');
    tree.addFile(`${NODE}/online`, '0-1\n');
    tree.addFile(`${NODE}/node0/cpulist`, '0-1,4\n');
    tree.addFile(`${NODE}/node0/distance`, '10 20\n');
    tree.addFile(`${NODE}/node1/cpulist`, '\n');
    tree.addFile(`${NODE}/node1/distance`, '20 10\n');
    expect(readNodes(tree, [0])).toEqual({
      nodes: [
        { nid: 0, online: true, cpus: [0, 1, 4], distance: [10, 20] },
        { nid: 1, online: true, cpus: [], distance: [20, 10] },
        { nid: 2, online: false, cpus: [] },
      ],
      missing: [],
    });
  });

  it('are those with a directory, where no list says so', () => {
    const tree = new MemTree('x');
    tree.addDir(`${NODE}/node3`);
    expect(readNodes(tree, [])).toEqual({
      nodes: [{ nid: 3, online: true, cpus: [] }],
      missing: [`no ${NODE}/possible: nodes that could still appear are unknown`],
    });
  });

  it('are those that blocks and zones speak of, where there is no directory', () => {
    expect(readNodes(new MemTree('x'), [1, 0, 1])).toEqual({
      nodes: [
        { nid: 0, online: true, cpus: [] },
        { nid: 1, online: true, cpus: [] },
      ],
      missing: [`no ${NODE}: CPUs and distances of nodes are unknown`],
    });
    expect(readNodes(new MemTree('x'), [])).toBeUndefined();
  });

  it('refuse a list that is none', () => {
    const tree = new MemTree('x');
    tree.addFile(`${NODE}/possible`, '0-5000\n');
    expect(() => readNodes(tree, [])).toThrow(`x: ${NODE}/possible: "0-5000" is above 1023`);
    tree.addFile(`${NODE}/possible`, '0\n');
    tree.addFile(`${NODE}/node0/distance`, '10 far\n');
    expect(() => readNodes(tree, [])).toThrow(`x: ${NODE}/node0/distance: "far" is not a distance`);
  });
});
