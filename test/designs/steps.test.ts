import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { KERNEL_STEPS } from '../../src/check/design/kernel-step.ts';
import * as mhp from '../../src/index.ts';

// What the model's own kernel functions may yield, a design may, by what mhp exports.

const root = new URL('../../src/kernel/', import.meta.url).pathname;
const texts = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
  .map((name) => readFileSync(root + name, 'utf8'));

const all = (text: string, pattern: RegExp): string[] => [...text.matchAll(pattern)].map(([, name]) => name!);

const imported = (text: string): ReadonlySet<string> =>
  new Set(
    all(text, /import \{([^}]*)\} from/g).flatMap((names) => names.split(',').map((name) => name.trim())),
  );

/** What several files of the model share that is part of one kernel function, and takes steps by what is exported. */
const SHARED = [
  'account',
  'next_node',
  'flags_by_slot',
  'insert_slot',
  'move_array',
  'remove_slot',
  'set_region_field',
  'report_wx',
  'warn_alloc_text',
  'free_memmap',
  'locked',
  'set_fixmap',
  'take_table',
  'free_table',
];

/** The functions by which kernel functions take their steps. */
const stepFunctions = [
  ...new Set(
    texts.flatMap((text) =>
      all(text, /yield\* ([A-Za-z_]\w*)\(/g).filter((name) => imported(text).has(name)),
    ),
  ),
].sort();

test('a design may take the same steps, and no others', () => {
  const taken = new Set(texts.flatMap((text) => all(text, /yield \{\s*op: '(\w+)'/g)));
  expect([...taken].sort()).toEqual([...KERNEL_STEPS].sort());
});

test('every function that takes steps is exported', () => {
  expect(stepFunctions.length).toBeGreaterThan(50);
  expect(stepFunctions.filter((name) => !(name in mhp))).toEqual([...SHARED].sort());
});

test('the reference lists them', () => {
  const page = readFileSync(new URL('../../docs/designs.md', import.meta.url), 'utf8');
  const named = new Set(all(page, /`([A-Za-z_]\w*)(?:\(\))?`/g));
  const wanted = stepFunctions.filter((name) => name in mhp);
  expect(wanted.filter((name) => !named.has(name))).toEqual([]);
});
