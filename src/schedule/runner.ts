import type { Failure, Subjects } from '../steps/failure.ts';
import { isData, objectOf, perform, writes } from '../steps/perform.ts';
import type {
  BugStep,
  LockKind,
  LockStep,
  ReadStep,
  Step,
  Steps,
  UnlockStep,
  WarnStep,
  WriteStep,
} from '../steps/step.ts';
import { BadStep } from './program/bad-step.ts';
import { acquire, holds, type LockState, release, UNLOCKED } from './semantics/locks.ts';

/** A world whose objects are reached by table and key. */
export type World = object;

/** What a run produces besides the state: messages and assertions, in order. */
export type RunEvent =
  | { readonly kind: 'printk'; readonly level: number; readonly text: string }
  | {
      readonly kind: 'warn' | 'bug';
      readonly where: string;
      readonly text: string;
      readonly about?: Subjects;
    }
  | LockFailure;

/** Misuse of a lock, or of what it protects. */
type LockFailure = Failure & { readonly kind: 'lock' };

const eventOf = ({ op, where, text, about }: BugStep | WarnStep): RunEvent => ({
  kind: op,
  where,
  text,
  ...(about ? { about } : {}),
});

const misused = (what: string, subjects: Omit<Subjects, 'what'>, text: string): LockFailure => ({
  kind: 'lock',
  subjects: { what, ...subjects },
  text,
});

/** The result of a thread run alone. */
export interface RunOutcome<T> {
  /** Absent if the thread did not return: it hit a BUG or waits for itself. */
  readonly value?: T;
  readonly ended: 'returned' | 'bug' | 'deadlock';
  readonly events: readonly RunEvent[];
  /** Steps performed. */
  readonly steps: number;
  /** The loops that only a signal could end; the runner sent one. */
  readonly signalled: readonly string[];
}

/** By object and field: the lock that a writer must hold exclusively. */
export type Protected = Readonly<Record<string, Readonly<Record<string, string>>>>;

const numbered = (obj: string, key: number): string => `${obj}#${key}`;

/** The number of the only thread. */
const ALONE = 0;

/**
 * Drives one thread straight through, without other threads. Lock misuse is reported and does not stop the thread, as
 * in a kernel without lock debugging. A thread that waits for a lock it holds ends there.
 */
export class Runner {
  readonly #world: World;
  readonly #protected: Protected;
  readonly #nameOf: typeof numbered;
  readonly #locks = new Map<string, LockState>();
  readonly #kinds = new Map<string, LockKind>();
  /** The depth of RCU read sections. */
  #reading = 0;
  #writes = 0;

  /**
   * Writes to protected fields without their lock are reported and performed all the same. `nameOf` names an object of a
   * table.
   */
  constructor(world: World, protects: Protected = {}, nameOf = numbered) {
    this.#world = world;
    this.#protected = protects;
    this.#nameOf = nameOf;
  }

