import { availableParallelism, freemem } from 'node:os';
import { type Command, Option } from 'commander';
import { type Entry, readEntry } from '../../check/entry.ts';
import { exitStatus, isRow, type Row } from '../../check/row.ts';
import { geometryText, type Variation } from '../../check/variation.ts';
import { InputError, quote } from '../../errors/input-error.ts';
import { LAYOUT_FAMILIES, type LayoutFamily } from '../../geometry/layouts.ts';
import { PAGE_SIZES, VA_BITS } from '../../geometry/sizes.ts';
import { memReleases } from '../../memmap/releases/mem-releases.ts';
import { findRelease } from '../../releases/index.ts';
import {
  catalogueTable,
  checkJson,
  entryText,
  summaryText,
  variedTable,
} from '../../report/check/check-text.ts';
import type { Bounds } from '../../schedule/replay/verdict.ts';
import { checkInput, checkOutputs, saveWhole } from '../files/output.ts';
import { digest, ResultsFile, readLines } from '../files/results-file.ts';
import { catalogue, type Listed } from '../inputs/catalogue.ts';
import { standIn } from '../inputs/choose-release.ts';
import { readText } from '../inputs/source.ts';
import { releaseList, seconds, whole } from '../option-values.ts';
import { progress } from '../progress.ts';
import type { CheckTask } from '../workers/check-worker.ts';
import { inPool } from '../workers/pool.ts';

interface Flags {
  readonly list?: boolean;
  readonly release?: readonly string[];
  readonly design?: string;
  readonly geometry?: string;
  readonly layout?: string;
  readonly mode: 'states' | 'traces';
  /** Preemptions. */
  readonly bound?: number;
  /** Seconds. */
  readonly maxTime?: number;
  readonly threads?: number;
  readonly brief?: boolean;
  readonly json?: boolean;
  readonly junit?: string;
  readonly out?: string;
  readonly resume?: boolean;
  readonly timeline?: string;
}

/** Defines `mhp check`: whether a failure can occur, on which release, and how. */
export function define(command: Command): void {
  command
    .argument('[scenario...]', 'ids of the catalogue, or scenario files (default: the whole catalogue)')
    .option('--list', 'print the catalogue')
    .option('--release <names>', 'check these releases instead of those that the scenario names', releaseList)
    .addOption(
      new Option(
        '--design <file>',
        'check your own design, a JavaScript or TypeScript module, in every scenario that calls what it replaces',
      ).conflicts(['release', 'geometry', 'layout', 'junit', 'timeline']),
    )
    .option('--geometry <shapes>', 'run in these geometries of arm64: all, or a list such as 4K/48,64K/42')
    .option(
      '--layout <families>',
      `run in these address space layouts: all, or a list of ${LAYOUT_FAMILIES.join(', ')}`,
    )
    .addOption(
      new Option('--mode <mode>', 'how to search scenarios with threads')
        .choices(['states', 'traces'])
        .default('states'),
    )
    .option('--bound <n>', 'ignore executions with more preemptions', whole(0))
    .option('--max-time <seconds>', 'stop each search after this time', seconds)
    .option('--threads <n>', 'number of worker threads', whole(1, 256))
    .option('--brief', 'print why it goes wrong, without the steps')
    .option('--json', 'print JSON')
    .option('--junit <file>', 'write a JUnit report')
    .option('--out <file>', 'write one line of JSON per run')
    .option('--resume', 'continue the file of --out')
    .option('--timeline <file>', 'write the first story as a Chrome trace-event file, which Perfetto opens')
    .addHelpText(
      'after',
      '\nExit status: 0 as the scenarios say, or clean; 1 an unexpected failure, or an expected one that does not show;\n2 bad usage or input; 3 undecided.',
    )
    .action(async (names: readonly string[], flags: Flags) => {
      process.exitCode = await run(names, flags);
    });
}

