import { readFileSync } from 'node:fs';
import { availableParallelism, freemem } from 'node:os';
import { resolve } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { InputError, quote } from '../../../errors/input-error.ts';
import { parseSize } from '../../../machines/text/size.ts';
import { traceChrome } from '../../../report/trace/chrome.ts';
import { exploreJson, findingReport, type Report } from '../../../report/trace/explore.ts';
import { findProgram, programList, UnknownProgram } from '../../../schedule/programs/built-in.ts';
import type { RandomOptions } from '../../../schedule/random/random-search.ts';
import { BadCheckpoint } from '../../../schedule/replay/checkpoint.ts';
import type { Bounds, Mode, Verdict } from '../../../schedule/replay/verdict.ts';
import type { Exploration } from '../../../schedule/search/exploration.ts';
import { readProgram, runProgram } from '../../confined/program-process.ts';
import type { ExploreProgram } from '../../confined/program-tasks.ts';
import type { Bundle } from '../../files/design-bundle.ts';
import { checkInput, checkOutput, fileError, onFile, saveWhole } from '../../files/output.ts';
import { isModule } from '../../inputs/program-file.ts';
import { type ExploreNote, resumed } from '../../inputs/resumed.ts';
import { longRun } from '../../long-run.ts';
import { seconds, whole } from '../../option-values.ts';
import { interruptible } from '../../stop.ts';
import { exploreOnThreads, exploreRandom, notBegun } from '../../workers/explore-pool.ts';

interface Flags {
  readonly list?: boolean;
  readonly mode?: Mode;
  readonly maxPreemptions?: number;
  readonly maxSteps?: number;
  /** Seconds. */
  readonly maxTime?: number;
  /** Bytes. */
  readonly maxMemory?: number;
  readonly seed?: number;
  readonly runs?: number;
  readonly depth?: number;
  readonly threads?: number;
  readonly checkpoint?: string;
  readonly resume?: string;
  readonly selfCheck?: boolean;
  readonly json?: boolean;
  readonly timeline?: string;
}

/** Defines `mhp explore`: explores every interleaving of a program, and prints the shortest story of a failure. */
export function define(command: Command): void {
  command
    .argument(
      '[program...]',
      'programs by name, such as SB or hotrm(4), or your own modules (.js, .ts) whose default export is an exploration',
    )
    .option('--list', 'print the built-in programs')
    .addOption(
      new Option('--mode <mode>', 'how to search (default: states)').choices(['states', 'traces', 'random']),
    )
    .option('--max-preemptions <n>', 'ignore executions with more preemptions (mode states)', whole(0))
    .option('--max-steps <n>', 'cut off executions after this many steps', whole(1))
    .option('--max-time <seconds>', 'stop each program after this time', seconds)
    .option(
      '--max-memory <size>',
      'stop each program when it uses this much memory, such as 512M (default: half of the free memory)',
      size,
    )
    .option('--seed <n>', 'the first seed (mode random; default: 0)', whole(0, 2 ** 32 - 1))
    .option('--runs <n>', 'number of executions (mode random; default: 1000)', whole(1, 10_000_000))
    .option('--depth <n>', 'depth of the bugs to look for (mode random; default: 3)', whole(1, 30))
    .option('--threads <n>', 'number of worker threads, for mode random or several programs', whole(1, 256))
    .option('--checkpoint <file>', 'write a checkpoint when the search is stopped')
    .option('--resume <file>', 'continue from a checkpoint; its program and bounds need not be named again')
    .option(
      '--self-check',
      'search with and without reduction and forgetting, and by traces, and compare the results',
    )
    .option('--json', 'print JSON')
    .option('--timeline <file>', 'write the story as a Chrome trace-event file, which Perfetto opens')
    .addHelpText(
      'after',
      '\nExit status: 0 proved (also within the bounds given), 1 violated, 2 bad usage or input, 3 undecided.',
    )
    .action(async (names: readonly string[], flags: Flags) => {
      if (flags.list) process.stdout.write(programList());
      else await interruptible(() => run(names, flags)); // also while the result is printed
    });
}

function size(text: string): number {
  const bytes = parseSize(text);
  if (bytes !== undefined) return bytes;
  throw new InvalidArgumentError('It takes a size such as 512M.');
}

const usage = (what: string) => new InputError('explore', '', what);

/** Rejects options that would have no effect, by name. */
function refuse(names: readonly string[], flags: Flags): void {
  if (names.length === 0 && flags.resume === undefined) throw usage('name a program; --list prints them');
  const given = (keys: readonly (keyof Flags)[]) =>
    keys.filter((key) => flags[key] !== undefined).map((key) => option(key))[0];
  const no = (found: string | undefined, where: string) => {
    if (found !== undefined) throw usage(`${found} cannot be used with ${where}`);
  };
  const { mode = 'states' } = flags;
  if (mode === 'random') {
    no(given(['maxPreemptions', 'maxMemory', 'checkpoint', 'resume', 'selfCheck']), 'mode random');
  } else no(given(['seed', 'runs', 'depth']), `mode ${mode}`);
  if (mode === 'traces') no(given(['maxPreemptions']), 'mode traces');
  if (names.length > 1) no(given(['checkpoint', 'resume', 'timeline']), 'several programs');
  else if (mode !== 'random') no(given(['threads']), `one program in mode ${mode}`);
  if (flags.selfCheck) {
    no(given(['maxPreemptions', 'maxSteps', 'maxTime', 'maxMemory', 'resume']), '--self-check');
  }
}

