/** printk formats (Documentation/core-api/printk-formats.rst): how their output looks, and what it says. */

export type Reading = number | string;

interface Conversion {
  /** A regular expression of what it prints, without groups. */
  readonly pattern: string;
  readonly read: (text: string) => Reading;
}

const CONVERSION =
  /%([-+ #0]*)(\d+|\*)?(?:\.(?:\d+|\*))?(?:hh|h|ll|l|L|z|t|j)?(p(?:ap|ad|a|R|r|S|s|x|V|Gp|Gg|Gv|bl|b|Ub|e|B)?|[diouxXcs%])/g;

const text = (pattern: string): Conversion => ({ pattern, read: (value) => value });

/** A number that JavaScript represents; otherwise the text. */
const number = (value: string): Reading => {
  const n = Number(value);
  return Number.isSafeInteger(n) ? n : value;
};

const POINTERS: Readonly<Record<string, Conversion>> = {
  p: text('(?:\\(____ptrval____\\)|\\(null\\)|[0-9a-f]{8,16})'),
  px: text('[0-9a-f]{8,16}'),
  pa: { pattern: '0x[0-9a-f]+', read: number },
  pap: { pattern: '0x[0-9a-f]+', read: number },
  pad: { pattern: '0x[0-9a-f]+', read: number },
  pR: text('\\[[^\\]]*\\]'),
  pr: text('\\[[^\\]]*\\]'),
  // the number since v5.16
  pGp: text('(?:0x[0-9a-f]+\\([^)]*\\)|[^()]*)'),
  pGg: text('[A-Z0-9_x|a-f]+'),
  pbl: text('(?:\\(null\\)|[-0-9,]+)'),
};

/** %0*x: exactly so many digits, or more that do not begin with 0. */
function padded(flags: string, width: string | undefined): string {
  if (width === undefined || !flags.includes('0')) return '[0-9a-f]+';
  return `(?:[0-9a-f]{${width}}|[1-9a-f][0-9a-f]{${width},})`;
}

function conversion(flags: string, width: string | undefined, kind: string): Conversion {
  if (kind.startsWith('p')) return POINTERS[kind] ?? text('\\S.*?');
  switch (kind) {
    case 'd':
    case 'i':
    case 'u':
      return { pattern: ' *-?\\d+', read: (value) => number(value.trim()) };
    case 'o':
      return { pattern: ' *[0-7]+', read: (value) => Number.parseInt(value, 8) };
    case 'x':
    case 'X': {
      const pattern = flags.includes('#') ? '(?:0x[0-9a-f]+|0+)' : padded(flags, width);
      return { pattern, read: (value) => number(value.startsWith('0x') ? value : `0x${value}`) };
    }
    case 'c':
      return text('.');
    default:
      return text('.*?');
  }
}

/** Macros that stand between the literals of a format; what they are depends on the configuration. */
const MACROS: Readonly<Record<string, string>> = {
  '<S_PREEMPT>': '(?: PREEMPT\\w*)?',
  '<S_SMP>': '(?: SMP)?',
};

const escaped = (literal: string): string =>
  literal.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&').replace(/<S_\w+>/g, (macro) => MACROS[macro] ?? macro);

/** What a format prints, as a regular expression with a group for each conversion, and how each is read. */
export interface Pattern {
  readonly source: string;
  readonly reads: readonly ((text: string) => Reading)[];
  /** The number of characters that are always the same. */
  readonly literal: number;
}

export function patternOf(format: string): Pattern {
  const reads: ((text: string) => Reading)[] = [];
  let source = '';
  let literal = 0;
  let at = 0;
  const add = (part: string): void => {
    source += escaped(part);
    literal += part.length;
  };
  for (const match of format.matchAll(CONVERSION)) {
    add(format.slice(at, match.index));
    at = match.index + match[0].length;
    if (match[3] === '%') {
      add('%');
      continue;
    }
    const { pattern, read } = conversion(match[1]!, match[2], match[3]!);
    source += `(${pattern})`;
    reads.push(read);
  }
  add(format.slice(at));
  return { source, reads, literal };
}

/** The number of conversions of a format. */
export const conversions = (format: string): number => patternOf(format).reads.length;
