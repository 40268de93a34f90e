import type { Failure, Subjects } from '../steps/failure.ts';
import { TOLD_SUBJECTS } from './told-subjects.ts';

/** Subjects that name places and numbers of one machine. */
const OF_A_MACHINE: ReadonlySet<string> = new Set<keyof Subjects>([
  'cpus',
  'pfn',
  'nr_pages',
  'va',
  'pa',
  'size',
  'level',
  'section',
  'block',
  'node',
  'count',
  'bound',
  'order',
  'more',
  'lines',
]);

const TOLD: ReadonlySet<string> = new Set<keyof Subjects>(TOLD_SUBJECTS);

/** A key that is equal for failures which differ only in place and story: places, counts, table levels and actors. */
export function alikeKey({ kind, subjects }: Omit<Failure, 'text'>): string {
  const said = 'message' in subjects;
  const kept = Object.entries(subjects).filter(
    ([name, value]) =>
      !OF_A_MACHINE.has(name) &&
      typeof value !== 'number' &&
      (!TOLD.has(name) || (name === 'function' && said)),
  );
  return JSON.stringify([kind, kept.sort(([a], [b]) => (a < b ? -1 : 1))]);
}
