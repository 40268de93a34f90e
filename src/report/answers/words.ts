/** Parts of texts that several answers have. */

export const hex = (n: number): string => `0x${n.toString(16)}`;

/** "0x0000000140000000-0x0000000147ffffff", as lsmem prints ranges. */
export const rangeOf = (start: number, size: number): string =>
  [start, start + size - 1].map((at) => `0x${at.toString(16).padStart(16, '0')}`).join('-');

const UNITS = ['B', 'K', 'M', 'G', 'T', 'P'];

/** A size in the largest unit that leaves no more than two places: 128M, 1.94G. */
export function sizeOf(bytes: number): string {
  let unit = 0;
  let value = bytes;
  while (Math.abs(value) >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  const text = Number.isInteger(value)
    ? String(value)
    : value.toFixed(2).replace(/0+$/, '').replace(/\.$/, '');
  return unit === 0 ? plural(value, 'byte') : `${text}${UNITS[unit]}`;
}

export const plural = (n: number, one: string, many = `${one}s`): string => `${n} ${n === 1 ? one : many}`;

/** "memory40", "memory40..47" */
export const blocksText = (first: number, last: number): string =>
  first === last ? `memory${first}` : `memory${first}..${last}`;

/** Lines below a heading, indented; nothing if there are none. */
export const section = (heading: string, lines: readonly string[]): string[] =>
  lines.length === 0 ? [] : [`${heading}:`, ...lines.map((line) => `  ${line}`)];
