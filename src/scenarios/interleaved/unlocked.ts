import { wanted_by } from '../../kernel/wants.ts';
import { mainline, type Release, releases } from '../../releases/index.ts';
import type { Step, Steps } from '../../steps/step.ts';
import { LOCKS } from './locks.ts';
import type { Interleaved, ThreadLine } from './read.ts';

/** Calls that threads make without locks or references that all callers in the kernel hold. */

/** A call without what its callers hold. */
export interface UnlockedCall {
  readonly thread: string;
  /** The position of the line in its thread. */
  readonly line: number;
  readonly fn: string;
  readonly lacks: readonly string[];
}

/** "kn->active", of "kn->active memory32". */
const lockName = (lock: string): string => lock.split(' ')[0]!;

/** The steps of a function of locks, each lock free. */
function* stepsOf(line: ThreadLine & { readonly kind: 'call' }): Generator<Step> {
  const steps = LOCKS[line.fn]!(...(line.args.map(() => 0) as never[])) as Steps<unknown>;
  for (let next = steps.next(); !next.done; next = steps.next(next.value.op === 'lock' ? true : 0))
    yield next.value;
}

function account(held: Map<string, number>, step: Step): void {
  if (step.op !== 'lock' && step.op !== 'unlock') return;
  const name = lockName(step.lock);
  held.set(name, (held.get(name) ?? 0) + (step.op === 'lock' ? 1 : -1));
}

const MAINLINE = mainline.map(({ name }) => name);

/** The mainline release that a release is, or is based on. */
const versionOf = (release: Release): string => {
  let at: Release | undefined = release;
  while (at && !MAINLINE.includes(at.name)) at = releases.get(at.base ?? '');
  return at?.name ?? MAINLINE[0]!;
};

/** The locks and references that callers of a function hold in a release. */
export const wantedIn = (release: Release, fn: string): readonly string[] =>
  wanted_by(fn, versionOf(release), MAINLINE);

/** The call in words. */
export const unlockedText = ({ thread, line, fn, lacks }: UnlockedCall): string =>
  `threads.${thread}[${line}] calls ${fn}() without ${lacks.join(' and ')}, which its callers in the kernel hold`;

/** In the order of the file. A line takes locks by the kernel's functions that do nothing else. */
export function unlockedCalls({ threads }: Interleaved, release: Release): UnlockedCall[] {
  return Object.entries(threads).flatMap(([thread, lines]) => {
    const held = new Map<string, number>();
    return lines.flatMap((line, i): UnlockedCall[] => {
      if (line.kind !== 'call') return [];
      if (Object.hasOwn(LOCKS, line.fn)) {
        for (const step of stepsOf(line)) account(held, step);
        return [];
      }
      const lacks = wantedIn(release, line.fn).filter((name) => (held.get(name) ?? 0) <= 0);
      return lacks.length > 0 ? [{ thread, line: i, fn: line.fn, lacks }] : [];
    });
  });
}
