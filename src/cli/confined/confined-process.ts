import type { ChildProcess } from 'node:child_process';
import { UserError } from '../../errors/user-error.ts';
import { isOver, startConfined, usesMore, whyExited } from './child.ts';
import type { Answers, Loaded, LoadTask, Message, Task } from './tasks.ts';

/** Why a task came to no answer. */
export interface Ended {
  readonly ended: string;
  /** The function of a design that was running, if that is known. */
  readonly running: string | null;
}

export type Done<T> = { readonly answer: T } | Ended;

/** What the user is to be told of a design; `module` is its index. */
export class DesignRefused extends UserError {
  override readonly name = 'DesignRefused';
  readonly module: number | null;

  constructor(what: string, module: number | null) {
    super(what);
    this.module = module;
  }
}

export interface ConfinedOptions {
  /** Bytes that the process may use. */
  readonly memory: number;
  /** Receives what a design prints. */
  readonly print: (text: string) => void;
  readonly stop: AbortSignal;
}

/** Milliseconds between two looks at how much memory the process uses. */
const LOOK = 200;
/** Seconds after which a process that does not end its task itself is killed. */
const GRACE = 5;

/**
 * A process that runs designs: it reads no files but the program's, starts no processes and no workers, makes no code from
 * text, cannot change JavaScript's own objects, and has bounds on memory and time. It runs one task at a time. A process that has died is replaced by the next task.
 */
export class ConfinedProcess {
  readonly #load: LoadTask;
  readonly #options: ConfinedOptions;
  #child: ChildProcess | undefined;

  constructor(load: LoadTask, options: ConfinedOptions) {
    this.#load = load;
    this.#options = options;
  }

  /**
   * Starts the process and loads the designs.
   * @throws DesignRefused
   */
  async load(seconds: number): Promise<Done<Loaded>> {
    this.close();
    this.#child = startConfined('main.js', this.#options.memory);
    return (await this.#ask(this.#load, seconds)) as Done<Loaded>;
  }

  /**
   * Runs a task in a bounded time.
   * @throws DesignRefused
   */
  async run<T extends Task>(task: T, seconds: number): Promise<Done<Answers[T['what']]>> {
    if (this.#child === undefined) {
      const loaded = await this.load(seconds);
      if ('ended' in loaded) return loaded;
    }
    return (await this.#ask(task, seconds)) as Done<Answers[T['what']]>;
  }

  close(): void {
    this.#child?.kill('SIGKILL');
    this.#child = undefined;
  }

  #ask(task: Task, seconds: number): Promise<Done<unknown>> {
    const { print, memory, stop } = this.#options;
    const child = this.#child!;
    return new Promise((resolve, reject) => {
      const end = (ended: string, running: string | null = null): void => {
        settle();
        this.close();
        resolve({ ended, running });
      };
      const late = setTimeout(() => end(`does not end within ${seconds} s`), (seconds + GRACE) * 1000);
      const look = setInterval(() => {
        if (isOver(child, memory)) end(usesMore(memory));
      }, LOOK);
      const stopped = (): void => end('is interrupted');
      const exited = (code: number | null, signal: string | null): void => {
        end(whyExited(code, signal, memory));
      };
      const told = (message: Message): void => {
        if ('printed' in message) {
          print(message.printed);
          return;
        }
        settle();
        if ('answer' in message) resolve({ answer: message.answer });
        else if ('late' in message)
          resolve({ ended: `does not end within ${seconds} s`, running: message.late });
        else if ('ended' in message) resolve({ ended: message.ended, running: null });
        else reject(new DesignRefused(message.refused, message.module));
      };
      const settle = (): void => {
        clearTimeout(late);
        clearInterval(look);
        stop.removeEventListener('abort', stopped);
        child.off('exit', exited).off('message', told).off('error', failed);
      };
      const failed = (error: Error): void => end(`ended the run: ${error.message}`);
      if (stop.aborted) {
        end('is interrupted');
        return;
      }
      stop.addEventListener('abort', stopped);
      child.on('exit', exited).on('message', told).on('error', failed);
      child.send({ task, seconds }, (error) => {
        if (error) failed(error);
      });
    });
  }
}
