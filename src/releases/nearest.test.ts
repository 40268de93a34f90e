import { expect, test } from 'vitest';
import { nearest } from './nearest.ts';

const NAMES = ['pfn', 'pageblock_nr_pages', 'PAGE_SIZE', 'swapper_pg_dir', '__va'];

test('names that contain an unknown one, or differ in few letters', () => {
  expect(nearest('PAGE_SIZ', NAMES)).toEqual(['PAGE_SIZE']);
  expect(nearest('va', NAMES)).toEqual(['__va']);
  expect(nearest('pfm', NAMES)).toEqual(['pfn']);
});

test('nothing is near a single letter, nor a name of which every letter differs', () => {
  expect(nearest('p', NAMES)).toEqual([]);
  expect(nearest('qz', NAMES)).toEqual([]);
});
