import { parseSize } from '../text/size.ts';

/** What `ndctl list`, `daxctl list` and `cxl list` have in common: objects in lists in objects, and sizes. */

export type Fields = Readonly<Record<string, unknown>>;

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The index behind the value that begins at `from`; -1 if it has no end. */
function endOfValue(text: string, from: number): number {
  const token = /"(?:[^"\\\n]|\\.)*"|[[\]{}]/g;
  token.lastIndex = from;
  let depth = 0;
  for (let match = token.exec(text); match; match = token.exec(text)) {
    if (match[0] === '[' || match[0] === '{') depth++;
    else if (match[0] === ']' || match[0] === '}') depth--;
    if (depth === 0) return token.lastIndex;
  }
  return -1;
}

/** What may stand between the outputs of several commands: blank lines, command lines, what was done. */
const BETWEEN =
  /^(\s*|.{0,200}[#$>].{0,400}|(ndctl|daxctl|cxl) .{0,400}|(created|enabled|disabled|destroyed|reconfigured|onlined|offlined) \d+ .{0,40})$/;

/** The JSON values of one or more outputs in one text; none if it has anything else. */
export function jsonValues(text: string): readonly unknown[] {
  const values: unknown[] = [];
  for (let at = 0; ; ) {
    const next = /^\s*[[{]/m.exec(text.slice(at));
    const between = text.slice(at, next ? at + next.index : undefined);
    if (!between.split('\n').every((line) => BETWEEN.test(line.trimEnd()))) return [];
    if (!next) return values;
    const start = at + next.index;
    const end = endOfValue(text, start);
    const value = end < 0 ? undefined : parsedJson(text.slice(start, end));
    if (value === undefined) return [];
    values.push(value);
    at = end;
  }
}

/** All objects in a value, from the outside in. */
export function* objectsIn(value: unknown, depth = 0): Generator<Fields> {
  if (typeof value !== 'object' || value === null || depth > 12) return;
  if (!Array.isArray(value)) yield value as Fields;
  for (const part of Object.values(value)) yield* objectsIn(part, depth + 1);
}

/** A number of bytes as printed. */
export interface Printed {
  /** The value, or the roundest of those that are printed so. */
  readonly bytes: number;
  /** The least and the greatest value that are printed so. */
  readonly least: number;
  readonly most: number;
}

const MAX = 2 ** 52;
const HUMAN = /^(\d{1,6})\.(\d\d) ([KMGT])iB(?: \((\d{1,7})\.(\d\d) ([KMGT])B\))?$/;

/** The values that are rounded to so many hundredths of a unit. */
const rounded = (hundredths: number, unit: number): readonly [least: number, most: number] => [
  Math.ceil(((hundredths - 0.5) * unit) / 100),
  Math.ceil(((hundredths + 0.5) * unit) / 100) - 1,
];

/** The multiple of the highest power of two from `least` to `most`. */
function roundest(least: number, most: number): number {
  for (let power = MAX; power > 1; power /= 2) {
    const value = Math.ceil(least / power) * power;
    if (value > 0 && value <= most) return value;
  }
  return least;
}

/** 536870912, "0xc90000000", or with -u "512.00 MiB (536.87 MB)", of which two decimals are left. */
export function printedBytes(value: unknown): Printed | undefined {
  const exactly = (bytes: number | undefined): Printed | undefined =>
    bytes === undefined || !Number.isSafeInteger(bytes) || bytes < 0 || bytes > MAX
      ? undefined
      : { bytes, least: bytes, most: bytes };
  if (typeof value === 'number') return exactly(value);
  if (typeof value !== 'string') return undefined;
  const human = HUMAN.exec(value);
  if (!human) return exactly(parseSize(value));
  const power = (letter: string): number => ' KMGT'.indexOf(letter);
  let [least, most] = rounded(Number(human[1]! + human[2]!), 1024 ** power(human[3]!));
  if (human[4] !== undefined) {
    const decimal = rounded(Number(human[4] + human[5]!), 1000 ** power(human[6]!));
    // both were rounded from one value; if not, the first is kept
    if (decimal[0] <= most && decimal[1] >= least)
      [least, most] = [Math.max(least, decimal[0]), Math.min(most, decimal[1])];
  }
  return most > MAX ? undefined : { bytes: roundest(least, most), least, most };
}

export const bytesOf = (value: unknown): number | undefined => printedBytes(value)?.bytes;

/** A small number such as that of a node or of memory blocks. */
export const countOf = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < 2 ** 31 ? value : undefined;

/** The number in a name, such as 3 of region3. */
export function numberIn(name: unknown, pattern: RegExp): number | undefined {
  const match = typeof name === 'string' ? pattern.exec(name) : null;
  return match ? Number(match[1]) : undefined;
}
