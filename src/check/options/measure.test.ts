import { expect, test } from 'vitest';
import { findRelease } from '../../releases/index.ts';
import { fates } from './measure.ts';

test('V5 frees the table that vmalloc shares in four configurations, V6 and floor and ceiling keep it', () => {
  const ofTable = (release: string) => fates(findRelease(release)!);
  const shared = { apart: 27, refused: 0, neighbour: 9 };
  for (const release of ['arm64-v5', 'option-1', 'option-2'])
    expect(ofTable(release)).toEqual({ ...shared, freed: 4, kept: 0 });
  for (const release of ['option-3', 'arm64-v6', 'v5.7'])
    expect(ofTable(release)).toEqual({ ...shared, freed: 0, kept: 4 });
  expect(ofTable('option-4')).toEqual({ apart: 27, refused: 13, neighbour: 0, freed: 0, kept: 0 });
});
