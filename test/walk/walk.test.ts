import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { catalogue } from '../../src/cli/inputs/catalogue.ts';
import { mainline } from '../../src/releases/index.ts';
import * as steps from '../../src/scenarios/steps/index.ts';
import { cases } from '../cases.ts';
import { count, noCounts } from './counts.ts';
import type { StepName } from './here.ts';
import { isDrawn, KINDS } from './kinds.ts';
import { NAMED, nameFor } from './known.ts';
import { disagreements } from './representations.ts';
import { nameOf, shrink } from './shrink.ts';
import { type Document, play, takeWalk } from './walk.ts';

const RELEASES = mainline.map(({ name }) => name);
const ids = new Set(catalogue().map(({ entry }) => entry.id));
/** Walks of each release. */
const WALKS = cases(6, 154);

describe('random walks', () => {
  const counts = noCounts();

  test.each(RELEASES)('%s: no exception, no alarm without a name', (release) => {
    for (let index = 0; index < WALKS; index++) {
      const walk = takeWalk({ seed: 1, index, release });
      const alarms = [...walk.alarms, ...(index % 3 === 0 ? disagreements(walk, false) : [])];
      count(counts, { ...walk, alarms }, index);
      const unnamed = alarms.filter((alarm) => nameFor(walk.document, alarm) === null);
      expect(unnamed.map(nameOf), stringify(walk.document)).toEqual([]);
    }
  });

  test('most steps succeed, few are none that the model performs', () => {
    expect(counts.succeeded / counts.steps).toBeGreaterThan(0.6);
    const refused = Object.values(counts.refused).reduce((sum, n) => sum + n, 0);
    expect(refused / counts.sequences).toBeLessThan(0.1);
  });
});

test('the same walk for the same seed and number, another for others', () => {
  const text = (seed: number, index: number): string =>
    stringify(takeWalk({ seed, index, release: 'v6.1' }).document);
  expect(text(7, 3)).toBe(text(7, 3));
  expect(new Set([text(7, 3), text(7, 4), text(8, 3)]).size).toBe(3);
});

test('every kind of step is drawn, or left out for a reason', () => {
  expect(Object.keys(KINDS).sort()).toEqual(Object.keys(steps).sort());
  const left = Object.entries(KINDS).filter(([, kind]) => !isDrawn(kind as (typeof KINDS)[StepName]));
  expect(left.map(([name]) => name)).toEqual(['lose_resource', 'script']);
});

test('names of alarms are those of the catalogue, or say what is wrong and where', () => {
  const lacking = NAMED.filter(({ name, about, source }) => !ids.has(name) && (!about || !source));
  expect(lacking).toEqual([]);
});

const defects = new Set(
  NAMED.filter(({ name, is }) => is === 'defect' && !ids.has(name)).map(({ name }) => name),
);

test.each([...defects])('defect that the catalogue lacks: %s', (name) => {
  const found = NAMED.filter((named) => named.name === name && named.shortest !== undefined);
  expect(found).toHaveLength(1);
  const document: Document = found[0]!.shortest!;
  const played = play(document);
  expect(new Set(played.alarms.map((alarm) => nameFor(document, alarm)?.name))).toContain(name);
  expect(disagreements({ ...played, document }, false).map(nameOf)).toEqual([]);
});

test.each(['v5.2', 'v5.10', 'v6.12', 'v7.2'])(
  '%s: a DIMM over a namespace, with the altmap of ndctl and without',
  (release) => {
    const machine = {
      arch: 'x86_64',
      ram: [{ start: 0, size: 2 ** 31 }],
      nodes: [{ node: 0, cpus: '0' }],
    } as const;
    for (const [map, freed] of [
      ['dev', true],
      ['mem', false],
    ] as const) {
      const steps = [
        { nvdimm: { region: 0, start: 5 * 2 ** 30, size: 2 ** 30 } },
        { ndctl: { run: `create-namespace -r region0 -m fsdax -M ${map}` } },
        { device_add: { id: 'a', start: 5 * 2 ** 30, size: 2 ** 31 } },
        { device_del: { id: 'a', expect: 'any' } },
      ];
      const document: Document = { machine, release, steps };
      const { alarms } = play(document);
      expect(alarms.map((alarm) => nameFor(document, alarm)?.name)).not.toContain(undefined);
      expect(alarms.some(({ kind }) => kind !== 'warn')).toBe(freed);
    }
  },
);

test('an alarm shrinks to the steps that it needs, on a plain machine', () => {
  const machine = {
    arch: 'x86_64',
    va_bits: 57,
    ram: [{ start: 0, size: 2 ** 31 }],
    boot_options: 'movable_node',
    nodes: [{ node: 0, cpus: '0' }, { node: 1 }],
  } as const;
  const range = { start: 2 ** 32, size: 2 ** 27 };
  const document: Document = {
    machine,
    release: 'v5.7',
    steps: [
      { page: { start: 0 } },
      { add: { ...range, node: 1 } },
      { hugepages: { size: 2 ** 21, count: 2 } },
      { online: { blocks: 32 } },
      { offline: { blocks: 32 } },
      { online: { blocks: 32 } },
      { remove: { ...range, expect: 'any' } },
    ],
  };
  const [alarm] = play(document).alarms;
  expect(nameOf(alarm!)).toBe('lock not held remove');
  const { va_bits: _, boot_options: __, ...plain } = machine;
  expect(shrink(document, alarm!)).toEqual({
    machine: plain,
    release: 'v5.7',
    steps: [document.steps[1], document.steps[5], document.steps[6]],
  });
});
