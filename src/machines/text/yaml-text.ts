import { isMap, LineCounter, parseDocument, visit } from 'yaml';
import { InputError, quote } from '../../errors/input-error.ts';

/** The most characters in a YAML file. */
const MAX_TEXT = 1_000_000;
/** The most aliases in one file; more are taken for an attempt to exhaust memory. */
const MAX_ALIASES = 100;
/** The deepest nesting of brackets or leading blanks; no hand-written file is nested deeper. */
const MAX_NESTING = 64;

export interface YamlText {
  /** Plain data: null, booleans, numbers, strings, arrays and objects. Integers past 2^53 stay bigint. */
  readonly value: unknown;
  /** The line of a value, counted from 1, for messages. */
  lineOf(path: readonly PropertyKey[]): number | undefined;
}

/**
 * Parses one YAML document, within bounds.
 * @throws InputError naming line and column, for anything that is not well-formed, has a key twice, more than 100 aliases, or is nested too deeply
 */
export function parseYamlText(text: string, file: string): YamlText {
  if (text.length > MAX_TEXT) throw new InputError(file, '', `is longer than ${MAX_TEXT} characters`);
  if (text.trim() === '') throw new InputError(file, '', 'is empty');
  checkNesting(text, file);
  const lines = new LineCounter();
  try {
    const doc = parseDocument(text, {
      lineCounter: lines,
      intAsBigInt: true,
      uniqueKeys: false,
      prettyErrors: false,
      logLevel: 'error',
    });
    const place = (offset: number): string => {
      const { line, col } = lines.linePos(offset);
      return `line ${line} column ${col}`;
    };
    const [error] = [...doc.errors, ...doc.warnings];
    if (error?.code === 'MULTIPLE_DOCS')
      throw new InputError(file, place(error.pos[0]), 'a second document begins; one is read');
    if (error !== undefined) throw new InputError(file, place(error.pos[0]), short(error.message));
    visit(doc, {
      Map(_key, map) {
        const seen = new Set<unknown>();
        for (const { key } of map.items) {
          const name = typeof key === 'object' && key !== null && 'value' in key ? key.value : key;
          const at = place(map.range?.[0] ?? 0);
          if (seen.has(name)) throw new InputError(file, at, `key ${quote(String(name))} appears twice`);
          // schemas pass over it
          if (name === '__proto__') throw new InputError(file, at, 'unrecognized key: "__proto__"');
          seen.add(name);
        }
      },
    });
    const value: unknown = doc.toJS({ maxAliasCount: MAX_ALIASES });
    return {
      value: withNumbers(value, 0),
      lineOf(path) {
        // The nearest node that exists: a missing key is reported at its map.
        for (let length = path.length; length >= 0; length--) {
          const at = path.slice(0, length).map((key) => (typeof key === 'symbol' ? String(key) : key));
          const node: unknown =
            length === 0 ? doc.contents : isMap(doc.contents) ? doc.getIn(at, true) : undefined;
          const range = typeof node === 'object' && node !== null && 'range' in node ? node.range : undefined;
          if (Array.isArray(range)) return lines.linePos(Number(range[0])).line;
        }
        return undefined;
      },
    };
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError(file, '', `is not valid YAML: ${short((error as Error).message)}`);
  }
}

/** The parser's messages may repeat the input. */
const short = (message: string): string => (message.length > 160 ? `${message.slice(0, 160)}…` : message);

function checkNesting(text: string, file: string): void {
  let open = 0;
  for (const [i, line] of text.split('\n').entries()) {
    const blanks = line.length - line.trimStart().length;
    // In block notation "- - - -" and "? ? ?" nest without blanks.
    const marks = /^(?:[-?:] +)*/.exec(line.slice(blanks))![0].length / 2;
    if (blanks + marks > MAX_NESTING * 4) throw new InputError(file, `line ${i + 1}`, 'is nested too deeply');
    for (const char of line) {
      if (char === '[' || char === '{') open++;
      else if (char === ']' || char === '}') open = Math.max(0, open - 1);
      if (open > MAX_NESTING) throw new InputError(file, `line ${i + 1}`, 'is nested too deeply');
    }
  }
}

function withNumbers(value: unknown, depth: number): unknown {
  if (typeof value === 'bigint') {
    return value <= BigInt(Number.MAX_SAFE_INTEGER) && value >= -BigInt(Number.MAX_SAFE_INTEGER)
      ? Number(value)
      : value;
  }
  if (typeof value !== 'object' || value === null || depth > MAX_NESTING * 8) return value;
  if (Array.isArray(value)) return value.map((item) => withNumbers(item, depth + 1));
  if (Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withNumbers(item, depth + 1)]));
}
