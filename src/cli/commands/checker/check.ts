import { availableParallelism, freemem } from 'node:os';
import { type Command, Option } from 'commander';
import { type Entry, readEntry } from '../../../check/entry.ts';
import { exitStatus, isRow, type Row } from '../../../check/row.ts';
import { geometryText, type Variation } from '../../../check/variation.ts';
import { InputError, quote } from '../../../errors/input-error.ts';
import { LAYOUT_FAMILIES, type LayoutFamily } from '../../../geometry/layouts.ts';
import { PAGE_SIZES, VA_BITS } from '../../../geometry/sizes.ts';
import { findMemRelease } from '../../../memmap/releases/mem-releases.ts';
import {
  catalogueTable,
  checkJson,
  entryText,
  summaryText,
  variedTable,
} from '../../../report/check/check-text.ts';
import { ranText } from '../../../report/check/ran-text.ts';
import type { Bounds } from '../../../schedule/replay/verdict.ts';
import { geometryOf, releaseOf } from '../../../source/compare/machine.ts';
import { SOURCE_FUNCTION_NAMES, type SourceFunctionName } from '../../../source/functions-of.ts';
import { checkInput, checkOutputs, saveWhole } from '../../files/output.ts';
import { digest, ResultsFile, readLines } from '../../files/results-file.ts';
import { catalogue, type Listed } from '../../inputs/catalogue.ts';
import { commandLine } from '../../inputs/command-line.ts';
import { type NearestFlag, namedRelease, nearestOption } from '../../inputs/named-release.ts';
import { printNotes } from '../../inputs/notes.ts';
import { readText } from '../../inputs/text-file.ts';
import { loadBundle } from '../../kbuild/bundle-file.ts';
import { treeLines } from '../../kbuild/tree.ts';
import { list, seconds, whole } from '../../option-values.ts';
import { progress } from '../../progress.ts';
import type { CheckTask } from '../../workers/check-worker.ts';
import { inPool } from '../../workers/pool.ts';

interface Flags extends NearestFlag {
  readonly list?: boolean;
  readonly release?: readonly string[];
  readonly design?: readonly string[];
  readonly source?: string;
  readonly tree?: string;
  readonly functions?: readonly SourceFunctionName[];
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
  readonly html?: string;
  readonly junit?: string;
  readonly out?: string;
  readonly resume?: boolean;
  readonly timeline?: string;
}

/** Defines `mhp check`: whether a failure can occur, on which release, and how. */
export function define(command: Command): void {
  nearestOption(command)
    .argument('[scenario...]', 'ids of the catalogue, or scenario files (default: the whole catalogue)')
    .option('--list', 'print the catalogue')
    .option('--release <names>', 'check these releases instead of those that the scenario names', list)
    .addOption(
      new Option(
        '--design <file>',
        'check your own design, a JavaScript or TypeScript module, in every scenario that calls what it replaces; repeated: each on the one before it, like a series of patches',
      )
        .argParser((file: string, all: readonly string[] = []) => [...all, file])
        .conflicts(['release', 'geometry', 'layout', 'junit', 'out', 'html']),
    )
    .addOption(
      new Option(
        '--source <bundle>',
        "run the kernel's own C, a bundle of mhp ir, in place of the model's functions, in its geometry",
      ).conflicts(['release', 'design', 'geometry', 'layout', 'resume']),
    )
    .option('--tree <dir>', 'with --source: show the lines of C in stories, from the tree of the bundle')
    .option('--functions <names>', 'with --source: take only these functions from the C', functionNames)
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
    .option('--html <file>', 'write verdicts and stories as a page that stands alone')
    .option('--junit <file>', 'write a JUnit report')
    .option('--out <file>', 'write one line of JSON per run')
    .option('--resume', 'continue the file of --out')
    .option('--timeline <file>', 'write the first story as a Chrome trace-event file, which Perfetto opens')
    .addHelpText(
      'after',
      '\nExit status: 0 as the scenarios say, or clean; 1 an unexpected failure, or an expected one that does not show;\n2 bad usage or input; 3 undecided; 64 interrupted before the end.',
    )
    .action(async (names: readonly string[], flags: Flags, self: Command) => {
      process.exitCode = await run(names, flags, commandLine(self, ['html']));
    });
}

