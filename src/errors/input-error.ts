import { UserError } from './user-error.ts';

/**
 * An input that cannot be used: one line naming the file, the place in it and what is wrong.
 *
 * The command line prints {@link Error.message} and exits with status 2. Nothing but this class may leave a reader
 * because of what was read; any other exception is a defect of the reader.
 */
export class InputError extends UserError {
  override readonly name = 'InputError';
  /** The source as the user named it; empty if the error is not in one. */
  readonly file: string;
  /** Where in it: a member's path, a line ("proc/iomem line 12"), a key ("nodes[0].ram"). Empty for the whole. */
  readonly place: string;
  /** What is wrong there. */
  readonly what: string;

  constructor(file: string, place: string, what: string) {
    super(
      oneLine(
        [cut(file, MAX_FILE), cut(place, MAX_PLACE), shortQuotes(what)]
          .filter((part) => part !== '')
          .join(': '),
      ),
    );
    this.file = file;
    this.place = place;
    this.what = what;
  }
}

/** Several errors of one input, told in one line. */
export class InputErrors extends InputError {
  readonly faults: readonly InputError[];

  constructor(faults: readonly InputError[]) {
    const [first, ...others] = faults as [InputError, ...InputError[]];
    super(first.file, first.place, first.what);
    this.faults = faults;
    const told = others
      .slice(0, MAX_FAULTS - 1)
      .map(({ message, file }) => message.slice(`${cut(file, MAX_FILE)}: `.length));
    const more = faults.length - MAX_FAULTS;
    this.message = [first.message, ...told, ...(more > 0 ? [`and ${more} more`] : [])].join('; ');
  }
}

/** At most this many errors of one input are told. */
const MAX_FAULTS = 8;

/** At most this many characters of foreign text are repeated in a message. */
const QUOTED = 60;

/** At most this many characters of a place, which may have keys of the input, are repeated in a message. */
const MAX_PLACE = 160;

/** At most this many characters of a file's name are repeated in a message. */
const MAX_FILE = 400;

const cut = (text: string, most: number): string => (text.length > most ? `${text.slice(0, most)}…` : text);

/** Foreign text for a message: quoted, shortened, control characters escaped. */
export const quote = (text: string): string => JSON.stringify(cut(text, QUOTED));

/** Shortens what is in quotation marks. */
const shortQuotes = (text: string): string =>
  text.replace(/"((?:[^"\\]|\\.)*)"/gs, (all, inner: string) =>
    inner.length > QUOTED + 1 ? `"${cut(inner, QUOTED)}"` : all,
  );

function oneLine(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters, and those that turn the direction of text, must not reach a terminal
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]+/g, ' ');
}
