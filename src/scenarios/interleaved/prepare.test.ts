import { expect, test } from 'vitest';
import type { Machine } from '../../machines/machine.ts';
import { findRelease } from '../../releases/index.ts';
import { parseScenario } from '../format/read.ts';
import { interleaving, placeOf } from './interleaving.ts';

/** Whatever keeps these lines from preparing a state; empty if nothing does. */
function refusal(...before: string[]): string {
  const text = `
machine: {arch: x86_64, ram: [{start: 0, size: 1G}], nodes: [{node: 0, cpus: '0'}]}
steps:
  - add: {start: 4G, size: 128M}
before: ${JSON.stringify(before)}
threads: {a: ['pfn_valid(pfn(4G))']}
`;
  const scenario = parseScenario(text, 's.yaml');
  try {
    interleaving(
      's',
      scenario,
      findRelease('v6.1')!,
      placeOf({ ...scenario, machine: scenario.machine as Machine }),
    );
    return '';
  } catch (error) {
    return (error as Error).message;
  }
}

test.each([
  [['remove_memory(4G, 128M)'], ''],
  [
    ['lock_device_hotplug()', 'memory_subsys_online(33)'],
    's.yaml: line 5 before[1]: memory_subsys_online(33): BUG: memory33 does not exist',
  ],
  [
    ['add_memory(0, 8G, 1M, 0)'],
    's.yaml: line 5 before[0]: add_memory(0, 8G, 1M, 0): prints "Block size [0x8000000] unaligned hotplug range: start 0x200000000, size 0x100000"',
  ],
  [
    ["kernfs_fop_write(32, 'state', 'nothing')"],
    `s.yaml: line 5 before[0]: kernfs_fop_write(32, 'state', 'nothing'): returns -EINVAL; if that is meant: "ret = kernfs_fop_write(32, 'state', 'nothing')", "expect ret == -22"`,
  ],
  [["ret = kernfs_fop_write(32, 'state', 'nothing')", 'expect ret == -22'], ''],
  [
    ["ret = kernfs_fop_write(32, 'state', 'nothing')", 'expect ret == -16'],
    's.yaml: line 5 before[1]: ret == -16: does not hold',
  ],
  [['need 1 == 2'], 's.yaml: line 5 before[0]: 1 == 2: does not hold'],
])('%j: %s', (before, what) => {
  expect(refusal(...before)).toBe(what);
});
