import type { ChildProcess } from 'node:child_process';
import { InputError } from '../../errors/input-error.ts';
import type { Bundle } from '../files/design-bundle.ts';
import { isOver, secondsWorked, startConfined, usesMore, whyExited } from './child.ts';
import type { FromProgram, ProgramAnswers, ProgramTask, ToProgram } from './program-tasks.ts';

/** Milliseconds between two looks at a process. */
const LOOK = 500;
/**
 * Seconds of work after which a process that says nothing is killed: it comes back ten times a second if its code does. On
 * a busy machine it may get little to work with, but not none.
 */
const SILENCE = 5;
const WAIT = 60;

export interface ProgramOptions {
  /** Bytes that the process may use. */
  readonly memory: number;
  /** What its token or checkpoint is called, in errors about it; null if an error has no name before it. */
  readonly input: string | null;
  readonly stop: AbortSignal;
}

function isSilent(child: ChildProcess, heard: { readonly at: number; readonly worked: number }): boolean {
  const waited = (performance.now() - heard.at) / 1000;
  return (secondsWorked(child) ?? waited + heard.worked) - heard.worked > SILENCE || waited > WAIT;
}

/** A program of the user's as text. @throws InputError */
export async function readProgram(file: string): Promise<Bundle> {
  const { bundleDesign } = await import('../files/design-bundle.ts');
  return bundleDesign(file);
}

/** The most characters of a line that a program prints, or that is said of it. */
const LINE = 400;
const cut = (line: string): string => (line.length > LINE ? `${line.slice(0, LINE)}…` : line);

/** Shows what a program prints as its own. */
function print(text: string): void {
  for (const line of text.replace(/\n$/, '').split('\n')) process.stderr.write(`program: ${cut(line)}\n`);
}

/**
 * Runs a program of the user's in a process that is confined as those of designs are. It is asked again and again whether
 * it is still there; a program that does not come back is killed.
 * @throws InputError that names the program's file, or what it was given
 */
export function runProgram<A extends ProgramTask['ask']>(
  task: ProgramTask & { readonly ask: A },
  { memory, input, stop }: ProgramOptions,
): Promise<ProgramAnswers[A['what']]> {
  const child = startConfined('program-main.js', memory);
  const tell = (message: ToProgram): void => {
    if (child.connected) child.send(message, () => {});
  };
  return new Promise<ProgramAnswers[A['what']]>((resolve, reject) => {
    let heard: { readonly at: number; readonly worked: number } | undefined;
    let drawn = false;
    const settle = (): void => {
      clearInterval(look);
      stop.removeEventListener('abort', stopped);
      child.removeAllListeners();
      child.kill('SIGKILL');
      if (drawn) process.stderr.write('\r\x1b[K');
    };
    const ended = (why: string): void => {
      settle();
      reject(new InputError(task.file, '', why));
    };
    const stopped = (): void => tell({ stop: true });
    const look = setInterval(() => {
      if (heard !== undefined && isSilent(child, heard)) ended(`does not come back within ${SILENCE} s`);
      else if (isOver(child, memory)) ended(usesMore(memory));
      else tell({ ping: true });
    }, LOOK);
    child.on('exit', (code, signal) => ended(whyExited(code, signal, memory)));
    child.on('error', (error) => ended(`ended the run: ${error.message}`));
    child.on('message', (message: FromProgram) => {
      if (heard === undefined) {
        tell({ task });
        if (stop.aborted) stopped();
      }
      heard = { at: performance.now(), worked: secondsWorked(child) ?? 0 };
      if ('printed' in message) print(message.printed);
      else if ('progress' in message) {
        drawn = process.stderr.isTTY;
        if (drawn) process.stderr.write(`\r\x1b[K${message.progress}`);
      } else if ('refused' in message) ended(cut(message.refused));
      else if ('input' in message) {
        settle();
        reject(new InputError(input ?? '', '', cut(message.input)));
      } else if ('answer' in message) {
        settle();
        resolve(message.answer as ProgramAnswers[A['what']]);
      }
    });
    stop.addEventListener('abort', stopped);
  });
}
