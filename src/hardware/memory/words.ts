import { type Descriptor, INVALID } from '../descriptor/descriptor.ts';
import { Sorted, type Span } from './sorted.ts';

/** Consecutive words of one attribute whose address fields ascend by one stride; `first` is a physical address / 8. */
interface Run extends Span {
  readonly addr: number;
  readonly stride: number;
  readonly attr: number;
}

/** A {@link Run} by the physical address of its first word. */
export interface WordRun {
  /** Physical address of the first word. */
  readonly pa: number;
  readonly n: number;
  /** Address field of the first word. */
  readonly addr: number;
  readonly stride: number;
  readonly attr: number;
}

/**
 * Descriptors in simulated physical memory, by the physical address of their 8 bytes, held as runs: consecutive words
 * with the same attributes whose address fields ascend by one stride. A gigabyte mapped by pages whose tables are
 * adjacent is one run. Memory that holds no descriptor reads as zero and costs nothing.
 */
export class Words {
  #runs = new Sorted<Run>();

  copy(): Words {
    const twin = new Words();
    twin.#runs = this.#runs.copy();
    return twin;
  }

  /** Number of runs held. */
  get runs(): number {
    return this.#runs.count;
  }

  /** The descriptor at a physical address, a multiple of 8. */
  get(pa: number): Descriptor {
    const run = this.#runs.at(pa / 8);
    if (run === undefined) return INVALID;
    return { addr: run.addr + (pa / 8 - run.first) * run.stride, attr: run.attr };
  }

  /**
   * Writes `n` words from a physical address on: the same descriptor with address fields ascending by `stride`. An
   * all-zero descriptor with stride 0 erases.
   */
  fill(pa: number, n: number, d: Descriptor, stride: number): void {
    if (d.addr === 0 && d.attr === 0 && stride !== 0 && n > 1) {
      // zeroes are never stored, not even as the first word of a run
      this.fill(pa, 1, d, 0);
      this.fill(pa + 8, n - 1, { addr: stride, attr: 0 }, stride);
      return;
    }
    const word = pa / 8;
    const end = word + n;
    const hit = this.#runs.over(word - 1, end + 1);
    const pieces: Run[] = [];
    let placed = d.addr === 0 && d.attr === 0;
    if (hit.length === 0 && placed) return;
    const place = (): void => {
      if (!placed)
        append(pieces, { first: word, n, addr: d.addr, stride: n === 1 ? 0 : stride, attr: d.attr });
      placed = true;
    };
    for (const run of hit) {
      if (run.first < word) append(pieces, part(run, run.first, Math.min(run.first + run.n, word)));
      if (run.first + run.n > end) {
        place();
        append(pieces, part(run, Math.max(run.first, end), run.first + run.n));
      }
    }
    place();
    const first = hit[0] === undefined ? word : Math.min(hit[0].first, word);
    this.#runs.replace(first, end + 1, pieces);
  }

  /** The runs of non-zero words that intersect [pa, pa + 8n), clipped to it, in order. */
  in(pa: number, n: number): WordRun[] {
    const word = pa / 8;
    return this.#runs
      .over(word, word + n)
      .map((run) => of(part(run, Math.max(word, run.first), Math.min(word + n, run.first + run.n))));
  }

  /** The run of words of the same kind as the one at `pa`, from `pa` on, at most `n` of them; zeroes count as a run. */
  runAt(pa: number, n: number): WordRun {
    const word = pa / 8;
    const run = this.#runs.at(word);
    if (run !== undefined) return of(part(run, word, Math.min(word + n, run.first + run.n)));
    const next = this.#runs.after(word)?.first ?? Number.POSITIVE_INFINITY;
    return { pa, n: Math.min(n, next - word), addr: 0, stride: 0, attr: 0 };
  }

  /** All runs, split as if they had been written from left to right: equal memories give equal runs. */
  canonical(): WordRun[] {
    const runs: Run[] = [];
    for (const run of this.#runs.over(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY)) {
      const last = runs.at(-1);
      if (run.n > 1 && last !== undefined && continues(last, part(run, run.first, run.first + 1))) {
        append(runs, part(run, run.first, run.first + 1));
        append(runs, part(run, run.first + 1, run.first + run.n));
      } else append(runs, run);
    }
    return runs.map(of);
  }
}

/** The words [first, end) of a run. */
function part(run: Run, first: number, end: number): Run {
  if (first === run.first && end === run.first + run.n) return run;
  const n = end - first;
  const addr = run.addr + (first - run.first) * run.stride;
  return { first, n, addr, stride: n === 1 ? 0 : run.stride, attr: run.attr };
}

const of = ({ first, n, addr, stride, attr }: Run): WordRun => ({ pa: first * 8, n, addr, stride, attr });

/** Whether `next` continues `run`; a single word fits any stride. */
function continues(run: Run, next: Run): boolean {
  if (run.first + run.n !== next.first || run.attr !== next.attr) return false;
  const step = next.addr - (run.addr + (run.n - 1) * run.stride);
  return step >= 0 && (run.n === 1 || run.stride === step) && (next.n === 1 || next.stride === step);
}

/** Appends a run to the others; it becomes part of the last one if it continues that. */
function append(runs: Run[], next: Run): void {
  const last = runs.at(-1);
  if (next.n === 0) return;
  if (last === undefined || !continues(last, next)) {
    runs.push(next);
    return;
  }
  const stride = last.n === 1 ? next.addr - last.addr : last.stride;
  runs[runs.length - 1] = { ...last, n: last.n + next.n, stride };
}
