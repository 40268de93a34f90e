import { expect, it } from 'vitest';
import { machineOf } from '../read.ts';
import { MemTree } from '../sources/mem-tree.ts';

const archOf = (...names: readonly string[]): string => {
  const tree = new MemTree('x');
  const at = (i: number): string => (i * 0x1000000).toString(16).padStart(8, '0');
  const lines = names.map((name, i) => `${at(i + 1)}-${at(i + 2)} : ${name}\n`);
  tree.addFile('/proc/iomem', lines.join(''));
  return machineOf({ tree }, 'x', {}).arch;
};

it.each([
  ['x86_64', ['System RAM', 'PCI ECAM 0000 [bus 00-00]', 'IOAPIC 0']],
  ['x86_64', ['System RAM', 'PCI MMCONFIG 0000 [bus 00-ff]']],
  ['x86_64', ['System ROM', 'System RAM']],
  ['arm64', ['PCI ECAM', 'System RAM', 'ARMH0011:00']],
  ['arm64', ['GICD', 'System RAM']],
] as const)('%s has %j in /proc/iomem', (arch, names) => expect(archOf(...names)).toBe(arch));
