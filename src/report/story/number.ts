import { vaText } from '../../geometry/translation.ts';

/** Longer values are cut. */
const LONG = 48;

const short = (text: string): string => (text.length > LONG ? `${text.slice(0, LONG - 1)}…` : text);

/**
 * A value of the kernel: small numbers in decimal, addresses as the kernel prints them, large numbers in hexadecimal.
 */
export function numberText(value: unknown): string {
  if (typeof value === 'number' && Number.isInteger(value)) {
    if (value <= -0x10000) return vaText(value);
    return value < 0x1000 ? `${value}` : `0x${value.toString(16)}`;
  }
  if (value === null) return 'NULL';
  if (value === undefined) return '?';
  if (typeof value === 'string') return short(value);
  if (Array.isArray(value)) return short(`[${value.map(numberText).join(', ')}]`);
  if (typeof value !== 'object') return String(value);
  return short(
    `{${Object.entries(value)
      .map(([field, part]) => `${field} ${numberText(part)}`)
      .join(', ')}}`,
  );
}

/** Whether an argument is informative for a reader: a number, a string, a boolean. */
export const isDataNumber = (value: unknown): boolean =>
  value === null || ['number', 'string', 'boolean'].includes(typeof value);