/** Whether a name stands for an id of the catalogue: the id itself, or without its last letter (B85: B85a…). */
const standsFor = (name: string, id: string): boolean =>
  id.startsWith(name) && /^[a-z]?$/.test(id.slice(name.length));

/** The entries for the given names, from the catalogue or files; without names the whole catalogue. */
function chosen(names: readonly string[]): Listed[] {
  if (names.length === 0) return catalogue();
  const all = catalogue((id) => names.some((name) => standsFor(name, id)));
  const selected = new Map<string, Listed>();
  for (const name of names) {
    const exact = all.filter(({ entry }) => entry.id === name);
    const found = exact.length > 0 ? exact : all.filter(({ entry }) => standsFor(name, entry.id));
    for (const one of found.length > 0 ? found : [fileNamed(name)]) selected.set(one.entry.file, one);
  }
  return [...selected.values()];
}

function fileNamed(name: string): Listed {
  if (name !== '' && !/[./]/.test(name))
    throw new InputError('check', '', `${quote(name)} is neither in the catalogue (--list) nor a file`);
  const text = readText(name);
  return { entry: readEntry(text, name), text };
}

/** The shapes of arm64 that can be requested. */
const SHAPES = PAGE_SIZES.arm64.flatMap((pageSize) =>
  VA_BITS.arm64[pageSize]!.map((vaBits) => ({ page_size: pageSize, va_bits: vaBits })),
);

function variations({ geometry, layout }: Flags): Variation[] {
  const shapes =
    geometry === undefined
      ? [undefined]
      : geometry === 'all'
        ? SHAPES
        : geometry.split(',').map((text) => {
            const shape = SHAPES.find((one) => geometryText(one) === text.trim());
            if (!shape)
              throw new InputError(
                '--geometry',
                '',
                `${quote(text)} is not one of ${SHAPES.map(geometryText).join(', ')}`,
              );
            return shape;
          });
  const families =
    layout === undefined
      ? [undefined]
      : layout === 'all'
        ? LAYOUT_FAMILIES
        : layout.split(',').map((text) => {
            const family = LAYOUT_FAMILIES.find((one) => one === text.trim());
            if (!family)
              throw new InputError(
                '--layout',
                '',
                `${quote(text)} is not one of ${LAYOUT_FAMILIES.join(', ')}`,
              );
            return family;
          });
  return shapes.flatMap((shape) =>
    families.map((family: LayoutFamily | undefined) => ({
      ...(shape ? { geometry: shape } : {}),
      ...(family ? { layout: family } : {}),
    })),
  );
}

const isArm64 = (entry: Entry): boolean => entry.kind !== 'memmap' && entry.scenario.machine.arch === 'arm64';

/** The requested releases, or else those that the entry names. */
const releasesFor = ({ release, fixed }: Entry, asked: readonly string[] | undefined): readonly string[] =>
  asked ?? [release, ...fixed];

const boundsOf = (flags: Flags): Bounds => ({
  maxMemory: Math.floor(freemem() / 2 / workers(flags)),
  ...(flags.bound === undefined ? {} : { maxPreemptions: flags.bound }),
  ...(flags.maxTime === undefined ? {} : { maxTime: flags.maxTime }),
});

function tasksOf(listed: readonly Listed[], flags: Flags): CheckTask[] {
  for (const name of flags.release ?? [])
    if (!findRelease(name) && !memReleases.has(name))
      throw new InputError('--release', '', `${quote(name)} is not a modelled release`);
  for (const note of new Set((flags.release ?? []).flatMap(standsIn))) process.stderr.write(`mhp: ${note}\n`);
  const varied = variations(flags);
  const story = listed.length > STORIES || varied.length > 1 ? 'none' : flags.brief ? 'brief' : 'whole';
  const bounds = boundsOf(flags);
  return listed.flatMap(({ entry, text }) =>
    releasesFor(entry, flags.release).flatMap((release) =>
      (isArm64(entry) ? varied : [{}]).map((variation) => ({
        id: entry.id,
        text,
        file: entry.file,
        release,
        variation,
        mode: flags.mode,
        bounds,
        story,
        timeline: flags.timeline !== undefined,
      })),
    ),
  );
}

