import type { LockMode, Step, Steps } from '../../steps/step.ts';

/** Steps of a thread run alone, and how long it holds which lock. */
export interface Profile {
  readonly steps: number;
  /** Steps taken while it holds any lock, those that take and release it not counted. */
  readonly under_lock: number;
  readonly held: ReadonlyMap<string, Held>;
}

interface Held {
  readonly modes: ReadonlySet<LockMode>;
  /** The most steps from taking the lock to its release, by mode. */
  readonly longest: Readonly<Record<LockMode, number>>;
}

/** The thread itself, its steps noted as they are taken. */
export function* noted<T>(thread: Steps<T>, log: Step[]): Steps<T> {
  let next = thread.next();
  while (!next.done) {
    log.push(next.value);
    next = thread.next(yield next.value);
  }
  return next.value;
}

/** What the steps of one thread say about its locks. */
export function profile(log: readonly Step[]): Profile {
  const open = new Map<string, { at: number; mode: LockMode }>();
  const held = new Map<string, { modes: Set<LockMode>; longest: Record<LockMode, number> }>();
  let under_lock = 0;
  for (const [i, step] of log.entries()) {
    if (step.op === 'lock') {
      open.set(step.lock, { at: i, mode: step.mode });
      const known = held.get(step.lock) ?? { modes: new Set(), longest: { read: 0, write: 0 } };
      known.modes.add(step.mode);
      held.set(step.lock, known);
    } else if (step.op === 'unlock') {
      const { at, mode } = open.get(step.lock) ?? { at: i, mode: step.mode };
      const { longest } = held.get(step.lock)!;
      longest[mode] = Math.max(longest[mode], i - at);
      open.delete(step.lock);
    } else if (open.size > 0) under_lock++;
  }
  return { steps: log.length, under_lock, held };
}

/** The longest that one thread may have to wait for the other, in steps of the other, and for which lock. */
export function longest_wait(
  waiting: Profile,
  other: Profile,
): { readonly steps: number; readonly lock: string | null } {
  let longest: { steps: number; lock: string | null } = { steps: 0, lock: null };
  for (const [lock, { modes }] of waiting.held) {
    const theirs = other.held.get(lock);
    if (!theirs) continue;
    // readers wait for writers alone
    const steps = modes.has('write')
      ? Math.max(theirs.longest.read, theirs.longest.write)
      : theirs.longest.write;
    if (steps > longest.steps) longest = { steps, lock };
  }
  return longest;
}
