import { BadOperation } from '../../errors/bad-operation.ts';
import { errnoName } from '../../steps/errno.ts';
import type { Steps } from '../../steps/step.ts';
import type { ProgramEnd, Result } from '../running/result.ts';
import type { Session } from '../running/session.ts';

/** The result of a run of ndctl or daxctl. */
export interface ToolResult extends ProgramEnd {
  /** The messages of the tool and its library that explain the result. */
  readonly said: readonly string[];
  readonly results: readonly Result[];
}

/** A run of a tool: its kernel calls in order, and its messages. */
export class Tool {
  readonly session: Session;
  readonly said: string[] = [];
  readonly results: Result[] = [];

  constructor(session: Session) {
    this.session = session;
  }

  /** The kernel's return value. If the kernel does not return, the tool ends. */
  call(thread: Steps<number>): number {
    const result = this.session.call(thread);
    this.results.push(result);
    if (result.ret === null) throw new KernelGone(result);
    return result.ret;
  }

  write(path: string, value: string): number {
    const result = this.session.write(path, value);
    this.results.push(result);
    if (result.ret === null) throw new KernelGone(result);
    return result.ret;
  }

  say(text: string): void {
    this.said.push(text);
  }

  done(rc: number, count: number | null): ToolResult {
    return { exit: rc & 255, count, said: this.said, results: this.results };
  }
}

/** The kernel hit a BUG in a call of the tool. */
class KernelGone extends Error {
  override readonly name = 'KernelGone';
  readonly result: Result;

  constructor(result: Result) {
    super('the kernel does not come back');
    this.result = result;
  }
}

/** The result of the process, whose exit code is the low byte of an errno. */
function resultOf({ exit, count, results }: ToolResult): Result {
  const ret = exit === 0 ? 0 : exit - 256;
  return {
    ret,
    errno: errnoName(ret),
    ended: results.find(({ ended }) => ended !== 'returned')?.ended ?? 'returned',
    events: results.flatMap(({ events }) => events),
    steps: results.reduce((sum, { steps }) => sum + steps, 0),
    signalled: results.flatMap(({ signalled }) => signalled),
    program: { exit, count },
  };
}

/**
 * A run of ndctl or daxctl with a command line.
 * @throws BadOperation for a command or option that is not modelled
 */
export function runTool(
  session: Session,
  tool: (session: Session, argv: readonly string[]) => ToolResult,
  commandLine: string,
): Result {
  try {
    return resultOf(tool(session, commandLine.trim().split(/\s+/)));
  } catch (error) {
    if (!(error instanceof KernelGone)) throw error;
    return error.result;
  }
}

/** Long names of options, which mean the same in every command of both tools. */
const SHORT: ReadonlyMap<string, string> = new Map([
  ['--align', '-a'],
  ['--force', '-f'],
  ['--map', '-M'],
  ['--mode', '-m'],
  ['--no-online', '-N'],
  ['--reconfig', '-e'],
  ['--region', '-r'],
  ['--size', '-s'],
]);

/**
 * Parses `-r region1 -f all` into options with a value, flags, and the rest. Options may be written `-m fsdax`,
 * `-mfsdax`, `--mode fsdax` or `--mode=fsdax`; their keys are the short ones. An option in neither list is refused by
 * name.
 */
export function parseArgv(
  tool: string,
  argv: readonly string[],
  valued: readonly string[],
  flags: readonly string[],
): { options: Map<string, string>; rest: string[] } {
  const options = new Map<string, string>();
  const rest: string[] = [];
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i]!;
    const { name, value } = optionOf(word);
    if (flags.includes(name) && value === undefined) options.set(name, '');
    else if (valued.includes(name)) {
      const given = value ?? argv[++i];
      if (given === undefined) throw new BadOperation(`${tool}: option ${word} has no value`);
      options.set(name, given);
    } else if (word.startsWith('-')) throw new BadOperation(`${tool}: option ${word} is not modelled`);
    else rest.push(word);
  }
  return { options, rest };
}

/** The short name of an option, and the value that is written into the same word. */
function optionOf(word: string): { name: string; value: string | undefined } {
  const [, long, value] = /^(--[^=]+)(?:=(.*))?$/.exec(word) ?? [];
  if (long !== undefined) return { name: SHORT.get(long) ?? long, value };
  return { name: word.slice(0, 2), value: word.length > 2 ? word.slice(2) : undefined };
}

export function* none(thread: Steps<void>): Steps<number> {
  yield* thread;
  return 0;
}
