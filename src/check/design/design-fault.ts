import { UserError } from '../../errors/user-error.ts';

/** A function of a design does something that no kernel function can do. */
export class DesignFault extends UserError {
  override readonly name = 'DesignFault';
  /** The function's kernel name. */
  readonly fn: string;

  constructor(fn: string, what: string, cause?: unknown) {
    super(`${fn} ${what}`, { cause });
    this.fn = fn;
  }
}
