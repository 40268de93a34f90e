import { UserError } from '../errors/user-error.ts';

/** A run of the kernel's C came to something that the boundary does not have; the message names it and where. */
export class SourceStop extends UserError {
  override readonly name = 'SourceStop';
}

/** The bundle and the machine do not fit, or the bundle lacks what was asked for. */
export class BadBundle extends UserError {
  override readonly name = 'BadBundle';
}
