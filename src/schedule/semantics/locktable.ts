import type { LockKind, LockMode } from '../../steps/step.ts';
import { canon } from '../data/canon.ts';
import { PairMap } from '../data/pairmap.ts';
import {
  acquire,
  atomic,
  holds,
  type LockAnswer,
  type LockState,
  release,
  sleeps,
  UNLOCKED,
} from './locks.ts';
import {
  depthOf,
  RCU_IDLE,
  type RcuState,
  rcuBegin,
  rcuEnd,
  rcuReadLock,
  rcuReadUnlock,
  rcuWaits,
} from './rcu.ts';

/** Outcomes of a request as numbers, for the hot loops. */
export const ANSWER = { GRANTED: 0, AGAIN: 1, REFUSED: 2, BLOCKED: 3, MISUSE: 4 } as const;

/** Requests on an RCU domain. */
export const RCU = { LOCK: 0, UNLOCK: 1, BEGIN: 2, SYNC: 3, GRACE: 4 } as const;

interface Request {
  readonly what: 'acquire' | 'release' | 'rcu';
  readonly kind: LockKind;
  readonly mode: LockMode;
  readonly try: boolean;
  readonly rcu: number;
}

/** Lock states as numbers (0 is the idle lock of any kind), with a cache of all answers. */
export class LockTable {
  readonly #states: (LockState | RcuState | undefined)[] = [undefined];
  readonly #byText = new Map<string, number>();
  readonly #requests: Request[] = [];
  readonly #requestByText = new Map<string, number>();
  readonly #memo = new PairMap();
  /** By answer: its outcome, the state after, the text of a misuse. */
  readonly outcome: number[] = [];
  readonly after: number[] = [];
  readonly text: string[] = [];
  readonly #threads: number;

  constructor(threads: number) {
    this.#threads = threads;
  }

  request(what: 'acquire' | 'release', kind: LockKind, mode: LockMode, tryOnly: boolean): number {
    return this.#requestId({ what, kind, mode, try: tryOnly, rcu: -1 });
  }

  rcuRequest(rcu: number): number {
    return this.#requestId({ what: 'rcu', kind: 'rcu', mode: 'read', try: false, rcu });
  }

  /** Whether the thread must not sleep once the request is granted. */
  atomic(request: number): boolean {
    return atomic(this.#requests[request]!.kind);
  }

  /** Whether the request may sleep. */
  sleeps(request: number): boolean {
    const r = this.#requests[request]!;
    return !r.try && sleeps(r.kind);
  }

  /** The number of the answer to a thread's request on a lock in this state. */
  ask(state: number, request: number, thread: number): number {
    const who = request * this.#threads + thread;
    const known = this.#memo.get(state, who);
    if (known >= 0) return known;
    const n = this.outcome.length;
    const [outcome, after, text] = this.#decide(state, this.#requests[request]!, thread);
    this.outcome.push(outcome);
    this.after.push(after);
    this.text.push(text);
    this.#memo.set(state, who, n);
    return n;
  }

  /** The threads that hold a lock in this state, wait for it with an announcement, or are inside its read sections. */
  holders(state: number): readonly number[] {
    const s = this.#states[state];
    if (s === undefined) return [];
    if ('waiters' in s) return s.readers.map(([t]) => t);
    return s.writer === -1 ? [...new Set(s.readers)] : [s.writer];
  }

  /** Whether the thread holds a lock (not an RCU read section) in this state. */
  holds(state: number, thread: number): boolean {
    const s = this.#states[state];
    return s !== undefined && ('waiters' in s ? depthOf(s, thread) > 0 : holds(s, thread));
  }

  /** The state as data, for reports and checkpoints. */
  data(state: number): LockState | RcuState | undefined {
    return this.#states[state];
  }

  /** The number of a state given as data. */
  id(state: LockState | RcuState | undefined): number {
    if (state === undefined) return 0;
    const text = canon(state);
    if (text === IDLE_LOCK || text === IDLE_RCU) return 0;
    const known = this.#byText.get(text);
    if (known !== undefined) return known;
    this.#byText.set(text, this.#states.length);
    return this.#states.push(state) - 1;
  }

  get size(): number {
    return this.#states.length;
  }

  /**
   * An estimate of the bytes held: per state an object with a list, an entry in a list, and one in a map by its text.
   */
  get bytes(): number {
    return this.#states.length * 400 + this.outcome.length * 24 + this.#memo.bytes;
  }

  #requestId(request: Request): number {
    const text = canon(request);
    const known = this.#requestByText.get(text);
    if (known !== undefined) return known;
    this.#requestByText.set(text, this.#requests.length);
    return this.#requests.push(request) - 1;
  }

  #decide(state: number, request: Request, thread: number): [number, number, string] {
    const data = this.#states[state];
    if (request.what === 'rcu') {
      return this.#decideRcu((data as RcuState | undefined) ?? RCU_IDLE, request.rcu, thread, state);
    }
    const lock = (data as LockState | undefined) ?? UNLOCKED;
    const { kind, mode } = request;
    const answer =
      request.what === 'acquire'
        ? acquire(lock, kind, mode, request.try, thread)
        : release(lock, kind, mode, thread);
    return this.#numbered(answer, state);
  }

  #numbered(answer: LockAnswer, state: number): [number, number, string] {
    switch (answer.outcome) {
      case 'granted':
        return [ANSWER.GRANTED, this.id(answer.state), ''];
      case 'announced':
        return [ANSWER.AGAIN, this.id(answer.state), ''];
      case 'refused':
        return [ANSWER.REFUSED, state, ''];
      case 'blocked':
        return [ANSWER.BLOCKED, state, ''];
      case 'misuse':
        return [ANSWER.MISUSE, state, answer.text];
    }
  }

  #decideRcu(rcu: RcuState, what: number, thread: number, state: number): [number, number, string] {
    switch (what) {
      case RCU.LOCK:
        return [ANSWER.GRANTED, this.id(rcuReadLock(rcu, thread)), ''];
      case RCU.UNLOCK: {
        const after = rcuReadUnlock(rcu, thread);
        if (after === undefined) return [ANSWER.MISUSE, state, 'rcu_read_unlock outside a read section'];
        return [ANSWER.GRANTED, this.id(after), ''];
      }
      case RCU.BEGIN:
        return [ANSWER.GRANTED, this.id(rcuBegin(rcu, thread)), ''];
      default: {
        if (what === RCU.SYNC && !rcuWaits(rcu, thread))
          return [ANSWER.AGAIN, this.id(rcuBegin(rcu, thread)), ''];
        const after = rcuEnd(rcu, thread);
        return after === undefined ? [ANSWER.BLOCKED, state, ''] : [ANSWER.GRANTED, this.id(after), ''];
      }
    }
  }
}

const IDLE_LOCK = canon(UNLOCKED);
const IDLE_RCU = canon(RCU_IDLE);
