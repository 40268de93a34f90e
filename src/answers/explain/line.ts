/** A line of a log without what programs put around it: colours, priorities, dates, hosts, names, time stamps. */
export interface PlainLine {
  readonly text: string;
  /** The program that a log names as its author: kernel, systemd-udevd; null if it names none. */
  readonly program: string | null;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: an escape sequence of a terminal begins with one
const COLOUR = /\u001b\[[0-9;]*[A-Za-z]/g;
const PRIORITY = /^<\d{1,3}>/;
/** dmesg -x: "kern  :warn  : " */
const DECODED = /^[a-z]+ *:[a-z]+ *: /;
/** "[   42.105326] ", with a caller, or a date of dmesg -T. */
const STAMP = /^\[ *(?:\d+\.\d+|[A-Z][a-z]{2} [A-Z][a-z]{2} +\d+ [\d:]+ \d{4})\](?:\[ *[TC]\d+\])? ?/;
const ISO = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?(?= )/;
/** Syslog's date: month in any language. */
const DATE = /^[^\s\d]{3,6}\.? +\d{1,2} \d\d:\d\d:\d\d(?=\s)/;
/** The host, and the program with its process. */
const AUTHOR = /^ (\S+) ([\w./@-]+)(?:\[\d+\])?: /;

const SEQUENCES: readonly RegExp[] = [PRIORITY, DECODED, STAMP];

const strip = (text: string): string =>
  SEQUENCES.reduce((left, pattern) => left.replace(pattern, ''), text.replace(/^\s+(?=[<[])/, ''));

export function plainLine(line: string): PlainLine {
  let text = line.replace(/\r+$/, '').replace(COLOUR, '');
  text = text.replace(PRIORITY, '');
  let program: string | null = null;
  for (const date of [ISO, DATE]) {
    const found = date.exec(text);
    if (!found) continue;
    const rest = text.slice(found[0].length);
    const author = AUTHOR.exec(rest);
    if (!author) continue;
    program = author[2]!;
    text = rest.slice(author[0].length);
    break;
  }
  text = strip(strip(text));
  return { text: text.trimEnd(), program };
}
