import { expect, test } from 'vitest';
import { ARM64, booted, type MachineObject, X86 } from '../../../test/kit.ts';
import { sectionTable } from './section-table.ts';

const table = (release: string, machine: MachineObject) => {
  const { state, kernel } = booted(release, machine);
  return sectionTable(state, kernel);
};

/** Bytes of the usage, and of its parts: rcu, subsection_map, pageblock_flags. */
const usage = (release: string, machine: MachineObject): number[] =>
  Object.values(table(release, machine).usage);

test('x86: the map of sub-sections is one long, beside four of pageblock flags', () => {
  expect(usage('v5.2', X86)).toEqual([32, 0, 0, 32]);
  expect(usage('v5.3', X86)).toEqual([40, 0, 8, 32]);
  expect(usage('v5.7', X86)).toEqual([40, 0, 8, 32]);
});

test('arm64 before v5.12, sections of 1G: eight longs', () => {
  expect(usage('v5.2', ARM64)).toEqual([256, 0, 0, 256]);
  expect(usage('v5.3', ARM64)).toEqual([320, 0, 64, 256]);
  expect(usage('v5.3', { ...ARM64, page_size: '64K' })).toEqual([72, 0, 64, 8]);
  expect(usage('v5.3', { ...ARM64, page_size: '16K' })).toEqual([80, 0, 64, 16]);
});

test('smaller sections, the rcu_head of 5ec8e8ea8b77, eight bits for a pageblock', () => {
  expect(usage('v5.10', ARM64)).toEqual([336, 16, 64, 256]);
  expect(usage('v6.1', ARM64)).toEqual([56, 16, 8, 32]);
  expect(usage('v6.1', { ...ARM64, page_size: '64K' })).toEqual([56, 16, 32, 8]);
  expect(usage('v6.12', X86)).toEqual([56, 16, 8, 32]);
  expect(usage('v7.2', X86)).toEqual([88, 16, 8, 64]);
});

const ROOTS = ['mem_section', 'mem_section[]', 'struct mem_section'];
const BY_SECTION = { lines: ROOTS, memblock: false };
const BY_SUBSECTION = { lines: [...ROOTS, 'mem_section_usage'], memblock: false };

test('pfn_valid(): the map of sub-sections is in a cache line of its own, which early sections do not read', () => {
  expect(table('v5.2', X86).pfn_valid).toEqual({ early: BY_SECTION, other: BY_SECTION });
  for (const release of ['v5.3', 'v5.4', 'v5.7', 'v5.10', 'v6.1', 'v6.12', 'v7.2'])
    expect(table(release, X86).pfn_valid).toEqual({ early: BY_SECTION, other: BY_SUBSECTION });
});

test('arm64 searches memblock instead, until v5.15; for boot memory alone from 5.10.24 on (eeb0753ba27b)', () => {
  const search = { lines: ROOTS, memblock: true };
  for (const release of ['v5.2', 'v5.3', 'v5.4', 'v5.7'])
    expect(table(release, ARM64).pfn_valid).toEqual({ early: search, other: search });
  expect(table('v5.10', ARM64).pfn_valid).toEqual({ early: search, other: BY_SUBSECTION });
  expect(table('v6.1', ARM64).pfn_valid).toEqual({ early: BY_SECTION, other: BY_SUBSECTION });
});
