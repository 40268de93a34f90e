import { expect, test } from 'vitest';
import { STANDS_FOR } from './backports.ts';
import { otherFixes, stableVersion } from './other-fixes.ts';

test.each([
  ['6.1.55', '6.1.55'],
  ['v6.1.55', '6.1.55'],
  ['6.1.55-rt16', '6.1.55'],
  ['6.8.0', '6.8.0'],
  ['6.1.0-56-amd64', null],
  ['5.4.0-150-generic', null],
  ['6.18', null],
  ['6.1.2.3', null],
])('the version of %s is %s', (kernel, version) => {
  expect(stableVersion(kernel)).toBe(version);
});

test('a newer kernel of a series has what the release lacks', () => {
  expect(otherFixes('5.10.262', { name: 'v5.10' })).toEqual([
    '5.10.262 has fixes that v5.10 (5.10.223) lacks: ' +
      '"arm64: Restrict pagetable teardown to avoid false warning" (by 5.10.262); ' +
      '"mm/ptdump: take the memory hotplug lock inside ptdump_walk_pgd()" (5.10.241); ' +
      '"drivers/base/node: handle error properly in register_one_node()" (by 5.10.262); ' +
      '"arm64: mm: Add PTE_DIRTY back to PAGE_KERNEL* to fix kexec/hibernation" (5.10.253); ' +
      '"arm64/mm: Enable batched TLB flush in unmap_hotplug_range()" (5.10.259)',
  ]);
});

test('an older one lacks what the release has, where it is known when that arrived', () => {
  expect(otherFixes('6.12.90-cloud', { name: 'v6.12' })).toEqual([
    expect.stringMatching(
      /^v6\.12 \(6\.12\.117\) has fixes that 6\.12\.90 lacks: "mm\/memory_hotplug: fix memory block reference leak on remove" \(6\.12\.92\); /,
    ),
  ]);
  expect(otherFixes('6.6.40', { name: 'v6.6' })).toEqual([]);
});

test('no kernel differs from the version that its release stands for, nor is one of another series compared', () => {
  for (const [name, version] of Object.entries(STANDS_FOR)) expect(otherFixes(version, { name })).toEqual([]);
  expect(otherFixes('6.3.8', { name: 'v6.1' })).toEqual([]);
  expect(otherFixes('6.1.0-56-amd64', { name: 'v6.1' })).toEqual([]);
});
