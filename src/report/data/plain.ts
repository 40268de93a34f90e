import { vaText } from '../../geometry/translation.ts';

/** A number as 0x and hexadecimal digits; a kernel virtual address, its distance from 2^64, with sixteen of them. */
export const hexText = (n: number): string => (n < 0 ? `0x${vaText(n)}` : `0x${n.toString(16)}`);

/** Below this a number is an address, not a count or an errno. */
const ADDRESS = -0x10000;

/** Members and elements beyond this are left out, and objects within objects become texts. */
const MOST = 32;
const DEEP = 3;

/**
 * A value as JSON: kernel virtual addresses as strings in hexadecimal, functions by their names. What is nested deeply or has
 * very many members (a kernel's Config, a map of pages) becomes the name of its kind.
 */
export function plainValue(value: unknown, depth = 0): unknown {
  if (value === undefined || value === null) return null;
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) return String(value);
    return value <= ADDRESS && Number.isInteger(value) ? hexText(value) : value;
  }
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'function') return value.name;
  if (typeof value !== 'object') return value;
  if (Array.isArray(value)) {
    if (depth >= DEEP || value.length > MOST) return `${value.length} values`;
    return value.map((part) => plainValue(part, depth + 1));
  }
  const entries = Object.entries(value);
  const kind = value.constructor?.name;
  if (depth >= DEEP || entries.length > MOST || (kind !== undefined && kind !== 'Object'))
    return kind === undefined || kind === 'Object' ? 'struct' : kind;
  return Object.fromEntries(entries.map(([name, part]) => [name, plainValue(part, depth + 1)]));
}
