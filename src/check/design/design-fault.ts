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

/** Code of a design that has not come back in the time that it has. */
export class DesignLate extends UserError {
  override readonly name = 'DesignLate';
}

/** At most this many characters of what a design says are repeated. */
const SAID = 300;

/** What was thrown, in a line; anything may be thrown, even what throws when it is looked at. */
export function thrownText(error: unknown): string {
  let text: string;
  try {
    text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  } catch {
    return 'something that cannot be shown';
  }
  return text.length > SAID ? `${text.slice(0, SAID)}…` : text;
}
