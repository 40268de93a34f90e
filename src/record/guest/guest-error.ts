import { UserError } from '../../errors/user-error.ts';

/** A guest that does not do what it should; the last lines of its console say more. */
export class GuestError extends UserError {
  override readonly name = 'GuestError';
  /** The last lines of the console; empty if it printed none. */
  readonly console: readonly string[];

  constructor(message: string, console: readonly string[]) {
    super(message);
    this.console = console;
  }
}