  /**
   * `meanwhile` is called when the thread waits for another one forever. It returns true if that other one has acted.
   */
  run<T>(thread: Steps<T>, meanwhile?: () => boolean): RunOutcome<T> {
    const events: RunEvent[] = [];
    const signalled: string[] = [];
    const heads = new Map<string, number>();
    let steps = 0;
    let next = thread.next();
    while (!next.done) {
      steps++;
      const step = next.value;
      let result: unknown;
      switch (step.op) {
        case 'read':
        case 'write': {
          const wild = this.#wild(step);
          if (wild !== null) {
            events.push({ kind: 'bug', where: `a ${step.op}`, text: wild });
            return { ended: 'bug', events, steps, signalled };
          }
          if (step.op === 'write') this.#checkProtected(step, events);
          result = this.perform(step);
          break;
        }
        case 'printk':
          events.push({ kind: 'printk', level: step.level, text: step.text });
          break;
        case 'warn':
          events.push(eventOf(step));
          break;
        case 'bug':
          events.push(eventOf(step));
          return { ended: 'bug', events, steps, signalled };
        case 'lock': {
          const taken = this.#lock(step, events);
          if (taken === 'deadlock') return { ended: 'deadlock', events, steps, signalled };
          result = taken;
          break;
        }
        case 'unlock':
          this.#unlock(step, events);
          break;
        case 'synchronize_rcu':
          if (this.#reading === 0) break;
          events.push(
            misused(
              'waited for by itself',
              { lock: step.rcu },
              `waits for its own read section of ${step.rcu}`,
            ),
          );
          return { ended: 'deadlock', events, steps, signalled };
        case 'signal': {
          const stuck = heads.get(step.where) === this.#writes && !meanwhile?.();
          heads.set(step.where, this.#writes);
          if (stuck) signalled.push(step.where);
          result = stuck;
          break;
        }
        case 'enter':
        case 'forget':
        case 'leave':
          steps--;
          break;
        default:
          result = this.perform(step);
      }
      next = thread.next(result);
    }
    return { value: next.value, ended: 'returned', events, steps, signalled };
  }

  /** Performs a step on data; the caller handles every other kind of step. */
  perform(step: Step): unknown {
    if (!isData(step)) throw new Error(`not an access: ${step.op}`);
    if (writes(step)) this.#writes++;
    return perform(this.#world, step);
  }

  /** Describes an access to an object that does not exist; null if it exists. */
  #wild(step: ReadStep | WriteStep): string | null {
    const object = objectOf(this.#world, step);
    if (!object) return `${this.#nameOf(step.obj, step.key)} does not exist`;
    if (step.field in object) return null;
    throw new BadStep(`${step.op} of ${step.obj}.${step.field}, which is not a field`, step);
  }

  /** Reports each field of a run at most once. */
  #checkProtected({ obj, field }: Step & { op: 'write' }, events: RunEvent[]): void {
    const lock = this.#protected[obj]?.[field];
    if (lock === undefined || this.#locks.get(lock)?.writer === ALONE) return;
    const object = `${obj}.${field}`;
    const known = events.some(
      (event) => event.kind === 'lock' && event.subjects.object === object && event.subjects.lock === lock,
    );
    if (!known)
      events.push(misused('written unlocked', { lock, object }, `wrote ${object} without holding ${lock}`));
  }

  /** Checks that all users of a lock use it as the same kind. */
  #checkKind(step: LockStep | UnlockStep): void {
    const kind = this.#kinds.get(step.lock) ?? step.kind;
    this.#kinds.set(step.lock, kind);
    if (kind !== step.kind)
      throw new BadStep(`${step.op} of ${step.lock} as a ${step.kind}: it is a ${kind} elsewhere`, step);
  }

  #lock(step: LockStep, events: RunEvent[]): boolean | 'deadlock' {
    const { lock, kind, mode } = step;
    this.#checkKind(step);
    // a read section never waits
    if (kind === 'rcu') {
      this.#reading++;
      return true;
    }
    const answer = acquire(this.#locks.get(lock) ?? UNLOCKED, kind, mode, step.try, ALONE);
    if (answer.outcome === 'granted') {
      this.#locks.set(lock, answer.state);
      return true;
    }
    if (answer.outcome === 'refused') return false;
    events.push(misused('held by itself', { lock }, `waits for ${lock}, which it holds itself`));
    return 'deadlock';
  }

  #unlock(step: UnlockStep, events: RunEvent[]): void {
    const { lock, kind, mode } = step;
    this.#checkKind(step);
    if (kind === 'rcu' && this.#reading > 0) {
      this.#reading--;
      return;
    }
    const answer = release(this.#locks.get(lock) ?? UNLOCKED, kind, mode, ALONE);
    if (answer.outcome !== 'granted') {
      events.push(misused('not held', { lock }, `released ${lock} without holding it`));
      return;
    }
    if (holds(answer.state, ALONE)) this.#locks.set(lock, answer.state);
    else this.#locks.delete(lock);
  }
}
