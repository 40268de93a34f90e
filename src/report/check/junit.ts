import junit, { type Builder } from 'junit-report-builder';
import type { Entry } from '../../check/entry.ts';
import { asExpected, type Row } from '../../check/row.ts';

// the types nest the builder under one more `default` than Node does
const JUNIT = junit as unknown as Builder;

// biome-ignore lint/suspicious/noControlCharactersInRegex: XML 1.0 has no place for them
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g;
const clean = (text: string): string => text.replace(CONTROL, '?');

/** Runs as a JUnit report: one suite per entry, one case per release. */
export function junitReport(entries: readonly Entry[], rows: readonly Row[]): string {
  const builder = JUNIT.newBuilder();
  for (const entry of entries) {
    const suite = builder.testSuite().name(clean(`${entry.id} ${entry.title}`));
    for (const row of rows.filter(({ id }) => id === entry.id)) {
      const place = [row.release, row.geometry, row.layout].filter((part) => part !== null).join(' ');
      const name = row.expected ? `${place} is ${row.expected}` : place;
      const test = suite.testCase().className(entry.id).name(clean(name)).time(row.seconds);
      const failure = row.failure ? `${row.failure.kind}: ${row.failure.text}` : (row.reason ?? row.verdict);
      if (row.verdict === 'n/a' || row.verdict === 'undecided') test.skipped();
      else if (row.expected === null ? row.verdict !== 'clean' : asExpected(row) === false)
        test.failure(clean(failure), row.failure?.kind ?? row.verdict);
      for (const [name, value] of Object.entries(row.failure?.subjects ?? {}))
        test.property(name, clean(typeof value === 'string' ? value : JSON.stringify(value)));
    }
  }
  return builder.build();
}