function standsIn(name: string): string[] {
  const release = memReleases.has(name) ? null : findRelease(name);
  return release ? standIn(name, release) : [];
}

/** With more entries than this the output is a table without stories. */
const STORIES = 16;

const workers = ({ threads }: Flags): number => threads ?? availableParallelism();

async function run(names: readonly string[], flags: Flags): Promise<number> {
  const listed = chosen(names);
  if (flags.list) {
    for (const { entry } of listed)
      process.stdout.write(`${`${entry.id.padEnd(5)} ${entry.title}`.trimEnd()}\n`);
    return 0;
  }
  if (flags.design !== undefined) {
    const { checkDesignFile } = await import('./check-design.ts');
    return checkDesignFile(flags.design, listed, {
      mode: flags.mode,
      bounds: boundsOf(flags),
      threads: workers(flags),
      json: flags.json ?? false,
      stories: names.length > 0 && listed.length === 1,
    });
  }
  if (flags.resume && flags.out === undefined)
    throw new InputError('--resume', '', 'needs --out, the file to continue');
  checkOutputs([flags.junit, flags.timeline, flags.out]);
  const tasks = tasksOf(listed, flags);
  const header = {
    schema: 'mhp-check-runs/1',
    runs: tasks.length,
    // bounds on memory are the machine's, not the runs'
    plan: digest(tasks.map((task) => ({ ...task, bounds: { ...task.bounds, maxMemory: null } }))),
  };
  if (flags.resume) checkInput(flags.out!);
  const done = flags.resume ? readLines<Row>(flags.out!, header, (value, i) => isRow(value, tasks[i])) : [];
  const file =
    flags.out === undefined
      ? undefined
      : new ResultsFile<Row>(
          flags.out,
          header,
          done.map((row) => [row]),
        );
  const told = progress(tasks.length, done.length);
  const came = await inPool<CheckTask, Row>(
    'check-worker',
    tasks.slice(done.length),
    workers(flags),
    (row, i) => {
      file?.add(done.length + i, [row]);
      told(`${row.id} ${row.release} ${row.verdict}`);
    },
  );
  const rows = [...done, ...came.filter((row) => row !== undefined)];
  await print(
    listed.map(({ entry }) => entry),
    rows,
    flags,
    names.length > 0,
  );
  if (rows.length < tasks.length) {
    process.stderr.write(`mhp: interrupted after ${rows.length} of ${tasks.length} runs\n`);
    return 3;
  }
  return exitStatus(rows);
}

async function print(
  entries: readonly Entry[],
  rows: readonly Row[],
  flags: Flags,
  stories: boolean,
): Promise<void> {
  if (flags.json) process.stdout.write(`${JSON.stringify(checkJson(rows), null, 2)}\n`);
  else if (flags.geometry ?? flags.layout) process.stdout.write(variedTable(rows) + summaryText(rows));
  else if (stories && entries.length <= STORIES)
    process.stdout.write(
      entries
        .map((entry) =>
          entryText(
            entry,
            rows.filter(({ id }) => id === entry.id),
            flags.brief,
          ),
        )
        .join('\n'),
    );
  else process.stdout.write(catalogueTable(entries, rows) + summaryText(rows));
  if (flags.junit !== undefined) {
    const { junitReport } = await import('../../report/check/junit.ts');
    saveWhole(flags.junit, junitReport(entries, rows));
  }
  if (flags.timeline !== undefined) timeline(flags.timeline, rows);
}

function timeline(path: string, rows: readonly Row[]): void {
  const told = rows.find((row) => row.timeline !== null);
  if (told) saveWhole(path, `${JSON.stringify(told.timeline)}\n`);
  else process.stderr.write(`mhp: there is no story: ${path} is not written\n`);
}
