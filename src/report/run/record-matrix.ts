import junit, { type Builder } from 'junit-report-builder';

/** What `mhp record --matrix` prints. */

export interface MatrixRow {
  readonly scenario: string;
  readonly kernel: string;
  /** Bytes; null for the scenario's own. */
  readonly page_size: number | null;
  readonly seconds: number;
  /** Why it was not recorded. */
  readonly refused?: string;
  readonly recording?: string;
  /** It was there before. */
  readonly resumed?: boolean;
  readonly stopped?: string | null;
  readonly crash?: string | null;
  readonly steps?: number;
  readonly compared?: number;
  readonly differ?: number;
  /** The first difference. */
  readonly first?: string | null;
}

const HEAD = ['SCENARIO', 'KERNEL', 'PAGES', 'STEPS', 'COMPARED', 'DIFFER', 'OUTCOME'];

const outcomeOf = ({ refused, stopped, crash, first, resumed }: MatrixRow): string =>
  refused ??
  [stopped, crash, first, resumed ? 'there before' : null].find((text) => text != null) ??
  'recorded';

/** A table, a row for each recording. */
export function matrixText(rows: readonly MatrixRow[]): string {
  const cells = rows.map((row) => [
    row.scenario,
    row.kernel,
    row.page_size === null ? '-' : `${row.page_size / 1024}K`,
    String(row.steps ?? '-'),
    String(row.compared ?? '-'),
    String(row.differ ?? '-'),
    outcomeOf(row),
  ]);
  const widths = HEAD.map((_, i) => Math.max(...[HEAD, ...cells].map((line) => line[i]!.length)));
  return [HEAD, ...cells]
    .map(
      (line) =>
        `${line
          .map((text, i) => (i >= 3 && i <= 5 ? text.padStart(widths[i]!) : text.padEnd(widths[i]!)))
          .join(' ')
          .trimEnd()}\n`,
    )
    .join('');
}

// the types nest the builder under one more `default` than Node does
const JUNIT = junit as unknown as Builder;

/** A suite for each scenario, a case for each kernel and page size. */
export function matrixJunit(rows: readonly MatrixRow[]): string {
  const builder = JUNIT.newBuilder();
  for (const scenario of new Set(rows.map((row) => row.scenario))) {
    const suite = builder.testSuite().name(scenario);
    for (const row of rows.filter((one) => one.scenario === scenario)) {
      const pages = row.page_size === null ? '' : ` ${row.page_size / 1024}K`;
      const test = suite.testCase().className(scenario).name(`${row.kernel}${pages}`).time(row.seconds);
      if (row.refused !== undefined) test.skipped();
      else if (row.differ || row.stopped) test.failure(outcomeOf(row), row.differ ? 'differs' : 'stopped');
    }
  }
  return builder.build();
}
