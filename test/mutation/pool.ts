import { type ChildProcess, fork } from 'node:child_process';
import type { Answer } from './child.ts';
import type { Order, Verdict } from './evaluate.ts';

/** The time limit of one check in milliseconds, over a hundred times what the original takes. */
export const LIMIT = 60_000;

const verdictOf = (check: string, failure: string): Verdict => ({
  caught: { check, failure },
  difference: null,
  where: null,
});

/** A process that evaluates mutants one after another; one that does not end is replaced. */
export class Worker {
  readonly #program: string;
  #child: ChildProcess | null = null;

  constructor(program: string) {
    this.#program = program;
  }

  evaluate(order: Order): Promise<Verdict> {
    this.#child ??= fork(this.#program, {
      execArgv: ['--import', 'tsx', '--max-old-space-size=3000'],
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    const child = this.#child;
    return new Promise((resolve) => {
      let check = 'the start';
      let timer: NodeJS.Timeout;
      const settle = (verdict: Verdict): void => {
        clearTimeout(timer);
        child.removeAllListeners();
        resolve(verdict);
      };
      const watch = (): void => {
        clearTimeout(timer);
        timer = setTimeout(() => {
          this.end();
          settle(verdictOf(check, 'does not end'));
        }, LIMIT);
      };
      watch();
      child.on('message', (answer: Answer) => {
        if ('verdict' in answer) {
          settle(answer.verdict);
          return;
        }
        check = answer.begun;
        watch();
      });
      child.on('exit', () => {
        this.#child = null;
        settle(verdictOf(check, 'ends the program'));
      });
      child.send(order);
    });
  }

  end(): void {
    this.#child?.removeAllListeners();
    this.#child?.kill('SIGKILL');
    this.#child = null;
  }
}