function option(key: string): string {
  return `--${key.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}`;
}

/** A program as it was named: one that is built in, or a module of the user's. */
type Named = BuiltIn | { readonly file: string; readonly bundle: Bundle };
interface BuiltIn {
  readonly exploration: Exploration;
}

const isBuiltIn = (named: Named): named is BuiltIn => 'exploration' in named;

async function find(name: string): Promise<Named> {
  if (isModule(name)) return { file: name, bundle: await readProgram(name) };
  try {
    return { exploration: findProgram(name) };
  } catch (error) {
    if (!(error instanceof UnknownProgram)) throw error;
    throw new InputError(quote(name).slice(1, -1), '', `${error.message}; mhp explore --list prints them`);
  }
}

/** Checks before the search that its input can be read and its output be written. */
function checkFiles({ resume, checkpoint, timeline }: Flags): void {
  for (const [key, path] of Object.entries({ resume, checkpoint, timeline }))
    if (path === '') throw usage(`${option(key)} needs a file name`);
  if (resume !== undefined) checkInput(resume);
  const file = checkpoint === undefined ? undefined : checkOutput(checkpoint);
  const other = timeline === undefined ? undefined : checkOutput(timeline);
  if (file !== undefined && file === other) throw usage('--checkpoint and --timeline name the same file');
}

async function run(given: readonly string[], asked: Flags): Promise<void> {
  refuse(given, asked);
  const { names, flags } = withCheckpoint(given, asked);
  const programs: Named[] = [];
  for (const name of names) programs.push(await find(name));
  checkFiles(flags);
  const complaints: unknown[] = [];
  const found = await search(programs, flags, (error) => complaints.push(error));
  const reports = found.map(({ report }) => report);
  // Before anything is printed, because the reader may close the pipe at any time.
  process.exitCode = exitCode(reports);
  process.stdout.write(
    flags.json
      ? `${JSON.stringify(exploreJson(reports), null, 2)}\n`
      : reports.map(({ text }) => text).join('\n'),
  );
  if (flags.timeline !== undefined) saveTimeline(flags.timeline, found[0]!.timeline(), complaints);
  if (complaints.length > 0) throw complaints[0];
}

/** What a checkpoint says of the search that it continues, as far as the command line does not say it. */
function withCheckpoint(
  names: readonly string[],
  flags: Flags,
): { readonly names: readonly string[]; readonly flags: Flags } {
  if (flags.resume === undefined || flags.resume === '') return { names, flags };
  const { program, bounds } = resumed(flags.resume);
  return {
    names: names.length === 0 ? [program] : names,
    flags: names.length === 0 ? { ...bounds, checkpoint: flags.resume, ...flags } : { ...bounds, ...flags },
  };
}

/** What became of a program. */
interface Found {
  readonly report: Report;
  /** The story as a trace-event file; null if there is none. */
  readonly timeline: () => unknown;
  readonly interrupted: boolean;
}

type Complain = (error: unknown) => void;

async function search(programs: readonly Named[], flags: Flags, complain: Complain): Promise<Found[]> {
  const { mode } = flags;
  const cores = programs.length === 1 ? 1 : availableParallelism();
  const { threads = mode === 'random' ? 1 : cores } = flags;
  const used = mode === 'random' ? 1 : Math.min(threads, programs.length);
  const bounds = boundsOf(flags, used);
  const builtIn = programs.filter(isBuiltIn);
  const pooled = used > 1 && builtIn.length > 1 ? builtIn : [];
  const tasks = pooled.map(({ exploration }) => ({
    program: exploration.program.name,
    mode: mode === 'traces' ? mode : ('states' as const),
    bounds,
  }));
  const verdicts = pooled.length > 0 ? await exploreOnThreads(tasks, used) : [];
  return inTurn(programs, pooled, flags, async (named) => {
    if (!isBuiltIn(named)) return exploreModule(named, flags, bounds, complain);
    const verdict =
      verdicts[pooled.indexOf(named)] ??
      (await verdictOf(named.exploration, flags, bounds, threads, complain));
    return found(named.exploration, verdict, flags);
  });
}

function boundsOf({ mode, maxTime, maxMemory, maxSteps, maxPreemptions }: Flags, used: number): Bounds {
  return {
    ...(mode === 'random' ? {} : { maxMemory: maxMemory ?? Math.floor(freemem() / 2 / used) }),
    ...(maxTime === undefined ? {} : { maxTime }),
    ...(maxSteps === undefined ? {} : { maxSteps }),
    ...(maxPreemptions === undefined ? {} : { maxPreemptions }),
  };
}

const randomOf = ({ seed = 0, runs = 1000, depth = 3 }: Flags): RandomOptions => ({ seed, runs, depth });

