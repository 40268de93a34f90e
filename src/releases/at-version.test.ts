import { expect, test } from 'vitest';
import { SW_DIRTY } from '../hardware/descriptor/descriptor.ts';
import * as hotunplug from '../kernel/arch/arm64/mm/mmu/hotunplug.ts';
import { atVersion } from './at-version.ts';
import { findRelease } from './index.ts';

const at = (name: string, version: string) => atVersion(findRelease(name)!, version);
const differing = (name: string, version: string, arch: 'arm64' | 'x86_64' = 'arm64'): string[] => {
  const [from, to] = [findRelease(name)!.functions(arch), at(name, version).functions(arch)];
  return (Object.keys(to) as (keyof typeof to)[]).filter((fn) => from[fn] !== to[fn]).sort();
};

/** Who takes the hotplug lock. */
const PTDUMP = ['ptdump_show', 'ptdump_walk_pgd'];
const LEAVES = [
  'unmap_hotplug_pmd_range',
  'unmap_hotplug_pte_range',
  'unmap_hotplug_pud_range',
  'unmap_hotplug_range',
];

test('a later version of the series has what arrived since, in its own form', () => {
  expect(differing('v5.10', '5.10.240')).toEqual([]);
  expect(differing('v5.10', '5.10.258')).toEqual(PTDUMP);
  expect(differing('v5.10', '5.10.259')).toEqual([...PTDUMP, ...LEAVES]);
  expect(differing('v5.10', '5.10.262', 'x86_64')).toEqual(['ptdump_walk_pgd']);
  const { unmap_hotplug_pmd_range, unmap_hotplug_range } = at('v5.10', '5.10.262').functions('arm64');
  expect(unmap_hotplug_pmd_range).toBe(hotunplug.v5_10_262.unmap_hotplug_pmd_range);
  expect(unmap_hotplug_range).toBe(hotunplug.v6_1_192.unmap_hotplug_range);
});

test('PAGE_KERNEL is dirty where c25c4aa3f79a has arrived', () => {
  const dirty = (name: string, version: string): boolean =>
    (at(name, version).constants.pgprot.PAGE_KERNEL & SW_DIRTY) !== 0;
  expect(['5.10.223', '5.10.252', '5.10.253'].map((version) => dirty('v5.10', version))).toEqual([
    false,
    false,
    true,
  ]);
  expect(['6.1.166', '6.1.192'].map((version) => dirty('v6.1', version))).toEqual([false, true]);
});

test('an earlier version lacks it', () => {
  expect(differing('v6.1', '6.1.175')).toEqual(['dev_dax_kmem_remove', 'memmap_init_zone_device', ...LEAVES]);
  expect(differing('v6.1', '6.1.176')).toEqual(['dev_dax_kmem_remove', 'memmap_init_zone_device']);
});

test('the release itself where nothing differs, and where it is of no series', () => {
  expect(at('v6.1', '6.1.192')).toBe(findRelease('v6.1'));
  expect(at('v5.10', '5.10.240')).toBe(findRelease('v5.10'));
  expect(at('arm64-v5', '5.2.1')).toBe(findRelease('arm64-v5'));
});
