import { type ChildProcess, fork } from 'node:child_process';
import type { Answer } from './child.ts';
import type { Order, Verdict } from './evaluate.ts';
import { OVER_LIMIT } from './limit.ts';

const verdictOf = (check: string, failure: string): Verdict => ({
  caught: { check, failure },
  difference: null,
  where: null,
});

/** A process that evaluates mutants one after another; one that ends is replaced. */
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
      const settle = (verdict: Verdict): void => {
        child.removeAllListeners();
        resolve(verdict);
      };
      child.on('message', (answer: Answer) => {
        if ('verdict' in answer) settle(answer.verdict);
        else check = answer.begun;
      });
      child.on('exit', (_code, signal) => {
        this.#child = null;
        settle(verdictOf(check, signal === OVER_LIMIT ? 'does not end' : 'ends the program'));
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
