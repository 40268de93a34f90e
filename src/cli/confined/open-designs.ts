import { InputError } from '../../errors/input-error.ts';
import { bundleDesign } from '../files/design-bundle.ts';
import { ConfinedProcess, DesignRefused, type Done } from './confined-process.ts';
import type { Answers, Loaded, LoadTask, Task } from './tasks.ts';

export interface OpenOptions {
  /** How many processes run tasks at the same time. */
  readonly processes: number;
  /** Bytes that each may use. */
  readonly memory: number;
  /** Seconds in which the designs have to load. */
  readonly seconds: number;
  readonly stop: AbortSignal;
}

/** The designs of some files, ready to be run. */
export interface Designs {
  readonly loaded: Loaded;
  /**
   * Runs a task on a process that is free.
   * @throws InputError for what a scenario lacks
   */
  run<T extends Task>(task: T, seconds: number): Promise<Done<Answers[T['what']]>>;
  close(): void;
}

/** The most characters of a message that a design may make. */
const SAID = 500;
/** The most characters of a line that a design prints. */
const LINE = 400;

/** Shows what designs print as theirs. */
function print(text: string): void {
  for (const line of text.replace(/\n$/, '').split('\n'))
    process.stderr.write(`design: ${line.length > LINE ? `${line.slice(0, LINE)}…` : line}\n`);
}

/**
 * Opens designs: bundles their files and loads them, each on the one before it.
 * @throws InputError that names the file of a design which cannot be used
 */
export async function openDesigns(
  files: readonly string[],
  { processes, memory, seconds, stop }: OpenOptions,
): Promise<Designs> {
  const load: LoadTask = { what: 'load', bundles: await Promise.all(files.map(bundleDesign)) };
  const all = Array.from({ length: processes }, () => new ConfinedProcess(load, { memory, print, stop }));
  const close = (): void => {
    for (const one of all) one.close();
  };
  try {
    const done = await all[0]!.load(seconds);
    if ('ended' in done) throw new InputError(files.join(', '), '', `its loading ${done.ended}`);
    return { loaded: done.answer, run: onFree(all), close };
  } catch (error) {
    close();
    if (!(error instanceof DesignRefused)) throw error;
    throw new InputError(
      error.module === null ? files.join(', ') : files[error.module]!,
      '',
      error.message.length > SAID ? `${error.message.slice(0, SAID)}…` : error.message,
    );
  }
}

/** Runs tasks each on a process that is free, and lets them wait if none is. */
function onFree(all: readonly ConfinedProcess[]): Designs['run'] {
  const free = [...all];
  const waiting: ((one: ConfinedProcess) => void)[] = [];
  return async (task, seconds) => {
    const one = free.shift() ?? (await new Promise<ConfinedProcess>((resolve) => waiting.push(resolve)));
    try {
      return await one.run(task, seconds);
    } finally {
      const next = waiting.shift();
      if (next) next(one);
      else free.unshift(one);
    }
  };
}
