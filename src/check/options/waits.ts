import type { LockMode, Step, Steps } from '../../steps/step.ts';

/** The steps of a thread run alone, and how long it holds each lock. */
export interface Profile {
  readonly steps: number;
  /** Steps taken while it holds any lock, without the steps that take and release locks. */
  readonly under_lock: number;
  readonly held: ReadonlyMap<string, Held>;
}

interface Held {
  readonly modes: ReadonlySet<LockMode>;
  /** The most steps from taking the lock to its release, by mode. */
  readonly longest: Readonly<Record<LockMode, number>>;
}

/** Makes the profile of one thread from its steps, in order, without storing them. */
export class Profiler {
  #steps = 0;
  #underLock = 0;
  readonly #open = new Map<string, { at: number; mode: LockMode }>();
  readonly #held = new Map<string, { modes: Set<LockMode>; longest: Record<LockMode, number> }>();

  take(step: Step): void {
    const at = this.#steps++;
    if (step.op === 'lock') {
      this.#open.set(step.lock, { at, mode: step.mode });
      const known = this.#held.get(step.lock) ?? { modes: new Set(), longest: { read: 0, write: 0 } };
      known.modes.add(step.mode);
      this.#held.set(step.lock, known);
    } else if (step.op === 'unlock') {
      const taken = this.#open.get(step.lock) ?? { at, mode: step.mode };
      const { longest } = this.#held.get(step.lock)!;
      longest[taken.mode] = Math.max(longest[taken.mode], at - taken.at);
      this.#open.delete(step.lock);
    } else if (this.#open.size > 0) this.#underLock++;
  }

  profile(): Profile {
    return { steps: this.#steps, under_lock: this.#underLock, held: this.#held };
  }
}

/** The thread itself; the profiler receives its steps as they are taken. */
export function* told<T>(thread: Steps<T>, profiler: Profiler): Steps<T> {
  let next = thread.next();
  while (!next.done) {
    profiler.take(next.value);
    next = thread.next(yield next.value);
  }
  return next.value;
}

/** The longest time one thread may have to wait for the other, in steps of the other, and for which lock. */
export function longestWait(
  waiting: Profile,
  other: Profile,
): { readonly steps: number; readonly lock: string | null } {
  let longest: { steps: number; lock: string | null } = { steps: 0, lock: null };
  for (const [lock, { modes }] of waiting.held) {
    const theirs = other.held.get(lock);
    if (!theirs) continue;
    // readers wait only for writers
    const steps = modes.has('write')
      ? Math.max(theirs.longest.read, theirs.longest.write)
      : theirs.longest.write;
    if (steps > longest.steps) longest = { steps, lock };
  }
  return longest;
}
