import { UserError } from '../errors/user-error.ts';

/** A function of a design does what no kernel function can. */
export class DesignFault extends UserError {
  override readonly name = 'DesignFault';
  /** Its kernel name. */
  readonly fn: string;

  constructor(fn: string, what: string, cause?: unknown) {
    super(`${fn} ${what}`, { cause });
    this.fn = fn;
  }
}
