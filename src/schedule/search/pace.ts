import type { Control, Progress } from './control.ts';

/** What a search is given of the outside world. */
export interface Watch {
  /** Stops the search: its verdict is then undecided, its bound `interrupted`. */
  readonly signal?: AbortSignal;
  /** Told how far it is, many times a second. */
  readonly progress?: (progress: Progress) => void;
  /** The clock of the bound `maxTime`, in seconds; without it one that starts with the search. */
  readonly elapsed?: () => number;
}

/** Milliseconds of a slice: signals are seen only between two. */
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

  /** Whether the signal has come, and not only the end of a slice. */
  get interrupted(): boolean {
    return this.#watch.signal?.aborted === true;
  }

  stop(): boolean {
    return this.interrupted || (this.#sliceEnd < Infinity && now() > this.#sliceEnd);
  }

  /** Run until the end. */
  begin(): void {
    this.#began ??= now();
    this.#sliceEnd = Infinity;
  }

  /** Let the event loop run, and begin a slice. */
  async turn(): Promise<void> {
    this.#began ??= now();
    await new Promise<void>((go) => {
      if (typeof setImmediate === 'function') setImmediate(go);
      else setTimeout(go, 0);
    });
    this.#sliceEnd = now() + SLICE;
  }
}
