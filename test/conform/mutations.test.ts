import { describe, expect, test } from 'vitest';
import { conform } from '../../src/conform/replay-recording.ts';
import { UserError } from '../../src/errors/user-error.ts';
import { parseOps, type Unread } from '../../src/machines/recording/ops.ts';
import { recordingOf } from '../../src/machines/recording/recording.ts';
import { opsOf, recordingTree, replay } from './changed-recording.ts';

// Every key of an ops.json dropped, and every value replaced: a named skip or a refusal in one line, never an exception.

type Path = readonly (string | number)[];

function* pathsOf(value: unknown, path: Path = []): Generator<Path> {
  if (path.length > 0) yield path;
  if (Array.isArray(value)) for (const [i, one] of value.entries()) yield* pathsOf(one, [...path, i]);
  else if (typeof value === 'object' && value !== null)
    for (const [key, one] of Object.entries(value)) yield* pathsOf(one, [...path, key]);
}

const DROPPED = Symbol('dropped');
const ODD: readonly unknown[] = [
  DROPPED,
  null,
  true,
  -1,
  0.5,
  2 ** 53,
  'no such word',
  'x'.repeat(70_000),
  [],
  [[null]],
  { more: 1 },
];

function mutated(text: string, path: Path, value: unknown): string {
  const whole = JSON.parse(text) as unknown;
  let at = whole as Record<string | number, unknown>;
  for (const key of path.slice(0, -1)) at = at[key] as Record<string | number, unknown>;
  const last = path.at(-1)!;
  if (value !== DROPPED) at[last] = value;
  else if (Array.isArray(at)) at.splice(Number(last), 1);
  else delete at[last];
  return JSON.stringify(whole);
}

/** What became of it: an error, or the names of what was not read. */
function read(text: string): string[] {
  const named = (list: readonly Unread[]): string[] => list.map(({ key, why }) => `${key}: ${why}`);
  try {
    const { steps, unread } = parseOps(text, 'run.tar');
    const ops = steps.flatMap((step) => step.ops);
    return [
      ...named([...unread, ...steps.flatMap((step) => step.unread), ...ops.flatMap((op) => op.unread)]),
      ...ops.flatMap((op) => (op.op === 'unread' ? [`${op.name}: ${op.why}`] : [])),
    ];
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return [error.message];
  }
}

const archives = ['arm64-6.1-split-rooff61', 'x86_64-6.1-misaligned', 'x86_64-6.1-kmem'];

describe.each(archives)('%s with a mutated ops.json', (name) => {
  test('is read or refused in one line, and what is not read is named in one line', async () => {
    const text = (await recordingTree(name)).readText('ops.json')!;
    const silent: string[] = [];
    for (const path of pathsOf(JSON.parse(text))) {
      for (const value of ODD) {
        const said = read(mutated(text, path, value));
        for (const line of said) expect(line).toMatch(/^[^\n]{1,300}$/);
        // an object has no place for a value of another type
        if (said.length === 0 && value !== null && typeof value === 'object' && 'more' in value)
          silent.push(path.join('.'));
      }
    }
    expect(silent).toEqual([]);
  });
});

describe('a mutated ops.json is replayed', () => {
  test.each(['arm64-6.1-split-rooff61', 'x86_64-6.1-misaligned'])('%s', async (name) => {
    const tree = await recordingTree(name);
    const text = tree.readText('ops.json')!;
    const all = [...pathsOf(JSON.parse(text))].flatMap((path) =>
      ODD.map((value) => mutated(text, path, value)),
    );
    const step = Math.floor(all.length / 10);
    let replayed = 0;
    for (let i = 0; i < all.length; i += step) {
      tree.addFile('ops.json', all[i]!);
      try {
        conform(recordingOf(tree)!);
        replayed++;
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        expect(error.message).toMatch(/^[^\n]{1,300}$/);
      }
    }
    expect(replayed).toBeGreaterThan(4);
  });
});

describe('an ops.json that cannot be replayed', () => {
  test('has no step', async () => {
    const tree = await recordingTree('arm64-6.1-split-rooff61');
    expect(() => replay(tree, (ops) => ops.steps.splice(0))).toThrow(
      'arm64-6.1-split-rooff61: ops.json steps: there is none, not even the boot',
    );
    expect(opsOf(tree).steps.length).toBe(6);
  });

  test('names a kernel that is not modelled', async () => {
    const tree = await recordingTree('arm64-6.1-split-rooff61');
    const replayOn = (kernel: string) => () => replay(tree, (ops) => Object.assign(ops, { kernel }));
    expect(replayOn('fly')).toThrow(
      /^arm64-6\.1-split-rooff61: ops\.json kernel: no modelled release for "fly"$/,
    );
    expect(replayOn('fly'.repeat(1000))).toThrow(/^.{1,150}…"$/);
  });
});
