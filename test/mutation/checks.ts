import { readdirSync, readFileSync } from 'node:fs';
import { checkEntry } from '../../src/check/check-entry.ts';
import { type Entry, readEntry } from '../../src/check/entry.ts';
import type { Machine } from '../../src/machines/machine.ts';
import { canBeBuilt } from '../tables.ts';
import type { Form } from './forms.ts';
import { LIVES, live } from './lives.ts';
import { Bench, CONTIGUOUS, COURSES, type Course, FIVE_LEVELS, SHAPES, type Shape } from './ranges.ts';

/** The checks of a mutant: each returns the failures of a form, mutated or not. */
export interface Check {
  readonly name: string;
  /** Takes seconds rather than milliseconds: checks that interleave threads. */
  readonly slow: boolean;
  /** Of the catalogue. */
  readonly entry: boolean;
  /** It checks the kernel's messages: exactly the same must be printed. */
  readonly exact?: true;
  readonly run: () => Result;
}

export interface Result {
  readonly failures: readonly string[];
  /** The size of a search; empty for steps run one after another. */
  readonly size?: string;
}

const shapeText = ({ page, va_bits, rodata }: Shape): string => `${page}K/${va_bits} rodata=${rodata}`;

/** Run by batch forms, except the mutated function, in shapes with and without blocks; lives use them in all shapes. */
const IN_RUNS: readonly string[] = ['4K/48 rodata=off', '16K/47 rodata=full'];

/** The ways to run a course: with batch forms, or every function as written. */
const ways = (shape: Shape, { large, runs }: Course): boolean[] => [
  ...(large && shape.page > 4 ? [] : [true]),
  ...(large || runs || IN_RUNS.includes(shapeText(shape)) ? [false] : []),
];

const buildable = (release: string, { page, va_bits }: Shape): boolean => canBeBuilt(release, page, va_bits);

/**
 * If five levels are needed and the form's release does not have them, a later release with the same functions is used.
 */
const releaseFor = ({ release }: Form, shape: Shape): string | null => {
  if (buildable(release, shape)) return release;
  return shape === FIVE_LEVELS && release === 'v6.1' ? 'v7.2' : null;
};

function* rangeChecks(form: Form): Generator<Check> {
  for (const [name, course] of Object.entries(COURSES)) {
    for (const shape of [...SHAPES, FIVE_LEVELS]) {
      const release = releaseFor(form, shape);
      if (!release) continue;
      for (const explored of ways(shape, course)) {
        yield {
          name: `${name}, ${shapeText(shape)}${explored ? ', entry by entry' : ''}`,
          slow: false,
          entry: false,
          run: () => {
            const bench = new Bench(release, shape, explored);
            course.run(bench, shape);
            return { failures: bench.over() };
          },
          ...(course.exact ? { exact: true } : {}),
        };
      }
    }
  }
}

/** If they map by pages, the lives use 64K pages: a block of as many smaller pages takes seconds, entry by entry. */
const LIFE_SHAPES: readonly Shape[] = [
  ...SHAPES.filter(({ page, rodata }) => rodata === 'off' || page === 64),
  CONTIGUOUS,
];

function* lifeChecks(form: Form): Generator<Check> {
  for (const [name, life] of Object.entries(LIVES)) {
    for (const shape of LIFE_SHAPES) {
      if (!buildable(form.release, shape)) continue;
      yield {
        name: `${name}, ${shapeText(shape)}`,
        slow: false,
        entry: false,
        run: () => ({ failures: live(form.release, shape, life) }),
      };
    }
  }
}

const SCENARIOS = new URL('../../scenarios/', import.meta.url);

const entries = (): Entry[] =>
  readdirSync(SCENARIOS)
    .filter((name) => /^B.*\.yaml$/.test(name))
    .sort()
    .map((name) => readEntry(readFileSync(new URL(name, SCENARIOS), 'utf8'), name))
    .filter((entry) => entry.kind !== 'memmap')
    .filter((entry) => entry.scenario.machine.arch === 'arm64')
    .map(inBlocks);

/** Steps run one after another map memory by blocks, if the entry leaves that open; lives test pages. */
function inBlocks(entry: Entry): Entry {
  if (entry.kind !== 'steps') return entry;
  const { scenario } = entry;
  const machine: Machine = scenario.machine;
  const { cmdline = '' } = machine;
  if (cmdline.includes('rodata=')) return entry;
  return {
    ...entry,
    scenario: { ...scenario, machine: { ...machine, cmdline: `${cmdline} rodata=off`.trim() } },
  };
}

function* entryChecks({ release }: Form): Generator<Check> {
  for (const entry of entries()) {
    yield {
      name: `${entry.id}: ${entry.title}`,
      slow: entry.kind === 'threads',
      entry: true,
      run: () => {
        const { verdict, failure, reason, states } = checkEntry(entry, release);
        const size = `${states} states`;
        if (verdict === 'n/a' || verdict === 'clean') return { failures: [], size };
        return { failures: [failure ? `${failure.kind}: ${failure.text}` : `${verdict}: ${reason}`], size };
      },
    };
  }
}

/** All checks of a form, the quickest first. */
export const checksOf = (form: Form): Check[] =>
  [...rangeChecks(form), ...lifeChecks(form), ...entryChecks(form)].sort(
    (a, b) => Number(a.slow) - Number(b.slow),
  );

/**
 * The failure without numbers, unless it consists only of numbers: a failure that occurs anyway may affect other pages.
 */
export const kindOf = (failure: string): string =>
  failure.startsWith('the tables are') ? failure : failure.replace(/0x[0-9a-f]+|\b[0-9a-f]{8,}\b|\d+/g, '#');
