import { UserError } from '../../errors/user-error.ts';
import type { Step } from '../../steps/step.ts';

/** A thread yields something that is no step, or a step that is invalid in every state. */
export class BadStep extends UserError {
  override readonly name = 'BadStep';
  /** The step, if it is one. */
  readonly step: Step | undefined;

  constructor(text: string, step?: Step) {
    super(text);
    this.step = step;
  }
}
