import { expect, test } from 'vitest';
import { BadDesign, type Design, defineRelease, replaced } from './design.ts';
import { findRelease } from './index.ts';

const bad = (design: unknown): string => {
  try {
    defineRelease(design as Design);
  } catch (error) {
    if (error instanceof BadDesign) return error.message;
    throw error;
  }
  return '';
};

test('a function of no architecture replaces the one of its name wherever the base has one', () => {
  const design = defineRelease({ base: 'v6.1', mm: { *depopulate_section_memmap() {} } });
  expect([replaced(design, 'arm64'), replaced(design, 'x86_64')]).toEqual([
    ['depopulate_section_memmap'],
    ['depopulate_section_memmap'],
  ]);
  expect(design.on).toBe(findRelease('v6.1'));
  expect(design).toMatchObject({ name: 'design', base: 'v6.1', about: 'a design on v6.1' });
});

test('one of an architecture replaces that one alone, and lies over one of none', () => {
  const design = defineRelease({
    base: 'v6.1',
    functions: {
      *offline_pages() {
        return -1;
      },
    },
    'arch/arm64': { *vmemmap_free() {} },
    arch: {
      x86_64: {
        *offline_pages() {
          return -2;
        },
      },
    },
  });
  expect([replaced(design, 'arm64').sort(), replaced(design, 'x86_64')]).toEqual([
    ['offline_pages', 'vmemmap_free'],
    ['offline_pages'],
  ]);
  expect(design.functions('x86_64').offline_pages).not.toBe(design.functions('arm64').offline_pages);
});

test('what is replaced can be made of the function it replaces', () => {
  let seen: unknown;
  const design = defineRelease({
    base: 'v6.1',
    mm: (base) => {
      seen = base.depopulate_section_memmap;
      return {
        *depopulate_section_memmap(...args) {
          yield* base.depopulate_section_memmap.apply(this, args);
        },
      };
    },
  });
  const [own, ofBase] = [design, design.on].map(
    (release) => release.functions('x86_64').depopulate_section_memmap,
  );
  expect(own).not.toBe(ofBase);
  expect(seen).toBe(ofBase);
});

test('what cannot be is refused, with the nearest names', () => {
  const free = { *vmemmap_free() {} };
  expect(bad({ base: 'v6.1', mm: { *vmemap_free() {} } })).toBe(
    'mm: v6.1 has no vmemap_free(); near it: vmemmap_free',
  );
  expect(bad({ base: 'v6.1', mm: { *can_unmap_without_split() {} } })).toBe(
    'mm: v6.1 has no can_unmap_without_split(); v7.2 has',
  );
  expect(bad({ base: 'v6.1', 'arch/x86': { *unmap_hotplug_range() {} } })).toBe(
    'arch/x86: v6.1 has no unmap_hotplug_range() on x86_64, but on arm64',
  );
  expect(bad({ base: 'v6.1.7', mm: free })).toBe('');
  expect(bad({ base: 'v6.2x', mm: free })).toMatch(/^base: "v6.2x" is not a modelled release; near it: /);
  expect(bad({ base: 'V6.1', mm: free })).toMatch(
    /^base: "V6.1" is not a modelled release; near it: v6\.1, /,
  );
  expect(bad({ mm: free })).toBe('base: name a release, such as "v6.1"');
  expect(bad({ base: 'v6.1', name: 'S0', mm: free })).toBe('name: S0 is a release of the model');
  expect(bad({ base: 'v6.1', name: 'arm64-v6', mm: free })).toBe('name: arm64-v6 is a release of the model');
  expect(bad({ base: 'v6.1', name: 'a b', mm: free })).toMatch(/^name: letters/);
  expect(bad({ base: 'v6.1', memory: free })).toMatch(/^memory: is not part of a design/);
  expect(bad({ base: 'v6.1', arch: { riscv: free } })).toBe(
    'arch: riscv is not modelled (arm64, x86_64 are)',
  );
  expect(bad({ base: 'v6.1', mm: { vmemmap_free: 3 } })).toBe('mm: vmemmap_free is not a function');
  expect(bad({ base: 'v6.1', mm: { async *vmemmap_free() {} } })).toBe(
    'mm: vmemmap_free is async: kernel functions are not',
  );
  expect(bad({ base: 'v6.1', mm: 3 })).toBe('mm: is not an object of functions');
  expect(bad({ base: 'v6.1' })).toBe('nothing of v6.1 is replaced');
  expect(bad(3)).toBe('defineRelease() takes an object');
});
