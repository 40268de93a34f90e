import type { Steps } from '../../steps/step.ts';
import { BadOperation, type Result, type Session } from '../running/session.ts';

/** What a run of ndctl or daxctl came to. */
export interface ToolResult {
  /** Status of the process: 234 is -EINVAL. */
  readonly exit: number;
  /** The number it printed; null where it prints none. */
  readonly count: number | null;
  /** What it and the library printed on the way, as far as it says why. */
  readonly said: readonly string[];
  readonly results: readonly Result[];
}

/** A run of a tool: what it asks of the kernel one after the other, and what it says. */
export class Tool {
  readonly session: Session;
  readonly said: string[] = [];
  readonly results: Result[] = [];

  constructor(session: Session) {
    this.session = session;
  }

  /** The kernel's return value; a kernel that does not come back ends the tool. */
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
export class KernelGone extends Error {
  override readonly name = 'KernelGone';
  readonly result: Result;

  constructor(result: Result) {
    super('the kernel does not come back');
    this.result = result;
  }
}

/** `-r region1 -f all`: options with a value, flags, and the rest. An option that is in neither list is refused by name. */
export function parse_argv(
  tool: string,
  argv: readonly string[],
  valued: readonly string[],
  flags: readonly string[],
): { options: Map<string, string>; rest: string[] } {
  const options = new Map<string, string>();
  const rest: string[] = [];
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i]!;
    if (flags.includes(word)) options.set(word, '');
    else if (valued.includes(word) && i + 1 < argv.length) options.set(word, argv[++i]!);
    else if (word.startsWith('-')) throw new BadOperation(`${tool}: option ${word} is not modelled`);
    else rest.push(word);
  }
  return { options, rest };
}

export function* none(thread: Steps<void>): Steps<number> {
  yield* thread;
  return 0;
}
