import { expect, test } from 'vitest';
import type { LayoutFamily } from '../geometry/layouts.ts';
import { vaText } from '../geometry/translation.ts';
import { NotApplicable } from '../scenarios/interleaved/names.ts';
import { memoryForSharedTable, sharedTableFates } from './neighbours.ts';

const K = 2 ** 10;
const G = 2 ** 30;

/** A table with each place of boot memory, on one line. */
const told = (pageSize: number, vaBits: number, layout: LayoutFamily): string[] =>
  sharedTableFates({ page_size: pageSize, va_bits: vaBits }, layout).map(
    ({ level, start, regions, boot_memory, ram, fate, kept_by }) =>
      `${level} ${vaText(start)} ${regions.join('+')}; ${boot_memory} ${ram.start / G}G: ${fate}${kept_by.map((by) => `, ${by}`).join('')}`,
  );

test('v5.2: all of the half of the kernel is one table with 16K pages and 48 bits, and no table is shared with 4K', () => {
  expect(told(16 * K, 48, 'v5.2')).toEqual([
    'PUD ffff000000000000 bpf+modules+vmalloc+fixmap+pci_io+vmemmap; low 1G: kept, kernel image, fixmap, PCI I/O, struct pages of boot memory',
    'PUD ffff000000000000 bpf+modules+vmalloc+fixmap+pci_io+vmemmap; high 131071G: kept, kernel image, fixmap, PCI I/O, struct pages of boot memory',
  ]);
  expect(told(4 * K, 48, 'v5.2')).toEqual([]);
});

test('v5.4: struct pages of the first 128M are beside the fixmap; only where boot memory is elsewhere can they be removed', () => {
  expect(told(4 * K, 48, 'v5.4')).toEqual([
    'PUD fffffd8000000000 vmalloc+fixmap+pci_io+vmemmap; low 1G: not removable, fixmap, PCI I/O, struct pages of boot memory',
    'PUD fffffd8000000000 vmalloc+fixmap+pci_io+vmemmap; high 2G: kept, fixmap, PCI I/O',
    'PMD fffffdffc0000000 fixmap+pci_io+vmemmap; low 1G: not removable, fixmap, PCI I/O, struct pages of boot memory',
    'PMD fffffdffc0000000 fixmap+pci_io+vmemmap; high 2G: kept, fixmap, PCI I/O',
  ]);
});

test('v6.9: nothing but struct pages of boot memory keeps the table that vmalloc shares', () => {
  expect(told(4 * K, 48, 'v6.9').slice(0, 2)).toEqual([
    'PUD fffffd8000000000 vmalloc+vmemmap; low 1G: kept, struct pages of boot memory',
    'PUD fffffd8000000000 vmalloc+vmemmap; high 65G: freed',
  ]);
  expect(told(64 * K, 48, 'v6.9')).toEqual([
    'PMD fffffc0000000000 vmalloc+vmemmap+pci_io+fixmap; low 1G: kept, struct pages of boot memory, PCI I/O, fixmap',
    'PMD fffffc0000000000 vmalloc+vmemmap+pci_io+fixmap; high 131071G: kept, struct pages of boot memory, PCI I/O, fixmap',
  ]);
  expect(() => told(4 * K, 52, 'v6.9')).toThrow(new NotApplicable('V5 knows no tables of five levels'));
});

test('where boot memory lies for an entry about a shared table', () => {
  const memory = (pageSize: number, vaBits: number, layout: LayoutFamily, place: 'low' | 'high') =>
    memoryForSharedTable({ page_size: pageSize, va_bits: vaBits }, layout, place).ram![0]!.start;
  expect(memory(16 * K, 47, 'v6.9', 'low')).toBe(G);
  expect(memory(16 * K, 47, 'v6.9', 'high')).toBe(257 * G);
  expect(() => memory(4 * K, 48, 'v5.4', 'low')).toThrow(
    new NotApplicable('the struct pages in the shared table are all boot memory’s, which is never removed'),
  );
  expect(() => memory(16 * K, 48, 'v5.2', 'high')).toThrow(
    new NotApplicable('the shared table holds all struct pages there are: boot memory cannot lie elsewhere'),
  );
  expect(() => memory(4 * K, 39, 'v6.1', 'high')).toThrow(
    new NotApplicable('vmemmap and vmalloc share no table below the root'),
  );
});