function functionNames(text: string): SourceFunctionName[] {
  const names = text.split(',').map((name) => name.trim());
  const unknown = names.find((name) => !SOURCE_FUNCTION_NAMES.some((one) => one === name));
  if (unknown !== undefined) {
    const known = SOURCE_FUNCTION_NAMES.join(', ');
    throw new InputError('--functions', '', `${quote(unknown)} is not one of ${known}`);
  }
  return names as SourceFunctionName[];
}

/** Whether a name stands for an id of the catalogue: the id itself, or without its last letter (B85: B85a…). */
const standsFor = (name: string, id: string): boolean =>
  id.startsWith(name) && /^[a-z]?$/.test(id.slice(name.length));

/** The entries for the given names, from the catalogue or files; without names the whole catalogue. */
function chosen(names: readonly string[], flags: NearestFlag): Listed[] {
  if (names.length === 0) return catalogue();
  const all = catalogue((id) => names.some((name) => standsFor(name, id)));
  const selected = new Map<string, Listed>();
  for (const name of names) {
    const exact = all.filter(({ entry }) => entry.id === name);
    const found = exact.length > 0 ? exact : all.filter(({ entry }) => standsFor(name, entry.id));
    for (const one of found.length > 0 ? found : [fileNamed(name, flags)]) selected.set(one.entry.file, one);
  }
  return [...selected.values()];
}

function fileNamed(name: string, flags: NearestFlag): Listed {
  if (name !== '' && !/[./]/.test(name))
    throw new InputError('check', '', `${quote(name)} is neither in the catalogue (--list) nor a file`);
  const text = readText(name);
  const reading = { nearest: flags.nearest ?? false, own: true };
  return { entry: readEntry(text, name, reading), text, reading };
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

/**
 * The runs of entries on the C of a bundle: those of its architecture; of arm64 in the bundle's geometry and with the release's own
 * layout.
 */
function sourceTasks(listed: readonly Listed[], flags: Flags, bundle: string): CheckTask[] {
  const loaded = loadBundle(bundle);
  const release = releaseOf(loaded);
  const { page, bits } = geometryOf(loaded);
  const variation =
    loaded.arch === 'arm64'
      ? { geometry: { page_size: page * 1024, va_bits: bits }, layout: release.constants.layout }
      : {};
  const own = listed.filter(
    ({ entry }) => entry.kind !== 'memmap' && entry.scenario.machine.arch === loaded.arch,
  );
  const { functions, tree } = flags;
  if (tree !== undefined) treeLines(tree, loaded.version);
  return own.map(({ entry, text, reading }) => ({
    id: entry.id,
    text,
    file: entry.file,
    release: release.name,
    variation,
    mode: flags.mode,
    bounds: boundsOf(flags),
    story: own.length > STORIES ? 'none' : flags.brief ? 'brief' : 'whole',
    timeline: flags.timeline !== undefined,
    data: own.length <= STORIES && (flags.json || flags.html !== undefined),
    reading,
    source: { bundle, ...(functions ? { functions } : {}), ...(tree === undefined ? {} : { tree }) },
  }));
}

function tasksOf(listed: readonly Listed[], flags: Flags): CheckTask[] {
  if (flags.source !== undefined) return sourceTasks(listed, flags, flags.source);
  if (flags.functions) throw new InputError('--functions', '', 'goes with --source');
  if (flags.tree !== undefined) throw new InputError('--tree', '', 'goes with --source');
  const releases = flags.release && namedReleases(flags.release, flags);
  const varied = variations(flags);
  const story = listed.length > STORIES || varied.length > 1 ? 'none' : flags.brief ? 'brief' : 'whole';
  const bounds = boundsOf(flags);
  return listed.flatMap(({ entry, text, reading }) =>
    releasesFor(entry, releases).flatMap((release) =>
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
        data: story !== 'none' && (flags.json || flags.html !== undefined),
        reading,
      })),
    ),
  );
}

