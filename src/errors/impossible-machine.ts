import { UserError } from './user-error.ts';

/** A machine that no kernel of the release could have booted on; the message says why in one line. */
export class ImpossibleMachine extends UserError {
  override readonly name = 'ImpossibleMachine';
}
