import { UserError } from './user-error.ts';

/** An operation that cannot be done as asked: not a refusal of the kernel, but of the scenario. */
export class BadOperation extends UserError {
  override readonly name = 'BadOperation';
}
