/** What is compared after every step. */
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
  | 'namespaces'
  | 'sections'
  | 'pages'
  | 'tables';

export interface Difference {
  readonly subject: Subject;
  /** What was compared: a path, a call, a line number. */
  readonly what: string;
  readonly recorded: string;
  readonly model: string;
}

/** What one step came to: how many things were compared, which differ, and what was not compared, with the reason. */
export class Tally {
  compared = 0;
  readonly differences: Difference[] = [];
  readonly notCompared = new Set<string>();

  check(subject: Subject, what: string, recorded: string, model: string): void {
    this.compared++;
    if (recorded !== model) this.differences.push({ subject, what, recorded, model });
  }
}
