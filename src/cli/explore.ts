import { accessSync, constants, statSync } from 'node:fs';
import { availableParallelism, freemem } from 'node:os';
import { dirname } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { InputError, quote } from '../machines/input-error.ts';
import { parseSize } from '../machines/size.ts';
import { exploreJson, exploreText, type Finding, foundNothing } from '../report/explore.ts';
import { traceChrome } from '../report/trace-chrome.ts';
import { BadCheckpoint } from '../schedule/checkpoint.ts';
import { findProgram, programList, UnknownProgram, type Watched } from '../schedule/programs.ts';
import { selfCheck } from '../schedule/selfcheck.ts';
import { tell } from '../schedule/tell.ts';
import { encodeToken } from '../schedule/token.ts';
import type { Bounds, Mode, Verdict } from '../schedule/verdict.ts';
import { exploreOnThreads, exploreRandom, notBegun } from './explore-pool.ts';
import { longRun, saveWhole } from './long-run.ts';

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

/** Adds `mhp explore`: every interleaving of a program, and the shortest story of what goes wrong in one. */
export function register(program: Command): void {
  program
    .command('explore')
    .description('explore every interleaving of a built-in program and tell the shortest story of a failure')
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
    .option('--max-time <seconds>', 'stop after so long', seconds)
    .option('--max-memory <size>', 'stop at so much (K, M, G); without it: half of what is free', size)
    .option('--seed <n>', 'the first seed (random); without it: 0', whole(0, 2 ** 32 - 1))
    .option('--runs <n>', 'executions to run (random); without it: 1000', whole(1, 10_000_000))
    .option('--depth <n>', 'the depth of the bugs looked for (random); without it: 3', whole(1, 30))
    .option('--threads <n>', 'worker threads, for mode random or several programs', whole(1, 256))
    .option('--checkpoint <file>', 'where to leave a checkpoint when the search is stopped')
    .option('--resume <file>', 'go on from a checkpoint')
    .option('--self-check', 'also search without reduction and forgetting, and by traces, and compare')
    .option('--json', 'print JSON')
    .option('--timeline <file>', 'write the story as a Chrome trace-event file, which Perfetto opens')
    .addHelpText('after', '\nExit status: 0 proved, 1 violated, 2 bad usage or input, 3 undecided.')
    .action(async (names: readonly string[], flags: Flags) => {
      if (flags.list) process.stdout.write(programList());
      else process.exitCode = await run(names, flags);
    });
}

function whole(least: number, most = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = /^\d{1,16}$/.test(text) ? Number(text) : -1;
    if (value >= least && value <= most) return value;
    throw new InvalidArgumentError(`A whole number from ${least} to ${most}.`);
  };
}

function seconds(text: string): number {
  if (/^\d{1,9}(\.\d{1,9})?$/.test(text)) return Number(text);
  throw new InvalidArgumentError('A number of seconds.');
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

/** Know before the search that what it comes to can be written. */
function writable(path: string | undefined): void {
  if (path === undefined) return;
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) throw new InputError(path, '', 'a directory');
  onFile(path, () => accessSync(dirname(path), constants.W_OK));
}

/** What goes wrong with a file the user named is bad input. */
function onFile<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw fileError(path, error);
  }
}

function fileError(path: string, error: unknown): unknown {
  if (error instanceof BadCheckpoint) return new InputError(path, '', error.message);
  const code = (error as NodeJS.ErrnoException).code;
  if (code === undefined || !/^E[A-Z]+$/.test(code)) return error;
  return new InputError(
    path,
    '',
    code === 'ENOENT' ? 'no such file or directory' : `cannot be used (${code})`,
  );
}

async function run(names: readonly string[], flags: Flags): Promise<number> {
  refuse(names, flags);
  const programs = names.map(find);
  writable(flags.checkpoint);
  writable(flags.timeline);
  const verdicts = await search(programs, flags);
  const findings = programs.map((watched, i) => finding(watched, verdicts[i]!, flags));
  if (flags.timeline !== undefined) timeline(flags.timeline, findings[0]!);
  process.stdout.write(
    flags.json ? `${JSON.stringify(exploreJson(findings), null, 2)}\n` : findings.map(exploreText).join('\n'),
  );
  return exitCode(findings);
}

function search(programs: readonly Watched[], flags: Flags): Promise<readonly Verdict[]> {
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
  return inTurn(programs, mode, (p) => searchOne(p, flags, bounds));
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

async function searchOne({ program, monitors }: Watched, flags: Flags, bounds: Bounds): Promise<Verdict> {
  const { mode, checkpoint, resume } = flags;
  try {
    return await longRun(program, {
      monitors,
      bounds,
      ...(mode === 'states' || mode === 'traces' ? { mode } : {}),
      ...(checkpoint === undefined ? {} : { checkpoint }),
      ...(resume === undefined ? {} : { resume }),
    });
  } catch (error) {
    const reading = error instanceof BadCheckpoint || (error as NodeJS.ErrnoException).syscall === 'read';
    const path = reading ? resume : ((error as NodeJS.ErrnoException).path ?? checkpoint ?? resume);
    throw path === undefined ? error : fileError(path, error);
  }
}

function finding({ program, monitors }: Watched, verdict: Verdict, flags: Flags): Finding {
  const told =
    verdict.verdict === 'violated'
      ? { story: tell(program, verdict, monitors), token: encodeToken(program, verdict.trace) }
      : undefined;
  const compared = flags.selfCheck && verdict.verdict !== 'undecided';
  return { program, verdict, told, disagreements: compared ? selfCheck(program, monitors) : undefined };
}

function timeline(path: string, { told }: Finding): void {
  if (told === undefined) process.stderr.write(`mhp: nothing to tell: ${path} is not written\n`);
  else onFile(path, () => saveWhole(path, `${JSON.stringify(traceChrome(told.story))}\n`));
}

/** 1 for a violation or a disagreement anywhere, else 3 for an undecided program, else 0. */
function exitCode(findings: readonly Finding[]): number {
  const bad = findings.some((f) => f.verdict.verdict === 'violated' || (f.disagreements?.length ?? 0) > 0);
  if (bad) return 1;
  return findings.some((f) => f.verdict.verdict === 'undecided' && !foundNothing(f.verdict)) ? 3 : 0;
}
