/** What the functions and macros of a C file print. */

/** A call of printk(), WARN(), BUG() or the like. */
export interface CCall {
  /** The function or macro in whose text it stands. */
  readonly fn: string;
  /** The function or macro that is called: `pr_warn`, `dev_err`, `WARN_ON_ONCE`. */
  readonly call: string;
  /** KERN_WARNING and the like, where it is an argument. */
  readonly level: string | null;
  /** The first argument, in one line: the condition of a WARN_ON(). */
  readonly first: string;
  /** The format, its literals joined, without the line end; null for a call that has none. */
  readonly format: string | null;
}

const STRING = '"(?:[^"\\\\\\n]|\\\\[\\s\\S])*"';
const SPACE_OR_TEXT = new RegExp(
  `/\\*[\\s\\S]*?\\*/|//[^\\n]*|${STRING}|'(?:[^'\\\\\\n]|\\\\[\\s\\S])+'`,
  'g',
);

/** Comments become blanks; strings and characters stay. */
const withoutComments = (text: string): string =>
  text.replace(SPACE_OR_TEXT, (part) => (part.startsWith('/') ? part.replace(/[^\n]/g, ' ') : part));

/** The text with the contents of strings as blanks, so that only code has brackets. */
const bare = (text: string): string =>
  text.replace(
    SPACE_OR_TEXT,
    (part) => `${part[0]}${part.slice(1, -1).replace(/[^\n]/g, ' ')}${part.at(-1)}`,
  );

/** The end of the bracket that opens at `at`: the index behind its partner. */
function closing(code: string, at: number): number {
  let depth = 0;
  for (let i = at; i < code.length; i++) {
    const c = code[i]!;
    if (c === '(' || c === '{' || c === '[') depth++;
    if (c === ')' || c === '}' || c === ']') {
      depth--;
      if (depth === 0) return i + 1;
    }
  }
  return code.length;
}

interface Body {
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

/** The bodies of functions and of macros, in order. */
function bodies(code: string): Body[] {
  const found: Body[] = [];
  const macro = /^[ \t]*#[ \t]*define[ \t]+(\w+)(?:\\\n|.)*/gm;
  let plain = code;
  for (const match of code.matchAll(macro)) {
    found.push({ name: match[1]!, start: match.index, end: match.index + match[0].length });
    plain =
      plain.slice(0, match.index) +
      match[0].replace(/[^\n]/g, ' ') +
      plain.slice(match.index + match[0].length);
  }
  plain = plain.replace(/^[ \t]*#(?:\\\n|.)*/gm, (line) => line.replace(/[^\n]/g, ' '));
  const opening = /\b(\w+)[ \t\n]*\(/g;
  for (let match = opening.exec(plain); match !== null; match = opening.exec(plain)) {
    const open = match.index + match[0].length - 1;
    const after = closing(plain, open);
    const rest = /^(?:[ \t\n]|__\w+(?:\([^()]*\))?)*\{/.exec(plain.slice(after, after + 200));
    if (!rest || ['if', 'for', 'while', 'switch'].includes(match[1]!)) {
      if (plain[after] !== undefined && /^[ \t\n]*;/.test(plain.slice(after, after + 20)))
        opening.lastIndex = after;
      continue;
    }
    const start = after + rest[0].length - 1;
    const end = closing(plain, start);
    found.push({ name: match[1]!, start, end });
    opening.lastIndex = end;
  }
  return found.sort((a, b) => a.start - b.start);
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', '"': '"', '\\': '\\', "'": "'" };

/** What a literal of C says: its quotes are off, its escapes are what they stand for. */
const said = (literal: string): string =>
  literal.slice(1, -1).replace(/\\([\s\S])/g, (_, c: string) => ESCAPES[c] ?? c);

/** Macros of inttypes.h and of drivers that are part of formats. */
const PARTS: Readonly<Record<string, string>> = {
  PRIx64: 'llx',
  PRIu64: 'llu',
  PRId64: 'lld',
  PTRDIFF_FMT: '%#lx',
};

const CALL =
  /(?<![\w.>])((?:pr|dev|netdev|acpi_handle|e|hw)_(?:WARN|emerg|alert|crit|err|error|warn|warning|notice|info|dbg|debug|cont)(?:_ONCE|_once|_ratelimited|_probe|_default)?|early_printk|printk(?:_once|_ratelimited)?|dev_printk|panic|warn_alloc|alloc_err|(?:VM_)?(?:WARN|BUG)(?:_ON)?(?:_ONCE|_PAGE|_PAGES|_FOLIO|_ON_PAGE|_ON_FOLIO|_ON_ONCE_PAGE|_ON_ONCE_FOLIO|_ON_ONCE|_ON_PGFLAGS|_ON_VMG|_TAINT)*|alert|die|dump_page|__dump_page|bad_page)[ \t\n]*\(/g;

/** The arguments of a call, split at the commas of its own level. */
function argumentsOf(text: string, code: string, open: number, end: number): string[] {
  const found: string[] = [];
  let depth = 0;
  let from = open + 1;
  for (let i = open + 1; i < end; i++) {
    const c = code[i]!;
    if ('([{'.includes(c)) depth++;
    if (')]}'.includes(c)) depth--;
    if ((c === ',' && depth === 0) || i === end - 1) {
      found.push(text.slice(from, i).replaceAll('\\\n', ' ').trim());
      from = i + 1;
    }
  }
  return found;
}

const PART = new RegExp(`${STRING}|[A-Za-z_]\\w*`, 'g');

/** The format that an argument is: literals, and macros between them. Null if it is something else. */
function formatOf(argument: string): string | null {
  const text = argument.replace(/^KERN_\w+/, '');
  if (!text.includes('"') || text.replace(PART, '').trim() !== '') return null;
  const parts = text.match(PART) ?? [];
  return parts
    .map((part) => (part.startsWith('"') ? said(part) : (PARTS[part] ?? `<${part}>`)))
    .join('')
    .replace(/\n$/, '');
}

const oneLine = (text: string): string => text.replace(/\s+/g, ' ').trim();

/** All that a C file prints. */
export function callsOf(source: string): CCall[] {
  const text = withoutComments(source);
  const code = bare(text);
  const all = bodies(code);
  const found: CCall[] = [];
  for (const match of code.matchAll(CALL)) {
    const open = match.index + match[0].length - 1;
    const body = all.findLast(({ start, end }) => start <= match.index && match.index < end);
    if (!body) continue;
    const given = argumentsOf(text, code, open, closing(code, open));
    const format = given.map(formatOf).find((one) => one !== null) ?? null;
    const level = given.map((one) => /^(KERN_\w+)/.exec(one)?.[1]).find((one) => one !== undefined) ?? null;
    found.push({ fn: body.name, call: match[1]!, level, first: oneLine(given[0] ?? ''), format });
  }
  return found;
}

/** The prefix that pr_fmt() gives to the messages of a file; `KBUILD_MODNAME` and `__func__` stay as they are. */
export function prFmtOf(source: string): string {
  const define = /^[ \t]*#[ \t]*define[ \t]+pr_fmt\((\w+)\)[ \t]*(.*)$/m.exec(withoutComments(source));
  if (!define) return '';
  const parts = define[2]!.match(new RegExp(`${STRING}|\\w+`, 'g')) ?? [];
  return parts
    .filter((part) => part !== define[1])
    .map((part) => (part.startsWith('"') ? said(part) : `<${part}>`))
    .join('');
}