/** Explores one program after another, until one is interrupted; those that have a verdict are not left out. */
async function inTurn(
  programs: readonly Named[],
  decided: readonly Named[],
  { mode = 'states' }: Flags,
  one: (program: Named) => Promise<Found>,
): Promise<Found[]> {
  const all: Found[] = [];
  for (const named of programs) {
    const notRun = !decided.includes(named) && all.some(({ interrupted }) => interrupted);
    all.push(notRun ? skipped(named, notBegun(mode)) : await one(named));
  }
  return all;
}

/** A program that was never started: a module is not even loaded, and has its file's name. */
function skipped(named: Named, verdict: Verdict): Found {
  const program = isBuiltIn(named) ? named.exploration.program : { name: named.file, threads: [] };
  const file = isBuiltIn(named) ? undefined : named.file;
  const report = findingReport({ program, file, verdict, told: undefined, disagreements: undefined });
  return { report, timeline: () => null, interrupted: true };
}

async function verdictOf(
  exploration: Exploration,
  flags: Flags,
  bounds: Bounds,
  threads: number,
  complain: Complain,
): Promise<Verdict> {
  if (flags.mode === 'random') return exploreRandom(exploration, randomOf(flags), bounds, threads);
  const { mode, checkpoint, resume } = flags;
  return resuming(resume, () =>
    longRun(exploration.bound(bounds), {
      ...(mode === undefined ? {} : { mode }),
      ...(checkpoint === undefined
        ? {}
        : {
            checkpoint,
            note: noteOf(null, flags),
            unsaved: (error: unknown) => complain(fileError(checkpoint, error)),
          }),
      ...(resume === undefined ? {} : { resume }),
    }),
  );
}

const noteOf = (file: string | null, { maxPreemptions, maxSteps }: Flags): ExploreNote => ({
  file,
  bounds: {
    ...(maxPreemptions === undefined ? {} : { maxPreemptions }),
    ...(maxSteps === undefined ? {} : { maxSteps }),
  },
});

/** Work that may continue from a checkpoint; what is wrong with that is told with its name. */
async function resuming<T>(resume: string | undefined, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (resume === undefined) throw error;
    if (error instanceof BadCheckpoint) throw new InputError(resume, '', error.message);
    throw error instanceof Error && 'code' in error ? fileError(resume, error) : error;
  }
}

async function found(exploration: Exploration, verdict: Verdict, { selfCheck }: Flags): Promise<Found> {
  const told =
    verdict.verdict === 'violated'
      ? { story: exploration.story(verdict), token: exploration.token(verdict) }
      : undefined;
  const compared = selfCheck && verdict.verdict !== 'undecided';
  // One signal ends the search; the result so far is printed all the same.
  const disagreements = compared
    ? await interruptible((signal) => exploration.watch({ signal }).selfCheck().finish())
    : undefined;
  const { program } = exploration;
  return {
    report: findingReport({ program, file: undefined, verdict, told, disagreements }),
    timeline: () => (told ? traceChrome(told.story) : null),
    interrupted: verdict.verdict === 'undecided' && verdict.bound === 'interrupted',
  };
}

/** Bytes of a process besides those of a search. */
const PROGRAM = 2 ** 29;
/** Bytes that a process may use for random runs. */
const RANDOM_MEMORY = 2 ** 31;

async function exploreModule(
  { file, bundle }: Exclude<Named, BuiltIn>,
  flags: Flags,
  bounds: Bounds,
  complain: Complain,
): Promise<Found> {
  const { mode, checkpoint, resume, selfCheck = false } = flags;
  const ask: ExploreProgram = {
    what: 'explore',
    mode,
    bounds,
    random: mode === 'random' ? randomOf(flags) : undefined,
    selfCheck,
    resume: resume === undefined ? undefined : onFile(resume, () => readFileSync(resume)),
    checkpoint: checkpoint === undefined ? undefined : { note: noteOf(resolve(file), flags) },
    timeline: flags.timeline !== undefined,
  };
  const memory = bounds.maxMemory === undefined ? RANDOM_MEMORY : bounds.maxMemory + PROGRAM;
  const done = await interruptible((stop) =>
    runProgram({ bundle, file, ask }, { memory, input: resume ?? null, stop }),
  );
  if (checkpoint !== undefined && done.checkpoint !== undefined)
    try {
      saveWhole(checkpoint, done.checkpoint);
    } catch (error) {
      complain(fileError(checkpoint, error));
    }
  return { report: done.report, timeline: () => done.timeline, interrupted: done.interrupted };
}

function saveTimeline(path: string, timeline: unknown, complaints: unknown[]): void {
  if (timeline === null) {
    process.stderr.write(`mhp: there is no story: ${path} is not written\n`);
    return;
  }
  try {
    saveWhole(path, `${JSON.stringify(timeline)}\n`);
  } catch (error) {
    complaints.push(fileError(path, error));
  }
}

/** 1 for a violation or a disagreement anywhere, else 3 if a verdict is undecided or a comparison was interrupted, else 0. */
function exitCode(reports: readonly Report[]): number {
  const worst = [1, 3].find((status) => reports.some((report) => report.status === status));
  return worst ?? 0;
}
