import { availableParallelism, freemem } from 'node:os';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { InputError, quote } from '../../errors/input-error.ts';
import { parseSize } from '../../machines/text/size.ts';
import { traceChrome } from '../../report/trace/chrome.ts';
import { exploreJson, exploreText, type Finding, foundNothing } from '../../report/trace/explore.ts';
import { findProgram, programList, UnknownProgram } from '../../schedule/programs/built-in.ts';
import { BadCheckpoint } from '../../schedule/replay/checkpoint.ts';
import type { Bounds, Mode, Verdict } from '../../schedule/replay/verdict.ts';
import type { Exploration } from '../../schedule/search/exploration.ts';
import { checkInput, checkOutput, fileError, saveWhole } from '../files/output.ts';
import { isModule, loadProgram, ofUser, readProgram } from '../inputs/program-file.ts';
import { longRun } from '../long-run.ts';
import { seconds, whole } from '../option-values.ts';
import { interruptible } from '../stop.ts';
import { exploreOnThreads, exploreRandom, notBegun } from '../workers/explore-pool.ts';
import type { Sent } from '../workers/explore-worker.ts';

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
    .option('--resume <file>', 'continue from a checkpoint')
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
  if (names.length === 0) throw usage('name a program; --list prints them');
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

/** A program as it was named, and the form in which it is sent to a worker. */
interface Named {
  readonly exploration: Exploration;
  readonly sent: Sent;
}

/** Runs work that may run code of a user's module. */
const guarded = <T>({ sent }: Named, work: () => T | Promise<T>): T | Promise<T> =>
  typeof sent === 'string' ? work() : ofUser(sent.file, work);

async function find(name: string): Promise<Named> {
  if (isModule(name)) {
    const sent = await readProgram(name);
    return { exploration: await loadProgram(sent), sent };
  }
  try {
    const exploration = findProgram(name);
    return { exploration, sent: exploration.program.name };
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

async function run(names: readonly string[], flags: Flags): Promise<void> {
  refuse(names, flags);
  const programs: Named[] = [];
  for (const name of names) programs.push(await find(name));
  checkFiles(flags);
  const complaints: unknown[] = [];
  const verdicts = await search(programs, flags, (error) => complaints.push(error));
  const findings: Finding[] = [];
  for (const [i, named] of programs.entries()) findings.push(await finding(named, verdicts[i]!, flags));
  // Before anything is printed, because the reader may close the pipe at any time.
  process.exitCode = exitCode(findings);
  process.stdout.write(
    flags.json ? `${JSON.stringify(exploreJson(findings), null, 2)}\n` : findings.map(exploreText).join('\n'),
  );
  if (flags.timeline !== undefined) timeline(flags.timeline, findings[0]!, complaints);
  if (complaints.length > 0) throw complaints[0];
}

function search(
  programs: readonly Named[],
  flags: Flags,
  complain: (error: unknown) => void,
): Promise<readonly Verdict[]> {
  const { mode = 'states', maxTime, maxSteps, maxPreemptions } = flags;
  const cores = programs.length === 1 ? 1 : availableParallelism();
  const { threads = mode === 'random' ? 1 : cores } = flags;
  if (mode === 'random') {
    const { seed = 0, runs = 1000, depth = 3 } = flags;
    const bounds = {
      ...(maxTime === undefined ? {} : { maxTime }),
      ...(maxSteps === undefined ? {} : { maxSteps }),
    };
    const random = { seed, runs, depth };
    return inTurn(programs, mode, (p) =>
      guarded(p, () => exploreRandom(p.exploration, p.sent, random, bounds, threads)),
    );
  }
  const used = Math.min(threads, programs.length);
  const bounds: Bounds = {
    maxMemory: flags.maxMemory ?? Math.floor(freemem() / 2 / used),
    ...(maxTime === undefined ? {} : { maxTime }),
    ...(maxSteps === undefined ? {} : { maxSteps }),
    ...(maxPreemptions === undefined ? {} : { maxPreemptions }),
  };
  if (used > 1) {
    const tasks = programs.map(({ sent }) => ({ program: sent, mode, bounds }));
    return exploreOnThreads(tasks, used);
  }
  return inTurn(programs, mode, (p) => guarded(p, () => searchOne(p.exploration, flags, bounds, complain)));
}

/** Explores one program after another, until one is interrupted. */
async function inTurn(
  programs: readonly Named[],
  mode: Mode,
  one: (program: Named) => Verdict | Promise<Verdict>,
): Promise<readonly Verdict[]> {
  const verdicts: Verdict[] = [];
  let interrupted = false;
  for (const program of programs) {
    const verdict: Verdict = interrupted ? notBegun(mode) : await one(program);
    interrupted ||= verdict.verdict === 'undecided' && verdict.bound === 'interrupted';
    verdicts.push(verdict);
  }
  return verdicts;
}

async function searchOne(
  exploration: Exploration,
  flags: Flags,
  bounds: Bounds,
  complain: (error: unknown) => void,
): Promise<Verdict> {
  const { mode, checkpoint, resume } = flags;
  try {
    return await longRun(exploration.bound(bounds), {
      ...(mode === 'states' || mode === 'traces' ? { mode } : {}),
      ...(checkpoint === undefined
        ? {}
        : { checkpoint, unsaved: (error: unknown) => complain(fileError(checkpoint, error)) }),
      ...(resume === undefined ? {} : { resume }),
    });
  } catch (error) {
    if (resume === undefined) throw error;
    if (error instanceof BadCheckpoint) throw new InputError(resume, '', error.message);
    throw error instanceof Error && 'code' in error ? fileError(resume, error) : error;
  }
}

async function finding(named: Named, verdict: Verdict, flags: Flags): Promise<Finding> {
  const { exploration, sent } = named;
  const told =
    verdict.verdict === 'violated'
      ? await guarded(named, () => ({
          story: exploration.story(verdict),
          token: exploration.token(verdict),
        }))
      : undefined;
  const compared = flags.selfCheck && verdict.verdict !== 'undecided';
  // One signal ends the search; the result so far is printed all the same.
  const disagreements = compared
    ? await guarded(named, () =>
        interruptible((signal) => exploration.watch({ signal }).selfCheck().finish()),
      )
    : undefined;
  const file = typeof sent === 'string' ? undefined : sent.file;
  return { program: exploration.program, file, verdict, told, disagreements };
}

function timeline(path: string, { told }: Finding, complaints: unknown[]): void {
  if (told === undefined) {
    process.stderr.write(`mhp: there is no story: ${path} is not written\n`);
    return;
  }
  try {
    saveWhole(path, `${JSON.stringify(traceChrome(told.story))}\n`);
  } catch (error) {
    complaints.push(fileError(path, error));
  }
}

/** 1 for a violation or a disagreement anywhere, else 3 if a verdict is undecided or a comparison was interrupted, else 0. */
function exitCode(findings: readonly Finding[]): number {
  const disagree = ({ disagreements: d }: Finding) => d !== undefined && d !== 'interrupted' && d.length > 0;
  if (findings.some((f) => f.verdict.verdict === 'violated' || disagree(f))) return 1;
  const open = ({ verdict, disagreements }: Finding) =>
    disagreements === 'interrupted' || (verdict.verdict === 'undecided' && !foundNothing(verdict));
  return findings.some(open) ? 3 : 0;
}
