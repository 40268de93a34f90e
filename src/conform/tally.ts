import { InputError } from '../errors/input-error.ts';

/** The subjects that are compared after every step. */
export type Subject =
  | 'result'
  | 'messages'
  | 'blocks'
  | 'valid_zones'
  | 'links'
  | 'nodes'
  | 'iomem'
  | 'firmware_map'
  | 'memblock'
  | 'zones'
  | 'hugepages'
  | 'meminfo'
  | 'parameters'
  | 'namespaces'
  | 'devices'
  | 'sections'
  | 'pages'
  | 'tables';

export interface Difference {
  readonly subject: Subject;
  /** The compared item: a path, a call, a line number. */
  readonly what: string;
  readonly recorded: string;
  readonly model: string;
}

/** What is not compared, with the reason, and how often. */
export interface NotCompared {
  readonly what: string;
  readonly times: number;
}

/** What is not compared, by name, in the order in which it was met. */
class Names {
  readonly #times = new Map<string, number>();

  add(what: string, times = 1): void {
    this.#times.set(what, (this.#times.get(what) ?? 0) + times);
  }

  list(): NotCompared[] {
    return [...this.#times].map(([what, times]) => ({ what, times }));
  }
}

/**
 * The comparisons of one step: how many items were compared, which differ, and what was not compared, with the reason.
 */
export class Tally {
  compared = 0;
  readonly differences: Difference[] = [];
  readonly notCompared = new Names();

  check(subject: Subject, what: string, recorded: string, model: string): void {
    this.compared++;
    if (recorded !== model) this.differences.push({ subject, what, recorded, model });
  }

  /** Reads or compares a recorded file; what of it is of a form that is not known here is named. */
  attempt<T>(read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      this.notCompared.add(`${error.place}: ${error.what}`);
      return undefined;
    }
  }
}
