import { availableParallelism, freemem } from 'node:os';
import { setImmediate } from 'node:timers/promises';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { InputError, quote } from '../../errors/input-error.ts';
import { parseSize } from '../../machines/text/size.ts';
import { traceChrome } from '../../report/trace/chrome.ts';
import { exploreJson, exploreText, type Finding, foundNothing } from '../../report/trace/explore.ts';
import type { Monitor } from '../../schedule/monitors/monitor.ts';
import type { Program } from '../../schedule/program/program.ts';
import { findProgram, programList, UnknownProgram, type Watched } from '../../schedule/programs/programs.ts';
import { BadCheckpoint } from '../../schedule/replay/checkpoint.ts';
import { tell } from '../../schedule/replay/tell.ts';
import { encodeToken } from '../../schedule/replay/token.ts';
import type { Bounds, Mode, Verdict } from '../../schedule/replay/verdict.ts';
import { type Disagreement, selfCheckInSlices } from '../../schedule/search/selfcheck.ts';
import { checkInput, checkOutput, fileError, saveWhole } from '../files/output.ts';
import { longRun } from '../long-run.ts';
import { seconds, whole } from '../option-values.ts';
import { interruptible } from '../stop.ts';
import { exploreOnThreads, exploreRandom, notBegun } from '../workers/explore-pool.ts';

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

/** Defines `mhp explore`: every interleaving of a program, and the shortest story of what goes wrong in one. */
export function define(command: Command): void {
  command
    .argument('[program...]', 'programs by name, such as SB or hotrm(4)')
    .option('--list', 'print the built-in programs')
    .addOption(
      new Option('--mode <mode>', 'how to search; without it: states').choices([
        'states',
        'traces',
        'random',
      ]),
    )
    .option('--max-preemptions <n>', 'leave out executions with more preemptions (states)', whole(0))
    .option('--max-steps <n>', 'cut executions off after so many steps', whole(1))
    .option('--max-time <seconds>', 'stop after so long, each program', seconds)
    .option(
      '--max-memory <size>',
      'stop at so much, each program (K, M, G); without it: half of what is free',
      size,
    )
    .option('--seed <n>', 'the first seed (random); without it: 0', whole(0, 2 ** 32 - 1))
    .option('--runs <n>', 'executions to run (random); without it: 1000', whole(1, 10_000_000))
    .option('--depth <n>', 'the depth of the bugs looked for (random); without it: 3', whole(1, 30))
    .option('--threads <n>', 'worker threads, for mode random or several programs', whole(1, 256))
    .option('--checkpoint <file>', 'where to leave a checkpoint when the search is stopped')
    .option('--resume <file>', 'go on from a checkpoint')
    .option('--self-check', 'also search without reduction and forgetting, and by traces, and compare')
    .option('--json', 'print JSON')
    .option('--timeline <file>', 'write the story as a Chrome trace-event file, which Perfetto opens')
    .addHelpText(
      'after',
      '\nExit status: 0 proved (also within the bounds given), 1 violated, 2 bad usage or input, 3 undecided.',
    )
    .action(async (names: readonly string[], flags: Flags) => {
      if (flags.list) process.stdout.write(programList());
      else await interruptible(() => run(names, flags)); // also while it tells what came out
    });
}

function size(text: string): number {
  const bytes = parseSize(text);
  if (bytes !== undefined) return bytes;
  throw new InvalidArgumentError('A size such as 512M.');
}

const usage = (what: string) => new InputError('mhp explore', '', what);

/** Refuse options that would do nothing, by name. */
function refuse(names: readonly string[], flags: Flags): void {
  if (names.length === 0) throw usage('name a program; --list prints them');
  const given = (keys: readonly (keyof Flags)[]) =>
    keys.filter((key) => flags[key] !== undefined).map((key) => option(key))[0];
  const no = (found: string | undefined, where: string) => {
    if (found !== undefined) throw usage(`${found} is not for ${where}`);
  };
  const { mode = 'states' } = flags;
  if (mode === 'random') {
    no(given(['maxPreemptions', 'maxMemory', 'checkpoint', 'resume', 'selfCheck']), 'mode random');
  } else no(given(['seed', 'runs', 'depth']), `mode ${mode}`);
  if (mode === 'traces') no(given(['maxPreemptions']), 'mode traces');
  if (names.length > 1) no(given(['checkpoint', 'resume', 'timeline']), 'several programs');
  else if (mode !== 'random') no(given(['threads']), `one program in mode ${mode}`);
  if (flags.selfCheck) {
    no(given(['maxPreemptions', 'maxSteps', 'maxTime', 'maxMemory', 'resume']), 'a self-check');
  }
}

function option(key: string): string {
  return `--${key.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}`;
}

function find(name: string): Watched {
  try {
    return findProgram(name);
  } catch (error) {
    if (!(error instanceof UnknownProgram)) throw error;
    throw new InputError(quote(name).slice(1, -1), '', `${error.message}; mhp explore --list prints them`);
  }
}

/** Know before the search that what it begins with can be read and what it comes to can be written. */
function checkFiles({ resume, checkpoint, timeline }: Flags): void {
  for (const [key, path] of Object.entries({ resume, checkpoint, timeline }))
    if (path === '') throw usage(`${option(key)} needs the name of a file`);
  if (resume !== undefined) checkInput(resume);
  const file = checkpoint === undefined ? undefined : checkOutput(checkpoint);
  const other = timeline === undefined ? undefined : checkOutput(timeline);
  if (file !== undefined && file === other) throw usage('--checkpoint and --timeline name the same file');
}

