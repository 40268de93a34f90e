import { vaText } from '../../geometry/translation.ts';

/** Longer names and values are cut. */
const LONG = 80;

/** A text of one line, cut if it is long. */
export const shortText = (text: string, most = LONG): string => {
  const line = text.slice(0, most + 1).replaceAll(/[\r\n\t]+/g, ' ');
  return line.length > most ? `${line.slice(0, most - 1)}…` : line;
};

/**
 * A value of the kernel: small numbers in decimal, addresses as the kernel prints them, large numbers in hexadecimal.
 */
export function numberText(value: unknown): string {
  if (typeof value === 'number' && Number.isInteger(value)) {
    if (value <= -0x10000) return vaText(value);
    return value < 0x1000 ? `${value}` : `0x${value.toString(16)}`;
  }
  if (value === null || value === undefined) return 'NULL';
  if (typeof value === 'string') return value === '' ? '""' : shortText(value);
  if (Array.isArray(value)) return value.length === 0 ? 'empty' : `a list of ${value.length}`;
  if (typeof value !== 'object') return String(value);
  return structText(value);
}

/** An object without words of its own: its members as a C initialiser. */
function structText(value: object): string {
  const members = Object.entries(value).filter(
    ([, part]) => typeof part !== 'object' && typeof part !== 'function',
  );
  if (members.length === 0) return 'a struct';
  return shortText(members.map(([name, part]) => `.${name} = ${numberText(part)}`).join(', '));
}
