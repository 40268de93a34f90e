import type { Control, Progress } from './control.ts';

/** A search's connections to the outside world. */
export interface Watch {
  /** Stops the search: its verdict is then undecided, its bound `interrupted`. */
  readonly signal?: AbortSignal;
  /** Receives the progress of the search, many times a second. */
  readonly progress?: (progress: Progress) => void;
  /** The clock for the bound `maxTime`, in seconds; default: a clock that starts with the search. */
  readonly elapsed?: () => number;
}

/** Milliseconds of a slice: signals are only seen between two slices. */
const SLICE = 100;

const now = (): number => performance.now();

/** How long a search runs at a time: until its end, or in slices between which the event loop runs. */
export class Pace implements Control {
  readonly progress: Control['progress'];
  readonly #watch: Watch;
  #began: number | undefined;
  #sliceEnd = Infinity;

  constructor(watch: Watch) {
    this.#watch = watch;
    this.progress = watch.progress;
  }

  elapsed(): number {
    this.#began ??= now();
    return this.#watch.elapsed?.() ?? (now() - this.#began) / 1000;
  }

  /** Whether the signal has come; the end of a slice alone does not count. */
  get interrupted(): boolean {
    return this.#watch.signal?.aborted === true;
  }

  stop(): boolean {
    return this.interrupted || (this.#sliceEnd < Infinity && now() > this.#sliceEnd);
  }

  /** Starts a run until the end. */
  begin(): void {
    this.#began ??= now();
    this.#sliceEnd = Infinity;
  }

  /** Lets the event loop run, and starts a slice. */
  async turn(): Promise<void> {
    this.#began ??= now();
    await new Promise<void>((go) => {
      if (typeof setImmediate === 'function') setImmediate(go);
      else setTimeout(go, 0);
    });
    this.#sliceEnd = now() + SLICE;
  }
}
