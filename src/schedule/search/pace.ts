import type { Control, Progress } from './control.ts';

/** The outside world as a search sees it. */
export interface Watch {
  /** Stops the search: its verdict is then undecided, its bound `interrupted`. */
  readonly signal?: AbortSignal;
  /** Told how far it is, many times a second. */
  readonly progress?: (progress: Progress) => void;
  /** The clock of the bound `maxTime`, in seconds; without it one that starts with the search. */
  readonly elapsed?: () => number;
}

/** Milliseconds a search runs before the event loop has its turn: signals are seen only then. */
const SLICE = 100;

const now = (): number => performance.now();

/** How long a search goes on: as a whole, or in slices between which others have their turn. */
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

  /** From here on nobody else has a turn. */
  begin(): void {
    this.#began ??= now();
    this.#sliceEnd = Infinity;
  }

  /** Let others have their turn, and begin a slice. */
  async turn(): Promise<void> {
    this.#began ??= now();
    await new Promise<void>((go) => {
      if (typeof setImmediate === 'function') setImmediate(go);
      else setTimeout(go, 0);
    });
    this.#sliceEnd = now() + SLICE;
  }
}
