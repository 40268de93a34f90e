import { UserError } from '../../errors/user-error.ts';
import type { Step } from '../../steps/step.ts';

/** A thread does what no thread can: it yields no step, or a step that makes no sense whatever state it is in. */
export class BadStep extends UserError {
  override readonly name = 'BadStep';
  /** The step, where it is one. */
  readonly step: Step | undefined;

  constructor(text: string, step?: Step) {
    super(text);
    this.step = step;
  }
}
