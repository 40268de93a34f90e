import type { Message } from '../../messages/entry.ts';
import type { Reading } from '../../messages/format.ts';
import { assertionsOf, isAssertion, recognise } from '../../messages/recognise.ts';
import { adviceOn } from './kernel-advice.ts';
import { plainLine } from './line.ts';
import { mayBeOf, PROGRAM_MESSAGES } from './programs/index.ts';
import type { Program } from './programs/message.ts';

/** What lines of logs say: whose message each is, its numbers, what it means, what to change. */

export interface Explained {
  readonly line: string;
  readonly program: 'kernel' | Program;
  /** Places of the source that print it: function and file; several if the text does not tell them apart. */
  readonly places: readonly { readonly fn: string; readonly file: string; readonly releases: string }[];
  /** The message's form as in the source. */
  readonly format: string;
  readonly values: Readonly<Record<string, Reading>>;
  readonly device: string | null;
  /** Null if nothing is known beyond who prints it. */
  readonly means: string | null;
  readonly change: readonly string[];
}

const place = ({ fn, file, releases = '5.2..' }: Message): Explained['places'][number] => ({
  fn,
  file,
  releases,
});

/** Forms with less fixed text than this may be anybody's. */
const LEAST_LITERAL = 8;

const literal = (format: string): number => format.replaceAll(/%[-+ #0]*[\d*.]*[a-zA-Z]+|[\s\W]/g, '').length;

function ofKernel(line: string, text: string, release: string | undefined): Explained | null {
  const found = recognise(text, release).filter(
    ({ message }) => !isAssertion(message) && literal(message.format ?? '') >= LEAST_LITERAL,
  );
  const [first] = found;
  if (!first) return null;
  const advice =
    adviceOn(first.message.format!) ?? adviceOn(`${first.message.prefix ?? ''}${first.message.format!}`);
  return {
    line,
    program: 'kernel',
    places: unique(found.map(({ message }) => place(message))),
    format: first.message.format!,
    values: first.values,
    device: first.device?.name ?? null,
    means: advice?.means ?? null,
    change: advice?.change ?? [],
  };
}

const unique = (places: readonly Explained['places'][number][]): Explained['places'] => [
  ...new Map(places.map((one) => [`${one.fn} ${one.file} ${one.releases}`, one])).values(),
];

const WARNING = /^WARNING: (?:CPU: \d+ PID: \d+ )?at (?:(\S+):(\d+) )?(\w+)(?:\.\w+)*\+0x/;
const BUG = /^kernel BUG at (\S+?):(\d+)!?$/;

/** The line of a WARN_ON() or BUG(): it names a function or a file. */
function ofAssertion(line: string, text: string, release: string | undefined): Explained | null {
  const warning = WARNING.exec(text);
  if (warning) {
    const all = assertionsOf(warning[3]!, 'warn', release);
    if (all.length === 0) return null;
    return assertion(
      line,
      'WARN_ON',
      all,
      { function: warning[3]! },
      'a condition that the kernel does not expect; it goes on',
    );
  }
  const bug = BUG.exec(text);
  if (!bug) return null;
  return null;
}

const assertion = (
  line: string,
  format: string,
  all: readonly Message[],
  values: Readonly<Record<string, Reading>>,
  means: string,
): Explained => ({
  line,
  program: 'kernel',
  places: unique(all.map(place)),
  format,
  values: {
    ...values,
    condition: all
      .map(({ condition }) => condition ?? '')
      .filter(Boolean)
      .join(' or '),
  },
  device: null,
  means,
  change: [],
});

function ofProgram(line: string, text: string, author: string | null): Explained | null {
  for (const { program, sources, pattern, names = [], means, change } of PROGRAM_MESSAGES) {
    const found = pattern.exec(text);
    if (!found || !mayBeOf(program, text, author)) continue;
    const values = Object.fromEntries(
      names.flatMap((name, i) => (found[i + 1] === undefined ? [] : [[name, reading(found[i + 1]!)]])),
    );
    return {
      line,
      program,
      places: unique(sources.map(({ fn, file }) => ({ fn, file, releases: '' }))),
      format: pattern.source,
      values,
      device: null,
      means,
      change,
    };
  }
  return null;
}

const reading = (text: string): Reading => (/^(0x[0-9a-f]+|\d{1,15})$/.test(text) ? Number(text) : text);

/** No line of a log is longer than this and a message that is known. */
const LONGEST = 4096;

/** Explains a line; null for one that is not known, or not surely. */
export function explainLine(line: string, release?: string): Explained | null {
  if (line.length > LONGEST) return null;
  const { text, program } = plainLine(line);
  if (text === '') return null;
  if (program === null || program === 'kernel') {
    const known = ofAssertion(line, text, release) ?? ofKernel(line, text, release);
    if (known) return known;
  }
  return ofProgram(line, text, program);
}

export interface Explanation {
  readonly lines: number;
  readonly explained: readonly Explained[];
}

/** Explains every line of a text, in order. */
export function explain(text: string, release?: string): Explanation {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return { lines: lines.length, explained: lines.flatMap((line) => explainLine(line, release) ?? []) };
}
