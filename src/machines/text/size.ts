/**
 * A number of bytes as people write it: decimal or 0x hexadecimal, with a binary unit (K, KiB, M, MiB, … up to P) or none. No number
 * of a unit of 1000.
 */
export const SIZE_PATTERN = /^(0[xX][0-9a-fA-F]{1,16}|[0-9]{1,16}) ?(?:([KMGTPkmgtp])(?:iB)?|B)?$/;

const UNITS = 'KMGTP';

/** The bytes a text stands for, or undefined when it is not a size or not below 2^53. */
export function parseSize(text: string): number | undefined {
  const match = SIZE_PATTERN.exec(text);
  if (match === null) return undefined;
  const unit = match[2] === undefined ? 0 : UNITS.indexOf(match[2].toUpperCase()) + 1;
  const bytes = Number(match[1]) * 1024 ** unit;
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}