/** The names of the releases that are to be checked; what stands in for another is told. */
function namedReleases(names: readonly string[], flags: Flags): string[] {
  const found = names.map((name) => {
    const ofPages = findMemRelease(name);
    return ofPages ? { release: ofPages, notes: [] } : namedRelease('--release', name, flags);
  });
  printNotes([...new Set(found.flatMap(({ notes }) => notes))]);
  return [...new Set(found.map(({ release }) => release.name))];
}

/** With more entries than this the output is a table without stories. */
const STORIES = 16;

const workers = ({ threads }: Flags): number => threads ?? availableParallelism();

async function run(names: readonly string[], flags: Flags, line: string): Promise<number> {
  const listed = chosen(names, flags);
  if (flags.list) {
    for (const { entry } of listed)
      process.stdout.write(`${`${entry.id.padEnd(5)} ${entry.title}`.trimEnd()}\n`);
    return 0;
  }
  if (flags.design !== undefined) {
    checkOutputs([flags.timeline]);
    const { checkDesignFiles } = await import('./check-design.ts');
    return checkDesignFiles(flags.design, listed, {
      mode: flags.mode,
      bounds: boundsOf(flags),
      threads: workers(flags),
      json: flags.json ?? false,
      named: names.length > 0,
      timeline: flags.timeline,
    });
  }
  if (flags.resume && flags.out === undefined)
    throw new InputError('--resume', '', 'needs --out, the file to continue');
  checkOutputs([flags.junit, flags.timeline, flags.out, flags.html]);
  const tasks = tasksOf(listed, flags);
  const header = {
    schema: 'mhp-check-runs/1',
    runs: tasks.length,
    // bounds on memory are the machine's, not the runs'
    plan: digest(
      tasks.map(({ data: _, ...task }) => ({ ...task, bounds: { ...task.bounds, maxMemory: null } })),
    ),
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
      file?.add(done.length + i, [{ ...row, data: null }]);
      told(`${row.id} ${row.release} ${row.verdict}`);
    },
  );
  // as many as the file of --out has: it ends at the first run that is missing
  const missing = came.indexOf(undefined);
  const rows = [...done, ...(missing < 0 ? came : came.slice(0, missing)).map((row) => row!)];
  await print(
    listed.map(({ entry }) => entry),
    rows,
    flags,
    names.length > 0,
    line,
  );
  if (rows.length < tasks.length) {
    process.stderr.write(
      `mhp: interrupted after ${rows.length} of ${tasks.length} runs${flags.out === undefined ? '' : ': --resume continues'}\n`,
    );
    return 64;
  }
  return exitStatus(rows);
}

async function print(
  entries: readonly Entry[],
  rows: readonly Row[],
  flags: Flags,
  stories: boolean,
  line: string,
): Promise<void> {
  if (flags.json) process.stdout.write(`${JSON.stringify(checkJson(entries, rows), null, 2)}\n`);
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
  if (flags.source !== undefined && !flags.json) process.stdout.write(ranText(rows));
  if (flags.junit !== undefined) {
    const { junitReport } = await import('../../../report/check/junit.ts');
    saveWhole(flags.junit, junitReport(entries, rows));
  }
  if (flags.html !== undefined) {
    const { checkPage } = await import('../../../report/page/check-page.ts');
    saveWhole(flags.html, checkPage(entries, rows, line));
  }
  if (flags.timeline !== undefined) timeline(flags.timeline, rows);
}

function timeline(path: string, rows: readonly Row[]): void {
  const told = rows.find((row) => row.timeline !== null);
  if (told) saveWhole(path, `${JSON.stringify(told.timeline)}\n`);
  else process.stderr.write(`mhp: there is no story: ${path} is not written\n`);
}
