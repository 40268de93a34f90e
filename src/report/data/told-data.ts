import type { Told } from '../../check/checked.ts';
import type { Entry } from '../../check/entry.ts';
import type { Variation } from '../../check/variation.ts';
import { findMemRelease } from '../../memmap/releases/mem-releases.ts';
import { memJson } from '../../memmap/report/mem-text.ts';
import { entryRun } from './entry-run.ts';
import { storyData } from './story-data.ts';

/** How a result came about: mhp-story/1, mhp-run/2 or mhp-run-memmap/1. */
export function toldData(told: Told, entry: Entry, release: string, variation: Variation): unknown {
  if (told.kind === 'threads') return storyData(told.story, told.token);
  if (entry.kind === 'memmap' && told.kind === 'memmap')
    return memJson(entry.scenario, findMemRelease(release)!, told.outcomes);
  return entry.kind === 'steps' ? entryRun(entry, release, variation) : null;
}