async function run(names: readonly string[], flags: Flags): Promise<void> {
  refuse(names, flags);
  const programs = names.map(find);
  checkFiles(flags);
  const complaints: unknown[] = [];
  const verdicts = await search(programs, flags, (error) => complaints.push(error));
  const findings: Finding[] = [];
  for (const [i, watched] of programs.entries()) findings.push(await finding(watched, verdicts[i]!, flags));
  // Before anything is printed: who reads it may leave at any time.
  process.exitCode = exitCode(findings);
  process.stdout.write(
    flags.json ? `${JSON.stringify(exploreJson(findings), null, 2)}\n` : findings.map(exploreText).join('\n'),
  );
  if (flags.timeline !== undefined) timeline(flags.timeline, findings[0]!, complaints);
  if (complaints.length > 0) throw complaints[0];
}

function search(
  programs: readonly Watched[],
  flags: Flags,
  complain: (error: unknown) => void,
): Promise<readonly Verdict[]> {
  const { mode = 'states', maxTime, maxSteps, maxPreemptions } = flags;
  const cores = programs.length === 1 ? 1 : availableParallelism();
  const { threads = mode === 'random' ? 1 : cores } = flags;
  if (mode === 'random') {
    const { seed = 0, runs = 1000, depth = 3 } = flags;
    const random = { seed, runs, depth, ...(maxSteps === undefined ? {} : { maxSteps }) };
    return inTurn(programs, mode, (p) => exploreRandom(p, random, threads, maxTime ?? Infinity));
  }
  const used = Math.min(threads, programs.length);
  const bounds: Bounds = {
    maxMemory: flags.maxMemory ?? Math.floor(freemem() / 2 / used),
    ...(maxTime === undefined ? {} : { maxTime }),
    ...(maxSteps === undefined ? {} : { maxSteps }),
    ...(maxPreemptions === undefined ? {} : { maxPreemptions }),
  };
  if (used > 1) {
    const tasks = programs.map((p) => ({ program: p.program.name, mode, bounds }));
    return exploreOnThreads(tasks, used);
  }
  return inTurn(programs, mode, (p) => searchOne(p, flags, bounds, complain));
}

/** One after the other, until one is interrupted. */
async function inTurn(
  programs: readonly Watched[],
  mode: Mode,
  one: (program: Watched) => Promise<Verdict>,
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
  { program, monitors }: Watched,
  flags: Flags,
  bounds: Bounds,
  complain: (error: unknown) => void,
): Promise<Verdict> {
  const { mode, checkpoint, resume } = flags;
  try {
    return await longRun(program, {
      monitors,
      bounds,
      ...(mode === 'states' || mode === 'traces' ? { mode } : {}),
      ...(checkpoint === undefined
        ? {}
        : { checkpoint, unsaved: (error: unknown) => complain(fileError(checkpoint, error)) }),
      ...(resume === undefined ? {} : { resume }),
    });
  } catch (error) {
    if (resume === undefined) throw error;
    throw error instanceof BadCheckpoint
      ? new InputError(resume, '', error.message)
      : fileError(resume, error);
  }
}

async function finding({ program, monitors }: Watched, verdict: Verdict, flags: Flags): Promise<Finding> {
  const told =
    verdict.verdict === 'violated'
      ? { story: tell(program, verdict, monitors), token: encodeToken(program, verdict.trace) }
      : undefined;
  const compared = flags.selfCheck && verdict.verdict !== 'undecided';
  const disagreements = compared ? await comparison(program, monitors) : undefined;
  return { program, verdict, told, disagreements };
}

function timeline(path: string, { told }: Finding, complaints: unknown[]): void {
  if (told === undefined) {
    process.stderr.write(`mhp: nothing to tell: ${path} is not written\n`);
    return;
  }
  try {
    saveWhole(path, `${JSON.stringify(traceChrome(told.story))}\n`);
  } catch (error) {
    complaints.push(fileError(path, error));
  }
}

/** The self-check in slices: one signal ends it, and what the search came to is told all the same. */
function comparison(
  program: Program,
  monitors: readonly Monitor[],
): Promise<readonly Disagreement[] | 'interrupted'> {
  return interruptible(async (signal) => {
    const slices = selfCheckInSlices(program, monitors);
    for (;;) {
      const { done, value } = slices.next();
      if (done) return value;
      await setImmediate();
      if (signal.aborted) return 'interrupted';
    }
  });
}

/** 1 for a violation or a disagreement anywhere, else 3 for what is undecided or was not compared, else 0. */
function exitCode(findings: readonly Finding[]): number {
  const disagree = ({ disagreements: d }: Finding) => d !== undefined && d !== 'interrupted' && d.length > 0;
  if (findings.some((f) => f.verdict.verdict === 'violated' || disagree(f))) return 1;
  const open = ({ verdict, disagreements }: Finding) =>
    disagreements === 'interrupted' || (verdict.verdict === 'undecided' && !foundNothing(verdict));
  return findings.some(open) ? 3 : 0;
}
