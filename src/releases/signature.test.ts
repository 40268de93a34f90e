import { describe, expect, test } from 'vitest';
import { signature, signatureOf } from './signature.ts';

describe('signature', () => {
  test.each([
    ['*f() {}', [], 0],
    ['*f(pfn, _nid) {}', ['pfn', 'nid'], 2],
    ['*f(where, text = "a", about = {}) {}', ['where', 'text', 'about'], 1],
    ['*f(name, { start, size }) {}', ['name', '{ start, size }'], 2],
    ['*f(...[start, end, _altmap]) {}', ['start', 'end', 'altmap'], 3],
    ['function plain(a /* the first */) {}', ['a'], 1],
    ['(a, b) => a', ['a', 'b'], 2],
  ])('%s', (text, names, least) => {
    expect(signature(text)).toEqual({ names, least });
  });

  test('any number of arguments', () => {
    expect(signature('*f(...mapping) {}')).toBeNull();
  });
});

describe('signatureOf', () => {
  test('has the names of the newest release', () => {
    expect(signatureOf('unmap_hotplug_range', 'arm64')?.names).toEqual([
      'addr',
      'end',
      'free_mapped',
      'altmap',
    ]);
    expect(signatureOf('online_pages', 'x86_64')?.names).toEqual(['pfn', 'nr_pages', 'zone', 'group']);
  });
  test('is that of the variant with a fixed number', () => {
    expect(signatureOf('__create_pgd_mapping', 'arm64')?.names.slice(0, 3)).toEqual([
      'pgdir',
      'phys',
      'virt',
    ]);
  });
  test('of a function that no release has', () => {
    expect(signatureOf('online_page', 'x86_64')).toBeNull();
  });
});
